"""The class that all layers share, those of `tf.keras` and of `tf.layers`: its variables, its calls, and what they leave beside the outputs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from typing import Any

from ...errors import GraphError, ShapeError
from ...ir.graph import get_default_graph
from ...ir.node import Node, describe, here
from ...ir.operator import to_node
from ...ir.types import DType, TensorShape, as_dtype, as_shape
from ...nest import flatten, is_nested, map_structure
from ...ops.array import identity
from ...ops.array import shape as shape_of
from ...ops.math import cast, truediv
from . import history
from .input_spec import check_inputs
from .weights import Weighted

__all__ = ["Layer"]

# What Keras' layers may be told beside their own arguments.
_OPTIONS = ("input_shape", "batch_input_shape", "batch_size", "input_dim", "weights", "activity_regularizer", "autocast", "experimental_autocast",
            "implementation")
_training: list[Any] = []       # the switch `training` of each call now under way, the innermost last


def snake_case(name: str) -> str:
    """`BatchNormalization` as `batch_normalization`.

    >>> snake_case("Conv2DTranspose"), snake_case("Dense")
    ('conv2d_transpose', 'dense')
    """
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()


@cache
def arguments_of(call: Any) -> frozenset[str]:
    """The names of the arguments of a layer class's `call`."""
    return frozenset(inspect.signature(call).parameters)


class Layer(Weighted):
    """What all layers share; a subclass makes its variables in `build` and says in `call` what it computes.

    `name`: of the layer, by default made of the class's name. `dtype`: of its variables, by default that of its first inputs. Options of
    Keras: `input_shape` or `batch_input_shape`, of the inputs of a model that begins with the layer, `weights`, the first values of its
    variables, `activity_regularizer`, a function of the outputs that gives a loss. A layer that is called again uses the same variables.
    GraphError: an argument that there is not.

    >>> class Scale(tf.keras.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight("factor", [], initializer="ones")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> layer = Scale(name="scale")
    >>> tf.Session(jit=False).run(layer(tf.constant([1.0, 2.0]))), layer.weights[0].name
    (array([1., 2.], dtype=float32), 'scale/factor:0')
    """

    stateful = False
    supports_masking = False
    input_spec: Any = None
    activity_regularizer: Any = None
    _first_values: Any = None

    def __init__(self, trainable: bool = True, name: str | None = None, dtype: Any = None, dynamic: bool = False, **kwargs: Any):
        unknown = [k for k in kwargs if k not in _OPTIONS]
        if unknown:
            raise GraphError(f"{type(self).__name__} has no argument {min(unknown)!r:.60}{here()}")
        if name is not None and (not isinstance(name, str) or not name):
            raise GraphError(f"{type(self).__name__}: {name!r:.60} is no name{here()}")
        self._start(trainable, name or history.numbered(snake_case(type(self).__name__)), dtype)
        self.activity_regularizer = kwargs.get("activity_regularizer")
        self._first_values = kwargs.get("weights")
        if "input_dim" in kwargs and "input_shape" not in kwargs:
            kwargs["input_shape"] = (kwargs["input_dim"],)
        if "batch_input_shape" in kwargs:
            self._batch_input_shape = tuple(kwargs["batch_input_shape"])
        elif "input_shape" in kwargs:
            self._batch_input_shape = (kwargs.get("batch_size"), *kwargs["input_shape"])

    def _start(self, trainable: bool, name: str, dtype: Any) -> None:
        """What every layer has before its first call."""
        super().__init__(trainable)
        self._name = name
        self.built = False
        self._dtype: DType | None = as_dtype(dtype) if dtype is not None else None
        self._calls: list[history.Call] = []
        self.graph = get_default_graph()

    # ------------------------------------------------------------------ what a subclass says

    def build(self, input_shape: Any) -> None:
        """Make the variables for inputs of that shape."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of what it computes of inputs of that shape."""
        raise NotImplementedError(f"{type(self).__name__} does not say what shape it makes")

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the outputs, by that of the inputs; GraphError: there is one, and the layer does not hand it on."""
        if not self.supports_masking:
            if any(m is not None for m in flatten(mask)):
                raise GraphError(f"layer {self._name} does not support masking, but was passed an input mask{here()}")
            return None
        return mask

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer anew, as plain data; NotImplementedError: a subclass has some that it does not give."""
        own = [*inspect.signature(type(self).__init__).parameters.values()][1:]
        given = {"name": self._name, "trainable": self.trainable}
        shape = getattr(self, "_batch_input_shape", None)
        config = {**given, **({} if shape is None else {"batch_input_shape": shape}), "dtype": None if self._dtype is None else self._dtype.name}
        if type(self).get_config is Layer.get_config and any(
                p.name not in config and p.name not in ("dynamic", *_OPTIONS) and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in own):
            raise NotImplementedError(f"{type(self).__name__}: layers with arguments in __init__ must override get_config")
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that a configuration of `get_config` describes."""
        return cls(**config)

    # ------------------------------------------------------------------ what a user asks

    @property
    def name(self) -> str:
        """The layer's name. GraphError: its constructor has not called that of Layer."""
        if not hasattr(self, "_name"):
            raise GraphError(f"{type(self).__name__}.__init__ comes without super().__init__(), which makes a layer{here()}")
        return self._name

    @property
    def dtype(self) -> DType | None:
        """The dtype of the layer's variables; None before it is called, if it was given none."""
        return self._dtype

    @property
    def dynamic(self) -> bool:
        """False: layers are parts of a graph."""
        return False

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Another layer of the same arguments, in the same graph; one that has variables shares them."""
        made = type(self).__new__(type(self))
        memo.update({id(self): made, id(self.graph): self.graph, **{id(kept): kept for kept in self._shared()}})
        vars(made).update({name: deepcopy(value, memo) for name, value in vars(self).items()})
        return made

    def _shared(self) -> Iterable[Any]:
        """What a copy has in common with the layer beside its graph."""
        return ()

    def _call_at(self, index: int) -> history.Call:
        if not 0 <= index < len(self._calls):
            raise GraphError(f"the layer {self._name} was called {len(self._calls)} times: there is no call {index}{here()}")
        return self._calls[index]

    def _only_call(self) -> history.Call:
        if len(self._calls) != 1:
            raise GraphError(f"the layer {self._name} was called {len(self._calls)} times, and not once{here()}")
        return self._calls[0]

    @property
    def inbound_nodes(self) -> list[history.Call]:
        """The calls of the layer."""
        return list(self._calls)

    _inbound_nodes = inbound_nodes

    @property
    def input(self) -> Any:
        """What the layer was called with; GraphError: not once."""
        return self._only_call().inputs

    @property
    def output(self) -> Any:
        """What the layer's only call gave; GraphError: it was not called once."""
        return self._only_call().outputs

    @property
    def input_shape(self) -> Any:
        """The shape of the inputs, of several a list; GraphError: calls differ in it, or there was none."""
        return self._same([shapes(call.inputs) for call in self._calls], "input")

    @property
    def output_shape(self) -> Any:
        """The shape of the outputs, of several a list; GraphError: calls differ in it, or there was none."""
        return self._same([shapes(call.outputs) for call in self._calls], "output")

    def _same(self, found: list[Any], what: str) -> Any:
        if not found or any(f != found[0] for f in found):
            raise GraphError(f"the layer {self._name} has no {what} shape: {'calls differ in it' if found else 'it was not called'}{here()}")
        return found[0]

    def get_input_at(self, node_index: int) -> Any:
        """What the call of that number was given. GraphError: there was none."""
        return self._call_at(node_index).inputs

    def get_output_at(self, node_index: int) -> Any:
        """What the call of that number gave. GraphError: there was none."""
        return self._call_at(node_index).outputs

    def get_input_shape_at(self, node_index: int) -> Any:
        """The shape of what the call of that number was given. GraphError: there was none."""
        return shapes(self._call_at(node_index).inputs)

    def get_output_shape_at(self, node_index: int) -> Any:
        """The shape of what the call of that number gave. GraphError: there was none."""
        return shapes(self._call_at(node_index).outputs)

    @property
    def input_mask(self) -> Any:
        """The mask of the only call's inputs."""
        return history.mask_of(self._only_call().inputs)

    @property
    def output_mask(self) -> Any:
        """The mask of the only call's outputs."""
        return history.mask_of(self._only_call().outputs)

    # ------------------------------------------------------------------ calling

    @contextmanager
    def _entered(self) -> Iterator[None]:
        """The scope of a call: that of the layer's name."""
        with self.graph.name_scope(self._name):
            yield

    def _given(self, inputs: Any) -> Any:
        """The inputs as tensors, nested as they are."""
        if is_nested(inputs) and any(isinstance(x, Node) or hasattr(x, "dense_shape") for x in flatten(inputs)):
            return map_structure(lambda x: x if x is None or hasattr(x, "dense_shape") else to_node(x), inputs)
        return inputs if hasattr(inputs, "dense_shape") else to_node(inputs)

    def _told(self, given: Any) -> tuple[Any, Any]:
        """What `build` is told of the inputs, their shapes, and the dtype of variables."""
        return map_structure(lambda x: x.get_shape() if x is not None else None, given), flatten(given)[0].dtype

    def _make(self, given: Any) -> None:
        """Make the variables, at the first call."""
        shape, dtype = self._told(given)
        if self._dtype is None:
            self._dtype = dtype
        self.build(shape)
        self.built = True
        if self._first_values is not None:
            self.set_weights(self._first_values)
            self._first_values = None

    def _handed_on(self, given: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """What `call` is told beside what the caller says: the mask of the inputs, and whether a layer around this one trains."""
        takes = arguments_of(type(self).call)
        added: dict[str, Any] = {}
        if "mask" in takes and kwargs.get("mask") is None and not args:
            mask = history.mask_of(list(given.values()) if isinstance(given, dict) else given)
            if any(m is not None for m in flatten(mask)):
                added["mask"] = mask
        if "training" in takes and kwargs.get("training") is None and not args and _training and _training[-1] is not None:
            added["training"] = _training[-1]
        if "training" not in takes and "kwargs" not in takes and "training" in kwargs:
            kwargs.pop("training")
        return added

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        self.graph = get_default_graph()
        given = self._given(inputs)
        check_inputs(self._name, self.input_spec, given)
        switch = kwargs.get("training")
        added = self._handed_on(given, args, kwargs)
        with self._entered():
            if not self.built:
                self._make(given)
                check_inputs(self._name, self.input_spec, given)
            _training.append(switch if switch is not None else _training[-1] if _training else None)
            try:
                outputs = self.call(given, *args, **{**kwargs, **added})
            finally:
                _training.pop()
            if outputs is None:
                raise GraphError(f"{self._name}: call returns a tensor or a list of tensors, not None{here()}")
            outputs = self._noted(given, args, kwargs, outputs)
            if self.activity_regularizer is not None:
                self._regularize(outputs)
        self._mask(given, kwargs.get("mask", added.get("mask")), outputs)
        return outputs

    def _noted(self, given: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> Any:
        """The outputs, with a note of the call that made them: none is an input itself."""
        taken = {x for x in flatten(given) if isinstance(x, Node)}
        outputs = map_structure(lambda x: identity(x) if isinstance(x, Node) and x in taken else x, outputs)
        for i, x in enumerate(flatten(outputs)):
            if isinstance(x, Node):
                history.layered(x.graph).made[x] = history.Origin(self, len(self._calls), i)
        self._calls.append(history.Call(given, args, kwargs, outputs))
        return outputs

    def _mask(self, given: Any, mask: Any, outputs: Any) -> None:
        """Note the masks of the outputs."""
        if not self.supports_masking and type(self).compute_mask is Layer.compute_mask:
            return
        if mask is None:
            mask = history.mask_of(given)
        if any(history.mask_of(x) is not None for x in flatten(outputs)):
            return                      # a model's own layers have seen to it
        history.keep_masks(outputs, self.compute_mask(given, mask))

    def apply(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The same as calling the layer."""
        return self(inputs, *args, **kwargs)

    def _regularize(self, outputs: Any) -> None:
        with self.graph.name_scope("ActivityRegularizer"):
            for output in flatten(outputs):
                loss = self.activity_regularizer(output)
                if loss is not None:
                    self.add_loss(truediv(loss, cast(shape_of(output)[0], loss.dtype)))

    def _rank(self, inputs: Node, least: int, exact: bool = False) -> int:
        """The rank of the inputs; ShapeError: it is unknown, or too small, or another than is wanted exactly."""
        if inputs.type.rank is None or inputs.type.rank < least or exact and inputs.type.rank != least:
            raise ShapeError(f"{self._name}: {describe(inputs)} needs a known rank of {least}{'' if exact else ' or more'}{here()}")
        return inputs.type.rank

    def _size(self, inputs: Any, axis: int) -> int:
        """The size along an axis, for which variables are made; ShapeError: it is unknown."""
        dims = as_shape(inputs)
        if dims is None or not -len(dims) <= axis < len(dims) or dims[axis] is None:
            where = "last dimension" if axis == -1 else f"dimension {axis}"
            raise ShapeError(f"{self._name}: inputs of shape {TensorShape(dims)} have no known {where}, for which its variables are made{here()}")
        return int(dims[axis])      # type: ignore[arg-type]


def shapes(tensors: Any) -> Any:
    """The shape of a tensor as a tuple, of several a list of them; None for a tensor of unknown rank."""
    found = [None if x.type.shape is None else tuple(d if isinstance(d, int) else None for d in x.type.shape) for x in flatten(tensors)]
    return found if is_nested(tensors) else found[0]
