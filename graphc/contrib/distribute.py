"""`tf.contrib.distribute`: what stands under `tf.distribute` now, under its older names."""

from typing import TYPE_CHECKING, Any, NamedTuple

from ..distribute.experimental import MultiWorkerMirroredStrategy, ParameterServerStrategy, TPUStrategy
from ..distribute.strategies import MirroredStrategy, OneDeviceStrategy, Strategy, get_strategy, has_strategy
from ..tf1_names import getter as _getter

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


if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
