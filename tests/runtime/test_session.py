"""Sessions: fetch structures, feeds, state, order, threads, errors."""

from __future__ import annotations

import re
import threading

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from graphc.runtime import variants

# ---------------------------------------------------------------------- fetches and feeds


def test_operations_give_none(session):
    v = tf.Variable(1.0)
    assert session.run([v.assign(2.0).op, tf.no_op(), tf.group(v.assign_add(1.0))]) == [None, None, None]
    assert session.run(v) == 3.0


FEEDS = [
    ("list", [[1, 2], [3, 4]]), ("ints", np.arange(4).reshape(2, 2)), ("float64", np.ones((2, 2))), ("bool", np.eye(2, dtype=bool)),
    ("fortran", np.asfortranarray(np.arange(4, dtype=np.float32).reshape(2, 2))),
    ("reversed", np.arange(4, dtype=np.float32).reshape(2, 2)[::-1, ::-1]),
    ("read-only", np.broadcast_to(np.float32(3), (2, 2))), ("big-endian", np.ones((2, 2), ">f4")), ("large", np.ones((300, 200), np.float32)[:, ::2]),
]


@pytest.mark.parametrize("value", [f[1] for f in FEEDS], ids=[f[0] for f in FEEDS])
def test_feeds_are_cast_and_copied(session, value):
    x = tf.placeholder(tf.float32, [None, None])
    got = session.run(x * 2 + tf.transpose(tf.transpose(x)), {x: value})
    np.testing.assert_array_equal(got, np.asarray(value, np.float32) * 3)
    assert got.dtype == np.float32


def test_intermediate_tensors_and_names_may_be_fed(session):
    x = tf.placeholder(tf.float32, [2], name="x")
    y = x * 2
    z = y + 1
    np.testing.assert_array_equal(session.run(z, {y: [10, 20]}), [11, 21])
    np.testing.assert_array_equal(session.run(z, {"x:0": [1, 2]}), [3, 5])
    for _ in range(2):                              # the second run knows the first one's
        np.testing.assert_array_equal(session.run(z, {(x,): ([1, 2],)}), [3, 5])
        np.testing.assert_array_equal(session.run(z, {x: ([1, 2])}), [3, 5])
        np.testing.assert_array_equal(session.run(z, {(x, y): ([1, 2], [5, 6])}), [6, 7])
        np.testing.assert_array_equal(session.run(z, {((x,), y): (([1, 2],), [5, 6])}), [6, 7])


def test_results_are_the_callers_own(session):
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable(np.ones(5000, np.float32))
    feed = np.arange(5000, dtype=np.float32)
    for fetch in (x, tf.reshape(x, [50, 100]), v, x + 1, x[::2], tf.identity(v)):
        first = session.run(fetch, {x: feed})
        before = first.copy()
        first[...] = -7
        second = session.run(fetch, {x: feed})
        np.testing.assert_array_equal(second, before)
        assert not np.shares_memory(second, feed) and second.flags.writeable
    np.testing.assert_array_equal(feed, np.arange(5000))
    one, other = session.run([x * 3, x * 3], {x: feed})             # one value, after sharing
    assert not np.shares_memory(one, other)


def test_default_placeholder(session):
    x = tf.placeholder_with_default([1.0, 2.0], [None])
    assert session.run(tf.reduce_sum(x)) == 3 and session.run(tf.reduce_sum(x), {x: [5.0]}) == 5


def test_new_batch_sizes_compile_no_kernel():
    x = tf.placeholder(tf.float32, [None, 20])
    y = tf.nn.softmax(tf.tanh(x @ np.ones((20, 30), np.float32)) + 1.0)
    with tf.Session() as s:
        s.run(y, {x: np.ones((64, 20))})
        compiled = s.compile_stats()["kernels_compiled"], s.compile_stats()["kernels_loaded"]
        assert s.run(y, {x: np.ones((100, 20))}).shape == (100, 30)
        after = s.compile_stats()
        assert (after["kernels_compiled"], after["kernels_loaded"]) == compiled


def test_make_callable(session):
    x, y = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.float32, [])
    f = session.make_callable([x * y, x], [x, y])
    a, b = f([1, 2], 3)
    np.testing.assert_array_equal(a, [3, 6])
    with pytest.raises(errors.FeedError, match="2 values are fed, 1 given"):
        f([1, 2])


# ---------------------------------------------------------------------- shapes that values decide

SHAPES = [
    ("reshape", lambda n: tf.reshape(tf.range(12), n), [3, 4], (3, 4)),
    ("fill", lambda n: tf.fill(n, 2.0), [2, 3], (2, 3)),
    ("zeros", lambda n: tf.zeros(n), [5], (5,)),
    ("tile", lambda n: tf.tile([[1.0, 2.0]], n), [2, 3], (2, 6)),
    ("random", lambda n: tf.random_normal(n), [4, 4], (4, 4)),
    ("broadcast_to", lambda n: tf.broadcast_to([1.0], n), [3, 2], (3, 2)),
]


@pytest.mark.parametrize("make, value, shape", [r[1:] for r in SHAPES], ids=[r[0] for r in SHAPES])
def test_fed_shapes(session, make, value, shape):
    n = tf.placeholder(tf.int32, [None])
    y = make(n)
    for _ in range(2):
        assert session.run(y, {n: value}).shape == shape


def test_shapes_that_data_decide(session):
    x = tf.placeholder(tf.float32, [None])
    kept = tf.boolean_mask(x, x > 0)
    y = tf.reduce_sum(kept * 2) + tf.cast(tf.size(kept), tf.float32)
    assert session.run(y, {x: [1, -1, 2]}) == 8
    assert session.run(y, {x: [-1, -1, 2, 3, 4]}) == 21
    z = tf.py_func(lambda a: a[a > 1], [x], tf.float32)
    np.testing.assert_array_equal(session.run(z + 1, {x: [1, 2, 3]}), [3, 4])


# ---------------------------------------------------------------------- state

def test_variables_initialise_themselves_and_again(session):
    v = tf.Variable(tf.random_normal([3], seed=1))
    w = tf.Variable(v.initialized_value() * 2)
    a, b = session.run([v, w])
    np.testing.assert_allclose(b, 2 * a)
    session.run(v.assign(np.zeros(3)))
    session.run(tf.global_variables_initializer())
    assert np.abs(session.run(v)).sum() > 0


def test_reads_see_the_value_before_the_run(session):
    v = tf.Variable(1.0)
    up = v.assign_add(1.0)
    before, after = session.run([v * 1.0, up])
    assert (before, after) == (1, 2)
    with tf.control_dependencies([up]):
        late = tf.identity(v) * 10
    early, now, then = session.run([v, up, late])
    assert (early, now, then) == (2, 3, 30)


@pytest.mark.parametrize("n", [2, 20_000])
def test_a_variable_that_is_fed_and_set(n, session):
    """Reads see what is fed; what is assigned is kept."""
    v = tf.Variable(np.ones(n), dtype=tf.float32)
    fed = np.arange(n, dtype=np.float32)
    for update, wanted in ((v.assign(v * 2.0), 2 * fed), (v.assign_add(np.ones(n)), fed + 1), (v.assign(tf.zeros([n])), 0 * fed)):
        new, read = session.run([update, v], {v: fed})
        np.testing.assert_array_equal(new, wanted)
        np.testing.assert_array_equal(read, fed)
        np.testing.assert_array_equal(session.run(v), wanted)


def test_swap_has_no_race(session):
    a, b = tf.Variable(np.arange(4.0)), tf.Variable(np.zeros(4))
    swap = tf.group(a.assign(b), b.assign(a))
    session.run(swap)
    x, y = session.run([a, b])
    np.testing.assert_array_equal(x, np.zeros(4))
    np.testing.assert_array_equal(y, np.arange(4.0))


def test_two_additions_both_count(session):
    v = tf.Variable(np.zeros(3, np.float32))
    session.run([v.assign_add([1, 1, 1]), v.assign_add([2, 2, 2]), v.assign_sub([0, 1, 2])])
    np.testing.assert_array_equal(session.run(v), [3, 2, 1])


def test_assigned_value_that_reads_shifted_old_one(session):
    v = tf.Variable(np.arange(6, dtype=np.float32))
    session.run(v.assign(tf.reverse(v, [0]) + v))
    np.testing.assert_array_equal(session.run(v), np.full(6, 5))


def test_sessions_keep_their_own_state(session):
    v = tf.Variable(1.0)
    session.run(v.assign(5.0))
    with tf.Session() as other:
        assert other.run(v) == 1 and session.run(v) == 5
        v.load(9.0, other)
        assert other.run(v) == 9 and session.run(v) == 5


def test_py_func_effects_happen_once_a_run(session):
    seen = []
    tick = tf.py_func(lambda a: (seen.append(float(a)), a)[1], [tf.constant(2.0)], tf.float32)
    tick.set_shape([])
    with tf.control_dependencies([tick]):
        y = tf.constant(1.0) + 1.0
    assert session.run(y) == 2
    session.run([tick.op, y])
    assert seen == [2.0, 2.0]


def test_random_numbers_differ_between_runs_and_repeat_with_a_seed(session):
    tf.set_random_seed(7)
    r = tf.random_normal([4], name="r")
    a, b = session.run(r), session.run(r)
    assert not np.array_equal(a, b)
    with tf.Session(jit=session.jit) as again:
        np.testing.assert_array_equal(again.run(r), a)


# ---------------------------------------------------------------------- many threads, growth, depth

def test_one_session_from_many_threads():
    x = tf.placeholder(tf.float32, [None])
    y = tf.reduce_sum(tf.tanh(x)) + tf.reduce_mean(x)
    wrong = []
    with tf.Session() as s:
        def work(i):
            for n in range(20):
                feed = np.full(1000 * (i % 3 + 1), i / 10, np.float32)
                if abs(s.run(y, {x: feed}) - (np.tanh(i / 10) * len(feed) + i / 10)) > 1e-1:
                    wrong.append((i, n))
        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert not wrong


def test_growing_graph_is_reported_once():
    with tf.Session(jit=False) as s:
        with pytest.warns(errors.GraphGrowthWarning, match=r"test_session\.py:\d+") as caught:
            for i in range(40):
                s.run(tf.constant(float(i)))
    assert [w.filename for w in caught] == [__file__]


@pytest.mark.parametrize("links", [2_000, pytest.param(50_000, marks=pytest.mark.slow)])
def test_a_very_deep_chain(links):
    """Two operators a link, more than Python may recurse, build, differentiate and run."""
    x = tf.placeholder(tf.float32, [4])
    y = x
    for _ in range(links):
        y = y * 0.9999 + 0.0001
    (g,) = tf.gradients(y, x)
    with tf.Session() as s:
        value, slope = s.run([y, g], {x: np.full(4, 2.0)})
    np.testing.assert_allclose(value, 1 + 0.9999 ** links, rtol=1e-3)
    np.testing.assert_allclose(slope, 0.9999 ** links, rtol=1e-2)


# ---------------------------------------------------------------------- mistakes

def _other_graph():
    with tf.Graph().as_default():
        return tf.constant(1.0)


MISTAKES = [
    ("fetch other graph", lambda s, x: s.run(_other_graph()), errors.FetchError, "belongs to another graph"),
    ("fetch a number", lambda s, x: s.run(3), errors.FetchError, "is not a tensor"),
    ("fetch None", lambda s, x: s.run([x, None], {x: [1, 2]}), errors.FetchError, "cannot fetch None"),
    ("fetch unknown name", lambda s, x: s.run("nothing:0"), errors.FetchError, "nothing named 'nothing:0'"),
    ("missing feed", lambda s, x: s.run(x + 1), errors.InvalidArgumentError, "x: float32[2] (test_session.py:"),
    ("feed shape", lambda s, x: s.run(x, {x: [1, 2, 3]}), errors.FeedError, "cannot be fed an array of shape [3]"),
    ("feed rank", lambda s, x: s.run(x, {x: 1}), errors.FeedError, "shape []"),
    ("feed text", lambda s, x: s.run(x, {x: "ab"}), errors.FeedError, "not an array of numbers"),
    ("feed None", lambda s, x: s.run(x, {x: None}), errors.FeedError, "not an array of numbers"),
    ("feed ragged", lambda s, x: s.run(x, {x: [[1], [1, 2]]}), errors.FeedError, "not an array of numbers"),
    ("feed a tensor", lambda s, x: s.run(x, {x: tf.constant([1.0, 2.0])}), errors.FeedError, "feed its value"),
    ("feed other graph", lambda s, x: s.run(x, {_other_graph(): 1}), errors.FeedError, "belongs to another graph"),
    ("gather index", lambda s, x: s.run(tf.gather(x, tf.constant([0, 7])), {x: [1, 2]}), errors.InvalidArgumentError,
     r"7.* not in \[0, 2\)(.|\n)*test_session.py:"),
    ("label", lambda s, x: s.run(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[5], logits=[x]), {x: [1, 2]}),
     errors.InvalidArgumentError, r"5.* not in \[0, 2\)(.|\n)*test_session.py:"),
    ("finalized", lambda s, x: (s.graph.finalize(), x + 1), errors.FinalizedError, "the graph is finalized"),
    ("py_func raises", lambda s, x: s.run(tf.py_func(lambda: 1 / 0, [], tf.float32)), ZeroDivisionError, "division"),
    ("no session", lambda s, x: x.eval(session=tf.Session()), errors.InvalidArgumentError, "must be fed"),
]


@pytest.mark.parametrize("act, kind, text", [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_mistakes_are_named(session, act, kind, text):
    x = tf.placeholder(tf.float32, [2], name="x")
    with pytest.raises(kind) as caught:
        act(session, x)
    message = str(caught.value)
    assert text in message or re.search(text, message), message
    if not session.graph.finalized:
        np.testing.assert_array_equal(session.run(x + 1, {x: [1, 2]}), [2, 3])     # still usable


# Graphs that were once compiled wrongly: (what is fetched of x: float32[n] and the scalar c, the same in numpy)
ONCE_WRONG = {
    "a scalar inside a full reduction": (lambda x, c: [tf.reduce_sum(tf.square(tf.sigmoid(x) - 1.0)), (c * 2.0) * (tf.sigmoid(x) - 1.0)],
                                         lambda x, c: [np.sum((1 / (1 + np.exp(-x)) - 1) ** 2), 2 * c * (1 / (1 + np.exp(-x)) - 1)]),
}


@pytest.mark.parametrize("name", ONCE_WRONG)
@pytest.mark.parametrize("n", [3, 40, 20_000])
def test_graphs_that_were_once_compiled_wrongly(name, n, session):
    build, wanted = ONCE_WRONG[name]
    x, c = tf.placeholder(tf.float32, [n]), tf.placeholder(tf.float32, [])
    value = np.linspace(-2, 2, n, dtype=np.float32)
    for got, want in zip(session.run(build(x, c), {x: value, c: 3.0}), wanted(value.astype(float), 3.0), strict=True):
        assert np.allclose(got, want, rtol=1e-5, atol=1e-6)


def test_closed_sessions_say_so():
    x = tf.constant(1.0)
    s = tf.Session()
    assert s.run(x) == 1
    s.close()
    with pytest.raises(errors.SessionClosedError, match="the session is closed"):
        s.run(x)
    with pytest.raises(errors.GraphError, match="needs a default session"):
        x.eval()
    i = tf.InteractiveSession()
    assert x.eval() == 1
    i.close()


def test_interactive_session_makes_its_graph_the_default_one():
    """One after another, as programs that compare two models do; each ends with its session."""
    outer, graphs = tf.get_default_graph(), [tf.Graph(), tf.Graph()]
    sessions = []
    for value, graph in zip((1.0, 2.0), graphs, strict=True):
        sessions.append(tf.InteractiveSession(graph=graph))
        assert tf.get_default_graph() is graph and tf.constant(value).eval() == value
    sessions.pop(0).close()
    assert tf.get_default_graph() is graphs[1]
    with sessions.pop():
        assert tf.get_default_graph() is graphs[1]
    assert tf.get_default_graph() is outer


def test_programs_for_other_shapes_are_kept_in_bounds(monkeypatch):
    """Those that ran last; what was let go runs again as a new one does."""
    monkeypatch.setattr(variants, "KEPT", 3)
    x = tf.placeholder(tf.float32, [None, 8])
    y = tf.reduce_sum(tf.matmul(x, tf.ones([8, 8])) * x)
    with tf.Session() as s:
        def programs():
            return next(c for c in s.calls.known.values() if c.feeds == [x]).variants.bound
        for n in (1, 2, 3, 2, 4, 5, 1, 2):
            assert s.run(y, {x: np.ones((n, 8))}) == 64 * n
        assert [key[0][0] for key in programs()] == [5, 1, 2]
        made = s.compile_stats()["programs"]
        s.run(y, {x: np.ones((1, 8))})
        assert s.compile_stats()["programs"] == made == 3 and [key[0][0] for key in programs()] == [5, 2, 1]      # of 1, of few and of any


def test_values_that_decide_sizes_are_bound():
    """One program serves a window wherever it begins, and few are kept bound; one beyond the end is another."""
    data, i = tf.constant(np.arange(3000.0)), tf.placeholder(tf.int32, [])
    part = data[i:i + 10]
    with tf.Session() as s:
        for k in range(300):
            np.testing.assert_array_equal(s.run(part, {i: k}), np.arange(k, k + 10.0))
        assert s.compile_stats()["programs"] == 1
        call, = {c for c in s.calls.known.values() if c.feeds == [i]}
        assert len(call.variants.bound) <= variants.KEPT
        for k in (2995, 2990, -3, -20, 4000):
            np.testing.assert_array_equal(s.run(part, {i: k}), np.arange(3000.0)[k:k + 10])


@pytest.mark.parametrize("feeds", [[1.0], "x", 3, [("x", 1.0)]], ids=str)
def test_feeds_are_a_dict(feeds, session):
    x = tf.placeholder(tf.float32, [])
    y = x + 1.0
    for _ in range(2):
        with pytest.raises(errors.FeedError, match=r"feed_dict is a dict, tensor -> value, not .*\n  at test_session.py:\d+"):
            session.run(y, feeds)
        assert session.run(y, {x: 1}) == 2
    with pytest.raises(errors.FeedError, match="feed_dict is a dict"):
        session.run(y, [x])


def test_a_run_inside_a_run_leaves_it_its_random_numbers(session):
    """What the outer run draws after the inner one is of the same run as what it drew before it, and no run's numbers are drawn twice."""
    noise, late = tf.random_normal([3], seed=1), tf.random_normal([], seed=2)
    with tf.Session(jit=session.jit) as plain:
        pairs = {tuple(a): b for a, b in (plain.run([noise, late]) for _ in range(6))}
    inner = []

    def inside(a):
        inner.append(session.run([noise, late])[0])
        return a
    passed = tf.py_func(inside, [noise], tf.float32)
    with tf.control_dependencies([passed]):
        after = tf.Variable(0.0).assign(late + 0.0 * passed[0])
    outer = [session.run([passed, after]) for _ in range(3)]
    assert all(pairs[tuple(a)] == b for a, b in outer)
    assert {tuple(a) for a, _ in outer} | {tuple(a) for a in inner} == {*pairs}
