"""graphc: static computation graphs, TensorFlow 1 style, compiled to machine code for the CPU.

>>> import numpy as np, graphc as tf
>>> with tf.Graph().as_default(), tf.Session(jit=False) as sess:
...     x = tf.placeholder(tf.float32, [None])
...     y = tf.reduce_sum(x * x)
...     print(sess.run([y, tf.gradients(y, x)[0]], {x: [1, 2, 3]}))
[np.float32(14.0), array([2., 4., 6.], dtype=float32)]
"""

import builtins as _builtins
from types import ModuleType as _Module

from . import bitwise, errors, image, initializers, math, nn, summary, train, version
from .autodiff import batch_bodies as _batches_of_control
from .autodiff import control as _derivatives_of_control
from .autodiff.choices import AggregationMethod, UnconnectedGradients
from .autodiff.gradients import gradients
from .autodiff.products import batch_jacobian, hessian, hessians, hvp, jacobian, jvp, vjp
from .autodiff.tape import GradientTape
from .autodiff.vectorized import vectorized_map
from .cpu.telling import get_logger
from .cpu.tracing import RunOptions
from .data.queues import *  # noqa: F403
from .data.readers import *  # noqa: F403
from .data.staging import ConditionalAccumulator, ConditionalAccumulatorBase, SparseConditionalAccumulator
from .errors import OpError
from .files.event_messages import Event, HistogramProto, LogMessage, SessionLog, Summary, SummaryMetadata
from .files.graph_def import GraphDef, import_graph_def
from .files.json_examples import decode_json_example
from .files.parsing import *  # noqa: F403
from .files.sequence_parsing import parse_single_sequence_example
from .files.summary_ops import histogram_summary, image_summary, merge_all_summaries, merge_summary, scalar_summary
from .files.tensor_proto import make_ndarray, make_tensor_proto
from .files.tensor_texts import *  # noqa: F403
from .files.tf_graph.messages import AttrValue, MetaGraphDef, NameAttrList, TensorInfo
from .initializers import (
    constant_initializer,
    glorot_normal_initializer,
    glorot_uniform_initializer,
    ones_initializer,
    orthogonal_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    truncated_normal_initializer,
    uniform_unit_scaling_initializer,
    variance_scaling_initializer,
    zeros_initializer,
)
from .inspection.diagnose import Diagnosis, diagnose
from .inspection.report import report
from .inspection.show import show
from .ir.arguments import hold as _hold
from .ir.collecting import GraphKeys
from .ir.conversions import register_tensor_conversion_function
from .ir.default_graph import (
    add_to_collection,
    add_to_collections,
    colocate_with,
    container,
    control_dependencies,
    device,
    get_collection,
    get_collection_ref,
    get_seed,
    set_random_seed,
)
from .ir.devices import DeviceSpec
from .ir.graph import Graph, get_default_graph, get_default_session, name_scope, reset_default_graph
from .ir.node import Operation
from .ir.operator import publish as _publish
from .ir.registered import *  # noqa: F403
from .ir.standing import NodeDef
from .ir.tensor import Tensor
from .ir.types import (
    Dimension,
    DType,
    TensorShape,
    as_dtype,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .ir.types import bool_ as bool  # noqa: A004
from .ir.types import float16 as half
from .ir.types import float64 as double
from .libraries import *  # noqa: F403
from .making import *  # noqa: F403
from .modes import *  # noqa: F403
from .modules import *  # noqa: F403
from .ops.array import *  # noqa: F403
from .ops.array_places import *  # noqa: F403
from .ops.assertions import *  # noqa: F403
from .ops.bits import *  # noqa: F403
from .ops.blocks import *  # noqa: F403
from .ops.confusion import *  # noqa: F403
from .ops.control_flow import *  # noqa: F403
from .ops.control_loops import *  # noqa: F403
from .ops.counting import *  # noqa: F403
from .ops.custom import *  # noqa: F403
from .ops.debug import *  # noqa: F403
from .ops.decode import *  # noqa: F403
from .ops.facts import *  # noqa: F403
from .ops.fft import fft, fft2d, fft3d, ifft, ifft2d, ifft3d
from .ops.fingerprints import *  # noqa: F403
from .ops.image_space import random_crop
from .ops.incomplete import *  # noqa: F403
from .ops.linalg import *  # noqa: F403
from .ops.linalg_factor import *  # noqa: F403
from .ops.linalg_functions import *  # noqa: F403
from .ops.math import *  # noqa: F403
from .ops.math_complex import *  # noqa: F403
from .ops.nn_activations import log_sigmoid
from .ops.ordering import *  # noqa: F403
from .ops.partition import *  # noqa: F403
from .ops.positions import *  # noqa: F403
from .ops.printing import *  # noqa: F403
from .ops.python_function import *  # noqa: F403
from .ops.quantized import *  # noqa: F403
from .ops.ragged import *  # noqa: F403
from .ops.random import *  # noqa: F403
from .ops.random_draws import *  # noqa: F403
from .ops.reduce import *  # noqa: F403
from .ops.segments import *  # noqa: F403
from .ops.slices import *  # noqa: F403
from .ops.sources import *  # noqa: F403
from .ops.sparse import *  # noqa: F403
from .ops.sparse_rows import *  # noqa: F403
from .ops.state import *  # noqa: F403
from .ops.string_parts import *  # noqa: F403
from .ops.strings import *  # noqa: F403
from .ops.tables import *  # noqa: F403
from .ops.tensor_array import *  # noqa: F403
from .ops.type_specs import *  # noqa: F403
from .ops.updates import *  # noqa: F403
from .ops.volume_patches import *  # noqa: F403
from .runtime.keeping import know as _know
from .runtime.options import GraphOptions, OptimizerOptions
from .runtime.session import ConfigProto, GPUOptions, InteractiveSession, Session
from .runtime.timeline import RunMetadata
from .sharing import *  # noqa: F403
from .train import clip_by_average_norm, clip_by_global_norm, clip_by_norm, global_norm
from .variables import (
    AUTO_REUSE,
    VariableScope,
    all_variables,
    get_variable,
    get_variable_scope,
    global_variables,
    global_variables_initializer,
    initialize_all_variables,
    initialize_local_variables,
    initialize_variables,
    local_variables,
    local_variables_initializer,
    model_variables,
    moving_average_variables,
    trainable_variables,
    variable_scope,
    variables_initializer,
)
from .version import (
    COMPILER_VERSION,
    GIT_VERSION,
    GRAPH_DEF_VERSION,
    GRAPH_DEF_VERSION_MIN_CONSUMER,
    GRAPH_DEF_VERSION_MIN_PRODUCER,
    VERSION,
    __version__,
)

newaxis = None          # in an index, as numpy has it

_publish(bitwise.__name__, vars(bitwise))
_publish(image.__name__, vars(image))
_publish(math.__name__, vars(math))
_publish(nn.__name__, vars(nn))
_publish(__name__, globals())

# Imported when they are first named: most programs need none, or few.
_LATER = ("app", "audio", "autograph", "compat", "config", "contrib", "core", "data", "debugging", "distribute", "distributions", "dtypes",
          "estimator", "examples", "extend", "feature_column", "flags", "gfile", "graph_util", "io", "keras", "layers", "linalg", "logging", "lookup",
          "losses", "manip", "metrics", "nest", "numeric", "optimize", "profiler", "python", "python_io", "quantization", "queue",
          "ragged", "random", "resource_loader", "saved_model", "sets", "signal", "sparse", "spectral", "strings", "sysconfig", "test",
          "testing", "tpu", "xla")
_HELD = ("audio", "debugging", "dtypes", "gfile", "graph_util", "io", "layers", "linalg", "logging", "losses", "manip", "metrics", "nest", "optimize",
         "python_io", "quantization", "ragged", "random", "sets", "signal", "sparse", "spectral")
_NAMESPACES = ("bitwise", "errors", "image", "initializers", "math", "nn", "summary", "train", "version", *_LATER)
_NAMES = sorted({*_NAMESPACES, *(n for n, value in globals().items() if not n.startswith("_") and not isinstance(value, _Module))})
# `from graphc import *` leaves Python's own `abs`, `bool`, `pow`, `range`, `round`, `slice` and `tuple` alone, and its modules.
__all__ = [name for name in _NAMES if name not in vars(_builtins) and name not in ("math", "random")]

for _space in (bitwise, image, initializers, math, nn, summary, train):
    _hold(vars(_space), _space.__all__)
_hold(globals(), [n for n in _NAMES if n not in ("Tensor", "DType", "Dimension")],
      methods=(ConditionalAccumulator, QueueBase, SparseConditionalAccumulator,  # noqa: F405
               ReaderBase, GradientTape, train.Optimizer, train.Saver, train.ExponentialMovingAverage, Variable))  # noqa: F405
_know()


def __getattr__(name: str) -> object:
    if name not in _LATER:
        from .tf1_names import getter
        getter("graphc")(name)             # AttributeError, with what to write instead
    from importlib import import_module
    module = import_module(f"graphc.{name}")
    if name in _HELD:           # what programs call; the others are for those who extend graphc, or pass on
        _hold(vars(module), module.__all__)
    return module


def __dir__() -> list[str]:
    return [*_NAMES, "__version__"]
