"""What optimizers and averages keep beside variables costs a graph nothing that grows with their size, nor a step with that of the graph."""

import numpy as np
import pytest

import graphc as tf
from tests.test_train import OPTIMIZERS


@pytest.mark.parametrize("kept", [*[o[1] for o in OPTIMIZERS], lambda: tf.train.ExponentialMovingAverage(0.9, zero_debias=True)],
                         ids=[*[o[0] for o in OPTIMIZERS], "zero_debias of an average"])
def test_large_variables_beside_others_are_not_arrays_in_the_graph(kept, session, fresh_graph):
    count = tf.train.create_global_step()
    w = tf.Variable(tf.ones([100, 50]), name="w")
    made = kept()
    step = made.apply([w, w * 2]) if isinstance(made, tf.train.ExponentialMovingAverage) else made.minimize(tf.reduce_sum(w * w), count)
    values = [n.attrs["value"] for n in fresh_graph.nodes if n.operator.name == "constant"]
    assert max(value.size for value in values) <= 2           # a shape
    beside = [v for v in tf.global_variables() if v.shape.as_list() == [100, 50] and v is not w]
    starts = session.run([v.initial_value for v in beside])
    assert all((start == start.flat[0]).all() for start in starts)
    session.run(step)
    assert len({np.unique(value).size for value in session.run([w, *beside])}) == 1


class Unwalked(list):
    """Nodes of a graph that may be added to, and not gone through."""

    def __iter__(self):
        raise AssertionError("each step that is built would take as long as the graph is large")


def test_building_a_step_does_not_go_through_the_graph(fresh_graph):
    w, x = tf.Variable([1.0, 2.0]), tf.Variable([1.0, 2.0])
    g, adam = tf.constant([1.0, 1.0]), tf.train.AdamOptimizer(0.1)
    adam.apply_gradients([(g, w)])
    fresh_graph.nodes = Unwalked(fresh_graph.nodes)
    adam.apply_gradients([(g, w), (g, x)])
    assert {w, x} < fresh_graph.assigned
