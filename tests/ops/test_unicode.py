"""Unicode: code points, characters and bytes of texts, and n-grams, as TensorFlow 2.15 has them, in both executors; what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import DTypeError, GraphcError, GraphError, InvalidArgumentError, ShapeError


def shown(value: Any) -> Any:
    """What a run gives, as lists."""
    if isinstance(value, tf.ragged.RaggedTensorValue):
        return value.to_list()
    return [shown(v) for v in value] if isinstance(value, tuple) else value.tolist() if isinstance(value, np.ndarray) else value


# What is built | the value that TensorFlow 2.15 gives.
ROWS: list[tuple[Callable[[], Any], Any]] = [
    (lambda: tf.strings.unicode_decode([b"a\xc3\xa4", b"", "\u20ac\U0001f600".encode()], "UTF-8"), [[97, 228], [], [8364, 128512]]),
    (lambda: tf.strings.unicode_decode(b"a\xc3\xa4", "UTF-8"), [97, 228]),
    (lambda: tf.strings.unicode_decode([["ab", "c"], ["", "d"]], "UTF-8"), [[[97, 98], [99]], [[], [100]]]),
    (lambda: tf.strings.unicode_decode(tf.ragged.constant([["ab"], [], ["c", ""]]), "UTF-8"), [[[97, 98]], [], [[99], []]]),
    (lambda: tf.strings.unicode_decode_with_offsets([b"a\xff\xc3\xa4", b"\xe2\x82x", b"\xf0\x9f\x98", b"\xed\xa0\x80"], "UTF-8"),
     [[[97, 65533, 228], [65533, 120], [65533], [65533, 65533, 65533]], [[0, 1, 2], [0, 2], [0], [0, 1, 2]]]),
    (lambda: tf.strings.unicode_decode_with_offsets([b"a\xff\xc3\xa4", b"\xe2\x82x", b"\xf0\x9f\x98"], "UTF-8", errors="ignore"),
     [[[97, 228], [120], []], [[0, 2], [2], []]]),
    (lambda: tf.strings.unicode_decode_with_offsets([b"\x00a\xd8", b"\xd8\x00\x00a", b"\xd8\x3d\xde\x00\x00b"], "UTF-16-BE"),
     [[[97, 65533], [65533, 97], [128512, 98]], [[0, 2], [0, 2], [0, 4]]]),
    (lambda: tf.strings.unicode_decode_with_offsets([b"\0\0\0a\0\0", b"\0\x11\0\0\0\0\0a", b"\0\0\xd8\0\0\1\xf6\0"], "UTF-32-BE"),
     [[[97, 65533], [65533, 97], [65533, 128512]], [[0, 4], [0, 4], [0, 4]]]),
    (lambda: tf.strings.unicode_decode([b"\x00\x1f \x7f\xff"], "UTF-8", replacement_char=63, replace_control_characters=True),
     [[63, 63, 32, 127, 63]]),
    (lambda: tf.strings.unicode_decode([b"\x00\x1f \x7f\xff"], "UTF-8", errors="ignore", replace_control_characters=True), [[32, 127]]),
    (lambda: tf.strings.unicode_decode([b"a\xe4\x80"], "ISO-8859-1"), [[97, 228, 128]]),
    (lambda: tf.strings.unicode_decode([b"a\0\xe4\0"], "UTF-16-LE"), [[97, 228]]),
    (lambda: tf.strings.unicode_decode_with_offsets([b"\xff\xfea\0\xe4\0"], "UTF-16"), [[[97, 228]], [[0, 4]]]),
    (lambda: tf.strings.unicode_decode([b"\xe4a\0b"], "UTF-16"), [[58465, 98]]),
    (lambda: tf.strings.unicode_encode([97, 228, 128512], "UTF-8"), b'a\xc3\xa4\xf0\x9f\x98\x80'),
    (lambda: tf.strings.unicode_encode(tf.ragged.constant([[97, 228], [], [128512]]), "UTF-16-BE"), [b'\x00a\x00\xe4', b'', b'\xd8=\xde\x00']),
    (lambda: tf.strings.unicode_encode([[97, 228], [98, 0]], "UTF-32-BE"), [b'\x00\x00\x00a\x00\x00\x00\xe4', b'\x00\x00\x00b\x00\x00\x00\x00']),
    (lambda: tf.strings.unicode_encode([[[97, 228], [98, 0]]], "UTF-8"), [[b'a\xc3\xa4', b'b\x00']]),
    (lambda: tf.strings.unicode_encode(tf.ragged.constant([[[97, 228], [98]], [], [[]]]), "UTF-8"), [[b'a\xc3\xa4', b'b'], [], [b'']]),
    (lambda: tf.strings.unicode_encode(tf.ragged.constant([[[97, 228], [98, 99]], []], ragged_rank=1), "UTF-8"), [[b'a\xc3\xa4', b'bc'], []]),
    (lambda: tf.strings.unicode_encode([[55296, 97], [1114112, 98], [65534, 99], [-1, 100]], "UTF-8"),
     [b'\xef\xbf\xbda', b'\xef\xbf\xbdb', b'\xef\xbf\xbdc', b'\xef\xbf\xbdd']),
    (lambda: tf.strings.unicode_encode([[55296, 97], [1114112, 98], [65534, 99], [-1, 100]], "UTF-8", errors="ignore"),
     [b'\xef\xbf\xbda', b'b', b'\xef\xbf\xbec', b'd']),
    (lambda: tf.strings.unicode_encode([[55296, 97], [1114112, 98], [65534, 99], [55357, 56832]], "UTF-16-BE", errors="ignore"),
     [b'\xd8\x00\x00a', b'\x00b', b'\xff\xfe\x00c', b'\xd8=\xde\x00']),
    (lambda: tf.strings.unicode_encode([[55296, 97], [-1, 98]], "UTF-8", replacement_char=63), [b'?a', b'?b']),
    (lambda: tf.strings.unicode_split([b"a\xc3\xa4\xff", b""], "UTF-8"), [[b'a', b'\xc3\xa4', b'\xef\xbf\xbd'], []]),
    (lambda: tf.strings.unicode_split("\u20acb".encode(), "UTF-8"), [b'\xe2\x82\xac', b'b']),
    (lambda: tf.strings.unicode_split([["ab"], ["c"]], "UTF-8"), [[[b'a', b'b']], [[b'c']]]),
    (lambda: tf.strings.unicode_split([b"a\xff\xc3\xa4"], "UTF-8", errors="ignore"), [[b'a', b'\xc3\xa4']]),
    (lambda: tf.strings.unicode_split([b"\0a\xd8"], "UTF-16-BE", replacement_char=63), [[b'\x00a', b'\x00?']]),
    (lambda: tf.strings.unicode_split_with_offsets([b"a\xc3\xa4\xffb"], "UTF-8"), [[[b'a', b'\xc3\xa4', b'\xef\xbf\xbd', b'b']], [[0, 1, 3, 4]]]),
    (lambda: tf.strings.unicode_transcode([[b"a\xc3\xa4", b"\xff\0"]], "UTF-8", "UTF-16-BE"), [[b'\x00a\x00\xe4', b'\xff\xfd\x00\x00']]),
    (lambda: tf.strings.unicode_transcode([b"\xff\0a"], "UTF-8", "UTF-8", errors="ignore", replace_control_characters=True), [b'a']),
    (lambda: tf.strings.unicode_transcode([b"\xff"], "UTF-8", "UTF-8", replacement_char=55296), [b'\xef\xbf\xbd']),
    (lambda: tf.strings.unicode_transcode("\xe4", "UTF-8", "UTF-32-BE"), b'\x00\x00\x00\xe4'),
    (lambda: tf.strings.unicode_transcode(tf.ragged.constant([["a"], [], ["b", "c"]]), "UTF-8", "UTF-16-BE"), [[b'\x00a'], [], [b'\x00b', b'\x00c']]),
    (lambda: tf.strings.bytes_split(["ab", "", b"\xff\0"]), [[b'a', b'b'], [], [b'\xff', b'\x00']]),
    (lambda: tf.strings.bytes_split("ab"), [b'a', b'b']),
    (lambda: tf.strings.bytes_split([["ab", ""], ["c", "d"]]), [[[b'a', b'b'], []], [[b'c'], [b'd']]]),
    (lambda: tf.strings.bytes_split(tf.ragged.constant([["ab"], [], ["c", ""]])), [[[b'a', b'b']], [], [[b'c'], []]]),
    (lambda: tf.strings.ngrams(["a", "b", "c"], 2), [b'a b', b'b c']),
    (lambda: tf.strings.ngrams(["a", "b", "c"], 2, separator=""), [b'ab', b'bc']),
    (lambda: tf.strings.ngrams(tf.ragged.constant([["a", "b", "c"], ["d"], []]), 2, pad_values="|"),
     [[b'| a', b'a b', b'b c', b'c |'], [b'| d', b'd |'], [b'| |']]),
    (lambda: tf.strings.ngrams(tf.ragged.constant([["a", "b", "c"], ["d"], []]), 3, pad_values=("<", ">"), padding_width=1),
     [[b'< a b', b'a b c', b'b c >'], [b'< d >'], []]),
    (lambda: tf.strings.ngrams(tf.ragged.constant([["a", "b", "c"], ["d"], []]), [3, 1]), [[b'a b c', b'a', b'b', b'c'], [b'd'], []]),
    (lambda: tf.strings.ngrams(tf.ragged.constant([["a", "b", "c"], ["d"], []]), 3, preserve_short_sequences=True), [[b'a b c'], [b'd'], []]),
    (lambda: tf.strings.ngrams(tf.ragged.constant([["a", "b", "c"], ["d"], []]), 9, pad_values="|", padding_width=2, preserve_short_sequences=True),
     [[b'| | a b c | |'], [b'| | d | |'], []]),
    (lambda: tf.strings.ngrams(tf.ragged.constant([[["a", "b"], ["c"]], []]), 1, pad_values="|"), [[[b'a', b'b'], [b'c']], []]),
    (lambda: tf.strings.ngrams(["a"], [5, 2], pad_values="p", padding_width=7),
     [b'p p p p a', b'p p p a p', b'p p a p p', b'p a p p p', b'a p p p p', b'p a', b'a p']),
    (lambda: tf.strings.unsorted_segment_join(["a", "b", "c", "d"], [2, 0, 2, 0], 4, ":"), [b'b:d', b'', b'a:c', b'']),
    (lambda: tf.strings.unsorted_segment_join([["a", "b"], ["c", "d"]], [1, 1], 2, ":"), [[b'', b''], [b'a:c', b'b:d']]),
    (lambda: tf.strings.unsorted_segment_join([["a", "b"], ["c", "d"]], [[0, 1], [1, 0]], 3), [b'ad', b'bc', b'']),
    (lambda: tf.strings.unsorted_segment_join(["", "", "b"], [0, 0, 0], 1, ":"), [b'b']),
]


@pytest.mark.parametrize("made, wanted", ROWS)
def test_as_tensorflow(made: Callable[[], Any], wanted: Any, session: tf.Session) -> None:
    assert shown(session.run(made())) == wanted


def test_fed(session: tf.Session) -> None:
    x = tf.placeholder(tf.string, [None])
    points, starts = tf.strings.unicode_decode_with_offsets(x, "UTF-8")
    assert points.dtype == tf.int32 and starts.dtype == tf.int64 and points.shape.as_list() == [None, None]
    back = tf.strings.unicode_encode(points, "UTF-8")
    assert back.dtype == tf.string and back.shape.as_list() == [None]
    for texts in (["a\u00e4", ""], ["\U0001f600"], []):
        given = np.array([t.encode() for t in texts], object)
        assert session.run(points, {x: given}).to_list() == [[ord(c) for c in t] for t in texts]
        assert session.run(starts, {x: given}).to_list() == [[len(t[:i].encode()) for i in range(len(t))] for t in texts]
        assert session.run(back, {x: given}).tolist() == given.tolist()


def test_mark_of_each_text(session: tf.Session) -> None:
    texts = [b"\xfe\xff\0a", b"\xff\xfeb\0", b"\0c", "\ufeffd".encode("utf-16-be")]
    assert session.run(tf.strings.unicode_transcode(texts, "UTF-16", "UTF-8")).tolist() == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16-BE", "UTF-32-BE"])
def test_every_character(encoding: str, session: tf.Session) -> None:
    whole = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000, 37))))
    points, starts = session.run(tf.strings.unicode_decode_with_offsets(whole.encode(encoding), encoding))
    assert points.tolist() == [ord(c) for c in whole]
    np.testing.assert_array_equal(np.diff(starts), [len(c.encode(encoding)) for c in whole[:-1]])


@pytest.mark.parametrize("make, error, message", [
    (lambda: tf.strings.unicode_decode(["a"], "UTF-9"), InvalidArgumentError, "there is no encoding 'UTF-9'"),
    (lambda: tf.strings.unicode_decode(["a"], "shift_jis"), InvalidArgumentError, "are offered, not 'shift_jis'"),
    (lambda: tf.strings.unicode_decode(["a"], "UTF-8", errors="drop"), InvalidArgumentError, "errors is one of 'replace', 'ignore', 'strict'"),
    (lambda: tf.strings.unicode_decode(["a"], "UTF-8", replacement_char=0x110000), InvalidArgumentError, "replacement_char is a code point"),
    (lambda: tf.strings.unicode_decode([1], "UTF-8"), DTypeError, "texts are wanted"),
    (lambda: tf.strings.unicode_decode(tf.placeholder(tf.string), "UTF-8"), ShapeError, "is not known"),
    (lambda: tf.strings.unicode_encode([97], "UTF-16"), InvalidArgumentError, "texts are written in UTF-8, UTF-16-BE, UTF-32-BE"),
    (lambda: tf.strings.unicode_encode(97, "UTF-8"), ShapeError, "is a scalar"),
    (lambda: tf.strings.unicode_encode([1.0], "UTF-8"), DTypeError, "code points are integers"),
    (lambda: tf.strings.unicode_split(["a"], "UTF-16"), InvalidArgumentError, "texts are written in"),
    (lambda: tf.strings.unicode_transcode(["a"], "UTF-8", "latin1"), InvalidArgumentError, "not in 'latin1'"),
    (lambda: tf.strings.bytes_split(tf.placeholder(tf.string)), ShapeError, "is not known"),
    (lambda: tf.strings.ngrams("a", 2), ShapeError, "is a scalar"),
    (lambda: tf.strings.ngrams(["a"], 0), GraphError, "numbers from 1 on, not 0"),
    (lambda: tf.strings.ngrams(["a"], 2, padding_width=1), GraphError, "padding_width goes with pad_values"),
    (lambda: tf.strings.ngrams(["a"], 2, pad_values=1), GraphError, "pad_values is a text"),
    (lambda: tf.strings.ngrams([1], 2), DTypeError, "texts are wanted"),
    (lambda: tf.strings.unsorted_segment_join(["a"], 0, 1), ShapeError, "segment_ids is a scalar"),
    (lambda: tf.strings.unsorted_segment_join([1], [0], 1), DTypeError, "texts are wanted"),
])
def test_refused(make: Callable[[], Any], error: type[GraphcError], message: str, fresh_graph: tf.Graph) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("make, message", [
    (lambda: tf.strings.unicode_decode([b"a", b"b\xff"], "UTF-8", errors="strict"), r"b'b\\xff' is no text in this encoding"),
    (lambda: tf.strings.unicode_transcode([b"\1"], "UTF-8", "UTF-8", errors="strict", replace_control_characters=True), "is no text in this"),
    (lambda: tf.strings.unicode_encode([0xD800], "UTF-8", errors="strict"), "55296 is no code point of a character"),
    (lambda: tf.strings.unsorted_segment_join(["a"], [1], 1), r"segment id 1 is not in \[0, 1\)"),
    (lambda: tf.strings.unsorted_segment_join(["a"], [-1], 1), r"segment id -1 is not in \[0, 1\)"),
])
def test_refused_when_run(make: Callable[[], Any], message: str, session: tf.Session) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        session.run(make())


def test_separators_that_are_no_utf8(session: tf.Session) -> None:
    assert session.run(tf.string_join(["a", "b"], separator=b"\xff")) == b"a\xffb"
    assert session.run(tf.reduce_join(["a", "b"], separator=b"\xff")) == b"a\xffb"
    assert session.run(tf.strings.ngrams(["a", "b"], 2, separator=b"\xff")).tolist() == [b"a\xffb"]
