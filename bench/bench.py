#!/usr/bin/env python3
"""Time carafe, and beside it other builders, on the same work in the same run.

    noop      20 steps that are all in the cache
    steps     30 RUN steps that write a file each
    diamond   6 stages that sleep a second each
    ctx       COPY of 50,000 files: never seen before, unchanged, one file changed; memory and bytes written
    layer     RUN writes 1 GiB that halves: the command, its export as gzip and zstd, the export again, memory
    tree      RUN writes 100,000 files
    pull      a base from a registry (--pull-image)

Peers are $DOCKER_CMD and $BUILDAH_CMD, or docker and buildah in $PATH. bench/README.md says what is measured how.
"""

import argparse
import os
import sys
import tempfile
import time

import measure
import peers
import report
from peers import Product
from workloads import TOP, Workloads

NAMES = ("noop", "steps", "diamond", "ctx", "layer", "tree", "pull")
QUICK = {"runs": 1, "rest": 0, "files": 500, "layer_mb": 4, "tree_files": 300, "stage_seconds": 0.2}


class Bench:
    def __init__(self, tools, work, options, results):
        self.tools, self.work, self.options, self.results = tools, work, options, results
        self.product, self.failed = Product(options.product), set()

    def turns(self, name, count=None):
        """(round, tool): the builders take turns, and who begins changes, so that what else happens on the machine hits all."""
        for i in range(count or self.options.runs):
            print(f"  {name} {i + 1}", file=sys.stderr, flush=True)
            for tool in self.tools if i % 2 == 0 else self.tools[::-1]:
                yield i, tool

    def attempt(self, name, tool, verb):
        """Do it; a peer that cannot is left out of the rest of this workload, and said to be."""
        if (name, tool) in self.failed:
            return
        try:
            verb()
        except measure.Failed as failure:
            if tool.name == "carafe":
                sys.exit(str(failure))
            self.failed.add((name, tool))
            print(failure, file=sys.stderr)
            self.results.note(f"{name}: {tool.name} left out: {str(failure).strip().splitlines()[-1]}")

    def timed(self, name, tool, *args, product=None):
        self.results.add(name, tool, measure.build(tool, product or self.product, self.work, *args))

    def build(self, tool, *args, product=None):
        return measure.build(tool, product or self.product, self.work, *args)

    def seed(self, text):
        return "--build-arg", f"SEED={os.getpid()}.{text}"

    def noop(self):
        folder = self.work.noop()
        for tool in self.tools:
            self.attempt("noop", tool, lambda: self.build(tool, folder))
        for _, tool in self.turns("noop"):
            self.attempt("noop", tool, lambda: self.timed("noop", tool, folder))

    def commands(self, name, folder):
        """Builds whose commands are new each time, on a base that is not."""
        for tool in self.tools:
            self.attempt(name, tool, lambda: self.build(tool, *self.seed("warm"), folder))
        for i, tool in self.turns(name):
            self.attempt(name, tool, lambda: self.timed(name, tool, *self.seed(i), folder))

    def steps(self):
        self.commands("steps", self.work.steps())

    def diamond(self):
        self.commands("diamond", self.work.diamond())

    def tree(self):
        self.commands("tree", self.work.tree())

    def rest(self):
        """For a minute ext4 makes files slowly where others were deleted; and nobody is to pay for another's writes."""
        os.sync()
        time.sleep(self.options.rest)

    def ctx(self):
        folder = self.work.context()
        last = None
        # One more than the runs, for memory.
        for i, tool in self.turns("ctx", self.options.runs + 1):
            if i != last:
                for one in self.tools:
                    one.forget()
                folder, last = self.work.never_seen(folder), i
                self.rest()
            verb = self.ctx_memory if i == self.options.runs else self.ctx_times
            self.attempt("ctx", tool, lambda: verb(tool, folder, i))

    def ctx_times(self, tool, folder, i):
        self.timed("ctx cold", tool, folder)
        for _ in range(3):
            self.timed("ctx unchanged", tool, folder)
        self.work.change(folder, f"{os.getpid()} {i} {tool.name}")
        self.timed("ctx one file changed", tool, folder)

    def ctx_memory(self, tool, folder, _):
        self.footprint("ctx cold", tool, self.product, folder)

    def footprint(self, name, tool, product, *args):
        seen = measure.observed(tool, product, self.work, *args, memory=True)
        self.results.add(f"{name}: peak memory", tool, seen["memory"], "MB")
        self.results.add(f"{name}: written", tool, seen["written"], "MB")
        for what in ("memory", "written"):
            if seen[what] is None:
                self.results.note(f"{name}: {tool.name}'s {what} cannot be known: its daemon is not here, or /proc may not be read")

    def layer(self):
        folder = self.work.layer()
        for i, tool in self.turns("layer", self.options.runs + 1):
            self.attempt("layer", tool, lambda: self.layer_once(tool, folder, i))
            tool.drop()

    def layer_once(self, tool, folder, i):
        """Build without a product, then the product alone, for what is cached costs nothing; the last round is for memory."""
        for compression in ("gzip", "zstd"):
            args = *self.seed(f"{compression}.{i}"), folder
            archive, name = Product("archive", compression), f"layer {compression}"
            if i == self.options.runs:
                self.build(tool, *args, product=Product("nothing"))
                self.footprint(f"{name} export", tool, archive, *args)
                continue
            run = self.build(tool, *args, product=Product("nothing"))
            export = self.build(tool, *args, product=archive)
            self.results.add("layer run", tool, run)
            self.results.add(f"{name} export", tool, export)
            self.results.add(f"{name} total", tool, run + export)
            if compression == "gzip":
                self.timed("save-again", tool, *args, product=archive)

    def pull(self):
        if not self.options.pull_image:
            return self.results.note("pull: left out: no --pull-image")
        folder = self.work.pull(self.options.pull_image)
        able = [tool for tool in self.tools if tool.can_forget_bases]
        for tool in self.tools:
            if tool not in able:
                self.results.note(f"pull: {tool.name} left out: it forgets a base only with --prune")
        for _, tool in self.turns("pull"):
            if tool in able:
                tool.forget()
                self.rest()
                self.attempt("pull", tool, lambda: self.timed("pull", tool, folder))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--carafe", default=os.environ.get("CARAFE", os.path.join(TOP, "target/release/carafe")))
    parser.add_argument("--only", action="append", choices=NAMES, help="only this (several times: these)")
    parser.add_argument("--peers", default="docker,buildah", help="whom to compare with, if they are here (default: docker,buildah)")
    parser.add_argument("--product", choices=["archive", "image"], default="archive", help="what a build makes: an OCI archive, or an image in the builder's store")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one run: whether it works, not how fast")
    sizes = {"runs": 5, "files": 50_000, "layer_mb": 1024, "tree_files": 100_000}
    for name, value in sizes.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N", help=f"(default: {value})")
    parser.add_argument("--stage-seconds", type=float, default=None, help="(default: 1)")
    parser.add_argument("--rest", type=float, metavar="SECONDS", help="how long the disk rests before what makes many files (default: 65)")
    parser.add_argument("--pull-image", metavar="NAME", help="the base image to pull, as all builders can name it")
    parser.add_argument("--prune", action="store_true", help="let Docker forget by `docker builder prune -af`, which others' builds will notice")
    parser.add_argument("--dir", default="/var/tmp", help="where folders and stores are made; all builders have to see it")
    parser.add_argument("--json", metavar="FILE", help="write all single values there")
    parser.add_argument("--svg", metavar="FILE", help="write the chart there")
    options = parser.parse_args()
    for name, value in (QUICK if options.quick else {**sizes, "rest": 65, "stage_seconds": 1}).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def main():
    options = arguments()
    os.makedirs(options.dir, exist_ok=True)
    top = tempfile.mkdtemp(prefix="carafe-bench-", dir=options.dir)
    try:
        others, notes = peers.found(top, options.peers.split(",") if options.peers else [], options.prune)
        tools = [peers.Carafe(options.carafe, top), *others]
        if not tools[0].version():
            sys.exit(f"{options.carafe} cannot be run: make build, or --carafe")
        results = report.Results(tools, notes)
        bench = Bench(tools, Workloads(top, options), options, results)
        for name in options.only or NAMES:
            getattr(bench, name)()
        print("\n".join([*report.table(results), *(f"! {note}" for note in results.notes)]))
        for file, text in ((options.json, report.as_json(results, vars(options))), (options.svg, report.chart(results))):
            if file:
                with open(file, "w") as f:
                    f.write(text)
    finally:
        peers.remove(top)


if __name__ == "__main__":
    main()
