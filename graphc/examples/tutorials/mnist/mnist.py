"""The network of TensorFlow's tutorial on MNIST: two hidden layers of rectified units, its loss, a training step and a count of what is right."""

from __future__ import annotations

import math
from typing import Any

from ....ir.node import Node, Operation
from ....nn import in_top_k, relu
from ....ops.array_fill import zeros
from ....ops.linalg_matmul import matmul
from ....ops.math import cast
from ....ops.random import truncated_normal
from ....ops.reduce import reduce_sum
from ....ops.state import Variable
from ....summary import scalar
from ....tf1_names import namespace as _namespace

__all__ = ["IMAGE_PIXELS", "IMAGE_SIZE", "NUM_CLASSES", "evaluation", "inference", "loss", "training"]

NUM_CLASSES, IMAGE_SIZE = 10, 28
IMAGE_PIXELS = IMAGE_SIZE * IMAGE_SIZE


def inference(images: Any, hidden1_units: int, hidden2_units: int) -> Node:
    """The logits of pictures: float32[n, 784] -> float32[n, 10]. ShapeError: pictures of another size."""
    x, sizes = images, (IMAGE_PIXELS, hidden1_units, hidden2_units, NUM_CLASSES)
    for i, (scope, inputs, outputs) in enumerate(zip(("hidden1", "hidden2", "softmax_linear"), sizes, sizes[1:], strict=False)):
        with _name_scope(scope):
            weights = Variable(truncated_normal([inputs, outputs], stddev=1.0 / math.sqrt(inputs)), name="weights")
            x = matmul(x, weights) + Variable(zeros([outputs]), name="biases")
            x = relu(x) if i < 2 else x
    found: Node = x
    return found


def loss(logits: Any, labels: Any) -> Node:
    """The mean cross entropy: float32[n, 10], int[n] -> float32[]. DTypeError, ShapeError: they do not fit."""
    from ....losses import sparse_softmax_cross_entropy
    return sparse_softmax_cross_entropy(labels=cast(labels, "int64"), logits=logits)


def training(loss: Any, learning_rate: Any) -> Operation:
    """A step of gradient descent, which counts in `global_step`; the loss is a summary. GradientError: it depends on no variable."""
    from ....train import GradientDescentOptimizer
    scalar("loss", loss)
    step = Variable(0, name="global_step", trainable=False)
    return GradientDescentOptimizer(learning_rate).minimize(loss, global_step=step)


def evaluation(logits: Any, labels: Any) -> Node:
    """How many pictures have the greatest logit at their label: float32[n, 10], int[n] -> int32[]. DTypeError, ShapeError: they do not fit."""
    return reduce_sum(cast(in_top_k(logits, labels, 1), "int32"))


def _name_scope(name: str) -> Any:
    from ....ir.graph import get_default_graph
    return get_default_graph().name_scope(name)


_namespace(globals())
