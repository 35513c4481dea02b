"""Trains a convolutional autoencoder to take noise off handwritten digits: convolutions in steps of two, and transposed ones back."""

import argparse
from pathlib import Path
from typing import Any

import digits
import numpy as np
import pictures

import graphc as tf

NOISE = 0.4
CHANNELS = (1, 32, 64)


def filters(side: int, inner: int, outputs: int) -> Any:
    """Drawn as in He et al. 2015."""
    return tf.Variable(tf.random_normal([side, side, inner, outputs], stddev=(2 / (side * side * inner)) ** 0.5))


def network(noisy: Any) -> Any:
    """float32[n, 8, 8, 1] -> logits of the same shape: 8 x 8 pixels to 4 x 4 to 2 x 2, and back."""
    x, sizes = noisy, []
    for inner, outputs in zip(CHANNELS, CHANNELS[1:], strict=False):
        sizes.append(tf.shape(x))
        x = tf.nn.relu(tf.nn.conv2d(x, filters(4, inner, outputs), strides=[1, 2, 2, 1], padding="SAME") + tf.Variable(tf.zeros([outputs])))
    for inner, outputs, size in zip(CHANNELS[:0:-1], CHANNELS[-2::-1], sizes[::-1], strict=True):
        shape = tf.concat([size[:3], [outputs]], 0)
        y = tf.nn.conv2d_transpose(x, filters(4, outputs, inner), shape, strides=[1, 2, 2, 1], padding="SAME") + tf.Variable(tf.zeros([outputs]))
        x = y if outputs == CHANNELS[0] else tf.nn.relu(y)
    return x


def draw(rows: list[tuple[str, np.ndarray]], path: Path) -> None:
    """Digits with noise, without, and as they were."""
    figure, axes = pictures.pyplot().subplots(len(rows), 10, figsize=(9, 1 * len(rows)))
    for line, (name, images) in zip(axes, rows, strict=True):
        line[0].set_ylabel(name)
        for ax, image in zip(line, images, strict=False):
            ax.set(xticks=[], yticks=[])
            ax.imshow(image[:, :, 0], cmap="gray_r", vmin=0, vmax=1)
    figure.savefig(path, dpi=150, bbox_inches="tight")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--epochs", type=int, default=30, help="passes over the training digits (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of filters, order and noise (default %(default)s)")
    pictures.add_arguments(parser, "denoised.png", "digits with noise and without")
    args = parser.parse_args()
    for name, least in (("epochs", 1), ("seed", 0)):
        if getattr(args, name) < least:
            parser.error(f"--{name} must be at least {least}, not {getattr(args, name)}")
    pictures.check_arguments(parser, args)
    return args


def main() -> None:
    args = arguments()
    train, labels, held_out, _ = digits.load()
    tf.set_random_seed(args.seed)
    clean = tf.placeholder(tf.float32, [None, 8, 8, 1], name="clean")
    noisy = clean + NOISE * tf.random_normal(tf.shape(clean))
    logits = network(noisy)
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=clean, logits=logits))
    cleaned = tf.sigmoid(logits)
    errors = [tf.reduce_mean(tf.squared_difference(x, clean)) for x in (noisy, cleaned)]
    rate = tf.placeholder(tf.float32, [], name="rate")
    train_op = tf.train.AdamOptimizer(rate).minimize(loss)

    rng = np.random.default_rng(args.seed)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for epoch in range(1, args.epochs + 1):
            for x, _ in digits.batches(train, labels, 64, rng):
                session.run(train_op, feed_dict={clean: x.reshape(-1, 8, 8, 1), rate: 3e-3 * (1 - (epoch - 1) / args.epochs)})
            images = held_out.reshape(-1, 8, 8, 1)
            before, after, dirty, found = session.run([*errors, noisy, cleaned], feed_dict={clean: images})
            digits.progress(epoch, args.epochs, f"epoch {epoch:3d}: mean squared error {before:.4f} with noise, {after:.4f} without")
    print(f"held-out digits: the mean squared error goes from {before:.4f} to {after:.4f}")
    if not args.no_plot:
        draw([("noisy", dirty), ("cleaned", found), ("digit", images)], args.out)
        print(f"digits: {args.out}")


if __name__ == "__main__":
    main()
