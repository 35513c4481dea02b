"""Tells the factions of Zachary's karate club from two members' by a graph convolution network: products of a sparse matrix.

A layer is tanh(D^-1/2 (A + I) D^-1/2 X W), A the friendships and D the diagonal of the degrees of A + I (Kipf and Welling 2017, "Semi-supervised
classification with graph convolutional networks", equation 2). Members are told apart by nothing but their number: X is the identity.
"""

import argparse
import sys

import numpy as np
from karate import INSTRUCTOR, OFFICER, edges, factions

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
    n = len(wanted)
    adjacency = tf.SparseTensor.from_value(normalized(edges(), n))
    hidden = tf.nn.tanh(layer(adjacency, tf.eye(n), options.units, "first"))
    logits = layer(adjacency, hidden, 2, "second")
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
