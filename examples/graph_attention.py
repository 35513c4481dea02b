"""Tells the factions of Zachary's karate club from two members' by a graph attention network: softmax over each member's friends.

Member i takes sum_j a_ij W x_j from its friends and itself, with a_i = softmax over these j of leaky_relu(s . W x_i + t . W x_j) (Velickovic et
al. 2018, "Graph attention networks", equations 1 to 4). Scores are the values of a sparse matrix, which is as large as there are friendships.
"""

import argparse
import sys

import numpy as np
from karate import INSTRUCTOR, OFFICER, edges, factions

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
    places = with_loops(edges(), n)
    hidden = tf.nn.elu(layer(places, tf.eye(n), options.units, 4, "first"))
    logits = layer(places, hidden, 2, 1, "second")
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
