"""What tools see: every operator's arguments, their order and defaults; `help`, `repr`, and the names of the namespaces."""

from __future__ import annotations

import importlib
import inspect
import pydoc
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

import graphc as tf
from graphc.errors import GraphError
from graphc.ir.node import OPERATORS
from graphc.ir.operator import Operator, publish
from graphc.ir.signature import SPELLINGS


def namespace(name: str) -> ModuleType:
    return importlib.import_module(name)


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    known = dict(OPERATORS)
    yield
    for name in OPERATORS.keys() - known.keys():
        del OPERATORS[name]


# ---------------------------------------------------------------------- operators

@pytest.mark.parametrize("operator, call", [
    (tf.tanh, "tanh(x, name=None)"),
    (tf.add, "add(x, y, name=None)"),
    (tf.matmul, "matmul(a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False, a_is_sparse=False, b_is_sparse=False, "
                "name=None)"),
    (tf.reduce_sum, "reduce_sum(input_tensor, axis=None, keepdims=False, name=None)"),
    (tf.argmax, "argmax(input, axis=0, name=None, output_type=graphc.int64)"),
    (tf.shape, "shape(input, name=None, out_type=graphc.int32)"),
    (tf.cast, "cast(x, dtype, name=None)"),
    (tf.stack, "stack(values, axis=0, name=None)"),
    (tf.reshape, "reshape(tensor, shape, name=None)"),
    (tf.transpose, "transpose(a, perm=None, name=None)"),
    (tf.nn.leaky_relu, "leaky_relu(features, alpha=0.2, name=None)"),
])
def test_call_in_one_line(operator, call):
    assert repr(operator) == f"<operator {call}>"
    assert pydoc.plain(pydoc.render_doc(operator)).splitlines()[2].replace(": 'str | None'", "") == call


@pytest.mark.parametrize("operator", [v for v in OPERATORS.values() if isinstance(v, Operator)], ids=lambda op: op.name)
def test_signature_is_the_declaration(operator):
    signature = inspect.signature(operator)
    kinds = {p.kind for p in signature.parameters.values()}
    assert kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert {*signature.parameters} == {*operator.params, *operator.attrs, "name"} and len(signature.parameters) == len(operator.order)
    for name, parameter in signature.parameters.items():
        if name in operator.attrs and parameter.default is not parameter.empty:
            assert parameter.default is operator.attrs[name]
    assert operator.__name__ == operator.__qualname__ == operator.name
    assert operator.__doc__.startswith(inspect.cleandoc(operator.reference.__doc__).partition("\n\n>>> ")[0])
    assert "Gradient rule: " in operator.__doc__ and "Raises: " in operator.__doc__


@pytest.mark.parametrize("build, name", [
    (lambda x: tf.tanh(x, "t"), "t:0"), (lambda x: tf.tanh(x, name="t"), "t:0"), (lambda x: tf.add(x, x, "t"), "t:0"),
    (lambda x: tf.reduce_sum(x, 0, True, "t"), "t:0"), (lambda x: tf.argmax(x, 0, "t"), "t:0"), (lambda x: tf.argmax(x, 0, "t", tf.int32), "t:0"),
    (lambda x: tf.shape(x, "t"), "t:0"), (lambda x: tf.cast(x, tf.int32, "t"), "t:0"), (lambda x: tf.matmul(x, x, True, name="t"), "t:0"),
    (lambda x: tf.stack([x, x], 0, "t"), "t:0"), (lambda x: tf.tanh(x, None), "tanh:0"),
])
def test_arguments_go_by_position_as_in_tensorflow(build, name):
    assert build(tf.constant(np.eye(2, dtype=np.float32), name="x")).name == name


@pytest.mark.parametrize("build, message", [
    (lambda x: tf.tanh(x, "t", name="u"), "tanh: 'name' is given twice"),
    (lambda x: tf.tanh(x, "t", 1), "tanh takes at most 2 arguments (x, name), 3 given"),
    (lambda x: tf.matmul(x, x, transpose=True), "matmul has no argument 'transpose'; it takes a, b, transpose_a,"),
    (lambda x: tf.matmul(x), "matmul needs b"),
])
def test_wrong_arguments_are_named(build, message):
    with pytest.raises(GraphError, match="^" + message.replace("(", r"\(").replace(")", r"\)")):
        build(tf.constant(np.eye(2, dtype=np.float32)))


@pytest.mark.parametrize("old, new", SPELLINGS.items(), ids=lambda word: word)
def test_older_spellings_are_taken(old, new):
    value = {"keepdims": True, "axis": 1}[new]
    x = tf.constant(np.ones((2, 1)))
    operator = tf.reduce_sum if new == "keepdims" else tf.squeeze
    assert operator(x, **{old: value}).attrs == operator(x, **{new: value}).attrs
    assert old in operator.__doc__


@pytest.mark.parametrize("operator, fact", [
    (tf.tanh, "Operands: x: bool, int or float. Result: bool, uint8, int8, int16, float32 -> float32; int32, int64, float64 -> float64."),
    (tf.greater, "Operands: x, y: bool, int or float; shapes broadcast. Result: bool."),
    (tf.logical_and, "Operands: x: bool; y: bool; shapes broadcast. Result: bool."),
    (tf.cast, "Operands: x: bool, int or float. Result: `dtype`."),
    (tf.is_nan, "Operands: x: float. Result: bool."),
    (tf.reshape, "Operands: tensor: bool, int or float; shape: int32. Result: the same dtype."),
    (tf.matmul, "Operands: a, b: int or float. Result: their common dtype."),
    (tf.tanh, "Gradient rule: yes."), (tf.greater, "Gradient rule: none."),
    (tf.reduce_sum, "ShapeError, an axis that is not there"),
])
def test_facts_come_from_the_declaration(operator, fact):
    assert fact in operator.__doc__


def test_operator_is_no_method_of_a_class_that_keeps_it():
    class Layer:
        activation = tf.nn.relu

    assert Layer().activation is tf.nn.relu is Layer.activation


def test_class_of_operators_keeps_its_own_docstring():
    assert Operator.__doc__.startswith("One operator.") and "reference" in inspect.signature(Operator).parameters


@pytest.mark.parametrize("space, name, operator", [("graphc", "tanh", tf.tanh), ("graphc", "matmul", tf.matmul), ("graphc.nn", "relu", tf.nn.relu)])
def test_module_of_an_operator_is_where_users_find_it(space, name, operator):
    assert operator.__module__ == space and getattr(namespace(space), name) is operator
    publish(space, {name: operator})
    assert inspect.getmodule(operator) is namespace(space)
