"""`python -m tests.fuzz [--n N] [--seed S] [--jobs J] [--only GRAPH] [--operator NAME] [--plants [NAMES]]`: random graphs, every oracle."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")           # before numpy: a forked child has none of its parent's threads


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Random graphs against every oracle.")
    parser.add_argument("--n", type=int, help="graphs, default 200; with --plants at most so many a plant, default 2000")
    parser.add_argument("--seed", type=int, default=0, help="of the whole run, default %(default)s")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time, default %(default)s")
    parser.add_argument("--only", type=int, metavar="GRAPH", help="the one graph of this number")
    parser.add_argument("--operator", default="", metavar="NAME", help="graphs that have this operator rather than others")
    parser.add_argument("--plants", nargs="*", metavar="NAME", help="plant bugs, these or all, and see which are found")
    parser.add_argument("--refusals", action="store_true", help="programs that may have to be refused, instead of graphs that may not")
    parser.add_argument("--scripts", metavar="FOLDER", help="write the scripts of what is found into files there too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graphc-fuzz-") as folder:
        os.environ.setdefault("GRAPHC_CACHE_DIR", folder)
        os.environ["GRAPHC_PLANS"] = "none"          # bugs are planted: an oracle keeps plans of its own
        from . import campaign
        if args.refusals:
            sys.exit(campaign.refusals(200 if args.n is None else args.n, args.seed))
        if args.plants is not None:
            sys.exit(campaign.plants(args.plants, 2000 if args.n is None else args.n, args.seed, args.jobs))
        sys.exit(campaign.fuzz(200 if args.n is None else args.n, args.seed, args.jobs, args.only, args.scripts, args.operator))


if __name__ == "__main__":
    main()
