"""Computes a Gaussian mixture's log posterior and its gradient for an ADBench file of parameters and points.

The objective (Srajer, Kukelova, Fitzgibbon 2018, "A benchmark of selected algorithmic differentiation tools"):

    f = - N D / 2 log(2 pi) + sum_i logsumexp_k(alpha_k + sum(q_k) - |Q_k (x_i - mu_k)|^2 / 2) - N logsumexp(alpha)
        + sum_k [gamma^2 / 2 (|exp q_k|^2 + |l_k|^2) - m sum(q_k)]
        - K [n D (log gamma - log(2) / 2) - log Gamma_D(n / 2)]

with Q_k = diag(exp q_k) + strictly lower triangle l_k (column by column), and n = D + m + 1.
"""

import argparse
import math
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import graphc as tf


class Mixture(NamedTuple):
    """An ADBench file: weights [K], means [K, D], inverse factors icf [K, D (D + 1) / 2], points [N, D], the prior."""

    alpha: np.ndarray
    means: np.ndarray
    icf: np.ndarray
    x: np.ndarray
    gamma: float
    m: int


def read(path: Path) -> Mixture:
    """The mixture in a file `D K N, alpha, means, icf, x, gamma m`; ValueError for a file that is something else."""
    words = path.read_text().split()
    try:
        d, k, n = (int(word) for word in words[:3])
        numbers = np.array(words[3:], np.float64)
    except ValueError as error:
        raise ValueError(f"{path}: expected the integers D, K, N and then numbers only: {error}") from None
    if min(d, k, n) < 1:
        raise ValueError(f"{path}: D, K and N must be at least 1, not {d}, {k}, {n}")
    shapes = [(k,), (k, d), (k, d * (d + 1) // 2), (n, d), (2,)]
    sizes = [math.prod(shape) for shape in shapes]
    if len(numbers) != sum(sizes):
        raise ValueError(f"{path}: {sum(sizes)} numbers must follow D, K, N = {d}, {k}, {n}; there are {len(numbers)}")
    parts = np.split(numbers, np.cumsum(sizes)[:-1])
    alpha, means, icf, x, prior = (part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
    gamma, m = prior.tolist()
    if not (gamma > 0 and m >= 0 and m.is_integer()):
        raise ValueError(f"{path}: gamma must be positive and m a whole number from 0 on, not {gamma:g} and {m:g}")
    return Mixture(alpha, means, icf, x, gamma, int(m))


def triangle(d: int) -> np.ndarray:
    """int[d, d]: where each entry of Q lies in a row [exp q, l, 0]; the 0 at its end serves the upper triangle."""
    where = np.full((d, d), d * (d + 1) // 2)
    np.fill_diagonal(where, np.arange(d))
    columns, rows = np.triu_indices(d, 1)    # (0, 1), (0, 2) ... is the lower triangle, column by column
    where[rows, columns] = d + np.arange(len(rows))
    return where


def log_multigamma(a: float, d: int) -> float:
    """The logarithm of the multivariate gamma function Gamma_d(a)."""
    return d * (d - 1) / 4 * math.log(math.pi) + sum(math.lgamma(a - j / 2) for j in range(d))


def objective(alpha: Any, means: Any, icf: Any, x: Any, gamma: float, m: int, shape: tuple[int, int, int]) -> Any:
    """The log posterior of the module's docstring, as a graph; `shape` is N, D, K."""
    n, d, k = shape
    log_diagonal, lower = icf[:, :d], icf[:, d:]
    entries = tf.concat([tf.exp(log_diagonal), lower], axis=1)
    q = tf.gather(tf.concat([entries, tf.zeros([k, 1], tf.float64)], axis=1), triangle(d), axis=1)    # [K, D, D]
    log_determinant = tf.reduce_sum(log_diagonal, axis=1)

    # Q (x - mu) as Q x - Q mu: one large product of matrices in place of N K small ones.
    qx = tf.matmul(x, tf.reshape(q, [k * d, d]), transpose_b=True)
    qmu = tf.reshape(tf.matmul(q, tf.expand_dims(means, 2)), [k * d])
    distance = tf.reduce_sum(tf.square(tf.reshape(qx - qmu, [n, k, d])), axis=2)
    likelihood = tf.reduce_sum(tf.reduce_logsumexp(alpha + log_determinant - 0.5 * distance, axis=1))

    prior = 0.5 * gamma**2 * tf.reduce_sum(tf.square(entries)) - m * tf.reduce_sum(log_determinant)
    degrees = d + m + 1
    constant = -n * d / 2 * math.log(2 * math.pi) - k * (
        degrees * d * (math.log(gamma) - math.log(2) / 2) - log_multigamma(degrees / 2, d))
    return likelihood - n * tf.reduce_logsumexp(alpha) + prior + constant


def median_milliseconds(call: Any, arguments: list[np.ndarray], seconds: float = 0.5) -> float:
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        call(*arguments)
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", type=Path, metavar="FILE", help="for example gmm_d10_K25.txt of ADBench's data")
    path = parser.parse_args().file
    try:
        mixture = read(path)
    except (OSError, ValueError) as error:
        sys.exit(f"gmm.py: {error}")

    values = [mixture.alpha, mixture.means, mixture.icf, mixture.x]
    names = ["alpha", "means", "icf", "x"]
    places = [tf.placeholder(tf.float64, value.shape, name=name) for name, value in zip(names, values, strict=True)]
    (n, d), k = mixture.x.shape, len(mixture.alpha)
    value = objective(*places, mixture.gamma, mixture.m, (n, d, k))
    gradients = tf.gradients(value, places[:3])

    with tf.Session() as session:
        start = time.perf_counter()
        f, *gradient = session.run([value, *gradients], feed_dict=dict(zip(places, values, strict=True)))
        first = time.perf_counter() - start
        call = session.make_callable([value, *gradients], feed_list=places)
        usual = median_milliseconds(call, values)
    norm = math.sqrt(sum(float(np.sum(part**2)) for part in gradient))
    print(f"{path.name}: D = {d}, K = {k}, N = {n}")
    print(f"objective      {f:.12g}")
    print(f"gradient norm  {norm:.12g}  ({sum(part.size for part in gradient)} parameters)")
    print(f"time           {usual:.3f} ms for both, {first:.2f} s the first time")


if __name__ == "__main__":
    main()
