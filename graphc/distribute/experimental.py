"""`tf.distribute.experimental`: strategies for many machines and processors, on the one that there is."""

from typing import Any

from ..errors import UnimplementedError
from ..ir.arguments import hold as _hold
from ..ir.node import here
from ..tf1_names import namespace as _namespace
from .strategies import MirroredStrategy, Strategy

__all__ = ["CentralStorageStrategy", "CollectiveCommunication", "MultiWorkerMirroredStrategy", "ParameterServerStrategy", "TPUStrategy"]


class CollectiveCommunication:
    """By what means devices would speak with each other."""

    AUTO, RING, NCCL = "AUTO", "RING", "NCCL"


class CentralStorageStrategy(MirroredStrategy):
    """Variables on the processor. UnimplementedError, as of `tf.distribute.MirroredStrategy`: more devices than one."""

    def __init__(self, compute_devices: Any = None, parameter_device: Any = None):
        super().__init__(compute_devices)


class MultiWorkerMirroredStrategy(MirroredStrategy):
    """Mirrors on each of the machines of a cluster of one."""

    def __init__(self, communication: str = CollectiveCommunication.AUTO, num_gpus_per_worker: int = 0):
        super().__init__(num_gpus_per_worker=num_gpus_per_worker)


class ParameterServerStrategy(MirroredStrategy):
    """Variables on the servers of a cluster of one."""

    def __init__(self, cluster_resolver: Any = None, num_gpus_per_worker: int = 0):
        super().__init__(num_gpus_per_worker=num_gpus_per_worker)


class TPUStrategy(Strategy):
    """What needs a processor of another kind. UnimplementedError: always, for there is none."""

    def __init__(self, *args: Any, **kwargs: Any):
        raise UnimplementedError(f"TPUStrategy: graphc computes on the processor alone; tf.distribute.OneDeviceStrategy is the same there{here()}")

_hold(globals(), __all__)
_namespace(globals())
