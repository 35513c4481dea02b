"""Runs of the fuzzer: many graphs, with what is found shrunk and printed; or planted bugs, with how soon each is found."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from difflib import get_close_matches
from pathlib import Path

from .generate import by_family
from .plants import PLANTS, Plant
from .recipe import Recipe
from .report import script
from .runner import Outcome, Task, outcomes, preload
from .shrink import shrink

APART = 1_000_000               # graph k of run s has the number s * APART + k
FOUND = 28 / 30                 # the part of the planted bugs that must be found


def fuzz(n: int, seed: int, jobs: int, only: int | None = None, folder: str | None = None, operator: str = "") -> int:
    """Check n graphs (or one), of those that favour an operator; print each finding as a script. The exit status: 1 if there are any."""
    known = {op.name for family in by_family().values() for op in family}
    if operator and operator not in known:
        print(f"there is no operator {operator} to draw" + "".join(f"; is {n} meant?" for n in get_close_matches(operator, known, 1)))
        return 2
    preload()
    seeds = [only] if only is not None else range(seed * APART, seed * APART + n)
    began, found, rejected = time.monotonic(), Counter[str](), 0
    operators: Counter[str] = Counter()
    for k, outcome in enumerate(outcomes((Task(s, favoured=operator) for s in seeds), jobs), 1):
        operators.update(outcome.operators)
        rejected += outcome.oracle == "rejected"
        if outcome.found:
            found[outcome.oracle] += 1
            report(outcome, folder)
        if k % 500 == 0:
            print(f"{k} graphs, {sum(found.values())} findings, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(f"{len(seeds)} graphs in {time.monotonic() - began:.0f} s, {rejected} of them rejected; "
          f"{len(known & set(operators))} of {len(known)} operators, {sum(operators.values())} uses; {sum(found.values())} findings"
          + "".join(f"; {oracle}: {count}" for oracle, count in found.most_common()))
    return int(bool(found))


def report(outcome: Outcome, folder: str | None = None) -> None:
    """Shrink a finding and print its script, or the fuzzer's own failure."""
    if outcome.recipe is None:
        print(f"{'-' * 100}\n# graph {outcome.seed}, {outcome.oracle}: {outcome.message}", flush=True)
        return
    small, message = shrunk(outcome.recipe, outcome)
    text = script(small, outcome.oracle, message)
    print(f"{'-' * 100}\n{text}", flush=True)
    if folder:
        Path(folder).mkdir(exist_ok=True)
        Path(folder, f"graph_{outcome.seed}.py").write_text(text)


def shrunk(recipe: Recipe, outcome: Outcome, prepare: Callable[[], object] | None = None) -> tuple[Recipe, str]:
    """The smallest recipe that fails the same way, and what it says."""
    said = [outcome.message]

    def fails(candidate: Recipe) -> bool:
        got = next(outcomes([Task(candidate.seed, candidate, prepare)], 1))
        if got.kind == outcome.kind:
            said[0] = got.message
        return got.kind == outcome.kind
    return shrink(recipe, fails), said[0]


def refusals(n: int, seed: int) -> int:
    """Check n programs that a run may have to refuse; print each finding. The exit status: 1 if there are any."""
    from .refusals import campaign as checked
    began, found = time.monotonic(), checked(n, seed)
    for number, message in found:
        print(f"program {number}: {message}")
    print(f"{n} programs in {time.monotonic() - began:.0f} s; {len(found)} findings")
    return int(bool(found))


# ---------------------------------------------------------------------- planted bugs

def plants(names: Sequence[str], n: int, seed: int, jobs: int) -> int:
    """Plant each bug (those named, or all) in up to n graphs, until one fails that is right without it. The exit status: 1 if too few are found."""
    unknown = [name for name in names if name not in PLANTS]
    if unknown:
        print(f"there is no planted bug {', '.join(unknown)}; there are {', '.join(PLANTS)}")
        return 2
    preload()
    chosen = [PLANTS[name] for name in names] or list(PLANTS.values())
    began, found, most = time.monotonic(), 0, 0
    for each in chosen:
        start = time.monotonic()
        count, oracle = first_found(each, n, seed, jobs)
        found += bool(oracle)
        most = max(most, count)
        said = f"found by graph {count}, {oracle}" if oracle else f"NOT found in {count} graphs"
        print(f"{each.name:36} {said:56} {time.monotonic() - start:5.0f} s   {each.says}", flush=True)
    print(f"{found} of {len(chosen)} planted bugs found in {time.monotonic() - began:.0f} s, each within {most} graphs")
    return int(found < FOUND * len(chosen))


def first_found(each: Plant, n: int, seed: int, jobs: int) -> tuple[int, str]:
    """How many graphs it took to find a planted bug, and by which oracle ("": it was not found)."""
    first = seed * APART
    with closing(outcomes((Task(s, prepare=each.put, favoured=each.operator) for s in range(first, first + n)), jobs)) as results:
        for k, outcome in enumerate(results, 1):
            if outcome.found and not next(outcomes([Task(outcome.seed, favoured=each.operator)], 1)).found:
                return k, outcome.oracle
    return n, ""
