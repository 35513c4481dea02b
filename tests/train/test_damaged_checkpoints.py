"""Damaged checkpoints and indices are named; the one before them is used, and nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphc as tf
from graphc import errors


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-2] ^= 4
    path.write_bytes(bytes(data))


DAMAGE = [("cut off", _cut, "bytes of data are wanted"), ("a bit", _flip, "another digest"),
("emptied", lambda p: p.write_bytes(b""), "ends after 0"),
          ("gone", lambda p: tf.train.remove_checkpoint(p.with_suffix("")), "cannot be used"),
          ("a folder", lambda p: (p.unlink(), p.mkdir()), "cannot be read")]


@pytest.mark.parametrize("most", [5, None], ids=["listed", "not listed"])
@pytest.mark.parametrize("damage, text", [row[1:] for row in DAMAGE], ids=[row[0] for row in DAMAGE])
def test_the_one_before_a_damaged_checkpoint_is_used(damage, text, most, folder):
    w = tf.Variable([1.0], name="w")
    saver = tf.train.Saver(max_to_keep=most)
    with tf.Session(jit=False) as session:
        for i in range(3):
            session.run(w.assign([float(i)]))
            saver.save(session, "d/m", i)
        damage(Path("d/m-2.safetensors"))
        if most is None and text == "cannot be used":
            return              # nothing says that another was there
        with pytest.warns(errors.CheckpointWarning) as caught:
            path = tf.train.latest_checkpoint("d")
        assert path == "d/m-1" and any(text in str(w.message) for w in caught)
        assert all("d/m-2" in str(w.message) for w in caught) and any("d/m-1 is used instead" in str(w.message) for w in caught)
        assert {w.filename for w in caught} == {__file__}
        saver.restore(session, path)
        assert session.run(w) == [1.0]


@pytest.mark.parametrize("damage", [_cut, _flip, lambda p: p.write_bytes(b"\xff" * 40)], ids=["cut off", "a bit", "noise"])
def test_a_damaged_index_is_named_and_the_folder_looked_through(damage, folder):
    tf.Variable([1.0], name="w")
    saver = tf.train.Saver()
    with tf.Session(jit=False) as session:
        for i in (2, 10, 1):
            saver.save(session, "d/m", i)
    damage(Path("d/checkpoint"))
    with pytest.warns(errors.CheckpointWarning, match="d/checkpoint is damaged"):
        assert tf.train.latest_checkpoint("d") == "d/m-1"


def test_all_damaged_is_an_error(folder):
    tf.Variable([1.0], name="w")
    with tf.Session(jit=False) as session:
        tf.train.Saver().save(session, "d/m")
    _flip(Path("d/m.safetensors"))
    with pytest.warns(errors.CheckpointWarning), pytest.raises(errors.DataLossError, match="no checkpoint of d is whole"):
        tf.train.latest_checkpoint("d")


def test_a_damaged_checkpoint_changes_nothing(folder):
    a, b = tf.Variable([1.0], name="a"), tf.Variable([1.0], name="b")
    saver = tf.train.Saver()
    with tf.Session(jit=False) as session:
        path = saver.save(session, "m", write_meta_graph=False)
        _flip(Path("m.safetensors"))
        session.run([a.assign([5.0]), b.assign([5.0])])
        with pytest.raises(errors.DataLossError, match="m.safetensors is damaged"):
            saver.restore(session, path)
        assert session.run([a, b]) == [[5.0], [5.0]]
