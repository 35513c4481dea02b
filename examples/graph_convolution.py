"""Tells the factions of Zachary's karate club from two members' by a graph convolution network: products of a sparse matrix.

A layer is tanh(D^-1/2 (A + I) D^-1/2 X W), A the friendships and D the diagonal of the degrees of A + I (Kipf and Welling 2017, "Semi-supervised
classification with graph convolutional networks", equation 2). Members are told apart by nothing but their number: X is the identity.
"""

import sys

import numpy as np
from karate import MEMBERS, arguments, edges, learn

import graphc as tf


def normalized(pairs: np.ndarray, n: int) -> tf.SparseTensorValue:
    """D^-1/2 (A + I) D^-1/2 of a graph of n nodes, places in order."""
    loops = np.stack([np.arange(n)] * 2, 1)
    at = np.concatenate([pairs, loops])
    at = at[np.lexsort(at.T[::-1])]
    degree = np.bincount(at[:, 0], minlength=n)
    return tf.SparseTensorValue(at, (1.0 / np.sqrt(degree[at[:, 0]] * degree[at[:, 1]])).astype(np.float32), np.array([n, n]))


def layer(adjacency: tf.SparseTensor, x: tf.Tensor, units: int, name: str) -> tf.Tensor:
    """The product of the graph's matrix, the nodes' features and weights: float32[n, units]."""
    w = tf.get_variable(name, [int(x.shape[1]), units], initializer=tf.glorot_uniform_initializer())
    return tf.sparse_tensor_dense_matmul(adjacency, tf.matmul(x, w))


def main(words: list[str]) -> None:
    """Build the network and let it learn."""
    options = arguments(__doc__, words)
    tf.set_random_seed(options.seed)
    adjacency = tf.SparseTensor.from_value(normalized(edges(), MEMBERS))
    hidden = tf.nn.tanh(layer(adjacency, tf.eye(MEMBERS), options.units, "first"))
    learn(layer(adjacency, hidden, 2, "second"), options.steps)


if __name__ == "__main__":
    main(sys.argv[1:])
