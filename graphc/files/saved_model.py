"""The index of a saved model: which graphs a folder holds, by tags, with their signatures; read as data, and held to what it may say.

    saved_model.json        {"format": "graphc saved model", "version": 1, "meta_graphs": [{"tags": ["serve"], "graph": "graph-0.json",
                             "digest": "...", "signatures": {...}, "main_op": null, "assets": {...}, "saver": {...}}]}
    graph-0.json            a graph, as `Graph.to_json` has it; its SHA-256 stands in the index
    variables/variables.safetensors, assets/...
    saved_model.pb, variables/variables.index and .data-...: the same for TensorFlow, where it has all of the operators
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from ..errors import SerializationError
from ..ir.node import here
from .checkpoint import put
from .safetensors import open_file

INDEX, VARIABLES, ASSETS = "saved_model.json", "variables", "assets"
THEIRS = "saved_model.pb"       # TensorFlow's own index, beside
FORMAT, VERSION = "graphc saved model", 1
_LONGEST = 1 << 24              # bytes of an index
_LONGEST_GRAPH = 1 << 31


class Meta(NamedTuple):
    """A graph of a saved model. `signatures` and `saver` are the data that `saved_model` makes signatures and a saver of."""

    tags: list[str]
    graph: str
    signatures: dict[str, Any]
    main_op: str | None
    assets: dict[str, str]
    saver: dict[str, Any] | None


def write(folder: str, graphs: Sequence[Meta]) -> str:
    """Write the graphs, and the index when they are there; its path. CheckpointError: they could not be written."""
    records = []
    for i, meta in enumerate(graphs):
        data = meta.graph.encode("utf-8", "surrogatepass")
        put(os.path.join(folder, f"graph-{i}.json"), [data])
        records.append({**meta._asdict(), "graph": f"graph-{i}.json", "digest": hashlib.sha256(data).hexdigest()})
    text = json.dumps({"format": FORMAT, "version": VERSION, "meta_graphs": records}, indent=1, allow_nan=False)
    put(os.path.join(folder, INDEX), [text.encode()])
    return os.path.join(folder, INDEX)


def read(folder: str, tags: frozenset[str]) -> Meta | list[list[str]]:
    """The graph of these tags, or, if there is none, the tags that there are.

    NotFoundError: there is no index, or no graph of its name. SerializationError: it is damaged, or no index. DataLossError: it cannot be read.
    """
    path = os.path.join(folder, INDEX)
    found = _object(path, _read(path, _LONGEST))
    if found.get("format") != FORMAT or found.get("version") != VERSION:
        _refuse(path, f"its format is {found.get('format')!r:.40}, version {found.get('version')!r:.40}")
    records = found.get("meta_graphs")
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        _refuse(path, "it has no list of graphs")
    every = [_texts(path, r.get("tags")) for r in records]
    for record, own in zip(records, every, strict=True):
        if frozenset(own) == tags:
            return _meta(folder, path, record, own)
    return every


def _meta(folder: str, path: str, record: Mapping[str, Any], tags: list[str]) -> Meta:
    name, main, saver = record.get("graph"), record.get("main_op"), record.get("saver")
    if not isinstance(name, str) or os.path.basename(name) != name or not name.startswith("graph-"):
        _refuse(path, f"{name!r:.80} is not the name of a graph's file")
    if main is not None and not isinstance(main, str) or saver is not None and not isinstance(saver, dict):
        _refuse(path, "its operation, or its saver, is none")
    assets = record.get("assets")
    if not isinstance(assets, dict) or not all(isinstance(v, str) and os.path.basename(v) == v not in ("", ".", "..") for v in assets.values()):
        _refuse(path, "its assets are not names of files")
    signatures = record.get("signatures")
    if not isinstance(signatures, dict):
        _refuse(path, "its signatures are no object")
    for key, signature in signatures.items():
        _check_signature(path, key, signature)
    data = _read(os.path.join(folder, name), _LONGEST_GRAPH)
    if hashlib.sha256(data).hexdigest() != record.get("digest"):
        _refuse(os.path.join(folder, name), "it has another digest than was written")
    return Meta(tags, data.decode("utf-8", "surrogatepass"), signatures, main, assets, saver)


def _check_signature(path: str, key: str, signature: Any) -> None:
    """A signature is its method's name, and what it says of each input and output."""
    if not isinstance(signature, dict) or signature.keys() != {"inputs", "outputs", "method_name"} or not isinstance(signature["method_name"], str):
        _refuse(path, f"the signature {key!r:.80} has not inputs, outputs and the name of a method")
    for side in (signature["inputs"], signature["outputs"]):
        if not isinstance(side, dict):
            _refuse(path, f"the inputs or outputs of the signature {key!r:.80} are no object")
        for name, info in side.items():
            good = isinstance(info, dict) and info.keys() == {"names", "dtype", "shape"} and isinstance(info["dtype"], str) \
                and _are_texts(info["names"]) and len(info["names"]) in (1, 3) and (info["shape"] is None or _is_shape(info["shape"]))
            if not good:
                _refuse(path, f"{name!r:.80} of the signature {key!r:.80} is no tensor: {info!r:.80}")


def _is_shape(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 64 and all(n is None or type(n) is int and 0 <= n < 2**62 for n in value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(t, str) for t in value)


def _texts(path: str, value: Any) -> list[str]:
    if not _are_texts(value):
        _refuse(path, f"the tags {value!r:.80} are no texts")
    found: list[str] = value
    return found


def _read(path: str, longest: int) -> bytes:
    with open_file(path) as file:
        data: bytes = file.read(longest + 1)
    if len(data) > longest:
        _refuse(path, f"it has more than {longest} bytes")
    return data


def _object(path: str, data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as e:
        _refuse(path, f"it is not JSON: {e!s:.80}")
    if not isinstance(found, dict):
        _refuse(path, "it is no object")
    return found


def _refuse(path: str, why: str) -> NoReturn:
    raise SerializationError(f"{path} is damaged, or no saved model: {why}{here()}")
