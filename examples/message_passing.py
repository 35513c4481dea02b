"""Tells the factions of Zachary's karate club from two members' by messages along friendships: sums of segments.

In each round member i becomes the mean, over its friends j and itself, of tanh(B x_j) times a gate sigmoid(A x_i + C x_j) that both open
(messages of Gilmer et al. 2017, "Neural message passing for quantum chemistry", equation 1; gates of Li et al. 2016, "Gated graph sequence
neural networks"). The same matrices serve every round; no matrix of the graph is made.
"""

import sys

import numpy as np
from karate import MEMBERS, arguments, edges, learn

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


def main(words: list[str]) -> None:
    """Build the network and let it learn."""
    options = arguments(__doc__, words)
    tf.set_random_seed(options.seed)
    state = told_each_other(weights("start", MEMBERS, options.units), edges(), options.units)
    learn(tf.matmul(state, weights("last", options.units, 2)), options.steps)


if __name__ == "__main__":
    main(sys.argv[1:])
