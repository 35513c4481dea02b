"""Fingerprints of rows, and paddings of blocks, as TensorFlow 2.15 computes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors

ROWS: dict[str, tuple[Any, list[list[int]]]] = {
    "texts": (["abc", "", "x" * 70], [[105, 243, 231, 116, 160, 179, 165, 36], [79, 64, 144, 47, 59, 106, 225, 154],
                                      [129, 209, 41, 241, 65, 12, 188, 75]]),
    "numbers": (np.array([[1, 2], [3, 4]], np.int32), [[76, 18, 253, 133, 168, 204, 240, 10], [254, 162, 60, 240, 103, 244, 53, 255]]),
    "floats": (np.arange(8, dtype="float32").reshape(2, 2, 2), [[21, 19, 218, 176, 152, 160, 0, 216], [114, 98, 211, 170, 65, 9, 34, 170]]),
    "rows of texts": ([["a", "b"], ["c", "d"]], [[122, 64, 59, 169, 136, 60, 55, 83], [52, 252, 224, 38, 64, 226, 155, 60]]),
    "truth values": ([True, False], [[62, 88, 126, 177, 19, 76, 162, 71], [84, 75, 233, 245, 237, 86, 96, 190]]),
}


@pytest.mark.parametrize("what", ROWS)
def test_fingerprints(what):
    data, wanted = ROWS[what]
    y = tf.fingerprint(data)
    found = tf.Session().run(y)
    assert (y.dtype, y.shape.as_list(), found.tolist()) == (tf.uint8, [len(wanted), 8], wanted)


PADDINGS: dict[str, tuple[tuple[Any, ...], Any, Any]] = {
    "none": (([4], [2], [[0, 0]]), [[0, 0]], [[0, 0]]), "behind": (([5, 7], [2, 3]), [[0, 1], [0, 2]], [[0, 1], [0, 2]]),
    "more than there are": (([4, 6], [2, 3], [[1, 0], [0, 2]]), [[1, 1], [0, 3]], [[0, 1], [0, 1]]),
}


@pytest.mark.parametrize("as_tensors", [False, True])
@pytest.mark.parametrize("what", PADDINGS)
def test_paddings(what, as_tensors):
    given, paddings, crops = PADDINGS[what]
    if as_tensors:
        given = tuple(tf.placeholder_with_default(np.array(x, np.int32), [None] * np.ndim(x)) for x in given)
    found = tf.required_space_to_batch_paddings(*given)
    assert [x.op.name.rpartition("/")[2] for x in found] == ["paddings", "crops"]
    assert [x.tolist() for x in tf.Session().run(found)] == [paddings, crops]


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "a scalar": (lambda: tf.fingerprint(3), errors.ShapeError, "a fingerprint is of each row"),
    "another method": (lambda: tf.fingerprint([3], "md5"), errors.GraphError, "the method is 'farmhash64', not 'md5'"),
    "floats": (lambda: tf.required_space_to_batch_paddings([5.5], [2]), errors.DTypeError, "5.5"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what):
    make, kind, told = REFUSED[what]
    with pytest.raises(kind, match=told):
        make()
