"""Models as data and in files: configurations, JSON, weights; what `summary` prints."""

from __future__ import annotations

import json
from typing import Any

from ...errors import GraphError
from ...ir.node import here
from .. import serial
from .described import describe_model, model_of
from .summary import print_summary

_VERSION = "2.2.4-tf"       # of Keras, as TensorFlow 1.15 has it


class Saved:
    """What a model has to be written and read."""

    name: Any
    layers: Any
    weights: Any

    def summary(self, line_length: int | None = None, positions: Any = None, print_fn: Any = None) -> None:
        """Print a table of the layers: outputs' shapes, and numbers of parameters. GraphError: the model was not called yet."""
        if not self.built and self.inputs is None and not self.weights:  # type: ignore[attr-defined]
            raise GraphError(f"the model {self.name} has not yet been built: build it by model.build(input_shape), or by fit with some data{here()}")
        print_summary(self, line_length, positions, print_fn)

    def get_config(self) -> dict[str, Any]:
        """The model as plain data: its layers and how they are connected. GraphError: it is a subclass."""
        return describe_model(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The model that a configuration of `get_config` describes, with new variables. GraphError: it describes none."""
        return model_of(cls, config, custom_objects)

    def to_json(self, **kwargs: Any) -> str:
        """The model's configuration as JSON, for `tf.keras.models.model_from_json`; `kwargs`: of `json.dumps`."""
        kind = "Model" if type(self).get_config is Saved.get_config else type(self).__name__
        return json.dumps({"class_name": kind, "config": self.get_config(), "keras_version": _VERSION, "backend": "tensorflow"},
                          default=serial.plain, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, save_format: str | None = None) -> None:
        """Write the weights: to PATH.h5 as Keras does where h5py is installed, else to a file of safetensors.

        GraphError: there is a file, and it is not to be overwritten. MissingPackageError: an .h5 file without h5py.
        """
        from .. import model_files
        model_files.save_weights(self, filepath, overwrite, save_format)

    def load_weights(self, filepath: Any, by_name: bool = False) -> None:
        """Set the weights as a file has them: layer by layer in order, or `by_name` those of layers of the same name.

        NotFoundError, DataLossError: there is no file, or it is damaged. ShapeError: its weights do not fit the model.
        """
        from .. import model_files
        model_files.load_weights(self, filepath, by_name)

    def save(self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, save_format: str | None = None) -> None:
        """Write the model, its weights, what `compile` said and the optimizer's state, for `tf.keras.models.load_model`.

        A path that ends in .h5, .hdf5 or .keras: Keras' own format, where h5py is installed; else a file of safetensors. GraphError: a subclass.
        """
        from .. import model_files
        model_files.save_model(self, filepath, overwrite, include_optimizer, save_format)
