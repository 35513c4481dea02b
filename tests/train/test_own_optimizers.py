"""Optimizers that programs write for themselves, in TensorFlow 1's words, beside those of graphc that do the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors


class Base(tf.train.Optimizer):
    def __init__(self, rate: Any, name: str = "Descent"):
        super().__init__(False, name)
        self.rate = rate

    def _prepare(self):
        self.rate_t = tf.convert_to_tensor(self._call_if_callable(self.rate), name="learning_rate")


class Descent(Base):
    def _apply_dense(self, grad, var):
        return var.assign_sub(tf.cast(self.rate_t, var.dtype.base_dtype) * grad)


class ResourceDescent(Base):
    def _resource_apply_dense(self, grad, handle):
        return handle.assign_sub(self.rate_t * grad)


class Momentum(Descent):
    def _create_slots(self, var_list):
        self._assert_valid_dtypes(var_list)
        for v in var_list:
            self._zeros_slot(v, "momentum", self._name)

    def _apply_dense(self, grad, var):
        momentum = self.get_slot(var, "momentum")
        now = momentum.assign(0.9 * momentum + grad)
        return tf.group(var.assign_sub(self.rate_t * now), now)


class Adam(Descent):
    """As Kingma and Ba have it, the powers of the rates in variables of their own that `_finish` moves."""

    def _create_slots(self, var_list):
        self._create_non_slot_variable(0.9, "power1", var_list[0])
        self._create_non_slot_variable(0.999, "power2", var_list[0])
        for v in var_list:
            self._zeros_slot(v, "m", self._name)
            self._get_or_make_slot(v, tf.zeros(v.shape, v.dtype), "v", self._name)

    def _apply_dense(self, grad, var):
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        power1, power2 = self._get_non_slot_variable("power1"), self._get_non_slot_variable("power2")
        rate = self.rate_t * tf.sqrt(1 - power2) / (1 - power1)
        m_now, v_now = m.assign(0.9 * m + 0.1 * grad), v.assign(0.999 * v + 0.001 * grad * grad)
        return tf.group(tf.assign_sub(var, rate * m_now / (tf.sqrt(v_now) + 1e-8)), m_now, v_now)

    def _finish(self, update_ops, name_scope):
        with tf.control_dependencies(update_ops):
            moved = [self._get_non_slot_variable(n).assign(self._get_non_slot_variable(n) * rate) for n, rate in (("power1", 0.9), ("power2", 0.999))]
        return tf.group(*update_ops, *moved, name=name_scope)


class Rows(Descent):
    """A gradient of rows moves these alone, each once."""

    def _apply_sparse(self, grad, var):
        self.seen = grad
        return tf.scatter_sub(var, grad.indices, self.rate_t * grad.values)


class ResourceRows(Descent):
    def _resource_apply_sparse(self, grad, handle, indices):
        return tf.scatter_sub(handle, indices, self.rate_t * grad)


class Decayed(tf.train.AdamOptimizer):
    """Weights that decay before Adam moves them (Loshchilov and Hutter 2019)."""

    def _apply_dense(self, grad, var):
        with tf.control_dependencies([var.assign(0.5 * var)]):
            return super()._apply_dense(grad, var)


class OnlyRows(tf.train.GradientDescentOptimizer):
    """Says of rows alone how they move: ten times as far."""

    def _apply_sparse(self, grad, var):
        return tf.scatter_sub(var, grad.indices, 10.0 * grad.values)


def trained(make: Any, steps: int = 4, jit: bool = True) -> list[Any]:
    """Two variables, one of which is looked up by rows with repeats, and the global step after some steps."""
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        w, table = tf.Variable([[1.0, -2.0], [0.5, 3.0]], name="w"), tf.Variable(np.arange(10.0, dtype=np.float32).reshape(5, 2), name="table")
        picked = tf.nn.embedding_lookup(table, [3, 1, 3])
        loss = tf.reduce_sum(tf.square(tf.matmul(picked, w)))
        step = tf.train.get_or_create_global_step()
        train = make().minimize(loss, global_step=step)
        session.run(tf.global_variables_initializer())
        for _ in range(steps):
            session.run(train)
        return session.run([w, table, step])


@pytest.mark.parametrize("own, like", [
    (lambda: Descent(0.01), lambda: tf.train.GradientDescentOptimizer(0.01)),
    (lambda: Descent(lambda: 0.01), lambda: tf.train.GradientDescentOptimizer(0.01)),
    (lambda: ResourceDescent(0.01), lambda: tf.train.GradientDescentOptimizer(0.01)),
    (lambda: Rows(0.01), lambda: tf.train.GradientDescentOptimizer(0.01)),
    (lambda: ResourceRows(0.01), lambda: tf.train.GradientDescentOptimizer(0.01)),
    (lambda: Momentum(0.001), lambda: tf.train.MomentumOptimizer(0.001, 0.9)),
    (lambda: Adam(0.1), lambda: tf.train.AdamOptimizer(0.1)),
], ids=["dense", "function", "resource", "sparse", "resource sparse", "momentum", "adam"])
@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
def test_as_those_that_are_here(own, like, jit):
    for mine, theirs in zip(trained(own, jit=jit), trained(like, jit=jit), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=1e-6)


def test_a_subclass_calls_what_it_overrides(session):
    v = tf.Variable([4.0, -8.0])
    session.run(Decayed(0.1).minimize(tf.reduce_sum(v * v)))
    np.testing.assert_allclose(session.run(v), [2.0 - 0.1, -4.0 + 0.1], rtol=1e-6)


def test_a_subclass_may_override_what_moves_rows_alone(session):
    table, w = tf.Variable(tf.zeros([3, 1])), tf.Variable([1.0])
    session.run(OnlyRows(1.0).minimize(tf.reduce_sum(tf.gather(table, [1])) + tf.reduce_sum(w)))
    assert session.run(table).tolist() == [[0], [-10], [0]] and session.run(w).tolist() == [0]


def test_slices_name_each_row_once(session):
    table = tf.Variable(tf.zeros([5, 2]))
    optimizer = Rows(1.0)
    train = optimizer.minimize(tf.reduce_sum(tf.nn.embedding_lookup(table, [3, 1, 3]) * [[1.0, 2.0]]))
    session.run(tf.global_variables_initializer())
    found = session.run(optimizer.seen)
    assert sorted(zip(found.indices.tolist(), found.values.tolist(), strict=True)) == [(1, [1.0, 2.0]), (3, [2.0, 4.0])]
    session.run(train)
    assert session.run(table).tolist() == [[0, 0], [-1, -2], [0, 0], [-2, -4], [0, 0]]


def test_a_constraint_holds_after_the_step(session):
    v = tf.Variable([1.0, 2.0], constraint=lambda x: tf.clip_by_value(x, 0.5, 1.5))
    session.run(Descent(0.1).minimize(tf.reduce_sum(v * v)))
    np.testing.assert_allclose(session.run(v), [0.8, 1.5], rtol=1e-6)


def test_names_of_what_it_keeps(session):
    v = tf.Variable([1.0], name="v")
    optimizer = Adam(0.1, "Mine")
    optimizer.minimize(v * v)
    assert sorted(x.op.name for x in optimizer.variables()) == ["power1", "power2", "v/Mine", "v/Mine_1"]
    assert optimizer.get_slot_names() == ["m", "v"] and optimizer.get_name() == "Mine"


@pytest.mark.parametrize("build", [Descent, Adam, tf.train.GradientDescentOptimizer, tf.train.AdamOptimizer])
def test_steps_are_collected(build, session):
    v = tf.Variable(1.0)
    steps = [build(0.1).minimize(v * v), build(0.1, name="Second").apply_gradients([(v, v)], tf.train.get_or_create_global_step())]
    assert tf.get_collection(tf.GraphKeys.TRAIN_OP) == steps


class Empty(tf.train.Optimizer):
    def __init__(self) -> None:
        super().__init__(False, "Empty")


@pytest.mark.parametrize("build, kind, message", [
    (lambda v: Empty().minimize(v * v), errors.UnimplementedError, "Empty does not say how a variable moves"),
    (lambda v: Descent(0.1, name=""), errors.ArgumentError, "an optimizer has a name"),
    (lambda v: Momentum(0.1)._assert_valid_dtypes([tf.constant(1)]), errors.DTypeError, "no dtype that it can train"),
], ids=["no method", "no name", "integers"])
def test_refused(build, kind, message, session):
    with pytest.raises(kind, match=message):
        build(tf.Variable(1.0))
