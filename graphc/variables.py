"""Variables by name: `get_variable`, the scopes that share them, and the standard collections and initializers of variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np

from .errors import GraphError, ShapeError
from .initializers import glorot_uniform_initializer, zeros_initializer
from .ir.collecting import GraphKeys
from .ir.graph import Graph, get_default_graph
from .ir.node import Node, Operation, dtype_of, here, loc_str, saying
from .ir.types import Shape, as_dtype, as_shape, compatible, shape_str
from .ops.state import Variable, group

AUTO_REUSE = "AUTO_REUSE"


class VariableScope:
    """The names and defaults that `get_variable` uses inside a `with variable_scope`."""

    def __init__(self, name: str, reuse: Any = False, initializer: Any = None, regularizer: Any = None, dtype: Any = None,
                 custom_getter: Any = None, constraint: Any = None, name_scope: str | None = None):
        self.name, self.reuse, self.initializer, self.regularizer = name, reuse, initializer, regularizer
        self.dtype, self.custom_getter, self.constraint = dtype, custom_getter, constraint
        self._name_scope = name_scope

    @property
    def original_name_scope(self) -> str:
        """The scope of names of the operations made where the scope was first entered, with its `/`."""
        return self._name_scope if self._name_scope is not None else self.name + "/" if self.name else ""

    def reuse_variables(self) -> None:
        """From now on `get_variable` finds variables and makes none."""
        self.reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """The initializer of variables that are given none."""
        self.initializer = initializer

    def set_regularizer(self, regularizer: Any) -> None:
        """The regularizer of variables that are given none."""
        self.regularizer = regularizer

    def set_custom_getter(self, custom_getter: Any) -> None:
        """What makes or finds variables, given the usual way as its first argument."""
        self.custom_getter = custom_getter

    def get_variable(self, name: str, shape: Any = None, **options: Any) -> Variable:
        """The variable of that name in this scope, wherever that is called; arguments and errors as of `tf.get_variable`."""
        with variable_scope(self, auxiliary_name_scope=False):
            return get_variable(name, shape, **options)

    def global_variables(self) -> list[Variable]:
        """The variables whose names begin with the scope's."""
        return global_variables(self._prefix())

    def trainable_variables(self) -> list[Variable]:
        """Those of them that are trained."""
        return trainable_variables(self._prefix())

    def local_variables(self) -> list[Variable]:
        """The local variables whose names begin with the scope's."""
        return local_variables(self._prefix())

    def _prefix(self) -> str | None:
        return f"{re.escape(self.name)}/" if self.name else None


def get_variable_scope() -> VariableScope:
    """The innermost variable scope.

    >>> tf.get_variable_scope().name
    ''
    """
    graph = get_default_graph()
    if graph.variable_scope is None:
        graph.variable_scope = VariableScope("")
    return graph.variable_scope


def _entered(graph: Graph) -> dict[str, int]:
    """How often each variable scope was entered by name since the one around it was: what default names are counted by."""
    return graph.variable_store.setdefault(("scopes", ""), {})


def _unused(graph: Graph, outer: str, name: str) -> str:
    """The name, with _1, _2, ... behind it where the scope around has entered one of that name."""
    entered, count = _entered(graph), 0
    full = f"{outer}/{name}" if outer else name
    while entered.get(f"{full}_{count}" if count else full):
        count += 1
    return f"{name}_{count}" if count else name


def _within(getter: Callable[..., Any] | None, outer: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """A custom getter whose own getter is that of the scope around, if there is one."""
    if getter is None or outer is None or getter is outer:
        return getter or outer
    return lambda make, *args, **kwargs: getter(partial(outer, make), *args, **kwargs)


@contextmanager
def variable_scope(name_or_scope: Any, default_name: str | None = None, values: Any = None, initializer: Any = None,
                   regularizer: Any = None, caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None,
                   reuse: Any = None, dtype: Any = None, use_resource: Any = None, constraint: Any = None,
                   auxiliary_name_scope: bool = True) -> Iterator[VariableScope]:
    """Put `name/` before the names of variables and operations made inside. `reuse`: True, False or AUTO_REUSE.

    `name_or_scope`: a name, or a scope to enter again; `default_name`: a name made unique when the first is None.
    `auxiliary_name_scope=False`: operations keep the names that they have outside. What is given for variables (`initializer`, `regularizer`,
    `constraint`, `dtype`, `custom_getter`) holds for those that are given none. GraphError: no name, or one that is none.

    >>> with tf.variable_scope("outer"):
    ...     print(tf.get_variable_scope().name)
    outer
    """
    graph, outer = get_default_graph(), get_variable_scope()
    entered = _entered(graph)
    if isinstance(name_or_scope, VariableScope):
        defaults, full = name_or_scope, name_or_scope.name
        last = full.rpartition("/")[2]
    else:
        if name_or_scope is None and default_name is None:
            raise GraphError(f"variable_scope needs a name{here()}")
        if not isinstance(name_or_scope, (str, type(None))):
            raise GraphError(f"variable_scope: a name is a text, or a scope, not {name_or_scope!r:.60}{here()}")
        last = name_or_scope if name_or_scope is not None else _unused(graph, outer.name, default_name or "")
        defaults, full = outer, f"{outer.name}/{last}" if outer.name else last
    before = dict(entered)
    entered[full] = entered.get(full, 0) + 1
    names = graph.name_scope(last or None) if auxiliary_name_scope else nullcontext(None)
    try:
        with names as name_scope:
            again = isinstance(name_or_scope, VariableScope)
            graph.variable_scope = VariableScope(
                full, reuse or defaults.reuse, initializer or defaults.initializer, regularizer or defaults.regularizer, dtype or defaults.dtype,
                _within(custom_getter, defaults.custom_getter), constraint or defaults.constraint,
                name_or_scope.original_name_scope if again else name_scope)
            yield graph.variable_scope
    finally:
        graph.variable_scope = outer
        # A scope that is entered anew by its name counts what it holds from the start; one that is entered as an object leaves no trace.
        if isinstance(name_or_scope, VariableScope):
            entered.clear()
            entered.update(before)
        else:
            for inner in [k for k in entered if k.startswith(full + "/")]:
                del entered[inner]


def get_variable(name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
                 trainable: bool = True, collections: Sequence[str] | None = None, caching_device: Any = None, partitioner: Any = None,
                 validate_shape: bool = True, use_resource: Any = None, custom_getter: Any = None, constraint: Any = None,
                 synchronization: Any = None, aggregation: Any = None) -> Variable:
    """The variable of that name in the present scope, made if new.

    GraphError: it exists and the scope does not reuse, or does not exist and the scope only reuses. ShapeError: it exists with another
    shape, there is no shape, or the initializer has another one. `initializer`: an initializer, array or tensor of the shape, or number;
    by default Glorot's uniform one for floats, zeros for the rest. `regularizer`: a function of the variable that gives a loss, put into the
    collection REGULARIZATION_LOSSES. `constraint`: a function of the value that optimizers apply after each step.

    >>> with tf.variable_scope("shared", reuse=tf.AUTO_REUSE):
    ...     a = tf.get_variable("w", [2], initializer=tf.zeros_initializer())
    ...     b = tf.get_variable("w", [2])
    >>> a is b, a.name
    (True, 'shared/w:0')
    """
    scope = get_variable_scope()
    getter = custom_getter or scope.custom_getter
    full = f"{scope.name}/{name}" if scope.name else name
    if getter is not None:              # which is given the whole name, and may ask for the variable of another scope
        return getter(_get, full, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, trainable=trainable,
                      collections=collections, validate_shape=validate_shape, constraint=constraint)
    return _get(full, shape, dtype, initializer, regularizer, trainable, collections, validate_shape, constraint)


def _get(name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None, trainable: bool = True,
         collections: Sequence[str] | None = None, validate_shape: bool = True, constraint: Any = None, **ignored: Any) -> Variable:
    """The variable of that whole name, found or made as the present scope has it."""
    graph, scope = get_default_graph(), get_variable_scope()
    found = graph.variable_store.get(name)
    if found is not None:
        if not scope.reuse:
            raise GraphError(f"variable {name} exists, made at {loc_str(found.loc)}; reuse=True or AUTO_REUSE in variable_scope shares it{here()}")
        if shape is not None and not compatible(found.type.shape, as_shape(shape)):
            raise ShapeError(f"variable {name} exists with shape {shape_str(found.type.shape)}, not {shape_str(as_shape(shape))}{here()}")
        return found
    if scope.reuse is True:
        raise GraphError(f"variable {name} does not exist, and the scope only reuses{here()}")
    asked = name.removeprefix(f"{scope.name}/")
    kind = dtype_of(f"get_variable({asked!r})", dtype or scope.dtype or np.float32)
    initial = _initial(name, initializer if initializer is not None else scope.initializer, shape, kind, dtype)
    with graph.name_scope(None):
        variable = Variable(initial, trainable=trainable, collections=collections, validate_shape=validate_shape, name=name,
                            constraint=constraint or scope.constraint)
    graph.variable_store[name] = variable
    penalty = regularizer or scope.regularizer
    if penalty is not None:
        with graph.control_dependencies(None), graph.name_scope(f"{name}/Regularizer/"):
            loss = penalty(variable)
        if loss is not None:
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
    with saying(f"get_variable({name!r})"):
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


def moving_average_variables(scope: str | None = None) -> list[Variable]:
    """The variables whose averages an `ExponentialMovingAverage` keeps (whose names begin with `scope`)."""
    return get_default_graph().get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Variable]:
    """The variables of the collection MODEL_VARIABLES (whose names begin with `scope`)."""
    return get_default_graph().get_collection(GraphKeys.MODEL_VARIABLES, scope)


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
initialize_local_variables = local_variables_initializer
all_variables = global_variables
initialize_variables = variables_initializer
