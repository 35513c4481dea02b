"""Datasets give what plain Python makes of lists, in both executors; what they cannot do is refused with the line."""

from __future__ import annotations

import gzip
import itertools
import zlib

import numpy as np
import pytest

import graphc as tf

RANGE = tf.data.Dataset.range
SLICES = tf.data.Dataset.from_tensor_slices


def drained(dataset, jit=False, most=1000):
    """All elements of a dataset, as a session gives them; arrays as lists."""
    element = dataset.make_one_shot_iterator().get_next()
    found = []
    with tf.Session(jit=jit) as sess:
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


def chunks(values, n, drop=False):
    cut = [values[i:i + n] for i in range(0, len(values), n)]
    return [c for c in cut if len(c) == n or not drop]


# What a dataset is built from, and what Python's lists give.
ROWS = {
    "range": (lambda: RANGE(5), [0, 1, 2, 3, 4]),
    "range of three": (lambda: RANGE(10, 0, -3), [*range(10, 0, -3)]),
    "range, empty": (lambda: RANGE(3, 3), []),
    "range, longer than a block": (lambda: RANGE(10_000).skip(9_998), [9998, 9999]),
    "range of tensors": (lambda: RANGE(tf.constant(2) + 1), [0, 1, 2]),
    "tensors": (lambda: tf.data.Dataset.from_tensors(([1, 2], "a")), [([1, 2], b"a")]),
    "slices": (lambda: SLICES([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    "slices of a tensor": (lambda: SLICES(tf.constant([1, 2]) * 2), [2, 4]),
    "slices, nested": (lambda: SLICES({"b": [1, 2], "a": (["x", "y"], [0.5, 1.5])}),
                       [{"b": 1, "a": (b"x", 0.5)}, {"b": 2, "a": (b"y", 1.5)}]),
    "slices, empty": (lambda: SLICES(np.zeros((0, 3))), []),
    "slices of a transposed array": (lambda: SLICES(np.arange(6).reshape(2, 3).T).batch(2), [[[0, 3], [1, 4]], [[2, 5]]]),
    "batch": (lambda: RANGE(7).batch(3), chunks([*range(7)], 3)),
    "batch, dropped": (lambda: RANGE(7).batch(3, drop_remainder=True), chunks([*range(7)], 3, True)),
    "batch, larger than all": (lambda: RANGE(2).batch(30), [[0, 1]]),
    "batch of batches": (lambda: RANGE(6).batch(2).batch(2, True), [[[0, 1], [2, 3]]]),
    "batch across repeats": (lambda: RANGE(5).repeat(3).batch(4), chunks([*range(5)] * 3, 4)),
    "batch of single ones": (lambda: RANGE(7).map(lambda i: i + 1).batch(3), chunks([*range(1, 8)], 3)),
    "batch size a tensor": (lambda: RANGE(4).batch(tf.constant(3)), [[0, 1, 2], [3]]),
    "repeat": (lambda: RANGE(2).repeat(3), [0, 1] * 3),
    "repeat 0": (lambda: RANGE(2).repeat(0), []),
    "repeat of nothing": (lambda: RANGE(0).repeat(), []),
    "repeat without end": (lambda: RANGE(2).repeat().take(5), [0, 1, 0, 1, 0]),
    "take": (lambda: RANGE(9).take(4), [0, 1, 2, 3]),
    "take all": (lambda: RANGE(3).take(-1), [0, 1, 2]),
    "take none": (lambda: RANGE(3).take(0), []),
    "take of batches": (lambda: RANGE(9).batch(2).take(2), [[0, 1], [2, 3]]),
    "skip": (lambda: RANGE(9).skip(6), [6, 7, 8]),
    "skip all": (lambda: RANGE(9).skip(-1), []),
    "skip more": (lambda: RANGE(2).skip(5), []),
    "skip single ones": (lambda: RANGE(6).map(lambda i: i).skip(4), [4, 5]),
    "shard": (lambda: RANGE(10).shard(3, 1), [1, 4, 7]),
    "shard of single ones": (lambda: RANGE(10).map(lambda i: i).shard(4, 3), [3, 7]),
    "zip": (lambda: tf.data.Dataset.zip((RANGE(3), SLICES(["a", "b"]))), [(0, b"a"), (1, b"b")]),
    "zip, nested": (lambda: tf.data.Dataset.zip({"p": (RANGE(2), RANGE(5).batch(2)), "q": SLICES(([1, 2], [3, 4]))}),
                    [{"p": (0, [0, 1]), "q": (1, 3)}, {"p": (1, [2, 3]), "q": (2, 4)}]),
    "concatenate": (lambda: RANGE(2).concatenate(RANGE(7, 9)), [0, 1, 7, 8]),
    "concatenate, batched": (lambda: SLICES([[1, 2]]).concatenate(SLICES([[3, 4], [5, 6]])).batch(2), [[[1, 2], [3, 4]], [[5, 6]]]),
    "map": (lambda: RANGE(4).map(lambda i: (i * i, i < 2)), [(0, True), (1, True), (4, False), (9, False)]),
    "map of a tuple": (lambda: SLICES(([1, 2], [10, 20])).map(lambda a, b: a + b), [11, 22]),
    "map of a dict": (lambda: SLICES({"a": [1, 2]}).map(lambda d: {"b": d["a"] * 2, "a": d["a"]}), [{"b": 2, "a": 1}, {"b": 4, "a": 2}]),
    "map, shapes differ": (lambda: RANGE(4).map(tf.range), [[*range(i)] for i in range(4)]),
    "map of texts": (lambda: SLICES(["a", "bc"]).map(lambda t: (t, tf.constant(1))), [(b"a", 1), (b"bc", 1)]),
    "map by py_func": (lambda: RANGE(3).map(lambda i: tf.py_func(lambda v: v * 10, [i], tf.int64)), [0, 10, 20]),
    "map to several by py_func": (lambda: RANGE(2).map(lambda i: tuple(tf.py_func(lambda v: (v, np.float32(v) / 2), [i], [i.dtype, tf.float32]))),
                                  [(0, 0.0), (1, 0.5)]),
    "map to a constant": (lambda: RANGE(2).map(lambda i: 7), [7, 7]),
    "map with what is constant outside": (lambda: RANGE(3).map(OUTSIDE), [5, 6, 7]),
    "filter": (lambda: RANGE(10).filter(lambda i: tf.equal(i % 3, 0)), [0, 3, 6, 9]),
    "filter, none left": (lambda: RANGE(10).filter(lambda i: i > 100), []),
    "flat_map": (lambda: RANGE(4).flat_map(lambda i: RANGE(i)), [j for i in range(4) for j in range(i)]),
    "flat_map, nested": (lambda: RANGE(3).flat_map(lambda i: RANGE(i).map(lambda j: i * 10 + j)), [10, 20, 21]),
    "flat_map to slices": (lambda: SLICES([[1, 2], [3, 4]]).flat_map(lambda row: SLICES(row)), [1, 2, 3, 4]),
    "flat_map of flat_map": (lambda: RANGE(3).flat_map(lambda i: RANGE(2).flat_map(lambda j: SLICES([i, j]))),
                             [v for i in range(3) for j in range(2) for v in (i, j)]),
    "interleave": (lambda: RANGE(1, 4).interleave(lambda i: tf.data.Dataset.from_tensors(i).repeat(i), 2, 1), [1, 2, 2, 3, 3, 3]),
    "interleave in blocks": (lambda: RANGE(1, 6).interleave(lambda i: tf.data.Dataset.from_tensors(i).repeat(6), 2, 4),
                             # The table of TensorFlow's documentation of `interleave`.
                             [1] * 4 + [2] * 4 + [1] * 2 + [2] * 2 + [3] * 4 + [4] * 4 + [3] * 2 + [4] * 2 + [5] * 6),
    "padded": (lambda: RANGE(1, 5).map(lambda i: tf.fill([tf.cast(i, tf.int32)], i)).padded_batch(2, [None]),
               [[[1, 0], [2, 2]], [[3, 3, 3, 0], [4, 4, 4, 4]]]),
    "padded to a size": (lambda: RANGE(1, 3).map(lambda i: (tf.fill([tf.cast(i, tf.int32)], i), i)).padded_batch(3, ([4], []), (tf.constant(
        -1, tf.int64), 0)), [([[1, -1, -1, -1], [2, 2, -1, -1]], [1, 2])]),
    "cache": (lambda: RANGE(4).map(lambda i: i * 2).cache().repeat(2), [0, 2, 4, 6] * 2),
    "cache, shapes differ": (lambda: RANGE(3).map(tf.range).cache().repeat(2), [[], [0], [0, 1]] * 2),
    "prefetch": (lambda: RANGE(100).map(lambda i: i).prefetch(3), [*range(100)]),
    "prefetch of functions of Python": (lambda: RANGE(100).map(lambda i: tf.py_func(lambda a: a, [i], tf.int64)).prefetch(3), [*range(100)]),
    "prefetch in the midst": (lambda: RANGE(20).prefetch(2).batch(3).prefetch(1), chunks([*range(20)], 3)),
    "prefetch as many as seem good": (lambda: RANGE(5).prefetch(-1), [*range(5)]), "no prefetch": (lambda: RANGE(5).prefetch(0), [*range(5)]),
    "apply": (lambda: RANGE(4).apply(lambda d: d.skip(2)), [2, 3]),
    "generator": (lambda: tf.data.Dataset.from_generator(lambda: iter([1, 2, 3]), tf.int32), [1, 2, 3]),
    "generator, nested": (lambda: tf.data.Dataset.from_generator(lambda: ((i, {"a": [i] * i}) for i in range(3)), (tf.int64, {"a": tf.float32}),
                                                                 ([], {"a": [None]})), [(0, {"a": []}), (1, {"a": [1.0]}), (2, {"a": [2.0, 2.0]})]),
    "generator with arguments": (lambda: tf.data.Dataset.from_generator(lambda n, k: range(n, k), tf.int64, [], (2, tf.constant(5))), [2, 3, 4]),
    "generator, endless": (lambda: tf.data.Dataset.from_generator(itertools.count, tf.int64).take(3), [0, 1, 2]),
    "generator of texts": (lambda: tf.data.Dataset.from_generator(lambda: iter(["a", b"b"]), tf.string), [b"a", b"b"]),
}


def OUTSIDE(i):
    return i + CONSTANT.pop()


CONSTANT = []


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", ROWS)
def test_elements(name, jit):
    CONSTANT[:] = [tf.constant(np.int64(2)) + 3]
    build, expected = ROWS[name]
    assert drained(build(), jit) == expected


@pytest.mark.parametrize("name", ROWS)
def test_declared_types_hold(name):
    CONSTANT[:] = [tf.constant(np.int64(2)) + 3]
    dataset = ROWS[name][0]()
    _, types = tf.data.dataset.flatten(dataset.output_types)
    shapes = [t.shape for t in dataset._structure.types]
    element = dataset.make_one_shot_iterator().get_next()
    _, nodes = tf.data.dataset.flatten(element)
    assert [n.dtype for n in nodes] == types
    with tf.Session(jit=False) as sess:
        try:
            values = sess.run(nodes)
        except tf.errors.OutOfRangeError:
            return
    for value, shape, dtype in zip(values, shapes, types, strict=True):
        assert tf.TensorShape(shape).is_compatible_with(np.shape(value))
        assert isinstance(value, bytes) if dtype == tf.string and not np.shape(value) else np.asarray(value).dtype == dtype.as_numpy_dtype


# ---------------------------------------------------------------------- shuffling

@pytest.mark.parametrize("single, n, buffer", [
    (single, n, buffer) for single in (False, True)
    for n, buffer in ((10, 1), (10, 3), (10, 10), (10, 100), (1, 5), (0, 5), *(() if single else ((5000, 7), (5000, 1000), (2000, 5000))))])
def test_shuffle_keeps_all_elements_and_never_takes_one_before_it_waits(single, n, buffer):
    dataset = RANGE(n).map(lambda i: i) if single else RANGE(n)
    found = [i for b in drained(dataset.shuffle(buffer, seed=1).batch(100)) for i in b]
    assert sorted(found) == [*range(n)]
    assert all(i < place + buffer for place, i in enumerate(found))       # element i is read when i - buffer others have left
    if n > 5 and buffer > 1:
        assert found != sorted(found)


def test_shuffle_is_even():
    """Of 3 elements each of 6 orders comes as often as the others: chi-squared of 5 degrees lies below 25.7 but once in 10,000."""
    orders = [tuple(c) for c in chunks([i for b in drained(RANGE(3).shuffle(3, seed=5).repeat(3000).batch(999)) for i in b], 3)]
    counts = np.array([orders.count(p) for p in itertools.permutations(range(3))])
    assert counts.sum() == 3000 and ((counts - 500) ** 2 / 500).sum() < 25.7


def test_shuffle_of_elements_of_several_shapes():
    found = drained(RANGE(8).map(tf.range).shuffle(3, seed=2))
    assert sorted(found) == [[*range(i)] for i in range(8)] and found != sorted(found)


def seeded(graph_seed, op_seed, each=None, jit=False):
    with tf.Graph().as_default():
        tf.set_random_seed(graph_seed)
        return drained(RANGE(20).shuffle(20, op_seed, each).repeat(2).batch(20), jit)


def test_seeds():
    assert seeded(1, None) == seeded(1, None) and seeded(None, 2) == seeded(None, 2) == seeded(None, 2, jit=True)
    assert seeded(1, None) != seeded(2, None) and seeded(None, 2) != seeded(None, 3) and seeded(1, 2) != seeded(3, 2)
    assert seeded(None, None) != seeded(None, None)
    first, second = seeded(1, 2)
    assert first != second
    first, second = seeded(1, 2, each=False)
    assert first == second


def test_two_shuffles_draw_apart():
    tf.set_random_seed(1)
    assert drained(RANGE(20).shuffle(20).batch(20)) != drained(RANGE(20).shuffle(20).batch(20))


def test_random_numbers_in_a_map_go_on_and_are_seeded():
    def drawn():
        with tf.Graph().as_default():
            tf.set_random_seed(3)
            return drained(RANGE(3).map(lambda i: tf.random_uniform([])))
    found = drawn()
    assert len(set(found)) == 3 and found == drawn()


# ---------------------------------------------------------------------- files

def test_lines(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"a\nbb\r\n\nlast")
    two.write_bytes(b"x\n")
    expected = [b"a", b"bb", b"", b"last", b"x"]
    assert drained(tf.data.TextLineDataset([str(one), str(two)])) == expected
    packed = {"GZIP": gzip.compress(one.read_bytes()), "ZLIB": zlib.compress(one.read_bytes())}
    for how, data in packed.items():
        two.write_bytes(data)
        assert drained(tf.data.TextLineDataset(str(two), how)) == expected[:4]
    assert drained(SLICES([str(one)]).flat_map(lambda f: tf.data.TextLineDataset(f).skip(1))) == expected[1:4]


def test_many_lines(tmp_path):
    lines = [b"x" * (i % 300) for i in range(5000)]
    (tmp_path / "f").write_bytes(b"\n".join(lines) + b"\n")
    assert drained(tf.data.TextLineDataset(str(tmp_path / "f")), most=10_000) == lines


def test_records_of_one_size(tmp_path):
    (tmp_path / "f").write_bytes(b"HH" + bytes(range(12)) + b"F")
    made = tf.data.FixedLengthRecordDataset(str(tmp_path / "f"), 4, 2, 1)
    assert drained(made) == [bytes(range(i, i + 4)) for i in (0, 4, 8)]
    with pytest.raises(tf.errors.DataLossError, match="3 are left over"):
        drained(tf.data.FixedLengthRecordDataset(str(tmp_path / "f"), 4))


def test_listed_files(tmp_path):
    for name in ("b.txt", "a.txt", "c.csv"):
        (tmp_path / name).write_text("")
    expected = [str(tmp_path / n).encode() for n in ("a.txt", "b.txt")]
    assert drained(tf.data.Dataset.list_files(str(tmp_path / "*.txt"), shuffle=False)) == expected
    assert sorted(drained(tf.data.Dataset.list_files([str(tmp_path / "*.txt")]))) == expected


# ---------------------------------------------------------------------- refused

BUILD = {
    "rows differ": (lambda: SLICES(([1, 2], [1])), tf.errors.ShapeError, "have not as many rows each"),
    "a scalar": (lambda: SLICES(3), tf.errors.ShapeError, "a scalar, which has no rows"),
    "no function": (lambda: RANGE(3).map(5), tf.errors.GraphError, "Dataset.map takes a function, not 5"),
    "no truth value": (lambda: RANGE(3).take_while(lambda i: i), tf.errors.GraphError, "to return a scalar of dtype bool, not int64"),
    "a scalar has no rows": (lambda: RANGE(3).unbatch(), tf.errors.GraphError, "Dataset.unbatch: .* has a scalar"),
    "no start": (lambda: RANGE(3).enumerate(1.5), tf.errors.ArgumentError, "start is a whole number"),
    "no scalar": (lambda: RANGE(3).filter(lambda i: i), tf.errors.GraphError, "to return a scalar of dtype bool, not int64"),
    "no dataset": (lambda: RANGE(3).flat_map(lambda i: i), tf.errors.GraphError, "it is to return a dataset"),
    "no batch": (lambda: RANGE(3).batch(0), tf.errors.ArgumentError, "at least one element, not 0"),
    "batch of text": (lambda: RANGE(3).batch("2"), tf.errors.ArgumentError, "batch_size is a whole number, not '2'"),
    "zip of a list": (lambda: tf.data.Dataset.zip([RANGE(3)]), tf.errors.GraphError, "Dataset.zip takes a tuple or dict of datasets"),
    "concatenate others": (lambda: RANGE(3).concatenate(SLICES([1.0])), tf.errors.GraphError, r"elements of int64\[\] and of float32\[\]"),
    "a map that returns nothing": (lambda: RANGE(3).map(lambda i: None), tf.errors.GraphError, "what it returns is no tensor"),
    "compression": (lambda: tf.data.TextLineDataset("f", "LZMA"), tf.errors.ArgumentError, "GZIP, ZLIB or not at all, not 'LZMA'"),
    "names": (lambda: tf.data.TextLineDataset([1]), tf.errors.DTypeError, "the names of files are texts"),
    "padded rank": (lambda: RANGE(3).padded_batch(2, [3]), tf.errors.ShapeError, r"components int64\[\] are not padded to"),
    "shapes": (lambda: tf.data.Dataset.from_generator(lambda: [], (tf.int32, tf.int32), [None]), tf.errors.GraphError, "not those of 2 components"),
    "iterating": (lambda: iter(RANGE(3)), tf.errors.GraphError, "make_one_shot_iterator"),
    "argument": (lambda: RANGE(3).batch(size=3), tf.errors.ArgumentError, "Dataset.batch has no argument 'size'"),
}


@pytest.mark.parametrize("name", BUILD)
def test_refused_when_built(name):
    build, kind, text = BUILD[name]
    with pytest.raises(kind, match=text) as caught:
        build()
    assert "test_dataset.py:" in str(caught.value)


def failing(i):
    return tf.py_func(_fails, [i], tf.int64)


def _fails(i):
    if i == 2:
        raise KeyError("it is two")
    return i


RUN = {
    "shapes differ": (lambda: RANGE(3).map(tf.range).batch(2), tf.errors.InvalidArgumentError, r"shapes \[0\] and \[1\] are not one array"),
    "generator of nothing": (lambda: tf.data.Dataset.from_generator(lambda: 3, tf.int32), tf.errors.InvalidArgumentError, "gave 3, which is nothing"),
    "generator": (lambda: tf.data.Dataset.from_generator(lambda: [1.5], tf.int32), tf.errors.InvalidArgumentError, "gave 1.5, which is not int32"),
    "generator's shape": (lambda: tf.data.Dataset.from_generator(lambda: [[1]], tf.int32, [2]), tf.errors.InvalidArgumentError,
                          r"an array of shape \[1\], which is not int32\[2\]"),
    "generator's nest": (lambda: tf.data.Dataset.from_generator(lambda: [(1, 2, 3)], (tf.int32,) * 2), tf.errors.InvalidArgumentError, "not nest"),
    "its own error": (lambda: RANGE(4).map(failing), KeyError, "it is two"),
    "its own error, ahead": (lambda: RANGE(4).map(failing).prefetch(2), KeyError, "it is two"),
    "an operator's": (lambda: RANGE(3).map(lambda i: tf.gather([1, 2], i)), tf.errors.InvalidArgumentError, "Dataset.map .*test_dataset.py"),
    "no file": (lambda: tf.data.TextLineDataset("/no/such/file"), tf.errors.NotFoundError, "there is no file /no/such/file"),
    "no match": (lambda: tf.data.Dataset.list_files("/no/such/*"), tf.errors.NotFoundError, "no file matches"),
    "too large": (lambda: RANGE(3).map(lambda i: tf.zeros([i])).padded_batch(3, [1]), tf.errors.InvalidArgumentError, "is larger than the shape"),
    "shard": (lambda: RANGE(3).shard(2, 2), tf.errors.InvalidArgumentError, "no shard 2 of 2"),
    "step": (lambda: RANGE(0, 1, 0), tf.errors.InvalidArgumentError, "step is 0"),
}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", RUN)
def test_refused_when_run(name, jit):
    build, kind, text = RUN[name]
    with pytest.raises(kind, match=text) as caught:
        drained(build(), jit)
    notes = "".join(getattr(caught.value, "__notes__", ()))
    assert "test_dataset.py:" in str(caught.value) + notes
    if kind is KeyError:
        assert "with failing" in notes


def test_after_an_error_the_next_element_comes():
    element = RANGE(4).map(lambda i: tf.gather([5, 6, 7, 8], tf.where(tf.equal(i, 1), i + 100, i))).make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        assert sess.run(element) == 5
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(element)
        assert [sess.run(element), sess.run(element)] == [7, 8]


# ---------------------------------------------------------------------- transformations for `apply`

X = tf.data.experimental
APPLIED = {
    "dropped": (lambda: RANGE(5).apply(X.batch_and_drop_remainder(2)), [[0, 1], [2, 3]]),
    "padded and dropped": (lambda: RANGE(3).map(tf.range).apply(X.padded_batch_and_drop_remainder(2, [None])), [[[0], [0]]]),
    "map and batch": (lambda: RANGE(5).apply(X.map_and_batch(lambda i: i * 2, 2)), [[0, 2], [4, 6], [8]]),
    "interleave": (lambda: RANGE(1, 3).apply(X.parallel_interleave(lambda i: RANGE(i), 2)), [0, 0, 1]),
    "errors": (lambda: SLICES([0, 9, 1, 7]).map(lambda i: tf.gather([5, 6], i)).apply(X.ignore_errors()), [5, 6]),
    "unbatch": (lambda: SLICES(([[1, 2], [3, 4]], [["a", "b"], ["c", "d"]])).apply(X.unbatch()), [(1, b"a"), (2, b"b"), (3, b"c"), (4, b"d")]),
    "unbatch what is batched": (lambda: RANGE(7).batch(3).apply(X.unbatch()).batch(2), [[0, 1], [2, 3], [4, 5], [6]]),
    "enumerate": (lambda: SLICES(["a", "b"]).apply(X.enumerate_dataset(3)), [(3, b"a"), (4, b"b")]),
    "enumerate pairs": (lambda: SLICES((["a"], ["b"])).apply(X.enumerate_dataset()), [(0, (b"a", b"b"))]),
    "counter": (lambda: X.Counter(5, -2, tf.int32).take(3), [5, 3, 1]),
    "take while": (lambda: RANGE(9).apply(X.take_while(lambda i: i * i < 10)), [0, 1, 2, 3]),
    "methods": (lambda: RANGE(9).batch(4).unbatch().take_while(lambda i: i < 3).enumerate(7), [(7, 0), (8, 1), (9, 2)]),
    "methods of pairs": (lambda: SLICES(([[1, 2], [3, 4]], [["a", "b"], ["c", "d"]])).unbatch().enumerate().take_while(lambda i, p: p[0] < 4),
                         [(0, (1, b"a")), (1, (2, b"b")), (2, (3, b"c"))]),
    "unique": (lambda: SLICES([1, 2, 1, 3, 2]).apply(X.unique()), [1, 2, 3]),
    "unique rows of texts": (lambda: SLICES([["one", "two"], ["one", "one"], ["one"] * 2]).apply(X.unique()), [[b"one", b"two"], [b"one", b"one"]]),
    "scan": (lambda: RANGE(1, 5).apply(X.scan(np.int64(0), lambda s, i: (s + i, (s, s + i)))), [(0, 1), (1, 3), (3, 6), (6, 10)]),
    "choose": (lambda: X.choose_from_datasets([RANGE(3), RANGE(10, 13)], SLICES(np.array([0, 1, 1, 0, 1, 1, 0]))), [0, 10, 11, 1, 12, 2]),
    "sample one": (lambda: X.sample_from_datasets([RANGE(3), RANGE(9)], [1.0, 0.0]), [0, 1, 2]),
}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", APPLIED)
def test_applied(name, jit):
    build, expected = APPLIED[name]
    assert drained(build(), jit) == expected


def test_shuffled_and_repeated():
    found = drained(RANGE(6).apply(X.shuffle_and_repeat(6, 2, seed=1)))
    assert sorted(found[:6]) == sorted(found[6:]) == [*range(6)] and found[:6] != found[6:]


def test_samples_come_by_weight():
    both = [tf.data.Dataset.from_tensors(i).repeat(3000) for i in range(2)]
    found = drained(X.sample_from_datasets(both, [0.2, 0.8], seed=1).batch(2000).take(1))[0]
    assert abs(np.mean(found) - 0.8) < 0.05             # five standard deviations of 2,000 draws


def test_csv(tmp_path):
    (tmp_path / "f").write_text('h,i,j\n1,"a,""b""",2.5\n,x,\n')
    made = X.CsvDataset(str(tmp_path / "f"), [[7], tf.string, [0.5]], header=True)
    assert drained(made) == [(1, b'a,"b"', 2.5), (7, b"x", 0.5)]
    assert drained(X.CsvDataset(str(tmp_path / "f"), [tf.string], header=True, select_cols=[1])) == [(b'a,"b"',), (b"x",)]
    with pytest.raises(tf.errors.InvalidArgumentError, match="field 0 of record 1 is empty"):
        drained(X.CsvDataset(str(tmp_path / "f"), [tf.int32, [""], [0.0]], header=True))


# ---------------------------------------------------------------------- kept in a file

def _counted(path, made):
    """A dataset of three shapes and texts that notes how often its elements are made."""
    def elements():
        for i in range(5):
            made.append(i)
            yield i, np.arange(i % 2 + 1, dtype="float32") + i, f"text {i}".encode()
    return tf.data.Dataset.from_generator(elements, (tf.int64, tf.float32, tf.string)).cache(path)


def _all_of(dataset):
    element = dataset.make_initializable_iterator()
    found = []
    with tf.Session(jit=False) as session:
        session.run(element.initializer)
        following = element.get_next()
        with pytest.raises(tf.errors.OutOfRangeError):
            while True:
                found.append([np.asarray(v).tolist() for v in session.run(following)])
    return found


def test_elements_are_kept_in_a_file(tmp_path):
    made: list[int] = []
    path = str(tmp_path / "folder" / "cache")
    first = _all_of(_counted(path, made))
    with tf.Graph().as_default():
        again = _all_of(_counted(path, made))
    with tf.Graph().as_default():
        fed = _all_of(_counted(tf.constant(path), made))
    assert first == again == fed and len(first) == 5 and made == [0, 1, 2, 3, 4]
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["cache.graphc-cache"]


def test_a_pass_that_does_not_end_leaves_no_file(tmp_path):
    element = _counted(str(tmp_path / "cache"), []).make_one_shot_iterator().get_next()
    with tf.Session(jit=False) as session:
        session.run(element)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_other_elements_or_damaged(tmp_path):
    path = tmp_path / "cache"
    _all_of(_counted(str(path), []))
    file = tmp_path / "cache.graphc-cache"
    with tf.Graph().as_default(), pytest.raises(tf.errors.DataLossError, match="no cache of elements of int64"):
        _all_of(RANGE(3).cache(str(path)))
    whole, random = file.read_bytes(), np.random.default_rng(0)
    for _ in range(60):
        changed = bytearray(whole)
        changed[random.integers(len(changed))] ^= 1 << random.integers(8)
        file.write_bytes(bytes(changed[:random.integers(1, len(changed))] if random.random() < 0.3 else changed))
        with tf.Graph().as_default(), pytest.raises(tf.errors.DataLossError):
            _all_of(_counted(str(path), []))
