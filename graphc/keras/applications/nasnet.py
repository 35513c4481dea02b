"""`tf.keras.applications.nasnet`: cells that a search has found, each of what the two before it made (Zoph et al., 2018)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ...errors import GraphError
from ...ir.node import Node, here
from ...tf1_names import namespace as _namespace
from ..engine.model import Model
from ..layers import AveragePooling2D, Conv2D, Cropping2D, MaxPooling2D, SeparableConv2D, ZeroPadding2D, add, concatenate
from .imagenet_utils import decode_predictions, preparing
from .parts import channels, depth, halving, norm, relu, through
from .plan import IMAGENET, Plan, averaged, model_of, named

__all__ = ["NASNetLarge", "NASNetMobile", "decode_predictions", "preprocess_input"]


class _Part(NamedTuple):
    """One of the two that a block of a cell adds: of which value, under which name; `window` 0 is the value itself."""

    of: str
    name: str = ""
    window: int = 0
    strides: int = 1
    pool: Any = None            # else two separable convolutions

    def build(self, made: Mapping[str, Node], depth: int, names: str) -> Node:
        """What it makes; `names`: what the layers' names are made of, with `{}` for its own."""
        x, name = made[self.of], names.format(self.name)
        if not self.window:
            return x
        if self.pool is not None:
            found: Node = self.pool(3, self.strides, "same" if self.strides == 1 else "valid", name=name)(x)
            return found
        return _separable(x, depth, self.window, self.strides, name)


class _Cell(NamedTuple):
    """A kind of cell: its word, whether it makes pictures half as high and wide, its blocks by the names of their sums, what lies side by side.

    The values: `h`, what the cell before made, after a convolution; `p`, what the one before that made; `wide`, h with zeros around;
    `1` to `5`, the blocks' sums."""

    word: str
    halves: bool
    blocks: Sequence[tuple[str | None, _Part, _Part]]
    result: Sequence[str]


_NORMAL = _Cell("normal", False, (
    ("add_1", _Part("h", "left1", 5), _Part("p", "right1", 3)),
    ("add_2", _Part("p", "left2", 5), _Part("p", "right2", 3)),
    ("add_3", _Part("h", "left3", 3, 1, AveragePooling2D), _Part("p")),
    ("add_4", _Part("p", "left4", 3, 1, AveragePooling2D), _Part("p", "right4", 3, 1, AveragePooling2D)),
    ("add_5", _Part("h", "left5", 3), _Part("h")),
), ("p", "1", "2", "3", "4", "5"))
# The names, strange ones among them, are those of Keras' layers.
_REDUCTION = _Cell("reduction", True, (
    ("add_1", _Part("h", "left1", 5, 2), _Part("p", "right1", 7, 2)),
    ("add_2", _Part("wide", "left2", 3, 2, MaxPooling2D), _Part("p", "right2", 7, 2)),
    ("add3", _Part("wide", "left3", 3, 2, AveragePooling2D), _Part("p", "right3", 5, 2)),
    (None, _Part("2"), _Part("1", "left4", 3, 1, AveragePooling2D)),
    ("add4", _Part("1", "left4", 3), _Part("wide", "right5", 3, 2, MaxPooling2D)),
), ("2", "3", "4", "5"))


def _normed(name: str) -> Any:
    return norm(name, momentum=0.9997, epsilon=1e-3)


def _conv(depth: int, window: int, name: str, strides: int = 1, padding: str = "same") -> Conv2D:
    return Conv2D(depth, window, strides, padding, use_bias=False, kernel_initializer="he_normal", name=name)


def _separable(x: Node, depth: int, window: int, strides: int, name: str) -> Node:
    """Twice a rectifier, a separable convolution and a norm; the first has the stride."""
    for i, step in enumerate((strides, 1), 1):
        x = relu()(x)
        if step == 2:
            x = ZeroPadding2D(halving(x, window), name=f"separable_conv_{i}_pad_{name}")(x)
        padding = "valid" if step == 2 else "same"
        x = through(x, SeparableConv2D(depth, window, step, padding, use_bias=False, name=f"separable_conv_{i}_{name}"),
                    _normed(f"separable_conv_{i}_bn_{name}"))
    return x


def _adjusted(p: Node | None, x: Node, wanted: int, name: str) -> Node:
    """What the cell before the last made, as high, wide and deep as is wanted."""
    if p is None:
        return x
    if p.shape.as_list()[-2] != x.shape.as_list()[-2]:
        p = relu(f"adjust_relu_1_{name}")(p)
        halves = []
        for i in (1, 2):            # pixels of even places, then of odd ones
            moved = [] if i == 1 else [ZeroPadding2D(((0, 1), (0, 1))), Cropping2D(((1, 0), (1, 0)))]
            halves.append(through(p, *moved, AveragePooling2D(1, 2, name=f"adjust_avg_pool_{i}_{name}"),
                                  _conv(wanted // 2, 1, f"adjust_conv_{i}_{name}")))
        return through(concatenate(halves, axis=channels()), _normed(f"adjust_bn_{name}"))
    if depth(p) != wanted:
        return through(p, relu(), _conv(wanted, 1, f"adjust_conv_projection_{name}"), _normed(f"adjust_bn_{name}"))
    return p


def _built(cell: _Cell, x: Node, p: Node | None, wanted: int, name: str) -> tuple[Node, Node]:
    """What a cell makes, and what it was made of, for the next one."""
    made = {"p": _adjusted(p, x, wanted, name)}
    made["h"] = through(x, relu(), _conv(wanted, 1, f"{cell.word}_conv_1_{name}"), _normed(f"{cell.word}_bn_1_{name}"))
    if cell.halves:
        made["wide"] = ZeroPadding2D(halving(made["h"], 3), name=f"{cell.word}_pad_1_{name}")(made["h"])
    for i, (total, *parts) in enumerate(cell.blocks, 1):
        both = [part.build(made, wanted, f"{cell.word}_{{}}_{name}") for part in parts]
        made[str(i)] = add(both, name=None if total is None else f"{cell.word}_{total}_{name}")
    together: Node = concatenate([made[v] for v in cell.result], axis=channels(), name=f"{cell.word}_concat_{name}")
    return together, x


def _body(last: int, cells: int, stem: int, skips: bool) -> Callable[[Node], Node]:
    """`last`: the depth of the last layer; `cells`: how many between two that halve; `skips`: whether the cell behind such a one skips it."""
    def body(x: Node) -> Node:
        wanted = last // 24
        x = through(x, _conv(stem, 3, "stem_conv1", 2, "valid"), _normed("stem_bn1"))
        x, p = _built(_REDUCTION, x, None, wanted // 4, "stem_1")
        x, p = _built(_REDUCTION, x, p, wanted // 2, "stem_2")
        for stage in range(3):
            if stage:
                x, before = _built(_REDUCTION, x, p, wanted << stage, f"reduce_{stage * cells}")
                p = p if skips else before
            for i in range(cells):
                x, p = _built(_NORMAL, x, p, wanted << stage, str(stage * cells + (stage > 0) + i))
        return relu()(x)
    return body


def _net(word: str, file: str, size: int, body: Callable[[Node], Node]) -> Any:
    plan = Plan("NASNet", body, averaged(None, "predictions"), (f"{file}.h5", f"{file}_no_top.h5"), size, fixed=True)

    def make(input_shape: Any = None, include_top: bool = True, weights: Any = IMAGENET, input_tensor: Any = None, pooling: str | None = None,
             classes: int = 1000) -> Model:
        if channels() == 1:
            raise GraphError(f"keras.applications.{word}: the net is there for channels_last alone: "
                             f"tf.keras.backend.set_image_data_format('channels_last') comes before it{here()}")
        return model_of(word, plan, include_top, weights, input_tensor, input_shape, pooling, classes)
    return named(make, word, f"The net that Zoph et al. (2018) have found, for pictures of {size} by {size}")


preprocess_input = preparing("tf")
NASNetLarge = _net("NASNetLarge", "nasnet_large", 331, _body(4032, 6, 96, True))
NASNetMobile = _net("NASNetMobile", "nasnet_mobile", 224, _body(1056, 4, 32, False))

_namespace(globals())
