"""Connectionist temporal classification: how likely labels are, whatever steps they are spread over.

Graves, Fernandez, Gomez and Schmidhuber 2006. A path gives each step a class, one of which, the last, is a blank; it stands for the labels that
are left when repeated classes become one and blanks go. All logarithms: products of hundreds of probabilities are none in floating point.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import Array, TensorType, compatible, shape_str
from .array_fill import fill
from .array_gather import gather
from .array_index import iota
from .array_join import concat
from .array_move import Types, expand_dims, integers, reshape, shape, stop_gradient, transpose, vector_shape
from .control_loops import repeated
from .math import equal, exp, greater, less, log, logical_or, maximum, where
from .nn_losses import log_softmax
from .reduce import reduce_logsumexp, reduce_sum
from .sparse_tensor import sparse

__all__ = ["ctc_loss"]

_NONE = -1e30           # the logarithm of no probability: with -inf the derivatives of sums of nothing would be nan
_INT32, _BOOL = np.dtype(np.int32), np.dtype(bool)


def operands(what: str, inputs: Any, sequence_length: Any) -> tuple[Node, Node]:
    """Inputs float[steps, batch, classes] and lengths int[batch] as tensors. DTypeError, ShapeError: they are not."""
    x, lengths = to_node(inputs), to_node(sequence_length)
    if x.type.dtype.kind != "f":
        raise DTypeError(f"{what}: the inputs {describe(x)} are not of a floating dtype{here()}")
    if lengths.type.dtype.kind not in "iu":
        raise DTypeError(f"{what}: sequence_length, {describe(lengths)}, is no integers{here()}")
    if not compatible(x.type.shape, (None, None, None)):
        raise ShapeError(f"{what}: the inputs {describe(x)} are not [steps, batch, classes]{here()}")
    if not compatible(lengths.type.shape, (None if x.type.shape is None else x.type.shape[1],)):
        raise ShapeError(f"{what}: there is one length for each row of the inputs {describe(x)}; {describe(lengths)} is not that{here()}")
    return x, lengths


def check_lengths(lengths: Array, steps: int) -> None:
    """InvalidArgumentError: a length that is no number of steps."""
    bad = (lengths < 0) | (lengths > steps)
    if bad.any():
        raise InvalidArgumentError(f"length {lengths[bad][0]} is not in [0, {steps}]")


# ---------------------------------------------------------------------- what may follow what

def _ways_type(types: Types, values: Values, **options: bool) -> tuple[TensorType, ...]:
    places, labels, lengths, sizes = types
    for t, what in ((places, "indices"), (labels, "labels"), (lengths, "sequence_length")):
        integers(t, what)
    if not compatible(places.shape, (labels.shape[0] if labels.shape else None, 2)):
        raise ShapeError(f"the labels are a sparse tensor [batch, places], its indices not of shape {shape_str(places.shape)}")
    dims = vector_shape(sizes, values[3], "sizes")
    rows = None if dims is None else dims[1]
    wide = TensorType(_BOOL, (rows, None))
    return TensorType(_INT32, (rows, None)), TensorType(_INT32, (rows,)), TensorType(_INT32, (rows,)), wide, wide


_PLACES, _LABELS, _LENGTHS = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [1, 2]]), np.array([1, 0, 2, 2, 1]), np.array([3, 5])
_GIVEN = [_PLACES, _LABELS, _LENGTHS, np.array([5, 2, 4], np.int32)]


@declare("host", _ways_type, results=("classes", "count", "steps", "stay", "jump"), by_value=(3,), weak=False,
         kinds={"collapse": (bool,), "merge": (bool,), "ignore": (bool,)},
         samples=((_GIVEN, {}), (_GIVEN, {"collapse": True, "merge": False}), ([*_GIVEN[:2], _LENGTHS - 2, _GIVEN[3]], {"ignore": True})))
def ctc_ways(places: Any, labels: Any, lengths: Any, sizes: Any, *, collapse: bool = False, merge: bool = True, ignore: bool = False) -> Any:
    """The labels of each row with blanks around them, and how a path goes through them.

    `classes` [batch, places], of which `count` are a row's; its `steps`, -1 for a row that is left out; where a path may `stay` at a place, and
    where it may `jump` to it from two places before.
    """
    steps, rows, classes = (int(n) for n in sizes)
    check_lengths(lengths, steps)
    if classes < 1:
        raise InvalidArgumentError("there are no classes, of which the last is the blank")
    if ((places[:, 0] < 0) | (places[:, 0] >= rows)).any():
        raise InvalidArgumentError(f"there are labels for row {places[:, 0].max()} of a batch of {rows}")
    bad = (labels < 0) | (labels >= classes - 1)
    if bad.any():
        raise InvalidArgumentError(f"label {labels[bad][0]} is not in [0, {classes - 1}): the last class is the blank")
    own = [labels[places[:, 0] == b] for b in range(rows)]
    if collapse:
        own = [x[np.append(True, x[1:] != x[:-1])] if len(x) else x for x in own]
    count = np.array([2 * len(x) + 1 for x in own], np.int32).reshape(rows)
    long = count // 2 > lengths
    if long.any() and not ignore:
        b = int(np.argmax(long))
        raise InvalidArgumentError(f"row {b} has {len(own[b])} labels and {lengths[b]} steps: they do not fit "
                                   "(ignore_longer_outputs_than_inputs=True leaves such rows out)")
    spread = np.full((rows, max(int(count.max(initial=1)), 3)), classes - 1, np.int32)
    for b, x in enumerate(own):
        spread[b, 1:2 * len(x):2] = x
    before = np.pad(spread, ((0, 0), (2, 0)), constant_values=classes - 1)[:, :-2]
    blank = spread == classes - 1
    jump = ~blank & ((spread != before) | (not merge)) & (np.arange(spread.shape[1]) >= 2)
    return spread, count, np.where(long, -1, lengths).astype(np.int32), blank | merge, jump


# ---------------------------------------------------------------------- the loss

def _later(x: Node, by: int) -> Node:
    """Each element `by` places later in its row, no probability moving in."""
    none = fill([shape(x)[0], by], np.asarray(_NONE, x.type.dtype))
    return concat([none, x[:, :-by]], 1)


def _whole(*terms: Node) -> Node:
    """log(sum(exp(terms))), shifted by the greatest, whose derivative cancels."""
    top = terms[0]
    for x in terms[1:]:
        top = maximum(top, x)
    top = stop_gradient(top)
    total = exp(terms[0] - top)
    for x in terms[1:]:
        total = total + exp(x - top)
    return log(total) + top


def _loss(x: Node, ways: Any) -> Node:
    """-log(probability) of each row's labels: a loop over the steps carries that of all ways to each place."""
    sizes, none = shape(x), np.asarray(_NONE, x.type.dtype)
    flat = ways.classes + expand_dims(iota(sizes[1:2]), 1) * sizes[2]
    scores = gather(reshape(log_softmax(x), [sizes[0], sizes[1] * sizes[2]]), flat, axis=1)
    place, count = expand_dims(iota(shape(flat)[1:]), 0), expand_dims(ways.count, 1)
    scores = where(less(place, count), scores, none)
    going = less(expand_dims(iota(sizes[:1]), 1), expand_dims(ways.steps, 0))
    first = where(equal(place + 0 * flat, 0), np.zeros((), x.type.dtype), none)

    def step(before: Node, row: Any) -> tuple[Node, list[Any]]:
        score, on = row
        reached = _whole(where(ways.stay, before, none), _later(before, 1), where(ways.jump, _later(before, 2), none))
        return where(expand_dims(on, 1), reached + score, before), []
    last, _ = repeated("ctc_loss", step, first, (scores, going), "steps")
    ends = logical_or(equal(place, count - 1), equal(place, count - 2))
    total = reduce_logsumexp(where(ends, last, none), axis=1)
    # Labels that no path gives: an infinite loss, whose gradient is that of what the classes' probabilities are divided by, as in TensorFlow.
    scale = reduce_sum(where(going, reduce_logsumexp(x, axis=2), np.zeros((), x.type.dtype)), axis=0)
    never = scale - stop_gradient(scale) + np.asarray(np.inf, x.type.dtype)
    found = where(greater(total, np.asarray(_NONE / 2, x.type.dtype)), -total, never)
    return where(less(ways.steps, 0), np.zeros((), x.type.dtype), found)


def ctc_loss(labels: Any, inputs: Any = None, sequence_length: Any = None, preprocess_collapse_repeated: bool = False,
             ctc_merge_repeated: bool = True, ignore_longer_outputs_than_inputs: bool = False, time_major: bool = True,
             logits: Any = None) -> Node:
    """-log(the probability of each row's labels) under softmax(inputs), whatever steps they are spread over (Graves et al. 2006).

    labels: a SparseTensor int[batch, places] of classes, inputs: float[steps, batch, classes] ([batch, steps, classes] if not `time_major`),
    of which the last is the blank, sequence_length: int[batch] -> float[batch], inf where no path leads to the labels. `ctc_merge_repeated`:
    repeated classes of a path are one label; `preprocess_collapse_repeated`: so are those of the labels. Every order of derivatives.
    GraphError: an argument is missing. DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: a label that is no class, a
    length beyond the steps, or more labels than steps; `ignore_longer_outputs_than_inputs`: the loss of such rows is 0.

    >>> labels = tf.SparseTensor([[0, 0]], [0], [1, 1])
    >>> tf.Session(jit=False).run(tf.nn.ctc_loss(labels, tf.zeros([2, 1, 2]), [2]))       # of four paths three: 00, 0-, -0
    array([0.28768...], dtype=float32)
    """
    given = inputs if inputs is not None else logits
    if given is None or sequence_length is None:
        raise GraphError(f"ctc_loss: {'inputs' if given is None else 'sequence_length'} is not given{here()}")
    sp, x = sparse(labels, "ctc_loss"), to_node(given)
    if not time_major and x.type.rank == 3:
        x = transpose(x, perm=[1, 0, 2])
    x, lengths = operands("ctc_loss", x, sequence_length)
    if sp.values.type.dtype.kind not in "iu":
        raise DTypeError(f"ctc_loss: the labels {sp!r} are no integers{here()}")
    x.set_shape([None, None, None])
    with name_scope("CTCLoss"):
        ways = ctc_ways(sp.indices, sp.values, lengths, shape(x), collapse=bool(preprocess_collapse_repeated), merge=bool(ctc_merge_repeated),
                        ignore=bool(ignore_longer_outputs_than_inputs))
        return _loss(x, ways)
