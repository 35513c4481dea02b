"""Files of models: in Keras' HDF5 layout where h5py is installed, else in safetensors; configurations are read as data, nothing in them is run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataLossError, GraphError, MissingPackageError, NotFoundError, ShapeError
from ..files.safetensors import encode, open_file, read_array, read_header
from ..files.whole import write_whole
from ..ir.node import here
from ..logging import warning
from ..ops.state import Variable
from ..process.importing import whole
from . import optimizers, serial
from .backend import state

Named = list[tuple[str, Any]]
_ENDINGS = (".h5", ".hdf5", ".keras")
_LAYERS, _MODEL, _TRAINING, _OPTIMIZER = "keras_layers", "keras_model", "keras_training", "keras_optimizer"


class Held(NamedTuple):
    """What a file holds: the weights of each layer by name; with a whole model its configuration, and what `compile` said."""

    layers: list[tuple[str, Named]]
    model: str | None = None
    training: str | None = None
    optimizer: Named | None = None


# ---------------------------------------------------------------------- what models have for files

def _values(variables: Sequence[Variable]) -> Named:
    if not variables:
        return []
    values = state.session_of(variables[0].graph).run(list(variables))
    return [(v.name, np.asarray(value)) for v, value in zip(variables, values, strict=True)]


def _weights_of(model: Any) -> list[tuple[str, Named]]:
    found = [(layer.name, _values(layer.weights)) for layer in model.layers]
    own = [v for v in model._weights if all(v is not w for layer in model.layers for w in layer.weights)]
    return [*found, *([(model.name, _values(own))] if own else [])]


def _place(filepath: Any, overwrite: bool) -> str:
    path = os.fspath(filepath)
    if not overwrite and os.path.exists(path):
        raise GraphError(f"{path} is there, and is not to be overwritten{here()}")
    return str(path)


def _is_h5(path: str, save_format: str | None) -> bool:
    """Whether a file is to be in Keras' layout: as its ending says, where h5py is installed; else a warning says what it is instead."""
    if save_format is not None or not path.endswith(_ENDINGS):
        return save_format in ("h5", "keras")
    try:
        _h5py(path)
    except MissingPackageError:
        warning("%s is written as safetensors, which load_model and load_weights read whatever the ending; HDF5 needs h5py: "
                "pip install 'graphc[keras]'", path)
        return False
    return True


def save_weights(model: Any, filepath: Any, overwrite: bool, save_format: str | None) -> None:
    """Write the weights of a model."""
    path = _place(filepath, overwrite)
    _write(path, Held(_weights_of(model)), _is_h5(path, save_format))


def save_model(model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, save_format: str | None = None) -> None:
    """Write a model with its weights, and what `compile` said, for `load_model`. GraphError: a subclass, which its code alone describes.

    >>> import tempfile
    >>> model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])
    >>> path = tempfile.mkdtemp() + "/model"
    >>> tf.keras.models.save_model(model, path)
    >>> tf.keras.models.load_model(path).count_params()
    3
    """
    path = _place(filepath, overwrite)
    compiled, training, kept = model._compiled if include_optimizer else None, None, None
    if compiled is not None and hasattr(compiled.optimizer, "get_config"):
        training = json.dumps({"loss": compiled.loss, "metrics": compiled.given, "weighted_metrics": compiled.given_weighted,
                               "sample_weight_mode": compiled.sample_weight_mode, "loss_weights": compiled.loss_weights,
                               "optimizer_config": optimizers.serialize(compiled.optimizer)}, default=serial.plain)
        kept = _values(compiled.kept())
    _write(path, Held(_weights_of(model), model.to_json(), training, kept), _is_h5(path, save_format))


def load_weights(model: Any, filepath: Any, by_name: bool) -> None:
    """Set the weights of a model as a file has them."""
    if model.inputs is None and not model.weights:
        raise GraphError(f"the model {model.name} has no weights yet: build it by model.build(input_shape), or train it once, first{here()}")
    held = _read(_found(filepath))
    own = [(layer.name, layer.weights) for layer in model.layers]
    rest = [v for v in model._weights if all(v is not w for _, held_by in own for w in held_by)]
    _set([*own, *([(model.name, rest)] if rest else [])], held.layers, by_name)


def _set(own: list[tuple[str, list[Variable]]], given: list[tuple[str, Named]], by_name: bool) -> None:
    """Set variables by the arrays of layers, in order or by the layers' names. ShapeError: they do not fit; then none is set."""
    if by_name:
        known = dict(given)
        pairs = [(name, held, known[name]) for name, held in own if name in known]
    else:
        mine, theirs = [o for o in own if o[1]], [g for g in given if g[1]]
        if len(mine) != len(theirs):
            raise ShapeError(f"you are trying to load a weight file containing {len(theirs)} layers into a model with {len(mine)} layers{here()}")
        pairs = [(name, held, arrays) for (name, held), (_, arrays) in zip(mine, theirs, strict=True)]
    for name, held, arrays in pairs:
        if len(held) != len(arrays) or any(v.shape.as_list() != list(a.shape) for v, (_, a) in zip(held, arrays, strict=False)):
            raise ShapeError(f"layer {name} has weights of shapes {[tuple(v.shape.as_list()) for v in held]}, the file "
                             f"{[tuple(a.shape) for _, a in arrays]}{here()}")
    for _, held, arrays in pairs:
        for v, (_, a) in zip(held, arrays, strict=True):
            state.session_of(v.graph).load(v, a)


def load_model(filepath: Any, custom_objects: Any = None, compile: bool = True) -> Any:
    """The model that a file holds, compiled as it was: a file that `model.save` has written, here or, with h5py, by Keras.

    `custom_objects`: classes and functions of a program's own, by name. Nothing of the file is run: what it names is looked up. NotFoundError,
    DataLossError: there is none, or it is damaged. GraphError: it names what is not known, or holds weights alone.
    """
    from .utils.objects import CustomObjectScope
    path = _found(filepath)
    held = _read(path)
    if held.model is None:
        raise GraphError(f"{path} holds weights and no model: make the model, and load_weights sets them{here()}")
    with CustomObjectScope(custom_objects or {}):
        model = serial.layer_of(_json(held.model, path), custom_objects)
        _set([(layer.name, layer.weights) for layer in model.layers], held.layers, False)
        if compile and held.training is not None:
            told = _json(held.training, path)
            model.compile(optimizers.deserialize(told["optimizer_config"]), told.get("loss"), told.get("metrics"), told.get("loss_weights"),
                          told.get("sample_weight_mode"), told.get("weighted_metrics"))
            model._compiled.restored = held.optimizer
    return model


def _json(text: str, path: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise DataLossError(f"{path}: the configuration of the model is damaged{here()}") from None


def _found(filepath: Any) -> str:
    """The file of a path, with its ending or without. NotFoundError: there is none."""
    path = str(os.fspath(filepath))
    for each in (path, f"{path}.safetensors", f"{path}.h5"):
        if os.path.isfile(each):
            return each
    raise NotFoundError(f"there is no file {path}{here()}")


# ---------------------------------------------------------------------- files

def _write(path: str, held: Held, h5: bool) -> None:
    if h5:
        _write_h5(path, held)
        return
    arrays: dict[str, Any] = {}

    def keys(named: Iterable[tuple[str, Any]], group: str) -> list[str]:
        found = []
        for name, array in named:
            key = name.removesuffix(":0")
            key = key if key not in arrays else f"{group}/{key}"
            arrays[key] = array
            found.append(key)
        return found
    layers = [[name, keys(named, name)] for name, named in held.layers]
    told = {_LAYERS: json.dumps(layers)}
    for word, text in ((_MODEL, held.model), (_TRAINING, held.training)):
        if text is not None:
            told[word] = text
    if held.optimizer is not None:
        told[_OPTIMIZER] = json.dumps(keys(held.optimizer, "optimizer"))
    write_whole(path, encode(arrays, told))


def _read(path: str) -> Held:
    with open_file(path) as file:
        if file.read(4) == b"\x89HDF":
            return _read_h5(path)
        file.seek(0)
        header = read_header(file, path)
        told = header.metadata
        if _LAYERS not in told:
            raise DataLossError(f"{path} is a file of tensors that no model has written: tf.train.Saver reads it{here()}")
        try:
            layers = [(str(name), [(k, read_array(file, path, header, k)) for k in keys]) for name, keys in json.loads(told[_LAYERS])]
            kept = json.loads(told[_OPTIMIZER]) if _OPTIMIZER in told else None
            optimizer = None if kept is None else [(k, read_array(file, path, header, k)) for k in kept]
        except (KeyError, TypeError, ValueError) as e:
            if isinstance(e, DataLossError):
                raise
            raise DataLossError(f"{path}: what is said of its layers is damaged{here()}") from None
    return Held(layers, told.get(_MODEL), told.get(_TRAINING), optimizer)


def _h5py(path: str) -> Any:
    try:
        return whole("h5py")
    except ImportError:
        raise MissingPackageError(f"{path} is a file of HDF5, which needs h5py: pip install 'graphc[keras]'{here()}") from None


def _write_h5(path: str, held: Held) -> None:
    h5py = _h5py(path)
    with h5py.File(path, "w") as file:
        top = file if held.model is None else file.create_group("model_weights")
        for where in {file, top}:
            where.attrs["backend"], where.attrs["keras_version"] = b"tensorflow", b"2.2.4-tf"
        top.attrs["layer_names"] = [name.encode() for name, _ in held.layers]
        for name, named in held.layers:
            _write_group(top.create_group(name), named)
        if held.model is not None:
            file.attrs["model_config"] = held.model.encode()
        if held.training is not None:
            file.attrs["training_config"] = held.training.encode()
        if held.optimizer:
            _write_group(file.create_group("optimizer_weights"), held.optimizer)


def _write_group(group: Any, named: Named) -> None:
    group.attrs["weight_names"] = [name.encode() for name, _ in named]
    for name, array in named:
        group.create_dataset(name, data=array)


def _read_h5(path: str) -> Held:
    h5py = _h5py(path)
    try:
        with h5py.File(path, "r") as file:
            top = file["model_weights"] if "model_weights" in file and "layer_names" not in file.attrs else file
            layers = [(name, _read_group(top[name])) for name in _texts(top.attrs["layer_names"])]
            optimizer = _read_group(file["optimizer_weights"]) if "optimizer_weights" in file else None
            model, training = (_texts([file.attrs[w]])[0] if w in file.attrs else None for w in ("model_config", "training_config"))
    except (KeyError, OSError, RuntimeError, TypeError, ValueError) as e:        # RuntimeError: what HDF5 says of damage
        raise DataLossError(f"{path} is damaged, or no file of a model: {e}{here()}") from None
    return Held(layers, model, training, optimizer)


def _read_group(group: Any) -> Named:
    return [(name, np.asarray(group[name])) for name in _texts(group.attrs["weight_names"])]


def _texts(values: Any) -> list[str]:
    return [v.decode() if isinstance(v, bytes) else str(v) for v in values]
