"""The types of graph values: dtypes and what arrays are of them, and types, a dtype and a shape each."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, ShapeError
from .shapes import (
    Dimension,
    Shape,
    TensorShape,
    UnknownDimension,
    as_shape,
    broadcast,
    compatible,
    element_count,
    merge,
    shape_str,
)
from .sizes import alike, has_sizes

__all__ = ["COMPLEX", "DTYPES", "FLOATS", "HALF", "INTEGERS", "KINDS", "MOST_DIMENSIONS", "NUMBERS", "TEXT", "Array", "DType", "Dimension",
           "Shape", "TensorShape", "TensorType", "UnknownDimension", "as_array", "as_dtype", "as_shape", "as_text", "bool_", "broadcast",
           "compatible", "complex128", "complex64", "content", "differentiable", "dtype_name", "element_count", "exactly", "fits",
           "float16", "float32", "float64", "int16", "int32", "int64", "int8", "merge", "same_type", "shape_str", "string", "uint16", "uint32",
           "uint64", "uint8"]

Array = np.ndarray[Any, Any]


# The numbers of dtypes in TensorFlow's messages, by their names (`types.proto`).
DATATYPES = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7, "complex64": 8, "int64": 9, "bool": 10,
             "uint16": 17, "complex128": 18, "float16": 19, "uint32": 22, "uint64": 23}


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
    def as_datatype_enum(self) -> int:
        """The number that TensorFlow's messages have for the dtype.

        >>> float32.as_datatype_enum, string.as_datatype_enum
        (1, 7)
        """
        return DATATYPES[self.name]

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
    def is_complex(self) -> bool:
        return self.dtype.kind == "c"

    @property
    def real_dtype(self) -> DType:
        """The dtype of a complex number's parts; of others their own."""
        return DTYPES[self.dtype.type(0).real.dtype] if self.is_complex else self

    @property
    def is_bool(self) -> bool:
        return self.dtype.kind == "b"

    @property
    def min(self) -> Any:
        return np.finfo(self.dtype).min if self.is_floating else np.iinfo(self._ordered()).min

    @property
    def max(self) -> Any:
        return np.finfo(self.dtype).max if self.is_floating else np.iinfo(self._ordered()).max

    def _ordered(self) -> np.dtype[Any]:
        if self.is_complex:
            raise DTypeError(f"{self.name} has no least and no greatest number")
        return self.dtype

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self.dtype == other.dtype
        called = _called(other)
        if called is not None:
            return self is called
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

float16, float32, float64 = DType("float16"), DType("float32"), DType("float64")
HALF = float16.dtype        # kept in two bytes, computed in float32: ir.half
int8, int16, int32, int64 = (DType(n) for n in ("int8", "int16", "int32", "int64"))
uint8, uint16, uint32, uint64 = (DType(n) for n in ("uint8", "uint16", "uint32", "uint64"))
complex64, complex128 = DType("complex64"), DType("complex128")
bool_ = DType("bool")
string = DType(TEXT)
FLOATS, COMPLEX = (float32, float64), (complex64, complex128)
INTEGERS = (int8, int16, int32, int64, uint8, uint16, uint32, uint64)
DTYPES = {d.dtype: d for d in (*FLOATS, float16, *INTEGERS, bool_, string, *COMPLEX)}
KINDS = "biufc"             # of numbers, as NumPy calls them: what is weak takes the dtype of a later one
# From the narrowest on.
NUMBERS = tuple(sorted((float16, *FLOATS, *INTEGERS, bool_, *COMPLEX), key=lambda d: ("buifc".index(d.dtype.kind), d.size)))


def differentiable(dtype: np.dtype[Any]) -> bool:
    """Whether there are derivatives of and by values of a dtype."""
    return dtype.kind in "fc"


def _called(value: Any) -> DType | None:
    """The dtype that TensorFlow means by a type of Python's, or a name, where NumPy means another."""
    return float32 if value is float or (value.__class__ is str and value == "float") else None


def as_dtype(value: Any) -> DType:
    """The `DType` that a DType, numpy dtype, numpy scalar type, Python type or name stands for; DTypeError if it is none of graphc's.

    `float` is `float32`, as in TensorFlow, whether it is Python's type or its name (of NumPy it is float64).

    >>> as_dtype("float64"), as_dtype(np.int32), as_dtype(bool), as_dtype(float)
    (graphc.float64, graphc.int32, graphc.bool, graphc.float32)
    """
    if isinstance(value, DType):
        return value
    called = _called(value)
    if called is not None:
        return called
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
    flat = array.ravel().tolist()
    kinds = {*map(type, flat)}
    if kinds <= {bytes}:
        return array
    if kinds <= {bytes, str}:
        with suppress(UnicodeEncodeError):      # which names its text below
            array.reshape(-1)[:] = [text.encode() if text.__class__ is str else text for text in flat]
            return array
    for place, text in np.ndenumerate(array):
        if not isinstance(text, (str, bytes)):
            raise DTypeError(f"{text!r:.60} is not a text, and stands among texts")
        try:
            array[place] = text.encode() if isinstance(text, str) else text
        except UnicodeEncodeError:
            raise DTypeError(f"{ascii(text):.60} is not a text: it has half of a surrogate pair, which UTF-8 has not") from None
    return array


def content(array: Array) -> Any:
    """What an array of known dtype and shape holds, to compare and to hash: the bits of numbers, but of texts not their addresses.

    >>> content(np.array([b"a", b"bc"], object)), content(np.array([1], np.int8))
    ((b'a', b'bc'), b'\\x01')
    """
    return tuple(array.ravel().tolist()) if array.dtype == TEXT else array.tobytes()


def as_array(value: Any, dtype: Any = None) -> Array:
    """A value as TensorFlow takes it: Python floats are float32, ints int32, what numpy made keeps its dtype.

    Raises DTypeError for what is no array of a supported dtype (objects, numbers where texts are wanted).
    """
    if dtype is not None:
        dtype = as_dtype(dtype).dtype
    try:
        array = np.asarray(value)
    except UnicodeDecodeError:                  # texts beside bytes that are no ASCII
        array = np.asarray(value, object)
    except ValueError as e:
        raise ShapeError(f"a list whose rows differ in length is not a tensor: {e}") from None
    if array.dtype.kind in "USO" and dtype in (None, TEXT) and all(isinstance(v, (str, bytes)) for v in array.flat):
        return as_text(value)
    if dtype == TEXT and not array.size and isinstance(value, (list, tuple)):      # numpy takes no texts for numbers
        return np.empty(array.shape, TEXT)
    if array.dtype.kind not in KINDS or dtype == TEXT:
        unknown = isinstance(value, (list, tuple)) and any(v is None or isinstance(v, UnknownDimension) for v in value)
        raise DTypeError(f"{type(value).__name__} {value!r:.80} is not a tensor of {'a supported dtype' if dtype is None else dtype_name(dtype)}"
                         + "; a dimension that is known only when the graph runs is tf.shape(x)[i]" * unknown)
    if dtype is None and not hasattr(value, "dtype") and not _made_by_numpy(value):
        dtype = _from_python(array, value)
    elif dtype is None:
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
    if array.dtype.kind == "c" and dtype.kind != "c":
        raise DTypeError(f"{value!r:.60} is complex, and not of dtype {dtype}; tf.real and tf.imag are its parts")
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
    if array.ndim:
        low, high = (x if array.dtype.hasobject else x.item() for x in (array.min(), array.max()))
    else:
        low = high = array.item()
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


_INT = np.dtype(np.int32)       # of Python's integers, where it holds them


def _from_python(array: Array, value: Any) -> np.dtype[Any]:
    if array.dtype.kind == "f" or array.size == 0:
        return np.dtype(np.float32)
    if array.dtype.kind in "bc":
        return array.dtype
    return _INT if fits(array, _INT) else np.dtype(np.int64)


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
