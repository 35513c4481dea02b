"""Variables of a session: values that fit, shapes that change, and initial values, whichever they are of."""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest

import graphc as tf
from graphc import errors

# What sets the variable v to something made of p: float32[...], whose shape only a run knows.
MISFITS = {
    "assign": lambda v, p: tf.assign(v, p),
    "assign_add": lambda v, p: tf.assign_add(v, p),
    "assign_sub": lambda v, p: tf.assign_sub(v, p),
    "method assign": lambda v, p: v.assign(p),
    "method assign_add": lambda v, p: v.assign_add(p * 2.0),
    "method assign_sub": lambda v, p: v.assign_sub(tf.exp(p)),
    "assign to what was assigned": lambda v, p: _after(v.assign(v * 2.0), lambda: v.assign(p)),
    "assign_add, asked not to look": lambda v, p: _as_saved(tf.assign_add(v, p), '"validate_shape": true', '"validate_shape": false'),
    "read from a file": lambda v, p: _as_saved(tf.assign(v, p)),
    "size that data decide": lambda v, p: v.assign(tf.boolean_mask(tf.reshape(p, [-1]), tf.reshape(p, [-1]) > 0.0)),
    "optimizer": lambda v, p: tf.train.GradientDescentOptimizer(1.0).apply_gradients([(p, v)]),
    "optimizer with slots": lambda v, p: tf.train.AdamOptimizer(1.0).apply_gradients([(p, v)]),
}
# The shape of what a variable of n elements does not take. Numpy broadcasts some to it, and it to others.
MISFIT_SHAPES = {"one": lambda n: (1,), "more": lambda n: (n + 1,), "scalar": lambda n: (), "row": lambda n: (1, n), "empty": lambda n: (0,)}
# All of them, but that what data decide is a vector.
MISFITTING = [(way, shape) for way in MISFITS for shape in MISFIT_SHAPES if "data decide" not in way or shape not in ("scalar", "row")]


def _after(first, then):
    with tf.control_dependencies([first]):
        return then()


def _as_saved(node, *change):
    return tf.Graph.from_json(node.graph.to_json().replace(*change or ("", ""))).get_tensor_by_name(node.name)


@pytest.mark.parametrize("n", [2, 20_000])
@pytest.mark.parametrize("way, shape", MISFITTING)
def test_values_that_do_not_fit_their_variable(way, shape, n, session):
    """Nothing is broadcast into a variable, let alone read from beyond a value: every run says so, and changes nothing."""
    value = np.ones(MISFIT_SHAPES[shape](n), np.float32)
    update = MISFITS[way](tf.Variable(np.arange(n), dtype=tf.float32, name="v"), tf.placeholder(tf.float32, name="p"))
    with update.graph.as_default() as graph, tf.Session(jit=session.jit) as s:
        v, p, w = graph.get_tensor_by_name("v:0"), graph.get_tensor_by_name("p:0"), tf.Variable(1.0)
        bystander = w.assign(5.0)
        for _ in range(3):
            with pytest.raises(errors.InvalidArgumentError) as caught:
                s.run([update, bystander.op], {p: value})
            said, given = str(caught.value), str(list(value.shape)).replace(" ", "")
            assert f"shape {given} cannot be assigned to a variable of shape [{n}]\n" in said, said
            assert f"v: float32[{n}] (test_variables.py:" in said and re.search(r"\n  at test_variables\.py:\d+$", said), said
        np.testing.assert_array_equal(s.run(v), np.arange(n))
        assert s.run(w) == 1


# (how the variable is made, what runs, the shapes it is fed in turn, what the variable then holds)
RESHAPED = {
    "grown": (lambda: tf.Variable(np.zeros(0), dtype=tf.float32, validate_shape=False),
              lambda v, p: tf.assign(v, tf.concat([v, p], 0), validate_shape=False), [1, 2, 3, 0, 2],
              lambda fed: np.concatenate(fed)),
    "grown, the variable alone is open": (lambda: tf.Variable(np.zeros(0), dtype=tf.float32, validate_shape=False),
                                          lambda v, p: v.assign(tf.concat([v, p], 0)), [1, 2, 3], lambda fed: np.concatenate(fed)),
    "grown, of known shape": (lambda: tf.Variable(np.zeros(0), dtype=tf.float32),
                              lambda v, p: tf.assign(v, tf.concat([v, p], 0), validate_shape=False), [1, 2, 3], lambda fed: np.concatenate(fed)),
    "get_variable": (lambda: tf.get_variable("g", initializer=np.zeros(0, np.float32), validate_shape=False),
                     lambda v, p: v.assign(tf.concat([p, v], 0)), [2, 1, 4], lambda fed: np.concatenate(fed[::-1])),
    "replaced": (lambda: tf.Variable([1.0, 2.0], validate_shape=False), lambda v, p: v.assign(p), [3, 1, 1, 20_000, 2],
                 lambda fed: fed[-1]),
    "replaced by what is computed": (lambda: tf.Variable([1.0, 2.0]), lambda v, p: tf.assign(v, p * 2.0, validate_shape=False),
                                     [3, 20_000, 1, 1, 20_000, 2], lambda fed: 2 * fed[-1]),
    "shrunk by what data decide": (lambda: tf.Variable([9.0], validate_shape=False),
                                   lambda v, p: v.assign(tf.boolean_mask(p, p > 1.5)), [3, 2, 5], lambda fed: fed[-1][fed[-1] > 1.5]),
    "summed after it has grown": (lambda: tf.Variable([], dtype=tf.float32, validate_shape=False),
                                  lambda v, p: _after(v.assign(tf.concat([v, p], 0)), lambda: v.assign_add(tf.ones_like(v.read_value()))), [2, 3],
                                  lambda fed: functools.reduce(lambda v, x: np.append(v, x) + 1, fed, [])),
}


@pytest.mark.parametrize("saved", [False, True], ids=["", "read from a file"])
@pytest.mark.parametrize("way", RESHAPED)
def test_variables_whose_shape_changes(way, saved, session):
    """Every run, of what was compiled before too, sees the variable in its present shape."""
    make, change, lengths, wanted = RESHAPED[way]
    v = make()
    p = tf.placeholder(tf.float32, [None])
    update = change(v, p)
    shape, total, other = tf.shape(v), tf.reduce_sum(tf.tanh(v) + v) + 0.0 * tf.cast(tf.size(v), tf.float32), p * 2.0
    nodes = [v, p, update, shape, total, other, v.initializer]
    if saved:
        again = tf.Graph.from_json(v.graph.to_json())
        nodes = [again.as_node(n.name) for n in nodes[:-1]] + [again.get_operation_by_name(nodes[-1].name)]
    v, p, update, shape, total, other, initializer = nodes
    with v.graph.as_default(), tf.Session(graph=v.graph, jit=session.jit) as s:
        first = s.run(v)
        for _ in range(2):
            fed = []
            for n in lengths:
                fed.append(np.arange(1, n + 1, dtype=np.float32))
                before, new, twice = s.run([shape, update, other], {p: fed[-1]})
                want = wanted(fed)
                np.testing.assert_array_equal(new, want)
                np.testing.assert_array_equal(twice, 2 * fed[-1])
                for _ in range(2):
                    np.testing.assert_array_equal(s.run(v), want)
                    np.testing.assert_array_equal(s.run(shape), want.shape)
                    np.testing.assert_allclose(s.run(total), np.sum(np.tanh(want) + want), rtol=1e-5)
            s.run([initializer, total])
            np.testing.assert_array_equal(s.run(v), first)
            np.testing.assert_array_equal(s.run(shape), first.shape)


def test_initial_values_keep_to_the_variables_shape(session):
    p = tf.placeholder(tf.float32)
    start = tf.identity(p)
    start.set_shape([2])
    v = tf.Variable(start, name="v")
    session.run(v.initializer, {p: [1, 2]})
    with pytest.raises(errors.InvalidArgumentError, match=r"v: float32\[2\] \(test_variables.py:\d+\): its initial value.* has shape \[3\]"):
        session.run(v.initializer, {p: [1, 2, 3]})
    np.testing.assert_array_equal(session.run(v), [1, 2])


def _drawn():
    return tf.random_normal([3], name="drawn")


# Variables from a placeholder p float32[2], which each run is fed: 1, 2 then 3, 4 and so on; what runs, and what is true of the values found.
INITIAL = {
    "another's value": (lambda p: (w := tf.Variable(_drawn()), tf.Variable(w.initialized_value())), ["init", "all"], lambda w, v: w - v),
    "another's value, on first use": (lambda p: (w := tf.Variable(_drawn()), tf.Variable(w.initialized_value() * 2.0)), ["all"],
                                      lambda w, v: 2 * w - v),
    "another's value, the later one alone": (lambda p: (w := tf.Variable(_drawn()), tf.Variable(w.initialized_value())), ["last", "all"],
                                             lambda w, v: w - v),
    "another's value, the initializer made first": (lambda p: (w := tf.Variable(_drawn()), v := tf.Variable(w.initialized_value()), v.initializer,
                                                               w.initializer)[:2], ["all", "init", "all"], lambda w, v: w - v),
    "another's value after it has changed": (lambda p: (w := tf.Variable(_drawn()), tf.Variable(w.initialized_value())),
                                             ["all", "change", "last", "all"], lambda w, v: np.concatenate([w - v, w - 9.0])),
    "fed": (lambda p: (tf.Variable(p * 2.0),), ["init and p", "all"], lambda v: v - [2.0, 4.0]),
    "fed, on first use": (lambda p: (tf.Variable(p * 2.0),), ["all and p", "all"], lambda v: v - [2.0, 4.0]),
    "fed anew": (lambda p: (tf.Variable(p * 2.0),), ["init and p", "init and p", "all"], lambda v: v - [6.0, 8.0]),
    "fed, and read in the same run": (lambda p: (tf.Variable(p * 2.0),), ["init and read", "all"], lambda v: v - [2.0, 4.0]),
    "fed, another's value": (lambda p: (w := tf.Variable(p + 1.0), tf.Variable(w.initialized_value())), ["init and p", "all"],
                             lambda w, v: np.concatenate([w - v, w - [2.0, 3.0]])),
    "fed, and sizes that data decide": (lambda p: (tf.Variable(p * 2.0),), ["init and mask", "all"], lambda v: v - [2.0, 4.0]),
    "fed, with a slot beside": (lambda p: (v := tf.Variable(tf.reshape(p, [tf.cast(p[1], "int32")])), tf.train.MomentumOptimizer(0.0, 0.9).minimize(
        tf.reduce_sum(v * v)))[:1], ["init and p", "step", "all"], lambda v: v - [1.0, 2.0]),
}


# A shape and an initial value, and the variable's value; None: they do not fit.
SHAPED = [([3, 2], np.float32([1, 2]), None), ([2, 3], np.ones((3, 2)), None), ([2], [1.0], None), ([3, 2], lambda: tf.constant([1.0, 2.0]), None),
          ([], [1.0], None), ([2], [1.0, 2.0], [1.0, 2.0]), (None, [1.0, 2.0], [1.0, 2.0]), ([2], 3.0, [3.0, 3.0]), ([None], [1.0, 2.0], [1.0, 2.0]),
          ([2], lambda: tf.constant([1.0, 2.0]), [1.0, 2.0]), ([0, 2], 1.0, np.zeros((0, 2)))]


@pytest.mark.parametrize("shape, initial, wanted", SHAPED)
def test_get_variable_does_not_broadcast(shape, initial, wanted, session):
    initial = initial() if callable(initial) else initial
    if wanted is None:
        with pytest.raises(errors.ShapeError, match=r"get_variable\('w'\): the initial value has shape .*\n  at test_variables"):
            tf.get_variable("w", shape, initializer=initial)
        return
    value = session.run(tf.get_variable("w", shape, initializer=initial))
    assert value.shape == np.shape(wanted) and np.array_equal(value, wanted)


@pytest.mark.parametrize("fetches", [lambda v: v, lambda v: v.initializer, lambda v: [v.initializer, v + 1.0], lambda v: [v + 1.0, v.initializer],
                                     lambda v: [v.initializer, tf.boolean_mask(v, v > 0.0)], lambda v: [v.assign([1.0]), v.initializer]])
def test_initial_values_are_computed_once_a_run(fetches, session, capfd):
    v = tf.Variable(tf.Print(tf.constant([2.0]), ["computed"]))
    fetch = fetches(v)
    for run in range(3):
        session.run(fetch)
        assert capfd.readouterr().err.count("computed") == (fetch is not v or not run)


@pytest.mark.parametrize("name", INITIAL)
def test_initial_values(name, session):
    build, runs, zero = INITIAL[name]
    p = tf.placeholder(tf.float32, [2], name="p")
    variables = build(p)
    for at, run in enumerate(runs):
        initializer, first = variables[-1].initializer, variables[0]
        fetches = {"all": variables, "last": initializer, "all and p": [*variables, p], "init and read": [first + 1.0, initializer],
                   "init and mask": [tf.boolean_mask(first, first > 3.0), initializer], "step": tf.get_collection(tf.GraphKeys.TRAIN_OP),
                   "change": first.assign(first * 0.0 + 9.0), "init": tf.global_variables_initializer(),
                   "init and p": [tf.global_variables_initializer(), p]}[run]
        found = session.run(fetches, {p: [1.0 + 2 * at, 2.0 + 2 * at]} if "and" in run else {})
        if run == "init and mask":
            np.testing.assert_array_equal(found[0], [4.0])
    np.testing.assert_array_equal(zero(*found), 0 * zero(*found))


def test_other_runs_keep_their_programs_when_a_variable_changes_its_shape():
    grown, w, p = tf.Variable([], dtype=tf.float32, validate_shape=False), tf.Variable([1.0, 2.0]), tf.placeholder(tf.float32, [None])
    update, step = grown.assign(tf.concat([grown, p], 0)), w.assign(w * 2.0)
    with tf.Session() as s:
        s.run(step.op)
        made = s.compile_stats()["programs"]
        for n in (1, 2, 3):
            s.run(update.op, {p: np.ones(n)})
            s.run(step.op)
        assert s.compile_stats()["programs"] == made + 3
        np.testing.assert_array_equal(s.run(w), [16, 32])
