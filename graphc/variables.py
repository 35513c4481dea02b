"""Variables by name: `get_variable`, the scopes that share them, and the standard collections and initializers of variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .errors import GraphError, ShapeError
from .initializers import glorot_uniform_initializer, zeros_initializer
from .ir.graph import GraphKeys, get_default_graph
from .ir.node import Node, Operation, here, loc_str
from .ir.types import Shape, as_dtype, as_shape, compatible, shape_str
from .ops.state import Variable, group

AUTO_REUSE = "AUTO_REUSE"


class VariableScope:
    """The names and defaults that `get_variable` uses inside a `with variable_scope`."""

    def __init__(self, name: str, reuse: Any, initializer: Any, regularizer: Any, dtype: Any, custom_getter: Any):
        self.name, self.reuse, self.initializer, self.regularizer = name, reuse, initializer, regularizer
        self.dtype, self.custom_getter = dtype, custom_getter

    @property
    def original_name_scope(self) -> str:
        return self.name + "/" if self.name else ""

    def reuse_variables(self) -> None:
        """From now on `get_variable` finds variables and makes none."""
        self.reuse = True

    def set_initializer(self, initializer: Any) -> None:
        self.initializer = initializer

    def global_variables(self) -> list[Variable]:
        return global_variables(self.name)

    def trainable_variables(self) -> list[Variable]:
        return trainable_variables(self.name)


def get_variable_scope() -> VariableScope:
    """The innermost variable scope.

    >>> tf.get_variable_scope().name
    ''
    """
    graph = get_default_graph()
    if graph.variable_scope is None:
        graph.variable_scope = VariableScope("", False, None, None, None, None)
    return graph.variable_scope


@contextmanager
def variable_scope(name_or_scope: Any, default_name: str | None = None, values: Any = None, initializer: Any = None,
                   regularizer: Any = None, caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None,
                   reuse: Any = None, dtype: Any = None, use_resource: Any = None, constraint: Any = None,
                   auxiliary_name_scope: bool = True) -> Iterator[VariableScope]:
    """Put `name/` before the names of variables and operations made inside. `reuse`: True, False or AUTO_REUSE.

    `name_or_scope`: a name, or a scope to enter again; `default_name`: a name made unique when the first is None. GraphError:
    neither is given.

    >>> with tf.variable_scope("outer"):
    ...     print(tf.get_variable_scope().name)
    outer
    """
    graph, outer = get_default_graph(), get_variable_scope()
    if isinstance(name_or_scope, VariableScope):
        full, last = name_or_scope.name, name_or_scope.name.rpartition("/")[2]
        outer_defaults = name_or_scope
    else:
        last = name_or_scope
        if last is None:
            if default_name is None:
                raise GraphError(f"variable_scope needs a name{here()}")
            used = graph.variable_store.setdefault(("scopes", outer.name), {})
            count = used[default_name] = used.get(default_name, -1) + 1
            last = f"{default_name}_{count}" if count else default_name
        full = f"{outer.name}/{last}" if outer.name else last
        outer_defaults = outer
    scope = VariableScope(full, reuse or outer_defaults.reuse, initializer or outer_defaults.initializer,
                          regularizer or outer_defaults.regularizer, dtype or outer_defaults.dtype,
                          custom_getter or outer_defaults.custom_getter)
    graph.variable_scope = scope
    try:
        with graph.name_scope(last or None):
            yield scope
    finally:
        graph.variable_scope = outer


def get_variable(name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
                 trainable: bool = True, collections: Sequence[str] | None = None, caching_device: Any = None, partitioner: Any = None,
                 validate_shape: bool = True, use_resource: Any = None, custom_getter: Any = None, constraint: Any = None) -> Variable:
    """The variable of that name in the present scope, made if new.

    GraphError: it exists and the scope does not reuse, or does not exist and the scope only reuses. ShapeError: it exists with another
    shape, there is no shape, or the initializer has another one. `initializer`: an initializer, array or tensor of the shape, or number;
    by default Glorot's uniform one for floats, zeros for the rest.

    >>> with tf.variable_scope("shared", reuse=tf.AUTO_REUSE):
    ...     a = tf.get_variable("w", [2], initializer=tf.zeros_initializer())
    ...     b = tf.get_variable("w", [2])
    >>> a is b, a.name
    (True, 'shared/w:0')
    """
    scope = get_variable_scope()
    getter = custom_getter or scope.custom_getter
    if getter is not None:
        return getter(_get, name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, trainable=trainable,
                      collections=collections, validate_shape=validate_shape)
    return _get(name, shape, dtype, initializer, regularizer, trainable, collections, validate_shape)


def _get(name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None, trainable: bool = True,
         collections: Sequence[str] | None = None, validate_shape: bool = True, **ignored: Any) -> Variable:
    graph, scope = get_default_graph(), get_variable_scope()
    full = f"{scope.name}/{name}" if scope.name else name
    found = graph.variable_store.get(full)
    if found is not None:
        if not scope.reuse:
            raise GraphError(f"variable {full} exists, made at {loc_str(found.loc)}; reuse=True or AUTO_REUSE in variable_scope shares it{here()}")
        if shape is not None and not compatible(found.type.shape, as_shape(shape)):
            raise ShapeError(f"variable {full} exists with shape {shape_str(found.type.shape)}, not {shape_str(as_shape(shape))}{here()}")
        return found
    if scope.reuse is True:
        raise GraphError(f"variable {full} does not exist, and the scope only reuses{here()}")
    kind = as_dtype(dtype or scope.dtype or np.float32)
    initial = _initial(full, initializer if initializer is not None else scope.initializer, shape, kind, dtype)
    with graph.name_scope(None):
        variable = Variable(initial, trainable=trainable, collections=collections, validate_shape=validate_shape, name=full)
    graph.variable_store[full] = variable
    penalty = regularizer or scope.regularizer
    if penalty is not None and (loss := penalty(variable)) is not None:
        graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
    return variable


def _initial(name: str, initializer: Any, shape: Any, kind: Any, asked: Any) -> Any:
    if callable(initializer) and not isinstance(initializer, Node):
        initializer = initializer() if isinstance(initializer, type) else initializer
    elif initializer is not None:
        if isinstance(initializer, Node):
            _check_shape(name, initializer.type.shape, shape)
            return initializer
        array = np.asarray(initializer)
        wide = array.dtype if hasattr(initializer, "dtype") or array.dtype.kind != "f" else np.float32
        array = array.astype(as_dtype(asked).dtype if asked is not None else wide)
        if array.ndim:
            _check_shape(name, array.shape, shape)
        return np.broadcast_to(array, shape) if shape is not None and not array.ndim else array
    wanted = as_shape(shape)
    if wanted is None or None in wanted:
        raise ShapeError(f"get_variable({name!r}) needs a fully known shape, not {shape}{here()}")
    make: Callable[..., Any] = initializer or (glorot_uniform_initializer() if kind.is_floating else zeros_initializer())
    try:
        return lambda: make(wanted, dtype=kind)
    except TypeError:
        return lambda: make(wanted)


def _check_shape(name: str, initial: Shape | None, wanted: Any) -> None:
    if wanted is not None and not compatible(initial, as_shape(wanted)):
        raise ShapeError(f"get_variable({name!r}): the initial value has shape {shape_str(initial)}, not {shape_str(as_shape(wanted))}{here()}")


def global_variables(scope: str | None = None) -> list[Variable]:
    """All variables of the default graph (whose names begin with `scope`).

    >>> w = tf.Variable(1.0, name="kept")
    >>> [x.name for x in tf.global_variables("kept")]
    ['kept:0']
    """
    return get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Variable]:
    """The variables that optimizers train by default.

    >>> b = tf.Variable(1.0, name="counter", trainable=False)
    >>> tf.trainable_variables("counter")
    []
    """
    return get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Variable]:
    """The variables of the collection LOCAL_VARIABLES (whose names begin with `scope`)."""
    return get_default_graph().get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def variables_initializer(var_list: Sequence[Variable], name: str = "init") -> Operation:
    """An operation that sets the variables to their initial values.

    GraphError: variables of two graphs.

    >>> v = tf.Variable(3)
    >>> tf.Session(jit=False).run([tf.variables_initializer([v]), v])[1]
    np.int32(3)
    """
    return group(*(v.initializer for v in var_list), name=name)


def global_variables_initializer() -> Operation:
    """An operation that sets all variables to their initial values. (They also do so themselves, on first use.)

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(v.assign_add(1.0)), sess.run(tf.global_variables_initializer()), sess.run(v)
    (np.float32(2.0), None, np.float32(1.0))
    """
    return variables_initializer(global_variables())


def local_variables_initializer() -> Operation:
    """An operation that sets all local variables to their initial values."""
    return variables_initializer(local_variables())


initialize_all_variables = global_variables_initializer
all_variables = global_variables
initialize_variables = variables_initializer
