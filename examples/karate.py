"""Zachary's karate club (1977): who is whose friend, and which of two factions each member joined when the club split."""

from pathlib import Path

import numpy as np

DATA = Path(__file__).parent / "data"


def edges() -> np.ndarray:
    """int64[156, 2]: both directions of each of the 78 friendships, members counted from 0, in order."""
    pairs = np.loadtxt(DATA / "karate.csv", np.int64, delimiter=",", skiprows=1) - 1
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return both[np.lexsort(both.T[::-1])]


def factions() -> np.ndarray:
    """int64[34]: 0 the instructor's, whose he is, 1 the officers'."""
    return np.loadtxt(DATA / "karate_factions.csv", np.int64, delimiter=",", skiprows=1)[:, 1]


INSTRUCTOR, OFFICER = 0, 33     # the two members whose faction the examples are told
