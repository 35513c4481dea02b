"""Messages as protocol buffers' text: what its own package printed is what is printed here, and is read; damaged text is refused with its line."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.files.tf_graph import messages
from tests import ROOT

HERE = ROOT / "tests/data/tf_graphs"
errors = tf.errors
# `written.pbtxt` is what `google.protobuf.text_format.MessageToString` made of `written.pb`.
PRINTED = (HERE / "written.pbtxt").read_text()


def test_the_text_is_that_of_protocol_buffers() -> None:
    message = messages.GraphDef.FromString((HERE / "written.pb").read_bytes())
    assert str(message) == PRINTED and messages.GraphDef.FromString(PRINTED.encode()) == message


@pytest.mark.parametrize("name", ["mlp.meta", "branches.meta", "lstm.meta", "optimizers.meta", "frozen.pb"])
def test_text_says_all(name: str) -> None:
    kind: Any = messages.MetaGraphDef if name.endswith("meta") else messages.GraphDef
    message = kind.FromString((HERE / name).read_bytes())
    assert kind.FromString(str(message).encode()) == message


# Text, and the values that protocol buffers' own parser reads of it.
READ: list[tuple[str, str, Any]] = [
    ("f: 1", "f", 1.0), ("f: -inf", "f", -np.inf), ("f: 1e-3", "f", float(np.float32(1e-3))), ("f: 2.5f", "f", 2.5), ("i: -0x10", "i", -16),
    ("i: 010", "i", 8), ("i: 18446744073709551615", "i", -1), ("type: DT_FLOAT", "type", 1), ("type: DT_INT32_REF", "type", 103),
    ("type: 7", "type", 7),
    ("b: true", "b", True), ("b: 0", "b", False), ('s: "a\\n\\"\\303\\251\\x41" \'b\'', "s", b'a\n"\xc3\xa9Ab'), ("s: \"é\"", "s", "é".encode()),
    ("# of i\ni: 3 # more", "i", 3), ("i: 3; b: true", "b", True), ("unknown { x: [1, 2] y: \"}\" z < > } i: 4", "i", 4),
    ("list { i: [1, 2] i: 3 }", "list.i", [1, 2, 3]), ("list < type: [DT_BOOL, DT_STRING] >", "list.type", [10, 7]),
    ("[some.extension/of] { a: 1 } i: 5", "i", 5), ("func { attr { key: \"a\" value { i: 6 } } }", "func.attr.a.i", 6),
    ("shape: { dim { size: -1 } }", "shape.dim.0.size", -1),
]


@pytest.mark.parametrize("text, path, value", READ, ids=[r[0][:30] for r in READ])
def test_text_is_read(text: str, path: str, value: Any) -> None:
    found: Any = messages.AttrValue.FromString(text.encode() if "unknown" not in text and "[some" not in text else b"i: 0\n" + text.encode())
    for word in path.split("."):
        found = found[int(word)] if word.isdecimal() else found[word] if isinstance(found, dict) else getattr(found, word)
    assert found == value


REFUSED = [
    ('node {\n name: "x"\n', r"GraphDef: line 3 of the text: '' is no name of a field"),
    ("node {\n name: x }", r"line 2 of the text: 'x' is no text in quotes"),
    ('node { attr { key: "a" value { type: DT_FLOATS } } }', r"line 1 of the text: 'DT_FLOATS' is no name of a dtype"),
    ("node {\n\n attr { nokey: 1 } }", r"line 3 .*'nokey' is neither key nor value"),
    ('node { name: "x }', r"line 1 .*'\"x }' is not understood"),
    ("versions { producer: 1.5.2 }", r"line 1 .* is no n"),
    ("node: 3", "node is a message"), ("version { x: 1 }", "version is no message"), ("versions { producer }", "'producer' has no value"),
    ("version: 99999999999999999999", "is no number"), ('node { name: "\\377" }', "is no text of UTF-8"),
    ("node " + "{ node" * 100, "64 messages lie within each other|has no value"),
    ("library " + "{ function { signature " * 40, "messages lie within|no name"),
]


@pytest.mark.parametrize("text, said", REFUSED, ids=[r[1][:40] for r in REFUSED])
def test_what_is_no_such_text_is_refused(text: str, said: str) -> None:
    with pytest.raises(errors.SerializationError, match=said):
        messages.GraphDef.FromString(text.encode())


def test_mutated_text_gives_typed_errors_only() -> None:
    rng, raw, refused = np.random.default_rng(0), PRINTED.encode(), 0
    pieces = [b"{", b"}", b":", b'"', b"<", b"[", b"]", b"-", b"node", b"\\", b"#", b"1e999", b"0x", b"DT_", b"\xff"]
    for _ in range(1500):
        data = bytearray(raw)
        for _ in range(int(rng.integers(1, 4))):
            at, length = int(rng.integers(len(data))), int(rng.integers(0, 9))
            data[at:at + length] = pieces[rng.integers(len(pieces))]
        try:
            messages.GraphDef.FromString(bytes(data))
        except errors.GraphcError:
            refused += 1
    assert refused > 500


def test_programs_write_and_read_text(tmp_path: Any) -> None:
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2], name="x")
        tf.nn.relu(x, name="y")
        path = tf.train.write_graph(graph, str(tmp_path), "net.pbtxt")
        text = str(graph.as_graph_def())
    assert open(path).read() == text and re.match(r'node \{\n  name: "x"\n  op: "Placeholder"', text)
    read = tf.GraphDef()
    with tf.gfile.GFile(path, "rb") as file:
        read.ParseFromString(file.read())
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        y, = tf.import_graph_def(read, return_elements=["y:0"])
        assert session.run(y, {"import/x:0": [1.0, -1.0]}).tolist() == [1.0, 0.0]
    other = messages.GraphDef()
    other.CopyFrom(read)
    again = tf.GraphDef()
    again.CopyFrom(other)
    assert str(again) == str(read) == text
    for message in (read, other):
        with pytest.raises(errors.ArgumentError, match="is no message of the protobuf package.*ParseFromString reads bytes and text"):
            assert message.DESCRIPTOR


def test_graphs_without_theirs_are_text_of_their_own(tmp_path: Any) -> None:
    with tf.Graph().as_default() as graph:
        tf.sort(tf.constant([[1.0]]), 0, name="y")
        path = tf.train.write_graph(graph, str(tmp_path), "net.pbtxt")
        assert "sort" in str(graph.as_graph_def()).lower()
    assert open(path).read() == graph.to_json()
