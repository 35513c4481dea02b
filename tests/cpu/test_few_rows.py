"""Products of few rows: against sums in float64, whichever way the operands lie, on any number of threads; faults in the text are found."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc.cpu import few_rows, native

# rows, columns, numbers in each sum, and which operands are transposed; sides that fill no tile, and one part of a sum more
PRODUCTS = [(24, 512, 512, False, False), (32, 515, 577, False, False), (33, 600, 513, True, False), (64, 513, 600, False, True),
            (25, 531, 530, True, True), (63, 1024, 512, False, False), (128, 515, 577, False, False), (97, 600, 513, True, False)]
# Smaller ones, and those of float64
FULL = [(64, 64, 64, False, False), (64, 64, 64, True, True), (32, 64, 67, False, True), (48, 48, 48, True, False), (32, 32, 32, False, True),
        (64, 256, 200, False, False), (33, 515, 577, False, False), (127, 513, 600, True, True)]


def product(m, n, k, ta, tb, threads=1, dtype="float32"):
    """What is found, and how far it is from the sum: of the bound of a sum in any order (Higham 2002, equation 3.5), at most this part."""
    rng = np.random.default_rng([m, n, k])
    a, b = rng.normal(size=(k, m) if ta else (m, k)).astype(dtype), rng.normal(size=(n, k) if tb else (k, n)).astype(dtype)
    x, w = tf.placeholder(dtype, a.shape), tf.placeholder(dtype, b.shape)
    config = tf.ConfigProto(intra_op_parallelism_threads=threads)
    with tf.Session(config=config) as session:
        found = session.run(tf.matmul(x, w, transpose_a=ta, transpose_b=tb), {x: a, w: b})
    a, b = (a.T if ta else a).astype(np.float64), (b.T if tb else b).astype(np.float64)
    bound = (k / few_rows.DEPTH + few_rows.DEPTH) * np.finfo(dtype).eps * (np.abs(a) @ np.abs(b))
    with np.errstate(invalid="ignore"):
        return found, np.abs(found - a @ b) / bound


def near(share):
    return bool((share <= 1).all())


@pytest.fixture
def texts(monkeypatch):
    """The texts that are written, changed by `change`."""
    made, written = few_rows.text, []

    def text(*args):
        written.append(text.change(made(*args)))
        return written[-1]

    text.change = lambda source: source
    monkeypatch.setattr(few_rows, "text", text)
    return text, written


@pytest.mark.parametrize("case", PRODUCTS, ids=str)
def test_products_of_few_rows(case, texts):
    found, share = product(*case)
    assert near(share) and texts[1]
    np.testing.assert_array_equal(product(*case, threads=2)[0], found)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", FULL, ids=str)
def test_smaller_ones_that_fill_the_tiles(case, dtype, texts):
    found, share = product(*case, dtype=dtype)
    assert near(share) and (texts[1] or native.vector_bytes() < 64)
    np.testing.assert_array_equal(product(*case, threads=2, dtype=dtype)[0], found)


@pytest.mark.parametrize("width", [16, 32, 64])
@pytest.mark.parametrize("turned", [False, True])
def test_vectors_of_any_width(turned, width, monkeypatch):
    monkeypatch.setattr(native, "vector_bytes", lambda: width)
    assert near(product(33, 531, 600, False, turned)[1])


@pytest.mark.parametrize("case", [(23, 512, 512, False, False), (129, 512, 512, False, False), (32, 511, 512, False, False),
                                  (32, 512, 511, False, True), (64, 70, 64, False, False), (32, 31, 64, False, False), (64, 512, 64, True, False),
                                  (24, 64, 64, False, False, "float64"), (31, 512, 512, False, False, "float64"),
                                  (72, 512, 511, False, False, "float64")], ids=str)
def test_other_products_are_a_librarys(case, texts):
    *sides, ta, tb = case[:5]
    assert near(product(*sides, ta, tb, dtype=(*case, "float32")[5])[1]) and not texts[1]


@pytest.mark.parametrize("right, wrong", [
    ("column = unit *", "column = 0 *"), ("if layer > 0:", "if layer > 1:"), ("deep = minimum(depth - first,", "deep = minimum(depth - first - 1,"),
    ("wide = minimum(columns - column,", "wide = minimum(columns - column - 1,"), ("in range(tiles)", "in range(tiles - 1)"),
    ("+ first * a_column", "+ 0 * a_column"),
    ("tile_turned(square)", "square"), ("first + l * ", "first + 0 * ")])
@pytest.mark.usefixtures("spoilt")
def test_faults_in_the_text_are_found(right, wrong, texts):
    text, written = texts
    text.change = lambda source: source.replace(right, wrong)
    found = [near(product(*case)[1]) for case in ((33, 531, 600, False, False), (33, 531, 600, False, True))]
    assert any(wrong in source for source in written) and not all(found)
