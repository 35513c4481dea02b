"""Recipes: graphs as data, each step one line of a Python program that uses graphc as anybody would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

import graphc as tf
from graphc.ir.node import OPERATORS, Node

from .loops import Repeat, repeat_text

Array = np.ndarray[Any, Any]


class Ref(NamedTuple):
    """A result of an earlier step: its number, and which of its results (None: its only one)."""

    step: int
    place: int | None = None


@dataclass(frozen=True)
class Leaf:
    """What a graph begins with: `kind` is feed, constant or variable; its value is `values` repeated until `shape` is full.

    A feed's axes in `open` are of unknown size while the graph is built.
    """

    kind: str
    dtype: str
    shape: tuple[int, ...]
    values: tuple[Any, ...]
    open: tuple[int, ...] = ()

    def array(self) -> Array:
        with np.errstate(all="ignore"):
            return np.resize(np.array(self.values, self.dtype), self.shape)


@dataclass(frozen=True)
class Apply:
    """An operator of the registry on refs and on plain numbers and arrays (`Leaf` of kind "literal").

    `several`: it has several results, of which refs name one each.
    """

    operator: str
    inputs: tuple[Ref | Leaf, ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    several: bool = False


@dataclass(frozen=True)
class Assign:
    """`how` is assign, assign_add or assign_sub, run after what `after` names."""

    how: str
    variable: Ref
    value: Ref
    after: tuple[Ref, ...] = ()


@dataclass(frozen=True)
class Read:
    """A variable's value after what `after` names."""

    variable: Ref
    after: tuple[Ref, ...]


@dataclass(frozen=True)
class Gradient:
    """The gradients of the sum of `ys` by each of `xs`: as many results."""

    ys: tuple[Ref, ...]
    xs: tuple[Ref, ...]


Step = Leaf | Apply | Assign | Read | Gradient | Repeat


@dataclass(frozen=True)
class Recipe:
    """Steps in order, what is fetched, and the compiler's limits that the graph is compiled under."""

    steps: tuple[Step, ...]
    fetches: tuple[Ref, ...]
    limits: dict[str, int] = field(default_factory=dict)
    seed: int = 0

    def leaves(self, kind: str) -> list[int]:
        return [i for i, s in enumerate(self.steps) if isinstance(s, Leaf) and s.kind == kind]


class Built(NamedTuple):
    """A recipe as graph: what each step gave, the fetches, the feeds, and the variables."""

    graph: tf.Graph
    values: dict[int, Any]
    fetches: list[Node]
    feeds: dict[Node, Array]
    variables: list[Node]

    def node(self, ref: Ref) -> Node:
        value = self.values[ref.step]
        return value if ref.place is None else value[ref.place]

    def leaf(self, step: int) -> Node:
        return self.values[step]


# ---------------------------------------------------------------------- text

def public_name(name: str) -> str:
    """How a program calls an operator: `tf.add`, `tf.nn.relu`, or for those behind other functions through the registry."""
    for prefix, module in (("tf", tf), ("tf.nn", tf.nn)):
        if getattr(module, name, None) is OPERATORS[name]:
            return f"{prefix}.{name}"
    return f'OPERATORS["{name}"]'


def array_text(leaf: Leaf) -> str:
    values = ", ".join(map(_number, leaf.values))
    count = int(np.prod(leaf.shape, dtype=np.int64))
    dtype = leaf.dtype if leaf.dtype != "bool" else "bool_"
    base = f"np.array([{values}], np.{dtype})"
    if count == len(leaf.values):
        return base if len(leaf.shape) == 1 else f"{base}.reshape({list(leaf.shape)})"
    return f"np.resize({base}, {leaf.shape})"


def _number(value: Any) -> str:
    return repr(value)           # of floats too: inf and nan are names that the program imports


def ref_text(ref: Ref | Leaf) -> str:
    if isinstance(ref, Leaf):
        return repr(ref.values[0]) if ref.shape == () and not isinstance(ref.values[0], bool) else array_text(ref)
    return f"v{ref.step}" if ref.place is None else f"v{ref.step}[{ref.place}]"


def _listed(refs: Iterable[Ref | Leaf]) -> str:
    return "[" + ", ".join(map(ref_text, refs)) + "]"


def step_text(number: int, step: Step, straight: bool = False) -> str:
    """The line (two under a control dependency, some more of loops) that makes `v<number>`; `straight`: loops are written out."""
    if isinstance(step, Repeat):
        return repeat_text(number, step, ref_text, straight)
    if isinstance(step, Leaf):
        return f"v{number} = {_leaf_text(step)}"
    if isinstance(step, Apply):
        return f"v{number} = {_apply_text(step)}"
    if isinstance(step, Gradient):
        return f'v{number} = tf.gradients({_listed(step.ys)}, {_listed(step.xs)}, unconnected_gradients="zero")'
    made = f"{ref_text(step.variable)}.read_value()" if isinstance(step, Read) else \
        f"tf.{step.how}({ref_text(step.variable)}, {ref_text(step.value)})"
    if not step.after:
        return f"v{number} = {made}"
    return f"with tf.control_dependencies({_listed(step.after)}):\n    v{number} = {made}"


def _leaf_text(leaf: Leaf) -> str:
    if leaf.kind == "feed":
        shape = [None if i in leaf.open else d for i, d in enumerate(leaf.shape)]
        return f"tf.placeholder(tf.{leaf.dtype}, {shape})"
    return f"tf.{'Variable' if leaf.kind == 'variable' else 'constant'}({array_text(leaf)})"


def _apply_text(step: Apply) -> str:
    operator = OPERATORS[step.operator]
    operands = _listed(step.inputs) if operator.variadic else ", ".join(map(ref_text, step.inputs))
    attrs = "".join(f", {k}={v!r}" for k, v in step.attrs.items())
    return f"{public_name(step.operator)}({operands}{attrs})"


HEAD = """import numpy as np
from numpy import inf, nan

import graphc as tf
from graphc.ir.node import OPERATORS
"""


def graph_text(recipe: Recipe, straight: bool = False) -> str:
    """The lines that declare the graph, `feeds` and `fetches`."""
    lines = [step_text(i, s, straight) for i, s in enumerate(recipe.steps)]
    lines.append("feeds = {" + ", ".join(f"v{i}: {array_text(recipe.steps[i])}" for i in recipe.leaves("feed")) + "}")  # type: ignore[arg-type]
    lines.append(f"variables = [{', '.join(f'v{i}' for i in recipe.leaves('variable'))}]")
    lines.append(f"fetches = {_listed(recipe.fetches)}")
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------------- graphs

def namespace() -> dict[str, Any]:
    """What the lines of a recipe see."""
    names: dict[str, Any] = {}
    exec(HEAD, names)
    return names


def build(recipe: Recipe, straight: bool = False) -> Built:
    """The recipe's program, run. Raises what graphc raises."""
    names = namespace()
    with tf.Graph().as_default() as graph:
        exec(compile(graph_text(recipe, straight), "recipe.py", "exec"), names)
    values = {i: names[f"v{i}"] for i in range(len(recipe.steps))}
    return Built(graph, values, names["fetches"], names["feeds"], names["variables"])


# ---------------------------------------------------------------------- changes

def refs_of(step: Step) -> list[Ref]:
    """What a step uses."""
    if isinstance(step, Apply):
        return [r for r in step.inputs if isinstance(r, Ref)]
    if isinstance(step, Assign):
        return [step.variable, step.value, *step.after]
    if isinstance(step, Read):
        return [step.variable, *step.after]
    if isinstance(step, Repeat):
        return [step.state, step.other, step.rows]
    return [*step.ys, *step.xs] if isinstance(step, Gradient) else []


def renumbered(step: Step, to: Mapping[Ref, Ref]) -> Step:
    """The step with what it uses replaced."""
    def new(refs: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(to.get(r, r) if isinstance(r, Ref) else r for r in refs)
    if isinstance(step, Apply):
        return replace(step, inputs=new(step.inputs))
    if isinstance(step, Assign):
        return replace(step, variable=to.get(step.variable, step.variable), value=to.get(step.value, step.value), after=new(step.after))
    if isinstance(step, Read):
        return replace(step, variable=to.get(step.variable, step.variable), after=new(step.after))
    if isinstance(step, Repeat):
        state, other, rows = new((step.state, step.other, step.rows))
        return replace(step, state=state, other=other, rows=rows)
    return replace(step, ys=new(step.ys), xs=new(step.xs)) if isinstance(step, Gradient) else step


def pruned(recipe: Recipe) -> Recipe:
    """Without the steps that no fetch needs, renumbered."""
    needed: set[int] = set()
    stack = [f.step for f in recipe.fetches]
    while stack:
        i = stack.pop()
        if i not in needed:
            needed.add(i)
            stack.extend(r.step for r in refs_of(recipe.steps[i]))
    order = sorted(needed)
    number = {old: new for new, old in enumerate(order)}
    uses = [r for i in order for r in refs_of(recipe.steps[i])]
    to = {r: Ref(number[r.step], r.place) for r in (*uses, *recipe.fetches)}
    steps = tuple(renumbered(recipe.steps[i], to) for i in order)
    return replace(recipe, steps=steps, fetches=tuple(to[f] for f in recipe.fetches))
