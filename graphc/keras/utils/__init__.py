"""`tf.keras.utils`: classes as one-hot rows, batches by number or from files, pictures and copies of models, names of a program's own objects."""

from ...tf1_names import namespace as _namespace
from ..named import deserialize_keras_object, get_custom_objects, serialize_keras_object
from .arrays import normalize, to_categorical
from .copies import multi_gpu_model
from .files import get_file
from .hdf5 import HDF5Matrix
from .kernels import convert_all_kernels_in_model
from .objects import CustomObjectScope, custom_object_scope
from .pictures import model_to_dot, plot_model
from .progbar import Progbar
from .sequence import GeneratorEnqueuer, OrderedEnqueuer, Sequence, SequenceEnqueuer
from .sources import get_source_inputs

__all__ = ["CustomObjectScope", "GeneratorEnqueuer", "HDF5Matrix", "OrderedEnqueuer", "Progbar", "Sequence", "SequenceEnqueuer",
           "convert_all_kernels_in_model", "custom_object_scope", "deserialize_keras_object", "get_custom_objects", "get_file", "get_source_inputs",
           "model_to_dot", "multi_gpu_model", "normalize", "plot_model", "serialize_keras_object", "to_categorical"]

_namespace(globals())
