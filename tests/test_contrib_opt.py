"""`tf.contrib.opt`: optimizers against their papers' formulas in numpy float64, of whole gradients and of those that name rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests.test_train import START, STEPS, TARGET, adam, gradient, momentum, sgd
from tests.train import test_two_steps

opt = tf.contrib.opt


def nadam(v: Any, lr: float = 0.1, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Any:
    """Dozat 2016, algorithm 8, the momentum's schedule left out and the rate as Adam's."""
    m, s = 0 * v, 0 * v
    for t in range(1, STEPS + 1):
        g = gradient(v)
        m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g * g
        ahead = b1 * m / (1 - b1 ** t) + (1 - b1) * g / (1 - b1 ** t)
        v = v - lr * ahead / (np.sqrt(s / (1 - b2 ** t)) + eps / np.sqrt(1 - b2 ** t))
    return v


def adamax(v: Any, lr: float = 0.1, b1: float = 0.9, b2: float = 0.999) -> Any:
    """Kingma and Ba 2015, algorithm 2."""
    m, u = 0 * v, 0 * v
    for t in range(1, STEPS + 1):
        g = gradient(v)
        m, u = b1 * m + (1 - b1) * g, np.maximum(b2 * u, np.abs(g))
        v = v - lr / (1 - b1 ** t) * m / u
    return v


def by_signs(factor: Callable[[Any, int], Any]) -> Callable[[Any], Any]:
    """Bello et al. 2017, section 5.3: the gradient times a function of sign(g) sign(m)."""
    def formula(v: Any, lr: float = 0.3, b: float = 0.5) -> Any:
        m = 0 * v
        for t in range(STEPS):
            g = gradient(v)
            m = b * m + (1 - b) * g
            v = v - lr * factor(np.sign(g) * np.sign(m), t) * g
        return v
    return formula


def lars(v: Any, lr: float = 10.0, m: float = 0.9, decay: float = 0.01, eta: float = 0.02, nesterov: bool = False) -> Any:
    """You, Gitman and Ginsburg 2017, algorithm 1 and equation 6, the decay in the local rate alone."""
    a = 0 * v
    for _ in range(STEPS):
        g = gradient(v)
        local = lr * eta * np.linalg.norm(v) / (np.linalg.norm(g) + decay * np.linalg.norm(v))
        # TensorFlow's momentum keeps a sum of gradients, which the present rate scales.
        a = m * a + g
        v = v - local * (g + m * a if nesterov else a)
    return v


def decaying(step: Callable[[Any, Any], tuple[Any, Any]], decay: float = 0.05) -> Callable[[Any], Any]:
    """Loshchilov and Hutter 2019, algorithms 1 and 2: the gradient at the old place, the step from where the weights have decayed to."""
    def formula(v: Any) -> Any:
        state: Any = None
        for _ in range(STEPS):
            moved, state = step(gradient(v), state)
            v = v - decay * v - moved
        return v
    return formula


def momentum_step(g: Any, a: Any, lr: float = 0.1, m: float = 0.9) -> tuple[Any, Any]:
    a = g if a is None else m * a + g
    return lr * a, a


def adam_step(g: Any, state: Any, lr: float = 0.1, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> tuple[Any, Any]:
    t, m, s = state or (0, 0 * g, 0 * g)
    t, m, s = t + 1, b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g * g
    return lr * np.sqrt(1 - b2 ** t) / (1 - b1 ** t) * m / (np.sqrt(s) + eps), (t, m, s)


class Own(tf.train.Optimizer):
    """Descent as a program writes it."""

    def __init__(self, rate: float):
        super().__init__(False, "Own")
        self.rate = rate

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return var.assign_sub(self.rate * grad)


def decayed(base: Any, *args: Any, **kwargs: Any) -> Any:
    return opt.extend_with_decoupled_weight_decay(base)(0.05, *args, **kwargs)


def descent_step(g: Any, state: Any) -> tuple[Any, Any]:
    return 0.1 * g, None


COSINE = opt.get_cosine_decay_fn(8)
ROWS: list[tuple[str, Callable[[], Any], Callable[[Any], Any]]] = [
    ("nadam", lambda: opt.NadamOptimizer(0.1), nadam), ("adamax", lambda: opt.AdaMaxOptimizer(0.1), adamax),
    ("lazy adam", lambda: opt.LazyAdamOptimizer(0.1), adam),
    ("addsign", lambda: opt.AddSignOptimizer(0.3, alpha=0.75, beta=0.5), by_signs(lambda s, t: 0.75 + s)),
    ("addsign, linear", lambda: opt.AddSignOptimizer(0.3, beta=0.5, sign_decay_fn=opt.get_linear_decay_fn(3)),
     by_signs(lambda s, t: 1 + max(0, 1 - t / 3) * s)),
    ("powersign", lambda: opt.PowerSignOptimizer(0.3, 2.0, 0.5), by_signs(lambda s, t: 2.0 ** s)),
    ("powersign, cosine", lambda: opt.PowerSignOptimizer(0.3, beta=0.5, sign_decay_fn=COSINE),
     by_signs(lambda s, t: np.exp(0.5 * (1 + np.cos(np.pi * t / 8)) * s))),
    ("lars", lambda: opt.LARSOptimizer(10.0, weight_decay=0.01, eeta=0.02), lars),
    ("lars, nesterov", lambda: opt.LARSOptimizer(10.0, weight_decay=0.01, eeta=0.02, use_nesterov=True), lambda v: lars(v, nesterov=True)),
    ("lars, left out", lambda: opt.LARSOptimizer(0.1, skip_list=["bias", "weig"]), momentum),
    ("regadagrad", lambda: opt.RegAdagradOptimizer(0.1), lambda v: adagrad_of(v)),
    ("adamw", lambda: opt.AdamWOptimizer(0.05, 0.1), decaying(adam_step)),
    ("momentumw", lambda: opt.MomentumWOptimizer(0.05, 0.1, 0.9), decaying(momentum_step)),
    ("decaying descent", lambda: decayed(tf.train.GradientDescentOptimizer, 0.1), decaying(descent_step)),
    ("decaying, a program's own", lambda: decayed(Own, 0.1), decaying(descent_step)),
    ("no decay", lambda: opt.MomentumWOptimizer(0.0, 0.1, 0.0), sgd),
]


def adagrad_of(v: Any, lr: float = 0.1, start: float = 0.1) -> Any:
    a = 0 * v + start
    for _ in range(STEPS):
        g = gradient(v)
        a = a + g * g
        v = v - lr * g / np.sqrt(a)
    return v


@pytest.mark.parametrize("jit", [True, False], ids=["jit", "interpreted"])
@pytest.mark.parametrize("make, formula", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_steps_follow_the_formula(make: Any, formula: Any, jit: bool) -> None:
    v, step = tf.Variable(START, name="weights"), tf.train.create_global_step()
    train = make().minimize(0.5 * tf.reduce_sum(tf.square(v - TARGET) * [1.0, 2.0, 3.0]), global_step=step)
    with tf.Session(jit=jit) as s:
        s.run(tf.global_variables_initializer())
        for _ in range(STEPS):
            s.run(train)
        value, count = s.run([v, step])
    np.testing.assert_allclose(value, formula(START), rtol=1e-6)
    assert count == STEPS


def test_every_optimizer_is_held_against_its_formula() -> None:
    """Those that wrap another have tests of their own."""
    with tf.Graph().as_default():
        tried = {type(make()).__name__ for _, make, _ in ROWS}
    apart = {"MovingAverageOptimizer", "VariableClippingOptimizer"}
    assert {n for n in opt.__all__ if n.endswith("Optimizer")} - apart <= tried


# (optimizer, whether rows that a gradient does not name keep their slots; the variable's rows stay in any case)
SPARSE = [
    ("nadam", lambda: opt.NadamOptimizer(0.1), False), ("adamax", lambda: opt.AdaMaxOptimizer(0.1), True),
    ("addsign", lambda: opt.AddSignOptimizer(0.1), False), ("powersign", lambda: opt.PowerSignOptimizer(0.1), False),
    ("lars", lambda: opt.LARSOptimizer(0.1), True), ("regadagrad", lambda: opt.RegAdagradOptimizer(0.1), True),
    ("momentumw", lambda: opt.MomentumWOptimizer(0.05, 0.1, 0.9), True),
]


@pytest.mark.parametrize("make, kept", [row[1:] for row in SPARSE], ids=[row[0] for row in SPARSE])
def test_a_sparse_gradient_moves_the_rows_that_it_names(make: Any, kept: bool) -> None:
    """First all rows by 1, then one alone: the others stay, and so do their slots, or decay as TensorFlow 1's do."""
    v, optimizer = tf.Variable(np.arange(1.0, 9.0).reshape(4, 2)), make()
    whole = optimizer.apply_gradients([(tf.ones([4, 2], tf.float64), v)])
    row = optimizer.apply_gradients([(tf.IndexedSlices(tf.ones([2, 2], tf.float64), tf.constant([2, 2]), tf.constant([4, 2])), v)])
    slots = [optimizer.get_slot(v, name) for name in optimizer.get_slot_names()]
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        s.run(whole)
        before, slots_before = s.run([v, slots])
        s.run(row)
        after, slots_after = s.run([v, slots])
    np.testing.assert_array_equal(np.any(after != before, 1), [False, False, True, False])
    for a, b in zip(slots_after, slots_before, strict=True):
        assert np.array_equal(a[[0, 1, 3]], b[[0, 1, 3]]) is kept


@pytest.mark.parametrize("by", ["gradients", "rows"])
@pytest.mark.parametrize("shared", [True, False], ids=["one optimizer", "two optimizers"])
@pytest.mark.parametrize("make", [*(row[1] for row in SPARSE), lambda: opt.AdamWOptimizer(0.05, 0.1)], ids=[*(row[0] for row in SPARSE), "adamw"])
def test_two_steps_in_a_run_are_those_of_two_runs(make: Any, shared: bool, by: str) -> None:
    made: list[Any] = []
    test_two_steps.test_two_steps_in_a_run_are_those_of_two_runs(lambda: made.append(make()) or made[-1], shared, by, False)
    assert len(made) == (1 if shared else 2) and all(optimizer.variables() for optimizer in made)


def test_rows_alone_decay_of_what_a_sparse_gradient_names() -> None:
    """Adam with decay moves every row that has a moment; those that are named decay as well (Loshchilov and Hutter 2019)."""
    v = tf.Variable(np.ones((3, 1)))
    train = opt.AdamWOptimizer(0.25, 0.0).minimize(tf.reduce_sum(tf.gather(v, [1])))
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        s.run(train)
        np.testing.assert_array_equal(s.run(v)[:, 0], [1, 0.75, 1])


@pytest.mark.parametrize("by", ["minimize", "apply_gradients"])
def test_variables_that_are_listed_decay_alone(by: str) -> None:
    a, b = tf.Variable(1.0), tf.Variable(1.0)
    optimizer = opt.MomentumWOptimizer(0.25, 0.0, 0.9)
    if by == "minimize":
        train = optimizer.minimize(a * b, decay_var_list=[b])
    else:
        train = optimizer.apply_gradients([(tf.constant(1.0), a), (tf.constant(1.0), b)], decay_var_list=[b])
    again = optimizer.minimize(a * b)
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        s.run(train)
        assert s.run([a, b]) == [1, 0.75]
        s.run(again)
        assert s.run([a, b]) == [0.75, 0.5625]


def test_steps_of_penalties_leave_the_sums_of_squares() -> None:
    v = tf.Variable(2.0)
    optimizer = opt.RegAdagradOptimizer(0.5, initial_accumulator_value=4.0)
    with optimizer.avoid_updating_slots():
        beside = optimizer.apply_gradients([(tf.constant(1.0), v)])
    step = optimizer.apply_gradients([(tf.constant(np.float32(np.sqrt(5.0))), v)])
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        s.run(beside)
        assert s.run([v, optimizer.get_slot(v, "accumulator")]) == [1.75, 4]
        s.run(step)
        np.testing.assert_allclose(s.run([v, optimizer.get_slot(v, "accumulator")]), [1.75 - 0.5 * np.sqrt(5) / 3, 9], rtol=1e-6)


@pytest.mark.parametrize("make", [lambda: opt.LARSOptimizer(0.5, 0.0), lambda: opt.LARSOptimizer(lambda: 0.5, 0.0)])
@pytest.mark.parametrize("start, slope", [(0.0, 2.0), (2.0, 0.0)])
def test_norms_of_zero_leave_the_rate(make: Any, start: float, slope: float) -> None:
    v = tf.Variable(start)
    train = make().apply_gradients([(tf.constant(slope), v)])
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        s.run(train)
        assert s.run(v) == start - 0.5 * slope


@pytest.mark.parametrize("decay, wanted", [
    (opt.get_linear_decay_fn(4), lambda t: 1 - t / 4), (opt.get_cosine_decay_fn(4), lambda t: (1 + np.cos(np.pi * t / 4)) / 2),
    (opt.get_cosine_decay_fn(4, 2, zero_after=1), lambda t: (1 + np.cos(np.pi * t)) / 2 * (t < 2)),
    (opt.get_restart_decay_fn(4, 2), lambda t: (1 + np.cos(np.pi * (t / 2 % 1))) / 2),
    (opt.get_restart_decay_fn(4, 2, zero_after=1.5), lambda t: (1 + np.cos(np.pi * (t / 2 % 1))) / 2 * (t < 3)),
])
def test_signs_fade(decay: Any, wanted: Any) -> None:
    at = tf.placeholder(tf.int64, [])
    y = decay(at)
    with tf.Session(jit=False) as s:
        for t in range(6):
            np.testing.assert_allclose(s.run(y, {at: t}), wanted(min(t, 4)), atol=1e-6)


@pytest.mark.parametrize("call, error, said", [
    (lambda: opt.PowerSignOptimizer(base=0.0), errors.GraphError, "PowerSignOptimizer: the base is 0.0, not above 0"),
    (lambda: opt.LARSOptimizer(0.1, momentum=-1), errors.GraphError, "LARSOptimizer: momentum is -1, below 0"),
    (lambda: opt.LARSOptimizer(0.1, weight_decay=-0.5), errors.GraphError, "LARSOptimizer: weight_decay is -0.5, below 0"),
    (lambda: opt.AddSignOptimizer(sign_decay_fn=COSINE).minimize(tf.square(tf.Variable(1.0))), errors.GraphError,
     "cosine decay needs the global_step: give it to minimize or apply_gradients"),
    (lambda: opt.extend_with_decoupled_weight_decay(3), errors.DTypeError, "takes a class of optimizers, not 3"),
])
def test_mistakes(call: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=re.escape(said)):
        call()


# ---------------------------------------------------------------------- optimizers around others

@pytest.mark.parametrize("sequential", [True, False])
def test_averages_follow_the_steps(sequential: bool) -> None:
    v = tf.Variable(START)
    optimizer = opt.MovingAverageOptimizer(tf.train.GradientDescentOptimizer(0.1), 0.5, sequential_update=sequential)
    train = optimizer.minimize(0.5 * tf.reduce_sum(tf.square(v - TARGET) * [1.0, 2.0, 3.0]))
    value, average = START, START
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        for _ in range(STEPS):
            s.run(train)
            new = value - 0.1 * gradient(value)
            average = 0.5 * average + 0.5 * (new if sequential else value)
            value = new
        np.testing.assert_allclose(s.run(v), value)
        np.testing.assert_allclose(s.run(optimizer.average(v)), average)


def test_the_swapping_saver_saves_averages_in_the_variables_places(tmp_path: Any) -> None:
    v, other = tf.Variable(4.0, name="v"), tf.Variable(7.0, name="other", trainable=False)
    optimizer = opt.MovingAverageOptimizer(tf.train.GradientDescentOptimizer(1.0), 0.75)
    train = optimizer.minimize(4.0 * v)
    saver, plain = optimizer.swapping_saver(), tf.train.Saver()
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        s.run(train)
        assert s.run([v, optimizer.average(v), other]) == [0, 3, 7]
        path = saver.save(s, str(tmp_path / "model"))
        plain.restore(s, path)
        assert s.run([v, optimizer.average(v), other]) == [3, 0, 7]
        saver.restore(s, path)
        assert s.run([v, optimizer.average(v), other]) == [0, 3, 7]


@pytest.mark.parametrize("axes, sparse, wanted", [
    ([1], False, [[0.6, 0.8], [0.3, 0.4], [0.6, 0.8]]), ([1], True, [[3, 4], [0.3, 0.4], [0.6, 0.8]]),
    ([0], True, None), ([0, 1], False, None),
])
def test_norms_of_variables_are_bounded_after_the_step(axes: list[int], sparse: bool, wanted: Any) -> None:
    start = np.array([[3, 4], [0.3, 0.4], [6, 8]])
    v = tf.Variable(start)
    optimizer = opt.VariableClippingOptimizer(tf.train.MomentumOptimizer(0.0, 0.5), {v: axes}, 1.0)
    train = optimizer.minimize(tf.reduce_sum(tf.gather(v, [1, 2]) if sparse else v))
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        s.run(train)
        norms = np.sqrt(np.sum(start ** 2, tuple(axes), keepdims=True))
        np.testing.assert_allclose(s.run(v), start / np.maximum(norms, 1) if wanted is None else wanted)
    assert optimizer.get_slot_names() == ["momentum"] and optimizer.variables() == [optimizer.get_slot(v, "momentum")]


@pytest.mark.parametrize("make", [lambda: tf.train.MomentumOptimizer(0.1, 0.9), lambda: tf.train.AdagradOptimizer(0.1),
                                  lambda: tf.train.AdamOptimizer(0.1), lambda: Own(0.1)], ids=["momentum", "adagrad", "adam", "own"])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_gradient_of_zeros_changes_nothing(make: Any, sparse: bool) -> None:
    """A variable of another task moves in the same step all the same."""
    v, other, slope = tf.Variable(np.ones((3, 2))), tf.Variable(1.0), tf.placeholder(tf.float64, [2, 2])
    optimizer = opt.MultitaskOptimizerWrapper(make())
    g = tf.IndexedSlices(slope, tf.constant([0, 2]), tf.constant([3, 2])) if sparse else tf.pad(slope, [[0, 1], [0, 0]])
    train = optimizer.apply_gradients([(g, v), (tf.constant(1.0), other)])
    kept = [v, *(optimizer.get_slot(v, name) for name in optimizer.get_slot_names())]
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        seen = [s.run([other, *kept])]
        for row in ([1.0, 2.0], [0.0, 0.0], [0.0, 1.0]):
            s.run(train, {slope: [row, [0.0, 0.0]]})
            seen.append(s.run([other, *kept]))
    assert [before[0] > after[0] for before, after in zip(seen, seen[1:], strict=False)] == [True] * 3
    same = [all(np.array_equal(a, b) for a, b in zip(before[1:], after[1:], strict=True)) for before, after in zip(seen, seen[1:], strict=False)]
    assert same == [False, True, False]


def test_gradients_are_clipped_by_their_common_norm() -> None:
    a, b, c = tf.Variable(1.0), tf.Variable(2.0), tf.Variable(3.0)
    pairs, norm = opt.clip_gradients_by_global_norm([(tf.constant(3.0), a), (None, b), (tf.constant(4.0), c)], 1.0)
    assert [v for _, v in pairs] == [a, b, c] and pairs[1][0] is None
    with tf.Session(jit=False) as s:
        np.testing.assert_allclose(s.run([pairs[0][0], pairs[2][0], norm]), [0.6, 0.8, 5])


@pytest.mark.parametrize("call, error, said", [
    (lambda: opt.MovingAverageOptimizer(3), errors.DTypeError, "MovingAverageOptimizer takes an optimizer, not 3"),
    (lambda: opt.MultitaskOptimizerWrapper(None), errors.DTypeError, "MultitaskOptimizerWrapper takes an optimizer, not None"),
    (lambda: opt.MovingAverageOptimizer(tf.train.AdamOptimizer()).swapping_saver(), errors.FailedPreconditionError,
     "minimize or apply_gradients comes before swapping_saver"),
])
def test_mistakes_around_others(call: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=re.escape(said)):
        call()


def test_an_average_without_its_variable_is_not_saved() -> None:
    v = tf.Variable(1.0, name="v")
    optimizer = opt.MovingAverageOptimizer(tf.train.GradientDescentOptimizer(1.0))
    optimizer.minimize(v * v)
    with pytest.raises(errors.GraphError, match="'v/ExponentialMovingAverage' is not among the variables to save"):
        optimizer.swapping_saver([v])
