"""`tf.keras.datasets` reads what lies on disk, as Keras does, and runs nothing of it; what is not there, or is damaged, is named."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import re

import numpy as np
import pytest

import graphc as tf

TEXTS, MARKS = [[1, 5, 3], [2, 9], [4], [7, 7, 7, 1], [3, 2]], [0, 1, 0, 1, 1]
TEST_TEXTS, TEST_MARKS = [[8, 1], [2], [6, 3, 3]], [1, 0, 0]


def ragged(texts):
    made = np.empty(len(texts), object)
    made[:] = texts
    return made


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


PICTURES = np.arange(3 * 28 * 28).astype(np.uint8).reshape(3, 28, 28)
ROWS = np.arange(2 * 3072).astype(np.uint8).reshape(2, 3072)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A folder as Keras leaves it, with a few elements in each file."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    folder = tmp_path / "datasets"
    folder.mkdir()
    np.savez(folder / "imdb.npz", x_train=ragged(TEXTS), y_train=np.array(MARKS), x_test=ragged(TEST_TEXTS), y_test=np.array(TEST_MARKS))
    np.savez(folder / "reuters.npz", x=ragged(TEXTS + TEST_TEXTS), y=np.array([*MARKS, 9, 8, 7]))
    np.savez(folder / "boston_housing.npz", x=np.arange(10.0).reshape(5, 2), y=np.arange(5.0) * 2)
    np.savez(folder / "mnist.npz", x_train=PICTURES, y_train=np.array([3, 1, 2], np.uint8), x_test=PICTURES[1:], y_test=np.array([1, 2], np.uint8))
    (folder / "imdb_word_index.json").write_text(json.dumps({"film": 1, "good": 2}))
    (folder / "fashion-mnist").mkdir()
    for name, array in [("train-images-idx3-ubyte", PICTURES), ("train-labels-idx1-ubyte", np.array([9, 0, 4], np.uint8)),
                        ("t10k-images-idx3-ubyte", PICTURES[:1]), ("t10k-labels-idx1-ubyte", np.array([5], np.uint8))]:
        (folder / "fashion-mnist" / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
    (folder / "cifar-10-batches-py").mkdir()
    for i, name in enumerate([*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]):
        (folder / "cifar-10-batches-py" / name).write_bytes(pickle.dumps({b"data": ROWS + np.uint8(i), b"labels": [i, 9]}, 2))
    (folder / "cifar-100-python").mkdir()
    for name in ("train", "test"):
        (folder / "cifar-100-python" / name).write_bytes(pickle.dumps({b"data": ROWS, b"fine_labels": [99, 1], b"coarse_labels": [19, 0]}, 2))
    return folder


# Arguments, and what Keras of TensorFlow 2.15 makes of the same files.
IMDB = [
    ({}, [[[[1, 5, 2], [1, 4, 8, 6], [1, 10, 10, 10, 4], [1, 7], [1, 6, 5]], [1, 0, 1, 0, 1]],
          [[[1, 5], [1, 11, 4], [1, 9, 6, 6]], [0, 1, 0]]]),
    ({"num_words": 8}, [[[[1, 5, 2], [1, 4, 2, 6], [1, 2, 2, 2, 4], [1, 7], [1, 6, 5]], [1, 0, 1, 0, 1]],
                        [[[1, 5], [1, 2, 4], [1, 2, 6, 6]], [0, 1, 0]]]),
    ({"num_words": 9, "skip_top": 5, "start_char": None}, [[[[5, 2], [2, 8, 6], [2, 2, 2, 2], [7], [6, 5]], [1, 0, 1, 0, 1]],
                                                           [[[5], [2, 2], [2, 6, 6]], [0, 1, 0]]]),
    ({"maxlen": 4, "oov_char": None, "num_words": 10}, [[[[1, 5], [1, 7], [1, 6, 5]], [1, 0, 1]], [[[1, 5], [1, 4]], [0, 1]]]),
    ({"start_char": None, "index_from": 1, "oov_char": None}, [[[[3], [2, 6, 4], [8, 8, 8, 2], [5], [4, 3]], [1, 0, 1, 0, 1]],
                                                               [[[3], [9, 2], [7, 4, 4]], [0, 1, 0]]]),
    ({"seed": 3, "index_from": 1}, [[[[1, 8, 8, 8, 2], [1, 4, 3], [1, 3, 2], [1, 2, 6, 4], [1, 5]], [1, 1, 1, 0, 0]],
                                    [[[1, 3], [1, 7, 4, 4], [1, 9, 2]], [0, 0, 1]]]),
]
REUTERS = [
    ({}, [[[[1, 5, 2], [1, 10, 10, 10, 4], [1, 5], [1, 4, 8, 6], [1, 9, 6, 6], [1, 7]], [1, 1, 8, 0, 7, 0]],
          [[[1, 6, 5], [1, 11, 4]], [1, 9]]]),
    ({"maxlen": 4, "oov_char": None, "num_words": 10}, [[[[1, 5], [1, 5], [1, 7], [1, 6, 5]], [1, 8, 0, 1]], [[[1, 4]], [9]]]),
    ({"seed": 3, "index_from": 1}, [[[[1, 9, 2], [1, 7, 4, 4], [1, 4, 3], [1, 3], [1, 8, 8, 8, 2], [1, 3, 2]], [9, 7, 1, 8, 1, 1]],
                                    [[[1, 2, 6, 4], [1, 5]], [0, 0]]]),
]


@pytest.mark.parametrize("name, options, wanted", [*(("imdb", *row) for row in IMDB), *(("reuters", *row) for row in REUTERS)])
def test_texts_are_as_keras_gives_them(name, options, wanted):
    pairs = getattr(tf.keras.datasets, name).load_data(**options)
    assert [[[[int(w) for w in x] for x in xs], labels.tolist()] for xs, labels in pairs] == wanted


def test_prices_are_as_keras_gives_them():
    found = tf.keras.datasets.boston_housing.load_data(test_split=0.4, seed=7)
    assert [[x.tolist(), y.tolist()] for x, y in found] == [[[[0, 1], [6, 7], [4, 5]], [0, 6, 4]], [[[2, 3], [8, 9]], [2, 8]]]


def test_pictures(home):
    (x, y), (x_test, y_test) = tf.keras.datasets.mnist.load_data()
    assert (x == PICTURES).all() and x.dtype == y.dtype == np.uint8 and y.tolist() == [3, 1, 2] and len(x_test) == len(y_test) == 2
    (x, y), (x_test, y_test) = tf.keras.datasets.fashion_mnist.load_data()
    assert (x == PICTURES).all() and y.tolist() == [9, 0, 4] and y_test.tolist() == [5]
    assert (tf.keras.datasets.mnist.load_data(str(home / "fashion-mnist"))[0][0] == PICTURES).all()
    (x, y), (x_test, y_test) = tf.keras.datasets.cifar10.load_data()
    assert x.shape == (10, 32, 32, 3) and y.tolist() == [[0], [9], [1], [9], [2], [9], [3], [9], [4], [9]] and y.dtype == np.uint8
    assert x[1, 5, 7].tolist() == [ROWS[1, c * 1024 + 5 * 32 + 7] for c in range(3)] and x_test.shape == (2, 32, 32, 3)
    assert [tf.keras.datasets.cifar100.load_data(mode)[0][1].tolist() for mode in ("fine", "coarse")] == [[[99], [1]], [[19], [0]]]


def test_words():
    assert tf.keras.datasets.imdb.get_word_index() == {"film": 1, "good": 2}


class Command:
    def __reduce__(self):
        return os.system, ("echo run > ran",)


DAMAGED = [
    ("imdb.npz", b"PK\3\4 no more", tf.keras.datasets.imdb.load_data, "no npz file of arrays"),
    ("mnist.npz", b"", tf.keras.datasets.mnist.load_data, "no npz file of arrays"),
    ("cifar-10-batches-py/data_batch_3", b"\x80\x02}q", tf.keras.datasets.cifar10.load_data, "no pickle of plain data"),
    ("cifar-10-batches-py/data_batch_3", pickle.dumps({"data": 3}), tf.keras.datasets.cifar10.load_data, "no pictures of 3072 bytes"),
    ("cifar-10-batches-py/test_batch", pickle.dumps(Command()), tf.keras.datasets.cifar10.load_data, "system, which is no array"),
    ("cifar-100-python/test", pickle.dumps({b"data": ROWS, b"fine_labels": [1, 400]}), tf.keras.datasets.cifar100.load_data, "no pictures"),
    ("imdb_word_index.json", b"[1]", tf.keras.datasets.imdb.get_word_index, "no table of words"),
]


@pytest.mark.parametrize("name, content, load, message", DAMAGED, ids=[f"{name}-{message}" for name, _, _, message in DAMAGED])
def test_damaged_files_are_named(home, monkeypatch, name, content, load, message):
    monkeypatch.chdir(home)
    (home / name).write_bytes(content)
    with pytest.raises(tf.errors.DataLossError, match=re.escape(message)) as caught:
        load()
    assert name in str(caught.value) and not (home / "ran").exists()


def test_objects_within_arrays_run_nothing(home, monkeypatch):
    monkeypatch.chdir(home)
    np.savez(home / "imdb.npz", x_train=ragged([Command(), 3]), y_train=np.array([1, 2]), x_test=ragged([[1]]), y_test=np.array([1]))
    with pytest.raises(tf.errors.DataLossError, match="system, which is no array"):
        tf.keras.datasets.imdb.load_data()
    assert not (home / "ran").exists()


# name -> how it is read, how many of forty changed files are refused at least
MUTATED = {"imdb.npz": (tf.keras.datasets.imdb.load_data, 20), "cifar-10-batches-py/test_batch": (tf.keras.datasets.cifar10.load_data, 1)}


@pytest.mark.parametrize("name", MUTATED)
def test_mutated_files_are_typed_errors_or_read(home, name):
    """Some bytes are others: what is read then has a label for each element."""
    load, least = MUTATED[name]
    whole, refused, read = (home / name).read_bytes(), 0, 0
    for seed in range(40):
        draw, raw = np.random.default_rng(seed), bytearray(whole)
        for at in draw.integers(len(raw), size=draw.integers(1, 8)):
            raw[at] = draw.integers(256)
        (home / name).write_bytes(raw)
        try:
            sets = load()
        except tf.errors.OpError:
            refused += 1
            continue
        read += 1
        assert all(len(elements) == len(labels) > 0 for elements, labels in sets), seed
    assert refused >= least and read > 0, (refused, read)


ABSENT = [("mnist", "mnist.npz"), ("fashion_mnist", "fashion-mnist"), ("cifar10", "cifar-10-batches-py"), ("cifar100", "cifar-100-python"),
          ("imdb", "imdb.npz"), ("reuters", "reuters.npz"), ("boston_housing", "boston_housing.npz")]


@pytest.mark.parametrize("name, file", ABSENT)
def test_what_is_not_there_is_said(monkeypatch, tmp_path, name, file):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "none"))
    with pytest.raises(tf.errors.NotFoundError, match=f"keras.datasets.{name}: .*{re.escape(file)}.*fetches nothing"):
        getattr(tf.keras.datasets, name).load_data()


def test_refusals():
    with pytest.raises(tf.errors.InvalidArgumentError, match="no text is shorter than maxlen, 1"):
        tf.keras.datasets.imdb.load_data(maxlen=1)
    with pytest.raises(tf.errors.InvalidArgumentError, match='label_mode is "fine" or "coarse"'):
        tf.keras.datasets.cifar100.load_data("coarser")
