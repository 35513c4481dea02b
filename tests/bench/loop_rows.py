"""What `tests.bench.loops` measures: loops and branches as each framework's users write them, of the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .workloads import f32, lstm_step, weights

Run = Callable[[], list[Any]]           # one step; what it gives
Make = Callable[[bool], Run]            # of small sizes or of those that are measured


class Row(NamedTuple):
    """What is measured: for each framework what makes its step. Results are those of the first, or of the one that `like` names."""

    about: str
    makers: dict[str, Make]
    tolerance: float
    like: dict[str, str] = {}


# ---------------------------------------------------------------------- scalars

RATE = 3.5              # of the logistic map: it goes round four values, whatever the rounding


def scalar_graphc(small: bool) -> Run:
    import graphc as tf
    n = 10 if small else 10_000
    x = tf.placeholder(tf.float32, [])
    total = tf.while_loop(lambda i, x, s: i < n, lambda i, x, s: (i + 1, RATE * x * (1.0 - x), s + x), [0, x, 0.0])[2]
    session = tf.Session()
    return lambda: [session.run(total, {x: np.float32(0.3)})]


def scalar_jax(small: bool) -> Run:
    import jax
    n = 10 if small else 10_000

    @jax.jit
    def total(x: Any) -> Any:
        def step(a: Any) -> Any:
            i, x, s = a
            return i + 1, RATE * x * (1.0 - x), s + x
        return jax.lax.while_loop(lambda a: a[0] < n, step, (0, x, jax.numpy.float32(0.0)))[2]
    return lambda: [np.asarray(total(np.float32(0.3)))]


def scalar_pytensor(small: bool) -> Run:
    import pytensor
    import pytensor.tensor as pt
    x = pt.scalar("x", dtype="float32")
    rate, one = np.float32(RATE), np.float32(1)
    found = pytensor.scan(lambda x, s: [rate * x * (one - x), s + x], outputs_info=[x, pt.zeros((), "float32")],
                          n_steps=10 if small else 10_000, return_updates=False)
    total = pytensor.function([x], found[1][-1])
    return lambda: [total(np.float32(0.3))]


# ---------------------------------------------------------------------- the LSTM of `lstm_step`

class Lstm(NamedTuple):
    """Its numbers: inputs [steps, batch, features], labels, weights in the order i, f, g, o of gates."""

    x: Any
    labels: Any
    wx: Any
    wh: Any
    b: Any
    wo: Any
    bo: Any


def lstm_numbers(small: bool) -> Lstm:
    w = lstm_step(small)
    return Lstm(**w.inputs, **w.params)


def lstm_graphc(small: bool) -> Run:
    """By `dynamic_rnn`."""
    import graphc as tf
    numbers = lstm_numbers(small)
    units = numbers.wh.shape[0]
    x, labels = tf.placeholder(tf.float32, [None, None, numbers.x.shape[2]]), tf.placeholder(tf.int64, [None])
    cell = tf.nn.rnn_cell.BasicLSTMCell(units, forget_bias=0.0)
    _, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, time_major=True)
    wo, bo = tf.Variable(numbers.wo), tf.Variable(numbers.bo)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=tf.matmul(state.h, wo) + bo))
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    session = tf.Session()
    session.run(tf.global_variables_initializer())

    def as_tensorflow(w: Any) -> Any:
        i, f, g, o = np.split(w, 4, axis=-1)
        return np.concatenate([i, g, f, o], axis=-1)
    kernel = as_tensorflow(np.concatenate([numbers.wx, numbers.wh]))
    session.run([tf.assign(v, value) for v, value in zip(cell.weights, (kernel, as_tensorflow(numbers.b)), strict=True)])
    return lambda: session.run([loss, step], {x: numbers.x, labels: numbers.labels})[:1]


def lstm_graphc_unrolled(small: bool) -> Run:
    """`lstm_step` of `python -m tests.bench`: unrolled, the inputs' product taken out by hand."""
    from .backends import BACKENDS
    step = BACKENDS["graphc"].build(lstm_step(small))
    return lambda: step.run()[:1]


def lstm_torch(small: bool) -> Run:
    import torch
    numbers = lstm_numbers(small)
    net = torch.nn.LSTM(*numbers.wx.shape[:1], numbers.wh.shape[0])
    out = torch.nn.Linear(*numbers.wo.shape)
    given = {"weight_ih_l0": numbers.wx.T, "weight_hh_l0": numbers.wh.T, "bias_ih_l0": numbers.b, "bias_hh_l0": 0 * numbers.b}
    net.load_state_dict({k: torch.tensor(v) for k, v in given.items()})
    out.load_state_dict({"weight": torch.tensor(numbers.wo.T), "bias": torch.tensor(numbers.bo)})
    net.bias_hh_l0.requires_grad_(False)            # one bias is trained
    optimizer = torch.optim.SGD([p for p in (*net.parameters(), *out.parameters()) if p.requires_grad], lr=0.1)

    def run() -> list[Any]:
        _, (h, _) = net(torch.from_numpy(numbers.x))
        loss = torch.nn.functional.cross_entropy(out(h[0]), torch.from_numpy(numbers.labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return [loss.item()]
    return run


def trained_jax(loss: Callable[..., Any], params: dict[str, Any], given: tuple[Any, ...], rate: float) -> Run:
    """A step of gradient descent by JAX."""
    import jax

    @partial(jax.jit, donate_argnums=0)
    def step(p: Any, *given: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(p, *given)
        return value, {k: p[k] - rate * slopes[k] for k in p}
    state = {k: jax.numpy.array(v) for k, v in params.items()}

    def run() -> list[Any]:
        nonlocal state
        value, state = step(state, *given)
        return [np.asarray(value)]
    return run


def lstm_jax(small: bool) -> Run:
    import jax
    import jax.numpy as jnp
    numbers = lstm_numbers(small)
    h = numbers.wh.shape[0]

    def loss(p: Any, x: Any, labels: Any) -> Any:
        zero = jnp.zeros((x.shape[1], h), x.dtype)

        def step(state: Any, z: Any) -> Any:
            y, c = state
            i, f, g, o = jnp.split(z + y @ p["wh"], 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None
        (y, _), _ = jax.lax.scan(step, (zero, zero), x @ p["wx"] + p["b"])
        logits = jax.nn.log_softmax(y @ p["wo"] + p["bo"])
        return -jnp.mean(jnp.take_along_axis(logits, labels[:, None], axis=1))
    params = numbers._asdict()
    return trained_jax(loss, params, (params.pop("x"), params.pop("labels")), 0.1)


# ---------------------------------------------------------------------- a text model of gated recurrent units

class Text(NamedTuple):
    """Characters [batch, length + 1], and weights: of the embedding, of gates and candidate over [x, h], of the output."""

    characters: Any
    embedding: Any
    gates: Any
    candidate: Any
    out: Any


def text_numbers(small: bool) -> Text:
    rng = np.random.default_rng(11)
    batch, length, units, vocabulary = (3, 5, 6, 7) if small else (32, 100, 256, 128)
    return Text(rng.integers(0, vocabulary, (batch, length + 1)), weights(rng, vocabulary, units), weights(rng, 2 * units, 2 * units),
                weights(rng, 2 * units, units), weights(rng, units, vocabulary))


def text_graphc(small: bool, after: bool = False) -> Run:
    """By `dynamic_rnn`; with `after` the cell is torch's, which multiplies by the reset gate behind the product."""
    import graphc as tf
    numbers = text_numbers(small)
    units = numbers.out.shape[0]
    text = tf.placeholder(tf.int64, [None, None])
    embedding, out = tf.Variable(numbers.embedding), tf.Variable(numbers.out)
    x = tf.nn.embedding_lookup(embedding, text[:, :-1])
    cell = tf.nn.rnn_cell.GRUCell(units)
    if after:
        kernel = np.concatenate([numbers.gates, numbers.candidate], 1)
        wx, wh = tf.Variable(kernel[:units]), tf.Variable(kernel[units:])
        first, bias = tf.Variable(f32(np.repeat([1, 0], [2 * units, units]))), tf.Variable(f32(np.zeros(units)))

        def step(h: Any, z: Any) -> Any:
            by_state = tf.matmul(h, wh)
            r, u = tf.split(tf.sigmoid(z[:, :2 * units] + by_state[:, :2 * units]), 2, axis=1)
            return u * h + (1.0 - u) * tf.tanh(z[:, 2 * units:] + r * (by_state[:, 2 * units:] + bias))
        rows = tf.transpose(tf.tensordot(x, wx, 1) + first, [1, 0, 2])
        outputs = tf.transpose(tf.scan(step, rows, tf.zeros([tf.shape(x)[0], units])), [1, 0, 2])
    else:
        outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    logits = tf.matmul(tf.reshape(outputs, [-1, units]), out)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.reshape(text[:, 1:], [-1]), logits=logits))
    step_ = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    if not after:
        session.run([tf.assign(v, value) for v, value in zip(cell.weights[::2], (numbers.gates, numbers.candidate), strict=True)])
    return lambda: session.run([loss, step_], {text: numbers.characters})[:1]


def text_torch(small: bool) -> Run:
    import torch
    numbers = text_numbers(small)
    units = numbers.out.shape[0]
    kernel = np.concatenate([numbers.gates, numbers.candidate], 1)
    embedding = torch.nn.Parameter(torch.tensor(numbers.embedding))
    out = torch.nn.Parameter(torch.tensor(numbers.out))
    net = torch.nn.GRU(units, units, batch_first=True)
    first = f32(np.repeat([1, 0], [2 * units, units]))
    given = {"weight_ih_l0": kernel[:units].T, "weight_hh_l0": kernel[units:].T, "bias_ih_l0": first, "bias_hh_l0": 0 * first}
    net.load_state_dict({k: torch.tensor(v) for k, v in given.items()})
    optimizer = torch.optim.SGD([embedding, out, net.weight_ih_l0, net.weight_hh_l0, net.bias_ih_l0, net.bias_hh_l0], lr=1.0)
    # Of its two biases of gates, which are added, one is trained; of the candidate's, which are not, both.
    net.bias_hh_l0.register_hook(lambda g: torch.cat([0 * g[:2 * units], g[2 * units:]]))

    def run() -> list[Any]:
        text = torch.from_numpy(numbers.characters)
        y, _ = net(embedding[text[:, :-1]])
        loss = torch.nn.functional.cross_entropy((y @ out).reshape(-1, out.shape[1]), text[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return [loss.item()]
    return run


def text_jax(small: bool) -> Run:
    import jax
    import jax.numpy as jnp
    numbers = text_numbers(small)
    units = numbers.out.shape[0]

    def loss(p: Any, text: Any) -> Any:
        x = jnp.swapaxes(p["embedding"][text[:, :-1]], 0, 1)
        rows = x @ p["gates"][:units] + p["bias"], x @ p["candidate"][:units] + p["bias2"]

        def step(h: Any, row: Any) -> Any:
            r, u = jnp.split(jax.nn.sigmoid(row[0] + h @ p["gates"][units:]), 2, axis=1)
            h = u * h + (1.0 - u) * jnp.tanh(row[1] + (r * h) @ p["candidate"][units:])
            return h, h
        _, ys = jax.lax.scan(step, jnp.zeros((x.shape[1], units), x.dtype), rows)
        logits = jax.nn.log_softmax(ys @ p["out"])
        return -jnp.mean(jnp.take_along_axis(logits, jnp.swapaxes(text[:, 1:], 0, 1)[:, :, None], axis=2))
    params = numbers._asdict() | {"bias": f32(np.ones(2 * units)), "bias2": f32(np.zeros(units))}
    return trained_jax(loss, params, (params.pop("characters").astype(np.int32),), 1.0)


# ---------------------------------------------------------------------- gradients of long scans

def scan_numbers(small: bool, rows: int) -> tuple[Any, Any, Any]:
    """Rows, the first state and the weight; no rows: states are vectors."""
    rng = np.random.default_rng(12)
    n, d = (6, 4) if small else (1_000, 64)
    state = (d,) if not rows else (min(rows, d), d)
    return f32(rng.normal(size=(n, *state)) * 0.1), f32(np.zeros(state)), weights(rng, d, d)


def scan_graphc(small: bool, rows: int = 0) -> Run:
    import graphc as tf
    xs, start, weight = scan_numbers(small, rows)
    x, w = tf.placeholder(tf.float32, xs.shape), tf.placeholder(tf.float32, weight.shape)
    ys = tf.scan(lambda h, row: tf.tanh((tf.matmul(h, w) if rows else tf.matmul(h[None], w)[0]) + row), x, tf.constant(start))
    slopes = tf.gradients(tf.reduce_sum(ys * ys), [w, x])
    session = tf.Session()
    return lambda: session.run(slopes, {x: xs, w: weight})


def scan_jax(small: bool, rows: int = 0) -> Run:
    import jax
    xs, start, weight = scan_numbers(small, rows)

    @jax.jit
    @partial(jax.grad, argnums=(0, 1))
    def slopes(w: Any, x: Any) -> Any:
        def step(h: Any, row: Any) -> Any:
            h = jax.numpy.tanh(h @ w + row)
            return h, h
        ys = jax.lax.scan(step, start, x)[1]
        return (ys * ys).sum()
    return lambda: [np.asarray(g) for g in slopes(weight, xs)]


# ---------------------------------------------------------------------- a branch

def branch_graphc(small: bool, alone: bool = False) -> Run:
    """`cond` around a small branch, or that branch alone."""
    import graphc as tf
    x = tf.placeholder(tf.float32, [4])
    flag = tf.placeholder(tf.bool, [])
    y = x * 2.0 + 1.0 if alone else tf.cond(flag, lambda: x * 2.0 + 1.0, lambda: x - 1.0)
    feeds = {x: f32([1, 2, 3, 4])} if alone else {x: f32([1, 2, 3, 4]), flag: np.bool_(True)}
    session = tf.Session()
    return lambda: [session.run(y, feeds)]


def branch_graphc_one_feed(small: bool) -> Run:
    """`cond` on what is fed anyway."""
    import graphc as tf
    x = tf.placeholder(tf.float32, [4])
    y = tf.cond(x[0] > 0.0, lambda: x * 2.0 + 1.0, lambda: x - 1.0)
    session, feeds = tf.Session(), {x: f32([1, 2, 3, 4])}
    return lambda: [session.run(y, feeds)]


def branch_jax(small: bool) -> Run:
    import jax
    run = jax.jit(lambda flag, x: jax.lax.cond(flag, lambda x: x * 2.0 + 1.0, lambda x: x - 1.0, x))
    return lambda: [np.asarray(run(np.bool_(True), f32([1, 2, 3, 4])))]


ROWS = {
    "scalar": Row("10,000 iterations of a logistic map and its sum, by `while_loop`, float32",
                  {"graphc": scalar_graphc, "jax": scalar_jax, "pytensor": scalar_pytensor}, 1e-3),
    "lstm": Row("the LSTM of `lstm_step`: 28 steps, batch 128, 28 features, 128 units, one step of gradient descent",
                {"graphc": lstm_graphc, "graphc_unrolled": lstm_graphc_unrolled, "torch": lstm_torch, "jax": lstm_jax}, 1e-4),
    "text": Row("a GRU text model: batch 32, length 100, 256 units, vocabulary 128, one step of gradient descent",
                {"graphc": text_graphc, "jax": text_jax, "graphc_after": partial(text_graphc, after=True), "torch": text_torch}, 1e-4,
                {"torch": "graphc_after", "graphc_after": "graphc_after"}),
    "scan_vector": Row("the gradient of a scan of 1,000 steps, a vector of 64 by a matrix of 64x64 in each",
                       {"graphc": scan_graphc, "jax": scan_jax}, 1e-4),
    "scan_matrix": Row("the same, a matrix of 64x64 by a matrix of 64x64 in each",
                       {"graphc": partial(scan_graphc, rows=64), "jax": partial(scan_jax, rows=64)}, 1e-3),
    "branch": Row("`cond` around 2 x + 1 of four numbers, its predicate fed, or taken of what is fed, and the branch alone",
                  {"graphc": branch_graphc, "graphc_of_feed": branch_graphc_one_feed, "graphc_alone": partial(branch_graphc, alone=True),
                   "jax": branch_jax}, 0.0),
}
