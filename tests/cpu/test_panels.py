"""Products by panels: against sums in float64, whichever way the operands lie, for any sizes and threads; faults in the texts are found."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import graphc as tf
from graphc.cpu import few_rows, ladder, native, panels, panels_text
from graphc.cpu.bind import _grains

# rows, columns, numbers in each sum, axes of a batch; sides that fill no tile or block, and sums of several parts
SHAPES = [(1, 1, 1, ()), (5, 3, 700, ()), (48, 96, 64, ()), (49, 97, 257, ()), (100, 130, 520, ()), (7, 530, 40, (3,)), (50, 40, 30, (2, 3))]
FLAGS = [(False, False), (True, False), (False, True), (True, True)]


@pytest.fixture
def many(monkeypatch):
    """Few rows are as many."""
    monkeypatch.setattr(few_rows, "LEAST_ROWS", 1 << 40)


@pytest.fixture
def always(many, monkeypatch):
    """All products by panels."""
    monkeypatch.setattr(panels, "taken", lambda *_: True)


def product(m, n, k, batch, ta, tb, dtype, threads=1, special=False):
    """What is found, and whether it is as near to the sum as one in any order is (Higham 2002, equation 3.5)."""
    rng = np.random.default_rng([m, n, k])
    a = rng.normal(size=(*batch, *((k, m) if ta else (m, k)))).astype(dtype)
    b = rng.normal(size=(*batch, *((n, k) if tb else (k, n)))).astype(dtype)
    if special:
        a.flat[0], b.flat[-1] = np.inf, np.nan
    x, w = tf.placeholder(dtype, a.shape), tf.placeholder(dtype, b.shape)
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
        found = session.run(tf.matmul(x, w, transpose_a=ta, transpose_b=tb), {x: a, w: b})
    a, b = ((np.swapaxes(v, -1, -2) if t else v).astype(np.float64) for v, t in ((a, ta), (b, tb)))
    with np.errstate(invalid="ignore"):
        right, bound = a @ b, (k + 1) * np.finfo(dtype).eps * (np.abs(a) @ np.abs(b))
        near = (np.abs(found - right) <= bound) | (found == right) | (np.isnan(found) & np.isnan(right))
    return found, bool(near.all())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("ta, tb", FLAGS)
def test_products_by_panels(always, ta, tb, dtype):
    for m, n, k, batch in SHAPES:
        found, near = product(m, n, k, batch, ta, tb, dtype)
        assert near, (m, n, k, batch)
        np.testing.assert_array_equal(product(m, n, k, batch, ta, tb, dtype, threads=3)[0], found)
    assert product(50, 60, 70, (), ta, tb, dtype, special=True)[1]


@pytest.mark.parametrize("width", [16, 32, 64])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_vectors_of_any_width(always, width, dtype, monkeypatch):
    monkeypatch.setattr(native, "vector_bytes", lambda: width)
    assert product(61, 67, 300, (), False, True, dtype)[1] and product(61, 67, 300, (), True, False, dtype)[1]


def test_one_operand_for_all_of_a_batch_and_places_within_others(always):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 3, 20, 30)), rng.normal(size=(3, 30, 40))
    x, w = tf.placeholder(tf.float64, a.shape), tf.placeholder(tf.float64, b.shape)
    y = tf.concat([tf.matmul(x, w), tf.matmul(x[:, :, :, ::-1], w[:, ::-1])], axis=-1)
    np.testing.assert_allclose(tf.Session().run(y, {x: a, w: b}), np.concatenate([a @ b] * 2, -1), rtol=1e-12, atol=1e-12)


# Sides of a matrix by itself transposed, from the left or the right: as many as fill blocks and tiles, and others; sums of parts; batches
ITSELF = [(100, 60), (5, 3), (61, 530), (256, 48), (130, 300, 2), (50, 20, 2, 3)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("sides", ITSELF)
def test_half_of_a_product_by_itself_is_the_whole(always, sides, left, dtype):
    """Bit for bit what the same kernels make of two operands that are alike, of which they compute all."""
    m, k, *batch = sides
    x, w = (tf.placeholder(dtype, (*batch, *((k, m) if left else (m, k)))) for _ in range(2))
    a = np.random.default_rng(m).normal(size=x.shape.as_list()).astype(dtype)
    for threads in (1, 3):
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
            half, whole = session.run([tf.matmul(x, other, transpose_a=left, transpose_b=not left) for other in (x, w)], {x: a, w: a})
        np.testing.assert_array_equal(half, whole)
        np.testing.assert_array_equal(half, np.swapaxes(half, -1, -2))


def kinds(m, n, k, rows=None):
    """Which steps compute a product of float32 whose number of rows is declared to be `rows`."""
    x, w = tf.placeholder(tf.float32, (rows, k)), tf.placeholder(tf.float32, (k, n))
    with tf.Session() as session:
        return [step.kind for step in session.explain(tf.matmul(x, w), {x: np.ones((m, k), np.float32), w: np.ones((k, n), np.float32)}).steps]


# The rule: rows, columns, numbers in each sum, and whether panels are taken
RULE = [(128, 256, 784, True), (16, 256, 784, False), (128, 10, 784, False), (72, 64, 64, True), (50, 50, 50, False), (100, 1000, 1000, False),
        (128, 1024, 1024, True), (47, 256, 784, False), (72, 256, 784, True), (784, 256, 7, False), (784, 256, 8, True)]


@pytest.mark.parametrize("m, n, k, taken", RULE)
def test_the_faster_one_is_taken(m, n, k, taken, many):
    assert kinds(m, n, k, m) == (["product", "product"] if taken else ["library"])


def ran(session, y, feeds):
    """A value, and the kinds of the steps that computed it: a step whose range is empty moves and computes nothing."""
    return session.run(y, feeds), [step.kind for step in session.explain(y, feeds).steps if step.operations or step.bytes_written]


# What is open: rows, or numbers in each sum; what is known; numbers of runs; whether panels are taken from some of these on
OPEN = [("rows", 256, 784, (16, 128, 47, 72, 300), True), ("rows", 1024, 1024, (64, 127, 128), True), ("rows", 10, 784, (16, 500), False),
        ("rows", 50, 300, (16, 500), False), ("numbers", 784, 256, (2, 7, 8, 128, 600), True), ("numbers", 100, 2048, (16, 500), False),
        ("numbers", 200, 192, (4, 30), True)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("which, first, second, numbers, switches", OPEN)
def test_the_number_of_a_run_decides(which, first, second, numbers, switches, dtype, many):
    """One program serves all numbers, and computes each as one does that is made for it: with the same bits."""
    rng = np.random.default_rng(7)
    rows = which == "rows"
    shapes = ((None, second), (second, first)) if rows else ((None, first), (None, second))
    x, w = (tf.placeholder(dtype, shape) for shape in shapes)
    y = tf.matmul(x, w, transpose_a=not rows)
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=2)) as session:
        taken = set()
        for number in numbers:
            feeds = {p: rng.normal(size=[number if d is None else d for d in shape]).astype(dtype) for p, shape in zip((x, w), shapes, strict=True)}
            found, kinds_open = ran(session, y, feeds)
            a, b = (tf.placeholder(dtype, v.shape) for v in feeds.values())
            same, kinds_known = ran(session, tf.matmul(a, b, transpose_a=not rows), dict(zip((a, b), feeds.values(), strict=True)))
            if kinds_open == kinds_known:
                np.testing.assert_array_equal(found, same)
            else:       # of few numbers in each sum, or rows that happen to fill the tiles
                assert number < 100 and {*kinds_open, *kinds_known} == {"library", "product"}
            taken.add(kinds_open[0])
    assert taken == ({"library", "product"} if switches else {"library"})


# Rows, columns, numbers in each sum, axes of a batch, which axes are open, and what computes it where there is no library
ALONE = [(3, 5, 700, (), "", "product"), (1, 300, 5, (), "", "column"), (100, 10, 30, (), "", "product"), (33, 65, 17, (), "m", "product"),
         (200, 256, 256, (), "m", "product"), (33, 65, 17, (), "mnk", "product"), (2, 3, 4, (), "", "row"), (9, 20, 30, (4,), "", "product"),
         (9, 20, 30, (4,), "b", "product")]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("m, n, k, batch, opened, kind", ALONE)
def test_without_a_library_they_are_taken(m, n, k, batch, opened, kind, dtype, monkeypatch):
    monkeypatch.setattr(ladder, "chosen", ladder.loops)
    rng = np.random.default_rng(m)
    a, b = rng.normal(size=(*batch, m, k)).astype(dtype), rng.normal(size=(*batch, k, n)).astype(dtype)
    lead, (rows, columns, depth) = [None] if "b" in opened else batch, (None if c in opened else d for c, d in zip("mnk", (m, n, k), strict=True))
    x, w = tf.placeholder(dtype, (*lead, rows, depth)), tf.placeholder(dtype, (*lead, depth, columns))
    with tf.Session() as session:
        found, kinds = ran(session, tf.matmul(x, w), {x: a, w: b})
    wide = [v.astype(np.float64) for v in (a, b)]
    assert kinds[-1] == kind
    assert (np.abs(found - wide[0] @ wide[1]) <= (k + 1) * np.finfo(dtype).eps * (np.abs(wide[0]) @ np.abs(wide[1]))).all()


@pytest.mark.parametrize("m", [100, 128, 192, 256, 500, 784, 1000, 2048])
@pytest.mark.parametrize("threads", [2, 4])
def test_threads_get_about_as_many_tiles(m, threads, monkeypatch, many):
    """Who is ready first takes the next chunk: the last one to be ready has at most a tenth, or a tile, more than his share."""
    made, text = [], panels._text
    monkeypatch.setattr(panels, "_text", lambda source, slots, extents, n, work, *rest: made.append((extents, n, work)) or text(
        source, slots, extents, n, work, *rest))
    kinds(m, 256, 256, m)
    extents, units, work = made[-1]
    tiles, blocks = (extents[panels_text.multiply_names(0).index(name)] for name in ("tiles", "blocks"))
    each = np.diff([-(-tiles * i // blocks) for i in range(blocks + 1)]).tolist()
    assert units == blocks and max(each) - min(each) <= 1 and max(each) * 6 <= 48
    code = SimpleNamespace(threads=threads, body=np.array([40]), unit=np.array([1]))
    grain = int(_grains(code, np.array([units]), np.array([work]))[0])
    loads = [0] * threads
    for at in range(0, units, grain):
        loads[loads.index(min(loads))] += sum(each[at:at + grain])
    assert max(loads) <= max(1.1 * tiles / threads, tiles / threads + 1)


@pytest.mark.parametrize("name, right, wrong", [
    ("pack", "column = panel *", "column = 0 *"), ("pack", "first = layer * most", "first = 0 * most"),
    ("pack", "minimum(columns - column,", "minimum(columns - column - 1,"), ("pack", "tile_turned(square)", "square"),
    ("pack", "minimum(depth - first, most)", "minimum(depth - first, most) - 1"),
    ("multiply", "if layer > 0:", "if layer > 1:"), ("multiply", "unit % blocks *", "0 *"), ("multiply", "+ t * ", "+ 0 * "),
    ("multiply", "minimum(rows, last", "minimum(rows - 1, last"), ("multiply", "tiles + tiles +", "tiles +"),
    ("multiply", "c_row, acc, left, wide)", "c_row, acc, left, wide - 1)"),
    ("multiply", "minimum(group * each + each, last)", "minimum(group * each + each, last - 1)"),
    ("multiply", "item = unit // (blocks * groups)", "item = 0")])
@pytest.mark.usefixtures("spoilt")
def test_faults_in_the_texts_are_found(name, right, wrong, always, monkeypatch):
    text, written = getattr(panels_text, name), []

    def changed(*args):
        written.append(text(*args).replace(right, wrong))
        return written[-1]

    monkeypatch.setattr(panels_text, name, changed)
    cases = [(100, 130, 520, (), False, False), (61, 67, 300, (3,), True, True)]
    assert not all(product(*case, "float32")[1] for case in cases) and any(wrong in source for source in written)


@pytest.mark.parametrize("name, right, wrong", [
    ("multiply", "(top + high +", "(top + 0 * high +"),
    ("mirror", "range(strip + 1, whole)", "range(strip + 2, whole)"),
    ("mirror", "tile_turned(square), 16, left)", "tile_turned(square), 16, left - 1)"), ("mirror", "left > 0", "left > 99"),
    ("mirror", "item = unit // strips", "item = 0")])
@pytest.mark.usefixtures("spoilt")
def test_faults_in_half_a_product_are_found(name, right, wrong, always, monkeypatch):
    text = getattr(panels_text, name)
    assert right in text(panels.Tile(6, 4, 16, "float32"), *[False] * (name == "multiply"), 1)
    monkeypatch.setattr(native, "vector_bytes", lambda: 64)
    monkeypatch.setattr(panels_text, name, lambda *args: text(*args).replace(right, wrong))
    a = np.random.default_rng([*wrong.encode()]).normal(size=(2, 100, 30)).astype(np.float32)
    x = tf.placeholder(tf.float32, a.shape)
    assert not np.allclose(tf.Session().run(tf.matmul(x, x, transpose_b=True), {x: a}), a @ np.swapaxes(a, -1, -2), rtol=1e-3, atol=1e-3)
