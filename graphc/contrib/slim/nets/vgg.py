"""`slim.nets.vgg`: nets of 11, 16 and 19 layers of windows of 3 by 3 (Simonyan and Zisserman, 2015, table 1, columns A, D and E)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....initializers import zeros_initializer
from ....tf1_names import namespace as _namespace
from .dense_ends import layers_with, net_of
from .rows import Conv, Pool

__all__ = ["vgg_16", "vgg_19", "vgg_a", "vgg_arg_scope", "vgg_d", "vgg_e"]


def _table(layers: Sequence[int]) -> list[Conv | Pool]:
    """Five stages of so many layers each, a pool behind each stage."""
    table: list[Conv | Pool] = []
    for stage, (count, depth) in enumerate(zip(layers, (64, 128, 256, 512, 512), strict=True), 1):
        table += [Conv(f"conv{stage}/conv{stage}_{i + 1}", depth, (3, 3)) for i in range(count)]
        table.append(Pool(f"pool{stage}", (2, 2), 2))
    return table


_DENSE = Conv("fc6", 4096, (7, 7), more={"padding": "VALID"}), Conv("fc7", 4096, (1, 1))
vgg_a, vgg_16, vgg_19 = (net_of(__name__, name, 224, _table(layers), _DENSE) for name, layers in (
    ("vgg_a", (1, 1, 2, 2, 2)), ("vgg_16", (2, 2, 3, 3, 3)), ("vgg_19", (2, 2, 4, 4, 4))))
vgg_d, vgg_e = vgg_16, vgg_19


def vgg_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The arguments that the layers of these nets have by default: for `slim.arg_scope`. GraphError: a decay that is no number."""
    return layers_with(weight_decay, zeros_initializer(), None)


_namespace(globals())
