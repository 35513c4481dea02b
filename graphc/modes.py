"""What TensorFlow's `compat.v1` has to turn its second version off: graphc builds graphs alone, so nothing is left to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from .errors import FailedPreconditionError
from .ir.graph import get_default_graph
from .ir.node import here

__all__ = ["control_flow_v2_enabled", "disable_control_flow_v2", "disable_eager_execution", "disable_resource_variables", "disable_tensor_equality",
           "disable_v2_behavior", "disable_v2_tensorshape", "enable_control_flow_v2", "enable_eager_execution", "enable_resource_variables",
           "enable_tensor_equality", "enable_v2_behavior", "enable_v2_tensorshape", "executing_eagerly", "executing_eagerly_outside_functions",
           "init_scope", "recompute_grad", "resource_variables_enabled"]


def disable_v2_behavior() -> None:
    """Nothing: graphs are built, and sessions run them, from the start."""


def disable_eager_execution() -> None:
    """Nothing: operations are nodes of a graph from the start."""


def executing_eagerly() -> bool:
    """False.

    >>> tf.executing_eagerly()
    False
    """
    return False


def enable_eager_execution(config: object = None, device_policy: object = None, execution_mode: object = None) -> NoReturn:
    """FailedPreconditionError: graphc builds graphs, and `Session.run` computes."""
    raise FailedPreconditionError(f"operations are not computed at once: a graph is built, and session.run(x) computes{here()}")


def enable_v2_behavior() -> NoReturn:
    """FailedPreconditionError, as of `enable_eager_execution`."""
    enable_eager_execution()


def disable_resource_variables() -> None:
    """Nothing: there is one kind of variables."""


def enable_resource_variables() -> None:
    """Nothing: there is one kind of variables, whose reads are ordered."""


def disable_tensor_equality() -> None:
    """Nothing: tensors are equal to themselves alone."""


def disable_v2_tensorshape() -> None:
    """Nothing: the sizes of shapes have a `value`."""


def enable_v2_tensorshape() -> None:
    """Nothing: the sizes of shapes are integers, which also have a `value`."""


def disable_control_flow_v2() -> None:
    """Nothing: there is one kind of control flow."""


def control_flow_v2_enabled() -> bool:
    """False: there is one kind of control flow.

    >>> tf.control_flow_v2_enabled()
    False
    """
    return False


def enable_tensor_equality() -> NoReturn:
    """FailedPreconditionError: `==` of tensors tells whether they are the same one, as in TensorFlow 1; `tf.equal` compares values."""
    raise FailedPreconditionError(f"`==` of tensors tells whether they are the same one; tf.equal compares their values{here()}")


def enable_control_flow_v2() -> None:
    """Nothing: there is one kind of control flow."""


def executing_eagerly_outside_functions() -> bool:
    """False."""
    return False


def resource_variables_enabled() -> bool:
    """False: there is one kind of variable."""
    return False


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function as it is: what its gradient needs of it is kept or computed again as the compiler sees fit."""
    return f


@contextmanager
def init_scope() -> Iterator[None]:
    """Leave all control dependencies inside: what is made there runs when it is needed, as initial values do.

    >>> with tf.name_scope("layer"), tf.init_scope():
    ...     print(tf.constant(1.0, name="first").name)
    layer/first:0
    """
    with get_default_graph().control_dependencies(None):
        yield
