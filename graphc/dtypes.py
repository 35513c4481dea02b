"""`tf.dtypes`: the types of elements, and conversions between them."""

from .ir.types import (
    DType,
    as_dtype,
    bool_,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .ir.types import float16 as half
from .ir.types import float64 as double
from .ops.math import cast, saturate_cast
from .ops.math_complex import complex
from .ops.strings import as_string
from .tf1_names import namespace as _namespace

__all__ = ["DType", "as_dtype", "as_string", "bool", "cast", "complex", "complex128", "complex64", "double", "float16", "float32", "float64",
           "half", "int16", "int32", "int64", "int8", "saturate_cast", "string", "uint16", "uint32", "uint64", "uint8"]

bool = bool_

_namespace(globals())
