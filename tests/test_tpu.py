"""`tf.contrib.tpu` on a plain processor: batches as large as each mode has them, metrics of tensors, and what there is not, told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf

TPU = tf.contrib.tpu
X = np.linspace(-1, 1, 64, dtype=np.float32)
sizes: list[tuple[str, Any]] = []


def model(features: Any, labels: Any, mode: str, params: dict[str, Any]) -> Any:
    """A line."""
    y = tf.squeeze(tf.layers.dense(features["x"][:, None], 1, name="line"), -1)
    if mode == tf.estimator.ModeKeys.PREDICT:
        return TPU.TPUEstimatorSpec(mode, predictions={"y": y, "rows": tf.fill(tf.shape(y), params["batch_size"])})
    loss = tf.reduce_mean((y - labels) ** 2)
    step = TPU.CrossShardOptimizer(tf.train.MomentumOptimizer(0.1, 0.9)).minimize(loss, tf.train.get_global_step())
    seen = tf.get_variable("seen", [], initializer=tf.zeros_initializer(), trainable=False)
    return TPU.TPUEstimatorSpec(mode, loss=loss, train_op=step, host_call=(lambda n: seen.assign_add(n), [tf.to_float(tf.size(y))]),
                                eval_metrics=(lambda at, right: {"off": tf.metrics.mean_absolute_error(right, at)}, {"at": y, "right": labels}))


def given(params: dict[str, Any]) -> Any:
    """A line's points, in batches of the size that is asked for."""
    sizes.append((params["of"], params["batch_size"]))
    return tf.data.Dataset.from_tensor_slices(({"x": X}, 3 * X + 1)).shuffle(64, seed=1).repeat(4).batch(params["batch_size"], drop_remainder=True)


def test_a_line(tmp_path: Any) -> None:
    config = TPU.RunConfig(model_dir=str(tmp_path), tpu_config=TPU.TPUConfig(iterations_per_loop=10), save_checkpoints_steps=50)
    estimator = TPU.TPUEstimator(model, config=config, params={"of": "points"}, use_tpu=False, train_batch_size=8, eval_batch_size=16,
                                 predict_batch_size=4)
    sizes.clear()
    estimator.train(given, max_steps=30)
    found = estimator.evaluate(given, steps=4)
    asked = list(estimator.predict(lambda params: tf.data.Dataset.from_tensor_slices({"x": X[:8]}).batch(params["batch_size"])))
    assert sizes == [("points", 8), ("points", 16)] and len(asked) == 8 and asked[0]["rows"] == 4
    assert found["off"] < 0.5 and found["global_step"] == 30
    assert estimator.get_variable_value("seen") == 30 * 8                   # the call to the host, with each step
    assert estimator.get_variable_value("line/kernel/Momentum").shape == (1, 1)


@pytest.mark.parametrize("dealt", [
    lambda f, x: tf.tpu.rewrite(f, [x]), lambda f, x: tf.tpu.replicate(f, [[x]])[0], lambda f, x: tf.tpu.shard(f, [x]),
    lambda f, x: tf.tpu.batch_parallel(f, [x], num_shards=1), lambda f, x: [tf.tpu.outside_compilation(f, x)],
    lambda f, x: [tf.tpu.cross_replica_sum(f(x))],
], ids=["rewrite", "replicate", "shard", "batch_parallel", "outside_compilation", "cross_replica_sum"])
def test_what_is_dealt_out_is_called_once(dealt: Any) -> None:
    called: list[Any] = []

    def tripled(x: Any) -> Any:
        called.append(x)
        with tf.tpu.bfloat16_scope(), tf.device(tf.tpu.core(0)):
            return 3 * x
    with tf.Session(jit=False) as session:
        session.run(tf.tpu.initialize_system())
        assert [v.tolist() for v in session.run(dealt(tripled, tf.constant([1.0, 2.0])))] == [[3.0, 6.0]]
        session.run(tf.tpu.shutdown_system())
    assert len(called) == 1


MISTAKES = {
    "two shards": (lambda: tf.tpu.shard(tf.negative, [1.0], num_shards=2), tf.errors.UnimplementedError, "2 shards are asked for"),
    "two replicas": (lambda: tf.tpu.replicate(tf.negative, [[1.0], [2.0]]), tf.errors.UnimplementedError, "2 shards are asked for"),
    "no tensors": (lambda: tf.tpu.rewrite(lambda: [object()]), tf.errors.DTypeError, "object"),
    "such a processor": (lambda: TPU.TPUEstimator(model), tf.errors.UnimplementedError, "use_tpu=False is the same there"),
    "where it is": (lambda: tf.contrib.cluster_resolver.TPUClusterResolver("here"), tf.errors.UnimplementedError, "processor alone"),
    "a size in params": (lambda: TPU.TPUEstimator(model, params={"batch_size": 3}, use_tpu=False), tf.errors.ArgumentError,
                         "params has a batch_size"),
    "no function": (lambda: TPU.TPUEstimatorSpec("eval", loss=tf.zeros([]), eval_metrics=[1]), tf.errors.ArgumentError, "eval_metrics is a function"),
    "no loss": (lambda: TPU.TPUEstimatorSpec("eval"), tf.errors.GraphError, "to eval it needs loss"),
}


@pytest.mark.parametrize("build, error, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(build: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        build()
    assert "test_tpu.py:" in str(caught.value)
