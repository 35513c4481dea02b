"""`tf.sparse`: sparse tensors under the names of TensorFlow 1.13 and later, most of which are `tf.sparse_<name>` as well."""

from .data.staging import SparseConditionalAccumulator
from .ops.slices import sparse_mask
from .ops.sparse_cross import cross, cross_hashed
from .ops.sparse_dense import from_dense, sparse_tensor_to_dense
from .ops.sparse_forms import (
    sparse_concat,
    sparse_expand_dims,
    sparse_eye,
    sparse_fill_empty_rows,
    sparse_merge,
    sparse_reorder,
    sparse_reset_shape,
    sparse_reshape,
    sparse_retain,
    sparse_slice,
    sparse_to_indicator,
    sparse_transpose,
    split_of,
)
from .ops.sparse_math import (
    sparse_add,
    sparse_maximum,
    sparse_minimum,
    sparse_reduce_max,
    sparse_reduce_max_sparse,
    sparse_reduce_sum,
    sparse_reduce_sum_sparse,
    sparse_softmax,
    sparse_tensor_dense_matmul,
)
from .ops.sparse_rows import sparse_segment_mean, sparse_segment_sqrt_n, sparse_segment_sum
from .ops.sparse_tensor import SparseTensor, sparse_placeholder
from .tf1_names import namespace as _namespace

add, maximum, minimum, softmax = sparse_add, sparse_maximum, sparse_minimum, sparse_softmax
concat, expand_dims, fill_empty_rows, merge = sparse_concat, sparse_expand_dims, sparse_fill_empty_rows, sparse_merge
reorder, reset_shape = sparse_reorder, sparse_reset_shape
reshape, retain, slice, split, to_indicator, transpose = (  # noqa: A001
    sparse_reshape, sparse_retain, sparse_slice, split_of, sparse_to_indicator, sparse_transpose)
matmul = sparse_dense_matmul = sparse_tensor_dense_matmul
placeholder, to_dense = sparse_placeholder, sparse_tensor_to_dense
reduce_sum, reduce_sum_sparse, reduce_max = sparse_reduce_sum, sparse_reduce_sum_sparse, sparse_reduce_max

reduce_max_sparse, eye, mask = sparse_reduce_max_sparse, sparse_eye, sparse_mask
segment_sum, segment_mean, segment_sqrt_n = sparse_segment_sum, sparse_segment_mean, sparse_segment_sqrt_n

__all__ = ["SparseConditionalAccumulator", "SparseTensor", "add", "concat", "cross", "cross_hashed", "expand_dims", "eye",
           "fill_empty_rows", "from_dense", "mask", "matmul", "maximum", "merge", "minimum", "placeholder", "reduce_max",
           "reduce_max_sparse", "reduce_sum", "reduce_sum_sparse", "reorder", "reset_shape", "reshape", "retain", "segment_mean",
           "segment_sqrt_n", "segment_sum", "slice", "softmax", "sparse_dense_matmul", "split", "to_dense", "to_indicator", "transpose"]

_namespace(globals())
