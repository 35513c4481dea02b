"""`contrib.slim` and its scopes, `contrib.framework`, losses and metrics in their older order, tables, vocabularies, hyperparameters."""

from __future__ import annotations

import re

import numpy as np
import pytest

import graphc as tf

slim, framework, lookup = tf.contrib.slim, tf.contrib.framework, tf.contrib.lookup


def names(variables):
    return [v.op.name for v in variables]


def run(*fetches):
    return tf.Session(jit=False).run(list(fetches))


# ---------------------------------------------------------------------- scopes of arguments

@framework.add_arg_scope
def seen(x, a=1, b=2):
    return (x, a, b)


@framework.add_arg_scope
def other(a=0):
    return a


def test_scopes_give_arguments_and_end():
    with framework.arg_scope([seen, other], a=10):
        assert seen(0) == (0, 10, 2) and seen(0, a=5) == (0, 5, 2) and other() == 10
        with framework.arg_scope([seen], b=20) as kept:
            assert seen(0) == (0, 10, 20) and other() == 10
            assert framework.current_arg_scope() == kept
        assert seen(0) == (0, 10, 2)
    assert seen(0) == (0, 1, 2)
    with framework.arg_scope(kept):
        assert seen(0) == (0, 10, 20)
    with pytest.raises(ZeroDivisionError), framework.arg_scope([seen], a=3):
        1 / 0  # noqa: B018
    assert seen(0) == (0, 1, 2)


def test_kept_scopes_do_not_change_each_other():
    with framework.arg_scope([seen], a=1) as one:
        pass
    with framework.arg_scope(one), framework.arg_scope([seen], a=2):
        pass
    with framework.arg_scope(one):
        assert seen(0) == (0, 1, 2)


@pytest.mark.parametrize("call, message", [
    (lambda: framework.arg_scope([abs], a=1).__enter__(), "'abs' takes no scopes"),
    (lambda: framework.arg_scope(seen, a=1).__enter__(), "takes a list"),
    (lambda: framework.arg_scope({}, a=1).__enter__(), "a scope is entered again as it is, without a"),
])
def test_scopes_refuse(call, message):
    with pytest.raises(tf.errors.ArgumentError, match=re.escape(message)):
        call()


def test_facts_of_scoped_functions():
    assert framework.has_arg_scope(slim.conv2d) and framework.has_arg_scope(tf.contrib.layers.conv2d) and not framework.has_arg_scope(abs)
    assert framework.arg_scoped_arguments(seen) == ("a", "b") and slim.conv2d is tf.contrib.layers.conv2d is slim.convolution2d
    assert slim.arg_scope is framework.arg_scope


# ---------------------------------------------------------------------- slim

def test_a_network_of_slim():
    """As its own page writes one: scopes, repeat, stack, penalties, updates of batch norm."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    with slim.arg_scope([slim.conv2d, slim.fully_connected], activation_fn=tf.nn.relu, weights_initializer=tf.ones_initializer(),
                        weights_regularizer=slim.l2_regularizer(0.5), normalizer_fn=slim.batch_norm, normalizer_params={"is_training": True}):
        net = slim.repeat(x, 2, slim.conv2d, 4, [3, 3], scope="conv1")
        net = slim.max_pool2d(net, [2, 2], scope="pool1")
        net = slim.flatten(net)
        net = slim.stack(net, slim.fully_connected, [5, 6], scope="fc")
        net = slim.dropout(net, 0.5, is_training=False)
        net = slim.fully_connected(net, 2, activation_fn=None, normalizer_fn=None, scope="logits")
    assert net.shape.as_list() == [None, 2]
    weights = [n for n in names(slim.get_model_variables()) if "BatchNorm" not in n]
    assert weights == ["conv1/conv1_1/weights", "conv1/conv1_2/weights", "fc/fc_1/weights", "fc/fc_2/weights", "logits/weights", "logits/biases"]
    assert len(slim.losses.get_regularization_losses()) == 5 and len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)) == 8
    assert names(slim.get_variables("fc", "beta")) == ["fc/fc_1/BatchNorm/beta", "fc/fc_2/BatchNorm/beta"]
    assert run(slim.get_variables_by_name("weights", "logits")[0])[0].tolist() == np.ones((6, 2)).tolist()


def regression(steps=None):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 3)).astype(np.float32)
    y = x @ np.array([[1.0], [-2.0], [0.5]], np.float32)
    tf.set_random_seed(0)
    predictions = slim.fully_connected(tf.constant(x), 1, activation_fn=None, scope="fit")
    slim.losses.mean_squared_error(predictions, tf.constant(y))
    return slim.learning.create_train_op(slim.losses.get_total_loss(), tf.train.GradientDescentOptimizer(0.3))


def test_training_of_slim(tmp_path):
    step = regression()
    assert slim.learning.train(step, None, number_of_steps=60) < 1e-4
    first = slim.learning.train(step, str(tmp_path), number_of_steps=3, log_every_n_steps=0)
    again = slim.learning.train(step, str(tmp_path), number_of_steps=30)
    assert again < first and tf.train.latest_checkpoint(str(tmp_path)).endswith("model.ckpt-30")
    assert slim.learning.train(step, str(tmp_path), number_of_steps=30) is None          # nothing is left to do
    final = slim.evaluation.evaluate_once("", tf.train.latest_checkpoint(str(tmp_path)), final_op=tf.train.get_global_step())
    assert final == 30


def test_training_stops_and_begins_as_told():
    step = regression()
    seen_steps = []

    def own_step(session, train_op, count, options):
        loss, _ = slim.learning.train_step(session, train_op, count, options)
        seen_steps.append(session.run(count))
        return loss, len(seen_steps) == 4
    slim.learning.train(step, None, own_step, init_fn=lambda s: s.run(slim.get_variables("fit", "biases")[0].assign([5.0])))
    assert seen_steps == [1, 2, 3, 4]


def test_training_needs_a_count():
    v = tf.Variable(1.0)
    with pytest.raises(tf.errors.GraphError, match="has no global step"):
        slim.learning.train(slim.learning.create_train_op(tf.square(v), tf.train.GradientDescentOptimizer(0.1), global_step=None), None)


@pytest.mark.parametrize("options, wanted", [({}, 1.0), ({"clip_gradient_norm": 1.0}, 1.75), ({"gradient_multipliers": {"v": 0.5}}, 1.5),
                                             ({"update_ops": []}, 1.0)])
def test_steps_of_slim(options, wanted):
    v = tf.Variable(2.0, name="v")
    step = slim.learning.create_train_op(tf.square(v), tf.train.GradientDescentOptimizer(0.25), **options)
    with tf.Session(jit=False) as sess:
        assert sess.run(step) == 4.0 and sess.run(v) == wanted and sess.run(tf.train.get_global_step()) == 1


def test_a_loss_that_is_nan_is_refused_before_it_trains():
    v = tf.Variable(-1.0)
    step = slim.learning.create_train_op(tf.log(v), tf.train.GradientDescentOptimizer(0.25))
    with pytest.raises(tf.errors.InvalidArgumentError, match="LossTensor is inf or nan"):
        tf.Session(jit=False).run(step)


def test_updates_run_with_the_step():
    v, moved = tf.Variable(2.0), tf.Variable(0.0, trainable=False)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, moved.assign_add(1.0))
    step = slim.learning.create_train_op(tf.square(v), tf.train.GradientDescentOptimizer(0.25))
    with tf.Session(jit=False) as sess:
        sess.run(step)
        assert sess.run(moved) == 1.0


@pytest.mark.parametrize("build, shape, variables", [
    (lambda: slim.separable_conv2d(tf.zeros([1, 4, 4, 2]), 3, 3), [1, 4, 4, 3],
     ["SeparableConv2d/depthwise_weights", "SeparableConv2d/pointwise_weights", "SeparableConv2d/biases"]),
    (lambda: tf.contrib.layers.bias_add(tf.zeros([1, 4])), [1, 4], ["BiasAdd/biases"]),
    (lambda: slim.repeat(tf.zeros([1, 4]), 2, slim.fully_connected, 3), [1, 3],
     ["Repeat/fully_connected_1/weights", "Repeat/fully_connected_1/biases", "Repeat/fully_connected_2/weights", "Repeat/fully_connected_2/biases"]),
    (lambda: slim.stack(tf.zeros([1, 4, 4, 1]), slim.conv2d, [(2, [3, 3]), (3, [1, 1])]), [1, 4, 4, 3],
     ["Stack/conv2d_1/weights", "Stack/conv2d_1/biases", "Stack/conv2d_2/weights", "Stack/conv2d_2/biases"]),
    (lambda: slim.softmax(tf.zeros([1, 4])), [1, 4], []), (lambda: slim.one_hot_encoding([1, 2], 4), [2, 4], []),
])
def test_compositions(build, shape, variables):
    assert build().shape == shape and names(tf.global_variables()) == variables


# ---------------------------------------------------------------------- framework

def test_variables_are_found():
    with tf.variable_scope("a"):
        w = framework.model_variable("w", [2], initializer=tf.zeros_initializer())
        framework.variable("b", [2], trainable=False)
    with tf.variable_scope("c") as scope:
        framework.variable("w", [2])
    local = framework.local_variable(0, name="local")
    assert names(framework.get_variables()) == ["a/w", "a/b", "c/w"] and names(framework.get_variables(scope)) == ["c/w"]
    assert names(framework.get_variables_by_suffix("w")) == ["a/w", "c/w"] and framework.get_unique_variable("a/w") is w
    assert framework.get_model_variables() == [w] and framework.get_local_variables() == [local]
    assert names(framework.get_trainable_variables()) == ["a/w", "c/w"]
    assert names(framework.get_variables_to_restore(exclude=["a/w"])) == ["a/b", "c/w"]
    assert names(framework.get_variables_to_restore(include=["a"])) == ["a/w", "a/b"]
    assert names(framework.filter_variables(tf.global_variables(), ["a/"], ["b"])) == ["a/w"]
    with tf.name_scope("x"), tf.name_scope("y"):
        assert framework.get_name_scope() == "x/y"
    with pytest.raises(tf.errors.GraphError, match="there are 0 variables 'nothing'"):
        framework.get_unique_variable("nothing")


def test_values_are_put_into_variables(tmp_path):
    w, b = tf.get_variable("w", [2, 2]), tf.get_variable("b", [2], initializer=tf.zeros_initializer())
    with tf.Session(jit=False) as sess:
        sess.run(*framework.assign_from_values({"w": [1, 2, 3, 4]}))
        framework.assign_from_values_fn({"b": [5.0, 6.0]})(sess)
        assert sess.run([w, b])[0].tolist() == [[1, 2], [3, 4]] and sess.run(b).tolist() == [5, 6]
        path = tf.train.Saver().save(sess, str(tmp_path / "model"))
    assert framework.list_variables(path) == [("b", [2]), ("w", [2, 2])]
    with tf.Session(jit=False) as sess:
        sess.run(*framework.assign_from_checkpoint(path, {"w": w, "nothing": b}, ignore_missing_vars=True))
        assert sess.run(w).tolist() == [[1, 2], [3, 4]] and sess.run(b).tolist() == [0, 0]
        framework.assign_from_checkpoint_fn(path, [b])(sess)
        assert sess.run(b).tolist() == [5, 6]
    with pytest.raises(tf.errors.GraphError, match="has no 'nothing'"):
        framework.assign_from_checkpoint(path, {"nothing": b})


# ---------------------------------------------------------------------- losses and metrics

Y, P = [[1.0, 0.0], [0.0, 1.0]], [[0.8, 0.3], [0.4, 0.9]]
LOSSES = [("absolute_difference", {}), ("mean_squared_error", {}), ("mean_pairwise_squared_error", {}), ("log_loss", {}),
          ("softmax_cross_entropy", {"label_smoothing": 0.1}), ("sigmoid_cross_entropy", {}), ("cosine_distance", {"axis": 1})]


@pytest.mark.parametrize("name, options", LOSSES)
def test_losses_have_their_arguments_the_other_way_round(name, options):
    older, newer = getattr(tf.contrib.losses, name), getattr(tf.losses, name)
    one, two = run(older(tf.constant(P), tf.constant(Y), weights=2.0, **options), newer(tf.constant(Y), tf.constant(P), weights=2.0, **options))
    assert one == two and len(tf.losses.get_losses()) == 2


def test_hinge_loss_is_of_each_element():
    np.testing.assert_allclose(run(slim.losses.hinge_loss(tf.constant(P), tf.constant(Y)))[0], np.maximum(0, 1 - (2 * np.array(Y) - 1) * np.array(P)),
                               rtol=1e-6)
    assert tf.losses.get_losses() == []


METRICS = [("streaming_accuracy", "accuracy"), ("streaming_precision", "precision"), ("streaming_recall", "recall"), ("streaming_auc", "auc"),
           ("streaming_mean_squared_error", "mean_squared_error"), ("streaming_true_positives", "true_positives")]


@pytest.mark.parametrize("older, newer", METRICS)
def test_metrics_have_their_arguments_the_other_way_round(older, newer):
    labels, predictions = tf.constant([True, False, True, True]), tf.constant([True, True, False, True])
    if newer in ("auc", "mean_squared_error"):
        labels, predictions = tf.cast(labels, tf.float32), tf.constant([0.9, 0.2, 0.6, 0.4])
    one = getattr(tf.contrib.metrics, older)(predictions, labels)
    two = getattr(tf.metrics, newer)(labels, predictions)
    assert len(set(run(one[1], two[1]))) == 1


def test_metric_maps():
    values, updates = tf.contrib.metrics.aggregate_metric_map({"a": tf.metrics.mean([1.0, 3.0]), "b": tf.contrib.metrics.streaming_mean([5.0])})
    with tf.Session(jit=False) as sess:
        sess.run(list(updates.values()))
        assert sess.run(values) == {"a": 2.0, "b": 5.0}
    assert run(tf.contrib.metrics.accuracy(tf.constant([1, 2]), tf.constant([1, 0]), weights=[3.0, 1.0])) == [0.75]


# ---------------------------------------------------------------------- tables

@pytest.mark.parametrize("jit", [True, False])
def test_tables_to_numbers_and_back(tmp_path, jit):
    (tmp_path / "words").write_text("the\na\nof\n")
    (tmp_path / "pairs").write_text("x\t7\ny\t8\n")
    file = str(tmp_path / "words")
    x = tf.placeholder(tf.string, [None])
    into = [lookup.index_table_from_tensor(["the", "a", "of"]), lookup.index_table_from_file(file, vocab_size=2, default_value=-5),
            lookup.index_table_from_tensor(tf.constant(["the", "a", "of"]), num_oov_buckets=2)]
    pairs = lookup.HashTable(lookup.TextFileInitializer(str(tmp_path / "pairs"), tf.string, 0, tf.int64, 1), -1)
    back = lookup.index_to_string_table_from_file(file, default_value="?")
    with tf.Session(jit=jit) as sess:
        sess.run(tf.tables_initializer())
        first, second, third = sess.run([t.lookup(x) for t in into], {x: ["of", "a", "none"]})
        assert first.tolist() == [2, 1, -1] and second.tolist() == [-5, 1, -5] and third[:2].tolist() == [2, 1] and third[2] in (3, 4)
        assert sess.run(pairs.lookup(x), {x: ["y", "z"]}).tolist() == [8, -1] and sess.run(into[2].size()) == 5
        assert sess.run(back.lookup(tf.constant([0, 2, 9], tf.int64))).tolist() == [b"the", b"of", b"?"]
        assert sess.run(lookup.string_to_index(x, ["p", "q"]), {x: ["q"]}).tolist() == [1]
        assert sess.run(lookup.index_to_string(tf.constant([1], tf.int64), ["p", "q"])).tolist() == [b"q"]
        assert sess.run(lookup.HashTable(lookup.KeyValueTensorInitializer([1, 2], [0.5, 1.5], tf.int64, tf.float32), 0.0)
                        .lookup(tf.constant([2, 3], tf.int64))).tolist() == [1.5, 0.0]


@pytest.mark.parametrize("call, error", [
    (lambda: lookup.index_table_from_file("none"), tf.errors.NotFoundError),
    (lambda: lookup.index_table_from_tensor(["a", "a"]), tf.errors.GraphError),
    (lambda: lookup.index_table_from_tensor(["a"]).lookup(tf.constant([1])), tf.errors.DTypeError),
    (lambda: lookup.index_table_from_tensor(tf.placeholder(tf.string, [2])), tf.errors.GraphError),
])
def test_tables_refuse(call, error):
    with pytest.raises(error):
        call()


@pytest.mark.parametrize("text, call, said", [
    ("a\nb\na", lambda file: lookup.index_table_from_file(file), "string_to_index: the key b'a' stands twice in '{}'"),
    ("a\nb\na", lambda file: lookup.HashTable(lookup.TextFileIdTableInitializer(file), -1), "the key b'a' stands twice in '{}'"),
    ("1\n1", lambda file: lookup.index_table_from_file(file, key_dtype=tf.int64), "the key 1 stands twice in '{}'"),
    ("1\nb", lambda file: lookup.index_table_from_file(file, key_dtype=tf.int64), "'{}': not all of it is int64"),
    ("x\t1\ny\tz", lambda file: lookup.TextFileInitializer(file, tf.string, 0, tf.int64, 1), "'{}': not all of it is int64"),
    ("x\t1\ny", lambda file: lookup.TextFileInitializer(file, tf.string, 0, tf.int64, 1), "'{}': not every line has a column 1"),
    ("a\na", lambda file: column_of(file, tf.string), "c_lookup: the key b'a' stands twice in '{}'"),
    ("3\nx", lambda file: column_of(file, tf.int64), "'{}': not all of it is int64"),
])
def test_a_file_that_is_no_vocabulary_is_named(tmp_path, text, call, said):
    file = tmp_path / "words"
    file.write_text(text)
    with pytest.raises(tf.errors.GraphError, match=r"at test_contrib.py:\d+") as raised:
        call(str(file))
    assert said.format(file) in str(raised.value)


def column_of(file, dtype):
    column = tf.feature_column.categorical_column_with_vocabulary_file("c", file, dtype=dtype)
    return tf.feature_column.input_layer({"c": tf.constant(["a"] if dtype == tf.string else [3])}, [tf.feature_column.indicator_column(column)])


def test_tables_are_saved_with_their_graph():
    table = lookup.index_table_from_tensor(["a", "b"], num_oov_buckets=1)
    x = tf.placeholder(tf.string, [None], name="x")
    tf.identity(table.lookup(x), name="y")
    back = lookup.index_to_string_table_from_tensor(["a", "b"]).lookup(tf.constant([1], tf.int64), name="z")
    again = tf.Graph.from_json(tf.get_default_graph().to_json())
    with tf.Session(graph=again, jit=False) as sess:
        assert sess.run("y:0", {"x:0": ["b", "q"]}).tolist() == [1, 2] and sess.run(back.name).tolist() == [b"b"]


# ---------------------------------------------------------------------- vocabularies and hyperparameters

TEXTS = ["I like the cat", "the dog", "the CAT-flap isn't"]


def test_vocabularies(tmp_path):
    made = tf.contrib.learn.preprocessing.VocabularyProcessor(4)
    rows = np.array(list(made.fit_transform(TEXTS)))
    assert rows.dtype == np.int64 and rows.tolist() == [[1, 2, 3, 4], [3, 5, 0, 0], [3, 6, 7, 8]] and len(made.vocabulary_) == 9
    assert list(made.transform(["the unseen"]))[0].tolist() == [3, 0, 0, 0] and list(made.reverse(rows[:1])) == ["I like the cat"]
    made.save(str(tmp_path / "words"))
    again = tf.contrib.learn.preprocessing.VocabularyProcessor.restore(str(tmp_path / "words"))
    assert np.array(list(again.transform(TEXTS))).tolist() == rows.tolist() and len(again.vocabulary_) == 9
    trimmed = tf.contrib.learn.preprocessing.VocabularyProcessor(4, min_frequency=1)
    assert np.array(list(trimmed.fit_transform(TEXTS))).tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize("text, error", [(None, tf.errors.NotFoundError), ("x", tf.errors.DataLossError), ("{}", tf.errors.DataLossError),
                                         ('{"length": 1, "min_frequency": 0, "words": 3, "counts": {}, "frozen": 1}', tf.errors.DataLossError)])
def test_vocabularies_that_are_none(tmp_path, text, error):
    if text is not None:
        (tmp_path / "words").write_text(text)
    with pytest.raises(error):
        tf.contrib.learn.preprocessing.VocabularyProcessor.restore(str(tmp_path / "words"))


def test_hyperparameters():
    p = tf.contrib.training.HParams(rate=0.1, steps=10, name="a", flag=True, sizes=[1, 2])
    p.parse("rate=1e-3,steps=5, name=b,flag=false,sizes=[3,4,5]")
    assert p.values() == {"rate": 1e-3, "steps": 5, "name": "b", "flag": False, "sizes": [3, 4, 5]} and p.rate == 1e-3
    p.parse("sizes[1]=9").set_hparam("rate", 2)
    p.override_from_dict({"steps": 7}).parse_json('{"name": "c"}')
    assert (p.sizes, p.rate, p.steps, p.name, "rate" in p, p.get("none", 3)) == ([3, 9, 5], 2.0, 7, "c", True, 3)
    p.steps = 8
    p.del_hparam("rate")
    assert p.to_json(sort_keys=True) == '{"flag": false, "name": "c", "sizes": [3, 9, 5], "steps": 8}' and not hasattr(p, "rate")


@pytest.mark.parametrize("call", [lambda p: p.parse("steps=a"), lambda p: p.parse("none=1"), lambda p: p.parse("steps"),
                                  lambda p: p.set_hparam("steps", "a"),
                                  lambda p: p.add_hparam("steps", 1), lambda p: p.parse_json("{"), lambda p: p.none])
def test_hyperparameters_refuse(call):
    with pytest.raises((tf.errors.GraphcError, AttributeError)):
        call(tf.contrib.training.HParams(steps=10))


def test_results_of_layers_by_their_scopes(capsys):
    """As the networks of slim keep them: what a scope of arguments collects, by the names of the layers' scopes, again when they are reused."""
    x = tf.zeros([1, 8, 8, 3])
    for reuse, prefix in ((False, "net"), (True, "net_1")):
        with tf.variable_scope("net", reuse=reuse) as scope, \
                slim.arg_scope([slim.conv2d, slim.max_pool2d, slim.fully_connected], outputs_collections=f"{scope.name}_ends"):
            y = slim.repeat(x, 2, slim.conv2d, 4, [3, 3], scope="conv1")
            y = slim.max_pool2d(y, [2, 2], scope="pool1")
            y = slim.fully_connected(slim.flatten(slim.dropout(y)), 3, scope="fc")
        ends = slim.utils.convert_collection_to_dict("net_ends", clear_collection=reuse)
        assert list(ends)[-4:] == [f"{prefix}/{n}" for n in ("conv1/conv1_1", "conv1/conv1_2", "pool1", "fc")] and ends[f"{prefix}/fc"] is y
    assert not slim.utils.convert_collection_to_dict("net_ends") and slim.utils.get_tensor_aliases(x) == [x.op.name]
    assert slim.model_analyzer.analyze_vars(tf.model_variables(), print_info=True) == (455, 1820)
    assert "net/conv1/conv1_1/weights:0 (float32 3x3x3x4) [108, bytes: 432]" in capsys.readouterr().out
    assert slim.initializers.xavier_initializer is slim.xavier_initializer and slim.regularizers.l2_regularizer is slim.l2_regularizer


@pytest.mark.parametrize("value", [0, [1], [1, 2, 3], 1.5, "ab", [1, None]])
def test_two_numbers_are_two_numbers(value):
    assert slim.utils.two_element_tuple(3) == (3, 3) and slim.utils.n_positive_integers(3, tf.TensorShape([1, 2, 3])) == (1, 2, 3)
    with pytest.raises(tf.errors.ArgumentError, match="neither 2 whole numbers above 0 nor one"):
        slim.utils.two_element_tuple(value)
