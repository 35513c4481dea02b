"""Variables that all calls of a function share, and what TensorFlow 1 has beside `get_variable`: scopes by older names, partitions, asking."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import update_wrapper
from typing import Any

import numpy as np

from .errors import GraphError
from .ir.collecting import GraphKeys
from .ir.graph import name_scope
from .ir.node import Node, here
from .ir.types import as_dtype, as_shape
from .ops.sources import constant
from .ops.state import Variable
from .variables import (
    VariableScope,
    get_variable,
    trainable_variables,
    variable_scope,
)

__all__ = ["VariableAggregation", "VariableSynchronization", "fixed_size_partitioner", "get_local_variable",
           "make_template", "min_max_variable_partitioner", "no_regularizer", "op_scope", "report_uninitialized_variables",
           "variable_axis_size_partitioner", "variable_op_scope"]


class VariableSynchronization(enum.Enum):
    """When copies of a variable on several devices are brought together: accepted, as here is one device."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How copies of a variable on several devices become one: accepted, as here is one device."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


# ---------------------------------------------------------------------- templates

class Template:
    """A function whose variables are made by its first call, in a scope of their own, and used again by all calls behind it."""

    def __init__(self, name: str, function: Callable[..., Any], unique_name: str | None, custom_getter: Any, given: dict[str, Any]):
        self._name, self._function, self._unique_name, self._custom_getter, self._given = name, function, unique_name, custom_getter, given
        self._scope: VariableScope | None = None
        self._called = False
        update_wrapper(self, function, updated=())

    def enter_now(self) -> None:
        """Make the scope, before the first call."""
        with variable_scope(self._unique_name, self._name, custom_getter=self._custom_getter, auxiliary_name_scope=False) as self._scope:
            pass

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._scope is None:
            with variable_scope(self._unique_name, self._name, custom_getter=self._custom_getter) as self._scope:
                return self._result(args, kwargs)
        with variable_scope(self._scope, reuse=self._called or None):
            return self._result(args, kwargs)

    def _result(self, args: Any, kwargs: Any) -> Any:
        before = len(trainable_variables())
        result = self._function(*args, **{**self._given, **kwargs})
        new = trainable_variables()[before:]
        if self._called and new:
            raise GraphError(f"the template {self.variable_scope_name}: {new[0].label} is made by a call after the first; tf.get_variable shares "
                             f"variables, tf.Variable makes new ones{here()}")
        self._called = True
        return result

    @property
    def name(self) -> str:
        """The name that the template was given."""
        return self._name

    @property
    def variable_scope(self) -> VariableScope | None:
        """The scope of the variables; None before the first call."""
        return self._scope

    @property
    def variable_scope_name(self) -> str | None:
        """The name of the scope of the variables; None before the first call."""
        return None if self._scope is None else self._scope.name

    @property
    def variables(self) -> list[Variable]:
        """The global and the local variables."""
        return self.global_variables + self.local_variables

    @property
    def global_variables(self) -> list[Variable]:
        """The variables of the scope, those that are not trained among them."""
        return [] if self._scope is None else self._scope.global_variables()

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables of the scope that are trained."""
        return [] if self._scope is None else self._scope.trainable_variables()

    @property
    def local_variables(self) -> list[Variable]:
        """The local variables of the scope."""
        return [] if self._scope is None else self._scope.local_variables()


def make_template(name_: str, func_: Callable[..., Any], create_scope_now_: bool = False, unique_name_: str | None = None,
                  custom_getter_: Any = None, **kwargs: Any) -> Any:
    """`func_` with the given arguments, all of whose calls share the variables that the first one makes by `tf.get_variable`.

    They lie in a scope `name_`, with _1, _2, ... where it is taken (`unique_name_`: exactly that). The scope is entered first by the first call,
    with `create_scope_now_` here. GraphError: a later call makes a variable that is trained, by `tf.Variable`.

    >>> scale = tf.make_template("scale", lambda x: x * tf.get_variable("w", [], initializer=tf.ones_initializer()))
    >>> y = scale(2.0) + scale(3.0)
    >>> tf.Session(jit=False).run(y), [v.op.name for v in scale.trainable_variables]
    (np.float32(5.0), ['scale/w'])
    """
    made = Template(name_, func_, unique_name_, custom_getter_, kwargs)
    if create_scope_now_:
        made.enter_now()
    return made


# ---------------------------------------------------------------------- scopes by older names

@contextmanager
def op_scope(values: Any, name: str | None, default_name: str | None = None) -> Iterator[str]:
    """`tf.name_scope(name, default_name, values)`, by its name and in its order of before TensorFlow 1.

    >>> with tf.op_scope([], None, "layer") as scope:
    ...     print(scope)
    layer/
    """
    with name_scope(name, default_name, values) as scope:
        yield scope


@contextmanager
def variable_op_scope(values: Any, name_or_scope: Any, default_name: str | None = None, **options: Any) -> Iterator[VariableScope]:
    """`tf.variable_scope(name_or_scope, default_name, values, ...)`, by its name of before TensorFlow 1. GraphError: as of that."""
    with variable_scope(name_or_scope, default_name, values, **options) as scope:
        yield scope


# ---------------------------------------------------------------------- variables

def get_local_variable(name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
                       trainable: bool = False, collections: Sequence[str] | None = None, **options: Any) -> Variable:
    """`tf.get_variable` of a variable that is not trained, in the collection LOCAL_VARIABLES. Errors (GraphError, ShapeError) as of that.

    >>> tf.get_local_variable("seen", [], tf.int32, tf.zeros_initializer()) in tf.local_variables()
    True
    """
    names = [GraphKeys.LOCAL_VARIABLES, *(collections or ())]
    return get_variable(name, shape, dtype, initializer, regularizer, False, names, **options)


def report_uninitialized_variables(var_list: Iterable[Variable] | None = None, name: str = "report_uninitialized_variables") -> Node:
    """The names of the variables without a value, string[n]: none, as variables initialise themselves on first use.

    >>> v = tf.Variable(1.0, name="v")
    >>> tf.Session(jit=False).run(tf.report_uninitialized_variables([v]))
    array([], dtype=object)
    """
    return constant(np.array([], object), "string", name=name)


def no_regularizer(_: Any) -> None:
    """No penalty: what keeps that of the scope around from a variable."""
    return None


# ---------------------------------------------------------------------- partitions, which say how many parts there would be

def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Callable[..., list[int]]:
    """A function of shape and dtype that gives the numbers of parts along each axis: `num_shards` along one. Variables here are in one part.

    >>> tf.fixed_size_partitioner(3)(tf.TensorShape([8, 2]), tf.float32)
    [3, 1]
    """
    def partitioner(shape: Any, dtype: Any = np.float32, **unused: Any) -> list[int]:
        return [min(num_shards, n) if i == axis else 1 for i, n in enumerate(_sizes(shape))]
    return partitioner


def variable_axis_size_partitioner(max_shard_bytes: int, axis: int = 0, bytes_per_string_element: int = 16,
                                   max_shards: int | None = None) -> Callable[..., list[int]]:
    """A function of shape and dtype that gives the numbers of parts along each axis: along one so many that none has more than some bytes.

    >>> tf.variable_axis_size_partitioner(64)(tf.TensorShape([8, 4]), tf.float32)
    [2, 1]
    """
    def partitioner(shape: Any, dtype: Any = np.float32, **unused: Any) -> list[int]:
        sizes = _sizes(shape)
        row = as_dtype(dtype).size * int(np.prod([n for i, n in enumerate(sizes) if i != axis]))
        parts = -(-sizes[axis] // max(1, max_shard_bytes // row))
        return [min(parts, max_shards or parts) if i == axis else 1 for i in range(len(sizes))]
    return partitioner


def min_max_variable_partitioner(max_partitions: int = 1, axis: int = 0, min_slice_size: int = 256 << 10,
                                 bytes_per_string_element: int = 16) -> Callable[..., list[int]]:
    """A function of shape and dtype that gives the numbers of parts along each axis: along one as many as leave each some bytes.

    >>> tf.min_max_variable_partitioner(4, min_slice_size=64)(tf.TensorShape([8, 4]), tf.float32)
    [2, 1]
    """
    def partitioner(shape: Any, dtype: Any = np.float32, **unused: Any) -> list[int]:
        sizes = _sizes(shape)
        parts = -(-int(np.prod(sizes)) * as_dtype(dtype).size // min_slice_size)
        return [max(1, min(parts, max_partitions, sizes[axis])) if i == axis else 1 for i in range(len(sizes))]
    return partitioner


def _sizes(shape: Any) -> list[int]:
    return [int(n or 0) for n in as_shape(shape) or ()]
