"""The names of files and folders of a saved model."""

from ..files.saved_model import ASSETS as ASSETS_DIRECTORY
from ..files.saved_model import INDEX as SAVED_MODEL_FILENAME_JSON
from ..files.saved_model import VARIABLES as VARIABLES_DIRECTORY
from ..files.saved_model import VARIABLES as VARIABLES_FILENAME
from ..tf1_names import namespace as _namespace

__all__ = ["ASSETS_DIRECTORY", "ASSETS_KEY", "MAIN_OP_KEY", "SAVED_MODEL_FILENAME_JSON", "VARIABLES_DIRECTORY", "VARIABLES_FILENAME"]

ASSETS_KEY, MAIN_OP_KEY = "saved_model_assets", "saved_model_main_op"

_namespace(globals())
