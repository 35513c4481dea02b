"""`tf.strings`: operators on texts under the names of TensorFlow 1.13 and later; texts cut, joined, searched, and as code points of Unicode."""

from .ops.printing import string_format
from .ops.ragged_texts import (
    bytes_split,
    ngrams,
    unicode_decode,
    unicode_decode_with_offsets,
    unicode_encode,
    unicode_split,
    unicode_split_with_offsets,
    unsorted_segment_join,
)
from .ops.string_parts import split_v2
from .ops.strings import (
    as_string,
    reduce_join,
    regex_full_match,
    regex_replace,
    string_join,
    string_length,
    string_lower,
    string_strip,
    string_to_hash_bucket,
    string_to_hash_bucket_fast,
    string_to_hash_bucket_strong,
    string_to_number,
    string_upper,
    substr,
)
from .ops.unicode import unicode_transcode
from .tf1_names import namespace as _namespace

join, length, lower, strip, upper = string_join, string_length, string_lower, string_strip, string_upper
to_hash_bucket, to_hash_bucket_fast, to_hash_bucket_strong = string_to_hash_bucket, string_to_hash_bucket_fast, string_to_hash_bucket_strong
to_number, split, format = string_to_number, split_v2, string_format

__all__ = ["as_string", "bytes_split", "format", "join", "length", "lower", "ngrams", "reduce_join", "regex_full_match", "regex_replace", "split",
           "strip", "substr", "to_hash_bucket", "to_hash_bucket_fast", "to_hash_bucket_strong", "to_number", "unicode_decode",
           "unicode_decode_with_offsets", "unicode_encode", "unicode_split", "unicode_split_with_offsets", "unicode_transcode",
           "unsorted_segment_join", "upper"]

_namespace(globals())
