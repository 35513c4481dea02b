"""`tf.io`: files read and written, records and texts taken apart."""

from . import gfile
from .data.queues import PaddingFIFOQueue, PriorityQueue, QueueBase, RandomShuffleQueue
from .files import parsing, sequence_parsing, tensor_texts
from .files.graph_def import write_graph
from .files.json_examples import decode_json_example
from .files.parsing import *  # noqa: F403
from .files.sequence_parsing import *  # noqa: F403
from .files.tensor_texts import *  # noqa: F403
from .ops import decode, image_files
from .ops.decode import *  # noqa: F403
from .ops.image_files import *  # noqa: F403
from .ops.image_formats import decode_and_crop_jpeg, decode_bmp, decode_gif, extract_jpeg_shape, is_jpeg
from .ops.strings import decode_base64, encode_base64
from .python_io import TFRecordCompressionType, TFRecordOptions, TFRecordWriter, tf_record_iterator
from .tf1_names import namespace as _namespace
from .train.inputs import match_filenames_once

__all__ = [*parsing.__all__, *sequence_parsing.__all__, *tensor_texts.__all__, *decode.__all__, *image_files.__all__, "PaddingFIFOQueue",
           "PriorityQueue", "QueueBase", "RandomShuffleQueue", "TFRecordCompressionType", "TFRecordOptions", "TFRecordWriter", "decode_and_crop_jpeg",
           "decode_base64", "decode_bmp", "decode_gif", "decode_json_example", "encode_base64", "extract_jpeg_shape", "is_jpeg", "gfile",
           "match_filenames_once", "tf_record_iterator", "write_graph"]

_namespace(globals())
