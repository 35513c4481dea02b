"""Summaries and event files, read back by the tensorboard package."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import graphc as tf
from tests import ROOT
from tests.waiting import PATIENCE


def read(folder):
    events = EventAccumulator(str(folder), size_guidance={"images": 0, "histograms": 0, "scalars": 0, "tensors": 0})
    return events.Reload()


@pytest.mark.parametrize("jit", [True, False])
def test_everything_is_read_back(jit, tmp_path):
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        v = tf.Variable(0.0, name="v")
        with tf.name_scope("train"):
            loss = tf.reduce_sum(x * x)
            tf.summary.scalar("loss", loss)
            step = tf.assign_add(v, 1.0)
        tf.summary.scalar("value", v, family="state")
        tf.summary.histogram("inputs", x)
        tf.summary.image("picture", tf.reshape(x, [1, 2, 3, 1]), max_outputs=1)
        tf.summary.text("note", "so **bold**")
        tf.random_normal([2])                   # its key is uint64, which event files of this writer do not know
        merged = tf.summary.merge_all()
        session.run(tf.global_variables_initializer())
        with tf.summary.FileWriter(tmp_path / "run", session.graph) as writer:
            for i in range(3):
                data, value, _ = session.run([merged, loss, step], {x: np.full((2, 3), i + 1.0)})
                assert type(data) is bytes and value == 6 * (i + 1) ** 2
                writer.add_summary(data, global_step=10 * i)
            assert writer.get_logdir() == str(tmp_path / "run")
    found = read(tmp_path / "run")
    tags = found.Tags()
    assert tags["scalars"] == ["train/loss", "state/value"] and tags["histograms"] == ["inputs"] and tags["images"] == ["picture/image"]
    assert tags["tensors"] == ["note/text_summary"] and tags["graph"]
    assert [(e.step, e.value) for e in found.Scalars("train/loss")] == [(0, 6.0), (10, 24.0), (20, 54.0)]
    histogram = found.Histograms("inputs")[1].histogram_value
    assert (histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sum_squares) == (2, 2, 6, 12, 24)
    assert sum(histogram.bucket) == 6
    picture = Image.open(io.BytesIO(found.Images("picture/image")[0].encoded_image_string))
    assert picture.size == (3, 2) and set(np.asarray(picture).ravel().tolist()) == {255}
    assert b"so **bold**" in found.Tensors("note/text_summary")[0].tensor_proto.string_val[0]
    nodes = {n.name: n for n in found.Graph().node}
    assert nodes["x"].op == "Placeholder" and nodes["train/mul"].input == ["x", "x"]
    assert [d.size for d in nodes["x"].attr["_output_shapes"].list.shape[0].dim] == [-1, 3]


# (pixels of one 1 x n picture of one channel, the bytes that are drawn)
PIXELS = [([0.0, 0.5, 1.0], [0, 127, 255]), ([0.0, 2.0, 4.0], [0, 127, 255]), ([-1.0, 0.0, 1.0], [1, 128, 255]), ([-2.0, 0.0, 1.0], [1, 128, 191]),
          ([0.0, 0.0, 0.0], [0, 0, 0]), (np.array([0, 7, 255], np.uint8), [0, 7, 255]), ([0.0, np.nan, 1.0], [0, 0, 255])]


@pytest.mark.parametrize("values, wanted", PIXELS, ids=range(len(PIXELS)))
def test_pictures_are_scaled(values, wanted):
    from tensorboard.compat.proto.summary_pb2 import Summary
    with tf.Graph().as_default(), tf.Session() as session:
        dtype = tf.uint8 if isinstance(values, np.ndarray) else tf.float32
        x = tf.placeholder(dtype, [1, 1, 3, 1])
        message = Summary.FromString(session.run(tf.summary.image("p", x), {x: np.reshape(values, (1, 1, 3, 1))}))
    assert message.value[0].tag == "p/image/0"
    assert np.asarray(Image.open(io.BytesIO(message.value[0].image.encoded_image_string)))[0, :, 0].tolist() == wanted


def test_names_are_cleaned_and_unique(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session, tf.summary.FileWriter(tmp_path) as writer:
        for name in ("loss", "loss", "a b'\"</script>"):
            writer.add_summary(session.run(tf.summary.scalar(name, 1.0)), 0)
    assert read(tmp_path).Tags()["scalars"] == ["loss", "loss_1", "a_b___/script_"]


def test_a_writer_goes_on_after_it_was_closed(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        data = session.run(tf.summary.scalar("x", [[3.0]]))
        writer = tf.summary.FileWriter(tmp_path)
        writer.add_summary(data, 1)
        writer.close()
        writer.reopen()
        writer.add_summary(data, np.int64(2))
        writer.flush()
        writer.close()
    assert [(e.step, e.value) for e in read(tmp_path).Scalars("x")] == [(1, 3.0), (2, 3.0)]


@pytest.mark.parametrize("make, error, message", [
    (lambda x: tf.summary.scalar("s", x), tf.errors.ShapeError, "more than one element"),
    (lambda x: tf.summary.image("i", x), tf.errors.ShapeError, "height, width"),
    (lambda x: tf.summary.image("i", tf.zeros([1, 2, 2, 3]), "a"), tf.errors.DTypeError, "max_outputs"),
    (lambda x: tf.summary.scalar("", 1.0), tf.errors.GraphError, "name is a text"),
    (lambda x: tf.summary.text("t", 3), tf.errors.DTypeError, "is no text"),
    (lambda x: tf.summary.merge([]), tf.errors.GraphError, "no summary to merge"),
    (lambda x: tf.summary.merge([x]), tf.errors.DTypeError, "only summaries"),
    (lambda x: tf.summary.FileWriter("/dev/null/folder"), tf.errors.InvalidArgumentError, "nothing can be written"),
])
def test_errors(make, error, message):
    with tf.Graph().as_default(), pytest.raises(error, match=message) as caught:
        make(tf.placeholder(tf.float32, [2, 3]))
    assert "test_summary.py" in str(caught.value)


def test_wrong_values_are_refused(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session, tf.summary.FileWriter(tmp_path) as writer:
        assert tf.summary.merge_all() is None
        with pytest.raises(tf.errors.InvalidArgumentError, match="is no summary; run it first"):
            writer.add_summary(tf.summary.scalar("s", 1.0))
        with pytest.raises(tf.errors.InvalidArgumentError, match="b'junk' is no summary"):
            writer.add_summary(b"junk")
        with pytest.raises(tf.errors.InvalidArgumentError, match="add_event: 3 is no Event"):
            writer.add_event(3)
        with pytest.raises(tf.errors.GraphError, match="is not a graph"):
            writer.add_graph(None)
        x = tf.placeholder(tf.float32, [2])
        with pytest.raises(tf.errors.InvalidArgumentError, match="not finite"):
            session.run(tf.summary.histogram("h", x), {x: [1.0, np.nan]})


def test_a_plain_install_is_enough(tmp_path):
    """Neither protobuf, tensorboardX nor Pillow is imported."""
    code = f"""
import sys
for name in ("google", "google.protobuf", "tensorboardX", "PIL", "tensorboard"):
    sys.modules[name] = None
import graphc as tf
s = tf.Session(jit=False)
tf.summary.scalar("a", 1.0), tf.summary.histogram("b", [1.0, 2.0]), tf.summary.image("c", tf.zeros([1, 2, 2, 3])), tf.summary.text("d", "e")
w = tf.summary.FileWriter({str(tmp_path)!r}, s.graph)
w.add_summary(s.run(tf.summary.merge_all()), 7)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=PATIENCE)
    tags = read(tmp_path).Tags()                # what was not closed is written when the program ends
    assert (tags["scalars"], tags["histograms"], tags["images"], tags["tensors"], tags["graph"]) == (
        ["a"], ["b"], ["c/image/0"], ["d/text_summary"], True)


def test_messages_of_ones_own(tmp_path):
    with tf.summary.FileWriter(tmp_path) as writer:
        made = tf.Summary(value=[tf.Summary.Value(tag="x", simple_value=0.5)])
        made.value.add(tag="p", image=tf.Summary.Image(height=1, width=1, colorspace=3, encoded_image_string=Image_of(1)))
        writer.add_summary(made, 3)
        again = tf.Summary()
        again.ParseFromString(made.SerializeToString())
        writer.add_summary(again, 4)
    found = read(tmp_path)
    assert [(e.step, e.value) for e in found.Scalars("x")] == [(3, 0.5), (4, 0.5)] and [e.step for e in found.Images("p")] == [3, 4]
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.Summary.FromString(b"junk")


def Image_of(size):
    out = io.BytesIO()
    Image.new("RGB", (size, size)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 2), (4, 2, 3), (300, 7, 4)])
def test_pictures_are_png(shape):
    pixels = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    from graphc.files.events import png
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(pixels)))).reshape(shape), pixels)


HISTOGRAMS = [[0.0], [1.0, 2.0, 2.0], [-1e30, 1e30], [1e-13, -1e-13, 0.0], np.random.default_rng(1).normal(size=1000), []]


@pytest.mark.parametrize("values", HISTOGRAMS, ids=range(len(HISTOGRAMS)))
def test_buckets_hold_all(values):
    """Each value lies in the bucket below whose limit, and not below the limit before it, it is."""
    from tensorboard.compat.proto.summary_pb2 import HistogramProto

    from graphc.files.events import histogram
    from graphc.files.summaries import limits
    found = HistogramProto.FromString(histogram(np.array(values, np.float64), limits()))
    assert found.num == len(values) and sum(found.bucket) == len(values) and len(found.bucket) == len(found.bucket_limit)
    lower = -np.inf
    for limit, count in zip(found.bucket_limit, found.bucket, strict=True):
        assert count == sum(lower <= v < limit for v in values)
        lower = limit


def test_a_closed_writer_says_nothing(tmp_path):
    writer = tf.summary.FileWriter(tmp_path)
    writer.close()
    writer.add_summary(tf.Summary())
    writer.flush()
    assert tf.summary.FileWriterCache.get(tmp_path) is tf.summary.FileWriterCache.get(str(tmp_path))
    tf.summary.FileWriterCache.clear()


def test_run_metadata_is_read_by_tensorboard(tmp_path):
    """The bytes of the message, and the event, by TensorBoard's own readers."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.compat.proto.config_pb2 import RunMetadata

    metadata = tf.RunMetadata()
    x = tf.constant([1.0, 2.0])
    with tf.Session() as sess:
        for _ in range(2):
            sess.run(tf.tanh(x, name="traced"), options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata)
    with tf.summary.FileWriter(tmp_path) as writer:
        writer.add_run_metadata(metadata, "step 3", 3)
        with pytest.raises(tf.errors.InvalidArgumentError, match="the tag 'step 3' is taken"):
            writer.add_run_metadata(metadata, "step 3")
        with pytest.raises(tf.errors.InvalidArgumentError, match="is no RunMetadata"):
            writer.add_run_metadata(3, "step 4")
    read = EventAccumulator(str(tmp_path)).Reload()
    assert read.Tags()["run_metadata"] == ["step 3"]
    device, = read.RunMetadata("step 3").step_stats.dev_stats
    wanted, = metadata.step_stats.dev_stats
    assert device.device == "/device:CPU:0"
    assert [(n.node_name, n.thread_id, n.all_end_rel_micros) for n in device.node_stats] \
        == [(n.node_name, n.thread_id, round(n.all_end_rel_micros)) for n in wanted.node_stats]
    assert RunMetadata.FromString(metadata.SerializeToString()).step_stats.dev_stats[0].device == "/device:CPU:0" and wanted.node_stats


def test_summaries_of_ones_own_are_read_by_tensorboard(tmp_path):
    """Numbers that a program computes itself; and the names of before TensorFlow 1."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    made = tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=0.5)])
    made.value.add(tag="rate", simple_value=np.float32(1e-3))
    tf.scalar_summary("old", tf.constant(2.0))
    tf.histogram_summary("spread", tf.constant([1.0, 2.0]))
    with tf.train.SummaryWriter(tmp_path) as writer, tf.Session(jit=False) as sess:
        writer.add_summary(made, 3)
        writer.add_summary(sess.run(tf.merge_all_summaries()), 4)
    read = EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in read.Scalars("loss")] == [(3, 0.5)] and read.Scalars("rate")[0].value == np.float32(1e-3)
    assert [(e.step, e.value) for e in read.Scalars("old")] == [(4, 2.0)] and read.Tags()["histograms"] == ["spread"]


def test_embeddings_for_the_projector(tmp_path):
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    projector = tf.contrib.tensorboard.plugins.projector
    words = tf.Variable([[1.0, 2.5], [3.0, -4.0]], name="words")
    config = projector.ProjectorConfig()
    info = config.embeddings.add()
    info.tensor_name, info.metadata_path = words.name, 'a "quoted" name.tsv'
    info.sprite.image_path = "pictures.png"
    info.sprite.single_image_dim.extend([8, 9])
    with tf.Session() as session, tf.summary.FileWriter(tmp_path) as writer:
        session.run(words.initializer)
        projector.visualize_embeddings(writer, config)
        with pytest.raises(tf.errors.GraphError, match="takes a FileWriter and a ProjectorConfig"):
            projector.visualize_embeddings(writer, 3)
        config.embeddings.add(tensor_name=tf.constant(1.0, name="scalar").name)
        with pytest.raises(tf.errors.InvalidArgumentError, match="scalar:0 is no matrix"):
            projector.visualize_embeddings(writer, config)
    found = text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), ProjectorConfig()).embeddings[0]
    assert found.tensor_name == words.name and found.metadata_path == 'a "quoted" name.tsv' and [*found.sprite.single_image_dim] == [8, 9]
    assert np.loadtxt(tmp_path / found.tensor_path, delimiter="\t").tolist() == [[1.0, 2.5], [3.0, -4.0]]
