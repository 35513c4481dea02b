"""What programs of TensorFlow 1's early years build: effects of loops within loops, and datasets by the names that they once had."""

import numpy as np
import pytest

import graphc as tf


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default():
        yield


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
def test_effects_of_loops_within_loops(jit):
    """A loop of several results that a loop runs for its effects: programs of samplers step variables so."""
    v = tf.Variable([1.0, 2.0])

    def leap(_, x):
        def step(j, y):
            with tf.control_dependencies([v.assign_add(y * 0 + 1)]):
                return j + 1, y + tf.py_func(lambda q: q * 0 + 1, [y], tf.float32)
        n = tf.random_uniform([], 2, 3, dtype=tf.int32)
        j, y = tf.while_loop(lambda j, y: j < n, step, [0, x])
        with tf.control_dependencies([j, y]):
            u = v.assign(v * 0 + y)
        with tf.control_dependencies([u]):
            return _ + 1, u + 0

    def sample(a):
        x = tf.while_loop(lambda i, x: i < 2, leap, [0, v + 0])[1]
        return [x, tf.reduce_sum(x)]
    session = tf.Session(jit=jit)
    found = session.run(tf.map_fn(sample, np.arange(3), dtype=[tf.float32] * 2))
    assert [part.tolist() for part in found] == [[[5, 6], [9, 10], [13, 14]], [11, 19, 27]] and session.run(v).tolist() == [13, 14]


def _elements(dataset):
    """All elements of a dataset."""
    element, found = dataset.make_one_shot_iterator().get_next(), []
    with tf.Session(jit=False) as session, pytest.raises(tf.errors.OutOfRangeError):
        while True:
            found.append(session.run(element))
    return found


def test_names_of_the_time_when_datasets_stood_in_contrib():
    made = tf.contrib.data.Dataset.from_tensor_slices([1, 2, 3]).map(lambda i: i * 2, num_threads=2, output_buffer_size=10)
    assert _elements(made) == [2, 4, 6] and _elements(made.map(lambda i: i + 1, 2, 10)) == [3, 5, 7]
    assert tf.contrib.data.Iterator is tf.data.Iterator and tf.contrib.data.TFRecordDataset is tf.data.TFRecordDataset
