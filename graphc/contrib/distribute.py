"""`tf.contrib.distribute`: what stands under `tf.distribute` now, under its older names."""

from typing import Any, NamedTuple

from ..distribute.experimental import MultiWorkerMirroredStrategy, ParameterServerStrategy, TPUStrategy
from ..distribute.strategies import MirroredStrategy, OneDeviceStrategy, Strategy, get_strategy, has_strategy
from ..tf1_names import namespace as _namespace

__all__ = ["CollectiveAllReduceStrategy", "DistributeConfig", "MirroredStrategy", "OneDeviceStrategy", "ParameterServerStrategy", "TPUStrategy",
           "DistributionStrategy", "get_distribution_strategy", "has_distribution_strategy"]

CollectiveAllReduceStrategy = MultiWorkerMirroredStrategy
DistributionStrategy = Strategy
get_distribution_strategy, has_distribution_strategy = get_strategy, has_strategy


class DistributeConfig(NamedTuple):
    """The strategies that an estimator trains and evaluates by, for `tf.estimator.RunConfig(experimental_distribute=...)`."""

    train_distribute: Any = None
    eval_distribute: Any = None
    remote_cluster: Any = None

_namespace(globals())
