"""What iterations do beside computing: assignments, prints and random numbers, in their order and as often as there are iterations."""

from __future__ import annotations

import numpy as np

import graphc as tf


def test_effects_of_iterations(session, capsys):
    """They happen in order, once each; assignments go on from iteration to iteration and are there after the run."""
    called, v = [], tf.Variable(10)

    def step(i):
        note = tf.py_func(lambda a: called.append(int(a)) or a, [i], tf.int32)
        with tf.control_dependencies([v.assign_add(i), tf.Print(i, [i], "i=")]):
            return tf.reshape(note, []) + 1
    end = tf.while_loop(lambda i: i < 3, step, [0])
    assert session.run(end) == 3 and called == [0, 1, 2] and session.run(v) == 13
    assert capsys.readouterr().err.split() == ["i=[0]", "i=[1]", "i=[2]"]


def test_effects_of_loops_within_loops(session):
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
    found = session.run(tf.map_fn(sample, np.arange(3), dtype=[tf.float32] * 2))
    assert [part.tolist() for part in found] == [[[5, 6], [9, 10], [13, 14]], [11, 19, 27]] and session.run(v).tolist() == [13, 14]


def test_random_numbers_of_iterations(session):
    """Anew in each iteration and each run; the same numbers for a seed, whoever runs them."""
    found = tf.map_fn(lambda _: tf.random_uniform([2], seed=3), tf.zeros([5]))
    first, second = session.run(found), session.run(found)
    assert len({*first.ravel().tolist(), *second.ravel().tolist()}) == 20
    with tf.Session(jit=False) as other:
        assert np.array_equal(other.run(found), first)


def test_values_from_outside_a_loop_are_drawn_once(session):
    u = tf.random_uniform([])
    found = session.run(tf.map_fn(lambda _: u * 1, tf.zeros([4])))
    assert len({*found.tolist()}) == 1
