"""Texts as ragged rows of what they are made of: code points, characters, bytes; rows of texts joined to n-grams."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.node import here
from ..ir.operator import Values, declare, to_node
from ..ir.types import TEXT, Array, TensorType, compatible, dtype_name, shape_str
from .array import concat, expand_dims, reshape, shape, stack
from .ragged_tensor import RaggedTensor
from .segments import segment_type
from .sparse_tensor import INDEX
from .string_parts import split_each
from .strings import Types, bytes_of, of_texts, text_of
from .unicode import unicode_points, unicode_texts

__all__ = ["bytes_split", "ngrams", "unicode_decode", "unicode_decode_with_offsets", "unicode_encode", "unicode_split",
           "unicode_split_with_offsets", "unsorted_segment_join"]


def _given(what: str, x: Any) -> tuple[Any, int]:
    """A tensor or a ragged one, and how many axes it has. ShapeError: that is not known."""
    node = x if isinstance(x, RaggedTensor) else to_node(x)
    rank = node.shape.ndims
    if rank is None:
        raise ShapeError(f"{what}: the rank of {node!r} is not known{here()}")
    return node, rank


# ---------------------------------------------------------------------- code points

def _decoded(what: str, input: Any, name: str | None, encoding: str, errors: str, replacement: int, controls: bool = False) -> tuple[Any, Any]:
    """The code points of each text, and where they begin in it."""
    x, rank = _given(what, input)
    if rank > 1:
        own = x.ragged_rank if isinstance(x, RaggedTensor) else 0
        if not own:
            x = RaggedTensor.from_tensor(x, ragged_rank=rank - 1)
        elif own < rank - 1:
            x = x.with_flat_values(RaggedTensor.from_tensor(x.flat_values, ragged_rank=rank - own - 1))
    found = unicode_points(reshape(x.flat_values if isinstance(x, RaggedTensor) else x, [-1]), input_encoding=encoding, errors=errors,
                           replacement_char=replacement, replace_control_characters=controls, name=name)
    if rank == 0:
        return found.values, found.starts
    made = [RaggedTensor(part, found.row_splits) for part in (found.values, found.starts)]
    return tuple(x.with_flat_values(part) for part in made) if rank > 1 else tuple(made)  # type: ignore[return-value]


def unicode_decode(input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
                   replace_control_characters: bool = False, name: str | None = None) -> Any:
    """The code points of texts: string[...] -> int32[..., (points)], a RaggedTensor; of one text int32[points].

    `input_encoding`: UTF-8, UTF-16, UTF-32 with or without -BE or -LE, or one of single bytes. `errors`: what is no text is "replace"d by
    `replacement_char`, left out ("ignore") or refused ("strict"); `replace_control_characters`: so are those below U+0020, if not refused.
    InvalidArgumentError: no such encoding or code point; when run, strict: what is no text. ShapeError: an unknown rank. DTypeError: no texts.

    >>> tf.Session(jit=False).run(tf.strings.unicode_decode(["a\u00e4", "b"], "UTF-8")).to_list()
    [[97, 228], [98]]
    """
    return _decoded("unicode_decode", input, name, input_encoding, errors, replacement_char, replace_control_characters)[0]


def unicode_decode_with_offsets(input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
                                replace_control_characters: bool = False, name: str | None = None) -> tuple[Any, Any]:
    """`unicode_decode`, and the byte of its text at which each code point begins, int64. Errors as there: InvalidArgumentError, ShapeError."""
    return _decoded("unicode_decode_with_offsets", input, name, input_encoding, errors, replacement_char, replace_control_characters)


def unicode_encode(input: Any, output_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None) -> Any:
    """The texts of rows of code points, ragged or not: int[..., (points)] -> string[...], in UTF-8, UTF-16-BE or UTF-32-BE.

    `errors`: what is no code point of a character is "replace"d by `replacement_char`, left out ("ignore") or refused ("strict").
    InvalidArgumentError: no such encoding or code point; when run, strict: no code point. ShapeError: a scalar, or an unknown rank. DTypeError: no
    integers.

    >>> tf.Session(jit=False).run(tf.strings.unicode_encode(tf.ragged.constant([[97, 228], [98]]), "UTF-8"))
    array([b'a\\xc3\\xa4', b'b'], dtype=object)
    """
    policy = {"output_encoding": output_encoding, "errors": errors, "replacement_char": replacement_char}
    x, rank = _given("unicode_encode", input)
    if rank == 0:
        raise ShapeError(f"unicode_encode: {x!r} is a scalar; rows of code points are wanted{here()}")
    return _encoded(x, rank, policy, name)


def _encoded(x: Any, rank: int, policy: dict[str, Any], name: str | None) -> Any:
    if isinstance(x, RaggedTensor):
        if x.flat_values.type.rank != 1:
            return x.with_flat_values(_encoded(x.flat_values, x.flat_values.type.rank, policy, name))
        if x.ragged_rank > 1:
            return x.with_values(_encoded(x.values, rank - 1, policy, name))
        return unicode_texts(x.values, x.row_splits, **policy, name=name)
    dims = shape(x, out_type=INDEX)
    if rank == 1:
        return reshape(unicode_texts(x, stack([np.int64(0), dims[0]], 0), **policy, name=name), [])
    rows = RaggedTensor.from_tensor(reshape(x, concat([[np.int64(-1)], dims[-1:]], 0)) if rank > 2 else x)
    made = unicode_texts(rows.values, rows.row_splits, **policy, name=name)
    return reshape(made, dims[:-1]) if rank > 2 else made


def unicode_split(input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None) -> Any:
    """The characters of texts: string[...] -> string[..., (characters)], a RaggedTensor, in the same encoding; of one text string[characters].

    `errors` and `replacement_char` as of `unicode_decode`. InvalidArgumentError: an encoding but UTF-8, UTF-16-BE, UTF-32-BE, or no code point; when
    run, strict: what is no text. ShapeError: an unknown rank. DTypeError: no texts.

    >>> tf.Session(jit=False).run(tf.strings.unicode_split(["ab", "c"], "UTF-8")).to_list()
    [[b'a', b'b'], [b'c']]
    """
    return unicode_split_with_offsets(input, input_encoding, errors, replacement_char, name)[0]


def unicode_split_with_offsets(input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
                               name: str | None = None) -> tuple[Any, Any]:
    """`unicode_split`, and the byte of its text at which each character begins, int64. Errors as there: InvalidArgumentError, ShapeError."""
    points, starts = _decoded("unicode_split", input, name, input_encoding, errors, replacement_char)
    return unicode_encode(expand_dims(points, axis=-1), input_encoding, errors, replacement_char), starts


def bytes_split(input: Any, name: str | None = None) -> Any:
    """The bytes of texts: string[...] -> string[..., (bytes)], a RaggedTensor; of one text string[bytes].

    ShapeError: an unknown rank. DTypeError: no texts.

    >>> tf.Session(jit=False).run(tf.strings.bytes_split(["ab", "c"])).to_list()
    [[b'a', b'b'], [b'c']]
    """
    x, rank = _given("bytes_split", input)
    if isinstance(x, RaggedTensor):
        return x.with_flat_values(bytes_split(x.flat_values, name))
    if rank > 1:
        return bytes_split(RaggedTensor.from_tensor(x, ragged_rank=rank - 1), name)
    at, found, dims = split_each(reshape(x, [-1]), "", skip_empty=False, name=name)
    return RaggedTensor.from_value_rowids(found, at[:, 0], dims[0], validate=False) if rank else found


# ---------------------------------------------------------------------- n-grams

def _ngram_types(types: Types, values: Values, **attrs: Any) -> tuple[TensorType, ...]:
    data, splits = types
    of_texts(types[:1])
    if splits.dtype.kind not in "iu":
        raise DTypeError(f"row_splits are integers, not {dtype_name(splits.dtype)}")
    if not compatible(data.shape, (None,)) or not compatible(splits.shape, (None,)):
        raise ShapeError(f"texts and splits are vectors, not of shapes {shape_str(data.shape)} and {shape_str(splits.shape)}")
    return TensorType(TEXT, (None,)), TensorType(np.dtype(INDEX), splits.shape)


@declare("host", _ngram_types, text=True, name="string_ngrams", results=("values", "row_splits"), label="StringNGrams",
         kinds={"separator": (str,), "widths": (tuple,), "left": (str,), "right": (str,), "padding": (int,), "keep_short": (bool,)})
def _ngrams(data: Any, row_splits: Any, *, separator: str, widths: Any, left: str, right: str, padding: int, keep_short: bool) -> Any:
    """The n-grams of each row, of one width after another, and where the n-grams of each row begin, and the last ends.

    `padding`: how many of `left` and `right` stand at both ends, though fewer than an n-gram has; -1: so many.
    """
    rows, splits = np.asarray(data, object), np.asarray(row_splits)
    mark, before, after = bytes_of(separator), [bytes_of(left)], [bytes_of(right)]
    found: list[bytes] = []
    ends = [0]
    for begin, end in zip(splits[:-1], splits[1:], strict=True):
        row, made = [*rows[begin:end]], []
        for width in widths:
            pad = width - 1 if padding < 0 else min(padding, width - 1)
            parts = before * pad + row + after * pad
            made += [mark.join(parts[i:i + width]) for i in range(len(parts) - width + 1)]
        if keep_short and row and not made:
            pad = max(padding, 0)
            made = [mark.join(before * pad + row + after * pad)]
        found += made
        ends.append(len(found))
    out: Array = np.empty(len(found), object)
    out[:] = found
    return out, np.array(ends, INDEX)


def ngrams(data: Any, ngram_width: Any, separator: Any = " ", pad_values: Any = None, padding_width: int | None = None,
           preserve_short_sequences: bool = False, name: str | None = None) -> Any:
    """The n-grams of rows of texts, ragged or not: string[..., (n)] -> string[..., (n-grams)], a RaggedTensor; of one row string[n-grams].

    `ngram_width`: how many texts, or a list of numbers; `pad_values`: what stands at both ends, a text or two, `padding_width` times, by default one
    less than an n-gram has. `preserve_short_sequences`: a row that is too short is one n-gram. GraphError: no such numbers or texts. ShapeError: a
    scalar, or an unknown rank. DTypeError: no texts.

    >>> tf.Session(jit=False).run(tf.strings.ngrams(["a", "b", "c"], 2, pad_values=("<", ">")))
    array([b'< a', b'a b', b'b c', b'c >'], dtype=object)
    """
    def refused(what: str) -> GraphError:
        return GraphError(f"ngrams: {what}{here()}")
    pads = pad_values if isinstance(pad_values, (list, tuple)) else [pad_values] * 2
    if pad_values is not None and (len(pads) != 2 or not all(isinstance(p, (str, bytes)) for p in pads)):
        raise refused(f"pad_values is a text, or two, not {pad_values!r:.60}")
    widths = tuple(ngram_width) if isinstance(ngram_width, (list, tuple)) else (ngram_width,)
    for w in (*widths, 1 if padding_width is None else padding_width):
        if isinstance(w, bool) or not isinstance(w, (int, np.integer)) or w < 1:
            raise refused(f"widths of n-grams and paddings are numbers from 1 on, not {w!r:.40}")
    if padding_width is not None and pad_values is None:
        raise refused("padding_width goes with pad_values")
    attrs = {"separator": text_of(separator, "the separator"), "widths": tuple(int(w) for w in widths), "keep_short": bool(preserve_short_sequences),
             "left": text_of(pads[0] or "", "a padding"), "right": text_of(pads[1] or "", "a padding"),
             "padding": 0 if pad_values is None else -1 if padding_width is None else int(padding_width)}
    x, rank = _given("ngrams", data)
    if rank == 0:
        raise ShapeError(f"ngrams: {x!r} is a scalar; rows of texts are wanted{here()}")
    return _grams(x, rank, attrs, name)


def _grams(x: Any, rank: int, attrs: dict[str, Any], name: str | None) -> Any:
    if not isinstance(x, RaggedTensor):
        if rank == 1:
            return _ngrams(x, stack([np.int64(0), shape(x, out_type=INDEX)[0]], 0), **attrs, name=name).values
        x = RaggedTensor.from_tensor(x, ragged_rank=rank - 1)
    if x.flat_values.type.rank != 1:
        return x.with_flat_values(_grams(x.flat_values, x.flat_values.type.rank, attrs, name))
    if x.ragged_rank > 1:
        return x.with_values(_grams(x.values, rank - 1, attrs, name))
    return RaggedTensor(*_ngrams(x.values, x.row_splits, **attrs, name=name))


# ---------------------------------------------------------------------- segments

def _joined_type(types: Types, values: Values, separator: str) -> TensorType:
    of_texts(types[:1])
    if types[1].rank == 0:
        raise ShapeError("segment_ids is a scalar")
    return segment_type(types, values)


@declare("host", _joined_type, text=True, by_value=(2,), weak=False, label="UnsortedSegmentJoin",
         prepare=lambda types, separator: {"separator": text_of(separator, "the separator")})
def unsorted_segment_join(inputs: Any, segment_ids: Any, num_segments: Any, *, separator: str = "") -> Any:
    """The texts with the same number one behind the other, the separator between them: string[..., *rest] -> string[num_segments, *rest].

    segment_ids: int[...], below num_segments: int[]. InvalidArgumentError, when run: a number that is none of a segment. ShapeError, DTypeError:
    shapes that do not fit, or no texts.

    >>> tf.Session(jit=False).run(tf.strings.unsorted_segment_join(["a", "b", "c"], [1, 0, 1], 2, separator=":"))
    array([b'b', b'a:c'], dtype=object)
    """
    ids = np.asarray(segment_ids)
    x, count = np.asarray(inputs, object), int(num_segments)
    wrong = ids[(ids < 0) | (ids >= count)]
    if wrong.size:
        raise InvalidArgumentError(f"segment id {wrong[0]} is not in [0, {count})")
    out = np.full((count, *x.shape[ids.ndim:]), b"", object)
    mark = bytes_of(separator)
    for place, segment in np.ndenumerate(ids):
        for rest in np.ndindex(out.shape[1:]):
            before = out[(segment, *rest)]
            out[(segment, *rest)] = (before + mark if before else b"") + x[(*place, *rest)]
    return out
