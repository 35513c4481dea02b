"""Trains a restricted Boltzmann machine on handwritten digits by contrastive divergence, and draws what it dreams: Gibbs chains are loops.

Visible units v and hidden units h have the energy -v W h - v b - h c. Each is drawn from the other, sigmoid(h W' + b) and sigmoid(v W + c), in
turn. The gradient of the free energy at the data less that at the end of a short chain is what lowers the one (Hinton 2002).
"""

import argparse
from pathlib import Path
from typing import Any

import digits
import numpy as np
import pictures

import graphc as tf

VISIBLE = 64


def bernoulli(p: Any) -> Any:
    """1 with probability p, else 0."""
    return tf.cast(tf.random_uniform(tf.shape(p)) < p, p.dtype)


class Machine:
    def __init__(self, hidden: int):
        self.w = tf.Variable(tf.random_normal([VISIBLE, hidden], stddev=0.01), name="w")
        self.b, self.c = tf.Variable(tf.zeros([VISIBLE]), name="b"), tf.Variable(tf.zeros([hidden]), name="c")

    def seen(self, h: Any) -> Any:
        """The probabilities of visible units."""
        return tf.sigmoid(tf.matmul(h, self.w, transpose_b=True) + self.b)

    def felt(self, v: Any) -> Any:
        """The probabilities of hidden units."""
        return tf.sigmoid(tf.matmul(v, self.w) + self.c)

    def chain(self, v: Any, steps: Any) -> tuple[Any, Any]:
        """What visible units are after some steps of drawing hidden ones and them, and the probabilities that they were drawn from."""
        _, v, p = tf.while_loop(lambda i, v, p: i < steps, lambda i, v, p: (lambda p: (i + 1, bernoulli(p), p))(self.seen(bernoulli(self.felt(v)))),
                                (0, v, v), back_prop=False)
        return v, p

    def free_energy(self, v: Any) -> Any:
        """-log sum_h exp(-energy): float32[n, 64] -> float32[n]."""
        return -tf.tensordot(v, self.b, [[1], [0]]) - tf.reduce_sum(tf.nn.softplus(tf.matmul(v, self.w) + self.c), axis=1)

    def divergence(self, v: Any, steps: Any) -> Any:
        """A number whose gradient is that of contrastive divergence; its value means nothing."""
        end, _ = self.chain(v, steps)
        return tf.reduce_mean(self.free_energy(v)) - tf.reduce_mean(self.free_energy(tf.stop_gradient(end)))


def draw(rows: list[tuple[str, np.ndarray]], path: Path) -> None:
    figure, axes = pictures.pyplot().subplots(len(rows), 12, figsize=(9, 0.85 * len(rows)))
    for line, (name, images) in zip(axes, rows, strict=True):
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
        for ax, image in zip(line, images, strict=False):
            ax.set(xticks=[], yticks=[])
            ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
    figure.savefig(path, dpi=150, bbox_inches="tight")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--epochs", type=int, default=60, help="passes over the training digits (default %(default)s)")
    parser.add_argument("--hidden", type=int, default=128, help="hidden units (default %(default)s)")
    parser.add_argument("--steps", type=int, default=5, help="of a chain in training (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, order and chains (default %(default)s)")
    pictures.add_arguments(parser, "rbm.png", "what the machine dreams")
    args = parser.parse_args()
    for name, least in (("epochs", 1), ("hidden", 1), ("steps", 1), ("seed", 0)):
        if getattr(args, name) < least:
            parser.error(f"--{name} must be at least {least}, not {getattr(args, name)}")
    pictures.check_arguments(parser, args)
    return args


def main() -> None:
    args = arguments()
    train, labels, held_out, _ = digits.load()
    tf.set_random_seed(args.seed)
    machine = Machine(args.hidden)
    images, steps, rate = tf.placeholder(tf.float32, [None, VISIBLE]), tf.placeholder(tf.int32, []), tf.placeholder(tf.float32, [])
    v = bernoulli(images)                   # a pixel is how likely its unit is 1
    step = tf.train.MomentumOptimizer(rate, 0.9).minimize(machine.divergence(v, args.steps))
    gap = tf.reduce_mean(machine.free_energy(v))
    once = tf.reduce_mean(tf.squared_difference(machine.seen(machine.felt(images)), images))
    _, dreamt = machine.chain(bernoulli(tf.fill([12, VISIBLE], 0.3)), steps)
    rng = np.random.default_rng(args.seed)
    with tf.Session() as session:
        for epoch in range(1, args.epochs + 1):
            for x, _ in digits.batches(train, labels, 32, rng):
                session.run(step, {images: x, rate: 0.1 * (1 - (epoch - 1) / args.epochs)})
            error = session.run(once, {images: held_out})
            digits.progress(epoch, args.epochs, f"epoch {epoch:3d}: mean squared error {error:.4f} of held-out digits seen once through the units")
        noise = rng.permuted(held_out, axis=1)
        known, strange = session.run(gap, {images: held_out}), session.run(gap, {images: noise})
        dreams = [(f"{n} steps", session.run(dreamt, {steps: n})) for n in (1, 10, 100, 1000)]
        back = session.run(machine.seen(machine.felt(images)), {images: held_out[:12]})
    print(f"mean squared error {error:.4f}; held-out digits have a free energy of {known:.1f}, their pixels in another order {strange:.1f}")
    if not args.no_plot:
        draw([("digits", held_out[:12]), ("seen through", back), *dreams], args.out)
        print(f"dreams: {args.out}")


if __name__ == "__main__":
    main()
