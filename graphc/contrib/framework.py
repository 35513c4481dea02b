"""`tf.contrib.framework`: scopes of arguments, variables found by names, and values put into them from arrays and checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import nest as nest
from .. import train
from ..errors import GraphError
from ..ir.arguments import hold as _hold
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph
from ..ir.node import Node, Operation, here
from ..ops.sources import placeholder
from ..ops.state import Variable, assign, group
from ..tf1_names import namespace as _namespace
from ..train import (
    create_global_step,
    get_global_step,
    get_or_create_global_step,
    init_from_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
)
from ..variables import get_variable
from .scopes import add_arg_scope, arg_scope, arg_scoped_arguments, current_arg_scope, has_arg_scope

__all__ = ["add_arg_scope", "add_model_variable", "arg_scope", "arg_scoped_arguments", "assert_global_step", "assign_from_checkpoint",
           "assign_from_checkpoint_fn", "assign_from_values", "assign_from_values_fn", "create_global_step", "current_arg_scope",
           "filter_variables", "get_global_step", "get_local_variables", "get_model_variables", "get_name_scope", "get_or_create_global_step",
           "get_trainable_variables", "get_unique_variable", "get_variable_full_name", "get_variables", "get_variables_by_name",
           "get_variables_by_suffix", "get_variables_to_restore", "has_arg_scope", "init_from_checkpoint", "is_tensor",
           "list_variables", "load_checkpoint", "load_variable", "local_variable", "model_variable", "variable"]
__path__: list[str] = []           # a package: programs import modules from within, `contrib.framework.python`


# ---------------------------------------------------------------------- variables made

@add_arg_scope
def variable(name: str, shape: Any = None, dtype: Any = "float32", initializer: Any = None, regularizer: Any = None, trainable: bool = True,
             collections: Any = None, caching_device: Any = None, device: Any = None, partitioner: Any = None, custom_getter: Any = None,
             use_resource: Any = None) -> Variable:
    """`tf.get_variable`, whose collections are GLOBAL_VARIABLES and those given. GraphError, ShapeError as of that."""
    names = list(dict.fromkeys([GraphKeys.GLOBAL_VARIABLES] if collections is None else collections))
    return get_variable(name, shape, dtype, initializer, regularizer, trainable, names, custom_getter=custom_getter)


@add_arg_scope
def model_variable(name: str, shape: Any = None, dtype: Any = "float32", initializer: Any = None, regularizer: Any = None, trainable: bool = True,
                   collections: Any = None, caching_device: Any = None, device: Any = None, partitioner: Any = None, custom_getter: Any = None,
                   use_resource: Any = None) -> Variable:
    """`variable`, in the collection MODEL_VARIABLES too. GraphError, ShapeError as of `tf.get_variable`."""
    names = [*(collections or []), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES]
    return variable(name, shape, dtype, initializer, regularizer, trainable, names, custom_getter=custom_getter)


def local_variable(initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: Any = None) -> Variable:
    """A variable that is not trained, in the collection LOCAL_VARIABLES. DTypeError, GraphError as of `tf.Variable`."""
    return Variable(initial_value, trainable=False, collections=[GraphKeys.LOCAL_VARIABLES], validate_shape=validate_shape, name=name)


def add_model_variable(var: Variable) -> None:
    """Put a variable into the collection MODEL_VARIABLES, if it is not there."""
    if var not in get_default_graph().get_collection(GraphKeys.MODEL_VARIABLES):
        get_default_graph().add_to_collection(GraphKeys.MODEL_VARIABLES, var)


# ---------------------------------------------------------------------- variables found

def get_variables(scope: Any = None, suffix: str | None = None, collection: str = GraphKeys.GLOBAL_VARIABLES) -> list[Variable]:
    """The variables of a collection whose names begin with a scope, and whose last parts are `suffix`.

    >>> with tf.variable_scope("net"):
    ...     w, b = tf.get_variable("w", [1]), tf.get_variable("b", [1])
    >>> [v.op.name for v in tf.contrib.framework.get_variables("net", "b")]
    ['net/b']
    """
    name = getattr(scope, "name", scope)
    if suffix is not None:
        name = f"{name or ''}.*{suffix if ':' in suffix else suffix + ':'}"
    return get_default_graph().get_collection(collection, name or None)


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Variable]:
    """The variables whose names, behind a scope, have that last part."""
    return get_variables(scope, given_name)


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Variable]:
    """The variables whose names have that last part."""
    return get_variables(scope, suffix)


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Variable]:
    """`get_variables` of MODEL_VARIABLES."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Variable]:
    """`get_variables` of LOCAL_VARIABLES."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Variable]:
    """`get_variables` of TRAINABLE_VARIABLES."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_unique_variable(var_op_name: str) -> Variable:
    """The variable of that whole name. GraphError: there is none."""
    found = [v for v in get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES) if v.op.name == var_op_name]
    if len(found) != 1:
        raise GraphError(f"get_unique_variable: there are {len(found)} variables {var_op_name!r:.60}{here()}")
    return found[0]


def get_variable_full_name(var: Variable) -> str:
    """The name by which checkpoints have a variable."""
    return var.op.name


def filter_variables(var_list: Iterable[Variable], include_patterns: Sequence[str] | None = None, exclude_patterns: Sequence[str] | None = None,
                     reg_search: bool = True) -> list[Variable]:
    """The variables whose names a pattern to include finds (default: all), and none to exclude."""
    import re
    find = re.search if reg_search else re.match

    def any_of(patterns: Sequence[str], v: Variable) -> bool:
        return any(find(p, v.op.name) for p in patterns)
    return [v for v in var_list if (include_patterns is None or any_of(include_patterns, v)) and not any_of(exclude_patterns or (), v)]


def get_variables_to_restore(include: Sequence[str] | None = None, exclude: Sequence[str] | None = None) -> list[Variable]:
    """The variables behind the scopes to include (default: all), without those behind the scopes to exclude. GraphError: no lists of scopes."""
    for what, given in (("include", include), ("exclude", exclude)):
        if given is not None and not isinstance(given, (list, tuple)):
            raise GraphError(f"get_variables_to_restore: {what} is a list of scopes, not {given!r:.60}{here()}")
    wanted = get_variables() if include is None else [v for scope in include for v in get_variables(scope)]
    without = {v for scope in exclude or () for v in get_variables(scope)}
    return [v for v in dict.fromkeys(wanted) if v not in without]


# ---------------------------------------------------------------------- values put into variables

def assign_from_values(var_names_to_values: Mapping[str, Any]) -> tuple[Operation, dict[Node, Any]]:
    """An operation that sets variables, by their names, to values; and what to feed to it. GraphError: no such variable. FeedError: a shape.

    >>> v = tf.get_variable("given", [2])
    >>> op, feeds = tf.contrib.framework.assign_from_values({"given": [1.0, 2.0]})
    >>> with tf.Session(jit=False) as sess:
    ...     sess.run(op, feeds)
    ...     print(sess.run(v))
    [1. 2.]
    """
    feeds: dict[Node, Any] = {}
    steps = []
    for name, value in var_names_to_values.items():
        v = get_unique_variable(name)
        given = placeholder(v.dtype, v.shape)
        steps.append(assign(v, given))
        array: Any = np.asarray(value, v.dtype.as_numpy_dtype)
        feeds[given] = array.reshape(v.shape.as_list()) if v.shape.num_elements() == array.size else array
    return group(*steps), feeds


def assign_from_values_fn(var_names_to_values: Mapping[str, Any]) -> Callable[[Any], None]:
    """A function of a session that sets variables, by their names, to values. GraphError: no such variable."""
    op, feeds = assign_from_values(var_names_to_values)
    return lambda session: session.run(op, feeds)


def _named(var_list: Any) -> dict[str, Variable]:
    return dict(var_list) if isinstance(var_list, Mapping) else {v.op.name: v for v in var_list}


def assign_from_checkpoint(model_path: str, var_list: Any, ignore_missing_vars: bool = False) -> tuple[Operation, dict[Node, Any]]:
    """An operation that sets variables (a list, or a dict by their names in the checkpoint) as a checkpoint has them; and what to feed to it.

    GraphError: the checkpoint has none of a name. NotFoundError, DataLossError: no checkpoint.
    """
    reader = load_checkpoint(model_path)
    feeds: dict[Node, Any] = {}
    steps = []
    for name, v in _named(var_list).items():
        if not reader.has_tensor(name):
            if ignore_missing_vars:
                continue
            raise GraphError(f"assign_from_checkpoint: {model_path} has no {name!r:.60}{here()}")
        given = placeholder(v.dtype, v.shape)
        steps.append(assign(v, given))
        feeds[given] = reader.get_tensor(name)
    return group(*steps), feeds


def assign_from_checkpoint_fn(model_path: str, var_list: Any, ignore_missing_vars: bool = False,
                              reshape_variables: bool = False) -> Callable[[Any], None]:
    """A function of a session that sets variables as a checkpoint has them. NotFoundError, by the call: it lacks one, unless that is ignored."""
    saver = train.Saver(_named(var_list))

    def restore(session: Any) -> None:
        saver.restore(session, model_path, partial=ignore_missing_vars)
    return restore


# ---------------------------------------------------------------------- others

def assert_global_step(global_step_tensor: Any) -> None:
    """GraphError, unless it is a number of an integer dtype."""
    if not isinstance(global_step_tensor, Node) or global_step_tensor.type.dtype.kind not in "iu" or global_step_tensor.type.rank not in (0, None):
        raise GraphError(f"{global_step_tensor!r:.80} is no count of steps{here()}")


def get_name_scope() -> str:
    """The scope of names here, without its last `/`."""
    return get_default_graph().get_name_scope()


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor or a variable."""
    return isinstance(x, Node)


_hold(globals(), [name for name in __all__ if not has_arg_scope(globals()[name])])

_namespace(globals())
