"""`tf.keras.mixed_precision.experimental`: one of Keras' optimizers whose loss is scaled, so that small gradients in half precision are not 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import GraphError
from ...ir.node import Node, Operation, here
from ...ops.state import Variable
from ...tf1_names import namespace as _namespace
from ...train.loss_scale import DynamicLossScale, FixedLossScale, applied, scale_of, scaled, unscaled
from ..optimizer_base import Optimizer, hyper_name

__all__ = ["LossScaleOptimizer"]

_SCALES = {kind.__name__: kind for kind in (DynamicLossScale, FixedLossScale)}


class LossScaleOptimizer(Optimizer):
    """One of Keras' optimizers that takes gradients of its loss times a scale, and applies them divided by it if the scale allows it.

    `loss_scale`: a number, "dynamic", or a `tf.train.experimental.LossScale`. GraphError: something else, or an optimizer that is none of Keras'
    or clips gradients.

    >>> v = tf.Variable([1.0, 1.0])
    >>> opt = tf.keras.mixed_precision.experimental.LossScaleOptimizer(tf.keras.optimizers.SGD(0.5), "dynamic")
    >>> sess = tf.Session(jit=False)
    >>> sess.run(opt.minimize(tf.reduce_sum(v * v), [v]))
    >>> sess.run(v), sess.run(opt.loss_scale())
    (array([0., 0.], dtype=float32), np.float32(32768.0))
    """

    def __init__(self, optimizer: Any, loss_scale: Any):
        if not isinstance(optimizer, Optimizer) or isinstance(optimizer, LossScaleOptimizer):
            raise GraphError(f"LossScaleOptimizer: {optimizer!r:.80} is none of Keras' optimizers, or scales already{here()}")
        for word in ("clipnorm", "clipvalue"):
            if word in vars(optimizer):
                raise GraphError(f"LossScaleOptimizer: {type(optimizer).__name__} has a {word}, and scaled gradients are not clipped{here()}")
        super().__init__(optimizer.get_name())
        self._optimizer, self._loss_scale = optimizer, scale_of("LossScaleOptimizer", loss_scale)

    def __getattr__(self, name: str) -> Any:
        inner = vars(self).get("_optimizer")
        if inner is not None and hyper_name(name) in inner._hyper:
            return getattr(inner, name)
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        inner = vars(self).get("_optimizer")
        if inner is not None and hyper_name(name) in inner._hyper:
            setattr(inner, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def loss_scale(self) -> Any:
        """The `LossScale`."""
        return self._loss_scale

    def get_scaled_loss(self, loss: Any) -> Any:
        """A loss, or a function that gives one, times the scale."""
        return scaled(loss, self._loss_scale)

    def get_unscaled_gradients(self, grads: Sequence[Any]) -> list[Any]:
        """Gradients of a scaled loss divided by the scale; None stays None."""
        return unscaled(grads, self._loss_scale)

    def get_gradients(self, loss: Any, params: Sequence[Any]) -> list[Node]:
        """The gradients of a loss, taken of the scaled one. GradientError: no path leads to a parameter."""
        return self.get_unscaled_gradients(self._optimizer.get_gradients(self.get_scaled_loss(loss), params))

    def compute_gradients(self, loss: Any, var_list: Any = None, *args: Any, **kwargs: Any) -> list[tuple[Node | None, Variable]]:
        """(gradient of `loss`, variable) for each variable, taken of the scaled loss. Errors as of the optimizer inside."""
        pairs = self._optimizer.compute_gradients(self.get_scaled_loss(loss), var_list, *args, **kwargs)
        return list(zip(self.get_unscaled_gradients([g for g, _ in pairs]), [v for _, v in pairs], strict=True))

    def apply_gradients(self, grads_and_vars: Any, name: Any = None, global_step: Any = None) -> Operation:  # type: ignore[override]
        """An operation that moves the variables and counts the step, if the scale allows it, and changes the scale. Errors as of the one inside."""
        pairs = list(grads_and_vars)
        return applied(self._loss_scale, pairs, lambda: self._optimizer.apply_gradients(pairs, name), None)

    # ------------------------------------------------------------------ what it keeps

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        return [("base_optimizer", self._optimizer), ("loss_scale", self._loss_scale)]

    @property
    def iterations(self) -> Variable:
        """How many steps the optimizer inside has taken: a variable, int64[]."""
        return self._optimizer.iterations

    @iterations.setter
    def iterations(self, variable: Variable) -> None:
        self._optimizer.iterations = variable

    def get_slot_names(self) -> list[str]:
        """The names of the variables that the optimizer inside keeps beside each trained one."""
        return self._optimizer.get_slot_names()

    @property
    def weights(self) -> list[Variable]:
        """The weights of the optimizer inside."""
        return self._optimizer.weights

    # ------------------------------------------------------------------ its configuration

    def get_config(self) -> dict[str, Any]:
        """The configurations of the optimizer inside and of the scale."""
        from ..optimizers import serialize
        return {"optimizer": serialize(self._optimizer),
                "loss_scale": {"class_name": type(self._loss_scale).__name__, "config": self._loss_scale.get_config()}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The optimizer of those configurations. GraphError: there is no such optimizer, or scale."""
        from ..optimizers import deserialize
        told = config["loss_scale"]
        known = {**_SCALES, **(custom_objects or {})}
        if not isinstance(told, (int, float, str)) and told["class_name"] not in known:
            raise GraphError(f"LossScaleOptimizer: there is no loss scale {told['class_name']!r:.60}{here()}")
        scale = told if isinstance(told, (int, float, str)) else known[told["class_name"]].from_config(told["config"])
        return cls(deserialize(config["optimizer"], custom_objects), scale)


_namespace(globals())
