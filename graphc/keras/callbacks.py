"""`tf.keras.callbacks`: what is called while a model is trained."""

from typing import TYPE_CHECKING

from ..tf1_names import getter as _getter
from .callbacks_base import BaseLogger, Callback, CallbackList, History, LambdaCallback, ProgbarLogger
from .callbacks_files import CSVLogger, ModelCheckpoint, TensorBoard
from .callbacks_watch import EarlyStopping, LearningRateScheduler, ReduceLROnPlateau, TerminateOnNaN

__all__ = ["BaseLogger", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback", "LearningRateScheduler",
           "ModelCheckpoint", "ProgbarLogger", "ReduceLROnPlateau", "TensorBoard", "TerminateOnNaN"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
