"""The names of files, folders and collections of a saved model, and the version of its message."""

from ..files.saved_model import ASSETS as ASSETS_DIRECTORY
from ..files.saved_model import INDEX as SAVED_MODEL_FILENAME_JSON
from ..files.saved_model import VARIABLES as VARIABLES_DIRECTORY
from ..files.saved_model import VARIABLES as VARIABLES_FILENAME
from ..files.tf_graph.saved import MODEL as SAVED_MODEL_FILENAME_PB
from ..tf1_names import namespace as _namespace

__all__ = ["ASSETS_DIRECTORY", "ASSETS_KEY", "LEGACY_INIT_OP_KEY", "MAIN_OP_KEY", "SAVED_MODEL_FILENAME_JSON", "SAVED_MODEL_FILENAME_PB",
           "SAVED_MODEL_FILENAME_PBTXT", "SAVED_MODEL_SCHEMA_VERSION", "VARIABLES_DIRECTORY", "VARIABLES_FILENAME"]

ASSETS_KEY, MAIN_OP_KEY, LEGACY_INIT_OP_KEY = "saved_model_assets", "saved_model_main_op", "legacy_init_op"
SAVED_MODEL_FILENAME_PBTXT = "saved_model.pbtxt"
SAVED_MODEL_SCHEMA_VERSION = 1      # of TensorFlow's message

_namespace(globals())
