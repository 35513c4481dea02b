"""Trains a convolutional network (after LeNet; LeCun et al. 1998) on handwritten digits, and draws its filters and what they see."""

import argparse
import time
from pathlib import Path
from typing import Any

import digits
import numpy as np
import pictures

import graphc as tf

KEEP = 0.9                                      # of the averages of batch normalisation, at each step
HELD_OUT = digits.HELD_OUT


class Network:
    """Three convolutions by 3 x 3, each with batch normalisation and relu, a pool between; dropout, and a dense layer: 8 x 8 pixels to 10 logits."""

    def __init__(self, channels: tuple[int, int] = (32, 64)):
        self.updates: list[Any] = []            # of the averages, to run beside a training step
        self.filters = [self._filter(3, 1, channels[0]), self._filter(3, channels[0], channels[0]), self._filter(3, channels[0], channels[1])]
        self.norms = [[tf.Variable(tf.ones([n])), tf.Variable(tf.zeros([n])), tf.Variable(tf.zeros([n]), trainable=False),
                       tf.Variable(tf.ones([n]), trainable=False)] for n in (channels[0], channels[0], channels[1])]
        n = 3 * 3 * channels[1]
        self.dense = tf.Variable(tf.random_normal([n, 10], stddev=(1 / n) ** 0.5)), tf.Variable(tf.zeros([10]))

    @staticmethod
    def _filter(side: int, inner: int, outputs: int) -> Any:
        """Drawn as in He et al. 2015."""
        return tf.Variable(tf.random_normal([side, side, inner, outputs], stddev=(2 / (side * side * inner)) ** 0.5))

    def _layer(self, x: Any, i: int, padding: str, training: bool) -> Any:
        scale, offset, mean, variance = self.norms[i]
        y = tf.nn.conv2d(x, self.filters[i], strides=[1, 1, 1, 1], padding=padding)
        if training:
            y, batch_mean, batch_variance = tf.nn.fused_batch_norm(y, scale, offset)
            self.updates += [tf.assign(old, KEEP * old + (1 - KEEP) * new) for old, new in ((mean, batch_mean), (variance, batch_variance))]
        else:
            y, _, _ = tf.nn.fused_batch_norm(y, scale, offset, mean, variance, is_training=False)
        return tf.nn.relu(y)

    def logits(self, images: Any, keep_prob: float, training: bool) -> tuple[Any, list[Any]]:
        """float32[n, 64] -> float32[n, 10], and what comes out of each convolution."""
        first = self._layer(tf.reshape(images, [-1, 8, 8, 1]), 0, "SAME", training)                  # 8 x 8
        second = self._layer(first, 1, "VALID", training)                                            # 6 x 6
        pooled = tf.nn.max_pool(second, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")      # 3 x 3
        third = self._layer(pooled, 2, "SAME", training)
        weights, bias = self.dense
        flat = tf.nn.dropout(tf.reshape(third, [-1, weights.shape[0].value]), keep_prob)
        return tf.matmul(flat, weights) + bias, [first, second, third]


def shifted(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The digits up to one pixel aside and up or down, at random: they stay what they are."""
    around = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    down, right = rng.choice([0, 1, 1, 2], (2, len(images)))
    rows, columns = np.arange(8) + down[:, None], np.arange(8) + right[:, None]
    return around[np.arange(len(images))[:, None, None], rows[:, :, None], columns[:, None, :]].reshape(-1, 64)


def draw(image: np.ndarray, filters: np.ndarray, maps: list[np.ndarray], path: Path) -> None:
    """The first filters, and of one digit what the first channels of each layer are."""
    rows = [("filters", filters[:, :, 0, :]), *((f"layer {i}", m[0]) for i, m in enumerate(maps, 1))]
    figure, axes = pictures.pyplot().subplots(len(rows), 9, figsize=(9, 1.1 * len(rows)))
    for line, (name, channels) in zip(axes, rows, strict=True):
        line[0].set_ylabel(name)
        for k, ax in enumerate(line):
            ax.set(xticks=[], yticks=[])
            if k:
                ax.imshow(channels[:, :, k - 1], cmap="RdBu" if name == "filters" else "gray")
            else:
                ax.imshow(image.reshape(8, 8), cmap="gray_r")
    figure.suptitle("Filters of 3 x 3 pixels, and what comes out of them")
    figure.savefig(path, dpi=150, bbox_inches="tight")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--epochs", type=int, default=40, help="passes over the training digits (default %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="digits a step (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, order, shifts and dropout (default %(default)s)")
    pictures.add_arguments(parser, "filters.png", "the filters")
    args = parser.parse_args()
    for name, least, most in (("epochs", 1, 10_000), ("batch", 2, 1797 - HELD_OUT), ("seed", 0, 2**32)):
        if not least <= getattr(args, name) <= most:
            parser.error(f"--{name} must be between {least} and {most}, not {getattr(args, name)}")
    pictures.check_arguments(parser, args)
    return args


def main() -> None:
    args = arguments()
    train_images, train_labels, test_images, test_labels = digits.load()

    tf.set_random_seed(args.seed)
    images = tf.placeholder(tf.float32, [None, 64], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    rate = tf.placeholder(tf.float32, [], name="rate")
    network = Network()
    logits, _ = network.logits(images, 0.5, training=True)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    train_op = tf.group(tf.train.AdamOptimizer(rate).minimize(loss), *network.updates)
    seen_logits, maps = network.logits(images, 1.0, training=False)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(seen_logits, 1), labels), tf.float32))

    rng = np.random.default_rng(args.seed)
    times: list[float] = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for epoch in range(1, args.epochs + 1):
            losses = []
            now = 3e-3 * (1 + np.cos(np.pi * (epoch - 1) / args.epochs)) / 2       # down to 0 (Loshchilov and Hutter 2017)
            for x, y in digits.batches(shifted(train_images, rng), train_labels, args.batch, rng):
                start = time.perf_counter()
                value, _ = session.run([loss, train_op], feed_dict={images: x, labels: y, rate: now})
                times.append(time.perf_counter() - start)
                losses.append(value)
            seen = session.run(accuracy, feed_dict={images: test_images, labels: test_labels})
            digits.progress(epoch, args.epochs, f"epoch {epoch:3d}: loss {np.mean(losses):.4f}, held-out accuracy {seen:.2%}")
        print(f"held-out accuracy: {seen:.2%} of {len(test_images)} digits")
        print(f"a training step of {args.batch} digits: {1e3 * np.median(times):.2f} ms (median of {len(times)}; "
              f"the first, which compiles: {times[0]:.2f} s)")
        if not args.no_plot:
            draw(test_images[0], session.run(network.filters[0]), session.run(maps, feed_dict={images: test_images[:1]}), args.out)
            print(f"filters: {args.out}")


if __name__ == "__main__":
    main()
