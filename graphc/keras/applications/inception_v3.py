"""`tf.keras.applications.inception_v3`: a net of eleven blocks whose large windows are taken apart (Szegedy et al., 2016)."""

from __future__ import annotations

from ...ir.node import Node
from ...tf1_names import namespace as _namespace
from .imagenet_utils import decode_predictions, preparing
from .mixing import STEM, Branch, Conv, Mean, Most, Split, chained, side_by_side, valid
from .plan import Plan, averaged, kernels, net

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]


def _wide(pooled: int) -> tuple[Branch, ...]:
    """A block of 35 by 35 pixels."""
    return (Conv(64, 1),), (Conv(48, 1), Conv(64, 5)), (Conv(64, 1), Conv(96, 3), Conv(96, 3)), (Mean(), Conv(pooled, 1))


def _middle(d: int) -> tuple[Branch, ...]:
    """A block of 17 by 17 pixels, whose windows of 7 by 7 are taken apart."""
    return ((Conv(192, 1),), (Conv(d, 1), Conv(d, (1, 7)), Conv(192, (7, 1))),
            (Conv(d, 1), Conv(d, (7, 1)), Conv(d, (1, 7)), Conv(d, (7, 1)), Conv(192, (1, 7))), (Mean(), Conv(192, 1)))


def _small(number: int) -> tuple[Branch, ...]:
    """A block of 8 by 8 pixels, whose windows of 3 by 3 are taken apart."""
    parts = Conv(384, (1, 3)), Conv(384, (3, 1))
    return ((Conv(320, 1),), (Conv(384, 1), Split(parts, f"mixed9_{number}")), (Conv(448, 1), Conv(384, 3), Split(parts)), (Mean(), Conv(192, 1)))


_BLOCKS: tuple[tuple[Branch, ...], ...] = (
    _wide(32), _wide(64), _wide(64),
    ((valid(384, 3, 2),), (Conv(64, 1), Conv(96, 3), valid(96, 3, 2)), (Most(),)),
    _middle(128), _middle(160), _middle(160), _middle(192),
    ((Conv(192, 1), valid(320, 3, 2)), (Conv(192, 1), Conv(192, (1, 7)), Conv(192, (7, 1)), valid(192, 3, 2)), (Most(),)),
    _small(0), _small(1),
)


def _body(x: Node) -> Node:
    x = chained(x, STEM)
    for i, block in enumerate(_BLOCKS):
        x = side_by_side(x, block, f"mixed{i}")
    return x


preprocess_input = preparing("tf")
InceptionV3 = net("InceptionV3", Plan("inception_v3", _body, averaged("avg_pool", "predictions"), kernels("inception_v3"), 299, 75),
                  "The third inception net (Szegedy et al., 2016)")

_namespace(globals())
