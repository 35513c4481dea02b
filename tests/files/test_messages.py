"""Messages of tensors, events and summaries in the bytes that TensorFlow 2.15 writes; files of events, of sound, and texts of tensors."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zlib

import numpy as np
import pytest

import graphc as tf
from tests import ROOT
from tests.waiting import PATIENCE

# What make_tensor_proto is given | the bytes that TensorFlow writes | what is read again.
PROTOS = {
    "float": ((1.5,), {}, "080112002a040000c03f", 1.5),
    "vector": (([1.0, 2.0],), {}, "080112041202080222080000803f00000040", [1.0, 2.0]),
    "one": (([5],), {}, "08031204120208013a0105", [5]),
    "negative": (([[1, 2], [3, -4]],), {}, "080312081202080212020802221001000000" "0200000003000000fcffffff", [[1, 2], [3, -4]]),
    "text": (("a",), {}, "08071200420161", b"a"),
    "texts": (([b"a", b"bc\0"],), {}, "0807120412020802420161420362" "6300", [b"a", b"bc\0"]),
    "bool": (([True, False],), {}, "080a1204120208025a020100", [True, False]),
    "filled": ((7,), {"shape": [2, 2]}, "0803120812020802120208023a0107", [[7, 7], [7, 7]]),
    "partly": (([1.0, 2.0],), {"shape": [4]}, "0801120412020804" "2a080000803f00000040", [1.0, 2.0, 2.0, 2.0]),
    "bytes of one": ((np.uint8(200),), {}, "080412003a02c801", 200),
    "complex": ((np.array([1 + 2j, 3 - 1j], np.complex64),), {}, "0808120412020802" "4a100000803f0000004000004040000080bf", [1 + 2j, 3 - 1j]),
    "empty": ((np.zeros((0, 3), np.float32),), {}, "08011206120012020803", []),
    "halves": ((np.float16([1.5, -2.0]),), {}, "08131204120208022204003e00c0", [1.5, -2.0]),
    "half": ((np.float16(1),), {}, "081312006a028078", 1.0), "of 16 bits": ((np.uint16([1, 65535]),), {}, "08111204120208023a0401ffff03", [1, 65535]),
    "of 32 bits": ((np.uint32(7),), {}, "0816120082010107", 7), "of 64 bits": ((np.uint64(5),), {}, "081712008a010105", 5),
    "another dtype": (([1, 2],), {"dtype": tf.int64}, "08091204120208022210" "01000000000000000200000000000000", [1, 2]),
    "another shape": (([1, 2, 3, 4],), {"shape": [2, 2]}, "0803120812020802120208022210" "01000000020000000300000004000000", [[1, 2], [3, 4]]),
}


@pytest.mark.parametrize("name", PROTOS)
def test_tensor_protos(name):
    args, options, data, read = PROTOS[name]
    proto = tf.make_tensor_proto(*args, **options)
    assert proto.SerializeToString().hex() == data
    found = tf.make_ndarray(type(proto).FromString(bytes.fromhex(data)))
    assert found.tolist() == read and found.shape == np.shape(read if name != "empty" else args[0])


REFUSED = {
    "a tensor": (lambda: tf.make_tensor_proto(tf.constant(1)), "takes values, not Const"),
    "too many": (lambda: tf.make_tensor_proto([1, 2], shape=[1]), r"an array of the shape \[2\] for the shape \[1\]"),
    "another shape": (lambda: tf.make_tensor_proto([1], shape=[2], verify_shape=True), r"shape \[1\] for the shape \[2\]"),
    "no message": (lambda: tf.make_ndarray([1]), "takes a TensorProto"),
    "no number": (lambda: tf.Summary.Value(simple_value="high"), "simple_value is a number, not 'high'"),
    "no kind": (lambda: tf.parse_tensor("a", "float33"), "is not a dtype"),
    "no compression": (lambda: tf.decode_compressed(["a"], "LZMA"), "'ZLIB', 'GZIP' or ''"),
    "no sound": (lambda: tf.audio.encode_wav([1.0], 8000), r"sound is \[samples, channels\]"),
    "no event": (lambda: tf.train.EventsWriter("/nowhere/x").WriteEvent(3), "takes an Event, not 3"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    make, text = REFUSED[name]
    with pytest.raises(tf.errors.GraphcError, match=text) as caught:
        make()
    assert "test_messages.py:" in str(caught.value)


MESSAGES = {
    "event": (lambda: tf.Event(step=3, wall_time=1.5, summary=tf.Summary(value=[tf.Summary.Value(tag="x", simple_value=0.1)])),
              "09000000000000f83f10032a0a0a080a017815cdcccc3d"),
    "histogram": (lambda: tf.HistogramProto(min=1.0, max=2.0, num=3, bucket_limit=[1.0, 2.0], bucket=[3.0]),
                  "09000000000000f03f11000000000000004019000000000000084032" "10000000000000f03f00000000000000403a080000000000000840"),
    "log": (lambda: tf.SessionLog(status=tf.SessionLog.START, msg="hi"), "08011a026869"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(name):
    make, data = MESSAGES[name]
    made = make()
    assert made.SerializeToString().hex() == data and type(made).FromString(bytes.fromhex(data)) == made


def test_one_of_several_fields():
    value = tf.Summary.Value(tag="x", simple_value=0.1)
    assert value.WhichOneof("value") == "simple_value" and value.simple_value == np.float32(0.1)
    value.histo.CopyFrom(tf.HistogramProto(num=1.0))
    value = tf.Summary.Value(tag="x", image=tf.Summary.Image(height=2))
    assert value.WhichOneof("value") == "image" and tf.Event(file_version="a").WhichOneof("what") == "file_version"
    value.simple_value = 2
    assert value.WhichOneof("value") == "simple_value" and not value.HasField("image")


# ---------------------------------------------------------------------- summaries

SOUND = np.array([[0.5, -1.0], [1.5, -2.0], [0.00001526, 0.000015], [0.3, -0.3]], np.float32)
WAV = "524946463400000057415645666d7420100000000100" "0200401f0000007d00000400100064617461100000000040" "0080ff7f0080010000006626" "9ad9"
SOUNDS = {       # desired channels and samples | what TensorFlow gives
    "as it is": ((-1, -1), [[0.5, -1.0], [0.999969482421875, -1.0], [3.0517578125e-05, 0.0], [0.29998779296875, -0.29998779296875]]),
    "shorter": ((1, 2), [[0.5], [0.999969482421875]]),
    "longer": ((3, 6), [[0.5, -1.0, -1.0], [0.999969482421875, -1.0, -1.0], [3.0517578125e-05, 0.0, 0.0],
                        [0.29998779296875, -0.29998779296875, -0.29998779296875], [0.0] * 3, [0.0] * 3]),
    "nothing": ((2, 0), []),
}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", SOUNDS)
def test_sounds(name, jit):
    (channels, samples), expected = SOUNDS[name]
    with tf.Session(jit=jit) as session:
        data = session.run(tf.audio.encode_wav(SOUND, 8000))
        audio, rate = session.run(tf.audio.decode_wav(tf.constant(data), channels, samples))
        assert data.hex() == WAV and audio.tolist() == expected and rate == 8000
        with pytest.raises(tf.errors.InvalidArgumentError, match="no WAV file"):
            session.run(tf.audio.decode_wav("RIFFx"))


def test_summaries_of_sounds_and_tensors():
    with tf.Session(jit=False) as session:
        found = tf.Summary.FromString(session.run(tf.summary.audio("a", np.stack([SOUND, SOUND]), 8000.0)))
        assert [v.tag for v in found.value] == ["a/audio/0", "a/audio/1"]
        sound = found.value[1].audio
        assert (sound.sample_rate, sound.num_channels, sound.length_frames, sound.content_type) == (8000.0, 2, 4, "audio/wav")
        assert sound.encoded_audio_string.hex() == WAV
        one = tf.Summary.FromString(session.run(tf.summary.audio("b", SOUND, 8000, max_outputs=1)))
        assert [v.tag for v in one.value] == ["b/audio"] and one.value[0].audio.num_channels == 1
        made = session.run(tf.summary.tensor_summary("t", [1.0, 2.0], display_name="d", summary_description="s"))
        value, = tf.Summary.FromString(made).value
        assert tf.make_ndarray(value.tensor).tolist() == [1.0, 2.0] and value.metadata.display_name == "d" and value.tag == "t"
        assert value.metadata.summary_description == "s"


# ---------------------------------------------------------------------- files of events

def test_events_are_read_again(tmp_path):
    with tf.summary.FileWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=step / 2)]), step)
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.STOP), 3)
    path, = tmp_path.iterdir()
    found = [*tf.train.summary_iterator(str(path))]
    assert found[0].file_version == "brain.Event:2"
    assert [(e.step, v.tag, v.simple_value) for e in found for v in e.summary.value] == [(0, "loss", 0.0), (1, "loss", 0.5), (2, "loss", 1.0)]
    assert found[-1].session_log.status == tf.SessionLog.STOP
    path.write_bytes(path.read_bytes()[:-5])                # being written
    assert len([*tf.train.summary_iterator(path)]) == len(found) - 1
    path.write_bytes(b"no events at all, but long enough")
    with pytest.raises(tf.errors.DataLossError):
        next(tf.train.summary_iterator(path))
    with pytest.raises(tf.errors.NotFoundError):
        next(tf.train.summary_iterator(tmp_path / "none"))


def test_events_of_ones_own(tmp_path):
    writer = tf.python.pywrap_tensorflow.EventsWriter(os.fsencode(tmp_path / "own"))
    writer.InitWithSuffix(".x")
    writer.WriteEvent(tf.Event(step=5, wall_time=1.0))
    writer.Flush()
    assert [e.step for e in tf.train.summary_iterator(writer.FileName())] == [0, 5] and writer.FileName().endswith(".x")
    writer.Close()


# ---------------------------------------------------------------------- texts of tensors

# A tensor | the text that TensorFlow makes of it.
TEXTS = {"vector": ([1.0, 2.0], "080112041202080222080000803f00000040"), "scalar": (3, "08031200220403000000"),
         "texts": (["a"], "0807120412020801420161")}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", TEXTS)
def test_texts_of_tensors(name, jit):
    value, data = TEXTS[name]
    with tf.Session(jit=jit) as session:
        text = tf.serialize_tensor(value)
        assert session.run(text).hex() == data
        found = session.run(tf.io.parse_tensor(text, tf.constant(value).dtype))
        assert np.array_equal(found, session.run(tf.constant(value)))
        with pytest.raises(tf.errors.InvalidArgumentError, match="not of complex64"):
            session.run(tf.parse_tensor(text, tf.complex64))


def test_texts_of_sparse_tensors():
    x = tf.SparseTensor([[0, 1], [2, 0]], [5.0, 6.0], [3, 2])
    rows = tf.serialize_many_sparse(x)
    with tf.Session() as session:
        assert [[t.hex() for t in row] for row in session.run(rows)] == [
            ["08091208120208011202080122080100000000000000", "080112041202080122040000a040", "080912041202080122080200000000000000"],
            ["08091206120012020801", "080112021200", "080912041202080122080200000000000000"],
            ["08091208120208011202080122080000000000000000", "080112041202080122040000c040", "080912041202080122080200000000000000"]]
        again = session.run(tf.deserialize_many_sparse(rows, tf.float32))
        assert again.indices.tolist() == [[0, 1], [2, 0]] and again.values.tolist() == [5.0, 6.0] and again.dense_shape.tolist() == [3, 2]
        one = session.run(tf.deserialize_many_sparse(tf.expand_dims(tf.serialize_sparse(x), 0), tf.float32, rank=2))
        assert one.dense_shape.tolist() == [1, 3, 2]
        with pytest.raises(tf.errors.InvalidArgumentError, match="row 0 is a tensor of float32, not of int32"):
            session.run(tf.deserialize_many_sparse(rows, tf.int32))


def test_compressed_texts():
    with tf.Session() as session:
        for how, data in (("ZLIB", zlib.compress(b"hello")), ("GZIP", gzip.compress(b"hello")), ("", b"hello")):
            assert session.run(tf.io.decode_compressed([data], how)).tolist() == [b"hello"]
        with pytest.raises(tf.errors.InvalidArgumentError, match="not compressed as ZLIB"):
            session.run(tf.decode_compressed(["hello"], "ZLIB"))


def test_features_that_are_sparse_tensors():
    """As TensorFlow 2.15 parses them."""
    def record(places, values):
        return tf.train.Example(features=tf.train.Features(feature={
            "at": tf.train.Feature(int64_list=tf.train.Int64List(value=places)), "n": tf.train.Feature(int64_list=tf.train.Int64List(value=[1])),
            "v": tf.train.Feature(float_list=tf.train.FloatList(value=values))})).SerializeToString()
    features = {"s": tf.SparseFeature("at", "v", tf.float32, 5), "n": tf.FixedLenFeature([], tf.int64)}
    found = tf.parse_example([record([3, 1], [0.5, 1.5]), record([], [])], features)
    assert sorted(found) == ["n", "s"]
    with tf.Session() as session:
        s = session.run(found["s"])
        assert s.indices.tolist() == [[0, 1], [0, 3]] and s.values.tolist() == [1.5, 0.5] and s.dense_shape.tolist() == [2, 5]
        one = session.run(tf.parse_single_example(record([2], [0.5]), {"s": features["s"], "at": tf.VarLenFeature(tf.int64)}))
        assert one["s"].indices.tolist() == [[2]] and one["s"].dense_shape.tolist() == [5] and one["at"].values.tolist() == [2]


# ---------------------------------------------------------------------- modules

IMPORTS = """
from tensorflow.core.example.example_pb2 import Example
from tensorflow.core.example import feature_pb2
import tensorflow.core.framework.summary_pb2 as s
from tensorflow.core.framework import attr_value_pb2, graph_pb2, node_def_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow.core.framework.summary_pb2 import Summary
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2, rewriter_config_pb2, saver_pb2
from tensorflow.core.util import event_pb2
from tensorflow.core.util.event_pb2 import SessionLog
from tensorflow.python.framework.tensor_util import MakeNdarray, make_tensor_proto
from tensorflow.python.lib.io import file_io
from tensorflow.python.summary.summary_iterator import summary_iterator
import tensorflow as tf
assert Summary is tf.Summary and s.HistogramProto is tf.HistogramProto and event_pb2.Event is tf.Event and SessionLog is tf.SessionLog
assert types_pb2.DT_FLOAT == tf.float32.as_datatype_enum == 1 and types_pb2.DT_INT64_REF == 109
assert types_pb2.DataType.Name(9) == "DT_INT64" and types_pb2.DataType.Value("DT_BOOL") == 10
assert graph_pb2.GraphDef is tf.GraphDef and saver_pb2.SaverDef is tf.train.SaverDef and config_pb2.ConfigProto is tf.ConfigProto
assert feature_pb2.Int64List is tf.train.Int64List and Example is tf.train.Example and MakeNdarray(make_tensor_proto([1])) == [1]
config = tf.ConfigProto(graph_options=tf.GraphOptions(optimizer_options=tf.OptimizerOptions(opt_level=tf.OptimizerOptions.L0)))
config.graph_options.rewrite_options.constant_folding = rewriter_config_pb2.RewriterConfig.OFF
config.graph_options.optimizer_options.global_jit_level = config_pb2.OptimizerOptions.ON_1
tf.Session(config=config).close()
file_io.write_string_to_file("a", "text")
file_io.atomic_write_string_to_file("b", b"text")
assert file_io.file_exists("a") and file_io.read_file_to_string("b") == "text" and file_io.filecmp("a", "b")
file_io.recursive_create_dir("c/d")
assert file_io.list_directory("c") == ["d"] and file_io.is_directory("c") and file_io.get_matching_files("[ab]") == ["a", "b"]
try:
    event_pb2.Events
except AttributeError as e:
    assert "it has Event, LogMessage" in str(e), e
else:
    raise AssertionError
"""


def test_modules_of_messages(tmp_path):
    program = f"from graphc.as_tensorflow import install\ninstall()\n{IMPORTS}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True, timeout=PATIENCE)
