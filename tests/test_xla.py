"""`tf.xla`: what is marked for that compiler is compiled as all else is."""

from __future__ import annotations

from typing import Any

import pytest

import graphc as tf


@pytest.mark.parametrize("given, wanted", [(lambda x: x + 1, 2), (lambda x: [x + 1, x * 3], [2, 3])])
def test_marks(given: Any, wanted: Any) -> None:
    with tf.Graph().as_default(), tf.Session(jit=False) as session, tf.xla.experimental.jit_scope():
        assert session.run(tf.xla.experimental.compile(given, [tf.constant(1)])) == wanted
