"""What is measured: seeded data, one forward computation a workload for every framework, and its NumPy reference.

`forward(ops, **inputs, **params)` is written against the few operations that `backends` supplies for each framework;
`reference(**inputs, **params)` gives the value and every gradient a step needs, derived by hand and in the dtype of its
arguments: in float64 it is what results are checked against, as it stands it is the NumPy peer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from . import references as ref

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Workload:
    """One kind of step: the value alone, its gradients with respect to the inputs in `wrt`, or one step of training."""

    about: str
    inputs: Arrays
    forward: Callable[..., Any]
    reference: Callable[..., tuple[Any, Arrays]]
    params: Arrays = field(default_factory=dict)
    wrt: tuple[str, ...] = ()
    with_value: bool = True                        # False: a step returns the gradients only
    optimizer: str = ""                            # "sgd" or "adam": a step trains params and returns the loss
    rate: float = 0.0

    @property
    def dtype(self) -> str:
        return next(str(a.dtype) for a in self.inputs.values() if a.dtype.kind == "f")


def f32(a: Any) -> np.ndarray:
    return np.asarray(a, np.float32)


def weights(rng: np.random.Generator, n_in: int, n_out: int) -> np.ndarray:
    return f32(rng.normal(size=(n_in, n_out)) * n_in**-0.5)


def dispatch(small: bool) -> Workload:
    x = f32([1, 2, 3, 4])
    return Workload("2 x + 1 of 4 numbers: what a call costs", {"x": x}, lambda ops, x: x * 2.0 + 1.0, ref.dispatch)


def fused_forward(ops: Any, x: Any) -> Any:
    return x * ops.sigmoid(x) + ops.exp(-x * x) * ops.tanh(x) + ops.sqrt(1.0 + x * x)


def fused_f32(small: bool) -> Workload:
    x = f32(np.random.default_rng(1).normal(size=1_000 if small else 1_000_000))
    return Workload("x sigmoid(x) + exp(-x^2) tanh(x) + sqrt(1 + x^2), 10^6 float32", {"x": x}, fused_forward,
                    ref.fused)


def fused_gradient(dtype: str, small: bool) -> Workload:
    x = np.random.default_rng(2).normal(size=1_000 if small else 1_000_000).astype(dtype)
    return Workload(f"the gradient of the sum of fused_f32's result, 10^6 {dtype}", {"x": x}, fused_forward, ref.fused,
                    wrt=("x",), with_value=False)


def fused_grad_f32(small: bool) -> Workload:
    return fused_gradient("float32", small)


def fused_grad_f64(small: bool) -> Workload:
    return fused_gradient("float64", small)


def labelled(rng: np.random.Generator, shape: tuple[int, ...], batch: int) -> Arrays:
    """Sparse pixels between 0 and 1, and one label of 0 to 9 an example."""
    pixels = np.maximum(rng.uniform(-2, 1, size=shape), 0)
    return {"x": f32(pixels), "labels": rng.integers(0, 10, batch)}


def logreg_step(small: bool) -> Workload:
    rng = np.random.default_rng(3)
    n, d = (10, 20) if small else (100, 784)

    def forward(ops: Any, x: Any, labels: Any, w: Any, b: Any) -> Any:
        return ops.cross_entropy(x @ w + b, labels)
    return Workload("softmax regression 784-10, batch 100, one SGD step", labelled(rng, (n, d), n), forward,
                    ref.logreg, {"w": weights(rng, d, 10), "b": f32(np.zeros(10))}, optimizer="sgd", rate=0.5)


def mlp_step(small: bool) -> Workload:
    rng = np.random.default_rng(4)
    n, d, h = (16, 20, 12) if small else (128, 784, 256)

    def forward(ops: Any, x: Any, labels: Any, **p: Any) -> Any:
        y = ops.relu(x @ p["w1"] + p["b1"])
        y = ops.relu(y @ p["w2"] + p["b2"])
        return ops.cross_entropy(y @ p["w3"] + p["b3"], labels)
    params = {f"w{i}": weights(rng, a, b) for i, (a, b) in enumerate([(d, h), (h, h), (h, 10)], 1)}
    params |= {f"b{i}": f32(np.full(size, 0.1)) for i, size in enumerate([h, h, 10], 1)}
    return Workload("MLP 784-256-256-10, batch 128, one Adam step", labelled(rng, (n, d), n), forward, ref.mlp,
                    params, optimizer="adam", rate=1e-3)


def lstm_step(small: bool) -> Workload:
    rng = np.random.default_rng(5)
    steps, n, d, h = (5, 6, 4, 8) if small else (28, 128, 28, 128)

    def forward(ops: Any, x: Any, labels: Any, wx: Any, wh: Any, b: Any, wo: Any, bo: Any) -> Any:
        zs = ops.reshape(ops.reshape(x, (steps * n, d)) @ wx + b, (steps, n, 4 * h))
        y = c = None
        for t in range(steps):
            z = zs[t] if y is None else zs[t] + y @ wh
            write = ops.sigmoid(z[:, :h]) * ops.tanh(z[:, 2 * h:3 * h])
            c = write if c is None else ops.sigmoid(z[:, h:2 * h]) * c + write
            y = ops.sigmoid(z[:, 3 * h:]) * ops.tanh(c)
        return ops.cross_entropy(y @ wo + bo, labels)
    params = {"wx": weights(rng, d, 4 * h), "wh": weights(rng, h, 4 * h), "b": f32(np.full(4 * h, 0.1)),
              "wo": weights(rng, h, 10), "bo": f32(np.zeros(10))}
    return Workload("LSTM of 128 units, 28 unrolled steps, batch 128, one SGD step", labelled(rng, (steps, n, d), n),
                    forward, ref.lstm, params, optimizer="sgd", rate=0.1)


def gmm_grad_f64(small: bool) -> Workload:
    return mixture(7, 3, 2) if small else mixture(1000, 10, 25)


def mixture(n: int, d: int, k: int) -> Workload:
    rng = np.random.default_rng(6)
    where = ref.triangle(d)

    def forward(ops: Any, alpha: Any, means: Any, icf: Any, x: Any) -> Any:
        entries = ops.concat([ops.exp(icf[:, :d]), icf[:, d:]], 1)
        q = ops.columns(ops.concat([entries, ops.zeros((k, 1), x.dtype)], 1), where)
        qx = x @ ops.transpose(ops.reshape(q, (k * d, d)))
        y = ops.reshape(qx - ops.reshape(q @ means[:, :, None], (k * d,)), (n, k, d))
        log_diagonal = ops.sum(icf[:, :d], 1)
        likelihood = ops.sum(ops.logsumexp(alpha + log_diagonal - 0.5 * ops.sum(y * y, 2), 1))
        return likelihood - n * ops.logsumexp(alpha, 0) + 0.5 * ops.sum(entries * entries)
    inputs = {"alpha": rng.normal(size=k), "means": rng.uniform(size=(k, d)),
              "icf": 0.5 * rng.normal(size=(k, d * (d + 1) // 2)), "x": rng.normal(size=(n, d))}
    return Workload(f"Gaussian mixture of {k}, {n} points in {d} dimensions: value and gradient", inputs, forward,
                    ref.gmm, wrt=("alpha", "means", "icf"))


def normalised(ops: Any, x: Any) -> Any:
    """Each row with mean 0 and variance 1."""
    centred = x - ops.mean(x, 1)[:, None]
    return centred / ops.sqrt(ops.mean(centred * centred, 1) + ref.LEAST_VARIANCE)[:, None]


def rows_f32(small: bool) -> Workload:
    x = f32(np.random.default_rng(8).normal(size=(6, 5) if small else (4096, 512)))
    return Workload("tanh of 4,096 rows of 512, each then normalised to mean 0 and variance 1", {"x": x},
                    lambda ops, x: normalised(ops, ops.tanh(x)), ref.rows)


def block_step(small: bool) -> Workload:
    rng = np.random.default_rng(9)
    batch, n, d, h = (2, 5, 4, 6) if small else (8, 128, 64, 256)

    def forward(ops: Any, x: Any, **p: Any) -> Any:
        u = normalised(ops, x) * p["gain1"] + p["bias1"]
        q, k, v = (ops.reshape(u @ p[w], (batch, n, d)) for w in ("wq", "wk", "wv"))
        scores = q @ ops.transposed(k) * d**-0.5
        share = ops.exp(scores - ops.logsumexp(scores, 2)[:, :, None])
        y = x + ops.reshape(share @ v, (batch * n, d)) @ p["wo"]
        z = (normalised(ops, y) * p["gain2"] + p["bias2"]) @ p["w1"] + p["b1"]
        gelu = 0.5 * z * (1.0 + ops.tanh(ref.GELU * (z + ref.CUBIC * z * z * z)))
        out = y + gelu @ p["w2"] + p["b2"]
        return ops.mean(out * out)
    shapes = {"wq": (d, d), "wk": (d, d), "wv": (d, d), "wo": (d, d), "w1": (d, h), "w2": (h, d)}
    params = {name: weights(rng, *shape) for name, shape in shapes.items()}
    params |= {name: f32(rng.normal(size=size)) for name, size in
               {"gain1": d, "bias1": d, "gain2": d, "bias2": d, "b1": h, "b2": d}.items()}
    return Workload("transformer block, 8 times 128 tokens of 64, one head, gelu, one SGD step",
                    {"x": f32(rng.normal(size=(batch * n, d)))}, forward, partial(ref.block, batch=batch), params,
                    optimizer="sgd", rate=0.1)


def lenet_step(small: bool) -> Workload:
    rng = np.random.default_rng(10)
    n, size, k, c1, c2, h = (4, 8, 3, 3, 4, 6) if small else (32, 28, 5, 32, 64, 1024)
    flat = (size // 4)**2 * c2

    def forward(ops: Any, x: Any, labels: Any, **p: Any) -> Any:
        y = ops.pool(ops.relu(ops.conv(x, p["k1"]) + p["c1"]))
        y = ops.pool(ops.relu(ops.conv(y, p["k2"]) + p["c2"]))
        y = ops.relu(ops.reshape(y, (n, flat)) @ p["w1"] + p["b1"])
        return ops.cross_entropy(y @ p["w2"] + p["b2"], labels)
    params = {"k1": f32(rng.normal(size=(k, k, 1, c1)) * 0.1), "k2": f32(rng.normal(size=(k, k, c1, c2)) * 0.05),
              "w1": weights(rng, flat, h), "w2": weights(rng, h, 10)}
    params |= {f"{letter}{i}": f32(np.full(width, 0.1)) for letter, i, width in (("c", 1, c1), ("c", 2, c2), ("b", 1, h), ("b", 2, 10))}
    # Every pixel is lit: equal ones share a pool's gradient otherwise in each framework.
    return Workload("LeNet: 5x5x32, pool, 5x5x64, pool, 1024, 10, batch 32, one Adam step",
                    {"x": f32(rng.uniform(size=(n, size, size, 1))), "labels": rng.integers(0, 10, n)}, forward, ref.lenet, params,
                    optimizer="adam", rate=1e-4)


def squares(ops: Any, y: Any) -> Any:
    return ops.mean(y * y)


def conv_f32(small: bool) -> Workload:
    rng = np.random.default_rng(11)
    n, size, c = (2, 5, 3) if small else (8, 28, 64)
    inputs = {"x": f32(rng.normal(size=(n, size, size, c))), "w": f32(rng.normal(size=(3, 3, c, c)) * 0.05)}
    return Workload("3x3 convolution of 28x28, 64 to 64 channels, batch 8, mean square and gradients", inputs,
                    lambda ops, x, w: squares(ops, ops.conv(x, w)), ref.conv, wrt=("x", "w"))


def pool_f32(small: bool) -> Workload:
    rng = np.random.default_rng(12)
    inputs = {"x": f32(rng.normal(size=(2, 4, 6, 3) if small else (32, 28, 28, 32)))}
    return Workload("2x2 maxima of 28x28x32, batch 32, mean square and gradient", inputs,
                    lambda ops, x: squares(ops, ops.pool(x)), ref.pool, wrt=("x",))


def product_f32(small: bool) -> Workload:
    rng = np.random.default_rng(13)
    m, k, n = (3, 5, 4) if small else (32, 3136, 1024)
    inputs = {"x": f32(rng.normal(size=(m, k))), "w": weights(rng, k, n)}
    return Workload("32x3136x1024 product, mean square and gradients: products of few rows", inputs,
                    lambda ops, x, w: squares(ops, x @ w), ref.product, wrt=("x", "w"))


def xor_step(small: bool) -> Workload:
    rng = np.random.default_rng(7)
    inputs = {"x": f32([[0, 0], [0, 1], [1, 0], [1, 1]]), "y": f32([[0], [1], [1], [0]])}

    def forward(ops: Any, x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        error = ops.sigmoid(ops.sigmoid(x @ w1 + b1) @ w2 + b2) - y
        return ops.mean(error * error)
    params = {"w1": f32(rng.normal(size=(2, 8))), "b1": f32(np.zeros(8)),
              "w2": f32(rng.normal(size=(8, 1))), "b2": f32(np.zeros(1))}
    return Workload("2-8-1 sigmoids on the 4 rows of xor, one SGD step", inputs, forward, ref.xor, params,
                    optimizer="sgd", rate=0.5)


WORKLOADS: dict[str, Callable[[bool], Workload]] = {
    make.__name__: make for make in (dispatch, fused_f32, fused_grad_f32, fused_grad_f64, logreg_step, mlp_step,
                                     lstm_step, block_step, rows_f32, gmm_grad_f64, xor_step, lenet_step, conv_f32, pool_f32, product_f32)}
