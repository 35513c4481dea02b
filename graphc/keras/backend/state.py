"""What Keras keeps for a whole process or a whole graph: the session, the learning phase, the default dtype, the layout of images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...errors import GraphError
from ...ir.graph import Graph, get_default_graph, get_default_session, name_scope, reset_default_graph
from ...ir.node import Node, dtype_of, here
from ...ops.sources import constant, placeholder_with_default
from ...runtime.session import Session
from ..engine.history import layered, origin, uid

__all__ = ["backend", "clear_session", "epsilon", "floatx", "get_session", "get_uid", "image_data_format", "image_dim_ordering", "is_keras_tensor",
           "learning_phase",
           "learning_phase_scope", "manual_variable_initialization", "name_scope", "reset_uids", "set_epsilon", "set_floatx",
           "set_image_data_format", "set_image_dim_ordering", "set_learning_phase", "set_session"]

_settings: dict[str, Any] = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}


# ---------------------------------------------------------------------- settings

def backend() -> str:
    """The name of what computes, to which Keras' programs compare: "tensorflow"; it is graphc.

    >>> tf.keras.backend.backend()
    'tensorflow'
    """
    return "tensorflow"


def floatx() -> str:
    """The name of the dtype that layers and losses have by default.

    >>> tf.keras.backend.floatx()
    'float32'
    """
    found: str = _settings["floatx"]
    return found


def set_floatx(value: str) -> None:
    """Let another dtype be the default: 'float16', 'float32' or 'float64'. GraphError: none of them."""
    name = dtype_of("set_floatx", value).name
    if name not in ("float16", "float32", "float64"):
        raise GraphError(f"set_floatx: {value!r:.40} is not 'float16', 'float32' or 'float64'{here()}")
    _settings["floatx"] = name


def epsilon() -> float:
    """A small number, which divisions and logarithms of losses keep away from 0.

    >>> tf.keras.backend.epsilon()
    1e-07
    """
    found: float = _settings["epsilon"]
    return found


def set_epsilon(value: float) -> None:
    """Let another small number be `epsilon()`."""
    _settings["epsilon"] = float(value)


def image_data_format() -> str:
    """Where the channels of images are by default: 'channels_last' or 'channels_first'.

    >>> tf.keras.backend.image_data_format()
    'channels_last'
    """
    found: str = _settings["image_data_format"]
    return found


def set_image_data_format(data_format: str) -> None:
    """Let the channels of images be elsewhere by default. GraphError: neither 'channels_last' nor 'channels_first'."""
    if data_format not in ("channels_last", "channels_first"):
        raise GraphError(f"set_image_data_format: {data_format!r:.40} is not 'channels_last' or 'channels_first'{here()}")
    _settings["image_data_format"] = data_format


def image_dim_ordering() -> str:
    """Where the channels of images are by default, by older words: "tf" for last, "th" for first."""
    return "th" if _settings["image_data_format"] == "channels_first" else "tf"


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Let the channels of images be elsewhere by default, by older words. GraphError: neither "tf" nor "th"."""
    set_image_data_format({"tf": "channels_last", "th": "channels_first"}.get(dim_ordering, dim_ordering))


def manual_variable_initialization(value: bool) -> None:
    """Nothing: variables initialise themselves on first use, and `load_weights` or a Saver sets them before or after."""


# ---------------------------------------------------------------------- sessions and graphs

def session_of(graph: Graph) -> Any:
    """The session in which the models of a graph run: the default one if it is of that graph, else the one Keras keeps for it."""
    session = get_default_session()
    if session is not None and session.graph is graph:
        return session
    own = layered(graph)
    if own.session is None:
        own.session = Session(graph=graph)
    return own.session


def get_session(op_input_list: Any = ()) -> Any:
    """The session in which models of the default graph run: the default session, or one that is made for the graph and kept.

    >>> tf.keras.backend.get_session() is tf.keras.backend.get_session()
    True
    """
    session = get_default_session()
    return session if session is not None else session_of(get_default_graph())


def set_session(session: Any) -> None:
    """Let models of the session's graph run in that session from now on. GraphError: no session."""
    if not isinstance(session, Session):
        raise GraphError(f"set_session: {session!r:.60} is no session{here()}")
    layered(session.graph).session = session


def clear_session() -> None:
    """Begin a new default graph: layers are counted from the start, and variables of before are let go of."""
    reset_default_graph()


def get_uid(prefix: str = "") -> int:
    """How often the prefix was asked for in the default graph: 1, 2, 3, ..."""
    return uid(prefix)


def reset_uids() -> None:
    """Count the names of layers from the start."""
    layered().counts.clear()


def is_keras_tensor(x: Any) -> bool:
    """Whether a layer made the tensor. GraphError: it is no tensor.

    >>> tf.keras.backend.is_keras_tensor(tf.constant(1.0))
    False
    """
    if not isinstance(x, Node):
        raise GraphError(f"is_keras_tensor: {x!r:.60} is no tensor{here()}")
    return origin(x) is not None


# ---------------------------------------------------------------------- the learning phase

def learning_phase() -> Any:
    """1 where the graph is built for training alone, 0 for use alone; else a tensor bool[], by default False, that `fit` feeds with True.

    >>> tf.keras.backend.learning_phase().name
    'keras_learning_phase:0'
    """
    own, graph = layered(), get_default_graph()
    if own.phase is None:
        with graph.name_scope(None), graph.control_dependencies(None):
            own.phase = placeholder_with_default(constant(False), [], name="keras_learning_phase")
    return own.phase


def phase_tensor(graph: Graph) -> Node | None:
    """The learning phase of a graph as a tensor that can be fed; None where it was not asked for, or was set."""
    phase = layered(graph).phase
    return phase if isinstance(phase, Node) else None


def set_learning_phase(value: Any) -> None:
    """Let what is built from now on in the default graph be for training (1) or for use (0). GraphError: neither."""
    if isinstance(value, Node) or int(value) not in (0, 1):
        raise GraphError(f"set_learning_phase: {value!r:.60} is not 0 or 1{here()}")
    layered().phase = int(value)


@contextmanager
def learning_phase_scope(value: Any) -> Iterator[None]:
    """Set the learning phase for what is built inside. GraphError: neither 0 nor 1."""
    before = layered().phase
    set_learning_phase(value)
    try:
        yield
    finally:
        layered().phase = before


def known_phase(training: Any) -> bool | None:
    """What a switch is while the graph is built: that of the learning phase if None is given; None if a run decides."""
    training = learning_phase() if training is None else training
    return None if isinstance(training, Node) else bool(training)
