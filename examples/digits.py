"""Trains a classifier of handwritten digits and reports its accuracy on digits it has not seen."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pictures

import graphc as tf

DATA = Path(__file__).parent / "data" / "digits.npz"
HELD_OUT = 360
LAYERS = [64, 128, 64, 10]
BAR = 30


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training images and labels, held-out images and labels; pixels float32 from 0 to 1."""
    with np.load(DATA) as data:
        images, labels = np.float32(data["images"] / 16), np.int64(data["labels"])
    order = np.random.default_rng(0).permutation(len(images))    # the same split for every --seed
    images, labels = images[order], labels[order]
    return images[HELD_OUT:], labels[HELD_OUT:], images[:HELD_OUT], labels[:HELD_OUT]


def dense(x: Any, n_in: int, n_out: int, name: str) -> Any:
    """x @ w + b, the weights drawn as in He et al. 2015."""
    with tf.name_scope(name):
        w = tf.Variable(tf.random_normal([n_in, n_out], stddev=(2 / n_in) ** 0.5), name="w")
        b = tf.Variable(tf.zeros([n_out]), name="b")
        return tf.matmul(x, w) + b


def network(images: Any, keep_prob: Any) -> Any:
    """float32[n, 64] pixels -> float32[n, 10] logits."""
    x = images
    for i, (n_in, n_out) in enumerate(zip(LAYERS[:-2], LAYERS[1:-1], strict=True), 1):
        x = tf.nn.dropout(tf.nn.relu(dense(x, n_in, n_out, f"hidden{i}")), keep_prob)
    return dense(x, *LAYERS[-2:], "logits")


def batches(images: np.ndarray, labels: np.ndarray, size: int, rng: np.random.Generator) -> Iterator[Any]:
    """Each image once, in random order; what does not fill a batch waits for the next epoch."""
    order = rng.permutation(len(images))
    for start in range(0, len(order) - size + 1, size):
        chosen = order[start:start + size]
        yield images[chosen], labels[chosen]


def progress(done: int, total: int, message: str) -> None:
    """A bar that redraws itself on a terminal, ten plain lines elsewhere."""
    if sys.stdout.isatty():
        filled = BAR * done // total
        print(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {message}", end="\n" if done == total else "", flush=True)
    elif done * 10 // total > (done - 1) * 10 // total:
        print(message, flush=True)


def plot(losses: list[float], per_epoch: int, path: Path) -> None:
    epochs = np.arange(1, len(losses) + 1) / per_epoch
    figure, axes = pictures.pyplot().subplots(figsize=(6, 4))
    axes.semilogy(epochs, losses, color="0.8", label="each batch")
    means = np.reshape(losses, (-1, per_epoch)).mean(axis=1)
    axes.semilogy(np.arange(1, len(means) + 1), means, label="mean of an epoch")
    axes.set(xlabel="epoch", ylabel="cross entropy", title="Training on 1,437 handwritten digits")
    axes.legend()
    figure.savefig(path, dpi=150, bbox_inches="tight")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--epochs", type=int, default=40, help="passes over the training digits (default %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="digits a step (default %(default)s)")
    parser.add_argument("--dropout", type=float, default=0.2, help="share of units left out (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, order and dropout (default %(default)s)")
    pictures.add_arguments(parser, "loss.png", "the loss")
    args = parser.parse_args()
    if args.epochs < 1:
        parser.error(f"--epochs must be at least 1, not {args.epochs}")
    if not 1 <= args.batch <= 1797 - HELD_OUT:
        parser.error(f"--batch must be between 1 and {1797 - HELD_OUT}, not {args.batch}")
    if not 0 <= args.dropout < 1:
        parser.error(f"--dropout must be at least 0 and less than 1, not {args.dropout}")
    if args.seed < 0:
        parser.error(f"--seed must not be negative: {args.seed}")
    pictures.check_arguments(parser, args)
    return args


def main() -> None:
    args = arguments()
    train_images, train_labels, test_images, test_labels = load()

    tf.set_random_seed(args.seed)
    images = tf.placeholder(tf.float32, [None, 64], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    keep_prob = tf.placeholder_with_default(tf.constant(1.0), [], name="keep_prob")
    logits = network(images, keep_prob)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), labels), tf.float32))
    train_op = tf.train.AdamOptimizer(2e-3).minimize(loss)

    rng = np.random.default_rng(args.seed)
    per_epoch = len(train_images) // args.batch
    losses: list[float] = []
    times: list[float] = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for epoch in range(1, args.epochs + 1):
            for x, y in batches(train_images, train_labels, args.batch, rng):
                start = time.perf_counter()
                feeds = {images: x, labels: y, keep_prob: 1 - args.dropout}
                value, _ = session.run([loss, train_op], feed_dict=feeds)
                times.append(time.perf_counter() - start)
                losses.append(float(value))
            seen = session.run(accuracy, feed_dict={images: test_images, labels: test_labels})
            mean = np.mean(losses[-per_epoch:])
            progress(epoch, args.epochs, f"epoch {epoch:3d}: loss {mean:.4f}, held-out accuracy {seen:.2%}")
        print(f"held-out accuracy: {seen:.2%} of {len(test_images)} digits")
        stats = session.compile_stats()
    print(f"{stats['kernels_compiled']} kernels compiled in {stats['compile_seconds']:.2f} s, "
          f"{stats['kernels_loaded']} loaded from the cache")
    print(f"a training step of {args.batch} digits: {1e6 * np.median(times):.0f} us (median of {len(times)}; "
          f"the first, which compiles: {times[0]:.2f} s)")
    if not args.no_plot:
        plot(losses, per_epoch, args.out)
        print(f"loss curve: {args.out}")


if __name__ == "__main__":
    main()
