"""What is done beside an estimator's training: ends that come early, evaluations in memory, more metrics and predictions, parts of models."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc.contrib import estimator as adding
from tests.test_estimator import ESTIMATOR, X, Y, given, line

EXPERIMENTAL = ESTIMATOR.experimental


@pytest.fixture
def estimator(tmp_path):
    return ESTIMATOR.Estimator(line, str(tmp_path / "model"), ESTIMATOR.RunConfig(tf_random_seed=1), {"rate": 0.2})


def told(folder, rows, file="a"):
    """An event file with the losses of evaluations."""
    with tf.summary.FileWriter(folder, filename_suffix=file) as writer:
        for step, loss in rows:
            writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=loss)]), step)


HIGHER, LOWER = EXPERIMENTAL.stop_if_higher_hook, EXPERIMENTAL.stop_if_lower_hook
STUCK_ABOVE, STUCK_BELOW = EXPERIMENTAL.stop_if_no_decrease_hook, EXPERIMENTAL.stop_if_no_increase_hook

# What was measured, hook, its bound, the first step that counts -> whether it ends training. Worked out by hand from what the hooks promise.
ENDS = [
    ([(1, 0.5)], HIGHER, 0.5, 0, False),
    ([(1, 0.5), (2, 0.75), (3, 0.25)], HIGHER, 0.5, 0, True),
    ([(1, 0.75), (2, 0.5)], HIGHER, 0.5, 2, False),
    ([(1, 0.75)], LOWER, 0.5, 0, False),
    ([(1, 0.25)], LOWER, 0.5, 0, True),
    ([(10, 1.0), (20, 0.5), (30, 0.5), (40, 0.75)], STUCK_ABOVE, 20, 0, True),
    ([(10, 1.0), (20, 0.5), (30, 0.5), (39, 0.75)], STUCK_ABOVE, 20, 0, False),
    ([(10, 1.0), (20, 0.5), (30, 0.5), (40, 0.25)], STUCK_ABOVE, 20, 0, False),
    ([(10, 0.1), (20, 1.0), (30, 0.75), (50, 0.5)], STUCK_ABOVE, 20, 20, False),
    ([(10, 1.0), (20, 0.5), (30, 0.75)], STUCK_BELOW, 20, 0, True),
    ([(10, 0.5), (20, 0.75), (30, 0.75)], STUCK_BELOW, 20, 0, False),
    ([], STUCK_BELOW, 20, 0, False),
]


@pytest.mark.parametrize("rows, make, bound, first, ends", ENDS)
def test_what_evaluations_say_ends_training(rows, make, bound, first, ends, estimator):
    told(estimator.eval_dir(), rows[::2])
    told(estimator.eval_dir(), rows[1::2], "b")
    hook = make(estimator, "loss", bound, min_steps=first, run_every_secs=None, run_every_steps=1)
    assert hook._asked() is ends


def test_training_ends_early(estimator):
    told(estimator.eval_dir("other"), [(3, 0.25)])
    hook = EXPERIMENTAL.stop_if_lower_hook(estimator, "loss", 0.5, eval_dir=estimator.eval_dir("other"), run_every_secs=None, run_every_steps=3)
    estimator.train(given(), [hook], steps=9)
    assert int(estimator.get_variable_value("global_step")) == 1
    asked = []
    hook = EXPERIMENTAL.make_early_stopping_hook(estimator, lambda: asked.append(0), run_every_secs=None, run_every_steps=3)
    estimator.train(given(), [hook], steps=7)
    assert len(asked) == 3                  # at steps 1, 4 and 7, and never true
    estimator.train(given(), [EXPERIMENTAL.make_stop_at_checkpoint_step_hook(estimator, 10)], steps=7)
    assert int(estimator.get_variable_value("global_step")) == 10


REFUSED = [
    (lambda e: EXPERIMENTAL.make_early_stopping_hook(e, 3), "3 is no function"),
    (lambda e: EXPERIMENTAL.make_early_stopping_hook("e", bool), "'e' is no tf.estimator.Estimator"),
    (lambda e: HIGHER(e, "loss", 1, run_every_steps=3), "takes run_every_secs or run_every_steps"),
    (lambda e: LOWER(e, "loss", 1, run_every_secs=None), "takes run_every_secs or run_every_steps"),
    (lambda e: EXPERIMENTAL.InMemoryEvaluatorHook(e, given(), every_n_iter=0), "every_n_iter is above 0, not 0"),
    (lambda e: ESTIMATOR.add_metrics("e", dict), "'e' is no tf.estimator.Estimator"),
    (lambda e: ESTIMATOR.add_metrics(e, lambda features, rate: {}), "config, not features, rate"),
    (lambda e: adding.forward_features(e, [3]), r"keys are texts, not \[3\]"),
    (lambda e: EXPERIMENTAL.dnn_logit_fn_builder(0, [3], [COLUMN]), "units is a whole number of 1 or more, not 0"),
    (lambda e: EXPERIMENTAL.linear_logit_fn_builder("2", [COLUMN]), "units is a whole number of 1 or more, not '2'"),
    (lambda e: EXPERIMENTAL.call_logit_fn(lambda features: 3, X, "infer", None, None), "a tensor, or a dict of tensors, not 3"),
]
COLUMN = tf.feature_column.numeric_column("x")


@pytest.mark.parametrize("call, said", REFUSED)
def test_what_is_refused(call, said, estimator):
    with pytest.raises(tf.errors.ArgumentError, match=said):
        call(estimator)


def test_a_metric_that_no_evaluation_has(estimator):
    told(estimator.eval_dir(), [(3, 0.25)])
    with pytest.raises(tf.errors.NotFoundError, match="the evaluation of step 3 in .* has loss, no 'auc'"):
        HIGHER(estimator, "auc", 0.5)._asked()


def test_an_evaluation_in_memory(estimator):
    hook = EXPERIMENTAL.InMemoryEvaluatorHook(estimator, given(20, 1, False), name="memory", every_n_iter=4)
    estimator.train(given(), [hook], steps=6)
    from graphc.estimator.stopping import _measured
    found = _measured(estimator.eval_dir("memory"))
    assert [*found] == [0, 4, 6]
    assert found[6]["loss"] == pytest.approx(estimator.evaluate(given(20, 1, False))["loss"], rel=1e-6) and found[6]["loss"] < found[0]["loss"]


def test_an_evaluation_in_memory_of_a_model_with_a_beginning_of_its_own(tmp_path):
    def model(features, labels, mode, params):
        return line(features, labels, mode, params)._replace(scaffold=tf.train.Scaffold(init_fn=lambda scaffold, session: None))
    estimator = ESTIMATOR.Estimator(model, str(tmp_path), params={"rate": 0.2})
    with pytest.raises(tf.errors.GraphError, match="a saver or an init_fn of its own"):
        estimator.train(given(), [EXPERIMENTAL.InMemoryEvaluatorHook(estimator, given(20, 1, False))], steps=1)


def test_more_metrics(estimator):
    def more(features, labels, predictions, config):
        assert config.tf_random_seed == 1 and predictions is None
        return {"top": tf.metrics.mean(tf.reduce_max(labels)), "off": tf.metrics.mean(features["x"])}
    found = ESTIMATOR.add_metrics(estimator.train(given(), steps=1), more).evaluate(given(40, 1, False))
    assert found["top"] == pytest.approx(Y.max()) and found["off"] == pytest.approx(X.mean(), abs=1e-6) and found["global_step"] == 1


def test_features_beside_predictions(estimator):
    estimator.train(given(), steps=1)

    def features():
        return {"x": tf.constant(X[:2]), "id": tf.constant([[5], [6]]), "s": tf.SparseTensor([[0, 1]], [7], [2, 2])}
    found = [*adding.forward_features(estimator, sparse_default_values={"s": -1}).predict(features)]
    assert sorted(found[0]) == ["id", "s", "twice", "x", "y"] and [row["s"].tolist() for row in found] == [[-1, 7], [-1, -1]]
    assert [int(row["id"][0]) for row in adding.forward_features(estimator, "id").predict(features)] == [5, 6]
    for keys, said in (("s", "the feature 's' is sparse"), ("no", "'no' is no feature; there are id, s, x")):
        with pytest.raises(tf.errors.ArgumentError, match=said):
            next(adding.forward_features(estimator, keys).predict(features))


def test_logits_of_columns():
    features = {"x": X[:3]}
    with tf.Graph().as_default(), tf.Session(jit=False) as sess:
        wide = EXPERIMENTAL.linear_logit_fn_builder(2, [COLUMN])
        deep = EXPERIMENTAL.dnn_logit_fn_builder(2, [4], [COLUMN])
        known = {k: tf.constant(v) for k, v in features.items()}
        made = [EXPERIMENTAL.call_logit_fn(f, known, "eval", None, None) for f in (wide, deep)]
        found = {v.op.name: v for v in tf.trainable_variables()}
        for v in found.values():
            v.load(np.linspace(-1, 1, int(np.prod(v.shape.as_list())), dtype=np.float32).reshape(v.shape.as_list()), sess)
        values, (w, d) = sess.run([found, made])
    assert np.allclose(w, X[:3] @ values["linear_model/x/weights"] + values["linear_model/bias_weights"])
    hidden = np.maximum(X[:3] @ values["hiddenlayer_0/kernel"] + values["hiddenlayer_0/bias"], 0)
    assert np.allclose(d, hidden @ values["logits/kernel"] + values["logits/bias"], atol=1e-6)


def test_heads_by_their_older_names():
    heads = tf.contrib.estimator
    made = [heads.binary_classification_head(thresholds=[0.5]), heads.multi_class_head(4), heads.regression_head(None, 2)]
    assert [(type(h).__name__, h.logits_dimension) for h in made] == [("BinaryClassHead", 1), ("MultiClassHead", 4), ("RegressionHead", 2)]


def test_clipped_gradients_share_a_norm():
    """Two variables whose gradients are [3, 0] and [4]: together 5 long, so that each is a fifth of itself; momentum's slots are the inner's."""
    with tf.Graph().as_default(), tf.Session(jit=False) as sess:
        v, w = tf.Variable([0.0, 0.0]), tf.Variable([0.0])
        step = tf.contrib.estimator.clip_gradients_by_norm(tf.train.MomentumOptimizer(1.0, 0.5), 1.0)
        move = step.minimize(3 * v[0] + 4 * w[0])
        sess.run(tf.global_variables_initializer())
        sess.run(move)
        assert np.allclose(sess.run(v), [-0.6, 0]) and np.allclose(sess.run(w), [-0.8])
        assert np.allclose(sess.run(step.get_slot(v, "momentum")), [0.6, 0]) and len(step.variables()) == 2
    with pytest.raises(tf.errors.ArgumentError, match="3 is no optimizer"):
        tf.contrib.estimator.clip_gradients_by_norm(3, 1.0)
