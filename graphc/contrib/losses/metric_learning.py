"""`tf.contrib.losses.metric_learning`: losses that bring embeddings of one class together, and those of others apart."""

from __future__ import annotations

from typing import Any

from ...errors import DTypeError, ShapeError
from ...ir.arguments import hold as _hold
from ...ir.graph import name_scope
from ...ir.node import Node, describe, here
from ...ir.operator import to_node
from ...ops.array import expand_dims, eye, identity, reshape, shape, stack, transpose
from ...ops.debug import Print
from ...ops.linalg_matmul import matmul
from ...ops.math import cast, equal, exp, greater, less_equal, log, logical_and, logical_not, maximum, minimum, sqrt, square, where
from ...ops.nn_losses import softmax_cross_entropy_with_logits
from ...ops.reduce import reduce_any, reduce_max, reduce_mean, reduce_min, reduce_sum
from ...ops.sparse_dense import sparse_tensor_to_dense
from ...ops.sparse_tensor import SparseTensor
from ...tf1_names import namespace as _namespace

__all__ = ["contrastive_loss", "lifted_struct_loss", "npairs_loss", "npairs_loss_multilabel", "triplet_semihard_loss"]


def _embedded(what: str, x: Any) -> Node:
    """Embeddings, float[n, k]. DTypeError: not floating. ShapeError: no matrix."""
    node = to_node(x)
    if node.type.dtype.kind != "f":
        raise DTypeError(f"{what}: the embeddings {describe(node)} are not floating{here()}")
    if node.type.rank not in (None, 2):
        raise ShapeError(f"{what}: the embeddings {describe(node)} are no matrix{here()}")
    return node


def _alike(what: str, labels: Any) -> Node:
    """Which two of n labels are equal: bool[n, n]. ShapeError: no vector."""
    node = to_node(labels)
    if node.type.rank != 1:
        raise ShapeError(f"{what}: the labels {describe(node)} are no vector{here()}")
    column = expand_dims(node, 1)
    return equal(column, transpose(column))


def _distances(x: Node, squared: bool = False) -> Node:
    """The distance of two rows each: float[n, n]; where it is 0 the root has no derivative, and here the derivative 0."""
    lengths = reduce_sum(square(x), 1, True)
    found = maximum(lengths + transpose(lengths) - 2.0 * matmul(x, x, transpose_b=True), 0.0)
    apart = cast(logical_not(less_equal(found, 0.0)), x.dtype)
    if not squared:
        found = sqrt(found + (1.0 - apart) * 1e-16)
    return found * apart * (1.0 - eye(shape(x)[0], dtype=x.dtype))


def contrastive_loss(labels: Any, embeddings_anchor: Any, embeddings_positive: Any, margin: float = 1.0) -> Node:
    """The mean of d^2 of pairs with label 1, of max(margin - d, 0)^2 of those with label 0, d their distance: float[n, k] twice -> float[].

    DTypeError: embeddings that are not floating. ShapeError: no matrices. Source: Hadsell et al. (2006).

    >>> loss = tf.contrib.losses.metric_learning.contrastive_loss([1, 0], [[0.0, 0.0], [0.0, 0.0]], [[3.0, 4.0], [0.0, 0.5]])
    >>> tf.Session(jit=False).run(loss)
    np.float32(12.625)
    """
    anchor, positive = (_embedded("contrastive_loss", x) for x in (embeddings_anchor, embeddings_positive))
    distances = sqrt(reduce_sum(square(anchor - positive), 1))
    same = cast(labels, distances.dtype)
    return reduce_mean(same * square(distances) + (1.0 - same) * square(maximum(margin - distances, 0.0)), name="contrastive_loss")


def triplet_semihard_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Node:
    """The mean of max(margin + d(a, p) - d(a, n), 0) of all pairs of one class: labels: int[n], embeddings: float[n, k] -> float[].

    d: squared distances; n: the nearest of another class that is farther than p, or, if there is none, the farthest of another class. DTypeError:
    embeddings that are not floating. ShapeError: labels that are no vector, embeddings that are no matrix. Source: Schroff et al. (2015), FaceNet.

    >>> loss = tf.contrib.losses.metric_learning.triplet_semihard_loss([0, 0, 1], [[0.0], [1.0], [1.5]])
    >>> tf.Session(jit=False).run(loss)
    np.float32(0.875)
    """
    x = _embedded("triplet_semihard_loss", embeddings)
    same = _alike("triplet_semihard_loss", labels)
    d = _distances(x, squared=True)
    # [a, p, n]: whether n is of another class than a, and farther from it than p.
    outside = logical_and(expand_dims(logical_not(same), 1), greater(expand_dims(d, 1), expand_dims(d, 2)))
    farthest = reduce_max(d, 1, True)
    nearest_outside = reduce_min(where(outside, expand_dims(d, 1), expand_dims(farthest, 2)), 2)
    least = reduce_min(d, 1, True)
    farthest_inside = reduce_max(where(same, least, d), 1, True)
    negatives = where(reduce_any(outside, 2), nearest_outside, farthest_inside)
    positives = cast(same, x.dtype) - eye(shape(x)[0], dtype=x.dtype)
    terms = maximum((margin + d - negatives) * positives, 0.0)
    return identity(reduce_sum(terms) / reduce_sum(positives), name="triplet_semihard_loss")


def _paired(what: str, alike: Node, anchor: Node, positive: Node, reg_lambda: float, print_losses: bool) -> Node:
    """The cross entropy of the products of all pairs with shares of those that are alike, and a penalty on the lengths."""
    penalty = 0.25 * reg_lambda * (reduce_mean(reduce_sum(square(anchor), 1)) + reduce_mean(reduce_sum(square(positive), 1)))
    shares = alike / reduce_sum(alike, 1, True)
    entropy = reduce_mean(softmax_cross_entropy_with_logits(labels=shares, logits=matmul(anchor, positive, transpose_b=True)))
    if print_losses:
        entropy = Print(entropy, ["cross entropy:", entropy, "l2loss:", penalty])
    return identity(penalty + entropy, name=what)


def npairs_loss(labels: Any, embeddings_anchor: Any, embeddings_positive: Any, reg_lambda: float = 0.002, print_losses: bool = False) -> Node:
    """The cross entropy of the products of all pairs with those whose labels are equal, and `reg_lambda` / 4 of the squared lengths.

    labels: int[n], embeddings: float[n, k] -> float[]. DTypeError: embeddings that are not floating. ShapeError: labels that are no vector,
    embeddings that are no matrices. Source: Sohn (2016).
    """
    anchor, positive = (_embedded("npairs_loss", x) for x in (embeddings_anchor, embeddings_positive))
    return _paired("npairs_loss", cast(_alike("npairs_loss", labels), anchor.dtype), anchor, positive, reg_lambda, print_losses)


def npairs_loss_multilabel(sparse_labels: Any, embeddings_anchor: Any, embeddings_positive: Any, reg_lambda: float = 0.002,
                           print_losses: bool = False) -> Node:
    """`npairs_loss` of pairs with several labels each, SparseTensors of counts: alike to the share of labels that two have in common.

    DTypeError: labels that are no SparseTensors, embeddings that are not floating. ShapeError: no matrices.
    """
    if not all(isinstance(one, SparseTensor) for one in sparse_labels):
        raise DTypeError(f"npairs_loss_multilabel: the labels are a list of SparseTensors, not {sparse_labels!r:.60}{here()}")
    anchor, positive = (_embedded("npairs_loss_multilabel", x) for x in (embeddings_anchor, embeddings_positive))
    with name_scope("NpairsLossMultiLabel"):
        counts = stack([reshape(cast(sparse_tensor_to_dense(one), anchor.dtype), [-1]) for one in sparse_labels])
        common = reduce_sum(minimum(expand_dims(counts, 0), expand_dims(counts, 1)), 2)
        return _paired("npairs_loss_multilabel", common, anchor, positive, reg_lambda, print_losses)


def lifted_struct_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Node:
    """The mean over pairs of one class of max(d + log of the sum of exp(margin - d) over what is of another than one of them, 0)^2 / 2.

    labels: int[n], embeddings: float[n, k] -> float[]. DTypeError: embeddings that are not floating. ShapeError: labels that are no vector,
    embeddings that are no matrix. Source: Oh Song et al. (2016).
    """
    x = _embedded("lifted_struct_loss", embeddings)
    same = _alike("lifted_struct_loss", labels)
    d = _distances(x)
    others = cast(logical_not(same), x.dtype)
    gaps = margin - d
    least = reduce_min(gaps, 1, True)
    most = reduce_max((gaps - least) * others, 1, True) + least
    top = maximum(most, transpose(most))
    # [i, j]: the sum over what is of another class than i, in units of the greatest term for i and j.
    sums = reduce_sum(exp(expand_dims(gaps, 1) - expand_dims(top, 2)) * expand_dims(others, 1), 2)
    terms = top + log(sums + transpose(sums)) + d
    positives = cast(same, x.dtype) - eye(shape(x)[0], dtype=x.dtype)
    return identity(0.25 * reduce_sum(square(maximum(terms * positives, 0.0))) / (reduce_sum(positives) / 2.0), name="liftedstruct_loss")


_hold(globals(), __all__)

_namespace(globals())
