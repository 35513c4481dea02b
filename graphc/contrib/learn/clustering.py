"""`tf.contrib.learn.KMeansClustering`: k-means clustering by `fit` and `predict`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..factorization import (
    CLUSTERS_VAR_NAME,
    COSINE_DISTANCE,
    KMEANS_PLUS_PLUS_INIT,
    RANDOM_INIT,
    SQUARED_EUCLIDEAN_DISTANCE,
    Clustering,
    KMeans,
    matrix_of,
)
from .estimator import Estimator
from .model_fn import ModelFnOps

__all__ = ["KMeansClustering"]


class KMeansClustering(Estimator):
    """k-means clustering by `fit(x)` or `fit(input_fn=...)`; predictions: all_scores, cluster_idx. Arguments as of `tf.contrib.factorization.KMeans`.

    ArgumentError, by `fit`: arguments that are none.

    >>> points = np.float32([[0, 0], [0, 1], [9, 9], [9, 8]])
    >>> model = tf.contrib.learn.KMeansClustering(2, initial_clusters=points[1:3], use_mini_batch=False).fit(points, steps=3)
    >>> [int(found["cluster_idx"]) for found in model.predict(points)]
    [0, 0, 1, 1]
    """

    SQUARED_EUCLIDEAN_DISTANCE = SQUARED_EUCLIDEAN_DISTANCE
    COSINE_DISTANCE = COSINE_DISTANCE
    RANDOM_INIT = RANDOM_INIT
    KMEANS_PLUS_PLUS_INIT = KMEANS_PLUS_PLUS_INIT
    SCORES = "scores"
    CLUSTER_IDX = "cluster_idx"
    CLUSTERS = CLUSTERS_VAR_NAME
    ALL_SCORES = "all_scores"
    LOSS_OP_NAME = "kmeans_loss"

    def __init__(self, num_clusters: int, model_dir: Any = None, initial_clusters: Any = RANDOM_INIT,
                 distance_metric: str = SQUARED_EUCLIDEAN_DISTANCE, random_seed: int = 0, use_mini_batch: bool = True,
                 mini_batch_steps_per_iteration: int = 1, kmeans_plus_plus_num_retries: int = 2, relative_tolerance: float | None = None,
                 config: Any = None):
        def model(features: Any, labels: Any, mode: str) -> ModelFnOps:
            points = KMeans(matrix_of(features, None), num_clusters, initial_clusters, distance_metric, use_mini_batch,
                            mini_batch_steps_per_iteration, random_seed, kmeans_plus_plus_num_retries)
            found = Clustering.of(points, relative_tolerance)
            return ModelFnOps(mode, {self.ALL_SCORES: found.distances, self.CLUSTER_IDX: found.places}, found.loss, found.train_op,
                              {self.SCORES: found.score}, training_hooks=found.hooks)
        super().__init__(model, model_dir, config)

    def predict_cluster_idx(self, input_fn: Callable[..., Any] | None = None) -> Any:
        """The nearest cluster of each row. NotFoundError: the model is not fitted."""
        for found in self.predict(input_fn=input_fn, outputs=[self.CLUSTER_IDX]):
            yield found[self.CLUSTER_IDX]

    def score(self, input_fn: Callable[..., Any] | None = None, steps: int | None = None) -> Any:
        """The sum of the distances of the rows from their clusters. NotFoundError: the model is not fitted."""
        return self.evaluate(input_fn=input_fn, steps=steps)[self.SCORES]

    def transform(self, input_fn: Callable[..., Any] | None = None, as_iterable: bool = False) -> Any:
        """The distances of each row from all clusters. NotFoundError: the model is not fitted."""
        found = self.predict(input_fn=input_fn, outputs=[self.ALL_SCORES], as_iterable=as_iterable)
        return (row[self.ALL_SCORES] for row in found) if as_iterable else found[self.ALL_SCORES]

    def clusters(self) -> Any:
        """The centres. NotFoundError: the model is not fitted."""
        return self.get_variable_value(CLUSTERS_VAR_NAME)
