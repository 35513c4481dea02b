"""Losses as objects: how what a function of labels and predictions gives is weighted, and made one number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import GraphError, ShapeError, UnimplementedError
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..losses import Reduction as _Reduction
from ..losses import compute_weighted_loss
from ..ops.array import expand_dims, squeeze
from .named import scope_name


class Reduction:
    """How the losses of a batch become one number.

    `NONE`: they stay as they are. `SUM`: their sum. `SUM_OVER_BATCH_SIZE`: their mean, which `AUTO` is too.
    """

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All of them."""
        return cls.AUTO, cls.NONE, cls.SUM, cls.SUM_OVER_BATCH_SIZE

    @classmethod
    def validate(cls, key: Any) -> None:
        """GraphError: it is none of them."""
        if key not in cls.all():
            raise GraphError(f"{key!r:.60} is no reduction of losses; there are {', '.join(cls.all())}{here()}")


_AS_LOSSES = {Reduction.NONE: _Reduction.NONE, Reduction.SUM: _Reduction.SUM, Reduction.SUM_OVER_BATCH_SIZE: _Reduction.SUM_OVER_BATCH_SIZE,
              Reduction.AUTO: _Reduction.SUM_OVER_BATCH_SIZE}


class Loss:
    """A loss as an object: called with labels, predictions and weights it gives a number, or with the reduction `NONE` one for each row.

    A program's own says by `call(y_true, y_pred)` what the loss of each row is. `sample_weight`: a number, or float[batch], or of the shape of
    the losses. GraphError: no such reduction. ShapeError, DTypeError, by the call: operands that do not fit.

    >>> class Above(tf.keras.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return tf.reduce_mean(tf.maximum(y_pred - y_true, 0.0), axis=-1)
    >>> tf.Session(jit=False).run(Above()(tf.constant([[1.0], [1.0]]), tf.constant([[3.0], [0.0]])))
    np.float32(1.0)
    """

    def __init__(self, reduction: str = Reduction.AUTO, name: str | None = None):
        Reduction.validate(reduction)
        self.reduction, self.name = reduction, name

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each row."""
        raise UnimplementedError(f"{type(self).__name__} does not say what the loss of a row is: it has no call(y_true, y_pred){here()}")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Node:
        with name_scope(scope_name(self.name or type(self).__name__.lower())):
            losses = to_node(self.call(y_true, y_pred))
            return weighted(losses, sample_weight, _AS_LOSSES[self.reduction])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the loss again."""
        return {"reduction": self.reduction, "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """The loss of those arguments."""
        return cls(**config)


class LossFunctionWrapper(Loss):
    """A loss that is a function of labels and predictions, with its options."""

    def __init__(self, fn: Callable[..., Any], reduction: str = Reduction.AUTO, name: str | None = None, **kwargs: Any):
        super().__init__(reduction, name)
        self.fn, self._fn_kwargs = fn, kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """What the function gives for each row, of labels and predictions of one rank."""
        z, y = aligned(y_true, y_pred)
        return self.fn(z, y, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the loss again."""
        return {**super().get_config(), **self._fn_kwargs}


def aligned(y_true: Any, y_pred: Any) -> tuple[Node, Node]:
    """Labels and predictions without a last dimension of 1 that one of them has more than the other."""
    y = to_node(y_pred)
    z = y_true if isinstance(y_true, Node) else to_node(y_true)
    if z.type.shape is not None and y.type.shape is not None:
        more = len(y.type.shape) - len(z.type.shape)
        if more == 1 and y.type.shape[-1] == 1:
            y = squeeze(y, axis=-1)
        elif more == -1 and z.type.shape[-1] == 1:
            z = squeeze(z, axis=-1)
    return z, y


def weighted(losses: Node, weights: Any, reduction: str) -> Node:
    """Losses by their weights, reduced; weights have a last dimension of 1 more or less than the losses, or fewer dimensions."""
    return compute_weighted_loss(losses, 1.0 if weights is None else fitting(weights, losses), loss_collection=None, reduction=reduction)


def fitting(weights: Any, values: Node) -> Node:
    """Weights of the rank of the values. ShapeError: no axis of the values goes with one of theirs."""
    w = weights if isinstance(weights, Node) else to_node(weights, values.dtype)
    rank, wanted = w.type.rank, values.type.rank
    if rank is None or wanted is None or rank in (0, wanted):
        return w
    if rank == wanted + 1 and w.type.shape is not None and w.type.shape[-1] in (1, None):
        return squeeze(w, axis=-1)
    if rank > wanted:
        raise ShapeError(f"the weights {describe(w)} do not fit the losses {describe(values)}{here()}")
    for _ in range(wanted - rank):
        w = expand_dims(w, axis=-1)
    return w
