"""Trains a network of gated recurrent units to write Shakespeare's lines, letter by letter, and lets it write some of its own."""

import argparse
import math
from pathlib import Path
from typing import Any

import digits
import numpy as np

import graphc as tf

TEXT = Path(__file__).parent / "data" / "sonnets.txt"
START, END = 0, 1                       # before the first letter of a line, and behind the last


class Lines:
    """The lines of a text as rows of numbers, as wide as the longest, with their lengths: each begins with START and ends with END."""

    def __init__(self, path: Path):
        lines = [line for line in path.read_text().splitlines() if line]
        self.letters = sorted({letter for line in lines for letter in line})
        number = {letter: i + 2 for i, letter in enumerate(self.letters)}
        self.lengths = np.array([len(line) + 1 for line in lines], np.int32)
        self.inputs = np.full((len(lines), self.lengths.max()), START, np.int32)
        self.targets = np.full_like(self.inputs, END)
        for row, line in enumerate(lines):
            numbers = [number[letter] for letter in line]
            self.inputs[row, 1:len(line) + 1] = numbers
            self.targets[row, :len(line)] = numbers

    @property
    def symbols(self) -> int:
        return len(self.letters) + 2

    def text(self, numbers: np.ndarray) -> str:
        stop = np.flatnonzero(numbers == END)
        return "".join(self.letters[n - 2] for n in numbers[:stop[0] if len(stop) else None] if n > END)


class Model:
    """Letters int32[batch, steps] -> scores of the next ones, with one cell and one table for training and for writing."""

    def __init__(self, symbols: int, units: int, dtype: Any = tf.float32):
        with tf.variable_scope("model", dtype=dtype, reuse=tf.AUTO_REUSE):
            self.table = tf.get_variable("letters", [symbols, 32])
        self.cell = tf.nn.rnn_cell.GRUCell(units)
        self.layer = tf.layers.Dense(symbols, name="scores")
        self.dtype = dtype

    def loss(self, inputs: Any, targets: Any, lengths: Any) -> Any:
        """Nats for each letter."""
        hidden, _ = tf.nn.dynamic_rnn(self.cell, tf.gather(self.table, inputs), lengths, dtype=self.dtype)
        weights = tf.cast(tf.sequence_mask(lengths, tf.shape(inputs)[1]), self.dtype)
        return tf.contrib.seq2seq.sequence_loss(self.layer(hidden), targets, weights)

    def written(self, lines: int, temperature: float, longest: int, seed: int) -> Any:
        """int32[lines, steps]: letters drawn one after the other, each by what was drawn before."""
        helper = tf.contrib.seq2seq.SampleEmbeddingHelper(self.table, [START] * lines, END, temperature, seed)
        decoder = tf.contrib.seq2seq.BasicDecoder(self.cell, helper, self.cell.zero_state(lines, self.dtype), self.layer)
        outputs, _, _ = tf.contrib.seq2seq.dynamic_decode(decoder, maximum_iterations=longest)
        return outputs.sample_id


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--text", type=Path, default=TEXT, help="lines to learn from (default: six sonnets)")
    parser.add_argument("--epochs", type=int, default=60, help="passes over the lines (default %(default)s)")
    parser.add_argument("--units", type=int, default=128, help="size of the state (default %(default)s)")
    parser.add_argument("--temperature", type=float, default=0.5, help="of what is written: lower is more likely (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, order and letters (default %(default)s)")
    args = parser.parse_args()
    for name, least in (("epochs", 1), ("units", 1), ("seed", 0)):
        if getattr(args, name) < least:
            parser.error(f"--{name} must be at least {least}, not {getattr(args, name)}")
    if not args.temperature > 0:
        parser.error(f"--temperature must be above 0, not {args.temperature}")
    if not args.text.is_file():
        parser.error(f"there is no file {args.text}")
    if not any(args.text.read_text(errors="replace").split()):
        parser.error(f"there are no letters in {args.text}")
    return args


def main() -> None:
    args = arguments()
    lines = Lines(args.text)
    tf.set_random_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    model = Model(lines.symbols, args.units)
    inputs, targets = tf.placeholder(tf.int32, [None, None]), tf.placeholder(tf.int32, [None, None])
    lengths = tf.placeholder(tf.int32, [None])
    loss = model.loss(inputs, targets, lengths)
    optimizer = tf.train.AdamOptimizer(5e-3)
    gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
    train = optimizer.apply_gradients(zip(tf.clip_by_global_norm(gradients, 1.0)[0], variables, strict=True))
    written = model.written(8, args.temperature, 2 * int(lines.lengths.max()), args.seed)
    with tf.Session() as session:
        for epoch in range(1, args.epochs + 1):
            # Lines of about one length together: nothing is computed for what is behind the longest of them.
            order = np.lexsort((rng.random(len(lines.lengths)), lines.lengths // 4))
            batches = np.array_split(order, math.ceil(len(order) / 16))
            total, count = 0.0, 0
            for i in rng.permutation(len(batches)):
                rows = batches[i]
                n = lines.lengths[rows]
                feed = {inputs: lines.inputs[rows, :n.max()], targets: lines.targets[rows, :n.max()], lengths: n}
                total += session.run([loss, train], feed)[0] * n.sum()
                count += n.sum()
            digits.progress(epoch, args.epochs, f"epoch {epoch:3d}: {total / count:.3f} nats a letter")
        print(f"{total / count:.3f} nats a letter, {total / count / math.log(2):.3f} bits, of {len(lines.lengths)} lines")
        for row in session.run(written):
            print("|", lines.text(row))


if __name__ == "__main__":
    main()
