"""`tf.python`: the paths of TensorFlow's internal modules that programs import from; each leads to the public names."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import GraphcError
from .ir.known import static_value
from .ir.node import warn
from .ir.types import TensorShape
from .tf1_names import getter as _getter

__all__: list[str] = []

# A module's path | the namespaces whose names it has, `tf` being the top; the first that has a name gives it.
_MODULES = """
client.session | tf
client.timeline | -
client.device_lib | -
data.ops.dataset_ops | data
debug | -
framework.constant_op | tf
framework.dtypes | tf
framework.errors | errors
framework.errors_impl | errors
framework.function | tf
framework.graph_util | graph_util
framework.importer | tf
framework.op_def_library | tf
framework.ops | tf
framework.random_seed | tf
framework.sparse_tensor | tf
framework.tensor_shape | tf
framework.tensor_util | tf
framework.test_util | test
layers.base | layers
layers.convolutional | layers
layers.core | layers
layers.layers | layers
layers.normalization | layers
layers.pooling | layers
layers.utils | -
lib.io.file_io | gfile
lib.io.tf_record | python_io
ops.array_ops | tf
ops.candidate_sampling_ops | nn
ops.check_ops | tf
ops.clip_ops | tf
ops.constant_op | tf
ops.control_flow_ops | tf
ops.control_flow_util | tf
ops.ctc_ops | nn
ops.data_flow_ops | tf
ops.distributions.distribution | distributions
ops.distributions.distributions | distributions
ops.embedding_ops | nn
ops.functional_ops | tf
ops.gen_array_ops | tf
ops.gen_math_ops | tf
ops.gen_nn_ops | nn tf
ops.gradients | tf
ops.gradients_impl | tf
ops.image_ops | image
ops.init_ops | initializers tf
ops.io_ops | tf
ops.linalg_ops | tf linalg
ops.logging_ops | tf
ops.lookup_ops | contrib.lookup tf
ops.losses.losses | losses
ops.losses.losses_impl | losses
ops.losses.util | losses
ops.math_ops | tf
ops.metrics | metrics
ops.metrics_impl | metrics
ops.nn | nn
ops.nn_impl | nn
ops.nn_ops | nn
ops.parsing_ops | tf
ops.partitioned_variables | tf
ops.random_ops | tf
ops.resources | -
ops.rnn | nn
ops.rnn_cell | nn.rnn_cell
ops.rnn_cell_impl | nn.rnn_cell
ops.script_ops | tf
ops.seq2seq | nn.seq2seq contrib.legacy_seq2seq
ops.sparse_ops | tf
ops.special_math_ops | tf
ops.standard_ops | tf
ops.state_ops | tf
ops.string_ops | tf
ops.summary_ops | summary
ops.template | tf
ops.tensor_array_ops | tf
ops.variable_scope | tf
ops.variables | tf
platform.app | app
platform.flags | flags
platform.gfile | gfile
platform.googletest | test
platform.resource_loader | resource_loader
platform.test | test
platform.tf_logging | logging
pywrap_tensorflow | train
saved_model.builder | saved_model.builder
saved_model.builder_impl | saved_model.builder
saved_model.constants | saved_model.constants
saved_model.loader | saved_model.loader
saved_model.loader_impl | saved_model.loader
saved_model.main_op | saved_model.main_op
saved_model.signature_def_utils | saved_model.signature_def_utils
saved_model.simple_save | saved_model
saved_model.utils | saved_model.utils
saved_model.signature_constants | saved_model.signature_constants
saved_model.tag_constants | saved_model.tag_constants
summary.summary | summary
training.adagrad | train
training.adam | train
training.basic_session_run_hooks | train
training.checkpoint_utils | train
training.coordinator | train
training.ftrl | train
training.gradient_descent | train
training.input | train
training.learning_rate_decay | train
training.momentum | train
training.monitored_session | train
training.moving_averages | train
training.optimizer | train
training.queue_runner | train
training.queue_runner_impl | train
training.rmsprop | train
training.saver | train
training.session_run_hook | train
training.slot_creator | train
training.supervisor | train
training.training | train
training.training_util | train
util.compat | compat
util.deprecation | -
util.nest | nest
util.tf_contextlib | -
util.tf_inspect | -
"""

# The same of the modules within those of `contrib`.
_CONTRIB = """
distributions.python.ops.distribution | contrib.distributions
framework.python.framework | contrib.framework
framework.python.framework.checkpoint_utils | train
framework.python.ops | contrib.framework
framework.python.ops.arg_scope | contrib.framework
framework.python.ops.variables | contrib.framework
layers.python.layers | contrib.layers
layers.python.layers.initializers | contrib.layers
layers.python.layers.layers | contrib.layers
layers.python.layers.optimizers | contrib.layers
layers.python.layers.regularizers | contrib.layers
layers.python.layers.utils | -
learn.python.learn | contrib.learn
learn.python.learn.datasets | contrib.learn.datasets
learn.python.learn.datasets.base | contrib.learn.datasets.base
learn.python.learn.datasets.mnist | examples.tutorials.mnist.input_data
learn.python.learn.preprocessing | contrib.learn.preprocessing
legacy_seq2seq.python.ops.seq2seq | contrib.legacy_seq2seq
losses.python.losses | contrib.losses
metrics.python.ops.metric_ops | contrib.metrics
rnn.python.ops.core_rnn | contrib.rnn
rnn.python.ops.core_rnn_cell | contrib.rnn
rnn.python.ops.core_rnn_cell_impl | contrib.rnn
rnn.python.ops.rnn | contrib.rnn
rnn.python.ops.rnn_cell | contrib.rnn
seq2seq.python.ops.attention_wrapper | contrib.seq2seq
seq2seq.python.ops.basic_decoder | contrib.seq2seq
seq2seq.python.ops.beam_search_decoder | contrib.seq2seq
seq2seq.python.ops.decoder | contrib.seq2seq
seq2seq.python.ops.helper | contrib.seq2seq
seq2seq.python.ops.loss | contrib.seq2seq
slim.python.slim | contrib.slim
slim.python.slim.evaluation | contrib.slim.evaluation
slim.python.slim.learning | contrib.slim.learning
training.python.training.hparam | contrib.training
"""


class Device(NamedTuple):
    """A device as `device_lib.list_local_devices` describes it."""

    name: str
    device_type: str
    memory_limit: int = 0
    physical_device_desc: str = ""


def _smart_cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """What one of two functions gives, where the condition is known while the graph is built; else `tf.cond`."""
    known = static_value(pred) if hasattr(pred, "graph") else pred
    if known is not None:
        return true_fn() if known else false_fn()
    return _top().cond(pred, true_fn, false_fn, name=name)


def _with_dependencies(dependencies: Any, output_tensor: Any, name: str | None = None) -> Any:
    """The tensor, behind what it depends on."""
    with _top().control_dependencies(dependencies):
        return _top().identity(output_tensor, name=name)


def _unknown_shape(ndims: int | None = None, rank: int | None = None) -> TensorShape:
    known = ndims if rank is None else rank
    return TensorShape(None if known is None else [None] * known)


def _undebugged(sess: Any, *args: Any, **kwargs: Any) -> Any:
    """The session itself, with a warning: TensorFlow's debugger is not here."""
    warn("tf.python.debug: there is no such debugger here, and the session runs as it is; tf.add_check_numerics_ops finds "
         "nan", UserWarning)
    return sess


def _decorated(*args: Any, **kwargs: Any) -> Any:
    """A decorator that leaves functions as they are."""
    return lambda function: function


def _top() -> Any:
    return sys.modules[__name__.rpartition(".")[0]]


def _timeline() -> Any:
    from .runtime import timeline
    return timeline


def _averages() -> Any:
    from .train import averages
    return averages


def _own(path: str) -> dict[str, Any]:
    """What a module has that has no public name."""
    import contextlib
    import inspect
    deprecated = dict.fromkeys(("deprecated", "deprecated_args", "deprecated_arg_values"), _decorated)
    asked = {name: getattr(inspect, name) for name in ("getfullargspec", "isclass", "isfunction", "ismethod", "signature")}
    own: dict[str, dict[str, Any]] = {
        "client.timeline": {"Timeline": _timeline().Timeline},
        "client.device_lib": {"list_local_devices": lambda session_config=None: [Device("/device:CPU:0", "CPU")]},
        "framework.tensor_shape": {
            "scalar": lambda: TensorShape([]), "vector": lambda length: TensorShape([length]),
            "matrix": lambda rows, cols: TensorShape([rows, cols]), "as_shape": TensorShape, "unknown_shape": _unknown_shape},
        "framework.tensor_util": {"constant_value": static_value},
        "training.moving_averages": {"assign_moving_average": _averages().assign_moving_average,
                                     "weighted_moving_average": _averages().weighted_moving_average},
        "debug": {name: _undebugged for name in ("LocalCLIDebugWrapperSession", "TensorBoardDebugWrapperSession")},
        "layers.utils": {"smart_cond": _smart_cond, "constant_value": static_value},
        "ops.control_flow_ops": {"smart_cond": _smart_cond, "with_dependencies": _with_dependencies},
        "ops.resources": {"shared_resources": lambda: [], "initialize_resources": lambda resource_list=(), name="init": _top().no_op(name)},
        "util.deprecation": deprecated,
        "util.tf_contextlib": {"contextmanager": contextlib.contextmanager},
        "util.tf_inspect": asked,
    }
    return own.get(path, {})


class _Inner(ModuleType):
    """A module of TensorFlow's own: its names are those of some namespaces."""

    def __init__(self, path: str, places: tuple[str, ...] = (), root: str = __name__):
        super().__init__(f"{root}.{path}", f"TensorFlow's tensorflow.{root.partition('.')[2]}.{path}: its public names.")
        self.__path__: list[str] = []
        self._places = places
        self._own: dict[str, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        path = self.__name__.removeprefix(f"{__name__}.")
        if self._own is None:
            self._own = _own(path)
        if name in self._own:
            return self._own[name]
        for place in self._places:
            try:
                return getattr(_top() if place == "tf" else _place(place), name)
            except (AttributeError, ImportError, GraphcError):
                continue
        inner = sys.modules.get(f"{self.__name__}.{name}")          # behind the names, one of which may be called as a module is
        if inner is None:
            raise _missing(self.__name__, self._places, name)
        return inner


def _place(place: str) -> Any:
    found = _top()
    for part in place.split("."):
        found = getattr(found, part)
    return found


def _missing(module: str, places: tuple[str, ...], name: str) -> AttributeError:
    """What to write for a name, by the public names it may have."""
    for place in (*places, module.partition(".")[2]):
        try:
            _getter(f"graphc.{place}" if place != "tf" else "graphc")(name)
        except AttributeError as e:
            if "instead" in str(e):
                return e
    return AttributeError(f"module {module!r} has no attribute {name!r}", name=name, obj=None)


# Programs import these modules by their paths: `from tensorflow.python.framework import ops`.
__path__: list[str] = []


def _register(table: str, root: str, first: int) -> None:
    """Make the modules of a table below a package; the first parts of their paths are modules of graphc's own."""
    for line in table.strip().splitlines():
        path, _, places = line.partition(" | ")
        parts = path.split(".")
        for i in range(first, len(parts)):
            full = f"{root}.{'.'.join(parts[:i + 1])}"
            if full not in sys.modules:
                leaf = tuple(p for p in places.split() if p != "-") if i + 1 == len(parts) else ()
                sys.modules[full] = _Inner(".".join(parts[:i + 1]), leaf, root)


_register(_MODULES, __name__, 0)
_register(_CONTRIB, f"{__name__.rpartition('.')[0]}.contrib", 1)


def __dir__() -> list[str]:
    return [*__all__]


if not TYPE_CHECKING:
    __getattr__ = _getter(__name__)
