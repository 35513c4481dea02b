"""Steps by rows: an optimizer changes the rows that a sparse gradient names, as it changes a variable of these rows alone, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from tests.draws import draws

RNG = draws(3)
TABLE = RNG.normal(size=(50, 3))
IDS = np.array([7, 3, 7, 49, 0, 3, 7])
ROWS = np.unique(IDS)
WANTED = RNG.normal(size=(7, 3))


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def dual(rate: float) -> Any:
    return tf.train.AdagradDAOptimizer(rate, tf.Variable(0, trainable=False, name="count"))


OPTIMIZERS = {
    "descent": lambda: tf.train.GradientDescentOptimizer(0.1), "momentum": lambda: tf.train.MomentumOptimizer(0.1, 0.9),
    "nesterov": lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True), "adagrad": lambda: tf.train.AdagradOptimizer(0.1),
    "rmsprop": lambda: tf.train.RMSPropOptimizer(0.1, momentum=0.5), "centered": lambda: tf.train.RMSPropOptimizer(0.1, centered=True),
    "adadelta": lambda: tf.train.AdadeltaOptimizer(0.1), "ftrl": lambda: tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.01),
    "proximal": lambda: tf.train.ProximalGradientDescentOptimizer(0.1, 0.01, 0.1),
    "proximal adagrad": lambda: tf.train.ProximalAdagradOptimizer(0.1, l1_regularization_strength=0.01), "dual": lambda: dual(0.1),
}


def steps(make: Any, start: Any, ids: Any, jit: bool, given: str = "found") -> tuple[Any, list[Any], Any]:
    """Three steps of a table towards rows that are wanted: the table, its slots, and the session's explanation of a step."""
    table = tf.Variable(start, name="table")
    at = tf.placeholder(tf.int32, [len(ids)])
    rows = tf.gather(table, at)
    loss = tf.reduce_sum(tf.square(rows - WANTED))
    optimizer = make()
    if given == "slices":
        slopes = 2.0 * (rows - WANTED)
        train = optimizer.apply_gradients([(tf.IndexedSlices(slopes, at, tf.shape(table, out_type=tf.int64)), table)])
    elif given == "scaled":
        grads, _ = tf.clip_by_global_norm([g for g, _ in optimizer.compute_gradients(loss)], 1e6)
        train = optimizer.apply_gradients([(grads[0], table)])
    else:
        train = optimizer.minimize(loss)
    session = tf.Session(jit=jit)
    for _ in range(3):
        session.run(train, {at: ids})
    slots = [optimizer.get_slot(table, name) for name in optimizer.get_slot_names()]
    return session.run(table), session.run(slots), session.explain(train, {at: ids}) if jit else None


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("given", ["found", "slices", "scaled"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rows_move_as_a_variable_of_them(name, given, jit):
    whole, slots, explained = steps(OPTIMIZERS[name], TABLE, IDS, jit, given)
    tf.reset_default_graph()
    part, others, _ = steps(OPTIMIZERS[name], TABLE[ROWS], np.searchsorted(ROWS, IDS), False)
    np.testing.assert_allclose(whole[ROWS], part, rtol=1e-12)
    rest = np.setdiff1d(np.arange(50), ROWS)
    np.testing.assert_array_equal(whole[rest], TABLE[rest])
    for slot, other in zip(slots, others, strict=True):
        np.testing.assert_allclose(slot[ROWS], other, rtol=1e-12)
        assert (slot[rest] == slot[rest].flat[0]).all(), "slots of other rows are what they began with"
    if jit:
        assert len(explained.updated_in_place) == 1 + len(slots), "no table is copied"


def test_adam_decays_all_rows_as_tensorflow_does():
    """TensorFlow 1's Adam moves every row by its moments, also those that no gradient names."""
    make = lambda: tf.train.AdamOptimizer(0.1)  # noqa: E731
    whole, (m, v), _ = steps(make, TABLE, IDS, True)
    table, moments, squares = TABLE.copy(), np.zeros_like(TABLE), np.zeros_like(TABLE)
    for t in range(1, 4):
        g = np.zeros_like(table)
        np.add.at(g, IDS, 2 * (table[IDS] - WANTED))
        moments, squares = 0.9 * moments + 0.1 * g, 0.999 * squares + 0.001 * g * g
        table = table - 0.1 * np.sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t) * moments / (np.sqrt(squares) + 1e-8)
    np.testing.assert_allclose(whole, table, rtol=1e-9)
    np.testing.assert_allclose(m, moments, rtol=1e-9)
    np.testing.assert_allclose(v, squares, rtol=1e-9)


def test_lazy_adam_moves_the_rows_alone():
    make = lambda: tf.contrib.opt.LazyAdamOptimizer(0.1)  # noqa: E731
    whole, _, explained = steps(make, TABLE, IDS, True)
    tf.reset_default_graph()
    part, _, _ = steps(lambda: tf.train.AdamOptimizer(0.1), TABLE[ROWS], np.searchsorted(ROWS, IDS), False)
    np.testing.assert_allclose(whole[ROWS], part, rtol=1e-12)
    rest = np.setdiff1d(np.arange(50), ROWS)
    np.testing.assert_array_equal(whole[rest], TABLE[rest])
    assert "table" in explained.updated_in_place


def test_optimizer_of_ones_own_gets_the_whole_variable():
    class Mine(tf.train.MomentumOptimizer):
        def _update(self, g, v, **hyper):
            assert isinstance(v, tf.Variable)
            return [tf.assign(v, v - 0.1 * g)]

    whole, _, _ = steps(lambda: Mine(0.1, 0.9), TABLE, IDS, True)
    tf.reset_default_graph()
    other, _, _ = steps(lambda: tf.train.GradientDescentOptimizer(0.1), TABLE, IDS, False)
    np.testing.assert_allclose(whole, other, rtol=1e-12)


def test_two_tables_of_one_lookup_and_a_dense_part():
    """A gradient that is sparse in part is dense."""
    table = tf.Variable(TABLE)
    loss = tf.reduce_sum(tf.gather(table, IDS)) + tf.reduce_sum(table)
    session = tf.Session()
    session.run(tf.train.GradientDescentOptimizer(0.5).minimize(loss))
    np.testing.assert_allclose(session.run(table), TABLE - 0.5 * (1 + np.bincount(IDS, minlength=50)[:, None]))


# Optimizers and tables of so many rows, which are looked up in one step by equal or by different numbers: each is updated where it lies, for
# the checks of the looks-up, which come first, hold for the rows that are written.
IN_PLACE = {"descent": lambda: tf.train.GradientDescentOptimizer(0.1), "momentum": lambda: tf.train.MomentumOptimizer(0.1, 0.9),
              "adagrad": lambda: tf.train.AdagradOptimizer(0.1)}


@pytest.mark.parametrize("optimizer", IN_PLACE)
@pytest.mark.parametrize("rows", [(50, 50), (50, 60), (50, 60, 70)], ids=str)
@pytest.mark.parametrize("kind", [tf.int32, tf.int64])
def test_several_tables_are_updated_in_place(rows, optimizer, kind):
    tables = [tf.Variable(RNG.normal(size=(n, 3)), name=f"table{i}") for i, n in enumerate(rows)]
    ids = [tf.placeholder(kind, [None]) for _ in set(rows)]
    found = [tf.gather(t, ids[min(i, len(ids) - 1)]) for i, t in enumerate(tables)]
    again = tf.gather(tables[0], ids[0] // 2)           # of two looks-up in one table the rows stand behind one another
    loss = tf.reduce_sum(tf.square(tf.add_n(found))) + tf.reduce_sum(again * again)
    train = IN_PLACE[optimizer]().minimize(loss)
    feed = {p: IDS for p in ids}
    values = []
    for jit in (False, True):
        with tf.Session(jit=jit) as session:
            session.load(tables[0], TABLE)
            for t in tables[1:]:
                session.load(t, np.resize(TABLE, t.shape.as_list()))
            session.run(train, feed)
            values.append(session.run(tables))
            if jit:
                assert {t.op.name for t in tables} <= {*session.explain(train, feed).updated_in_place}
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run(train, {**feed, ids[-1]: [3, rows[-1]]} if len(ids) > 1 else {ids[0]: [3, 50]})
            for now, then in zip(session.run(tables), values[-1], strict=True):
                np.testing.assert_array_equal(now, then)
    for a, b in zip(*values, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


# ---------------------------------------------------------------------- scatter_*

def apply(function: Any, old: Any, at: Any, new: Any) -> Any:
    out = np.array(old)
    for place, value in zip(at, new, strict=True):
        out[tuple(np.atleast_1d(place))] = function(out[tuple(np.atleast_1d(place))], value)
    return out


UPDATES = {"update": lambda a, b: b, "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "min": np.minimum, "max": np.maximum}
ND = {"update": UPDATES["update"], "add": np.add, "sub": np.subtract}


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("how", UPDATES)
def test_scatter(how, jit):
    v = tf.Variable(TABLE)
    new = RNG.normal(size=(7, 3))
    done = getattr(tf, f"scatter_{how}")(v, IDS, new)
    session = tf.Session(jit=jit)
    wanted = apply(UPDATES[how], TABLE, IDS, new)
    np.testing.assert_allclose(session.run(done), wanted, rtol=1e-12)
    np.testing.assert_allclose(session.run(v), wanted, rtol=1e-12)
    if jit:
        assert session.explain(done.op).updated_in_place == ["Variable"]


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("how", ND)
@pytest.mark.parametrize("depth", [1, 2])
def test_scatter_nd(depth, how, jit):
    v = tf.Variable(TABLE)
    at = np.stack([IDS, IDS % 3], 1)[:, :depth]
    new = RNG.normal(size=(7, 3))[(slice(None), 0)[:depth]]
    session = tf.Session(jit=jit)
    wanted = apply(ND[how], TABLE, at, new)
    np.testing.assert_allclose(session.run(getattr(tf, f"scatter_nd_{how}")(v, at, new)), wanted, rtol=1e-12)
    tensor = getattr(tf, f"tensor_scatter_{how}")(tf.constant(TABLE), at, new)
    np.testing.assert_allclose(session.run(tensor), wanted, rtol=1e-12)


# What is read in the run that changes a variable, and what it must be: the old value, wherever it is read.
READS = {
    "the old value": (lambda v: tf.identity(v), lambda old: old),
    "rows": (lambda v: tf.gather(v, [7, 1]), lambda old: old[[7, 1]]),
    "a sum": (lambda v: tf.reduce_sum(v * 2.0, 0), lambda old: 2 * old.sum(0)),
    "a view": (lambda v: v[5:9] + 0.0, lambda old: old[5:9]),
}


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("source", ["constant", "itself"])
def test_what_is_read_in_the_same_run_is_the_old_value(name, source, jit):
    v = tf.Variable(TABLE)
    read, wanted = READS[name]
    new = v[10:17] if source == "itself" else tf.constant(TABLE[10:17])
    done = tf.scatter_update(v, IDS, new).op
    session = tf.Session(jit=jit)
    _, found = session.run([done, read(v)])
    np.testing.assert_allclose(found, wanted(TABLE), rtol=1e-12)
    np.testing.assert_allclose(session.run(v), apply(UPDATES["update"], TABLE, IDS, TABLE[10:17]))


def test_places_of_one_number_and_of_none():
    v = tf.Variable(TABLE)
    session = tf.Session()
    session.run(tf.scatter_add(v, 3, TABLE[0]))
    np.testing.assert_allclose(session.run(v)[3], TABLE[3] + TABLE[0])
    np.testing.assert_allclose(session.run(tf.scatter_update(v, [], np.zeros((0, 3))))[0], TABLE[0])
    np.testing.assert_allclose(session.run(tf.scatter_update(v, [1, 2], 0.0))[1:3], 0.0)


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("wrong", [50, -1])
def test_a_place_that_is_not_there_changes_nothing(wrong, jit):
    v, at = tf.Variable(TABLE), tf.placeholder(tf.int32, [2])
    session = tf.Session(jit=jit)
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"{wrong} is not in \[0, 50\)"):
        session.run(tf.scatter_update(v, at, TABLE[:2]), {at: [1, wrong]})
    np.testing.assert_array_equal(session.run(v), TABLE)


@pytest.mark.parametrize("call, error", [
    (lambda v: tf.scatter_add(tf.constant(TABLE), [1], TABLE[:1]), tf.errors.DTypeError),
    (lambda v: tf.scatter_add(v, [1.5], TABLE[:1]), tf.errors.DTypeError),
    (lambda v: tf.scatter_add(v, [1, 2], TABLE[:1]), tf.errors.ShapeError),
    (lambda v: tf.scatter_nd_add(v, [[1, 2, 3]], [1.0]), tf.errors.ShapeError),
], ids=["no variable", "fractions", "number of rows", "depth"])
def test_scatter_refuses(call, error):
    with pytest.raises(error, match="test_rows.py"):
        call(tf.Variable(TABLE))


def test_indexed_slices():
    x = tf.IndexedSlices(tf.constant(WANTED), IDS, [50, 3])
    session = tf.Session()
    whole = np.zeros((50, 3))
    np.add.at(whole, IDS, WANTED)
    found = session.run(x)
    assert isinstance(found, tf.IndexedSlicesValue)
    np.testing.assert_array_equal(found.indices, IDS)
    for dense in (tf.convert_to_tensor(x), tf.add(x, 0.0), tf.square(x) ** 0.5 * tf.sign(x)):
        np.testing.assert_allclose(session.run(dense), whole, rtol=1e-12)
    np.testing.assert_allclose(session.run(tf.sparse_mask(x, [7])).values, WANTED[IDS != 7])
    with pytest.raises(tf.errors.ShapeError, match="dense_shape"):
        tf.identity(tf.IndexedSlices([[1.0]], [0]))


def test_methods_of_variables():
    v = tf.Variable(TABLE)
    session = tf.Session()
    session.run(v.scatter_add(tf.IndexedSlices(tf.constant(WANTED), IDS)))
    np.testing.assert_allclose(session.run(v), apply(np.add, TABLE, IDS, WANTED))
    session.run(v.scatter_nd_update([[1]], TABLE[:1]))
    np.testing.assert_allclose(session.run(v)[1], TABLE[0])
