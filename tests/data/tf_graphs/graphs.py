"""Writes the graphs beside it, and values.npz, what TensorFlow computes with them.        python graphs.py      # with TensorFlow 2.15

Each graph is a checkpoint with its .meta (weights from a seed), `frozen.pb`, or the folder `model`. Keys of values.npz: CASE/feed/NAME, and
CASE/STEP/NAME of the tensors that are fetched before each step of training.
"""

import os
import shutil
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np  # noqa: E402
import tensorflow.compat.v1 as tf  # noqa: E402

tf.disable_v2_behavior()
HERE = Path(__file__).parent
rng = np.random.default_rng(5)
values = {}


def mlp():
    x, t = tf.placeholder(tf.float32, [None, 4], name="x"), tf.placeholder(tf.int32, [None], name="t")
    h = tf.layers.dense(x, 6, tf.nn.relu, name="h")
    y = tf.layers.dense(h, 3, name="y")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=t, logits=y), name="loss")
    tf.train.AdamOptimizer(0.05).minimize(loss, name="train")
    return {"x:0": rng.normal(size=(6, 4)).astype("f"), "t:0": rng.integers(0, 3, 6)}, ["loss:0", "h/Relu:0", "y/kernel:0"], {}


def lenet():
    x, t = tf.placeholder(tf.float32, [None, 10, 10, 1], name="x"), tf.placeholder(tf.int64, [None], name="t")
    training = tf.placeholder_with_default(False, [], name="training")
    h = tf.layers.conv2d(x, 3, 3, padding="same", activation=tf.nn.relu, name="c1")
    h = tf.layers.batch_normalization(tf.layers.max_pooling2d(h, 2, 2), training=training, name="bn")
    h = tf.layers.average_pooling2d(tf.layers.conv2d(h, 4, 2, activation=tf.nn.elu, name="c2"), 2, 2)
    y = tf.layers.dense(tf.layers.dense(tf.layers.flatten(h), 5, tf.nn.tanh), 3, name="y")
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.one_hot(t, 3), logits=y), name="loss")
    tf.reduce_mean(tf.cast(tf.equal(tf.argmax(y, 1), t), tf.float32), name="accuracy")
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss, name="train", global_step=tf.train.get_or_create_global_step())
    feed = {"x:0": rng.normal(size=(5, 10, 10, 1)).astype("f"), "t:0": rng.integers(0, 3, 5)}
    return feed, ["loss:0", "accuracy:0", "bn/moving_variance:0", "global_step:0"], {"training:0": True}


def lstm():
    x, n = tf.placeholder(tf.float32, [None, 5, 3], name="x"), tf.placeholder(tf.int32, [None], name="n")
    outputs, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), x, sequence_length=n, dtype=tf.float32)
    tf.identity(outputs, name="outputs")
    tf.identity(state.h, name="last")
    return {"x:0": rng.normal(size=(3, 5, 3)).astype("f"), "n:0": np.array([5, 2, 3])}, ["outputs:0", "last:0"], {}


def branches():
    x, k, v = tf.placeholder(tf.float32, [None], name="x"), tf.placeholder(tf.bool, [], name="k"), tf.Variable(2.0, name="v")
    y = tf.cond(k, lambda: x * v, lambda: tf.cond(tf.reduce_sum(x) > 0, lambda: x + 1.0, lambda: tf.exp(x)), name="c")
    z = tf.cond(k, lambda: (tf.reduce_sum(y), tf.reduce_max(y)), lambda: (tf.reduce_min(y), tf.constant(7.0)))[0]
    for g, name in zip(tf.gradients(z, [x, v]), ("gx", "gv"), strict=False):
        tf.identity(g, name=name)
    _, w = tf.while_loop(lambda i, w: i < 5, lambda i, w: (i + 1, w * 2.0 + tf.cond(tf.equal(i % 2, 0), lambda: x, lambda: -x)), [0, x])
    tf.identity(w, name="w")
    with tf.control_dependencies([tf.Assert(tf.reduce_sum(x) > -100, [x])]):
        tf.identity(y, name="y")
    return {"x:0": np.array([-0.5, -1.0, 0.25], "f"), "k:0": False}, ["y:0", "w:0", "gx:0", "gv:0"], {}


def optimizers():
    """A step of each optimizer, dense and by rows, as a reference and as a resource."""
    steps = {"sgd": tf.train.GradientDescentOptimizer(0.1), "adagrad": tf.train.AdagradOptimizer(0.1), "ftrl": tf.train.FtrlOptimizer(0.1),
             "rms": tf.train.RMSPropOptimizer(0.1, momentum=0.5), "centered": tf.train.RMSPropOptimizer(0.1, centered=True),
             "adadelta": tf.train.AdadeltaOptimizer(0.5), "nesterov": tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
             "proximal": tf.train.ProximalAdagradOptimizer(0.1, l1_regularization_strength=0.01), "adam": tf.train.AdamOptimizer(0.1)}
    made, fetched = [], []
    for name, step in steps.items():
        for resource in (name in ("sgd", "adam", "rms", "nesterov"),):
            v = tf.get_variable(f"{name}_{resource}", initializer=np.linspace(-1, 1, 6).reshape(3, 2).astype("f"), use_resource=resource)
            loss = tf.reduce_sum(v ** 3) + tf.reduce_sum(tf.gather(v, [0, 2, 0]) ** 2)
            rows = tf.reduce_sum(tf.nn.embedding_lookup(v, [2, 0]) ** 2)
            made.append(step.minimize(loss if name not in ("adagrad", "nesterov", "ftrl") else rows, var_list=[v], name=f"step_{name}_{resource}"))
            fetched.append(f"{name}_{resource}/Read/ReadVariableOp:0" if resource else f"{name}_{resource}/read:0")
    tf.group(*made, name="train")
    return {}, fetched, {}


def run(case, fetches, feed, session, training):
    trains = any(op.name == "train" for op in session.graph.get_operations())
    for step in range(3 if trains else 1):
        values.update({f"{case}/{step}/{name}": value for name, value in zip(fetches, session.run(fetches, feed), strict=False)})
        if trains:
            session.run("train", {**feed, **training})
    values.update({f"{case}/feed/{name}": np.asarray(value) for name, value in feed.items()})


for build in (mlp, lenet, lstm, branches, optimizers):
    tf.reset_default_graph()
    tf.set_random_seed(3)
    feed, fetches, training = build()
    saver, case = tf.train.Saver(), build.__name__
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        saver.save(session, str(HERE / case), write_state=False)
        meta = tf.MetaGraphDef.FromString((HERE / f"{case}.meta").read_bytes())
        meta.meta_info_def.ClearField("stripped_op_list")       # the declarations of all its operators: most of the file
        (HERE / f"{case}.meta").write_bytes(meta.SerializeToString())
        if case == "lenet":
            frozen = tf.graph_util.convert_variables_to_constants(session, session.graph_def, ["y/BiasAdd"])
            (HERE / "frozen.pb").write_bytes(frozen.SerializeToString())
            values["frozen/feed/x:0"], values["frozen/0/y/BiasAdd:0"] = feed["x:0"], session.run("y/BiasAdd:0", feed)
        if case == "mlp":
            shutil.rmtree(HERE / "model", ignore_errors=True)
            graph = session.graph
            tf.saved_model.simple_save(session, str(HERE / "model"), {"features": graph.get_tensor_by_name("x:0")},
                                       {"scores": graph.get_tensor_by_name("y/BiasAdd:0")})
            values["model/feed/x:0"], values["model/0/y/BiasAdd:0"] = feed["x:0"], session.run("y/BiasAdd:0", feed)
        run(case, fetches, feed, session, training)
np.savez_compressed(HERE / "values.npz", **values)
