"""A user's program for checkers of types: the lines marked `# wrong` are the only ones that may be complained about."""

from __future__ import annotations

import numpy as np

import graphc as tf


def layer(x: tf.Tensor, units: int, activation: bool = True) -> tf.Tensor:
    w = tf.get_variable("w", [x.shape[-1], units], initializer=tf.glorot_uniform_initializer())
    b = tf.Variable(tf.zeros([units]), name="b")
    y = tf.matmul(x, w) + b
    return tf.nn.relu(y) if activation else y


def mean_square(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.square(2.0 * x - 1), axis=0, keepdims=True)


x = tf.placeholder(tf.float32, [None, 4], name="x")
labels = tf.placeholder(tf.int64, [None])
flag = tf.cast(x, tf.bool)
with tf.variable_scope("net"), tf.name_scope("scope"), tf.device("/cpu:0"):
    logits = layer(x, 3)
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
found: list[tf.Tensor | None] = tf.gradients(loss, tf.trainable_variables())
rate = tf.train.exponential_decay(0.1, tf.train.get_or_create_global_step(), 100, 0.9)
step: tf.Operation = tf.train.AdamOptimizer(rate, beta1=0.9).minimize(loss)
index = tf.argmax(logits, 1, output_type=tf.int32)
product = tf.matmul(x, x, transpose_b=True, name="product")
check = tf.assert_equal(index, index, message="equal")
spread = tf.nn.softmax(logits, axis=-1)
total = tf.abs(tf.nn.leaky_relu(x, alpha=0.1))
tf.summary.scalar("loss", loss)
older = tf.reduce_sum(x, reduction_indices=[0], keep_dims=True) + tf.squeeze(tf.expand_dims(x, 0), squeeze_dims=[0]) + tf.argmax(x, dimension=1)
minimizer = tf.optimize.Newton(loss, maxiter=5)
estimate = tf.numeric.gradient(loss, x)
interface = tf.train.ScipyOptimizerInterface(loss)
outside = tf.contrib.opt.ScipyOptimizerInterface(loss)

with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1)) as sess:
    sess.run(tf.global_variables_initializer())
    try:
        value = sess.run([loss, step], feed_dict={x: np.zeros((2, 4)), labels: [0, 1]})
    except (tf.errors.InvalidArgumentError, tf.errors.ShapeError) as e:
        print(e)

tf.matmul(x, x, transpose=True)  # wrong
tf.matmul(x)  # wrong
tf.cast(x)  # wrong
tf.reduce_sum(x, axes=0)  # wrong
tf.tanh(x, nmae="t")  # wrong
tf.nn.relu(features=x, alpha=1)  # wrong
tf.nn.softmax(x, axes=1)  # wrong
tf.assert_equal(x, x, massage="")  # wrong
tf.train.AdamOptimizer(learning_rte=0.1)  # wrong
tf.matmull(x, x)  # wrong
tf.nn.rellu(x)  # wrong
tf.train.Adam()  # wrong
tf.float23  # wrong
tf.Session(grph=None)  # wrong
tf.placeholder(tf.float32, [None], nam="x")  # wrong
tf.matmul(x, x, name=3)  # wrong
tf.concat([x, x], axes=1)  # wrong
tf.random_normal([2], stdev=1.0)  # wrong
