"""`tf.python`: the paths of TensorFlow's internal modules that programs import from; each leads to the public names."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from functools import reduce
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from ..errors import GraphcError
from ..ir.known import static_value
from ..ir.node import warn
from ..ir.sizes import unknown
from ..ir.types import TensorShape
from ..tf1_names import getter as _getter
from ..tf1_names import namespace as _namespace
from . import lengths
from .contrib_paths import CONTRIB
from .paths import MODULES

__all__: list[str] = []


class Device(NamedTuple):
    """A device as `device_lib.list_local_devices` describes it."""

    name: str
    device_type: str
    memory_limit: int = 0
    physical_device_desc: str = ""


def smart_cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """What one of two functions gives, where the condition is known while the graph is built; else `tf.cond`."""
    known = static_value(pred) if hasattr(pred, "graph") else pred
    if known is not None:
        return true_fn() if known else false_fn()
    return _top().cond(pred, true_fn, false_fn, name=name)


def _with_dependencies(dependencies: Any, output_tensor: Any, name: str | None = None) -> Any:
    """The tensor, behind what it depends on."""
    with _top().control_dependencies(dependencies):
        return _top().identity(output_tensor, name=name)


def _constant_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a tensor that is known while the graph is built, as an array; None of any other. What is no tensor is an array already."""
    known = static_value(tensor) if hasattr(tensor, "graph") else np.asarray(tensor)
    if known is None or not hasattr(tensor, "graph"):
        return known
    return None if unknown(known).any() else known.astype(tensor.dtype.as_numpy_dtype)


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


def _changed(what: str) -> Any:
    """`x` with `v` in the place of its rows `i`, or added to or subtracted from them; None: of all. As everywhere, what is overwritten is a copy."""
    def changed(x: Any, i: Any, v: Any) -> Any:
        tf = _top()
        x = tf.convert_to_tensor(x)
        rows = tf.range(tf.shape(x)[0]) if i is None else tf.convert_to_tensor(i)
        if rows.shape.ndims == 0:
            rows, v = tf.expand_dims(rows, 0), tf.expand_dims(v, 0)
        return getattr(tf, f"tensor_scatter_{what}")(x, tf.expand_dims(rows, -1), v)
    return changed


def _top() -> Any:
    return sys.modules[__name__.rpartition(".")[0]]


def _cells() -> dict[str, Any]:
    from ..rnn import cell, inner
    return {"_linear": cell.inner_linear, "_zero_state_tensors": functools.partial(cell.zero_states, "_zero_state_tensors"),
            "_concat": inner.joined_shape, "_like_rnncell": inner.like_cell,
            "assert_like_rnncell": inner.assert_like_cell, "_BIAS_VARIABLE_NAME": "bias", "_WEIGHTS_VARIABLE_NAME": "kernel"}


def _recurrence() -> dict[str, Any]:
    from ..rnn import inner
    return {"rnn": _top().nn.static_rnn, "bidirectional_rnn": _top().nn.static_bidirectional_rnn,
            "_transpose_batch_time": inner.time_first, "_best_effort_input_batch_size": inner.batch_size_of,
            "_infer_state_dtype": inner.state_dtype, "_concat": inner.joined_shape, "_like_rnncell": inner.like_cell,
            "assert_like_rnncell": inner.assert_like_cell}


# Of cells and loops, which are imported when a program asks for one of these.
_LATE: dict[str, Callable[[], dict[str, Any]]] = {"ops.rnn": _recurrence, **dict.fromkeys(
    ("ops.rnn_cell", "ops.rnn_cell_impl", *(f"graphc.contrib.rnn.python.ops.{n}" for n in ("core_rnn_cell", "core_rnn_cell_impl", "rnn_cell"))),
    _cells)}


def _timeline() -> Any:
    from ..runtime import timeline
    return timeline


def _freezing() -> Any:
    from ..train import freezing
    return freezing


def _evaluating() -> Any:
    from ..contrib import evaluating
    return evaluating


def _inspecting() -> Any:
    from ..train import inspecting
    return inspecting


def _tools() -> Any:
    from ..files import graph_tools
    return graph_tools


def _switching() -> Any:
    from ..ops import switching
    return switching


def _averages() -> Any:
    from ..train import averages
    return averages


def _own(path: str) -> dict[str, Any]:
    """What a module has that has no public name."""
    if path in _LATE:
        return _LATE[path]()
    import contextlib
    import inspect
    deprecated = dict.fromkeys(("deprecated", "deprecated_args", "deprecated_arg_values"), _decorated)
    asked = {name: value for name, value in vars(inspect).items() if not name.startswith("_")}
    own: dict[str, dict[str, Any]] = {
        "client.timeline": {"Timeline": _timeline().Timeline},
        "client.device_lib": {"list_local_devices": lambda session_config=None: [Device("/device:CPU:0", "CPU")]},
        "framework.tensor_shape": {
            "scalar": lambda: TensorShape([]), "vector": lambda length: TensorShape([length]),
            "matrix": lambda rows, cols: TensorShape([rows, cols]), "as_shape": TensorShape, "unknown_shape": _unknown_shape},
        "framework.test_util": {"TensorFlowTestCase": _top().test.TestCase},
        "framework.tensor_util": {"constant_value": _constant_value, "MakeNdarray": _top().make_ndarray},
        "training.evaluation": {"_get_or_create_eval_step": _evaluating().get_or_create_eval_step,
                                "_StopAfterNEvalsHook": _evaluating().StopAfterNEvalsHook},
        "training.moving_averages": {"assign_moving_average": _averages().assign_moving_average,
                                     "weighted_moving_average": _averages().weighted_moving_average},
        "debug": {name: _undebugged for name in ("LocalCLIDebugWrapperSession", "TensorBoardDebugWrapperSession", "DumpingDebugWrapperSession")},
        "layers.utils": {"smart_cond": smart_cond, "constant_value": _constant_value, **{n: getattr(lengths, n) for n in lengths.__all__}},
        "ops.control_flow_ops": {"smart_cond": smart_cond, "with_dependencies": _with_dependencies, "switch": _switching().switch,
                                 "merge": _switching().merge},
        "ops.inplace_ops": {f"alias_inplace_{what}": _changed(what) for what in ("update", "add", "sub")},
        "ops.resources": {"shared_resources": lambda: [], "initialize_resources": lambda resource_list=(), name="init": _top().no_op(name)},
        "tools.freeze_graph": {name: getattr(_freezing(), name) for name in _freezing().__all__},
        "framework.meta_graph": {"read_meta_graph_file": _tools().read_meta_graph_file},
        "tools.inspect_checkpoint": {"print_tensors_in_checkpoint_file": _inspecting().print_tensors_in_checkpoint_file},
        "tools.optimize_for_inference_lib": {"optimize_for_inference": _tools().optimize_for_inference},
        "tools.strip_unused_lib": {"strip_unused": _tools().strip_unused},
        "util.all_util": {"remove_undocumented": lambda module_name, allowed_exception_list=None, doc_string_modules=None: None},
        "util.deprecation": {**deprecated, "silence": contextlib.nullcontext},
        "util.tf_decorator": {"make_decorator": lambda target, decorator_func, *args, **kwargs: decorator_func,
                              "unwrap": lambda maybe_tf_decorator: ([], maybe_tf_decorator)},
        "util.tf_export": {"tf_export": _decorated, "keras_export": _decorated},
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
        if name == "__all__":           # `from tensorflow.python.ops.rnn_cell import *`
            return sorted({n for place in self._places for n in dir(_top() if place == "tf" else _place(place)) if not n.startswith("_")})
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
        # Modules come behind the names, one of which may be called as a module is: those within, and those that TensorFlow's import.
        for folder in (self.__name__, *(f"{__name__}.{folder}" for folder in _IMPORTED)):
            inner = sys.modules.get(f"{folder}.{name}")
            if inner is not None:
                return inner
        raise _missing(self.__name__, self._places, name)


_IMPORTED = ("framework", "ops", "util")     # what TensorFlow's modules import of each other: `from tensorflow.python.ops.rnn import rnn_cell_impl`


def _place(place: str) -> Any:
    """What stands at a public path, or the module of that name, which nothing may have named before."""
    if not place.startswith("python."):             # names for these paths alone
        try:
            return reduce(getattr, place.split("."), _top())
        except AttributeError as e:
            try:
                return importlib.import_module(f"{_top().__name__}.{place}")
            except ModuleNotFoundError:
                raise e from None
    return importlib.import_module(f"{_top().__name__}.{place}")


def _missing(module: str, places: tuple[str, ...], name: str) -> AttributeError:
    """What to write for a name, by the public names it may have."""
    for place in (*places, module.partition(".")[2]):
        try:
            _getter(f"graphc.{place}" if place != "tf" else "graphc")(name)
        except AttributeError as e:
            if "instead" in str(e):
                return e
    return AttributeError(f"module {module!r} has no attribute {name!r}", name=name, obj=None)


def _register(table: str, root: str, first: int) -> None:
    """Make the modules of a table below a package; the first parts of their paths are modules of graphc's own.

    Programs import them by their paths: `from tensorflow.python.framework import ops`.
    """
    for line in table.strip().splitlines():
        path, _, places = line.partition(" | ")
        parts = path.split(".")
        for i in range(first, len(parts)):
            full = f"{root}.{'.'.join(parts[:i + 1])}"
            if full not in sys.modules:
                leaf = tuple(p for p in places.split() if p != "-") if i + 1 == len(parts) else ()
                sys.modules[full] = _Inner(".".join(parts[:i + 1]), leaf, root)


_register(MODULES, __name__, 0)
_register(CONTRIB, f"{__name__.rpartition('.')[0]}.contrib", 1)

_namespace(globals())
