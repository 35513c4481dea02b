"""What graphc shows of one small network: the graph, the compilation, where a step's time goes, a report, TensorBoard's files."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import graphc as tf


def network() -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """A classifier with one hidden layer: (inputs, labels, loss)."""
    x, labels = tf.placeholder(tf.float32, [None, 20], name="x"), tf.placeholder(tf.int64, [None], name="labels")
    with tf.name_scope("hidden"):
        w = tf.Variable(tf.random_normal([20, 16], stddev=0.3, seed=1), name="w")
        h = tf.nn.relu(x @ w, name="h")
    with tf.name_scope("out"):
        logits = tf.matmul(h, tf.Variable(tf.random_normal([16, 4], stddev=0.3, seed=2), name="w"), name="logits")
    return x, labels, tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits), name="loss")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", default="inspection", help="where to write; default: %(default)s")
    folder = Path(parser.parse_args().folder)
    folder.mkdir(parents=True, exist_ok=True)

    x, labels, loss = network()
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    tf.summary.scalar("loss", loss)
    summaries = tf.summary.merge_all()
    rng = np.random.default_rng(0)
    feed = {x: rng.normal(size=(32, 20)), labels: rng.integers(0, 4, 32)}

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        print(tf.show(train, max_nodes=12))
        print(session.explain([loss, train], feed))

        trace = tf.RunMetadata()
        session.run(train, feed, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=trace)
        print(trace.summary())
        trace.to_chrome_trace(folder / "timeline.json")

        tf.report(session, [loss, train], folder / "report.html", feed_dict=feed)
        (folder / "graph.json").write_text(session.graph.to_json([loss, train]))
        with tf.summary.FileWriter(folder / "logs", session.graph) as writer:
            for step in range(20):
                summary, _ = session.run([summaries, train], feed)
                writer.add_summary(summary, step)
    print(f"written into {folder}: {', '.join(sorted(p.name for p in folder.iterdir()))}")


if __name__ == "__main__":
    main()
