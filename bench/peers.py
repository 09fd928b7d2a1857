"""The builders: each says which commands make an image of a folder, and how it forgets what it has built."""

import itertools
import os
import shlex
import shutil
import subprocess


class Product:
    """What a build is to leave behind: `kind` is archive (an OCI archive), image (in the builder's own store) or nothing (its cache)."""

    def __init__(self, kind, compression="gzip"):
        self.kind, self.compression = kind, compression


class Stores:
    """Folders of a builder's own, one after the other."""

    def __init__(self, work, name):
        self.work, self.name, self.numbers = work, name, itertools.count()
        self.next()

    def next(self):
        """An empty store. The old one goes at the end: ext4 makes files slowly where others were just deleted."""
        self.path = os.path.join(self.work, f"{self.name}-store-{next(self.numbers)}")

    def drop(self):
        """An empty store, and the old one's room back, where few files are deleted."""
        remove(self.path)
        self.next()


def remove(path):
    """Remove a folder with stores, and first what buildah leaves mounted below it, wherever it saw the folder."""
    with open("/proc/self/mounts") as f:
        mounted = [line.split()[1] for line in f]
    for place in filter(lambda place: path in place, mounted[::-1]):
        subprocess.run(["umount", place], check=True)
    subprocess.run(["rm", "-rf", "--one-file-system", path], check=True)


def oci_output(product, archive):
    """The --output that carafe and BuildKit share."""
    if product.kind == "archive":
        # Forced, for a layer that the cache has in another compression is exported as it is otherwise.
        force = ",force-compression=true" if product.compression != "gzip" else ""
        return ["--output", f"type=oci,dest={archive},compression={product.compression}{force}"]
    return ["--output", "type=cacheonly"] if product.kind == "nothing" else []


class Carafe:
    name = "carafe"
    daemons = ()

    def __init__(self, program, work):
        self.program, self.stores = os.path.abspath(program), Stores(work, self.name)
        self.archive = os.path.join(work, "carafe.tar")
        self.forget, self.drop = self.stores.next, self.stores.drop
        self.can_forget_bases = True

    def environment(self):
        return {**os.environ, "CARAFE_ROOT": self.stores.path}

    def version(self):
        return first_line([self.program, "--version"])

    def build(self, product, *args):
        return [[self.program, "build", "-t", "bench:carafe", *oci_output(product, self.archive), *args]]


class Docker:
    name = "docker"
    daemons = ("dockerd", "containerd", "buildkitd")

    def __init__(self, command, work, prune):
        self.command, self.prune = shlex.split(command), prune
        self.archive = os.path.join(work, "docker.tar")
        self.can_forget_bases = prune

    def environment(self):
        return dict(os.environ)

    def version(self):
        server = first_line([*self.command, "version", "--format", "{{.Server.Version}}"])
        return server and f"Docker {server}"

    def forget(self):
        """Forget everything, if that is allowed: others may need the cache. What is built cold is new to it anyway, but for bases."""
        if self.prune:
            subprocess.run([*self.command, "builder", "prune", "-af"], check=True, stdout=subprocess.DEVNULL)

    drop = forget

    def build(self, product, *args):
        # The network: a bridge costs Docker's steps extra, and carafe's default is the host's.
        tag = ["-t", "bench:docker"] if product.kind == "image" else []
        return [[*self.command, "buildx", "build", "--network=host", "--provenance=false", *tag, *oci_output(product, self.archive), *args]]


class Buildah:
    name = "buildah"
    daemons = ()

    def __init__(self, command, work):
        self.command, self.stores = shlex.split(command), Stores(work, self.name)
        self.archive = os.path.join(work, "buildah.tar")
        self.forget, self.drop = self.stores.next, self.stores.drop
        self.can_forget_bases = True

    def environment(self):
        return dict(os.environ)

    def version(self):
        return first_line([*self.command, "--version"]).partition(" (")[0].replace(" version", "")

    def build(self, product, *args):
        command = [*self.command, "--root", f"{self.stores.path}/root", "--runroot", f"{self.stores.path}/run"]
        # The others cache, use the host's network and build stages beside each other without being asked.
        commands = [[*command, "build", "--layers", "--network=host", "--jobs=6", "-t", "bench:buildah", *args]]
        if product.kind == "archive":
            commands.append([*command, "push", "--compression-format", product.compression, "bench:buildah", f"oci-archive:{self.archive}"])
        return commands


def first_line(argv):
    """What a program says first; empty if it cannot be run or fails."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().split("\n")[0] if done.returncode == 0 else ""


def found(work, wanted, prune):
    """The peers that work here, and a line for each that does not."""
    makers = {"docker": lambda command: Docker(command, work, prune), "buildah": lambda command: Buildah(command, work)}
    peers, notes = [], []
    for name in wanted:
        variable = f"{name.upper()}_CMD"
        command = os.environ.get(variable) or shutil.which(name)
        peer = makers[name](command) if command else None
        if peer and peer.version():
            peers.append(peer)
        else:
            notes.append(f"{name}: not compared: " + (f"`{command}` does not work" if command else f"no ${variable}, none in $PATH"))
    return peers, notes
