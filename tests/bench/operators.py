"""Every operator beside its peers: `python -m tests.bench.operators [--operators A,B] [--most 1.3]` lists those that take longer.

Peers are numpy or scipy, PyTorch and JAX where they are installed, each in the form that its users write (`operator_peers`). What is measured
comes from the declarations and a table of operands (`operator_operands`), at three sizes; what writes no array in a peer, because it is a view,
is held against a copy of it. A figure is a cliff if it is above `--most` times the fastest peer's by more than what a call costs in any case.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

import graphc as tf
from graphc import testing
from graphc.ir.node import OPERATORS
from graphc.ir.operator import Operator
from graphc.testing.samples import Sample, build, type_of

from .operator_operands import APART, LEFT_OUT, drawn
from .operator_peers import peers

SIZES = (100, 10_000, 1_000_000)        # elements
BLOCK = 0.008                           # seconds that a figure is the least of
LONG = 0.004                            # seconds of a call from which a hundred times as many elements say nothing new
CALL = 2e-6                             # seconds that a call may cost in any case


def best(call: Callable[[], Any], block: float = 0.02) -> float:
    """The least time of a call in seconds: of those in a block, of three, or of one that takes longer than ten blocks."""
    call()
    found, start = [], time.perf_counter()
    while not found or (spent := time.perf_counter() - start) < block or (len(found) < 3 and spent < 10 * block):
        before = time.perf_counter()
        call()
        found.append(time.perf_counter() - before)
    return min(found)


class Figure(NamedTuple):
    """Seconds that an operator takes here on about so many elements, and those of each of its peers."""

    operator: Operator
    size: int
    own: float
    others: dict[str, float]

    @property
    def peer(self) -> str:
        return min(self.others, key=self.others.__getitem__)

    @property
    def ratio(self) -> float:
        return self.own / self.others[self.peer]

    def above(self, most: float) -> bool:
        return self.ratio > most

    def cliff(self, most: float) -> bool:
        """Whether it is above by more than what a call costs."""
        return self.own - most * self.others[self.peer] > CALL

    def row(self) -> str:
        others = "  ".join(f"{name} {seconds * 1e6:.1f}" for name, seconds in self.others.items())
        return (f"{self.operator.name:28}{self.operator.family.name:13}{self.size:>9}{self.own * 1e6:12.1f} us"
                f"{self.ratio:10.2f} of {self.peer:6} ({others})")


def figure(operator: Operator, size: int) -> Figure | None:
    """What an operator takes; None if nothing says on what it is to be measured."""
    made = drawn(operator, size)
    if made is None:
        return None
    operands, attrs = made
    with tf.Graph().as_default(), tf.Session() as session, np.errstate(all="ignore"):
        built = build(operator, Sample(tuple(operands), attrs))
        fed = [(n, x) for n, x in zip(built.fed, operands, strict=True) if n is not None]
        call, values = session.make_callable(built.results, [n for n, _ in fed]), [x for _, x in fed]
        kept = {**operator.attrs, **attrs}
        if operator.prepare is not None:
            kept = operator.prepare([type_of(np.asarray(x)) for x in operands], **kept)
        own = best(lambda: call(*values), BLOCK)
        others = {name: best(other, BLOCK) for name, other in peers(operator.name, operator.reference, operands, kept)}
    return Figure(operator, size, own, others)


def figures(operators: Sequence[Operator], unseen: dict[str, list[str]]) -> Iterator[Figure]:
    """All figures of operators; `unseen` takes the names of those without, by the reason."""
    for operator in operators:
        if operator.name in LEFT_OUT:
            unseen[LEFT_OUT[operator.name]].append(operator.name)
            continue
        for size in SIZES:
            try:
                found = figure(operator, size)
            except (tf.errors.OpError, tf.errors.GraphcError, ValueError, TypeError) as e:
                unseen[f"fails on its operands: {type(e).__name__} {e}"[:150].splitlines()[0]].append(operator.name)
                break
            if found is None:
                unseen["no sample of it can be enlarged"].append(operator.name)
                break
            yield found
            if max(found.own, min(found.others.values())) > LONG:
                break


def mean(ratios: Sequence[float]) -> float:
    """The geometric mean."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def summary(found: Sequence[Figure], unseen: dict[str, list[str]], most: float) -> Iterator[str]:
    """Lines for people: geometric means by family and size, what only the call makes slow, what is not measured and why."""
    yield f"\n{'family':14}" + "".join(f"{n:>12,}" for n in SIZES) + f"{'figures':>10}{'cliffs':>8}   time of the fastest peer's, geometric mean"
    for name in [*dict.fromkeys(f.operator.family.name for f in found), "all"]:
        own = [f for f in found if name in (f.operator.family.name, "all")]
        means = [mean(some) if (some := [f.ratio for f in own if f.size == n]) else None for n in SIZES]
        yield f"{name:14}" + "".join(f"{'':>12}" if m is None else f"{m:12.2f}" for m in means) + \
            f"{len(own):>10}{sum(f.cliff(most) for f in own):>8}"
    near = sorted({f.operator.name for f in found if f.above(most) and not f.cliff(most)})
    yield f"\nAbove {most} only by what a call costs ({CALL * 1e6:.0f} us): {len(near)}: {', '.join(near)}"
    for reason, names in unseen.items():
        yield f"Not measured, {reason}: {len(names)}: {', '.join(names)}"
    yield f"{len({f.operator.name for f in found})} operators, {len(found)} figures, {sum(f.cliff(most) for f in found)} of them cliffs: " \
          f"above {most} times the fastest peer's and more than {CALL * 1e6:.0f} us"


def apart() -> dict[str, list[str]]:
    """Operators that samples cannot be run on, by what they are."""
    known = {op.name for op in testing.testable()}
    out: dict[str, list[str]] = defaultdict(list)
    for name, op in OPERATORS.items():
        if name not in known:
            out[APART[op.family.name] if isinstance(op, Operator) else "is made of others"].append(name)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.operators", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--operators", default="", help="names, with commas; default: all")
    parser.add_argument("--most", type=float, default=1.3, help="times the fastest peer's time from which it is listed (default %(default)s)")
    parser.add_argument("--all", action="store_true", help="list every figure")
    args = parser.parse_args()
    names = [n for n in args.operators.split(",") if n]
    chosen = [op for op in testing.testable() if not names or op.name in names]
    if unknown := {*names} - {op.name for op in chosen}:
        parser.error(f"there is no such operator: {', '.join(sorted(unknown))}")
    unseen, found = apart() if not names else defaultdict(list), []
    for one in figures(chosen, unseen):
        found.append(one)
        if args.all or one.cliff(args.most):
            print(one.row(), flush=True)
    for line in summary(found, unseen, args.most):
        print(line)


if __name__ == "__main__":
    main()
