"""The frameworks: for each, the operations `forward` is written with, and how a step is built, run and read back.

`build(workload) -> Step`; a step takes NumPy arrays where the framework lets it, and ends with NumPy arrays in hand.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from .references import Optimizer
from .workloads import Arrays, Workload

ADAM = {"b1": 0.9, "b2": 0.999, "eps": 1e-8}


class Step(NamedTuple):
    run: Callable[[], list[Any]]          # one step: the value (unless only gradients are asked for), then gradients
    params: Callable[[], Arrays]          # what training has made of the parameters so far


def numpy_step(w: Workload) -> Step:
    params = {k: v.copy() for k, v in w.params.items()}
    optimizer = Optimizer(w.optimizer, w.rate)

    def run() -> list[Any]:
        value, grads = w.reference(**w.inputs, **params)
        if w.optimizer:
            optimizer.apply(params, grads)
        return [value] * w.with_value + [grads[k] for k in w.wrt]
    return Step(run, lambda: params)


def tf1_ops(tf: Any) -> SimpleNamespace:
    def cross_entropy(logits: Any, labels: Any) -> Any:
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    return SimpleNamespace(
        exp=tf.exp, tanh=tf.tanh, sigmoid=tf.sigmoid, sqrt=tf.sqrt, relu=tf.nn.relu, sum=tf.reduce_sum,
        mean=tf.reduce_mean, concat=tf.concat, reshape=tf.reshape, transpose=tf.transpose, zeros=tf.zeros,
        transposed=partial(tf.transpose, perm=[0, 2, 1]), logsumexp=tf.reduce_logsumexp,
        columns=partial(tf.gather, axis=1), cross_entropy=cross_entropy,
        conv=lambda x, w: tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME"), pool=lambda x: tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID"))


def tf1_step(w: Workload, module: str, by_callable: bool = False) -> Step:
    tf = importlib.import_module(module)
    if module != "graphc":
        tf.disable_v2_behavior()
    with tf.Graph().as_default():
        places = {k: tf.placeholder(v.dtype, v.shape, name=k) for k, v in w.inputs.items()}
        variables = {k: tf.Variable(v, name=k) for k, v in w.params.items()}
        value = w.forward(tf1_ops(tf), **places, **variables)
        fetches = [value] * w.with_value + (tf.gradients(value, [places[k] for k in w.wrt]) if w.wrt else [])
        if w.optimizer:
            optimizer = {"sgd": tf.train.GradientDescentOptimizer, "adam": tf.train.AdamOptimizer}[w.optimizer]
            fetches.append(optimizer(w.rate).minimize(value))
        session = tf.Session()
        session.run(tf.global_variables_initializer())
    feeds = {places[k]: v for k, v in w.inputs.items()}
    run = partial(session.run, fetches, feed_dict=feeds)
    if by_callable:
        run = partial(session.make_callable(fetches, list(feeds)), *feeds.values())
    return Step(run, lambda: session.run(variables))


def jax_step(w: Workload) -> Step:
    import jax
    import jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)

    def cross_entropy(logits: Any, labels: Any) -> Any:
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1))
    ops = SimpleNamespace(
        exp=jnp.exp, tanh=jnp.tanh, sigmoid=jax.nn.sigmoid, sqrt=jnp.sqrt, relu=jax.nn.relu, sum=jnp.sum, mean=jnp.mean,
        concat=jnp.concatenate, reshape=jnp.reshape, transpose=jnp.transpose, transposed=lambda x: jnp.swapaxes(x, -1, -2), zeros=jnp.zeros,
        logsumexp=jax.nn.logsumexp, columns=lambda x, at: x[:, at], cross_entropy=cross_entropy,
        conv=lambda x, w: jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")),
        pool=lambda x: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID"))

    def forward(moving: Any, fixed: Any) -> Any:
        value = w.forward(ops, **moving, **fixed)
        return (value if w.with_value else value.sum()), value

    def update(params: Any, state: Any, grads: Any) -> Any:
        if w.optimizer == "sgd":
            return {k: p - w.rate * grads[k] for k, p in params.items()}, state
        t, m, v = state
        m = {k: ADAM["b1"] * m[k] + (1 - ADAM["b1"]) * g for k, g in grads.items()}
        v = {k: ADAM["b2"] * v[k] + (1 - ADAM["b2"]) * g * g for k, g in grads.items()}
        rate = (w.rate * (1 - ADAM["b2"] ** t) ** 0.5 / (1 - ADAM["b1"] ** t)).astype(w.dtype)
        return {k: p - rate * m[k] / (jnp.sqrt(v[k]) + ADAM["eps"]) for k, p in params.items()}, (t + 1, m, v)

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(params: Any, state: Any, inputs: Any) -> Any:
        if w.optimizer:
            (_, value), grads = jax.value_and_grad(forward, has_aux=True)(params, inputs)
            return [value], *update(params, state, grads)
        if not w.wrt:
            return [forward(inputs, {})[1]], params, state
        fixed = {k: v for k, v in inputs.items() if k not in w.wrt}
        (_, value), grads = jax.value_and_grad(forward, has_aux=True)({k: inputs[k] for k in w.wrt}, fixed)
        return [value] * w.with_value + [grads[k] for k in w.wrt], params, state

    params = {k: jnp.array(v) for k, v in w.params.items()}
    zeros = {k: jnp.zeros_like(v) for k, v in params.items()}
    kept: Any = (params, (jnp.array(1.0), zeros, {k: jnp.zeros_like(v) for k, v in params.items()}))

    def run() -> list[Any]:
        nonlocal kept
        out, *kept = step(*kept, w.inputs)
        return [np.asarray(y) for y in out]
    return Step(run, lambda: {k: np.asarray(v) for k, v in kept[0].items()})


def torch_step(w: Workload, compiled: bool = False) -> Step:
    import torch

    def first(x: Any) -> Any:
        return x.permute(0, 3, 1, 2)

    def last(x: Any) -> Any:
        return x.permute(0, 2, 3, 1)
    ops = SimpleNamespace(
        exp=torch.exp, tanh=torch.tanh, sigmoid=torch.sigmoid, sqrt=torch.sqrt, relu=torch.relu, sum=torch.sum,
        mean=torch.mean, concat=torch.cat, reshape=torch.reshape, transpose=torch.t, transposed=lambda x: x.mT, logsumexp=torch.logsumexp,
        zeros=lambda shape, dtype: torch.zeros(shape, dtype=dtype), columns=lambda x, at: x[:, at],
        cross_entropy=torch.nn.functional.cross_entropy,
        conv=lambda x, w: last(torch.conv2d(first(x), w.permute(3, 2, 0, 1), padding="same")),
        pool=lambda x: last(torch.max_pool2d(first(x), 2)))
    params = {k: torch.tensor(v, requires_grad=True) for k, v in w.params.items()}
    make = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}.get(w.optimizer)
    optimizer = make(params.values(), lr=w.rate) if make else None
    forward: Any = partial(w.forward, ops)
    if compiled:
        forward = torch.compile(forward)

    def run() -> list[Any]:
        inputs = {k: torch.from_numpy(v) for k, v in w.inputs.items()}
        for k in w.wrt:
            inputs[k].requires_grad_()
        value = forward(**inputs, **params)
        if optimizer:
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
        grads = torch.autograd.grad(value.sum(), [inputs[k] for k in w.wrt]) if w.wrt else ()
        return [y.detach().numpy() for y in [value] * w.with_value + list(grads)]
    return Step(run, lambda: {k: v.detach().numpy() for k, v in params.items()})


def pytensor_step(w: Workload) -> Step:
    import pytensor
    import pytensor.tensor as pt

    def conv(x: Any, w: Any) -> Any:
        (a, b, *_), (_, h, v, _) = w.type.shape, x.type.shape
        around = pt.pad(x, ((0, 0), (a // 2, a // 2), (b // 2, b // 2), (0, 0)))
        return sum(around[:, i:i + h, j:j + v] @ w[i, j] for i in range(a) for j in range(b))

    def pool(x: Any) -> Any:
        n, h, v, c = x.type.shape
        return x.reshape((n, h // 2, 2, v // 2, 2, c)).max((2, 4))
    pytensor.config.floatX = w.dtype        # Python's floats take this type
    ops = SimpleNamespace(
        exp=pt.exp, tanh=pt.tanh, sigmoid=pt.sigmoid, sqrt=pt.sqrt, relu=lambda x: pt.maximum(x, 0), sum=pt.sum,
        mean=pt.mean, concat=pt.concatenate, reshape=pt.reshape, transpose=pt.transpose, transposed=lambda x: x.dimshuffle(0, 2, 1), zeros=pt.zeros,
        logsumexp=pt.logsumexp, columns=lambda x, at: x[:, at], conv=conv, pool=pool,
        cross_entropy=lambda z, labels: -pt.special.log_softmax(z, axis=1)[pt.arange(labels.shape[0]), labels].mean())
    places = {k: pt.tensor(k, shape=v.shape, dtype=str(v.dtype)) for k, v in w.inputs.items()}
    params = {k: pytensor.shared(v, k) for k, v in w.params.items()}
    value = w.forward(ops, **places, **params)
    outputs = [value] * w.with_value + (pytensor.grad(value.sum(), [places[k] for k in w.wrt]) if w.wrt else [])
    updates: list[Any] = []
    if w.optimizer:
        grads = pytensor.grad(value, list(params.values()))
        t = pytensor.shared(np.asarray(1.0, w.dtype))
        rate = w.rate * (1 - ADAM["b2"] ** t) ** 0.5 / (1 - ADAM["b1"] ** t)
        for p, g in zip(params.values(), grads, strict=True):
            if w.optimizer == "sgd":
                updates.append((p, p - w.rate * g))
                continue
            m, v = (pytensor.shared(np.zeros_like(p.get_value())) for _ in "mv")
            new_m = ADAM["b1"] * m + (1 - ADAM["b1"]) * g
            new_v = ADAM["b2"] * v + (1 - ADAM["b2"]) * g * g
            updates += [(m, new_m), (v, new_v), (p, p - rate * new_m / (pt.sqrt(new_v) + ADAM["eps"]))]
        updates += [(t, t + 1)]
    step = pytensor.function(list(places.values()), outputs, updates=updates, on_unused_input="ignore")
    return Step(partial(step, *w.inputs.values()), lambda: {k: v.get_value() for k, v in params.items()})


@dataclass(frozen=True)
class Backend:
    package: str                                   # what must be installed
    build: Callable[[Workload], Step]

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.package) is not None


BACKENDS = {
    "graphc": Backend("graphc", partial(tf1_step, module="graphc")),
    "graphc_callable": Backend("graphc", partial(tf1_step, module="graphc", by_callable=True)),
    "numpy": Backend("numpy", numpy_step),
    "tensorflow": Backend("tensorflow", partial(tf1_step, module="tensorflow.compat.v1")),
    "jax": Backend("jax", jax_step),
    "torch": Backend("torch", torch_step),
    "torch_compile": Backend("torch", partial(torch_step, compiled=True)),
    "pytensor": Backend("pytensor", pytensor_step),
}
