"""Products of matrices on one thread, in GFLOP/s: `python -m tests.bench.products [--dtypes float32] [--rounds 4]`.

graphc as its rule decides, the library that it would call, numpy, and torch where it is installed, taking turns. OPENBLAS_NUM_THREADS=1 holds
numpy to one thread; GRAPHC_PLANS=none is set, for a plan that was kept says which of both was decided.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from unittest import mock

import numpy as np

import graphc as tf
from graphc.cpu import code

# Axes of a batch, rows, numbers in each sum, columns
SHAPES = [(128, 784, 256), (128, 256, 512), (32, 3136, 1024), (512, 512, 512), (1024, 1024, 1024), (2048, 256, 1024), (3584, 128, 512), (64, 64, 64),
          (48, 128, 64, 128), (10, 1000, 64, 64)]
TURN = 0.1              # seconds
Call = Callable[[], object]


def callables(a: np.ndarray, b: np.ndarray) -> dict[str, Call]:
    """The product of two arrays, by name of what computes it."""
    def built() -> Call:
        with tf.Graph().as_default():
            session = tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1))
            x, y = tf.Variable(a), tf.Variable(b)
            session.run(tf.global_variables_initializer())
            call = session.make_callable(tf.matmul(x, y), [])
            np.testing.assert_allclose(call(), a @ b, rtol=1e-3, atol=1e-3)
            return call

    os.environ["GRAPHC_PLANS"] = "none"
    found = {"graphc": built()}
    with mock.patch.object(code, "panel_texts", lambda *_: None), mock.patch.object(code, "few_rows", lambda *_: None):
        found["library"] = built()
    found["numpy"] = lambda: np.matmul(a, b)
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        found["torch"] = lambda: torch.matmul(torch.from_numpy(a), torch.from_numpy(b))
    return found


def seconds(calls: dict[str, Call], rounds: int) -> dict[str, float]:
    """The least time of each call in so many turns."""
    least = dict.fromkeys(calls, math.inf)
    for _ in range(rounds):
        for name, call in calls.items():
            call()
            start = time.perf_counter()
            while (before := time.perf_counter()) - start < TURN:
                call()
                least[name] = min(least[name], time.perf_counter() - before)
    return least


def figures(dtypes: Sequence[str], rounds: int, shapes: Sequence[tuple[int, ...]] = SHAPES) -> Iterator[tuple[str, dict[str, float], float]]:
    """A product, GFLOP/s by name, and graphc's time as a part of the fastest other one's."""
    rng = np.random.default_rng(0)
    for dtype in dtypes:
        for *batch, m, k, n in shapes:
            found = seconds(callables(rng.normal(size=(*batch, m, k)).astype(dtype), rng.normal(size=(*batch, k, n)).astype(dtype)), rounds)
            rates = {name: 2e-9 * m * k * n * math.prod(batch) / t for name, t in found.items()}
            others = [t for name, t in found.items() if name != "graphc"]
            yield f"{dtype} {'x'.join(map(str, (*batch, m, k, n)))}", rates, found["graphc"] / min(others)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.products", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dtypes", default="float32,float64", help="names, with commas")
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    ratios = []
    for name, rates, ratio in figures(args.dtypes.split(","), args.rounds):
        ratios.append(ratio)
        print(f"{name:28}" + "".join(f"{other:>9}{rate:7.1f}" for other, rate in rates.items()) + f"{ratio:8.2f}", flush=True)
    print(f"geometric mean of graphc's time, as a part of the fastest other one's: {math.exp(np.mean(np.log(ratios))):.3f}")


if __name__ == "__main__":
    main()
