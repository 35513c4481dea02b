"""`python -m tests.endurance {all,interrupts,first,threads,building,forks,memory,kills} [--part P]`: a line of figures for each trial."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

from . import memory, processes, signals, threads

# name -> (what is tried, the function of how much of it: 1 is all; it gives a line of figures, and AssertionError for what should not be)
TRIALS: dict[str, tuple[str, Callable[[float], str]]] = {
    "interrupts": ("Control-C 500 times while training with each optimizer, compiled, and 50 times interpreted", signals.while_training),
    "first": ("Control-C in 100 first runs, each of a process of its own", signals.in_first_runs),
    "threads": ("100 threads on one session", threads.on_one_session),
    "building": ("10 threads build graphs while 10 run", threads.building_while_others_run),
    "forks": ("100 forks while three threads run", processes.forked_while_threads_run),
    "memory": ("1,000 shapes, 1,000 graphs, 10,000 sessions, 1,000,000 runs", memory.after_much_use),
    "kills": ("kill -9 1,000 times while the cache is written and checkpoints are saved", processes.killed_while_writing),
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.endurance", description=__doc__.split(": ")[0], formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:11}{about}" for name, (about, _) in TRIALS.items()))
    parser.add_argument("trial", nargs="+", choices=["all", *TRIALS], metavar="{" + ",".join(["all", *TRIALS]) + "}", help="of these:")
    parser.add_argument("--part", type=float, default=1.0, help="how much of each is done; default: all of it")
    asked = parser.parse_args()
    wrong = 0
    for name in TRIALS if "all" in asked.trial else asked.trial:
        start = time.monotonic()
        try:
            said = TRIALS[name][1](asked.part)
        except AssertionError as e:
            said, wrong = f"WRONG: {e}", 1
        load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
        print(f"{name}: {said} ({time.monotonic() - start:.0f} s{load})", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
