"""`init_from_checkpoint`: variables begin with what a checkpoint holds, by names, scopes, variables and parts, in files of graphs too."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc import errors

W, B, STEP = np.arange(6, dtype=np.float32).reshape(3, 2), np.array([7.0, 8.0], np.float32), np.int64(5)


@pytest.fixture
def path(folder):
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        return tf.train.Saver({"a/w": tf.Variable(W), "a/b": tf.Variable(B), "step": tf.Variable(STEP)}).save(session, "saved/model", 3)


def model(scope="net"):
    with tf.variable_scope(scope):
        return tf.get_variable("w", [3, 2]), tf.get_variable("b", [2], initializer=tf.zeros_initializer())


def parts(*shapes, names="part_{}"):
    with tf.variable_scope("net/w"):
        return [tf.get_variable(names.format(i), s) for i, s in enumerate(shapes)]


# What is made | the map, of what was made | the values of what was made, as TensorFlow 2.15 has them; None: the variable's own zeros.
ROWS = {
    "scopes": (model, lambda made: {"a/": "net/"}, [W, B]),
    "names": (model, lambda made: {"a/w": "net/w", "a/b": "net/b"}, [W, B]),
    "variables": (model, lambda made: {"a/w": made[0]}, [W, None]),
    "pairs": (model, lambda made: [("a/b", "net/b"), ("a/w", made[0])], [W, B]),
    "one for two": (lambda: [tf.Variable([0.0, 0.0]), tf.Variable([1.0, 1.0])], lambda made: [("a/b", v) for v in made], [B, B]),
    "from the root": (lambda: model("net/a"), lambda made: {"/": "net/"}, [W, B]),
    "to the root": (lambda: model("a"), lambda made: {"/": "/"}, [W, B]),
    "parts": (lambda: parts([1, 2], [2, 2]), lambda made: {"a/w": made}, [W[:1], W[1:]]),
    "parts along the last axis": (lambda: parts([3, 1], [3, 1]), lambda made: {"a/w": made}, [W[:, :1], W[:, 1:]]),
    "parts by name": (lambda: parts([2, 2], [1, 2]), lambda made: {"a/w": "net/w"}, [W[:2], W[2:]]),
    "parts of a scope": (lambda: parts([2, 2], [1, 2]), lambda made: {"a/": "net/"}, [W[:2], W[2:]]),
    "a list of one": (lambda: model()[:1], lambda made: {"a/w": list(made)}, [W]),
    "integers": (lambda: [tf.train.create_global_step()], lambda made: {"step": made[0]}, [STEP]),
    "of unknown shape": (lambda: [tf.Variable(0.0, validate_shape=False)], lambda made: {"a/w": made[0]}, [W]),
}


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("initialised", [True, False])
@pytest.mark.parametrize("name", ROWS)
def test_variables_begin_with_what_is_saved(name, initialised, jit, path):
    make, given, expected = ROWS[name]
    made = make()
    tf.train.init_from_checkpoint(path, given(made))
    reads = [v + tf.zeros_like(v) for v in made]
    with tf.Session(jit=jit) as session:
        if initialised:
            session.run(tf.global_variables_initializer())
        for found, wanted in zip(session.run(reads), expected, strict=True):
            np.testing.assert_array_equal(found, np.zeros_like(found) if wanted is None else wanted)


def test_the_latest_of_a_folder_is_read_when_variables_are_initialised(path):
    w, b = model()
    with tf.Session(jit=False) as session:
        session.run(tf.global_variables_initializer())
        tf.train.init_from_checkpoint("saved", {"a/": "net/"})
        assert not session.run(b).any()
        copied = tf.Variable(b.initialized_value() * 2.0)
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(w), W)
        np.testing.assert_array_equal(session.run(copied), B * 2.0)
        tf.train.remove_checkpoint(path)
        with pytest.raises(errors.NotFoundError, match="saved/model-3"):
            session.run(w.initializer)
        np.testing.assert_array_equal(session.run(w), W)


def test_files_of_graphs_keep_it(path):
    w, _ = model()
    tf.train.init_from_checkpoint(path, {"a/": "net/"})
    for text in (tf.get_default_graph().to_json(), tf.get_default_graph().to_json(w)):
        graph = tf.Graph.from_json(text)
        with tf.Session(graph=graph, jit=False) as session:
            np.testing.assert_array_equal(session.run("net/w:0"), W)


def test_an_initial_value_behind_its_variable_needs_nothing(path):
    """A file in which one needs the variable would never come to an end."""
    v = tf.Variable([0.0, 0.0], name="v")
    tf.train.init_from_checkpoint(path, {"a/b": v})
    tf.identity(v, name="twin")
    text = tf.get_default_graph().to_json()
    places = {n.label: i for i, n in enumerate(tf.get_default_graph().nodes)}
    wrong = text.replace(f'"initial_value": {places["v/checkpoint_initializer"]}', f'"initial_value": {places["twin"]}')
    assert wrong != text
    with pytest.raises(errors.SerializationError, match="comes behind its variable"):
        tf.Graph.from_json(wrong)


MISTAKES = {
    "no checkpoint": (lambda made: tf.train.init_from_checkpoint("saved/none", {}), errors.NotFoundError, "saved/none"),
    "no such tensor": (lambda made: {"a/x": made[0]}, errors.NotFoundError, "has no 'a/x' for net/w"),
    "no such in the scope": (lambda made: {"/": "net/"}, errors.NotFoundError, "has no 'b' for net/b"),
    "no such variable": (lambda made: {"a/w": "net/x"}, errors.GraphError, "made no 'net/x'"),
    "no such scope": (lambda made: {"a/": "nets/"}, errors.GraphError, "the scope 'nets/'"),
    "shape": (lambda made: {"a/b": made[0]}, errors.ShapeError, r"a/b is float32\[2\] in the checkpoint, the variable is net/w"),
    "dtype": (lambda made: {"step": made[0]}, errors.DTypeError, "step is int64"),
    "parts": (lambda made: {"a/w": [made[0], made[0]]}, errors.ShapeError, "a/w is float32"),
    "no map": (lambda made: 3, errors.DTypeError, "not 3"),
    "no name": (lambda made: {"a/w": 3}, errors.DTypeError, "not 3"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_change_nothing(name, path):
    given, error, said = MISTAKES[name]
    made = model()
    with pytest.raises(error, match=said):
        tf.train.init_from_checkpoint(path, given(made))
    with tf.Session(jit=False) as session:
        assert not session.run(made[1]).any()
