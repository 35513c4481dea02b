"""TensorFlow 1's checkpoints of one file: what it wrote is read, whole, in parts and in shards, and damage is a DataLossError wherever it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from graphc.files.one_file import OneFile
from graphc.files.table import encode_table, read_table
from graphc.files.wire import put_bytes, put_varint
from tests.train.test_tensorflow_checkpoints import THEIRS, mutated

FIRST, SHARDS = str(THEIRS / "first"), str(THEIRS / "shards-?????-of-00002")

# What TensorFlow's variables held.
VALUES: dict[str, Any] = {
    "scalar": np.int32(7), "empty": np.zeros((0, 3), "float32"), "kinds/bool": np.array([True, False]),
    "kinds/complex64": np.array([1 + 2j, -3j], "complex64"), "parts/table": np.arange(14, dtype="float32").reshape(7, 2),
    "special": np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45], "float32"), "texts": np.array([b"a", b"", "größe".encode()], object),
    **{f"kinds/{d}": np.array([[-3, 1], [1, 2]]).astype(d) for d in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8")},
}


@pytest.mark.parametrize("path", [FIRST, SHARDS], ids=["one", "shards"])
@pytest.mark.parametrize("name", VALUES)
def test_what_tensorflow_wrote_is_read(name, path):
    found, wanted = tf.train.load_variable(path, name), np.asarray(VALUES[name])
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    assert found.tolist() == wanted.tolist() if wanted.dtype == object else found.tobytes() == wanted.tobytes()


def test_there_is_such_a_checkpoint():
    assert tf.train.checkpoint_exists(FIRST) and tf.train.checkpoint_exists(SHARDS) and not tf.train.checkpoint_exists(str(THEIRS / "README.md"))
    assert tf.train.NewCheckpointReader(SHARDS).get_variable_to_shape_map() == {n: [*np.shape(v)] for n, v in VALUES.items()}
    assert len(tf.train.get_checkpoint_mtimes([FIRST, SHARDS])) == 2


def test_graph_and_variables_are_restored(tmp_path):
    for name in ("meta", "meta.meta"):
        shutil.copy(THEIRS / name, tmp_path)
    tf.train.update_checkpoint_state(str(tmp_path), "meta")
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "meta"\n')
    path = tf.train.latest_checkpoint(str(tmp_path))
    with tf.Session(jit=False) as session:
        tf.train.import_meta_graph(f"{path}.meta").restore(session, path)
        assert session.run(["w:0", "y:0"])[0].tolist() == [[1.0, 2.0], [3.0, 4.0]] and session.run("y:0").tolist() == [5.0]
    tf.train.remove_checkpoint(path)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint"]


def test_variables_of_texts_in_graphs_are_told_of():
    made = tf.GraphDef.FromString(b'node { name: "v" op: "VariableV2" attr { key: "dtype" value { type: DT_STRING } } '
                                  b'attr { key: "shape" value { shape { } } } }')
    with pytest.raises(errors.UnimplementedError, match=r"'v' \(VariableV2\): a variable of texts"):
        tf.import_graph_def(made)


# ---------------------------------------------------------------------- damage

def read_all(path: str) -> dict[str, Any]:
    with OneFile(path) as found:
        return {name: found.array(name) for name in found.readable}


def test_every_changed_byte_is_noticed(tmp_path):
    """But those of the block of metadata, which has none, and of the footer, what speaks of it and what lies before the magic number."""
    data = Path(FIRST).read_bytes()
    unnoticed = []
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        (tmp_path / "m").write_bytes(changed)
        try:
            read_all(str(tmp_path / "m"))
            unnoticed.append(place)
        except errors.DataLossError:
            pass
    assert len(unnoticed) < 60 and min(unnoticed) > len(read_table(data)[b""])


@pytest.mark.parametrize("seed", range(4))
def test_random_changes_are_refused_or_change_nothing(seed, tmp_path):
    """Of the file, and of the messages under right checksums: typed errors only, or values of the types that are told."""
    random = np.random.default_rng(seed)
    data, path = Path(FIRST).read_bytes(), str(tmp_path / "m")
    wanted, entries = read_all(FIRST), read_table(data)
    for turn in range(300):
        key = [*entries][random.integers(len(entries))]
        Path(path).write_bytes(mutated(data, random) if turn % 3 == 0 else encode_table({**entries, key: mutated(entries[key], random)}))
        try:
            found = read_all(path)
        except (errors.DataLossError, errors.NotFoundError):
            continue
        assert turn % 3 or all(found[n].tobytes() == wanted[n].tobytes() for n in wanted if wanted[n].dtype != object)


def described(name: bytes, code: int, *sizes: int) -> bytes:
    shape = b"".join(put_bytes(2, b"\x08" + put_varint(n)) for n in sizes)
    return put_bytes(1, put_bytes(1, put_bytes(1, name) + put_bytes(2, shape) + put_varint(3 << 3) + put_varint(code)))


def held(name: bytes, extents: list[bytes], elements: bytes) -> bytes:
    return put_bytes(2, put_bytes(1, name) + put_bytes(2, b"".join(put_bytes(1, e) for e in extents)) + put_bytes(3, elements))


FLOATS = put_bytes(5, np.ones(2, "<f4").tobytes())
ENTRIES: list[tuple[str, dict[bytes, bytes], str]] = [
    ("no header", {b"a": b""}, "it has no header"), ("a dtype", {b"": described(b"v", 99, 2)}, "of the dtype 99"),
    ("twice", {b"": described(b"v", 1, 2) + described(b"v", 1, 2)}, "described twice"), ("no name", {b"": described(b"\xff", 1)}, "UTF-8"),
    ("huge", {b"": described(b"v", 1, 1 << 61, 8)}, "has the shape"),
    ("no part", {b"": described(b"v", 1, 2)}, "do not make a whole"),
    ("claimed", {b"": described(b"v", 1, 1 << 40), b"a": held(b"v", [b""], FLOATS)}, "2 elements do not fill"),
    ("of nothing", {b"": described(b"v", 1, 2), b"a": held(b"w", [b""], FLOATS)}, "which is not described"),
    ("beyond", {b"": described(b"v", 1, 2), b"a": held(b"v", [b"\x08\x01\x10\x02"], FLOATS)}, "lies beyond"),
    ("rank", {b"": described(b"v", 1, 2), b"a": held(b"v", [], FLOATS)}, "of rank 0"),
    ("overlapping", {b"": described(b"v", 1, 4), b"a": held(b"v", [b"\x10\x02"], FLOATS), b"b": held(b"v", [b"\x08\x01\x10\x02"], FLOATS)},
     "overlap"),
    ("too few", {b"": described(b"v", 1, 3), b"a": held(b"v", [b""], FLOATS)}, "2 elements do not fill"),
    ("cut off", {b"": described(b"v", 1, 2), b"a": held(b"v", [b""], put_bytes(5, b"\0\0\0"))}, "no whole number"),
    ("does not fit", {b"": described(b"v", 6, 2), b"a": held(b"v", [b""], put_bytes(7, b"\x01\xff\x7f"))}, "does not fit int8"),
    ("a wrong kind", {b"": described(b"v", 7, 2), b"a": held(b"v", [b""], put_varint(8 << 3) + b"\x01")}, "of the kind 0"),
]


@pytest.mark.parametrize("entries, message", [row[1:] for row in ENTRIES], ids=[row[0] for row in ENTRIES])
def test_entries_refused(entries, message, tmp_path):
    (tmp_path / "m").write_bytes(encode_table(entries))
    with pytest.raises(errors.DataLossError, match=message):
        read_all(str(tmp_path / "m"))
