"""Operators that once took much longer than their peers, at sizes that users have, on one thread: `python -m tests.bench.named`.

Microseconds of graphc, of numpy or scipy, and of torch where it is installed. OPENBLAS_NUM_THREADS=1 holds numpy to one thread.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
import scipy.special

import graphc as tf
from tests.bench.operators import best


class Case(NamedTuple):
    """What it is, by graphc and by numpy; the name of torch's function, or one of the module and the operands; the operands."""

    about: str
    build: Callable[..., Any]
    plain: Callable[..., Any]
    torch: str | Callable[..., Any]
    operands: list[Any]


def cases() -> Iterator[Case]:
    """The operators."""
    rng = np.random.default_rng(0)

    def normal(*shape: int, dtype: str = "float32") -> Any:
        return rng.normal(size=shape).astype(dtype)

    def definite(n: int) -> Any:
        x = rng.normal(size=(n, n))
        return x @ x.T / n + np.eye(n)

    for n in (2, 8, 24, 64, 100, 300):
        square = rng.normal(size=(n, n)) + 2.0 * np.eye(n)
        yield Case(f"inverse of {n}x{n}", tf.matrix_inverse, np.linalg.inv, "linalg.inv", [square])
        yield Case(f"Cholesky of {n}x{n}", tf.cholesky, np.linalg.cholesky, "linalg.cholesky", [definite(n)])
    for n in (2, 8):
        square = rng.normal(size=(n, n)) + 2.0 * np.eye(n)
        yield Case(f"determinant of {n}x{n}", tf.matrix_determinant, np.linalg.det, "linalg.det", [square])
        yield Case(f"solve {n}x{n}", tf.matrix_solve, np.linalg.solve, "linalg.solve", [square, rng.normal(size=(n, 1))])
    for k in (1, 300):
        yield Case(f"triangular solve 300, {k} columns", tf.matrix_triangular_solve,
                   lambda a, b: scipy.linalg.solve_triangular(a, b, lower=True, check_finite=False),
                   lambda torch, a, b: torch.linalg.solve_triangular(a, b, upper=False),
                   [np.tril(rng.normal(size=(300, 300)) / 300) + 2.0 * np.eye(300), rng.normal(size=(300, k))])
    for axis, shape in ((1, (1000, 1000)), (0, (1000, 1000)), (1, (100_000, 10))):
        yield Case(f"argmax of {shape}, axis {axis}", lambda x, axis=axis: tf.argmax(x, axis), lambda x, axis=axis: np.argmax(x, axis),
                   lambda torch, x, axis=axis: torch.argmax(x, axis), [normal(*shape)])
    for times in ((1, 10), (10, 1)):
        yield Case(f"tile of 1000x100 by {times}", lambda x, times=times: tf.tile(x, times), lambda x, times=times: np.tile(x, times),
                   lambda torch, x, times=times: torch.tile(x, times), [normal(1000, 100)])
    for dtype in ("float32", "float64"):
        yield Case(f"A^T A of 1000x256, {dtype}", lambda x: tf.matmul(x, x, transpose_a=True), lambda x: x.T @ x, lambda torch, x: x.T @ x,
                   [normal(1000, 256, dtype=dtype)])
        yield Case(f"48 times 128x64 by its transpose, {dtype}", lambda x, y: tf.matmul(x, y, transpose_b=True),
                   lambda x, y: np.matmul(x, y.swapaxes(1, 2)), lambda torch, x, y: torch.matmul(x, y.mT),
                   [normal(48, 128, 64, dtype=dtype), normal(48, 128, 64, dtype=dtype)])
        yield Case(f"1000x1000 by a vector, {dtype}", tf.matmul, np.matmul, "matmul", [normal(1000, 1000, dtype=dtype), normal(1000, 1, dtype=dtype)])
        yield Case(f"sum of 1000x1000 over axis 0, {dtype}", lambda x: tf.reduce_sum(x, 0), lambda x: x.sum(0), lambda torch, x: x.sum(0),
                   [normal(1000, 1000, dtype=dtype)])
    places = rng.integers(0, 10_000, 20_000).astype(np.int32)
    yield Case("gradient of a gather, 20,000 rows of 64", lambda x, i, g: tf.gradients(tf.gather(x, i), x, g)[0],
               lambda x, i, g: np.add.at(np.zeros_like(x), i, g), lambda torch, x, i, g: torch.zeros_like(x).index_add_(0, i, g),
               [normal(10_000, 64), places, normal(20_000, 64)])
    yield Case("lgamma of 100,000", tf.lgamma, scipy.special.gammaln, "lgamma", [rng.uniform(0.3, 8.0, 100_000)])
    yield Case("digamma of 100,000", tf.digamma, scipy.special.psi, "digamma", [rng.uniform(0.3, 8.0, 100_000)])


def figures() -> Iterator[tuple[str, list[float]]]:
    """What it is; the seconds of graphc, numpy, and torch where there is one."""
    torch = None
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
    for case in cases():
        with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1)) as session:
            feeds = [tf.placeholder(x.dtype, x.shape) for x in case.operands]
            call = session.make_callable(case.build(*feeds), feeds)
            found = [best(lambda: call(*case.operands)), best(lambda: case.plain(*case.operands))]  # noqa: B023
        if torch is not None:
            tensors, function = [torch.from_numpy(x) for x in case.operands], case.torch
            if isinstance(function, str):
                for part in (owner := function.split(".")):
                    function = getattr(torch if part is owner[0] else function, part)
                found.append(best(lambda: function(*tensors)))  # noqa: B023
            else:
                found.append(best(lambda: function(torch, *tensors)))  # noqa: B023
        yield case.about, found


def main() -> None:
    for about, found in figures():
        print(f"{about:44}" + "".join(f"{1e6 * t:12.1f}" for t in found) + f"{found[0] / min(found[1:]):8.2f}", flush=True)


if __name__ == "__main__":
    main()
