"""`tf.autograph`: marks of functions that stay as they are."""

from __future__ import annotations

import pytest

import graphc as tf


def doubled(x: int) -> int:
    return 2 * x


@pytest.mark.parametrize("mark", [tf.autograph.experimental.do_not_convert, tf.autograph.experimental.do_not_convert()])
def test_marks_leave_functions_as_they_are(mark):
    assert mark(doubled) is doubled


def test_trace_prints_while_the_graph_is_built(capsys):
    tf.autograph.trace(tf.constant(1.0, name="one"), 2)
    assert "one" in capsys.readouterr().out


def test_what_is_not_there_is_told():
    with pytest.raises(AttributeError, match="tf.autograph.to_graph is not here; instead: tf.cond, tf.case and tf.while_loop"):
        tf.autograph.to_graph  # noqa: B018
