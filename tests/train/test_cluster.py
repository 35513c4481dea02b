"""Clusters, servers, devices and replicas by name: what programs for several machines say, in one process."""

from __future__ import annotations

import re

import pytest

import graphc as tf

CLUSTER = {"ps": ["a:1"], "worker": ["b:1", "c:2"]}

# A name, TensorFlow 2.15's DeviceSpec of it as text and parts; None: it is none.
DEVICES = [
    ("/job:ps/task:3/cpu:0", "/job:ps/task:3/device:CPU:0", ("ps", None, 3, "CPU", 0)),
    ("/gpu:1", "/device:GPU:1", (None, None, None, "GPU", 1)),
    ("/device:GPU:*", "/device:GPU:*", (None, None, None, "GPU", None)),
    ("/job:w/replica:2/device:CPU:0", "/job:w/replica:2/device:CPU:0", ("w", 2, None, "CPU", 0)),
    ("cpu:0", "/device:CPU:0", (None, None, None, "CPU", 0)),
    ("", "", (None, None, None, None, None)),
    ("/xyz", None, "'xyz' is no part"), ("/task:a", None, "task is a whole number"), ("/gpu:0/cpu:1", None, "more than one device"),
    ("/task:-1", None, "from 0 on"), (5, None, "named by a text"),
]


@pytest.mark.parametrize("text, wanted, parts", DEVICES, ids=[str(t) for t, _, _ in DEVICES])
def test_device_names(text, wanted, parts):
    if wanted is None:
        for name in (tf.DeviceSpec.from_string, lambda t: tf.device(t).__enter__(), lambda t: tf.get_default_graph().device(t).__enter__()):
            with pytest.raises(tf.errors.GraphError, match=parts):
                name(text)
        return
    spec = tf.DeviceSpec.from_string(text)
    assert spec.to_string() == wanted and (spec.job, spec.replica, spec.task, spec.device_type, spec.device_index) == parts
    with tf.device(text), tf.device(spec), tf.get_default_graph().device(text):
        assert tf.constant(1).device == ""
    assert tf.DeviceSpec.from_string(wanted) == spec


def test_parts_are_merged():
    spec = tf.DeviceSpec(job="ps", task=1)
    spec.merge_from(tf.DeviceSpec(task=2, device_type="gpu", device_index=0))
    assert spec.to_string() == "/job:ps/task:2/device:GPU:0"


def test_clusters():
    cluster = tf.train.ClusterSpec(CLUSTER)
    assert (cluster.as_dict(), cluster.jobs, bool(cluster), bool(tf.train.ClusterSpec({}))) == (CLUSTER, ["ps", "worker"], True, False)
    assert (cluster.num_tasks("worker"), cluster.task_indices("worker"), cluster.job_tasks("worker")) == (2, [0, 1], ["b:1", "c:2"])
    sparse = tf.train.ClusterSpec({"worker": {3: "c", 1: "b:1"}})
    assert (sparse.as_dict(), sparse.job_tasks("worker")) == ({"worker": {1: "b:1", 3: "c"}}, [None, "b:1", None, "c"])
    assert tf.train.ClusterSpec(cluster) == cluster != sparse and repr(cluster) == f"ClusterSpec({CLUSTER!r})"


REFUSED = [
    (lambda: tf.train.ClusterSpec([1]), tf.errors.DTypeError, "a dict of the names of jobs"),
    (lambda: tf.train.ClusterSpec({1: ["a"]}), tf.errors.DTypeError, "a job has a name"),
    (lambda: tf.train.ClusterSpec({"a": "b"}), tf.errors.DTypeError, "a job has a name"),
    (lambda: tf.train.ClusterSpec({"a": [3]}), tf.errors.DTypeError, "no addresses"),
    (lambda: tf.train.ClusterSpec(CLUSTER).num_tasks("x"), tf.errors.GraphError, "the jobs ps, worker, not 'x'"),
    (lambda: tf.train.ClusterSpec(CLUSTER).task_address("worker", 7), tf.errors.GraphError, "the tasks 0, 1, not 7"),
    (lambda: tf.train.Server(CLUSTER, "worker", 0), tf.errors.UnimplementedError, "a cluster of 3 tasks"),
    (lambda: tf.train.Server({"worker": ["a:1"]}, "ps"), tf.errors.GraphError, "not 'ps'"),
    (lambda: tf.train.Server({"worker": ["a:1"]}, "worker", 1), tf.errors.GraphError, "the tasks 0, not 1"),
    (lambda: tf.Session("grpc://host:2222"), tf.errors.UnimplementedError, "a session at 'grpc://host:2222' is not offered"),
    (lambda: tf.Session(3), tf.errors.GraphError, "target is a text"),
    (lambda: tf.train.MonitoredTrainingSession("grpc://host:2222"), tf.errors.UnimplementedError, "grpc://host:2222"),
    (lambda: tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.1), 4), tf.errors.UnimplementedError, "gradients of 4 of 4 replicas"),
    (lambda: tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.1), 1).minimize(tf.Variable(1.0) * 2), tf.errors.GraphError,
     "needs a global_step"),
    (lambda: tf.train.replica_device_setter(2, ps_device="/nothing"), tf.errors.GraphError, "names no device"),
]


@pytest.mark.parametrize("make, kind, message", REFUSED, ids=[m for _, _, m in REFUSED])
def test_refusals(make, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        make()


def test_a_server_of_one_task_runs_here():
    server = tf.train.Server(tf.train.ClusterSpec({"worker": ["localhost:2222"]}), "worker", 0)
    other = tf.train.Server.create_local_server()
    assert server.target != other.target and server.server_def.as_dict() == {"worker": ["localhost:2222"]}
    with tf.device(tf.train.replica_device_setter(cluster=server.server_def)):
        step = tf.train.get_or_create_global_step()
        w = tf.Variable(3.0)
        train = tf.train.GradientDescentOptimizer(0.5).minimize(w * w, global_step=step)
    with tf.train.MonitoredTrainingSession(server.target, hooks=[tf.train.StopAtStepHook(2)]) as sess:
        while not sess.should_stop():
            sess.run(train)
    with tf.Session(other.target) as sess:
        assert sess.run(w) == 3.0


def test_variables_are_dealt_out_in_turn():
    """As TensorFlow 2.15 names them."""
    chosen = tf.train.replica_device_setter(2)
    v, w = tf.Variable(1.0), tf.Variable(2.0)
    assert [chosen(v), chosen(w.op), chosen(v + w), chosen(v)] == ["/job:ps/task:0", "/job:ps/task:1", "/job:worker", "/job:ps/task:0"]
    assert tf.train.replica_device_setter(0) is tf.train.replica_device_setter(cluster={"worker": ["a"]}) is None
    assert tf.train.replica_device_setter(3, ps_strategy=lambda op: 2)(v) == "/job:ps/task:2"


def test_one_replica_trains_as_its_optimizer_does():
    values = []
    for wrapped in (False, True):
        with tf.Graph().as_default():
            step, w = tf.train.get_or_create_global_step(), tf.Variable([1.0, 2.0])
            optimizer = tf.train.MomentumOptimizer(0.1, 0.9)
            if wrapped:
                average = tf.train.ExponentialMovingAverage(0.5)
                optimizer = tf.train.SyncReplicasOptimizer(optimizer, replicas_to_aggregate=1, total_num_replicas=1, variable_averages=average,
                                                           variables_to_average=[w])
            train = optimizer.minimize(tf.reduce_sum(w * w), global_step=step)
            hook = optimizer.make_session_run_hook(True) if wrapped else tf.train.SessionRunHook()
            with tf.train.SingularMonitoredSession(hooks=[hook]) as sess:
                for _ in range(3):
                    sess.run(train)
                values.append(str(sess.raw_session().run([w, step, optimizer.get_slot(w, "momentum")])))
    assert values[0] == values[1]


def test_averages_move_with_the_step():
    step, w = tf.train.get_or_create_global_step(), tf.Variable(1.0)
    average = tf.train.ExponentialMovingAverage(0.5)
    optimizer = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.25), 1, variable_averages=average, variables_to_average=[w])
    train = optimizer.minimize(w * w, global_step=step)
    with tf.Session() as sess:
        sess.run(train)
        assert sess.run([w, average.average(w)]) == [0.5, 0.75]
        sess.run([optimizer.get_init_tokens_op(), optimizer.chief_init_op, optimizer.local_step_init_op])
    assert optimizer.get_chief_queue_runner().name and optimizer.variables() == []
