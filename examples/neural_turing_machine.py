"""A neural Turing machine (Graves, Wayne and Danihelka 2014) that learns to copy sequences: a network with a memory that it reads and writes.

Where a head looks is decided by content, what is most like a key, or by location, the place before, shifted; both are learned. Trained on short
sequences, it is then given longer ones. The network is a cell of the user's own in `tf.nn.dynamic_rnn`.
"""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import digits
import numpy as np
import pictures

import graphc as tf

BITS, PLACES, WIDTH = 4, 24, 8


class State(NamedTuple):
    hidden: Any         # [batch, units], of the controller
    memory: Any         # [batch, places, width]
    read: Any           # [batch, width], what was read last
    looking: Any        # [batch, places], where
    writing: Any        # [batch, places], where it was written last


class Machine(tf.nn.rnn_cell.RNNCell):
    def __init__(self, units: int):
        super().__init__()
        self.controller = tf.nn.rnn_cell.GRUCell(units)

    @property
    def state_size(self) -> State:
        return State(self.controller.state_size, tf.TensorShape([PLACES, WIDTH]), WIDTH, PLACES, PLACES)

    @property
    def output_size(self) -> tuple[int, int, int]:
        return BITS, PLACES, PLACES

    def zero_state(self, batch_size: Any, dtype: Any) -> State:
        """An even memory, and both heads at its first place."""
        zero = super().zero_state(batch_size, dtype)
        first = tf.zeros([batch_size, 1], tf.int32)[:, 0]
        at = tf.one_hot(first, PLACES, dtype=dtype)
        return zero._replace(memory=zero.memory + tf.constant(0.01, dtype), looking=at, writing=at)

    def head(self, name: str, h: Any, memory: Any, before: Any) -> Any:
        """Where a head looks: [batch, places], of sum 1."""
        parts = tf.split(tf.layers.dense(h, WIDTH + 6, name=name), [WIDTH, 1, 1, 3, 1], axis=1)
        key, strength, gate, shift, sharp = parts
        unit = tf.nn.l2_normalize(memory, 2, 1e-6)
        alike = tf.reduce_sum(unit * tf.expand_dims(tf.nn.l2_normalize(tf.tanh(key), 1, 1e-6), 1), 2)
        content = tf.nn.softmax(tf.nn.softplus(strength) * alike)
        mixed = before + tf.sigmoid(gate) * (content - before)
        left, stay, right = tf.split(tf.nn.softmax(shift), 3, axis=1)
        moved = left * tf.concat([mixed[:, 1:], mixed[:, :1]], 1) + stay * mixed + right * tf.concat([mixed[:, -1:], mixed[:, :-1]], 1)
        raised = (moved + 1e-8) ** (1.0 + tf.nn.softplus(sharp))
        return raised / tf.reduce_sum(raised, 1, keepdims=True)

    def call(self, inputs: Any, state: State) -> tuple[Any, State]:
        h, _ = self.controller(tf.concat([inputs, state.read], 1), state.hidden)
        writing = self.head("write", h, state.memory, state.writing)
        at = tf.expand_dims(writing, 2)
        erase, add = tf.split(tf.layers.dense(h, 2 * WIDTH, name="change"), 2, axis=1)
        memory = state.memory * (1.0 - at * tf.expand_dims(tf.sigmoid(erase), 1)) + at * tf.expand_dims(tf.tanh(add), 1)
        looking = self.head("read", h, memory, state.looking)
        read = tf.reduce_sum(tf.expand_dims(looking, 2) * memory, 1)
        logits = tf.layers.dense(tf.concat([h, read], 1), BITS, name="out")
        return (logits, writing, looking), State(h, memory, read, looking, writing)


def task(length: int, rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Inputs [rows, 2 length + 1, bits + 1], whose last channel says that the copy is to begin, and the bits [rows, length, bits]."""
    bits = rng.integers(0, 2, (rows, length, BITS)).astype(np.float32)
    inputs = np.zeros((rows, 2 * length + 1, BITS + 1), np.float32)
    inputs[:, :length, :BITS], inputs[:, length, BITS] = bits, 1
    return inputs, bits


def network(inputs: Any, bits: Any, units: int) -> tuple[Any, Any, Any]:
    """The loss in bits for each bit, the part of the bits that is right, and where the heads look."""
    (logits, writing, looking), _ = tf.nn.dynamic_rnn(Machine(units), inputs, dtype=inputs.dtype)
    copied = logits[:, tf.shape(inputs)[1] - tf.shape(bits)[1]:]
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=bits, logits=copied)) / np.log(2)
    right = tf.reduce_mean(tf.cast(tf.equal(copied > 0, bits > 0.5), inputs.dtype))
    return loss, right, (writing, looking)


def draw(inputs: np.ndarray, looks: tuple[np.ndarray, np.ndarray], path: Path) -> None:
    """What is read in, and below it where the machine writes and reads, from left to right."""
    figure, axes = pictures.pyplot().subplots(3, 1, figsize=(7, 6), height_ratios=[1, 3, 3])
    for ax, name, image in zip(axes, ("input", "writes at", "reads at"), (inputs, *looks), strict=True):
        ax.imshow(image.T, cmap="gray_r", aspect="auto", vmin=0, vmax=1)
        ax.set(ylabel=name, xticks=[], yticks=[])
    axes[-1].set_xlabel("step")
    figure.savefig(path, dpi=150, bbox_inches="tight")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--steps", type=int, default=1000, help="batches of 16 sequences (default %(default)s)")
    parser.add_argument("--units", type=int, default=32, help="of the controller (default %(default)s)")
    parser.add_argument("--longest", type=int, default=6, help="sequence in training (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and sequences (default %(default)s)")
    pictures.add_arguments(parser, "turing.png", "where the machine writes and reads")
    args = parser.parse_args()
    for name, least, most in (("steps", 1, None), ("units", 1, None), ("longest", 1, PLACES // 2), ("seed", 0, None)):
        value = getattr(args, name)
        if value < least or most is not None and value > most:
            parser.error(f"--{name} must be {f'between {least} and {most}' if most else f'at least {least}'}, not {value}")
    pictures.check_arguments(parser, args)
    return args


def main() -> None:
    args = arguments()
    tf.set_random_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    inputs, bits = tf.placeholder(tf.float32, [None, None, BITS + 1]), tf.placeholder(tf.float32, [None, None, BITS])
    loss, right, looks = network(inputs, bits, args.units)
    optimizer = tf.train.AdamOptimizer(5e-3)
    gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
    train = optimizer.apply_gradients(zip(tf.clip_by_global_norm(gradients, 1.0)[0], variables, strict=True))
    with tf.Session() as session:
        for i in range(1, args.steps + 1):
            x, y = task(int(rng.integers(1, args.longest + 1)), 16, rng)
            value, _ = session.run([loss, train], {inputs: x, bits: y})
            digits.progress(i, args.steps, f"batch {i}: {value:.4f} bits lost a bit")
        for length in (args.longest, 2 * args.longest, 3 * args.longest):
            x, y = task(length, 200, rng)
            lost, part, seen = session.run([loss, right, looks], {inputs: x, bits: y})
            print(f"sequences of {length}: {part:.1%} of the bits are right, {lost:.4f} bits lost a bit")
            if length == 2 * args.longest and not args.no_plot:
                draw(x[0], (seen[0][0], seen[1][0]), args.out)
    if not args.no_plot:
        print(f"heads: {args.out}")


if __name__ == "__main__":
    main()
