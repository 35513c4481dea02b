"""What programs of TensorFlow's look for beside a checkpoint, in all the ways that they do: every file is there, and is what they take it for."""

from __future__ import annotations

import glob
import os
import re
import shutil
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphc.python.framework.meta_graph import read_meta_graph_file
from graphc.python.tools.freeze_graph import freeze_graph, freeze_graph_with_def_protos

import graphc as tf
from graphc import errors
from graphc.files import beside, crc
from graphc.files.bundle import Bundle
from graphc.train.inspecting import print_tensors_in_checkpoint_file
from tests.train.saving import DATA, network, same, values

PATH = "logs/model.ckpt-4"
SUFFIXES = ("index", "meta", "data-00000-of-00001")


@pytest.fixture
def saved(folder):
    """A checkpoint of a trained network; what it gives for DATA, and its weights."""
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        w, b = tf.get_variable("w", [3, 2]), tf.get_variable("b", [2], initializer=tf.zeros_initializer())
        y = tf.nn.softmax(tf.matmul(x, w) + b, name="y")
        train = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_mean(tf.square(y)), tf.train.get_or_create_global_step(), name="train")
        tf.add_to_collection("outputs", y)
        tf.add_to_collection("number", 3)
        saver = tf.train.Saver(max_to_keep=2)
        for _ in range(4):
            session.run(train, {x: DATA})
            saver.save(session, "logs/model.ckpt", tf.train.get_global_step())
        tf.train.write_graph(session.graph_def, "logs", "graph.pbtxt")
        return session.run([y, w], {x: DATA})


def restored(meta: Any, path: str = PATH, scope: str = "") -> Any:
    """What a graph that is read gives, the checkpoint restored."""
    with tf.Graph().as_default() as graph, tf.Session(jit=False) as session:
        tf.train.import_meta_graph(meta, clear_devices=True, import_scope=scope or None).restore(session, path)
        assert tf.get_collection("outputs") == [graph.get_tensor_by_name(f"{scope}/y:0".lstrip("/"))] and tf.get_collection("number") == [3]
        return session.run(tf.get_collection("outputs")[0], {f"{scope}/x:0".lstrip("/"): DATA})


def frozen(path: str) -> Any:
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        y, = tf.import_graph_def(tf.GraphDef.FromString(Path(path).read_bytes()), return_elements=["y:0"], name="")
        return session.run(y, {"x:0": DATA})


def copied(to: str) -> str:
    os.makedirs(to)
    for suffix in SUFFIXES:
        shutil.copy(f"{PATH}.{suffix}", f"{to}/best.{suffix}")
    return f"{to}/best"


def message() -> tf.MetaGraphDef:
    return read_meta_graph_file(f"{PATH}.meta")


def model() -> str:
    with tf.Graph().as_default() as graph, tf.Session(jit=False) as session:
        tf.train.import_meta_graph(f"{PATH}.meta").restore(session, PATH)
        tf.saved_model.simple_save(session, "model", {"x": graph.get_tensor_by_name("x:0")}, {"y": graph.get_tensor_by_name("y:0")})
    return "model"


def frozen_by(protos: bool, *graph: Any, **options: Any) -> Any:
    tool = freeze_graph_with_def_protos if protos else freeze_graph
    checkpoint = None if "input_saved_model_dir" in options else PATH
    tool(*graph, checkpoint, "y", "save/restore_all", "save/Const:0", "frozen.pb", True, "", **options)
    return frozen("frozen.pb")


# What a program does, and what comes of it: a truth, the result or the weights.
WAYS: list[tuple[str, Any]] = [
    ("exists", lambda: all(os.path.exists(f"{PATH}.{s}") for s in SUFFIXES)),
    ("glob", lambda: sorted(glob.glob("logs/*.meta")) == ["logs/model.ckpt-3.meta", "logs/model.ckpt-4.meta"]),
    ("gfile", lambda: len(tf.gfile.Glob("logs/model.ckpt-*.index")) == 2),
    ("steps by names", lambda: {m[1] for f in os.listdir("logs") if (m := re.match(r"model.ckpt-(\d+).index", f))} == {"3", "4"}),
    ("checkpoint_exists", lambda: tf.train.checkpoint_exists(PATH) and not tf.train.checkpoint_exists("logs/none")),
    ("latest", lambda: tf.train.latest_checkpoint("logs") == PATH),
    ("load_variable", lambda: tf.contrib.framework.load_variable("logs", "w")),
    ("list_variables", lambda: ("w", [3, 2]) in tf.contrib.framework.list_variables(PATH)),
    ("reader", lambda: tf.train.NewCheckpointReader(PATH).get_tensor("w")),
    ("inspected", lambda: print_tensors_in_checkpoint_file(PATH, None, True) is None),
    ("meta", lambda: restored(f"{PATH}.meta")), ("scope", lambda: restored(f"{PATH}.meta", scope="in/it")),
    ("meta of an older one", lambda: restored("logs/model.ckpt-3.meta")), ("message", lambda: restored(message())),
    ("copied", lambda: restored("best/best.meta", copied("best"))), ("copied, weights", lambda: tf.train.load_variable(copied("best"), "w")),
    ("freeze pbtxt", lambda: frozen_by(False, "logs/graph.pbtxt", "", False)),
    ("freeze meta", lambda: frozen_by(False, None, None, True, input_meta_graph=f"{PATH}.meta")),
    ("freeze message", lambda: frozen_by(True, None, None, input_meta_graph_def=message())),
    ("freeze graph", lambda: frozen_by(True, message().graph_def, None)),
    ("freeze model", lambda: frozen_by(False, None, None, True, input_saved_model_dir=model(), saved_model_tags="serve")),
]


@pytest.mark.parametrize("way", [row[1] for row in WAYS], ids=[row[0] for row in WAYS])
def test_ways(way, saved):
    found = way()
    assert found is True or any(np.shape(found) == w.shape and np.allclose(found, w, 1e-6) for w in saved)


def test_deleted_as_it_was_saved(saved):
    tf.train.remove_checkpoint("logs/model.ckpt-3")
    for path in glob.glob(f"{PATH}*"):
        os.remove(path)
    assert sorted(os.listdir("logs")) == ["checkpoint", "graph.pbtxt"] and not tf.train.checkpoint_exists(PATH)


def test_index_and_data_are_tensorflows(saved):
    """Its reader, which knows nothing of graphc's files, finds every value, whose checksum is right. TensorFlow 2.15 itself restored such
    files, by the `.meta` and by savers of its own, and trained on.
    """
    own = tf.train.NewCheckpointReader(PATH)
    with Bundle(PATH) as found:
        assert {n: list(e.shape) for n, e in found.entries.items()} == own.get_variable_to_shape_map() and len(found.entries) == 9
        assert all(found.array(n).tobytes() == own.get_tensor(n).tobytes() and found.array(n).dtype == own.get_tensor(n).dtype for n in found.entries)
    assert os.path.samefile(f"{PATH}.data-00000-of-00001", f"{PATH}.safetensors")


@pytest.mark.parametrize("array", [np.zeros((0, 3), "float32"), np.zeros((), "int64"), np.array([1 + 2j], "complex64"), np.array([True, False]),
                                   np.arange(6, dtype="float16").reshape(2, 3)], ids=str)
def test_kinds_of_values_in_the_index(array, folder):
    made = [tf.Variable(array, name="v"), tf.Variable(np.zeros(0), name="nothing"), tf.Variable(np.arange(3.0), name="a")]
    with tf.Session(jit=False) as session:
        tf.train.Saver().save(session, "m")
        wanted = session.run(made)
    with Bundle("m") as found:
        for name, value in zip(("v", "nothing", "a"), wanted, strict=True):
            again = found.array(name)
            assert (again.dtype, again.shape, again.tobytes()) == (value.dtype, value.shape, value.tobytes())


def test_a_copy_by_tensorflows_names_goes_on_with_the_same_bits(folder):
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        net = network(tf.train.AdamOptimizer)
        session.run(net.train, {net.x: DATA})
        path = tf.train.Saver().save(session, "m")
        losses = [session.run([net.loss, net.train], {net.x: DATA})[0] for _ in range(3)]
        wanted = values(session)
    os.remove("m.safetensors")
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        tf.train.import_meta_graph("m.meta").restore(session, path)
        assert [session.run(["loss:0", "train"], {"x:0": DATA})[0] for _ in range(3)] == losses and same(values(session), wanted)


def test_saved_again_under_the_same_name(folder):
    """The copy by another name is of the last save, and so is the index."""
    v = tf.Variable(1.0, name="v")
    saver = tf.train.Saver()
    with tf.Session(jit=False) as session:
        for number in (1.0, 5.0):
            session.run(v.assign(number))
            saver.save(session, "m")
            with Bundle("m") as found:
                assert found.array("v") == number
        saver.save(session, "m", write_meta_graph=False)
        assert not os.path.exists("m.meta")
        saver.save(session, "m", meta_graph_suffix="graph")
        assert os.path.exists("m.graph") and not os.path.exists("m.meta")
        tf.train.remove_checkpoint("m", meta_graph_suffix="graph")
        assert os.listdir() == ["checkpoint"]


def test_a_file_system_without_links(folder, monkeypatch):
    v = tf.Variable(1.0, name="v")
    with tf.Session(jit=False) as session:
        tf.train.Saver().save(session, "m")

        def refused(*paths: str) -> None:
            raise PermissionError
        monkeypatch.setattr(beside.os, "link", refused)
        session.run(v.assign(3.0))
        path = tf.train.Saver().save(session, "m")
    assert sorted(os.listdir()) == ["checkpoint", "m.meta", "m.safetensors"] and tf.train.load_variable(path, "v") == 3.0


@pytest.mark.parametrize("data", [b"", b"\n\x05\x12\x01*"], ids=["cut off", "noise"])
def test_a_damaged_meta_is_made_good_by_the_checkpoint(data, folder):
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        tf.Variable(1.0, name="v")
        tf.train.Saver().save(session, "m")
    Path("m.meta").write_bytes(data)
    with tf.Graph().as_default(), pytest.warns(errors.CheckpointWarning, match="m.meta is not what was written; the graph in m.safetensors is read"):
        tf.train.import_meta_graph("m.meta")
        assert [v.name for v in tf.global_variables()] == ["v:0"]
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        tf.Variable(2.0, name="other")
        tf.train.export_meta_graph("m.meta")
    with tf.Graph().as_default():
        tf.train.import_meta_graph("m.meta")
        assert [v.name for v in tf.global_variables()] == ["other:0"]       # a file that somebody has put there


@pytest.mark.parametrize("kind", ["float32", "float64", "int8", "uint16", "int64", "bool", "float16", "complex64"])
def test_many_alike_are_written_as_one(kind, session):
    """As what a slot begins with; TensorFlow reads a last element as one for all that follow."""
    for number in (0, 1):
        made = tf.constant(np.full((64, 33), number, kind), name=f"c{number}")
        graph = tf.GraphDef.FromString(session.graph.as_graph_def().SerializeToString())
        assert len(graph.SerializeToString()) < 300
        with tf.Graph().as_default(), tf.Session(jit=False) as alone:
            again, = tf.import_graph_def(graph, return_elements=[made.name])
            found, wanted = alone.run(again), session.run(made)
            assert found.dtype == wanted.dtype and found.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("size", [1, 7, 8, 9, 63, 2048, 4099, 1 << 17, (1 << 17) + 1, (1 << 17) + 7, 300_001])
def test_checksums_by_the_processors_instruction(size, monkeypatch):
    data = np.random.default_rng(size).bytes(size)
    crc.crc32c(bytes(1 << 17))
    found = crc.crc32c(data)
    assert crc.crc32c(memoryview(data)) == found
    monkeypatch.setattr(crc, "_instruction", lru_cache(lambda: None))
    assert crc.crc32c(data) == found


def test_the_text_for_other_processors_is_right():
    """Parsed and verified; it never ran."""
    llvm = pytest.importorskip("llvmlite.binding")
    for _, words in crc._INSTRUCTIONS.values():
        module = llvm.parse_assembly(crc._IR.format(**words))
        module.verify()
        assert [f.name for f in module.functions if not f.is_declaration]


def test_a_save_adds_nothing_to_the_graph(folder):
    """What stands in the place of a node in TensorFlow's message is built beside the graph, which may be finalized."""
    table, ids = tf.get_variable("table", [7, 2]), tf.placeholder(tf.int64, [None], name="ids")
    train = tf.train.FtrlOptimizer(0.1).minimize(tf.reduce_sum(tf.gather(table, ids) ** 2))
    graph = tf.get_default_graph()
    before = len(graph.nodes)
    with tf.Session(jit=False) as session, warnings.catch_warnings():
        warnings.simplefilter("error")
        saver = tf.train.Saver()
        graph.finalize()
        saver.save(session, "m")
    assert len(graph.nodes) == before and train.name in {n.name for n in read_meta_graph_file("m.meta").graph_def.node}
