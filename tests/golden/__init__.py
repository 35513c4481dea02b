"""Generated kernels as files: the text of whole plans of small graphs, to be read when it changes.

`python -m tests golden` writes them anew; a refactoring changes none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import graphc as tf

FOLDER = Path(__file__).parent
GRAPHS: dict[str, Callable[[], list[Any]]] = {}       # name of a file -> what to fetch


def graph(build: Callable[[], list[Any]]) -> Callable[[], list[Any]]:
    GRAPHS[build.__name__] = build
    return build


def given(name: str, *shape: int, dtype: Any = tf.float32) -> Any:
    return tf.placeholder(dtype, shape, name=name)


@graph
def map() -> list[Any]:
    """One loop over a chain of elementwise operators, a scalar and a row broadcast into it."""
    x, row, scale = given("x", 100, 30), given("row", 30), given("scale")
    return [tf.where(x > 0.0, tf.tanh(x * scale + row), tf.exp(x) - 1.0)]


@graph
def strided() -> list[Any]:
    """Views that are read in place: a transpose, a slice with a step, a reversal."""
    x, y = given("x", 20, 30), given("y", 60, 20)
    return [tf.transpose(x) + tf.reverse(y[::2], axis=[1])]


@graph
def row() -> list[Any]:
    """Three passes over each row: the maximum, the sum, the quotient."""
    return [tf.nn.softmax(given("logits", 50, 40))]


@graph
def row_scratch() -> list[Any]:
    """A costly value that a later pass over its row needs again, and no result to hold it until then: one row of scratch a chunk."""
    e = tf.exp(given("x", 50, 40))
    return [tf.reduce_sum(e * tf.reduce_mean(e, axis=1, keepdims=True), axis=1)]


@graph
def column() -> list[Any]:
    """Reductions over the leading axis: results side by side, the inner loop over them; of a costly value row by row, of a cheap one by four."""
    return [tf.reduce_sum(tf.square(given("x", 50, 40)), axis=0), tf.reduce_sum(tf.exp(given("y", 50, 40)), axis=0)]


@graph
def long() -> list[Any]:
    """Many elements to a sum: blocks of a row, partial results of columns, wide ones and those with an axis outside, and what combines them."""
    x, y = given("x", 3, 50_000), given("y", 3, 5000, 7)
    return [tf.reduce_sum(tf.square(x), axis=1), tf.reduce_sum(given("z", 5000, 6000), axis=0), tf.reduce_max(y, axis=1),
            tf.reduce_sum(given("u", 3, 50, 900)[:, :, :-1])]


@graph
def full() -> list[Any]:
    """A reduction to one number: partial results, then their combination; a float and an integer one."""
    return [tf.reduce_max(tf.abs(given("x", 30_000))), tf.reduce_sum(given("counts", 30_000, dtype=tf.int32))]


@graph
def gather() -> list[Any]:
    """Rows looked up, with the check of their indices, and what is done with them in the same loop; its gradient adds rows up."""
    table, index = given("table", 100, 16), given("index", 50, dtype=tf.int64)
    picked = tf.sqrt(tf.gather(table, index))
    return [picked, tf.gradients(picked, table)[0]]


@graph
def random() -> list[Any]:
    """Uniform and normal numbers, drawn in the loop that uses them."""
    x = given("x", 50, 40)
    return [tf.nn.dropout(x, keep_prob=0.5, seed=1) + tf.random_normal([50, 40], seed=2)]


@graph
def concat() -> list[Any]:
    """Parts that are written where the whole lies."""
    return [tf.concat([tf.exp(given("x", 20, 5)), tf.log(given("y", 20, 7))], axis=1)]


@graph
def small_product() -> list[Any]:
    """A product too small for the call of a library, with what follows it."""
    return [tf.nn.relu(tf.matmul(given("x", 4, 3), given("w", 3, 2)) + given("b", 2))]


@graph
def product() -> list[Any]:
    """A product that a library computes, between what is done with its operand and with its result."""
    return [tf.tanh(tf.matmul(tf.exp(given("x", 40, 30)), given("w", 30, 20)) + given("b", 20))]


@graph
def adam() -> list[Any]:
    """A training step: gradients, then the variables and their moments updated in place."""
    w = tf.Variable(tf.zeros([3, 200]), name="w")
    loss = tf.reduce_mean(tf.squared_difference(w, given("target", 3, 200)))
    return [tf.train.AdamOptimizer(0.1).minimize(loss)]


def text_of(name: str, threads: int = 0) -> str:
    """The plan of a graph and the text of its kernels, each under what it computes.

    Nothing of the machine is in it: extents are arguments, and machine code, vectors and threads come later.
    """
    build = GRAPHS[name]
    with tf.Graph().as_default():
        fetches = build()
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
            placeholders = [n for n in tf.get_default_graph().nodes if n.operator.name == "placeholder"]
            plan = session.explain(fetches, {p: np.zeros(p.type.shape, p.type.dtype) for p in placeholders})
    steps = [f"{step.kind}: {', '.join(step.nodes)}" + (f" -> kernel {step.kernel}" if step.kernel is not None else "") for step in plan.steps]
    kernels = [f"\nkernel {i}: {k.title}\n\n{k.source or 'a routine of a library'}" for i, k in enumerate(plan.kernels)]
    return "\n".join([str(build.__doc__), "", *steps, *kernels]).rstrip() + "\n"


def file(name: str) -> Path:
    return FOLDER / f"{name}.txt"


def renew() -> list[str]:
    """Write every file anew and remove what no graph is for; the names of those that changed."""
    texts = {file(name): text_of(name) for name in GRAPHS}
    before = {path: path.read_text() for path in FOLDER.glob("*.txt")}
    for path in before.keys() - texts.keys():
        path.unlink()
    for path, text in texts.items():
        path.write_text(text)
    return sorted(path.name for path in before.keys() | texts.keys() if before.get(path) != texts.get(path))
