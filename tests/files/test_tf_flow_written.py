"""Loops, branches, training steps and sparse tensors leave as TensorFlow's: its executor's rules hold, and what is read back computes the same.

TensorFlow 2.15 has run the bytes of all rows: its values differed from these by 2e-7 at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf

STEPS = 2


@pytest.fixture(autouse=True)
def graph() -> Iterator[tf.Graph]:
    with tf.Graph().as_default() as own:
        yield own


def fed(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def steps(size: int | None = 5) -> Any:
    return tf.placeholder(tf.float32, [None, size, 3], name="x")


def lstm() -> Any:
    out, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), steps(), dtype=tf.float32)
    return [out, state.c, state.h]


def gru_of_lengths() -> Any:
    out, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), steps(), sequence_length=tf.placeholder(tf.int32, [None], name="n"), dtype=tf.float32)
    return [out, state]


def lstm_step() -> Any:
    out, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), steps(None), dtype=tf.float32)
    loss = tf.reduce_mean(tf.square(out))
    return [loss, state.c], tf.train.GradientDescentOptimizer(0.5).minimize(loss)


def branches() -> Any:
    x = tf.placeholder(tf.float32, [3], name="x")
    y = tf.cond(x[0] > 0.0, lambda: x * 2.0, lambda: tf.zeros([3]) - x)
    z = tf.cond(x[1] > 0.0, lambda: (tf.constant(1.0), y), lambda: (tf.constant(2.0), y + 1.0))
    return [y, z[0], z[1], tf.gradients(y, x)[0]]


def loops() -> Any:
    """One with a condition of its own, one within another, a branch in one, and the derivative of the first."""
    x = tf.placeholder(tf.float32, [], name="x")
    i, y = tf.while_loop(lambda i, y: y < 100.0, lambda i, y: (i + 1, y * x + 1.0), [0, x], maximum_iterations=20)
    _, b = tf.while_loop(lambda i, y: i < 4, lambda i, y: (i + 1, tf.while_loop(lambda j, z: j < i, lambda j, z: (j + 1, z * x), [0, y])[1]), [0, x])
    _, c = tf.while_loop(lambda i, y: i < 4, lambda i, y: (i + 1, tf.cond(y > 2.0, lambda: y - x, lambda: y + 2.0)), [0, x])
    return [i, y, b, c, tf.gradients(y, x)[0]]


def maps() -> Any:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    scanned = tf.scan(lambda a, r: a * r, x)
    return [tf.map_fn(lambda r: tf.reduce_sum(r * r), x), scanned, tf.foldl(lambda a, r: a * 0.5 + r, x), tf.gradients(scanned, x)[0]]


def arrays() -> Any:
    x = tf.placeholder(tf.float32, [4, 3], name="x")
    given, out = tf.TensorArray(tf.float32, 4).unstack(x), tf.TensorArray(tf.float32, 4)
    _, out = tf.while_loop(lambda i, o: i < 4, lambda i, o: (i + 1, o.write(3 - i, given.read(i) * 2.0)), [0, out])
    return [out.stack(), tf.TensorArray(tf.float32, 2).write(0, x[0]).write(1, x[1]).stack()]


def state() -> Any:
    """A loop that assigns to a variable, and an effect in a branch."""
    x = tf.placeholder(tf.float32, [], name="x")
    v = tf.get_variable("v", [], initializer=tf.zeros_initializer())

    def body(i: Any) -> Any:
        with tf.control_dependencies([v.assign_add(x)]):
            return i + 1
    i = tf.while_loop(lambda i: i < 3, body, [0])
    with tf.control_dependencies([i]):
        after = v.read_value()
    return [tf.cond(x > 0.0, lambda: tf.Print(x, [x], summarize=1) * 2.0, lambda: x)], tf.group(after)


def lenet_step() -> Any:
    x = tf.placeholder(tf.float32, [None, 12, 12, 1], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    first = tf.layers.max_pooling2d(tf.layers.conv2d(x, 3, 5, padding="same", activation=tf.nn.relu), 2, 2)
    second = tf.layers.average_pooling2d(tf.layers.conv2d(first, 4, 3, activation=tf.nn.elu), 3, 2, padding="same")
    loss = tf.losses.sparse_softmax_cross_entropy(y, tf.layers.dense(tf.layers.flatten(second), 10))
    return [loss], tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss)


def embedding_step() -> Any:
    ids, y = tf.placeholder(tf.int32, [None, 3], name="i"), tf.placeholder(tf.int32, [None], name="y")
    h = tf.reduce_mean(tf.nn.embedding_lookup(tf.get_variable("t", [7, 4]), ids), 1)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=tf.layers.dense(h, 5)))
    return [loss], tf.train.AdagradOptimizer(0.1).minimize(loss)


def norm_step() -> Any:
    h = tf.layers.conv2d(tf.placeholder(tf.float32, [None, 4, 4, 2], name="x"), 3, 3, use_bias=False)
    h = tf.nn.relu(tf.layers.batch_normalization(h, training=True))
    loss = tf.reduce_mean(tf.square(h))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return [loss, h], tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)


def others() -> Any:
    """What is several operations of TensorFlow's."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    matrix = tf.SparseTensor([[0, 1], [1, 0]], [1.0, 2.0], [2, 2])
    return [tf.logical_xor(x > 0.0, x < 1.0), tf.expand_dims(tf.expand_dims(x, 0), -1), tf.sparse_tensor_dense_matmul(matrix, x),
            tf.sparse_tensor_to_dense(matrix, 7.0),
            tf.boolean_mask(x, [True, False]), tf.gradients(x[::2, 1:], x)[0], tf.gradients(tf.gather(x, [1, 1], axis=1), x)[0],
            tf.sort(x), tf.argsort(x, direction="DESCENDING"), tf.sort(tf.cast(x * 9.0, tf.int32), direction="DESCENDING"),
            tf.unsorted_segment_max(x, [1, 0], 2), tf.constant(3) ** tf.constant(2), tf.scatter_nd([[1], [0]], x, [4, 3])]


ROWS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "lstm": (lstm, {"x:0": fed(2, 5, 3)}),
    "gru of lengths": (gru_of_lengths, {"x:0": fed(2, 5, 3), "n:0": np.array([2, 4], np.int32)}),
    "lstm step": (lstm_step, {"x:0": fed(2, 5, 3)}),
    "branches, true": (branches, {"x:0": np.array([1, -1, 2], np.float32)}),
    "branches, false": (branches, {"x:0": np.array([-1, 1, 2], np.float32)}),
    "loops": (loops, {"x:0": np.float32(1.5)}),
    "maps": (maps, {"x:0": fed(4, 3)}),
    "arrays": (arrays, {"x:0": fed(4, 3)}),
    "state": (state, {"x:0": np.float32(1.5)}),
    "lenet step": (lenet_step, {"x:0": fed(2, 12, 12, 1), "y:0": np.array([1, 7], np.int32)}),
    "embedding step": (embedding_step, {"i:0": np.array([[1, 2, 2], [0, 6, 1]], np.int32), "y:0": np.array([1, 4], np.int32)}),
    "norm step": (norm_step, {"x:0": fed(3, 4, 4, 2)}),
    "others": (others, {"x:0": fed(2, 3) * 2}),
}


def built(name: str) -> tuple[list[Any], Any]:
    tf.set_random_seed(3)
    made = ROWS[name][0]()
    return made if isinstance(made, tuple) else (made, None)


@pytest.mark.parametrize("name", ROWS)
def test_what_is_written_computes_the_same(name: str) -> None:
    feeds = ROWS[name][1]
    made, step = built(name)
    data = tf.get_default_graph().as_graph_def().tensorflow([*made, *([step] if step is not None else [])])
    variables = {v.op.name: v for v in tf.global_variables()}
    with tf.Session(jit=False) as session:
        session.run(tf.global_variables_initializer())
        first = session.run(variables)
        wanted = run(session, made, step, feeds)
        last = session.run(variables)
    written = tf.GraphDef.FromString(data)
    there = {n.name for n in written.node}
    with tf.Graph().as_default() as graph:
        found = tf.import_graph_def(written, name="", return_elements=[*(t.name for t in made), *([step.name] if step is not None else [])])
        own = {label: graph.get_operation_by_name(label).outputs[0] for label in variables if label in there}
        with tf.Session(jit=False) as session:
            session.run([tf.assign(v, first[label]) for label, v in own.items()])
            for t, a, b in zip(made, run(session, found[:len(made)], found[-1] if step is not None else None, feeds), wanted, strict=True):
                np.testing.assert_allclose(a, b, 1e-5, 1e-6, err_msg=t.name)
            for label, value in session.run(own).items():
                np.testing.assert_allclose(value, last[label], 1e-5, 1e-6, err_msg=label)


def run(session: Any, made: Any, step: Any, feeds: Any) -> Any:
    for _ in range(STEPS if step is not None else 0):
        session.run(step, feeds)
    return session.run(made, feeds)


@pytest.mark.parametrize("name", ROWS)
def test_frames_are_those_that_the_executor_wants(name: str) -> None:
    """Names are unique, each input is there, nothing takes what lies in another frame, and a frame has one condition (Yu et al. 2018)."""
    made, step = built(name)
    nodes = tf.GraphDef.FromString(tf.get_default_graph().as_graph_def().tensorflow([*made, *([step] if step is not None else [])])).node
    by_name = {n.name: n for n in nodes}
    assert len(by_name) == len(nodes)
    frames: dict[str, tuple[str, ...]] = {}
    left = list(by_name)
    while left:
        later = []
        for label in left:
            n = by_name[label]
            sources = [i.lstrip("^").partition(":")[0] for i in n.input]
            known = [s for s in sources if s in frames]
            if len(known) < len(sources) and (n.op != "Merge" or not known):
                later.append(label)
                continue
            outside = {frames[s] for s in known}
            assert len(outside) <= 1, (label, n.op, {s: frames[s] for s in known})
            frame = next(iter(outside), ())
            frames[label] = (*frame, n.attr["frame_name"].s.decode()) if n.op == "Enter" else frame[:-1] if n.op == "Exit" else frame
        assert len(later) < len(left), later
        left = later
    for n in nodes:
        inside = {frames[i.lstrip("^").partition(":")[0]] for i in n.input}
        assert len(inside) <= 1, n.name
    conditions = Counter(frames[n.name] for n in nodes if n.op == "LoopCond")
    assert set(conditions.values()) <= {1} and conditions.keys() == {f for f in frames.values() if f}


def test_an_assignment_waits_for_what_reads_the_variable() -> None:
    """In TensorFlow both lie in one memory: a gradient that takes a weight must be done before the weight moves."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    w, v = tf.get_variable("w", [3, 4]), tf.get_variable("v", [4, 1])
    loss = tf.reduce_sum(tf.matmul(tf.matmul(x, w), tf.reshape(v, [4, 1])))
    tf.summary.histogram("of v", v)
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    nodes = {n.name: n for n in tf.GraphDef.FromString(tf.get_default_graph().as_graph_def().tensorflow(step)).node}
    moves = next(n for n in nodes.values() if n.op == "Assign" and n.input[0] == "v" and n.name != "v/Assign")
    waited = {i[1:] for i in moves.input if i.startswith("^")}
    readers = {n.name for n in nodes.values() if n.op in ("Reshape", "MatMul") and {"v", "Reshape"} & {*n.input}}
    assert readers & nodes.keys() and readers <= waited and not any(i.startswith("^") for i in nodes["v/Assign"].input)


def test_draws_of_seeds_have_seeds() -> None:
    tf.random_uniform([2], seed=7, name="own")
    tf.random_uniform([2], name="none")
    nodes = {n.name: n for n in tf.GraphDef.FromString(tf.get_default_graph().as_graph_def().tensorflow()).node}
    draws = {name.partition("/")[0]: n for name, n in nodes.items() if n.op == "RandomUniform"}
    assert draws["own"].attr["seed"].i or draws["own"].attr["seed2"].i
    assert not draws["none"].attr["seed"].i and not draws["none"].attr["seed2"].i
