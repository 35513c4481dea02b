"""`tf.contrib.factorization`: k-means clustering, as a graph and as an estimator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import estimator as core
from ..errors import ArgumentError, ShapeError
from ..ir.arguments import hold as _hold
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..nn import l2_normalize
from ..ops.array import concat, expand_dims, gather, identity, ones_like, shape
from ..ops.clusters import kmeans_plus_plus_initialization
from ..ops.control_flow import cond
from ..ops.linalg import matmul
from ..ops.math import cast, logical_not, maximum, square
from ..ops.positions import argmin
from ..ops.random import random_uniform
from ..ops.reduce import reduce_min, reduce_sum
from ..ops.segments import unsorted_segment_sum
from ..ops.state import Variable, assign, assign_add, group
from ..tf1_names import namespace as _namespace
from ..train.hooks import SessionRunArgs, SessionRunHook
from ..train.steps import get_global_step

__all__ = ["COSINE_DISTANCE", "KMEANS_PLUS_PLUS_INIT", "KMeans", "KMeansClustering", "RANDOM_INIT", "SQUARED_EUCLIDEAN_DISTANCE"]

__path__: list[str] = []           # a package: programs import modules from within, `contrib.factorization.python`

SQUARED_EUCLIDEAN_DISTANCE = "squared_euclidean"
COSINE_DISTANCE = "cosine"
RANDOM_INIT = "random"
KMEANS_PLUS_PLUS_INIT = "kmeans_plus_plus"
CLUSTERS_VAR_NAME = "clusters"


class KMeans:
    """k-means clustering of the rows of `inputs`: `training_graph` makes the operations.

    `initial_clusters`: "random", "kmeans_plus_plus", the clusters themselves, or a function of inputs and their number. `distance_metric`:
    "squared_euclidean" or "cosine". `use_mini_batch`: each step moves clusters towards a batch's means, by how many rows they have had.
    ArgumentError: arguments that are none. ShapeError: inputs that are no matrix of known width.
    """

    def __init__(self, inputs: Any, num_clusters: int, initial_clusters: Any = RANDOM_INIT, distance_metric: str = SQUARED_EUCLIDEAN_DISTANCE,
                 use_mini_batch: bool = False, mini_batch_steps_per_iteration: int = 1, random_seed: int = 0,
                 kmeans_plus_plus_num_retries: int = 2, kmc2_chain_length: int = 200):
        if distance_metric not in (SQUARED_EUCLIDEAN_DISTANCE, COSINE_DISTANCE):
            raise ArgumentError(f"KMeans: distance_metric is 'squared_euclidean' or 'cosine', not {distance_metric!r:.60}{here()}")
        if isinstance(initial_clusters, str) and initial_clusters not in (RANDOM_INIT, KMEANS_PLUS_PLUS_INIT):
            raise ArgumentError(f"KMeans: initial_clusters is 'random', 'kmeans_plus_plus', an array or a function, not "
                                f"{initial_clusters!r:.60}{here()}")
        if isinstance(num_clusters, bool) or not isinstance(num_clusters, (int, np.integer)) or num_clusters < 1:
            raise ArgumentError(f"KMeans: num_clusters is a whole number of 1 or more, not {num_clusters!r:.60}{here()}")
        if use_mini_batch and mini_batch_steps_per_iteration != 1:
            raise ArgumentError(f"KMeans: mini_batch_steps_per_iteration is 1, not {mini_batch_steps_per_iteration!r:.60}{here()}")
        self._inputs = [to_node(x) for x in (inputs if isinstance(inputs, (list, tuple)) and isinstance(inputs[0], Node) else [inputs])]
        for x in self._inputs:
            if x.type.rank != 2 or x.type.shape is None or x.type.shape[1] is None or x.type.dtype.kind != "f":
                raise ShapeError(f"KMeans: {describe(x)} is no matrix of floats of known width{here()}")
        self._count, self._initial, self._cosine = int(num_clusters), initial_clusters, distance_metric == COSINE_DISTANCE
        self._mini, self._seed, self._retries = use_mini_batch, random_seed, kmeans_plus_plus_num_retries

    def training_graph(self) -> tuple[Any, ...]:
        """Of each input the distances from all clusters, the nearest cluster and its distance; whether clusters have begun, their centres, the
        operation that lets them begin, and the one that moves them.
        """
        inputs = [l2_normalize(x, 1) for x in self._inputs] if self._cosine else self._inputs
        width, dtype = int(inputs[0].type.shape[1]), inputs[0].type.dtype
        centres = Variable(np.zeros((self._count, width), dtype), name=CLUSTERS_VAR_NAME, trainable=False)
        begun = Variable(False, name="initialized", trainable=False)
        found = [self._nearest(x, centres) for x in inputs]
        start = cond(logical_not(begun), lambda: self._start(inputs), lambda: identity(centres))
        init = group(assign(centres, start), assign(begun, True), name="initialize_clusters")
        places = [at for _, at, _ in found]
        step = self._mini_step(inputs, places, centres) if self._mini else self._whole_step(inputs, places, centres)
        return [d for d, _, _ in found], places, [s for _, _, s in found], identity(begun), centres, init, step

    def _nearest(self, x: Node, centres: Any) -> tuple[Node, Node, Node]:
        """The distances of each row from all clusters, the nearest, and its distance."""
        if self._cosine:
            far = 1.0 - matmul(x, l2_normalize(centres, 1), transpose_b=True)
        else:
            far = expand_dims(reduce_sum(square(x), axis=1), 1) - 2.0 * matmul(x, centres, transpose_b=True)
            far = maximum(far + expand_dims(reduce_sum(square(centres), axis=1), 0), np.zeros((), x.type.dtype))
        return far, argmin(far, axis=1), reduce_min(far, axis=1)

    def _start(self, inputs: Sequence[Node]) -> Node:
        points = inputs[0] if len(inputs) == 1 else concat(list(inputs), 0)
        if callable(self._initial):
            return to_node(self._initial(list(inputs), self._count), points.dtype)
        if not isinstance(self._initial, str):
            made = to_node(self._initial, points.dtype)
            return l2_normalize(made, 1) if self._cosine else made
        if self._initial == RANDOM_INIT:
            return gather(points, random_uniform([self._count], 0, shape(points, out_type="int64")[0], dtype="int64", seed=self._seed))
        return kmeans_plus_plus_initialization(points, count=self._count, seed=self._seed, retries=self._retries)

    def _totals(self, x: Node, places: Node) -> tuple[Node, Node]:
        """Of each cluster the sum of the rows that are nearest to it, and how many there are."""
        ones = ones_like(expand_dims(cast(places, dtype=x.type.dtype), 1))
        return unsorted_segment_sum(x, places, self._count), unsorted_segment_sum(ones, places, self._count)

    def _whole_step(self, inputs: Sequence[Node], places: Sequence[Node], centres: Any) -> Any:
        totals = [self._totals(x, at) for x, at in zip(inputs, places, strict=True)]
        sums, counts = (sum(parts[1:], parts[0]) for parts in zip(*totals, strict=True))
        means = sums / (counts + np.asarray(1e-6, sums.type.dtype))
        return assign(centres, l2_normalize(means, 1) if self._cosine else means).op

    def _mini_step(self, inputs: Sequence[Node], places: Sequence[Node], centres: Any) -> Any:
        had = Variable(np.zeros((self._count, 1), inputs[0].type.dtype), name="update_counts", trainable=False)
        totals = [self._totals(x, at) for x, at in zip(inputs, places, strict=True)]
        sums, counts = (sum(parts[1:], parts[0]) for parts in zip(*totals, strict=True))
        rate = 1.0 / maximum(had + counts, np.ones((), sums.type.dtype))
        return group(assign_add(centres, (sums - counts * centres) * rate), assign_add(had, counts))


# ---------------------------------------------------------------------- an estimator

class BeginHook(SessionRunHook):
    """Lets the clusters begin before the first step."""

    def __init__(self, init: Any, begun: Any):
        self._init, self._begun = init, begun

    def after_create_session(self, session: Any, coord: Any) -> None:
        if not session.run(self._begun):
            session.run(self._init)


class SettledHook(SessionRunHook):
    """Ends training when the loss falls by less than a part of itself."""

    def __init__(self, loss: Any, tolerance: float):
        self._loss, self._tolerance, self._before = loss, tolerance, None

    def before_run(self, run_context: Any) -> Any:
        return SessionRunArgs(self._loss)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        loss, before = run_values.results, self._before
        self._before = loss
        if before is not None and abs(before - loss) / (loss + 1e-6) < self._tolerance:
            run_context.request_stop()


class Clustering(NamedTuple):
    """What a model of clusters gives, and how it is trained: both estimators are made of it."""

    distances: Node
    places: Node
    loss: Node
    train_op: Any
    score: tuple[Any, Any]
    hooks: list[Any]

    @staticmethod
    def of(points: KMeans, tolerance: float | None) -> Clustering:
        """That of the first input; `tolerance`: the part by which the loss falls at the least while training goes on."""
        distances, places, scores, begun, _, init, step = points.training_graph()
        loss = reduce_sum(scores[0])
        hooks: list[Any] = [BeginHook(init, begun), *([] if tolerance is None else [SettledHook(loss, tolerance)])]
        return Clustering(distances[0], places[0], loss, group(step, assign_add(get_global_step(), 1)), _sum_of(loss), hooks)


class KMeansClustering(core.Estimator):
    """k-means clustering, trained by the features that an input function gives: a matrix, or several of a dict side by side.

    Predictions: all_distances, cluster_index. Arguments as of `KMeans`; `relative_tolerance`: training ends when the sum of the distances changes
    by less than that part. ArgumentError: arguments that are none, by `train`.

    >>> points = np.float32([[0, 0], [0, 1], [9, 9], [9, 8]])
    >>> given = lambda: tf.data.Dataset.from_tensors(points)
    >>> model = tf.contrib.factorization.KMeansClustering(2, initial_clusters=points[1:3], use_mini_batch=False)
    >>> _ = [model.train(given) for _ in range(3)]
    >>> model.cluster_centers().round(2)
    array([[0. , 0.5],
           [9. , 8.5]], dtype=float32)
    """

    SQUARED_EUCLIDEAN_DISTANCE = SQUARED_EUCLIDEAN_DISTANCE
    COSINE_DISTANCE = COSINE_DISTANCE
    RANDOM_INIT = RANDOM_INIT
    KMEANS_PLUS_PLUS_INIT = KMEANS_PLUS_PLUS_INIT
    SCORE = "score"
    CLUSTER_INDEX = "cluster_index"
    CLUSTER_CENTERS_VAR_NAME = CLUSTERS_VAR_NAME
    ALL_DISTANCES = "all_distances"

    def __init__(self, num_clusters: int, model_dir: Any = None, initial_clusters: Any = RANDOM_INIT,
                 distance_metric: str = SQUARED_EUCLIDEAN_DISTANCE, seed: int = 0, use_mini_batch: bool = True,
                 mini_batch_steps_per_iteration: int = 1, kmeans_plus_plus_num_retries: int = 2, relative_tolerance: float | None = None,
                 config: Any = None, feature_columns: Any = None):
        def model(features: Any, labels: Any, mode: str) -> core.EstimatorSpec:
            points = KMeans(matrix_of(features, feature_columns), num_clusters, initial_clusters, distance_metric, use_mini_batch,
                            mini_batch_steps_per_iteration, seed, kmeans_plus_plus_num_retries)
            found = Clustering.of(points, relative_tolerance)
            return core.EstimatorSpec(mode, {self.ALL_DISTANCES: found.distances, self.CLUSTER_INDEX: found.places}, found.loss, found.train_op,
                                      {self.SCORE: found.score}, training_hooks=found.hooks)
        super().__init__(model, model_dir, config)

    def predict_cluster_index(self, input_fn: Callable[..., Any]) -> Iterator[Any]:
        """The nearest cluster of each row. NotFoundError: the model is not trained."""
        for found in self.predict(input_fn, [self.CLUSTER_INDEX]):
            yield found[self.CLUSTER_INDEX]

    def transform(self, input_fn: Callable[..., Any]) -> Iterator[Any]:
        """The distances of each row from all clusters. NotFoundError: the model is not trained."""
        for found in self.predict(input_fn, [self.ALL_DISTANCES]):
            yield found[self.ALL_DISTANCES]

    def score(self, input_fn: Callable[..., Any]) -> Any:
        """The sum of the distances of the rows from their clusters. NotFoundError: the model is not trained."""
        return self.evaluate(input_fn)[self.SCORE]

    def cluster_centers(self) -> Any:
        """The centres. NotFoundError: the model is not trained."""
        return self.get_variable_value(CLUSTERS_VAR_NAME)


def matrix_of(features: Any, columns: Any) -> Any:
    if columns is not None:
        from ..feature_column import input_layer
        return input_layer(features, columns)
    parts = [features[k] for k in sorted(features)] if isinstance(features, dict) else [features]
    parts = [expand_dims(x, 1) if to_node(x).type.rank == 1 else to_node(x) for x in parts]
    return concat(parts, 1) if len(parts) > 1 else parts[0]


def _sum_of(value: Node) -> tuple[Any, Any]:
    """A metric: the sum over all batches."""
    from ..metrics.base import local_sum
    total = local_sum([], value.type.dtype, "score")
    return identity(total), assign_add(total, value)


_hold(globals(), ["KMeans", "KMeansClustering"])

_namespace(globals())
