"""`tf.contrib.gan.losses.wargs`: losses of adversarial networks as functions of what a discriminator says, and of the data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .... import losses, summary
from ....autodiff.gradients import gradients
from ....errors import ArgumentError, GraphError, ShapeError
from ....ir.collecting import GraphKeys
from ....ir.graph import get_default_graph
from ....ir.known import static_value
from ....ir.node import Node, describe, here
from ....ir.operator import to_node
from ....ir.types import compatible, float32
from ....losses import Reduction
from ....ops.array import ones_like, shape, stop_gradient, zeros_like
from ....ops.math import abs, cast, maximum, sqrt, square
from ....ops.random import random_uniform
from ....ops.reduce import reduce_max, reduce_mean, reduce_sum
from ....tf1_names import namespace as _namespace
from ....train.clipping import global_norm
from ....variables import AUTO_REUSE, variable_scope

__all__ = ["acgan_discriminator_loss", "acgan_generator_loss", "combine_adversarial_loss", "cycle_consistency_loss",
           "least_squares_discriminator_loss", "least_squares_generator_loss", "minimax_discriminator_loss", "minimax_generator_loss",
           "modified_discriminator_loss", "modified_generator_loss", "mutual_information_penalty", "wasserstein_discriminator_loss",
           "wasserstein_generator_loss", "wasserstein_gradient_penalty"]

_LOSSES = GraphKeys.LOSSES
_BY_NONZERO = Reduction.SUM_BY_NONZERO_WEIGHTS


def _told(add_summaries: bool, **values: Any) -> None:
    """Summaries of losses, by name."""
    if add_summaries:
        for name, value in values.items():
            summary.scalar(name, value)


@contextmanager
def _named(scope: str | None, default: str) -> Iterator[str]:
    with get_default_graph().name_scope(scope or default) as name:
        yield name


def _both(what: str, real: Any, generated: Any) -> tuple[Node, Node]:
    """What a discriminator says of real and of generated data, as float32; ShapeError: the shapes differ."""
    a, b = cast(to_node(real), float32), cast(to_node(generated), float32)
    if not compatible(a.type.shape, b.type.shape):
        raise ShapeError(f"{what}: the outputs for real data {describe(a)} and for generated data {describe(b)} have other shapes{here()}")
    return a, b


# ---------------------------------------------------------------------- Wasserstein

def wasserstein_generator_loss(discriminator_gen_outputs: Any, weights: Any = 1.0, scope: str | None = None,
                               loss_collection: str | None = _LOSSES, reduction: str = _BY_NONZERO, add_summaries: bool = False) -> Node:
    """The mean of -D(G(z)) (Arjovsky, Chintala and Bottou 2017). ShapeError: the weights do not fit; GraphError: no such reduction.

    >>> tf.Session(jit=False).run(tf.contrib.gan.losses.wargs.wasserstein_generator_loss([1.0, 3.0]))
    np.float32(-2.0)
    """
    with _named(scope, "generator_wasserstein_loss") as name:
        outputs = cast(to_node(discriminator_gen_outputs), float32)
        loss = losses.compute_weighted_loss(-outputs, weights, name, loss_collection, reduction)
        _told(add_summaries, generator_wass_loss=loss)
    return loss


def wasserstein_discriminator_loss(discriminator_real_outputs: Any, discriminator_gen_outputs: Any, real_weights: Any = 1.0,
                                   generated_weights: Any = 1.0, scope: str | None = None, loss_collection: str | None = _LOSSES,
                                   reduction: str = _BY_NONZERO, add_summaries: bool = False) -> Node:
    """The mean of D(G(z)) less that of D(x) (Arjovsky, Chintala and Bottou 2017). ShapeError: shapes that do not fit; GraphError: the reduction.

    >>> tf.Session(jit=False).run(tf.contrib.gan.losses.wargs.wasserstein_discriminator_loss([1.0, 3.0], [1.0, 0.0]))
    np.float32(-1.5)
    """
    with _named(scope, "discriminator_wasserstein_loss") as name:
        real, generated = _both("wasserstein_discriminator_loss", discriminator_real_outputs, discriminator_gen_outputs)
        on_generated = losses.compute_weighted_loss(generated, generated_weights, name, None, reduction)
        on_real = losses.compute_weighted_loss(real, real_weights, name, None, reduction)
        loss = on_generated - on_real
        losses.add_loss(loss, loss_collection)
        _told(add_summaries, discriminator_gen_wass_loss=on_generated, discriminator_real_wass_loss=on_real, discriminator_wass_loss=loss)
    return loss


def wasserstein_gradient_penalty(real_data: Any, generated_data: Any, generator_inputs: Any, discriminator_fn: Any, discriminator_scope: Any,
                                 epsilon: Any = 1e-10, target: Any = 1.0, one_sided: bool = False, weights: Any = 1.0,
                                 scope: str | None = None, loss_collection: str | None = _LOSSES, reduction: str = _BY_NONZERO,
                                 add_summaries: bool = False) -> Node:
    """The mean of (|dD / dx| / target - 1)^2 at points between real and generated data (Gulrajani et al. 2017, equation 3).

    `one_sided`: norms below the target cost nothing (Petzka, Fischer and Lukovnikov 2018). `epsilon` stands under the norm's root. Data:
    float[batch, ...]. ShapeError: the data's rank is not known. GradientError: the discriminator has no gradient.
    """
    with _named(scope, "wasserstein_gradient_penalty") as name:
        real, generated = to_node(real_data), to_node(generated_data)
        for word, x in (("real_data", real), ("generated_data", generated)):
            if x.type.rank is None:
                raise ShapeError(f"wasserstein_gradient_penalty: the rank of {word} {describe(x)} is not known{here()}")
        differences = generated - real
        ones = [1] * ((differences.type.rank or 1) - 1)
        between = real + random_uniform([shape(differences)[0], *ones], dtype=real.dtype) * differences
        # The discriminator's own updates are collected under its scope, not under the penalty's.
        with get_default_graph().name_scope(None), variable_scope(discriminator_scope, "gpenalty_dscope", reuse=AUTO_REUSE):
            said = discriminator_fn(between, generator_inputs)
        slope: Any = gradients(said[0] if isinstance(said, tuple) else said, [between])[0]
        norms = sqrt(reduce_sum(square(slope), list(range(1, between.type.rank or 1))) + epsilon)
        penalties = norms / target - 1.0
        loss = losses.compute_weighted_loss(square(maximum(penalties, 0.0) if one_sided else penalties), weights, name, loss_collection, reduction)
        _told(add_summaries, gradient_penalty_loss=loss)
    return loss


# ---------------------------------------------------------------------- classes

def acgan_discriminator_loss(discriminator_real_classification_logits: Any, discriminator_gen_classification_logits: Any, one_hot_labels: Any,
                             label_smoothing: float = 0.0, real_weights: Any = 1.0, generated_weights: Any = 1.0, scope: str | None = None,
                             loss_collection: str | None = _LOSSES, reduction: str = _BY_NONZERO, add_summaries: bool = False) -> Node:
    """The cross entropy of the classes of real and of generated data (Odena, Olah and Shlens 2017, L_C). ShapeError: shapes that do not fit.

    >>> loss = tf.contrib.gan.losses.wargs.acgan_discriminator_loss([[0.0, 0.0]], [[0.0, 0.0]], [[1.0, 0.0]])
    >>> tf.Session(jit=False).run(loss).round(4)
    np.float32(1.3863)
    """
    with _named(scope, "acgan_discriminator_loss") as name:
        on_generated = losses.softmax_cross_entropy(one_hot_labels, discriminator_gen_classification_logits, generated_weights, 0, name, None,
                                                    reduction)
        on_real = losses.softmax_cross_entropy(one_hot_labels, discriminator_real_classification_logits, real_weights, label_smoothing, name,
                                               None, reduction)
        loss = on_generated + on_real
        losses.add_loss(loss, loss_collection)
        _told(add_summaries, discriminator_gen_ac_loss=on_generated, discriminator_real_ac_loss=on_real, discriminator_ac_loss=loss)
    return loss


def acgan_generator_loss(discriminator_gen_classification_logits: Any, one_hot_labels: Any, weights: Any = 1.0, scope: str | None = None,
                         loss_collection: str | None = _LOSSES, reduction: str = _BY_NONZERO, add_summaries: bool = False) -> Node:
    """The cross entropy of the classes of generated data (Odena, Olah and Shlens 2017, L_C). ShapeError: shapes that do not fit.

    >>> loss = tf.contrib.gan.losses.wargs.acgan_generator_loss([[0.0, 0.0]], [[1.0, 0.0]])
    >>> tf.Session(jit=False).run(loss).round(4)
    np.float32(0.6931)
    """
    with _named(scope, "acgan_generator_loss") as name:
        loss = losses.softmax_cross_entropy(one_hot_labels, discriminator_gen_classification_logits, weights, 0, name, loss_collection, reduction)
        _told(add_summaries, generator_ac_loss=loss)
    return loss


# ---------------------------------------------------------------------- probabilities

def minimax_discriminator_loss(discriminator_real_outputs: Any, discriminator_gen_outputs: Any, label_smoothing: float = 0.25,
                               real_weights: Any = 1.0, generated_weights: Any = 1.0, scope: str | None = None,
                               loss_collection: str | None = _LOSSES, reduction: str = _BY_NONZERO, add_summaries: bool = False) -> Node:
    """The means of -log sigmoid(D(x)) and of -log(1 - sigmoid(D(G(z)))), added (Goodfellow et al. 2014, equation 1).

    `label_smoothing` moves the label of real data from 1 towards 1/2 (Salimans et al. 2016). ShapeError: shapes that do not fit.

    >>> loss = tf.contrib.gan.losses.wargs.minimax_discriminator_loss([0.0], [0.0])
    >>> tf.Session(jit=False).run(loss).round(4)
    np.float32(1.3863)
    """
    with _named(scope, "discriminator_minimax_loss") as name:
        real, generated = to_node(discriminator_real_outputs), to_node(discriminator_gen_outputs)
        on_real = losses.sigmoid_cross_entropy(ones_like(real), real, real_weights, label_smoothing, name, None, reduction)
        on_generated = losses.sigmoid_cross_entropy(zeros_like(generated), generated, generated_weights, 0, name, None, reduction)
        loss = on_real + on_generated
        losses.add_loss(loss, loss_collection)
        _told(add_summaries, discriminator_gen_minimax_loss=on_generated, discriminator_real_minimax_loss=on_real,
              discriminator_minimax_loss=loss)
    return loss


def minimax_generator_loss(discriminator_gen_outputs: Any, label_smoothing: float = 0.0, weights: Any = 1.0, scope: str | None = None,
                           loss_collection: str | None = _LOSSES, reduction: str = _BY_NONZERO, add_summaries: bool = False) -> Node:
    """`minimax_discriminator_loss` with the sign turned, where D(x) = 1: a constant beside log(1 - sigmoid(D(G(z)))). ShapeError: the weights.

    As TensorFlow 1 has it, the collection gets the loss before its sign is turned.

    >>> loss = tf.contrib.gan.losses.wargs.minimax_generator_loss([0.0])
    >>> tf.Session(jit=False).run(loss).round(4)
    np.float32(-1.0064)
    """
    with _named(scope, "generator_minimax_loss") as name:
        outputs = to_node(discriminator_gen_outputs)
        loss = -minimax_discriminator_loss(ones_like(outputs), outputs, label_smoothing, weights, weights, name, loss_collection, reduction)
    _told(add_summaries, generator_minimax_loss=loss)
    return loss


def modified_discriminator_loss(discriminator_real_outputs: Any, discriminator_gen_outputs: Any, label_smoothing: float = 0.25,
                                real_weights: Any = 1.0, generated_weights: Any = 1.0, scope: str | None = None,
                                loss_collection: str | None = _LOSSES, reduction: str = _BY_NONZERO, add_summaries: bool = False) -> Node:
    """`minimax_discriminator_loss`, which goes with `modified_generator_loss` as well. ShapeError: shapes that do not fit.

    >>> loss = tf.contrib.gan.losses.wargs.modified_discriminator_loss([0.0], [0.0])
    >>> tf.Session(jit=False).run(loss).round(4)
    np.float32(1.3863)
    """
    return minimax_discriminator_loss(discriminator_real_outputs, discriminator_gen_outputs, label_smoothing, real_weights, generated_weights,
                                      scope or "discriminator_modified_loss", loss_collection, reduction, add_summaries)


def modified_generator_loss(discriminator_gen_outputs: Any, label_smoothing: float = 0.0, weights: Any = 1.0, scope: str | None = None,
                            loss_collection: str | None = _LOSSES, reduction: str = _BY_NONZERO, add_summaries: bool = False) -> Node:
    """The mean of -log sigmoid(D(G(z))), whose slope does not fade (Goodfellow et al. 2014, section 3). ShapeError: the weights do not fit.

    >>> loss = tf.contrib.gan.losses.wargs.modified_generator_loss([0.0])
    >>> tf.Session(jit=False).run(loss).round(4)
    np.float32(0.6931)
    """
    with _named(scope, "generator_modified_loss") as name:
        outputs = to_node(discriminator_gen_outputs)
        loss = losses.sigmoid_cross_entropy(ones_like(outputs), outputs, weights, label_smoothing, name, loss_collection, reduction)
        _told(add_summaries, generator_modified_loss=loss)
    return loss


# ---------------------------------------------------------------------- squares

def least_squares_generator_loss(discriminator_gen_outputs: Any, real_label: Any = 1, weights: Any = 1.0, scope: str | None = None,
                                 loss_collection: str | None = _LOSSES, reduction: str = _BY_NONZERO, add_summaries: bool = False) -> Node:
    """The mean of (D(G(z)) - real_label)^2 / 2 (Mao et al. 2017, equation 2). ShapeError: the weights do not fit.

    >>> tf.Session(jit=False).run(tf.contrib.gan.losses.wargs.least_squares_generator_loss([3.0]))
    np.float32(2.0)
    """
    with _named(scope, "lsq_generator_loss") as name:
        outputs = cast(to_node(discriminator_gen_outputs), float32)
        loss = losses.compute_weighted_loss(square(outputs - real_label) / 2.0, weights, name, loss_collection, reduction)
    _told(add_summaries, generator_lsq_loss=loss)
    return loss


def least_squares_discriminator_loss(discriminator_real_outputs: Any, discriminator_gen_outputs: Any, real_label: Any = 1, fake_label: Any = 0,
                                     real_weights: Any = 1.0, generated_weights: Any = 1.0, scope: str | None = None,
                                     loss_collection: str | None = _LOSSES, reduction: str = _BY_NONZERO, add_summaries: bool = False) -> Node:
    """The means of (D(x) - real_label)^2 / 2 and (D(G(z)) - fake_label)^2 / 2, added (Mao et al. 2017, equation 2). ShapeError: the shapes.

    >>> tf.Session(jit=False).run(tf.contrib.gan.losses.wargs.least_squares_discriminator_loss([3.0], [1.0]))
    np.float32(2.5)
    """
    with _named(scope, "lsq_discriminator_loss") as name:
        real, generated = _both("least_squares_discriminator_loss", discriminator_real_outputs, discriminator_gen_outputs)
        on_real = losses.compute_weighted_loss(square(real - real_label) / 2.0, real_weights, name, None, reduction)
        on_generated = losses.compute_weighted_loss(square(generated - fake_label) / 2.0, generated_weights, name, None, reduction)
        loss = on_real + on_generated
        losses.add_loss(loss, loss_collection)
    _told(add_summaries, discriminator_gen_lsq_loss=on_generated, discriminator_real_lsq_loss=on_real, discriminator_lsq_loss=loss)
    return loss


# ---------------------------------------------------------------------- beside another loss

def mutual_information_penalty(structured_generator_inputs: Any, predicted_distributions: Any, weights: Any = 1.0, scope: str | None = None,
                               loss_collection: str | None = _LOSSES, reduction: str = _BY_NONZERO, add_summaries: bool = False) -> Node:
    """The mean of -log q(c) of structured noise c under the distributions that were read from pictures (Chen et al. 2016, equation 5).

    GraphError: not as many distributions as noise, or something else. As TensorFlow 1 has it, the collection gets the loss before its sign
    is turned.
    """
    given = predicted_distributions
    if not isinstance(given, (list, tuple)) or not all(callable(getattr(d, "log_prob", None)) for d in given):
        raise GraphError(f"mutual_information_penalty takes a list of distributions, not {given!r:.80}{here()}")
    if len(structured_generator_inputs) != len(given):
        raise GraphError(f"mutual_information_penalty: {len(structured_generator_inputs)} kinds of noise and {len(given)} distributions{here()}")
    with _named(scope, "mutual_information_loss") as name:
        likely = [reduce_mean(d.log_prob(noise)) for d, noise in zip(given, structured_generator_inputs, strict=True)]
        loss = -losses.compute_weighted_loss(to_node(likely), weights, name, loss_collection, reduction)
        _told(add_summaries, mutual_information_penalty=loss)
    return loss


def _size(slopes: Any) -> Any:
    """The norm of gradients together, which does not overflow where their squares do."""
    there = [g for g in slopes if g is not None]
    if not there:
        return 0.0
    most = reduce_max(to_node([reduce_max(abs(g)) for g in there]))
    return most * global_norm([g / most for g in there])


def combine_adversarial_loss(main_loss: Any, adversarial_loss: Any, weight_factor: Any = None, gradient_ratio: Any = None,
                             gradient_ratio_epsilon: Any = 1e-6, variables: Any = None, scalar_summaries: bool = True,
                             gradient_summaries: bool = True, scope: str | None = None) -> Node:
    """main_loss + c adversarial_loss: c is `weight_factor`, or such that gradients have the ratio `gradient_ratio` (Rippel and Bourdev 2017).

    Losses are scalars; `variables`: what the gradients are taken by, all that are trained by default. ArgumentError: neither factor nor ratio,
    or both. ShapeError: a loss is no scalar.

    >>> w = tf.Variable(1.0)
    >>> loss = tf.contrib.gan.losses.wargs.combine_adversarial_loss(2.0 * w, 4.0 * w, weight_factor=0.25)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(loss)
    np.float32(3.0)
    """
    main, other = to_node(main_loss), to_node(adversarial_loss)
    for loss in (main, other):
        if not compatible(loss.type.shape, ()):
            raise ShapeError(f"combine_adversarial_loss: {describe(loss)} is no scalar{here()}")
    if (weight_factor is None) == (gradient_ratio is None):
        raise ArgumentError(f"combine_adversarial_loss takes either weight_factor or gradient_ratio{here()}")
    trained = get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES) if variables is None else variables
    with _named(scope, "adversarial_loss"):
        sizes: list[Any] = []
        if gradient_summaries or gradient_ratio is not None:
            sizes = [_size(gradients(loss, trained)) for loss in (main, other)]
        _told(scalar_summaries, main_loss=main, adversarial_loss=other)
        if gradient_summaries:
            _told(True, main_loss_gradients=sizes[0], adversarial_loss_gradients=sizes[1])
        chosen = to_node(weight_factor if weight_factor is not None else gradient_ratio)
        known = static_value(chosen)
        if known is not None and float(known) == 0.0:
            return main
        if gradient_ratio is None:
            return main + stop_gradient(chosen) * other
        factor = sizes[0] / (sizes[1] + gradient_ratio_epsilon) / chosen
        _told(True, adversarial_coefficient=factor)
        return main + stop_gradient(factor) * other


def cycle_consistency_loss(data_x: Any, reconstructed_data_x: Any, data_y: Any, reconstructed_data_y: Any, scope: str | None = None,
                           add_summaries: bool = False) -> Node:
    """Half the sum of the mean distances |x - G(F(x))| and |y - F(G(y))| (Zhu et al. 2017, equation 2). ShapeError: shapes that differ.

    >>> tf.Session(jit=False).run(tf.contrib.gan.losses.wargs.cycle_consistency_loss([1.0], [3.0], [1.0], [2.0]))
    np.float32(1.5)
    """
    with _named(scope, "cycle_consistency_loss"):
        x, y = losses.absolute_difference(data_x, reconstructed_data_x), losses.absolute_difference(data_y, reconstructed_data_y)
        loss = (x + y) / 2.0
        _told(add_summaries, cycle_consistency_loss_x2x=x, cycle_consistency_loss_y2y=y, cycle_consistency_loss=loss)
    return loss


_namespace(globals())
