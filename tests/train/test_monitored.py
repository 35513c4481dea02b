"""Monitored sessions, hooks and supervisors: what is called when, what is saved, what ends a run; TensorFlow's order of calls."""

from __future__ import annotations

import glob
import json
import os
import threading

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import graphc as tf
from graphc.runtime.values import Values
from tests.waiting import until


@pytest.fixture
def counting():
    """A step that counts, a variable that it doubles, and a loss of both."""
    step = tf.train.get_or_create_global_step()
    v = tf.Variable(1.0, name="v")
    loss = tf.identity(v * 10, name="loss")
    tf.summary.scalar("cost", loss)
    train = tf.group(tf.assign_add(step, 1), tf.assign(v, v * 2))
    return step, v, loss, train


def test_a_loop_to_a_step(counting):
    step, v, loss, train = counting
    losses = []
    with tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(last_step=4)]) as sess:
        assert sess.graph is tf.get_default_graph() and sess.graph.finalized
        while not sess.should_stop():
            losses.append(sess.run([loss, train])[0])
        with pytest.raises(tf.errors.FailedPreconditionError, match="a run after the end was asked for"):
            sess.run(loss)
    assert losses == [10, 20, 40, 80]
    with pytest.raises(tf.errors.FailedPreconditionError, match="the monitored session is closed"):
        sess.run(loss)


class Telling(tf.train.SessionRunHook):
    def __init__(self, fetches=None, feeds=None):
        self.said, self.fetches, self.feeds = [], fetches, feeds

    def begin(self):
        self.said.append("begin")

    def after_create_session(self, session, coord):
        self.said.append("created")
        assert isinstance(coord, tf.train.Coordinator)

    def before_run(self, run_context):
        self.said.append("before")
        assert run_context.original_args.fetches is not None and not run_context.stop_requested
        return tf.train.SessionRunArgs(self.fetches, self.feeds)

    def after_run(self, run_context, run_values):
        self.said.append(run_values.results)

    def end(self, session):
        self.said.append("end")


def test_what_is_called(counting):
    step, v, loss, train = counting
    p = tf.placeholder(tf.float32, [])
    hook, other, more = Telling({"v": v}, {p: 3.0}), Telling([step, loss]), p + 1
    with tf.train.SingularMonitoredSession(hooks=[hook, other]) as sess:
        assert sess.run(more) == 4
        sess.run(train)
        assert sess.raw_session().run(v) == 2
        assert sess.run_step_fn(lambda context: (context.session.run(v), context.run_with_hooks(p))) == (2, 3)
        with pytest.raises(tf.errors.GraphError, match="two feed 'Placeholder:0'"):
            sess.run(p, {p: 1})
    assert hook.said == ["begin", "created", *["before", {"v": 1}] * 2, "before", {"v": 2}, "before", "end"]
    assert other.said[2:5] == ["before", [0, 10], "before"]


def test_the_end_of_input_ends_quietly_and_errors_do_not(counting):
    element = tf.data.Dataset.range(3).make_one_shot_iterator().get_next()
    hook = Telling()
    found = []
    with tf.train.MonitoredTrainingSession(hooks=[hook]) as sess:
        while not sess.should_stop():
            found.append(sess.run(element))
    assert found == [0, 1, 2] and hook.said[-1] == "end"
    with tf.Graph().as_default():
        tf.constant(1)
        hook = Telling()
        with pytest.raises(KeyError), tf.train.MonitoredSession(hooks=[hook]):
            raise KeyError("mine")
        assert "end" not in hook.said


def test_queues_are_filled(counting):
    batch = tf.train.batch([tf.train.range_input_producer(10, 1, shuffle=False).dequeue()], 5)
    found = []
    with tf.train.MonitoredSession() as sess:
        while not sess.should_stop():
            found.append(sess.run(batch).tolist())
    assert found == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_an_error_of_a_queue_is_said():
    number = tf.train.range_input_producer(10, shuffle=False).dequeue()
    batch = tf.train.batch([tf.gather([1, 2], number)], 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="gather"), tf.train.MonitoredSession() as sess:
        while True:
            sess.run(batch)


# ---------------------------------------------------------------------- hooks

def run(hooks, train, times=10, **options):
    with tf.train.MonitoredSession(hooks=hooks, **options) as sess:
        for _ in range(times):
            if sess.should_stop():
                break
            sess.run(train)


def test_stopping_after_some_steps(counting):
    step, v, _, train = counting
    with tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(num_steps=3)]) as sess:
        runs = 0
        while not sess.should_stop():
            sess.run(train)
            runs += 1
    assert runs == 3


def test_logging(counting, monkeypatch):
    said = []
    monkeypatch.setattr(tf.logging, "info", lambda text, *args: said.append(text % args if args else text))
    step, v, loss, train = counting
    run([tf.train.LoggingTensorHook({"l": loss}, every_n_iter=2)], train, 5)
    assert [s.split(" (")[0] for s in said] == ["l = 10.0", "l = 40.0", "l = 160.0"] and "(" in said[1] and "(" not in said[0]


def test_logging_at_the_end(counting, monkeypatch):
    said = []
    monkeypatch.setattr(tf.logging, "info", lambda text, *args: said.append(text % args if args else text))
    step, v, loss, train = counting
    run([tf.train.LoggingTensorHook(["loss:0"], at_end=True), tf.train.LoggingTensorHook([v], every_n_iter=4, formatter=lambda d: str(
        sorted(d.items())))], train, 3)
    assert said == ["[('v:0', np.float32(1.0))]", "loss:0 = 80.0"] or said == ["[('v', np.float32(1.0))]", "loss:0 = 80.0"]


def test_nan(counting):
    step, v, loss, train = counting
    p = tf.placeholder(tf.float32)
    with pytest.raises(tf.train.NanLossDuringTrainingError), tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(p)]) as sess:
        sess.run(train, {p: 1.0})
        sess.run(train, {p: np.nan})


def test_nan_stops(counting):
    step, v, loss, train = counting
    p = tf.placeholder(tf.float32)
    with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(p, fail_on_nan_loss=False)]) as sess:
        sess.run(train, {p: np.nan})
        assert sess.should_stop()


def test_last_values_and_feeds(counting):
    step, v, loss, train = counting
    p = tf.placeholder(tf.float32)
    final = tf.train.FinalOpsHook([v, p], {p: 5.0})
    fed = iter([1.0, 2.0])
    with tf.train.MonitoredSession(hooks=[tf.train.FeedFnHook(lambda: {p: next(fed)}), final, tf.train.GlobalStepWaiterHook(0)]) as sess:
        assert [sess.run([p, train])[0], sess.run(p)] == [1, 2] and final.final_ops_values is None
    assert final.final_ops_values == [2, 5]


def test_checkpoints(counting, tmp_path):
    step, v, loss, train = counting
    told = []

    class Listener(tf.train.CheckpointSaverListener):
        def before_save(self, session, global_step_value):
            told.append(("before", global_step_value))

        def after_save(self, session, global_step_value):
            told.append(("after", global_step_value))
            return global_step_value >= 6

        def end(self, session, global_step_value):
            told.append(("end", global_step_value))
    scaffold = tf.train.Scaffold()
    hook = tf.train.CheckpointSaverHook(str(tmp_path), save_steps=3, scaffold=scaffold, listeners=[Listener()])
    run([hook], train, 20, session_creator=tf.train.ChiefSessionCreator(scaffold))
    assert told == [(w, s) for s in (0, 3, 6) for w in ("before", "after")] + [("end", 6)]
    assert os.path.basename(tf.train.latest_checkpoint(str(tmp_path))) == "model.ckpt-6"


def resumed(folder, last):
    """Training that goes on where a folder's newest checkpoint ends: the variable, and the steps of this time."""
    with tf.Graph().as_default():
        step = tf.train.get_or_create_global_step()
        v = tf.Variable(1.0, name="v")
        noise = tf.random_uniform([], seed=5)
        train = tf.group(tf.assign_add(step, 1), tf.assign(v, v * 2 + noise))
        runs = 0
        with tf.train.MonitoredTrainingSession(checkpoint_dir=folder, hooks=[tf.train.StopAtStepHook(last_step=last)], save_checkpoint_secs=None,
                                               save_checkpoint_steps=5, save_summaries_steps=None, log_step_count_steps=None) as sess:
            while not sess.should_stop():
                sess.run(train)
                runs += 1
        with tf.Session() as check:
            tf.train.Saver().restore(check, tf.train.latest_checkpoint(folder))
            return check.run(v), runs


def test_training_goes_on_with_the_same_bits(tmp_path):
    whole, _ = resumed(str(tmp_path / "whole"), 12)
    assert resumed(str(tmp_path / "two"), 7)[1] == 7
    again, runs = resumed(str(tmp_path / "two"), 12)
    assert runs == 5 and again == whole


def scalars(folder, tag):
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return [(e.step, round(e.value, 4)) for e in found.Scalars(tag)] if tag in found.Tags()["scalars"] else []


def test_summaries_and_steps_a_second(counting, tmp_path):
    step, v, loss, train = counting
    with tf.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path), save_summaries_steps=2, log_step_count_steps=4) as sess:
        for _ in range(6):
            sess.run(train)
    assert scalars(tmp_path, "cost") == [(1, 10.0), (3, 40.0), (5, 160.0)]
    rates = scalars(tmp_path, "global_step/sec")
    assert len(rates) == 1 and rates[0][1] > 0
    assert os.path.basename(tf.train.latest_checkpoint(str(tmp_path))) == "model.ckpt-6"


def test_an_own_summary(counting, tmp_path):
    step, v, loss, train = counting
    writer = tf.summary.FileWriter(str(tmp_path))
    run([tf.train.SummarySaverHook(save_steps=3, summary_writer=writer, summary_op=tf.summary.scalar("twice", v * 2)),
         tf.train.StepCounterHook(every_n_steps=2, summary_writer=writer)], train, 4)
    writer.close()
    assert scalars(tmp_path, "twice") == [(1, 2.0), (4, 16.0)] and len(scalars(tmp_path, "global_step/sec")) == 1


def test_timelines(counting, tmp_path):
    """The first interval begins with the first run, and a run counts to the step that it makes, as in TensorFlow 2.15."""
    step, v, loss, train = counting
    matrix = tf.Variable(np.eye(64, dtype=np.float32))
    first = tf.matmul(matrix, matrix, name="first")
    product = tf.matmul(first, first, name="second")
    names, told = [f"timeline-{n}.json" for n in (2, 4, 6)], []

    class Told(tf.train.SessionRunHook):
        def after_run(self, run_context, run_values):
            told.append(run_values.run_metadata is not None and bool(run_values.run_metadata.events))

    run([tf.train.ProfilerHook(save_steps=2, output_dir=str(tmp_path)), Told()], [train, product], 6)
    assert sorted(p.name for p in tmp_path.glob("timeline-*")) == names and told == [False, True] * 3
    events = json.loads((tmp_path / names[0]).read_text())["traceEvents"]
    assert {"first", "second"} <= {e["args"]["name"] for e in events if e["ph"] == "X"}
    arrows = [e for e in events if e.get("cat") == "DataFlow" and e["name"] == "first"]
    assert [e["ph"] for e in arrows] == ["s", "t"] and arrows[0]["id"] == arrows[1]["id"] and arrows[0]["ts"] <= arrows[1]["ts"]
    assert EventAccumulator(str(tmp_path)).Reload().Tags()["run_metadata"] == ["step_2", "step_4", "step_6"]


def test_a_caller_s_trace_is_kept(counting):
    """A hook without options takes none from the caller."""
    step, v, loss, train = counting
    metadata = tf.RunMetadata()
    with tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(3)]) as sess:
        sess.run(train, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata)
    assert metadata.events


REFUSED = [
    (lambda: tf.train.ProfilerHook(), "every_secs or every_steps"),
    (lambda: tf.train.StopAtStepHook(), "num_steps or last_step"),
    (lambda: tf.train.StopAtStepHook(1, 2), "num_steps or last_step"),
    (lambda: tf.train.LoggingTensorHook([]), "every_n_iter or every_n_secs"),
    (lambda: tf.train.LoggingTensorHook([], every_n_iter=0), "is above 0, not 0"),
    (lambda: tf.train.SecondOrStepTimer(), "every_secs or every_steps"),
    (lambda: tf.train.CheckpointSaverHook("x", 1, 2), "every_secs or every_steps"),
    (lambda: tf.train.SummarySaverHook(1, output_dir="x"), "a scaffold or a summary_op"),
    (lambda: tf.train.SummarySaverHook(1, summary_op=tf.constant(1)), "needs output_dir"),
    (lambda: tf.train.MonitoredTrainingSession(save_checkpoint_secs=1, save_checkpoint_steps=1), "one of them"),
    (lambda: tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(1)]), "needs a global step"),
    (lambda: tf.train.basic_train_loop(3, print), "takes a Supervisor"),
]


@pytest.mark.parametrize("make, text", REFUSED)
def test_refused(make, text):
    with pytest.raises(tf.errors.GraphError, match=text) as caught:
        make()
    assert "test_monitored.py:" in str(caught.value)


def test_what_a_scaffold_is_given(counting):
    step, v, loss, train = counting
    p = tf.placeholder(tf.float32, [])
    called = []
    first = tf.train.Scaffold(init_op=v.assign(p), init_feed_dict={p: 7.0}, init_fn=lambda scaffold, sess: called.append(sess.run(v)))
    scaffold = tf.train.Scaffold(copy_from_scaffold=first, local_init_op=tf.no_op())
    with tf.train.MonitoredSession(tf.train.ChiefSessionCreator(scaffold)) as sess:
        assert sess.run(v) == 7 and called == [7]
    assert scaffold.saver is not None and scaffold.summary_op is not None and tf.get_collection("savers") == [scaffold.saver]


# ---------------------------------------------------------------------- supervisors

def test_supervisor(counting, tmp_path):
    step, v, loss, train = counting
    supervisor = tf.train.Supervisor(logdir=str(tmp_path), save_model_secs=0.05, save_summaries_secs=0.05)
    with supervisor.managed_session() as sess:
        for _ in range(5):
            if supervisor.should_stop():
                break
            sess.run(train)
        assert until(lambda: supervisor.summary_writer.flush() or glob.glob(str(tmp_path / "model.ckpt-*")) and scalars(tmp_path, "cost"))
        supervisor.saver.save(sess, supervisor.save_path, global_step=supervisor.global_step)
        assert v.eval() == 32
        supervisor.request_stop()
    assert scalars(tmp_path, "cost")[-1][1] in (10 * 2.0 ** i for i in range(6))
    with tf.Graph().as_default():
        step = tf.train.get_or_create_global_step()
        v = tf.Variable(1.0, name="v")
        with tf.train.Supervisor(logdir=str(tmp_path), summary_op=None).managed_session() as sess:
            assert sess.run([v, step]) == [32, 5]


def test_a_supervisors_checkpoints_are_called_by_the_step_that_they_hold(counting, tmp_path, monkeypatch):
    """Training goes on beside it: a step that ends as the state is read comes behind what is saved, or is counted."""
    step, v, loss, train = counting
    supervisor = tf.train.Supervisor(logdir=str(tmp_path), summary_op=None)
    with supervisor.managed_session(start_standard_services=False) as sess:
        sess.run(train)
        snapshot, threads = Values.snapshot, []

        def beside(self, variables):
            threads.append(threading.Thread(target=sess.run, args=(train,)))
            threads[-1].start()
            threads[-1].join(0.3)
            return snapshot(self, variables)
        monkeypatch.setattr(Values, "snapshot", beside)
        supervisor._save(sess)
        monkeypatch.undo()
        threads[0].join()
        path = tf.train.latest_checkpoint(str(tmp_path))
        assert tf.train.load_variable(path, "global_step") == int(path.rpartition("-")[2]) and sess.run(step) == 2


def test_supervised_loop_and_errors():
    step = tf.train.get_or_create_global_step()
    train = tf.assign_add(step, 1)
    supervisor = tf.train.Supervisor()
    turns = []

    def one(sess, most):
        turns.append(sess.run(train))
        if len(turns) == most:
            supervisor.request_stop()
    tf.train.basic_train_loop(supervisor, one, (4,))
    assert turns == [1, 2, 3, 4]
    with tf.Graph().as_default():
        tf.Variable(1.0)
        with pytest.raises(KeyError), tf.train.Supervisor().managed_session():
            raise KeyError("mine")


def test_sessions_made_by_hand(tmp_path):
    v = tf.Variable(1.0, name="v")
    saver, manager = tf.train.Saver(), tf.train.SessionManager()
    with manager.prepare_session("", init_op=tf.global_variables_initializer(), saver=saver, checkpoint_dir=str(tmp_path)) as sess:
        sess.run(v.assign(9.0))
        saver.save(sess, str(tmp_path / "model.ckpt"))
    again, restored = manager.recover_session("", saver, str(tmp_path))
    assert restored and again.run(v) == 9
    again.close()
    fresh, restored = manager.recover_session("", saver, str(tmp_path / "none"))
    assert not restored and fresh.run(v) == 1 and manager.wait_for_session("").run(v) == 1
