# Made from the declarations by `python -m tests.stubs`; a test holds it current.
"""graphc: static computation graphs, TensorFlow 1 style, compiled to machine code for the CPU."""

from builtins import bool as _bool
from typing import Any, NamedTuple

from . import app as app
from . import audio as audio
from . import autograph as autograph
from . import bitwise as bitwise
from . import compat as compat
from . import config as config
from . import contrib as contrib
from . import core as core
from . import data as data
from . import debugging as debugging
from . import distribute as distribute
from . import distributions as distributions
from . import dtypes as dtypes
from . import errors as errors
from . import estimator as estimator
from . import examples as examples
from . import extend as extend
from . import feature_column as feature_column
from . import flags as flags
from . import gfile as gfile
from . import graph_util as graph_util
from . import image as image
from . import initializers as initializers
from . import io as io
from . import keras as keras
from . import layers as layers
from . import linalg as linalg
from . import logging as logging
from . import lookup as lookup
from . import losses as losses
from . import manip as manip
from . import math as math
from . import metrics as metrics
from . import nest as nest
from . import nn as nn
from . import numeric as numeric
from . import optimize as optimize
from . import profiler as profiler
from . import python as python
from . import python_io as python_io
from . import quantization as quantization
from . import queue as queue
from . import ragged as ragged
from . import random as random
from . import resource_loader as resource_loader
from . import saved_model as saved_model
from . import sets as sets
from . import signal as signal
from . import sparse as sparse
from . import spectral as spectral
from . import strings as strings
from . import summary as summary
from . import sysconfig as sysconfig
from . import test as test
from . import testing as testing
from . import tpu as tpu
from . import train as train
from . import version as version
from . import xla as xla
from .autodiff.choices import AggregationMethod as AggregationMethod
from .autodiff.choices import UnconnectedGradients as UnconnectedGradients
from .autodiff.gradients import gradients as gradients
from .autodiff.products import batch_jacobian as batch_jacobian
from .autodiff.products import hessian as hessian
from .autodiff.products import hessians as hessians
from .autodiff.products import hvp as hvp
from .autodiff.products import jacobian as jacobian
from .autodiff.products import jvp as jvp
from .autodiff.products import vjp as vjp
from .autodiff.tape import GradientTape as GradientTape
from .autodiff.vectorized import vectorized_map as vectorized_map
from .cpu.telling import get_logger as get_logger
from .cpu.tracing import RunOptions as RunOptions
from .data.queues import FIFOQueue as FIFOQueue
from .data.queues import PaddingFIFOQueue as PaddingFIFOQueue
from .data.queues import PriorityQueue as PriorityQueue
from .data.queues import QueueBase as QueueBase
from .data.queues import RandomShuffleQueue as RandomShuffleQueue
from .data.readers import FixedLengthRecordReader as FixedLengthRecordReader
from .data.readers import IdentityReader as IdentityReader
from .data.readers import ReaderBase as ReaderBase
from .data.readers import TFRecordReader as TFRecordReader
from .data.readers import TextLineReader as TextLineReader
from .data.readers import WholeFileReader as WholeFileReader
from .data.staging import ConditionalAccumulator as ConditionalAccumulator
from .data.staging import ConditionalAccumulatorBase as ConditionalAccumulatorBase
from .data.staging import SparseConditionalAccumulator as SparseConditionalAccumulator
from .errors import OpError as OpError
from .files.event_messages import Event as Event
from .files.event_messages import HistogramProto as HistogramProto
from .files.event_messages import LogMessage as LogMessage
from .files.event_messages import SessionLog as SessionLog
from .files.event_messages import Summary as Summary
from .files.event_messages import SummaryMetadata as SummaryMetadata
from .files.graph_def import GraphDef as GraphDef
from .files.graph_def import import_graph_def as import_graph_def
from .files.parsing import FixedLenFeature as FixedLenFeature
from .files.parsing import FixedLenSequenceFeature as FixedLenSequenceFeature
from .files.parsing import SparseFeature as SparseFeature
from .files.parsing import VarLenFeature as VarLenFeature
from .files.parsing import parse_example as parse_example
from .files.parsing import parse_single_example as parse_single_example
from .files.sequence_parsing import parse_single_sequence_example as parse_single_sequence_example
from .files.summary_ops import histogram_summary as histogram_summary
from .files.summary_ops import image_summary as image_summary
from .files.summary_ops import merge_all_summaries as merge_all_summaries
from .files.summary_ops import merge_summary as merge_summary
from .files.summary_ops import scalar_summary as scalar_summary
from .files.tensor_proto import make_ndarray as make_ndarray
from .files.tensor_proto import make_tensor_proto as make_tensor_proto
from .files.tensor_texts import deserialize_many_sparse as deserialize_many_sparse
from .files.tensor_texts import serialize_many_sparse as serialize_many_sparse
from .files.tensor_texts import serialize_sparse as serialize_sparse
from .files.tf_graph.messages import AttrValue as AttrValue
from .files.tf_graph.messages import MetaGraphDef as MetaGraphDef
from .files.tf_graph.messages import NameAttrList as NameAttrList
from .files.tf_graph.messages import TensorInfo as TensorInfo
from .initializers import constant_initializer as constant_initializer
from .initializers import glorot_normal_initializer as glorot_normal_initializer
from .initializers import glorot_uniform_initializer as glorot_uniform_initializer
from .initializers import ones_initializer as ones_initializer
from .initializers import orthogonal_initializer as orthogonal_initializer
from .initializers import random_normal_initializer as random_normal_initializer
from .initializers import random_uniform_initializer as random_uniform_initializer
from .initializers import truncated_normal_initializer as truncated_normal_initializer
from .initializers import uniform_unit_scaling_initializer as uniform_unit_scaling_initializer
from .initializers import variance_scaling_initializer as variance_scaling_initializer
from .initializers import zeros_initializer as zeros_initializer
from .inspection.diagnose import Diagnosis as Diagnosis
from .inspection.diagnose import diagnose as diagnose
from .inspection.report import report as report
from .inspection.show import show as show
from .ir.collecting import GraphKeys as GraphKeys
from .ir.conversions import register_tensor_conversion_function as register_tensor_conversion_function
from .ir.default_graph import add_to_collection as add_to_collection
from .ir.default_graph import add_to_collections as add_to_collections
from .ir.default_graph import colocate_with as colocate_with
from .ir.default_graph import container as container
from .ir.default_graph import control_dependencies as control_dependencies
from .ir.default_graph import device as device
from .ir.default_graph import get_collection as get_collection
from .ir.default_graph import get_collection_ref as get_collection_ref
from .ir.default_graph import get_seed as get_seed
from .ir.default_graph import set_random_seed as set_random_seed
from .ir.devices import DeviceSpec as DeviceSpec
from .ir.graph import Graph as Graph
from .ir.graph import get_default_graph as get_default_graph
from .ir.graph import get_default_session as get_default_session
from .ir.graph import name_scope as name_scope
from .ir.graph import reset_default_graph as reset_default_graph
from .ir.node import Operation as Operation
from .ir.registered import NoGradient as NoGradient
from .ir.registered import NotDifferentiable as NotDifferentiable
from .ir.registered import RegisterGradient as RegisterGradient
from .ir.shapes import Dimension as Dimension
from .ir.shapes import TensorShape as TensorShape
from .ir.standing import NodeDef as NodeDef
from .ir.tensor import Tensor as Tensor
from .ir.types import DType as DType
from .ir.types import as_dtype as as_dtype
from .libraries import load_file_system_library as load_file_system_library
from .libraries import load_library as load_library
from .libraries import load_op_library as load_op_library
from .making import assert_variables_initialized as assert_variables_initialized
from .making import create_partitioned_variables as create_partitioned_variables
from .making import variable_creator_scope as variable_creator_scope
from .modes import control_flow_v2_enabled as control_flow_v2_enabled
from .modes import disable_control_flow_v2 as disable_control_flow_v2
from .modes import disable_eager_execution as disable_eager_execution
from .modes import disable_resource_variables as disable_resource_variables
from .modes import disable_tensor_equality as disable_tensor_equality
from .modes import disable_v2_behavior as disable_v2_behavior
from .modes import disable_v2_tensorshape as disable_v2_tensorshape
from .modes import enable_control_flow_v2 as enable_control_flow_v2
from .modes import enable_eager_execution as enable_eager_execution
from .modes import enable_resource_variables as enable_resource_variables
from .modes import enable_tensor_equality as enable_tensor_equality
from .modes import enable_v2_behavior as enable_v2_behavior
from .modes import enable_v2_tensorshape as enable_v2_tensorshape
from .modes import executing_eagerly as executing_eagerly
from .modes import executing_eagerly_outside_functions as executing_eagerly_outside_functions
from .modes import init_scope as init_scope
from .modes import recompute_grad as recompute_grad
from .modes import resource_variables_enabled as resource_variables_enabled
from .modules import Module as Module
from .modules import function as function
from .ops.array import diag as diag
from .ops.array import diag_part as diag_part
from .ops.array import eye as eye
from .ops.array import matrix_band_part as matrix_band_part
from .ops.array import matrix_diag as matrix_diag
from .ops.array import matrix_set_diag as matrix_set_diag
from .ops.array import meshgrid as meshgrid
from .ops.array import pad as pad
from .ops.array import sequence_mask as sequence_mask
from .ops.array_batched import gather_nd as gather_nd
from .ops.array_fill import fill as fill
from .ops.array_fill import ones as ones
from .ops.array_fill import ones_like as ones_like
from .ops.array_fill import zeros as zeros
from .ops.array_fill import zeros_like as zeros_like
from .ops.array_gather import boolean_mask as boolean_mask
from .ops.array_gather import gather as gather
from .ops.array_index import lin_space as lin_space
from .ops.array_index import linspace as linspace
from .ops.array_index import one_hot as one_hot
from .ops.array_index import range as range
from .ops.array_index import rank as rank
from .ops.array_index import size as size
from .ops.array_join import concat as concat
from .ops.array_join import split as split
from .ops.array_places import batch_gather as batch_gather
from .ops.array_places import broadcast_dynamic_shape as broadcast_dynamic_shape
from .ops.array_places import broadcast_static_shape as broadcast_static_shape
from .ops.array_places import ensure_shape as ensure_shape
from .ops.array_places import identity_n as identity_n
from .ops.array_places import repeat as repeat
from .ops.array_places import shape_n as shape_n
from .ops.array_places import unravel_index as unravel_index
from .ops.array_sequence import reverse_sequence as reverse_sequence
from .ops.assertions import assert_integer as assert_integer
from .ops.assertions import assert_proper_iterable as assert_proper_iterable
from .ops.assertions import assert_rank as assert_rank
from .ops.assertions import assert_rank_at_least as assert_rank_at_least
from .ops.assertions import assert_rank_in as assert_rank_in
from .ops.assertions import assert_same_float_dtype as assert_same_float_dtype
from .ops.assertions import assert_scalar as assert_scalar
from .ops.assertions import assert_shapes as assert_shapes
from .ops.assertions import assert_type as assert_type
from .ops.blocks import batch_to_space as batch_to_space
from .ops.blocks import batch_to_space_nd as batch_to_space_nd
from .ops.blocks import depth_to_space as depth_to_space
from .ops.blocks import extract_image_patches as extract_image_patches
from .ops.blocks import required_space_to_batch_paddings as required_space_to_batch_paddings
from .ops.blocks import space_to_batch as space_to_batch
from .ops.blocks import space_to_batch_nd as space_to_batch_nd
from .ops.blocks import space_to_depth as space_to_depth
from .ops.confusion import confusion_matrix as confusion_matrix
from .ops.control_flow import case as case
from .ops.control_flow import cond as cond
from .ops.control_flow import switch_case as switch_case
from .ops.control_flow import while_loop as while_loop
from .ops.control_loops import foldl as foldl
from .ops.control_loops import foldr as foldr
from .ops.control_loops import map_fn as map_fn
from .ops.control_loops import scan as scan
from .ops.counting import count_up_to as count_up_to
from .ops.ctc_decode import edit_distance as edit_distance
from .ops.custom import custom_gradient as custom_gradient
from .ops.custom import grad_pass_through as grad_pass_through
from .ops.custom import no_gradient as no_gradient
from .ops.debug import Assert as Assert
from .ops.debug import Print as Print
from .ops.debug import add_check_numerics_ops as add_check_numerics_ops
from .ops.debug import assert_near as assert_near
from .ops.debug import check_numerics as check_numerics
from .ops.debug import verify_tensor_all_finite as verify_tensor_all_finite
from .ops.decode import decode_csv as decode_csv
from .ops.facts import convert_to_tensor_or_indexed_slices as convert_to_tensor_or_indexed_slices
from .ops.facts import dimension_at_index as dimension_at_index
from .ops.facts import dimension_value as dimension_value
from .ops.facts import get_static_value as get_static_value
from .ops.facts import guarantee_const as guarantee_const
from .ops.facts import is_non_decreasing as is_non_decreasing
from .ops.facts import is_numeric_tensor as is_numeric_tensor
from .ops.facts import is_strictly_increasing as is_strictly_increasing
from .ops.facts import is_tensor as is_tensor
from .ops.facts import timestamp as timestamp
from .ops.fft import fft as fft
from .ops.fft import fft2d as fft2d
from .ops.fft import fft3d as fft3d
from .ops.fft import ifft as ifft
from .ops.fft import ifft2d as ifft2d
from .ops.fft import ifft3d as ifft3d
from .ops.image_space import random_crop as random_crop
from .ops.incomplete import betainc as betainc
from .ops.incomplete import igamma as igamma
from .ops.incomplete import igammac as igammac
from .ops.incomplete import lbeta as lbeta
from .ops.incomplete import polygamma as polygamma
from .ops.incomplete import zeta as zeta
from .ops.indexing import strided_slice as strided_slice
from .ops.linalg import cross as cross
from .ops.linalg import einsum as einsum
from .ops.linalg import norm as norm
from .ops.linalg import tensordot as tensordot
from .ops.linalg import trace as trace
from .ops.linalg_factor import matrix_solve_ls as matrix_solve_ls
from .ops.linalg_factor import self_adjoint_eigvals as self_adjoint_eigvals
from .ops.linalg_factor import svd as svd
from .ops.linalg_matmul import batch_matmul as batch_matmul
from .ops.linalg_matmul import matrix_transpose as matrix_transpose
from .ops.linalg_solve import cholesky_solve as cholesky_solve
from .ops.math import saturate_cast as saturate_cast
from .ops.math import select as select
from .ops.math import to_bool as to_bool
from .ops.math import to_complex128 as to_complex128
from .ops.math import to_complex64 as to_complex64
from .ops.math import to_double as to_double
from .ops.math import to_float as to_float
from .ops.math import to_int32 as to_int32
from .ops.math import to_int64 as to_int64
from .ops.math import where as where
from .ops.math import where_v2 as where_v2
from .ops.math_compare import approximate_equal as approximate_equal
from .ops.math_compare import round as round
from .ops.math_division import div as div
from .ops.math_division import floor_div as floor_div
from .ops.math_division import realdiv as realdiv
from .ops.math_sums import accumulate_n as accumulate_n
from .ops.math_sums import add_n as add_n
from .ops.math_sums import polyval as polyval
from .ops.math_sums import scalar_mul as scalar_mul
from .ops.nn_activations import log_sigmoid as log_sigmoid
from .ops.ordering import argsort as argsort
from .ops.ordering import roll as roll
from .ops.ordering import sort as sort
from .ops.partition import bincount as bincount
from .ops.partition import dynamic_partition as dynamic_partition
from .ops.partition import dynamic_stitch as dynamic_stitch
from .ops.partition import histogram_fixed_width as histogram_fixed_width
from .ops.partition import histogram_fixed_width_bins as histogram_fixed_width_bins
from .ops.partition import parallel_stack as parallel_stack
from .ops.partition import setdiff1d as setdiff1d
from .ops.partition import unique_with_counts as unique_with_counts
from .ops.printing import print as print
from .ops.python_function import numpy_function as numpy_function
from .ops.python_function import py_func as py_func
from .ops.python_function import py_function as py_function
from .ops.quantized import fake_quant_with_min_max_args as fake_quant_with_min_max_args
from .ops.quantized import fake_quant_with_min_max_args_gradient as fake_quant_with_min_max_args_gradient
from .ops.quantized import fake_quant_with_min_max_vars as fake_quant_with_min_max_vars
from .ops.quantized import fake_quant_with_min_max_vars_gradient as fake_quant_with_min_max_vars_gradient
from .ops.quantized import fake_quant_with_min_max_vars_per_channel as fake_quant_with_min_max_vars_per_channel
from .ops.quantized import fake_quant_with_min_max_vars_per_channel_gradient as fake_quant_with_min_max_vars_per_channel_gradient
from .ops.ragged_tensor import RaggedTensor as RaggedTensor
from .ops.random import multinomial as multinomial
from .ops.random import random_normal as random_normal
from .ops.random import random_shuffle as random_shuffle
from .ops.random import random_uniform as random_uniform
from .ops.random import truncated_normal as truncated_normal
from .ops.random_draws import random_gamma as random_gamma
from .ops.random_draws import random_poisson as random_poisson
from .ops.reduce import count_nonzero as count_nonzero
from .ops.reduce import reduce_euclidean_norm as reduce_euclidean_norm
from .ops.reduce import reduce_logsumexp as reduce_logsumexp
from .ops.reduce import reduce_std as reduce_std
from .ops.reduce import reduce_variance as reduce_variance
from .ops.segments import segment_max as segment_max
from .ops.segments import segment_mean as segment_mean
from .ops.segments import segment_min as segment_min
from .ops.segments import segment_prod as segment_prod
from .ops.segments import segment_sum as segment_sum
from .ops.segments import unsorted_segment_max as unsorted_segment_max
from .ops.segments import unsorted_segment_mean as unsorted_segment_mean
from .ops.segments import unsorted_segment_min as unsorted_segment_min
from .ops.segments import unsorted_segment_prod as unsorted_segment_prod
from .ops.segments import unsorted_segment_sqrt_n as unsorted_segment_sqrt_n
from .ops.segments import unsorted_segment_sum as unsorted_segment_sum
from .ops.slices import IndexedSlices as IndexedSlices
from .ops.slices import IndexedSlicesValue as IndexedSlicesValue
from .ops.slices import sparse_mask as sparse_mask
from .ops.sources import constant as constant
from .ops.sources import convert_to_tensor as convert_to_tensor
from .ops.sources import placeholder as placeholder
from .ops.sources import placeholder_with_default as placeholder_with_default
from .ops.sparse_dense import sparse_tensor_to_dense as sparse_tensor_to_dense
from .ops.sparse_dense import sparse_to_dense as sparse_to_dense
from .ops.sparse_forms import sparse_concat as sparse_concat
from .ops.sparse_forms import sparse_expand_dims as sparse_expand_dims
from .ops.sparse_forms import sparse_fill_empty_rows as sparse_fill_empty_rows
from .ops.sparse_forms import sparse_merge as sparse_merge
from .ops.sparse_forms import sparse_reorder as sparse_reorder
from .ops.sparse_forms import sparse_reset_shape as sparse_reset_shape
from .ops.sparse_forms import sparse_reshape as sparse_reshape
from .ops.sparse_forms import sparse_retain as sparse_retain
from .ops.sparse_forms import sparse_slice as sparse_slice
from .ops.sparse_forms import sparse_split as sparse_split
from .ops.sparse_forms import sparse_to_indicator as sparse_to_indicator
from .ops.sparse_forms import sparse_transpose as sparse_transpose
from .ops.sparse_math import sparse_add as sparse_add
from .ops.sparse_math import sparse_matmul as sparse_matmul
from .ops.sparse_math import sparse_maximum as sparse_maximum
from .ops.sparse_math import sparse_minimum as sparse_minimum
from .ops.sparse_math import sparse_reduce_max as sparse_reduce_max
from .ops.sparse_math import sparse_reduce_max_sparse as sparse_reduce_max_sparse
from .ops.sparse_math import sparse_reduce_sum as sparse_reduce_sum
from .ops.sparse_math import sparse_reduce_sum_sparse as sparse_reduce_sum_sparse
from .ops.sparse_math import sparse_softmax as sparse_softmax
from .ops.sparse_math import sparse_tensor_dense_matmul as sparse_tensor_dense_matmul
from .ops.sparse_rows import sparse_segment_mean as sparse_segment_mean
from .ops.sparse_rows import sparse_segment_sqrt_n as sparse_segment_sqrt_n
from .ops.sparse_rows import sparse_segment_sum as sparse_segment_sum
from .ops.sparse_tensor import SparseTensor as SparseTensor
from .ops.sparse_tensor import SparseTensorValue as SparseTensorValue
from .ops.sparse_tensor import convert_to_tensor_or_sparse_tensor as convert_to_tensor_or_sparse_tensor
from .ops.sparse_tensor import sparse_placeholder as sparse_placeholder
from .ops.state import Variable as Variable
from .ops.state import assign as assign
from .ops.state import assign_add as assign_add
from .ops.state import assign_sub as assign_sub
from .ops.state import group as group
from .ops.state import is_variable_initialized as is_variable_initialized
from .ops.state import no_op as no_op
from .ops.state import tuple as tuple
from .ops.string_parts import string_split as string_split
from .ops.tables import initialize_all_tables as initialize_all_tables
from .ops.tables import tables_initializer as tables_initializer
from .ops.tensor_array import TensorArray as TensorArray
from .ops.type_specs import RaggedTensorSpec as RaggedTensorSpec
from .ops.type_specs import SparseTensorSpec as SparseTensorSpec
from .ops.type_specs import TensorSpec as TensorSpec
from .ops.type_specs import TypeSpec as TypeSpec
from .ops.updates import batch_scatter_update as batch_scatter_update
from .ops.updates import scatter_update as scatter_update
from .ops.updates import tensor_scatter_add as tensor_scatter_add
from .ops.updates import tensor_scatter_nd_add as tensor_scatter_nd_add
from .ops.updates import tensor_scatter_nd_sub as tensor_scatter_nd_sub
from .ops.updates import tensor_scatter_nd_update as tensor_scatter_nd_update
from .ops.updates import tensor_scatter_sub as tensor_scatter_sub
from .ops.updates import tensor_scatter_update as tensor_scatter_update
from .ops.volume_patches import extract_volume_patches as extract_volume_patches
from .runtime.options import GraphOptions as GraphOptions
from .runtime.options import OptimizerOptions as OptimizerOptions
from .runtime.session import ConfigProto as ConfigProto
from .runtime.session import GPUOptions as GPUOptions
from .runtime.session import InteractiveSession as InteractiveSession
from .runtime.session import Session as Session
from .runtime.timeline import RunMetadata as RunMetadata
from .sharing import VariableAggregation as VariableAggregation
from .sharing import VariableSynchronization as VariableSynchronization
from .sharing import fixed_size_partitioner as fixed_size_partitioner
from .sharing import get_local_variable as get_local_variable
from .sharing import make_template as make_template
from .sharing import min_max_variable_partitioner as min_max_variable_partitioner
from .sharing import no_regularizer as no_regularizer
from .sharing import op_scope as op_scope
from .sharing import report_uninitialized_variables as report_uninitialized_variables
from .sharing import variable_axis_size_partitioner as variable_axis_size_partitioner
from .sharing import variable_op_scope as variable_op_scope
from .train.clipping import clip_by_average_norm as clip_by_average_norm
from .train.clipping import clip_by_global_norm as clip_by_global_norm
from .train.clipping import clip_by_norm as clip_by_norm
from .train.clipping import global_norm as global_norm
from .variables import VariableScope as VariableScope
from .variables import all_variables as all_variables
from .variables import get_variable as get_variable
from .variables import get_variable_scope as get_variable_scope
from .variables import global_variables as global_variables
from .variables import global_variables_initializer as global_variables_initializer
from .variables import initialize_all_variables as initialize_all_variables
from .variables import initialize_local_variables as initialize_local_variables
from .variables import initialize_variables as initialize_variables
from .variables import local_variables as local_variables
from .variables import local_variables_initializer as local_variables_initializer
from .variables import model_variables as model_variables
from .variables import moving_average_variables as moving_average_variables
from .variables import trainable_variables as trainable_variables
from .variables import variable_scope as variable_scope
from .variables import variables_initializer as variables_initializer

AUTO_REUSE: str
COMPILER_VERSION: str
GIT_VERSION: str
GRAPH_DEF_VERSION: int
GRAPH_DEF_VERSION_MIN_CONSUMER: int
GRAPH_DEF_VERSION_MIN_PRODUCER: int
VERSION: str
__version__: str
def abs(x: Any, name: str | None = None) -> Tensor:
    """Absolute value; of complex numbers the modulus, a real number. Its derivative at 0 counts as 0."""
def acos(x: Any, name: str | None = None) -> Tensor:
    """The angle in [0, pi] whose cosine is x.  d/dx = -1 / sqrt(1 - x**2)."""
def acosh(x: Any, name: str | None = None) -> Tensor:
    """Inverse of cosh, of x >= 1.  d/dx = 1 / sqrt(x**2 - 1) = 1 / sinh(acosh(x))."""
def add(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Sum, x + y."""
def angle(input: Any, name: str | None = None) -> Tensor:
    """The angles with the positive real axis, in [-pi, pi].  d angle(z) = Im(dz / z)."""
def arg_max(input: Any, axis: Any = 0, name: str | None = None, output_type: Any = ..., *, reduction_indices: Any = ..., dimension: Any = ...,
            squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """The index of the largest element along `axis`: the first of several, the first nan if there is one."""
def arg_min(input: Any, axis: Any = 0, name: str | None = None, output_type: Any = ..., *, reduction_indices: Any = ..., dimension: Any = ...,
            squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """The index of the smallest element along `axis`: the first of several, the first nan if there is one."""
def argmax(input: Any, axis: Any = 0, name: str | None = None, output_type: Any = ..., *, reduction_indices: Any = ..., dimension: Any = ...,
           squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """The index of the largest element along `axis`: the first of several, the first nan if there is one."""
def argmin(input: Any, axis: Any = 0, name: str | None = None, output_type: Any = ..., *, reduction_indices: Any = ..., dimension: Any = ...,
           squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """The index of the smallest element along `axis`: the first of several, the first nan if there is one."""
def as_string(input: Any, precision: int = -1, scientific: _bool = False, shortest: _bool = False, width: int = -1, fill: str = '',
              name: str | None = None) -> Tensor:
    """Numbers as texts, as C's printf has them: integers %d, floats %f, or %e (`scientific`) or %g (`shortest`); true and false; (real,imaginary)."""
def asin(x: Any, name: str | None = None) -> Tensor:
    """The angle in [-pi/2, pi/2] whose sine is x.  d/dx = 1 / sqrt(1 - x**2)."""
def asinh(x: Any, name: str | None = None) -> Tensor:
    """Inverse of sinh.  d/dx = 1 / sqrt(1 + x**2) = 1 / cosh(asinh(x))."""
def assert_equal(x: Any, y: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                 name: str | None = 'assert_equal') -> Operation:
    """An operation that fails unless x == y for all elements (broadcast); the error shows `data`, by default both."""
def assert_greater(x: Any, y: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                   name: str | None = 'assert_greater') -> Operation:
    """An operation that fails unless x > y for all elements (broadcast); the error shows `data`, by default both."""
def assert_greater_equal(x: Any, y: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                         name: str | None = 'assert_greater_equal') -> Operation:
    """An operation that fails unless x >= y for all elements (broadcast); the error shows `data`, by default both."""
def assert_less(x: Any, y: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                name: str | None = 'assert_less') -> Operation:
    """An operation that fails unless x < y for all elements (broadcast); the error shows `data`, by default both."""
def assert_less_equal(x: Any, y: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                      name: str | None = 'assert_less_equal') -> Operation:
    """An operation that fails unless x <= y for all elements (broadcast); the error shows `data`, by default both."""
def assert_negative(x: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                    name: str | None = 'assert_negative') -> Operation:
    """An operation that fails unless x < 0 for all elements; the error shows `data`, by default x."""
def assert_non_negative(x: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                        name: str | None = 'assert_non_negative') -> Operation:
    """An operation that fails unless x >= 0 for all elements; the error shows `data`, by default x."""
def assert_non_positive(x: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                        name: str | None = 'assert_non_positive') -> Operation:
    """An operation that fails unless x <= 0 for all elements; the error shows `data`, by default x."""
def assert_none_equal(x: Any, y: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                      name: str | None = 'assert_none_equal') -> Operation:
    """An operation that fails unless x != y for all elements (broadcast); the error shows `data`, by default both."""
def assert_positive(x: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                    name: str | None = 'assert_positive') -> Operation:
    """An operation that fails unless x > 0 for all elements; the error shows `data`, by default x."""
def atan(x: Any, name: str | None = None) -> Tensor:
    """The angle in (-pi/2, pi/2) whose tangent is x.  d/dx = 1 / (1 + x**2)."""
def atan2(y: Any, x: Any, name: str | None = None) -> Tensor:
    """The angle of the point (x, y), in [-pi, pi]."""
def atanh(x: Any, name: str | None = None) -> Tensor:
    """Inverse of tanh.  d/dx = 1 / (1 - x**2)."""
def bitcast(input: Any, type: Any, name: str | None = None) -> Tensor:
    """The bits of numbers as those of another dtype; of a smaller one there are more in a last axis, of a larger one that axis goes."""
bool: DType
def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """The tensor repeated along dimensions of size 1 and new leading ones, up to `shape`."""
def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """x in another dtype: floats lose their fraction on the way to integers, and what is not 0 is true."""
def ceil(x: Any, name: str | None = None) -> Tensor:
    """The smallest whole number not below x."""
def cholesky(input: Any, name: str | None = None) -> Tensor:
    """The lower triangular L with L L^H = (A + A^H) / 2, A positive definite."""
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Tensor:
    """t, but not above clip_value_max nor below clip_value_min, which is the result where it is the larger of the two."""
def complex(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """The complex numbers real + i imag: complex64 of float32, complex128 of float64."""
complex128: DType
complex64: DType
def conj(x: Any, name: str | None = None) -> Tensor:
    """The conjugates; of real numbers themselves."""
def cos(x: Any, name: str | None = None) -> Tensor:
    """Cosine of an angle in radians.  d cos(x)/dx = -sin(x)."""
def cosh(x: Any, name: str | None = None) -> Tensor:
    """Hyperbolic cosine.  d cosh(x)/dx = sinh(x)."""
def cumprod(x: Any, axis: Any = 0, exclusive: _bool = False, reverse: _bool = False, name: str | None = None, *, reduction_indices: Any = ...,
            dimension: Any = ..., squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """Running products along `axis`; `exclusive` and `reverse` as in `cumsum`."""
def cumsum(x: Any, axis: Any = 0, exclusive: _bool = False, reverse: _bool = False, name: str | None = None, *, reduction_indices: Any = ...,
           dimension: Any = ..., squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """Sums of the elements up to each one along `axis` (before it if `exclusive`), or from it on if `reverse`."""
def decode_base64(input: Any, name: str | None = None) -> Tensor:
    """The texts that web-safe base 64 stands for, filled up or not. InvalidArgumentError, when run: something else."""
def decode_compressed(bytes: Any, compression_type: str = '', name: str | None = None) -> Tensor:
    """Texts decompressed, one by one: "ZLIB", "GZIP", or "" as they are. DTypeError: no texts. InvalidArgumentError, when run: damaged ones."""
def decode_json_example(json_examples: Any, name: str | None = None) -> Tensor:
    """Records of features written as JSON, serialised as `parse_example` takes them: string[...] -> string[...]."""
def decode_raw(bytes: Any, out_type: Any, little_endian: Any = True, name: str | None = None) -> Tensor:
    """The bytes of texts, all of one length, as numbers of another dtype: string[...] -> out_type[..., length / size of one]."""
def digamma(x: Any, name: str | None = None) -> Tensor:
    """Derivative of `lgamma`; nan at 0 and the negative integers."""
def div_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y, and 0 where y is 0."""
def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Quotient, x / y. Of integers too: they are divided as float64, as float32 if they have 16 bits at most."""
double: DType
def encode_base64(input: Any, pad: _bool = False, name: str | None = None) -> Tensor:
    """The texts in web-safe base 64 (RFC 4648, 5), with `pad` filled up by =."""
def equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether x == y."""
def erf(x: Any, name: str | None = None) -> Tensor:
    """Error function, 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x."""
def erfc(x: Any, name: str | None = None) -> Tensor:
    """1 - erf(x), exact where erf(x) is near 1."""
def exp(x: Any, name: str | None = None) -> Tensor:
    """e ** x.  Its derivative is itself."""
def expand_dims(input: Any, axis: Any, name: str | None = None, *, reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ...,
                dim: Any = ...) -> Tensor:
    """A new dimension of size 1 at `axis` (several: where they are in the result)."""
def expm1(x: Any, name: str | None = None) -> Tensor:
    """exp(x) - 1, exact near 0.  d/dx = exp(x)."""
def fingerprint(data: Any, method: str = 'farmhash64', name: str | None = None) -> Tensor:
    """FarmHash's `Fingerprint64` (G. Pike, FarmHash, 2014) of the bytes of each row, the lowest byte first: any[n, ...] -> uint8[n, 8]."""
float16: DType
float32: DType
float64: DType
def floor(x: Any, name: str | None = None) -> Tensor:
    """The largest whole number not above x."""
def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Quotient rounded towards minus infinity. Of an infinity or by one it is the quotient, rounded."""
def floormod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Remainder of `floordiv`, with the sign of y: x - y * floor(x / y). InvalidArgumentError, when run: of an integer by 0."""
def greater(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether x > y."""
def greater_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether x >= y."""
half: DType
def identity(input: Any, name: str | None = None) -> Tensor:
    """The tensor itself."""
def imag(input: Any, name: str | None = None) -> Tensor:
    """The imaginary parts; of real numbers 0."""
int16: DType
int32: DType
int64: DType
int8: DType
def inv(x: Any, name: str | None = None) -> Tensor:
    """1 / x."""
def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """The permutation that undoes x: result[x[i]] = i."""
def is_finite(x: Any, name: str | None = None) -> Tensor:
    """Whether x is neither infinite nor nan."""
def is_inf(x: Any, name: str | None = None) -> Tensor:
    """Whether x is inf or -inf."""
def is_nan(x: Any, name: str | None = None) -> Tensor:
    """Whether x is nan."""
def less(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether x < y."""
def less_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether x <= y."""
def lgamma(x: Any, name: str | None = None) -> Tensor:
    """Logarithm of the absolute value of the gamma function.  d/dx = digamma(x)."""
def log(x: Any, name: str | None = None) -> Tensor:
    """Natural logarithm.  d log(x)/dx = 1 / x."""
def log1p(x: Any, name: str | None = None) -> Tensor:
    """log(1 + x), exact near 0.  d/dx = 1 / (1 + x)."""
class _log_matrix_determinant(NamedTuple):
    sign: Tensor
    log_abs_determinant: Tensor
def log_matrix_determinant(input: Any, name: str | None = None) -> _log_matrix_determinant:
    """The sign of determinants, and the logarithm of their magnitude, which may be beyond the dtype."""
def logical_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x and y, of booleans."""
def logical_not(x: Any, name: str | None = None) -> Tensor:
    """not x, of booleans."""
def logical_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x or y, of booleans."""
def logical_xor(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Either x or y, of booleans."""
def matching_files(pattern: Any, name: str | None = None) -> Tensor:
    """The names of the files that match a pattern, or one of several, sorted: string[...] -> string[n]."""
def matmul(a: Any, b: Any, transpose_a: _bool = False, transpose_b: _bool = False, adjoint_a: _bool = False, adjoint_b: _bool = False,
           a_is_sparse: _bool = False, b_is_sparse: _bool = False, name: str | None = None) -> Tensor:
    """Matrix product over the last two axes, operands transposed (or their adjoints taken) on demand; leading axes are a batch and broadcast."""
def matrix_determinant(input: Any, name: str | None = None) -> Tensor:
    """Determinants of matrices."""
def matrix_diag_part(input: Any, name: str | None = None) -> Tensor:
    """The main diagonals of matrices."""
def matrix_inverse(input: Any, adjoint: _bool = False, name: str | None = None) -> Tensor:
    """Inverses of matrices, or of their transposes; of complex numbers of their conjugate transposes."""
def matrix_solve(matrix: Any, rhs: Any, adjoint: _bool = False, name: str | None = None) -> Tensor:
    """X with matrix X = rhs (the transposed matrix if `adjoint`, of complex numbers its conjugate)."""
def matrix_square_root(input: Any, name: str | None = None) -> Tensor:
    """The matrices whose squares are given ones, without eigenvalues on the negative half of the real line, nor 0."""
def matrix_triangular_solve(matrix: Any, rhs: Any, lower: _bool = True, adjoint: _bool = False, name: str | None = None) -> Tensor:
    """X with T X = rhs, T the lower (or upper) triangle of `matrix`, transposed if `adjoint`; infinite where T has a 0 on its diagonal."""
def maximum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The larger of x and y; nan if one of them is. 0 is larger than -0. Where equal, the derivative goes to x."""
def minimum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The smaller of x and y; nan if one of them is. -0 is smaller than 0. Where equal, the derivative goes to x."""
def mod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Remainder of `floordiv`, with the sign of y: x - y * floor(x / y). InvalidArgumentError, when run: of an integer by 0."""
def mul(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Product, x * y."""
def multiply(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Product, x * y."""
def neg(x: Any, name: str | None = None) -> Tensor:
    """-x."""
def negative(x: Any, name: str | None = None) -> Tensor:
    """-x."""
newaxis: None
def not_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether x != y; a nan differs from everything."""
def pack(values: Any, axis: Any = 0, name: str | None = None, *, reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ...,
         dim: Any = ...) -> Tensor:
    """Tensors of one shape joined along a new dimension `axis`."""
def parse_tensor(serialized: Any, out_type: Any = ..., name: str | None = None) -> Tensor:
    """The tensor that a text holds. DTypeError, ShapeError: no text. InvalidArgumentError, when run: it holds none of that dtype."""
def pow(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x ** y. Integers stay integers. The derivative with respect to y counts as 0 where x <= 0, of complex numbers x = 0 (TensorFlow's rule)."""
class _qr(NamedTuple):
    q: Tensor
    r: Tensor
def qr(input: Any, full_matrices: _bool = False, name: str | None = None) -> _qr:
    """Matrices as a product of one with orthonormal columns and an upper triangular one, by Householder's reflections (LAPACK)."""
def read_file(filename: Any, name: str | None = None) -> Tensor:
    """What a file holds, as a text: string[] -> string[]. NotFoundError, when run: there is no such file."""
def real(input: Any, name: str | None = None) -> Tensor:
    """The real parts; of real numbers themselves."""
def reciprocal(x: Any, name: str | None = None) -> Tensor:
    """1 / x."""
def reduce_all(input_tensor: Any, axis: Any = None, keepdims: _bool = False, name: str | None = None, *, keep_dims: _bool = ...,
               reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """Whether all elements over `axis` are true."""
def reduce_any(input_tensor: Any, axis: Any = None, keepdims: _bool = False, name: str | None = None, *, keep_dims: _bool = ...,
               reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """Whether any element over `axis` is true."""
def reduce_join(inputs: Any, axis: Any = None, keep_dims: _bool = False, separator: str = '', name: str | None = None, *,
                reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """The texts along axes (None: all) one behind the other, the separator between them: along the axis that is named first, then the next.
    Without axes it is the last axis first."""
def reduce_max(input_tensor: Any, axis: Any = None, keepdims: _bool = False, name: str | None = None, *, keep_dims: _bool = ...,
               reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """Largest element over `axis` (all axes without it); nan if there is one; of no elements the dtype's least."""
def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: _bool = False, name: str | None = None, *, keep_dims: _bool = ...,
                reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """Mean over `axis` (all axes without it); nan of no elements. Of integers an integer, towards zero, as in TensorFlow; of bools in float64."""
def reduce_min(input_tensor: Any, axis: Any = None, keepdims: _bool = False, name: str | None = None, *, keep_dims: _bool = ...,
               reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """Smallest element over `axis` (all axes without it); nan if there is one; of no elements the dtype's greatest."""
def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: _bool = False, name: str | None = None, *, keep_dims: _bool = ...,
                reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """Product over `axis` (all axes without it), in the operand's dtype."""
def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: _bool = False, name: str | None = None, *, keep_dims: _bool = ...,
               reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ..., dim: Any = ...) -> Tensor:
    """Sum over `axis` (all axes without it), in the operand's dtype."""
def regex_full_match(input: Any, pattern: str, name: str | None = None) -> Tensor:
    """Whether the whole of each text matches a pattern of Python's `re`. InvalidArgumentError: it is none."""
def regex_replace(input: Any, pattern: str, rewrite: str, replace_global: _bool = True, name: str | None = None) -> Tensor:
    """The texts with what a pattern finds (everywhere, or the first time) rewritten; \\\\1 in `rewrite` is its first group."""
def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The elements of `tensor`, in C order, in another shape; one -1 stands for what is left."""
def reverse(tensor: Any, axis: Any, name: str | None = None, *, reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ...,
            dim: Any = ...) -> Tensor:
    """The elements in opposite order along `axis`."""
def reverse_v2(tensor: Any, axis: Any, name: str | None = None, *, reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ...,
               dim: Any = ...) -> Tensor:
    """The elements in opposite order along `axis`."""
def rint(x: Any, name: str | None = None) -> Tensor:
    """The nearest whole number, the even one of two."""
def rsqrt(x: Any, name: str | None = None) -> Tensor:
    """1 / sqrt(x).  d/dx = -rsqrt(x)**3 / 2."""
def scatter_add(ref: Any, indices: Any, updates: Any, use_locking: _bool = False, name: str | None = None) -> Tensor:
    """Increase slices of a variable, ref[indices], by `updates`; the result is the new value."""
def scatter_div(ref: Any, indices: Any, updates: Any, use_locking: _bool = False, name: str | None = None) -> Tensor:
    """Divide slices of a variable, ref[indices], by `updates`; the result is the new value."""
def scatter_max(ref: Any, indices: Any, updates: Any, use_locking: _bool = False, name: str | None = None) -> Tensor:
    """Raise to the greater one slices of a variable, ref[indices], by `updates`; the result is the new value."""
def scatter_min(ref: Any, indices: Any, updates: Any, use_locking: _bool = False, name: str | None = None) -> Tensor:
    """Lower to the smaller one slices of a variable, ref[indices], by `updates`; the result is the new value."""
def scatter_mul(ref: Any, indices: Any, updates: Any, use_locking: _bool = False, name: str | None = None) -> Tensor:
    """Multiply slices of a variable, ref[indices], by `updates`; the result is the new value."""
def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Tensor:
    """Zeros of `shape` plus the updates at the positions that are the rows of `indices`; equal positions add up."""
def scatter_nd_add(ref: Any, indices: Any, updates: Any, use_locking: _bool = False, name: str | None = None) -> Tensor:
    """Increase slices of a variable, at the places that are the rows of `indices`, by `updates`; the result is the new value."""
def scatter_nd_sub(ref: Any, indices: Any, updates: Any, use_locking: _bool = False, name: str | None = None) -> Tensor:
    """Decrease slices of a variable, at the places that are the rows of `indices`, by `updates`; the result is the new value."""
def scatter_nd_update(ref: Any, indices: Any, updates: Any, use_locking: _bool = False, name: str | None = None) -> Tensor:
    """Set slices of a variable, at the places that are the rows of `indices`, by `updates`; the result is the new value."""
def scatter_sub(ref: Any, indices: Any, updates: Any, use_locking: _bool = False, name: str | None = None) -> Tensor:
    """Decrease slices of a variable, ref[indices], by `updates`; the result is the new value."""
def searchsorted(sorted_sequence: Any, values: Any, side: str = 'left', out_type: Any = ..., name: str | None = None) -> Tensor:
    """Where in each sorted row the values would be inserted: before equal elements, or behind them ("right")."""
class _self_adjoint_eig(NamedTuple):
    e: Tensor
    v: Tensor
def self_adjoint_eig(tensor: Any, name: str | None = None) -> _self_adjoint_eig:
    """Eigenvalues, ascending, and eigenvectors (columns, the largest component positive) of symmetric matrices."""
def serialize_tensor(tensor: Any, name: str | None = None) -> Tensor:
    """A tensor as a text, which `parse_tensor` reads. DTypeError: no tensor."""
def shape(input: Any, name: str | None = None, out_type: Any = ...) -> Tensor:
    """The shape of a tensor, as a vector."""
def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """1 / (1 + exp(-x)).  d/dx = y (1 - y)."""
def sign(x: Any, name: str | None = None) -> Tensor:
    """-1, 0 or 1; of complex numbers x / abs(x), or 0. nan stays nan."""
def sin(x: Any, name: str | None = None) -> Tensor:
    """Sine of an angle in radians.  d sin(x)/dx = cos(x)."""
def sinh(x: Any, name: str | None = None) -> Tensor:
    """Hyperbolic sine.  d sinh(x)/dx = cosh(x)."""
def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """`size[i]` elements (-1: all that are left) from `begin[i]` along each axis i."""
def sqrt(x: Any, name: str | None = None) -> Tensor:
    """Square root.  d sqrt(x)/dx = 1 / (2 sqrt(x)), infinite at 0, where a gradient of 0 stays 0."""
def square(x: Any, name: str | None = None) -> Tensor:
    """x * x."""
def squared_difference(x: Any, y: Any, name: str | None = None) -> Tensor:
    """(x - y) ** 2; of complex numbers the squares of the differences' moduli."""
def squeeze(input: Any, axis: Any = None, name: str | None = None, *, reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ...,
            dim: Any = ...) -> Tensor:
    """Without the dimensions of size 1: those at `axis`, or all."""
def stack(values: Any, axis: Any = 0, name: str | None = None, *, reduction_indices: Any = ..., dimension: Any = ..., squeeze_dims: Any = ...,
          dim: Any = ...) -> Tensor:
    """Tensors of one shape joined along a new dimension `axis`."""
def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """The tensor itself, a constant for differentiation."""
string: DType
def string_join(inputs: Any, separator: str = '', name: Any = None) -> Tensor:
    """The texts of several tensors one behind the other, the separator between them; scalars go with each element of the others."""
def string_length(input: Any, name: Any = None, unit: str = 'BYTE') -> Tensor:
    """The number of bytes, or of characters, of each text, int32."""
def string_lower(input: Any, encoding: str = '', name: str | None = None) -> Tensor:
    """The texts in lower case: letters of ASCII, or with `encoding="utf-8"` all."""
def string_strip(input: Any, name: str | None = None) -> Tensor:
    """The texts without white space at both ends."""
def string_to_hash_bucket(string_tensor: Any, num_buckets: int, name: str | None = None) -> Tensor:
    """The same by MurmurHash64A, which newer programs do without. GraphError: no number of buckets."""
def string_to_hash_bucket_fast(input: Any, num_buckets: int, name: str | None = None) -> Tensor:
    """The number of a bucket below `num_buckets` for each text, int64: the same for the same text, everywhere and always, TensorFlow's too."""
def string_to_hash_bucket_strong(input: Any, num_buckets: int, key: Any, name: str | None = None) -> Tensor:
    """The same by SipHash-2-4 and a key, two whole numbers, without which nobody can choose texts of one bucket. GraphError: no such key."""
def string_to_number(string_tensor: Any, out_type: Any = ..., name: str | None = None) -> Tensor:
    """The number that each text is, in a dtype: float32, float64, int32 or int64. InvalidArgumentError, when run: a text is none, or does not fit."""
def string_upper(input: Any, encoding: str = '', name: str | None = None) -> Tensor:
    """The texts in upper case: letters of ASCII, or with `encoding="utf-8"` all."""
def sub(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Difference, x - y."""
def substr(input: Any, pos: Any, len: Any, name: Any = None, unit: str = 'BYTE') -> Tensor:
    """`len` bytes or characters of each text from `pos` on, or as many as there are; a negative `pos` counts from the end."""
def subtract(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Difference, x - y."""
def tan(x: Any, name: str | None = None) -> Tensor:
    """Tangent of an angle in radians.  d tan(x)/dx = 1 + tan(x)**2."""
def tanh(x: Any, name: str | None = None) -> Tensor:
    """Hyperbolic tangent.  d tanh(x)/dx = 1 - tanh(x)**2."""
def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """The tensor repeated `multiples[i]` times along axis i."""
def transpose(a: Any, perm: Any = None, name: str | None = None, conjugate: _bool = False) -> Tensor:
    """The axes in the order `perm`, reversed without it; `conjugate`: of the conjugates of complex numbers."""
def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Quotient, x / y. Of integers too: they are divided as float64, as float32 if they have 16 bits at most."""
def trunc(x: Any, name: str | None = None) -> Tensor:
    """x without its fraction."""
def truncatediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Quotient rounded towards zero, which keeps its sign: -1 / 3 is -0. InvalidArgumentError, when run: an integer is divided by 0."""
def truncatemod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Remainder of `truncatediv`, with the sign of x. InvalidArgumentError, when run: of an integer by 0."""
uint16: DType
uint32: DType
uint64: DType
uint8: DType
class _unique(NamedTuple):
    y: Tensor
    idx: Tensor
def unique(x: Any, out_idx: Any = ..., name: str | None = None) -> _unique:
    """The distinct elements of a vector in the order they first appear, and where each element of x is among them."""
def unpack(value: Any, num: int | None = None, axis: int = 0, name: str | None = None, *, reduction_indices: int = ..., dimension: int = ...,
           squeeze_dims: int = ..., dim: int = ...) -> list[Tensor]:
    """The subtensors along `axis`, as a list."""
def unstack(value: Any, num: int | None = None, axis: int = 0, name: str | None = None, *, reduction_indices: int = ..., dimension: int = ...,
            squeeze_dims: int = ..., dim: int = ...) -> list[Tensor]:
    """The subtensors along `axis`, as a list."""
def write_file(filename: Any, contents: Any, name: str | None = None) -> Tensor:
    """An operation that writes a text to a file, in the place of what it held; missing folders are made."""

__all__ = ["AUTO_REUSE", "AggregationMethod", "Assert", "AttrValue", "COMPILER_VERSION", "ConditionalAccumulator", "ConditionalAccumulatorBase",
           "ConfigProto", "DType", "DeviceSpec", "Diagnosis", "Dimension", "Event", "FIFOQueue", "FixedLenFeature", "FixedLenSequenceFeature",
           "FixedLengthRecordReader", "GIT_VERSION", "GPUOptions", "GRAPH_DEF_VERSION", "GRAPH_DEF_VERSION_MIN_CONSUMER",
           "GRAPH_DEF_VERSION_MIN_PRODUCER", "GradientTape", "Graph", "GraphDef", "GraphKeys", "GraphOptions", "HistogramProto", "IdentityReader",
           "IndexedSlices", "IndexedSlicesValue", "InteractiveSession", "LogMessage", "MetaGraphDef", "Module", "NameAttrList", "NoGradient",
           "NodeDef", "NotDifferentiable", "OpError", "Operation", "OptimizerOptions", "PaddingFIFOQueue", "Print", "PriorityQueue", "QueueBase",
           "RaggedTensor", "RaggedTensorSpec", "RandomShuffleQueue", "ReaderBase", "RegisterGradient", "RunMetadata", "RunOptions", "Session",
           "SessionLog", "SparseConditionalAccumulator", "SparseFeature", "SparseTensor", "SparseTensorSpec", "SparseTensorValue", "Summary",
           "SummaryMetadata", "TFRecordReader", "Tensor", "TensorArray", "TensorInfo", "TensorShape", "TensorSpec", "TextLineReader", "TypeSpec",
           "UnconnectedGradients", "VERSION", "VarLenFeature", "Variable", "VariableAggregation", "VariableScope", "VariableSynchronization",
           "WholeFileReader", "accumulate_n", "acos", "acosh", "add", "add_check_numerics_ops", "add_n", "add_to_collection", "add_to_collections",
           "all_variables", "angle", "app", "approximate_equal", "arg_max", "arg_min", "argmax", "argmin", "argsort", "as_dtype", "as_string",
           "asin", "asinh", "assert_equal", "assert_greater", "assert_greater_equal", "assert_integer", "assert_less", "assert_less_equal",
           "assert_near", "assert_negative", "assert_non_negative", "assert_non_positive", "assert_none_equal", "assert_positive",
           "assert_proper_iterable", "assert_rank", "assert_rank_at_least", "assert_rank_in", "assert_same_float_dtype", "assert_scalar",
           "assert_shapes", "assert_type", "assert_variables_initialized", "assign", "assign_add", "assign_sub", "atan", "atan2", "atanh", "audio",
           "autograph", "batch_gather", "batch_jacobian", "batch_matmul", "batch_scatter_update", "batch_to_space", "batch_to_space_nd", "betainc",
           "bincount", "bitcast", "bitwise", "boolean_mask", "broadcast_dynamic_shape", "broadcast_static_shape", "broadcast_to", "case", "cast",
           "ceil", "check_numerics", "cholesky", "cholesky_solve", "clip_by_average_norm", "clip_by_global_norm", "clip_by_norm", "clip_by_value",
           "colocate_with", "compat", "complex128", "complex64", "concat", "cond", "config", "confusion_matrix", "conj", "constant",
           "constant_initializer", "container", "contrib", "control_dependencies", "control_flow_v2_enabled", "convert_to_tensor",
           "convert_to_tensor_or_indexed_slices", "convert_to_tensor_or_sparse_tensor", "core", "cos", "cosh", "count_nonzero", "count_up_to",
           "create_partitioned_variables", "cross", "cumprod", "cumsum", "custom_gradient", "data", "debugging", "decode_base64",
           "decode_compressed", "decode_csv", "decode_json_example", "decode_raw", "depth_to_space", "deserialize_many_sparse", "device", "diag",
           "diag_part", "diagnose", "digamma", "dimension_at_index", "dimension_value", "disable_control_flow_v2", "disable_eager_execution",
           "disable_resource_variables", "disable_tensor_equality", "disable_v2_behavior", "disable_v2_tensorshape", "distribute", "distributions",
           "div", "div_no_nan", "divide", "double", "dtypes", "dynamic_partition", "dynamic_stitch", "edit_distance", "einsum",
           "enable_control_flow_v2", "enable_eager_execution", "enable_resource_variables", "enable_tensor_equality", "enable_v2_behavior",
           "enable_v2_tensorshape", "encode_base64", "ensure_shape", "equal", "erf", "erfc", "errors", "estimator", "examples", "executing_eagerly",
           "executing_eagerly_outside_functions", "exp", "expand_dims", "expm1", "extend", "extract_image_patches", "extract_volume_patches", "eye",
           "fake_quant_with_min_max_args", "fake_quant_with_min_max_args_gradient", "fake_quant_with_min_max_vars",
           "fake_quant_with_min_max_vars_gradient", "fake_quant_with_min_max_vars_per_channel", "fake_quant_with_min_max_vars_per_channel_gradient",
           "feature_column", "fft", "fft2d", "fft3d", "fill", "fingerprint", "fixed_size_partitioner", "flags", "float16", "float32", "float64",
           "floor", "floor_div", "floordiv", "floormod", "foldl", "foldr", "function", "gather", "gather_nd", "get_collection", "get_collection_ref",
           "get_default_graph", "get_default_session", "get_local_variable", "get_logger", "get_seed", "get_static_value", "get_variable",
           "get_variable_scope", "gfile", "global_norm", "global_variables", "global_variables_initializer", "glorot_normal_initializer",
           "glorot_uniform_initializer", "grad_pass_through", "gradients", "graph_util", "greater", "greater_equal", "group", "guarantee_const",
           "half", "hessian", "hessians", "histogram_fixed_width", "histogram_fixed_width_bins", "histogram_summary", "hvp", "identity",
           "identity_n", "ifft", "ifft2d", "ifft3d", "igamma", "igammac", "imag", "image", "image_summary", "import_graph_def", "init_scope",
           "initialize_all_tables", "initialize_all_variables", "initialize_local_variables", "initialize_variables", "initializers", "int16",
           "int32", "int64", "int8", "inv", "invert_permutation", "io", "is_finite", "is_inf", "is_nan", "is_non_decreasing", "is_numeric_tensor",
           "is_strictly_increasing", "is_tensor", "is_variable_initialized", "jacobian", "jvp", "keras", "layers", "lbeta", "less", "less_equal",
           "lgamma", "lin_space", "linalg", "linspace", "load_file_system_library", "load_library", "load_op_library", "local_variables",
           "local_variables_initializer", "log", "log1p", "log_matrix_determinant", "log_sigmoid", "logging", "logical_and", "logical_not",
           "logical_or", "logical_xor", "lookup", "losses", "make_ndarray", "make_template", "make_tensor_proto", "manip", "map_fn",
           "matching_files", "matmul", "matrix_band_part", "matrix_determinant", "matrix_diag", "matrix_diag_part", "matrix_inverse",
           "matrix_set_diag", "matrix_solve", "matrix_solve_ls", "matrix_square_root", "matrix_transpose", "matrix_triangular_solve", "maximum",
           "merge_all_summaries", "merge_summary", "meshgrid", "metrics", "min_max_variable_partitioner", "minimum", "mod", "model_variables",
           "moving_average_variables", "mul", "multinomial", "multiply", "name_scope", "neg", "negative", "nest", "newaxis", "nn", "no_gradient",
           "no_op", "no_regularizer", "norm", "not_equal", "numeric", "numpy_function", "one_hot", "ones", "ones_initializer", "ones_like",
           "op_scope", "optimize", "orthogonal_initializer", "pack", "pad", "parallel_stack", "parse_example", "parse_single_example",
           "parse_single_sequence_example", "parse_tensor", "placeholder", "placeholder_with_default", "polygamma", "polyval", "profiler", "py_func",
           "py_function", "python", "python_io", "qr", "quantization", "queue", "ragged", "random_crop", "random_gamma", "random_normal",
           "random_normal_initializer", "random_poisson", "random_shuffle", "random_uniform", "random_uniform_initializer", "rank", "read_file",
           "real", "realdiv", "reciprocal", "recompute_grad", "reduce_all", "reduce_any", "reduce_euclidean_norm", "reduce_join", "reduce_logsumexp",
           "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_std", "reduce_sum", "reduce_variance", "regex_full_match",
           "regex_replace", "register_tensor_conversion_function", "repeat", "report", "report_uninitialized_variables",
           "required_space_to_batch_paddings", "reset_default_graph", "reshape", "resource_loader", "resource_variables_enabled", "reverse",
           "reverse_sequence", "reverse_v2", "rint", "roll", "rsqrt", "saturate_cast", "saved_model", "scalar_mul", "scalar_summary", "scan",
           "scatter_add", "scatter_div", "scatter_max", "scatter_min", "scatter_mul", "scatter_nd", "scatter_nd_add", "scatter_nd_sub",
           "scatter_nd_update", "scatter_sub", "scatter_update", "searchsorted", "segment_max", "segment_mean", "segment_min", "segment_prod",
           "segment_sum", "select", "self_adjoint_eig", "self_adjoint_eigvals", "sequence_mask", "serialize_many_sparse", "serialize_sparse",
           "serialize_tensor", "set_random_seed", "setdiff1d", "sets", "shape", "shape_n", "show", "sigmoid", "sign", "signal", "sin", "sinh",
           "size", "sort", "space_to_batch", "space_to_batch_nd", "space_to_depth", "sparse", "sparse_add", "sparse_concat", "sparse_expand_dims",
           "sparse_fill_empty_rows", "sparse_mask", "sparse_matmul", "sparse_maximum", "sparse_merge", "sparse_minimum", "sparse_placeholder",
           "sparse_reduce_max", "sparse_reduce_max_sparse", "sparse_reduce_sum", "sparse_reduce_sum_sparse", "sparse_reorder", "sparse_reset_shape",
           "sparse_reshape", "sparse_retain", "sparse_segment_mean", "sparse_segment_sqrt_n", "sparse_segment_sum", "sparse_slice", "sparse_softmax",
           "sparse_split", "sparse_tensor_dense_matmul", "sparse_tensor_to_dense", "sparse_to_dense", "sparse_to_indicator", "sparse_transpose",
           "spectral", "split", "sqrt", "square", "squared_difference", "squeeze", "stack", "stop_gradient", "strided_slice", "string",
           "string_join", "string_length", "string_lower", "string_split", "string_strip", "string_to_hash_bucket", "string_to_hash_bucket_fast",
           "string_to_hash_bucket_strong", "string_to_number", "string_upper", "strings", "sub", "substr", "subtract", "summary", "svd",
           "switch_case", "sysconfig", "tables_initializer", "tan", "tanh", "tensor_scatter_add", "tensor_scatter_nd_add", "tensor_scatter_nd_sub",
           "tensor_scatter_nd_update", "tensor_scatter_sub", "tensor_scatter_update", "tensordot", "test", "testing", "tile", "timestamp", "to_bool",
           "to_complex128", "to_complex64", "to_double", "to_float", "to_int32", "to_int64", "tpu", "trace", "train", "trainable_variables",
           "transpose", "truediv", "trunc", "truncated_normal", "truncated_normal_initializer", "truncatediv", "truncatemod", "uint16", "uint32",
           "uint64", "uint8", "uniform_unit_scaling_initializer", "unique", "unique_with_counts", "unpack", "unravel_index", "unsorted_segment_max",
           "unsorted_segment_mean", "unsorted_segment_min", "unsorted_segment_prod", "unsorted_segment_sqrt_n", "unsorted_segment_sum", "unstack",
           "variable_axis_size_partitioner", "variable_creator_scope", "variable_op_scope", "variable_scope", "variables_initializer",
           "variance_scaling_initializer", "vectorized_map", "verify_tensor_all_finite", "version", "vjp", "where", "where_v2", "while_loop",
           "write_file", "xla", "zeros", "zeros_initializer", "zeros_like", "zeta"]
