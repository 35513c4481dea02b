"""Summaries and event files, read back by the tensorboard package."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import graphc as tf


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
    assert nodes["x"].op == "placeholder" and nodes["train/multiply"].input == ["x", "x"]
    assert [d.size for d in nodes["x"].attr["_output_shapes"].list.shape[0].dim] == [-1, 3]


# (pixels of one 1 x n picture of one channel, the bytes that are drawn)
PIXELS = [([0.0, 0.5, 1.0], [0, 127, 255]), ([0.0, 2.0, 4.0], [0, 127, 255]), ([-1.0, 0.0, 1.0], [1, 128, 255]), ([-2.0, 0.0, 1.0], [1, 128, 191]),
          ([0.0, 0.0, 0.0], [0, 0, 0]), (np.array([0, 7, 255], np.uint8), [0, 7, 255]), ([0.0, np.nan, 1.0], [0, 0, 255])]


@pytest.mark.parametrize("values, wanted", PIXELS, ids=range(len(PIXELS)))
def test_pictures_are_scaled(values, wanted):
    from tensorboardX.summary import Summary
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


def test_the_missing_package_is_named(monkeypatch):
    import importlib.util
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with tf.Graph().as_default(), pytest.raises(tf.errors.MissingPackageError, match=r"pip install tensorboardX"):
        tf.summary.scalar("x", 1.0)


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
