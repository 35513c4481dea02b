"""What a plan is made of, as JSON values and columns of numbers, and back: what is read is checked piece by piece, and nothing of it is executed.

A polynomial is a list of `[coefficient, atom, ...]`; atoms are numbers: of free sizes first, then of operations on polynomials before them. A
value that JSON has no word for is a list whose first element says what it is. `Damaged` says what is none of these.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..ir.body import Body
from ..ir.node import Node, Operation
from ..ir.polynomials import Atom, Terms
from ..ir.scope import Scope
from ..ir.sizes import Size
from ..ir.types import DTYPES, MOST_DIMENSIONS, Array, DType, TensorType, dtype_name, same_type

DTYPE_OF = {dtype_name(d): d for d in DTYPES}
NAMES = list(DTYPE_OF)
OPERATIONS = ("//", "%", "max", "min")
DEEPEST = 40            # operations within operations: their text is parsed by Python, which has a limit
LONGEST = 1000          # atoms in an operation, those of its operands counted
LARGEST = 1 << 62       # of a number


class Damaged(ValueError):
    """What is read is not what was written."""


class Unkept(Exception):
    """A plan has something that no file can hold, or that nothing tells from another."""


def check(so: Any) -> None:
    """Damaged, unless it is so."""
    if not so:
        raise Damaged("it does not say what a plan is")


def whole(value: Any, least: int = 0, most: int = LARGEST) -> int:
    """The value, if it is an integer from `least` to `most`."""
    check(type(value) is int and least <= value <= most)
    return int(value)


def listed(value: Any, count: int | None = None) -> list[Any]:
    """The value, if it is a list, of so many."""
    check(type(value) is list and (count is None or len(value) == count))
    return list(value)


# ---------------------------------------------------------------------- columns

def joined(record: Mapping[str, Any], columns: Mapping[str, Any], blobs: Sequence[bytes]) -> bytes:
    """A record, columns of whole numbers and pieces of bytes as one piece."""
    arrays = {name: np.ascontiguousarray(column, "<i8").reshape(-1) for name, column in columns.items()}
    head = {**record, "columns": {name: a.size for name, a in arrays.items()}, "blobs": [len(b) for b in blobs]}
    text = json.dumps(head, separators=(",", ":"), allow_nan=False).encode()
    return b"".join([b"%d\n" % len(text), text, *(a.tobytes() for a in arrays.values()), *blobs])


def parted(data: bytes) -> tuple[dict[str, Any], dict[str, Array], list[bytes]]:
    """What `joined` has joined; Damaged if it is anything else."""
    size, line, rest = data[:12].partition(b"\n")
    check(line and size.isdigit())
    start = len(size) + 1
    end = start + int(size)
    try:
        head = json.loads(data[start:end])
    except (ValueError, RecursionError):
        raise Damaged("it is no JSON") from None
    check(type(head) is dict and type(head.get("columns")) is dict)
    columns, blobs = dict[str, Array](), list[bytes]()
    for name, count in head.pop("columns").items():
        bytes_ = 8 * whole(count, most=len(data))
        check(end + bytes_ <= len(data))
        columns[name] = np.frombuffer(data, "<i8", count, end).astype(np.int64, copy=False)
        end += bytes_
    for count in listed(head.pop("blobs", None)):
        check(end + whole(count, most=len(data)) <= len(data))
        blobs.append(data[end:end + count])
        end += count
    check(end == len(data))
    return head, columns, blobs


# ---------------------------------------------------------------------- sizes

class SizeWriter:
    """The sizes of a scope; `atoms` are the operations met so far."""

    def __init__(self, scope: Scope):
        self.scope = scope
        self.number: dict[Atom, int] = {atom: i for i, atom in enumerate(scope.free)}
        self.atoms: list[Any] = []

    def size(self, x: Any) -> Any:
        """A size as an integer or a polynomial."""
        return self.terms(x.terms) if isinstance(x, Size) else int(x)

    def terms(self, terms: Terms) -> list[Any]:
        return [[c, *(self._atom(a) for a in monomial)] for monomial, c in terms]

    def _atom(self, atom: Atom) -> int:
        if atom not in self.number:
            if atom.operands is None:
                raise Unkept("a size of another scope")
            a, b = map(self.size, atom.operands)
            self.number[atom] = len(self.number)
            self.atoms.append([atom.name, a, b])
        return self.number[atom]

    def record(self) -> dict[str, Any]:
        """The scope: free sizes, guards and limits. To be asked last: `atoms` are then all that there are."""
        guards = [[relation, self.terms(terms), so] for (relation, terms), so in self.scope.guards.items()]
        limits = [self.terms(terms) for terms in self.scope.limits]
        return {"free": self.scope.at_hand(), "preferring": self.scope.preferring, "guards": guards, "limits": limits, "atoms": self.atoms}


class SizeReader:
    """A scope that was written, and sizes of it."""

    def __init__(self, record: Mapping[str, Any]):
        self.scope = Scope()
        self.atoms: list[Atom] = []
        for i, n in enumerate(listed(record.get("free"))):
            self.atoms.append(Atom(i, f"s{i}", None, whole(n, -LARGEST), (None, None)))
        self.scope.free = [*self.atoms]
        depth, length = [0] * len(self.atoms), [1] * len(self.atoms)
        for entry in listed(record.get("atoms")):
            name, a, b = listed(entry, 3)
            within = [i for x in (a, b) if type(x) is list for part in x for i in _atoms_of(part, len(depth))]
            depth.append(1 + max((depth[i] for i in within), default=0))
            length.append(1 + sum(length[i] for i in within))
            check(type(name) is str and name in OPERATIONS and depth[-1] < DEEPEST and length[-1] < LONGEST)
            self.atoms.append(Atom(len(self.atoms), name, (self.size(a), self.size(b)), 0, (None, None)))
        for guard in listed(record.get("guards")):
            relation, terms, so = listed(guard, 3)
            check(type(relation) is str and relation in ("==", "<") and type(so) is bool)
            self.scope.guards[relation, self.terms(terms)] = so
        for limit in listed(record.get("limits")):
            self.scope.limits[self.terms(limit)] = None

    def size(self, value: Any) -> Any:
        """An integer or a size."""
        return Size(self.scope, self.terms(value)) if type(value) is list else whole(value, -LARGEST)

    def terms(self, value: Any) -> Terms:
        found = []
        for part in listed(value):
            atoms = _atoms_of(part, len(self.atoms))
            found.append((tuple([self.atoms[i] for i in atoms]), whole(part[0], -LARGEST)))
        return tuple(found)


def _atoms_of(part: Any, count: int) -> list[int]:
    check(type(part) is list and part and len(part) <= MOST_DIMENSIONS)
    return [whole(i, 0, count - 1) for i in part[1:]]


# ---------------------------------------------------------------------- values

class ValueWriter:
    """Attributes and types as JSON values. `array(a)` says what stands for an array's bytes, `size(x)` for a size, `place` for a node.

    A body is one of a node of `place`, or a part of such: no other is data.
    """

    def __init__(self, place: Mapping[Node, int], array: Callable[[Array], Any], size: Callable[[Any], Any]):
        self.place, self.array, self.size = place, array, size
        self._bodies: dict[Body, list[Any]] | None = None

    def body(self, v: Body) -> list[Any]:
        """Whose body it is, under which name, and which part of it."""
        if self._bodies is None:
            self._bodies = {b: [i, name] for n, i in self.place.items() if n.operator.drive is not None
                            for name, b in n.attrs.items() if isinstance(b, Body)}
        whole, (parameters, results, constants) = v.whole or (v, ((), (), ()))
        found = self._bodies.get(whole)
        if found is None or not all(x in self.place for _, x in constants):
            raise Unkept("a body that is made while a graph is compiled")
        return ["body", *found] if v.whole is None else ["body", *found, [*parameters], [*results], [[i, self.place[x]] for i, x in constants]]

    def __call__(self, v: Any) -> Any:
        if v is None or v.__class__ in (bool, int, str):
            return v
        if v.__class__ is float:
            return ["float", v.hex()]
        if isinstance(v, TensorType):
            return ["type", self.type(v)]
        if isinstance(v, Size):
            return ["size", self.size(v)]
        if v.__class__ in (tuple, list):
            return [v.__class__.__name__, *map(self, v)]
        if isinstance(v, bytes):
            return ["bytes", v.hex()]
        if isinstance(v, DType):
            return ["DType", v.name]
        if isinstance(v, np.dtype) and v in DTYPES:
            return ["dtype", dtype_name(v)]
        if isinstance(v, (np.ndarray, np.generic)):
            array = np.asarray(v)
            kind = "array" if isinstance(v, np.ndarray) else "scalar"
            if array.dtype.hasobject:
                return ["objects", list(array.shape), *map(self, array.flat)]
            if array.dtype in DTYPES:
                return [kind, dtype_name(array.dtype), list(array.shape), self.array(np.ascontiguousarray(array))]
        if isinstance(v, Body):
            return self.body(v)
        node = v.node if isinstance(v, Operation) else v
        if isinstance(node, Node) and node in self.place:
            return ["operation" if isinstance(v, Operation) else "node", self.place[node]]
        raise Unkept(f"{type(v).__name__} is no data")

    def type(self, t: Any) -> Any:
        if t is None:
            return None
        if isinstance(t, TensorType):
            return [dtype_name(t.dtype), None if t.shape is None else [None if d is None else self.size(d) for d in t.shape]]
        return ["several", *map(self.type, t)]


class ValueReader:
    """Values that `ValueWriter` wrote, arrays of the `blobs`, nodes among `order`."""

    def __init__(self, order: Sequence[Node], blobs: Sequence[bytes], size: Callable[[Any], Any]):
        self.order, self.blobs, self.size = order, blobs, size

    def __call__(self, v: Any, depth: int = 0) -> Any:
        if v is None or type(v) in (bool, int, str):
            return v
        check(type(v) is list and v and type(v[0]) is str and depth < DEEPEST)
        kind, *rest = v
        if kind in ("tuple", "list"):
            inner = [self(x, depth + 1) for x in rest]
            return tuple(inner) if kind == "tuple" else inner
        if kind == "objects":
            return self._objects(rest, depth)
        if kind in ("array", "scalar"):
            made = self.array(*listed(rest, 3))
            return made if kind == "array" else made[()]
        if kind == "body":
            return self._body(*rest) if len(rest) == 2 else self._part(*listed(rest, 5))
        (one,) = listed(rest, 1)
        if kind == "size":
            return self.size(one)
        if kind == "type":
            return self.type(one)
        if kind in ("node", "operation"):
            node = self.node(one)
            return node if kind == "node" else Operation(node)
        check(type(one) is str and kind in _TEXTS)
        try:
            return _TEXTS[kind](one)
        except (ValueError, OverflowError, KeyError):
            raise Damaged(f"it is no {kind}") from None

    def node(self, i: Any) -> Node:
        return self.order[whole(i, 0, len(self.order) - 1)]

    def _body(self, place: Any, name: Any) -> Body:
        found = self.node(place).attrs.get(name) if type(name) is str else None
        check(isinstance(found, Body))
        assert isinstance(found, Body)
        return found

    def _part(self, place: Any, name: Any, parameters: Any, results: Any, constants: Any) -> Body:
        """A part of a body of the graph's: what it needs is among the parameters that are left, and the constants."""
        body = self._body(place, name)
        count = len(body.parameters)
        left, kept = [whole(i, 0, count - 1) for i in listed(parameters)], [whole(i, 0, len(body.results) - 1) for i in listed(results)]
        given = [(whole(i, 0, count - 1), self.node(x)) for i, x in (listed(c, 2) for c in listed(constants))]
        check(len({*left, *(i for i, _ in given)}) == len(left) + len(given) and len({*kept}) == len(kept))
        check(all(x.operator.name == "constant" and same_type(x.type, body.parameters[i].type) for i, x in given))
        check(body.needs(kept).intersection(body.parameters) <= {body.parameters[i] for i in (*left, *(i for i, _ in given))})
        return body.part(left, kept, given)

    def array(self, dtype: Any, shape: Any, blob: Any) -> Array:
        """An array of the blobs, which cannot be written to."""
        check(type(dtype) is str and dtype in DTYPE_OF)
        check(len(listed(shape)) <= MOST_DIMENSIONS)
        dims, data, kind = [whole(d) for d in shape], self.blobs[whole(blob, 0, len(self.blobs) - 1)], DTYPE_OF[dtype]
        check(not kind.hasobject and math.prod(dims) * kind.itemsize == len(data) and max(dims, default=0) < LARGEST)
        check(kind.kind != "b" or max(data, default=0) <= 1)
        made = np.frombuffer(data, kind).reshape(dims)
        aligned = made if made.flags.aligned else made.copy()
        aligned.flags.writeable = False
        return aligned

    def _objects(self, rest: list[Any], depth: int) -> Array:
        shape = [whole(d, most=len(rest)) for d in listed(rest[0] if rest else None)]
        check(math.prod(shape) == len(rest) - 1 and len(shape) <= MOST_DIMENSIONS)
        made = np.empty(len(rest) - 1, object)
        made[:] = [self(x, depth + 1) for x in rest[1:]]
        return made.reshape(shape)

    def type(self, t: Any) -> Any:
        if t is None:
            return None
        check(type(t) is list and t)
        if t[0] == "several":
            types = tuple([self.type(x) for x in t[1:]])
            check(all(isinstance(x, TensorType) for x in types))
            return types
        dtype, shape = listed(t, 2)
        check(type(dtype) is str and dtype in DTYPE_OF and (shape is None or len(listed(shape)) <= MOST_DIMENSIONS))
        return TensorType(DTYPE_OF[dtype], None if shape is None else tuple([None if d is None else self.size(d) for d in shape]))


_TEXTS: dict[str, Callable[[str], Any]] = {
    "float": float.fromhex, "bytes": bytes.fromhex, "dtype": lambda name: DTYPE_OF[name], "DType": lambda name: DTYPES[DTYPE_OF[name]],
}

