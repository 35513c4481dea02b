"""`tf.keras.callbacks`: what is called while a model is trained."""

from ..tf1_names import namespace as _namespace
from .callbacks_base import BaseLogger, Callback, CallbackList, History, LambdaCallback, ProgbarLogger
from .callbacks_files import CSVLogger, ModelCheckpoint, TensorBoard
from .callbacks_remote import RemoteMonitor
from .callbacks_watch import EarlyStopping, LearningRateScheduler, ReduceLROnPlateau, TerminateOnNaN

__all__ = ["BaseLogger", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback", "LearningRateScheduler",
           "ModelCheckpoint", "ProgbarLogger", "ReduceLROnPlateau", "RemoteMonitor", "TensorBoard", "TerminateOnNaN"]

_namespace(globals())
