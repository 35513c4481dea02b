"""`tf.saved_model`: models for those who use them: graphs by tags, with signatures, and their variables, in a folder of graphc's own files."""

from ..tf1_names import namespace as _namespace
from . import builder, constants, loader, main_op, signature, signature_constants, signature_def_utils, tag_constants, utils
from .builder import SavedModelBuilder, simple_save
from .constants import *  # noqa: F403
from .loader import load, maybe_saved_model_directory
from .main_op import main_op_with_restore
from .signature import *  # noqa: F403
from .signature_constants import *  # noqa: F403
from .tag_constants import *  # noqa: F403

Builder = SavedModelBuilder
contains_saved_model = maybe_saved_model_directory

__all__ = [*signature.__all__, *constants.__all__, *signature_constants.__all__, *tag_constants.__all__, "Builder", "SavedModelBuilder",
           "builder", "constants", "contains_saved_model", "load", "loader", "main_op", "main_op_with_restore",
           "maybe_saved_model_directory", "signature_constants",
           "signature_def_utils", "simple_save", "tag_constants", "utils"]

_namespace(globals())
