"""TensorFlow's tools for graphs: parts with other inputs, checkpoints printed, walks, and the single operators of branches."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import graphc as tf

errors = tf.errors
ge = tf.contrib.graph_editor


def inner(path: str) -> Any:
    """A module of TensorFlow's, as programs import it."""
    return import_module(f"graphc.python.{path}")


@pytest.fixture(autouse=True)
def graph() -> Iterator[tf.Graph]:
    with tf.Graph().as_default() as own:
        yield own


# ---------------------------------------------------------------------- branches

FUNCTIONS = [lambda x: x * 10.0, lambda x: x + 1.0, lambda x: -x]


@pytest.mark.parametrize("sel, wanted", [(0, 10.0), (1, 2.0), (2, -1.0)])
def test_one_of_several_is_merged(sel: int, wanted: float) -> None:
    """As preprocessors of pictures choose one of several methods: `merge([f(switch(x, equal(sel, i))[1]) ...])[0]`."""
    flow = inner("ops.control_flow_ops")
    x, which = tf.placeholder(tf.float32, []), tf.placeholder(tf.int32, [])
    y = flow.merge([f(flow.switch(x, tf.equal(which, i))[1]) for i, f in enumerate(FUNCTIONS)])
    slope, = tf.gradients(y.output, x)
    data = tf.get_default_graph().as_graph_def().tensorflow(y.output)
    with tf.Session(jit=False) as session:
        found = session.run([y[0], y.value_index, slope], {x: 1.0, which: sel})
    assert found == [wanted, sel, [10.0, 1.0, -1.0][sel]] and y.output.op.type == "Merge"
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        again, = tf.import_graph_def(tf.GraphDef.FromString(data), name="", return_elements=[y.output.name])
        assert session.run(again, {x.name: 1.0, which.name: sel}) == wanted


def test_both_sides_and_nested_switches() -> None:
    flow = inner("ops.control_flow_ops")
    p, q = tf.placeholder(tf.bool, []), tf.placeholder(tf.bool, [])
    f, t = flow.switch(3.0, p)
    y = flow.merge([flow.switch(t, q)[1] * 2.0, f - 1.0, t]).output
    with tf.Session(jit=False) as session:
        assert [session.run(y, {p: a, q: b}) for a, b in ((True, True), (False, True), (True, False))] == [6.0, 2.0, 3.0]


@pytest.mark.parametrize("wrong, kind, said", [
    (lambda f: f.merge([]), errors.GraphError, "merge takes tensors"),
    (lambda f: f.merge([tf.constant(1.0), tf.constant(2.0)]), errors.GraphError, "is built on no switch"),
    (lambda f: f.switch(1.0, 2.0), errors.DTypeError, r"the predicate .* is not bool\[\]")], ids=["none", "no switch", "no predicate"])
def test_what_is_no_branch_is_refused(wrong: Any, kind: Any, said: str) -> None:
    with pytest.raises(kind, match=said):
        wrong(inner("ops.control_flow_ops"))


# ---------------------------------------------------------------------- files

def test_graphs_get_other_inputs() -> None:
    x = tf.placeholder(tf.string, [], name="file")
    v = tf.reshape(tf.string_to_number(x), [1, -1], name="input")
    tf.identity(tf.nn.relu(v) * 2.0, name="y")
    message = tf.GraphDef.FromString(tf.get_default_graph().as_graph_def().tensorflow("y"))
    for tool in (inner("tools.optimize_for_inference_lib").optimize_for_inference, inner("tools.strip_unused_lib").strip_unused):
        found = tool(message, ["input"], ["y"], tf.float32.as_datatype_enum)
        assert {n.op for n in found.node} & {"Placeholder", "StringToNumber"} == {"Placeholder"}
        with tf.Graph().as_default(), tf.Session(jit=False) as session:
            got, = tf.import_graph_def(found, name="", return_elements=["y:0"])
            assert session.run(got, {"input:0": [[1.0, -2.0]]}).tolist() == [[2.0, 0.0]]
        with pytest.raises(errors.GraphError, match="no node 'none'"):
            tool(message, ["none"], ["y"], 1)


def test_checkpoints_are_printed(tmp_path: Any, capsys: Any) -> None:
    tf.Variable([1.0, 2.0], name="v")
    tf.Variable(3, name="w")
    show = inner("tools.inspect_checkpoint").print_tensors_in_checkpoint_file
    with tf.Session(jit=False) as session:
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "m"))
    capsys.readouterr()
    for arguments, wanted in (((path, "", True), "tensor: v (float32) [2]\n[1. 2.]\ntensor: w (int32) []\n3\n# Total number of params: 3\n"),
                              ((path, "v", False), "tensor: v (float32) [2]\n[1. 2.]\n# Total number of params: 3\n"),
                              ((path, None, False, True), "tensor: v (float32) [2]\ntensor: w (int32) []\n# Total number of params: 3\n"),
                              ((path, "x", False), "Tensor x not found in checkpoint\n")):
        show(*arguments)
        assert capsys.readouterr().out == wanted


# ---------------------------------------------------------------------- walks

def test_walks_and_parts_anew() -> None:
    x = tf.placeholder(tf.float32, [2], name="x")
    with tf.control_dependencies([tf.no_op(name="first")]):
        a = tf.sin(x, name="a")
    b, c = tf.exp(a, name="b"), tf.cos(x, name="c")
    y = tf.add(b, c, name="y")
    names = lambda ops: [op.name for op in ops]  # noqa: E731
    assert names(ge.get_backward_walk_ops(y)) == ["x", "a", "b", "c", "y"]
    assert names(ge.get_backward_walk_ops([b.op], inclusive=False, control_inputs=True)) == ["x", "first", "a"]
    assert names(ge.get_backward_walk_ops(y, stop_at_ts=[a], within_ops_fn=lambda op: op.name != "c")) == ["b", "y"]
    assert names(ge.get_forward_walk_ops(a)) == ["a", "b", "y"]
    assert ge.make_list_of_op([y, y.op]) == [y.op] and len(ge.make_list_of_op(tf.get_default_graph())) == 6
    other = ge.graph_replace({"y": y, "c": c}, {a: tf.constant([0.0, 1.0])})
    with tf.Session(jit=False) as session:
        found, given = session.run([other["y"], other["c"]], {x: [0.0, 0.0]})
        np.testing.assert_allclose(found, np.exp([0.0, 1.0]) + 1.0, 1e-6)
    assert other["c"] is c and given.tolist() == [1.0, 1.0]
    with pytest.raises(errors.GraphError, match="cannot stand for"):
        ge.graph_replace(y, {a: tf.constant(1)})
    with pytest.raises(errors.DTypeError, match="takes tensors and operations, not 3"):
        ge.get_backward_walk_ops([3])
