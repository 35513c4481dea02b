"""Tables, queues, readers and datasets in graphs that TensorFlow 2.15 wrote (`tests/data/tf_graphs/outside`): tables hold what they held there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from tests import ROOT
from tests.train.test_tensorflow_checkpoints import mutated

HERE = ROOT / "tests/data/tf_graphs/outside"
WORDS = np.array([b"cat", b"the", b"dog", b"sat", b"zebra"], object)
IDS, NAMES = [1, 0, 3, 2, 3], [b"C", b"T", b"?", b"S", b"?"]         # as TensorFlow found them; words of none are in one of two buckets
errors = tf.errors


@pytest.fixture(autouse=True)
def graph() -> Iterator[tf.Graph]:
    with tf.Graph().as_default() as own:
        yield own


def test_tables_of_constants_and_of_a_file_that_the_program_names() -> None:
    path = tf.constant(str(HERE / "vocab.txt"), name="path")
    message = tf.MetaGraphDef.FromString((HERE / "tables.meta").read_bytes())
    filler, = (n for n in message.graph_def.node if n.op == "InitializeTableFromTextFileV2")
    with pytest.raises(errors.UnimplementedError, match="is read from the file 'vocab.txt', and a graph does not choose what is read: input_map"):
        tf.train.import_meta_graph(message)
    assert tf.train.import_meta_graph(str(HERE / "tables.meta"), input_map={f"{filler.input[1]}:0": path}) is None
    with tf.Session(jit=False) as session:
        session.run("init_tables")
        ids, names, size = session.run(["ids:0", "names:0", "size:0"], {"words:0": WORDS})
    assert (ids.tolist(), names.tolist(), int(size)) == (IDS, NAMES, 3) and ids.dtype == np.int64


def test_the_files_of_a_model_are_its_own(tmp_path: Any) -> None:
    shutil.copytree(HERE / "model", tmp_path / "moved")
    with tf.Session() as session:
        signature = tf.saved_model.loader.load(session, ["serve"], str(tmp_path / "moved")).signature_def["serving_default"]
        found = session.run({k: v.name for k, v in signature.outputs.items()}, {signature.inputs["words"].name: WORDS})
    assert found["ids"].tolist() == IDS and found["names"].tolist() == NAMES


def test_tables_of_the_first_version() -> None:
    tf.train.import_meta_graph(str(HERE / "old_tables.meta"))
    with tf.Session(jit=False) as session:
        session.run("init")
        assert session.run("y:0", {"x:0": np.array([b"b", b"z"], object)}).tolist() == [6, -1]


@pytest.mark.parametrize("jit", [False, True])
def test_what_queues_would_bring_is_fed(jit: bool) -> None:
    tf.train.import_meta_graph(str(HERE / "queues.meta"))
    graph = tf.get_default_graph()
    batch = graph.get_tensor_by_name("batch:0")
    assert batch.shape.as_list() == [4, 3] and batch.dtype == tf.float32
    with tf.Session(jit=jit) as session:
        session.run(tf.global_variables_initializer())
        assert session.run("y:0", {batch: np.ones((4, 3), "float32")}).tolist() == [6.0] * 4
        assert session.run("Reshape:0", {"read:1": np.arange(3, dtype="float32").tobytes()}).tolist() == [0.0, 1.0, 2.0]
        assert session.run("many:0", {"many:0": 5}) == 5
        for fetch in ("y:0", "put", "more", "read:0", "many:0"):
            with pytest.raises(errors.FailedPreconditionError, match="no dataset and no queue in a graph that was read"):
                session.run(fetch)


def test_what_a_dataset_would_bring_is_fed() -> None:
    tf.train.import_meta_graph(str(HERE / "data.meta"))
    with tf.Session(jit=False) as session:
        session.run(tf.global_variables_initializer())
        fed = {"IteratorGetNext:0": np.ones((2, 3), "float32"), "IteratorGetNext:1": [1, 2]}
        assert session.run("y:0", fed).tolist() == [7.0, 8.0]
        session.run("train", fed)
        np.testing.assert_allclose(session.run("w:0"), [0.8, 1.8, 2.8], rtol=1e-6)
        with pytest.raises(errors.FailedPreconditionError, match="no dataset and no queue"):
            session.run("MakeIterator")


def text(**nodes: str) -> tf.GraphDef:
    return tf.GraphDef.FromString("\n".join(f'node {{ name: "{name}" {rest} }}' for name, rest in nodes.items()).encode())


TABLE = 'op: "HashTableV2" attr { key: "key_dtype" value { type: DT_INT64 } } attr { key: "value_dtype" value { type: DT_INT64 } }'
FILLER = 'op: "InitializeTableV2" input: "t" input: "k" input: "v" attr { key: "Tkey" value { type: DT_INT64 } } ' \
         'attr { key: "Tval" value { type: DT_INT64 } }'


def vector(*numbers: int, dtype: str = "DT_INT64") -> str:
    return f'op: "Const" attr {{ key: "dtype" value {{ type: {dtype} }} }} attr {{ key: "value" value {{ tensor {{ dtype: {dtype} ' \
           f'tensor_shape {{ dim {{ size: {len(numbers)} }} }} {" ".join(f"int64_val: {n}" for n in numbers)} }} }} }}'


REFUSED: list[tuple[str, dict[str, str], Any, str]] = [
    ("nothing fills it", {"t": TABLE}, errors.GraphError, "nothing fills the table"),
    ("twice", {"t": TABLE, "k": vector(1, 1), "v": vector(1, 2), "i": FILLER}, errors.GraphError, "a key is in the table twice"),
    ("lengths", {"t": TABLE, "k": vector(1, 2), "v": vector(1), "i": FILLER}, errors.GraphError, r"of \(2,\) keys and \(1,\) values"),
    ("not known", {"t": TABLE, "k": 'op: "Placeholder" attr { key: "dtype" value { type: DT_INT64 } }', "v": vector(1), "i": FILLER},
     errors.GraphError, "known while the graph is built"),
    ("grows", {"t": TABLE.replace("HashTableV2", "MutableHashTableV2")}, errors.UnimplementedError, "graphc has not the operator MutableHashTableV2"),
    ("no handle", {"k": vector(1), "s": 'op: "LookupTableSizeV2" input: "k"'}, errors.GraphcError, "'s'"),
]


@pytest.mark.parametrize("nodes, error, message", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_tables_refused(nodes: dict[str, str], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        tf.import_graph_def(text(**nodes))
    assert not tf.get_default_graph().nodes


@pytest.mark.parametrize("name", ["tables", "old_tables", "queues", "data"])
def test_mutated_graphs_are_refused_or_read(name: str) -> None:
    """Typed errors only. A run outside the suite had 20,000."""
    random, data = np.random.default_rng(5), (HERE / f"{name}.meta").read_bytes()
    refused = 0
    for _ in range(100):
        changed = mutated(data, random)
        with tf.Graph().as_default():
            try:
                tf.train.import_meta_graph(tf.MetaGraphDef.FromString(changed))
            except errors.GraphcError:
                refused += 1
    assert refused
