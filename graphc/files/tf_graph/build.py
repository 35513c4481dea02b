"""A graph of TensorFlow's made one of graphc's, node by node: each by its row of the table, under its own name; nothing is executed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import GraphcError, SerializationError, UnimplementedError
from ...ir.body import has_effect
from ...ir.graph import Graph
from ...ir.joining import check_free, rename
from ...ir.node import Node, Operation, caller, here, next_index
from ...ir.types import TensorType, as_shape
from ...ops import array, sources, state
from ...ops.control_flow import cond, while_loop
from ...ops.from_tensors import is_given
from ...ops.math import not_equal
from ...ops.state import Variable
from ..values import LONGEST
from . import forms_array, forms_outside
from .branches import build_loop, build_wave
from .flow import SWITCHES, Path, Places, Region, Wave
from .folding import known
from .messages import FunctionDef, GraphDef
from .nodes import CALLS, FLOW, Parsed, Ref, check, inner, parsed, saving
from .rows import Row
from .rows_outside import FILLED, TABLES, is_dataset
from .table import TABLE
from .table_contents import filled_table, filler_keys, table_key
from .values import attribute, dtype, dtype_number, function_name, shape

Outputs = Sequence[Any]
_SAYS = "import_graph_def: "
_DEEPEST = 40               # functions within functions
_VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp"})
_ASSIGNS = frozenset({"Assign", "AssignVariableOp"})


class Env:
    """What the names of nodes stand for in one graph, function, branch or loop: outputs, and what others wait for."""

    def __init__(self, nodes: Mapping[str, Parsed], prefix: str, up: Env | None = None):
        self.nodes, self.prefix, self.up = nodes, prefix, up
        self.values: dict[str, Outputs] = {}
        self.waits: dict[str, list[Node]] = {}      # of a node that has effects, or comes after one that has
        self.mapped: dict[Ref, Any] = {}

    def _outwards(self) -> Iterator[Env]:
        """This one, and those that it lies in."""
        env: Env | None = self
        while env is not None:
            yield env
            env = env.up

    def value(self, ref: Ref) -> Any:
        """An output. SerializationError: there is none such."""
        for env in self._outwards():
            if ref in env.mapped:
                return env.mapped[ref]
            if ref.name in env.values:
                outputs = env.values[ref.name]
                if ref.output >= len(outputs) or outputs[ref.output] is None:
                    raise UnimplementedError(f"graphc has not the result {ref.output} of {ref.name!r:.80}")
                return outputs[ref.output]
        raise SerializationError(f"{ref.name!r:.80} is used before it is there, or belongs to the saver")

    def has(self, name: str) -> bool:
        """Whether a node is built, here or further out."""
        return any(name in env.values for env in self._outwards())

    def within(self) -> Env:
        """Where a branch or the body of a loop is built."""
        return Env(self.nodes, self.prefix, self)

    def wait(self, name: str) -> list[Node]:
        """What is to be done before those that wait for a node."""
        return next((env.waits[name] for env in self._outwards() if name in env.waits), [])


class Importer:
    """One reading of a graph into another: `run` builds it, `main` has its names afterwards."""

    def __init__(self, graph: Graph, proto: GraphDef, prefix: str, initialisers: Mapping[str, str] | None = None):
        self.graph, self.prefix = graph, prefix
        self.library: dict[str, FunctionDef] = {f.signature.name: f for f in proto.library.function}
        self.nodes = nodes = parsed(proto.node)
        self.left_out = saving(nodes, self.library)
        kept = {name: n for name, n in nodes.items() if name not in self.left_out}
        check([n.proto for n in kept.values()], self.library)
        self.main = Env(kept, prefix)
        self.budget = 10_000 + 20 * (len(nodes) + sum(len(f.node_def) for f in self.library.values()))
        self.claimed: set[Node] = set()
        self.shared: dict[str, Variable] = {}
        self.functions: dict[str, Mapping[str, Parsed]] = {}
        self.places: dict[int, Places] = {}
        self.depth = 0
        self.initials = self._initials(nodes, initialisers or {})
        self.contents = {key: n for n in kept.values() if n.op in FILLED for key in filler_keys(n, nodes)}

    def run(self, input_map: Mapping[Ref, Any]) -> None:
        """Build all nodes; GraphError: a name is taken."""
        for name in self.main.nodes:
            check_free(self.graph, self.prefix + name)
        self.graph.reserve_names(self.prefix + name for name in self.main.nodes)
        self.main.mapped = dict(input_map)
        with self.graph.as_default():
            self.build_all(self.main, self.main.nodes)

    def _initials(self, nodes: Mapping[str, Parsed], initialisers: Mapping[str, str]) -> dict[str, Parsed]:
        """The assignment that sets each variable to its initial value: the one that is known, or named NAME/Assign as programs name it."""
        found: dict[str, Parsed] = {}
        for n in nodes.values():
            if n.op in _ASSIGNS and len(n.inputs) == 2 and n.name not in self.left_out:
                variable = n.inputs[0].name
                if variable in nodes and nodes[variable].op in _VARIABLES and n.name == initialisers.get(variable, f"{variable}/Assign"):
                    found[variable] = n
        return found

    # ------------------------------------------------------------------ order

    def build_all(self, env: Env, names: Iterable[str], path: Path = ()) -> None:
        """Build nodes that lie in a path, what they need first. SerializationError: they need each other."""
        key = id(env.nodes)
        places = self.places.get(key) or self.places.setdefault(key, Places(env.nodes))
        region = Region(places, path, names, env.has)
        done: set[Any] = set()
        open_: set[Any] = set()
        for root in region.roots:
            if root in done:
                continue
            stack = [(root, iter(self._needs(env, region, root)))]
            open_.add(root)
            while stack:
                item, rest = stack[-1]
                following = next((x for x in rest if x not in done), None)
                if following is None:
                    stack.pop()
                    open_.discard(item)
                    done.add(item)
                    self._item(env, region, item)
                elif following in open_:
                    raise SerializationError(f"{following!r:.80} needs itself{here()}")
                else:
                    open_.add(following)
                    stack.append((following, iter(self._needs(env, region, following))))

    def _needs(self, env: Env, region: Region, item: Any) -> list[Any]:
        """The items that one needs: a variable those of its initial value."""
        found = region.needs(item)
        if isinstance(item, str) and env.nodes[item].op in _VARIABLES and env is self.main and item in self.initials:
            first = region.item(self.initials[item].inputs[1].name)
            found += [first] if first is not None else []
        if isinstance(item, str) and env.nodes[item].op in TABLES and env is self.main:
            filler = self.contents.get(table_key(env.nodes[item]))
            found += [x for r in (filler.inputs[1:] if filler else ()) if (x := region.item(r.name)) is not None]
        return found

    def _item(self, env: Env, region: Region, item: Any) -> None:
        if isinstance(item, str):
            if not env.has(item):
                self.build(env, env.nodes[item])
            return
        self.depth += 1
        if self.depth >= _DEEPEST:
            raise SerializationError(f"more than {_DEEPEST} functions, branches and loops lie within each other{here()}")
        if isinstance(item, Wave):
            build_wave(self, env, region, item)
        else:
            build_loop(self, env, region, item)
        self.depth -= 1

    # ------------------------------------------------------------------ one node

    def build(self, env: Env, n: Parsed) -> None:
        """Build a node, and keep what its name stands for."""
        self.spend()
        label, since = env.prefix + n.name, next_index()
        graph = self.graph
        waits = list(dict.fromkeys(w for c in n.controls for w in env.wait(c)))
        try:
            with graph.control_dependencies(waits), graph.name_scope(label + "/"):
                made = self._made(env, n, label)
            outputs = made if n.op in SWITCHES and isinstance(made[0], Variable) else self.named(made, label, since)
        except GraphcError as e:
            raise _at(e, n) from None
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, AssertionError, RecursionError, MemoryError) as e:
            why = SerializationError(f"its attributes or operands do not fit ({type(e).__name__}: {e!s:.200})")
            raise _at(why, n) from None
        env.values[n.name] = outputs
        env.waits[n.name] = self._waits(env, n, outputs, since)

    def keep(self, env: Env, n: Parsed, made: Any, since: int) -> None:
        """Take what a branch or a loop gave for the outputs of a node."""
        env.values[n.name] = outputs = self.named(made, env.prefix + n.name, next_index())
        env.waits[n.name] = self._waits(env, n, outputs, since)

    def spend(self) -> None:
        """Count a node: functions that call each other make of a small file a graph of any size."""
        self.budget -= 1
        if self.budget < 0:
            raise SerializationError(f"its functions call each other so often that the graph would have too many nodes{here()}")

    def _waits(self, env: Env, n: Parsed, outputs: Outputs, since: int) -> list[Node]:
        """What those wait for that wait for a node: its results if it has effects, else what it waits for itself."""
        made: list[Node] = []
        for node in reversed(self.graph.nodes):
            if node.index < since:
                break
            made.append(node)
        own = [x for x in outputs if isinstance(x, Node)] or [m for m in made[:1] if m.type is None]
        if any(has_effect(m) or m.operator.family.assigns or m.operator.name == "initialize" for m in made):
            return own or made[:1]
        earlier = list(dict.fromkeys(w for name in (*n.controls, *(r.name for r in n.inputs)) for w in env.wait(name)))
        return own if earlier and own else earlier

    def _made(self, env: Env, n: Parsed, label: str) -> Any:
        inputs = [env.value(r) for r in n.inputs]
        if n.op in _VARIABLES:
            return self._variable(env, n, label)
        if env is self.main and n.op in _ASSIGNS and self.initials.get(n.inputs[0].name if n.inputs else "") is n \
                and isinstance(inputs[0], Variable):
            return inputs[0].initializer
        if n.op in CALLS:
            return self._called(n, inputs, label)
        if is_dataset(n.op):
            return [forms_outside.Outside()]
        if n.op in TABLES and table_key(n) in self.contents:
            return [filled_table(env, n, self.contents[table_key(n)])]
        if n.op in FLOW:
            return [inputs[0], inputs[0]] if n.op in SWITCHES else forms_array.identity(inputs[0])
        row = TABLE.by_type[n.op]
        return row.make(**self.arguments(row, n, inputs))

    def arguments(self, row: Row, n: Parsed, inputs: Sequence[Any]) -> dict[str, Any]:
        """The keywords of a row's function. SerializationError: other operands or attributes than it has."""
        given: dict[str, Any] = dict(row.fixed)
        at = 0
        for operand in row.inputs:
            count = 1
            if operand.many:
                value = n.proto.attr[operand.length or operand.dtype]
                count = value.i if operand.length else len(value.list.type)
            taken, at = inputs[at:at + max(count, 0)], at + max(count, 0)
            if len(taken) != count:
                raise SerializationError(f"it has {len(inputs)} inputs, and needs more")
            if operand.name:
                value = [known(x, is_given(row.make, operand.name)) if operand.known else x for x in taken]
                given[operand.name] = value if operand.many else value[0]
        if at != len(inputs):
            raise SerializationError(f"it has {len(inputs)} inputs, and takes {at}")
        for theirs, ours in row.attributes:
            if ours and theirs in n.proto.attr:
                value = attribute(n.proto.attr[theirs])
                if value is not None:
                    given[ours] = value
        return given

    def _variable(self, env: Env, n: Parsed, label: str) -> Variable:
        attr = n.proto.attr
        if env is not self.main:
            raise UnimplementedError("a variable within a function")
        if attr["dtype"].type == dtype_number("string"):
            raise UnimplementedError("a variable of texts")
        key = attr["shared_name"].s.decode("utf-8", "replace") if n.op == "VarHandleOp" else ""
        if key and key in self.shared:
            return self.shared[key]
        kind, sizes = dtype(attr["dtype"].type), shape(attr["shape"].shape)
        first = self.initials.get(n.name)
        initial = env.value(first.inputs[1]) if first is not None else sources.placeholder(kind, sizes, name="no_initial_value")
        made = Variable.restored(self.graph, initial, TensorType(kind.dtype, as_shape(sizes)), False, label, caller())
        self.graph.adopt(made)
        self.shared[key] = made
        return made

    # ------------------------------------------------------------------ names

    def named(self, made: Any, label: str, since: int) -> Outputs:
        """What a node was made of, under its name: the node itself, or all that stand for it."""
        if isinstance(made, Operation):
            made = made.node
        if isinstance(made, (list, tuple)) and not hasattr(made, "own"):
            return self._several(list(made), label, since)
        if isinstance(made, Node):
            return (self._own(made, label, since),)
        return (made,)

    def _own(self, node: Node, label: str, since: int) -> Node:
        """A node of that name: the one that was made for it, or one that is the same."""
        if node.label != label and label not in self.graph._labels:     # of what two waves compute, the first has the name
            if node.index < since or node in self.claimed or node.operator.name == "item":
                with self.graph.name_scope(None):
                    node = array.identity(node, name=label + "/") if node.type is not None else state.group(node, name=label + "/").node
            else:
                rename(node, label)
        self.claimed.add(node)
        return node

    def _several(self, made: list[Any], label: str, since: int) -> Outputs:
        nodes = [x for x in made if isinstance(x, Node)]
        owner = nodes[0].inputs[0] if nodes and nodes[0].operator.name == "item" else None
        if owner is not None and owner.index >= since and owner not in self.claimed and len(nodes) == len(made) \
                and all(x.operator.name == "item" and x.inputs[0] is owner and x.attrs["index"] == i for i, x in enumerate(nodes)):
            rename(owner, label)
            self.claimed.add(owner)
            return made
        if not nodes:
            if not made:
                with self.graph.name_scope(None):
                    state.no_op(name=label + "/")
            return made
        first = made.index(nodes[0])
        made[first] = self._own(nodes[0], label, since)
        if len(made) > 1 or first:
            self.graph.results[label] = tuple(x if isinstance(x, Node) else None for x in made)
        return made

    # ------------------------------------------------------------------ functions

    def _called(self, n: Parsed, inputs: Sequence[Any], label: str) -> Any:
        names = [function_name(n.proto.attr[a]) for a in CALLS[n.op]]
        if len(names) == 1:
            return self.call(names[0], inputs, f"{label}/")
        if "While" in n.op:
            return self._loop(names[0], names[1], inputs, label)
        pred, *operands = inputs
        if pred.type.dtype.kind != "b":
            pred = not_equal(pred, np.zeros((), pred.type.dtype))
        made = cond(pred, lambda: self.call(names[0], operands, f"{label}/{names[0]}/"),
                    lambda: self.call(names[1], operands, f"{label}/{names[1]}/"), strict=True)
        return made if isinstance(made, (list, tuple, Operation)) else [made]

    def _loop(self, condition: str, body: str, inputs: Sequence[Any], label: str) -> Any:
        """A loop; handles of variables go through it as they are."""
        moving = [i for i, x in enumerate(inputs) if not isinstance(x, (Variable, forms_outside.Contents, forms_outside.Outside))]

        def all_of(values: Sequence[Any]) -> list[Any]:
            whole = list(inputs)
            for i, x in zip(moving, values, strict=True):
                whole[i] = x
            return whole

        def step(*values: Any) -> list[Any]:
            found = self.call(body, all_of(values), f"{label}/{body}/")
            return [found[i] for i in moving]
        found = while_loop(lambda *values: self.call(condition, all_of(values), f"{label}/{condition}/")[0], step, [inputs[i] for i in moving],
                           return_same_structure=True)
        return all_of(found)

    def call(self, name: str, inputs: Sequence[Any], prefix: str) -> Any:
        """The results of a function, whose nodes are built anew for these arguments."""
        function = self.library[name]
        arguments = [a.name for a in function.signature.input_arg]
        if len(arguments) != len(inputs):
            raise SerializationError(f"the function {name!r:.80} takes {len(arguments)} arguments, not {len(inputs)}")
        if name not in self.functions:
            self.functions[name] = parsed(function.node_def, dict.fromkeys(arguments))
        if self.depth >= _DEEPEST:
            raise SerializationError(f"more than {_DEEPEST} functions call each other, among them {name!r:.80}")
        nodes = self.functions[name]
        env = Env(nodes, prefix)
        env.values = {a: (x,) for a, x in zip(arguments, inputs, strict=True)}
        self.depth += 1
        try:
            self.build_all(env, nodes)
        finally:
            self.depth -= 1
        by_name = {n: p.proto for n, p in nodes.items()}
        refs = [inner(function.ret[out.name], by_name, dict.fromkeys(arguments)) for out in function.signature.output_arg]
        done = list(dict.fromkeys(w for node in function.control_ret.values() for w in env.wait(node)))
        found = [env.value(r) for r in refs]
        if not done:
            return found
        with self.graph.control_dependencies(done):
            waiting = [array.identity(x) if isinstance(x, Node) and not isinstance(x, Variable) else x for x in found]
            return waiting or state.group(*done)


def _at(error: GraphcError, n: Parsed) -> GraphcError:
    """The error, which says of which node it speaks, the innermost one, and the user's line."""
    text = str(error)
    if not text.startswith(_SAYS):
        text = f"{_SAYS}{n.name!r:.80} ({n.op:.60}): {text}"[:LONGEST]
    return error.__class__(text if "\n  at " in text else text + here())
