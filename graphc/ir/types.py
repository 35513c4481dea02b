"""The types of graph values: dtypes, shapes with unknown parts, and their promotion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, ShapeError
from .sizes import Size, alike, has_sizes

Shape = tuple[int | None, ...]       # while a graph is compiled, of sizes too: a `Size` does what an int does
Array = np.ndarray[Any, Any]


class DType:
    """A TensorFlow-style name for a numpy dtype: `float32`, `int64`, ...

    >>> float32 == np.float32, float32.as_numpy_dtype is np.float32, float32.name
    (True, True, 'float32')
    """

    __slots__ = ("dtype",)

    def __init__(self, dtype: Any):
        self.dtype = np.dtype(dtype)

    @property
    def as_numpy_dtype(self) -> type:
        return self.dtype.type

    @property
    def name(self) -> str:
        return dtype_name(self.dtype)

    @property
    def base_dtype(self) -> DType:
        return self

    @property
    def size(self) -> int:
        return self.dtype.itemsize

    @property
    def is_floating(self) -> bool:
        return self.dtype.kind == "f"

    @property
    def is_integer(self) -> bool:
        return self.dtype.kind in "iu"

    @property
    def is_bool(self) -> bool:
        return self.dtype.kind == "b"

    @property
    def min(self) -> Any:
        return np.finfo(self.dtype).min if self.is_floating else np.iinfo(self.dtype).min

    @property
    def max(self) -> Any:
        return np.finfo(self.dtype).max if self.is_floating else np.iinfo(self.dtype).max

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self.dtype == other.dtype
        try:
            return self.dtype == np.dtype(other)  # type: ignore[call-overload]
        except TypeError:
            return NotImplemented

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"graphc.{self.name}"


def dtype_name(dtype: np.dtype[Any]) -> str:
    """The name a dtype has in graphs, files and messages."""
    return "string" if dtype.hasobject else dtype.name


# Texts are arrays of Python's bytes; they are handled by host steps alone, never by kernels.
TEXT = np.dtype(object)

float32, float64 = DType("float32"), DType("float64")
int8, int16, int32, int64, uint8 = (DType(n) for n in ("int8", "int16", "int32", "int64", "uint8"))
bool_ = DType("bool")
string = DType(TEXT)
FLOATS, INTEGERS = (float32, float64), (int8, int16, int32, int64, uint8)
DTYPES = {d.dtype: d for d in (*FLOATS, *INTEGERS, bool_, string)}
NUMBERS = tuple(sorted((*FLOATS, *INTEGERS, bool_), key=lambda d: ("buif".index(d.dtype.kind), d.size)))         # from the narrowest on
# Only graphc's own random operators use these two; no user tensor has them.
INTERNAL = (np.dtype("uint32"), np.dtype("uint64"))


def as_dtype(value: Any) -> DType:
    """The `DType` that a DType, numpy dtype, numpy scalar type, Python type or name stands for; DTypeError if it is none of graphc's.

    >>> as_dtype("float64"), as_dtype(np.int32), as_dtype(bool)
    (graphc.float64, graphc.int32, graphc.bool)
    """
    if isinstance(value, DType):
        return value
    if value is None:
        raise DTypeError("None is not a dtype")
    if value is str or value is bytes or (value.__class__ is str and value == "string"):
        return string
    try:
        dtype = np.dtype(value).newbyteorder("=")
    except TypeError:
        raise DTypeError(f"{value!r} is not a dtype") from None
    if dtype not in DTYPES:
        names = ", ".join(d.name for d in DTYPES.values())
        raise DTypeError(f"dtype {dtype} is not supported; graphc has {names}")
    return DTYPES[dtype]


def as_text(value: Any) -> Array:
    """A text, or nested lists of texts, as an array of bytes (str in UTF-8); DTypeError if there is something else among them.

    >>> as_text(["a", b"b"])
    array([b'a', b'b'], dtype=object)
    """
    array = np.array(value, TEXT)
    for place, text in np.ndenumerate(array):
        if not isinstance(text, (str, bytes)):
            raise DTypeError(f"{text!r:.60} is not a text, and stands among texts")
        try:
            array[place] = text.encode() if isinstance(text, str) else text
        except UnicodeEncodeError:
            raise DTypeError(f"{ascii(text):.60} is not a text: it has half of a surrogate pair, which UTF-8 has not") from None
    return array


def as_array(value: Any, dtype: Any = None) -> Array:
    """A value as TensorFlow takes it: Python floats are float32, ints int32, what numpy made keeps its dtype.

    Raises DTypeError for what is no array of a supported dtype (objects, numbers where texts are wanted).
    """
    if dtype is not None:
        dtype = as_dtype(dtype).dtype
    try:
        array = np.asarray(value)
    except ValueError as e:
        raise ShapeError(f"a list whose rows differ in length is not a tensor: {e}") from None
    if array.dtype.kind in "USO" and dtype in (None, TEXT) and all(isinstance(v, (str, bytes)) for v in array.flat):
        return as_text(value)
    if array.dtype.kind not in "fiub" or dtype == TEXT:
        unknown = isinstance(value, (list, tuple)) and any(v is None or isinstance(v, UnknownDimension) for v in value)
        raise DTypeError(f"{type(value).__name__} {value!r:.80} is not a tensor of {'a supported dtype' if dtype is None else dtype_name(dtype)}"
                         + "; a dimension that is known only when the graph runs is tf.shape(x)[i]" * unknown)
    if dtype is None and not hasattr(value, "dtype") and not _made_by_numpy(value):
        dtype = _from_python(array, value)
    elif dtype is None:
        if array.dtype == np.float16:
            raise DTypeError(f"{value!r:.60} is float16, which is no dtype of graphc's; x.astype(np.float32) is")
        dtype = as_dtype(array.dtype).dtype
    if dtype != array.dtype:
        if dtype.kind in "iu" and array.dtype.kind == "f" and array.size and not np.array_equal(array, np.rint(array)):
            raise DTypeError(f"{value!r:.80} is not of dtype {dtype}: it has fractions")
        array = exactly(array, dtype)
    return array


def exactly(value: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Numbers in another dtype; DTypeError names the first one that is none of it: integers are never wrapped around."""
    array = np.asarray(value)
    if has_sizes(array):                        # looked at when they are numbers
        return array
    if not fits(array, dtype):
        least, greatest = _range(dtype)
        wrong = next(v for v in array.ravel().tolist() if not least <= v <= greatest)
        raise DTypeError(f"{wrong} is not of dtype {dtype}, which goes from {least} to {greatest}")
    if dtype.kind in "iu":
        return array.astype(dtype)
    with np.errstate(all="ignore"):         # a number too large for a float is infinite
        return array.astype(dtype)


def fits(array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> bool:
    """Whether all numbers of an array lie in the range of an integer dtype; any number lies in that of others."""
    if dtype.kind not in "iu" or array.dtype.kind not in "fiuO" or array.dtype == dtype or not array.size:
        return True
    # Compared as Python's numbers, which are exact: float64 has no greatest int64.
    low, high = (x if array.dtype.hasobject else x.item() for x in (array.min(), array.max()))
    least, greatest = _range(dtype)
    return bool(least <= low <= high <= greatest)


@cache
def _range(dtype: np.dtype[Any]) -> tuple[int, int]:
    """The least and the greatest number of an integer dtype."""
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


def _made_by_numpy(value: Any) -> bool:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return hasattr(value, "dtype")


def _from_python(array: Array, value: Any) -> np.dtype[Any]:
    if array.dtype.kind == "f" or array.size == 0:
        return np.dtype(np.float32)
    if array.dtype.kind == "b":
        return array.dtype
    small = np.iinfo(np.int32).min <= array.min() and array.max() <= np.iinfo(np.int32).max
    return np.dtype(np.int32 if small else np.int64)


class Dimension(int):
    """A known dimension: an int with TensorFlow 1's `.value`."""

    def __new__(cls, value: int) -> Dimension:
        return super().__new__(cls, value)

    @property
    def value(self) -> int:
        return int(self)


class UnknownDimension:
    """A dimension known only when the graph runs; its `.value` is None."""

    value = None

    def __repr__(self) -> str:
        return "?"

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, UnknownDimension)

    def __hash__(self) -> int:
        return hash(None)

    def __int__(self) -> int:
        raise ShapeError("this dimension is unknown until the graph runs; tf.shape(x)[i] gives it as a tensor")

    __index__ = __int__


class TensorShape:
    """A static shape, any part of which may be unknown (TensorFlow 1's `TensorShape`).

    >>> s = TensorShape([None, 784])
    >>> s.as_list(), s.ndims, s[1].value, str(s)
    ([None, 784], 2, 784, '(?, 784)')
    """

    __slots__ = ("_shape",)

    def __init__(self, dims: Any = None):
        self._shape = as_shape(dims)

    @property
    def ndims(self) -> int | None:
        return None if self._shape is None else len(self._shape)

    rank = ndims

    @property
    def dims(self) -> list[Any] | None:
        return None if self._shape is None else list(self)

    def as_list(self) -> list[int | None]:
        """The sizes as a list, None for what is unknown; ShapeError if the rank is."""
        if self._shape is None:
            raise ShapeError("as_list() of a shape of unknown rank")
        return list(self._shape)

    def is_fully_defined(self) -> bool:
        """Whether all of the shape is known."""
        return self._shape is not None and None not in self._shape

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a tensor could have both shapes."""
        return compatible(self._shape, as_shape(other))

    def num_elements(self) -> int | None:
        """The number of elements, None if it is unknown."""
        return element_count(self._shape) if self.is_fully_defined() else None

    def __iter__(self) -> Iterator[Any]:
        if self._shape is None:
            raise ShapeError("a shape of unknown rank cannot be iterated over")
        return (UnknownDimension() if d is None else Dimension(d) for d in self._shape)

    def __len__(self) -> int:
        return len(self.as_list())

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return TensorShape(self.as_list()[i])
        return list(self)[i]

    def __eq__(self, other: object) -> bool:
        try:
            return self._shape == as_shape(other)
        except (TypeError, ValueError):
            return False

    def __hash__(self) -> int:
        return hash(self._shape)

    def __repr__(self) -> str:
        return f"TensorShape({self._shape})"

    def __str__(self) -> str:
        if self._shape is None:
            return "<unknown>"
        return "(" + ", ".join("?" if d is None else str(d) for d in self._shape) + ("," if len(self._shape) == 1 else "") + ")"


def as_shape(dims: Any) -> Shape | None:
    """A tuple of ints and Nones, or None for an unknown rank; raises ShapeError for anything else."""
    if dims is None:
        return None
    if isinstance(dims, TensorShape):
        return dims._shape
    if isinstance(dims, (int, np.integer)):
        dims = (dims,)
    if not isinstance(dims, Iterable):
        raise ShapeError(f"{dims!r} is not a shape")
    out: list[Any] = []
    for d in dims:
        if d is None or isinstance(d, UnknownDimension):
            out.append(None)
            continue
        if isinstance(d, Size):
            out.append(d)
            continue
        try:
            n = d.__index__()
        except (AttributeError, TypeError):
            raise ShapeError(f"{d!r} is not a dimension: shapes are made of integers and None") from None
        if n < 0:
            raise ShapeError(f"a dimension is negative in the shape {tuple(dims)}")
        out.append(int(n))
    return tuple(out)


MOST_DIMENSIONS = 64        # of a tensor: NumPy has no more


class TensorType(NamedTuple):
    """What is known of a value before it exists: its numpy dtype and its shape (None: unknown rank).

    >>> print(TensorType(np.dtype("float32"), (None, 784)))
    float32[?,784]
    """

    dtype: np.dtype[Any]
    shape: Shape | None

    def __str__(self) -> str:
        if self.shape is None:
            return f"{dtype_name(self.dtype)}[...]"
        return f"{dtype_name(self.dtype)}[{','.join('?' if d is None else str(d) for d in self.shape)}]"

    @property
    def rank(self) -> int | None:
        return None if self.shape is None else len(self.shape)

    @property
    def known(self) -> bool:
        return self.shape is not None and None not in self.shape

    @property
    def nbytes(self) -> int:
        """Bytes of a value of this type; its shape is known."""
        return element_count(self.shape) * self.dtype.itemsize


def same_type(a: Any, b: Any) -> bool:
    """Whether two types are one, whatever the sizes are that a plan leaves open: those are compared by structure, and nothing is decided."""
    if not isinstance(a, TensorType) or not isinstance(b, TensorType):
        return a == b
    return a.dtype == b.dtype and (a.shape is b.shape or (a.shape is not None and b.shape is not None and alike(a.shape, b.shape)))


def compatible(a: Shape | None, b: Shape | None) -> bool:
    """Whether one concrete shape could be both."""
    if a is None or b is None:
        return True
    return len(a) == len(b) and all(x is None or y is None or x == y for x, y in zip(a, b, strict=True))


def merge(a: Shape | None, b: Shape | None) -> Shape | None:
    """What is known of a shape that is both; the caller has checked `compatible`."""
    if a is None or b is None:
        return b if a is None else a
    return tuple(y if x is None else x for x, y in zip(a, b, strict=True))


def broadcast(*shapes: Shape | None) -> Shape | None:
    """The numpy broadcast of shapes with unknown parts; raises ShapeError when none can exist.

    An unknown dimension against a known one other than 1 is that one; against 1 it stays unknown.
    """
    if any(s is None for s in shapes):
        return None
    known = [s for s in shapes if s is not None]
    if len(known) == 2 and alike(known[0], known[1]) and None not in known[0]:
        return known[0]
    rank = max((len(s) for s in known), default=0)
    out: list[Any] = []
    for axis in range(-rank, 0):
        size: Any = 1
        open_ = False
        for s in known:
            d: Any = s[axis] if len(s) >= -axis else 1
            if d is None:
                open_ = True
            elif size.__class__ is int and size == 1:
                size = d
            elif not alike(d, size) and d != 1:             # what is alike, or one of two is 1, decides nothing on open sizes
                if size not in (1, d):
                    raise ShapeError("shapes do not broadcast: " + " and ".join(shape_str(s) for s in known))
                size = d
        out.append(None if open_ and size == 1 else size)
    return tuple(out)


def shape_str(shape: Shape | None) -> str:
    return "[...]" if shape is None else "[" + ",".join("?" if d is None else str(d) for d in shape) + "]"


def element_count(shape: Shape | None) -> int:
    """The number of elements of a concrete shape."""
    assert shape is not None
    n = 1
    for d in shape:
        assert d is not None
        n *= d
    return n
