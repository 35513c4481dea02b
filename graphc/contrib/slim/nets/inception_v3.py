"""`slim.nets.inception_v3`: a net of eleven blocks whose large windows are taken apart (Szegedy et al., 2016, "Rethinking the Inception ...")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ....initializers import truncated_normal_initializer
from ....ir.collecting import GraphKeys
from ....ir.node import Node
from ....tf1_names import namespace as _namespace
from ....variables import variable_scope
from ...layers import avg_pool2d, batch_norm, conv2d, dropout, max_pool2d, softmax
from ...scopes import arg_scope
from .inception_ends import classes, layers_with, within
from .rows import Conv, Mixed, Pool, Split, depths, up_to

__all__ = ["inception_v3", "inception_v3_arg_scope", "inception_v3_base"]

_SAME, _VALID = {"padding": "SAME"}, {"padding": "VALID"}


def _same(scope: str, depth: int, kernel: Sequence[int]) -> Conv:
    return Conv(scope, depth, kernel, 1, _SAME)


def _chain(*layers: tuple[int, int, int], first: str = "Conv2d_0a") -> tuple[Conv, ...]:
    """Convolutions after one another, each by its channels and its window, named by place and window."""
    return tuple(_same(f"{first if i == 0 else f'Conv2d_0{chr(97 + i)}'}_{h}x{w}", depth, (h, w)) for i, (depth, h, w) in enumerate(layers))


def _pooled(depth: int) -> tuple[Pool, Conv]:
    return Pool("AvgPool_0a_3x3", (3, 3), 1, _SAME), _same("Conv2d_0b_1x1", depth, (1, 1))


def _mixed_5(scope: str, pooled: int, second: tuple[Conv, ...] | None = None) -> Mixed:
    return Mixed(scope, (_chain((64, 1, 1)), second or _chain((48, 1, 1), (64, 5, 5)), _chain((64, 1, 1), (96, 3, 3), (96, 3, 3)), _pooled(pooled)))


def _mixed_6(scope: str, d: int) -> Mixed:
    return Mixed(scope, (_chain((192, 1, 1)), _chain((d, 1, 1), (d, 1, 7), (192, 7, 1)),
                         _chain((d, 1, 1), (d, 7, 1), (d, 1, 7), (d, 7, 1), (192, 1, 7)), _pooled(192)))


def _mixed_7(scope: str, tall: str) -> Mixed:
    return Mixed(scope, (
        _chain((320, 1, 1)), (*_chain((384, 1, 1)), Split((_same("Conv2d_0b_1x3", 384, (1, 3)), _same(tall, 384, (3, 1))))),
        (*_chain((448, 1, 1), (384, 3, 3)), Split((_same("Conv2d_0c_1x3", 384, (1, 3)), _same("Conv2d_0d_3x1", 384, (3, 1))))), _pooled(192)))


# The names, strange ones among them, are those of TensorFlow's variables.
_TABLE = (
    Conv("Conv2d_1a_3x3", 32, (3, 3), 2, _VALID), Conv("Conv2d_2a_3x3", 32, (3, 3), 1, _VALID), _same("Conv2d_2b_3x3", 64, (3, 3)),
    Pool("MaxPool_3a_3x3", (3, 3), 2, _VALID), Conv("Conv2d_3b_1x1", 80, (1, 1), 1, _VALID), Conv("Conv2d_4a_3x3", 192, (3, 3), 1, _VALID),
    Pool("MaxPool_5a_3x3", (3, 3), 2, _VALID),
    _mixed_5("Mixed_5b", 32), _mixed_5("Mixed_5c", 64, (_same("Conv2d_0b_1x1", 48, (1, 1)), _same("Conv_1_0c_5x5", 64, (5, 5)))),
    _mixed_5("Mixed_5d", 64),
    Mixed("Mixed_6a", ((Conv("Conv2d_1a_1x1", 384, (3, 3), 2, _VALID),),
                       (*_chain((64, 1, 1), (96, 3, 3)), Conv("Conv2d_1a_1x1", 96, (3, 3), 2, _VALID)),
                       (Pool("MaxPool_1a_3x3", (3, 3), 2, _VALID),))),
    _mixed_6("Mixed_6b", 128), _mixed_6("Mixed_6c", 160), _mixed_6("Mixed_6d", 160), _mixed_6("Mixed_6e", 192),
    Mixed("Mixed_7a", ((*_chain((192, 1, 1)), Conv("Conv2d_1a_3x3", 320, (3, 3), 2, _VALID)),
                       (*_chain((192, 1, 1), (192, 1, 7), (192, 7, 1)), Conv("Conv2d_1a_3x3", 192, (3, 3), 2, _VALID)),
                       (Pool("MaxPool_1a_3x3", (3, 3), 2, _VALID),))),
    _mixed_7("Mixed_7b", "Conv2d_0b_3x1"), _mixed_7("Mixed_7c", "Conv2d_0c_3x1"),
)


def inception_v3_base(inputs: Node, final_endpoint: str = "Mixed_7c", min_depth: int = 16, depth_multiplier: float = 1.0,
                      scope: Any = None) -> tuple[Node, dict[str, Node]]:
    """The layers up to one of them, and their results by their scopes.

    inputs: float[batch, height, width, channels]. Layers have `depth_multiplier` times their channels, `min_depth` at the least.
    ArgumentError: no such layer, or a multiplier that is not above 0.
    """
    depth = depths(depth_multiplier, min_depth)
    with variable_scope(scope, "InceptionV3", [inputs]):
        return up_to(_TABLE, inputs, final_endpoint, depth)


def inception_v3(inputs: Node, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.8, min_depth: int = 16,
                 depth_multiplier: float = 1.0, prediction_fn: Callable[..., Node] = softmax, spatial_squeeze: bool = True, reuse: Any = None,
                 scope: str | None = "InceptionV3") -> tuple[Node, dict[str, Node]]:
    """The net, and its results by their scopes, among them `AuxLogits`, from the middle of the net.

    float[batch, 299, 299, channels] -> float[batch, num_classes], the logits; `prediction_fn` of them is `Predictions`. ArgumentError,
    ShapeError: as `inception_v3_base`; pictures that are too small, or with `spatial_squeeze` too large.
    """
    depth = depths(depth_multiplier, min_depth)
    with variable_scope(scope, "InceptionV3", [inputs, num_classes], reuse=reuse) as entered, \
            arg_scope([batch_norm, dropout], is_training=is_training):
        net, ends = inception_v3_base(inputs, scope=entered, min_depth=min_depth, depth_multiplier=depth_multiplier)
        with arg_scope([conv2d, max_pool2d, avg_pool2d], stride=1, padding="SAME"), variable_scope("AuxLogits"):
            aside = avg_pool2d(ends["Mixed_6e"], [5, 5], stride=3, padding="VALID", scope="AvgPool_1a_5x5")
            aside = conv2d(aside, depth(128), [1, 1], scope="Conv2d_1b_1x1")
            kernel = within(aside, (5, 5))
            aside = conv2d(aside, depth(768), kernel, padding="VALID", weights_initializer=truncated_normal_initializer(0.0, 0.01),
                           scope=f"Conv2d_2a_{kernel[0]}x{kernel[1]}")
            ends["AuxLogits"] = classes(aside, num_classes, "Conv2d_2b_1x1", spatial_squeeze,
                                        weights_initializer=truncated_normal_initializer(0.0, 0.001))
        with variable_scope("Logits"):
            kernel = within(net, (8, 8))
            net = avg_pool2d(net, kernel, padding="VALID", scope=f"AvgPool_1a_{kernel[0]}x{kernel[1]}")
            net = ends["PreLogits"] = dropout(net, keep_prob=dropout_keep_prob, scope="Dropout_1b")
            logits = classes(net, num_classes, "Conv2d_1c_1x1", spatial_squeeze)
        ends["Logits"], ends["Predictions"] = logits, prediction_fn(logits, scope="Predictions")
    return logits, ends


inception_v3.default_image_size = 299  # type: ignore[attr-defined]


def inception_v3_arg_scope(weight_decay: float = 0.00004, batch_norm_var_collection: str = "moving_vars", batch_norm_decay: float = 0.9997,
                           batch_norm_epsilon: float = 0.001, updates_collections: Any = GraphKeys.UPDATE_OPS,
                           use_fused_batchnorm: bool = True) -> Any:
    """The arguments that the layers of this net have by default: for `slim.arg_scope`. GraphError: a decay that is no number."""
    norm = {"decay": batch_norm_decay, "epsilon": batch_norm_epsilon, "updates_collections": updates_collections, "fused": use_fused_batchnorm}
    return layers_with(weight_decay, batch_norm_var_collection, True, norm)


_namespace(globals())
