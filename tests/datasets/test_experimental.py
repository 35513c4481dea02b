"""`tf.data.experimental`: numbers of elements, optional elements, specs, batches of parsed records, files that datasets are written to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import ArgumentError, DTypeError, FailedPreconditionError, GraphcError, GraphError, InvalidArgumentError, OutOfRangeError

D, E = tf.data.Dataset, tf.data.experimental
INFINITE, UNKNOWN = E.INFINITE_CARDINALITY, E.UNKNOWN_CARDINALITY

# A dataset | how many elements TensorFlow 2.15 says that it has; of a shuffled cache and of sparse batches it does not know.
COUNTS: list[tuple[Callable[[], Any], int]] = [
    (lambda: D.range(10), 10), (lambda: D.range(9, 0, -2), 5), (lambda: D.range(3, 3), 0), (lambda: D.from_tensors([1, 2]), 1),
    (lambda: D.from_tensor_slices(np.zeros((4, 2))), 4), (lambda: D.from_tensor_slices({"a": [1, 2], "b": [3, 4]}), 2),
    (lambda: D.from_tensor_slices((tf.SparseTensor([[0, 0]], [1], [4, 2]), [1, 2, 3, 4])), 4),
    (lambda: D.range(10).batch(3), 4), (lambda: D.range(10).batch(3, drop_remainder=True), 3), (lambda: D.range(9).batch(3), 3),
    (lambda: D.range(10).padded_batch(4, []), 3), (lambda: D.range(10).repeat(), INFINITE), (lambda: D.range(10).repeat(3), 30),
    (lambda: D.range(10).repeat(0), 0), (lambda: D.range(0).repeat(), 0), (lambda: D.range(10).repeat().take(7), 7),
    (lambda: D.range(10).take(-1), 10), (lambda: D.range(10).take(12), 10), (lambda: D.range(10).skip(3), 7), (lambda: D.range(10).skip(30), 0),
    (lambda: D.range(10).skip(-1), 0),
    (lambda: D.range(10).repeat().skip(3), INFINITE), (lambda: D.range(10).filter(lambda x: x > 2), UNKNOWN),
    (lambda: D.range(10).filter(lambda x: x > 2).take(3), UNKNOWN), (lambda: D.range(10).filter(lambda x: x > 2).batch(3), UNKNOWN),
    (lambda: D.range(10).filter(lambda x: x > 2).repeat(), INFINITE), (lambda: D.range(10).filter(lambda x: x > 2).repeat(2), UNKNOWN),
    (lambda: D.range(10).flat_map(lambda x: D.range(2)), UNKNOWN), (lambda: D.range(10).interleave(lambda x: D.range(2), 2), UNKNOWN),
    (lambda: D.range(10).map(lambda x: x + 1).cache().prefetch(1).shuffle(3), 10), (lambda: D.zip((D.range(3), D.range(5))), 3),
    (lambda: D.zip((D.range(3), D.range(5).repeat())), 3), (lambda: D.zip((D.range(3).repeat(), D.range(5).repeat())), INFINITE),
    (lambda: D.zip((D.range(3), D.range(5).filter(lambda x: x > 2))), UNKNOWN), (lambda: D.range(3).concatenate(D.range(4)), 7),
    (lambda: D.range(3).concatenate(D.range(4).repeat()), INFINITE), (lambda: D.range(3).concatenate(D.range(4).filter(lambda x: x > 2)), UNKNOWN),
    (lambda: D.range(10).shard(3, 0), 4), (lambda: D.range(10).shard(3, 2), 3), (lambda: D.range(10).enumerate(), 10),
    (lambda: D.range(10).window(3), 4), (lambda: D.range(10).window(3, drop_remainder=True), 3), (lambda: D.range(9).window(3, 2, 1), 5),
    (lambda: D.from_generator(lambda: iter([1]), tf.int64), UNKNOWN), (lambda: E.Counter(), INFINITE), (lambda: E.RandomDataset(1), INFINITE),
    (lambda: D.range(10).apply(E.shuffle_and_repeat(3, 2)), 20), (lambda: D.range(10).apply(E.map_and_batch(lambda x: x, 4)), 3),
    (lambda: D.range(10).apply(E.scan(np.int64(0), lambda s, x: (s + x, s))), 10), (lambda: D.range(10).apply(E.unique()), UNKNOWN),
    (lambda: D.range(6).batch(2).apply(E.unbatch()), UNKNOWN), (lambda: D.range(10).apply(E.assert_cardinality(10)), 10),
    (lambda: D.range(10).with_options(tf.data.Options()), 10), (lambda: D.range(10).map(tf.range).apply(E.dense_to_sparse_batch(4, [9])), 3),
]


@pytest.mark.parametrize("make, wanted", COUNTS, ids=range(len(COUNTS)))
def test_cardinality(make: Callable[[], Any], wanted: int, session: tf.Session) -> None:
    found = E.cardinality(make())
    assert found.dtype == tf.int64 and found.shape == [] and session.run(found) == wanted


@pytest.mark.parametrize("make", [make for make, wanted in COUNTS if wanted >= 0],
                         ids=[i for i, (_, wanted) in enumerate(COUNTS) if wanted >= 0])
def test_as_many_as_there_are(make: Callable[[], Any], session: tf.Session) -> None:
    dataset = make()
    counted = dataset.reduce(np.int64(0), lambda n, _: n + 1)
    assert session.run(counted) == session.run(E.cardinality(dataset))


@pytest.mark.parametrize("size, shift, stride, drop", [(s, h, t, d) for s in (1, 2, 3) for h in (1, 2, 4) for t in (1, 2) for d in (True, False)])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 6])
def test_as_many_windows_as_there_are(n: int, size: int, shift: int, stride: int, drop: bool) -> None:
    dataset = D.range(n).window(size, shift, stride, drop)
    counted = dataset.reduce(np.int64(0), lambda k, _: k + 1)
    with tf.Session(jit=False) as session:
        assert session.run(counted) == session.run(E.cardinality(dataset))


def test_cardinality_that_is_fed(session: tf.Session) -> None:
    n, size = tf.placeholder(tf.int64, []), tf.placeholder(tf.int64, [])
    found = E.cardinality(D.range(n).batch(size))
    assert session.run(found, {n: 7, size: 2}) == 4 and session.run(found, {n: 4, size: 4}) == 1


def test_cardinality_of_files(tmp_path: Path, session: tf.Session) -> None:
    for name in "abc":
        (tmp_path / name).write_text("x")
    assert session.run(E.cardinality(D.list_files(str(tmp_path / "*")))) == 3


# ---------------------------------------------------------------------- optional elements

def test_a_single_element(session: tf.Session) -> None:
    """Each run begins the dataset anew, also of what is fed."""
    x = tf.placeholder(tf.int64, [None])
    one = E.get_single_element(D.from_tensor_slices({"a": x}).map(lambda row: {"a": row["a"] * 2}))
    assert [session.run(one, {x: [n]})["a"] for n in (3, 4, 4)] == [6, 8, 8]
    for n, told in ((0, "has no element"), (2, "more than one element"), (3, "more than one element")):
        with pytest.raises(InvalidArgumentError, match=told):
            session.run(one, {x: range(n)})


def test_optional_elements(session: tf.Session) -> None:
    iterator = D.range(2).map(lambda i: {"i": i, "t": tf.as_string(i), "v": tf.ones([i])}).make_initializable_iterator()
    element = E.get_next_as_optional(iterator)
    has, value = element.has_value(), element.get_value()
    assert has.dtype == tf.bool and element.value_structure["t"] == tf.TensorSpec([], tf.string)
    with pytest.raises(FailedPreconditionError):
        session.run(has)
    for _ in range(2):
        session.run(iterator.initializer)
        for i in range(2):
            there, found = session.run([has, value])
            assert there and found["i"] == i and found["t"] == str(i).encode() and found["v"].tolist() == [1.0] * i
        assert not session.run(has) and not session.run(has)
        with pytest.raises(InvalidArgumentError, match="there is no element"):
            session.run(value)


def test_optional_element_of_a_handle(session: tf.Session) -> None:
    given = D.range(1).make_one_shot_iterator()
    handle = tf.placeholder(tf.string, [])
    has = E.get_next_as_optional(tf.data.Iterator.from_string_handle(handle, tf.int64, [])).has_value()
    text = session.run(given.string_handle())
    assert [bool(session.run(has, {handle: text})) for _ in range(3)] == [True, False, False]


def test_optional_in_a_branch(session: tf.Session) -> None:
    x = tf.placeholder(tf.bool, [])
    some, none = E.Optional.from_value((1.5, "a")), E.Optional.none_from_structure((tf.TensorSpec([], tf.float32), tf.TensorSpec([], tf.string)))
    assert session.run([some.has_value(), none.has_value()]) == [True, False] and session.run(some.get_value()) == (1.5, b"a")
    assert none.value_structure == some.value_structure
    with pytest.raises(InvalidArgumentError, match="there is no element"):
        session.run(none.get_value())
    total = tf.cond(x, lambda: some.get_value()[0], lambda: tf.constant(0.0))
    assert session.run(total, {x: True}) == 1.5 and session.run(total, {x: False}) == 0.0


def test_optional_sparse_element(session: tf.Session) -> None:
    element = E.get_next_as_optional(D.from_tensors(tf.SparseTensor([[1, 0]], [2.0], [2, 2])).make_one_shot_iterator())
    value = tf.sparse_tensor_to_dense(element.get_value())
    assert session.run(value).tolist() == [[0.0, 0.0], [2.0, 0.0]]
    assert element.value_structure == tf.SparseTensorSpec([2, 2], tf.float32)


# ---------------------------------------------------------------------- specs

def test_specs() -> None:
    batches = D.from_tensor_slices({"a": [1, 2], "b": ["x", "y"]}).batch(2)
    assert E.get_structure(batches) == {"a": tf.TensorSpec([None], tf.int32), "b": tf.TensorSpec([None], tf.string)} == batches.element_spec
    assert E.get_structure(batches.make_one_shot_iterator()) == batches.element_spec
    assert D.range(4).window(2).element_spec == tf.data.DatasetSpec(tf.TensorSpec([], tf.int64))
    assert E.TensorStructure(tf.int32, [2]) == tf.TensorSpec([2], tf.int32)
    assert E.SparseTensorStructure(tf.int32, [2, None]) == tf.SparseTensorSpec([2, None], tf.int32)
    assert E.RaggedTensorStructure(tf.int32, [2, None], 1) == tf.RaggedTensorSpec([2, None], tf.int32, 1)
    assert isinstance(E.DatasetStructure(batches.element_spec), E.Structure) and E.DatasetStructure is tf.data.DatasetSpec


def test_specs_of_datasets() -> None:
    spec = tf.data.DatasetSpec((tf.TensorSpec([None], tf.int64), tf.SparseTensorSpec([2, 2], tf.float32)))
    pairs = D.zip((D.range(4).batch(2), D.from_tensors(tf.SparseTensor([[1, 0]], [2.0], [2, 2]))))
    assert spec.is_compatible_with(pairs) and not spec.is_compatible_with(D.range(3)) and not spec.is_compatible_with(3)
    assert tf.data.DatasetSpec.from_value(pairs) == spec and spec != tf.data.DatasetSpec(tf.TensorSpec([], tf.int64))
    assert spec.value_type is D and hash(spec) == hash(tf.data.DatasetSpec.from_value(pairs))
    both = tf.data.DatasetSpec(tf.TensorSpec([2], tf.int64)).most_specific_compatible_type(tf.data.DatasetSpec(tf.TensorSpec([3], tf.int64)))
    assert both == tf.data.DatasetSpec(tf.TensorSpec([None], tf.int64))
    option = E.OptionalStructure(tf.TensorSpec([], tf.int32))
    assert option.is_compatible_with(E.Optional.from_value(3)) and not option.is_compatible_with(E.Optional.from_value(3.0))
    assert option == E.OptionalStructure.from_value(E.Optional.from_value(3)) and option != tf.data.DatasetSpec(tf.TensorSpec([], tf.int32))


def test_options_of_vectorisation() -> None:
    options = tf.data.Options()
    options.experimental_optimization.map_vectorization.enabled = True
    kept = D.range(3).with_options(options).options().experimental_optimization.map_vectorization
    assert kept.enabled and kept.use_choose_fastest is None and isinstance(kept, E.MapVectorizationOptions)


# ---------------------------------------------------------------------- records

def record(i: int) -> bytes:
    features = {"n": tf.train.Feature(int64_list=tf.train.Int64List(value=[i])),
                "w": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"x"] * i))}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


@pytest.fixture
def pattern(tmp_path: Path) -> str:
    """Two files of three records each."""
    for k in range(2):
        with tf.python_io.TFRecordWriter(str(tmp_path / f"part{k}")) as writer:
            for i in range(3):
                writer.write(record(3 * k + i))
    return str(tmp_path / "part*")


FEATURES = {"n": tf.FixedLenFeature([], tf.int64), "w": tf.VarLenFeature(tf.string)}


def drained(dataset: Any, session: tf.Session) -> list[Any]:
    element = dataset.make_one_shot_iterator().get_next()
    found = []
    try:
        while True:
            found.append(session.run(element))
    except OutOfRangeError:
        return found


def test_batches_of_features(pattern: str, session: tf.Session) -> None:
    dataset = E.make_batched_features_dataset(pattern, 4, FEATURES, num_epochs=1, shuffle=False)
    found = drained(dataset, session)
    assert [b["n"].tolist() for b in found] == [[0, 1, 2, 3], [4, 5]]
    assert found[1]["w"].dense_shape.tolist() == [2, 5] and found[1]["w"].values.tolist() == [b"x"] * 9
    whole = drained(E.make_batched_features_dataset(pattern, 4, FEATURES, num_epochs=2, shuffle=False, drop_final_batch=True), session)
    assert [b["n"].tolist() for b in whole] == [[0, 1, 2, 3], [4, 5, 0, 1], [2, 3, 4, 5]]


def test_batches_of_features_with_a_label(pattern: str, session: tf.Session) -> None:
    dataset = E.make_batched_features_dataset(pattern, 6, FEATURES, tf.data.TFRecordDataset, "n", [""], num_epochs=1, shuffle_seed=3,
                                              reader_num_threads=2)
    ((features, label),) = drained(dataset, session)
    assert sorted(label.tolist()) == [0, 1, 2, 3, 4, 5] and [*features] == ["w"]
    endless = E.make_batched_features_dataset(pattern, 5, FEATURES, shuffle_seed=3)
    assert endless.element_spec["n"] == tf.TensorSpec([5], tf.int64)
    numbers = [session.run(n) for n in [endless.make_one_shot_iterator().get_next()["n"]] for _ in range(6)]
    assert sorted(np.concatenate(numbers).tolist()) == sorted([0, 1, 2, 3, 4, 5] * 5)


def test_pairs_of_keys_and_records(pattern: str, session: tf.Session) -> None:
    def reader(name: Any) -> Any:
        return tf.data.TFRecordDataset(name).map(lambda r: (name, r))
    (batch,) = drained(E.make_batched_features_dataset(pattern, 6, FEATURES, reader, num_epochs=1, shuffle=False), session)
    assert batch["n"].tolist() == [0, 1, 2, 3, 4, 5]


def test_parsed_batches(session: tf.Session) -> None:
    dataset = D.from_tensor_slices([record(2), record(0), record(1)]).batch(2).apply(E.parse_example_dataset(FEATURES, 2))
    assert [b["n"].tolist() for b in drained(dataset, session)] == [[2, 0], [1]]
    assert dataset.element_spec["n"] == tf.TensorSpec([None], tf.int64)


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
def test_written(compression: str, tmp_path: Path, session: tf.Session) -> None:
    path, n = str(tmp_path / "f"), tf.placeholder(tf.int64, [])
    name = tf.placeholder(tf.string, [])
    write = E.TFRecordWriter(name, compression).write(D.range(n).map(tf.as_string))
    for count in (3, 1):
        session.run(write, {n: count, name: path})
        assert [*tf.python_io.tf_record_iterator(path, tf.python_io.TFRecordOptions(compression))] == [b"0", b"1", b"2"][:count]
    with pytest.raises(InvalidArgumentError, match="cannot be written"):
        session.run(write, {n: 1, name: str(tmp_path / "no" / "f")})


@pytest.mark.parametrize("make, error, message", [
    (lambda: E.cardinality(3), GraphError, "cardinality takes a dataset, not 3"),
    (lambda: E.get_next_as_optional(3), GraphError, "takes an iterator"), (lambda: E.get_structure(3), GraphError, "takes a dataset or an iterator"),
    (lambda: E.Optional.none_from_structure(3), GraphError, "none_from_structure: components are said by TensorSpec"),
    (lambda: tf.data.DatasetSpec(tf.int32), GraphError, "DatasetSpec: components are said by TensorSpec"),
    (lambda: tf.data.DatasetSpec(tf.TensorSpec([]), [2]), GraphError, "there is one dataset"),
    (lambda: tf.data.DatasetSpec.from_value(3), GraphError, "DatasetSpec.from_value takes a value of the class Dataset, not 3"),
    (lambda: E.OptionalStructure.from_value(3), GraphError, "OptionalSpec.from_value takes a value of the class Optional, not 3"),
    (lambda: tf.data.DatasetSpec(tf.TensorSpec([])).most_specific_compatible_type(3), GraphError, "3 is another thing"),
    (lambda: E.parse_example_dataset(None), ArgumentError, "features are a dict"),
    (lambda: D.range(3).apply(E.parse_example_dataset(FEATURES)), DTypeError, "takes a dataset of vectors of texts"),
    (lambda: E.make_batched_features_dataset("f", 2, FEATURES, label_key="z"), ArgumentError, "label_key is one of n, w, not 'z'"),
    (lambda: E.make_batched_features_dataset("f", 2, FEATURES, tf.TFRecordReader), ArgumentError, "is not a TFRecordReader"),
    (lambda: E.TFRecordWriter(3), DTypeError, "the name of a file is a text"), (lambda: E.TFRecordWriter("f", "LZMA"), GraphcError, "LZMA"),
    (lambda: E.TFRecordWriter("f").write(D.range(3)), GraphError, "takes a dataset of texts"),
    (lambda: E.TFRecordWriter("f").write(3), GraphError, "takes a dataset, not 3"),
])
def test_refused(make: Callable[[], Any], error: type[GraphcError], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
