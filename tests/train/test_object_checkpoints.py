"""`tf.train.Checkpoint`: what TensorFlow wrote is read, what is written has its names, matches are asserted, and damage is told of."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from graphc.files.bundle import encode
from graphc.files.checkpoint import open_checkpoint
from graphc.files.table import read_table
from graphc.files.tf_graph.messages import TrackableObject, TrackableObjectGraph
from graphc.train.object_graph import KEY, objects_of
from tests import ROOT
from tests.damage import mutated
from tests.train.objects import objects

THEIRS = str(ROOT / "tests" / "data" / "tf_objects" / "objects-1")


def nodes_of(prefix: str) -> list[TrackableObject]:
    with open_checkpoint(prefix) as found:
        return objects_of(found)


def arrays_of(prefix: str) -> dict[str, Any]:
    return {name: tf.train.load_variable(prefix, name) for name, _ in tf.train.list_variables(prefix) if name != KEY}


def leads(nodes: list[TrackableObject]) -> set[tuple[str, str, str]]:
    """All ways from the first object to a value, each as the names on it, with the names of the value itself."""
    found, stack, through = set(), [(0, "")], set()
    while stack:
        at, path = stack.pop()
        found |= {(path, a.full_name, a.checkpoint_key) for a in nodes[at].attributes}
        for child in nodes[at].children:
            if (at, child.local_name) not in through:
                through.add((at, child.local_name))
                stack.append((child.node_id, f"{path}>{child.local_name}"))
    slots = {(f"{node.attributes[0].checkpoint_key}:{s.slot_name}", nodes[s.slot_variable_node_id].attributes[0].checkpoint_key)
             for owner in nodes for s in owner.slot_variables for node in [nodes[s.original_variable_node_id]]}
    return found | {(slot, "", key) for slot, key in slots}


# ---------------------------------------------------------------------- TensorFlow's

def test_what_tensorflow_wrote_is_restored(folder):
    checkpoint, _ = objects(tf, tf.Module)
    with tf.Session() as session:
        checkpoint.restore(THEIRS).assert_consumed().assert_existing_objects_matched().run_restore_ops()
        assert session.run(checkpoint.save_counter) == 1
        path = checkpoint.write("again")
    theirs, ours = arrays_of(THEIRS), arrays_of(path)
    assert theirs.keys() == ours.keys()
    for name, value in theirs.items():
        assert (value.dtype, value.shape, value.tolist()) == (ours[name].dtype, ours[name].shape, ours[name].tolist()), name
    assert np.ptp(theirs["parts/alone/.OPTIMIZER_SLOT/adam/m/.ATTRIBUTES/VARIABLE_VALUE"]) > 0


def test_what_is_written_leads_to_values_as_tensorflow_s_does(folder):
    checkpoint, step = objects(tf, tf.Module)
    with tf.Session() as session:
        session.run(step)
        ours = leads(nodes_of(checkpoint.save("o", session)))
    assert {(path, key) for path, _, key in ours} == {(path, key) for path, _, key in leads(nodes_of(THEIRS))}


def test_every_object_written_is_one_that_tensorflow_has(folder):
    """Its `assert_consumed` fails for an object that it does not know, even one without a value."""
    def ways(nodes: list[TrackableObject]) -> set[str]:
        paths, queue = {0: ""}, [0]
        for at in queue:
            for child in nodes[at].children:
                if child.node_id not in paths:
                    paths[child.node_id] = f"{paths[at]}>{child.local_name}"
                    queue.append(child.node_id)
        return {path for at, path in paths.items() if not nodes[at].attributes}
    checkpoint, _ = objects(tf, tf.Module)
    with tf.Session():
        ours = ways(nodes_of(checkpoint.write("o")))
    assert ours - ways(nodes_of(THEIRS)) == set()


# ---------------------------------------------------------------------- saving and restoring

def network(**more: Any) -> tuple[Any, Any, Any]:
    v = tf.get_variable("v", initializer=[1.0, 2.0])
    adam = tf.train.AdamOptimizer(0.1)
    return v, adam, tf.train.Checkpoint(v=v, adam=adam, **more)


def test_training_goes_on_where_it_was(folder):
    def build() -> tuple[Any, Any, Any]:
        v, adam, checkpoint = network()
        return v, checkpoint, adam.minimize(tf.reduce_sum(tf.square(v)))
    v, checkpoint, step = build()
    with tf.Session() as session:
        for _ in range(3):
            session.run(step)
        path = checkpoint.save("run/model")
        wanted = [session.run([step, v.read_value()])[1].tolist() for _ in range(2)]
    assert path == tf.train.latest_checkpoint("run") == "run/model-1"
    with tf.Graph().as_default():
        v, checkpoint, step = build()
        with tf.Session() as session:
            checkpoint.restore("run/model-1").assert_consumed().initialize_or_restore()
            assert [session.run([step, v.read_value()])[1].tolist() for _ in range(2)] == wanted
            assert checkpoint.save("run/model") == "run/model-2"


def test_what_is_made_after_restore_is_restored(folder):
    v, adam, checkpoint = network()
    step = adam.minimize(tf.reduce_sum(tf.square(v)))
    with tf.Session() as session:
        session.run(step)
        path = checkpoint.save("o")
        wanted = session.run([adam.get_slot(v, "m"), v]), session.run(checkpoint.save_counter)
    with tf.Graph().as_default():
        v, adam, checkpoint = network()
        status = checkpoint.restore(path)
        with pytest.raises(AssertionError, match=r"has values for 4 objects that are not there: .*\(root\).adam.beta1_power"):
            status.assert_consumed()
        adam.minimize(tf.reduce_sum(tf.square(v)))
        with tf.Session() as session:
            status.assert_consumed().run_restore_ops()
            np.testing.assert_array_equal(session.run(adam.get_slot(v, "m")), wanted[0][0])
            assert (session.run(v).tolist(), session.run(checkpoint.save_counter)) == (wanted[0][1].tolist(), wanted[1])


def test_initialize_or_restore_sets_what_the_checkpoint_has_not(folder):
    v, _, checkpoint = network()
    with tf.Session() as session:
        session.run(v.assign([5.0, 6.0]))
        path = checkpoint.save("o")
    with tf.Graph().as_default():
        w = tf.get_variable("w", initializer=3.0)
        v, _, checkpoint = network(w=w)
        session = tf.Session()
    with session:
        session.run([w.assign(9.0), v.assign([9.0, 9.0])])
        checkpoint.restore(None).initialize_or_restore()
        assert (session.run(v).tolist(), session.run(w)) == ([1.0, 2.0], 3.0)
        session.run([w.assign(9.0)])
        checkpoint.restore(path).initialize_or_restore(session)
        assert (session.run(v).tolist(), session.run(w)) == ([5.0, 6.0], 3.0)


def test_checkpoints_of_a_saver_are_matched_by_names_and_the_other_way(folder):
    v, _, checkpoint = network()
    with tf.Session() as session:
        session.run(v.assign([5.0, 6.0]))
        by_name, by_object = tf.train.Saver([v]).save(session, "named"), checkpoint.save("objects")
        session.run(v.assign([0.0, 0.0]))
        checkpoint.restore(by_name).assert_consumed().initialize_or_restore()
        assert session.run(v).tolist() == [5.0, 6.0]
        session.run(v.assign([0.0, 0.0]))
        tf.train.Saver([v]).restore(session, by_object)
        assert session.run(v).tolist() == [5.0, 6.0]
        with pytest.raises(AssertionError, match="has no values for variables by their names: v2"):
            tf.train.Checkpoint(v=tf.get_variable("v2", [])).restore(by_name).assert_consumed()


def test_a_checkpoint_in_the_place_of_a_saver_s_is_the_one_that_is_read(folder):
    v, _, checkpoint = network()
    with tf.Session() as session:
        tf.train.Saver([v]).save(session, "same")
        session.run(v.assign([5.0, 6.0]))
        checkpoint.write("same")
        session.run(v.assign([0.0, 0.0]))
        checkpoint.restore("same").initialize_or_restore()
        assert session.run(v).tolist() == [5.0, 6.0]


def test_a_state_of_python_s(folder):
    class Words(tf.train.experimental.PythonState):
        text = "first"

        def serialize(self) -> str:
            return self.text

        def deserialize(self, string_value: Any) -> None:
            self.text = tf.compat.as_str(string_value)
    words = Words()
    checkpoint = tf.train.Checkpoint(words=words)
    with tf.Session():
        words.text = "größer"
        path = checkpoint.save("o")
        words.text = "none"
        checkpoint.restore(path).assert_consumed()
        assert words.text == "größer"


# ---------------------------------------------------------------------- refusals

def _misshapen() -> Any:
    with tf.Session() as session:
        path = tf.train.Checkpoint(v=tf.get_variable("a", [2])).save("o", session)
        return tf.train.Checkpoint(v=tf.get_variable("b", [3])).restore(path).run_restore_ops(session)


def _unknown_value() -> Any:
    with tf.Session() as session:
        path = tf.train.Checkpoint(v=tf.get_variable("a", [2])).save("o", session)
        return tf.train.Checkpoint(w=tf.get_variable("b", [2])).restore(path).assert_nontrivial_match() and None


def _other_graph() -> Any:
    v = tf.get_variable("a", [2])
    with tf.Graph().as_default(), tf.Session() as session:
        return tf.train.Checkpoint(v=v).write("o", session)


def _shared_slot() -> Any:
    v, adam, _ = network()
    adam.minimize(tf.reduce_sum(v))
    return tf.train.Checkpoint(v=v, adam=adam, slot=adam.get_slot(v, "m")).write("o", tf.Session())


def _existing() -> Any:
    with tf.Session() as session:
        path = tf.train.Checkpoint(v=tf.get_variable("a", [2])).save("o", session)
        more = tf.train.Checkpoint(v=tf.get_variable("b", [2]), w=[tf.get_variable("c", [2])])
        return more.restore(path).assert_existing_objects_matched()


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "no object": (lambda: tf.train.Checkpoint(x=3), ValueError, r"Checkpoint: x=3 is neither a variable nor an object"),
    "a name of its own": (lambda: tf.train.Checkpoint(save_counter=tf.get_variable("a", [])), errors.ArgumentError, "save_counter= is a name that"),
    "a method's name": (lambda: tf.train.Checkpoint(restore=tf.get_variable("a", [])), errors.ArgumentError, "restore= is a name that a checkpoint"),
    "a tensor": (lambda: tf.train.Checkpoint(x=tf.constant(3)), errors.ArgumentError, "neither a variable"),
    "no path": (lambda: tf.train.Checkpoint().write(3, tf.Session()), errors.GraphError, "Checkpoint.write: 3 is no path"),
    "not a session": (lambda: tf.train.Checkpoint().write("o", 3), errors.DTypeError, "3 is not a Session"),
    "nothing there": (lambda: tf.train.Checkpoint().restore("none"), errors.NotFoundError, "none"),
    "another graph": (_other_graph, errors.GraphError, "of another graph than the session's"),
    "a slot twice": (_shared_slot, errors.UnimplementedError, "is kept by an optimizer and held by another object"),
    "a key that is no text": (lambda: tf.train.Checkpoint(d={3: tf.get_variable("a", [])}).write("o", tf.Session()), errors.GraphError, "not by 3"),
    "another shape": (_misshapen, errors.InvalidArgumentError, r"does not fit: b: float32\[3\].*: float32\[2\] in the checkpoint"),
    "an object without a value": (_existing, errors.UnmatchedError, r"no values for 2 objects that there are: w, w/0"),
    "None consumed": (lambda: tf.train.Checkpoint().restore(None).assert_consumed(), AssertionError, "restore was given None"),
    "None run": (lambda: tf.train.Checkpoint().restore(None).run_restore_ops(), AssertionError, "restore was given None"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(folder, what):
    make, kind, told = REFUSED[what]
    with pytest.raises(kind, match=told) as raised:
        make()
    assert isinstance(raised.value, errors.GraphcError)


def test_no_session(folder, monkeypatch):
    """Keras' own is the one that is meant where Keras is in use."""
    checkpoint = tf.train.Checkpoint(v=tf.get_variable("a", initializer=[1.0]))
    monkeypatch.delitem(sys.modules, "graphc.keras.backend.state", raising=False)
    with pytest.raises(errors.GraphError, match="no session is given, and none is entered"):
        checkpoint.save("o")
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    tf.keras.backend.get_session().run(checkpoint.v.assign([2.0]))
    assert tf.train.load_variable(checkpoint.save("o"), "v/.ATTRIBUTES/VARIABLE_VALUE") == [2.0]


def test_nothing_matches(folder):
    """The count of saves alone is there on both sides; without it nothing matches."""
    with tf.Session() as session:
        path = tf.train.Checkpoint(v=tf.get_variable("a", [2])).write("o", session)
        with pytest.raises(errors.UnmatchedError, match=r"nothing of o matches an object: it has \(root\).v"):
            tf.train.Checkpoint(w=tf.get_variable("b", [2])).restore(path).assert_nontrivial_match()


# ---------------------------------------------------------------------- damage

def _take(prefix: str) -> None:
    v, _, checkpoint = network()
    with tf.Session() as session:
        status = checkpoint.restore(prefix)
        for method in (status.assert_consumed, status.assert_nontrivial_match, lambda: status.initialize_or_restore(session)):
            try:
                method()
            except (errors.UnmatchedError, errors.InvalidArgumentError):
                pass


@pytest.mark.parametrize("seed", range(4))
def test_mutated_files_and_messages(folder, seed):
    """Of the index, of the data, and of the message under right digests: a typed error, or what a graph can match."""
    _, _, checkpoint = network()
    with tf.Session() as session:
        path = checkpoint.save("o", session)
    random, arrays = np.random.default_rng(seed), {n: tf.train.load_variable(path, n) for n, _ in tf.train.list_variables(path)}
    files = {end: Path(path + end).read_bytes() for end in (".index", ".data-00000-of-00001")}
    told = 0
    for turn in range(40):
        for end, data in files.items():
            Path(f"m{end}").write_bytes(data)
        if turn % 2:
            end = [*files][turn // 2 % 2]
            Path(f"m{end}").write_bytes(mutated(files[end], random))
        else:
            text = np.empty((), object)
            text[()] = mutated(arrays[KEY][()], random)
            index, pieces = encode({**arrays, KEY: text})
            Path("m.index").write_bytes(index)
            Path("m.data-00000-of-00001").write_bytes(b"".join(pieces))
        with tf.Graph().as_default():
            try:
                _take("m")
            except errors.GraphcError:
                told += 1
    assert told


MESSAGES: dict[str, tuple[TrackableObjectGraph, str]] = {
    "no objects": (TrackableObjectGraph(), "of its 0 objects"),
    "a child that is not there": (TrackableObjectGraph.FromString(b"\n\x06\n\x04\x08\x03\x12\x00"), "of its 1 objects one is spoken of"),
}


@pytest.mark.parametrize("what", MESSAGES)
def test_messages_that_are_none(folder, what):
    text = np.empty((), object)
    message, told = MESSAGES[what]
    text[()] = message.SerializeToString()
    index, pieces = encode({KEY: text})
    Path("m.index").write_bytes(index)
    Path("m.data-00000-of-00001").write_bytes(b"".join(pieces))
    with pytest.raises(errors.DataLossError, match=told):
        tf.train.Checkpoint().restore("m")


def test_a_value_that_is_spoken_of_and_not_there(folder):
    v, _, checkpoint = network()
    with tf.Session() as session:
        path = checkpoint.save("o", session)
        index, pieces = encode({KEY: tf.train.load_variable(path, KEY)})
        Path("m.index").write_bytes(index)
        Path("m.data-00000-of-00001").write_bytes(b"".join(pieces))
        with pytest.raises(errors.DataLossError, match="speaks of '.*/.ATTRIBUTES/VARIABLE_VALUE' and has it not"):
            checkpoint.restore("m").run_restore_ops(session)


def test_objects_that_hold_each_other_in_a_circle(folder):
    first, second = tf.Module(), tf.Module()
    first.other, second.other, second.v = second, first, tf.get_variable("v", initializer=[1.0])
    first.itself = [first]
    first.itself.append(first.itself)
    checkpoint = tf.train.Checkpoint(first=first)
    with tf.Session() as session:
        path = checkpoint.save("o")
        session.run(second.v.assign([0.0]))
        checkpoint.restore(path).assert_consumed().run_restore_ops()
        assert session.run(second.v) == [1.0]


def test_texts_are_written_as_tensorflow_s_are():
    """The message's bytes stand in TensorFlow's file, and its entry ends with the same checksum."""
    index, pieces = encode({KEY: tf.train.load_variable(THEIRS, KEY)})
    assert b"".join(pieces) in Path(f"{THEIRS}.data-00000-of-00001").read_bytes()
    ours, theirs = (read_table(data)[KEY.encode()] for data in (index, Path(f"{THEIRS}.index").read_bytes()))
    assert ours[-5:] == theirs[-5:]
