"""`tf.keras.utils`: classes as one-hot rows, batches by number, pictures of models, names of a program's own objects."""

from ...tf1_names import namespace as _namespace
from ..named import deserialize_keras_object, get_custom_objects, serialize_keras_object
from .arrays import normalize, to_categorical
from .files import get_file
from .objects import CustomObjectScope, custom_object_scope
from .pictures import model_to_dot, plot_model
from .progbar import Progbar
from .sequence import GeneratorEnqueuer, OrderedEnqueuer, Sequence
from .sources import get_source_inputs

__all__ = ["CustomObjectScope", "GeneratorEnqueuer", "OrderedEnqueuer", "Progbar", "Sequence", "custom_object_scope", "deserialize_keras_object",
           "get_custom_objects", "get_file", "get_source_inputs", "model_to_dot", "normalize", "plot_model", "serialize_keras_object",
           "to_categorical"]

_namespace(globals())
