"""Recorded values of TensorFlow's recurrent networks, and the cells that make them here."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

import graphc as tf
from tests import ROOT

C = tf.nn.rnn_cell
UNITS, WIDTH, STEPS = 6, 4, 5
GOLDEN = np.load(ROOT / "tests" / "data" / "tf_golden" / "rnn_golden.npz")
INDEX = {row["name"]: row for row in json.loads((ROOT / "tests" / "data" / "tf_golden" / "rnn_golden.json").read_text())}

# A case of the recording, and the cell that it was recorded of.
CELLS: dict[str, Callable[[], Any]] = {
    "basic_rnn": lambda: C.BasicRNNCell(UNITS), "basic_rnn_relu": lambda: C.BasicRNNCell(UNITS, activation=tf.nn.relu),
    "gru": lambda: C.GRUCell(UNITS), "basic_lstm": lambda: C.BasicLSTMCell(UNITS, forget_bias=0.7),
    "basic_lstm_default": lambda: C.BasicLSTMCell(UNITS), "lstm": lambda: C.LSTMCell(UNITS),
    "lstm_peepholes": lambda: C.LSTMCell(UNITS, use_peepholes=True), "lstm_proj": lambda: C.LSTMCell(UNITS, num_proj=3),
    "lstm_proj_clip": lambda: C.LSTMCell(UNITS, num_proj=3, cell_clip=0.3, proj_clip=0.2),
    "multi": lambda: C.MultiRNNCell([C.BasicLSTMCell(UNITS), C.GRUCell(3)]),
    "residual": lambda: C.MultiRNNCell([C.GRUCell(WIDTH), C.ResidualWrapper(C.GRUCell(WIDTH))]),
    "lstm_lengths": lambda: C.BasicLSTMCell(UNITS), "gru_lengths": lambda: C.GRUCell(UNITS), "lstm_time_major": lambda: C.BasicLSTMCell(UNITS),
    "bidirectional": lambda: C.BasicLSTMCell(UNITS), "bidirectional_gru": lambda: C.GRUCell(UNITS),
    "static_lstm": lambda: C.BasicLSTMCell(UNITS), "static_lstm_lengths": lambda: C.BasicLSTMCell(UNITS),
}


def lengths(name: str) -> dict[str, Any]:
    """The option `sequence_length` of a case, if it has one."""
    return {"sequence_length": tf.constant(GOLDEN[f"{name}/sequence_length"])} if f"{name}/sequence_length" in GOLDEN else {}


def leaves(value: Any) -> list[Any]:
    return [x for v in value for x in leaves(v)] if isinstance(value, (list, tuple)) else [value]


def held_to(name: str, x: tf.Tensor, results: Any, session: tf.Session, feed: Any = None) -> None:
    """Names and shapes of the variables, results and gradients are those that TensorFlow gave for the same weights."""
    variables, flat = tf.trainable_variables(), leaves(results)
    assert [[v.op.name, v.shape.as_list()] for v in variables] == INDEX[name]["variables"]
    for v in variables:
        v.load(GOLDEN[f"{name}/weight/{v.op.name}"], session)
    loss = tf.add_n([tf.reduce_sum(y * GOLDEN[f"{name}/probe/{i}"]) for i, y in enumerate(flat)])
    found, gradients = session.run([flat, tf.gradients(loss, [x, *variables])], {x: GOLDEN[f"{name}/x"] if feed is None else feed})
    for i, y in enumerate(found):
        np.testing.assert_allclose(y, GOLDEN[f"{name}/result/{i}"], rtol=2e-6, atol=2e-6)
    for of, g in zip(["x", *(v.op.name for v in variables)], gradients, strict=True):
        wanted = GOLDEN[f"{name}/gradient/{of}"]
        np.testing.assert_allclose(g, wanted, rtol=5e-6, atol=5e-6 * max(1.0, float(np.abs(wanted).max())))
