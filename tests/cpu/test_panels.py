"""Products by panels: against sums in float64, whichever way the operands lie, for any sizes and threads; faults in the texts are found."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import graphc as tf
from graphc.cpu import few_rows, native, panels, panels_text
from graphc.cpu.bind import _grains

# rows, columns, numbers in each sum, axes of a batch; sides that fill no tile or block, and sums of several parts
SHAPES = [(1, 1, 1, ()), (5, 3, 700, ()), (48, 96, 64, ()), (49, 97, 257, ()), (100, 130, 520, ()), (7, 530, 40, (3,)), (50, 40, 30, (2, 3))]
FLAGS = [(False, False), (True, False), (False, True), (True, True)]


@pytest.fixture
def always(monkeypatch):
    """All products by panels."""
    monkeypatch.setattr(panels, "taken", lambda *_: True)
    monkeypatch.setattr(few_rows, "LEAST_ROWS", 1 << 40)


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


def kinds(m, n, k, rows=None):
    """Which steps compute a product of float32 whose number of rows is declared to be `rows`."""
    x, w = tf.placeholder(tf.float32, (rows, k)), tf.placeholder(tf.float32, (k, n))
    with tf.Session() as session:
        return [step.kind for step in session.explain(tf.matmul(x, w), {x: np.ones((m, k), np.float32), w: np.ones((k, n), np.float32)}).steps]


# The rule: rows, columns, numbers in each sum, whether rows are open, and whether panels are taken
RULE = [(128, 256, 784, False, True), (128, 256, 784, True, False), (16, 256, 784, False, False), (128, 10, 784, False, False),
        (64, 64, 64, False, True), (50, 50, 50, False, False), (100, 1000, 1000, False, False), (128, 1024, 1024, False, True)]


@pytest.mark.parametrize("m, n, k, rows_open, taken", RULE)
def test_the_faster_one_is_taken(m, n, k, rows_open, taken):
    assert kinds(m, n, k, None if rows_open else m) == (["product", "product"] if taken else ["library"])


@pytest.mark.parametrize("m", [100, 128, 192, 256, 500, 784, 1000, 2048])
@pytest.mark.parametrize("threads", [2, 4])
def test_threads_get_about_as_many_tiles(m, threads, monkeypatch):
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
    ("multiply", "minimum(group * each + each, panels)", "minimum(group * each + each, panels - 1)"),
    ("multiply", "item = unit // (blocks * groups)", "item = 0")])
def test_faults_in_the_texts_are_found(name, right, wrong, always, monkeypatch):
    text, written = getattr(panels_text, name), []

    def changed(*args):
        written.append(text(*args).replace(right, wrong))
        return written[-1]

    monkeypatch.setattr(panels_text, name, changed)
    cases = [(100, 130, 520, (), False, False), (61, 67, 300, (3,), True, True)]
    assert not all(product(*case, "float32")[1] for case in cases) and any(wrong in source for source in written)
