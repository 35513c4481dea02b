"""Variables that begin with those of a checkpoint: which, under which names, and by which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors


@pytest.fixture
def saved(folder):
    """w [3, 2], u [2, 3], b [2] and a variable that is not trained, as `old/m`; files of words."""
    Path("old.txt").write_text("mercury\nvenus\nmars\n")
    Path("new.txt").write_text("venus\njupiter\nmercury")
    Path("twice.txt").write_text("venus\nmars\nvenus\n")
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.Variable(np.arange(6, dtype="float32").reshape(3, 2), name="w")
        u, b = tf.Variable(np.arange(6, dtype="float32").reshape(2, 3), name="u"), tf.Variable([5.0, 6.0], name="b")
        c = tf.Variable(7.0, trainable=False, name="c")
        tf.train.Saver().save(session, "old/m")
        tf.train.Checkpoint(w=w, u=u, b=b, c=c).write("objects", session)


def counted(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
    return tf.reshape(tf.cast(tf.range(1, tf.reduce_prod(shape) + 1), tf.float32) * 10, shape)


# Shape, name in the checkpoint, arguments of VocabInfo, and what TensorFlow 2.15's `warm_start` makes of it.
BY_WORDS: dict[str, tuple[list[int], str, dict[str, Any], Any]] = {
    "rows": ([4, 2], "w", {"num_oov_buckets": 1, "backup_initializer": counted}, [[2, 3], [10, 20], [0, 1], [10, 20]]),
    "columns": ([2, 4], "u", {"num_oov_buckets": 1, "backup_initializer": counted, "axis": 1}, [[1, 10, 0, 10], [4, 20, 3, 20]]),
    "zeros for those that are new": ([3, 2], "w", {}, [[2, 3], [0, 0], [0, 1]]),
    "of the first old word": ([3, 2], "w", {"old_vocab_size": 1}, [[0, 0], [0, 0], [0, 1]]),
    "of the first new words": ([2, 2], "w", {}, [[2, 3], [0, 0]]),
}


@pytest.mark.parametrize("what", BY_WORDS)
def test_by_words(saved, what):
    shape, name, options, wanted = BY_WORDS[what]
    v, b = tf.get_variable("v", shape), tf.get_variable("b", [2])
    info = tf.train.VocabInfo(**{"new_vocab": "new.txt", "new_vocab_size": 3, "num_oov_buckets": 0, "old_vocab": "old.txt", **options})
    tf.train.warm_start("old", var_name_to_vocab_info={"v": info}, var_name_to_prev_var_name={"v": name})
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert (session.run(v).tolist(), session.run(b).tolist()) == (wanted, [5, 6])


# What is warm started, and which of b (trained) and c (not) has its value; the third is left at -1.
CHOSEN: dict[str, tuple[Any, list[float]]] = {
    "a pattern": ("b", [5, -1, -1]), "all that are trained": (".*", [5, -1, -1]),
    "patterns": (["b", "c"], [5, 7, -1]), "nothing": (None, [-1, -1, -1]),
    "variables": (lambda: [v for v in tf.global_variables() if v.op.name == "c"], [-1, 7, -1]),
}


@pytest.mark.parametrize("path", ["old", "old/m", "objects"])
@pytest.mark.parametrize("what", CHOSEN)
def test_which_variables(saved, what, path):
    chosen, wanted = CHOSEN[what]
    made = [tf.Variable([-1.0, -1.0], name="b"), tf.Variable(-1.0, trainable=False, name="c"), tf.Variable(-1.0, trainable=False, name="other")]
    tf.train.warm_start(path, vars_to_warm_start=chosen() if callable(chosen) else chosen)
    with tf.Session() as session:
        assert [float(np.ravel(session.run(v))[0]) for v in made] == wanted


def _info(**options: Any) -> Any:
    return tf.train.VocabInfo(**{"new_vocab": "new.txt", "new_vocab_size": 3, "num_oov_buckets": 0, "old_vocab": "old.txt", **options})


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "an unused name": ({"var_name_to_prev_var_name": {"x": "w"}}, ValueError, r"var_name_to_prev_var_name names \['x'\], which is not chosen"),
    "an unused vocabulary": ({"var_name_to_vocab_info": {"x": _info()}}, ValueError, "var_name_to_vocab_info names"),
    "no pattern": ({"vars_to_warm_start": 3}, errors.GraphError, "a pattern, or a list of patterns or of variables, not 3"),
    "mixed": ({"vars_to_warm_start": ["w", 3]}, errors.GraphError, "a list of patterns or of variables"),
    "no file": ({"var_name_to_vocab_info": {"w": _info(new_vocab="none.txt")}}, errors.NotFoundError, "none.txt"),
    "too few words": ({"var_name_to_vocab_info": {"w": _info(old_vocab_size=4)}}, errors.InvalidArgumentError, "old_vocab has 3 words, not 4"),
    "a word twice": ({"var_name_to_vocab_info": {"w": _info(old_vocab="twice.txt")}}, errors.InvalidArgumentError, "has the word b'venus' twice"),
    "an axis": ({"var_name_to_vocab_info": {"w": _info(axis=2)}}, ValueError, "axis is 0 or 1, not 2"),
    "another shape": ({"var_name_to_vocab_info": {"w": _info()}, "var_name_to_prev_var_name": {"w": "u"}}, errors.ShapeError, "u is float32"),
    "not there": ({"var_name_to_vocab_info": {"w": _info()}, "var_name_to_prev_var_name": {"w": "none"}}, errors.NotFoundError, "has no 'none'"),
    "not enough places": ({"var_name_to_vocab_info": {"w": _info(new_vocab_size=2)}}, errors.ShapeError, "has not 2 [+] 0 places along axis 0"),
    "no checkpoint": ({"ckpt_to_initialize_from": "nowhere"}, errors.NotFoundError, "nowhere"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(saved, what):
    options, kind, told = REFUSED[what]
    tf.get_variable("w", [3, 2])
    with pytest.raises(kind, match=told):
        tf.train.warm_start(**{"ckpt_to_initialize_from": "old", **options})


def test_an_object_s_checkpoint_lacks_a_variable(saved):
    tf.get_variable("d", [2])
    with pytest.raises(errors.NotFoundError, match=r"objects has no values for \['d'\]"):
        tf.train.warm_start("objects")
