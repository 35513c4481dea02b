"""`python -m tests.bench [--workloads A,B] [--backends A,B] [--rounds N] [--json FILE]`: a table on standard output."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .backends import BACKENDS
from .measure import measure
from .report import OWN, table
from .workloads import WORKLOADS


def names(text: str, known: Any, parser: argparse.ArgumentParser) -> list[str]:
    chosen = text.split(",")
    for name in chosen:
        if name not in known:
            parser.error(f"{name!r} is none of {', '.join(known)}")
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure graphc beside its peers.")
    installed = [name for name, backend in BACKENDS.items() if backend.installed]
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="default: %(default)s")
    parser.add_argument("--backends", default=",".join(installed), help="default, what is installed: %(default)s")
    parser.add_argument("--rounds", type=int, default=9, help="turns a backend gets; 0 checks (default %(default)s)")
    parser.add_argument("--json", type=Path, help="write every figure into this file too")
    args = parser.parse_args()
    workloads = names(args.workloads, WORKLOADS, parser)
    backends = names(args.backends, BACKENDS, parser)

    results: dict[str, dict[str, dict[str, Any]]] = {}
    for workload in workloads:
        print(f"{workload}: {WORKLOADS[workload](True).about}", file=sys.stderr, flush=True)
        results[workload] = measure(workload, backends, args.rounds)
        for name, row in results[workload].items():
            print(f"  {name}: {row.get('error', 'right')}", file=sys.stderr, flush=True)
        if args.json:
            args.json.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results, backends))
    sys.exit(any("error" in rows.get(name, {}) for rows in results.values() for name in OWN))


if __name__ == "__main__":
    main()
