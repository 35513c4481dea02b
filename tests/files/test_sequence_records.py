"""Records of sequences in batches, and records in JSON: what TensorFlow 2.15 finds in them, what does not fit, and damage."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from tests.damage import mutated

BYTES, FLOATS, INTS = tf.train.BytesList, tf.train.FloatList, tf.train.Int64List


def feature(values):
    kind = {bytes: ("bytes_list", BYTES), float: ("float_list", FLOATS), int: ("int64_list", INTS)}[type(values[0])]
    return tf.train.Feature(**{kind[0]: kind[1](value=values)})


def plain(value):
    return tuple(map(plain, value)) if isinstance(value, tuple) else value.tolist() if hasattr(value, "tolist") else value


def sequence(context, steps):
    """A record of features by name, and of lists of them."""
    nothing = tf.train.Feature(int64_list=tf.train.Int64List())
    lists = {name: tf.train.FeatureList(feature=[feature(v) if v else nothing for v in values]) for name, values in steps.items()}
    named = tf.train.Features(feature={name: feature(values) for name, values in context.items()})
    return tf.train.SequenceExample(named, tf.train.FeatureLists(feature_list=lists)).SerializeToString()


LONG = sequence({"n": [1], "t": [b"x", b"y"]}, {"s": [[1], [2, 3]], "f": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]})
SHORT = sequence({"n": [2]}, {"s": [[], [4], [5, 6, 7]], "f": [[7.0, 8.0]]})
EMPTY = sequence({"n": [3]}, {"f": []})
CONTEXT = {"n": tf.FixedLenFeature([], tf.int64), "t": tf.VarLenFeature(tf.string)}
STEPS = {"s": tf.VarLenFeature(tf.int64), "f": tf.FixedLenSequenceFeature([2], tf.float32)}
# Records, the features wanted of them | what TensorFlow 2.15 finds: the context, the lists, and how many steps there are.
SEQUENCES = [
    ([LONG, SHORT], CONTEXT, STEPS, {"t": ([[0, 0], [0, 1]], [b"x", b"y"], [2, 2]), "n": [1, 2]},
     {"s": ([[0, 0, 0], [0, 1, 0], [0, 1, 1], [1, 1, 0], [1, 2, 0], [1, 2, 1], [1, 2, 2]], [1, 2, 3, 4, 5, 6, 7], [2, 3, 3]),
      "f": [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[7.0, 8.0], [0.0, 0.0], [0.0, 0.0]]]}, {"f": [3, 1]}),
    ([LONG, EMPTY], {"n": CONTEXT["n"]}, STEPS, {"n": [1, 3]}, {"s": ([[0, 0, 0], [0, 1, 0], [0, 1, 1]], [1, 2, 3], [2, 2, 2]),
     "f": [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]]}, {"f": [3, 0]}),
    ([LONG, SHORT], None, {"q": tf.VarLenFeature(tf.int64)}, {}, {"q": ([], [], [2, 0, 0])}, {}),
    ([LONG, SHORT], {}, {"q": tf.FixedLenSequenceFeature([], tf.string, allow_missing=True)}, {}, {"q": [[], []]}, {"q": [0, 0]}),
    ([LONG, SHORT], {"q": tf.FixedLenFeature([], tf.int64, 7)}, None, {"q": [7, 7]}, {}, {}),
]


@pytest.mark.parametrize("records, context, steps, wanted", [(*row[:3], [*row[3:]]) for row in SEQUENCES])
def test_several_sequences(records, context, steps, wanted, session):
    x = tf.placeholder(tf.string, [None])
    found = session.run(tf.io.parse_sequence_example(x, context, steps), {x: records})
    assert [{k: plain(tuple(v)) if isinstance(v, tf.SparseTensorValue) else v.tolist() for k, v in part.items()} for part in found] == wanted


@pytest.mark.parametrize("records, context, steps, text", [
    ([LONG, sequence({"n": [3]}, {})], None, {"f": STEPS["f"]}, "record 1: the list of features f is missing"),
    ([sequence({}, {"f": [[1.0, 2.0, 3.0]]})], None, {"f": STEPS["f"]}, "record 0: the feature f has 3 values, not 2"),
    ([sequence({}, {"f": [[1, 2]]})], None, {"f": STEPS["f"]}, "record 0: the feature f is a int64_list, not a float_list"),
    ([SHORT, LONG], {"q": CONTEXT["n"]}, None, "record 0: the feature q is missing"),
    ([b"\xff\xff"], CONTEXT, None, "record 0, .* cannot be parsed"),
])
def test_sequences_that_do_not_fit(records, context, steps, text, session):
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        session.run(tf.io.parse_sequence_example(records, context, steps))


@pytest.mark.parametrize("given, error", [
    ((None, None), tf.errors.GraphError), (({"n": 3}, None), tf.errors.ArgumentError),
    ((None, {"f": tf.FixedLenSequenceFeature([], tf.int64, default_value=3)}), tf.errors.ArgumentError),
    ((None, {"f": tf.FixedLenFeature([], tf.int64)}), tf.errors.ArgumentError),
])
def test_no_such_sequences(given, error):
    with pytest.raises(error, match="parse_sequence_example"):
        tf.io.parse_sequence_example([LONG], *given)


def test_mutated_sequences_raise_typed_errors_alone():
    rng = np.random.default_rng(8)
    parse = tf.files.sequence_parsing._parse_sequences.reference
    attrs = {"wanted": tf.files.parsing.wanted_of("test", CONTEXT, (tf.FixedLenFeature, tf.VarLenFeature)),
             "lists": tf.files.parsing.wanted_of("test", STEPS, (tf.FixedLenSequenceFeature, tf.VarLenFeature))}
    parsed = 0
    for record in (mutated(LONG, rng) for _ in range(500)):
        try:
            assert len(parse(np.array([SHORT, record], object), **attrs)) == 9
            parsed += 1
        except tf.errors.OpError:
            pass
    assert parsed > 10


def of_json(kind, values):
    return f'{{"features": {{"feature": {{"a": {{"{kind}": {{"value": {values}}}}}}}}}}}'


# JSON | what TensorFlow 2.15 makes of it, or what is wrong with it.
JSON = [
    ("{}", b""), ('{"features": {}}', b"\n\x00"), ('{"features": null}', b""),
    (of_json("int64List", '["1", 2]'), b"\n\r\n\x0b\n\x01a\x12\x06\x1a\x04\n\x02\x01\x02"),
    (of_json("int64_list", "[1.0, 1e3]"), [1, 1000]), (of_json("int64List", "5"), [5]), (of_json("int64List", "[null]"), []),
    (of_json("int64List", "[9223372036854775807]"), [2**63 - 1]),
    (of_json("floatList", '[1.5, "-Infinity", 2, "3.5", "Infinity"]'), [1.5, -np.inf, 2.0, 3.5, np.inf]),
    (of_json("bytesList", '["YWI=", "YWI", "_-8=", ""]'), [b"ab", b"ab", b"\xff\xef", b""]),
    ('{"features": {"feature": {"a": {}}}}', b"\n\x07\n\x05\n\x01a\x12\x00"),
    ('{"feat": 1}', "an Example has no 'feat'"), ("[1]", "an Example is an object"), ("{", "is no JSON"), ("", "is no JSON"),
    (of_json("int64List", "[1.5]"), "which is not a whole number of 64 bits"), (of_json("int64List", "[true]"), "is not a whole number"),
    (of_json("int64List", "[9223372036854775808]"), "is not a whole number of 64 bits"), (of_json("int64List", '["x"]'), "is not a whole number"),
    (of_json("bytesList", '["*"]'), "which is not a text in base 64"), (of_json("bytesList", "[1]"), "which is not a text in base 64"),
    (of_json("floatList", "[1e60]"), "which is not a number"), (of_json("floatList", '["x"]'), "which is not a number"),
    (of_json("list", "[]"), "has no 'list'"), ('{"features": {"feature": [1]}}', "stand by name"),
    ('{"features": {"feature": {"a": {"int64List": {}, "floatList": {}}}}}', "is one list, not int64List and floatList"),
    ('{"features": {"feature": {"a": {"int64List": {}, "int64_list": {}}}}}', "has a member twice"),
    ("[" * 100000, "is no JSON"),
]


@pytest.mark.parametrize("text, wanted", JSON, ids=range(len(JSON)))
def test_json(text, wanted, session):
    made = tf.io.decode_json_example([[text]])
    if isinstance(wanted, str):
        with pytest.raises(tf.errors.InvalidArgumentError, match=wanted):
            session.run(made)
        return
    record = session.run(made)
    assert record.shape == (1, 1)
    if isinstance(wanted, bytes):
        assert record[0, 0] == wanted or tf.train.Example.FromString(record[0, 0]) == tf.train.Example.FromString(wanted)
    else:
        found = tf.train.Example.FromString(record[0, 0]).features.feature["a"]
        assert [*(found.int64_list.value or found.float_list.value or found.bytes_list.value)] == wanted
