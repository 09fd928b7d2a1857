"""The folders that are built: from fixed seeds, the same bytes every time."""

import itertools
import os
import random
import shutil
import sys
import time

from peers import MARK

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# A shell, and busybox for what the shell does not do itself. The name of the stage is how Docker finds what it may forget.
BASE = f"FROM scratch AS {MARK}\nCOPY --from=tools . /bin/\n"
SEEDED = BASE + "ARG SEED\n"


class Workloads:
    """Makes each folder below `top` when it is asked for; `sizes` has files, layer_mb, tree_files and stage_seconds."""

    def __init__(self, top, sizes):
        self.top, self.sizes, self.names = top, sizes, itertools.count()
        self.tools = self.folder("tools", {})
        for name in ("sh", "busybox"):
            shutil.copy(busybox(), os.path.join(self.tools, name))

    def folder(self, name, files):
        path = os.path.join(self.top, name)
        os.makedirs(path, exist_ok=True)
        for file, text in files.items():
            with open(os.path.join(path, file), "w") as f:
                f.write(text)
        return path

    def noop(self):
        """20 steps: ten files, and ten commands between them."""
        lines = "".join(f"COPY f{i} /c/f{i}\nRUN cat_me=/c/f{i}; echo done > /r{i}\n" for i in range(10))
        return self.folder("noop", {"Dockerfile": BASE + lines, **{f"f{i}": f"file {i}\n" * 100 for i in range(10)}})

    def steps(self):
        """30 commands that write a file each."""
        runs = "".join(f'RUN echo "{i} $SEED" > /f{i}\n' for i in range(30))
        return self.folder("steps", {"Dockerfile": SEEDED + runs})

    def diamond(self):
        """Six stages on one base, none of which needs another, and one that needs all."""
        sleep = f"/bin/busybox sleep {self.sizes.stage_seconds}"
        stages = "".join(f'FROM {MARK} AS {MARK}-{i}\nRUN {sleep}; echo "{i} $SEED" > /f{i}\n' for i in range(6))
        copies = "".join(f"COPY --from={MARK}-{i} /f{i} /\n" for i in range(6))
        return self.folder("diamond", {"Dockerfile": SEEDED + stages + f"FROM scratch AS {MARK}-all\n" + copies})

    def layer(self):
        """A command that writes `PIECES` pieces: text of random digits, which halves."""
        path = self.folder("layer", {})
        # Repeated farther apart than any compressor looks back.
        with open(os.path.join(path, "data"), "wb") as f:
            f.write(random.Random(7).randbytes(self.piece() << 19).hex().encode())
        run = (
            "ARG PIECES\nRUN --mount=type=bind,source=data,target=/data "
            "i=0; while [ $i -lt $PIECES ]; do /bin/busybox cat /data; i=$((i+1)); done > /big; echo $SEED >> /big\n"
        )
        return self.folder("layer", {"Dockerfile": SEEDED + run})

    def piece(self):
        """MiB."""
        return min(64, self.sizes.layer_mb, *self.sizes.memory_mb)

    def pieces(self, mb):
        """The build argument for a layer of so many MiB."""
        return "--build-arg", f"PIECES={mb // self.piece()}"

    def tree(self):
        """A command that writes many files, 100 to a folder: by awk, for a shell would take longer to loop than to write."""
        count, dirs = self.sizes.tree_files, "/bin/busybox xargs /bin/busybox mkdir -p"
        write = '{ f = "/t/" i - i % 100 "/f" i; print i " " seed > f; close(f) }'
        run = (
            f"RUN i=0; while [ $i -lt {count} ]; do echo /t/$i; i=$((i+100)); done | {dirs} && "
            f"/bin/busybox awk -v seed=$SEED 'BEGIN {{ for (i = 0; i < {count}; i++) {write} }}'\n"
        )
        return self.folder("tree", {"Dockerfile": SEEDED + run})

    def pull(self, image):
        """A base from a registry, and a file on it."""
        return self.folder("pull", {"Dockerfile": f"FROM {image} AS {MARK}\nCOPY file /bench-file\n", "file": "file\n"})

    def context(self):
        """A folder with many small files."""
        path = self.folder("context", {"Dockerfile": f"FROM scratch AS {MARK}\nCOPY . /app\n"})
        source = random.Random(25)
        for i in range(self.sizes.files):
            folder = os.path.join(path, f"pkg{i // 500:03}", f"mod{i // 25 % 20:02}")
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, f"file{i}.js"), "wb") as f:
                # As long and as compressible as sources are: 5.8 KB, two to one.
                f.write(source.randbytes(source.choice((150, 750, 2000, 8750))).hex().encode())
        old = time.time() - 3600  # old enough to be trusted by any cache of times
        for folder, _, files in os.walk(path):
            for name in files:
                os.utime(os.path.join(folder, name), (old, old))
        return path

    def never_seen(self, context):
        """The context under a name and with a file that no builder knows: BuildKit keeps what it received by the folder's name."""
        number = next(self.names)
        path = f"{os.path.join(self.top, 'context')}-{os.getpid()}-{number}"
        os.rename(context, path)
        self.change(path, f"{os.getpid()} {number}")
        return path

    def change(self, context, text):
        """Give one file of the context other bytes."""
        with open(os.path.join(context, "pkg000", "mod00", "file0.js"), "w") as f:
            f.write(text)


def busybox():
    """A static busybox."""
    places = (os.environ.get("BUSYBOX"), os.path.join(TOP, "target/tools/busybox"), "/bin/busybox")
    found = next((p for p in places if p and os.path.exists(p)), None)
    if not found:
        sys.exit("no busybox: scripts/setup test")
    return found
