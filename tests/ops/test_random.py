"""Random numbers: the generator by its published vectors, distributions by theory, kernels by numpy, and streams."""

from __future__ import annotations

import re
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.ops import philox
from graphc.ops.random import sorting_order

KEY = 0x299F31D0A4093822

# Known answers of Philox4x32-10 from the authors' Random123 library: counter, key -> words.
VECTORS = [
    ((0, 0), 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((2**64 - 1, 2**64 - 1), 2**64 - 1, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ((0x85A308D3243F6A88, 0x0370734413198A2E), KEY, (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
]


@pytest.mark.parametrize("counter, key, expected", VECTORS)
def test_known_answers(counter: Any, key: int, expected: Any) -> None:
    index, run = counter
    assert tuple(int(w[0]) for w in philox.words(np.array([index], np.uint64), run, key)) == expected


_NORMAL = NormalDist()
_TAIL = _NORMAL.cdf(-2.0)


def _truncated_cdf(x: float) -> float:
    return (_NORMAL.cdf(x) - _TAIL) / (1 - 2 * _TAIL)


CDFS = [("uniform", lambda x: x), ("normal", _NORMAL.cdf), ("truncated", _truncated_cdf)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("distribution, cdf", CDFS, ids=[c[0] for c in CDFS])
def test_distribution(distribution: str, cdf: Any, dtype: str) -> None:
    """Kolmogorov and Smirnov: the distance from the true distribution exceeds 1.95 / sqrt(n) once in a thousand."""
    n = 20_000
    x = np.sort(philox.draw(distribution, np.dtype(dtype), n, 5, KEY))
    expected = np.array([cdf(float(v)) for v in x])
    ranks = np.arange(n + 1) / n
    assert max(np.max(ranks[1:] - expected), np.max(expected - ranks[:-1])) < 1.95 / np.sqrt(n)


def test_truncated_is_the_inverse_distribution() -> None:
    """`v` is uniform in (-CUT, CUT), so (v + 1) / 2 is the distribution function of the result."""
    v = np.linspace(-philox.CUT, philox.CUT, 401)
    expected = np.array([_NORMAL.inv_cdf((u + 1) / 2) for u in v])
    np.testing.assert_allclose(philox._quantile(v), expected, rtol=1e-14, atol=1e-15)


BOUNDS = [1, 2, 10, 1000, 2**31 - 1, 2**32, 2**32 + 1, 2**63 + 12345, 2**64 - 1]


@pytest.mark.parametrize("bound", BOUNDS)
def test_integers(bound: int) -> None:
    """A draw is floor(w * bound / 2**64) of a 64-bit word w, by Python's own integers."""
    drawn = philox.draw("integer", np.dtype("uint64"), 500, 1, KEY, bound)
    high, low, _, _ = philox.words(np.arange(500, dtype=np.uint64), 1, KEY)
    assert [int(x) for x in drawn] == [((int(a) << 32 | int(b)) * bound) >> 64 for a, b in zip(high, low, strict=True)]


# Distribution, dtype, largest difference between kernel and numpy in units in the last place.
KERNELS = [("uniform", "float32", 0), ("uniform", "float64", 0), ("normal", "float32", 4), ("normal", "float64", 5),
           ("truncated", "float32", 4), ("truncated", "float64", 4), ("integer", "int32", 0), ("integer", "int64", 0)]


@pytest.mark.parametrize("distribution, dtype, ulps", KERNELS)
def test_kernels(distribution: str, dtype: str, ulps: int) -> None:
    """Compiled draws equal numpy's, of several runs."""
    with tf.Graph().as_default():
        tf.set_random_seed(3)
        make = {"uniform": tf.random_uniform, "normal": tf.random_normal, "truncated": tf.truncated_normal}
        draw = make.get(distribution, lambda shape, dtype: tf.random_uniform(shape, 0, 12345, dtype))
        x = draw([4001], dtype=dtype)
        with tf.Session() as compiled, tf.Session(jit=False) as interpreted:
            for _ in range(3):
                a, b = compiled.run(x), interpreted.run(x)
                assert a.dtype == b.dtype == dtype
                if ulps:
                    np.testing.assert_array_max_ulp(a, b, ulps)
                else:
                    np.testing.assert_array_equal(a, b)


def _draws(seed: int | None, op_seed: int | None = None, name: str | None = None, before: int = 0,
           runs: int = 1) -> Any:
    """The last run's draw of a graph with `before` other random nodes."""
    with tf.Graph().as_default(), tf.Session(jit=False) as sess:
        if seed is not None:
            tf.set_random_seed(seed)
        for i in range(before):
            tf.random_normal([4], name=f"other{i}")
        x = tf.random_normal([4], seed=op_seed, name=name)
        return [sess.run(x).tolist() for _ in range(runs)][-1]


# What two programs differ in, and whether their streams are equal.
STREAMS = [
    ("nothing", dict(seed=1), dict(seed=1), True),
    ("the graph's seed", dict(seed=1), dict(seed=2), False),
    ("the operator's seed", dict(seed=1, op_seed=1), dict(seed=1, op_seed=2), False),
    ("only an operator's seed is given", dict(seed=None, op_seed=5), dict(seed=None, op_seed=5), True),
    ("no seed at all", dict(seed=None), dict(seed=None), False),
    ("the name", dict(seed=1, name="a"), dict(seed=1, name="b"), False),
    ("the name, of an operator that has a seed", dict(seed=1, op_seed=1, name="a"), dict(seed=1, op_seed=1, name="b"), True),
    ("what else the graph contains", dict(seed=1), dict(seed=1, before=3), True),
    ("the number of runs", dict(seed=1, runs=1), dict(seed=1, runs=2), False),
]


@pytest.mark.parametrize("what, one, other, equal", STREAMS, ids=[s[0] for s in STREAMS])
def test_streams(what: str, one: Any, other: Any, equal: bool) -> None:
    assert (_draws(**one) == _draws(**other)) is equal


def test_operators_of_one_seed_draw_the_same_each_by_its_own_count_of_runs() -> None:
    """As in TensorFlow: the first run of either gives what the first run of the other gives."""
    with tf.Graph().as_default(), tf.Session() as sess:
        a, b = tf.random_normal([4], seed=7), tf.random_normal([4], seed=7)
        first, second = sess.run(a), sess.run(a)
        np.testing.assert_array_equal(sess.run(b), first)
        np.testing.assert_array_equal(sess.run(b), second)


def test_one_run_draws_once() -> None:
    """A random node has one value a run, whatever uses it; another node has another stream."""
    with tf.Graph().as_default(), tf.Session() as sess:
        x, other = tf.random_uniform([8]), tf.random_uniform([8])
        a, b, doubled, c = sess.run([x, x + 0.0, x * 2.0, other])
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a * 2, doubled)
        assert not np.array_equal(a, c)


def test_scale_and_offset_have_derivatives() -> None:
    with tf.Graph().as_default(), tf.Session() as sess:
        mean, stddev = tf.placeholder(tf.float64, []), tf.placeholder(tf.float64, [])
        x = tf.random_normal([50], mean, stddev, dtype=tf.float64)
        drawn, (by_mean, by_stddev) = sess.run([x, tf.gradients(x, [mean, stddev])], {mean: 3.0, stddev: 2.0})
        assert by_mean == 50
        np.testing.assert_allclose(by_stddev, np.sum((drawn - 3) / 2), rtol=1e-12)


def test_shapes_known_only_when_run() -> None:
    with tf.Graph().as_default(), tf.Session() as sess:
        x, high = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.int32, [])
        noise, number = tf.random_normal(tf.shape(x)), tf.random_uniform([1000], 2, high, tf.int32)
        assert sess.run(noise, {x: np.zeros((5, 3))}).shape == (5, 3)
        assert set(sess.run(number, {high: 5})) == {2, 3, 4}


def test_dropout() -> None:
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(1)
        x, keep = tf.placeholder(tf.float32, [None, 100]), tf.placeholder(tf.float32, [])
        y = tf.nn.dropout(x, keep)
        rows = tf.nn.dropout(x, 0.5, noise_shape=[tf.shape(x)[0], 1])
        dropped, by_row, g = sess.run([y, rows, tf.gradients(y, x)[0]], {x: np.ones((300, 100)), keep: 0.8})
        assert set(np.unique(dropped)) == {0, np.float32(1.25)}
        assert abs(np.mean(dropped) - 1) < 0.02
        np.testing.assert_array_equal(dropped, g)
        assert set(by_row.mean(axis=1)) == {0.0, 2.0}


def test_multinomial_and_shuffle() -> None:
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(1)
        chances = np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]], np.float32)
        with np.errstate(divide="ignore"):
            drawn, order = sess.run([tf.multinomial(np.log(chances), 20_000), tf.random_shuffle(np.arange(20))])
        seen = np.array([np.bincount(row, minlength=3) / row.size for row in drawn])
        np.testing.assert_allclose(seen, chances, atol=0.015)
        assert sorted(order) == list(range(20)) != list(order)


REFUSED = [
    (lambda: tf.random_normal([2], dtype="int32"), "random_normal: int32 is not a floating dtype"),
    (lambda: tf.random_uniform([2], dtype="int32"), "random_uniform of integers needs maxval"),
    (lambda: tf.random_uniform([2], 5, 5, dtype="int32"), r"random_uniform: no int32 lies in \[5, 5\)"),
    (lambda: sorting_order(tf.constant(1.0)), r"a vector is sorted, not shape \[\]"),
    (lambda: tf.nn.dropout(np.ones(3), 1.5), r"dropout: keep_prob 1.5 is not in \(0, 1\]"),
]


@pytest.mark.parametrize("build, message", REFUSED)
def test_refused(build: Any, message: str) -> None:
    with tf.Graph().as_default(), pytest.raises((ValueError, TypeError), match=message):
        build()


# An initializer, and the standard deviation it should give a [400, 200] matrix.
INITIALIZERS = [
    (lambda: tf.zeros_initializer(), 0.0),
    (lambda: tf.constant_initializer(3), 0.0),
    (lambda: tf.random_normal_initializer(stddev=0.1), 0.1),
    (lambda: tf.random_uniform_initializer(-1, 1), 1 / np.sqrt(3)),
    (lambda: tf.truncated_normal_initializer(stddev=1.0), 0.87962566),
    (lambda: tf.variance_scaling_initializer(2.0), np.sqrt(2 / 400)),
    (lambda: tf.glorot_uniform_initializer(), np.sqrt(2 / 600)),
    (lambda: tf.glorot_normal_initializer(), np.sqrt(2 / 600)),
    (lambda: tf.orthogonal_initializer(), np.sqrt(1 / 400)),
    (lambda: tf.uniform_unit_scaling_initializer(), np.sqrt(1 / 400)),
    (lambda: tf.initializers.zeros(), 0.0),
    (lambda: tf.initializers.random_normal(stddev=0.1), 0.1),
    (lambda: tf.initializers.random_uniform(-1, 1), 1 / np.sqrt(3)),
    (lambda: tf.initializers.he_normal(), np.sqrt(2 / 400)),
    (lambda: tf.initializers.he_uniform(), np.sqrt(2 / 400)),
    (lambda: tf.initializers.lecun_normal(), np.sqrt(1 / 400)),
    (lambda: tf.initializers.lecun_uniform(), np.sqrt(1 / 400)),
    (lambda: tf.initializers.identity(2.0), np.sqrt(4 * 200 / 80000 - (2 * 200 / 80000) ** 2)),
]


@pytest.mark.parametrize("make, stddev", INITIALIZERS)
def test_initializers(make: Any, stddev: float) -> None:
    with tf.Graph().as_default(), tf.Session(jit=False) as sess:
        tf.set_random_seed(1)
        value = sess.run(make()([400, 200]))
        assert value.dtype == np.float32 and value.shape == (400, 200)
        assert abs(value.std() - stddev) < 0.01 * stddev + 1e-12


def test_orthogonal() -> None:
    with tf.Graph().as_default(), tf.Session(jit=False) as sess:
        q = sess.run(tf.orthogonal_initializer(gain=2.0)([3, 5], tf.float64))
        np.testing.assert_allclose(q @ q.T, 4 * np.eye(3), atol=1e-12)


# ---------------------------------------------------------------------- streams

def both(*operators, seed=3, jit=True, before=()):
    """Programs of the same seed: the values of runs of some operators, one after the other, by their names."""
    with tf.Graph().as_default():
        tf.set_random_seed(seed)
        for name in before:
            tf.random_uniform([2], name=name)
        made = {name: tf.random_normal([3], name=name) for name in ("first", "second")}
        with tf.Session(jit=jit) as session:
            return [[v.tolist() for v in session.run([made[n] for n in names])] for names in operators]


F, S = ("first",), ("second",)


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("drawn", [[F, F, F], [F, S, F, S, S, F], [(*F, *S), F, (*F, *S)], [S, S, (*S, *F), F, F]], ids=str)
def test_a_stream_goes_on_only_where_its_operator_is_part_of_the_run(drawn, jit):
    """What is drawn elsewhere in between, or made elsewhere in the graph, changes nothing; nor does which executor draws."""
    found = both(*drawn, jit=jit, before=["other", "another"])
    for name in ("first", "second"):
        mine = [values[names.index(name)] for names, values in zip(drawn, found, strict=True) if name in names]
        alone = both(*[(name,)] * len(mine))
        np.testing.assert_allclose(mine, [v for v, in alone], rtol=3e-6)
        assert len({str(v) for v in mine}) == len(mine)


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
def test_first_values_are_drawn_as_initializers_do(jit):
    """A variable that is used before it was set has the value that its initializer would have given it; and that draws anew."""
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        w = tf.Variable(tf.random_normal([4]))
        start = tf.global_variables_initializer()
        with tf.Session(jit=jit) as by_use, tf.Session(jit=jit) as by_initializer:
            by_initializer.run(start)
            np.testing.assert_array_equal(by_use.run(w), by_initializer.run(w))
            one, two = [(s.run(start), s.run(w))[1] for s in (by_use, by_initializer)]
            np.testing.assert_array_equal(one, two)
            by_use.run(w + 0.0)
            assert not np.array_equal(one, by_use.run([start, tf.random_normal([]), w])[2])


def test_runs_that_are_looked_at_do_not_draw():
    with tf.Graph().as_default():
        noise, x = tf.random_normal([2], seed=4), tf.placeholder(tf.float32, [3])
        w = tf.Variable(tf.random_normal([2], seed=5))
        y = tf.boolean_mask(x, x > noise[0] * 0.0) + tf.reduce_sum(w)
        feeds = {x: [1.0, 2.0, 3.0]}
        with tf.Session() as plain, tf.Session() as session:
            wanted = [plain.run([noise, y], feeds) for _ in range(3)]
            for right in wanted:
                session.explain([noise, y], feeds)
                for a, b in zip(session.run([noise, y], feeds, check_numerics=right is wanted[1]), right, strict=True):
                    np.testing.assert_allclose(a, b, rtol=3e-6)


def test_graph_files_from_before_there_were_streams_have_one():
    """All their operators draw by one number, which every run that draws anything moves, as it did then."""
    with tf.Graph().as_default() as graph:
        a, b = tf.random_normal([2], seed=1, name="a"), tf.random_normal([2], seed=2, name="b")
        text = graph.to_json()
    old = re.sub(r'"attrs": ?\{"stream": ?\d+\}', '"attrs": {}', text)
    assert old != text
    graph = tf.Graph.from_json(old)
    with tf.Session(graph=graph, jit=False) as session:
        found = [session.run(["b:0"] if k == 1 else ["a:0", "b:0"])[-1] for k in range(3)]
        drawn = [session.run("a:0")]
    with tf.Session(graph=a.graph, jit=False) as session:
        np.testing.assert_array_equal(found, [session.run(b) for _ in range(3)])
        np.testing.assert_array_equal(drawn, [session.run(a) for _ in range(4)][3:])
