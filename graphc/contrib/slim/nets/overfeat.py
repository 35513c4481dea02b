"""`slim.nets.overfeat`: five convolutions and three layers for the whole picture (Sermanet et al., 2014, "OverFeat")."""

from __future__ import annotations

from typing import Any

from ....initializers import zeros_initializer
from ....tf1_names import namespace as _namespace
from .dense_ends import BEHIND, layers_with, net_of
from .rows import Conv, Pool

__all__ = ["overfeat", "overfeat_arg_scope"]

overfeat = net_of(
    __name__, "overfeat", 231,
    (Conv("conv1", 64, (11, 11), 4, {"padding": "VALID"}), Pool("pool1", (2, 2), 2), Conv("conv2", 256, (5, 5), more={"padding": "VALID"}),
     Pool("pool2", (2, 2), 2), Conv("conv3", 512, (3, 3)), Conv("conv4", 1024, (3, 3)), Conv("conv5", 1024, (3, 3)), Pool("pool5", (2, 2), 2)),
    (Conv("fc6", 3072, (6, 6), more={"padding": "VALID"}), Conv("fc7", 4096, (1, 1))), BEHIND, {"biases_initializer": zeros_initializer()})


def overfeat_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The arguments that the layers of this net have by default: for `slim.arg_scope`. GraphError: a decay that is no number."""
    return layers_with(weight_decay, zeros_initializer(), "VALID")


_namespace(globals())
