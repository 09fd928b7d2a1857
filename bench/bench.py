#!/usr/bin/env python3
"""Time carafe, and beside it another builder, on the same work in the same run.

    bench/bench.py [--carafe PROGRAM] [--only NAME] [--runs N] [--files N] [--rest SECONDS] [--dir DIR] [--json FILE]

    steps        30 RUN steps that do next to nothing: the cost of a step
    cached       20 steps that are all in the cache
    context      COPY of 50,000 files, never seen before
    unchanged    the same folder again: all in the cache

$DOCKER_CMD is a Docker client to compare with (`docker`); without it only carafe is timed. The two take turns, so that
what else happens on the machine hits both. Before each cold COPY both forget what they know, and the disk rests: for a
minute ext4 makes files slowly where others were deleted. Work is made from fixed seeds. Needs a static busybox (/bin/busybox, or
$BUSYBOX, or target/tools/busybox) and no network. Times are medians of wall time in milliseconds, the least beside it.
"""

import argparse
import itertools
import json
import os
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BASE = "FROM scratch\nCOPY --from=tools busybox /bin/sh\n"


class Carafe:
    name = "carafe"

    def __init__(self, program, work):
        self.program, self.work, self.stores = os.path.abspath(program), work, itertools.count()
        self.forget()

    def forget(self):
        """No earlier build is known: a new store. The old one goes at the end."""
        self.store = os.path.join(self.work, f"store-{next(self.stores)}")

    def build(self, *args):
        return [self.program, "build", *args], {**os.environ, "CARAFE_ROOT": self.store}


class Docker:
    name = "docker"

    def __init__(self, command):
        self.command = shlex.split(command)

    def forget(self):
        subprocess.run([*self.command, "builder", "prune", "-af"], check=True, stdout=subprocess.DEVNULL)

    def build(self, *args):
        # The network: a bridge costs Docker's steps extra, and carafe's default is the host's.
        return [*self.command, "buildx", "build", "--network=host", "--provenance=false", *args], dict(os.environ)


def timed(tool, work, *args):
    """Milliseconds of one build, which has to succeed."""
    argv, env = tool.build("-t", f"bench:{tool.name}", "--build-context", f"tools={work.tools}", *args)
    os.sync()
    began = time.perf_counter()
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    took = (time.perf_counter() - began) * 1e3
    if done.returncode:
        sys.exit(f"{shlex.join(argv)}: exit code {done.returncode}\n{done.stdout.decode(errors='replace')[-3000:]}")
    return took


class Work:
    """The folders that are built."""

    def __init__(self, top, files):
        self.top, self.files = top, files
        self.tools = self.folder("tools", {})
        busybox = next((p for p in (os.environ.get("BUSYBOX"), os.path.join(TOP, "target/tools/busybox"), "/bin/busybox") if p and os.path.exists(p)), None)
        if not busybox:
            sys.exit("no busybox: scripts/setup test")
        shutil.copy(busybox, os.path.join(self.tools, "busybox"))

    def folder(self, name, files):
        path = os.path.join(self.top, name)
        for file, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(path, file)), exist_ok=True)
            with open(os.path.join(path, file), "w") as f:
                f.write(text)
        os.makedirs(path, exist_ok=True)
        return path

    def steps(self):
        runs = "".join(f'RUN echo "{i} $SEED" > /f{i}\n' for i in range(30))
        return self.folder("steps", {"Dockerfile": BASE + "ARG SEED\n" + runs})

    def mixed(self):
        lines = "".join(f"COPY f{i} /c/f{i}\nRUN cat_me=/c/f{i}; echo done > /r{i}\n" for i in range(10))
        return self.folder("mixed", {"Dockerfile": BASE + lines, **{f"f{i}": f"file {i}\n" * 100 for i in range(10)}})

    def context(self):
        """A folder with many small files."""
        path = os.path.join(self.top, "context")
        source = random.Random(25)
        for i in range(self.files):
            folder = os.path.join(path, f"pkg{i // 500:03}", f"mod{i // 25 % 20:02}")
            if i % 25 == 0:
                os.makedirs(folder)
            with open(os.path.join(folder, f"file{i}.js"), "wb") as f:
                # As long and as compressible as sources are: 5.8 KB, two to one.
                f.write(source.randbytes(source.choice((150, 750, 2000, 8750))).hex().encode())
        with open(os.path.join(path, "Dockerfile"), "w") as f:
            f.write("FROM scratch\nCOPY . /app\n")
        old = time.time() - 3600  # old enough to be trusted by any cache of times
        for folder, _, files in os.walk(path):
            for name in files:
                os.utime(os.path.join(folder, name), (old, old))
        return path


def measure(tools, work, options):
    """{measurement: {tool: [milliseconds]}}"""
    results, runs = {}, options.runs

    def add(name, tool, value):
        results.setdefault(name, {}).setdefault(tool.name, []).append(value)

    def turns(count):
        for i in range(count):
            yield i, (tools if i % 2 == 0 else tools[::-1])

    wanted = lambda name: options.only in (None, name)
    if wanted("steps"):
        folder = work.steps()
        for tool in tools:
            timed(tool, work, "--build-arg", "SEED=warm", folder)
        for i, order in turns(runs):
            for tool in order:
                add("steps", tool, timed(tool, work, "--build-arg", f"SEED={os.getpid()}.{i}", folder))
    if wanted("cached"):
        folder = work.mixed()
        for tool in tools:
            timed(tool, work, folder)
        for _, order in turns(runs * 3):
            for tool in order:
                add("cached", tool, timed(tool, work, folder))
    if wanted("context") or wanted("unchanged"):
        folder = work.context()
        for _, order in turns(max(3, runs // 3)):
            for tool in tools:
                tool.forget()
            os.sync()
            time.sleep(options.rest)
            for tool in order:
                add("context", tool, timed(tool, work, folder))
                for _ in range(3):
                    add("unchanged", tool, timed(tool, work, folder))
    return results


def report(results):
    tools = list(next(iter(results.values())))
    print(f"{'':12}" + "".join(f"{tool:>20}" for tool in tools) + (f"{'ratio':>10}" if len(tools) > 1 else ""))
    for name, times in results.items():
        medians = [statistics.median(times[tool]) for tool in tools]
        cells = "".join(f"{f'{median:.1f} ({min(times[tool]):.1f})':>20}" for tool, median in zip(tools, medians))
        print(f"{name:12}{cells}" + (f"{medians[1] / medians[0]:>9.1f}x" if len(tools) > 1 else ""))
        if name == "steps":
            print(f"{'  a step':12}" + "".join(f"{median / 30:>20.1f}" for median in medians))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--carafe", default=os.environ.get("CARAFE", os.path.join(TOP, "target/release/carafe")))
    parser.add_argument("--only", choices=["steps", "cached", "context", "unchanged"])
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--rest", type=float, default=65, metavar="SECONDS", help="how long the disk rests after deletions")
    parser.add_argument("--dir", default="/var/tmp", help="where folders and stores are made; both builders have to see it")
    parser.add_argument("--json", metavar="FILE", help="write all single times there")
    options = parser.parse_args()
    top = tempfile.mkdtemp(prefix="carafe-bench-", dir=options.dir)
    try:
        tools = [Carafe(options.carafe, top)] + [Docker(command) for command in [os.environ.get("DOCKER_CMD")] if command]
        results = measure(tools, Work(top, options.files), options)
        report(results)
        if options.json:
            with open(options.json, "w") as f:
                json.dump(results, f, indent=1)
    finally:
        subprocess.run(["rm", "-rf", "--one-file-system", top])


main()
