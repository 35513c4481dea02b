"""How an operator is declared: its numpy reference, and beside it the type rule, scalar expression, gradient and test samples."""

from __future__ import annotations

import inspect
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from typing import Any

import numpy as np

from ..errors import DeclarationError, GraphcError
from . import families
from .axes import check_countable, normal_axes, reduced_shape
from .binding import bound
from .composite import Composite
from .elements import check_kinds, element_dtypes
from .families import Combine, Family
from .graph import Graph
from .known import left_open, static_value
from .node import OPERATORS, Node, describe_call, loc_str
from .operands import as_inputs, bound_node, constant_node, items, many, to_node
from .signature import Lazy, document, signature
from .types import Array, TensorType, broadcast
from .validate import refused, validate

# What modules of operators need comes from here, with what makes nodes of operands.
__all__ = ["Infer", "Operator", "Values", "bound_node", "constant_node", "declare", "elementwise", "items", "many", "publish", "reduction",
           "to_node", "typed_like"]

Values = Sequence[Array | None]
Infer = Callable[..., Any]


@dataclass(eq=False)
class Operator:
    """One operator. Calling it converts the operands, infers the result's type and appends a node to the graph.

    Always: `name`; `reference`, the numpy function that defines it; `family`, the record of what it is to the compiler (`FAMILIES`); `infer`,
    its type rule, `(types, values, **attrs)` -> a type, a tuple of them for several results, None for no result; `params`, the operands' names;
    `attrs`, the keywords' with their defaults. `grad` makes one gradient (or None) an input of `(g, y, *inputs, **attrs)`. `samples` and
    `domain` say what tests try it on: operands (a shape is drawn, an array is taken) with attributes, and where real operands are drawn.

    Elementwise: `expr` is the scalar expression of a fused kernel in the words of the kernel language, for operands and number attributes in
    braces and the dtype `{T}`; `check`, an expression that must hold of every element, else the run fails. `fixed` are parameters that take
    one dtype only, whatever the others are. `commutative`: the same bits for two operands in either order.

    Reduction: `combine` is the record of how it goes on from element to element (`COMBINES`).
    Routine: `loop` is the loop nest that computes it, `(types, type, **attrs)` -> a `Loop`, which depends on sizes only in its numbers;
    None if for these types the reference is to run.
    Of matrices: `factor` is the reference, given what factors them in the words of `numpy.linalg`, `(linalg, *inputs, **attrs)`.

    Movement: `view` says where the result lies within its input's memory, `(shape, strides, out_shape=, **attrs)` -> shape, strides and offset
    in elements (for several results after the result's number). `lower` makes simpler nodes in its place once shapes are concrete,
    `(node, inputs, types, type, **attrs)`.

    With bodies (`ir.body`) among its attributes: `drive` is the reference, given a function that runs them, `(run_body, *inputs, **attrs)`.
    `tangent` pushes tangents forward where transposing the gradient rule would not do: `(node, tangents)` -> the tangent of the result, of
    several results a list, None for what does not move.

    Rare: `by_value` are the numbers of the inputs on whose values, not only types, the result's type depends: they reach `infer` as far as they are
    known while the graph is built. `prepare` turns attributes as the user writes them, `(types, **attrs)`, into those that are kept in the node and
    given to all other rules. `ahead` makes of a call's operands those of its node, `(inputs, attrs)` -> the inputs. `results` names several results:
    calling the operator gives a named tuple of them. `variadic`: the one operand is a list of tensors. `batch` is the rule of batching
    (`BATCH_RULES`) if it is another than its family's. `weak`: numbers and arrays among the operands take the dtype of the tensors. `complex`: takes
    complex numbers, or not, if that is another answer than its family's; a text is the expression for them, where `expr` holds of real numbers alone.
    `shape_math`: the reference is also run on sizes while the graph is built, nan standing for one that is unknown. `from_tensors`: attributes that
    may also be tensors whose values a run alone knows, and what they are. `deferred`: stands for a function whose nodes are made once a "rank" or a
    "value" is known. `text`: takes tensors of texts. `analytic`: of complex operands the reference gives the continuation of the real function, or
    raises; False: complex steps refuse it; a function: it gives the continuation. `kinds`: of attributes without a default, the types that a file may
    give them, for want of a `prepare`. `effect`: runs for more than its result, exactly once a run. `resizes`: may give a variable of open shape
    another shape than it has. `pure`: the same inputs give the same result, it may be folded and shared. `ties`: the result is the first operand, and
    any run checks that the sizes which the type rule takes from the others are its own. `once`: the numbers of operands by which there is no
    derivative, or no second one, as in TensorFlow: tests differentiate by the others. `label` is the default name of nodes, TensorFlow's where it has
    the operator, `op_type` its type of the operation, if that is another word, or a function of a node.
    """

    name: str
    reference: Callable[..., Any]
    family: Family
    infer: Infer
    params: tuple[str, ...] = ()
    attrs: dict[str, Any] = field(default_factory=dict)
    variadic: bool = False
    expr: Any = ""                                 # of the random family: a function of the attributes that gives the text
    check: str = ""
    combine: Combine | None = None
    grad: Callable[..., Any] | None = None
    fixed: dict[str, str] = field(default_factory=dict)
    by_value: tuple[int, ...] = ()
    prepare: Callable[..., dict[str, Any]] | None = None
    ahead: Callable[..., tuple[Node, ...]] | None = None
    kinds: dict[str, tuple[type, ...]] = field(default_factory=dict)
    results: tuple[str, ...] = ()
    effect: bool = False
    resizes: bool = False
    pure: bool = True
    ties: bool = False
    commutative: bool = False
    shape_math: bool = False
    from_tensors: dict[str, str] = field(default_factory=dict)
    deferred: str = ""
    view: Callable[..., Any] | None = None
    loop: Callable[..., Any] | None = None
    lower: Callable[..., Any] | None = None
    drive: Callable[..., Any] | None = None
    factor: Callable[..., Any] | None = None
    tangent: Callable[..., Any] | None = None
    batch: str = ""
    weak: bool = True
    text: bool = False
    complex: bool | str | None = None
    analytic: bool | Callable[..., Any] = True
    once: tuple[int, ...] = ()
    domain: tuple[float, float] = (-2.0, 2.0)
    samples: tuple[Any, ...] = ()
    label: str = ""
    op_type: str | Callable[[Node], str] = ""
    __signature__ = Lazy(signature)

    def __post_init__(self) -> None:
        self.label = self.label or self.name
        self.op_type = self.op_type or self.label.rpartition("/")[2]
        self.order = (*self.params, *self.attrs, "name")    # the words of a call by position
        self.__name__ = self.__qualname__ = self.name
        self.__module__ = self.reference.__module__     # of a public one: its namespace, by `publish`
        self._dtypes: dict[Any, Any] = {}
        takes_complex = self.family.complex if self.complex is None else bool(self.complex)
        self.refused = "O" * (not self.text) + "c" * (not takes_complex)        # kinds of dtypes, as NumPy calls them
        self.of_texts: Operator | None = None           # what does the same with texts, if it is another

    def __get__(self, instance: Any, owner: Any = None) -> Operator:
        """Itself: no method of classes that keep it. What has `__get__` is a routine to `help`, `inspect` and doctest."""
        return self

    def __deepcopy__(self, memo: Any) -> Operator:
        return self             # as a function of Python's, of objects that keep it

    def __repr__(self) -> str:
        return f"<operator {self.name}{signature(self)}>"

    # ------------------------------------------------------------------ building

    def __call__(self, *args: Any, name: str | None = None, **kwargs: Any) -> Any:
        if kwargs or len(args) != len(self.params):
            operands, attrs, name = bound(self, args, kwargs, name)
        else:
            operands, attrs = (many(self.name, args[0]) if self.variadic else list(args)), self.attrs
        for x in operands:
            if isinstance(x, Composite):
                return x.applied(self, operands, attrs, name)
        graph, inputs = as_inputs(self, operands)
        for word in self.from_tensors:
            if left_open(attrs[word]):
                return OPERATORS["of operator"](self, word, inputs, attrs, name)
        if self.ahead is not None:
            inputs = self.ahead(inputs, attrs)
        node = self.build(graph, inputs, attrs, name)
        return self._several(node) if node.type.__class__ is tuple else node

    def build(self, graph: Graph, inputs: tuple[Node, ...], attrs: dict[str, Any], name: str | None = None) -> Node:
        """A node from converted inputs and bound attributes; errors name the operator, its operands and the user's line."""
        if self.of_texts is not None and any(x.type.__class__ is TensorType and x.type.dtype.hasobject for x in inputs):
            return self.of_texts.build(graph, inputs, attrs, name)
        attrs, type = self.typed(graph, inputs, attrs)
        return graph.add(self, inputs, attrs, type, name)

    def typed(self, graph: Graph, inputs: tuple[Node, ...], attrs: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        """The attributes and the type of the node that `build` would make, or its errors."""
        try:
            type, attrs = self.type_of(inputs, attrs)
        except GraphcError as e:
            called = describe_call(self.called(attrs), inputs) if self.drive is None else self.label       # which takes a great many
            told = e.__class__(f"{called}: {e}\n  at {loc_str(graph.where())}")
            told.reason = str(e)
            raise told from None
        return attrs, type

    def type_name(self, node: Node) -> str:
        """The type that TensorFlow gives the operation of a node."""
        return self.op_type if isinstance(self.op_type, str) else self.op_type(node)

    def called(self, attrs: dict[str, Any]) -> str:
        """What messages call it: its name, or that of the function that its attribute `of` names."""
        return attrs["of"] if isinstance(attrs.get("of"), str) else self.name

    def type_of(self, inputs: tuple[Node, ...], attrs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The type of the result on converted inputs, and the attributes as they are kept. DTypeError, ShapeError: what does not fit."""
        types = [x.type for x in inputs]
        refused = self.refused
        for t in types if refused else ():
            if t.__class__ is TensorType and t.dtype.kind in refused:
                check_kinds(self, [t.dtype])
        if self.prepare is not None:
            attrs = self.prepare(types, **attrs)
        values = [static_value(x) if i in self.by_value else None for i, x in enumerate(inputs)] if self.by_value else ()
        type = self.infer(types, values, **attrs)
        if type.__class__ is TensorType and type.shape:
            check_countable(type)
        return type, attrs

    def expression(self, dtype: np.dtype[Any]) -> str:
        """Elementwise: the scalar expression for operands computed in a dtype."""
        return self.complex if dtype.kind == "c" and self.complex.__class__ is str else self.expr

    def _several(self, node: Node) -> Any:
        """The results of a node that has several, as the declaration says: a named tuple, or a list."""
        parts = items(node)
        if not self.results:
            return parts
        if len(parts) != len(self.results):
            raise refused(self.name, self.reference, f"it has the results {', '.join(self.results)}, and its type rule gives {len(parts)} types")
        return _tuple_of(self.name, self.results)(*parts)

    def converted(self, *operands: Any) -> tuple[Node, ...]:
        """The operands as the nodes that a call with them makes of them."""
        return as_inputs(self, operands)[1]

    # ------------------------------------------------------------------ facts

    def dtypes(self, inputs: tuple[np.dtype[Any], ...], attrs: dict[str, Any]) -> tuple[tuple[Any, ...], np.dtype[Any]]:
        """Elementwise: the dtypes the operands are computed in, and the result's, found by asking the reference."""
        key = (inputs, tuple(sorted((k, repr(v)) for k, v in attrs.items())) if attrs else ())
        found = self._dtypes.get(key)
        if found is None:
            found = self._dtypes[key] = element_dtypes(self, inputs, attrs)
        return found

    def param_names(self, n: int) -> tuple[str, ...]:
        """The names of `n` operands; of a list of them, numbered."""
        return tuple(f"{self.params[0]}{i}" for i in range(n)) if self.variadic else self.params

    def read(self, node: Node, graph: Graph) -> Node:
        """What using a variable as an operand means; the `variable` operator replaces it."""
        return node


# Not in the class's body, where it would be a field: the docstring of each operator, beside the class's own.
Operator.__doc__ = Lazy(document, Operator.__doc__)  # type: ignore[assignment]


def publish(module: str, names: dict[str, Any]) -> None:
    """Make a namespace the module of the operators in it: where a user finds them, and where their examples run."""
    for value in names.values():
        if isinstance(value, Operator):
            value.__module__ = module


# ---------------------------------------------------------------------- declaring

def declare(family: str | Family, infer: Infer, **facts: Any) -> Callable[[Callable[..., Any]], Operator]:
    """Make the decorated reference an operator: positional parameters are tensors, keyword-only ones attributes.

    `facts` are the fields of `Operator`. DeclarationError, with the operator's name and line: what `validate` finds, or an unknown fact.
    """
    def make(reference: Callable[..., Any]) -> Operator:
        given = dict(facts)
        name = given.pop("name", getattr(reference, "__name__", "").strip("_"))
        try:
            parameters = inspect.signature(reference).parameters.values()
            unknown = given.keys() - _FACTS
            if unknown:
                raise DeclarationError(f"there is no fact {min(unknown)!r}; there are {', '.join(sorted(_FACTS))}")
            if "combine" in given:
                given["combine"] = families.combine(given["combine"])
            kind = families.family(family)
        except ValueError as e:
            raise refused(name, reference, str(e)) from None
        positional = tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL))
        variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        attrs = {p.name: None if p.default is p.empty else p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        order = (*positional, *attrs)
        attrs.pop("name", None)
        op = Operator(name, reference, kind, infer, positional, attrs, variadic, **given)
        if "name" in order:         # where TensorFlow 1 has it before an attribute
            op.order = order
        validate(op)
        OPERATORS[op.name] = op
        return op
    return make


# What a declaration may say; the rest is read off the reference.
_FACTS = {f.name for f in fields(Operator)} - {"name", "reference", "family", "infer", "params", "attrs", "variadic", "__doc__"}


@cache
def _tuple_of(name: str, results: tuple[str, ...]) -> Any:
    return namedtuple(name, results)


def elementwise(expr: str, **facts: Any) -> Callable[[Callable[..., Any]], Operator]:
    """An operator that acts on each element: `expr` is its scalar form, e.g. "tanh({x})", computed in dtype `{T}`.

    Literals in `expr` need their dtype, `{T}(1) / {x}`: Numba would widen `1 / x`. DeclarationError: as `declare`.
    """
    holder: list[Operator] = []

    @lru_cache(1024)                # graphs repeat few types
    def plain(*types: TensorType) -> TensorType:
        return infer(types, ())

    def infer(types: Sequence[TensorType], values: Values, **attrs: Any) -> TensorType:
        dtype = holder[0].dtypes(tuple(t.dtype for t in types), attrs)[1]
        return TensorType(dtype, broadcast(*(t.shape for t in types)))

    def remembered(types: Sequence[TensorType], values: Values, **attrs: Any) -> TensorType:
        return infer(types, values, **attrs) if attrs else plain(*types)

    def make(reference: Callable[..., Any]) -> Operator:
        holder.append(declare("elementwise", remembered, expr=expr, **facts)(reference))
        return holder[0]
    return make


def reduction(combine: str | Combine, **facts: Any) -> Callable[[Callable[..., Any]], Operator]:
    """An operator that combines elements along `axis` (None: all) by an associative operation; attributes axis, keepdims.

    `combine`: the name of one of `COMBINES`, or a record. DeclarationError: as `declare`.
    """
    holder: list[Operator] = []

    def infer(types: Sequence[TensorType], values: Values, axis: Any, keepdims: bool) -> TensorType:
        (x,) = types
        dtype = holder[0].dtypes((x.dtype,), {"axis": (0,), "keepdims": False})[1]
        if x.shape is None:
            return TensorType(dtype, () if axis is None and not keepdims else None)
        return TensorType(dtype, reduced_shape(x.shape, axis, keepdims))

    def prepare(types: Sequence[TensorType], axis: Any, keepdims: Any) -> dict[str, Any]:
        return {"axis": normal_axes(axis, types[0].rank), "keepdims": bool(keepdims)}

    def make(reference: Callable[..., Any]) -> Operator:
        holder.append(declare("reduction", infer, combine=combine, prepare=prepare, **{"from_tensors": {"axis": "axes"}, **facts})(reference))
        return holder[0]
    return make


def typed_like(param: int = 0) -> Infer:
    """The type rule of operators whose result has the type of one input."""
    return lambda types, values, **attrs: types[param]
