"""`tf.contrib.gan`: losses against their papers' formulas in numpy, models and steps of linear parts against gradients by hand."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests.draws import draws

gan = tf.contrib.gan
wargs = gan.losses.wargs
RNG = draws(41)
REAL, FAKE, WEIGHTS = RNG.normal(size=(6, 1)), RNG.normal(size=(6, 1)), np.array([[1.0], [0], [2], [0.5], [0], [1]])
CLASSES_REAL, CLASSES_FAKE = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 3))
LABELS = np.eye(3)[[0, 2, 1, 1, 0, 2]]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def entropy(labels: Any, logits: Any) -> Any:
    return -np.sum(labels * (logits - np.log(np.sum(np.exp(logits), 1, keepdims=True))), 1)


def weighted(values: Any) -> Any:
    """The sum of weighted losses by the number of weights that are not 0."""
    return np.sum(values * WEIGHTS) / np.count_nonzero(WEIGHTS)


def real_entropy(smoothing: float) -> Any:
    label = 1 - smoothing / 2
    return np.mean(-label * np.log(sigmoid(REAL)) - (1 - label) * np.log(1 - sigmoid(REAL)))


FAKE_ENTROPY = np.mean(-np.log(1 - sigmoid(FAKE)))

LOSSES = [
    (lambda: wargs.wasserstein_generator_loss(FAKE), -np.mean(FAKE)),
    (lambda: wargs.wasserstein_generator_loss(FAKE, WEIGHTS), -weighted(FAKE)),
    (lambda: wargs.wasserstein_generator_loss(FAKE, reduction=tf.losses.Reduction.SUM), -np.sum(FAKE)),
    (lambda: wargs.wasserstein_discriminator_loss(REAL, FAKE), np.mean(FAKE) - np.mean(REAL)),
    (lambda: wargs.wasserstein_discriminator_loss(REAL, FAKE, WEIGHTS, 0.5), 0.5 * np.mean(FAKE) - weighted(REAL)),
    (lambda: wargs.minimax_discriminator_loss(REAL, FAKE, label_smoothing=0.0), real_entropy(0) + FAKE_ENTROPY),
    (lambda: wargs.minimax_discriminator_loss(REAL, FAKE), real_entropy(0.25) + FAKE_ENTROPY),
    (lambda: wargs.modified_discriminator_loss(REAL, FAKE, 0.5), real_entropy(0.5) + FAKE_ENTROPY),
    (lambda: wargs.minimax_generator_loss(FAKE), np.log(sigmoid(1.0)) - FAKE_ENTROPY),
    (lambda: wargs.modified_generator_loss(FAKE), np.mean(-np.log(sigmoid(FAKE)))),
    (lambda: wargs.modified_generator_loss(FAKE, weights=WEIGHTS), weighted(-np.log(sigmoid(FAKE)))),
    (lambda: wargs.least_squares_generator_loss(FAKE, 0.9), np.mean((FAKE - 0.9) ** 2) / 2),
    (lambda: wargs.least_squares_discriminator_loss(REAL, FAKE, 0.9, -1), np.mean((REAL - 0.9) ** 2) / 2 + np.mean((FAKE + 1) ** 2) / 2),
    (lambda: wargs.acgan_generator_loss(CLASSES_FAKE, LABELS), np.mean(entropy(LABELS, CLASSES_FAKE))),
    (lambda: wargs.acgan_discriminator_loss(CLASSES_REAL, CLASSES_FAKE, LABELS, label_smoothing=0.3),
     np.mean(entropy(LABELS, CLASSES_FAKE)) + np.mean(entropy(0.7 * LABELS + 0.1, CLASSES_REAL))),
    (lambda: wargs.cycle_consistency_loss(REAL, FAKE, CLASSES_REAL, CLASSES_FAKE),
     (np.mean(np.abs(REAL - FAKE)) + np.mean(np.abs(CLASSES_REAL - CLASSES_FAKE))) / 2),
    (lambda: wargs.mutual_information_penalty([tf.constant(REAL), tf.constant(FAKE)],
                                              [tf.distributions.Normal(np.float64(0.5), np.float64(2.0)), tf.distributions.Normal(FAKE, 1.0)]),
     np.mean([np.mean((REAL - 0.5) ** 2) / 8 + np.log(2 * np.sqrt(2 * np.pi)), np.log(np.sqrt(2 * np.pi))])),
]


@pytest.mark.parametrize("build, wanted", LOSSES)
def test_losses_follow_the_formulas(build: Any, wanted: float) -> None:
    loss = build()
    with tf.Session(jit=False) as s:
        np.testing.assert_allclose(s.run(loss), wanted, rtol=1e-5)
    assert tf.losses.get_losses()


@pytest.mark.parametrize("target, one_sided, wanted", [(1.0, False, 16.0), (10.0, False, 0.25), (10.0, True, 0.0), (2.5, True, 1.0)])
def test_penalty_of_a_slope(target: float, one_sided: bool, wanted: float) -> None:
    """Of a linear discriminator, whose slope is (3, 4) everywhere."""
    loss = wargs.wasserstein_gradient_penalty(tf.ones([5, 2]), tf.zeros([5, 2]), None, lambda x, _: tf.matmul(x, [[3.0], [4.0]]), "D",
                                              target=target, one_sided=one_sided)
    with tf.Session(jit=False) as s:
        np.testing.assert_allclose(s.run(loss), wanted, rtol=1e-5)
    assert tf.losses.get_losses() == [loss]


@pytest.mark.parametrize("epsilon", [0.0, 7.0])
def test_penalty_where_data_are_alike(epsilon: float) -> None:
    """Between equal points there is no other: the slope of x^2 / 2 is the point itself; further outputs of the discriminator count nothing."""
    x = tf.constant(REAL.reshape(2, 3))
    loss = wargs.wasserstein_gradient_penalty(x, x, None, lambda x, _: (tf.reduce_sum(x * x, 1) / 2, x), "D", epsilon=epsilon)
    with tf.Session(jit=False) as s:
        np.testing.assert_allclose(s.run(loss), np.mean((np.sqrt(np.sum(REAL.reshape(2, 3) ** 2, 1) + epsilon) - 1) ** 2), rtol=1e-5)


@pytest.mark.parametrize("options, factor", [({"weight_factor": 0.25}, 0.25), ({"weight_factor": 0.0}, 0.0), ({"gradient_ratio": 2.0}, 5 / 2 / 2),
                                             ({"gradient_ratio": 0.0}, 0.0)])
def test_losses_are_combined(options: Any, factor: float) -> None:
    """The main loss has the gradient (3, 4), the other one (0, 2); the factor itself has none."""
    w = tf.Variable([1.0, 2.0])
    loss = wargs.combine_adversarial_loss(tf.reduce_sum(w * [3.0, 4.0]), 2.0 * w[1], **options)
    (slope,) = tf.gradients(loss, [w])
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        np.testing.assert_allclose(s.run(loss), 11 + factor * 4, rtol=1e-5)
        np.testing.assert_allclose(s.run(slope), [3, 4 + 2 * factor], rtol=1e-5)


# ---------------------------------------------------------------------- models and steps

NOISE, DATA = np.array([[1.0], [3.0]], np.float32), np.array([[5.0], [6.0]], np.float32)


def generator(z: Any) -> Any:
    return (z[0] if isinstance(z, list) else z) * tf.get_variable("a", initializer=2.0)


def discriminator(x: Any, _: Any) -> Any:
    return x * tf.get_variable("b", initializer=0.5)


def classifier(x: Any, z: Any) -> Any:
    return discriminator(x, z), tf.concat([x, -x], 1) * tf.get_variable("c", initializer=1.0)


def recognizer(x: Any, z: Any) -> Any:
    return discriminator(x, z), [tf.distributions.Normal(x, 1.0)]


def made(model: Any, loss: Any, **kwargs: Any) -> Any:
    return gan.gan_train_ops(model, loss, tf.train.GradientDescentOptimizer(0.1), tf.train.GradientDescentOptimizer(0.2), **kwargs)


def test_each_step_moves_its_own_part() -> None:
    """-b a mean(z) of the generator, b (a mean(z) - mean(x)) of the discriminator: their slopes by hand."""
    model = gan.gan_model(generator, discriminator, DATA, NOISE)
    assert [v.op.name for v in model.generator_variables] == ["Generator/a"] and model.generator_scope.name == "Generator"
    assert [v.op.name for v in model.discriminator_variables] == ["Discriminator/b"]
    ops = made(model, gan.gan_loss(model))
    a, b = 2.0, 0.5
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        np.testing.assert_allclose(s.run([model.generated_data, model.discriminator_gen_outputs, model.discriminator_real_outputs]),
                                   [NOISE * 2, NOISE, DATA / 2])
        np.testing.assert_allclose(s.run(ops.generator_train_op), -b * a * 2, rtol=1e-6)
        a += 0.1 * b * 2
        np.testing.assert_allclose(s.run([*model.generator_variables, *model.discriminator_variables]), [a, b], rtol=1e-6)
        np.testing.assert_allclose(s.run(ops.discriminator_train_op), b * (a * 2 - 5.5), rtol=1e-6)
        b -= 0.2 * (a * 2 - 5.5)
        np.testing.assert_allclose(s.run([*model.generator_variables, *model.discriminator_variables]), [a, b], rtol=1e-6)
        assert s.run(tf.train.get_global_step()) == 0 and s.run(ops.global_step_inc_op) == 1


@pytest.mark.parametrize("hooks, counts", [
    (gan.get_sequential_train_hooks(), [3, 3]), (gan.get_sequential_train_hooks(gan.GANTrainSteps(1, 5)), [3, 15]),
    (gan.get_joint_train_hooks(gan.GANTrainSteps(3, 1)), [9, 3]), (gan.get_joint_train_hooks(gan.GANTrainSteps(1, 2)), [3, 6]),
])
def test_training_makes_as_many_steps_of_each(hooks: Any, counts: list[int]) -> None:
    of = [tf.Variable(0), tf.Variable(0)]
    ops = gan.GANTrainOps(of[0].assign_add(1), of[1].assign_add(1), tf.train.get_or_create_global_step().assign_add(1))
    seen: list[Any] = []

    class Last(tf.train.SessionRunHook):
        def end(self, session: Any) -> None:
            seen.extend(session.run(of))
    assert gan.gan_train(ops, None, hooks, hooks=[tf.train.StopAtStepHook(3), Last()]) == 3
    assert seen == counts


def test_steps_for_slims_loop() -> None:
    of = [tf.Variable(0.0), tf.Variable(0.0)]
    step = tf.train.get_or_create_global_step()
    ops = gan.GANTrainOps(of[0].assign_add(1.0), of[1].assign_add(10.0), step.assign_add(1))
    steps = gan.get_sequential_train_steps(gan.GANTrainSteps(2, 1))
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        options = {"should_stop": tf.greater_equal(step, 2)}
        assert [steps(s, ops, step, options) for _ in range(2)] == [(1 + 2 + 10, False), (3 + 4 + 20, True)]


def test_penalties_and_regularizers_are_added() -> None:
    def penalized(x: Any, z: Any) -> Any:
        return x * tf.get_variable("b", initializer=0.5, regularizer=lambda w: 3.0 * w)
    model = gan.gan_model(generator, penalized, DATA, NOISE)
    loss = gan.gan_loss(model, gan.losses.least_squares_generator_loss, gan.losses.least_squares_discriminator_loss, gradient_penalty_weight=10.0)
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        wanted = [np.mean((NOISE - 1) ** 2) / 2, np.mean((DATA / 2 - 1) ** 2) / 2 + np.mean(NOISE ** 2) / 2 + 10 * 0.25 + 1.5]
        np.testing.assert_allclose(s.run(list(loss)), wanted, rtol=1e-5)


def test_a_classifying_discriminator() -> None:
    model = gan.acgan_model(generator, classifier, DATA, NOISE, np.array([[1.0, 0.0], [0.0, 1.0]], np.float32))
    loss = gan.gan_loss(model, aux_cond_generator_weight=2.0, aux_cond_discriminator_weight=3.0)

    def cross(x: Any) -> Any:
        return np.mean(entropy(np.eye(2), np.concatenate([x, -x], 1)))
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        wanted = [-2 + 2 * cross(NOISE * 2), 2 - 2.75 + 3 * (cross(NOISE * 2) + cross(DATA))]
        np.testing.assert_allclose(s.run(list(loss)), wanted, rtol=1e-5)


def test_a_discriminator_that_reads_the_noise() -> None:
    model = gan.infogan_model(generator, recognizer, DATA, [NOISE], [DATA])
    assert len(model.generator_inputs) == 2 and model.discriminator_fn is not model.discriminator_and_aux_fn
    loss = gan.gan_loss(model, mutual_information_penalty_weight=2.0)
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        unlikely = np.mean((DATA - NOISE * 2) ** 2) / 2 + np.log(np.sqrt(2 * np.pi))
        np.testing.assert_allclose(s.run(list(loss)), [-2 + 2 * unlikely, 2 - 2.75 + 2 * unlikely], rtol=1e-5)


def test_two_models_in_a_cycle() -> None:
    model = gan.cyclegan_model(generator, discriminator, NOISE, DATA)
    assert [v.op.name for v in model.model_y2x.generator_variables] == ["ModelY2X/Generator/a"]
    loss = gan.cyclegan_loss(model, gan.losses.wasserstein_generator_loss, gan.losses.wasserstein_discriminator_loss)
    ops = made(model, loss)
    apart = (np.mean(3 * NOISE) + np.mean(3 * DATA)) / 2                     # twice doubled is 4 times
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        np.testing.assert_allclose(s.run([loss.loss_x2y.generator_loss, loss.loss_y2x.generator_loss]), [10 * apart - 2, 10 * apart - 5.5], rtol=1e-5)
        s.run([ops.discriminator_train_op, ops.global_step_inc_op])
        np.testing.assert_allclose(s.run([*model.model_x2y.discriminator_variables, *model.model_y2x.discriminator_variables]),
                                   [0.5 - 0.2 * (4 - 5.5), 0.5 - 0.2 * (11 - 2)], rtol=1e-5)


def test_a_pool_gives_the_discriminator_other_data() -> None:
    model = gan.gan_model(generator, discriminator, DATA, NOISE)
    loss = gan.gan_loss(model, tensor_pool_fn=lambda given: (given[0], given[1] + 1.0))
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        np.testing.assert_allclose(s.run(list(loss)), [-2, 2.5 - 2.75], rtol=1e-5)


def test_updates_run_with_the_part_whose_scope_they_are_in() -> None:
    count = tf.Variable(0, trainable=False)

    def counting(x: Any, z: Any) -> Any:
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_add(count, 1, name="counted").op)
        return discriminator(x, z)
    model = gan.gan_model(generator, counting, DATA, NOISE)
    loss = gan.gan_loss(model)
    ops = made(model, loss)
    with tf.Session(jit=False) as s:
        s.run(tf.global_variables_initializer())
        s.run(ops.generator_train_op)
        assert s.run(count) == 0
        s.run(ops.discriminator_train_op)
        assert s.run(count) == 2
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.no_op("elsewhere"))
    with pytest.raises(errors.GraphError, match="'elsewhere' stands neither in the generator's scope nor"):
        made(model, loss)
    made(model, loss, check_for_unused_update_ops=False)


def plain() -> Any:
    return gan.gan_model(generator, discriminator, DATA, NOISE)


@pytest.mark.parametrize("call, error, said", [
    (lambda: gan.gan_model(generator, discriminator, DATA, NOISE[:1]), errors.ShapeError, "gan_model: the generator makes"),
    (lambda: gan.acgan_model(generator, discriminator, DATA, NOISE, None), errors.DTypeError, "gives a pair of outputs and logits of classes"),
    (lambda: gan.infogan_model(generator, recognizer, DATA, [NOISE], [DATA, DATA]), errors.GraphError, "for 2 kinds of structured noise"),
    (lambda: gan.gan_model(None, discriminator, DATA, NOISE), errors.ArgumentError, "generator_fn is a function, not None"),
    (lambda: gan.gan_loss(plain(), gradient_penalty_weight=-1.0), errors.GraphError, "gradient_penalty_weight is -1.0, below 0"),
    (lambda: gan.gan_loss(plain(), aux_cond_generator_weight=1.0), errors.GraphError, "takes an ACGANModel, and the model is a GANModel"),
    (lambda: gan.gan_loss(plain(), mutual_information_penalty_weight=1.0), errors.GraphError, "takes an InfoGANModel, and"),
    (lambda: gan.cyclegan_loss(plain()), errors.GraphError, "takes a CycleGANModel, not a GANModel"),
    (lambda: gan.losses.cycle_consistency_loss(plain()), errors.GraphError, "takes a CycleGANModel, not a GANModel"),
    (lambda: gan.losses.acgan_generator_loss(plain()), errors.ArgumentError, "nor a keyword has discriminator_gen_classification_logits"),
    (lambda: gan.losses.wasserstein_generator_loss(plain(), discriminator_gen_outputs=1.0), errors.ArgumentError,
     "has discriminator_gen_outputs itself"),
    (lambda: wargs.combine_adversarial_loss(1.0, 2.0), errors.ArgumentError, "either weight_factor or gradient_ratio"),
    (lambda: wargs.combine_adversarial_loss([1.0], 2.0, 1.0), errors.ShapeError, "is no scalar"),
    (lambda: wargs.wasserstein_discriminator_loss([1.0, 2.0], [1.0]), errors.ShapeError, "have other shapes"),
    (lambda: wargs.mutual_information_penalty([1.0], [2.0]), errors.GraphError, "takes a list of distributions"),
    (lambda: wargs.mutual_information_penalty([], [tf.distributions.Normal(0.0, 1.0)]), errors.GraphError, "0 kinds of noise and 1 distributions"),
    (lambda: wargs.wasserstein_gradient_penalty(tf.placeholder(tf.float32), DATA, None, discriminator, "D"), errors.ShapeError,
     "the rank of real_data"),
    (lambda: gan.gan_train(gan.GANTrainOps(None, None, None), None, lambda ops: []), errors.GraphError, "no hook makes a step or stops it"),
])
def test_mistakes(call: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=re.escape(said)):
        call()
