"""Adversarial networks built and trained: a model, its losses, the operations of a step, and the loop, one function each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import losses as _losses
from ...errors import ArgumentError, DTypeError, GraphError, ShapeError
from ...ir.collecting import GraphKeys
from ...ir.graph import get_default_graph, name_scope
from ...ir.node import Node, describe, here
from ...ir.operator import to_node
from ...ir.types import compatible
from ...train.hooks import SessionRunHook
from ...train.monitored import MonitoredTrainingSession
from ...train.steps import get_or_create_global_step
from ...variables import variable_scope
from ..framework import get_trainable_variables
from ..slim.learning import create_train_op
from ..slim.learning import train_step as _one_step
from . import losses
from .namedtuples import ACGANModel, CycleGANLoss, CycleGANModel, GANLoss, GANModel, GANTrainOps, GANTrainSteps, InfoGANModel

__all__ = ["RunTrainOpsHook", "acgan_model", "cyclegan_loss", "cyclegan_model", "gan_loss", "gan_model", "gan_train", "gan_train_ops",
           "get_joint_train_hooks", "get_sequential_train_hooks", "get_sequential_train_steps", "infogan_model"]

Hooks = Callable[[GANTrainOps], list[SessionRunHook]]
_ONE_EACH = GANTrainSteps(1, 1)


# ---------------------------------------------------------------------- models

def tensors(given: Any) -> Any:
    """A value, or the values of a list or dict, as tensors."""
    if isinstance(given, dict):
        return {key: to_node(x) for key, x in given.items()}
    return [to_node(x) for x in given] if isinstance(given, (list, tuple)) else to_node(given)


def _alike(what: str, generated: Any, real: Any) -> None:
    if not compatible(generated.type.shape, real.type.shape):
        raise ShapeError(f"{what}: the generator makes {describe(generated)}, and the real data is {describe(real)}{here()}")


def _functions(what: str, **given: Any) -> None:
    for word, function in given.items():
        if not callable(function):
            raise ArgumentError(f"{what}: {word} is a function, not {function!r:.60}{here()}")


def gan_model(generator_fn: Any, discriminator_fn: Any, real_data: Any, generator_inputs: Any, generator_scope: Any = "Generator",
              discriminator_scope: Any = "Discriminator", check_shapes: bool = True) -> GANModel:
    """A generator of data from noise, and a discriminator of real data and such (Goodfellow et al. 2014), as a `GANModel`.

    `generator_fn(generator_inputs)` gives data, `discriminator_fn(data, generator_inputs)` a tensor that is large for real data; each has the
    variables of its scope. ShapeError: generated data has another shape than real data, unless `check_shapes` is False.
    ArgumentError: no functions.

    >>> model = tf.contrib.gan.gan_model(lambda z: tf.layers.dense(z, 3), lambda x, z: tf.layers.dense(x, 1), tf.ones([4, 3]), tf.ones([4, 2]))
    >>> model.generated_data.shape, [v.op.name for v in model.discriminator_variables]
    (TensorShape((4, 3)), ['Discriminator/dense/kernel', 'Discriminator/dense/bias'])
    """
    _functions("gan_model", generator_fn=generator_fn, discriminator_fn=discriminator_fn)
    with variable_scope(generator_scope) as generator:
        inputs = tensors(generator_inputs)
        generated = generator_fn(inputs)
    with variable_scope(discriminator_scope) as discriminator:
        of_generated = discriminator_fn(generated, inputs)
    with variable_scope(discriminator, reuse=True):
        real = tensors(real_data)
        of_real = discriminator_fn(real, inputs)
    if check_shapes:
        _alike("gan_model", generated, real)
    return GANModel(inputs, generated, get_trainable_variables(generator), generator, generator_fn, real, of_real, of_generated,
                    get_trainable_variables(discriminator), discriminator, discriminator_fn)


def infogan_model(generator_fn: Any, discriminator_fn: Any, real_data: Any, unstructured_generator_inputs: Any, structured_generator_inputs: Any,
                  generator_scope: Any = "Generator", discriminator_scope: Any = "Discriminator") -> InfoGANModel:
    """A `gan_model` that makes data of two lists of noise, one of which the discriminator is to read from the data (Chen et al. 2016).

    `discriminator_fn(data, noise)` gives a tensor and a list of distributions, one for each structured noise. GraphError: another number of
    them, or no list. ShapeError: generated data has another shape than real data.
    """
    _functions("infogan_model", generator_fn=generator_fn, discriminator_fn=discriminator_fn)
    with variable_scope(generator_scope) as generator:
        structured = tensors(structured_generator_inputs)
        inputs = tensors(unstructured_generator_inputs) + structured
        generated = generator_fn(inputs)
    with variable_scope(discriminator_scope) as discriminator:
        of_generated, predicted = discriminator_fn(generated, inputs)
    if not isinstance(predicted, (list, tuple)) or len(predicted) != len(structured):
        raise GraphError(f"infogan_model: discriminator_fn gives {predicted!r:.80} for {len(structured)} kinds of structured noise{here()}")
    with variable_scope(discriminator, reuse=True):
        real = to_node(real_data)
        of_real, _ = discriminator_fn(real, inputs)
    _alike("infogan_model", generated, real)
    return InfoGANModel(inputs, generated, get_trainable_variables(generator), generator, generator_fn, real, of_real, of_generated,
                        get_trainable_variables(discriminator), discriminator, lambda x, y: discriminator_fn(x, y)[0], structured, predicted,
                        discriminator_fn)


def _classified(said: Any) -> tuple[Any, Any]:
    if not isinstance(said, (list, tuple)) or len(said) != 2:
        raise DTypeError(f"acgan_model: discriminator_fn gives a pair of outputs and logits of classes, not {said!r:.80}{here()}")
    return said[0], said[1]


def acgan_model(generator_fn: Any, discriminator_fn: Any, real_data: Any, generator_inputs: Any, one_hot_labels: Any,
                generator_scope: Any = "Generator", discriminator_scope: Any = "Discriminator", check_shapes: bool = True) -> ACGANModel:
    """A `gan_model` whose discriminator gives (outputs, logits of classes) (Odena, Olah and Shlens 2017).

    DTypeError: the discriminator gives no pair. ShapeError: generated data has another shape than real data.
    """
    _functions("acgan_model", generator_fn=generator_fn, discriminator_fn=discriminator_fn)
    with variable_scope(generator_scope) as generator:
        inputs = tensors(generator_inputs)
        generated = generator_fn(inputs)
    with variable_scope(discriminator_scope) as discriminator, name_scope(f"{discriminator.name}/generated/"):
        of_generated, generated_classes = _classified(discriminator_fn(generated, inputs))
    with variable_scope(discriminator, reuse=True), name_scope(f"{discriminator.name}/real/"):
        real = to_node(real_data)
        of_real, real_classes = _classified(discriminator_fn(real, inputs))
    if check_shapes:
        _alike("acgan_model", generated, real)
    return ACGANModel(inputs, generated, get_trainable_variables(generator), generator, generator_fn, real, of_real, of_generated,
                      get_trainable_variables(discriminator), discriminator, discriminator_fn, one_hot_labels, real_classes, generated_classes)


def cyclegan_model(generator_fn: Any, discriminator_fn: Any, data_x: Any, data_y: Any, generator_scope: Any = "Generator",
                   discriminator_scope: Any = "Discriminator", model_x2y_scope: Any = "ModelX2Y", model_y2x_scope: Any = "ModelY2X",
                   check_shapes: bool = True) -> CycleGANModel:
    """Two `gan_model`s, of y from x and of x from y, and what each makes of the other's data (Zhu et al. 2017).

    ShapeError: generated data has another shape than what it is to be like, unless `check_shapes` is False.
    """
    def half(inputs: Any, wanted: Any, scope: Any) -> GANModel:
        with variable_scope(scope):
            return gan_model(generator_fn, discriminator_fn, wanted, inputs, generator_scope, discriminator_scope, check_shapes)

    def back(model: GANModel, data: Any) -> Any:
        with variable_scope(model.generator_scope, reuse=True):
            return model.generator_fn(data)

    x2y, y2x = half(data_x, data_y, model_x2y_scope), half(data_y, data_x, model_y2x_scope)
    return CycleGANModel(x2y, y2x, back(y2x, x2y.generated_data), back(x2y, y2x.generated_data))


# ---------------------------------------------------------------------- losses

def _weight(value: Any, name: str) -> Any:
    """The weight of a further loss, None if it has none; GraphError: below 0, by a number."""
    if value is None or isinstance(value, Node):
        return value
    if value < 0:
        raise GraphError(f"{name} is {value}, below 0{here()}")
    return value if value > 0 else None


def _pooled(model: Any, tensor_pool_fn: Any) -> Any:
    """The model, of data that a pool gives for what was generated."""
    informed = isinstance(model, InfoGANModel)
    given = (model.generator_inputs, model.generated_data, *((model.structured_generator_inputs,) if informed else ()))
    inputs, data, *structured = tensor_pool_fn(given)
    with variable_scope(model.discriminator_scope, reuse=True):
        said = (model.discriminator_and_aux_fn if informed else model.discriminator_fn)(data, inputs)
    changed = {"generator_inputs": inputs, "generated_data": data}
    if informed:
        changed |= {"structured_generator_inputs": structured[0], "discriminator_gen_outputs": said[0], "predicted_distributions": said[1]}
    elif isinstance(model, ACGANModel):
        changed |= {"discriminator_gen_outputs": said[0], "discriminator_gen_classification_logits": said[1]}
    else:
        changed |= {"discriminator_gen_outputs": said}
    return model._replace(**changed)


def gan_loss(model: Any, generator_loss_fn: Any = losses.wasserstein_generator_loss,
             discriminator_loss_fn: Any = losses.wasserstein_discriminator_loss, gradient_penalty_weight: Any = None,
             gradient_penalty_epsilon: Any = 1e-10, gradient_penalty_target: Any = 1.0, gradient_penalty_one_sided: bool = False,
             mutual_information_penalty_weight: Any = None, aux_cond_generator_weight: Any = None, aux_cond_discriminator_weight: Any = None,
             tensor_pool_fn: Any = None, add_summaries: bool = True) -> GANLoss:
    """The losses of both parts of a model, with the penalties whose weights are given, and those of regularizers in their scopes.

    `tensor_pool_fn`: gives the discriminator earlier data for what was generated. Functions of a loss are called with the model and
    `add_summaries`. GraphError: a weight below 0, or of a penalty that this kind of model does not have.
    """
    weights = {"gradient_penalty_weight": gradient_penalty_weight, "mutual_information_penalty_weight": mutual_information_penalty_weight,
               "aux_cond_generator_weight": aux_cond_generator_weight, "aux_cond_discriminator_weight": aux_cond_discriminator_weight}
    penalty, information, of_generated, of_real = (_weight(value, name) for name, value in weights.items())
    for asked, kind in ((information, InfoGANModel), (of_generated, ACGANModel), (of_real, ACGANModel)):
        if asked is not None and not isinstance(model, kind):
            raise GraphError(f"gan_loss: this weight takes an {kind.__name__}, and the model is a {type(model).__name__}{here()}")
    pooled = _pooled(model, tensor_pool_fn) if tensor_pool_fn else model
    generator = generator_loss_fn(model, add_summaries=add_summaries)
    discriminator = discriminator_loss_fn(pooled, add_summaries=add_summaries)
    if penalty is not None:
        discriminator += penalty * losses.wasserstein_gradient_penalty(
            pooled, epsilon=gradient_penalty_epsilon, target=gradient_penalty_target, one_sided=gradient_penalty_one_sided,
            add_summaries=add_summaries)
    if information is not None:
        unlikely = losses.mutual_information_penalty(model, add_summaries=add_summaries)
        generator += information * unlikely
        discriminator += information * (losses.mutual_information_penalty(pooled, add_summaries=add_summaries) if tensor_pool_fn else unlikely)
    if of_generated is not None:
        generator += of_generated * losses.acgan_generator_loss(model, add_summaries=add_summaries)
    if of_real is not None:
        discriminator += of_real * losses.acgan_discriminator_loss(pooled, add_summaries=add_summaries)
    return GANLoss(*(loss + (_losses.get_regularization_loss(scope.name) if scope else 0.0)
                     for loss, scope in ((generator, model.generator_scope), (discriminator, model.discriminator_scope))))


def cyclegan_loss(model: Any, generator_loss_fn: Any = losses.least_squares_generator_loss,
                  discriminator_loss_fn: Any = losses.least_squares_discriminator_loss,
                  cycle_consistency_loss_fn: Any = losses.cycle_consistency_loss, cycle_consistency_loss_weight: Any = 10.0,
                  **kwargs: Any) -> CycleGANLoss:
    """The `gan_loss` of both models, each generator's with how far data comes back from where it began (Zhu et al. 2017, equation 3).

    Further arguments are those of `gan_loss`. GraphError: no `CycleGANModel`, or a weight below 0.
    """
    if not isinstance(model, CycleGANModel):
        raise GraphError(f"cyclegan_loss takes a CycleGANModel, not a {type(model).__name__}{here()}")
    weight = _weight(cycle_consistency_loss_weight, "cycle_consistency_loss_weight")
    apart = cycle_consistency_loss_fn(model, add_summaries=kwargs.get("add_summaries", True))

    def half(part: Any, name: str) -> GANLoss:
        with name_scope(name):
            found = gan_loss(part, generator_loss_fn, discriminator_loss_fn, **kwargs)
            return found if weight is None else found._replace(generator_loss=found.generator_loss + weight * apart)
    return CycleGANLoss(half(model.model_x2y, "cyclegan_loss_x2y"), half(model.model_y2x, "cyclegan_loss_y2x"))


# ---------------------------------------------------------------------- steps

def gan_train_ops(model: Any, loss: Any, generator_optimizer: Any, discriminator_optimizer: Any, check_for_unused_update_ops: bool = True,
                  is_chief: bool = True, **kwargs: Any) -> GANTrainOps:
    """What makes a step of the generator, of the discriminator, and counts both, as `GANTrainOps`; of a `CycleGANModel`, pairs of the first two.

    Each step runs the operations of UPDATE_OPS that stand in its scope. Further arguments are those of `slim.learning.create_train_op`.
    GraphError: an update that stands in neither scope, if `check_for_unused_update_ops`; GradientError: no path leads to a variable.
    """
    step = get_or_create_global_step()
    if isinstance(model, CycleGANModel):
        halves = []
        for name, part, part_loss in (("cyclegan_x2y_train", model.model_x2y, loss.loss_x2y), ("cyclegan_y2x_train", model.model_y2x, loss.loss_y2x)):
            with name_scope(name):
                halves.append(gan_train_ops(part, part_loss, generator_optimizer, discriminator_optimizer, check_for_unused_update_ops, is_chief,
                                            **kwargs))
        return GANTrainOps(tuple(h.generator_train_op for h in halves), tuple(h.discriminator_train_op for h in halves), step.assign_add(1))
    counted = step.assign_add(1)
    graph = get_default_graph()
    given = kwargs.pop("update_ops", None)
    updates = [*(graph.get_collection(GraphKeys.UPDATE_OPS) if given is None else given)]
    of = [{*graph.get_collection(GraphKeys.UPDATE_OPS, scope.name)} for scope in (model.generator_scope, model.discriminator_scope)]
    unused = [u for u in updates if u not in of[0] | of[1]]
    if check_for_unused_update_ops and unused:
        raise GraphError(f"gan_train_ops: the update {unused[0].name!r} stands neither in the generator's scope nor in the discriminator's{here()}")
    made = []
    for name, part, optimizer, variables, there in (
            ("generator_train", loss.generator_loss, generator_optimizer, model.generator_variables, of[0]),
            ("discriminator_train", loss.discriminator_loss, discriminator_optimizer, model.discriminator_variables, of[1])):
        with name_scope(name):
            made.append(create_train_op(part, optimizer, None, [u for u in updates if u in there], variables, **kwargs))
    return GANTrainOps(made[0], made[1], counted, [])


class RunTrainOpsHook(SessionRunHook):
    """A hook that runs operations some times before every run.

    >>> with tf.Graph().as_default():
    ...     v = tf.Variable(0)
    ...     hook = tf.contrib.gan.RunTrainOpsHook(v.assign_add(1), 3)
    ...     with tf.train.MonitoredSession(hooks=[hook]) as sess:
    ...         print(sess.run(v))
    3
    """

    def __init__(self, train_ops: Any, train_steps: int):
        self._train_ops = [*train_ops] if isinstance(train_ops, (list, tuple)) else [train_ops]
        self._train_steps = train_steps

    def before_run(self, run_context: Any) -> None:
        """Run the operations, as often as they are to be run."""
        for _ in range(self._train_steps):
            run_context.session.run(self._train_ops)


def get_sequential_train_hooks(train_steps: GANTrainSteps = _ONE_EACH) -> Hooks:
    """A function of `GANTrainOps` that gives hooks: the generator's steps, and then the discriminator's.

    >>> [type(hook).__name__ for hook in tf.contrib.gan.get_sequential_train_hooks()(tf.contrib.gan.GANTrainOps(1, 2, 3))]
    ['RunTrainOpsHook', 'RunTrainOpsHook']
    """
    def hooks(train_ops: GANTrainOps) -> list[SessionRunHook]:
        return [RunTrainOpsHook(train_ops.generator_train_op, train_steps.generator_train_steps),
                RunTrainOpsHook(train_ops.discriminator_train_op, train_steps.discriminator_train_steps), *train_ops.train_hooks]
    return hooks


def get_joint_train_hooks(train_steps: GANTrainSteps = _ONE_EACH) -> Hooks:
    """A function of `GANTrainOps` that gives hooks: steps of both in one run, and then those that one of them has more.

    >>> len(tf.contrib.gan.get_joint_train_hooks()(tf.contrib.gan.GANTrainOps(1, 2, 3)))
    3
    """
    def hooks(train_ops: GANTrainOps) -> list[SessionRunHook]:
        generator, discriminator = train_ops.generator_train_op, train_ops.discriminator_train_op
        together = min(train_steps)
        both = [op for ops in (generator, discriminator) for op in (ops if isinstance(ops, (list, tuple)) else [ops])]
        return [RunTrainOpsHook(both, together), RunTrainOpsHook(generator, train_steps.generator_train_steps - together),
                RunTrainOpsHook(discriminator, train_steps.discriminator_train_steps - together), *train_ops.train_hooks]
    return hooks


def gan_train(train_ops: GANTrainOps, logdir: Any, get_hooks_fn: Hooks | None = None, master: str = "", is_chief: bool = True,
              scaffold: Any = None, hooks: Sequence[SessionRunHook] | None = None, chief_only_hooks: Any = None,
              save_checkpoint_secs: Any = 600, save_summaries_steps: Any = 100, config: Any = None) -> Any:
    """Train until a hook stops it, such as `tf.train.StopAtStepHook`: the count of steps at last.

    `get_hooks_fn`: a function of the operations that gives the hooks which make the steps, by default `get_sequential_train_hooks()`.
    Checkpoints and summaries go to the folder `logdir`. GraphError: nothing would ever stop it. Errors of steps: as of `Session.run`.
    """
    every = [*(hooks or ()), *(get_hooks_fn or get_sequential_train_hooks())(train_ops)]
    if not every:
        raise GraphError(f"gan_train: no hook makes a step or stops it{here()}")
    last = None
    with MonitoredTrainingSession(master, is_chief, logdir, scaffold, every, chief_only_hooks, save_checkpoint_secs=save_checkpoint_secs,
                                  save_summaries_steps=save_summaries_steps, config=config) as session:
        while not session.should_stop():
            last = session.run(train_ops.global_step_inc_op)
    return last


def get_sequential_train_steps(train_steps: GANTrainSteps = _ONE_EACH) -> Callable[..., tuple[Any, bool]]:
    """What `slim.learning.train` takes as `train_step_fn`, with `GANTrainOps` for the operation: the generator's steps, and then the others.

    It gives the sum of the losses, and whether `should_stop` says so after the step has been counted.
    """
    def steps(sess: Any, train_ops: GANTrainOps, global_step: Any, train_step_kwargs: Any) -> tuple[Any, bool]:
        options = dict(train_step_kwargs or {})
        stop = options.pop("should_stop", None)
        total: Any = 0
        for op, times in ((train_ops.generator_train_op, train_steps.generator_train_steps),
                          (train_ops.discriminator_train_op, train_steps.discriminator_train_steps)):
            for _ in range(times):
                total += _one_step(sess, op, global_step, options)[0]
        sess.run(train_ops.global_step_inc_op)
        return total, bool(sess.run(stop)) if stop is not None else False
    return steps
