"""Optimizers against their papers' formulas in numpy float64, and gradients of graphs as a user asks for them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import graphc as tf
from graphc import errors

START, TARGET = np.array([[1.0, -2.0, 3.0]]), np.array([[0.5, 0.25, -1.0]])
STEPS = 4


def gradient(v):
    """Of 0.5 sum (v - TARGET)^2 * [1, 2, 3]."""
    return (v - TARGET) * [1.0, 2.0, 3.0]


def sgd(v, lr=0.1):
    for _ in range(STEPS):
        v = v - lr * gradient(v)
    return v


def momentum(v, lr=0.1, m=0.9, nesterov=False):
    a = 0 * v
    for _ in range(STEPS):
        g = gradient(v)
        a = m * a + g
        v = v - lr * (g + m * a if nesterov else a)
    return v


def adagrad(v, lr=0.1, start=0.1):
    a = 0 * v + start
    for _ in range(STEPS):
        g = gradient(v)
        a = a + g * g
        v = v - lr * g / np.sqrt(a)
    return v


def rmsprop(v, lr=0.1, decay=0.9, m=0.5, eps=1e-3, centered=False):
    ms, mg, p = 0 * v + 1, 0 * v, 0 * v
    for _ in range(STEPS):
        g = gradient(v)
        ms = decay * ms + (1 - decay) * g * g
        mg = decay * mg + (1 - decay) * g
        p = m * p + lr * g / np.sqrt(ms - (mg * mg if centered else 0) + eps)
        v = v - p
    return v


def adam(v, lr=0.1, b1=0.9, b2=0.999, eps=1e-8):
    m, s = 0 * v, 0 * v
    for t in range(1, STEPS + 1):
        g = gradient(v)
        m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g * g
        v = v - lr * np.sqrt(1 - b2 ** t) / (1 - b1 ** t) * m / (np.sqrt(s) + eps)
    return v


def adadelta(v, lr=1.0, rho=0.95, eps=1e-4):
    a, d = 0 * v, 0 * v
    for _ in range(STEPS):
        g = gradient(v)
        a = rho * a + (1 - rho) * g * g
        step = np.sqrt(d + eps) / np.sqrt(a + eps) * g
        d = rho * d + (1 - rho) * step * step
        v = v - lr * step
    return v


def shrink(x, by):
    return np.sign(x) * np.maximum(np.abs(x) - by, 0)


def proximal_descent(v, lr=0.1, l1=0.3, l2=0.2):
    for _ in range(STEPS):
        v = shrink(v - lr * gradient(v), lr * l1) / (1 + lr * l2)
    return v


def proximal_adagrad(v, lr=0.5, start=0.1, l1=0.3, l2=0.2):
    a = 0 * v + start
    for _ in range(STEPS):
        g = gradient(v)
        a = a + g * g
        rate = lr / np.sqrt(a)
        v = shrink(v - rate * g, rate * l1) / (1 + rate * l2)
    return v


def dual_averaging(v, lr=0.5, start=0.1, l1=0.3, l2=0.2):
    total, a = 0 * v, 0 * v + start
    for t in range(1, STEPS + 1):
        g = gradient(v)
        total, a = total + g, a + g * g
        v = -lr * shrink(total, l1 * t) / (lr * l2 * t + np.sqrt(a))
    return v


def ftrl(v, lr=0.5, power=0.5, start=0.1, l1=0.3, l2=0.2, shrinkage=0.0):
    """McMahan et al. 2013, algorithm 1: w = 0 where |z| <= l1, else (sign(z) l1 - z) / (eta^-1 + 2 l2)."""
    z, n = 0 * v, 0 * v + start
    for _ in range(STEPS):
        g = gradient(v)
        sigma = ((n + g * g) ** power - n ** power) / lr
        z, n = z + g + 2 * shrinkage * v - sigma * v, n + g * g
        v = np.where(np.abs(z) <= l1, 0, (np.sign(z) * l1 - z) / (n ** power / lr + 2 * l2))
    return v


def constrained(v, lr=0.1):
    for _ in range(STEPS):
        v = np.clip(v - lr * gradient(v), -1.5, 1.5)
    return v


PENALTIES = {"l1_regularization_strength": 0.3, "l2_regularization_strength": 0.2}
OPTIMIZERS = [
    ("sgd", lambda: tf.train.GradientDescentOptimizer(0.1), sgd),
    ("sgd, tensor rate", lambda: tf.train.GradientDescentOptimizer(tf.constant(0.1) * 1.0), sgd),
    ("sgd, function rate", lambda: tf.train.GradientDescentOptimizer(lambda: 0.1), sgd),
    ("momentum", lambda: tf.train.MomentumOptimizer(0.1, 0.9), momentum),
    ("nesterov", lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True), lambda v: momentum(v, nesterov=True)),
    ("adagrad", lambda: tf.train.AdagradOptimizer(0.1), adagrad),
    ("rmsprop", lambda: tf.train.RMSPropOptimizer(0.1, momentum=0.5, epsilon=1e-3), rmsprop),
    ("rmsprop centered", lambda: tf.train.RMSPropOptimizer(0.1, momentum=0.5, epsilon=1e-3, centered=True), lambda v: rmsprop(v, centered=True)),
    ("adam", lambda: tf.train.AdamOptimizer(0.1), adam),
    ("adadelta", lambda: tf.train.AdadeltaOptimizer(1.0, epsilon=1e-4), adadelta),
    ("proximal descent", lambda: tf.train.ProximalGradientDescentOptimizer(0.1, **PENALTIES), proximal_descent),
    ("proximal descent without penalty", lambda: tf.train.ProximalGradientDescentOptimizer(0.1), sgd),
    ("proximal adagrad", lambda: tf.train.ProximalAdagradOptimizer(0.5, **PENALTIES), proximal_adagrad),
    ("proximal adagrad without penalty", lambda: tf.train.ProximalAdagradOptimizer(0.1), adagrad),
    ("dual averaging", lambda: tf.train.AdagradDAOptimizer(0.5, tf.train.get_global_step(), **PENALTIES), dual_averaging),
    ("ftrl", lambda: tf.train.FtrlOptimizer(0.5, **PENALTIES), ftrl),
    ("ftrl, another power", lambda: tf.train.FtrlOptimizer(0.5, -0.7, 0.2, **PENALTIES), lambda v: ftrl(v, power=0.7, start=0.2)),
    ("ftrl with shrinkage", lambda: tf.train.FtrlOptimizer(0.5, l2_shrinkage_regularization_strength=0.1),
     lambda v: ftrl(v, l1=0, l2=0, shrinkage=0.1)),
    ("adam of one replica", lambda: tf.train.SyncReplicasOptimizer(tf.train.AdamOptimizer(0.1), 1), adam),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("jit", [True, False], ids=["jit", "interpreted"])
@pytest.mark.parametrize("make, formula", [o[1:] for o in OPTIMIZERS], ids=[o[0] for o in OPTIMIZERS])
def test_steps_follow_the_formula(make, formula, jit, dtype):
    v = tf.Variable(START.astype(dtype))
    step = tf.train.create_global_step()
    loss = 0.5 * tf.reduce_sum(tf.square(v - TARGET) * [1.0, 2.0, 3.0])
    train = make().minimize(loss, global_step=step)
    with tf.Session(jit=jit) as s:
        s.run(tf.global_variables_initializer())
        for _ in range(STEPS):
            s.run(train)
        value, count = s.run([v, step])
    np.testing.assert_allclose(value, formula(START), rtol=1e-5 if dtype == "float32" else 1e-6)
    assert count == STEPS and value.dtype == dtype


def test_every_optimizer_is_held_against_its_formula():
    with tf.Graph().as_default():
        tf.train.create_global_step()
        tried = {type(make()) for _, make, _ in OPTIMIZERS}
        named = {type(make()) for make, *_ in NAMES}
    there = {getattr(tf.train, n) for n in tf.train.__all__ if n.endswith("Optimizer") and n != "Optimizer"}
    assert tried == named == there


@pytest.mark.parametrize("optimizer", [lambda: tf.train.GradientDescentOptimizer(0.1)], ids=["sgd"])
def test_a_constraint_holds_after_each_step(optimizer, session):
    v = tf.get_variable("v", initializer=START, constraint=lambda x: tf.clip_by_value(x, -1.5, 1.5))
    train = optimizer().minimize(0.5 * tf.reduce_sum(tf.square(v - TARGET) * [1.0, 2.0, 3.0]))
    for _ in range(STEPS):
        session.run(train)
    np.testing.assert_allclose(session.run(v), constrained(START), rtol=1e-6)


class Backwards(tf.train.Optimizer):
    """An optimizer that says the variable's own new value first."""

    def __init__(self):
        super().__init__(False, "Backwards", rate=1.0)

    def _update(self, g, v, rate):
        return [tf.assign(v, v - rate * g), tf.assign(self._slot(v, "sum"), self._slot(v, "sum") + g)]


def test_a_constraint_is_of_the_variable_wherever_its_update_stands(session):
    v = tf.get_variable("v", initializer=[2.0, -3.0], constraint=lambda x: tf.clip_by_value(x, -1.5, 1.5))
    optimizer = Backwards()
    session.run(optimizer.minimize(tf.reduce_sum(v)))
    assert session.run([v, optimizer.get_slot(v, "sum")])[0].tolist() == [1.0, -1.5]
    assert session.run(optimizer.get_slot(v, "sum")).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("wanted", [lambda a, b: [a, b], lambda a, b: {"a": a, "b": b}.values(), lambda a, b: (v for v in (a, b)),
                                    lambda a, b: {"b": [b], "a": a}, lambda a, b: [[a], (b,)]],
                         ids=["a list", "values", "a generator", "a dict", "lists in a list"])
def test_variables_to_train_and_those_without_a_path(wanted, session):
    a, b = tf.Variable(1.0, name="a"), tf.Variable(1.0, name="b")
    optimizer = tf.train.GradientDescentOptimizer(0.25)
    with pytest.warns(errors.GradientWarning, match=r"no gradient leads from Mul.*to b: float32\[\] \(test_train.py:") as caught:
        step = optimizer.minimize(tf.multiply(a, a, name="Mul"), var_list=wanted(a, b))
    assert [w.filename for w in caught] == [__file__]
    session.run(step)
    assert session.run([a, b]) == [0.5, 1.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.minimize(a * a)
        optimizer.minimize(a * b, var_list=wanted(a, b))
        optimizer.minimize(a * a, var_list=a)


def test_exponential_decay():
    step = tf.placeholder(tf.int32, [])
    smooth, stairs = (tf.train.exponential_decay(0.5, step, 10, 0.8, staircase=b) for b in (False, True))
    with tf.Session() as s:
        for n in (0, 5, 10, 25):
            got = s.run([smooth, stairs], {step: n})
            np.testing.assert_allclose(got, [0.5 * 0.8 ** (n / 10), 0.5 * 0.8 ** (n // 10)], rtol=1e-6)


def test_clip_by_global_norm():
    a, b = np.array([3.0, 4.0]), np.array([[12.0]])
    clipped, norm = tf.clip_by_global_norm([tf.constant(a), None, tf.constant(b)], 6.5)
    with tf.Session() as s:
        x, y, n = s.run([clipped[0], clipped[2], norm])
    assert clipped[1] is None and n == 13
    np.testing.assert_allclose(x, a / 2)
    np.testing.assert_allclose(y, b / 2)


def test_gradients_are_clipped_and_applied():
    v = tf.Variable([3.0, 4.0])
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    pairs = optimizer.compute_gradients(tf.reduce_sum(v * [30.0, 40.0]))
    grads, _ = tf.clip_by_global_norm([g for g, _ in pairs], 5.0)
    with tf.Session() as s:
        s.run(optimizer.apply_gradients(zip(grads, [v for _, v in pairs], strict=True)))
        np.testing.assert_allclose(s.run(v), [0, 0], atol=1e-6)


def test_gradient_penalty_differentiates_twice():
    x = tf.placeholder(tf.float64, [3])
    w = tf.Variable(np.array([0.5, -1.0, 2.0]))
    (slope,) = tf.gradients(tf.reduce_sum(tf.tanh(w * x)), x)
    loss = tf.reduce_sum(tf.square(slope))
    (g,) = tf.gradients(loss, w)

    def penalty(w, x):
        return np.sum((w * (1 - np.tanh(w * x) ** 2)) ** 2)
    with tf.Session() as s:
        at = np.array([0.3, 0.7, -0.2])
        value, got = s.run([loss, g], {x: at})
        w0 = s.run(w)
    np.testing.assert_allclose(value, penalty(w0, at))
    eps = 1e-6
    numeric = [(penalty(w0 + eps * e, at) - penalty(w0 - eps * e, at)) / (2 * eps) for e in np.eye(3)]
    np.testing.assert_allclose(got, numeric, rtol=1e-7)


def test_paths_add_up_and_stop():
    x = tf.constant([2.0])
    a, b = x * 3, x * 5
    y = a * b + x
    with tf.Session() as s:
        both, only, none = s.run([tf.gradients(y, x)[0], tf.gradients(y, x, stop_gradients=[a])[0], tf.gradients(tf.stop_gradient(a) * b, x)[0]])
        weighted = s.run(tf.gradients([y, a], x, grad_ys=[[2.0], [1.0]])[0])
    assert (both, only, none, weighted) == (61, 31, 30, 125)
    assert tf.gradients(y, tf.constant(1.0)) == [None]
    assert tf.gradients(y, tf.constant([1.0]), unconnected_gradients="zero")[0] is not None


MISTAKES = [
    ("no path", lambda v, w: tf.train.AdamOptimizer().minimize(tf.reduce_sum(v * 2), var_list=[w]), errors.GradientError,
     ["no gradient leads from", "w: float32[2] (test_train.py:"]),
    ("cut path", lambda v, w: tf.train.AdamOptimizer().minimize(tf.reduce_sum(tf.cast(tf.argmax(w), tf.float32)), var_list=[w]),
     errors.GradientError, ["the path ends at", "made by cast"]),
    ("no variables", lambda v, w: tf.train.AdamOptimizer().minimize(tf.constant(1.0), var_list=[]), errors.GraphError, ["no variables to train"]),
    ("loss is a number", lambda v, w: tf.train.AdamOptimizer().minimize(3.0), errors.DTypeError, ["the loss must be a tensor"]),
    ("integers", lambda v, w: tf.gradients(tf.constant(1), v), errors.DTypeError, ["not of a floating dtype"]),
    ("grad_ys shape", lambda v, w: tf.gradients(v, v, grad_ys=[[1.0, 2.0, 3.0]]), errors.ShapeError, ["does not fit"]),
    ("not a variable", lambda v, w: tf.train.AdamOptimizer().minimize(tf.reduce_sum(v), var_list=[v + 1]), errors.DTypeError, ["is not a Variable"]),
    ("penalty", lambda v, w: tf.train.FtrlOptimizer(0.1, l1_regularization_strength=-1.0), errors.GraphError,
     ["Ftrl: l1_regularization_strength is -1.0, below 0", "test_train.py:"]),
    ("power", lambda v, w: tf.train.FtrlOptimizer(0.1, 0.5), errors.GraphError, ["learning_rate_power is 0.5, above 0"]),
    ("accumulator", lambda v, w: tf.train.ProximalAdagradOptimizer(0.1, 0.0), errors.GraphError, ["is 0.0, and not above 0"]),
    ("penalty of descent", lambda v, w: tf.train.ProximalGradientDescentOptimizer(0.1, l2_regularization_strength=-0.5), errors.GraphError, ["-0.5"]),
    ("accumulator of averages", lambda v, w: tf.train.AdagradDAOptimizer(0.1, v, -1.0), errors.GraphError, ["is -1.0, and not above 0"]),
    ("no step", lambda v, w: tf.train.AdagradDAOptimizer(0.1, 5), errors.DTypeError, ["the global step is a variable, not 5"]),
    ("assign shape", lambda v, w: v.assign([1.0, 2.0, 3.0]), errors.ShapeError, ["shape [3] cannot be assigned", "test_train.py:"]),
]


@pytest.mark.parametrize("act, kind, texts", [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_mistakes_are_named(act, kind, texts):
    v, w = tf.Variable([1.0, 2.0], name="v"), tf.Variable([1.0, 2.0], name="w")
    with pytest.raises(kind) as caught:
        act(v, w)
    for text in texts:
        assert text in str(caught.value)


# ---------------------------------------------------------------------- names

# What TensorFlow 1.15 names the operation of a step, what sets the variable, and the variables kept beside it.
NAMES = [
    (lambda: tf.train.GradientDescentOptimizer(0.1), "GradientDescent", "ApplyGradientDescent", []),
    (lambda: tf.train.MomentumOptimizer(0.1, 0.9), "Momentum", "ApplyMomentum", ["Momentum"]),
    (lambda: tf.train.AdagradOptimizer(0.1), "Adagrad", "ApplyAdagrad", ["Adagrad"]),
    (lambda: tf.train.RMSPropOptimizer(0.1), "RMSProp", "ApplyRMSProp", ["RMSProp", "RMSProp_1"]),
    (lambda: tf.train.AdamOptimizer(0.1), "Adam", "ApplyAdam", ["Adam", "Adam_1"]),
    (lambda: tf.train.AdadeltaOptimizer(0.1), "Adadelta", "ApplyAdadelta", ["Adadelta", "Adadelta_1"]),
    (lambda: tf.train.AdamOptimizer(0.1, name="mine"), "mine", "ApplyAdam", ["mine", "mine_1"]),
    (lambda: tf.train.FtrlOptimizer(0.1), "Ftrl", "ApplyFtrl", ["Ftrl", "Ftrl_1"]),
    (lambda: tf.train.FtrlOptimizer(0.1, accum_name="a", linear_name="l"), "Ftrl", "ApplyFtrl", ["a", "l"]),
    (lambda: tf.train.ProximalGradientDescentOptimizer(0.1), "ProximalGradientDescent", "ApplyProximalGradientDescent", []),
    (lambda: tf.train.ProximalAdagradOptimizer(0.1), "ProximalAdagrad", "ApplyProximalAdagrad", ["ProximalAdagrad"]),
    (lambda: tf.train.AdagradDAOptimizer(0.1, tf.train.get_or_create_global_step()), "AdagradDA", "ApplyAdagradDA", ["AdagradDA", "AdagradDA_1"]),
    (lambda: tf.train.SyncReplicasOptimizer(tf.train.AdagradOptimizer(0.1), 1), "Adagrad", "ApplyAdagrad", ["Adagrad"]),
]


@pytest.mark.parametrize("make, name, applied, slots", NAMES, ids=[row[1] for row in NAMES])
def test_what_updates_one_variable_is_one_scope(make, name, applied, slots, fresh_graph):
    count = tf.train.create_global_step()
    with tf.name_scope("layer1"):
        w = tf.Variable([1.0, 2.0], name="w")
    with tf.name_scope("layer2"):
        w2 = tf.Variable([1.0, 2.0], name="w")
    with tf.name_scope("train"):
        step = make().minimize(tf.reduce_sum(w * w * w2), count)
    again = make().minimize(tf.reduce_sum(w * w2), count)
    assert (step.name, again.name) == (f"train/{name}", name)
    for v in (w, w2):
        for scope in (f"train/{name}", name):
            node = fresh_graph.get_tensor_by_name(f"{scope}/update_{v.op.name}/{applied}:0")
            assert node.operator.name == "assign" and node.inputs[0] is v
        kept = [n.op.name for n in tf.global_variables() if n.name.startswith(f"{v.op.name}/")]
        assert kept[:len(slots)] == [f"{v.op.name}/{slot}" for slot in slots]
    folded = [line.split(":")[0] for line in tf.show(step, collapse=[f"train/{name}/update_layer1", f"train/{name}/update_layer2"]).splitlines()]
    assert f"train/{name}/update_layer1/" in folded and not [n for n in folded if n.startswith(f"train/{name}/update_layer1/w")]
    names = [n.label for n in fresh_graph.nodes if n.operator.name != "item"]
    assert len(set(names)) == len(names)


def test_powers_of_adam_are_named_as_tensorflow_names_them():
    w = tf.Variable([1.0, 2.0], name="w")
    for scope in ("train", "train", None):
        with tf.name_scope(scope):
            tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(w * w))
    names = [v.op.name for v in tf.global_variables() if "power" in v.name]
    assert names == [f"{scope}beta{i}_power" for scope in ("train/", "train_1/", "") for i in (1, 2)]


def test_gradients_are_named_after_what_they_are_of(fresh_graph):
    x, w = tf.constant([[1.0, 2.0]]), tf.Variable(np.eye(2, dtype=np.float32), name="w")
    with tf.name_scope("layer"):
        h = tf.tanh(tf.matmul(x, w))
    found = tf.gradients(tf.reduce_sum(h), [w, h])
    again = tf.gradients(tf.reduce_sum(found[0]), w)
    assert [g.op.name for g in found] == ["gradients/layer/MatMul_grad/MatMul_1", "gradients/Sum_grad/BroadcastTo"]
    assert again[0].op.name.startswith("gradients_1/layer/MatMul_grad/") and fresh_graph.differentiated(found[0].op.name) is h.inputs[0]
    assert [n for n in fresh_graph.nodes if n.label.startswith("gradients_1/gradients/layer/Tanh_grad/mul_1_grad/")]
