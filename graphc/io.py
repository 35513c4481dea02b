"""`tf.io`: files read and written, records and texts taken apart."""

from typing import TYPE_CHECKING

from . import gfile
from .files.parsing import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    VarLenFeature,
    parse_example,
    parse_single_example,
    parse_single_sequence_example,
)
from .ops.decode import decode_csv, decode_raw, matching_files, read_file, write_file
from .ops.image_files import decode_image, decode_jpeg, decode_png, encode_jpeg
from .python_io import TFRecordCompressionType, TFRecordOptions, TFRecordWriter, tf_record_iterator
from .tf1_names import getter as _getter

__all__ = ["FixedLenFeature", "FixedLenSequenceFeature", "TFRecordCompressionType", "TFRecordOptions", "TFRecordWriter",
           "VarLenFeature", "decode_csv", "decode_image", "decode_jpeg", "decode_png", "decode_raw", "encode_jpeg", "gfile",
           "matching_files", "parse_example", "parse_single_example", "parse_single_sequence_example", "read_file",
           "tf_record_iterator", "write_file"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
