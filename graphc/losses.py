"""`tf.losses`: losses that are weighted, reduced to a number, and collected."""

from __future__ import annotations

from typing import Any

from . import nn
from .errors import DTypeError, GraphError, ShapeError
from .ir.arguments import hold as _hold
from .ir.collecting import GraphKeys
from .ir.graph import get_default_graph, name_scope
from .ir.node import Node, describe, here
from .ir.operator import to_node
from .ops.array import broadcast_to, ones_like, size, squeeze, stop_gradient
from .ops.array import shape as shape_of
from .ops.contract import held
from .ops.math import abs, add_n, cast, choose, div_no_nan, greater, log, maximum, minimum, multiply, not_equal, square, subtract
from .ops.reduce import reduce_sum
from .ops.sources import constant
from .tf1_names import namespace as _namespace

__all__ = ["Reduction", "absolute_difference", "add_loss", "compute_weighted_loss", "cosine_distance", "get_losses", "get_regularization_loss",
           "get_regularization_losses", "get_total_loss", "hinge_loss", "huber_loss", "log_loss", "mean_pairwise_squared_error",
           "mean_squared_error", "sigmoid_cross_entropy", "softmax_cross_entropy", "sparse_softmax_cross_entropy"]


class Reduction:
    """How weighted losses become one number.

    `NONE`: they stay as they are. `SUM`: their sum. The others divide it: `MEAN` by the sum of the weights, `SUM_OVER_BATCH_SIZE` by the number
    of losses, `SUM_BY_NONZERO_WEIGHTS` by the number of those whose weight is not 0; by 0 the result is 0.
    """

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All of them."""
        return cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE, cls.SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def validate(cls, key: Any) -> None:
        """GraphError: it is none of them."""
        if key not in cls.all():
            raise GraphError(f"{key!r:.60} is no reduction of losses; there are {', '.join(cls.all())}{here()}")


_BY_NONZERO = Reduction.SUM_BY_NONZERO_WEIGHTS


# ---------------------------------------------------------------------- operands

def _floating(what: str, value: Any, name: str) -> Node:
    """A tensor of a floating dtype, float32 for numbers of other kinds."""
    if value is None:
        raise GraphError(f"{what}: {name} is None{here()}")
    x = to_node(value)
    if x.type.dtype.hasobject:
        raise DTypeError(f"{what}: {describe(x)} holds no numbers{here()}")
    return x if x.type.dtype.kind == "f" else cast(x, "float32")


def _alike(what: str, labels: Any, predictions: Any, names: tuple[str, str] = ("labels", "predictions")) -> tuple[Node, Node]:
    """Labels and predictions in the dtype of the predictions, of one shape, which a run checks where the graph does not tell."""
    y = _floating(what, predictions, names[1])
    z = _floating(what, labels, names[0])
    z = z if z.type.dtype == y.type.dtype else cast(z, y.dtype)
    return held(f"losses.{what}", "same", z, y), y


def _weights_of(weights: Any, values: Node, what: str) -> Node:
    w = to_node(weights, None if isinstance(weights, Node) else values.dtype)
    w = w if w.type.dtype == values.type.dtype else cast(w, values.dtype)
    return held(f"losses.{what}", "covered", w, values) if w.type.rank != 0 else w


def _present(weights: Node, values: Node) -> Node:
    """1 for each value whose weight is not 0, else 0."""
    return broadcast_to(cast(not_equal(weights, 0.0), values.dtype), shape_of(values))


# ---------------------------------------------------------------------- reduction

def compute_weighted_loss(losses: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: str | None = GraphKeys.LOSSES,
                          reduction: str = _BY_NONZERO) -> Node:
    """losses * weights, reduced, and put into the collection.

    losses: number[...], weights: number[], or of the rank of the losses with 1 for some sizes -> floating[]. `loss_collection`: None for none.
    GraphError: no such reduction. ShapeError: the weights do not fit; InvalidArgumentError where only a run can tell. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.losses.compute_weighted_loss([1.0, 2.0, 6.0], weights=[1.0, 1.0, 0.0]))
    np.float32(1.5)
    """
    return _weighted("compute_weighted_loss", _floating("compute_weighted_loss", losses, "losses"), weights, scope, loss_collection, reduction)


def _weighted(what: str, losses: Node, weights: Any, scope: str | None, collection: str | None, reduction: str) -> Node:
    Reduction.validate(reduction)
    w = _weights_of(weights, losses, what)
    with name_scope(scope, "weighted_loss"):
        scaled = multiply(losses, w)
        if reduction == Reduction.NONE:
            loss = scaled
        else:
            total = reduce_sum(scaled)
            if reduction == Reduction.SUM:
                loss = total
            elif reduction == Reduction.MEAN:
                loss = div_no_nan(total, reduce_sum(ones_like(losses) * w), name="value")
            else:
                count = cast(size(losses, out_type="int64"), losses.dtype)
                if reduction == _BY_NONZERO:
                    count = cast(not_equal(w, 0.0), losses.dtype) * count if w.type.rank == 0 else reduce_sum(_present(w, losses))
                loss = div_no_nan(total, count, name="value")
    add_loss(loss, collection)
    return loss


def add_loss(loss: Node, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """Put a loss into a collection, if one is named. DTypeError: no tensor.

    >>> tf.losses.add_loss(tf.constant(1.0, name="extra"))
    >>> tf.losses.get_losses("extra")[0].name
    'extra:0'
    """
    if not isinstance(loss, Node):
        raise DTypeError(f"add_loss: {loss!r:.60} is no tensor{here()}")
    if loss_collection:
        loss.graph.add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Node]:
    """The losses that were collected (whose names begin with `scope`)."""
    return get_default_graph().get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Node]:
    """The losses of regularizers (whose names begin with `scope`)."""
    return get_default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Node:
    """The sum of the losses of regularizers, 0 if there are none. ShapeError, DTypeError: they cannot be added."""
    losses = get_regularization_losses(scope)
    return add_n(losses, name=name) if losses else constant(0.0, name=name)


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None) -> Node:
    """The sum of all losses that were collected, those of regularizers too. GraphError: there is none. ShapeError, DTypeError: as `tf.add_n`.

    >>> with tf.Graph().as_default():
    ...     _ = tf.losses.mean_squared_error([1.0], [3.0]), tf.losses.absolute_difference([1.0], [3.0])
    ...     print(tf.Session(jit=False).run(tf.losses.get_total_loss()))
    6.0
    """
    losses = get_losses(scope)
    return add_n(losses + get_regularization_losses(scope) if add_regularization_losses else losses, name=name)


# ---------------------------------------------------------------------- losses

def absolute_difference(labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
                        loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _BY_NONZERO) -> Node:
    """|predictions - labels|, weighted and reduced as by `compute_weighted_loss`.

    labels, predictions: number[...] -> floating[]. ShapeError, GraphError, DTypeError: as `compute_weighted_loss`, and of shapes that differ.

    >>> tf.Session(jit=False).run(tf.losses.absolute_difference([1.0, 2.0], [2.0, 5.0]))
    np.float32(2.0)
    """
    with name_scope(scope, "absolute_difference") as inside:
        z, y = _alike("absolute_difference", labels, predictions)
        return _weighted("absolute_difference", abs(subtract(y, z)), weights, inside, loss_collection, reduction)


def cosine_distance(labels: Any, predictions: Any, axis: int | None = None, weights: Any = 1.0, scope: str | None = None,
                    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _BY_NONZERO, dim: int | None = None) -> Node:
    """1 - sum(predictions * labels) along `axis`, of vectors that have length 1 already; weighted and reduced.

    labels, predictions: number[...] -> floating[]; the weights are for losses whose size along `axis` is 1. GraphError: no axis. ShapeError,
    DTypeError: as `compute_weighted_loss`, and of shapes that differ.

    >>> tf.Session(jit=False).run(tf.losses.cosine_distance([[1.0, 0.0]], [[0.0, 1.0]], axis=1))
    np.float32(1.0)
    """
    axis = axis if axis is not None else dim
    if axis is None:
        raise GraphError(f"cosine_distance: axis is not given{here()}")
    with name_scope(scope, "cosine_distance_loss") as inside:
        z, y = _alike("cosine_distance", labels, predictions)
        losses = 1.0 - reduce_sum(multiply(y, z), axis=axis, keepdims=True)
        return _weighted("cosine_distance", losses, weights, inside, loss_collection, reduction)


def hinge_loss(labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: str | None = GraphKeys.LOSSES,
               reduction: str = _BY_NONZERO) -> Node:
    """max(0, 1 - t * logits) of labels 0 and 1, for which t is -1 and 1; weighted and reduced.

    labels, logits: number[...] -> floating[]. ShapeError, GraphError, DTypeError: as `compute_weighted_loss`, and of shapes that differ.

    >>> tf.Session(jit=False).run(tf.losses.hinge_loss([1.0, 0.0], [0.5, 0.5]))
    np.float32(1.0)
    """
    with name_scope(scope, "hinge_loss") as inside:
        z, x = _alike("hinge_loss", labels, logits, ("labels", "logits"))
        return _weighted("hinge_loss", nn.relu(1.0 - (2.0 * z - 1.0) * x), weights, inside, loss_collection, reduction)


def huber_loss(labels: Any, predictions: Any, weights: Any = 1.0, delta: float = 1.0, scope: str | None = None,
               loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _BY_NONZERO) -> Node:
    """Half the square of the error as far as `delta`, and beyond it delta * |error| - delta^2 / 2 (Huber 1964); weighted and reduced.

    labels, predictions: number[...] -> floating[]. ShapeError, GraphError, DTypeError: as `compute_weighted_loss`, and of shapes that differ.

    >>> tf.Session(jit=False).run(tf.losses.huber_loss([0.0, 0.0], [0.5, 3.0], reduction=tf.losses.Reduction.NONE))
    array([0.125, 2.5  ], dtype=float32)
    """
    with name_scope(scope, "huber_loss") as inside:
        z, y = _alike("huber_loss", labels, predictions)
        error = abs(subtract(y, z))
        inner = minimum(error, delta)
        losses = 0.5 * square(inner) + delta * (error - inner)
        return _weighted("huber_loss", losses, weights, inside, loss_collection, reduction)


def log_loss(labels: Any, predictions: Any, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None,
             loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _BY_NONZERO) -> Node:
    """-labels * log(predictions + epsilon) - (1 - labels) * log(1 - predictions + epsilon), of probabilities; weighted and reduced.

    labels, predictions: number[...] -> floating[]. ShapeError, GraphError, DTypeError: as `compute_weighted_loss`, and of shapes that differ.

    >>> tf.Session(jit=False).run(tf.losses.log_loss([1.0], [0.5]))
    np.float32(0.693...)
    """
    with name_scope(scope, "log_loss") as inside:
        z, y = _alike("log_loss", labels, predictions)
        losses = -(z * log(y + epsilon)) - (1.0 - z) * log(1.0 - y + epsilon)
        return _weighted("log_loss", losses, weights, inside, loss_collection, reduction)


def mean_squared_error(labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
                       loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _BY_NONZERO) -> Node:
    """(predictions - labels)^2, weighted and reduced as by `compute_weighted_loss`.

    labels, predictions: number[...] -> floating[]. ShapeError, GraphError, DTypeError: as `compute_weighted_loss`, and of shapes that differ.

    >>> tf.Session(jit=False).run(tf.losses.mean_squared_error([1.0, 2.0], [2.0, 5.0]))
    np.float32(5.0)
    """
    with name_scope(scope, "mean_squared_error") as inside:
        z, y = _alike("mean_squared_error", labels, predictions)
        return _weighted("mean_squared_error", square(subtract(y, z)), weights, inside, loss_collection, reduction)


def mean_pairwise_squared_error(labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
                                loss_collection: str | None = GraphKeys.LOSSES) -> Node:
    """The mean of (d_i - d_j)^2 over the pairs of a row's errors d = predictions - labels, summed over rows (Eigen et al. 2014, equation 1).

    labels, predictions: number[n, ...], weights: number[] or number[n, 1, ...] -> floating[]. ShapeError: of unknown rank, or shapes that
    differ. GraphError, DTypeError: as `compute_weighted_loss`.

    >>> tf.Session(jit=False).run(tf.losses.mean_pairwise_squared_error([[0.0, 0.0]], [[1.0, 3.0]]))
    np.float32(4.0)
    """
    with name_scope(scope, "mean_pairwise_squared_error"):
        z, y = _alike("mean_pairwise_squared_error", labels, predictions)
        d = subtract(y, z)
        if d.type.rank is None or d.type.rank < 2:
            raise ShapeError(f"mean_pairwise_squared_error: {describe(d)} is not known to have rows of several errors{here()}")
        w = _weights_of(weights, d, "mean_pairwise_squared_error")
        inner = tuple(range(1, d.type.rank))
        count = reduce_sum(_present(w, d), axis=inner, keepdims=True)
        squares, total = reduce_sum(square(d), axis=inner, keepdims=True), reduce_sum(d, axis=inner, keepdims=True)
        less = maximum(count - 1.0, 0.0)
        pairs = 2.0 * div_no_nan(squares, less) - 2.0 * div_no_nan(square(total), count * less)
        loss = reduce_sum(pairs * w)
        loss = choose(greater(reduce_sum(count), 0.0), loss, 0.0, name="value")
        add_loss(loss, loss_collection)
        return loss


def sigmoid_cross_entropy(multi_class_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
                          loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _BY_NONZERO) -> Node:
    """`tf.nn.sigmoid_cross_entropy_with_logits`, weighted and reduced; `label_smoothing` moves labels towards 1/2.

    multi_class_labels, logits: number[...] -> floating[]. ShapeError, GraphError, DTypeError: as `compute_weighted_loss`, and of shapes that
    differ.

    >>> tf.Session(jit=False).run(tf.losses.sigmoid_cross_entropy([1.0], [0.0]))
    np.float32(0.693...)
    """
    with name_scope(scope, "sigmoid_cross_entropy_loss") as inside:
        z, x = _alike("sigmoid_cross_entropy", multi_class_labels, logits, ("multi_class_labels", "logits"))
        if label_smoothing:
            z = z * (1.0 - label_smoothing) + 0.5 * label_smoothing
        losses = nn.sigmoid_cross_entropy_with_logits(labels=z, logits=x, name="xentropy")
        return _weighted("sigmoid_cross_entropy", losses, weights, inside, loss_collection, reduction)


def softmax_cross_entropy(onehot_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
                          loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _BY_NONZERO) -> Node:
    """`tf.nn.softmax_cross_entropy_with_logits`, weighted and reduced; `label_smoothing` moves labels towards 1 / classes.

    onehot_labels, logits: number[n, classes], weights: number[] or number[n] -> floating[]. The labels count as constants. ShapeError,
    GraphError, DTypeError: as `compute_weighted_loss`, and of shapes that differ.

    >>> tf.Session(jit=False).run(tf.losses.softmax_cross_entropy([[1.0, 0.0]], [[0.0, 0.0]]))
    np.float32(0.693...)
    """
    with name_scope(scope, "softmax_cross_entropy_loss") as inside:
        z, x = _alike("softmax_cross_entropy", onehot_labels, logits, ("onehot_labels", "logits"))
        if label_smoothing:
            classes = cast(shape_of(z)[-1], z.dtype)
            z = z * (1.0 - label_smoothing) + label_smoothing / classes
        losses = nn.softmax_cross_entropy_with_logits_v2(labels=stop_gradient(z), logits=x, name="xentropy")
        return _weighted("softmax_cross_entropy", losses, weights, inside, loss_collection, reduction)


def sparse_softmax_cross_entropy(labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None,
                                 loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _BY_NONZERO) -> Node:
    """`tf.nn.sparse_softmax_cross_entropy_with_logits`, weighted and reduced.

    labels: int[n] or int[n, 1], logits: float[n, classes], weights: number[] or number[n] -> floating[]. ShapeError, GraphError, DTypeError:
    as `compute_weighted_loss`, and of labels that do not fit. InvalidArgumentError, when run: a label that is no class.

    >>> tf.Session(jit=False).run(tf.losses.sparse_softmax_cross_entropy([1], [[0.0, 0.0]]))
    np.float32(0.693...)
    """
    with name_scope(scope, "sparse_softmax_cross_entropy_loss") as inside:
        if labels is None:
            raise GraphError(f"sparse_softmax_cross_entropy: labels is None{here()}")
        x, z = _floating("sparse_softmax_cross_entropy", logits, "logits"), to_node(labels)
        if x.type.rank is not None and z.type.rank == x.type.rank and z.type.shape is not None and z.type.shape[-1] in (1, None):
            z = squeeze(z, axis=-1)
        losses = nn.sparse_softmax_cross_entropy_with_logits(labels=z, logits=x, name="xentropy")
        w = to_node(weights, None if isinstance(weights, Node) else losses.dtype)
        if w.type.rank is not None and losses.type.rank is not None and w.type.rank == losses.type.rank + 1:
            w = squeeze(w, axis=-1)
        return _weighted("sparse_softmax_cross_entropy", losses, w, inside, loss_collection, reduction)


_hold(globals(), __all__)

_namespace(globals())
