"""Graphs that TensorFlow 2.15 wrote (`tests/data/tf_graphs`): what graphc computes with them, against what TensorFlow did; and what it refuses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.files.tf_graph import messages
from graphc.files.tf_graph.table import TABLE
from graphc.files.wire import put_varint
from tests import ROOT

HERE = ROOT / "tests/data/tf_graphs"
VALUES = dict(np.load(HERE / "values.npz"))
CASES = {"mlp": {}, "lenet": {"training:0": True}, "lstm": {}, "branches": {}, "optimizers": {}}
errors = tf.errors


@pytest.fixture(autouse=True)
def graph() -> Iterator[tf.Graph]:
    with tf.Graph().as_default() as own:
        yield own


def feeds(case: str) -> dict[str, Any]:
    return {key.split("/", 2)[2]: value for key, value in VALUES.items() if key.startswith(f"{case}/feed/")}


def steps(case: str) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for key, value in VALUES.items():
        of, step, name = key.split("/", 2)
        if of == case and step != "feed":
            found.setdefault(int(step), {})[name] = value
    assert found, f"nothing is recorded of {case}"
    return [found[i] for i in range(len(found))]


def held(session: tf.Session, case: str, prefix: str = "", training: dict[str, Any] | None = None) -> None:
    """Each step's values are TensorFlow's, up to 1e-5 of what sums in another order make of float32."""
    fed = {prefix + name: value for name, value in feeds(case).items()}
    for i, wanted in enumerate(steps(case)):
        found = session.run([prefix + name for name in wanted], fed)
        for name, value in zip(wanted, found, strict=True):
            np.testing.assert_allclose(value, wanted[name], rtol=2e-5, atol=1e-5, err_msg=f"{name} at step {i}")
        if len(steps(case)) > 1:
            session.run(f"{prefix}train", {**fed, **{prefix + name: value for name, value in (training or {}).items()}})


@pytest.mark.parametrize("case, jit", [(case, jit) for case in CASES for jit in (False, True) if jit or case != "optimizers"])
def test_metas_compute_and_train_as_there(case: str, jit: bool) -> None:
    saver = tf.train.import_meta_graph(str(HERE / f"{case}.meta"))
    with tf.Session(jit=jit) as session:
        saver.restore(session, str(HERE / case))
        held(session, case, training=CASES[case])


def test_initial_values_and_collections_are_the_graphs() -> None:
    saver = tf.train.import_meta_graph(str(HERE / "lenet.meta"), import_scope="net")
    assert {v.op.name for v in tf.trainable_variables()} == {f"net/{n}" for n in ("c1/kernel", "c1/bias", "c2/kernel", "c2/bias",
                                                            "bn/gamma", "bn/beta",
                                                                                 "y/kernel", "y/bias", "dense/kernel", "dense/bias")}
    assert [op.name for op in tf.get_collection("train_op")] == ["net/train"]
    with tf.Session(jit=False) as session:
        session.run(tf.global_variables_initializer())
        before = session.run("net/c1/kernel:0")
        assert 0 < np.abs(before).max() < 1, "drawn by the graph's own initial value"
        saver.restore(session, str(HERE / "lenet"))
        held(session, "lenet", "net/", {"training:0": True})


def test_frozen_graphs_as_programs_read_them() -> None:
    graph_def = tf.GraphDef()
    with tf.gfile.GFile(str(HERE / "frozen.pb"), "rb") as file:
        graph_def.ParseFromString(file.read())
    assert {n.op for n in graph_def.node} >= {"Const", "Conv2D", "Switch", "Merge"}
    y, = tf.import_graph_def(graph_def, return_elements=["y/BiasAdd:0"])
    assert y.name == "import/y/BiasAdd:0"
    with tf.Session() as session:
        held(session, "frozen", "import/")
    again = tf.GraphDef.FromString(graph_def.SerializeToString())
    mine = tf.constant(feeds("frozen")["x:0"])
    y, = tf.import_graph_def(again, {"x:0": mine, "training": tf.constant(False)}, ["y/BiasAdd:0"], name="")
    assert y.shape.as_list() == [5, 3], "shapes are those of what stands in its place"
    np.testing.assert_allclose(tf.Session(jit=False).run(y), VALUES["frozen/0/y/BiasAdd:0"], rtol=1e-5, atol=1e-5)


def test_saved_models_have_signatures_and_variables() -> None:
    with tf.Session(jit=False) as session:
        found = tf.saved_model.loader.load(session, ["serve"], str(HERE / "model"))
        signature = found.signature_def["serving_default"]
        assert signature.inputs["features"].tensor_shape.as_list() == [None, 4] and signature.method_name == "tensorflow/serving/predict"
        y = session.run(signature.outputs["scores"].name, {signature.inputs["features"].name: VALUES["model/feed/x:0"]})
        np.testing.assert_allclose(y, VALUES["model/0/y/BiasAdd:0"], rtol=1e-5, atol=1e-5)
    with pytest.raises(errors.NotFoundError, match=r"no graph of the tags \['gpu'\]; it has \[\['serve'\]\]"):
        tf.saved_model.loader.load(tf.Session(), ["gpu"], str(HERE / "model"))


@pytest.mark.parametrize("jit", [False, True])
def test_loops_as_functions_over_lists_of_tensors(jit: bool) -> None:
    """`lists.pb`: TensorFlow 2.15's `StatelessWhile` over lists, h = tanh(h + x[:, i]) for 5 steps, all of them stacked."""
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    message = tf.GraphDef.FromString((HERE / "lists.pb").read_bytes())
    assert {n.op for n in message.node} >= {"TensorListReserve", "TensorListFromTensor", "StatelessWhile", "TensorListStack"}
    y, = tf.import_graph_def(message, name="", return_elements=["Identity:0"])
    h, wanted = np.zeros((2, 3), np.float32), []
    for i in range(5):
        h = np.tanh(h + x[:, i])
        wanted.append(h)
    with tf.Session(jit=jit) as session:
        np.testing.assert_allclose(session.run(y, {"x:0": x}), np.stack(wanted, 1), 1e-5, 1e-6)


# ---------------------------------------------------------------------- made by hand

def node(name: str, op: str, *inputs: str, **attrs: Any) -> messages.NodeDef:
    made = messages.NodeDef(name=name, op=op, input=inputs)
    for key, value in attrs.items():
        made.attr[key].CopyFrom(value)
    return made


def attr(**value: Any) -> messages.AttrValue:
    return messages.AttrValue(**value)


FLOAT, INT = attr(type=1), attr(type=3)


def const(name: str, *values: float, dtype: int = 1, dims: tuple[int, ...] | None = None) -> messages.NodeDef:
    shape = messages.TensorShapeProto(dim=[messages.Dim(size=n) for n in ((len(values),) if dims is None else dims)])
    field = {1: "float_val", 3: "int_val"}[dtype]
    tensor = messages.TensorProto(dtype=dtype, tensor_shape=shape, **{field: list(values)})
    return node(name, "Const", value=attr(tensor=tensor), dtype=attr(type=dtype))


def graph_of(*nodes: messages.NodeDef, functions: tuple[messages.FunctionDef, ...] = ()) -> messages.GraphDef:
    return messages.GraphDef(node=nodes, library=messages.FunctionDefLibrary(function=functions))


def function(name: str, takes: int, *nodes: messages.NodeDef, gives: str) -> messages.FunctionDef:
    arguments = [messages.ArgDef(name=f"a{i}", type=1) for i in range(takes)]
    return messages.FunctionDef(signature=messages.OpDef(name=name, input_arg=arguments, output_arg=[messages.ArgDef(name="out", type=1)]),
                                node_def=nodes, ret={"out": gives})


def call(name: str, f: str, *inputs: str) -> messages.NodeDef:
    return node(name, "PartitionedCall", *inputs, f=attr(func=messages.NameAttrList(name=f)))


FRAME = attr(s=b"f")
LOOP = (node("n", "NextIteration", "s:1"), node("m", "Merge", "e", "n"), node("l", "LoopCond", "m"), node("s", "Switch", "m", "l"),
        node("y", "Exit", "s"))
TWICE = function("twice", 1, node("m", "AddV2", "a0", "a0", T=FLOAT), gives="m:z:0")
BACK = function("f0", 1, call("c", "f0", "a0"), gives="c:output:0")
MANY = tuple(function(f"f{i}", 1, call("c", f"f{i + 1}", "a0"), call("d", f"f{i + 1}", "c:output:0"), gives="d:output:0") for i in range(30))
LAST = function("f30", 1, node("m", "Neg", "a0", T=FLOAT), gives="m:y:0")

WORKS: list[tuple[str, Callable[[], messages.GraphDef], str, Any]] = [
    ("a function, called twice", lambda: graph_of(const("x", 1, 2), call("y", "twice", "x"), call("z", "twice", "y"), functions=(TWICE,)),
         "z:0", [4, 8]),
    ("a tensor of one element, written large", lambda: graph_of(const("x", 3, dims=(200, 300)), const("i", 0, 1, dtype=3),
                                                               node("y", "Mean", "x", "i", T=FLOAT, Tidx=INT)), "y:0", 3),
    ("the second result", lambda: graph_of(const("x", 1, 5, 3), const("k", 2, dtype=3, dims=()), node("y", "TopKV2", "x", "k", T=FLOAT)),
         "y:1", [1, 2]),
    ("names of other graphs' kinds", lambda: graph_of(const("a/b-c.d", 2), node("y", "Identity", "a/b-c.d", T=FLOAT)), "a/b-c.d:0", [2]),
    ("a constant after its user", lambda: graph_of(node("y", "Neg", "x", T=FLOAT), const("x", 2)), "y:0", [-2]),
]


@pytest.mark.parametrize("build, fetch, value", [row[1:] for row in WORKS], ids=[row[0] for row in WORKS])
def test_what_is_made_of_nodes(build: Any, fetch: str, value: Any) -> None:
    tf.import_graph_def(build(), name="")
    np.testing.assert_allclose(tf.Session(jit=False).run(fetch), value)


REFUSED: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("operators that are not here, all of them", lambda: graph_of(const("x", 1), node("a", "Bogus", "x"), node("b", "Bogus", "x"),
         node("c", "NoSuch", "x")),
     errors.UnimplementedError, "graphc has not the operator Bogus: 'a', 'b'; the operator NoSuch: 'c'"),
    ("... within a function", lambda: graph_of(const("x", 1), call("y", "f", "x"), functions=(function("f", 1, node("m", "Bogus", "a0"),
         gives="m:y:0"),)),
     errors.UnimplementedError, "the operator Bogus: 'f/m'"),
    ("attributes that are not here", lambda: graph_of(const("x", 1), node("y", "Neg", "x", T=FLOAT, wild=attr(i=1))), errors.UnimplementedError,
     "the attribute wild of Neg: 'y'"),
    ("dtypes that are not here", lambda: graph_of(node("x", "Placeholder", dtype=attr(type=14))), errors.UnimplementedError,
     "the dtype bfloat16 of Placeholder: 'x'"),
    ("two nodes of one name", lambda: graph_of(const("x", 1), const("x", 2)), errors.SerializationError, "'x' is the name of two nodes"),
    ("an input that is not there", lambda: graph_of(node("y", "Neg", "x")), errors.SerializationError, "'y' takes 'x', which is not there"),
    ("a result that is not there", lambda: graph_of(const("x", 1), node("y", "Neg", "x:7")), errors.UnimplementedError, "not the result 7 of 'x'"),
    ("nodes that need each other", lambda: graph_of(node("x", "Neg", "y"), node("y", "Neg", "x")), errors.SerializationError, "needs itself"),
    ("too few inputs", lambda: graph_of(const("x", 1), node("y", "AddV2", "x")), errors.SerializationError,
     "'y' (AddV2): it has 1 inputs, and needs more"),
    ("too many inputs", lambda: graph_of(const("x", 1), node("y", "Neg", "x", "x")), errors.SerializationError, "it has 2 inputs, and takes 1"),
    ("shapes that do not fit", lambda: graph_of(const("x", 1, 2), const("w", 1, 2, 3), node("y", "AddV2", "x", "w")), errors.ShapeError,
     "'y' (AddV2): "),
    ("an attribute of another kind", lambda: graph_of(const("x", 1), node("y", "Softplus", "x", T=FLOAT), node("z", "Squeeze", "y",
         squeeze_dims=attr(f=1.5))),
     errors.GraphcError, "'z' (Squeeze)"),
    ("a function that calls itself", lambda: graph_of(const("x", 1), call("y", "f0", "x"), functions=(BACK,)), errors.SerializationError,
         "functions"),
    ("functions that make 2^30 nodes", lambda: graph_of(const("x", 1), call("y", "f0", "x"), functions=(*MANY, LAST)), errors.SerializationError,
     "too many nodes"),
    ("a tensor that is too short", lambda: graph_of(const("x", 1, 2, dims=(1 << 40,))), errors.SerializationError, "2 elements of 1099511627776"),
    ("a tensor that is too long", lambda: graph_of(const("x", 1, 2, dims=(1,))), errors.SerializationError,
         "2 elements for a tensor of the shape [1]"),
    ("a size below 0", lambda: graph_of(const("x", 1, dims=(-5,))), errors.SerializationError, "[-5] is not a shape"),
    ("an exit without a loop", lambda: graph_of(const("x", 1), node("y", "Exit", "x")), errors.SerializationError, "leaves a loop and lies in none"),
    ("a loop that nothing enters", lambda: graph_of(*LOOP, node("e", "Enter", frame_name=FRAME)), errors.SerializationError,
     "'m' is the head of a loop without Enter"),
    ("... and one that enters nothing", lambda: graph_of(*LOOP, const("x", 1), node("e", "Enter", "x", frame_name=FRAME),
                                                         node("c", "Enter", frame_name=FRAME)),
     errors.SerializationError, "its nodes do not fit each other"),
    ("a merge of no branches", lambda: graph_of(const("x", 1), node("y", "Merge", "x", "x")), errors.UnimplementedError,
         "not those of the two branches"),
    ("flags that only a run knows", lambda: graph_of(const("x", 1, 2), node("i", "Placeholder", dtype=attr(type=10)), node("y", "Reverse", "x", "i")),
     errors.UnimplementedError, "must be known while the graph is built"),
]


def test_axes_that_only_a_run_knows() -> None:
    read = graph_of(const("x", 1, 5, dims=(1, 2)), node("i", "Placeholder", dtype=INT), node("y", "Max", "x", "i"), node("n", "Sum", "x", "i"),
                    node("t", "ConcatV2", "x", "x", "i", N=attr(i=2)))
    found = tf.import_graph_def(read, return_elements=["y:0", "n:0", "t:0", "i:0"])
    with tf.Session(jit=False) as session:
        for axis, wanted in ((0, ([1, 5], [1, 5], [[1, 5], [1, 5]])), (1, ([5], [6], [[1, 5, 1, 5]]))):
            for value, right in zip(session.run(found[:3], {found[3]: axis}), wanted, strict=True):
                np.testing.assert_array_equal(value, right)


@pytest.mark.parametrize("build, error, message", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused(build: Any, error: type[Exception], message: str, graph: tf.Graph) -> None:
    kept = tf.constant(1.0, name="kept")
    with pytest.raises(error) as caught:
        tf.import_graph_def(build(), name="")
    assert message in str(caught.value) and "test_tf_graph.py:" in str(caught.value)
    assert graph.nodes == [kept] and [op.name for op in graph.get_operations()] == ["kept"], "nothing is added"
    assert tf.constant(1.0, name="y").op.name == "y"


def test_names_that_are_taken_are_refused() -> None:
    tf.constant(1.0, name="x")
    with pytest.raises(errors.GraphError, match="'x' is read, and the graph has x"):
        tf.import_graph_def(graph_of(const("x", 1)), name="")
    with pytest.raises(errors.GraphError, match="input_map names 'no:0'"):
        tf.import_graph_def(graph_of(const("x", 1)), {"no:0": tf.constant(1.0)})


# ---------------------------------------------------------------------- damaged files

NUMBERS = [-1, -2, 0, 1, 7, 2**31 - 1, 2**40, 2**62, -2**63]
TYPES = list(TABLE.by_type)


def changed(graph_def: messages.GraphDef, rng: np.random.Generator) -> None:
    """One to three changes: an input, an operator, an attribute, a constant's shape or numbers."""
    nodes = graph_def.node
    for _ in range(int(rng.integers(1, 4))):
        n, kind = nodes[rng.integers(len(nodes))], rng.integers(6)
        if kind == 0 and n.input:
            n.input[rng.integers(len(n.input))] = nodes[rng.integers(len(nodes))].name
        elif kind == 1:
            n.op = TYPES[rng.integers(len(TYPES))]
        elif kind == 2 and n.attr:
            value = n.attr[list(n.attr)[rng.integers(len(n.attr))]]
            value.CopyFrom(attr(i=int(rng.choice(NUMBERS))) if rng.random() < 0.5 else attr(type=int(rng.integers(25))))
        elif kind == 3 and "value" in n.attr and n.attr["value"].tensor.tensor_shape.dim:
            n.attr["value"].tensor.tensor_shape.dim[0].size = int(rng.choice(NUMBERS))
        elif kind == 4 and n.input:
            del n.input[rng.integers(len(n.input))]
        elif kind == 5 and "value" in n.attr:
            listed = n.attr["value"].tensor.int_val
            listed[:] = [int(x) for x in rng.choice([-1, 0, 1, 5, 100_000, 2**31 - 1], len(listed))]


@pytest.mark.parametrize("name", ["mlp", "branches", "lstm"])
def test_graphs_put_together_wrongly_are_refused(name: str) -> None:
    """Nodes that were changed: a graph, or an error of graphc's, soon, and then nothing is added."""
    raw, rng, refused, longest = (HERE / f"{name}.meta").read_bytes(), np.random.default_rng(1), 0, 0.0
    for _ in range(40):
        meta = messages.MetaGraphDef.FromString(raw)
        changed(meta.graph_def, rng)
        began = time.process_time()
        with tf.Graph().as_default() as own:
            try:
                tf.train.import_meta_graph(meta)
            except errors.GraphcError:
                refused += 1
                assert own.get_operations() == [] or own.get_collection("variables"), "nothing is added, or only the saver is refused"
        longest = max(longest, time.process_time() - began)
    assert refused > 10 and longest < 20


SOURCES = {"mlp.meta": messages.MetaGraphDef, "branches.meta": messages.MetaGraphDef, "frozen.pb": messages.GraphDef}


@pytest.mark.parametrize("name", SOURCES)
def test_damaged_files_are_refused(name: str) -> None:
    """Bytes that were changed, or cut off: a graph, or an error of graphc's, soon."""
    raw, rng = (HERE / name).read_bytes(), np.random.default_rng(0)
    refused, longest = 0, 0.0
    for i in range(120):
        data = bytearray(raw)
        if i % 6 == 0:
            del data[int(rng.integers(len(data))):]
        else:
            for _ in range(int(rng.integers(1, 4))):
                data[int(rng.integers(len(data)))] = int(rng.integers(256))
        began = time.process_time()
        try:
            message = SOURCES[name].FromString(bytes(data))
            with tf.Graph().as_default():
                tf.import_graph_def(message.graph_def if name.endswith("meta") else message, name="")
        except (errors.GraphcError, MemoryError):
            refused += 1
        longest = max(longest, time.process_time() - began)
    assert refused > 30 and longest < 20


def test_messages_within_messages_have_an_end() -> None:
    data = b""
    for _ in range(200):                # a list with a function with an attribute that is such a list
        for tag in (b"\x12", b"\x12", b"\x4a", b"\x0a"):
            data = tag + put_varint(len(data)) + data
    with pytest.raises(errors.SerializationError, match="64 messages lie within each other"):
        messages.AttrValue.FromString(data)
