"""Gradients through loops and branches of graphs that TensorFlow wrote: they are graphc's own, and differentiate as they do there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from tests.files.test_tf_graph import HERE, feeds

LSTM = "rnn/basic_lstm_cell"
FED = {"x:0": np.array([0.3, -0.2, 0.9], "float32"), "m:0": np.arange(9, dtype="float32").reshape(3, 3) / 9 - 0.4}

# TensorFlow 2.15's gradient of the sum of the squares: its sum, the sum of its elements times their places, and the largest of them.
# Loops of Enter and Exit, branches of Switch and Merge, and (`functions`) While and If with functions.
ROWS: list[tuple[str, str, str, list[float]]] = [
    ("lstm", "outputs:0", f"{LSTM}/kernel:0", [0.6438034, -4.70328, 0.7005653]),
    ("lstm", "outputs:0", f"{LSTM}/bias:0", [1.0891358, 11.1864077, 0.9084575]), ("lstm", "outputs:0", "x:0", [0.2169706, 4.0581252, 0.2067995]),
    ("lstm", "last:0", f"{LSTM}/kernel:0", [0.4909485, 6.0774499, 0.2361945]),
    ("lstm", "last:0", f"{LSTM}/bias:0", [0.1225554, 3.1141025, 0.302712]), ("lstm", "last:0", "x:0", [0.0620134, 2.1133401, 0.1162162]),
    ("branches", "y:0", "v:0", [0.0, 0.0, 0.0]), ("branches", "y:0", "x:0", [4.3038721, 6.8655559, 3.2974427]),
    ("branches", "w:0", "x:0", [-4622.5, -1849.0, 3698.0]),
    ("functions", "loop:0", "x:0", [46.9302711, 84.7642474, 40.9197807]),
    ("functions", "loop:0", "m:0", [39.9884148, 286.515106, 28.4973392]),
    ("functions", "branch:0", "x:0", [2.7334681, 4.0862774, 1.9358875]),
    ("functions", "branch:0", "m:0", [61.5030289, 246.0121078, 6.8336697]),
    ("functions", "scanned:0", "x:0", [4.0063233, 0.9724323, 3.2426558]),
]


# A recurrent net with lengths is differentiated by the interpreter alone: docs/from-tensorflow-1.md says so.
@pytest.mark.parametrize("case, y, x, wanted, jit", [(*row, jit) for row in ROWS for jit in (False, True) if not jit or row[0] != "lstm"],
                         ids=lambda value: value if isinstance(value, str) else "")
def test_gradients_are_theirs(case: str, y: str, x: str, wanted: list[float], jit: bool) -> None:
    with tf.Graph().as_default() as graph, tf.Session(jit=jit) as session:
        fed: dict[str, Any] = FED
        if case == "functions":
            tf.import_graph_def(tf.GraphDef.FromString((HERE / "functions.pb").read_bytes()), name="")
        else:
            tf.train.import_meta_graph(str(HERE / f"{case}.meta")).restore(session, str(HERE / case))
            fed = feeds(case)
        gradient, = tf.gradients(tf.reduce_sum(tf.square(graph.get_tensor_by_name(y))), [graph.get_tensor_by_name(x)])
        g = session.run(gradient, fed)
    np.testing.assert_allclose([g.sum(), (g * np.arange(g.size).reshape(g.shape)).sum(), np.abs(g).max()], wanted, rtol=1e-4, atol=1e-5)
