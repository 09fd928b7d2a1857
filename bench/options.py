"""What the benchmark is asked to do."""

import argparse
import os

from workloads import TOP

NAMES = ("noop", "steps", "diamond", "ctx", "layer", "tree", "again", "memory", "pull")
SIZES = {"runs": 5, "files": 50_000, "layer_mb": 1024, "tree_files": 100_000, "stage_seconds": 1.0, "rest": 65.0, "memory_mb": [1024, 8192]}
QUICK = {"runs": 1, "files": 500, "layer_mb": 4, "tree_files": 300, "stage_seconds": 0.2, "rest": 0.0, "memory_mb": [4]}


def parse(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--carafe", default=os.environ.get("CARAFE", os.path.join(TOP, "target/release/carafe")))
    parser.add_argument("--only", action="append", choices=NAMES, help="only this (several times: these)")
    parser.add_argument("--peers", default="docker,buildah", help="whom to compare with, if they are here (default: docker,buildah)")
    parser.add_argument("--product", choices=["archive", "image"], default="archive", help="what a build makes: an OCI archive, or an image in the builder's store")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one run: whether it works, not how fast")
    for name, value in SIZES.items():
        if isinstance(value, (int, float)) and name != "rest":
            parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), metavar="N", help=f"(default: {value:g})")
    parser.add_argument("--memory-mb", type=lambda text: [int(part) for part in text.split(",")], metavar="N,…", help="sizes of the layers of `memory` (default: 1024,8192)")
    parser.add_argument("--rest", type=float, metavar="SECONDS", help="how long the disk rests before what makes many files (default: 65)")
    parser.add_argument("--sync", action="store_true", help="a build has ended when all that it wrote is on the disk")
    parser.add_argument("--syscalls", action="store_true", help="count system calls too, of those who have no daemon (needs strace)")
    parser.add_argument("--registry", metavar="HOST:PORT", help="push to this registry, below carafe-bench/")
    parser.add_argument("--pull-image", metavar="NAME", help="the base image to pull, as all builders can name it")
    parser.add_argument("--prune", action="store_true", help="let Docker forget everything by `buildx prune -af`, which others' builds will notice")
    parser.add_argument("--dir", default="/var/tmp", help="where folders and stores are made; all builders have to see it")
    parser.add_argument("--json", metavar="FILE", help="write all single values there")
    parser.add_argument("--svg", metavar="FILE", help="write the chart there")
    parser.add_argument("--add", action="store_true", help="keep what the file of --json has of other workloads, for a benchmark in several sittings")
    options = parser.parse_args()
    if options.add and not options.json:
        parser.error("--add: to which file? --json FILE")
    for name, value in (QUICK if options.quick else SIZES).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options
