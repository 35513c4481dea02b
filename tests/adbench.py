"""ADBench's long short-term memory (Srajer, Kukelova and Fitzgibbon 2018): its file of numbers, and its loss as a graph of any framework."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

import graphc as tf
from tests import ROOT

DATA = ROOT / "tests" / "data" / "adbench"


class Text(NamedTuple):
    """An ADBench file: weights and biases [2 l, 4 b], the input's and output's scales [3, b], the first state [2 l, b], characters [c, b]."""

    main: np.ndarray
    extra: np.ndarray
    state: np.ndarray
    characters: np.ndarray


TENSORS = SimpleNamespace(sigmoid=tf.sigmoid, tanh=tf.tanh, exp=tf.exp, log=tf.log, sum=tf.reduce_sum, total=tf.add_n)


def text() -> Text:
    """The file of two layers and 1024 characters."""
    head, *rows = [line.split() for line in (DATA / "lstm_l2_c1024.txt").read_text().splitlines() if line.strip()]
    layers, count, width = map(int, head)
    parts = [np.array(rows[i:j], float) for i, j in ((0, 2 * layers), (2 * layers, 2 * layers + 3), (2 * layers + 3, 4 * layers + 3),
                                                     (4 * layers + 3, None))]
    assert [p.shape[1] for p in parts] == [4 * width, width, width, width] and len(parts[3]) == count
    return Text(*parts)


def gates_of(main: Any, width: int, layers: int) -> list[Any]:
    """For each layer its four gates' weights and biases, each a pair of vectors."""
    return [[(main[2 * i, k * width:(k + 1) * width], main[2 * i + 1, k * width:(k + 1) * width]) for k in range(4)] for i in range(layers)]


def advanced(m: Any, gates: Any, scales: Any, hidden: Any, cells: Any, now: Any, following: Any) -> tuple[list[Any], list[Any], Any]:
    """The states after a character, and how well they predict the one that follows; weights are diagonal matrices."""
    (scale_in, scale_out, bias_out), hidden, cells = scales, [*hidden], [*cells]
    x = now * scale_in
    for i, ((wf, bf), (wi, bi), (wo, bo), (wc, bc)) in enumerate(gates):
        forget, take, out = m.sigmoid(x * wf + bf), m.sigmoid(hidden[i] * wi + bi), m.sigmoid(x * wo + bo)
        cells[i] = cells[i] * forget + take * m.tanh(hidden[i] * wc + bc)
        hidden[i] = x = out * m.tanh(cells[i])
    y = x * scale_out + bias_out
    return hidden, cells, m.sum(following * (y - m.log(2.0 + m.sum(m.exp(y)))))


def loss(m: Any, main: Any, extra: Any, state: Any, characters: Any) -> Any:
    """The mean error of predicting each character from those before it, step by step."""
    width, layers = int(extra.shape[1]), len(state) // 2
    scales, hidden, cells = [extra[i] for i in range(3)], list(state[::2]), list(state[1::2])
    gates, terms = gates_of(main, width, layers), []
    for now, following in zip(characters[:-1], characters[1:], strict=True):
        hidden, cells, term = advanced(m, gates, scales, hidden, cells, now, following)
        terms.append(term)
    return -m.total(terms) / (len(terms) * width)


def loss_by_loop(main: Any, extra: Any, state: Any, characters: Any) -> Any:
    """The same as one loop over the rows of `characters`, [c, b]."""
    width, layers = int(extra.shape[1]), int(state.shape[0]) // 2
    scales, gates = [extra[i] for i in range(3)], gates_of(main, width, layers)
    first = [state[i] for i in range(0, 2 * layers, 2)], [state[i] for i in range(1, 2 * layers, 2)], tf.constant(0.0, tf.float64)

    def step(before: Any, row: Any) -> Any:
        hidden, cells, total = before
        hidden, cells, term = advanced(TENSORS, gates, scales, hidden, cells, *row)
        return hidden, cells, total + term
    total = tf.foldl(step, (characters[:-1], characters[1:]), first)[2]
    return -total / (tf.cast(tf.shape(characters)[0] - 1, tf.float64) * width)
