"""Attention that goes over a memory from left to right, and never back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..initializers import constant_initializer
from ..ir.node import Node, here
from ..ir.operator import to_node
from ..ops.array import concat, one_hot, ones_like, transpose, zeros, zeros_like
from ..ops.array import shape as shape_of
from ..ops.array_scan import cumprod, cumsum
from ..ops.control_loops import scan
from ..ops.math import cast, clip_by_value, exp, greater, log, sigmoid
from ..ops.random import random_normal
from ..variables import get_variable
from .attention import AttentionMechanism, BahdanauAttention, LuongAttention
from .cell import size_at

__all__ = ["BahdanauMonotonicAttention", "LuongMonotonicAttention", "monotonic_attention", "safe_cumprod"]

_MODES = ("recursive", "parallel", "hard")


def safe_cumprod(x: Any, *args: Any, **kwargs: Any) -> Node:
    """`tf.cumprod` of numbers in [0, 1] as exp(cumsum(log(x))), which no small number makes 0 for good; further arguments are those of `cumsum`.

    float[...] -> the same type. DTypeError, ShapeError: as of `tf.cumsum`.

    >>> tf.Session(jit=False).run(tf.contrib.seq2seq.safe_cumprod([0.5, 0.5, 1.0]))
    array([0.5 , 0.25, 0.25], dtype=float32)
    """
    node = to_node(x)
    return exp(cumsum(log(clip_by_value(node, np.finfo(node.type.dtype).tiny, 1.0)), *args, **kwargs))


def monotonic_attention(p_choose_i: Any, previous_attention: Any, mode: str) -> Node:
    """How likely a reader stops at each step that goes on from where it was and stops at step i with p_choose_i (Raffel et al. 2017, eq. 8).

    p_choose_i, previous_attention: float[batch, steps] -> the same type. `mode`: "recursive", step by step and exact; "parallel", by sums, which
    is faster and less exact; "hard", for probabilities that are 0 or 1. ArgumentError: another mode. DTypeError, ShapeError: the operands do not
    fit.

    >>> before = [[0.0, 1.0, 0.0, 0.0]]
    >>> tf.Session(jit=False).run(tf.contrib.seq2seq.monotonic_attention([[1.0, 0.5, 0.5, 1.0]], before, "recursive"))
    array([[0.  , 0.5 , 0.25, 0.25]], dtype=float32)
    """
    p, before = to_node(p_choose_i), to_node(previous_attention)
    if mode not in _MODES:
        raise ArgumentError(f"monotonic_attention: mode is 'recursive', 'parallel' or 'hard', not {mode!r:.40}{here()}")
    if mode == "recursive":
        passed = concat([ones_like(p[:, :1]), 1.0 - p[:, :-1]], 1)         # how likely the step before was passed over
        reached = scan(lambda q, now: now[0] * q + now[1], (transpose(passed), transpose(before)), zeros_like(p[:, 0]))
        return p * transpose(reached)
    if mode == "parallel":
        passed = safe_cumprod(1.0 - p, axis=1, exclusive=True)
        return p * passed * cumsum(before / clip_by_value(passed, 1e-10, 1.0), axis=1)
    p = p * cumsum(before, axis=1)
    return p * cumprod(1.0 - p, axis=1, exclusive=True)


class _Monotonic(AttentionMechanism):
    """What monotonic mechanisms share: a number that is added to scores, noise, and weights by those of the step before."""

    def _told(self, noise: float, seed: int | None, bias: float, mode: str) -> None:
        if mode not in _MODES:
            raise ArgumentError(f"{type(self).__name__}: mode is 'recursive', 'parallel' or 'hard', not {mode!r:.40}{here()}")
        self._noise, self._seed, self._bias, self._mode = noise, seed, bias, mode

    def shifted(self, score: Node) -> Node:
        """The scores plus the variable `attention_score_bias`."""
        return score + get_variable("attention_score_bias", [], dtype=score.dtype, initializer=constant_initializer(self._bias))

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Node:
        """The weights before the first step: all at the beginning of the memory."""
        made = one_hot(zeros([batch_size], "int32"), self.alignments_size, dtype=dtype)
        made.set_shape([None, size_at(self.values, 1)])
        return made

    def __call__(self, query: Any, state: Any = None, previous_alignments: Any = None) -> tuple[Node, Node]:
        self._probabilities = lambda score: self._from(score, to_node(state if state is not None else previous_alignments))
        return super().__call__(query, state, previous_alignments)

    def _from(self, score: Node, before: Node) -> Node:
        if self._noise > 0:
            score = score + self._noise * random_normal(shape_of(score), dtype=score.dtype, seed=self._seed)
        p = cast(greater(score, 0.0), score.dtype) if self._mode == "hard" else sigmoid(score)
        return monotonic_attention(p, before, self._mode)


class BahdanauMonotonicAttention(_Monotonic, BahdanauAttention):
    """`BahdanauAttention` that never looks back (Raffel et al. 2017): weights by `monotonic_attention` of sigmoid(scores + a number).

    `sigmoid_noise`: of normal noise on scores, which makes decisions sharp; `mode`: as of `monotonic_attention`. Variables `memory_layer/kernel`,
    and in the scope `bahdanau_monotonic_attention` `query_layer/kernel`, `attention_v`, with `normalize` `attention_g` and `attention_b`, and
    `attention_score_bias`, which begins with `score_bias_init`. GraphError: no number of units. ArgumentError: another mode. ShapeError: no
    memory.

    >>> attention = tf.contrib.seq2seq.BahdanauMonotonicAttention(3, tf.zeros([2, 4, 5]))
    >>> weights, _ = attention(tf.zeros([2, 6]), attention.initial_state(2, tf.float32))
    >>> tf.Session(jit=False).run(weights)[0]                                       # at each step half of what is left stops
    array([0.5   , 0.25  , 0.125 , 0.0625], dtype=float32)
    """

    scope = "bahdanau_monotonic_attention"

    def __init__(self, num_units: int, memory: Any, memory_sequence_length: Any = None, normalize: bool = False,
                 score_mask_value: float | None = None, sigmoid_noise: float = 0.0, sigmoid_noise_seed: int | None = None,
                 score_bias_init: float = 0.0, mode: str = "parallel", dtype: Any = None, name: str = "BahdanauMonotonicAttention"):
        self._told(sigmoid_noise, sigmoid_noise_seed, score_bias_init, mode)
        super().__init__(num_units, memory, memory_sequence_length, normalize, None, score_mask_value, dtype, name)


class LuongMonotonicAttention(_Monotonic, LuongAttention):
    """`LuongAttention` that never looks back (Raffel et al. 2017): weights by `monotonic_attention` of sigmoid(scores + a number).

    `sigmoid_noise`: of normal noise on scores, which makes decisions sharp; `mode`: as of `monotonic_attention`. Variables `memory_layer/kernel`,
    and in the scope `luong_monotonic_attention` with `scale` `attention_g`, and `attention_score_bias`, which begins with `score_bias_init`.
    GraphError: no number of units. ArgumentError: another mode. ShapeError: no memory, or another width.

    >>> attention = tf.contrib.seq2seq.LuongMonotonicAttention(3, tf.zeros([2, 4, 5]), mode="hard", score_bias_init=1.0)
    >>> weights, _ = attention(tf.ones([2, 3]), [[0.0, 1.0, 0.0, 0.0]] * 2)
    >>> tf.Session(jit=False).run(weights)[0]
    array([0., 1., 0., 0.], dtype=float32)
    """

    scope = "luong_monotonic_attention"

    def __init__(self, num_units: int, memory: Any, memory_sequence_length: Any = None, scale: bool = False,
                 score_mask_value: float | None = None, sigmoid_noise: float = 0.0, sigmoid_noise_seed: int | None = None,
                 score_bias_init: float = 0.0, mode: str = "parallel", dtype: Any = None, name: str = "LuongMonotonicAttention"):
        self._told(sigmoid_noise, sigmoid_noise_seed, score_bias_init, mode)
        super().__init__(num_units, memory, memory_sequence_length, scale, None, score_mask_value, dtype, name)
