"""Runs whose shapes depend on data: whatever has an effect happens once, and what is ordered after it sees it."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

import graphc as tf
from graphc.runtime.variants import KEPT, VARIANTS

from ..fuzz.direct import State

FEEDS = ([0.0, 1.0, 2.0, 3.0], [5.0, 0.0, 7.0], [2.0, 2.0, 4.0, 9.0, 1.0], [], [3.0, 3.0])


def _after(first, made):
    with tf.control_dependencies([first]):
        return made()


def _step(g):
    return tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(g.w * g.w))


def _masked_twice(g):
    a = tf.assign_add(g.v, 1.0)
    y = tf.boolean_mask(g.x, g.x > a)
    b = tf.assign_add(g.v, tf.reduce_sum(y))
    z = tf.boolean_mask(y, y < b)
    return [y, z, a, b, tf.assign_add(g.v, tf.reduce_sum(z)), z * g.v]


def _later_first(g):
    first = tf.assign_add(g.v, tf.reduce_sum(tf.boolean_mask(g.x, g.x > 1.0)))
    second = tf.assign_add(g.v, 1.0)            # goes on from the first, though it does not name it
    return [tf.boolean_mask(g.x, g.x < second), first, second]


def _several(g, used):
    parts = tf.py_func(lambda a: (g.log.append("both"), a + 1, a * 2)[1:], [g.x], [tf.float32, tf.float32])
    return [tf.boolean_mask(g.x, g.x > tf.reduce_sum(parts[0]) / 10.0), *used(parts)]


def _three(g):
    found, where = tf.unique(g.note(g.x, "first"))
    a = tf.assign_add(g.v, tf.reduce_sum(found))
    places = tf.where(found > a / 100.0)
    b = _after(a, lambda: tf.assign(g.u, g.v + 1.0))
    return [g.note(tf.cast(tf.boolean_mask(places, places[:, 0] > 0), "float32"), "last"), where, a, b, _after(b, g.u.read_value), g.u + 0.0]


# What is fetched, from: x float32[?] fed, variables v, u float32[] and w float32[2]; note(tensor, word) notes a word each time it is computed.
PROGRAMS = {
    "assigned before": lambda g: (a := tf.assign_add(g.v, 1.0), [tf.boolean_mask(g.x, g.x > a), a])[1],
    "assigned beside": lambda g: [tf.boolean_mask(g.x, g.x > 1.0), tf.assign_add(g.v, 1.0)],
    "assigned after": lambda g: (y := tf.boolean_mask(g.x, g.x > 1.0), [y, tf.assign(g.v, tf.reduce_sum(y))])[1],
    "only the operation": lambda g: (a := tf.assign_add(g.v, 1.0), [tf.boolean_mask(g.x, g.x > a), a.op])[1],
    "not fetched": lambda g: [tf.boolean_mask(g.x, g.x > tf.assign_add(g.v, 1.0))],
    "the old value after": lambda g: (a := tf.assign_add(g.v, 1.0), [tf.boolean_mask(g.x, g.x > a) * g.v, g.v + 0.0, a])[1],
    "the old value before and after": lambda g: (a := tf.assign_add(g.v, 1.0), [tf.boolean_mask(g.x, g.x > a + g.v) + g.v, a - g.v])[1],
    "the new value by control": lambda g: (a := tf.assign_add(g.v, 1.0), [
        _after(a, lambda: tf.boolean_mask(g.x, g.x > g.v)), _after(a, lambda: tf.exp(-g.v)), g.v * 2.0])[1],
    "a constant assigned": lambda g: (a := tf.assign(g.v, 2.0), [_after(a, lambda: tf.boolean_mask(g.x, g.x > g.v) - g.v)])[1],
    "a training step": lambda g: [_after(_step(g), lambda: tf.boolean_mask(g.x, g.x > g.w.read_value()[0])), g.w + 0.0],
    "a training step after": lambda g: [tf.train.GradientDescentOptimizer(0.1).minimize(
        g.w[0] * tf.reduce_sum(tf.boolean_mask(g.x, g.x > 1.0))), g.w + 0.0],
    "steps before and after": lambda g: (s := _step(g), [s, _after(s, lambda: tf.assign_sub(g.w, [1.0, 1.0] * tf.reduce_sum(
        tf.boolean_mask(g.x, g.x > g.w.read_value()[1]))))])[1],
    "two masks": _masked_twice,
    "a later assignment decides": _later_first,
    "printed before": lambda g: (p := tf.Print(g.x, [g.x], "before "), [tf.boolean_mask(p, p > 1.0), p])[1],
    "printed beside": lambda g: [tf.boolean_mask(g.x, g.x > 1.0), tf.Print(g.x, [g.x], "beside ")],
    "printed after": lambda g: (y := tf.boolean_mask(g.x, g.x > 1.0), [tf.Print(y, [y], "after "), y])[1],
    "printed all along": lambda g: (p := tf.Print(g.x, [g.x], "before "), y := tf.boolean_mask(p, p > 1.0), [
        tf.Print(y, [p, y], "after "), tf.Print(g.x, [tf.shape(g.x)], "beside ")])[2],
    "called before": lambda g: (p := g.note(g.x, "before"), [tf.boolean_mask(p, p > 1.0), p])[1],
    "called before, by control": lambda g: [_after(g.note(g.x, "before"), lambda: tf.boolean_mask(g.note(g.x, "mask"), g.x > 1.0))],
    "called after, by control": lambda g: (y := tf.boolean_mask(g.x, g.x > 1.0), [_after(y, lambda: g.note(g.x, "after"))])[1],
    "decides its size itself": lambda g: (p := g.cut(g.x, "cut"), [p, p * 2.0, tf.assign_add(g.v, tf.reduce_sum(p))])[1],
    "two that decide": lambda g: (p := g.cut(g.x, "first"), q := g.cut(p, "second"), [p, q, g.note(q * 0.5, "third")])[2],
    "a call that draws its own numbers": lambda g: (p := tf.py_func(lambda a: np.float32(next(g.count)), [g.x], tf.float32, stateful=False), [
        p.set_shape([]), tf.boolean_mask(g.x, g.x > p), p][1:])[1],
    "several results, one needed later": lambda g: _several(g, lambda parts: [parts[1]]),
    "several results, all needed later": lambda g: _several(g, lambda parts: [parts[0] + parts[1]]),
    "several results, one needed only before": lambda g: _several(g, lambda parts: []),
    "asserted before": lambda g: [_after(tf.assert_non_negative(g.x), lambda: tf.boolean_mask(g.x, g.x > tf.assign_add(g.v, 1.0)))],
    "three stages": _three,
    "grouped": lambda g: (a := tf.assign_add(g.v, 1.0), [tf.boolean_mask(g.x, g.x > a), tf.group(a, tf.assign(g.u, 3.0))])[1],
    "a gradient behind": lambda g: (p := g.note(g.x * g.v, "x"), y := tf.boolean_mask(p, p > 1.0), [
        tf.gradients(tf.reduce_sum(y * y) * g.w[0], g.w), y, tf.assign_add(g.v, 1.0)])[2],
    "sizes from a value": lambda g: (n := tf.cast(tf.assign_add(g.v, 1.0), "int32"), [tf.range(n), tf.fill([n], tf.assign_add(g.u, 1.0))])[1],
    "the size of a draw of rows": lambda g: (y := tf.boolean_mask(g.x, g.x > 1.0), [tf.reshape(g.note(y, "y"), [-1, 1]), tf.size(y)])[1],
}


def _graph(build):
    """A graph with what a program of the table fetches, and a log of what happens in it."""
    graph = tf.Graph()
    with graph.as_default():
        g = SimpleNamespace(log=[], graph=graph, x=tf.placeholder(tf.float32, [None], name="x"), count=iter(range(1000)))
        g.v, g.u, g.w = (tf.Variable(np.array(value, np.float32), name=name) for value, name in ((1.0, "v"), (2.0, "u"), ([1.0, 2.0], "w")))

        def noted(function, x, word):
            return tf.py_func(lambda a: (g.log.append((word, a.tolist())), function(a))[1], [x], tf.float32)

        def note(x, word):
            made = noted(lambda a: a, x, word)
            made.set_shape(x.shape)
            return made

        g.note, g.cut = note, lambda x, word: noted(lambda a: a[a > 1], x, word)
        g.fetches = build(g)
        g.variables = [g.v, g.u, g.w]
    return g


def _flat(fetches):
    return [f for part in fetches for f in (part if isinstance(part, list) else [part])]


def _run(session, g, feed):
    return session.run(g.fetches, {g.x: feed})


def _traced(session, g, feed):
    metadata = tf.RunMetadata()
    out = session.run(g.fetches, {g.x: feed}, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata)
    assert metadata.events
    return out


def _inside(session, g, feed):
    """The run, from a Python function that another run calls."""
    found = []
    with g.graph.as_default():
        outer = tf.py_func(lambda: found.append(session.run(g.fetches, {g.x: feed})), [], [])
    session.run(outer)
    return found[0]


def _explained(session, g, feed):
    """What decides sizes is computed to explain the run, for which functions are called; no variable changes."""
    before, log, count = session.run(g.variables), [*g.log], g.count
    g.count = iter(range(1000))
    session.explain(g.fetches, {g.x: feed})
    g.log[:], g.count = log, count
    np.testing.assert_equal(session.run(g.variables), before)
    return session.run(g.fetches, {g.x: feed})


WAYS = {"run": _run, "traced": _traced, "checked": lambda session, g, feed: session.run(g.fetches, {g.x: feed}, check_numerics=True),
        "callable": lambda session, g, feed: session.make_callable(g.fetches, [g.x])(feed), "inside": _inside, "explained": _explained}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_effects_happen_once(name, jit, way, capfd):
    direct, g = _graph(PROGRAMS[name]), _graph(PROGRAMS[name])
    oracle, operations = State(direct.variables), [isinstance(f, tf.Operation) for f in _flat(g.fetches)]
    with tf.Session(graph=g.graph, jit=jit) as session:
        for feed in (*FEEDS, *FEEDS[:2]):
            wanted = oracle.run([direct.graph.as_node(f) for f in _flat(direct.fetches)], {direct.x: np.array(feed, np.float32)})
            printed = capfd.readouterr().err
            found = _flat(WAYS[way](session, g, feed))
            happened = capfd.readouterr().err
            if way != "explained":                      # which prints what it needs
                assert Counter(happened.splitlines()) == Counter(printed.splitlines())
            assert Counter(map(str, g.log)) == Counter(map(str, direct.log))
            for value, good, operation in zip(found, wanted, operations, strict=True):
                if operation:
                    assert value is None
                else:
                    assert np.shape(value) == np.shape(good) and value.dtype == good.dtype
                    np.testing.assert_allclose(value, good, rtol=1e-6)
            for v, o in zip(g.variables, direct.variables, strict=True):
                np.testing.assert_allclose(session.run(v), oracle.values[o], rtol=1e-6)


def _behind(g, fails):
    """An assignment, a mask behind it, another assignment, and behind that something that fails."""
    a = tf.assign_add(g.v, 1.0)
    y = tf.boolean_mask(g.x, g.x > a)
    b = _after(a, lambda: tf.assign(g.u, tf.reduce_sum(y)))
    return [a, b, _after(b, lambda: fails(g, y))]


FAILURES = {
    "while the second stage's sizes are found": lambda g, y: tf.reshape(y, [2, 2]),
    "in what decides the third stage": lambda g, y: tf.py_func(lambda a: [][1], [y], tf.float32),
    "before the third stage": lambda g, y: tf.boolean_mask(y, tf.gather(y, [9]) > tf.zeros_like(y)[:1]),
    "of another shape than was set for it": lambda g, y: (p := tf.py_func(lambda a: a, [y], tf.float32), p.set_shape([1]), p)[2],
}


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_before_the_last_stage_changes_no_variable(name, jit):
    g = _graph(lambda g: _behind(g, FAILURES[name]))
    with tf.Session(graph=g.graph, jit=jit) as session:
        for _ in range(2):
            with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.ShapeError, IndexError)):
                session.run(g.fetches, {g.x: [1.0, 3.0, 4.0, 5.0]})
            assert session.run([g.v, g.u]) == [1.0, 2.0]
        assert session.run(g.fetches[:2], {g.x: [1.0, 3.0, 4.0, 5.0]}) == [2.0, 12.0]
        assert session.run([g.v, g.u]) == [2.0, 12.0]


def test_a_shape_that_was_set_and_is_not_is_named():
    with tf.Graph().as_default(), tf.Session() as session:
        p = tf.py_func(lambda: np.zeros(3, np.float32), [], tf.float32, name="three")
        p.set_shape([2])
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"three: float32\[2\].*is an array of shape \[3\]\n  at test_stages"):
            session.run(p * 2.0)


def test_programs_of_later_stages_are_kept_within_a_bound():
    x, log = tf.placeholder(tf.float32, [None]), []
    counted = tf.py_func(lambda a: (log.append(0), a)[1], [x], tf.float32)
    fetch = tf.reduce_sum(tf.boolean_mask(x, x > 0.0)) + tf.reduce_sum(counted)
    with tf.Session() as session:
        made = []
        for count in [*range(3 * KEPT), 3 * KEPT - 1, 0]:
            feed = np.where(np.arange(100) < count, 1.0, -1.0)
            assert session.run(fetch, {x: feed}) == count + feed.sum()
            made.append(session.compile_stats()["programs"])
        call, = set(session.calls.known.values())
        stages = list(_stages(call.variants))
        assert len(stages) > 1 and all(len(v.bound) <= KEPT and len(v.variants) <= VARIANTS for v in stages) and len(log) == len(made)
        # All counts from 2 on are one program bound anew, and one for few.
        assert any(len(v.bound) == KEPT for v in stages) and made[-1] <= made[3] + 1


def _stages(variants):
    yield variants
    for v in variants.variants:
        yield from _stages(v.following) if v.following is not None else ()


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
def test_all_stages_of_a_run_see_one_draw(jit):
    def draws(fetch):
        with tf.Graph().as_default(), tf.Session(jit=jit) as session:
            tf.set_random_seed(3)
            r, late = tf.random_uniform([6], name="r"), tf.random_normal([2], name="late")
            kept = tf.boolean_mask(r, r > 0.5)
            found = [session.run(fetch(r, kept, late)) for _ in range(3)]
            return found, session.run(r)
    alone, after = draws(lambda r, kept, late: [r, late])
    staged, after_staged = draws(lambda r, kept, late: [r, late, kept, kept * late[0]])
    np.testing.assert_allclose(after, after_staged, rtol=1e-6)
    for (r, late), (r2, late2, kept, scaled) in zip(alone, staged, strict=True):
        np.testing.assert_allclose([*r, *late], [*r2, *late2], rtol=1e-6)
        np.testing.assert_array_equal(kept, r2[r2 > 0.5])
        np.testing.assert_allclose(scaled, kept * late2[0], rtol=1e-6)


# What is fetched, from x float32[4] fed 0, 1, 2, 3 and a variable v that was 1 and is set to its initial value 2 or is fed; the results of two runs,
# and v after each.
GIVEN = {
    "initialised": (lambda x, v: [tf.boolean_mask(x, x > v), v.initializer, tf.assign_add(v, 1.0)], {}, [([3.0], None, 3.0), 3.0] * 2),
    "the assignment is fed": (lambda x, v: (a := tf.assign(v, 9.0, name="a"), [tf.boolean_mask(x, x >= a), _after(a, lambda: v + 0.0), a])[1],
                              {"a:0": 3.0}, [([3.0], 3.0, 3.0), 1.0] * 2),
    "the variable is fed": (lambda x, v: [tf.boolean_mask(x, x > v), v + 1.0, tf.assign_add(v, 1.0)], {"v:0": 0.5},
                            [([1.0, 2.0, 3.0], 1.5, 1.5), 1.5] * 2),
    "between two assignments one is fed": (lambda x, v: (
        a := tf.assign_add(v, tf.reduce_sum(tf.boolean_mask(x, x > 2.0))), tf.assign(v, 50.0, name="fed"), b := tf.assign_add(v, 1.0),
        [tf.boolean_mask(x, x < b - 4.0), a, v.graph.as_node("fed:0"), b])[3], {"fed:0": 7.0},
        [([0.0], 4.0, 7.0, 5.0), 5.0, ([0.0, 1.0, 2.0, 3.0], 8.0, 7.0, 9.0), 9.0]),
}


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("name", GIVEN)
def test_what_is_given_to_a_run_in_stages(name, jit):
    build, feed, wanted = GIVEN[name]
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        x, v = tf.placeholder(tf.float32, [4]), tf.Variable(2.0, name="v")
        fetches = build(x, v)
        session.run(v.assign(1.0))
        for results, after in zip(wanted[::2], wanted[1::2], strict=True):
            for found, good in zip(session.run(fetches, {x: [0.0, 1.0, 2.0, 3.0], **feed}), results, strict=True):
                assert found is None if good is None else np.array_equal(found, good)
            assert session.run(v) == after


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
def test_a_variable_of_changing_size_behind_a_mask(jit):
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        x = tf.placeholder(tf.float32, [None])
        kept = tf.Variable([0.0], validate_shape=False, name="kept")
        a = tf.assign(kept, tf.boolean_mask(x, x > 1.0), validate_shape=False)
        again = tf.boolean_mask(x, x > tf.reduce_sum(a) / 4.0)
        before = [0.0]
        for feed in ([0.0, 2.0, 3.0], [5.0], [0.5], [1.0, 2.0, 4.0], [2.0]):
            good = np.array(feed)[np.array(feed) > 1.0]
            old, new, found = session.run([kept + 0.0, a, again], {x: feed})
            np.testing.assert_array_equal(old, before)
            np.testing.assert_array_equal(new, good)
            np.testing.assert_array_equal(found, [f for f in feed if f > good.sum() / 4.0])
            np.testing.assert_array_equal(session.run(kept), good)
            before = good


def _random_program(seed):
    """Assignments, masks, calls and reads in a random order, each of what there is by then, under random control dependencies."""
    def build(g):
        rng = np.random.default_rng(seed)
        scalars, vectors, done = [g.v, g.u, tf.constant(2.0)], [g.x], []

        def one():
            a, b = (scalars[i] for i in rng.integers(len(scalars), size=2))
            x = vectors[rng.integers(len(vectors))]
            v = (g.v, g.u)[rng.integers(2)]
            kind = rng.integers(9)
            if kind < 3:
                done.append((tf.assign_add, tf.assign, tf.assign_sub)[kind](v, tf.minimum(a, 3.0) - 0.5))
                scalars.append(done[-1])
            elif kind == 3:
                vectors.append(tf.boolean_mask(x, x > a))
            elif kind == 4:
                vectors.append(tf.unique(x + tf.minimum(b, 3.0)).y)
            elif kind == 5:
                vectors.append(g.note(x, f"vector {len(vectors)}"))
            elif kind == 6:
                scalars.append(g.note(a + b, f"scalar {len(scalars)}"))
            elif kind == 7:
                scalars.append(tf.reduce_sum(x) * 0.25)
            else:
                scalars.append(v.read_value())
        for _ in range(12):
            known = [n for n in [*scalars[3:], *vectors[1:]] if rng.random() < 0.15]
            with tf.control_dependencies(known):
                one()
        rest = [scalars[i] + 0.0 for i in range(len(scalars)) if rng.random() < 0.3]
        return [*done[:3], *rest, *(vectors[i] * 2.0 for i in range(1, len(vectors)) if rng.random() < 0.5), g.v + g.u]
    return build


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("seed", range(40))
def test_random_programs(seed, jit):
    direct, g = _graph(_random_program(seed)), _graph(_random_program(seed))
    oracle = State(direct.variables)
    with tf.Session(graph=g.graph, jit=jit) as session:
        for feed in FEEDS:
            wanted = oracle.run(direct.fetches, {direct.x: np.array(feed, np.float32)})
            for value, good in zip(session.run(g.fetches, {g.x: feed}), wanted, strict=True):
                assert np.shape(value) == np.shape(good)
                np.testing.assert_allclose(value, good, rtol=1e-5)
            assert Counter(word for word, _ in g.log) == Counter(word for word, _ in direct.log)
            for v, o in zip(g.variables, direct.variables, strict=True):
                np.testing.assert_allclose(session.run(v), oracle.values[o], rtol=1e-5)
