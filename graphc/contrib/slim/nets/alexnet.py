"""`slim.nets.alexnet`: five convolutions and three layers for the whole picture (Krizhevsky, 2014, "One weird trick ...")."""

from __future__ import annotations

from typing import Any

from ....initializers import constant_initializer, zeros_initializer
from ....tf1_names import namespace as _namespace
from .dense_ends import BEHIND, layers_with, net_of
from .rows import Conv, Pool

__all__ = ["alexnet_v2", "alexnet_v2_arg_scope"]

alexnet_v2 = net_of(
    __name__, "alexnet_v2", 224,
    (Conv("conv1", 64, (11, 11), 4, {"padding": "VALID"}), Pool("pool1", (3, 3), 2), Conv("conv2", 192, (5, 5)), Pool("pool2", (3, 3), 2),
     Conv("conv3", 384, (3, 3)), Conv("conv4", 384, (3, 3)), Conv("conv5", 256, (3, 3)), Pool("pool5", (3, 3), 2)),
    (Conv("fc6", 4096, (5, 5), more={"padding": "VALID"}), Conv("fc7", 4096, (1, 1))), BEHIND, {"biases_initializer": zeros_initializer()})


def alexnet_v2_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The arguments that the layers of this net have by default: for `slim.arg_scope`. GraphError: a decay that is no number."""
    return layers_with(weight_decay, constant_initializer(0.1), "VALID")


_namespace(globals())
