"""Writes lengths.pb beside it, and prints what test_tf_flow_gradients holds of it.        python lengths.py      # with TensorFlow 2.15

A recurrent net with lengths (`out`), a loop with a branch that writes an array of unknown size (`joined`), all sizes open.
"""

import os
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np  # noqa: E402
import tensorflow.compat.v1 as tf  # noqa: E402

tf.disable_v2_behavior()
tf.disable_control_flow_v2()
HERE = Path(__file__).parent
x, n = tf.placeholder(tf.float32, [None, None, 3], name="x"), tf.placeholder(tf.int32, [None], name="n")
with tf.variable_scope("net", initializer=tf.random_normal_initializer(seed=4)):
    out = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), x, n, dtype=tf.float32)[0]
out = tf.identity(out, name="out")


def body(i, h, rows):
    h = tf.cond(tf.reduce_sum(x[:, i]) > 0, lambda: tf.tanh(h + x[:, i]), lambda: tf.sin(h * x[:, i]) * tf.cast(tf.shape(x)[0], tf.float32))
    return i + 1, h, rows.write(i, h)


rows = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
rows = tf.while_loop(lambda i, h, rows: i < tf.shape(x)[1], body, [0, tf.zeros([tf.shape(x)[0], 3]), rows])[2]
joined = tf.identity(rows.concat(), name="joined")
found = {name: [y, tf.gradients(tf.reduce_sum(tf.square(y)), x)[0]] for name, y in (("out", out), ("joined", joined))}
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    graph = tf.graph_util.convert_variables_to_constants(session, session.graph_def, ["out", "joined"])
    (HERE / "lengths.pb").write_bytes(graph.SerializeToString())
    for batch, time in ((3, 4), (3, 6), (5, 2), (2, 1), (1, 3)):
        fed = {x: np.sin(np.arange(batch * time * 3, dtype="f")).reshape(batch, time, 3), n: np.minimum(np.arange(batch) + 1, time)}
        for name, wanted in found.items():
            told = [[float(v.sum()), float((v * np.arange(v.size).reshape(v.shape)).sum()), float(np.abs(v).max())] for v in session.run(wanted, fed)]
            print(f"    ({name!r}, {batch}, {time}, {[[round(f, 6) for f in row] for row in told]}),")
