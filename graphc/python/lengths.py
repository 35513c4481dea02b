"""What programs take of TensorFlow's `layers.utils` for layers of their own: lengths behind convolutions, and arguments in one form."""

from __future__ import annotations

from typing import Any

from ..errors import GraphError
from ..ir.node import here

__all__ = ["conv_input_length", "conv_output_length", "convert_data_format", "deconv_output_length", "normalize_data_format", "normalize_padding",
           "normalize_tuple"]


def _one_of(what: str, value: Any, allowed: tuple[str, ...]) -> str:
    """The word in small letters. GraphError: it is none of those allowed."""
    word = value.lower() if isinstance(value, str) else value
    if word not in allowed:
        raise GraphError(f"the `{what}` argument must be one of {', '.join(allowed)}, not {value!r:.40}{here()}")
    return word


def convert_data_format(data_format: str, ndim: int) -> str:
    """"channels_last" and "channels_first" of so many axes in TensorFlow's letters. GraphError: another format, or not 3 to 5 axes."""
    axes = {3: "W", 4: "HW", 5: "DHW"}.get(ndim)
    if axes is None:
        raise GraphError(f"convert_data_format: 3, 4 or 5 axes, not {ndim!r:.40}{here()}")
    return f"N{axes}C" if _one_of("data_format", data_format, ("channels_first", "channels_last")) == "channels_last" else f"NC{axes}"


def normalize_tuple(value: Any, n: int, name: str) -> tuple[Any, ...]:
    """n whole numbers, of one or of as many. GraphError: others."""
    if isinstance(value, int):
        return (value,) * n
    found: tuple[Any, ...] = ()
    try:
        found = tuple(value)
        fits = len(found) == n
        for one in found:
            int(one)
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise GraphError(f"the `{name}` argument must be a tuple of {n} integers, not {value!r:.60}{here()}")
    return found


def normalize_data_format(value: str) -> str:
    """"channels_first" or "channels_last", in small letters. GraphError: another one."""
    return _one_of("data_format", value, ("channels_first", "channels_last"))


def normalize_padding(value: str) -> str:
    """"valid" or "same", in small letters. GraphError: another one."""
    return _one_of("padding", value, ("valid", "same"))


def conv_output_length(input_length: Any, filter_size: int, padding: str, stride: int, dilation: int = 1) -> Any:
    """The length behind a convolution, None of None. GraphError: a padding that is not "same", "valid" or "full"."""
    if input_length is None:
        return None
    reach = (filter_size - 1) * dilation
    room = {"same": 0, "valid": -reach, "full": reach}[_one_of("padding", padding, ("same", "valid", "full"))]
    return (input_length + room + stride - 1) // stride


def conv_input_length(output_length: Any, filter_size: int, padding: str, stride: int) -> Any:
    """The least length before a convolution that gives this one, None of None. GraphError: as of `conv_output_length`."""
    if output_length is None:
        return None
    pad = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}[_one_of("padding", padding, ("same", "valid", "full"))]
    return (output_length - 1) * stride - 2 * pad + filter_size


def deconv_output_length(input_length: Any, filter_size: int, padding: str, stride: int) -> Any:
    """The length behind a transposed convolution, None of None. GraphError: as of `conv_output_length`."""
    if input_length is None:
        return None
    more = {"same": 0, "valid": max(filter_size - stride, 0), "full": 2 - stride - filter_size}
    return input_length * stride + more[_one_of("padding", padding, ("same", "valid", "full"))]
