"""Staging areas, accumulators, batches of what is kept, and summaries that runs write: against plain Python, and what TensorFlow 2.15 gives."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import graphc as tf
from tests.datasets.feeding import fed_by_threads
from tests.waiting import PATIENCE, until

S = tf.contrib.summary


# ---------------------------------------------------------------------- staging areas

@pytest.mark.parametrize("jit", [False, True])
def test_values_are_handed_from_run_to_run(jit):
    area = tf.contrib.staging.StagingArea([tf.float32, tf.string], [[2], []])
    x = tf.placeholder(tf.float32, [2])
    put, (values, text), size = area.put([x * 2, tf.string_join(["a", "\0"])]), area.get(), area.size()
    first, = area.peek(0)[:1]
    with tf.Session(jit=jit) as session:
        session.run(put, {x: [1, 2]})
        assert session.run(size) == 1 and session.run(first).tolist() == [2, 4]
        found = session.run([values, text, put], {x: [3, 4]})         # what was there comes before what the run puts down
        assert found[0].tolist() == [2, 4] and found[1] == b"a\0"
        assert session.run(values).tolist() == [6, 8] and session.run(size) == 0
        session.run(put, {x: [0, 0]})
        session.run(area.clear())
        assert session.run(size) == 0


def test_areas_by_name_and_of_a_capacity():
    one = tf.contrib.staging.StagingArea([tf.int32, tf.int32], names=["a", "b"], capacity=1, shared_name="s")
    other = tf.python.ops.data_flow_ops.StagingArea([tf.int32, tf.int32], names=["a", "b"], capacity=1, shared_name="s")
    put, got = one.put({"a": 1, "b": 2}), other.get()
    assert one.capacity == 1 and tf.contrib.staging.StagingArea([tf.int32]).capacity == 0
    with tf.Session() as session:
        session.run(put)
        waits = threading.Thread(target=session.run, args=(put,))
        waits.start()
        assert session.run(got) == {"a": 1, "b": 2}
        waits.join(PATIENCE)
        assert not waits.is_alive() and session.run(got) == {"a": 1, "b": 2}


# ---------------------------------------------------------------------- accumulators

# Gradients with their steps, how many are taken | what TensorFlow gives.
MEANS = {
    "mean": ({}, [([1.0, 2.0], 0), ([3.0, 6.0], 0)], 2, [2.0, 4.0]),
    "sum": ({"reduction_type": "SUM"}, [([1.0, 2.0], 0), ([3.0, 6.0], 5)], 1, [4.0, 8.0]),
    "more than are wanted": ({}, [([1.0, 2.0], 0), ([3.0, 4.0], 0), ([5.0, 9.0], 0)], 2, [3.0, 5.0]),
}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", MEANS)
def test_means(name, jit):
    options, gradients, wanted, expected = MEANS[name]
    sums = tf.ConditionalAccumulator(tf.float32, shape=[2], **options)
    g, step = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.int64, [])
    put, taken, count = sums.apply_grad(g, step), sums.take_grad(wanted), sums.num_accumulated()
    with tf.Session(jit=jit) as session:
        for value, at in gradients:
            session.run(put, {g: value, step: at})
        assert session.run(count) == len(gradients)
        assert session.run(taken).tolist() == expected and session.run(count) == 0
        session.run(put, {g: [9, 9], step: 0})                  # of a step that is over
        assert session.run(count) == 0
        session.run(put, {g: [9, 9], step: 1})
        assert session.run(count) == 1
        session.run(sums.set_global_step(7))
        session.run(put, {g: [9, 9], step: 6})
        assert session.run(count) == 1


@pytest.mark.parametrize("kind, expected", [("MEAN", [[2.0], [5.0], [6.0]]), ("SUM", [[4.0], [5.0], [6.0]])])
def test_means_of_rows(kind, expected):
    sums = tf.SparseConditionalAccumulator(tf.float32, shape=[9, 1], reduction_type=kind)
    one = sums.apply_grad([4, 1], [[1.0], [5.0]], [9, 1])
    other = sums.apply_indexed_slices_grad(tf.IndexedSlices(tf.constant([[3.0], [6.0]]), tf.constant([4, 8]), tf.constant([9, 1])))
    taken = sums.take_indexed_slices_grad(2)
    with tf.Session() as session:
        session.run(one)
        session.run(other)
        found = session.run(taken)
    assert found.indices.tolist() == [1, 4, 8] and found.values.tolist() == [expected[1], expected[0], expected[2]]
    assert found.dense_shape.tolist() == [9, 1]


def test_a_mean_is_waited_for():
    sums = tf.ConditionalAccumulator(tf.float32, shape=[])
    put, taken, found = sums.apply_grad(3.0), sums.take_grad(2), []
    with tf.Session() as session:
        thread = threading.Thread(target=lambda: found.append(session.run(taken)))
        thread.start()
        session.run(put)
        session.run(put)
        thread.join(PATIENCE)
    assert found == [3.0]
    session = tf.Session()
    thread = threading.Thread(target=lambda: found.append(pytest.raises(tf.errors.CancelledError, session.run, taken)))
    thread.start()
    assert until(lambda: session.values.resources.find(sums) is not None)
    session.close()
    thread.join(PATIENCE)
    assert len(found) == 2


REFUSED = {
    "reduction": (lambda: tf.ConditionalAccumulator(tf.float32, reduction_type="MAX"), "'MEAN' or 'SUM', not 'MAX'"),
    "dtype": (lambda: tf.ConditionalAccumulator(tf.float32).apply_grad(tf.constant(1)), "is not of float32"),
    "shape": (lambda: tf.ConditionalAccumulator(tf.float32, [2]).apply_grad([1.0]), r"for a gradient of \[2\]"),
    "no slices": (lambda: tf.SparseConditionalAccumulator(tf.float32).apply_indexed_slices_grad(1.0), "takes IndexedSlices"),
    "keep_input": (lambda: tf.train.maybe_batch([tf.constant(1)], tf.constant(1), 2), "keep_input is of dtype bool"),
    "a writer": (lambda: S.flush(), "there is no default writer"),
    "texts": (lambda: S.scalar("x", "a"), "is not of numbers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    build, text = REFUSED[name]
    with pytest.raises(tf.errors.GraphcError, match=text) as caught:
        build()
    assert "test_staging.py:" in str(caught.value)


# ---------------------------------------------------------------------- batches of what is kept

@pytest.fixture
def session():
    with tf.Session() as made:
        yield made


KEPT = {
    "one by one": (lambda i: tf.train.maybe_batch([i], tf.equal(i % 3, 0), 2, allow_smaller_final_batch=True), [0, 3, 6, 9]),
    "rows": (lambda i: tf.train.maybe_batch([tf.stack([i, i + 100])], tf.stack([i < 3, i > 7]), 2, enqueue_many=True, allow_smaller_final_batch=True),
             [0, 1, 2, 108, 109]),
    "joined": (lambda i: tf.train.maybe_batch_join([[i]], i > 6, 2, allow_smaller_final_batch=True), [7, 8, 9]),
    "shuffled": (lambda i: tf.train.maybe_shuffle_batch([i], 2, 9, 2, i > 4, allow_smaller_final_batch=True), [5, 6, 7, 8, 9]),
    "shuffled and joined": (lambda i: tf.train.maybe_shuffle_batch_join([[i]], 2, 9, 2, i > 4, allow_smaller_final_batch=True), [5, 6, 7, 8, 9]),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept(name, session):
    build, expected = KEPT[name]
    made = build(tf.train.range_input_producer(10, num_epochs=1, shuffle=False).dequeue())
    found = fed_by_threads(session, made)
    assert sorted(v for batch in found for v in np.asarray(batch).tolist()) == expected


# ---------------------------------------------------------------------- servers

def test_variables_go_where_least_is():
    strategy = tf.contrib.training.GreedyLoadBalancingStrategy(3, tf.contrib.training.byte_size_load_fn)
    sizes = [4, 1, 2, 1, 1, 9]
    assert [strategy(tf.Variable(tf.zeros([n]))) for n in sizes] == [0, 1, 2, 1, 1, 2]
    drawn = tf.contrib.training.RandomStrategy(4, seed=1)
    tasks = [drawn(tf.Variable(0.0, name=f"v{i}").op) for i in range(20)]
    assert set(tasks) == {0, 1, 2, 3}


# ---------------------------------------------------------------------- summaries that runs write

def events(folder):
    return [(e.step, v.tag, v.simple_value) for path in sorted(folder.iterdir()) for e in tf.train.summary_iterator(path) for v in e.summary.value]


def test_runs_write_summaries(tmp_path):
    step = tf.train.get_or_create_global_step()
    writer = S.create_file_writer(str(tmp_path / "logs"))
    with writer.as_default(), S.record_summaries_every_n_global_steps(2):
        S.scalar("loss", tf.cast(step, tf.float32) / 2)
        with tf.name_scope("net"), S.always_record_summaries():
            S.scalar("rate", 0.5, family="f")
        with S.never_record_summaries():
            S.scalar("not", 1.0)
    S.scalar("nowhere", 1.0)
    grow = tf.assign_add(step, 1)
    with tf.Session() as session, writer.as_default():
        S.initialize(graph=tf.get_default_graph(), session=session)
        for _ in range(3):
            session.run(S.all_summary_ops())
            session.run(grow)
        session.run(S.flush())
        rates = [(i, "f/net/rate", 0.5) for i in range(3)]
        assert events(tmp_path / "logs") == [(0, "loss", 0.0), *rates[:2], (2, "loss", 1.0), rates[2]]
        session.run(writer.close())


def test_runs_write_all_kinds(tmp_path):
    with S.create_file_writer(str(tmp_path / "logs")).as_default() as writer, S.always_record_summaries():
        at = tf.constant(5, tf.int64)
        made = [S.histogram("h", [1.0, 2.0], step=at), S.image("i", tf.zeros([1, 2, 2, 3]), step=at),
                S.audio("a", tf.zeros([1, 4]), 8000, 1, step=at),
                S.generic("g", [1, 2], tf.SummaryMetadata(display_name="d"), step=at), S.import_event(tf.Event(step=9).SerializeToString()),
                S.graph(tf.get_default_graph())]
        with tf.Session() as session:
            session.run(made)
            session.run(writer.close())
    path, = (tmp_path / "logs").iterdir()
    found = [*tf.train.summary_iterator(path)]
    kinds = {v.tag: v.WhichOneof("value") for e in found for v in e.summary.value}
    assert kinds == {"h": "histo", "i/image/0": "image", "a/audio": "audio", "g": "tensor"}
    assert {e.step for e in found} == {0, 5, 9} and any(e.graph_def for e in found)
    with S.create_file_writer(None).as_default(), S.always_record_summaries(), tf.Session() as session:
        session.run(S.scalar("x", 1.0))
