"""Stores handwritten digits in a Hopfield network and recalls them from noise: sweeps over its units, until nothing changes.

The units s are -1 or 1, and settle one after the other: s_i = sign(sum_j w_ij s_j). With w symmetric and 0 on its diagonal that never raises the
energy -s w s / 2 (Hopfield 1982). The weights project onto what is stored, which holds patterns that are alike apart (Personnaz, Guyon and
Dreyfus 1986).
"""

import argparse
from pathlib import Path
from typing import Any

import digits
import numpy as np
import pictures

import graphc as tf

UNITS = 64
MOST = 50               # sweeps; a handful is what it takes


def patterns(count: int) -> np.ndarray:
    """float32[count, 64] of -1 and 1: the first digit of each class, ten at most."""
    images, labels, _, _ = digits.load()
    rows = [int(np.argmax(labels == k)) for k in range(count)]
    return np.where(images[rows] > 0.4, 1, -1).astype(np.float32)


def weights(stored: np.ndarray) -> np.ndarray:
    """float32[64, 64]: the projection onto the patterns, without its diagonal."""
    w = stored.T @ np.linalg.pinv(stored.T)
    return np.float32(w - np.diag(np.diag(w)))


def energy(s: Any, w: Any) -> Any:
    """float32[n, 64] -> float32[n]."""
    return -0.5 * tf.reduce_sum(tf.matmul(s, w) * s, axis=1)


def sweep(s: Any, w: Any) -> Any:
    """Every unit of every row once, in order."""
    def settle(i: Any, s: Any) -> tuple[Any, Any]:
        field = tf.matmul(s, tf.expand_dims(tf.gather(w, i), 1))
        here = tf.expand_dims(tf.one_hot(i, UNITS), 0)
        return i + 1, s * (1 - here) + here * tf.where(field >= 0, tf.ones_like(field), -tf.ones_like(field))
    return tf.while_loop(lambda i, s: i < UNITS, settle, (0, s))[1]


def recall(first: Any, w: Any) -> tuple[Any, Any, Any]:
    """The state in which nothing changes any more, the energies before each sweep, float32[sweeps, n], and the number of sweeps."""
    energies = tf.TensorArray(tf.float32, size=0, dynamic_size=True, element_shape=[None])

    def step(i: Any, s: Any, moving: Any, energies: Any) -> tuple[Any, ...]:
        new = sweep(s, w)
        return i + 1, new, tf.reduce_any(tf.not_equal(new, s)), energies.write(i, energy(s, w))
    i, s, _, energies = tf.while_loop(lambda i, s, moving, energies: moving, step, (0, first, True, energies), maximum_iterations=MOST)
    return s, energies.stack(), i


def draw(rows: list[tuple[str, np.ndarray]], energies: np.ndarray, path: Path) -> None:
    """The patterns before and after, and below them their energies from sweep to sweep."""
    plt = pictures.pyplot()
    figure = plt.figure(figsize=(9, 5.5))
    grid = figure.add_gridspec(len(rows) + 1, rows[0][1].shape[0], height_ratios=[*[1] * len(rows), 2.5])
    for i, (name, images) in enumerate(rows):
        for j, image in enumerate(images):
            ax = figure.add_subplot(grid[i, j])
            ax.set(xticks=[], yticks=[])
            ax.imshow(image.reshape(8, 8), cmap="gray_r")
            if j == 0:
                ax.set_ylabel(name)
    ax = figure.add_subplot(grid[len(rows), :])
    ax.plot(energies, color="0.3", linewidth=0.8)
    ax.set(xlabel="sweep", ylabel="energy", xticks=range(len(energies)))
    figure.savefig(path, dpi=150, bbox_inches="tight")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--patterns", type=int, default=10, help="digits to store (default %(default)s)")
    parser.add_argument("--noise", type=float, default=0.15, help="part of the pixels that are turned over (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the noise (default %(default)s)")
    pictures.add_arguments(parser, "hopfield.png", "what was recalled, and the energies")
    args = parser.parse_args()
    if not 1 <= args.patterns <= 10:
        parser.error(f"--patterns must be between 1 and 10, not {args.patterns}")
    if not 0 <= args.noise <= 0.5:
        parser.error(f"--noise must be between 0 and 0.5, not {args.noise}")
    if args.seed < 0:
        parser.error(f"--seed must be at least 0, not {args.seed}")
    pictures.check_arguments(parser, args)
    return args


def main() -> None:
    args = arguments()
    stored = patterns(args.patterns)
    rng = np.random.default_rng(args.seed)
    noisy = stored * np.where(rng.random(stored.shape) < args.noise, -1, 1).astype(np.float32)
    first, w = tf.placeholder(tf.float32, [None, UNITS]), tf.constant(weights(stored))
    found, energies, sweeps = recall(first, w)
    with tf.Session() as session:
        recalled, path, count = session.run([found, energies, sweeps], {first: noisy})
        kept = session.run(found, {first: stored})
    right = (recalled == stored).all(axis=1).sum()
    print(f"{(kept == stored).all(axis=1).sum()} of {len(stored)} digits stay as they are")
    print(f"{right} of {len(stored)} are recalled with {args.noise:.0%} of the pixels turned over, after {count} sweeps")
    print(f"the energy falls from {path[0].mean():.2f} to {path[-1].mean():.2f}, and never rises: {bool((np.diff(path, axis=0) <= 1e-4).all())}")
    if not args.no_plot:
        draw([("noisy", noisy), ("recalled", recalled), ("stored", stored)], path, args.out)
        print(f"digits: {args.out}")


if __name__ == "__main__":
    main()
