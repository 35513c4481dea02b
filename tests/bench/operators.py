"""Every operator beside numpy: `python -m tests.bench.operators [--operators A,B] [--most 1.3]` lists those that take longer.

What is measured comes from the declarations: an elementwise operator or a reduction is drawn at three sizes, the leading axis of another
one's first sample is repeated. Numpy's time is that of the reference, or of what PEERS names where the reference calls Python for each element.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy import special

import graphc as tf
from graphc import testing
from graphc.testing.samples import accepts, type_of

SIZES = (100, 10_000, 1_000_000)        # elements
BLOCK = 0.02                            # seconds that a figure is the least of
PEERS: dict[str, Callable[..., Any]] = {
    "lgamma": special.gammaln, "digamma": special.digamma, "erf": special.erf, "erfc": special.erfc,
    "polygamma": lambda x, order: special.polygamma(order, x),
}
# Not by themselves: what they take is a permutation, a small matrix, or decides the size of the result.
LEFT_OUT = {"invert_permutation", "later", "contract", "sparse_strides", "sparse_shape", "joined_shape", "inner_agree", "equal_vectors"}


def best(call: Callable[[], Any]) -> float:
    """The least time of a call in seconds."""
    call()
    found, start = [], time.perf_counter()
    while time.perf_counter() - start < BLOCK or len(found) < 3:
        before = time.perf_counter()
        call()
        found.append(time.perf_counter() - before)
    return min(found)


def drawn(operator: Any, size: int) -> tuple[list[Any], dict[str, Any]] | None:
    """Operands of about so many elements, and attributes; None if the declaration does not say how."""
    rng = np.random.default_rng(0)
    if operator.family.broadcasts and not operator.samples:
        dtype = next((d for d in ("float32", "int32", "bool") if accepts(operator, d)), None)
        if dtype is None:
            return None
        kinds = [np.dtype(operator.fixed.get(p, dtype)) for p in operator.params]
        return [rng.uniform(*operator.domain, size).astype(d) if d.kind == "f" else rng.integers(0, 2, size).astype(d) for d in kinds], {}
    if operator.family.reduces and accepts(operator, "float32"):
        side = int(size ** 0.5)
        return [rng.uniform(*operator.domain, (side, side)).astype("float32")], {"axis": -1}
    tried = testing.samples(operator, "float32")
    if not tried or operator.by_value or not tried[0].operands or any(x.ndim == 0 for x in tried[0].operands):
        return None
    operands, attrs = tried[0]
    if len({x.shape[0] for x in operands}) > 1 or not operands[0].size or attrs.get("axis", 1) == 0:
        return None
    times = max(1, size // operands[0].size)
    return [np.concatenate([x] * times) for x in operands], attrs


def figures(names: Sequence[str]) -> Iterator[tuple[str, int, float, float]]:
    """Operator, size, seconds here and seconds of numpy's."""
    for operator in testing.testable():
        if (names and operator.name not in names) or operator.name in LEFT_OUT:
            continue
        for size in SIZES:
            made = drawn(operator, size)
            if made is None:
                continue
            operands, attrs = made
            with tf.Graph().as_default(), tf.Session() as session, np.errstate(all="ignore"):
                places = [tf.placeholder(x.dtype, x.shape) for x in operands]
                try:
                    result = operator(places, **attrs) if operator.variadic else operator(*places, **attrs)
                    call = session.make_callable([result] if not isinstance(result, tuple) else list(result), places)
                    kept = attrs if operator.prepare is None else operator.prepare([type_of(x) for x in operands],
                                                                                   **{**operator.attrs, **attrs})
                    peer = PEERS.get(operator.name, operator.reference)
                    yield operator.name, size, best(lambda: call(*operands)), best(lambda: peer(*operands, **kept))  # noqa: B023
                except (tf.errors.InvalidArgumentError, tf.errors.ShapeError, tf.errors.DTypeError, ValueError):
                    continue                            # repeated operands do not always fit together


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.operators", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--operators", default="", help="names, with commas; default: all")
    parser.add_argument("--most", type=float, default=1.3, help="times numpy's time that is listed (default %(default)s)")
    parser.add_argument("--all", action="store_true", help="list every figure")
    args = parser.parse_args()
    count = slow = 0
    for name, size, own, other in figures([n for n in args.operators.split(",") if n]):
        count += 1
        if own > args.most * other or args.all:
            slow += own > args.most * other
            print(f"{name:28}{size:>9}{own * 1e6:12.1f} us{other * 1e6:12.1f} us{own / other:8.2f}", flush=True)
    print(f"{slow} of {count} figures above {args.most} times numpy's")


if __name__ == "__main__":
    main()
