"""Records of features as protobuf and TensorFlow write them, read by both sides; damage is noticed and named."""

from __future__ import annotations

import functools
import gzip
import os
import struct
import zlib

import numpy as np
import pytest

import graphc as tf
from graphc.files import crc, wire
from graphc.files.example import example_in, sequence_in

BYTES, FLOATS, INTS = tf.train.BytesList, tf.train.FloatList, tf.train.Int64List


def feature(values):
    kind = {bytes: ("bytes_list", BYTES), float: ("float_list", FLOATS), int: ("int64_list", INTS)}[type(values[0])]
    return tf.train.Feature(**{kind[0]: kind[1](value=values)})


def example(**features):
    return tf.train.Example(features=tf.train.Features(feature={k: feature(v) for k, v in features.items()}))


@functools.cache
def theirs():
    """The messages by protobuf's own library, from their public description."""
    from google.protobuf import descriptor_pb2 as pb
    from google.protobuf import descriptor_pool, message_factory
    file = pb.FileDescriptorProto(name="x.proto", package="x", syntax="proto3")
    one, many = 1, 3
    for name, kind in (("BytesList", 12), ("FloatList", 2), ("Int64List", 3)):
        file.message_type.add(name=name).field.add(name="value", number=1, label=many, type=kind)
    f = file.message_type.add(name="Feature")
    f.oneof_decl.add(name="kind")
    for i, (name, kind) in enumerate((("bytes_list", "BytesList"), ("float_list", "FloatList"), ("int64_list", "Int64List"))):
        f.field.add(name=name, number=i + 1, label=one, type=11, type_name=f".x.{kind}", oneof_index=0)
    for name, field, kind in (("Features", "feature", "Feature"), ("FeatureLists", "feature_list", "FeatureList")):
        m = file.message_type.add(name=name)
        entry = m.nested_type.add(name="".join(w.title() for w in field.split("_")) + "Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=one, type=9)
        entry.field.add(name="value", number=2, label=one, type=11, type_name=f".x.{kind}")
        m.field.add(name=field, number=1, label=many, type=11, type_name=f".x.{name}.{entry.name}")
    file.message_type.add(name="FeatureList").field.add(name="feature", number=1, label=many, type=11, type_name=".x.Feature")
    file.message_type.add(name="Example").field.add(name="features", number=1, label=one, type=11, type_name=".x.Features")
    s = file.message_type.add(name="SequenceExample")
    s.field.add(name="context", number=1, label=one, type=11, type_name=".x.Features")
    s.field.add(name="feature_lists", number=2, label=one, type=11, type_name=".x.FeatureLists")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"x.{name}"))()


EXAMPLES = [
    {},
    {"a": [1]},
    {"a": [0, -1, 2**63 - 1, -2**63, 127, 128, 300]},
    {"f": [0.0, -1.5, 2.0**127, float("inf")], "b": [b"", b"x" * 300, b"\xff\x00"], "n": [5]},
    {"long": [*range(-1000, 1000)]},
    {"é": [1.0]},
]


@pytest.mark.parametrize("features", EXAMPLES)
def test_both_sides_read_each_other(features):
    mine = example(**features)
    other = theirs()("Example")
    other.ParseFromString(mine.SerializeToString())
    assert {k: list(getattr(v, v.WhichOneof("kind")).value) for k, v in other.features.feature.items()} == features
    again = tf.train.Example.FromString(other.SerializeToString())
    assert again == mine and {k: list(getattr(v, v.WhichOneof("kind")).value) for k, v in again.features.feature.items()} == features
    assert {k: list(v) for k, (_, v) in example_in(other.SerializeToString()).items()} == features


def test_values_that_are_not_packed_are_read():
    """As proto2 wrote them, and as the format allows: each value a field of its own."""
    ints = b"".join(wire.put_varint(1 << 3) + wire.put_varint(v) for v in (3, 2**64 - 2))
    floats = b"".join(wire.put_varint(1 << 3 | 5) + struct.pack("<f", v) for v in (0.5, 2.0))
    for number, inner, expected in ((3, ints, [3, -2]), (2, floats, [0.5, 2.0])):
        entry = wire.put_bytes(1, b"k") + wire.put_bytes(2, wire.put_bytes(number, inner))
        assert list(example_in(wire.put_bytes(1, wire.put_bytes(1, entry)))["k"][1]) == expected


def test_sequences_both_ways():
    steps = {"s": tf.train.FeatureList(feature=[feature([1, 2]), feature([3])]), "t": tf.train.FeatureList(feature=[feature([b"x"])])}
    mine = tf.train.SequenceExample(tf.train.Features(feature={"c": feature([1.5])}), tf.train.FeatureLists(feature_list=steps))
    other = theirs()("SequenceExample")
    other.ParseFromString(mine.SerializeToString())
    assert [list(f.int64_list.value) for f in other.feature_lists.feature_list["s"].feature] == [[1, 2], [3]]
    context, lists = sequence_in(other.SerializeToString())
    assert context["c"][1].tolist() == [1.5] and [v.tolist() for _, v in lists["s"]] == [[1, 2], [3]]
    assert tf.train.SequenceExample.FromString(other.SerializeToString()) == mine


def test_members_are_made_when_they_are_named():
    made = tf.train.Example()
    made.features.feature["a"].int64_list.value.extend([1, np.int32(2), True])
    made.features.feature["b"].float_list.value.append(np.float64(0.1))
    assert made.features.feature["a"].WhichOneof("kind") == "int64_list" and made.features.feature["a"].HasField("int64_list")
    assert made.features.feature["b"].float_list.value[0] == float(np.float32(0.1)) and made.ByteSize() == len(made.SerializeToString())
    other = tf.train.Example()
    other.CopyFrom(made)
    assert other == made and tf.train.Feature().WhichOneof("kind") is None


REFUSED = [
    (lambda: BYTES(value=["text"]), tf.errors.DTypeError, "'text' is not bytes; text.encode"),
    (lambda: INTS(value=[1.5]), tf.errors.DTypeError, "1.5 is not a whole number"),
    (lambda: INTS(value=[2**63]), tf.errors.DTypeError, "is not a number of 64 bits"),
    (lambda: INTS(value=3), tf.errors.DTypeError, "value is a list, not 3"),
    (lambda: FLOATS(value=["x"]), tf.errors.DTypeError, "'x' is not a number"),
    (lambda: tf.train.Feature(int64_list=BYTES()), tf.errors.DTypeError, "int64_list is a Int64List"),
    (lambda: tf.train.Features(feature={"a": 3}), tf.errors.DTypeError, "is no Feature by a name"),
    (lambda: tf.python_io.TFRecordWriter("/no/such/folder/f"), tf.errors.InvalidArgumentError, "cannot be written"),
    (lambda: list(tf.python_io.tf_record_iterator("/no/such/file")), tf.errors.NotFoundError, "there is no file"),
    (lambda: tf.python_io.TFRecordOptions(7), tf.errors.ArgumentError, "GZIP, ZLIB or not at all, not 7"),
    (lambda: tf.parse_example(["a"], {"a": 3}), tf.errors.ArgumentError, "a is one of FixedLenFeature, VarLenFeature"),
    (lambda: tf.parse_example(["a"], {"a": tf.FixedLenFeature([], tf.int32)}), tf.errors.DTypeError, "float32, int64 or string"),
    (lambda: tf.parse_example(["a"], {"a": tf.FixedLenFeature([None], tf.int64)}), tf.errors.ShapeError, "a shape that is known"),
    (lambda: tf.parse_example(["a"], {"a": tf.FixedLenFeature([3], tf.int64, [1, 2])}), tf.errors.ShapeError, r"a default of shape \[2\]"),
    (lambda: tf.parse_example("a", {"a": tf.FixedLenFeature([], tf.int64)}), tf.errors.DTypeError, "it is no vector"),
    (lambda: tf.parse_example([1], {"a": tf.FixedLenFeature([], tf.int64)}), tf.errors.DTypeError, "records are texts"),
]


@pytest.mark.parametrize("make, kind, text", REFUSED)
def test_refused(make, kind, text):
    with pytest.raises((kind, tf.errors.ShapeError), match=text):
        make()


# ---------------------------------------------------------------------- files

RECORDS = [b"", b"a", bytes(range(256)) * 20, b"x" * 100_000]


def slow_crc(data):
    """Bit by bit, as the definition has it."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


@pytest.mark.parametrize("data, expected", [(b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43),
                                            (bytes(range(32)), 0x46DD794E), (bytes(range(31, -1, -1)), 0x113FDB5C)])
def test_checksum_of_rfc_3720(data, expected):
    assert crc.crc32c(data) == slow_crc(data) == expected


@pytest.mark.parametrize("size", [0, 1, 2, 3, 2047, 2048, 2049, 4095, 4096, 4097, 8192, 10_001])
def test_checksum_of_any_length(size):
    data = np.random.default_rng(size).bytes(size)
    assert crc.crc32c(data) == slow_crc(data)


@pytest.mark.parametrize("how", [None, "GZIP", "ZLIB", tf.python_io.TFRecordCompressionType.GZIP])
def test_files_come_back(tmp_path, how):
    path = str(tmp_path / "f")
    options = None if how is None else tf.python_io.TFRecordOptions(how)
    with tf.python_io.TFRecordWriter(path, options) as writer:
        for i, record in enumerate(RECORDS):
            writer.write(record)
            if i == 1:
                writer.flush()
    assert list(tf.python_io.tf_record_iterator(path, options)) == RECORDS
    raw = (tmp_path / "f").read_bytes()
    plain = {"": bytes, "GZIP": gzip.decompress, "ZLIB": zlib.decompress}[tf.python_io.TFRecordOptions.get_compression_type_string(options)](raw)
    at = 0
    for record in RECORDS:              # the format, taken apart by hand
        length, head = struct.unpack_from("<QI", plain, at)
        mask = [((c >> 15 | c << 17) + 0xA282EAD8) & 0xFFFFFFFF for c in map(slow_crc, (plain[at:at + 8], record[:3000]))]
        assert length == len(record) and head == mask[0] and plain[at + 12:at + 12 + length] == record
        if len(record) <= 3000:
            assert struct.unpack_from("<I", plain, at + 12 + length)[0] == mask[1]
        at += 16 + length
    assert at == len(plain)
    element = tf.data.TFRecordDataset([path, path], tf.python_io.TFRecordOptions.get_compression_type_string(options)).make_one_shot_iterator(
        ).get_next()
    with tf.Session(jit=False) as sess:
        assert [sess.run(element) for _ in range(8)] == RECORDS * 2


def test_every_damaged_byte_is_noticed(tmp_path):
    path = tmp_path / "f"
    with tf.python_io.TFRecordWriter(str(path)) as writer:
        writer.write(b"first")
        writer.write(b"second")
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:])
        with pytest.raises(tf.errors.DataLossError):
            list(tf.python_io.tf_record_iterator(str(path)))
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        if size in (0, 21):             # between two records
            assert list(tf.python_io.tf_record_iterator(str(path))) == [b"first"][:size]
        else:
            with pytest.raises(tf.errors.DataLossError, match="cut off within"):
                list(tf.python_io.tf_record_iterator(str(path)))


def mutants(rng, whole, count):
    for _ in range(count):
        data = bytearray(whole)
        for _ in range(int(rng.integers(1, 4))):
            at = int(rng.integers(len(data))) if data else 0
            choice = rng.integers(5)
            if choice == 0 and data:
                data[at] = int(rng.integers(256))
            elif choice == 1:
                del data[at:at + int(rng.integers(1, 9))]
            elif choice == 2:
                data[at:at] = rng.bytes(int(rng.integers(1, 9)))
            elif choice == 3 and data:
                data[at] = int(rng.choice([0, 1, 127, 128, 255]))
            else:
                data[at:at + 10] = b"\xff" * int(rng.integers(1, 11))
        yield bytes(data)


MUTATED = int(os.environ.get("GRAPHC_MUTANTS", "2000"))         # 100,000 for the figures in docs/guarantees.md


def test_mutated_records_raise_typed_errors_alone(tmp_path):
    rng = np.random.default_rng(7)
    wanted = {"n": tf.VarLenFeature(tf.int64), "f": tf.FixedLenFeature([2], tf.float32, [0.0, 1.0]),
              "t": tf.FixedLenSequenceFeature([], tf.string, allow_missing=True)}
    attrs = {"wanted": tf.files.parsing.wanted_of("test", wanted, tf.files.parsing._EXAMPLE), "single": False}
    seeds = [example(n=[1, 300, -5], f=[1.0, 2.0], t=[b"ab", b""]).SerializeToString(), example(n=[*range(200)]).SerializeToString()]
    parsed = 0
    for i, record in enumerate(r for seed in seeds for r in mutants(rng, seed, MUTATED // 2)):
        try:
            parts = tf.files.parsing._parse.reference(np.array([record], object), **attrs)
            parsed += 1
            assert len(parts) == 5
        except tf.errors.OpError:
            pass
        try:
            tf.train.SequenceExample.FromString(record)
            tf.train.Example.FromString(record)
        except tf.errors.DataLossError:
            pass
        if i % 20 == 0:                 # the file around it
            path = tmp_path / "f"
            with tf.python_io.TFRecordWriter(str(path)) as writer:
                writer.write(record)
            whole = path.read_bytes()
            path.write_bytes(next(mutants(rng, whole, 1)))
            try:
                assert list(tf.python_io.tf_record_iterator(str(path))) in ([record], [])
            except tf.errors.DataLossError:
                pass
    assert 0 < parsed < MUTATED


# ---------------------------------------------------------------------- parsing

FIRST = example(n=[1, 2], f=[0.5], t=[b"a", b"b", b"c"])
SECOND = example(n=[3, 4], t=[b"d"])
ONE, TWO = FIRST.SerializeToString(), SECOND.SerializeToString()

PARSED = [
    ({"n": tf.FixedLenFeature([2], tf.int64)}, {"n": [[1, 2], [3, 4]]}, {"n": [1, 2]}),
    ({"n": tf.FixedLenFeature([1, 2], tf.int64)}, {"n": [[[1, 2]], [[3, 4]]]}, {"n": [[1, 2]]}),
    ({"f": tf.FixedLenFeature([], tf.float32, 9)}, {"f": [0.5, 9.0]}, {"f": 0.5}),
    ({"q": tf.FixedLenFeature([2], tf.string, "x")}, {"q": [[b"x", b"x"]] * 2}, {"q": [b"x", b"x"]}),
    ({"t": tf.FixedLenSequenceFeature([], tf.string, True)}, {"t": [[b"a", b"b", b"c"], [b"d", b"", b""]]}, {"t": [b"a", b"b", b"c"]}),
    ({"n": tf.FixedLenSequenceFeature([2], tf.int64)}, {"n": [[[1, 2]], [[3, 4]]]}, {"n": [[1, 2]]}),
    ({"f": tf.FixedLenSequenceFeature([], tf.float32, True, -1)}, {"f": [[0.5], [-1.0]]}, {"f": [0.5]}),
    ({"t": tf.VarLenFeature(tf.string), "n": tf.FixedLenFeature([2], tf.int64)},
     {"t": ([[0, 0], [0, 1], [0, 2], [1, 0]], [b"a", b"b", b"c", b"d"], [2, 3]), "n": [[1, 2], [3, 4]]},
     {"t": ([[0], [1], [2]], [b"a", b"b", b"c"], [3]), "n": [1, 2]}),
    ({"no": tf.VarLenFeature(tf.int64)}, {"no": ([], [], [2, 0])}, {"no": ([], [], [0])}),
]


def plain(value):
    return tuple(map(plain, value)) if isinstance(value, tuple) else value.tolist() if hasattr(value, "tolist") else value


@pytest.mark.parametrize("features, several, single", PARSED)
def test_parsed(session, features, several, single):
    many = tf.parse_example(tf.constant([ONE, TWO]), features)
    one = tf.io.parse_single_example(ONE, features)
    assert {k: plain(v) for k, v in session.run(many).items()} == several
    assert {k: plain(v) for k, v in session.run(one).items()} == single
    for made, values in ((many, session.run(many)), (one, session.run(one))):
        for k, v in values.items():
            if not isinstance(v, tuple):
                assert made[k].shape.is_compatible_with(np.shape(v))


WRONG = [
    ({"n": tf.FixedLenFeature([3], tf.int64)}, r"record 0: the feature n has 2 values, not 3 for the shape \[3\]"),
    ({"f": tf.FixedLenFeature([], tf.float32)}, "record 1: the feature f is missing, and has no default"),
    ({"n": tf.FixedLenFeature([2], tf.float32)}, "record 0: the feature n is a int64_list, not a float_list"),
    ({"t": tf.FixedLenSequenceFeature([2], tf.string, True)}, "which are no rows of shape"),
    ({"f": tf.FixedLenSequenceFeature([], tf.float32)}, "allow_missing=True allows that"),
]


@pytest.mark.parametrize("features, text", WRONG)
def test_what_does_not_fit_is_said_when_run(session, features, text):
    with pytest.raises(tf.errors.InvalidArgumentError, match=text) as caught:
        session.run(tf.parse_example([ONE, TWO], features))
    assert "test_records.py:" in str(caught.value)


def test_sequences_parsed(session):
    steps = {"s": tf.train.FeatureList(feature=[feature([1, 2]), feature([3, 4])]), "t": tf.train.FeatureList(feature=[feature([b"x"]),
                                                                                                                    feature([b"y", b"z"])])}
    record = tf.train.SequenceExample(tf.train.Features(feature={"c": feature([7])}), tf.train.FeatureLists(feature_list=steps)).SerializeToString()
    context, lists = tf.parse_single_sequence_example(
        record, {"c": tf.FixedLenFeature([], tf.int64)}, {"s": tf.FixedLenSequenceFeature([2], tf.int64), "t": tf.VarLenFeature(tf.string)})
    found = session.run((context, lists))
    assert found[0] == {"c": 7} and found[1]["s"].tolist() == [[1, 2], [3, 4]]
    assert plain(tuple(found[1]["t"])) == ([[0, 0], [1, 0], [1, 1]], [b"x", b"y", b"z"], [2, 2])
    with pytest.raises(tf.errors.InvalidArgumentError, match="the list of features u is missing"):
        session.run(tf.parse_single_sequence_example(record, None, {"u": tf.FixedLenSequenceFeature([], tf.int64)})[1])


def test_records_through_a_dataset(tmp_path, session):
    path = str(tmp_path / "f")
    with tf.python_io.TFRecordWriter(path) as writer:
        for i in range(7):
            writer.write(example(image=[bytes([i, i + 1])], label=[i]).SerializeToString())

    def parse(record):
        parsed = tf.parse_single_example(record, {"image": tf.FixedLenFeature([], tf.string), "label": tf.FixedLenFeature([], tf.int64)})
        image = tf.cast(tf.decode_raw(parsed["image"], tf.uint8), tf.float32)
        image.set_shape([2])
        return image / 255, parsed["label"]
    image, label = tf.data.TFRecordDataset([path]).map(parse).repeat(2).batch(4).make_one_shot_iterator().get_next()
    assert image.shape.as_list() == [None, 2]
    found = [session.run((image, label)) for _ in range(4)]
    assert np.concatenate([b for _, b in found]).tolist() == [*range(7)] * 2
    assert np.allclose(np.concatenate([a for a, _ in found])[:, 1] * 255, [*range(1, 8)] * 2)
