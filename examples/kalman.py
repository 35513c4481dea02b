"""Tracks a body from noisy positions by a Kalman filter, and learns how noisy they are: the likelihood is a loop, its gradient another one.

The body moves at a speed that changes by chance: x' = A x + w, y = C x + v, with w ~ N(0, q^2 Q) and v ~ N(0, r^2 I). The filter (Kalman 1960) gives
the mean m and covariance P of x after each observation, and log p(y) as a sum over the steps.
"""

import argparse
import math
from pathlib import Path
from typing import Any

import digits
import numpy as np
import pictures

import graphc as tf

STEP = 0.1
# Position and speed along two axes; friction slows it, and the noise is that of a push which is constant within a step.
A = np.diag([1.0, 1.0, 0.98, 0.98]) + STEP * np.eye(4, k=2)
Q = np.kron([[STEP**4 / 4, STEP**3 / 2], [STEP**3 / 2, STEP**2]], np.eye(2))
C = np.eye(2, 4)
FIRST = np.diag([10.0, 10.0, 10.0, 10.0])       # the covariance before the first observation


def simulated(steps: int, q: float, r: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The states float64[steps, 4] and the observations float64[steps, 2] of one run."""
    rng = np.random.default_rng(seed)
    x, states = np.array([0.0, 0.0, 1.0, 0.5]), []
    root = np.kron([[STEP**2 / 2], [STEP]], np.eye(2))          # root root' = Q
    for _ in range(steps):
        x = A @ x + q * root @ rng.normal(size=2)
        states.append(x)
    return np.array(states), np.array(states) @ C.T + r * rng.normal(size=(steps, 2))


def filtered(y: Any, q: Any, r: Any) -> tuple[Any, Any]:
    """float64[steps, 2] -> log p(y), and the means float64[steps, 4]."""
    noise, seen = tf.constant(Q) * tf.square(q), tf.eye(2, dtype=tf.float64) * tf.square(r)

    def step(before: Any, row: Any) -> Any:
        mean, covariance, _, total = before                     # as foreseen by what was seen before
        s = tf.matmul(tf.matmul(tf.constant(C), covariance), C, transpose_b=True) + seen
        e = tf.expand_dims(row, 1) - tf.matmul(tf.constant(C), mean)
        gain = tf.transpose(tf.matrix_solve(s, tf.matmul(tf.constant(C), covariance)))
        fit = tf.reduce_sum(e * tf.matrix_solve(s, e)) + 2.0 * tf.reduce_sum(tf.log(tf.matrix_diag_part(tf.cholesky(s))))
        mean, covariance = mean + tf.matmul(gain, e), covariance - tf.matmul(tf.matmul(gain, s), gain, transpose_b=True)
        foreseen = tf.matmul(tf.matmul(tf.constant(A), covariance), A, transpose_b=True) + noise
        return tf.matmul(tf.constant(A), mean), foreseen, mean, total - 0.5 * (fit + 2 * math.log(2 * math.pi))
    zero = tf.zeros([4, 1], tf.float64)
    _, _, means, totals = tf.scan(step, y, (zero, tf.constant(FIRST), zero, tf.constant(0.0, tf.float64)))
    return totals[-1], means[:, :, 0]


def draw(states: np.ndarray, y: np.ndarray, means: np.ndarray, path: Path) -> None:
    """The path, what was seen of it, and what the filter makes of that."""
    figure, axes = pictures.pyplot().subplots(figsize=(6, 5))
    axes.plot(*y.T, ".", color="0.7", markersize=3, label="seen")
    axes.plot(*states[:, :2].T, color="black", linewidth=1, label="path")
    axes.plot(*means[:, :2].T, color="tab:red", linewidth=1, label="filtered")
    axes.legend()
    axes.set_aspect("equal", "datalim")
    figure.savefig(path, dpi=150, bbox_inches="tight")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--steps", type=int, default=200, help="observations (default %(default)s)")
    parser.add_argument("--iterations", type=int, default=100, help="steps towards the greatest likelihood (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of path and noise (default %(default)s)")
    pictures.add_arguments(parser, "kalman.png", "the path and what the filter makes of it")
    args = parser.parse_args()
    for name, least in (("steps", 2), ("iterations", 1), ("seed", 0)):
        if getattr(args, name) < least:
            parser.error(f"--{name} must be at least {least}, not {getattr(args, name)}")
    pictures.check_arguments(parser, args)
    return args


def main() -> None:
    args = arguments()
    states, seen = simulated(args.steps, 3.0, 0.5, args.seed)
    y = tf.placeholder(tf.float64, [None, 2], name="y")
    logs = tf.Variable(np.log([0.5, 1.0]), name="log_noise")
    q, r = tf.unstack(tf.exp(logs))
    likelihood, means = filtered(y, q, r)
    train = tf.train.AdamOptimizer(0.05).minimize(-likelihood / args.steps)
    with tf.Session() as session:
        feed = {y: seen}
        for i in range(1, args.iterations + 1):
            value, _ = session.run([likelihood, train], feed)
            digits.progress(i, args.iterations, f"iteration {i:3d}: log likelihood {value:.2f}")
        value, found_q, found_r, path = session.run([likelihood, q, r, means], feed)
    errors = [np.sqrt(np.square(x - states[:, :2]).sum(1).mean()) for x in (seen, path[:, :2])]
    print(f"log likelihood {value:.2f} with q = {found_q:.2f} (3.00) and r = {found_r:.3f} (0.500)")
    print(f"distance from the path: {errors[0]:.3f} as seen, {errors[1]:.3f} filtered")
    if not args.no_plot:
        draw(states, seen, path, args.out)
        print(f"path: {args.out}")


if __name__ == "__main__":
    main()
