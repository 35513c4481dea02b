"""Random recipes: operators, operands and attributes as their declarations and samples allow, tried out in numpy as the graph grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

import graphc as tf
from graphc import testing
from graphc.errors import GraphcError
from graphc.ir.families import Family
from graphc.ir.node import OPERATORS, Node
from graphc.ir.operator import Operator

from .direct import Array, Evaluation, NotEvaluated, closure
from .limits import LIMITS, PANELS
from .loops import Repeat, draw
from .proposals import BY_FAMILY, PROPOSALS, Proposal, ancestors, rename_sizes, vary
from .recipe import Apply, Assign, Gradient, Leaf, Read, Recipe, Ref, Step, namespace, pruned, refs_of, step_text

SIZES = (2, 3, 4, 5, 7, 8, 16, 17, 33, 70)
DTYPES = ("float64", "float32", "int32", "int64", "int8", "int16", "uint8", "bool", "uint16", "uint32", "uint64", "float16")
MOST_ELEMENTS = 20_000
LOOPS = 0.15                # the part of graphs that may have loops or branches
# How often each family is drawn; one that is not named here joins at the last weight.
FAMILIES = dict(elementwise=14.0, reduction=4.0, alias=1.5, view=2.5, views=1.0, concat=1.5, lowered=1.5, average=1.0, contraction=2.0, windowed=1.5)
OTHER_FAMILY = 0.7
FAVOURED = 0.3              # how often it is the operator that a run is about
SPECIAL = (0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, -1e-42, 1e-310, 1e30, -1e30, 3e38, 88.7, -750.0, 0.5, 2.5)


class Known(NamedTuple):
    """A value in reach: how to name it, what it is, and whether a leaf holds it."""

    ref: Ref
    value: Array
    node: Node
    leaf: bool


def recipe(seed: int, favoured: str = "") -> Recipe:
    """The recipe of a seed, and of the operator that it is to have rather than others: always the same."""
    return Draft(seed, favoured).finished()


class Draft:
    """A recipe that grows, with its graph and its values."""

    def __init__(self, seed: int, favoured: str = ""):
        self.seed, self.favoured = seed, favoured
        self.rng = np.random.default_rng([seed, 20])
        self.wild = self.chance(0.3)
        self.main = str(self.rng.choice(DTYPES[:2])) if self.chance(0.8) else str(self.rng.choice(DTYPES))
        self.sizes = [int(d) for d in self.rng.choice(SIZES, 2, replace=False)]
        if self.chance(0.06):
            self.sizes.append(int(self.rng.choice([0, 300, 1030])))
        self.steps: list[Step] = []
        self.pool: list[Known] = []
        self.names = namespace()
        self.graph = tf.Graph()
        self.work = Evaluation({})
        self.seen = 0
        # Loops have random numbers of their own: graphs without them are what they were before there were loops.
        self.loop_rng = np.random.default_rng([seed, 21])
        self.loops = 2 if self.loop_rng.random() < LOOPS else 0         # how many may come
        self.broken = False           # the last step raised what no user's mistake explains: the recipe ends there

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def one(self, things: Sequence[Any]) -> Any:
        return things[int(self.rng.integers(len(things)))]

    # ------------------------------------------------------------------ the whole

    def finished(self) -> Recipe:
        for _ in range(int(self.rng.integers(1, 4))):
            self.add(self.leaf(self.main, self.shape()))
        wanted = int(self.rng.integers(1, 13))
        stateful, differentiated = self.chance(0.3), self.chance(0.35)
        for k in range(wanted):
            if self.broken:
                break
            if stateful and self.chance(0.3):
                self.state()
            elif k and self.chance(0.12):
                self.repeat()
            elif k and self.chance(0.08):
                self.pair()
            else:
                self.operator()
            if self.loops and self.loop_rng.random() < 0.5:
                self.loops -= 1
                self.repeated()
            if differentiated and k >= wanted // 2 and self.chance(0.4):
                self.gradient()
        return pruned(Recipe(tuple(self.steps), tuple(self.fetched()), self.limits(), self.seed))

    def fetched(self) -> list[Ref]:
        """What nobody uses, and some of the rest."""
        if self.broken:
            return [Ref(len(self.steps) - 1)]
        used = {r for s in self.steps for r in refs_of(s)}
        ends = [k.ref for k in self.pool if k.ref not in used and not k.leaf] or [self.pool[-1].ref]
        others = [k.ref for k in self.pool if k.ref not in ends and self.chance(0.15)]
        chosen = [*ends[-8:], *others[:3]]
        self.rng.shuffle(chosen)                       # type: ignore[arg-type]
        return [Ref(*r) for r in chosen]

    def limits(self) -> dict[str, int]:
        if self.chance(0.5):
            return {}
        return {name: int(self.one(values)) for name, values in LIMITS.items() if self.chance(0.3)} | (PANELS if self.chance(0.5) else {})

    # ------------------------------------------------------------------ adding

    def add(self, step: Step) -> bool:
        """Append a step if graphc takes it and numpy can evaluate it to something of a bearable size."""
        number = len(self.steps)
        try:
            with self.graph.as_default():
                exec(step_text(number, step), self.names)
            if isinstance(step, Apply) and not isinstance(self.names[f"v{number}"], Node):
                step = replace(step, several=True)
            self._evaluate(number, step)
        except (GraphcError, NotEvaluated):
            self.seen = len(self.graph.nodes)           # what was built of it is not looked at again
            return False
        except Exception:
            self.broken = True
            self.steps.append(step)
            return True
        made = self.names[f"v{number}"]
        found = [(Ref(number), made)] if isinstance(made, Node) else [(Ref(number, i), n) for i, n in enumerate(made)]
        fresh = [Known(r, np.asarray(self.work.known[n]), n, isinstance(step, Leaf)) for r, n in found if n is not None]
        if not fresh or not all(self._bearable(k, step) for k in fresh):
            return False
        self.steps.append(step)
        self.pool += fresh
        return True

    def _evaluate(self, number: int, step: Step) -> None:
        if isinstance(step, Leaf) and step.kind != "constant":
            self.work.known[self.names[f"v{number}"]] = step.array()
        if isinstance(step, Repeat):                # what its functions built has values inside alone
            self.seen = len(self.graph.nodes)
            for node in closure([self.names[f"v{number}"]]):
                self.work.visit(node)
        for node in self.graph.nodes[self.seen:]:
            self.seen += 1
            self.work.visit(node)

    def _bearable(self, k: Known, step: Step) -> bool:
        """Small enough, and in a calm graph finite and of moderate size, so that errors do not drown."""
        if k.value.size > MOST_ELEMENTS:
            return False
        if self.wild or isinstance(step, Leaf) or k.value.dtype.kind != "f" or self.chance(0.05):
            return True
        return bool(np.all(np.abs(k.value) < 1e4))

    # ------------------------------------------------------------------ leaves

    def shape(self, rank: int | None = None) -> tuple[int, ...]:
        rank = int(self.rng.choice(5, p=[0.1, 0.3, 0.4, 0.15, 0.05])) if rank is None else rank
        shape = tuple(1 if self.chance(0.12) else 0 if self.chance(0.015) else int(self.one(self.sizes)) for _ in range(rank))
        return shape if np.prod(shape, dtype=np.int64) <= MOST_ELEMENTS else shape[:2]

    def leaf(self, dtype: str, shape: tuple[int, ...], domain: tuple[float, float] = (-2.0, 2.0), kind: str = "") -> Leaf:
        kind = kind or str(self.rng.choice(["feed", "constant", "variable"], p=[0.65, 0.2, 0.15]))
        count = int(np.prod(shape, dtype=np.int64))
        values = self.values(np.dtype(dtype), min(max(count, 1), 61), domain)
        unknown = tuple(i for i in range(len(shape)) if self.chance(0.5)) if kind == "feed" and self.chance(0.3) else ()
        return Leaf(kind, dtype, shape, tuple(values.tolist()), unknown)

    def values(self, dtype: np.dtype[Any], count: int, domain: tuple[float, float]) -> Array:
        rng = self.rng
        if dtype.kind == "b":
            return rng.random(count) < 0.5
        if dtype.kind in "iu":
            low = 0 if dtype.kind == "u" else -5
            values = rng.integers(low, 8, count).astype(dtype)
            ends = np.array([np.iinfo(dtype).min, np.iinfo(dtype).max, 0, 1], dtype)
        else:
            whole = self.chance(0.15)                  # whole numbers: ties, exact zeros, equal elements
            drawn = np.rint(rng.uniform(*domain, count)) if whole else rng.uniform(*domain, count)
            with np.errstate(all="ignore"):
                values, ends = np.round(drawn, 3).astype(dtype), np.array(SPECIAL).astype(dtype)
        if not self.wild:
            return values
        return np.where(rng.random(count) < 0.3, rng.choice(ends, count), values)

    def array_leaf(self, array: Array) -> Leaf:
        """The leaf of a sample's own values."""
        kind = str(self.rng.choice(["feed", "constant"]))
        return Leaf(kind, array.dtype.name, array.shape, tuple(array.reshape(-1).tolist()) or (0,))

    # ------------------------------------------------------------------ steps

    def operator(self) -> None:
        """One more operator, of the first few that can be had."""
        for _ in range(12):
            operator = self.pick()
            proposal = self.propose(operator)
            if proposal is not None and self.apply(operator, proposal):
                return

    def pick(self) -> Operator:
        if self.favoured and self.chance(FAVOURED):
            return OPERATORS[self.favoured]
        table = by_family()
        families = list(table)
        weights = np.array([FAMILIES.get(f.name, OTHER_FAMILY) for f in families])
        family = families[int(self.rng.choice(len(families), p=weights / weights.sum()))]
        return self.one(table[family])

    def propose(self, operator: Operator) -> Proposal | None:
        specific = PROPOSALS.get(operator.name) or BY_FAMILY.get(operator.family.name)
        if specific is not None and self.chance(0.8):
            return specific(self)
        if operator.samples and not (operator.family.broadcasts and self.chance(0.6)):
            return self.from_sample(operator)
        return self.elementwise(operator)

    def apply(self, operator: Operator, proposal: Proposal) -> bool:
        """Add the leaves that the proposal needs, then the operator; nothing if it is refused."""
        steps, pool = len(self.steps), len(self.pool)
        inputs: list[Ref | Leaf] = []
        for x in proposal.operands:
            if isinstance(x, Leaf) and x.kind != "literal":
                if np.prod(x.shape, dtype=np.float64) > MOST_ELEMENTS or not self.add(x):
                    break
                inputs.append(Ref(len(self.steps) - 1))
            else:
                inputs.append(x)
        else:
            if self.add(Apply(operator.name, tuple(inputs), proposal.attrs)):
                return True
        del self.steps[steps:], self.pool[pool:]
        return False

    def from_sample(self, operator: Operator) -> Proposal | None:
        """A sample with other sizes and attributes, on values at hand where they fit."""
        specs, attrs = self.one(operator.samples)
        specs = rename_sizes(self, operator, specs)
        dtype = self.main if self.chance(0.8) or self.main not in DTYPES[:2] else str(self.one(DTYPES[:2]))
        if self.chance(0.1):
            dtype = str(self.one(DTYPES))
        operands: list[Ref | Leaf] = []
        for i, spec in enumerate(specs):
            operands.append(self.from_spec(operator, i, spec, dtype))
        if operator.variadic and operands and self.chance(0.3):
            operands.append(self.one(operands))
        return Proposal(tuple(operands), vary(self, attrs, self._rank(operands)))

    def _rank(self, operands: Sequence[Ref | Leaf]) -> int:
        first = operands[0] if operands else Leaf("literal", self.main, (), (0,))
        return len(first.shape) if isinstance(first, Leaf) else next(k.value.ndim for k in self.pool if k.ref == first)

    def from_spec(self, operator: Operator, place: int, spec: Any, dtype: str) -> Ref | Leaf:
        if isinstance(spec, tuple):
            fixed = operator.fixed.get(operator.params[min(place, len(operator.params) - 1)])
            wanted = fixed or dtype
            found = self.at_hand(lambda k: k.value.dtype.name == wanted and k.value.shape == spec)
            if found is None and place == 0 and len(operator.params) == 1 and not operator.variadic:
                found = self.at_hand(lambda k: k.value.dtype.name == wanted and (k.value.ndim == len(spec) or self.chance(0.2)))
            return found if found is not None and self.chance(0.9) else self.leaf(wanted, spec, operator.domain)
        array = np.asarray(spec)
        array = array.astype(self.main if self.main in DTYPES[:2] else "float64") if array.dtype.kind == "f" else array
        name = array.dtype.name
        if place in operator.by_value:
            return Leaf("literal", name, array.shape, tuple(array.reshape(-1).tolist()) or (0,))
        found = self.at_hand(lambda k: k.value.dtype == array.dtype and k.value.shape == array.shape)
        return found if found is not None and self.chance(0.4) else self.array_leaf(array)

    def elementwise(self, operator: Operator) -> Proposal | None:
        """Operands that broadcast: values at hand, new leaves in the operator's domain, and now and then a plain number."""
        operands: list[Ref | Leaf] = []
        shape: tuple[int, ...] | None = None
        kind = ""
        for param in operator.params:
            fixed = operator.fixed.get(param)
            dtype = fixed or (kind if kind and self.chance(0.93) else "")
            like = self.maker(operands[0]) if operands and self.chance(0.15) else ""       # passes look for the sums of two of a kind
            found = self.at_hand(lambda k, s=shape, d=dtype, m=like: (not d or k.value.dtype.name == d) and _broadcasts(s, k.value.shape) and  # type: ignore[misc]
                                 (not m or self.maker(k.ref) == m and k.ref != operands[0]))
            x: Ref | Leaf
            if found is not None and self.chance(0.85):
                x = found
            elif operands and fixed is None and self.chance(0.3):
                x = replace(self.leaf(dtype or self.main, (), operator.domain), kind="literal")
            else:
                x = self.leaf(dtype or self.main, self.lesser(shape), operator.domain)
            operands.append(x)
            known = next((k.value for k in self.pool if k.ref == x), None) if isinstance(x, Ref) else x.array()
            assert known is not None
            shape = known.shape if shape is None else np.broadcast_shapes(shape, known.shape)
            kind = kind or ("" if fixed else known.dtype.name)
        return Proposal(tuple(operands), vary(self, operator.attrs, len(shape or ())))

    def maker(self, x: Ref | Leaf) -> str:
        """The operator that makes a value."""
        step = self.steps[x.step] if isinstance(x, Ref) else x
        return step.operator if isinstance(step, Apply) else ""

    def lesser(self, shape: tuple[int, ...] | None) -> tuple[int, ...]:
        """A shape that broadcasts to `shape`."""
        if shape is None:
            return self.shape()
        cut = int(self.rng.integers(0, len(shape) + 1)) if self.chance(0.3) else 0
        return tuple(1 if self.chance(0.15) else d for d in shape[cut:])

    def at_hand(self, fits: Any) -> Ref | None:
        """A value that fits, the later the likelier, and rather a computed one."""
        found = [k for k in self.pool if fits(k)]
        if not found:
            return None
        if self.chance(0.6):
            found = [k for k in found if not k.leaf] or found
        i = len(found) - 1 - int(abs(self.rng.normal()) * 1.5)
        return found[i if i >= 0 else int(self.rng.integers(len(found)))].ref

    def repeat(self) -> None:
        """The same step once more, a common subexpression; or its like on the same operands: another axis, another operator."""
        steps = [s for s in self.steps if isinstance(s, Apply)]
        if not steps:
            return
        step = self.one(steps[-3:])
        if step.inputs and self.chance(0.7):
            operator = OPERATORS[step.operator]
            alike = [o for o in by_family().get(operator.family, []) if (len(o.params), [*o.attrs]) == (len(operator.params), [*operator.attrs])]
            attrs = vary(self, step.attrs, self._rank(step.inputs))
            step = replace(step, operator=self.one(alike or [operator]).name, attrs=attrs, several=False)
        self.add(step)

    def repeated(self) -> None:
        """A loop or a branch, if there is something that it can begin with."""
        drawn = draw(self.loop_rng, self.pool)
        if drawn is None:
            return
        step, rows = drawn
        if rows is not None:
            if not self.add(rows):
                return
            step = replace(step, rows=Ref(len(self.steps) - 1))
        self.add(step)

    def pair(self) -> None:
        """The sum of a value and of one that is made in the same way: what passes look for."""
        steps = [(i, s) for i, s in enumerate(self.steps) if isinstance(s, Apply) and not s.several]
        if steps:
            rare = [(i, s) for i, s in steps if not OPERATORS[s.operator].family.broadcasts]
            i, step = self.one(rare if rare and self.chance(0.7) else steps)
            if self.add(step):
                self.add(Apply("add", (Ref(i), Ref(len(self.steps) - 1))))

    def gradient(self) -> None:
        """Gradients of a floating value by floating ones that it depends on, mostly leaves."""
        ys = [k for k in self.pool if k.value.dtype.kind == "f" and not k.leaf]
        if not ys:
            return
        y = ys[-1 - int(self.rng.integers(min(3, len(ys))))]
        reached = ancestors(self.steps, y.ref)
        xs = [k.ref for k in self.pool if k.value.dtype.kind == "f" and k.ref.step in reached and (k.leaf or self.chance(0.2))]
        if xs:
            self.rng.shuffle(xs)                       # type: ignore[arg-type]
            self.add(Gradient((y.ref,), tuple(Ref(*x) for x in xs[:3])))

    def state(self) -> None:
        """An assignment, ordered after those before it, or a read behind one."""
        variables = [k for k in self.pool if k.leaf and isinstance(s := self.steps[k.ref.step], Leaf) and s.kind == "variable"]
        if not variables:
            like = self.one(self.pool).value
            self.add(self.leaf(like.dtype.name, like.shape, kind="variable"))
            return
        v = self.one(variables)
        writes = tuple(Ref(i) for i, s in enumerate(self.steps) if isinstance(s, Assign) and s.variable == v.ref)
        if writes and self.chance(0.4):
            self.add(Read(v.ref, (self.one(writes),)))
            return
        value = self.at_hand(lambda k: k.value.dtype == v.value.dtype and k.value.shape == v.value.shape and k.ref != v.ref)
        if value is None:
            value = Ref(len(self.steps))
            self.add(self.leaf(v.value.dtype.name, v.value.shape))
        hows = ["assign", "assign_add", "assign_sub"] if v.value.dtype.kind != "b" else ["assign"]
        self.add(Assign(str(self.one(hows)), v.ref, value, writes))


def _broadcasts(shape: tuple[int, ...] | None, other: tuple[int, ...]) -> bool:
    try:
        return shape is None or np.prod(np.broadcast_shapes(shape, other), dtype=np.int64) <= MOST_ELEMENTS
    except ValueError:
        return False


_TABLE: dict[Family, list[Operator]] = {}


def by_family() -> dict[Family, list[Operator]]:
    """The operators that can be drawn, by family: those of numbers, which is all that leaves hold."""
    if not _TABLE:
        for operator in testing.testable():
            texts = any(getattr(spec, "dtype", None) == np.object_ for specs, _ in operator.samples for spec in specs)
            if operator is OPERATORS.get(operator.name) and not texts:
                _TABLE.setdefault(operator.family, []).append(operator)
    return _TABLE
