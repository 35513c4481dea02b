"""`slim.nets.inception_v1`: a net of nine blocks of four branches each (Szegedy et al., 2015, "Going Deeper with Convolutions", table 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....initializers import truncated_normal_initializer
from ....ir.collecting import GraphKeys
from ....ir.node import Node
from ....tf1_names import namespace as _namespace
from ....variables import variable_scope
from ...layers import avg_pool2d, batch_norm, conv2d, dropout, fully_connected, max_pool2d, softmax
from ...scopes import arg_scope
from .inception_ends import classes, layers_with
from .rows import Conv, Mixed, Pool, up_to

__all__ = ["inception_v1", "inception_v1_arg_scope", "inception_v1_base"]


def _mixed(scope: str, one: int, three: tuple[int, int], five: tuple[int, int], pooled: int, second: str = "Conv2d_0b_3x3") -> Mixed:
    """A block by the channels of its branches; what the paper has as windows of 5 by 5 are of 3 by 3 here, as in TensorFlow."""
    return Mixed(scope, (
        (Conv("Conv2d_0a_1x1", one, (1, 1)),),
        (Conv("Conv2d_0a_1x1", three[0], (1, 1)), Conv("Conv2d_0b_3x3", three[1], (3, 3))),
        (Conv("Conv2d_0a_1x1", five[0], (1, 1)), Conv(second, five[1], (3, 3))),
        (Pool("MaxPool_0a_3x3", (3, 3)), Conv("Conv2d_0b_1x1", pooled, (1, 1)))))


_TABLE = (
    Conv("Conv2d_1a_7x7", 64, (7, 7), 2), Pool("MaxPool_2a_3x3", (3, 3), 2), Conv("Conv2d_2b_1x1", 64, (1, 1)), Conv("Conv2d_2c_3x3", 192, (3, 3)),
    Pool("MaxPool_3a_3x3", (3, 3), 2), _mixed("Mixed_3b", 64, (96, 128), (16, 32), 32), _mixed("Mixed_3c", 128, (128, 192), (32, 96), 64),
    Pool("MaxPool_4a_3x3", (3, 3), 2), _mixed("Mixed_4b", 192, (96, 208), (16, 48), 64), _mixed("Mixed_4c", 160, (112, 224), (24, 64), 64),
    _mixed("Mixed_4d", 128, (128, 256), (24, 64), 64), _mixed("Mixed_4e", 112, (144, 288), (32, 64), 64),
    _mixed("Mixed_4f", 256, (160, 320), (32, 128), 128), Pool("MaxPool_5a_2x2", (2, 2), 2),
    _mixed("Mixed_5b", 256, (160, 320), (32, 128), 128, "Conv2d_0a_3x3"), _mixed("Mixed_5c", 384, (192, 384), (48, 128), 128),
)


def inception_v1_base(inputs: Node, final_endpoint: str = "Mixed_5c", scope: Any = "InceptionV1") -> tuple[Node, dict[str, Node]]:
    """The layers up to one of them, and their results by their scopes.

    inputs: float[batch, height, width, channels]. ArgumentError: there is no layer of that name.
    """
    with variable_scope(scope, "InceptionV1", [inputs]), \
            arg_scope([conv2d, fully_connected], weights_initializer=truncated_normal_initializer(0.0, 0.01)), \
            arg_scope([conv2d, max_pool2d], stride=1, padding="SAME"):
        return up_to(_TABLE, inputs, final_endpoint, int)


def inception_v1(inputs: Node, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.8,
                 prediction_fn: Callable[..., Node] = softmax, spatial_squeeze: bool = True, reuse: Any = None,
                 scope: str | None = "InceptionV1") -> tuple[Node, dict[str, Node]]:
    """The net, and its results by their scopes.

    float[batch, 224, 224, channels] -> float[batch, num_classes], the logits; `prediction_fn` of them is `Predictions`. ShapeError:
    pictures that are too small, or with `spatial_squeeze` too large.
    """
    with variable_scope(scope, "InceptionV1", [inputs, num_classes], reuse=reuse) as entered, \
            arg_scope([batch_norm, dropout], is_training=is_training):
        net, ends = inception_v1_base(inputs, scope=entered)
        with variable_scope("Logits"):
            net = dropout(avg_pool2d(net, [7, 7], stride=1, scope="MaxPool_0a_7x7"), dropout_keep_prob, scope="Dropout_0b")
            logits = ends["Logits"] = classes(net, num_classes, "Conv2d_0c_1x1", spatial_squeeze)
            ends["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, ends


inception_v1.default_image_size = 224  # type: ignore[attr-defined]


def inception_v1_arg_scope(weight_decay: float = 0.00004, use_batch_norm: bool = True, batch_norm_var_collection: str = "moving_vars") -> Any:
    """The arguments that the layers of this net have by default: for `slim.arg_scope`. GraphError: a decay that is no number."""
    norm = {"decay": 0.9997, "epsilon": 0.001, "updates_collections": GraphKeys.UPDATE_OPS}
    return layers_with(weight_decay, batch_norm_var_collection, use_batch_norm, norm)


_namespace(globals())
