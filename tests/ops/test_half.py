"""Half precision and unsigned integers: operators compute in float32 and round; what moves numbers keeps their bits; files keep the dtypes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import testing
from graphc.ir.node import OPERATORS
from graphc.testing.operators import EXACT
from graphc.testing.samples import Sample, build, reference, samples, say

HALF, SINGLE = np.dtype(np.float16), np.dtype(np.float32)
# Operators whose result of other operands is float32, whatever these are: what they draw, and what they are asked for.
SINGLE_RESULTS = {"sample_candidates", "distorted_box"}


def of_half(operator: Any) -> list[Sample]:
    """The samples of an operator that have operands of half precision."""
    if not operator.family.sampled or not operator.family.repeatable or operator.name in SINGLE_RESULTS:
        return []
    with np.errstate(all="ignore"):
        found = samples(operator, "float16")[:4]
    return [s for s in found if any(np.asarray(x).dtype == HALF for x in s.operands) and s.attrs.get("dtype") is None]


SAMPLED = {name: found for name, operator in sorted(OPERATORS.items()) if hasattr(operator, "family") and (found := of_half(operator))}


@pytest.mark.parametrize("name", SAMPLED)
def test_operators_compute_in_single_precision_and_round(name: str) -> None:
    """What the reference gives of the same numbers in float32, rounded: of the first sample compiled, of the others interpreted."""
    operator, judged = OPERATORS[name], 0
    for sample in SAMPLED[name]:
        wide = Sample(tuple(x.astype(SINGLE) if x.dtype == HALF else x for x in sample.operands), sample.attrs)
        with np.errstate(all="ignore"):
            wanted = [y.astype(HALF) if y.dtype == SINGLE else y for y in reference(operator, wide)]
            with tf.Graph().as_default(), tf.Session(jit=not judged, config=EXACT) as session:
                built = build(operator, sample)
                found = session.run(built.results, built.feeds(sample.operands))
        for node, value, exact in zip(built.results, found, wanted, strict=True):
            assert node.type.dtype == value.dtype == exact.dtype, say(operator, sample)
            if exact.dtype == HALF:
                np.testing.assert_allclose(value.astype(SINGLE), exact.astype(SINGLE), rtol=2e-3, atol=1e-6, err_msg=say(operator, sample))
            else:
                np.testing.assert_array_equal(value, exact, say(operator, sample))
        judged += 1
    assert judged


EDGES = np.array([0.0, -0.0, 1.0, 65504.0, 65519.9, 65520.0, 1e300, -1e300, 6e-8, 2.9e-8, 1 + 2**-11, 1 + 2**-11 + 2**-40, 1 + 3 * 2**-11,
                  1 + 3 * 2**-11 - 2**-40, np.inf, -np.inf, np.nan, 2**-24 * 1.5, 2**-24 * 1.5 + 2**-60])


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32, np.int64, np.uint8, np.bool_])
def test_casts_round_once(dtype: Any, jit: bool) -> None:
    """To the nearest, ties to even, as NumPy does; a float64 that lies just beside a tie in float32 is on the right side of it."""
    with np.errstate(all="ignore"):
        value = EDGES.astype(dtype) if np.dtype(dtype).kind == "f" else np.array([0, 1, 100, 2049, 2051, 65519, 65520, 70000]).astype(dtype)
        wanted = value.astype(HALF)
    with tf.Graph().as_default(), tf.Session(jit=jit, config=EXACT) as session:
        x = tf.placeholder(tf.as_dtype(dtype), [None])
        found, back = session.run([tf.cast(x, tf.float16), tf.cast(tf.cast(x, tf.half), tf.as_dtype(dtype))], {x: value})
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))
    if np.dtype(dtype).kind == "f":
        np.testing.assert_array_equal(back, wanted.astype(dtype))


BITS = np.arange(1 << 16, dtype=np.uint16).view(HALF)


@pytest.mark.parametrize("move", [
    lambda x: tf.reshape(x, [256, 256])[1:, ::2], lambda x: tf.concat([x, x[:3]], 0), lambda x: tf.gather(x, [5, 31745, 3]), tf.identity,
    lambda x: tf.transpose(tf.reshape(x, [256, 256])), lambda x: tf.where(tf.constant(True), x, x),
])
def test_moves_keep_numbers(move: Callable[[Any], Any]) -> None:
    """All 65,536 patterns, subnormal ones too."""
    with tf.Graph().as_default(), tf.Session(jit=False) as interpreted, tf.Session() as compiled:
        x = tf.placeholder(tf.float16, [1 << 16])
        found, wanted = (s.run(move(x), {x: BITS}) for s in (compiled, interpreted))
    np.testing.assert_array_equal(found, wanted)


def net(dtype: Any) -> tuple[Any, Any, Any]:
    """A net that is trained: its operand, its loss, its variables."""
    x = tf.placeholder(dtype, [None, 4])
    h = tf.layers.dense(x, 5, tf.nn.relu, kernel_initializer=tf.constant_initializer(np.linspace(-1, 1, 20).reshape(4, 5)), name="h")
    y = tf.layers.dense(h, 3, kernel_initializer=tf.constant_initializer(np.linspace(1, -1, 15).reshape(5, 3)), name="y")
    return x, tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=y, labels=[0, 2])), tf.trainable_variables()


OPTIMIZERS = {
    "sgd": lambda: tf.train.GradientDescentOptimizer(0.1), "momentum": lambda: tf.train.MomentumOptimizer(0.1, 0.9),
    "adam": lambda: tf.train.AdamOptimizer(0.01, epsilon=1e-4), "rms": lambda: tf.train.RMSPropOptimizer(0.01, epsilon=1e-4),
    "adagrad": lambda: tf.train.AdagradOptimizer(0.1), "ftrl": lambda: tf.train.FtrlOptimizer(0.1),
}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_nets_train(name: str, jit: bool) -> None:
    """Ten steps in half precision end near those in float32, with variables and slots of half precision."""
    ends = []
    fed = np.array([[0.5, -1.0, 2.0, 0.25], [1.0, 0.5, -0.5, 1.5]])
    for dtype in (tf.float16, tf.float32):
        with tf.Graph().as_default(), tf.Session(jit=jit) as session:
            x, loss, variables = net(dtype)
            step = OPTIMIZERS[name]().minimize(loss)
            session.run(tf.global_variables_initializer())
            first = session.run(loss, {x: fed})
            for _ in range(10):
                session.run(step, {x: fed})
            ends.append(session.run(loss, {x: fed}))
            assert ends[-1] < first and {v.dtype for v in variables} == {dtype}
    assert ends[0].dtype == HALF and ends[0] == pytest.approx(ends[1], rel=0.03, abs=0.01)


def test_loops_and_branches() -> None:
    with tf.Graph().as_default(), tf.Session() as compiled, tf.Session(jit=False) as interpreted:
        x = tf.placeholder(tf.float16, [3])
        looped = tf.while_loop(lambda i, _: i < 5, lambda i, h: (i + 1, tf.tanh(h * 1.5)), (0, x))[1]
        taken = tf.cond(x[0] > 0, lambda: tf.exp(x), lambda: x * 2)
        fetches = [looped, taken, *tf.gradients([looped, taken], [x]), tf.scan(lambda a, b: a * 0.5 + b, x)]
        found, wanted = (s.run(fetches, {x: [0.5, -1.0, 2.0]}) for s in (compiled, interpreted))
    assert {v.dtype for v in found} == {HALF}
    for value, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(value, other, rtol=2e-3)


FILED = [("float16", [0.5, -2.0, 65504.0]), ("uint16", [1, 65535]), ("uint32", [1, 2**32 - 1]), ("uint64", [1, 2**64 - 1])]


@pytest.mark.parametrize("dtype, numbers", FILED)
def test_files_keep_them(dtype: str, numbers: list[Any], tmp_path: Any) -> None:
    """Graphs as JSON and in TensorFlow's bytes, checkpoints, and a plan that is kept for another process."""
    value = np.array(numbers, dtype)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        v = tf.Variable(value, name="v")
        tf.identity(v + tf.constant(value, name="c"), name="sum")
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
        session.run(v.assign(value * 0))
        tf.train.Saver().restore(session, path)
        assert session.run(v).tolist() == value.tolist()
        again, theirs = tf.Graph.from_json(graph.to_json()), graph.as_graph_def().SerializeToString()
    with np.errstate(over="ignore"):
        wanted = value + value
    for read in (again, tf.Graph()):
        with read.as_default(), tf.Session() as session:
            if read is not again:
                message = tf.GraphDef()
                message.ParseFromString(theirs)
                tf.import_graph_def(message, name="")
            found = session.run("sum:0", {"v:0": value} if read is not again else None)
            assert found.dtype == value.dtype and found.tolist() == wanted.tolist()


def wrapped(x: Any) -> list[Any]:
    return [x + x, x * x, x // 3, x % 7, tf.maximum(x, 5), tf.reduce_sum(x), tf.reduce_max(x), tf.cast(x, tf.float64), tf.cast(x, tf.float32), x > 3,
            tf.bitwise.invert(x), tf.sort(x), tf.unique(x)[0], tf.cumsum(x), tf.gather(x, [2, 0])]


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.uint64])
def test_unsigned_integers_wrap_around(dtype: Any, jit: bool) -> None:
    x = np.array([0, 7, np.iinfo(dtype).max, np.iinfo(dtype).max // 2 + 1], dtype)
    with np.errstate(over="ignore"):
        wanted = [x + x, x * x, x // dtype(3), x % dtype(7), np.maximum(x, dtype(5)), x.sum(dtype=dtype), x.max(), x.astype(float),
                  x.astype(np.float32), x > 3, ~x, np.sort(x), x, x.cumsum(dtype=dtype), x[[2, 0]]]
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        fed = tf.placeholder(tf.as_dtype(dtype), [None])
        for value, right in zip(session.run(wrapped(fed), {fed: x}), wanted, strict=True):
            assert value.dtype == right.dtype
            np.testing.assert_array_equal(value, right)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.uint64])
def test_functions_of_unsigned_integers_are_those_of_floats(dtype: Any) -> None:
    """Found in sigmoid, whose -x wrapped around."""
    x = np.array([0, 1, 3, 200 if dtype == np.uint8 else 46656], dtype)
    compared = set()
    for op in [op for op in testing.testable() if op.family.broadcasts]:
        with tf.Graph().as_default(), tf.Session(jit=False) as session:
            try:
                y = op(*[tf.constant(x)] * len(op.params))
                found = session.run(y)
            except tf.errors.GraphcError:
                continue                # not defined for them, or not of these values
            if found.dtype.kind == "f":
                wanted = session.run(op(*[tf.constant(x.astype(found.dtype))] * len(op.params)))
                np.testing.assert_allclose(found, wanted, rtol=1e-5, err_msg=op.name)
                compared.add(op.name)
    assert len(compared) > 30 and {"sigmoid", "tanh", "erf", "truediv"} <= compared


def sparse(x: Any) -> Any:
    return tf.SparseTensor([[0, 1], [1, 0]], x[0, :2], [3, 4])


def recurrent(x: Any) -> Any:
    cell = tf.nn.rnn_cell.LSTMCell(3, dtype=tf.float16, initializer=tf.constant_initializer(0.1))
    return tf.nn.dynamic_rnn(cell, tf.reshape(x, [2, 2, 3]), dtype=tf.float16)[0]


# Programs whose sizes data decides, and whose loops have products to take out.
PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "segment_sum": lambda x: tf.segment_sum(x, [0, 0, 1, 1]), "sparse_reduce_sum": lambda x: tf.sparse_reduce_sum(sparse(x), 1),
    "sparse to dense": lambda x: tf.sparse_tensor_to_dense(sparse(x)), "lstm": recurrent,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_compile(name: str) -> None:
    with tf.Graph().as_default(), tf.Session() as compiled, tf.Session(jit=False) as interpreted:
        x = tf.placeholder(tf.float16, [None, 3])
        y = PROGRAMS[name](x)
        fetches = [y, *tf.gradients(y, [x])]
        found, wanted = [], []
        for session, results in ((compiled, found), (interpreted, wanted)):
            session.run(tf.global_variables_initializer())
            results += session.run(fetches, {x: np.linspace(-1, 1, 12).reshape(4, 3)})
    for value, other in zip(found, wanted, strict=True):
        assert value.dtype == HALF
        np.testing.assert_allclose(value, other, rtol=5e-3, atol=1e-3)


@pytest.mark.parametrize("jit", [False, True])
def test_uniform_numbers_stay_below_one(jit: bool) -> None:
    """Of float32 those within 2**-12 of 1 round to 1; the mean of 2**-11 * [0, 2048) is a step's half below 0.5."""
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        found = session.run(tf.random_uniform([100_000], dtype=tf.float16, seed=1)).astype(np.float64)
    assert found.max() == 1 - 2**-11 and found.min() == 0 and found.mean() == pytest.approx(0.5, abs=0.004)
    np.testing.assert_array_equal(found * 2048 % 1, 0)


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.uint64])
@pytest.mark.parametrize("source", [np.float16, np.float32, np.float64])
def test_floats_outside_of_unsigned_integers(source: Any, dtype: Any) -> None:
    """What fits is exact; of the rest both executors make the same number, and 0 of what is none."""
    with np.errstate(over="ignore"):
        value = np.array([np.inf, -np.inf, np.nan, -1.0, 3e9, 5e9, 1.2e19, 2e19, 65535, 70000, -3e9]).astype(source)
    with tf.Graph().as_default(), tf.Session(jit=False) as interpreted, tf.Session() as compiled:
        x = tf.placeholder(tf.as_dtype(source), [None])
        y = tf.cast(x, tf.as_dtype(dtype))
        found, wanted = (s.run(y, {x: value}).tolist() for s in (compiled, interpreted))
    fits = [i for i, v in enumerate(value.tolist()) if 0 <= v <= np.iinfo(dtype).max]
    assert found == wanted and found[2] == 0 and [found[i] for i in fits] == [int(value[i]) for i in fits]
