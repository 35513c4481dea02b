"""Saved models: what is written is loaded with its signatures, in a process that did not build it, and damage is noticed wherever it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests import ROOT

X = np.array([[1.0, 2.0], [3.0, -4.0]], "float32")
sm = tf.saved_model


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def model() -> tuple[Any, Any]:
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    w = tf.get_variable("w", initializer=np.array([[0.5], [2.0]], "float32"))
    return x, tf.identity(tf.matmul(x, w), name="y")


def saved(path: str = "m", **options: Any) -> None:
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        x, y = model()
        session.run(tf.global_variables()[0].assign([[3.0], [1.0]]))
        builder = sm.builder.SavedModelBuilder(path)
        signature = sm.signature_def_utils.predict_signature_def({"in": x}, {"out": y})
        key = sm.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
        builder.add_meta_graph_and_variables(session, [sm.tag_constants.SERVING], {key: signature}, **options)
        builder.save()


def loaded(path: str = "m", tags: Any = ("serve",), scope: str | None = None) -> Any:
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        found = sm.loader.load(session, tags, path, import_scope=scope)
        signature = found.signature_def["serving_default"]
        x = sm.utils.get_tensor_from_tensor_info(signature.inputs["in"], import_scope=scope)
        y = sm.utils.get_tensor_from_tensor_info(signature.outputs["out"], import_scope=scope)
        return session.run(y, {x: X}).tolist()


def test_a_model_comes_back(folder):
    saved()
    assert sm.maybe_saved_model_directory("m") and loaded() == [[5.0], [5.0]]
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        found = sm.load(session, "serve", Path("m"))
        assert found.meta_info_def.tags == ["serve"] and "y" in [n.name for n in found.graph_def.node]
        told = found.signature_def["serving_default"]
        assert told.method_name == "tensorflow/serving/predict" and sm.is_valid_signature(told)
        assert (told.inputs["in"].name, told.inputs["in"].dtype, told.inputs["in"].tensor_shape.as_list()) == ("x:0", tf.float32, [None, 2])
        assert [v.op.name for v in tf.trainable_variables()] == ["w"]


def test_behind_a_scope(folder):
    saved()
    assert loaded(scope="served") == [[5.0], [5.0]]


def test_another_process_loads_it(folder):
    saved()
    code = f"""
import graphc as tf
with tf.Session(graph=tf.Graph(), jit=False) as session:
    found = tf.saved_model.loader.load(session, [tf.saved_model.tag_constants.SERVING], "m").signature_def["serving_default"]
    print(session.run(found.outputs["out"].name, {{found.inputs["in"].name: {X.tolist()}}}).tolist())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)})
    assert done.stdout.strip() == "[[5.0], [5.0]]", done.stderr


def test_graphs_of_two_tags(folder):
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        x, y = model()
        builder = sm.builder.SavedModelBuilder("m")
        builder.add_meta_graph_and_variables(session, [sm.tag_constants.TRAINING])
        with tf.Graph().as_default():
            x, y = model()
            builder.add_meta_graph(["serve", "gpu"], {"serving_default": sm.predict_signature_def({"in": x}, {"out": y * 2.0})})
        builder.save()
    assert loaded(tags=["gpu", "serve"]) == [[9.0], [-13.0]]
    with pytest.raises(errors.NotFoundError, match=r"no graph of the tags \['serve'\]; it has \[\['train'\], \['serve', 'gpu'\]\]"):
        loaded(tags=["serve"])


def test_simple_save(folder):
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        x, y = model()
        sm.simple_save(session, "m", inputs={"in": x}, outputs={"out": y})
    assert loaded() == [[4.5], [-6.5]]


def test_the_main_operation_is_run_with_the_assets(folder):
    (folder / "words.txt").write_text("a\nb\n")
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        x, y = model()
        file = tf.constant("words.txt", name="file")
        counted = tf.Variable(0, name="counted", trainable=False)
        ready = counted.assign(tf.string_length(tf.read_file(file)))
        builder = sm.Builder("m")
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": sm.predict_signature_def({"in": x}, {"out": y})},
                                             assets_collection=[file], main_op=tf.group(ready, sm.main_op.main_op()))
        builder.save()
    (folder / "words.txt").unlink()
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        sm.load(session, ["serve"], "m")
        assert session.run("counted:0") == 4


def test_signatures_of_sparse_tensors(folder):
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        x = tf.sparse_placeholder(tf.float32, [None, 3], name="x")
        builder = sm.Builder("m")
        builder.add_meta_graph_and_variables(session, ["serve"], {"s": sm.predict_signature_def({"x": x}, {"y": tf.sparse_reduce_sum(x)})})
        builder.save()
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        signature = sm.load(session, ["serve"], "m").signature_def["s"]
        x, y = (sm.get_tensor_from_tensor_info(side) for side in (signature.inputs["x"], signature.outputs["y"]))
        assert session.run(y, {x: tf.SparseTensorValue([[0, 1], [1, 2]], [2.0, 3.0], [2, 3])}) == 5.0


SIGNATURES = [
    ("classify", lambda t, f: sm.classification_signature_def(t, t, f), "tensorflow/serving/classify", {"classes", "scores"}),
    ("scores alone", lambda t, f: sm.classification_signature_def(t, None, f), "tensorflow/serving/classify", {"scores"}),
    ("regress", lambda t, f: sm.regression_signature_def(t, f), "tensorflow/serving/regress", {"outputs"}),
    ("predict", lambda t, f: sm.predict_signature_def({"inputs": f}, {"a": f, "b": t}), "tensorflow/serving/predict", {"a", "b"}),
]


@pytest.mark.parametrize("make, method, outputs", [row[1:] for row in SIGNATURES], ids=[row[0] for row in SIGNATURES])
def test_signatures(make, method, outputs):
    signature = make(tf.placeholder(tf.string, [None]), tf.placeholder(tf.float32, [None]))
    assert signature.method_name == method and signature.outputs.keys() == outputs and sm.is_valid_signature(signature)
    assert not sm.is_valid_signature(sm.build_signature_def(signature.inputs, {}, method))
    assert not sm.is_valid_signature(sm.build_signature_def(signature.inputs, signature.outputs, "another"))


def _builder(path: str = "m") -> Any:
    return sm.Builder(path)


MISTAKES: list[Any] = [
    ("a folder with files", lambda s: (Path("full").mkdir(), Path("full/a").touch(), _builder("full")), errors.AlreadyExistsError, "not empty"),
    ("nothing added", lambda s: _builder().save(), errors.GraphError, "nothing to save"),
    ("no variables yet", lambda s: _builder().add_meta_graph(["serve"]), errors.GraphError, "comes first"),
    ("twice", lambda s: [b.add_meta_graph_and_variables(s, ["a"]) for b in [_builder()] for _ in range(2)], errors.GraphError, "are there"),
    ("no model", lambda s: sm.load(s, ["serve"], "none"), errors.NotFoundError, "there is no saved model in"),
    ("TensorFlow's", lambda s: (Path("t").mkdir(), Path("t/saved_model.pb").touch(), sm.load(s, ["serve"], "t")), errors.NotFoundError,
     "has no graph of the tags ['serve']"),
    ("no signature", lambda s: _builder().add_meta_graph_and_variables(s, ["a"], {"k": 3}), errors.DTypeError, "is no signature"),
    ("no tensor", lambda s: sm.build_tensor_info(3), errors.DTypeError, "takes a tensor, not 3"),
    ("no inputs", lambda s: sm.predict_signature_def({}, {}), errors.DTypeError, "inputs is a dict"),
    ("texts are wanted", lambda s: sm.regression_signature_def(tf.constant(1.0), tf.constant(1.0)), errors.DTypeError, "examples is of dtype string"),
    ("no outputs", lambda s: sm.classification_signature_def(tf.constant("a"), None, None), errors.DTypeError, "neither classes nor scores"),
    ("an asset that is not there", lambda s: _builder().add_meta_graph_and_variables(s, ["a"], assets_collection=[tf.constant("no")]),
     errors.CheckpointError, "cannot be copied"),
    ("a Python object", lambda s: (tf.add_to_collection("things", object()), _builder().add_meta_graph_and_variables(s, ["a"])),
     errors.SerializationError, "cannot be saved"),
]


@pytest.mark.parametrize("act, kind, message", [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistakes_are_named(act, kind, message, folder):
    with tf.Session(jit=False) as session, pytest.raises(kind) as caught:
        act(session)
    assert message in str(caught.value)


def index_with(**changes: Any) -> Any:
    """A change of the one graph's record."""
    return lambda found: found["meta_graphs"][0].update(changes)


DAMAGED: list[Any] = [
    ("another format", lambda found: found.update(format="x"), "its format is"), ("no list", lambda found: found.update(meta_graphs=3), "no list"),
    ("tags", index_with(tags=[3]), "are no texts"), ("a path", index_with(graph="../graph-0.json"), "is not the name of a graph's file"),
    ("a digest", index_with(digest="0"), "another digest"), ("assets", index_with(assets={"a": "../b"}), "not names of files"),
    ("main_op", index_with(main_op=3), "is none"), ("signatures", index_with(signatures=[]), "no object"),
    ("a signature", index_with(signatures={"a": {}}), "has not inputs"),
    ("a tensor", index_with(signatures={"a": {"inputs": {"x": {}}, "outputs": {}, "method_name": ""}}), "is no tensor"),
    ("a shape", index_with(signatures={"a": {"inputs": {"x": {"names": ["x"], "dtype": "float32", "shape": [-1]}}, "outputs": {},
                                             "method_name": ""}}), "is no tensor"),
    ("the saver", index_with(saver={"variables": 3}), "does not name its variables"),
]


@pytest.mark.parametrize("change, message", [row[1:] for row in DAMAGED], ids=[row[0] for row in DAMAGED])
def test_what_an_index_may_not_say(change, message, folder):
    saved()
    found = json.loads(Path("m/saved_model.json").read_text())
    change(found)
    Path("m/saved_model.json").write_text(json.dumps(found))
    with pytest.raises(errors.SerializationError, match=message):
        loaded()


def test_random_changes_are_typed_errors(folder):
    """Of the index, the graph and the variables."""
    saved()
    random = np.random.default_rng(3)
    files = [Path("m/saved_model.json"), Path("m/graph-0.json"), Path("m/variables/variables.safetensors")]
    refused = 0
    for turn in range(150):
        path = files[turn % 3]
        whole = path.read_bytes()
        changed = bytearray(whole)
        for _ in range(int(random.integers(1, 4))):
            place = int(random.integers(len(changed)))
            changed[place:place + int(random.integers(3))] = random.bytes(int(random.integers(3)))
        path.write_bytes(bytes(changed))
        try:
            loaded()
        except (errors.GraphcError, KeyError):
            refused += 1
        path.write_bytes(whole)
    assert refused > 80 and loaded() == [[5.0], [5.0]]
