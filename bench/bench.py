#!/usr/bin/env python3
"""Time carafe, and beside it other builders, on the same work in the same run.

    noop      20 steps that are all in the cache
    steps     30 RUN steps that write a file each
    diamond   6 stages that sleep a second each
    ctx       COPY of 50,000 files: never seen before, unchanged, one file changed; memory and bytes written
    layer     RUN writes 1 GiB that halves: the command, its export as gzip and as zstd
    tree      RUN writes 100,000 files: the command, its export; memory and bytes written
    again     the image of `layer` once more: to a new archive, to what is there, to a registry (--registry)
    memory    layers of 1 GiB and of 8 GiB, made and exported: memory and bytes written
    pull      a base from a registry (--pull-image); memory and bytes written

Peers are $DOCKER_CMD and $BUILDAH_CMD, or docker and buildah in $PATH. bench/README.md says what is measured how.
"""

import json
import os
import signal
import sys
import tempfile
import time

import measure
import options
import peers
import report
from peers import Product
from workloads import Workloads

NOTHING, GZIP = Product("nothing"), Product("archive")


class Bench:
    def __init__(self, tools, work, settings, results):
        self.tools, self.work, self.settings, self.results = tools, work, settings, results
        self.product, self.failed = Product(settings.product), set()

    def turns(self, name, count=None):
        """(round, tool): the builders take turns, and who begins changes, so that what else happens on the machine hits all."""
        for i in range(count or self.settings.runs):
            print(f"  {name} {i + 1}", file=sys.stderr, flush=True)
            for tool in self.tools if i % 2 == 0 else self.tools[::-1]:
                yield i, tool

    def attempt(self, name, tool, verb):
        """Do it; who cannot is left out of the rest of this workload, and said to be."""
        if (name, tool) in self.failed:
            return
        try:
            verb()
        except measure.Failed as failure:
            self.failed.add((name, tool))
            print(failure, file=sys.stderr)
            self.results.note(f"{name}: {tool.name} left out: {str(failure).strip().splitlines()[-1]}")

    def build(self, tool, *args, product=None, fresh=True):
        """Milliseconds."""
        tools = "--build-context", f"tools={self.work.tools}"
        return measure.observed(tool, product or self.product, *tools, *args, fresh=fresh, sync=self.settings.sync)["ms"]

    def timed(self, name, tool, *args, **how):
        self.results.add(name, tool, self.build(tool, *args, **how))

    def footprint(self, name, tool, product, *args):
        """Peak memory and bytes written; without the latter where commands run, for what they write is not counted as their daemon's."""
        seen = measure.observed(tool, product, "--build-context", f"tools={self.work.tools}", *args, memory=True)
        for what, row in (("memory", "peak memory"), ("written", "written")):
            if what == "written" and product is NOTHING:
                continue
            self.results.add(f"{name}: {row}", tool, seen[what], "MB")
            if seen[what] is None:
                self.results.note(f"{name}: {tool.name}'s {what} cannot be known: its daemon is not here, or /proc may not be read")
        if seen["idle"]:
            self.results.idle[tool.name] = seen["idle"]

    def syscalls(self, name, tool, *args):
        if self.settings.syscalls and not tool.daemons:
            count = measure.syscalls(tool, self.product, "--build-context", f"tools={self.work.tools}", *args)
            self.results.add(f"{name}: system calls", tool, count, "")

    def seed(self, text):
        return "--build-arg", f"SEED={os.getpid()}.{text}"

    def rest(self):
        """For a minute ext4 makes files slowly where others were deleted; and nobody is to pay for another's writes."""
        os.sync()
        time.sleep(self.settings.rest)

    def noop(self):
        folder = self.work.noop()
        for tool in self.tools:
            self.attempt("noop", tool, lambda: self.build(tool, folder))
        for _, tool in self.turns("noop"):
            self.attempt("noop", tool, lambda: self.timed("noop", tool, folder))
        for tool in self.tools:
            self.attempt("noop", tool, lambda: self.syscalls("noop", tool, folder))

    def commands(self, name, folder):
        """Builds whose commands are new each time, on a base that is not."""
        for tool in self.tools:
            self.attempt(name, tool, lambda: self.build(tool, *self.seed("warm"), folder))
        for i, tool in self.turns(name):
            self.attempt(name, tool, lambda: self.timed(name, tool, *self.seed(i), folder))

    def steps(self):
        folder = self.work.steps()
        self.commands("steps", folder)
        for tool in self.tools:
            self.attempt("steps", tool, lambda: self.syscalls("steps", tool, *self.seed("calls"), folder))

    def diamond(self):
        self.commands("diamond", self.work.diamond())

    def ctx(self):
        folder = self.work.context()
        last = None
        # One more than the runs, for memory.
        for i, tool in self.turns("ctx", self.settings.runs + 1):
            if i != last:
                for one in self.tools:
                    one.forget()
                folder, last = self.work.never_seen(folder), i
                self.rest()
            verb = self.ctx_counts if i == self.settings.runs else self.ctx_times
            self.attempt("ctx", tool, lambda: verb(tool, folder, i))

    def ctx_times(self, tool, folder, i):
        self.timed("ctx cold", tool, folder)
        for _ in range(3):
            self.timed("ctx unchanged", tool, folder)
        self.work.change(folder, f"{os.getpid()} {i} {tool.name}")
        self.timed("ctx one file changed", tool, folder)

    def ctx_counts(self, tool, folder, _):
        self.footprint("ctx cold", tool, self.product, folder)
        self.syscalls("ctx unchanged", tool, folder)

    def parts(self, name, tool, compression, seed, *args):
        """The build without a product; then the product alone, for what is cached costs nothing; then both at once, of other commands."""
        row = name if name == "tree" else f"{name} {compression}"
        archive = Product("archive", compression)
        self.timed(f"{name} run", tool, *self.seed(seed), *args, product=NOTHING)
        self.timed(f"{row} export", tool, *self.seed(seed), *args, product=archive)
        self.timed(f"{row} total", tool, *self.seed(f"{seed}.total"), *args, product=archive)

    def layer(self):
        folder, size = self.work.layer(), self.work.pieces(self.settings.layer_mb)
        for i, tool in self.turns("layer"):
            for compression in ("gzip", "zstd"):
                args = f"{compression}.{i}", *size, folder
                self.attempt("layer", tool, lambda: self.parts("layer", tool, compression, *args))
            tool.drop()

    def tree(self):
        folder, last = self.work.tree(), None
        for i, tool in self.turns("tree", self.settings.runs + 1):
            if i != last:
                self.rest()
                last = i
            if i < self.settings.runs:
                self.attempt("tree", tool, lambda: self.parts("tree", tool, "gzip", i, folder))
            else:
                self.attempt("tree", tool, lambda: self.two_footprints("tree", tool, *self.seed(i), folder))

    def two_footprints(self, name, tool, *args):
        self.footprint(f"{name} run", tool, NOTHING, *args)
        self.footprint(f"{name} export", tool, GZIP, *args)

    def again(self):
        """An image that has been saved or pushed, once more to the same place."""
        args = *self.seed("again"), *self.work.pieces(self.settings.layer_mb), self.work.layer()
        products = {"save again, new archive": GZIP, "save again, same archive": GZIP, "save again, same OCI layout": Product("folder")}
        if self.settings.registry:
            products["push again"] = Product("registry", where=f"{self.settings.registry}/carafe-bench/p{os.getpid()}")
        else:
            self.results.note("push again: left out: no --registry")
        for name, product in products.items():
            fresh = "new" in name
            for tool in self.tools:
                self.attempt(name, tool, lambda: self.build(tool, *args, product=product))
            for _, tool in self.turns(name):
                self.attempt(name, tool, lambda: self.timed(name, tool, *args, product=product, fresh=fresh))
        for tool in self.tools:
            tool.drop()

    def memory(self):
        """One after the other, for a layer of 8 GiB needs half as much again for its archive, with each builder."""
        folder = self.work.layer()
        for size in self.settings.memory_mb:
            for tool in self.tools:
                print(f"  memory {size} MiB {tool.name}", file=sys.stderr, flush=True)
                args = *self.seed(f"memory.{size}"), *self.work.pieces(size), folder
                self.attempt(f"memory {size}", tool, lambda: self.two_footprints(f"layer of {size} MiB", tool, *args))
                tool.drop()

    def pull(self):
        if not self.settings.pull_image:
            return self.results.note("pull: left out: no --pull-image")
        folder = self.work.pull(self.settings.pull_image)
        able = [tool for tool in self.tools if tool.can_forget_bases]
        for tool in self.tools:
            if tool not in able:
                self.results.note(f"pull: {tool.name} left out: it forgets a base only with --prune")
        for i, tool in self.turns("pull", self.settings.runs + 1):
            if tool not in able:
                continue
            tool.forget()
            self.rest()
            if i < self.settings.runs:
                self.attempt("pull", tool, lambda: self.timed("pull", tool, folder))
            else:
                self.attempt("pull", tool, lambda: self.footprint("pull", tool, self.product, folder))


def run(top, settings):
    """The measurements, printed and written as asked."""
    others, notes = peers.found(top, settings.peers.split(",") if settings.peers else [], settings.prune)
    tools = [peers.Carafe(settings.carafe, top), *others]
    if not tools[0].version():
        sys.exit(f"{settings.carafe} cannot be run: make build, or --carafe")
    results = report.Results(tools, notes)
    bench = Bench(tools, Workloads(top, settings), settings, results)
    try:
        for name in settings.only or options.NAMES:
            getattr(bench, name)()
    finally:
        quietly(lambda: [tool.leave() for tool in tools])
    if settings.add and os.path.exists(settings.json):
        with open(settings.json) as f:
            results.keep(json.load(f))
    print("\n".join([*report.table(results), *(f"! {note}" for note in results.remarks())]))
    for file, text in ((settings.json, report.as_json(results, vars(settings))), (settings.svg, report.chart(results))):
        if file:
            with open(file, "w") as f:
                f.write(text)
    return any(tool == tools[0] for _, tool in bench.failed)


def quietly(verb):
    """Do what must not be interrupted again."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    verb()


def main():
    settings = options.parse(__doc__)
    # As Ctrl-C, so that nothing is left either way.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.makedirs(settings.dir, exist_ok=True)
    top = tempfile.mkdtemp(prefix="carafe-bench-", dir=settings.dir)
    try:
        failed = run(top, settings)
    except KeyboardInterrupt:
        sys.exit("interrupted: removing what was made")
    finally:
        quietly(lambda: peers.remove(top))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
