"""Graphs: names and scopes as TensorFlow 1 gives them, which graph is the default, collections, what must run before."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors


def names(*made: str | tuple[str, ...]) -> list[str]:
    """The names that constants get, asked for in order; of a tuple the last is a constant's and the others are scopes'."""
    found = []
    for asked in made:
        *scopes, name = asked if isinstance(asked, tuple) else (asked,)
        opened = [tf.name_scope(scope) for scope in scopes]
        for scope in opened:
            scope.__enter__()
        found.append(tf.constant(1.0, name=name).op.name)
        for scope in reversed(opened):
            scope.__exit__(None, None, None)
    return found


# (names asked for, names given)
NAMES = [
    (["a", "a", "a"], ["a", "a_1", "a_2"]),
    (["a", "a_1", "a"], ["a", "a_1", "a_2"]),
    (["a/"], ["a"]),
    ([("s", "a"), ("s", "a"), "s"], ["s/a", "s_1/a", "s_2"]),
    ([("s", "t", "a"), ("s/", "a"), ("s/", "t", "a")], ["s/t/a", "s/a", "s/t_1/a"]),
    ([("s", "", "a"), ("s", "t", "b/")], ["a", "b"]),
    ([("s", "_a"), ("s", "_t", "-b")], ["s/_a", "s_1/_t/-b"]),
]


@pytest.mark.parametrize("asked, given", NAMES)
def test_names(asked: list[Any], given: list[str]) -> None:
    assert names(*asked) == given
    graph = tf.get_default_graph()
    assert [graph.get_tensor_by_name(f"{name}:0").op.name for name in given] == given
    assert [graph.get_operation_by_name(name).name for name in given] == given == [op.name for op in graph.get_operations()]


@pytest.mark.parametrize("name", ["", " a", "a b", "ä", "a\n", "_a", "x" * 100_000])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(errors.GraphError, match="is not a name") as caught:
        tf.get_default_graph().unique_name(name)
    if name != "_a":                # within a scope a name may begin so
        with tf.name_scope("s"), pytest.raises(errors.GraphError, match="is not a name"):
            tf.get_default_graph().unique_name(name)
    assert "test_graph.py:" in str(caught.value)


def test_a_scope_ends_with_its_block_whatever_happens() -> None:
    with pytest.raises(KeyError), tf.name_scope("s"):
        raise KeyError
    assert names("a") == ["a"]


def test_default_graphs_are_a_thread_s_own(fresh_graph: tf.Graph) -> None:
    seen = []
    with tf.Graph().as_default() as inner:
        assert tf.get_default_graph() is inner and tf.constant(1.0).graph is inner
        with pytest.raises(errors.GraphError, match="inside"):
            tf.reset_default_graph()
        thread = threading.Thread(target=lambda: seen.append(tf.get_default_graph()))
        thread.start()
        thread.join()
    assert tf.get_default_graph() is fresh_graph and seen[0] not in (inner, fresh_graph) and not fresh_graph.nodes


def test_nodes_of_two_graphs_do_not_mix(fresh_graph: tf.Graph) -> None:
    mine = tf.constant(1.0)
    with tf.Graph().as_default():
        with pytest.raises(errors.GraphError):
            tf.add(mine, tf.constant(2.0))
        with pytest.raises(errors.GraphError):
            tf.get_default_graph().as_graph_element(mine)


def test_collections(fresh_graph: tf.Graph) -> None:
    with tf.name_scope("s"):
        a = tf.constant(1.0, name="a")
    b = tf.constant(1.0, name="b")
    for node in (a, b):
        tf.add_to_collection("kept", node)
    assert tf.get_collection("kept") == [a, b] and tf.get_collection("kept", scope="s") == [a] and tf.get_collection("none") == []
    tf.get_collection("kept").clear()
    assert tf.get_collection_ref("kept") is tf.get_collection_ref("kept") and tf.get_collection("kept") == [a, b]
    assert "kept" in fresh_graph.get_all_collection_keys()


def test_what_must_run_before_runs_before(session: tf.Session) -> None:
    v = tf.Variable(np.float32(1), name="v")
    with tf.control_dependencies([v.assign_add(1.0)]):
        with tf.control_dependencies(None):
            free = tf.constant(5.0) * 2.0
        read = tf.identity(v)
    session.run(tf.global_variables_initializer())
    assert not free.op.control_inputs and session.run(free) == 10 and session.run(v) == 1
    assert session.run(read) == 2 and session.run(v) == 2


def test_a_graph_shows_itself(fresh_graph: tf.Graph) -> None:
    tf.constant(1.0) + 2.0
    assert repr(fresh_graph) == "<Graph of 3 nodes>"
    fresh_graph.finalize()
    assert repr(fresh_graph) == "<Graph of 3 nodes, finalized>"


def test_nothing_is_added_to_a_finalized_graph(fresh_graph: tf.Graph) -> None:
    tf.constant(1.0, name="a")
    fresh_graph.finalize()
    for add in (lambda: tf.constant(2.0), lambda: tf.Variable(1.0)):
        with pytest.raises(errors.FinalizedError, match="the graph is finalized\n  at test_graph.py:"):
            add()
    assert [node.label for node in fresh_graph.nodes] == ["a"]
