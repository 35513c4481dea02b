"""`tf.lookup`: tables of tensors and files, with a default or with buckets, for dense and sparse keys, in the places that TensorFlow gives."""

from __future__ import annotations

from typing import Any

import pytest

import graphc as tf

L = tf.lookup


def numbered(keys: Any, **options: Any) -> Any:
    return L.KeyValueTensorInitializer(keys, list(range(len(keys))), value_dtype=tf.int64, **options)


# The table, keys, what TensorFlow 2.15 finds for them.
TABLES: dict[str, tuple[Any, Any, list[int]]] = {
    "a default": (lambda: L.StaticHashTable(numbered(["a", "b"]), -1), ["b", "c"], [1, -1]),
    "buckets of numbers": (lambda: L.StaticVocabularyTable(numbered([10, 20], key_dtype=tf.int64), 3), [20, 99, 7, 8], [1, 2, 3, 3]),
    "buckets alone": (lambda: L.StaticVocabularyTable(None, 5), ["a", "b", "c"], [4, 2, 2]),
}


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("make, keys, wanted", TABLES.values(), ids=TABLES)
def test_tables(make: Any, keys: Any, wanted: Any, sparse: bool) -> None:
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        table = make()
        given = tf.constant(keys, tf.string if isinstance(keys[0], str) else tf.int64)
        session.run([table.initializer, tf.tables_initializer()])
        if sparse:
            found = session.run(table.lookup(tf.SparseTensor([[0, i] for i in range(len(keys))], given, [1, 9])))
            assert found.dense_shape.tolist() == [1, 9] and found.values.tolist() == wanted
        else:
            assert session.run(table.lookup(given)).tolist() == wanted


def test_columns_of_files(tmp_path: Any) -> None:
    (tmp_path / "prices").write_text("tea,3\nmilk,1\n")
    made = L.TextFileInitializer(str(tmp_path / "prices"), tf.string, 0, tf.int64, 1, delimiter=",")
    lines = L.TextFileInitializer(str(tmp_path / "prices"), tf.string, L.TextFileIndex.WHOLE_LINE, tf.int64, L.TextFileIndex.LINE_NUMBER)
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        found = session.run([L.StaticHashTable(made, -1).lookup(tf.constant(["milk", "tea"])),
                             L.StaticVocabularyTable(lines, 1).lookup(tf.constant(["milk,1", "tea"]))])
    assert [f.tolist() for f in found] == [[1, 3], [1, 2]]


@pytest.mark.parametrize("build, error, message", [
    (lambda: L.StaticVocabularyTable(None, 0), tf.errors.GraphError, "one bucket or more"),
    (lambda: L.StaticVocabularyTable(L.KeyValueTensorInitializer(["a"], [0]), 1), tf.errors.DTypeError, "places are int64, not int32"),
    (lambda: L.StaticHashTable(numbered(["a", "a"]), -1), tf.errors.GraphError, "stands twice"),
    (lambda: L.StaticHashTable(numbered(["a"]), "x"), tf.errors.DTypeError, "hash_table, its default: .*\\n  at test_lookup.py"),
    (lambda: L.StaticHashTable(numbered(["a"]), -1).lookup(tf.constant([1])), tf.errors.DTypeError, "keys are string"),
], ids=["no bucket", "places of another dtype", "a key twice", "a default of another dtype", "keys of another dtype"])
def test_mistakes(build: Any, error: Any, message: str) -> None:
    with tf.Graph().as_default(), pytest.raises(error, match=message):
        build()
