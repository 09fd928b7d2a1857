"""The builders: each says which commands make an image of a folder, and how it forgets what it has built."""

import itertools
import os
import shlex
import shutil
import subprocess


# In the name of a stage or in the command of every step that is worth to be forgotten: Docker finds its records by it.
MARK = "carafe-bench"


class Product:
    """What a build is to leave behind.

    `kind`: archive (an OCI archive), folder (an OCI layout), image (in the builder's own store), registry (pushed to `where`),
    nothing (its cache).
    """

    def __init__(self, kind, compression="gzip", where=None):
        self.kind, self.compression, self.where = kind, compression, where


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


def oci_output(product, tool):
    """The flags for a product that carafe and BuildKit share."""
    if product.kind == "nothing":
        return ["--output", "type=cacheonly"]
    if product.kind == "registry":
        return ["-t", f"{product.where}-{tool.name}", "--push"]
    if product.kind == "image":
        return ["-t", f"bench:{tool.name}"]
    place = f"{tool.layout},tar=false" if product.kind == "folder" else tool.archive
    # Forced, for a layer that the cache has in another compression is exported as it is otherwise.
    force = ",force-compression=true" if product.compression != "gzip" else ""
    return ["--output", f"type=oci,dest={place},compression={product.compression}{force}"]


class Carafe:
    name = "carafe"
    daemons = ()

    def __init__(self, program, work):
        self.program, self.stores = os.path.abspath(program), Stores(work, self.name)
        self.archive, self.layout = os.path.join(work, "carafe.tar"), os.path.join(work, "carafe-layout")
        self.forget, self.drop = self.stores.next, self.stores.drop
        self.can_forget_bases = True

    def environment(self):
        return {**os.environ, "CARAFE_ROOT": self.stores.path}

    def version(self):
        return first_line([self.program, "--version"])

    def build(self, product, *args):
        return [[self.program, "build", *oci_output(product, self), *args]]

    def leave(self):
        """Nothing: its stores go with the folder."""


class Docker:
    name = "docker"
    daemons = ("dockerd", "containerd", "buildkitd")

    def __init__(self, command, work, prune):
        self.command, self.prune = shlex.split(command), prune
        self.archive, self.layout = os.path.join(work, "docker.tar"), os.path.join(work, "docker-layout")
        self.can_forget_bases = prune

    def environment(self):
        return dict(os.environ)

    def version(self):
        server = first_line([*self.command, "version", "--format", "{{.Server.Version}}"])
        return server and f"Docker {server}"

    def forget(self):
        """Forget everything, if that is allowed: others may need the cache. What is built cold is new to it anyway, but for bases."""
        if self.prune:
            self.quiet("buildx", "prune", "-af")

    def drop(self):
        """Forget what this benchmark made."""
        self.quiet("buildx", "prune", "-af", "--filter", f"description~={MARK}")

    def leave(self):
        self.quiet("image", "rm", "-f", "bench:docker")
        self.drop()

    def quiet(self, *args):
        subprocess.run([*self.command, *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def build(self, product, *args):
        # The network: a bridge costs Docker's steps extra, and carafe's default is the host's.
        return [[*self.command, "buildx", "build", "--network=host", "--provenance=false", *oci_output(product, self), *args]]


class Buildah:
    name = "buildah"
    daemons = ()

    def __init__(self, command, work):
        self.command, self.stores = shlex.split(command), Stores(work, self.name)
        self.archive, self.layout = os.path.join(work, "buildah.tar"), os.path.join(work, "buildah-layout")
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
        places = {"archive": f"oci-archive:{self.archive}", "folder": f"oci:{self.layout}", "registry": f"docker://{product.where}-buildah"}
        if product.kind in places:
            insecure = ["--tls-verify=false"] if product.kind == "registry" else []
            commands.append([*command, "push", *insecure, "--compression-format", product.compression, "bench:buildah", places[product.kind]])
        return commands

    def leave(self):
        """Nothing: its stores go with the folder."""


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
