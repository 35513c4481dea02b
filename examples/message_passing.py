"""Tells the factions of Zachary's karate club from two members' by messages along friendships: sums of segments.

In each round member i becomes the mean, over its friends j and itself, of tanh(B x_j) times a gate sigmoid(A x_i + C x_j) that both open
(messages of Gilmer et al. 2017, "Neural message passing for quantum chemistry", equation 1; gates of Li et al. 2016, "Gated graph sequence
neural networks"). The same matrices serve every round; no matrix of the graph is made.
"""

import argparse
import sys

import numpy as np
from karate import INSTRUCTOR, OFFICER, edges, factions

import graphc as tf

ROUNDS = 3


def weights(name: str, rows: int, columns: int) -> tf.Tensor:
    return tf.get_variable(name, [rows, columns], initializer=tf.glorot_uniform_initializer())


def told_each_other(x: tf.Tensor, pairs: np.ndarray, units: int) -> tf.Tensor:
    """The nodes' states after some rounds of messages: float32[n, units]."""
    n = int(x.shape[0])
    of, to = np.concatenate([pairs, np.stack([np.arange(n)] * 2, 1)]).T.astype(np.int32)
    a, b, c = (weights(name, units, units) for name in "abc")
    heard = np.bincount(to, minlength=n).astype(np.float32)[:, None]
    for _ in range(ROUNDS):
        gate = tf.sigmoid(tf.gather(tf.matmul(x, a), to) + tf.gather(tf.matmul(x, c), of))
        message = gate * tf.gather(tf.tanh(tf.matmul(x, b)), of)
        x = tf.unsorted_segment_sum(message, to, n) / heard
    return x


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--units", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    found = parser.parse_args(words)
    for name, least, most in (("steps", 1, 100_000), ("units", 1, 1024), ("seed", 0, 2**32)):
        if not least <= getattr(found, name) <= most:
            parser.error(f"--{name} must be between {least} and {most}, not {getattr(found, name)}")
    return found


def main(words: list[str]) -> None:
    """Check the gradients, train on two members, and say how many of the others are told rightly."""
    options = arguments(words)
    tf.set_random_seed(options.seed)
    wanted = factions()
    state = told_each_other(weights("start", len(wanted), options.units), edges(), options.units)
    logits = tf.matmul(state, weights("last", options.units, 2))
    told = [INSTRUCTOR, OFFICER]
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=wanted[told], logits=tf.gather(logits, told)))
    train = tf.train.AdamOptimizer(0.05).minimize(loss)
    right = tf.equal(tf.argmax(logits, 1), wanted)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        tf.testing.check_grads(loss, tf.trainable_variables(), order=1, session=session)
        print("gradients: as differences have them")
        for step in range(options.steps):
            _, value = session.run([train, loss])
            if step % 50 == 0:
                print(f"step {step}: loss {value:.4f}")
        others = np.delete(session.run(right), told)
        print(f"told rightly: {others.sum()} of the {len(others)} others")


if __name__ == "__main__":
    main(sys.argv[1:])
