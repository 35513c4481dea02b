"""What users say of convolutions and pools, for one axis or several: where channels stand, how windows move, how large a result is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphcError, ShapeError
from ..ir.known import as_int, static_value
from ..ir.node import Node, describe, describe_call, here
from ..ir.operator import Operator, Values, declare, to_node
from ..ir.types import TensorType
from .array_gather import gather
from .array_move import Types, transpose
from .windows import Pairs, paddings, sides

FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}      # by the axes that windows move over: channels last, channels first


def operands(what: str, **given: Any) -> list[Node]:
    """The operands as tensors; numbers and arrays take the dtype of the first tensor, if there is one. DTypeError: one is missing, or is none."""
    like = next((x for x in given.values() if isinstance(x, Node)), None)
    found = []
    for name, x in given.items():
        if x is None:
            raise DTypeError(f"{what} needs {name}{here()}")
        found.append(to_node(x, _weak(x, like), graph=None if like is None else like.graph))
    return found


def _weak(x: Any, like: Node | None) -> Any:
    """The dtype that a number or an array takes beside a tensor: that of it, unless it has fractions and the tensor is of integers."""
    if like is None or isinstance(x, Node):
        return None
    kind = np.asarray(x).dtype.kind
    return like.dtype if kind in "iub" or (kind == "f" and like.type.dtype.kind == "f") else None


@contextmanager
def telling(what: str, *tensors: Node) -> Iterator[None]:
    """Errors of what stands below get the function that was called, its operands and the user's line."""
    try:
        yield
    except GraphcError as e:
        text = str(e)
        if "\n  at " in text:
            raise
        raise e.__class__(f"{describe_call(what, tensors)}: {text}{here()}") from None


def made(operator: Operator, tensors: Sequence[Node], attrs: dict[str, Any], name: str | None = None) -> Node:
    """The operator of tensors; what is wrong with them is said without its own name, for `telling` to add the function that was called."""
    types = [x.type for x in tensors]
    assert operator.prepare is not None
    kept = operator.prepare(types, **attrs)
    operator.infer(types, [static_value(x) if i in operator.by_value else None for i, x in enumerate(tensors)], **kept)
    return operator(*tensors, **kept, name=name)


def is_first(data_format: Any, count: int) -> bool:
    """Whether channels stand before the axes that windows move over; ShapeError: the format is none of those there are."""
    if data_format is None:
        return False
    last, first = FORMATS.get(count, ("N...C", "NC..."))
    known = {last: False, first: True}
    if count == 1:
        known |= {"NHWC": False, "NCHW": True}
    if data_format not in known:
        raise ShapeError(f"data_format {data_format!r:.40} is none of {' and '.join(map(repr, (last, first)))}")
    return known[data_format]


def _of_rank(types: Types, values: Values, rank: int) -> TensorType:
    (x,) = types
    if x.rank not in (None, rank):
        raise ShapeError(f"it must have rank {rank}, not {x.rank}")
    return x if x.shape is not None else TensorType(x.dtype, (None,) * rank)


@declare("alias", _of_rank, prepare=lambda types, rank: {"rank": as_int(rank, "rank")}, grad=lambda g, y, x, rank: (g,),
         samples=(([(2, 3)], {"rank": 2}), ([()], {"rank": 0})))
def of_rank(x: Any, *, rank: Any) -> Any:
    """The tensor itself, which must have that rank."""
    if np.ndim(x) != rank:
        raise ValueError(f"it has rank {np.ndim(x)}, not {rank}")
    return x


def ranked(x: Node, rank: int, what: str) -> Node:
    """A tensor that has that rank: ShapeError if it has another one, which a run finds where nothing tells before."""
    if x.type.rank is None:
        return of_rank(x, rank=rank)
    if x.type.rank != rank:
        raise ShapeError(f"{what} must have rank {rank}, not {x.type.rank}: {describe(x)}")
    return x


def channels_last(x: Node, first: bool, count: int) -> Node:
    """A tensor with its channels behind the axes that windows move over: a view."""
    if not first:
        return x
    if x.type.rank is None:
        raise ShapeError(f"the rank of {describe(x)} must be known to move its channels")
    return transpose(x, (0, *range(2, count + 2), 1))


def as_given(y: Node, first: bool, count: int, name: str | None) -> Node:
    """A result whose channels are last, as the format has it."""
    return transpose(y, (0, count + 1, *range(1, count + 1)), name=name) if first else y


def sizes_last(whole: Node, first: bool, count: int) -> Node:
    """A vector of sizes with that of the channels last."""
    if not first:
        return whole
    order = np.array([0, *range(2, count + 2), 1], np.int32)
    return to_node(whole.attrs["value"][order]) if whole.operator.name == "constant" else gather(whole, order)


def each_axis(given: Any, count: int, first: bool, what: str) -> tuple[int, ...]:
    """A number for each axis that windows move over, of one for all, one for each, or one for each axis of the tensor (1 for others)."""
    if given is None:
        return (1,) * count
    many = list(given) if isinstance(given, (list, tuple, np.ndarray)) else [given]
    if len(many) not in (1, count, count + 2):
        raise ShapeError(f"{what} must be 1, {count} or {count + 2} numbers, not {given!r:.60}")
    all_of_them = sides(many, what)
    if len(many) == count + 2:
        others = (all_of_them[0], all_of_them[1 if first else -1])
        if others != (1, 1):
            raise ShapeError(f"{what} over examples and channels must be 1, not {others[0]} and {others[1]} in {given!r:.60}")
        return all_of_them[2:] if first else all_of_them[1:-1]
    return all_of_them if len(many) == count else all_of_them * count


def padding_of(given: Any, count: int, first: bool) -> str | Pairs:
    """"SAME", "VALID", or pairs for the axes that windows move over, of pairs for these or for all axes of the tensor."""
    if given is None:
        raise ShapeError("padding is missing: \"SAME\", \"VALID\" or pairs of numbers")
    if isinstance(given, str) or not isinstance(given, (list, tuple, np.ndarray)) or len(given) != count + 2:
        return paddings(given, count)
    pairs = paddings(given, count + 2)
    if isinstance(pairs, str):
        return pairs
    if pairs[0] != (0, 0) or pairs[1 if first else -1] != (0, 0):
        raise ShapeError(f"examples and channels cannot be padded: {given!r:.80}")
    return pairs[2:] if first else pairs[1:-1]


def moved(count: int, first: bool, strides: Any, padding: Any, dilations: Any) -> dict[str, Any]:
    """How windows move, as the operators take it."""
    return {"strides": each_axis(strides, count, first, "strides"), "padding": padding_of(padding, count, first),
            "dilations": each_axis(dilations, count, first, "dilations")}
