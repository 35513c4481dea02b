"""What columns make of features: an input layer, a linear model, and the features that `tf.parse_example` must find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, GraphError, ShapeError
from ..initializers import zeros_initializer
from ..ir.collecting import GraphKeys
from ..ir.node import Node, here
from ..ops.array import concat, reshape
from ..ops.linalg import matmul
from ..ops.math import add_n
from ..ops.nn import bias_add
from ..ops.sparse_rows import safe_embedding_lookup_sparse
from ..variables import get_variable, variable_scope
from .base import CategoricalColumn, DenseColumn, FeatureColumn, Features, count_of

__all__ = ["input_layer", "linear_model", "make_parse_example_spec"]


def columns_of(what: str, given: Any) -> list[FeatureColumn]:
    """Columns in the order of their names. ArgumentError: none, something else, or two of one name."""
    listed = isinstance(given, Iterable) and not isinstance(given, (str, dict))
    columns = [given] if isinstance(given, FeatureColumn) else list(given) if listed else []
    for c in columns:
        if not isinstance(c, FeatureColumn):
            raise ArgumentError(f"{what} takes feature columns, not {c!r:.80}{here()}")
    if not columns:
        raise ArgumentError(f"{what} takes a list of feature columns, not {given!r:.80}{here()}")
    known: dict[str, FeatureColumn] = {}
    for c in columns:
        if c.name in known:
            raise ArgumentError(f"{what}: two columns have one name: {known[c.name].said} and {c.said}{here()}")
        known[c.name] = c
    return [known[name] for name in sorted(known)]


def of_one_length(what: str, made: Sequence[tuple[FeatureColumn, Node]]) -> None:
    """ShapeError if columns are known to be of different numbers of rows."""
    rows = [(c, t.type.shape[0]) for c, t in made if t.type.shape]
    known = [(c, n) for c, n in rows if isinstance(n, int)]
    for c, n in known[1:]:
        if n != known[0][1]:
            raise ShapeError(f"{what}: {known[0][0].said} has {known[0][1]} rows, and {c.said} {n}{here()}")


def flat(column: DenseColumn, tensor: Node) -> Node:
    """The tensor of a column as a matrix."""
    width = int(np.prod(column.variable_shape))
    if tensor.type.rank == 2 and tensor.type.shape is not None and tensor.type.shape[1] == width:
        return tensor
    rows = tensor.type.shape[0] if tensor.type.shape is not None else None
    made = reshape(tensor, [-1, width])
    if isinstance(rows, int):
        made.set_shape([rows, width])
    return made


def input_layer(features: Any, feature_columns: Any, weight_collections: Any = None, trainable: bool = True, cols_to_vars: Any = None,
                cols_to_output_tensors: Any = None) -> Node:
    """The dense tensors of columns side by side, in the order of the columns' names: float32[rows, sum of their sizes].

    Vectors that are learned stand in variables `input_layer/<column's name>/embedding_weights`. `weight_collections`: more collections of theirs;
    `cols_to_vars`, `cols_to_output_tensors`: dicts that are filled. ArgumentError: no columns, or one of categories, which `indicator_column` and
    `embedding_column` make dense. GraphError: a feature is missing. ShapeError, DTypeError: one does not fit its column.

    >>> columns = [tf.feature_column.numeric_column("b"), tf.feature_column.numeric_column("a", shape=[2])]
    >>> tf.Session(jit=False).run(tf.feature_column.input_layer({"a": [[1.0, 2.0]], "b": [[3.0]]}, columns))
    array([[1., 2., 3.]], dtype=float32)
    """
    return layer_of(Features(features, "input_layer"), columns_of("input_layer", feature_columns), "input_layer", weight_collections, trainable,
                    cols_to_vars, cols_to_output_tensors)


def layer_of(given: Features, columns: Sequence[FeatureColumn], scope: str, collections: Any = None, trainable: bool = True,
             cols_to_vars: Any = None, cols_to_output_tensors: Any = None) -> Node:
    """The input layer of features that are known, in a scope of that name."""
    what = "input_layer"
    made: list[tuple[FeatureColumn, Node]] = []
    with variable_scope(None, default_name=scope):
        for column in columns:
            dense = dense_of(what, column)
            with variable_scope(None, default_name=column._var_scope_name):
                tensor = dense.dense(given, collections, trainable)
                if cols_to_vars is not None:
                    cols_to_vars[column] = _own(tensor)
                made.append((column, flat(dense, tensor)))
                if cols_to_output_tensors is not None:
                    cols_to_output_tensors[column] = made[-1][1]
        of_one_length(what, made)
        return concat([t for _, t in made], 1) if len(made) > 1 else made[0][1]


def dense_of(what: str, column: FeatureColumn) -> DenseColumn:
    """The column, where it is a dense one of rows. ArgumentError: it is one of categories, or of sequences."""
    if not isinstance(column, DenseColumn):
        raise ArgumentError(f"{what} takes dense columns, and {column.said} is one of categories; indicator_column and embedding_column "
                            f"make it dense{here()}")
    if column.sequential:
        raise ArgumentError(f"{what} takes columns of rows, and {column.said} is one of sequences, for "
                            f"tf.contrib.feature_column.sequence_input_layer{here()}")
    return column


def _own(tensor: Node) -> list[Any]:
    from ..ir.node import topological
    from ..ops.state import Variable
    return [n for n in topological([tensor]) if isinstance(n, Variable)]


# ---------------------------------------------------------------------- a linear model

def linear_model(features: Any, feature_columns: Any, units: int = 1, sparse_combiner: str = "sum", weight_collections: Any = None,
                 trainable: bool = True, cols_to_vars: Any = None) -> Node:
    """A weighted sum of all columns, and a bias: float32[rows, units].

    Weights begin with 0, and stand in the variables `linear_model/<column's name>/weights` and `linear_model/bias_weights`. A dense column has
    one for each of its numbers, a column of categories one for each category; those of a row are combined by their "sum", "mean" or "sqrtn".
    `cols_to_vars`: a dict that is filled with the variables of each column, and of "bias". ArgumentError: no columns, units or combiner.
    GraphError: a feature is missing. ShapeError, DTypeError: one does not fit its column.

    >>> day = tf.feature_column.categorical_column_with_identity("day", 7)
    >>> y = tf.feature_column.linear_model({"day": [[2], [0]]}, [day])
    >>> y.shape, [v.name for v in tf.trainable_variables()]
    (TensorShape((2, 1)), ['linear_model/day/weights:0', 'linear_model/bias_weights:0'])
    """
    return model_of(Features(features, "linear_model"), columns_of("linear_model", feature_columns), units, sparse_combiner, weight_collections,
                    trainable, cols_to_vars)


def model_of(given: Features, columns: Sequence[FeatureColumn], units: int, combiner: str, collections: Any = None, trainable: bool = True,
             cols_to_vars: Any = None) -> Node:
    """The linear model of features that are known."""
    what = "linear_model"
    if combiner not in ("mean", "sqrtn", "sum"):
        raise ArgumentError(f"{what}: sparse_combiner is 'mean', 'sqrtn' or 'sum', not {combiner!r:.40}{here()}")
    count = count_of(what, "units", units)
    names = list(dict.fromkeys([GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES, *(collections or [])]))
    made: list[tuple[FeatureColumn, Node]] = []

    def weights(rows: int) -> Any:
        return get_variable("weights", [rows, count], np.float32, zeros_initializer(), trainable=trainable, collections=names)
    with variable_scope(None, default_name=what):
        for column in columns:
            with variable_scope(None, default_name=column._var_scope_name):
                table, total = weighted(given, column, weights, combiner)
            made.append((column, total))
            if cols_to_vars is not None:
                cols_to_vars[column] = [table]
        of_one_length(what, made)
        bias = get_variable("bias_weights", [count], np.float32, zeros_initializer(), trainable=trainable, collections=names)
        if cols_to_vars is not None:
            cols_to_vars["bias"] = [bias]
        total = add_n([t for _, t in made], name="weighted_sum_no_bias") if len(made) > 1 else made[0][1]
        return bias_add(total, bias, name="weighted_sum")


def weighted(given: Features, column: FeatureColumn, weights: Callable[[int], Any], combiner: str) -> tuple[Any, Node]:
    """The weights of a column, and its weighted sum for each row."""
    if column.sequential:
        raise ArgumentError(f"linear_model takes columns of rows, and {column.said} is one of sequences{here()}")
    if isinstance(column, CategoricalColumn):
        ids, given_weights = column.ids(given)
        table = weights(column.num_buckets)
        return table, safe_embedding_lookup_sparse(table, ids, given_weights, combiner, name="weighted_sum")
    if not isinstance(column, DenseColumn):
        raise ArgumentError(f"linear_model takes dense columns and columns of categories, not {column.said}{here()}")
    matrix = flat(column, column.dense(given))
    table = weights(int(np.prod(column.variable_shape)))
    return table, matmul(matrix, table, name="weighted_sum")


# ---------------------------------------------------------------------- parsing

def make_parse_example_spec(feature_columns: Any) -> dict[str, Any]:
    """The features that `tf.parse_example` must find for columns: a dict by key. ArgumentError: no columns. GraphError: two want one feature
    otherwise.

    >>> tf.feature_column.make_parse_example_spec([tf.feature_column.numeric_column("a")])
    {'a': FixedLenFeature(shape=[1], dtype=graphc.float32, default_value=None)}
    """
    found: dict[str, Any] = {}
    for column in feature_columns:
        if not isinstance(column, FeatureColumn):
            raise ArgumentError(f"make_parse_example_spec takes feature columns, not {column!r:.80}{here()}")
        for key, feature in column.parse_example_spec.items():
            if found.setdefault(key, feature) != feature:
                raise GraphError(f"make_parse_example_spec: of the feature {key!r:.60} {column.said} wants {feature}, and another column "
                                 f"{found[key]}{here()}")
    return found
