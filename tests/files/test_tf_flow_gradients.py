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


@pytest.mark.parametrize("case, y, x, wanted, jit", [(*row, jit) for row in ROWS for jit in (False, True)],
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


# What TensorFlow 2.15 computes of `lengths.pb` with so many sequences and steps, and its gradient of the sum of the squares to x, told as above:
# nets whose lengths are less than the steps there are, and arrays of unknown size.
LENGTHS: list[tuple[str, int, int, list[list[float]]]] = [
    ('out', 3, 4, [[-0.06585, 6.805281, 0.301215], [0.540391, -6.905239, 0.601821]]),
    ('joined', 3, 4, [[-13.720712, -256.457126, 2.514283], [-35.386791, -395.982097, 14.52898]]),
    ('out', 3, 6, [[-2.339094, -122.767021, 0.974384], [-2.94788, -123.436849, 2.071589]]),
    ('joined', 3, 6, [[-26.872923, -856.547092, 2.944323], [-6.120242, -705.535952, 15.212177]]),
    ('out', 5, 2, [[-0.654741, 2.810796, 0.582534], [1.035882, 11.693809, 0.764328]]),
    ('joined', 5, 2, [[-24.34465, -594.617578, 3.434014], [-34.372265, -505.397817, 18.896868]]),
    ('out', 2, 1, [[-0.7011, -2.201129, 0.67758], [-0.833535, -4.947063, 0.739513]]),
    ('joined', 2, 1, [[0.164587, -3.726993, 0.743797], [0.272659, -3.411649, 0.75608]]),
    ('out', 1, 3, [[-0.126897, 0.133396, 0.301215], [0.623619, 0.759601, 0.391517]]),
    ('joined', 1, 3, [[0.498169, -0.861358, 0.720795], [1.446612, 3.258536, 0.963015]]),
]


def _fed(batch: int, time: int) -> dict[str, Any]:
    x = np.sin(np.arange(batch * time * 3, dtype="float32")).reshape(batch, time, 3)
    return {"x:0": x, "n:0": np.minimum(np.arange(batch) + 1, time)}


@pytest.mark.parametrize("jit", [False, True])
def test_open_sizes_and_lengths_are_theirs(jit: bool) -> None:
    """One session, sizes in turn; gradients of gradients and of forward mode are held by the interpreter, for TensorFlow has none of loops."""
    with tf.Graph().as_default() as graph, tf.Session(jit=jit) as session, tf.Session(jit=False) as other:
        tf.import_graph_def(tf.GraphDef.FromString((HERE / "lengths.pb").read_bytes()), name="")
        x = graph.get_tensor_by_name("x:0")
        made: dict[str, list[tf.Tensor]] = {}
        for name in ("out", "joined"):
            y = graph.get_tensor_by_name(f"{name}:0")
            gradient, = tf.gradients(tf.reduce_sum(tf.square(y)), x)
            made[name] = [y, gradient, tf.gradients(tf.reduce_sum(tf.sin(gradient)), x)[0], tf.jvp(y, [x], [tf.cos(x)])]
        for name, batch, time, wanted in LENGTHS:
            found = session.run(made[name], _fed(batch, time))
            told = [[v.sum(), (v * np.arange(v.size).reshape(v.shape)).sum(), np.abs(v).max()] for v in found[:2]]
            np.testing.assert_allclose(told, wanted, rtol=2e-4, atol=1e-4, err_msg=f"{name} {batch} {time}")
            for v, own in zip(found[2:], other.run(made[name][2:], _fed(batch, time)) if jit else (), strict=jit):
                np.testing.assert_allclose(v, own, rtol=1e-3, atol=1e-3, err_msg=f"{name} {batch} {time}")
