"""Arguments that decide on a result's form (an axis, an order, a count), given by a tensor whose value a run alone knows."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import partial, wraps
from itertools import chain, combinations
from types import NoneType
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from ..errors import DTypeError, GraphcError, GraphError, InternalError, ShapeError
from ..ir.composite import Composite
from ..ir.graph import Scratch
from ..ir.home import home
from ..ir.known import left_open
from ..ir.node import OPERATORS, Node, describe, describe_call, here, loc_str
from ..ir.operator import Operator, Values, bound_node, constant_node, declare, to_node
from ..ir.reference import interpret
from ..ir.sizes import has_sizes, unknown
from ..ir.types import DType, TensorType, differentiable
from .later import derivative, fault, unplaced

Call = TypeVar("Call", bound=Callable[..., Any])
Types = Sequence[TensorType]


class Reader(NamedTuple):
    """A function of tensors, `call`; `words`: which of its arguments a tensor may give, and what they are (`TRIALS`); the name of its nodes.

    `options`: its other arguments, that are no tensors.
    """

    call: Callable[..., Any]
    words: dict[str, str]
    options: frozenset[str]
    label: str


READERS: dict[str, Reader] = {}


def reader(of: str) -> Reader:
    """The function of that name, or operator; GraphError: it takes no such arguments."""
    found, operator = READERS.get(of), OPERATORS.get(of)
    if found is None and isinstance(operator, Operator) and operator.from_tensors:
        call = (lambda *xs, **attrs: operator([*xs], **attrs)) if operator.variadic else operator
        found = READERS[of] = Reader(call, operator.from_tensors, frozenset(operator.attrs), operator.label)
    if found is None:
        raise GraphError(f"there is no function {of!r:.60} of arguments that a tensor gives")
    return found


def is_given(function: Callable[..., Any], word: str) -> bool:
    """Whether a tensor may give an argument of a function, or of an operator, though only a run knows its value."""
    try:
        return word in reader(getattr(function, "__name__", "")).words
    except GraphError:
        return False


def from_tensors(*operands: str, label: str, **words: str) -> Callable[[Call], Call]:
    """Let tensors give some arguments of the decorated function, `words`, though only a run knows their values; `operands` are its tensors."""
    def decorate(function: Call) -> Call:
        parameters = inspect.signature(function).parameters
        if {*operands, *words} - {*parameters} or function.__name__ in READERS:
            raise InternalError(f"{function.__name__} does not take {operands} and {words}, or there are two of it")
        options = frozenset({*parameters} - {*operands, "name"})
        call = partial(_in_words, function, operands)
        READERS[function.__name__] = Reader(call, words, options, label)
        order = [*parameters]

        @wraps(function)
        def read(*args: Any, **kwargs: Any) -> Any:
            if any(map(left_open, args)) or any(map(left_open, kwargs.values())):
                given = {**dict(zip(order, args, strict=False)), **kwargs}
                word = next((w for w in words if left_open(given.get(w))), None)
                if word is not None and all(p in given and not isinstance(given[p], Composite) for p in operands):
                    value, name = to_node(given.pop(word)), given.pop("name", None)
                    return made(function.__name__, word, value, [to_node(given.pop(p)) for p in operands], given, name)
            return function(*args, **kwargs)
        return cast(Call, read)
    return decorate


def _in_words(function: Callable[..., Any], operands: Sequence[str], *inputs: Node, **options: Any) -> Any:
    return function(**dict(zip(operands, inputs, strict=True)), **options)


def of_operator(operator: Operator, word: str, inputs: Sequence[Node], attrs: dict[str, Any], name: str | None) -> Any:
    """What an operator gives whose attribute `word` is a tensor that only a run knows."""
    rest = {k: v for k, v in attrs.items() if k != word}
    return made(operator.name, word, to_node(attrs[word]), inputs, rest, name)


OPERATORS["of operator"] = cast(Operator, of_operator)


def made(of: str, word: str, value: Node, inputs: Sequence[Node], options: dict[str, Any], name: str | None) -> Any:
    """A node for each result of a function, in the form in which the function gives them; other arguments may be tensors, too."""
    if value.type.dtype.kind not in "iu":
        raise DTypeError(f"{of}: {word} is of integers, not {describe(value)}{here()}")
    tensors = tuple(k for k, v in options.items() if isinstance(v, Node))
    plain = tuple((k, _plain(v)) for k, v in options.items() if k not in tensors)
    graph = home(inputs[0])
    attrs: dict[str, Any] = {"of": of, "word": word, "tensors": tensors, "options": plain, "by": (), "part": None}
    given, label = (value, *inputs, *(to_node(options[k]) for k in tensors)), name or reader(of).label
    try:
        found = _trials([x.type for x in given], **attrs)[0]
    except GraphcError as e:
        raise e.__class__(f"{describe_call(of, inputs)}: {e}{here()}") from None
    if isinstance(found, Node):
        return _from_tensor.build(graph, given, attrs, label)
    parts = [_from_tensor.build(graph, given, {**attrs, "part": i}, label) for i in range(len(found))]
    return type(found)(*parts) if hasattr(found, "_make") else type(found)(parts)


def _plain(value: Any) -> Any:
    if isinstance(value, DType):
        return value.dtype
    if isinstance(value, (list, tuple)):
        return tuple(map(_plain, value))
    return value.item() if isinstance(value, np.generic) else value


# ---------------------------------------------------------------------- what is known of the result before the value is

def _axis(rank: int | None, value: TensorType) -> Iterable[Any]:
    return range(rank or 1)


def _new_axis(rank: int | None, value: TensorType) -> Iterable[Any]:
    return range((rank or 0) + 1)


_MANY = 6                           # axes up to which all choices of some are tried


def _axes(rank: int | None, value: TensorType) -> Iterable[Any]:
    """All choices of axes that the value may be; of many those of neighbours, of which no size is taken."""
    if value.shape == ():
        return _axis(rank, value)
    most = rank or 0
    counts = range(most + 1) if value.shape is None or value.shape[0] is None else [value.shape[0]]
    if most <= _MANY:
        return chain.from_iterable(combinations(range(most), n) for n in counts)
    return [[(i + k) % most for k in range(n)] for n in counts for i in range(most)]


def _order(rank: int | None, value: TensorType) -> Iterable[Any]:
    """Turns of the axes, of which each comes to each place once."""
    given = value.shape[0] if value.shape else None
    n = given if rank is None else rank
    if n is None:
        return [[0], [0, 1]]
    return [[(i + k) % n for k in range(n)] for i in range(max(n, 1))] if given in (None, n) else []


def _count(rank: int | None, value: TensorType) -> Iterable[Any]:
    return (0, 1, 2)


def _ones(rank: int | None, value: TensorType) -> Iterable[Any]:
    return [np.ones([1 if d is None else d for d in value.shape or (1,)], np.int64)]


def _nothing(rank: int | None, value: TensorType) -> Iterable[Any]:
    return [np.zeros((2, 0), np.int64)]


class Trial(NamedTuple):
    """`values` of an argument, of the first operand's rank and the argument's type: what all results of them have in common, every result has.

    `sized`: of operands as they are; else the first one is of its rank alone. `ranked`: of their rank; else nothing is known but the dtype.
    """

    values: Callable[[int | None, TensorType], Iterable[Any]]
    sized: bool = True
    ranked: bool = True


TRIALS = {
    "axis": Trial(_axis), "new axis": Trial(_new_axis), "axes": Trial(_axes), "order": Trial(_order), "count": Trial(_count),
    "turns": Trial(lambda rank, value: range(4)), "block": Trial(_ones, sized=False), "steps": Trial(_ones, sized=False),
    "pairs of axes": Trial(_nothing, ranked=False),
}


def _trials(types: Types, of: str, word: str, **attrs: Any) -> list[Any]:
    """What the function gives for each trial that fits, in a graph of its own; its error, if none fits."""
    value, first, *others = types
    trial, rank = TRIALS[reader(of).words[word]], first.rank
    if rank is not None and not (trial.sized and rank <= _MANY):
        first = TensorType(first.dtype, (None,) * rank)
    found, refused = list[Any](), list[GraphcError]()
    graph = Scratch()
    with graph.as_default():
        operands = [OPERATORS["placeholder"].build(graph, (), {"type": t}) for t in (first, *others)]
        for tried in trial.values(rank, value):
            try:
                found.append(_built([constant_node(graph, np.asarray(tried, value.dtype)), *operands], of, word, **attrs))
            except GraphcError as e:
                refused.append(e)
    if not found and refused:
        raise refused[0].__class__(fault(refused[0], of))
    if not found:
        raise ShapeError(f"{word} cannot be {value}, beside {first}")
    return found


def _common(found: Sequence[TensorType]) -> TensorType:
    """What several types have in common."""
    first = found[0]
    if any(t.rank is None or t.rank != first.rank for t in found):
        return TensorType(first.dtype, None)
    return TensorType(first.dtype, tuple(d if all(t.shape[i] is d or t.shape[i] == d for t in found) else None  # type: ignore[index]
                                         for i, d in enumerate(first.shape or ())))


# ---------------------------------------------------------------------- the function, and its derivatives

def _built(operands: Sequence[Node], of: str, word: str, tensors: Sequence[str], options: Any, by: Sequence[int], part: int | None) -> Any:
    """The function's results, or one of them, or that one's derivative by one operand after the other, in the default graph."""
    value, *inputs = operands

    def call(*given: Node) -> Any:
        count = len(given) - len(tensors)
        found = reader(of).call(*given[:count], **{word: value}, **dict(zip(tensors, given[count:], strict=True)), **dict(options))
        return found if part is None else found[part]
    chosen: Callable[..., Any] = call
    for i in by:
        chosen = derivative(chosen, i)
    return chosen(*inputs)


def _lowered(node: Node, inputs: Sequence[Node], types: Any, out_type: Any, **attrs: Any) -> Any:
    try:
        return _built(inputs, **attrs)
    except GraphcError as e:
        raise e.__class__(f"{unplaced(e)}\n  at {loc_str(node.loc)}") from None


def _gradient(g: Node, y: Node, value: Node, *operands: Node, by: tuple[int, ...], **attrs: Any) -> list[Node | None]:
    return [None, *(_from_tensor.build(g.graph, (value, g, *operands), {**attrs, "by": (*by, i)}) if differentiable(x.type.dtype) else None
                    for i, x in enumerate(operands))]


_KINDS = (bool, int, float, str, np.dtype, NoneType)


def _is_plain(value: Any) -> bool:
    return all(map(_is_plain, value)) if isinstance(value, tuple) else isinstance(value, _KINDS)


def _attrs(types: Types, of: Any, word: Any, tensors: Any, options: Any, by: Any, part: Any) -> dict[str, Any]:
    """The attributes as a node keeps them; GraphError for what no call and no gradient makes."""
    if not isinstance(of, str) or not isinstance(word, str) or word not in reader(of).words:
        raise GraphError(f"a tensor gives no argument {word!r:.60} of {of!r:.60}")
    given = tuple((k, _plain(v)) for k, v in options)
    known = reader(of).options - {word}
    if any(k not in known for k in (*tensors, *(k for k, _ in given))) or not all(_is_plain(v) for _, v in given):
        raise GraphError(f"these are no options of {of}: {tensors!r:.60}, {options!r:.80}")
    count = len(types) - 1 - len(by)
    if count < 1 or any(i.__class__ is not int or not 0 <= i < count + k for k, i in enumerate(by)):
        raise GraphError(f"{of} of {count} tensors is not differentiated by {by!r:.60}")
    if not isinstance(part, (int, NoneType)) or isinstance(part, bool):
        raise GraphError(f"{of} has no result {part!r:.60}")
    return {"of": of, "word": word, "tensors": tuple(tensors), "options": given, "by": tuple(by), "part": part}


def _type(types: Types, values: Values, of: str, word: str, by: Any, **attrs: Any) -> TensorType:
    value = values[0] if values else None
    if by:
        return types[2 + by[-1]]            # that of the operand by which it is differentiated
    if value is None or unknown(value).any():
        found = [y.type for y in _trials(types, of, word, by=by, **attrs)]
        return _common(found) if TRIALS[reader(of).words[word]].ranked else TensorType(found[0].dtype, None)
    graph = Scratch()
    with graph.as_default():
        known = bound_node(graph, value, types[0].dtype) if has_sizes(value) else constant_node(graph, value.astype(types[0].dtype))
        operands = [OPERATORS["placeholder"].build(graph, (), {"type": t}) for t in types[1:]]
        try:
            made: TensorType = _built([known, *operands], of, word, by=by, **attrs).type
        except GraphcError as e:
            raise e.__class__(fault(e, of)) from None
    return made


@declare("lowered", _type, name="from_tensor", prepare=_attrs, by_value=(0,), lower=_lowered, grad=_gradient, batch="unrolled", text=True,
         complex=True, deferred="value", op_type=lambda node: reader(node.attrs["of"]).label,
         samples=(([np.array(1), (2, 3)], {"of": "reduce_sum", "word": "axis"}),
                  ([np.array([1, 0]), (2, 3)], {"of": "transpose", "word": "perm"}),
                  ([np.array(0), (2, 3), (1, 3)], {"of": "concat", "word": "axis"})))
def _from_tensor(*operands: Any, of: Any, word: Any, tensors: Any = (), options: Any = (), by: Any = (), part: Any = None) -> Any:
    """What the function `of` makes of the operands after the first, which is its argument `word`; or, with `by`, its gradients.

    The last operands are its arguments `tensors`.
    """
    graph = Scratch()
    with graph.as_default():
        try:
            found = _built([constant_node(graph, np.asarray(x)) for x in operands], of, word, tensors, options, by, part)
        except GraphcError as e:
            raise e.__class__(fault(e, of)) from None
        return interpret([found], {})[0]

