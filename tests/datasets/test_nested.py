"""Datasets within datasets, sparse tensors as elements, groups and states: as TensorFlow 2.15's `compat.v1` gives them, in both executors."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

import graphc as tf

X = tf.data.experimental
RANGE = tf.data.Dataset.range
SLICES = tf.data.Dataset.from_tensor_slices


def drained(dataset, jit=False, most=1000):
    """All elements of a dataset, as a session gives them; arrays as lists, sparse tensors as tuples of three."""
    iterator = tf.compat.v1.data.make_initializable_iterator(dataset)
    element, found = iterator.get_next(), []
    with tf.Session(**({} if tf.__name__ != "graphc" else {"jit": jit})) as sess:
        sess.run(iterator.initializer)
        for _ in range(most):
            try:
                found.append(plain(sess.run(element)))
            except tf.errors.OutOfRangeError:
                break
    return found


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return value.tolist() if hasattr(value, "tolist") else value


def sparse_rows(n=3):
    """Sparse tensors of the shape [4], number i with i at the place i."""
    return RANGE(n).map(lambda i: tf.SparseTensor(tf.reshape(i, [1, 1]), [i * 10], np.array([4], np.int64)))


def to_dense(dataset):
    return dataset.map(lambda s: tf.sparse_tensor_to_dense(s))


def summed(window):
    return window.reduce(np.int64(0), lambda s, i: s + i)


# What a dataset is built from, and what TensorFlow gives.
ROWS = {
    "window": (lambda: RANGE(7).window(3).flat_map(lambda w: w.batch(10)), [[0, 1, 2], [3, 4, 5], [6]]),
    "window, dropped": (lambda: RANGE(7).window(3, drop_remainder=True).flat_map(lambda w: w.batch(10)), [[0, 1, 2], [3, 4, 5]]),
    "window, shifted": (lambda: RANGE(5).window(3, 1).flat_map(lambda w: w.batch(3)), [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4], [4]]),
    "window, with strides": (lambda: RANGE(7).window(3, 1, 2, True).flat_map(lambda w: w.batch(3)), [[0, 2, 4], [1, 3, 5], [2, 4, 6]]),
    "window, strides to the end": (lambda: RANGE(7).window(2, 3, 2).flat_map(lambda w: w.batch(3)), [[0, 2], [3, 5], [6]]),
    "window, apart": (lambda: RANGE(10).window(2, 4).flat_map(lambda w: w.batch(3)), [[0, 1], [4, 5], [8, 9]]),
    "window of batches": (lambda: RANGE(6).batch(2).window(2).flat_map(lambda w: w.batch(2)), [[[0, 1], [2, 3]], [[4, 5]]]),
    "windows of pairs": (lambda: SLICES(([1, 2, 3], ["a", "b", "c"])).window(2).flat_map(
        lambda a, b: tf.data.Dataset.zip((a.batch(2), b.batch(2)))), [([1, 2], [b"a", b"b"]), ([3], [b"c"])]),
    "windows of dicts": (lambda: SLICES({"b": [1, 2, 3], "a": [4.0, 5.0, 6.0]}).window(2).flat_map(
        lambda d: tf.data.Dataset.zip({"x": d["b"].batch(2), "y": d["a"]})), [{"x": [1, 2], "y": 4.0}, {"x": [3], "y": 6.0}]),
    "windows reduced": (lambda: RANGE(7).window(3).map(summed), [3, 12, 6]),
    "windows reduced at once": (lambda: RANGE(70).window(3).map(summed, num_parallel_calls=2).skip(22), [201, 69]),
    "windows mapped": (lambda: RANGE(4).window(2).flat_map(lambda w: w.map(lambda i: i * i)), [0, 1, 4, 9]),
    "windows interleaved": (lambda: RANGE(6).window(3).interleave(lambda w: w, 2, 1), [0, 3, 1, 4, 2, 5]),
    "windows shuffled and repeated": (lambda: RANGE(4).window(2).shuffle(1).repeat(2).skip(1).flat_map(lambda w: w.batch(2)),
                                      [[2, 3], [0, 1], [2, 3]]),
    "windows of windows": (lambda: RANGE(6).window(4).flat_map(lambda w: w.window(3).flat_map(lambda v: v.batch(3))), [[0, 1, 2], [3], [4, 5]]),
    "windows kept": (lambda: RANGE(4).window(3).cache().repeat(2).flat_map(lambda w: w.batch(3)), [[0, 1, 2], [3]] * 2),
    "windows filtered by": (lambda: RANGE(9).window(3).filter(lambda w: tf.equal(summed(w) % 2, 0)).flat_map(lambda w: w.batch(3)), [[3, 4, 5]]),
    "a map that gives datasets": (lambda: RANGE(3).map(lambda i: RANGE(i)).flat_map(lambda d: d), [0, 0, 1]),
    "a map that gives tensors and datasets": (lambda: RANGE(3).map(lambda i: (i * 10, RANGE(i), i)).flat_map(
        lambda a, d, b: d.map(lambda j: (a, j, b))), [(10, 0, 1), (20, 0, 2), (20, 1, 2)]),
    "zip of windows": (lambda: tf.data.Dataset.zip((RANGE(3), RANGE(6).window(2))).flat_map(lambda i, w: w.map(lambda j: i * 10 + j)),
                       [0, 1, 12, 13, 24, 25]),
    "sparse": (lambda: to_dense(tf.data.Dataset.from_tensors(tf.SparseTensor([[0, 1]], [5], [2, 2]))), [[[0, 5], [0, 0]]]),
    "sparse, as it is": (sparse_rows, [([[i]], [i * 10], [4]) for i in range(3)]),
    "sparse, batched": (lambda: sparse_rows().batch(2), [([[0, 0], [1, 1]], [0, 10], [2, 4]), ([[0, 2]], [20], [1, 4])]),
    "sparse beside dense, batched": (lambda: tf.data.Dataset.zip((RANGE(2), sparse_rows(2), SLICES(["a", "b"]))).batch(2),
                                     [([0, 1], ([[0, 0], [1, 1]], [0, 10], [2, 4]), [b"a", b"b"])]),
    "sparse of several shapes, batched": (lambda: RANGE(1, 3).map(lambda i: tf.SparseTensor([[0]], [i], tf.reshape(i, [1]))).batch(2),
                                          [([[0, 0], [1, 0]], [1, 2], [2, 2])]),
    "sparse, taken apart": (lambda: sparse_rows().batch(3).unbatch().skip(1), [([[1]], [10], [4]), ([[2]], [20], [4])]),
    "sparse, rows": (lambda: SLICES(tf.SparseTensor([[0, 1], [0, 2], [2, 0]], [5, 6, 7], [3, 4])),
                     [([[1], [2]], [5, 6], [4]), ([], [], [4]), ([[0]], [7], [4])]),
    "sparse, rows beside dense ones": (lambda: SLICES((["a", "b"], tf.SparseTensorValue(np.array([[1, 0]]), np.array([3.0]), np.array([2, 1])))),
                                       [(b"a", ([], [], [1])), (b"b", ([[0]], [3.0], [1]))]),
    "sparse, filtered and shuffled": (lambda: sparse_rows().filter(lambda s: s.values[0] > 0).shuffle(1).repeat(2).take(3),
                                      [([[1]], [10], [4]), ([[2]], [20], [4]), ([[1]], [10], [4])]),
    "sparse, in a dict": (lambda: sparse_rows(1).map(lambda s: {"s": s, "n": s.values[0] + 1}), [{"s": ([[0]], [0], [4]), "n": 1}]),
    "sparse, windows": (lambda: sparse_rows().window(2).flat_map(lambda w: w.batch(2)),
                        [([[0, 0], [1, 1]], [0, 10], [2, 4]), ([[0, 2]], [20], [1, 4])]),
    "rows of a sparse tensor": (lambda: tf.data.Dataset.from_sparse_tensor_slices(tf.SparseTensor([[0, 1], [2, 0]], [5, 7], [3, 4])),
                                [([[1]], [5], [4]), ([], [], [4]), ([[0]], [7], [4])]),
    "rows as sparse": (lambda: RANGE(1, 4).map(lambda i: tf.fill([tf.cast(i, tf.int32)], i)).apply(X.dense_to_sparse_batch(2, [4])),
                       [([[0, 0], [1, 0], [1, 1]], [1, 2, 2], [2, 4]), ([[0, 0], [0, 1], [0, 2]], [3, 3, 3], [1, 4])]),
    "rows as sparse, as large as the largest": (lambda: RANGE(1, 3).map(lambda i: tf.fill([tf.cast(i, tf.int32)], i)).apply(
        X.dense_to_sparse_batch(2, [None])), [([[0, 0], [1, 0], [1, 1]], [1, 2, 2], [2, 2])]),
    "groups": (lambda: RANGE(10).apply(X.group_by_window(lambda i: i % 3, lambda k, w: w.batch(2), 2)),
               [[0, 3], [1, 4], [2, 5], [6, 9], [7], [8]]),
    "groups of sizes": (lambda: RANGE(8).apply(X.group_by_window(lambda i: i % 2, lambda k, w: w.map(lambda i: (k, i)).batch(4),
                                                                 window_size_func=lambda k: k + 2)),
                        [([0, 0], [0, 2]), ([1, 1, 1], [1, 3, 5]), ([0, 0], [4, 6]), ([1], [7])]),
    "groups in their order": (lambda: SLICES(np.array([5, -1, 3, 5, -1, 3], np.int64)).apply(
        X.group_by_window(lambda i: i, lambda k, w: w.batch(9), 9)), [[-1, -1], [3, 3], [5, 5]]),
    "buckets": (lambda: SLICES([1, 5, 2, 7, 3]).map(tf.range).apply(X.bucket_by_sequence_length(lambda x: tf.shape(x)[0], [3, 6], [2, 2, 2])),
                [[[0, 0], [0, 1]], [[0, 1, 2, 3, 4], [0, 1, 2, 0, 0]], [[*range(7)]]]),
    "buckets, to the boundary": (lambda: SLICES([1, 4, 2]).map(tf.range).apply(X.bucket_by_sequence_length(
        lambda x: tf.shape(x)[0], [4, 6], [2, 2, 2], pad_to_bucket_boundary=True)), [[[0, 0, 0], [0, 1, 0]], [[0, 1, 2, 3, 0]]]),
    "buckets of pairs": (lambda: SLICES([1, 2]).map(lambda n: (tf.range(n), n)).apply(X.bucket_by_sequence_length(
        lambda x, n: n, [9], [2, 2], ([None], []), (-1, 0))), [([[0, -1], [0, 1]], [1, 2])]),
    "buckets, not padded": (lambda: SLICES([2, 2, 5]).map(tf.range).apply(X.bucket_by_sequence_length(
        lambda x: tf.shape(x)[0], [3], [2, 1], no_padding=True)), [[[0, 1], [0, 1]], [[0, 1, 2, 3, 4]]]),
    "one value a key": (lambda: RANGE(10).apply(X.group_by_reducer(lambda i: i % 3 - 1, X.Reducer(
        lambda k: (k, np.int64(0)), lambda s, i: (s[0], s[1] + i), lambda k, s: (k, s)))), [(-1, 18), (0, 12), (1, 15)]),
    "a state that grows": (lambda: RANGE(1, 4).apply(X.scan(np.zeros(0, np.int64), lambda s, i: (tf.concat([s, [i]], 0), tf.reduce_sum(s)))),
                           [0, 1, 3]),
    "padded to a tensor": (lambda: RANGE(1, 3).map(lambda i: tf.fill([tf.cast(i, tf.int32)], i)).padded_batch(2, tf.constant([4], tf.int64)),
                           [[[1, 0, 0, 0], [2, 2, 0, 0]]]),
    "counted": (lambda: RANGE(3).apply(X.assert_cardinality(3)), [0, 1, 2]),
    "texts that end with zeros": (lambda: SLICES([b"a\0", b"b\0\0"]).map(lambda t: t).map(lambda t: tf.string_join([t, b"\0"])).batch(2).map(
        lambda t: tf.identity(t)), [[b"a\0\0", b"b\0\0\0"]]),
    "a text that ends with zeros": (lambda: SLICES([b"a\0"]).map(lambda t: tf.string_join([t, b"\0"])).batch(1), [[b"a\0\0"]]),
    "another device": (lambda: RANGE(2).apply(X.copy_to_device("/cpu:0")).apply(X.prefetch_to_device("/cpu:0")), [0, 1]),
}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", ROWS)
def test_elements(name, jit):
    build, expected = ROWS[name]
    assert drained(build(), jit) == expected


def reduced(build, jit=False, feed=None):
    with tf.Session(**({} if tf.__name__ != "graphc" else {"jit": jit})) as sess:
        return plain(sess.run(build(), feed))


REDUCED = {
    "sum": (lambda: RANGE(5).reduce(np.int64(0), lambda s, i: s + i), 10),
    "pair": (lambda: RANGE(5).reduce((np.int64(0), 1.0), lambda s, i: (s[0] + i, s[1] * 2.0)), (10, 32.0)),
    "dict": (lambda: SLICES([1, 2]).reduce({"n": 0}, lambda s, i: {"n": s["n"] + i}), {"n": 3}),
    "growing": (lambda: RANGE(3).reduce(np.zeros(0, np.int64), lambda s, i: tf.concat([s, [i]], 0)), [0, 1, 2]),
    "of nothing": (lambda: RANGE(0).reduce(7, lambda s, i: s + 1), 7),
    "captured": (lambda: RANGE(3).reduce(tf.constant(1.5), lambda s, i: s + tf.cast(i, tf.float32) * (tf.constant(2.0) + 1)), 10.5),
    "used": (lambda: RANGE(4).reduce(np.int64(0), lambda s, i: s + i) * 2, 12),
    "texts": (lambda: SLICES(["a", "b\0"]).reduce("", lambda s, t: tf.string_join([s, t])), b"ab\0"),
    "within a map": (lambda: RANGE(3).map(lambda i: RANGE(i).reduce(np.int64(1), lambda s, j: s + j)).reduce(np.int64(0), lambda s, i: s + i), 4),
}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", REDUCED)
def test_reduced(name, jit):
    build, expected = REDUCED[name]
    assert reduced(build, jit) == expected


def test_a_reduction_of_what_is_fed_and_of_variables():
    n = tf.placeholder(tf.int64, [])
    v = tf.Variable(2.0)
    total = RANGE(n).reduce(0.0, lambda s, i: s + tf.cast(i, tf.float32)) * v
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert [sess.run(total, {n: k}) for k in (3, 4, 0)] == [6.0, 12.0, 0.0]


# ---------------------------------------------------------------------- what elements are

TYPES = {
    "sparse": (lambda: sparse_rows(), "int64", [4], "SparseTensor"),
    "sparse, batched": (lambda: sparse_rows().batch(2), "int64", [None, 4], "SparseTensor"),
    "dense": (lambda: RANGE(3).batch(2), "int64", [None], "Tensor"),
    "state that grows": (lambda: RANGE(3).apply(X.scan(np.zeros(0, np.int64), lambda s, i: (tf.concat([s, [i]], 0), s))), "int64", [None], "Tensor"),
}


@pytest.mark.parametrize("name", TYPES)
def test_types(name):
    build, dtype, shape, kind = TYPES[name]
    dataset = build()
    assert tf.compat.v1.data.get_output_types(dataset) == tf.as_dtype(dtype)
    assert tf.compat.v1.data.get_output_shapes(dataset).as_list() == shape
    assert tf.compat.v1.data.get_output_classes(dataset) is getattr(tf, kind)


def test_an_iterator_of_sparse_tensors_for_several_datasets():
    first, other = sparse_rows(1), sparse_rows(2).skip(1)
    iterator = tf.data.Iterator.from_structure(first.output_types, first.output_shapes, output_classes=first.output_classes)
    element, begins = tf.sparse_tensor_to_dense(iterator.get_next()), [iterator.make_initializer(d) for d in (first, other)]
    with tf.Session() as sess:
        found = []
        for begin in begins:
            sess.run(begin)
            found.append(sess.run(element).tolist())
    assert found == [[0, 0, 0, 0], [0, 10, 0, 0]]


# ---------------------------------------------------------------------- databases and tables

def test_rows_of_a_query(tmp_path):
    place = str(tmp_path / "db")
    with sqlite3.connect(place) as base:
        base.execute("CREATE TABLE t (n INTEGER, x REAL, s TEXT)")
        base.executemany("INSERT INTO t VALUES (?, ?, ?)", [(1, 0.5, "a"), (2, 1.5, "é"), (None, None, None)])
    base.close()
    kinds = (tf.int32, tf.float64, tf.string)
    made = X.SqlDataset("sqlite", place, "SELECT n, x, s FROM t", kinds)
    assert drained(made) == [(1, 0.5, b"a"), (2, 1.5, "é".encode()), (0, 0.0, b"")]
    query = tf.placeholder(tf.string, [])
    iterator = X.SqlDataset("sqlite", place, query, (tf.int64,)).make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as sess:
        sess.run(iterator.initializer, {query: "SELECT n FROM t WHERE n > 1"})
        assert sess.run(element) == (2,)
    for driver, text, message in (("mysql", "SELECT n FROM t", "driver 'mysql' is not supported"),
                                  ("sqlite", "SELECT n, s FROM t", "gives 2 columns"), ("sqlite", "SELECT m FROM t", "no such column: m")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            drained(X.SqlDataset(driver, place, text, (tf.int32,)))


CSV = "n,x,s,big\n1,0.5,a,5000000000\n2,,b,1\n,2.5,c,2\n"
TABLES = {
    "all": ({"num_epochs": 1, "shuffle": False}, [{"n": [1, 2], "x": [0.5, 0.0], "s": [b"a", b"b"], "big": [5000000000, 1]},
                                                  {"n": [0], "x": [2.5], "s": [b"c"], "big": [2]}]),
    "label": ({"num_epochs": 1, "shuffle": False, "label_name": "s", "select_columns": ["s", "n"]}, [({"n": [1, 2]}, [b"a", b"b"]),
                                                                                                   ({"n": [0]}, [b"c"])]),
    "names and defaults": ({"num_epochs": 1, "shuffle": False, "column_names": ["a", "b", "c", "d"],
                            "column_defaults": [tf.constant([-1]), tf.constant([9.0]), tf.string, tf.int64]},
                           [{"a": [1, 2], "b": [0.5, 9.0], "c": [b"a", b"b"], "d": [5000000000, 1]}, {"a": [-1], "b": [2.5], "c": [b"c"], "d": [2]}]),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables(name, tmp_path):
    (tmp_path / "t.csv").write_text(CSV)
    arguments, expected = TABLES[name]
    assert drained(X.make_csv_dataset(str(tmp_path / "*.csv"), 2, **arguments)) == expected


def test_tables_without_end_are_of_whole_batches(tmp_path):
    (tmp_path / "t.csv").write_text(CSV)
    made = X.make_csv_dataset(str(tmp_path / "t.csv"), 4, select_columns=["n"], shuffle_seed=1)
    assert made.output_shapes["n"].as_list() == [4] and len(drained(made, most=3)) == 3


# ---------------------------------------------------------------------- chance

def test_classes_come_as_often_as_wanted():
    """2,000 elements: five standard deviations of a share of 0.5 are 0.056."""
    for initial in ([0.9, 0.1], None):
        data = RANGE(40_000).map(lambda i: tf.cast(tf.random_uniform([], seed=2) < 0.1, tf.int32))
        made = data.apply(X.rejection_resample(lambda c: c, [0.5, 0.5], initial, seed=3)).skip(400).batch(2000).take(1)
        classes, elements = drained(made)[0]
        assert classes == elements and abs(np.mean(classes) - 0.5) < 0.056


def test_random_numbers():
    first, again = (drained(X.RandomDataset(seed=4).take(3)) for _ in range(2))
    assert first == again and len(set(first)) == 3 and all(0 <= i < 2**32 for i in first)


# ---------------------------------------------------------------------- options

def test_options_are_kept_and_joined():
    one, two = tf.data.Options(), tf.data.Options()
    one.experimental_deterministic, two.experimental_threading.max_intra_op_parallelism = False, 1
    found = RANGE(3).with_options(one).map(lambda i: i).with_options(two).options()
    assert found.experimental_deterministic is False and found.experimental_threading.max_intra_op_parallelism == 1
    with pytest.raises(AttributeError, match="Options has no option 'experimental_determinism'"):
        one.experimental_determinism = True


# ---------------------------------------------------------------------- refused

BUILD = {
    "batches of windows": (lambda: RANGE(3).window(2).batch(2), "an element that is a dataset is no row"),
    "padded sparse": (lambda: sparse_rows().padded_batch(2, [None]), "batch stacks sparse tensors"),
    "a reduction of another dtype": (lambda: RANGE(3).reduce(0, lambda s, i: i), r"returns int64\[\], and is given the state int32\[\]"),
    "no key": (lambda: RANGE(3).apply(X.group_by_window(lambda i: 1.0, lambda k, w: w, 2)), "a scalar of dtype int64, not float32"),
    "no dataset of a window": (lambda: RANGE(3).apply(X.group_by_window(lambda i: i, lambda k, w: k, 2)), "it is to return a dataset"),
    "two sizes": (lambda: X.group_by_window(lambda i: i, lambda k, w: w, 2, lambda k: k), "takes window_size, or window_size_func"),
    "sizes of buckets": (lambda: X.bucket_by_sequence_length(lambda x: x, [3], [2]), "1 sizes for 1 boundaries"),
    "no window": (lambda: RANGE(3).window(0), "size is at least 1, not 0"),
    "a class": (lambda: RANGE(3).apply(X.rejection_resample(lambda i: 0.5, [0.5, 0.5])), "a scalar of dtype int32, not float32"),
    "no dataset to begin": (lambda: tf.compat.v1.data.make_one_shot_iterator(3), "takes a dataset, not 3"),
    "no dataset to ask": (lambda: tf.compat.v1.data.get_output_types(3), "takes a dataset or an iterator, not 3"),
}


@pytest.mark.parametrize("name", BUILD)
def test_refused_when_built(name):
    build, text = BUILD[name]
    with pytest.raises(tf.errors.GraphcError, match=text) as caught:
        build()
    assert "test_nested.py:" in str(caught.value)


RUN = {
    "too long": (lambda: SLICES([7]).map(tf.range).apply(X.bucket_by_sequence_length(lambda x: tf.shape(x)[0], [4], [1, 1],
                                                                                     pad_to_bucket_boundary=True)), "elements must have length"),
    "rows too large": (lambda: RANGE(5, 6).map(lambda i: tf.fill([tf.cast(i, tf.int32)], i)).apply(X.dense_to_sparse_batch(2, [4])),
                       "larger than the row's shape"),
    "fewer": (lambda: RANGE(3).apply(X.assert_cardinality(4)), "has 3 elements, and is said to have 4"),
    "more": (lambda: RANGE(3).apply(X.assert_cardinality(2)), "more than 2 elements"),
    "sizes of windows": (lambda: RANGE(3).apply(X.group_by_window(lambda i: i, lambda k, w: w, window_size_func=lambda k: k)), "a window of 0"),
    "ranks": (lambda: SLICES([1, 2]).map(lambda i: tf.SparseTensor(tf.zeros([0, i], tf.int64), tf.zeros([0]), tf.ones([i], tf.int64))).batch(2),
              "are of several ranks"),
    "within a function": (lambda: RANGE(3).map(lambda i: RANGE(3).reduce(np.int64(0), lambda s, j: s + tf.gather([1, 2], j))), "Dataset.reduce"),
}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", RUN)
def test_refused_when_run(name, jit):
    build, text = RUN[name]
    with pytest.raises(tf.errors.InvalidArgumentError, match=text) as caught:
        drained(build(), jit)
    assert "test_nested.py:" in str(caught.value)


def test_names_of_the_time_when_datasets_stood_in_contrib():
    made = tf.contrib.data.Dataset.from_tensor_slices([1, 2, 3]).map(lambda i: i * 2, num_threads=2, output_buffer_size=10)
    assert drained(made) == [2, 4, 6] and drained(made.map(lambda i: i + 1, 2, 10)) == [3, 5, 7]
    assert tf.contrib.data.Iterator is tf.data.Iterator and tf.contrib.data.TFRecordDataset is tf.data.TFRecordDataset
