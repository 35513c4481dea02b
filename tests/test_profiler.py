"""Profiles: float operations and parameters as TensorFlow 2.15's compat.v1 profiler counts them, views and options, traced runs, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphc as tf

B = tf.profiler.ProfileOptionBuilder


def p(*shape, dtype=tf.float32):
    return tf.placeholder(dtype, shape)


def quiet(options):
    return B(options).with_empty_output().build()


FLOATS = quiet(B.float_operation())
PARAMETERS = quiet(B.trainable_variables_parameter())

# (what, what makes it, total_float_ops of TensorFlow 2.15)
COUNTED = [
    ("matmul", lambda: tf.matmul(p(3, 4), p(4, 5)), 120),
    ("transposed", lambda: tf.matmul(p(4, 3), p(5, 4), transpose_a=True, transpose_b=True), 120),
    ("batch", lambda: tf.matmul(p(2, 3, 4), p(2, 4, 5)), 240),
    ("unknown", lambda: tf.matmul(p(None, 4), p(4, 5)), 0),
    ("conv2d same", lambda: tf.nn.conv2d(p(2, 8, 8, 3), p(3, 3, 3, 4), [1, 1, 1, 1], "SAME"), 27648),
    ("conv2d valid", lambda: tf.nn.conv2d(p(2, 8, 8, 3), p(3, 3, 3, 4), [1, 2, 2, 1], "VALID"), 3888),
    ("depthwise", lambda: tf.nn.depthwise_conv2d(p(2, 8, 8, 3), p(3, 3, 3, 2), [1, 1, 1, 1], "SAME"), 13824),
    ("conv2d_transpose", lambda: tf.nn.conv2d_transpose(p(2, 8, 8, 4), p(3, 3, 3, 4), [2, 8, 8, 3], [1, 1, 1, 1], "SAME"), 27648),
    ("conv3d", lambda: tf.nn.conv3d(p(2, 8, 8, 8, 3), p(3, 3, 3, 3, 4), [1, 1, 1, 1, 1], "SAME"), 663552),
    ("conv1d", lambda: tf.nn.conv1d(p(2, 8, 3), p(3, 3, 4), 1, "SAME"), 1152),
    ("dilation2d", lambda: tf.nn.dilation2d(p(2, 8, 8, 3), p(3, 3, 3), [1, 1, 1, 1], [1, 1, 1, 1], "SAME"), 6912),
    ("bias_add", lambda: tf.nn.bias_add(p(2, 8, 3), p(3)), 48),
    ("max_pool", lambda: tf.nn.max_pool(p(2, 8, 8, 3), [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), 384),
    ("avg_pool", lambda: tf.nn.avg_pool(p(2, 8, 8, 3), [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), 384),
    ("softmax", lambda: tf.nn.softmax(p(3, 4)), 60),
    ("log_softmax", lambda: tf.nn.log_softmax(p(3, 4)), 0),
    ("l2_loss", lambda: tf.nn.l2_loss(p(3, 4)), 35),
    ("sum", lambda: tf.reduce_sum(p(3, 4)), 11),
    ("mean", lambda: tf.reduce_mean(p(3, 4), 0), 12),
    ("max", lambda: tf.reduce_max(p(3, 4), 1), 0),
    ("argmax", lambda: tf.argmax(p(3, 4), 1), 9),
    ("moments", lambda: tf.nn.moments(p(3, 4), [0]), 48),
    ("fused_batch_norm", lambda: tf.nn.fused_batch_norm(p(2, 8, 8, 3), p(3), p(3)), 0),
    ("add_n", lambda: tf.add_n([p(3, 4), p(3, 4), p(3, 4)]), 24),
    ("integers", lambda: p(3, 4, dtype=tf.int32) * p(3, 4, dtype=tf.int32), 12),
    ("broadcast", lambda: p(3, 4) * p(4), 12),
    ("clip", lambda: tf.clip_by_value(p(3, 4), -1.0, 1.0), 24),
    ("pow", lambda: tf.pow(p(3, 4), 2.0), 12),
    ("where", lambda: tf.where(p(3, 4) > 0, p(3, 4), p(3, 4)), 12),
    *((name, lambda name=name: getattr(tf, name)(p(3, 4)), count) for name, count in
      {"negative": 12, "reciprocal": 12, "square": 12, "rsqrt": 24, "log": 12, "sqrt": 0, "exp": 0, "log1p": 0, "tanh": 0, "sigmoid": 0, "abs": 0,
       "floor": 0, "sin": 0, "sign": 0}.items()),
    *((name, lambda name=name: getattr(tf, name)(p(3, 4), p(3, 4)), count) for name, count in
      {"add": 12, "subtract": 12, "multiply": 12, "divide": 12, "maximum": 12, "minimum": 12, "equal": 12, "less": 12, "squared_difference": 24,
       "floordiv": 0, "div_no_nan": 0}.items()),
    # TensorFlow 2.15 counts nothing in its operator Einsum; 1.x made products of it, as graphc does.
    ("einsum", lambda: tf.einsum("ij,jk->ik", p(3, 4), p(4, 5)), 120),
]


@pytest.mark.parametrize("make, count", [row[1:] for row in COUNTED], ids=[row[0] for row in COUNTED])
@pytest.mark.parametrize("view", ["scope", "op", "graph", "code"])
def test_float_operations(make, count, view):
    make()
    assert tf.profiler.profile(cmd=view, options=FLOATS).total_float_ops == count


# ---------------------------------------------------------------------- views and options

@pytest.fixture
def layers():
    """Two products below name scopes, variables of 60 numbers that are trained, and one that is not."""
    x = tf.placeholder(tf.float32, [4, 8], name="x")
    zeros = tf.zeros_initializer()
    with tf.variable_scope("fc"):
        y = tf.nn.bias_add(tf.matmul(x, tf.get_variable("w", [8, 5], initializer=zeros)), tf.get_variable("b", [5], initializer=zeros))
    with tf.variable_scope("out"):
        z = tf.matmul(y, tf.get_variable("w", [5, 3], initializer=zeros))
    tf.get_variable("step", [], trainable=False, initializer=zeros)
    return x, z


def tree(node, *fields):
    return (node.name, *(getattr(node, f) for f in fields), [tree(c, *fields) for c in node.children])


W, BIAS, OUT = ("fc/w", 40, 40, []), ("fc/b", 5, 5, []), ("out", 0, 15, [("out/w", 15, 15, [])])
# (options on top of trainable_variables_parameter, the children that TensorFlow 2.15 shows below the root: name, parameters, total_parameters)
SHOWN = [
    ("all", lambda b: b, [("fc", 0, 45, [BIAS, W]), OUT]),
    ("min_parameters", lambda b: b.with_min_parameters(20), [W]),
    ("max_depth", lambda b: b.with_max_depth(1), []),
    ("scopes alone", lambda b: b.with_max_depth(2), [("fc", 0, 0, []), ("out", 0, 0, [])]),
    ("trim a scope", lambda b: b.with_node_names(trim_name_regexes=["fc"]), [("fc", 0, 0, []), OUT]),
    ("account all", lambda b: b.with_node_names(trim_name_regexes=["fc"]).account_displayed_op_only(False), [("fc", 0, 45, []), OUT]),
    ("hide", lambda b: b.with_node_names(hide_name_regexes=["fc.*"]), [OUT]),
    ("start", lambda b: b.with_node_names(start_name_regexes=["fc.*"]), [("fc", 0, 45, [BIAS, W])]),
    ("show", lambda b: b.with_node_names(show_name_regexes=[".*w"]), [W, ("out/w", 15, 15, [])]),
    ("trim", lambda b: b.with_node_names(trim_name_regexes=["fc/w"]), [("fc", 0, 45, [BIAS, W]), OUT]),
    ("order_by", lambda b: b.order_by("params"), [("fc", 0, 45, [W, BIAS]), OUT]),
]


@pytest.mark.parametrize("change, children", [row[1:] for row in SHOWN], ids=[row[0] for row in SHOWN])
def test_options(layers, change, children):
    root = tf.profiler.profile(options=change(B(PARAMETERS)).build())
    own = sum(c[2] for c in children)
    assert tree(root, "parameters", "total_parameters") == ("_TFProfRoot", 0, own, children)


def test_views(layers):
    """As TensorFlow 2.15 shows them, but for the initial values of its variables: operators are a chain, inputs a tree."""
    op = tf.profiler.profile(cmd="op", options=FLOATS)
    assert tree(op, "float_ops", "total_float_ops") == ("_TFProfRoot", 0, 460, [("MatMul", 440, 460, [("BiasAdd", 20, 20, [])])])
    assert [n.name for n in op.children[0].graph_nodes] == ["fc/MatMul", "out/MatMul"]
    graph = tf.profiler.profile(cmd="graph", options=FLOATS)
    assert tree(graph, "float_ops", "total_float_ops")[-1] == [
        ("out/MatMul", 120, 460, [("fc/BiasAdd", 20, 340, [("fc/MatMul", 320, 320, [])])])]
    scope = tf.profiler.profile(cmd="scope", options=FLOATS)
    assert tree(scope, "total_float_ops")[-1] == [("fc/MatMul", 320, []), ("out/MatMul", 120, []), ("fc/BiasAdd", 20, [])]
    code = tf.profiler.profile(cmd="code", options=FLOATS)
    assert [c.total_float_ops for c in code.children] == [340, 120] and code.children[0].name.startswith("test_profiler.py:")


# (max_depth, account_displayed_op_only, what to hide, names and total_float_ops of TensorFlow 2.15's chain)
CHAINS = [
    (0, True, [], [("_TFProfRoot", 320), ("MatMul", 320)]),
    (0, False, [], [("_TFProfRoot", 460), ("MatMul", 460)]),
    (2, True, [], [("_TFProfRoot", 440), ("MatMul", 440), ("Softmax", 120), ("BiasAdd", 20)]),
    (2, False, [], [("_TFProfRoot", 460), ("MatMul", 460), ("Softmax", 140), ("BiasAdd", 40)]),
    (9, True, ["Mul"], [("_TFProfRoot", 440), ("MatMul", 440), ("Softmax", 120), ("BiasAdd", 20)]),
    (9, False, ["Mul"], [("_TFProfRoot", 460), ("MatMul", 460), ("Softmax", 140), ("BiasAdd", 40)]),
    (9, True, ["MatMul"], [("_TFProfRoot", 140), ("Softmax", 140), ("BiasAdd", 40), ("Mul", 20)]),
    (9, False, ["MatMul"], [("_TFProfRoot", 460), ("Softmax", 140), ("BiasAdd", 40), ("Mul", 20)]),
]


@pytest.mark.parametrize("depth, displayed, hidden, chain", CHAINS)
def test_operators(depth, displayed, hidden, chain):
    y = tf.nn.bias_add(tf.matmul(p(4, 8), p(8, 5)), p(5))
    tf.multiply(tf.nn.softmax(y), y)
    options = B(FLOATS).with_max_depth(depth).account_displayed_op_only(displayed).with_node_names(hide_name_regexes=hidden).build()
    node, found = tf.profiler.profile(cmd="op", options=options), []
    while node is not None:
        found.append((node.name, node.total_float_ops))
        node = next(iter(node.children), None)
    assert found == chain


def test_text(layers, capsys, tmp_path):
    """The rows are TensorFlow 2.15's."""
    tf.profiler.profile(options=B.trainable_variables_parameter())
    rows = ["node name | # parameters", "_TFProfRoot (--/60 params)", "  fc (--/45 params)", "    fc/b (5, 5/5 params)",
            "    fc/w (8x5, 40/40 params)", "  out (--/15 params)", "    out/w (5x3, 15/15 params)"]
    assert capsys.readouterr().out.splitlines() == rows
    tf.profiler.profile(options=B(PARAMETERS).with_file_output(tmp_path / "told").build())
    assert (tmp_path / "told").read_text().splitlines() == rows and capsys.readouterr().out == ""


# (options, total_parameters, total_float_ops): those of the old name are what TensorFlow 1's programs print of their models
FORMER = [("TRAINABLE_VARS_PARAMS_STAT_OPTIONS", 60, 0), ("FLOAT_OPS_OPTIONS", 0, 460)]


@pytest.mark.parametrize("name, parameters, floats", FORMER)
def test_the_former_name(layers, capsys, name, parameters, floats):
    analyzer = tf.contrib.tfprof.model_analyzer
    found = analyzer.print_model_analysis(tf.get_default_graph(), tfprof_options=getattr(analyzer, name))
    assert (found.total_parameters, found.total_float_ops) == (parameters, floats) and "_TFProfRoot" in capsys.readouterr().out


def test_types_and_float_operations_of_a_log(layers, tmp_path):
    log = tf.profiler.OpLogProto([tf.profiler.OpLogEntry("x", 7, ["mine"])])
    found = tf.profiler.profile(op_log=log, options=B(FLOATS).with_accounted_types(["mine"]).build())
    assert tree(found, "total_float_ops")[-1] == [("x", 7, [])]
    tf.profiler.write_op_log(tf.get_default_graph(), tmp_path / "new", log)
    # What TensorFlow's OpLogProto.FromString reads of it begins with this entry: name 1, float_ops 2, types 3.
    entry = b"\x0a\x01x\x10\x07" + b"".join(b"\x1a" + bytes([len(t)]) + t for t in (b"/device:CPU:0", b"Placeholder", b"mine"))
    assert (tmp_path / "new" / "tfprof_log").read_bytes().startswith(b"\x0a" + bytes([len(entry)]) + entry)


# ---------------------------------------------------------------------- traced runs

def metadata(x, z, rows=4, jit=False):
    found = tf.RunMetadata()
    with tf.Session(jit=jit) as sess:
        sess.run(z, {x: np.ones([rows, 8])}, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=found)
    return found


@pytest.mark.parametrize("jit", [False, True])
def test_time_and_bytes(layers, jit):
    x, z = layers
    run = metadata(x, tf.nn.relu(z, name="end"), jit=jit)
    found = tf.profiler.profile(run_meta=run, cmd="scope", options=quiet(B.time_and_memory(0, 0)))
    steps = [e for e in run.events if e.work.made]
    assert abs(found.total_exec_micros - sum(e.end - e.start for e in steps) / 1e3) < 10 and found.total_exec_micros > 0
    assert found.total_cpu_exec_micros == found.total_exec_micros and found.total_accelerator_exec_micros == 0
    end = next(c for c in found.children if c.name == "end")
    assert (end.output_bytes, end.total_requested_bytes, end.run_count, end.devices) == (48, 48, 1, ["/device:CPU:0"])


def test_a_run_tells_the_shapes():
    """Of 6 rows: 2 * 6 * 8 * 5."""
    x = tf.placeholder(tf.float32, [None, 8])
    y = tf.matmul(x, tf.ones([8, 5]))
    assert [tf.profiler.profile(run_meta=m, options=FLOATS).total_float_ops for m in (None, metadata(x, y, 6))] == [0, 480]


def test_steps(layers, tmp_path):
    profiler = tf.profiler.Profiler(tf.get_default_graph())
    runs = [metadata(*layers), metadata(*layers)]
    for step, run in enumerate(runs):
        profiler.add_step(step, run)
    options = B(quiet(B.time_and_memory(min_bytes=0))).with_max_depth(10)
    first, second, mean = (profiler.profile_operations(options.with_step(k).build()).total_exec_micros for k in (0, 1, -1))
    assert abs(mean - (first + second) / 2) <= 1
    (report, *_) = profiler.advise().checkers["ExpensiveOperationChecker"].reports
    assert report.startswith("top 1 operation type: ") and "accelerator: 0us" in report
    profiler.profile_graph(options.with_step(1).with_timeline_output(tmp_path / "t.json").build())
    assert any(e["ph"] == "X" for e in json.loads((tmp_path / "t.json").read_text())["traceEvents"])


REFUSED = [
    (lambda: tf.profiler.profile(cmd="foo"), "cmd 'foo' is none of scope, graph, op, code"),
    (lambda: tf.profiler.profile(options={"order_by": "foo"}), "order_by 'foo' is none of name"),
    (lambda: tf.profiler.profile(options={"select": ["foo"]}), "select 'foo' is none of bytes"),
    (lambda: tf.profiler.profile(options={"output": "foo:x"}), "output 'foo' is none of file, none"),
    (lambda: tf.profiler.profile(options={"output": "file:outfile="}), "names no file"),
    (lambda: tf.profiler.profile(options={"output": "file:outfile=/no/such/place"}), "profile cannot be written"),
    (lambda: tf.profiler.profile(options={"output": "timeline:outfile=x"}), "is of a traced run"),
    (lambda: tf.profiler.profile(options={"hide_name_regexes": ["("]}), "is no pattern"),
    (lambda: tf.profiler.profile(run_meta=tf.RunMetadata()), "holds no traced run"),
    (lambda: tf.profiler.Profiler().add_step(0, None), "NoneType holds no traced run"),
    (lambda: tf.profiler.Profiler().profile_graph({"step": 3}), "there is no step 3"),
    (lambda: tf.profiler.advise(options={"Foo": {}}), "'Foo' is none of ExpensiveOperationChecker"),
]


@pytest.mark.parametrize("call, said", REFUSED, ids=[row[1] for row in REFUSED])
def test_refused(call, said):
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"(?s){said}.*test_profiler.py"):
        call()
