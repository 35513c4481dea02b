"""Checkpoints of TensorFlow's own format: what it wrote is read, training goes on as it does there, and damage is noticed wherever it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from graphc.files.bundle import Bundle, encode
from graphc.files.table import encode_table, read_table, uncompressed
from graphc.files.wire import varint
from tests import ROOT
from tests.damage import mutated

THEIRS = ROOT / "tests" / "data" / "tf_checkpoint"
SMALL = str(THEIRS / "model-3")

# Names in `model-3` and what TensorFlow's reader gives for them.
VALUES: dict[str, Any] = {
    "global_step": np.int64(3), "scalar": np.int32(7), "empty": np.zeros((0, 3), "float32"), "kinds/bool": np.array([True, False]),
    "parts/table": np.arange(14, dtype="float32").reshape(7, 2), "special": np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45], "float32"),
    "texts": np.array([b"a", b"", "größe".encode()], object),
    **{f"kinds/{d}": np.array([[-3, 1], [1, 2]]).astype(d) for d in ("float16", "float64", "int8", "int16", "int32", "int64", "uint8")},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", VALUES)
def test_what_tensorflow_wrote_is_read(name):
    found, wanted = tf.train.load_variable(SMALL, name), np.asarray(VALUES[name])
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    assert found.tolist() == wanted.tolist() if wanted.dtype == object else found.tobytes() == wanted.tobytes()


def test_many_variables():
    reader = tf.train.NewCheckpointReader(str(THEIRS / "model"))
    assert len(reader.get_variable_to_shape_map()) == 200
    for i in range(200):
        np.testing.assert_array_equal(reader.get_tensor(f"many/variable_with_a_long_name_{i:04d}"), np.arange(i % 5) + i)


def test_numbers_that_graphc_has_not_are_told_of(folder):
    """The index says of half numbers that they are brain floats, `DT_BFLOAT16` of `types.proto`."""
    shutil.copy(f"{SMALL}.data-00000-of-00001", "m.data-00000-of-00001")
    entries = read_table(Path(f"{SMALL}.index").read_bytes())
    entries[b"kinds/float16"] = entries[b"kinds/float16"].replace(b"\x08\x13", b"\x08\x0e", 1)
    Path("m.index").write_bytes(encode_table(entries))
    told = tf.train.NewCheckpointReader("m").debug_string().decode().splitlines()
    assert "bfloat16[2,2]" in dict(line.split(": ") for line in told)["kinds/float16"]
    with pytest.raises(errors.DataLossError, match="holds bfloat16 values, which graphc has not"):
        tf.train.load_variable("m", "kinds/float16")


def network() -> tuple[Any, Any, Any]:
    with tf.variable_scope("layer"):
        w = tf.get_variable("w", [3, 4])
        b = tf.get_variable("b", [4])
    loss = tf.reduce_mean(tf.square(tf.matmul(tf.constant(np.arange(6.0).reshape(2, 3) / 6, tf.float32), w) + b - 1.0))
    step = tf.train.get_or_create_global_step()
    return w, loss, tf.train.AdamOptimizer(0.1).minimize(loss, global_step=step)


def test_training_goes_on_as_in_tensorflow():
    """Losses of the three steps that follow, and w after them, as TensorFlow 2.15 goes on from the same file."""
    w, loss, train = network()
    with tf.Session() as session:
        tf.train.Saver().restore(session, tf.train.latest_checkpoint(THEIRS))
        losses = [session.run([loss, train])[0] for _ in range(3)]
        np.testing.assert_allclose(losses, [0.11218257248401642, 0.07952328026294708, 0.08037330955266953], rtol=1e-5)
        np.testing.assert_allclose(session.run(w)[0], [-0.4719477593898773, -0.3658374547958374, -0.3796394169330597, -0.5755681395530701], rtol=1e-5)


def test_what_is_lacking_is_told_of():
    tf.get_variable("other", [2])
    with tf.Session(jit=False) as session, pytest.raises(errors.NotFoundError, match=r"0 restored, 1 missing(.|\n)*unexpected: beta1_power"):
        tf.train.Saver().restore(session, SMALL)


def test_checkpoints_of_a_folder(folder):
    for path in THEIRS.iterdir():
        shutil.copy(path, folder)
    path = tf.train.latest_checkpoint(folder)
    assert path == str(folder / "model-3") and tf.train.checkpoint_exists(path) and tf.train.checkpoint_exists(folder / "model-*")
    assert len(tf.train.get_checkpoint_mtimes([path])) == 1
    (folder / "model-3.data-00000-of-00001").write_bytes(b"")
    with pytest.warns(errors.CheckpointWarning, match="ends at"), pytest.raises(errors.DataLossError, match="no checkpoint of"):
        tf.train.latest_checkpoint(folder)
    tf.train.remove_checkpoint(path)
    assert sorted(p.name for p in folder.glob("model-3*")) == []


def test_a_graph_that_is_none_is_refused(folder):
    shutil.copy(f"{SMALL}.index", folder / "m.index")
    (folder / "m.meta").write_bytes(b"\n\x05\x12\x01*")
    with pytest.raises(errors.SerializationError, match="does not end within its message"):
        tf.train.import_meta_graph("m.meta")
    with pytest.raises(errors.SerializationError, match="does not end within its message"):
        tf.train.import_meta_graph("m")
    (folder / "m.meta").unlink()
    with pytest.raises(errors.NotFoundError, match="has no graph"):
        tf.train.import_meta_graph("m")


# ---------------------------------------------------------------------- writing

def test_an_exported_checkpoint_is_what_tensorflow_writes(folder):
    """The 200 variables: the same bytes as TensorFlow's own, index and data."""
    arrays = {f"many/variable_with_a_long_name_{i:04d}": np.arange(i % 5, dtype="float32") + i for i in range(200)}
    index, pieces = encode(arrays)
    assert b"".join(pieces) == (THEIRS / "model.data-00000-of-00001").read_bytes()
    assert index == (THEIRS / "model.index").read_bytes()


def test_a_checkpoint_is_exported_and_restored(folder):
    made = [tf.Variable(np.array([[0, 1], [1, 0]]).astype(d), name=f"v_{d}") for d in ("float32", "float64", "int32", "int64", "bool")]
    made.append(tf.Variable(np.zeros([0, 2]), name="none"))
    with tf.Session(jit=False) as session:
        saver = tf.train.Saver()
        path = tf.train.export_checkpoint(saver.save(session, "m"), "theirs/m")
        wanted = session.run(made)
        session.run([v.assign(tf.zeros_like(v)) for v in made])
        saver.restore(session, path)
        for a, b in zip(session.run(made), wanted, strict=True):
            assert a.dtype == b.dtype and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("longest", [1, 60, 1 << 18])
@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 1000])
def test_tables_come_back(count, longest):
    random = np.random.default_rng(count)
    entries = {bytes(random.integers(97, 100, random.integers(1, 12)).astype("uint8")): bytes(random.bytes(int(random.integers(40))))
               for _ in range(count)}
    assert read_table(encode_table(entries, longest)) == dict(sorted(entries.items()))


# ---------------------------------------------------------------------- damage

SNAPPY = [
    ("literals", b"\x03\x08abc", b"abc"), ("a long literal", bytes([100, 60 << 2, 99]) + b"x" * 100, b"x" * 100),
    ("a copy that overlaps", b"\x09\x08abc\x09\x03", b"abcabcabc"), ("two bytes of offset", b"\x06\x08abc\x0a\x03\x00", b"abcabc"),
    ("four bytes of offset", b"\x06\x08abc\x0b\x03\x00\x00\x00", b"abcabc"),
    ("too short", b"\x09\x08abc", None), ("too long", b"\x01\x08abc", None), ("cut off", b"\x03\x08ab", None),
    ("no offset", b"\x09\x08abc\x09", None),
    ("before the beginning", b"\x09\x08abc\x09\x04", None), ("offset zero", b"\x09\x08abc\x09\x00", None), ("nothing", b"", None),
    ("huge", b"\xff\xff\xff\xff\x0f\x08abc", None),
]


@pytest.mark.parametrize("data, wanted", [row[1:] for row in SNAPPY], ids=[row[0] for row in SNAPPY])
def test_snappy(data, wanted):
    if wanted is None:
        with pytest.raises(errors.DataLossError):
            uncompressed(data)
    else:
        assert uncompressed(data) == wanted


def read_all(prefix: str) -> dict[str, Any]:
    with Bundle(prefix) as found:
        return {name: found.array(name) for name in found.readable}


@pytest.mark.parametrize("which", [".index", ".data-00000-of-00001"])
def test_every_changed_byte_is_noticed(which, folder):
    """But those of the block of metadata, which has none, and of the footer what speaks of it, and what lies before the magic number."""
    shutil.copy(f"{SMALL}.index", folder / "m.index")
    shutil.copy(f"{SMALL}.data-00000-of-00001", folder / "m.data-00000-of-00001")
    data = (folder / f"m{which}").read_bytes()
    wanted, unnoticed = read_all("m"), []
    with Bundle("m") as found:
        half = found.entries["kinds/float16"]
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        (folder / f"m{which}").write_bytes(changed)
        try:
            again = read_all("m")
            assert all(again[n].tolist() == wanted[n].tolist() for n in wanted if n != "special")
            unnoticed.append(place)
        except errors.DataLossError:
            pass
    nothing = varint(data, len(data) - 48, len(data))[0]
    free = {*range(half.start, half.end)} if which != ".index" else {*range(nothing, nothing + 13), *range(len(data) - 48, len(data) - 8)}
    assert [p for p in unnoticed if p not in free] == []


@pytest.mark.parametrize("seed", range(4))
def test_random_changes_are_refused_or_change_nothing(seed, folder):
    """Of the files, and of the entries under right checksums: typed errors only."""
    random = np.random.default_rng(seed)
    index, data = Path(f"{SMALL}.index").read_bytes(), Path(f"{SMALL}.data-00000-of-00001").read_bytes()
    wanted, entries = read_all(SMALL), read_table(index)
    for turn in range(300):
        changed_index, changed_data = index, data
        if turn % 3 == 0:
            changed_index = mutated(index, random)
        elif turn % 3 == 1:
            changed_data = mutated(data, random)
        else:
            key = [*entries][random.integers(len(entries))]
            changed_index = encode_table({**entries, key: mutated(entries[key], random)})
        (folder / "m.index").write_bytes(changed_index)
        (folder / "m.data-00000-of-00001").write_bytes(changed_data)
        try:
            found = read_all("m")
        except (errors.DataLossError, errors.NotFoundError):
            continue
        assert turn % 3 == 2 or all(found[n].tobytes() == wanted[n].tobytes() for n in wanted if wanted[n].dtype != object)


ENTRIES = [
    ("no header", {}, "it has no header"), ("no files", {b"": b"\x08\x00"}, "speaks of 0 files"),
    ("many files", {b"": b"\x08\xff\xff\xff\xff\x0f"}, "speaks of"), ("the other order of bytes", {b"": b"\x08\x01\x10\x01"}, "highest byte first"),
    ("no dtype", {b"": b"\x08\x01", b"v": b""}, "dtype 0"), ("no rank", {b"": b"\x08\x01", b"v": b"\x08\x01\x12\x02\x18\x01"}, "no rank"),
    ("too few bytes", {b"": b"\x08\x01", b"v": b"\x08\x01\x28\x03"}, "has 3 bytes"),
    ("no name", {b"": b"\x08\x01", b"\xff": b"\x08\x01\x28\x04"}, "UTF-8"),
    ("a part beyond", {b"": b"\x08\x01", b"v": b"\x08\x01\x12\x04\x12\x02\x08\x02\x3a\x06\x0a\x04\x08\x01\x10\x02"}, "lies beyond"),
]


@pytest.mark.parametrize("entries, message", [row[1:] for row in ENTRIES], ids=[row[0] for row in ENTRIES])
def test_entries_refused(entries, message, folder):
    (folder / "m.index").write_bytes(encode_table(entries))
    with pytest.raises(errors.DataLossError, match=message):
        Bundle("m")
