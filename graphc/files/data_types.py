"""TensorFlow's numbers of dtypes by the names that `types.proto` gives them, `DT_FLOAT` and others."""

from __future__ import annotations

from typing import Any

_NAMES = """DT_INVALID DT_FLOAT DT_DOUBLE DT_INT32 DT_UINT8 DT_INT16 DT_INT8 DT_STRING DT_COMPLEX64 DT_INT64 DT_BOOL DT_QINT8 DT_QUINT8 DT_QINT32
DT_BFLOAT16 DT_QINT16 DT_QUINT16 DT_UINT16 DT_COMPLEX128 DT_HALF DT_RESOURCE DT_VARIANT DT_UINT32 DT_UINT64""".split()
_REFERENCE = 100            # the number of a dtype's reference is so much greater


class DataType:
    """The numbers by name, as TensorFlow's message has them.

    >>> from graphc.core.framework import types_pb2
    >>> types_pb2.DataType.Name(types_pb2.DT_FLOAT), types_pb2.DataType.Value("DT_INT32")
    ('DT_FLOAT', 3)
    """

    @staticmethod
    def items() -> list[tuple[str, int]]:
        """All names with their numbers."""
        return [*_NUMBERS.items()]

    @staticmethod
    def keys() -> list[str]:
        """All names."""
        return [*_NUMBERS]

    @staticmethod
    def Name(number: int) -> str:
        """The name of a number. ValueError: there is none."""
        found = next((name for name, n in _NUMBERS.items() if n == number), None)
        if found is None:
            raise ValueError(f"there is no dtype of the number {number!r:.40}")
        return found

    @staticmethod
    def Value(name: str) -> int:
        """The number of a name. ValueError: there is none."""
        if name not in _NUMBERS:
            raise ValueError(f"there is no dtype of the name {name!r:.40}")
        return _NUMBERS[name]


_NUMBERS = {name: i for i, name in enumerate(_NAMES)}
_NUMBERS |= {f"{name}_REF": i + _REFERENCE for name, i in _NUMBERS.items() if i}
__all__ = ["DataType", *_NUMBERS]


def __getattr__(name: str) -> Any:
    if name in _NUMBERS:
        return _NUMBERS[name]
    raise AttributeError(name)
