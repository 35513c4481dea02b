"""Trains two layers of sigmoids to compute exclusive or, the smallest problem a straight line cannot solve."""

import numpy as np

import graphc as tf

PAIRS = [[0, 0], [0, 1], [1, 0], [1, 1]]
ANSWERS = [[0], [1], [1], [0]]
HIDDEN = 8
STEPS = 3000


def main() -> None:
    rng = np.random.default_rng(0)
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    w1 = tf.Variable(rng.normal(size=(2, HIDDEN)), dtype=tf.float32, name="w1")
    b1 = tf.Variable(np.zeros(HIDDEN), dtype=tf.float32, name="b1")
    w2 = tf.Variable(rng.normal(size=(HIDDEN, 1)), dtype=tf.float32, name="w2")
    b2 = tf.Variable(np.zeros(1), dtype=tf.float32, name="b2")

    hidden = tf.sigmoid(tf.matmul(x, w1) + b1)
    logits = tf.matmul(hidden, w2) + b2
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits))
    train_op = tf.train.GradientDescentOptimizer(0.5).minimize(loss)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        step = session.make_callable([loss, train_op], feed_list=[x, y])    # looked up once, not 3,000 times
        pairs, answers = np.array(PAIRS, np.float32), np.array(ANSWERS, np.float32)
        for i in range(STEPS):
            error, _ = step(pairs, answers)
            if i % 1000 == 0:
                print(f"step {i:4d}: loss {error:.4f}")
        outputs = session.run(tf.sigmoid(logits), feed_dict={x: PAIRS})
    for (a, b), p in zip(PAIRS, outputs[:, 0], strict=True):
        print(f"{a} xor {b} = {int(p > 0.5)}    ({p:.3f})")


if __name__ == "__main__":
    main()
