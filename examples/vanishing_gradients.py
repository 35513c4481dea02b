"""Why deep sigmoid networks hardly learn: gradient norms in each layer of a sigmoid network and of a ReLU one, as tables and a picture."""

from __future__ import annotations

import argparse

import numpy as np
import pictures

import graphc as tf

DEPTH, WIDTH, BATCH = 10, 64, 128


def network(activation: str) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """A classifier with DEPTH hidden layers: (inputs, labels, loss). Weights are drawn as He et al. (2015) advise for ReLU."""
    x, labels = tf.placeholder(tf.float32, [None, WIDTH]), tf.placeholder(tf.int64, [None])
    h = x
    for i in range(DEPTH):
        w = tf.Variable(tf.random_normal([WIDTH, WIDTH], stddev=(2 / WIDTH) ** 0.5, seed=i), name=f"w{i}")
        h = getattr(tf.nn, activation)(tf.matmul(h, w), name=f"{activation}{i}")
    out = tf.Variable(tf.random_normal([WIDTH, 10], stddev=WIDTH ** -0.5, seed=99), name="w_out")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=tf.matmul(h, out)))
    return x, labels, loss


def diagnosed(activation: str) -> tf.Diagnosis:
    """The untrained network's gradients on one batch of random data."""
    rng = np.random.default_rng(0)
    with tf.Graph().as_default(), tf.Session() as sess:
        x, labels, loss = network(activation)
        sess.run(tf.global_variables_initializer())
        return tf.diagnose(loss, sess, {x: rng.normal(size=(BATCH, WIDTH)), labels: rng.integers(0, 10, BATCH)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    pictures.add_arguments(parser, "vanishing_gradients.png", "the norms")
    args = parser.parse_args()
    pictures.check_arguments(parser, args)
    found = {name: diagnosed(name) for name in ("sigmoid", "relu")}
    for name, diagnosis in found.items():
        print(f"--- {name}\n{diagnosis}\n")

    if args.no_plot:
        return
    figure, axes = pictures.pyplot().subplots(figsize=(7, 4.2), layout="constrained")
    for name, diagnosis in found.items():
        axes.semilogy([w.gradient_norm for w in diagnosis.weights], marker="o", label=f"{name}: first / last = {diagnosis.ratio:.1e}")
    axes.set(xlabel="layer, from the input", ylabel="norm of the loss's gradient", title=f"{DEPTH} hidden layers, untrained")
    axes.legend()
    figure.savefig(args.out, dpi=120)
    print(f"drawn into {args.out}")


if __name__ == "__main__":
    main()
