"""Learns to undo a blur that it does not know: a filter in the frequency domain, of complex numbers, from pairs of blurred and sharp digits.

A picture that is moved while it is taken is a convolution, which is a product of spectra: B = H S. So is what undoes it, S' = G B; by Parseval's
theorem the squared error of pixels is that of frequencies. The best G is Wiener's (1949), sum conj(B) S / sum |B|^2 of each frequency.
"""

import argparse
from pathlib import Path
from typing import Any

import digits
import numpy as np
import pictures

import graphc as tf

SIDE = 16                       # of a picture: a digit of 8 x 8 amid zeros, for the blur is around the edges
RATE = 0.5                      # the squared error has the same curvature at all frequencies


def sharp(images: np.ndarray) -> np.ndarray:
    """float32[n, 64] pixels -> float32[n, SIDE, SIDE], each digit in the middle."""
    return np.pad(images.reshape(-1, 8, 8), [(0, 0), (4, 4), (4, 4)])


def blurred(images: np.ndarray, length: int, noise: float, seed: int) -> np.ndarray:
    """float32[n, SIDE, SIDE], each picture moved along its diagonal while it was taken, and noise."""
    moved = sum(np.roll(images, (k, k), (1, 2)) for k in range(length)) / length
    return np.float32(moved + noise * np.random.default_rng(seed).normal(size=images.shape))


def model(seen: Any, wanted: Any, strength: np.ndarray) -> tuple[Any, Any, Any]:
    """float32[n, SIDE, SIDE], twice -> the mean squared error, what is made of the pictures seen, and the filter complex64[SIDE, SIDE // 2 + 1].

    `strength`: the root mean square of each frequency, by which spectra are divided, so that no frequency learns slower than another.
    """
    scaled = tf.Variable(tf.zeros(strength.shape, tf.complex64), name="filter")
    spectra = tf.spectral.rfft2d(seen) / tf.constant(strength, tf.complex64)
    found = tf.spectral.irfft2d(spectra * scaled)
    return tf.reduce_mean(tf.square(found - wanted)), found, scaled / tf.constant(strength, tf.complex64)


def draw(rows: list[np.ndarray], path: Path) -> None:
    """A row of pictures below another."""
    figure, axes = pictures.pyplot().subplots(len(rows), len(rows[0]), figsize=(len(rows[0]), len(rows)))
    for line, row in zip(axes, rows, strict=True):
        for cell, picture in zip(line, row, strict=True):
            cell.imshow(picture, cmap="gray", vmin=0, vmax=1)
            cell.axis("off")
    figure.savefig(path, dpi=150, bbox_inches="tight")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--length", type=int, default=5, help="pixels that a picture moves, from 1 to 8 (default %(default)s)")
    parser.add_argument("--noise", type=float, default=0.02, help="standard deviation of the noise (default %(default)s)")
    parser.add_argument("--steps", type=int, default=20, help="of gradient descent (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the noise (default %(default)s)")
    pictures.add_arguments(parser, "deconvolution.png", "digits, what is seen of them, and what is made of that")
    args = parser.parse_args()
    if not 1 <= args.length <= 8:
        parser.error(f"--length must be between 1 and 8, not {args.length}")
    if not 0 <= args.noise <= 1:
        parser.error(f"--noise must be between 0 and 1, not {args.noise}")
    for name, least in (("steps", 1), ("seed", 0)):
        if getattr(args, name) < least:
            parser.error(f"--{name} must be at least {least}, not {getattr(args, name)}")
    pictures.check_arguments(parser, args)
    return args


def main() -> None:
    args = arguments()
    training, _, held_out, _ = digits.load()
    wanted, unseen = sharp(training), sharp(held_out)
    seen, test = blurred(wanted, args.length, args.noise, args.seed), blurred(unseen, args.length, args.noise, args.seed + 1)
    strength = np.sqrt(np.square(np.abs(np.fft.rfft2(seen))).mean(0) + 1e-12)
    x, y = (tf.placeholder(tf.float32, [None, SIDE, SIDE], name=name) for name in ("seen", "wanted"))
    loss, found, _ = model(x, y, strength)
    # A pixel's squared error is the mean over SIDE^2 frequencies of theirs, which count SIDE^2 times as much, each but a few for two.
    train = tf.train.GradientDescentOptimizer(RATE * SIDE**4 / 2).minimize(loss)
    with tf.Session() as session:
        for i in range(1, args.steps + 1):
            error, _ = session.run([loss, train], {x: seen, y: wanted})
            digits.progress(i, args.steps, f"step {i:3d}: squared error {error:.6f}")
        made = session.run(found, {x: test})
    before, after = (float(np.sqrt(np.square(p - unseen).mean())) for p in (test, made))
    print(f"error of pixels that it has not seen: {before:.4f} blurred, {after:.4f} sharpened")
    if not args.no_plot:
        draw([unseen[:8], test[:8], made[:8]], args.out)
        print(f"pictures: {args.out}")


if __name__ == "__main__":
    main()
