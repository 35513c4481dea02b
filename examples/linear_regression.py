"""Fits a straight line to noisy points by gradient descent: placeholders, variables, a loss, an optimizer, a run."""

import numpy as np

import graphc as tf


def main() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, size=100)
    values = 3 * points + 2 + rng.normal(scale=0.1, size=100)

    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.placeholder(tf.float32, [None], name="y")
    slope = tf.Variable(0.0, name="slope")
    offset = tf.Variable(0.0, name="offset")
    loss = tf.reduce_mean(tf.square(slope * x + offset - y))
    train_op = tf.train.GradientDescentOptimizer(0.3).minimize(loss)

    feeds = {x: points, y: values}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(101):
            if step % 20 == 0:
                a, b, error = session.run([slope, offset, loss], feed_dict=feeds)
                print(f"step {step:3d}: y = {a:.3f} x + {b:.3f}, mean squared error {error:.4f}")
            session.run(train_op, feed_dict=feeds)
    a, b = np.polyfit(points, values, 1)
    print(f"in closed form: y = {a:.3f} x + {b:.3f}")


if __name__ == "__main__":
    main()
