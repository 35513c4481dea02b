"""Arrays in the safetensors format: as the format's own package reads and writes them, and damage is noticed wherever it is."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import numpy as package

from graphc.errors import DataLossError, NotFoundError
from graphc.files.safetensors import encode, open_file, read_array, read_header

RANDOM = np.random.default_rng(5)
ARRAYS: dict[str, Any] = {
    "f32": RANDOM.normal(size=(3, 4)).astype("float32"), "f64": RANDOM.normal(size=5), "i64": np.array([2**62, -1]), "i32": np.int32(-7),
    "i16": np.array([[1], [-2]], "int16"), "i8": np.array([-128, 127], "int8"), "u8": np.arange(7, dtype="uint8"),
    "bool": np.array([True, False, True]), "empty": np.zeros((0, 3), "float32"), "none": np.zeros((2, 0)), "scalar": np.float64(-0.0),
    "special": np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45], "float32"), "turned": RANDOM.normal(size=(4, 6))[::2, ::-1].T,
    "größe/naïve \"名\"": np.array([1.0, 2.0]),
}
ARRAYS = {name: np.asarray(a) for name, a in ARRAYS.items()}


def written(arrays: dict[str, Any], **metadata: str) -> bytes:
    return b"".join(bytes(part) for part in encode(arrays, metadata))


def read(path: Path, data: bytes) -> dict[str, Any]:
    """All arrays of a file that holds these bytes."""
    path.write_bytes(data)
    with open_file(str(path)) as file:
        header = read_header(file, str(path))
        return {name: read_array(file, str(path), header, name) for name in header.entries}


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(a[n].dtype == b[n].dtype and a[n].shape == b[n].shape and a[n].tobytes() == b[n].tobytes() for n in a)


def test_arrays_come_back_bit_for_bit(tmp_path):
    assert same(read(tmp_path / "a", written(ARRAYS)), ARRAYS)


def test_the_formats_own_package_reads_it(tmp_path):
    theirs = package.load(written(ARRAYS, note="kept"))
    assert same(theirs, ARRAYS)


def test_what_the_formats_own_package_writes_is_read(tmp_path):
    dense = {name: np.ascontiguousarray(a).reshape(a.shape) for name, a in ARRAYS.items()}
    assert same(read(tmp_path / "a", package.save(dense, {"format": "np"})), ARRAYS)


def test_arrays_lie_at_multiples_of_their_elements(tmp_path):
    (tmp_path / "a").write_bytes(written(ARRAYS))
    with open_file(str(tmp_path / "a")) as file:
        header = read_header(file, "a")
    assert not [name for name, e in header.entries.items() if (header.begin + e.start) % ARRAYS[name].dtype.itemsize]


def made(header: Any, data: bytes = b"", claimed: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if claimed is None else claimed).to_bytes(8, "little") + text + data


def entry(dtype: Any = "F32", shape: Any = (1,), offsets: Any = (0, 4)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


FOUR = b"\0" * 4
DAMAGED = [
    ("nothing", b"", "ends after 0 of 8"), ("a part of the length", b"\1\2\3", "ends after 3 of 8"),
    ("a length beyond the file", made({}, claimed=10), "header of 10 bytes"), ("a huge length", made({}, claimed=2**63), "does not fit"),
    ("no JSON", made(b"\xff{}"), "not JSON"), ("a list", made([1]), "not an object"), ("deep", made(b"[" * 100_000), "not JSON"),
    ("a name twice", made(b'{"a":{},"a":{}}'), "twice"), ("metadata that are numbers", made({"__metadata__": {"a": 1}}), "metadata"),
    ("metadata that are a list", made({"__metadata__": []}), "metadata"), ("no entry", made({"w": 3}), "has not a dtype"),
    ("an entry with more", made({"w": {**entry(), "more": 1}}, FOUR), "has not a dtype"), ("no dtype", made({"w": entry("F31")}, FOUR), "'F31'"),
    ("a dtype that is a list", made({"w": entry([])}, FOUR), "of the dtype"), ("a size below 0", made({"w": entry(shape=(-1,))}, FOUR), "no shape"),
    ("a size that is a truth", made({"w": entry(shape=(True,))}, FOUR), "no shape"),
    ("one offset", made({"w": entry(offsets=(0,))}, FOUR), "no shape"),
    ("many dimensions", made({"w": entry(shape=(1,) * 65)}, FOUR), "no shape"), ("a huge shape", made({"w": entry(shape=(2**61, 8))}, FOUR), "fill"),
    ("offsets turned", made({"w": entry(offsets=(4, 0))}, FOUR), "fill"), ("data missing", made({"w": entry()}, b"\0\0"), "bytes of data"),
    ("data left", made({"w": entry()}, FOUR * 2), "bytes of data"), ("a hole", made({"w": entry(offsets=(4, 8))}, FOUR * 2), "begins at 4"),
    ("overlap", made({"a": entry(), "b": entry()}, FOUR), "begins at 0"), ("brain numbers", made({"w": entry("BF16", (2,))}, FOUR), "BF16 numbers"),
    ("a truth of 2", made({"w": entry("BOOL", (1,), (0, 1))}, b"\2"), "neither 0 nor 1"),
    ("no digest", made({"__metadata__": {"digests": "{}"}}), "another digest"),
    ("a long digest", made({"__metadata__": {"digest": "0" * 99}}), "digest"),
]


@pytest.mark.parametrize("data, text", [row[1:] for row in DAMAGED], ids=[row[0] for row in DAMAGED])
def test_what_is_no_such_file_is_refused(data, text, tmp_path):
    with pytest.raises(DataLossError) as caught:
        read(tmp_path / "damaged", data)
    assert text in str(caught.value) and "damaged is damaged" in str(caught.value) and len(str(caught.value)) < 400


def test_every_changed_byte_is_noticed(tmp_path):
    data = written({"w": ARRAYS["f32"], "b": ARRAYS["bool"]}, format="graphc checkpoint")
    unnoticed = []
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << (place % 8)
        try:
            read(tmp_path / "a", bytes(changed))
            unnoticed.append(place)
        except DataLossError:
            pass
    assert unnoticed == []


@pytest.mark.parametrize("seed", range(4))
def test_random_changes_are_noticed(seed, tmp_path):
    """Bytes are changed, dropped, put in, cut off; ends of one file behind beginnings of another."""
    random = np.random.default_rng(seed)
    data = written({"w": ARRAYS["f32"], "b": ARRAYS["bool"], "e": ARRAYS["empty"]}, state=json.dumps({"saved": 1.5}))
    for _ in range(500):
        changed = mutated(data, random)
        if changed != data:
            with pytest.raises(DataLossError):
                read(tmp_path / "a", changed)


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    buffer = bytearray(data)
    for _ in range(random.integers(1, 4)):
        place, count = int(random.integers(len(buffer) + 1)), int(random.integers(1, 9))
        kind = random.integers(4)
        if kind == 0:
            buffer[place:place + count] = random.bytes(count)
        elif kind == 1:
            del buffer[place:place + count]
        elif kind == 2:
            buffer[place:place] = bytes(buffer[-count:])
        else:
            del buffer[place:]
    return bytes(buffer)


@pytest.mark.parametrize("name", ["missing", "file/below"])
def test_no_file(name, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotFoundError, match="there is no file"):
        open_file(str(tmp_path / name))


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataLossError, match="cannot be read"):
        open_file(str(tmp_path))


def test_a_disk_that_cannot_be_read():
    class Broken(io.BytesIO):
        def read(self, count: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

        def fileno(self) -> int:
            return 0
    with pytest.raises(DataLossError, match="Input/output error"):
        read_header(Broken(), "disk")
