"""The nets of Simonyan and Zisserman (2015): blocks of convolutions of 3 by 3, each block half as high and wide, three dense layers."""

from __future__ import annotations

from ...ir.node import Node
from ..layers import Conv2D, Dense, Flatten, MaxPooling2D
from .parts import through
from .plan import Net, Plan, kernels, net

_DEPTHS = (64, 128, 256, 512, 512)


def vgg(layers: int, blocks: tuple[int, ...]) -> Net:
    """The net of so many layers; `blocks`: how many convolutions each has."""
    def body(x: Node) -> Node:
        for i, (count, depth) in enumerate(zip(blocks, _DEPTHS, strict=True), 1):
            convs = [Conv2D(depth, 3, activation="relu", padding="same", name=f"block{i}_conv{j + 1}") for j in range(count)]
            x = through(x, *convs, MaxPooling2D(2, 2, name=f"block{i}_pool"))
        return x

    def classifier(classes: int) -> list[object]:
        hidden = [Dense(4096, activation="relu", name=name) for name in ("fc1", "fc2")]
        return [Flatten(name="flatten"), *hidden, Dense(classes, activation="softmax", name="predictions")]

    return net(f"VGG{layers}", Plan(f"vgg{layers}", body, classifier, kernels(f"vgg{layers}")), f"Simonyan and Zisserman's net of {layers} layers")


VGG16, VGG19 = vgg(16, (2, 2, 3, 3, 3)), vgg(19, (2, 2, 4, 4, 4))


def __dir__() -> list[str]:
    return ["VGG16", "VGG19"]
