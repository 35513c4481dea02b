"""What of a checkpoint does not fit is named, and changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors


def _saved(**arrays: Any) -> str:
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        return tf.train.Saver({name: tf.Variable(a) for name, a in arrays.items()}).save(session, "saved")


REPORTS = [
    ("missing", {"v": [1.0]}, {"v": [0.0], "w": [0.0]}, errors.NotFoundError, ["missing: w"], (["v"], ["w"], [], [])),
    ("near", {"dense/kernels": [1.0]}, {"dense/kernel": [0.0]}, errors.NotFoundError, ["missing: dense/kernel; near it: dense/kernels"],
     ([], ["dense/kernel"], [], ["dense/kernels"])),
    ("behind another scope", {"generator/model/h/w": [1.0]}, {"w": [0.0]}, errors.NotFoundError, ["near it: generator/model/h/w"],
     ([], ["w"], [], ["generator/model/h/w"])),
    ("near, of another shape", {"ww": [1.0, 2.0]}, {"w": [0.0]}, errors.NotFoundError, ["missing: w\n", "unexpected: ww"], ([], ["w"], [], ["ww"])),
    ("shape", {"v": [1.0, 2.0]}, {"v": [0.0]}, errors.InvalidArgumentError,
     ["v: float32[2] in the checkpoint, the variable is v: float32[1] (test_restoring"], ([], [], ["v"], [])),
    ("dtype", {"v": [1]}, {"v": [0.0]}, errors.InvalidArgumentError, ["int32[1] in the checkpoint"], ([], [], ["v"], [])),
    ("both", {"v": [1]}, {"v": [0.0], "w": [0.0]}, errors.NotFoundError, ["0 restored, 1 missing, 1 of another type, 0 unexpected"],
     ([], ["w"], ["v"], [])),
    ("unexpected", {"v": [1.0], "x": [2.0]}, {"v": [0.0]}, None, [], (["v"], [], [], ["x"])),
]


@pytest.mark.parametrize("saved, wanted, error, texts, report", [row[1:] for row in REPORTS], ids=[row[0] for row in REPORTS])
def test_what_does_not_fit_is_named(saved, wanted, error, texts, report, folder):
    path = _saved(**saved)
    made = {name: tf.Variable(a, name=name) for name, a in wanted.items()}
    saver = tf.train.Saver(made)
    with tf.Session(jit=False) as session:
        if error is not None:
            with pytest.raises(error) as caught:
                saver.restore(session, path)
            assert all(text in str(caught.value) for text in [*texts, "test_restoring.py:", "nothing is restored from saved.safetensors"])
            assert all(session.run(v).tolist() == wanted[name] for name, v in made.items())
        found = saver.restore(session, path, partial=True)
        assert (found.restored, found.missing, list(found.misshapen), found.unexpected) == report
        assert all(session.run(made[name]).tolist() == saved[name] for name in found.restored)


def test_reshape(folder):
    path = _saved(v=[1.0, 2.0, 3.0, 4.0])
    v = tf.Variable(np.zeros((2, 2), "float32"), name="v")
    with tf.Session(jit=False) as session:
        with pytest.raises(errors.InvalidArgumentError):
            tf.train.Saver().restore(session, path)
        tf.train.Saver(reshape=True).restore(session, path)
        assert session.run(v).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_a_variable_of_open_shape_takes_any(folder, session):
    path = _saved(v=[1.0, 2.0, 3.0])
    v = tf.Variable([0.0], validate_shape=False, name="v")
    twice = v * 2.0
    assert session.run(twice).tolist() == [0.0]
    tf.train.Saver().restore(session, path)
    assert session.run(twice).tolist() == [2.0, 4.0, 6.0]


def test_a_long_report_is_short():
    many = [f"v{i}" for i in range(1000)]
    report = tf.train.RestoreReport([], many, dict.fromkeys(many, "float32[]"), many, {})
    assert len(str(report).splitlines()) < 80 and "missing: and 980 more" in str(report)


def _other_variable() -> Any:
    with tf.Graph().as_default():
        return tf.Variable(1.0)


def _closed() -> tf.Session:
    session = tf.Session()
    session.close()
    return session


MISTAKES = [
    ("no variables", lambda s, v: tf.train.Saver([]), errors.GraphError, "there are no variables to save"),
    ("no list", lambda s, v: tf.train.Saver(3), errors.DTypeError, "not 3"),
    ("no variable", lambda s, v: tf.train.Saver([v + 1]), errors.DTypeError, "is not a Variable"),
    ("a name twice", lambda s, v: tf.train.Saver([v, _other_variable(), _other_variable()]), errors.GraphError, "both have the name Variable"),
    ("a name that is none", lambda s, v: tf.train.Saver({3: v}), errors.GraphError, "3 cannot be a name"),
    ("our own name", lambda s, v: tf.train.Saver({"__metadata__": v}), errors.GraphError, "cannot be a name"),
    ("another graph", lambda s, v: tf.train.Saver([_other_variable()]).save(s, "m"), errors.GraphError, "of another graph than the session's"),
    ("no session", lambda s, v: tf.train.Saver([v]).save("m", s), errors.DTypeError, "is not a Session"),
    ("closed", lambda s, v: tf.train.Saver([v]).save(_closed(), "m"), errors.SessionClosedError, "closed"),
    ("no path", lambda s, v: tf.train.Saver([v]).save(s, 3), errors.GraphError, "3 is no path"),
    ("a folder", lambda s, v: tf.train.Saver([v]).save(s, "d/"), errors.GraphError, "names no file"),
    ("a step", lambda s, v: tf.train.Saver([v]).save(s, "m", "a"), errors.DTypeError, "'a' is no number"),
    ("a step of two", lambda s, v: tf.train.Saver([v]).save(s, "m", tf.constant([1, 2])), errors.DTypeError, "is no number"),
    ("index elsewhere", lambda s, v: tf.train.Saver([v]).save(s, "m", latest_filename="a/b"), errors.GraphError, "a name without folders"),
    ("a folder that is a file", lambda s, v: tf.train.Saver([v]).save(s, "file/m"), errors.CheckpointError, "file/m.safetensors cannot be written"),
    ("restore nothing", lambda s, v: tf.train.Saver([v]).restore(s, None), errors.GraphError, "the path is None"),
    ("restore missing", lambda s, v: tf.train.Saver([v]).restore(s, "no/m"), errors.NotFoundError, "there is no file no/m.safetensors"),
    ("restore noise", lambda s, v: tf.train.Saver([v]).restore(s, "noise.safetensors"), errors.DataLossError, "noise.safetensors is damaged"),
    ("reader", lambda s, v: tf.train.NewCheckpointReader("m"), errors.NotFoundError, "there is no file"),
    ("reader of no variable", lambda s, v: tf.train.load_variable(tf.train.Saver([v]).save(s, "q"), "x"), errors.NotFoundError, "has no 'x'"),
    ("an empty folder", lambda s, v: tf.train.load_checkpoint("."), errors.NotFoundError, "has no checkpoint"),
    ("no graph", lambda s, v: tf.train.import_meta_graph("nothing.meta"), errors.NotFoundError, "there is no file"),
    ("a graph of noise", lambda s, v: tf.train.import_meta_graph("file"), errors.SerializationError, "none of such a message"),
    ("its names are taken", lambda s, v: tf.train.import_meta_graph(tf.train.Saver([v]).save(s, "q")), errors.GraphError, "has v/initial_value"),
    ("saved without", lambda s, v: tf.train.import_meta_graph(tf.train.Saver([v]).save(s, "q", write_meta_graph=False)), errors.NotFoundError,
     "has no graph"),
]


@pytest.mark.parametrize("act, kind, text", [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistakes_are_named(act, kind, text, folder):
    Path("noise.safetensors").write_bytes(b"noise" * 20)
    Path("file").write_bytes(b"noise")
    v = tf.Variable([1.0], name="v")
    with tf.Session(jit=False) as session, pytest.raises(kind) as caught:
        act(session, v)
    assert text in str(caught.value) and ("test_restoring.py:" in str(caught.value) or kind is errors.SerializationError)


def test_an_empty_saver_may_be_asked_for(folder):
    saver = tf.train.Saver(allow_empty=True)
    with tf.Session(jit=False) as session:
        path = saver.save(session, "m")
        saver.restore(session, path)
    assert tf.train.list_variables(path) == []


def test_a_deferred_saver_takes_the_variables_that_are_there_then(folder):
    saver = tf.train.Saver(defer_build=True)
    tf.Variable([1.0], name="late")
    with tf.Session(jit=False) as session:
        assert tf.train.list_variables(saver.save(session, "m")) == [("late", [1])]
