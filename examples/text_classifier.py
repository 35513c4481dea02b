"""Tells of which book a verse is, by the words in it: `tf.data` reads the lines, `tf.layers` learns them, `tf.train.Saver` keeps what is best."""

import argparse
import re
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

import graphc as tf

DATA = Path(__file__).parent / "data" / "lines.tsv"
BOOKS = ["psalms", "acts"]
HELD_OUT = 200          # verses
BUCKETS = 4096          # of words, by their checksum
EXAMPLES = ["I will sing of thy mercy, and my soul shall praise thy name", "And when they came to the city, the governor sent soldiers with Paul"]


def words(line: bytes) -> np.ndarray:
    """A line's words as numbers from 1 on; 0 is what fills a batch."""
    found = re.findall(rb"[a-z']+", line.lower())
    return np.array([1 + zlib.crc32(w) % (BUCKETS - 1) for w in found], np.int32)


def parsed(line: Any) -> tuple[Any, Any]:
    """A line of the file, `book<tab>text` -> int32[n] words, int32[] book."""
    book, text = tf.decode_csv(line, [[""], [""]], field_delim="\t", use_quote_delim=False)
    numbers, label = tf.py_func(lambda b, t: (words(t.item()), np.int32(BOOKS.index(b.item().decode()))), [book, text], [tf.int32, tf.int32])
    numbers.set_shape([None])
    label.set_shape([])
    return numbers, label


def network(numbers: Any, training: Any) -> Any:
    """int32[n, longest] words -> float32[n, 2] logits: the mean of what stands for each word, and two layers."""
    table = tf.get_variable("words", [BUCKETS, 32], initializer=tf.random_normal_initializer(stddev=0.1))
    there = tf.cast(tf.not_equal(numbers, 0), tf.float32)[:, :, tf.newaxis]
    mean = tf.reduce_sum(tf.nn.embedding_lookup(table, numbers) * there, 1) / tf.maximum(tf.reduce_sum(there, 1), 1.0)
    hidden = tf.layers.dense(tf.layers.dropout(mean, 0.3, training=training), 32, activation=tf.nn.relu)
    return tf.layers.dense(hidden, len(BOOKS))


def numbered(what: str, least: int, most: int) -> Any:
    def number(text: str) -> int:
        if not text.lstrip("-").isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{what} must be between {least} and {most}, not {text}")
        return int(text)
    return number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=numbered("--epochs", 1, 1000), default=4)
    parser.add_argument("--batch", type=numbered("--batch", 1, 1000), default=32)
    parser.add_argument("--seed", type=numbered("--seed", 0, 2**32), default=0)
    parser.add_argument("--logdir", help="a folder for TensorBoard's curves")
    options = parser.parse_args()

    tf.set_random_seed(options.seed)
    lines = tf.data.TextLineDataset(str(DATA))
    shapes = ([None], [])
    training = lines.skip(HELD_OUT).map(parsed).cache().shuffle(1000).padded_batch(options.batch, shapes).prefetch(2)
    held_out = lines.take(HELD_OUT).map(parsed).padded_batch(HELD_OUT, shapes)
    iterator = tf.data.Iterator.from_structure(training.output_types, training.output_shapes)
    train_on, test_on = iterator.make_initializer(training), iterator.make_initializer(held_out)
    numbers, labels = iterator.get_next()

    is_training = tf.placeholder_with_default(False, [])
    logits = network(numbers, is_training)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    right = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1, output_type=tf.int32), labels), tf.float32))
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer(0.003).minimize(loss, global_step=step)
    curve = tf.summary.scalar("loss", loss)
    writer = tf.summary.FileWriter(options.logdir, tf.get_default_graph()) if options.logdir else None

    with tf.Session() as sess, tempfile.TemporaryDirectory() as folder:
        sess.run(tf.global_variables_initializer())
        saver, best = tf.train.Saver([v for v in tf.global_variables() if v is not step]), 0.0
        for epoch in range(1, options.epochs + 1):
            losses = []
            sess.run(train_on)
            while True:
                try:
                    _, value, point = sess.run([train, loss, curve], {is_training: True})
                except tf.errors.OutOfRangeError:
                    break
                losses.append(value)
                if writer is not None:
                    writer.add_summary(point, sess.run(step))
            sess.run(test_on)
            accuracy = float(sess.run(right))
            print(f"epoch {epoch:3}: loss {np.mean(losses):.3f}, held-out accuracy {100 * accuracy:.1f}%")
            if accuracy > best:
                best, path = accuracy, saver.save(sess, f"{folder}/best", write_meta_graph=False)
        saver.restore(sess, path)
        sess.run(test_on)
        print(f"held-out accuracy: {100 * float(sess.run(right)):.1f}% of {HELD_OUT} verses, the best of {options.epochs} epochs")
        shares = tf.nn.softmax(logits)
        for text in EXAMPLES:
            chances = sess.run(shares, {numbers: [words(text.encode())]})[0]
            print(f"{BOOKS[int(np.argmax(chances))]:>6} ({100 * chances.max():.0f}%): {text}")
    if writer is not None:
        writer.close()


if __name__ == "__main__":
    sys.exit(main())
