"""`tf.distribute` on one device: a strategy's function is called once, and what would need a second device is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf

D = tf.distribute
STRATEGIES = {
    "mirrored": D.MirroredStrategy, "of one device": lambda: D.OneDeviceStrategy("/cpu:0"),
    "of contrib": lambda: tf.contrib.distribute.MirroredStrategy(num_gpus=1),
    "of workers": D.experimental.MultiWorkerMirroredStrategy, "of servers": D.experimental.ParameterServerStrategy,
    "of central storage": D.experimental.CentralStorageStrategy, "plain": D.Strategy,
}


@pytest.mark.parametrize("make", STRATEGIES.values(), ids=STRATEGIES)
def test_a_step_of_a_strategy(make: Any) -> None:
    strategy = make()
    seen: list[Any] = []
    assert not D.has_strategy() and D.get_replica_context() is not None

    def step(x: Any) -> Any:
        context = D.get_replica_context()
        seen.append((context.num_replicas_in_sync, context.strategy is strategy, D.in_cross_replica_context()))
        loss = tf.reduce_sum(tf.square(v * x))
        moved = context.merge_call(lambda s, g: s.extended.update(v, lambda var, d: var.assign_sub(0.1 * d), (g,)),
                                   args=(context.all_reduce(D.ReduceOp.SUM, tf.gradients(loss, v)[0]),))
        with tf.control_dependencies([moved]):
            return tf.identity(loss)
    with strategy.scope():
        assert D.has_strategy() and D.get_strategy() is strategy and D.get_replica_context() is None
        v = tf.Variable(1.0)
        iterator = strategy.make_dataset_iterator(strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensors([1.0, 2.0])))
        loss = strategy.reduce(D.ReduceOp.SUM, strategy.experimental_run(step, iterator))
    assert seen == [(1, True, False)] and not D.has_strategy()
    with tf.Session(jit=False) as session:
        session.run(iterator.initialize())
        assert session.run(strategy.unwrap(loss)) == (5.0,)
        assert session.run(v) == pytest.approx(0.0)


@pytest.mark.parametrize("op, axis, wanted", [("SUM", None, [1.0, 3.0]), ("MEAN", None, [1.0, 3.0]), ("SUM", 0, 4.0), (D.ReduceOp.MEAN, 0, 2.0)])
def test_values_of_replicas_become_one(op: Any, axis: Any, wanted: Any) -> None:
    with tf.Session(jit=False) as session:
        np.testing.assert_array_equal(session.run(D.get_strategy().reduce(op, tf.constant([1.0, 3.0]), axis=axis)), wanted)


def test_an_estimator_of_a_strategy(tmp_path: Any) -> None:
    asked: list[Any] = []

    def given(input_context: Any) -> Any:
        asked.append((input_context.num_input_pipelines, input_context.get_per_replica_batch_size(4)))
        return tf.data.Dataset.from_tensor_slices((np.ones(8, np.float32), np.ones(8, np.float32))).batch(4)

    def model(features: Any, labels: Any, mode: str) -> Any:
        w = tf.get_variable("w", [], initializer=tf.zeros_initializer())
        loss = tf.reduce_mean(tf.square(w * features - labels))
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=tf.train.GradientDescentOptimizer(0.5).minimize(loss, tf.train.get_global_step()))
    config = tf.estimator.RunConfig(str(tmp_path), train_distribute=D.MirroredStrategy())
    estimator = tf.estimator.Estimator(model, config=config).train(given)
    assert asked == [(1, 4)] and estimator.get_variable_value("w") == 1.0


def test_a_strategy_for_all() -> None:
    strategy = D.OneDeviceStrategy()
    D.experimental_set_strategy(strategy)
    try:
        assert D.get_strategy() is strategy and D.has_strategy()
    finally:
        D.experimental_set_strategy(None)
    assert not D.has_strategy()


def test_clusters_that_variables_of_the_system_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 1}}')
    found = D.cluster_resolver.TFConfigClusterResolver()
    assert found.cluster_spec().as_dict() == {"worker": ["a:1", "b:2"]} and (found.task_type, found.task_id) == ("worker", 1)
    assert found.master("worker", 0) == "a:1"
    other = D.cluster_resolver.SimpleClusterResolver(tf.train.ClusterSpec({"ps": ["c:3"]}))
    assert D.cluster_resolver.UnionResolver(found, other).cluster_spec().as_dict() == {"worker": ["a:1", "b:2"], "ps": ["c:3"]}


def _nested() -> None:
    with D.MirroredStrategy().scope(), D.OneDeviceStrategy().scope():
        pass


def _set_within() -> None:
    with D.MirroredStrategy().scope(), D.get_strategy().scope():
        D.experimental_set_strategy(None)


MISTAKES = {
    "a word that is none": (lambda: D.MirroredStrategy(devces=None), tf.errors.ArgumentError, "devces"),
    "two devices": (lambda: D.MirroredStrategy(["/gpu:0", "/gpu:1"]), tf.errors.UnimplementedError, "2 devices are asked for"),
    "two devices of contrib": (lambda: tf.contrib.distribute.MirroredStrategy(num_gpus=2), tf.errors.UnimplementedError, "2 devices are asked for"),
    "such a processor": (lambda: D.experimental.TPUStrategy(None), tf.errors.UnimplementedError, "processor alone"),
    "another reduction": (lambda: D.get_strategy().reduce("MAX", tf.constant(1.0)), tf.errors.ArgumentError, "SUM or MEAN, not 'MAX'"),
    "a batch that does not go in": (lambda: D.InputContext(2, 0, 2).get_per_replica_batch_size(3), tf.errors.ArgumentError, "does not go into 2"),
    "one scope in another": (_nested, tf.errors.GraphError, "one strategy holds"),
    "set within a scope": (_set_within, tf.errors.GraphError, "outside of all scopes"),
}


@pytest.mark.parametrize("build, error, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(build: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        build()


def test_damaged_descriptions_of_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("{", "[]", '{"cluster": 3}'):
        monkeypatch.setenv("TF_CONFIG", text)
        with pytest.raises(tf.errors.GraphcError, match="TF_CONFIG|ClusterSpec"):
            D.cluster_resolver.TFConfigClusterResolver()
