"""Zachary's karate club (1977): who is whose friend, which of two factions each joined when the club split; and a network's test on it."""

import argparse
from pathlib import Path

import numpy as np

import graphc as tf

DATA = Path(__file__).parent / "data"
MEMBERS = 34
INSTRUCTOR, OFFICER = 0, 33     # the two members whose faction the examples are told


def edges() -> np.ndarray:
    """int64[156, 2]: both directions of each of the 78 friendships, members counted from 0, in order."""
    pairs = np.loadtxt(DATA / "karate.csv", np.int64, delimiter=",", skiprows=1) - 1
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return both[np.lexsort(both.T[::-1])]


def factions() -> np.ndarray:
    """int64[34]: 0 the instructor's, whose he is, 1 the officers'."""
    return np.loadtxt(DATA / "karate_factions.csv", np.int64, delimiter=",", skiprows=1)[:, 1]


def arguments(about: str, words: list[str]) -> argparse.Namespace:
    """Steps, units and the seed, as the command line has them."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--units", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    found = parser.parse_args(words)
    for name, least, most in (("steps", 1, 100_000), ("units", 1, 1024), ("seed", 0, 2**32)):
        if not least <= getattr(found, name) <= most:
            parser.error(f"--{name} must be between {least} and {most}, not {getattr(found, name)}")
    return found


def learn(logits: tf.Tensor, steps: int) -> None:
    """Check the gradients of float[34, 2], train on two members, and say how many of the others are told rightly."""
    wanted, told = factions(), [INSTRUCTOR, OFFICER]
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=wanted[told], logits=tf.gather(logits, told)))
    train = tf.train.AdamOptimizer(0.05).minimize(loss)
    right = tf.equal(tf.argmax(logits, 1), wanted)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        tf.testing.check_grads(loss, tf.trainable_variables(), order=1, session=session)
        print("gradients: as differences have them")
        for step in range(steps):
            _, value = session.run([train, loss])
            if step % 50 == 0:
                print(f"step {step}: loss {value:.4f}")
        others = np.delete(session.run(right), told)
        print(f"told rightly: {others.sum()} of the {len(others)} others")
