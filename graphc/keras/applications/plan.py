"""How a net of `tf.keras.applications` becomes a model: its input's shape, its body, its classes or a pool, and weights from a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from ...errors import GraphError, NotFoundError, ShapeError
from ...ir.node import Node, here
from ...logging import warning
from ..backend import state
from ..datasets.places import place
from ..engine.input_layer import Input
from ..engine.model import Model
from ..layers import Dense, GlobalAveragePooling2D, GlobalMaxPooling2D
from ..utils.sources import get_source_inputs
from .parts import channels, pictured, through

IMAGENET = "imagenet"
CLASSES = 1000


class Plan(NamedTuple):
    """One net: `{rows}` in its name and in those of its files, with classes and without, stands for the height of the pictures."""

    name: str
    body: Callable[[Node], Node]
    classifier: Callable[[int], Sequence[Any]]          # the layers that make classes of what the body makes
    files: tuple[str, str]
    size: int = 224                                     # height and width by default
    least: int = 32
    pools: tuple[str | None, str | None] = (None, None)     # the names of the layers avg and max
    fixed: bool = False                                 # whether the body needs to know height and width
    known: tuple[int, ...] = ()                         # heights that there are files for, where the files' names say it


class Net(Protocol):
    """A function that makes the model of a net."""

    def __call__(self, include_top: bool = True, weights: Any = IMAGENET, input_tensor: Any = None, input_shape: Any = None,
                 pooling: str | None = None, classes: int = CLASSES) -> Model:
        """The model."""


def kernels(name: str) -> tuple[str, str]:
    """The names of the files of most nets."""
    return f"{name}_weights_tf_dim_ordering_tf_kernels.h5", f"{name}_weights_tf_dim_ordering_tf_kernels_notop.h5"


def averaged(pool: str | None, name: str) -> Callable[[int], Sequence[Any]]:
    """The mean over each picture, and a class each."""
    return lambda classes: [GlobalAveragePooling2D(name=pool), Dense(classes, activation="softmax", name=name)]


DOC = """{title}, as a model.

float[batch, height, width, channels] -> float[batch, classes], probabilities; with `include_top=False` what the last layer before the classes
makes, by `pooling` "avg" or "max" float[batch, k]. `weights`: None, to begin with random numbers, or the path of an HDF5 file (h5py); "imagenet"
is a file that TensorFlow has left in `~/.keras/models` (or `$KERAS_HOME`): nothing is fetched. `input_tensor`: what the model begins with.
NotFoundError: there is no such file; the message says which. ShapeError: pictures of a shape that the net cannot take, or weights of another
net. GraphError: an argument that is not right."""


def net(word: str, plan: Plan, title: str) -> Net:
    """The function that makes the models of a plan."""
    def make(include_top: bool = True, weights: Any = IMAGENET, input_tensor: Any = None, input_shape: Any = None, pooling: str | None = None,
             classes: int = CLASSES) -> Model:
        return model_of(word, plan, include_top, weights, input_tensor, input_shape, pooling, classes)
    return named(make, word, title)


def named(make: Any, word: str, title: str) -> Any:
    """The function, under the name and with the text that users see."""
    make.__name__ = make.__qualname__ = word
    make.__doc__ = DOC.format(title=title)
    return make


def model_of(word: str, plan: Plan, include_top: bool, weights: Any, input_tensor: Any, input_shape: Any, pooling: str | None,
             classes: int) -> Model:
    """The model of a plan; see DOC."""
    what = f"keras.applications.{word}"
    if weights not in (None, IMAGENET) and not os.path.exists(weights):
        raise NotFoundError(f"{what}: weights is None, 'imagenet' or the path of a file; there is no {os.fspath(weights)!r:.200}{here()}")
    if weights == IMAGENET and include_top and classes != CLASSES:
        raise GraphError(f"{what}: the classes of 'imagenet' are {CLASSES}, not {classes!r:.40}{here()}")
    if pooling not in (None, "avg", "max"):
        raise GraphError(f"{what}: pooling is None, 'avg' or 'max', not {pooling!r:.60}{here()}")
    shape = shape_of(what, plan, include_top, weights, input_shape)
    start = input_tensor if state_of(input_tensor) else Input(shape, tensor=input_tensor)
    sources = start if input_tensor is None else get_source_inputs(start)
    x = plan.body(start)
    if include_top:
        x = through(x, *plan.classifier(classes))
    elif pooling is not None:
        pool = GlobalAveragePooling2D if pooling == "avg" else GlobalMaxPooling2D
        x = pool(name=plan.pools[pooling == "max"])(x)
    rows = rows_of(plan, weights, shape)
    model = Model(sources, x, name=plan.name.format(rows=rows))
    if weights is not None:
        model.load_weights(weights if weights != IMAGENET else place(
            f"{what}: weights='imagenet'", plan.files[not include_top].format(rows=rows), "models", "weights",
            "; a file elsewhere is given by its path, weights=PATH, and weights=None begins with random numbers"))
    return model


def state_of(x: Any) -> bool:
    """Whether a layer made a tensor."""
    return isinstance(x, Node) and state.is_keras_tensor(x)


def rows_of(plan: Plan, weights: Any, shape: Sequence[int | None]) -> int | None:
    """The height that the names of model and files say."""
    height, width = pictured(shape)
    if weights != IMAGENET or not plan.known or height == width and height in plan.known:
        return height
    warning("%s: there are weights for pictures of %s, and these are %s x %s: those for %d are taken", plan.name.partition("_")[0],
            ", ".join(map(str, plan.known)), height, width, plan.size)
    return plan.size


def shape_of(what: str, plan: Plan, include_top: bool, weights: Any, given: Any) -> tuple[int | None, ...]:
    """The shape of one picture: as given, else the net's own, of any size where no classes need one. ShapeError: the net cannot take it."""
    fixed = include_top or plan.fixed
    if given is None:
        side = plan.size if fixed else None
        return (3, side, side) if channels() == 1 else (side, side, 3)
    shape = tuple(given)
    if len(shape) != 3:
        raise ShapeError(f"{what}: input_shape is height, width and channels in the order of image_data_format, not {given!r:.80}{here()}")
    sides, deep = pictured(shape), shape[0 if channels() == 1 else 2]
    small = [s for s in sides if s is not None and s < plan.least]
    if small:
        raise ShapeError(f"{what}: pictures are {plan.least} x {plan.least} at the least, not {sides[0]} x {sides[1]}{here()}")
    if weights == IMAGENET and deep != 3:
        raise ShapeError(f"{what}: the weights of 'imagenet' are for 3 channels, not {deep}{here()}")
    if weights == IMAGENET and fixed and sides != (size := own_size(plan, sides), size):
        raise ShapeError(f"{what}: the classes of 'imagenet' are for pictures of {size} x {size}, not {sides[0]} x {sides[1]}{here()}")
    if fixed and None in shape:
        raise ShapeError(f"{what}: with {'classes' if include_top else 'such cells'} input_shape has no open sizes: {given!r:.80}{here()}")
    return shape


def own_size(plan: Plan, sides: Sequence[int | None]) -> int:
    """The height and width that the classes of 'imagenet' are for: those of the pictures where there is a file for these."""
    return sides[0] if sides[0] is not None and sides[0] == sides[1] and sides[0] in plan.known else plan.size


def __dir__() -> list[str]:
    return ["IMAGENET", "Net", "Plan", "averaged", "kernels", "model_of", "named", "net"]
