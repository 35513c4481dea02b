"""Graphs saved as JSON and read again are the same graphs; anything else in a file is a typed error."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

import graphc as tf
from graphc import errors, testing
from graphc.ir.graph import Graph
from graphc.ir.node import OPERATORS
from graphc.ir.operator import Operator
from graphc.ir.types import TensorType

TESTABLE = testing.testable()


def again(graph: Graph) -> Graph:
    """The graph after a round trip, whose text must come out the same."""
    text = graph.to_json()
    new = Graph.from_json(text)
    assert new.to_json() == text
    return new


def same_nodes(old: Graph, new: Graph) -> None:
    place = {n: i for i, n in enumerate(old.nodes)}
    assert len(old.nodes) == len(new.nodes)
    for a, b in zip(old.nodes, new.nodes, strict=True):
        assert (a.label, a.operator, a.type, a.loc, type(a)) == (b.label, b.operator, b.type, b.loc, type(b))
        assert [place[x] for x in a.inputs] == [new.nodes.index(x) for x in b.inputs]
        assert [place[x] for x in a.control_inputs] == [new.nodes.index(x) for x in b.control_inputs]


def bitwise(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


# ---------------------------------------------------------------------- round trips

@pytest.mark.parametrize("operator", TESTABLE, ids=lambda op: op.name)
def test_every_operator_comes_back(operator):
    testing.check_saved(operator)


def network():
    """A small network with its training step: variables, gradients, control dependencies, random numbers, collections."""
    tf.set_random_seed(3)
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    with tf.variable_scope("layer"):
        w = tf.get_variable("w", [4, 3])
        b = tf.get_variable("b", initializer=np.zeros(3, np.float32))
    h = tf.nn.dropout(tf.nn.relu(x @ w + b), 0.5, name="hidden")
    loss = tf.reduce_mean(tf.square(h[:, 1:]), name="loss")
    step = tf.train.get_or_create_global_step()
    tf.train.AdamOptimizer(0.1).minimize(loss, global_step=step, name="train")
    tf.add_to_collection("notes", "a text")
    tf.add_to_collection("notes", 7)
    tf.global_variables_initializer()
    return loss


@pytest.mark.parametrize("jit", [False, True])
def test_a_network_trains_on_bit_for_bit(jit):
    feed = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    with Graph().as_default() as graph:
        network()
    new = again(graph)
    same_nodes(graph, new)
    losses = []
    for g in (graph, new):
        with tf.Session(graph=g, jit=jit) as session:
            train, = g.get_collection(tf.GraphKeys.TRAIN_OP)
            values = [session.run(["loss:0", train], {"x:0": feed})[0] for _ in range(4)]
            losses.append((values, session.run(g.get_collection(tf.GraphKeys.GLOBAL_VARIABLES))))
    assert len(set(losses[0][0])) > 1
    for a, b in zip(losses[0][0] + losses[0][1], losses[1][0] + losses[1][1], strict=True):
        bitwise(a, b)


def test_collections_names_and_scopes_come_back():
    with Graph().as_default() as graph:
        network()
    new = again(graph)
    for key in graph.get_all_collection_keys():
        names = [[getattr(m, "name", m) for m in g.get_collection(key)] for g in (graph, new)]
        assert names[0] == names[1], key
    assert new.get_collection("notes") == ["a text", 7] and new.seed == 3
    for g in (graph, new):
        with g.as_default(), tf.variable_scope("layer", reuse=True):
            assert tf.get_variable("w") is g.get_tensor_by_name("layer/w:0")
        with g.as_default(), tf.name_scope("layer") as scope:
            assert (scope, tf.constant(1.0, name="x").name) == ("layer_2/", "layer_2/x:0")
    w = new.get_tensor_by_name("layer/w:0")
    assert isinstance(w, tf.Variable) and w.initializer.name == "layer/w/Assign"
    assert len(new.nodes) == len(again(graph).nodes)


def test_only_what_fetches_need():
    with Graph().as_default() as graph:
        loss = network()
    small = Graph.from_json(graph.to_json([loss]))
    assert 0 < len(small.nodes) < len(graph.nodes) / 2
    assert [v.name for v in small.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)] == ["layer/w:0", "layer/b:0"]
    assert small.get_collection(tf.GraphKeys.TRAIN_OP) == []


CONSTANTS = [
    np.array([0.1, -0.0, 1e-45, 3e38], np.float32), np.array([np.nan, np.inf, -np.inf, -0.0]), np.array(-0.0), np.array(2**63 - 1),
    np.array([0x7FF8000000000123, 0x7FF0000000000001], np.uint64).view(np.float64),   # nan with a payload, a signalling one
    np.array([[True], [False]]), np.zeros((0, 3), np.int8), np.arange(1000, dtype=np.int16), np.array([255], np.uint8),
    np.random.default_rng(1).normal(size=(30, 2)),
]


@pytest.mark.parametrize("value", CONSTANTS, ids=lambda v: f"{v.dtype}{list(v.shape)}")
def test_constants_come_back_exactly(value):
    with Graph().as_default() as graph:
        tf.constant(value)
    bitwise(again(graph).nodes[0].attrs["value"], value)


NAMES = ["plain", 'quo"te', "new\nline", "</script>", "-->", "nul\0", "ünï\udc80", "\\", "x" * 1_000_000, ""]


@pytest.mark.parametrize("name", NAMES, ids=lambda n: repr(n[:12]))
def test_any_name_comes_back(name):
    with Graph().as_default() as graph:
        tf.constant(1.0, name=name + "/")
    assert again(graph).nodes[0].label == name


def test_what_set_shape_added_comes_back():
    with Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, None)
        y = tf.exp(x)
        y.set_shape([2, None])
        tf.argmax(y, axis=-1)
    same_nodes(graph, again(graph))


def example(**given):
    lists = {str: lambda v: tf.train.Feature(bytes_list=tf.train.BytesList(value=[v.encode()])),
             int: lambda v: tf.train.Feature(int64_list=tf.train.Int64List(value=[v]))}
    features = {name: lists[type(value)](value) for name, value in given.items()}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


# Of operators whose declarations have no samples: what is fetched, here and of the graph that was read.
PROGRAMS = {
    "summaries": lambda: tf.summary.merge([tf.summary.scalar("s", 1.0), tf.summary.histogram("h", [1.0, 2.0]),
                                           tf.summary.image("i", tf.zeros([2, 2, 2, 3]), max_outputs=1), tf.summary.text("t", tf.constant("x"))]),
    "checks": lambda: tf.check_numerics(tf.Print(tf.constant(1.0), [tf.constant(2.0)], "m", summarize=2, first_n=1), "m"),
    "random numbers": lambda: tf.concat([tf.random_uniform([2], seed=1), tf.truncated_normal([2], seed=3), tf.random_gamma([2], 1.0, seed=1)], 0),
    "texts": lambda: tf.string_join([tf.as_string([1.5], precision=2), tf.regex_replace(tf.substr(["abc"], 0, 2), "a", "b"),
                                     tf.as_string(tf.string_to_hash_bucket_strong(["c"], 5, [1, 2]))], "-"),
    "texts moved": lambda: tf.concat([tf.gather(tf.reverse(tf.constant(["a", "b"]), [0]), [1]), tf.tile(tf.split(["c", "d"], 2)[1], [2])], 0),
    "pictures": lambda: tf.image.decode_png(tf.image.encode_png(tf.zeros([2, 2, 3], tf.uint8))),
    "examples": lambda: tf.parse_single_example(tf.constant(example(x="a", n=3)), {
        "x": tf.FixedLenFeature([], tf.string), "y": tf.FixedLenFeature([], tf.string, default_value="d"),
        "n": tf.FixedLenFeature([1], tf.int64), "m": tf.FixedLenFeature([1], tf.int64, default_value=[7])})["y"],
    "tables": lambda: tf.contrib.lookup.index_table_from_tensor(tf.constant(["a", "c"])).lookup(tf.constant(["c", "z"])),
}


@pytest.mark.parametrize("make", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_come_back(make):
    with Graph().as_default() as graph:
        made = make()
    read = again(graph)
    same_nodes(graph, read)
    values = []
    for each in (graph, read):
        with tf.Session(graph=each, jit=False) as session:
            session.run([n for n in each.get_collection(tf.GraphKeys.TABLE_INITIALIZERS)])
            values.append(session.run(made.name))
    assert np.asarray(values[0]).tolist() == np.asarray(values[1]).tolist()


@pytest.mark.parametrize("attrs, message", [({"kind": "video", "tag": "s", "options": []}, "no summary 'video'"),
                                            ({"kind": "image", "tag": "s", "options": []}, "no summary 'image'"),
                                            ({"kind": "scalar", "tag": "s", "options": [1]}, "no summary 'scalar'")])
def test_what_a_file_says_of_a_summary_is_checked(attrs, message):
    with Graph().as_default() as graph:
        tf.summary.scalar("s", 1.0)
    text = json.loads(graph.to_json())
    text["nodes"][-1]["attrs"] = attrs
    with pytest.raises(errors.SerializationError, match=message):
        Graph.from_json(json.dumps(text))


REFUSED = [
    ("constraint", lambda: tf.Variable(1.0, constraint=abs), "constraint"),
    ("collection", lambda: tf.add_to_collection("things", object()), "collection things"),
]


@pytest.mark.parametrize("make, message", [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_is_no_data_is_refused(make, message):
    with Graph().as_default() as graph:
        make()
    with pytest.raises(errors.SerializationError, match=message):
        graph.to_json()


@pytest.mark.parametrize("operator", [op for op in OPERATORS.values() if isinstance(op, Operator)], ids=lambda op: op.name)
def test_attributes_from_a_file_are_checked(operator):
    """By `prepare`, or against the kind of the default, or by what the declaration says of those that have none; or they are refused."""
    unchecked = [a for a, default in operator.attrs.items() if default is None and a not in operator.kinds]
    assert operator.prepare is not None or not unchecked


# ---------------------------------------------------------------------- files that are none

def small() -> dict:
    """A file as JSON values, with something of every kind in it."""
    with Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        y = tf.pow(x, tf.constant([1.0, 2.0, 3.0]))[1:, ::-1]
        v = tf.Variable(np.ones(3, np.float32), name="v")
        tf.group(v.assign(tf.reduce_sum(y, axis=0)), v.initializer)
        tf.exp(tf.split(tf.random_normal([4, 3], seed=1), 2)[1])
        tf.get_variable("w", [2, 2])
        return json.loads(graph.to_json())


def at(data: dict, op: str) -> dict:
    return next(n for n in data["nodes"] if n["op"] == op)


def edit(of, /, **changes):
    def change(data):
        at(data, of).update(changes)
    return change


def edit_attr(of, /, **changes):
    def change(data):
        at(data, of)["attrs"].update(changes)
    return change


def edit_top(**changes):
    return lambda data: data.update(changes)


def injected(text):
    """A distribution's name is a part of kernel source."""
    return edit_attr("random", distribution=text)


HOSTILE = [
    ("format", edit_top(format="pickle"), "format: 'pickle' is not"),
    ("version", edit_top(version=2), "version: 2 is not 1"),
    ("version as text", edit_top(version="1"), "version"),
    ("nodes", edit_top(nodes={"0": 1}), "nodes: .* is not a list"),
    ("node", lambda d: d["nodes"].insert(0, 5), r"nodes\[0\]: 5 is not an object"),
    ("more keys", edit_top(code="import os"), "has no 'code'"),
    ("more keys of a node", edit("pow", func="os.system"), "has no 'func'"),
    ("operator", edit("pow", op="os.system"), "there is no operator 'os.system'"),
    ("a function of the registry", edit("pow", op="getitem"), "there is no operator"),
    ("operator as list", edit("pow", op=["pow"]), "is not a text"),
    ("name", edit("pow", name=7), "name: 7 is not a text"),
    ("itself", lambda d: at(d, "pow").update(inputs=[d["nodes"].index(at(d, "pow"))] * 2), "not the place of an earlier node"),
    ("later", edit("pow", inputs=[0, 99]), "not the place of an earlier node"),
    ("negative", edit("pow", inputs=[0, -1]), "not the place of an earlier node"),
    ("truth as place", edit("pow", inputs=[0, True]), "not the place of an earlier node"),
    ("inputs", edit("pow", inputs="01"), "is not a list"),
    ("too few", edit("pow", inputs=[0]), "pow takes 2, not 1"),
    ("a claimed shape", edit("pow", type="float32[7]"), r"float32\[7\] is claimed"),
    ("a claimed dtype", edit("pow", type="float64[?,3]"), "is claimed"),
    ("a type that is none", edit("pow", type="float32[?,3"), "is not a type"),
    ("no type", edit("pow", type=None), "is claimed"),
    ("many types", edit("pow", type=["float32[?,3]"]), "is claimed"),
    ("object dtype", edit("placeholder", type="object[?]"), "'object' is not a dtype"),
    ("an endless dimension", edit("placeholder", type="float32[" + "9" * 5000 + "]"), "is not a type"),
    ("placeholder's type", edit_attr("placeholder", type="float32[?]"), "is not what placeholder takes"),
    ("attribute unknown", edit_attr("reduce_sum", func=1), "has no attribute 'func'"),
    ("axis out of range", edit_attr("reduce_sum", axis=[5]), "axis 5 does not exist"),
    ("axis as text", edit_attr("reduce_sum", axis="0"), "do not fit|must be"),
    ("axis is a node", edit_attr("reduce_sum", axis={"node": 0}), "must be known"),
    ("axis is a graph", edit_attr("reduce_sum", axis={"pickle": "gASV"}), "'pickle' is not a kind of value"),
    ("two kinds", edit_attr("reduce_sum", axis={"node": 0, "dtype": "int8"}), "has one key"),
    ("huge number", edit_attr("reduce_sum", axis=[10**400]), "axis 1000"),
    ("step 0", edit_attr("strided_slice", index=[["slice", None, None, 0]]), "is not an index"),
    ("index of texts", edit_attr("strided_slice", index=[["slice", "a", None, 1]]), "is not an index"),
    ("source of a kernel", injected("uniform(0, 0, 0)\n    import os #"), "cannot be drawn"),
    ("integers of reals", injected("integer"), "cannot be drawn"),
    ("item out of range", edit_attr("item", index=9), "no result 9"),
    ("item before the first", edit_attr("item", index=-1), "no result -1"),
    ("item of a tensor", edit("item", inputs=[0]), "does not take"),
    ("results as a tensor", lambda d: at(d, "exp").update(inputs=[d["nodes"].index(at(d, "split"))]), "does not take"),
    ("assign to a constant", lambda d: at(d, "assign").update(inputs=[1, 1]), "sets a variable"),
    ("initialise a constant", edit_attr("initialize", variable={"node": 0}), "is not what initialize takes"),
    ("a variable's initial value", edit("variable", initial_value=0), "is not the type of its initial value"),
    ("a variable without", edit("variable", initial_value=None), "not the place"),
    ("a variable with inputs", edit("variable", inputs=[0]), "has no inputs"),
    ("trainable", edit("variable", trainable="yes"), "is not a truth value"),
    ("line", edit("pow", line=["a.py"]), "is not a file and a line"),
    ("array too short", edit_attr("constant", value={"array": {"dtype": "float32", "shape": [10**15], "values": [1]}}), "do not fill"),
    ("array of huge rank", edit_attr("constant", value={"array": {"dtype": "float32", "shape": [1] * 100, "values": [1]}}), "not a shape"),
    ("array empty and huge", edit_attr("constant", value={"array": {"dtype": "int8", "shape": [0, 2**63], "values": []}}), "do not fill"),
    ("array negative", edit_attr("constant", value={"array": {"dtype": "float32", "shape": [-1], "values": [1]}}), "not a shape"),
    ("array overflows", edit_attr("constant", value={"array": {"dtype": "int8", "shape": [1], "values": [300]}}), "does not fit int8"),
    ("float overflows", edit_attr("constant", value={"array": {"dtype": "float32", "shape": [1], "values": [1e300]}}), "does not fit"),
    ("array of texts", edit_attr("constant", value={"array": {"dtype": "float32", "shape": [1], "values": ["1"]}}), "not a list of"),
    ("base64", edit_attr("constant", value={"array": {"dtype": "float32", "shape": [1], "base64": "!!!"}}), "not base64"),
    ("half a value", edit_attr("constant", value={"array": {"dtype": "float32", "shape": [1], "base64": "AAAA"}}), "not a whole number"),
    ("a truth value of 2", edit_attr("constant", value={"array": {"dtype": "bool", "shape": [1], "base64": "Ag=="}}), "neither 0 nor 1"),
    ("array not an object", edit_attr("constant", value={"array": [1]}), "is not an object"),
    ("another array", edit_attr("constant", value={"array": {"dtype": "int32", "shape": [2], "values": [1, 2]}}), "is claimed"),
    ("collection", edit_top(collections={"c": [{"node": 9999}]}), "not the place"),
    ("collections", edit_top(collections=[1]), "is not an object"),
    ("get_variable", edit_top(get_variable={"w": 0}), "is not a variable"),
    ("default_scopes", edit_top(default_scopes={"": {"a": "1"}}), "is not an integer"),
    ("seed", edit_top(seed=1.5), "seed: 1.5 is not an integer"),
    ("deep", lambda d: at(d, "reduce_sum")["attrs"].update(axis=deep(400)), "must be|too deep|do not fit"),
]


def deep(n):
    value: list = []
    for _ in range(n):
        value = [value]
    return value


@pytest.mark.parametrize("change, message", [r[1:] for r in HOSTILE], ids=[r[0] for r in HOSTILE])
def test_hostile_files(change, message):
    data = small()
    Graph.from_json(json.dumps(data))
    change(data)
    with pytest.raises(errors.SerializationError, match=message):
        Graph.from_json(json.dumps(data))


@pytest.mark.parametrize("text", [
    "", "{", "null", "[]", "7", '"a"', "NaN", '{"format": "graphc graph", "version": NaN}', "[" * 100_000, '{"a":' * 100_000, "1" * 10_000,
    "\x00", "{}", '{"format": "graphc graph", "version": 1}', b"{}", None, 5,
    '{"format": "graphc graph", "version": 1, "nodes": [], "seed": 1e999}',
])
def test_texts_that_are_no_graph(text):
    with pytest.raises(errors.SerializationError):
        Graph.from_json(text)


PLANTS = [None, True, False, 0, -1, 1, 7, 2**31, 10**30, -0.5, 1e300, "", "x", "float32[?]", "int8", [], [0], [[0]], [None], {}, {"node": 0},
          {"operation": 1}, {"dtype": "int64"}, {"type": "bool[]"}, {"float": "nan"}, {"array": {"dtype": "int8", "shape": [], "values": [3]}},
          {"scalar": {"dtype": "float64", "shape": [], "values": [0.5]}}, ["slice", 0, 1, 2], ["int", 0]]


def places(value, path=()):
    """Every (container, key) within JSON values."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for k, v in items:
        yield value, k
        yield from places(v)


def mutate(rng: random.Random, data: dict) -> None:
    spots = list(places(data))
    container, key = rng.choice(spots)
    other, other_key = rng.choice(spots)
    move = rng.randrange(6)
    if isinstance(container[key], int) and move > 3:
        container[key] += rng.choice([-1, 1])
    elif move == 0:
        container[key] = json.loads(json.dumps(rng.choice(PLANTS)))
    elif move == 1:
        container[key] = json.loads(json.dumps(other[other_key]))
    elif move == 2:
        del container[key]
    elif isinstance(container, list):
        container.insert(key, json.loads(json.dumps(other[other_key])))
    else:
        container[rng.choice(["axis", "dtype", "node", "shape", "inputs", "x"])] = container.pop(key)


@pytest.mark.parametrize("block", range(4))
def test_mutated_files_give_typed_errors_or_graphs(block):
    """A thousand files with one or three changes: each is read or refused; what is read can be written, and runs or is refused."""
    rng = random.Random(block)
    original, read, ran = small(), 0, 0
    for _ in range(250):
        data = json.loads(json.dumps(original))
        for _ in range(rng.choice([1, 1, 1, 3])):
            mutate(rng, data)
        try:
            graph = Graph.from_json(json.dumps(data))
        except errors.SerializationError as e:
            assert len(str(e)) < 2000
            continue
        read += 1
        again(graph)
        ran += runs(graph)
    assert read > 10 and ran > 5


def runs(graph: Graph) -> bool:
    fetches = [n for n in graph.nodes if isinstance(n.type, TensorType)]
    with tf.Session(graph=graph, jit=False) as session:
        try:
            session.run(fetches, {n: np.ones([d or 2 for d in n.type.shape or ()]) for n in graph.nodes if n.operator.name == "placeholder"})
        except (errors.GraphcError, MemoryError):
            return False
    return True


@pytest.mark.parametrize("block", range(4))
def test_damaged_texts_give_typed_errors_or_graphs(block):
    """A thousand texts with bytes changed, cut out or doubled."""
    rng = random.Random(100 + block)
    text, refused = json.dumps(small()), 0
    for _ in range(250):
        damaged = text
        for _ in range(rng.randrange(1, 4)):
            i, n = rng.randrange(len(damaged)), rng.randrange(1, 30)
            damaged = rng.choice([damaged[:i] + chr(rng.randrange(128)) + damaged[i + 1:], damaged[:i] + damaged[i + n:],
                                  damaged[:i + n] + damaged[i:], damaged[:i]])
        try:
            again(Graph.from_json(damaged))
        except errors.SerializationError:
            refused += 1
    assert 100 < refused < 250, refused
