"""Tells the factions of Zachary's karate club from two members' by a graph attention network: softmax over each member's friends.

Member i takes sum_j a_ij W x_j from its friends and itself, with a_i = softmax over these j of leaky_relu(s . W x_i + t . W x_j) (Velickovic et
al. 2018, "Graph attention networks", equations 1 to 4). Scores are the values of a sparse matrix, which is as large as there are friendships.
"""

import sys

import numpy as np
from karate import MEMBERS, arguments, edges, learn

import graphc as tf


def with_loops(pairs: np.ndarray, n: int) -> np.ndarray:
    """The places of a graph's friendships, each node its own friend, in order: int64[e, 2]."""
    at = np.concatenate([pairs, np.stack([np.arange(n)] * 2, 1)])
    return at[np.lexsort(at.T[::-1])]


def layer(places: np.ndarray, x: tf.Tensor, units: int, heads: int, name: str) -> tf.Tensor:
    """What several heads take from each node's friends, side by side: float32[n, heads * units]."""
    n, found = int(x.shape[0]), []
    for head in range(heads):
        with tf.variable_scope(f"{name}_{head}"):
            h = tf.matmul(x, tf.get_variable("w", [int(x.shape[1]), units], initializer=tf.glorot_uniform_initializer()))
            mine, theirs = (tf.matmul(h, tf.get_variable(which, [units, 1])) for which in ("s", "t"))
            there = tf.SparseTensor(places, np.ones(len(places), np.float32), [n, n])
            scores = tf.sparse_add(there * mine, there * tf.transpose(theirs))
            scores = tf.SparseTensor(scores.indices, tf.nn.leaky_relu(scores.values), [n, n])
            found.append(tf.sparse_tensor_dense_matmul(tf.sparse_softmax(scores), h))
    return tf.concat(found, 1)


def main(words: list[str]) -> None:
    """Build the network and let it learn."""
    options = arguments(__doc__, words)
    tf.set_random_seed(options.seed)
    places = with_loops(edges(), MEMBERS)
    hidden = tf.nn.elu(layer(places, tf.eye(MEMBERS), options.units, 4, "first"))
    learn(layer(places, hidden, 2, 1, "second"), options.steps)


if __name__ == "__main__":
    main(sys.argv[1:])
