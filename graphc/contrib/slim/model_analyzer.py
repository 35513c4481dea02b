"""`tf.contrib.slim.model_analyzer`: how many numbers and bytes the variables and operations of a model take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...ir.graph import Graph
from ...tf1_names import namespace as _namespace

__all__ = ["analyze_ops", "analyze_vars", "tensor_description"]

_RULE = "---------"


def tensor_description(var: Any) -> str:
    """The dtype and sizes of a tensor as a text.

    >>> tf.contrib.slim.model_analyzer.tensor_description(tf.zeros([2, 3]))
    '(float32 2x3)'
    """
    sizes = [str(n) for n in var.get_shape().as_list()] if var.get_shape().ndims is not None else []
    return f"({var.dtype.base_dtype.name}{' ' if sizes else ''}{'x'.join(sizes)})"


def analyze_ops(graph: Graph, print_info: bool = False) -> int:
    """How many numbers the results of a graph's operations hold, those of unknown sizes left out; with `print_info` each is printed.

    >>> with tf.Graph().as_default() as graph:
    ...     x = tf.zeros([2, 3])
    >>> tf.contrib.slim.model_analyzer.analyze_ops(graph) >= 6
    True
    """
    told, total = [f"{_RULE}\nOperations: name -> (type shapes) [size]\n{_RULE}"], 0
    for op in graph.get_operations():
        size = sum(_count(t) for t in op.outputs)
        total += size
        told.append(f"{op.name}\t-> {', '.join(tensor_description(t) for t in op.outputs)} [{size}]")
    if print_info:
        print("\n".join([*told, _RULE, f"Total size: {total}"]))
    return total


def analyze_vars(variables: Iterable[Any], print_info: bool = False) -> tuple[int, int]:
    """How many numbers, and how many bytes, variables hold; with `print_info` each is printed.

    >>> tf.contrib.slim.model_analyzer.analyze_vars([tf.Variable(tf.zeros([2, 3]))])
    (6, 24)
    """
    told, total, size = [f"{_RULE}\nVariables: name (type shape) [size]\n{_RULE}"], 0, 0
    for v in variables:
        count = _count(v)
        total, size = total + count, size + count * v.dtype.size
        told.append(f"{v.name} {tensor_description(v)} [{count}, bytes: {count * v.dtype.size}]")
    if print_info:
        print("\n".join([*told, f"Total size of variables: {total}", f"Total bytes of variables: {size}"]))
    return total, size


def _count(tensor: Any) -> int:
    shape = tensor.get_shape()
    return int(np.prod(shape.as_list(), dtype=np.int64)) if shape.is_fully_defined() else 0


_namespace(globals())
