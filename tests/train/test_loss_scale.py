"""`tf.train.experimental`: scales that grow and shrink as TensorFlow's, and optimizers that step by scaled losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors

loss_scale = tf.train.experimental
INF, NAN = float("inf"), float("nan")

# Scale, count of good steps, and whether the step is taken, after gradients one after the other, as TensorFlow 2.15's
# `tf.mixed_precision.experimental.DynamicLossScale` and the rules of 1.15 have them.
RUNS: dict[str, tuple[dict[str, Any], list[Any], list[tuple[float, int, bool]]]] = {
    "grows after two": ({"initial_loss_scale": 4, "increment_period": 2}, [1.0, 1.0, 1.0], [(4, 1, True), (8, 0, True), (8, 1, True)]),
    "shrinks": ({"initial_loss_scale": 4, "increment_period": 2}, [1.0, INF, NAN, 1.0], [(4, 1, True), (2, 0, False), (1, 0, False), (1, 1, True)]),
    "not below 1": ({"initial_loss_scale": 1.5, "increment_period": 1, "multiplier": 4}, [INF, INF], [(1, 0, False), (1, 0, False)]),
    "not beyond the largest": ({"initial_loss_scale": 2.0 ** 127, "increment_period": 1}, [1.0], [(2.0 ** 127, 0, True)]),
}


@pytest.mark.parametrize("what", RUNS)
def test_dynamic_scales(what):
    options, given, wanted = RUNS[what]
    scale = loss_scale.DynamicLossScale(**options)
    x = tf.placeholder(tf.float32, [])
    step, applies = scale.update([None, {"a": x}, tf.ones([2])])
    with tf.Session() as session:
        for value, (now, good, applied) in zip(given, wanted, strict=True):
            assert session.run([applies, step], {x: value})[0] == applied
            assert (session.run(scale()), session.run(scale._good)) == (now, good)


@pytest.mark.parametrize("optimizer", ["train", "keras"])
@pytest.mark.parametrize("scale", [8, "dynamic"])
def test_steps_by_scaled_losses_are_the_same(optimizer, scale):
    """Powers of two scale without rounding; a dynamic scale leaves out the step whose gradients are not finite."""
    def trained(wrap: Any) -> list[Any]:
        with tf.Graph().as_default(), tf.Session() as session:
            v, x = tf.Variable([1.0, 2.0]), tf.placeholder(tf.float32, [])
            opt = wrap(tf.train.AdamOptimizer(0.1) if optimizer == "train" else tf.keras.optimizers.Adam(0.1))
            loss = tf.reduce_sum(tf.square(v)) * x
            step = opt.minimize(loss) if optimizer == "train" else tf.group(*opt.get_updates(loss, [v])) if wrap is same else opt.minimize(loss)
            found = []
            for value in (1.0, INF, 3.0) if scale == "dynamic" and wrap is not same else (1.0, 3.0):
                session.run(step, {x: value})
                found.append(session.run(v).tolist())
            return found[:1] + found[-1:]

    def same(opt: Any) -> Any:
        return opt
    plain, wrapped = trained(same), trained(lambda opt: loss_scale.enable_mixed_precision_graph_rewrite(opt, scale))
    assert wrapped == plain


def test_rows_of_a_table():
    table = tf.Variable(tf.ones([3, 2]))
    opt = loss_scale.MixedPrecisionLossScaleOptimizer(tf.train.GradientDescentOptimizer(0.5), 64)
    step = opt.minimize(tf.reduce_sum(tf.gather(table, [1])))
    with tf.Session() as session:
        session.run(step)
        assert session.run(table).tolist() == [[1, 1], [0.5, 0.5], [1, 1]]


def test_gradients_keep_their_dtype():
    v = tf.Variable(np.float16(3.0))
    (g, _), = loss_scale.MixedPrecisionLossScaleOptimizer(tf.train.GradientDescentOptimizer(1.0), 2.0 ** 10).compute_gradients(v * v)
    with tf.Session() as session:
        assert session.run(g) == np.float16(6.0) and g.dtype == tf.float16


def test_a_checkpoint_keeps_scales(folder):
    def build() -> tuple[Any, Any, Any]:
        v = tf.get_variable("v", initializer=[1.0])
        opt = loss_scale.MixedPrecisionLossScaleOptimizer(tf.train.MomentumOptimizer(0.5, 0.5), "dynamic")
        return v, tf.train.Checkpoint(v=v, opt=opt), opt.minimize(tf.reduce_sum(v))
    _, checkpoint, step = build()
    with tf.Session() as session:
        session.run(step)
        path = checkpoint.save("o")
    assert {name for name, _ in tf.train.list_variables(path)} >= {
        f"{name}/.ATTRIBUTES/VARIABLE_VALUE" for name in ("opt/loss_scale/good_steps", "opt/loss_scale/current_loss_scale",
                                                          "v/.OPTIMIZER_SLOT/opt/base_optimizer/momentum")}


REFUSED: dict[str, tuple[Any, str]] = {
    "below 1": (lambda: loss_scale.FixedLossScale(0.5), "0.5 is no number of 1 or more"),
    "no number": (lambda: loss_scale.FixedLossScale("8"), "'8' is no number"),
    "no scale": (lambda: loss_scale.MixedPrecisionLossScaleOptimizer(tf.train.AdamOptimizer(), "static"),
                 "MixedPrecisionLossScaleOptimizer: a loss scale is a number, 'dynamic'"),
    "None": (lambda: loss_scale.MixedPrecisionLossScaleOptimizer(tf.train.AdamOptimizer(), None),
             "LossScaleOptimizer: a loss scale is a number, 'dynamic' or a LossScale, not None"),
    "no optimizer": (lambda: loss_scale.MixedPrecisionLossScaleOptimizer(3, 8), "3 is no optimizer"),
    "no optimizer to rewrite": (lambda: loss_scale.enable_mixed_precision_graph_rewrite(3), "3 is no optimizer"),
    "scaled twice": (lambda: loss_scale.enable_mixed_precision_graph_rewrite(
        loss_scale.enable_mixed_precision_graph_rewrite(tf.train.AdamOptimizer())), "is scaled already"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what):
    make, told = REFUSED[what]
    with pytest.raises(errors.GraphError, match=told):
        make()
