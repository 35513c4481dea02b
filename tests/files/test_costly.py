"""Files made to be costly: small ones that would take long or fill memory are refused, or read, in two seconds and a gigabyte."""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

import graphc as tf
from graphc import errors, testing
from graphc.ir.graph import Graph
from graphc.ir.node import OPERATORS
from graphc.testing.operators import build, some_samples

resource = pytest.importorskip("resource", reason="limits are a POSIX idea")
SECONDS, BYTES = 2.0, 1 << 30
Texts = Iterable[tuple[str, str]]          # what each is called, and a file


def read(texts: Texts) -> Iterator[str]:
    """Read each file, and yield what is wrong with how that went."""
    for name, text in texts:
        start = time.process_time()
        try:
            Graph.from_json(text)
            said = ""
        except errors.SerializationError as e:
            said = str(e)
        except BaseException as e:
            yield f"{name}: {type(e).__name__}"
            continue
        taken = time.process_time() - start
        if taken > SECONDS or len(said) > 2000 or "MemoryError" in said:
            yield f"{name}: {taken:.1f} s, {len(said)} characters: {said[:200]}"


def costly(texts: Texts, seconds: float) -> list[str]:
    """What is wrong with how files are read by a process that has a gigabyte more than this one, and so many seconds."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        try:
            size = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGESIZE")
            resource.setrlimit(resource.RLIMIT_AS, (size + BYTES, size + BYTES))
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds),) * 2)
            with os.fdopen(into, "w") as answer:
                for line in read(texts):
                    answer.write(line + "\n")
                answer.write("all read\n")
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out) as answer:
        found = answer.read().splitlines()
    os.waitpid(child, 0)
    return found[:-1] if found[-1:] == ["all read"] else [*found, "then it was ended"]


# ---------------------------------------------------------------------- what is known to have been costly

def placeholder(type: str = "float32[...]", name: str = "x") -> dict[str, Any]:
    return node("placeholder", type=type, name=name, attrs={"type": {"type": type}})


def constant(*values: int, name: str = "c") -> dict[str, Any]:
    array = {"dtype": "int32", "shape": [len(values)], "values": values}
    return node("constant", type=f"int32[{len(values)}]", name=name, attrs={"value": {"array": array}})


def node(op: str, *inputs: int, type: Any = "float32[...]", name: str = "y", attrs: Any = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "op": op, "inputs": inputs, "type": type, "attrs": {**(attrs or {}), **more}}


def many(count: int, make: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**make(i), "name": f"n{i}"} for i in range(count)]


MILLION, ONES = 1_000_000, ",".join(["1"] * 100_000)
# name: the nodes of a file
FILES: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "unstacked into more than memory": lambda: [placeholder(), node("unstack", 0, type=[], num=5 * 10**7, axis=0)],
    "unstacked, as its size says": lambda: [placeholder(f"float32[{10**12}]"), node("unstack", 0, type=[], num=None, axis=0)],
    "split into a million": lambda: [placeholder(f"float32[{MILLION}]"), node("split", 0, type=[], parts=MILLION, axis=0)],
    "split into more than memory": lambda: [placeholder("float32[?]"), node("split", 0, type=[], parts=10**9, axis=0)],
    "split, of any rank": lambda: [placeholder(), node("split", 0, type=[], parts=10**9, axis=0)],
    "split by a long list": lambda: [placeholder("float32[7]"), node("split", 0, type=[], parts=[1] * 300_000, axis=0)],
    "a name of slashes": lambda: [placeholder(name="a/" * 100_000)],
    "names of slashes": lambda: many(300, lambda i: placeholder()) + [placeholder(name="a/" * 1000 + str(i)) for i in range(300)],
    "a long name in an error": lambda: [placeholder(name="a" * MILLION), node("tanh", 0, 0)],
    "a reduction over many axes": lambda: [placeholder(), node("reduce_sum", 0, axis=[*range(100_000)], keepdims=False)],
    "one axis many times": lambda: [placeholder(), node("reduce_sum", 0, axis=[0] * 100_000, keepdims=False)],
    "a reduction of many axes": lambda: [placeholder(f"float32[{ONES}]"), node("reduce_sum", 0, axis=[*range(100_000)], keepdims=True)],
    "many dimensions, claimed": lambda: [placeholder(), node("identity", 0, type=f"float32[{ONES}]")],
    "many dimensions, made": lambda: [placeholder(), constant(*[1] * 100_000), node("reshape", 0, 1), *many(2000, lambda i: node("tanh", 2 + i))],
    "many dimensions, added": lambda: [placeholder("float32[]"), *many(4000, lambda i: node("expand_dims", i, axis=0))],
    "many dimensions, added at once": lambda: [placeholder("float32[]"), node("expand_dims", 0, axis=[*range(100_000)])],
    "many dimensions, indexed": lambda: [placeholder("float32[3]"), node("strided_slice", 0, index=[["new"]] * 100_000)],
    "many dimensions, gathered": lambda: [placeholder("float32[?]"), placeholder(f"int32[{','.join('?' * 60)}]", "i"),
                                          *many(3000, lambda i: node("gather", i + (i > 0), 1, axis=0))],
    "a shape of unknown numbers": lambda: [constant(1, 2, 3), constant(10**9, name="m"), node("tile", 0, 1, type="int32[?]"),
                                           placeholder(name="z"), node("reshape", 3, 2)],
    "a shape that doubles": lambda: [constant(1), *many(45, lambda i: node("concat", i, i, type="int32[?]", axis=0)), placeholder(),
                                     node("reshape", 46, 45)],
    "shapes that follow from each other": lambda: [constant(1, 2), placeholder(), *(n for i in range(3000) for n in (
        node("add", 2 * i * (i > 0), 0, type="int32[2]", name=f"s{i}"), node("reshape", 1, 2 * i + 2, name=f"r{i}")))],
    "axes that follow from each other": lambda: [constant(0), placeholder(), *(n for i in range(3000) for n in (
        node("add", 2 * i * (i > 0), 0, type="int32[1]", name=f"s{i}"),
        node("reduce_sum", 1, axis={"node": 2 * i + 2}, keepdims=False, name=f"r{i}")))],
    "lists in lists": lambda: [placeholder(), node("reduce_sum", 0, axis=[[0] * 1000] * 300, keepdims=False)],
    "many operands": lambda: [placeholder("float32[?]"), node("concat", *[0] * 200_000, axis=0)],
    "many operands, refused": lambda: [placeholder("float32[?]"), node("tanh", *[0] * 500_000)],
    "many operands in an error": lambda: [placeholder("float32[?]"), node("concat", *[0] * 200_000, axis=7)],
    "many types": lambda: [placeholder("float32[4]"), node("split", 0, type=["float32[1]"] * 100_000, parts=4, axis=0)],
}


@pytest.mark.parametrize("name", FILES)
def test_costly_files(name):
    text = json.dumps({"format": "graphc graph", "version": 1, "nodes": FILES[name]()})
    assert costly([(name, text)], 6) == []


# ---------------------------------------------------------------------- every number, text and list that operators have

PLANTS: dict[type, list[Any]] = {int: [10**5, 5 * 10**7, 10**12, 2**62, 10**4000, -10**9], str: ["a" * 100_000, "a/" * 20_000], float: [1e300],
                                 list: [[0] * 20_000, [*range(20_000)], [[0, 0]] * 20_000, [[[]]] * 20_000]}


def places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The paths of all numbers, texts and lists in JSON values, but for those of arrays."""
    yield path, value
    if path[-1:] != ("array",):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value[:4]) if isinstance(value, list) else ():
            yield from places(inner, (*path, key))


def planted(operator: Any, leaves: bool = False) -> Texts:
    """Files of the operator's samples, a number, text or list of one node in each another: of its own, or of its operands (`leaves`)."""
    with Graph().as_default() as graph:
        for sample in some_samples(operator)[:2]:
            build(operator, sample)
    data = json.loads(graph.to_json())
    for i, record in enumerate(data["nodes"]):
        if (record["op"] in ("placeholder", "constant")) is not leaves:
            continue
        for path, value in places({key: record[key] for key in ("attrs", "inputs", "type", "name") if key in record}, ()):
            for plant in PLANTS.get(type(value), []):
                changed = copy.deepcopy({**record})
                container = changed
                for key in path[:-1]:
                    container = container[key]
                container[path[-1]] = plant
                yield f"nodes[{i}] {path} {plant!r:.20}", json.dumps({**data, "nodes": [*data["nodes"][:i], changed, *data["nodes"][i + 1:]]})


@pytest.mark.parametrize("operator", testing.testable(), ids=lambda op: op.name)
def test_costly_numbers_texts_and_lists(operator):
    assert costly(planted(operator), 60) == []


@pytest.mark.parametrize("name", ["reshape", "scatter_nd"])
def test_costly_operands(name):
    """What a placeholder and a constant are made of, whatever takes them."""
    assert costly(planted(OPERATORS[name], leaves=True), 60) == []


def test_a_costly_file_is_noticed(monkeypatch):
    monkeypatch.setattr("graphc.ops.array_join.MOST_PARTS", 10**18)
    text = json.dumps({"format": "graphc graph", "version": 1, "nodes": FILES["split into more than memory"]()})
    assert len(costly([("split", text)], 6)) == 1


# ---------------------------------------------------------------------- names that were read

def test_names_and_scopes_that_were_read_are_taken():
    with Graph().as_default() as graph:
        for name in ("a", "b/c/d", "b_1", "c/", "e.f/g", "h-/i"):
            tf.constant(1.0, name=name)
    with Graph.from_json(graph.to_json()).as_default():
        found = [tf.constant(1.0, name=name).op.name for name in ("a", "a", "b", "b", "b/c", "b/c/d", "c", "e.f", "e", "h", "b/c/d/x", "d")]
        assert found == ["a_1", "a_2", "b_2", "b_3", "b/c_1", "b/c/d_1", "c_1", "e.f_1", "e", "h", "b/c/d/x", "d"]
        with tf.name_scope("b") as scope:
            assert scope == "b_4/"
