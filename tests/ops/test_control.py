"""Branches and loops: what they compute, compiled and interpreted, against Python's own; what is refused, and in which words."""

from __future__ import annotations

import json
from collections import namedtuple

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from graphc.ir import nest
from graphc.ir.graph import Graph

Pair = namedtuple("Pair", "a b")


def feed(value, shape=(), dtype=tf.float64):
    return tf.placeholder(dtype, shape), np.asarray(value)


# ---------------------------------------------------------------------- branches

@pytest.mark.parametrize("x, expected", [(3.0, 31.0), (-3.0, 4.0)])
def test_cond_takes_one_branch(session, x, expected):
    p = tf.placeholder(tf.float32, [])
    v = tf.Variable(1.0)
    assert session.run(tf.cond(p > 0, lambda: p * 10 + v, lambda: v - p), {p: x}) == expected


STRUCTURES = {
    "tensor": (lambda x: x, lambda v: v),
    "list of one": (lambda x: [x], lambda v: v),
    "list": (lambda x: [x, x + 1], lambda v: [v, v + 1]),
    "tuple": (lambda x: (x, [x + 1]), lambda v: (v, [v + 1])),
    "named tuple": (lambda x: Pair(x, 2 * x), lambda v: Pair(v, 2 * v)),
    "mapping": (lambda x: {"b": x, "a": 2 * x}, lambda v: {"b": v, "a": 2 * v}),
    "number": (lambda x: 7.0, lambda v: 7.0),
}


@pytest.mark.parametrize("make, wanted", STRUCTURES.values(), ids=STRUCTURES)
def test_cond_keeps_structures(session, make, wanted):
    x = tf.placeholder(tf.float32, [])
    found = session.run(tf.cond(x > 0, lambda: make(x), lambda: make(-x)), {x: -2.0})
    assert found == wanted(2.0) and type(found) in (type(wanted(2.0)), np.float32)


def test_cond_of_a_python_bool_and_old_names(session):
    assert session.run(tf.cond(True, lambda: tf.constant(1), lambda: 1 / 0)) == 1
    assert session.run(tf.cond(tf.constant(False), fn1=lambda: 1, fn2=lambda: 2)) == 2


def test_only_the_branch_taken_runs(session, capsys):
    """Effects, calls of Python and assignments of the other branch do not happen; what was built before happens in any case."""
    called = []
    x, v = tf.placeholder(tf.float64, []), tf.Variable(np.float64(1.0))
    before = tf.Print(x, [x], "before")

    def taken():
        with tf.control_dependencies([v.assign_add(x), tf.Assert(x > 0, ["positive"])]):
            return tf.identity(tf.py_func(lambda a: called.append(float(a)) or a, [before], tf.float64))
    y = tf.cond(x > 0, taken, lambda: tf.Print(before, [before], "other"))
    y.set_shape([])
    assert session.run(y, {x: 2.0}) == 2.0 and session.run(v) == 3.0 and called == [2.0]
    assert session.run(y, {x: -2.0}) == -2.0 and session.run(v) == 3.0 and called == [2.0]
    assert capsys.readouterr().err.split() == ["before[2]", "before[-2]", "other[-2]"]


def counted(v, times=3):
    """A loop that adds 1 to a variable, so many times."""
    return tf.while_loop(lambda i: i < times, lambda i: tf.identity(i + 1 + 0 * tf.cast(v.assign_add(1.0), tf.int32)), [0])


def chosen(v, p, by=1.0):
    """A branch that adds to a variable."""
    return tf.cond(p, lambda: v.assign_add(by), lambda: v.assign_add(100.0))


def after(first, build):
    with tf.control_dependencies([first]):
        return build()


# What assigns to a variable that is 0 before the run, in bodies and beside them; what it is afterwards, as TensorFlow 2.15 has it.
ASSIGNED = {
    "an assignment and a branch": (lambda v, p: [v.assign_add(10.0), chosen(v, p)], 11),
    "a branch and an assignment": (lambda v, p: [chosen(v, p), v.assign_add(10.0)], 11),
    "an assignment and a loop": (lambda v, p: [v.assign_add(10.0), counted(v)], 13),
    "two branches": (lambda v, p: [chosen(v, p), chosen(v, p, 5.0)], 6),
    "two loops": (lambda v, p: [counted(v), counted(v)], 6),
    "a loop and a branch": (lambda v, p: [counted(v), chosen(v, p)], 4),
    "a branch within a branch": (lambda v, p: [v.assign_add(10.0), tf.cond(p, lambda: chosen(v, p), lambda: tf.constant(0.0))], 11),
    "a loop within a branch": (lambda v, p: [v.assign_add(10.0), tf.cond(p, lambda: counted(v), lambda: 0)], 13),
    "a loop after a value": (lambda v, p: (lambda a: [a, after(a, lambda: counted(v))])(v.assign(100.0)), 103),
    "a scan": (lambda v, p: [v.assign_add(10.0), tf.scan(lambda a, x: a + v.assign_add(x), tf.constant([1.0, 2.0]), 0.0)], 13),
    "a branch, and what data decides": (lambda v, p: [v.assign_add(10.0), chosen(v, p), tf.boolean_mask([1.0, 2.0], tf.range(2.0) < v * 0 + 1)], 11),
}


@pytest.mark.parametrize("build, wanted", ASSIGNED.values(), ids=ASSIGNED)
def test_no_assignment_beside_a_body_is_lost(session, build, wanted):
    v, p = tf.Variable(0.0), tf.placeholder(tf.bool, [])
    fetches = build(v, p)
    for times in (1, 2):
        session.run(fetches, {p: True})
        assert session.run(v) == (wanted if wanted == 103 else times * wanted)


def test_a_branch_sees_what_it_assigned(session):
    x, v = tf.placeholder(tf.float64, []), tf.Variable(np.float64(5.0))

    def twice():
        with tf.control_dependencies([v.assign_add(x)]):
            with tf.control_dependencies([v.assign(v.read_value() * 2)]):
                return v.read_value() + 0
    y = tf.cond(x > 0, twice, lambda: v * 1)
    assert session.run([y, v], {x: 1.0}) == [12.0, 5.0]
    assert session.run([y, v], {x: -1.0}) == [12.0, 12.0] and session.run(v) == 12.0


def test_operations_are_results_of_branches(session):
    x, v = tf.placeholder(tf.bool, []), tf.Variable(1.0)
    done = tf.cond(x, lambda: tf.group(v.assign_add(1.0)), lambda: tf.no_op())
    assert session.run(done, {x: True}) and session.run(v) == 2.0
    assert session.run(done, {x: False}) and session.run(v) == 2.0


def test_conds_in_conds(session):
    x = tf.placeholder(tf.float32, [])
    y = tf.cond(x > 0, lambda: tf.cond(x > 1, lambda: x * 2, lambda: x * 3), lambda: tf.cond(x < -1, lambda: x * 4, lambda: x * 5))
    assert [session.run(y, {x: v}) for v in (2.0, 0.5, -2.0, -0.5)] == [4.0, 1.5, -8.0, -2.5]


def test_branches_of_other_shapes(session):
    x = tf.placeholder(tf.float32, [None])
    y = tf.cond(tf.reduce_sum(x) > 0, lambda: x[:2], lambda: tf.concat([x, x], 0))
    assert y.shape.as_list() == [None]
    assert session.run(2 * y, {x: [1, 2, 3]}).tolist() == [2, 4] and session.run(2 * y, {x: [-1]}).tolist() == [-2, -2]


@pytest.mark.parametrize("x, expected", [(1, 10), (5, 20), (9, 30)])
def test_case(session, x, expected):
    p = tf.placeholder(tf.int32, [])
    assert session.run(tf.case([(p < 3, lambda: 10), (p < 7, lambda: 20)], default=lambda: 30), {p: x}) == expected
    assert session.run(tf.case({p < 3: lambda: 10, p >= 3: lambda: 0}, exclusive=True), {p: x}) == (10 if x < 3 else 0)


def test_case_of_no_or_two_predicates(session):
    p = tf.placeholder(tf.int32, [])
    pairs = [(p < 3, lambda: 10), (p < 7, lambda: 20)]
    with pytest.raises(errors.InvalidArgumentError, match="no predicate of a case"):
        session.run(tf.case(pairs), {p: 9})
    with pytest.raises(errors.InvalidArgumentError, match="more than one predicate"):
        session.run(tf.case(pairs, default=lambda: 0, exclusive=True), {p: 1})


@pytest.mark.parametrize("functions, index, expected", [([1, 2, 3], 1, 2), ([1, 2, 3], 9, 3), ([1, 2, 3], -1, 3), ({4: 1, 7: 2}, 4, 1),
                                                        ({4: 1, 7: 2}, 0, 2)])
def test_switch_case(session, functions, index, expected):
    p = tf.placeholder(tf.int32, [])
    given = {k: (lambda v=v: v) for k, v in functions.items()} if isinstance(functions, dict) else [lambda v=v: v for v in functions]
    assert session.run(tf.switch_case(p, given), {p: index}) == expected
    assert session.run(tf.switch_case(p, given, default=lambda: -1), {p: 99}) == -1


# ---------------------------------------------------------------------- loops

def collatz(n):
    count = 0
    while n != 1:
        n, count = 3 * n + 1 if n % 2 else n // 2, count + 1
    return count


def test_collatz_length(session):
    n = tf.placeholder(tf.int32, [])

    def step(n, count):
        return tf.cond(tf.equal(n % 2, 0), lambda: n // 2, lambda: 3 * n + 1), count + 1
    found = tf.while_loop(lambda n, count: tf.not_equal(n, 1), step, [n, 0])[1]
    assert [session.run(found, {n: k}) for k in (1, 2, 7, 27, 97)] == [collatz(k) for k in (1, 2, 7, 27, 97)]


def test_newtons_square_root(session):
    a = tf.placeholder(tf.float64, [])
    root = tf.while_loop(lambda x: tf.abs(x * x - a) > 1e-14 * a, lambda x: (x + a / x) / 2, [a])
    for v in (2.0, 9.0, 1e6):
        assert session.run(root, {a: v}) == pytest.approx(v ** 0.5, rel=1e-14)


@pytest.mark.parametrize("n", [0, 1, 5, 16])
def test_matrix_powers(session, n):
    """By squaring: a branch in a loop, and a trip count that a run alone knows."""
    m, k = np.array([[1.0, 1.0], [1.0, 0.0]]), tf.placeholder(tf.int32, [])

    def step(n, power, square):
        return n // 2, tf.cond(tf.equal(n % 2, 1), lambda: tf.matmul(power, square), lambda: power), tf.matmul(square, square)
    _, found, _ = tf.while_loop(lambda n, *_: n > 0, step, (k, tf.eye(2, dtype=tf.float64), tf.constant(m)))
    assert np.array_equal(session.run(found, {k: n}), np.linalg.matrix_power(m, n))


def test_loops_in_loops(session):
    n = tf.placeholder(tf.int32, [])

    def outer(i, total):
        _, inner = tf.while_loop(lambda j, t: j < i, lambda j, t: (j + 1, t + i * j), [0, 0])
        return i + 1, total + inner
    total = tf.while_loop(lambda i, t: i < n, outer, [0, 0])[1]
    assert session.run(total, {n: 7}) == sum(i * j for i in range(7) for j in range(i))


def test_loops_in_conds(session):
    x = tf.placeholder(tf.float64, [])
    y = tf.cond(x > 0, lambda: tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * x), [0, x])[1], lambda: x)
    assert session.run(y, {x: 2.0}) == 16.0 and session.run(y, {x: -2.0}) == -2.0


def test_shapes_that_change(session):
    n = tf.placeholder(tf.int32, [])
    _, grown = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, tf.concat([a, [i]], 0)), [0, tf.constant([-1])],
                             shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])])
    assert grown.shape.as_list() == [None]
    for k in (0, 1, 4):
        assert session.run([2 * grown, tf.shape(grown)[0]], {n: k})[0].tolist() == [-2, *(2 * i for i in range(k))]


def test_structures_of_loop_variables(session):
    state = {"pair": Pair(tf.constant(1.0), [tf.constant(2.0)]), "n": tf.constant(0)}
    end, = tf.while_loop(lambda s: s["n"] < 3, lambda s: [{"pair": Pair(s["pair"].a + s["pair"].b[0], [s["pair"].b[0]]), "n": s["n"] + 1}],
                         [state], return_same_structure=True)
    found = session.run(end)
    assert found == {"pair": Pair(7.0, [2.0]), "n": 3} and isinstance(found["pair"], Pair)
    assert session.run(tf.while_loop(lambda s: s["n"] < 0, lambda s: [s], [state]))["n"] == 0


@pytest.mark.parametrize("most, expected", [(3, 3), (0, 0), (-5, 0), (99, 10)])
def test_maximum_iterations(session, most, expected):
    m = tf.placeholder(tf.int32, [])
    assert session.run(tf.while_loop(lambda i: i < 10, lambda i: i + 1, [0], maximum_iterations=m), {m: most}) == expected
    assert session.run(tf.while_loop(lambda i: i < 10, lambda i: i + 1, [0], maximum_iterations=most)) == expected


def test_effects_of_iterations(session, capsys):
    """They happen in order, once each; assignments go on from iteration to iteration and are there after the run."""
    called, v = [], tf.Variable(10)

    def step(i):
        note = tf.py_func(lambda a: called.append(int(a)) or a, [i], tf.int32)
        with tf.control_dependencies([v.assign_add(i), tf.Print(i, [i], "i=")]):
            return tf.reshape(note, []) + 1
    end = tf.while_loop(lambda i: i < 3, step, [0])
    assert session.run(end) == 3 and called == [0, 1, 2] and session.run(v) == 13
    assert capsys.readouterr().err.split() == ["i=[0]", "i=[1]", "i=[2]"]


def test_random_numbers_of_iterations(session):
    """Anew in each iteration and each run; the same numbers for a seed, whoever runs them."""
    found = tf.map_fn(lambda _: tf.random_uniform([2], seed=3), tf.zeros([5]))
    first, second = session.run(found), session.run(found)
    assert len({*first.ravel().tolist(), *second.ravel().tolist()}) == 20
    with tf.Session(jit=False) as other:
        assert np.array_equal(other.run(found), first)


def test_values_from_outside_a_loop_are_drawn_once(session):
    u = tf.random_uniform([])
    found = session.run(tf.map_fn(lambda _: u * 1, tf.zeros([4])))
    assert len({*found.tolist()}) == 1


# ---------------------------------------------------------------------- rows

ROWS = np.arange(12.0).reshape(4, 3)


def test_scans(session):
    x = tf.placeholder(tf.float64, [None, 3])
    add = lambda a, r: a + r  # noqa: E731
    found = session.run({"plain": tf.scan(add, x), "begun": tf.scan(add, x, tf.ones([3], tf.float64)), "back": tf.scan(add, x, reverse=True),
                         "left": tf.foldl(add, x), "right": tf.foldr(lambda a, r: r - a, x, tf.zeros([3], tf.float64)),
                         "two": tf.scan(lambda a, r: (a[0] + r[0], a[1] * r[1]), (x, x + 1))}, {x: ROWS})
    right = np.zeros(3)
    for row in ROWS[::-1]:
        right = row - right
    wanted = {"plain": ROWS.cumsum(0), "begun": ROWS.cumsum(0) + 1, "back": ROWS[::-1].cumsum(0)[::-1], "left": ROWS.sum(0), "right": right}
    for name, value in wanted.items():
        assert np.array_equal(found[name], value), name
    assert np.array_equal(found["two"][0], ROWS.cumsum(0)) and np.array_equal(found["two"][1], (ROWS + 1).cumprod(0))


def test_maps(session):
    x = tf.placeholder(tf.float64, [None, 3])
    several = tf.map_fn(lambda t: {"sum": t[0] + t[1], "first": t[0][:1]}, (x, 2 * x), dtype={"sum": tf.float64, "first": tf.float64})
    found = session.run([several, tf.map_fn(tf.reduce_sum, x), tf.map_fn(lambda r: tf.cast(r, tf.int32), x, dtype=tf.int32),
                         tf.map_fn(lambda i: i * i, [1, 2, 3])], {x: ROWS})
    assert np.array_equal(found[0]["sum"], 3 * ROWS) and np.array_equal(found[0]["first"], ROWS[:, :1])
    assert np.array_equal(found[1], ROWS.sum(1)) and found[2].dtype == np.int32 and found[3].tolist() == [1, 4, 9]


def test_no_rows(session):
    x = tf.placeholder(tf.float64, [None, 3])
    found = session.run([tf.map_fn(lambda r: 2 * r, x), tf.foldl(lambda a, r: a + r, x, tf.ones([3], tf.float64))], {x: np.zeros((0, 3))})
    assert found[0].shape == (0, 3) and found[1].tolist() == [1, 1, 1]


# ---------------------------------------------------------------------- arrays

def test_arrays(session):
    x = tf.placeholder(tf.float64, [None, 3])
    array = tf.TensorArray(tf.float64, size=4).unstack(x)
    grown = tf.TensorArray(tf.float64, size=0, dynamic_size=True)
    for i in range(3):
        grown = grown.write(i, x[i] * 2)
    cut = tf.TensorArray(tf.float64, size=2).split(x, [2, 2])
    spread = tf.TensorArray(tf.float64, size=4).scatter([2, 0], x[:2])
    found = session.run([array.stack(), array.read(2), array.gather([3, 1]), array.concat(), array.size(), grown.stack(), grown.size(),
                         cut.read(1), spread.read(0), spread.gather([0, 2])], {x: ROWS})
    wanted = [ROWS, ROWS[2], ROWS[[3, 1]], ROWS.reshape(-1), 4, 2 * ROWS[:3], 3, ROWS[2:], ROWS[1], ROWS[[1, 0]]]
    for a, b in zip(found, wanted, strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("given", [None, [3], [None]], ids=str)
def test_arrays_in_loops(session, given):
    x = tf.placeholder(tf.float64, [None, 3])
    n = tf.shape(x)[0]
    rows = tf.TensorArray(tf.float64, size=n).unstack(x)
    end = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a.write(n - 1 - i, rows.read(i) + 1)),
                        [0, tf.TensorArray(tf.float64, size=n, element_shape=given)])[1]
    assert np.array_equal(session.run(end.stack(), {x: ROWS}), ROWS[::-1] + 1)


ARRAYS = {
    "past the end": (lambda a: a.read(5), "TensorArray .*has 3 elements, and none of number 5"),
    "below": (lambda a: a.write(-1, 0.0).stack(), "has 3 elements, and none of number -1"),
    "before it is written": (lambda a: a.read(1), "element 1 is read, and was not written before"),
    "twice": (lambda a: a.write(0, 1.0).write(0, 2.0).read(0), "element 0 is written a second time"),
    "not all": (lambda a: a.write(0, 1.0).stack(), "element 1 is read, and was not written before"),
    "unequal pieces": (lambda a: a.split([1.0, 2.0, 3.0], [1, 2, 0]).size(), "the pieces are"),
}


@pytest.mark.parametrize("use, message", ARRAYS.values(), ids=ARRAYS)
def test_uses_of_arrays_that_a_run_refuses(session, use, message):
    array = tf.TensorArray(tf.float32, size=3)
    with pytest.raises(errors.InvalidArgumentError, match=message) as e:
        found = session.run(use(array) if "pieces" not in message else array.split([1.0, 2.0, 3.0], [1, 2, 0]).stack())
        assert found is None
    assert "test_control.py:" in str(e.value)


# ---------------------------------------------------------------------- what is refused

def loop(step, *initial, **more):
    return tf.while_loop(lambda *v: v[0] < 3, step, [0, *initial], **more)


REFUSED = [
    ("dtype changes", lambda: loop(lambda i, a: (i + 1, tf.cast(a, tf.float64)), 1.0), errors.DTypeError,
     r"while: the loop variable while/Const\w* is float32\[\] before an iteration, and float64\[\] after it"),
    ("shape changes", lambda: loop(lambda i, a: (i + 1, tf.concat([a, a], 0)), tf.zeros([2])), errors.ShapeError,
     r"has shape \[2\] before an iteration, and \[4\] after it; shape_invariants="),
    ("rank changes", lambda: loop(lambda i, a: (i + 1, a[None]), tf.zeros([2])), errors.ShapeError, "has shape"),
    ("invariants too narrow", lambda: loop(lambda i, a: (i + 1, a), tf.zeros([2]), shape_invariants=[tf.TensorShape([]), tf.TensorShape([3])]),
     errors.ShapeError, "is not of the shape"),
    ("invariants of another structure", lambda: loop(lambda i, a: (i + 1, a), 1.0, shape_invariants=[tf.TensorShape([])]), errors.GraphError,
     "another structure"),
    ("arity of a body", lambda: loop(lambda i, a: i + 1, 1.0), errors.GraphError, "other structures"),
    ("too many results", lambda: loop(lambda i, a: (i, a, a), 1.0), errors.GraphError, "a list of 2 and a list of 3"),
    ("None from a body", lambda: loop(lambda i, a: (i + 1, None), 1.0), errors.GraphError, "None"),
    ("no condition", lambda: tf.while_loop(3, lambda i: i, [0]), errors.ArgumentError, "cond is a function"),
    ("no variables", lambda: tf.while_loop(lambda: True, lambda: [], []), errors.ArgumentError, "loop_vars"),
    ("condition of numbers", lambda: tf.while_loop(lambda i: i, lambda i: i + 1, [0]), errors.DTypeError, r"not bool\[\]"),
    ("condition of many", lambda: tf.while_loop(lambda i: i < 3, lambda i: i, [tf.zeros([2])]), errors.DTypeError, r"not bool\[\]"),
    ("condition assigns", lambda: tf.while_loop(lambda i: tf.Variable(0).assign(i) < 3, lambda i: i + 1, [0]), errors.GraphError, "assigns"),
    ("branches of other dtypes", lambda: tf.cond(tf.constant(True), lambda: 1, lambda: 1.0), errors.DTypeError,
     r"cond: result 0 is int32\[\] of the branch for true, and float32\[\] of the other"),
    ("branches of other structures", lambda: tf.cond(tf.constant(True), lambda: (1, 2), lambda: 1), errors.GraphError, "a tuple of 2 and a value"),
    ("other keys", lambda: tf.cond(tf.constant(True), lambda: {"a": 1}, lambda: {"b": 1}), errors.GraphError, "the keys"),
    ("a queue filled inside", lambda: tf.cond(tf.constant(True), lambda: tf.group(tf.FIFOQueue(3, tf.int32, []).enqueue(1)), lambda: tf.no_op()),
     errors.GraphError, "within one it cannot"),
    ("a branch without result", lambda: tf.cond(tf.constant(True), lambda: None, lambda: 1), errors.GraphError, "true_fn gives None"),
    ("no function", lambda: tf.cond(tf.constant(True), 1, 2), errors.ArgumentError, "true_fn is a function"),
    ("predicate of numbers", lambda: tf.cond(tf.constant(1), lambda: 1, lambda: 2), errors.DTypeError, r"not bool\[\]"),
    ("pairs that are none", lambda: tf.case([1, 2]), errors.ArgumentError, "no pair"),
    ("no branch", lambda: tf.switch_case(tf.constant(1), []), errors.ArgumentError, "switch_case takes functions"),
    ("rows of a scalar", lambda: tf.map_fn(lambda r: r, tf.constant(1.0)), errors.ShapeError, "has no rows"),
    ("other numbers of rows", lambda: tf.map_fn(lambda r: r, (tf.zeros([2]), tf.zeros([3]))), errors.ShapeError, "other numbers of rows"),
    ("map of another dtype", lambda: tf.map_fn(lambda r: r > 0, tf.zeros([2])), errors.DTypeError, "dtype= says float32"),
    ("state that changes", lambda: tf.scan(lambda a, r: (a, r), tf.zeros([2])), errors.GraphError, "other structures"),
    ("element of another dtype", lambda: tf.TensorArray(tf.float32, 2).write(0, tf.constant(1)), errors.DTypeError, "is not float32"),
    ("element of another shape", lambda: tf.TensorArray(tf.float32, 2, element_shape=[2]).write(0, tf.zeros([3])), errors.ShapeError,
     "elements have"),
    ("an array without a size", lambda: tf.TensorArray(tf.float32), errors.ArgumentError, "needs a size"),
    ("an initializer inside", lambda: tf.cond(tf.constant(True), lambda: tf.group(tf.Variable(1.0).initializer), lambda: tf.no_op()),
     errors.GraphError, "initial value"),
]


@pytest.mark.parametrize("make, kind, message", [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused(make, kind, message):
    with pytest.raises(kind, match=message) as e:
        make()
    assert "test_control.py:" in str(e.value)


def test_values_inside_a_loop_are_used_nowhere_else(session):
    kept = []
    end = tf.while_loop(lambda i: i < 3, lambda i: kept.append(i + 1) or kept[0], [0])
    assert session.run(end) == 3
    with pytest.raises(errors.InvalidArgumentError, match=r"while/\w+: int32\[\] \(test_control.py:\d+\) is a value inside while"):
        session.run(kept[0])
    with pytest.raises(errors.InvalidArgumentError, match="is a value inside while"):
        session.run(tf.while_loop(lambda j: j < 3, lambda j: j + kept[0], [0]))


def test_errors_name_operands_of_bodies(session):
    """By their names and lines in the graph: what a loop takes from outside, and its own number of the iteration."""
    x = tf.placeholder(tf.float32, [4, 3], name="rows")
    y = tf.while_loop(lambda i, a: i < 6, lambda i, a: (i + 1, a + tf.gather(x, i)), [0, tf.zeros([3])])
    with pytest.raises(errors.InvalidArgumentError, match=r"rows: float32\[4,3\] \(test_control.py:\d+\), while/iteration: int32\[\] "
                                                          r"\(test_control.py:\d+\)(.|\n)*in iteration 4 of while"):
        session.run(y, {x: np.ones((4, 3))})


def test_errors_name_iteration_and_line(session):
    x = tf.placeholder(tf.float32, [4])
    found = tf.while_loop(lambda i, s: i < 9, lambda i, s: (i + 1, s + tf.gather(x, i)), [0, 0.0])[1]
    with pytest.raises(errors.InvalidArgumentError, match=r"in iteration 4 of while: .*\(test_control.py:\d+\)"):
        session.run(found, {x: np.zeros(4)})

    def fail(i):
        raise KeyError("mine")
    with pytest.raises(KeyError) as e:
        session.run(tf.while_loop(lambda i: i < 3, lambda i: tf.reshape(tf.py_func(fail, [i], tf.int32), []), [0]))
    assert "in iteration 0 of while" in "".join(e.value.__notes__)


# ---------------------------------------------------------------------- files, structures

def everything():
    x = tf.placeholder(tf.float64, [None, 3], name="x")
    v = tf.Variable(np.ones(3), name="v")

    def step(i, a):
        with tf.control_dependencies([v.assign_add(a)]):
            return i + 1, tf.cond(a[0] > 0, lambda: a * 2 + v, lambda: tf.tanh(a) + tf.random_uniform([3], seed=4, dtype=tf.float64))
    a = tf.while_loop(lambda i, a: i < 3, step, [0, tf.foldl(lambda s, r: s + r, x)])[1]
    return x, a, tf.gradients(a, x)[0], v


def test_files(session):
    x, a, g, v = everything()
    wanted = session.run([a, g], {x: ROWS}), session.run(v)
    graph = Graph.from_json(session.graph.to_json())
    assert graph.to_json() == session.graph.to_json()
    with tf.Session(graph=graph, jit=session.jit) as other:
        found = other.run([a.name, g.name], {"x:0": ROWS}), other.run("v:0")
    assert all(np.array_equal(p, q) for p, q in zip((*wanted[0], wanted[1]), (*found[0], found[1]), strict=True))


def body_of(data):
    return next(n for n in data["nodes"] if n["op"] == "loop")["attrs"]["body"]["body"]


HOSTILE = {
    "more keys": (lambda b: b.update(code="import os"), "a body has parameters"),
    "a parameter too many": (lambda b: b.update(parameters=99), "is not a number of its nodes"),
    "one too few": (lambda b: b.update(parameters=b["parameters"] - 1), "stands in no body"),
    "a result from nowhere": (lambda b: b.update(results=[99]), "not the place of an earlier node"),
    "results missing": (lambda b: b.update(results=[]), "no bodies and numbers of a loop"),
    "another operator": (lambda b: b["nodes"][-1].update(op="os.system"), "there is no operator"),
}


@pytest.mark.parametrize("change, message", HOSTILE.values(), ids=HOSTILE)
def test_bodies_of_hostile_files(change, message):
    everything()
    data = json.loads(tf.get_default_graph().to_json())
    change(body_of(data))
    with pytest.raises(errors.SerializationError, match=message):
        Graph.from_json(json.dumps(data))


def test_scalars_that_are_written_in_part(session):
    """What is not written is zeros where the elements' shape is given, as in TensorFlow."""
    assert session.run(tf.TensorArray(tf.float32, size=3, element_shape=[]).write(1, 5.0).stack()).tolist() == [0, 5, 0]


def test_iterations_take_elements_of_datasets(session):
    """Each iteration one of its own, a branch that is not taken none; gradients take none; the end names the iteration."""
    iterator = tf.data.Dataset.from_tensor_slices(np.arange(1.0, 8.0)).make_one_shot_iterator()
    w, more = tf.constant(2.0, tf.float64), tf.placeholder(tf.bool, [])
    y = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * w + iterator.get_next()), [0, tf.constant(0.0, tf.float64)])[1]
    other = tf.cond(more, lambda: iterator.get_next(), lambda: w)
    assert session.run([y, tf.gradients(y, w)[0]]) == [1 * 4 + 2 * 2 + 3, 2 * 2 + 2]
    assert [session.run(other, {more: v}) for v in (False, True, False)] == [2.0, 4.0, 2.0]
    assert session.run(y) == 5 * 4 + 6 * 2 + 7
    with pytest.raises(errors.OutOfRangeError, match=r"end of the dataset(.|\n)*in iteration 0 of while"):
        session.run(y)


def test_structures_are_told_apart():
    assert nest.difference([1, (2, 3)], [4, (5, 6)]) is None and nest.difference({"a": 1, "b": 2}, {"b": 3, "a": 4}) is None
    assert nest.difference([1, (2, 3)], [4, [5, 6]]) == "a tuple of 2 and a list of 2 at [1]"
    assert nest.flatten({"b": 1, "a": (2, [3])}) == [2, 3, 1]
    assert nest.pack({"b": 1, "a": Pair(2, [3])}, "xyz") == {"b": "z", "a": Pair("x", ["y"])}


@pytest.mark.parametrize("shape", [None, [2]])
def test_array_that_is_empty_before_a_loop_grows_in_it(shape, session):
    array = tf.TensorArray(tf.float32, size=0, dynamic_size=True, element_shape=shape)
    _, array = tf.while_loop(lambda i, array: i < 3, lambda i, array: (i + 1, array.write(i, tf.fill([2], tf.cast(i, tf.float32)))), (0, array))
    assert session.run([array.stack(), array.size()])[0].tolist() == [[0, 0], [1, 1], [2, 2]]


def test_no_iterations_make_no_rows_of_the_shape_that_they_would_have(session):
    x = tf.placeholder(tf.float32, [None, 2, None])
    y = tf.map_fn(lambda row: tf.concat([row, row], 1), x)
    assert session.run(y, {x: np.zeros((0, 2, 3))}).shape == (0, 2, 6)
