"""`tf.contrib.keras`: `tf.keras` by its older name."""

from typing import TYPE_CHECKING, Any

from .. import keras as _keras

__all__: list[str] = [*_keras.__all__]
# Its modules are those of `python.paths`: below the folder of tf.keras they would be imported a second time, as others.
__path__: list[str] = []

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    def __getattr__(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_keras, name)
