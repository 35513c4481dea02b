"""Crossed features against TensorFlow 2.15's, lookups of rows that may be empty, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf

TEXTS, NUMBERS = [["a", "bb"], ["", "ccc"]], np.array([[3, 4], [5, -6]])
LONG = [[b"q" * 100], [b"r" * 40]]


def sparse():
    return tf.SparseTensor([[0, 0], [0, 1], [1, 0]], ["x", "y", "z"], [2, 2])


# The operands, and the buckets of 1000 that TensorFlow gives: dense operands are crossed after all sparse ones.
CROSSED = [
    (lambda: [TEXTS, NUMBERS], [486, 716, 299, 989, 468, 957, 373, 309]),
    (lambda: [sparse(), NUMBERS, sparse()], [680, 545, 917, 450, 205, 697, 217, 553, 891, 785]),
]
# Without a number of buckets, of the third row with texts that take FarmHash's long way.
WHOLE = [3966967381570926769, 8684934178038021211, 1537477772503122058, 2673086181269334364,
         9123160898156018430, 30940460330512209, 130642272948422786, 7412684859060917865]


@pytest.mark.parametrize("make, wanted", CROSSED)
def test_buckets(make, wanted, session):
    assert session.run(tf.sparse.cross_hashed(make(), num_buckets=1000)).values.tolist() == wanted


def test_the_whole_range_of_a_long_text(session):
    """Without a number of buckets, and of texts that take FarmHash's long way."""
    found = session.run(tf.sparse.cross_hashed([TEXTS, NUMBERS, LONG])).values
    assert found.dtype == np.int64 and (found >= 0).all() and found.tolist() == WHOLE


def test_texts(session):
    found = session.run(tf.sparse.cross([sparse(), NUMBERS, sparse()]))
    assert [t.decode() for t in found.values] == ["x_X_x_X_3", "x_X_x_X_4", "x_X_y_X_3", "x_X_y_X_4", "y_X_x_X_3", "y_X_x_X_4", "y_X_y_X_3",
                                                  "y_X_y_X_4", "z_X_z_X_5", "z_X_z_X_-6"]
    assert found.dense_shape.tolist() == [2, 8] and found.indices[-1].tolist() == [1, 1]


def test_shapes_of_texts_are_known():
    """What depends on the shape of a tensor of texts has it while the graph is built, as of a tensor of numbers."""
    assert tf.fill(tf.shape(tf.constant(TEXTS)), 1.0).shape.as_list() == [2, 2]
    assert tf.sparse.cross([sparse(), TEXTS]).shape.as_list() == [2, None]


@pytest.mark.parametrize("combiner", ["sum", "mean", "sqrtn"])
def test_lookups_where_rows_may_be_empty(combiner, session):
    """Against NumPy: ids below 0 are left out, and for means those of no weight above 0; a part without any has zeros, or the default's row."""
    table = np.arange(12, dtype=np.float32).reshape(6, 2)
    places, ids, weights = [[0, 0, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1], [1, 1, 2]], [1, -1, 5, 2, 3], [1.0, 2.0, 0.5, -1.0, 2.0]
    x = tf.SparseTensor(places, ids, [2, 2, 3])
    w = tf.SparseTensor(places, weights, [2, 2, 3])

    def of(pairs):
        kept = [(i, v) for i, v in pairs if i >= 0 and (v > 0 or combiner == "sum")]
        total = sum((table[i] * np.float32(v) for i, v in kept), np.zeros(2, np.float32))
        below = {"sum": 1.0, "mean": sum(v for _, v in kept), "sqrtn": sum(v * v for _, v in kept) ** 0.5}[combiner]
        return total / below
    rows = [of([(1, 1.0), (-1, 2.0)]), of([(5, 0.5), (2, -1.0), (3, 2.0)])]
    params = tf.constant(table)
    for default, empty in ((None, np.zeros(2)), (4, table[4])):
        y = tf.nn.safe_embedding_lookup_sparse(params, x, w, combiner, default_id=default)
        assert y.shape.as_list() == [2, 2, 2]
        np.testing.assert_allclose(session.run(y), [[rows[0], empty], [empty, rows[1]]], rtol=1e-5)


REFUSED = [
    (lambda: tf.sparse.cross_hashed([TEXTS], -1), tf.errors.ArgumentError, "num_buckets is a number of 0 or more, not -1"),
    (lambda: tf.sparse.cross([]), tf.errors.ArgumentError, "sparse.cross takes a list of tensors"),
    (lambda: tf.sparse.cross([[1.5]]), tf.errors.ShapeError, "is not of rank 2"),
    (lambda: tf.sparse.cross([[[1.5]]]), tf.errors.DTypeError, "texts and whole numbers are crossed"),
    (lambda: tf.Session().run(tf.sparse.cross([TEXTS, [["a"]]]).values), tf.errors.InvalidArgumentError, "operands of 1 and 2 rows"),
    (lambda: tf.nn.safe_embedding_lookup_sparse([[1.0]], sparse()), tf.errors.DTypeError, "holds no whole numbers"),
    (lambda: tf.nn.safe_embedding_lookup_sparse([[1.0]], [[1]]), tf.errors.DTypeError, "takes a SparseTensor"),
]


@pytest.mark.parametrize("make, kind, text", REFUSED, ids=[text for _, _, text in REFUSED])
def test_refused(make, kind, text):
    with pytest.raises(kind, match=text) as caught:
        make()
    assert "test_sparse_cross.py:" in str(caught.value)
