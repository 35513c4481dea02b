"""Every declared operator against its declaration, and what operators say to bad input: rows, no code of their own."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import testing
from graphc.ir.families import FAMILIES
from graphc.ir.node import OPERATORS

OPS = testing.testable()
DIFFERENTIABLE = [op for op in OPS if testing.differentiable(op)]
COMPLEX = lambda op: "c" not in op.refused or op.name in ("complex", "real_fourier")       # noqa: E731 - takes or gives complex numbers
BY_NAME = pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)

# Floating operators that are not differentiated, and why.
NO_GRADIENT = {
    "nextafter": "a step that rounding makes, as in TensorFlow",
    "sample_candidates": "what is expected of draws",
    "ctc_beam": "its scores are those of a search; ctc_loss of what it found has one",
    "orthonormal": "makes initial values",
    "gamma_drawn": "a draw is a constant as a function of its shape",
    "best_boxes": "its scores are those of a choice, as in TensorFlow",
    "best_of_classes": "its scores are those of a choice, as in TensorFlow",
    "best_by_overlaps": "its scores are those of a choice, as in TensorFlow",
    "boxes_drawn": "pictures to look at, as in TensorFlow",
    "distorted_box": "a draw",
    "kmeans_plus_plus_initialization": "its rows are chosen by draws, as in TensorFlow",
    "unique": "its values are a choice that depends on the values",
}
# Their gradient is something else than the derivative, on purpose: rows of their own below.
DEFINED_GRADIENT = {"stop_gradient"}


@BY_NAME
def test_types(op: Any) -> None:
    testing.check_types(op)


@BY_NAME
def test_interpreted(op: Any) -> None:
    testing.check_interpreted(op)


@BY_NAME
def test_compiled(op: Any) -> None:
    testing.check_values(op)


@pytest.mark.parametrize("op", [op for op in OPS if op.family.broadcasts], ids=lambda op: op.name)
def test_special_values(op: Any) -> None:
    testing.check_specials(op)


@BY_NAME
def test_precision(op: Any) -> None:
    testing.check_precision(op)


@pytest.mark.parametrize("op", DIFFERENTIABLE, ids=lambda op: op.name)
def test_gradients(op: Any) -> None:
    if op.name in NO_GRADIENT:
        assert op.grad is None, f"{op.name} has a gradient now: {NO_GRADIENT[op.name]} no longer holds"
        return
    assert op.grad is not None, f"{op.name} has floating results and no gradient"
    if op.name not in DEFINED_GRADIENT:
        testing.check_gradients(op)


@pytest.mark.parametrize("op", [op for op in DIFFERENTIABLE if op.grad is not None], ids=lambda op: op.name)
def test_compiled_gradients(op: Any) -> None:
    testing.check_compiled_gradients(op)


@pytest.mark.parametrize("op", [op for op in DIFFERENTIABLE if op.grad is not None], ids=lambda op: op.name)
def test_gradients_of_open_shapes(op: Any) -> None:
    testing.check_open_gradients(op)


@pytest.mark.parametrize("op", [op for op in DIFFERENTIABLE if op.grad is not None and "axis" in op.attrs], ids=lambda op: op.name)
def test_compiled_gradients_of_open_shapes(op: Any) -> None:
    testing.check_open_gradients(op, jit=True)


@pytest.mark.parametrize("op", [op for op in DIFFERENTIABLE if op.family.broadcasts and len(op.params) > 1], ids=lambda op: op.name)
def test_gradients_beside_integers(op: Any) -> None:
    """The derivative by a floating operand is computed in its precision, whatever the others are: small integers would wrap around."""
    testing.check_gradients_beside_integers(op)


@pytest.mark.parametrize("op", [op for op in OPS if COMPLEX(op)], ids=lambda op: op.name)
def test_complex_numbers(op: Any) -> None:
    if op.name not in DEFINED_GRADIENT:
        testing.check_complex_numbers(op)


def test_check_operator_runs_every_check() -> None:
    """What `graphc.testing` calls a check of an operator, each once; and each finds a planted mistake."""
    others = {testing.check_operator, testing.check_grads, testing.check_rule}
    named = {getattr(testing, n) for n in testing.__all__ if n.startswith("check_")} - others
    assert {*testing.CHECKS} == named == {check for _, check, _ in MUTANTS} and len(testing.CHECKS) == len(named)


@pytest.mark.parametrize("name", ["tanh", "truediv", "reduce_max", "logical_and", "concat", "top_k_indices", "gather"])
def test_check_operator(name: str) -> None:
    testing.check_operator(OPERATORS[name])


def test_an_operator_without_samples_is_not_checked() -> None:
    with pytest.raises(AssertionError, match="tanh has no samples"):
        testing.check_operator(_with("tanh", family=FAMILIES["host"]))


def test_every_operator_is_tried() -> None:
    """What has no samples is on this list for a reason: it needs a session, or draws, or takes texts, which test_strings.py tries."""
    tried = {op.name for op in OPS}
    left = {n for n, op in OPERATORS.items() if isinstance(op, testing.Operator)} - tried
    others = {n for n in left if not OPERATORS[n].family.sampled or OPERATORS[n].family.draws
              or OPERATORS[n].effect or not OPERATORS[n].pure or OPERATORS[n].text}
    assert left == others


# ---------------------------------------------------------------------- the checks find planted mistakes

def _with(name: str, **changes: Any) -> Any:
    return dataclasses.replace(OPERATORS[name], **changes)


def _only_in_double(x: Any) -> Any:
    return np.sin(x) if x.dtype == np.float64 else np.cos(x)


def _twice_if_complex(x: Any) -> Any:
    return np.sin(x * 2) if np.iscomplexobj(x) else np.sin(x)


def _unsteady(x: Any) -> Any:
    return np.sin(x) + np.random.default_rng().normal(size=np.shape(x)).astype(x.dtype)


def _squared(g: Any, *others: Any, **attrs: Any) -> Any:
    return OPERATORS["reduce_sum"].grad(g * g, *others, **attrs)


MUTANTS = [
    ("a derivative twice too large", testing.check_gradients,
     lambda: _with("tanh", grad=lambda g, y, x: (2 * g * (1 - y * y),))),
    ("the wrong operand's derivative", testing.check_gradients,
     lambda: _with("multiply", grad=lambda g, out, x, y: (g * x, g * y))),
    ("a first derivative whose graph is cut", testing.check_gradients,
     lambda: _with("square", grad=lambda g, y, x: (g * 2.0 * tf.stop_gradient(x),))),
    ("transposes forgotten", testing.check_gradients, lambda: _with(
        "matmul", grad=lambda g, y, a, b, transpose_a, transpose_b: (tf.matmul(g, b), tf.matmul(a, g)))),
    ("a wrong reference", testing.check_gradients, lambda: _with("sin", reference=lambda x: np.sin(x) + x)),
    ("a gradient that machine code has otherwise", testing.check_compiled_gradients, lambda: _with("tanh", expr="{x} * {x}")),
    ("an unknown rank taken for a reduction of everything", testing.check_open_gradients, lambda: _with(
        "reduce_sum", grad=lambda g, y, x, axis, keepdims: (
            tf.zeros_like(x) + tf.reduce_sum(g) if x.type.rank is None else OPERATORS["reduce_sum"].grad(g, y, x, axis, keepdims)[0],))),
    ("a wrong type rule", testing.check_types,
     lambda: _with("argmax", infer=lambda types, values, axis, output_type: types[0])),
    ("a wrong expression", testing.check_values, lambda: _with("add", expr="{x} - {y}")),
    ("an order that matters", testing.check_specials, lambda: _with("subtract", commutative=True)),
    ("a special case forgotten", testing.check_specials, lambda: _with("maximum", expr="select({x} > {y}, {x}, {y})")),
    ("a derivative of one operand that wraps around", testing.check_gradients_beside_integers,
     lambda: _with("multiply", grad=lambda g, out, x, y: (g * tf.cast(tf.cast(y * y, tf.int8), tf.float64), None))),
    *((f"a gradient rule that is not linear: {check.__name__}", check, lambda: _with("reduce_sum", grad=_squared))
      for check in (testing.check_jacobians, testing.check_hessian_products, testing.check_open_jacobians)),
    ("a batch rule that leaves axes where they were", testing.check_batching, lambda: _with("reduce_sum", batch="aligned")),
    ("such a rule where sizes are unknown", testing.check_open_batching, lambda: _with("reduce_sum", batch="aligned")),
    ("a reference that machine code does not have", testing.check_precision, lambda: _with("sin", reference=_only_in_double)),
    ("a reference that is another run", testing.check_interpreted, lambda: _with("sin", reference=_unsteady)),
    ("an operator of another one's name", testing.check_saved, lambda: _with("tanh")),
    ("a reference that is another function of complex numbers", testing.check_complex_steps, lambda: _with("sin", reference=_twice_if_complex)),
    ("an expression for complex numbers of its own, which is wrong", testing.check_complex_numbers, lambda: _with("exp", complex="log({x})")),
    ("a gradient that is conjugated", testing.check_complex_numbers, lambda: _with("square", grad=lambda g, y, x: (g * 2.0 * tf.conj(x),))),
    ("a rule that gives no transpose", testing.check_complex_numbers, lambda: _with("imag", grad=lambda g, y, x: (tf.complex(0.0, g),))),
    ("a view that starts elsewhere", testing.check_values,
     lambda: _with("reverse", view=lambda shape, strides, **_: (shape, strides, 0))),
]


@pytest.mark.parametrize("what, check, mutant", MUTANTS, ids=[m[0] for m in MUTANTS])
def test_planted(what: str, check: Any, mutant: Any) -> None:
    with pytest.raises((AssertionError, tf.errors.InvalidArgumentError)):
        check(mutant())


# ---------------------------------------------------------------------- gradients by definition

def test_stop_gradient() -> None:
    with tf.Graph().as_default(), tf.Session(jit=False) as sess:
        x = tf.constant([1.0, 2.0])
        y = x * tf.stop_gradient(x)
        assert sess.run(tf.gradients(y, x)[0]).tolist() == [1.0, 2.0]
        assert tf.gradients(tf.stop_gradient(x), x) == [None]


# What the derivative is where there is none: TensorFlow's conventions.
KINKS = [
    ("abs(0)", lambda x: tf.abs(x), [0.0], [0.0]),
    ("relu(0)", lambda x: tf.nn.relu(x), [0.0, 1.0], [0.0, 1.0]),
    ("max of ties", lambda x: tf.reduce_max(x), [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
    ("min of ties", lambda x: tf.reduce_min(x), [1.0, 1.0, 1.0, 1.0], [0.25] * 4),
    ("max along an axis", lambda x: tf.reduce_max(tf.reshape(x, [2, 2]), 1), [1.0, 1.0, 0.0, 5.0], [0.5, 0.5, 0, 1]),
    ("prod with a zero", lambda x: tf.reduce_prod(x), [2.0, 0.0, 3.0], [0.0, 6.0, 0.0]),
    ("prod with two zeros", lambda x: tf.reduce_prod(x), [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
    ("cumprod with a zero", lambda x: tf.cumprod(x), [2.0, 0.0, 3.0], [1.0, 8.0, 0.0]),
    ("maximum of equals", lambda x: tf.maximum(x, 1.0), [1.0], [1.0]),
    ("clip to its own operand, below a lower bound", lambda x: tf.clip_by_value(x, 2.0, x), [-1.0, 3.0], [0.0, 1.0]),
    ("clip at its bounds", lambda x: tf.clip_by_value(x, 0.0, 1.0), [-1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 1.0, 0.0]),
    ("logsumexp with -inf", lambda x: tf.reduce_logsumexp(x), [-np.inf, 0.0], [0.0, 1.0]),
    ("gather twice", lambda x: tf.gather(x, [1, 1, 0]), [5.0, 6.0, 7.0], [1.0, 2.0, 0.0]),
]


@pytest.mark.parametrize("what, f, x, wanted", KINKS, ids=[k[0] for k in KINKS])
def test_kinks(what: str, f: Any, x: Any, wanted: Any) -> None:
    with tf.Graph().as_default(), tf.Session(jit=False) as sess:
        p = tf.placeholder(tf.float64, [len(x)])
        assert sess.run(tf.gradients(f(p), p)[0], {p: x}).tolist() == wanted


def test_second_derivative_of_prod_at_zeros() -> None:
    """d2/dx0 dx1 of x0 x1 x2 is x2, whatever x0 and x1 are."""
    with tf.Graph().as_default(), tf.Session(jit=False) as sess:
        x = tf.placeholder(tf.float64, [3])
        first = tf.gradients(tf.reduce_prod(x), x)[0]
        rows = [tf.gradients(first[i], x)[0] for i in range(3)]
        assert sess.run(tf.stack(rows), {x: [0.0, 0.0, 5.0]}).tolist() == [[0, 5, 0], [5, 0, 0], [0, 0, 0]]


# ---------------------------------------------------------------------- bad input

def _x() -> Any:
    return tf.placeholder(tf.float32, [None, 784], name="x")


BAD = [
    (lambda: tf.matmul(_x(), tf.zeros([3, 2], name="w")), tf.errors.ShapeError, "matmul(x: float32[?,784]"),
    (lambda: tf.matmul(_x(), tf.zeros([3, 2], name="w")), ValueError, "inner dimensions differ, 784 and 3"),
    (lambda: tf.matmul(_x(), tf.zeros([784])), tf.errors.ShapeError, "rank 2 or more"),
    (lambda: tf.matmul(tf.zeros([2, 3, 4]), tf.zeros([5, 4, 2])), tf.errors.ShapeError, "broadcast: [2] and [5]"),
    (lambda: bool(_x()), tf.errors.DTypeError, "no truth value while the graph is built"),
    (lambda: len(_x()), tf.errors.DTypeError, "len() of x: float32[?,784]"),
    (lambda: list(_x()), tf.errors.DTypeError, "cannot be iterated over: its first dimension is unknown; tf.unstack(x, num)"),
    (lambda: list(tf.constant(1.0)), tf.errors.DTypeError, "cannot be iterated over: it is a scalar"),
    (lambda: _x().set_shape([3]), tf.errors.ShapeError, "set_shape((3,)) on x"),
    (lambda: tf.Variable(_x(), dtype=tf.int32), tf.errors.DTypeError, "the initial value x: float32[?,784]"),
    (lambda: tf.placeholder(tf.float32, name="a b"), tf.errors.GraphError, "'a b' is not a name"),
    (lambda: tf.get_default_graph().get_tensor_by_name("q:0"), tf.errors.GraphError, "nothing named 'q:0'"),
    (lambda: (_x(), tf.get_default_graph().get_tensor_by_name("x:²")), tf.errors.GraphError, "nothing named 'x:²'"),
    (lambda: _x().eval(), tf.errors.GraphError, "eval() needs a default session"),
    (lambda: tf.add(_x(), 1, 2, 3), tf.errors.GraphError, "add takes at most 3 arguments (x, y, name), 4 given"),
    (lambda: tf.add(_x(), z=2), tf.errors.GraphError, "add has no argument 'z'"),
    (lambda: _x() + tf.zeros([3]), tf.errors.ShapeError, "do not broadcast: [?,784] and [3]"),
    (lambda: tf.reshape(tf.zeros([2, 3]), [4]), tf.errors.ShapeError, "the 6 elements of shape [2,3] do not fill [4]"),
    (lambda: tf.reshape(tf.zeros([2, 3]), [-1, -1]), tf.errors.ShapeError, "one -1"),
    (lambda: tf.reshape(tf.zeros([2, 3]), [-1, 4]), tf.errors.ShapeError, "do not fill"),
    (lambda: tf.reshape(_x(), [0.5]), tf.errors.DTypeError, "has fractions"),
    (lambda: tf.reshape(_x(), [[1]]), tf.errors.ShapeError, "must be a vector"),
    (lambda: tf.transpose(_x(), [0, 0]), tf.errors.ShapeError, "not a permutation"),
    (lambda: tf.transpose(_x(), [0, 1, 2]), tf.errors.ShapeError, "axis 2 does not exist"),
    (lambda: tf.expand_dims(_x(), 4), tf.errors.ShapeError, "axis 4 does not exist"),
    (lambda: tf.squeeze(_x(), [1]), tf.errors.ShapeError, "axis 1 has size 784"),
    (lambda: tf.concat([_x(), tf.zeros([3, 2])], 0), tf.errors.ShapeError, "elsewhere than along axis 0"),
    (lambda: tf.concat([], 0), tf.errors.ShapeError, "an empty list"),
    (lambda: tf.concat([1.0, 2.0], 0), tf.errors.ShapeError, "does not exist"),
    (lambda: tf.concat([_x(), _x()], 2), tf.errors.ShapeError, "axis 2 does not exist"),
    (lambda: tf.stack([tf.zeros([2]), tf.zeros([3])]), tf.errors.ShapeError, "shapes differ: [2] and [3]"),
    (lambda: tf.split(_x(), 5, 1), tf.errors.ShapeError, "does not split into 5"),
    (lambda: tf.split(_x(), [1, 2], 1), tf.errors.ShapeError, "do not add up"),
    (lambda: tf.unstack(_x()), tf.errors.ShapeError, "num= says it"),
    (lambda: tf.tile(_x(), [2]), tf.errors.ShapeError, "multiples must have shape [2]"),
    (lambda: tf.pad(_x(), [[1, 1]]), tf.errors.ShapeError, "paddings must have shape [2,2]"),
    (lambda: tf.pad(_x(), [[1, 1], [-1, 0]]), tf.errors.ShapeError, "must not be negative"),
    (lambda: tf.pad(tf.zeros([3]), [[3, 0]], "REFLECT"), tf.errors.ShapeError, "at most 2"),
    (lambda: tf.pad(tf.zeros([3]), [[3, 0]], "WRAP"), tf.errors.ShapeError, "none of CONSTANT"),
    (lambda: tf.broadcast_to(_x(), [3, 5]), tf.errors.ShapeError, "do not broadcast: [?,784] and [3,5]"),
    (lambda: tf.slice(_x(), [0, 780], [-1, 10]), tf.errors.ShapeError, "size 784"),
    (lambda: tf.slice(_x(), [0], [1]), tf.errors.ShapeError, "one element for each of 2 axes"),
    (lambda: _x()[0, 0, 0], tf.errors.ShapeError, "3 indices for an operand of rank 2"),
    (lambda: _x()[:, 784], tf.errors.ShapeError, "index 784 is out of range for axis 1 of size 784"),
    (lambda: _x()["a"], tf.errors.DTypeError, "'a' is no index"),
    (lambda: _x()[1.5], tf.errors.DTypeError, "is no index"),
    (lambda: _x()[::0], tf.errors.ShapeError, "other than 0"),
    (lambda: _x()[..., ...], tf.errors.ShapeError, "single ellipsis"),
    (lambda: tf.gather(_x(), [0.5]), tf.errors.DTypeError, "has fractions"),
    (lambda: tf.gather(1.0, [0]), tf.errors.ShapeError, "does not exist"),
    (lambda: tf.scatter_nd([[0], [1], [2]], tf.zeros([3, 1]), [3, 2]), tf.errors.ShapeError, "updates have shape [3,1], but [3,2] would fit"),
    (lambda: tf.scatter_nd([[0, 1, 1]], tf.zeros([1]), [3, 2]), tf.errors.ShapeError, "indices of 3 numbers for a result of rank 2"),
    (lambda: tf.one_hot(_x(), 3), tf.errors.DTypeError, "not of integers"),
    (lambda: tf.reduce_sum(_x(), 2), tf.errors.ShapeError, "axis 2 does not exist"),
    (lambda: tf.reduce_sum(_x(), [0, -2]), tf.errors.ShapeError, "named twice"),
    (lambda: tf.reduce_mean(_x(), 5), tf.errors.ShapeError, "reduce_mean(x: float32[?,784]"),
    (lambda: tf.reduce_sum(_x(), 0.5), tf.errors.DTypeError, "must be an integer"),
    (lambda: tf.reduce_sum(_x() > 0), tf.errors.DTypeError, "not defined for bool"),
    (lambda: tf.reduce_all(_x()), tf.errors.DTypeError, "not defined for float32"),
    (lambda: tf.argmax(tf.zeros([2, 0]), 1), tf.errors.ShapeError, "axis 1 is empty"),
    (lambda: tf.argmax(1.0), tf.errors.ShapeError, "a scalar has no axis"),
    (lambda: tf.cumsum(_x(), 2), tf.errors.ShapeError, "axis 2 does not exist"),
    (lambda: tf.tensordot(_x(), tf.zeros([5, 2]), 1), tf.errors.ShapeError, "has size 784"),
    (lambda: tf.tensordot(_x(), tf.zeros([5, 2]), 3), tf.errors.ShapeError, "3 axes cannot be contracted"),
    (lambda: tf.einsum("ijk->i", _x()), tf.errors.ShapeError, "'ijk' does not fit"),
    (lambda: tf.range(0, 5, 0), tf.errors.ShapeError, "the step is 0"),
    (lambda: tf.zeros([-1]), tf.errors.ShapeError, "is not a shape"),
    (lambda: tf.zeros([None, 3]), tf.errors.DTypeError, "None"),
    (lambda: tf.zeros([_x().shape[0], 3]), tf.errors.DTypeError, "known only when the graph runs is tf.shape(x)[i]"),
    (lambda: tf.zeros([3], "flot32"), tf.errors.DTypeError, "zeros: 'flot32' is not a dtype"),
    (lambda: tf.ones([3], "flot32"), tf.errors.DTypeError, "ones: 'flot32' is not a dtype"),
    (lambda: tf.placeholder([None, 3]), tf.errors.DTypeError, "placeholder: [None, 3] is not a dtype"),
    (lambda: tf.placeholder(tf.float32, [-1]), tf.errors.ShapeError, "placeholder: a dimension is negative"),
    (lambda: tf.placeholder_with_default(1.0, [-1]), tf.errors.ShapeError, "placeholder_with_default: a dimension is negative"),
    (lambda: tf.constant(None), tf.errors.DTypeError, "constant: NoneType None is not a tensor"),
    (lambda: tf.constant(1.0, shape=["a"]), tf.errors.ShapeError, "constant: 'a' is not a dimension"),
    (lambda: tf.name_scope("a b").__enter__(), tf.errors.GraphError, "'a b' is not a name"),
    (lambda: tf.name_scope("_a").__enter__(), tf.errors.GraphError, "'_a' is not a name"),
    (lambda: tf.name_scope(3).__enter__(), tf.errors.GraphError, "3 is not a name"),
    (lambda: tf.matrix_inverse(tf.zeros([2, 3])), tf.errors.ShapeError, "must be square"),
    (lambda: tf.matrix_solve(tf.eye(3), tf.zeros([2, 1])), tf.errors.ShapeError, "2 rows on the right"),
    (lambda: tf.cholesky(tf.zeros([2, 2], tf.int32)), tf.errors.DTypeError, "floating dtype"),
    (lambda: OPERATORS["scatter_slice"](tf.zeros([1]), [4], index=(("slice", 3, 1, None),)), tf.errors.ShapeError, "the slice [0]"),
    (lambda: OPERATORS["orthonormal"](tf.zeros([2, 2], tf.int8)), tf.errors.DTypeError, "not defined for int8"),
    (lambda: tf.cross(tf.zeros([2]), tf.zeros([2])), tf.errors.ShapeError, "vectors of three"),
    (lambda: tf.boolean_mask(_x(), tf.zeros([3])), tf.errors.DTypeError, "not boolean"),
    (lambda: tf.boolean_mask(tf.zeros([2]), [True] * 3), tf.errors.ShapeError, "does not fit"),
    (lambda: tf.placeholder(tf.float32, name=3), tf.errors.GraphError, "3 is not a name"),
    (lambda: tf.group(3), tf.errors.GraphError, "group: 3 is nothing that runs"),
    (lambda: _x().set_shape([-1, 3]), tf.errors.ShapeError, "set_shape: a dimension is negative"),
    (lambda: tf.get_variable("v", [-2]), tf.errors.ShapeError, "get_variable('v'): a dimension is negative"),
    (lambda: tf.get_variable("v", [2], "flot32"), tf.errors.DTypeError, "get_variable('v'): 'flot32' is not a dtype"),
    (lambda: tf.random_normal([2], dtype="flot32"), tf.errors.DTypeError, "random_normal: 'flot32' is not a dtype"),
    (lambda: tf.random_uniform([2], dtype="flot32"), tf.errors.DTypeError, "random_uniform: 'flot32' is not a dtype"),
    (lambda: tf.range(3, dtype="flot32"), tf.errors.DTypeError, "range: 'flot32' is not a dtype"),
    (lambda: tf.saturate_cast(1, "flot32"), tf.errors.DTypeError, "saturate_cast: 'flot32' is not a dtype"),
    (lambda: tf.count_nonzero([1], dtype="flot32"), tf.errors.DTypeError, "count_nonzero: 'flot32' is not a dtype"),
    (lambda: tf.sequence_mask([1], 2, "flot32"), tf.errors.DTypeError, "sequence_mask: 'flot32' is not a dtype"),
    (lambda: tf.py_func(np.sin, [1.0], "flot32"), tf.errors.DTypeError, "py_func: 'flot32' is not a dtype"),
    (lambda: tf.zeros_initializer("flot32"), tf.errors.DTypeError, "is not a dtype"),
    (lambda: tf.zeros_initializer()([2], "flot32"), tf.errors.DTypeError, "is not a dtype"),
    (lambda: tf.zeros_initializer()([-2]), tf.errors.ShapeError, "a dimension is negative"),
]


@pytest.mark.parametrize("expression, error, text", BAD, ids=[f"{i}-{b[2][:30]}" for i, b in enumerate(BAD)])
def test_bad_input(expression: Any, error: type[Exception], text: str) -> None:
    """The error says what is wrong, and where in this file."""
    with tf.Graph().as_default(), pytest.raises(error) as caught:
        expression()
    assert text in str(caught.value) and "test_ops.py:" in str(caught.value)


# What can only be seen when the graph runs: (expression over fed x and i, feeds, text).
LATE = [
    (lambda x, i: tf.gather(x, i), [1.0, 2.0], [0, 2], "2 is not in [0, 2)"),
    (lambda x, i: tf.gather(x, i), [1.0, 2.0], [-1], "-1 is not in [0, 2)"),
    (lambda x, i: tf.gather(x, i), [], [0], "0 is not in [0, 0)"),
    (lambda x, i: tf.gather_nd(x, tf.expand_dims(i, 1)), [1.0, 2.0], [5], "5 is not in [0, 2)"),
    (lambda x, i: tf.scatter_nd(tf.expand_dims(i, 1), x, [2]), [1.0], [2], "2 is not in [0, 2)"),
    (lambda x, i: tf.unsorted_segment_sum(x, i, 2), [1.0], [2], "2 is not in [0, 2)"),
    (lambda x, i: tf.boolean_mask(x, i > 0), [1.0, 2.0], [1, 1, 1], "mask has shape"),
    (lambda x, i: x[i[0]], [1.0], [3], "3 is not in [0, 1)"),
    (lambda x, i: tf.invert_permutation(i), [1.0], [3], "not a permutation"),
    (lambda x, i: tf.argmax(x), [], [0], "empty"),
    (lambda x, i: tf.matrix_inverse(tf.matrix_diag(x)), [1.0, 0.0], [0], "ingular"),
    (lambda x, i: tf.reshape(x, [2, 2]), [1.0, 0.0], [0], "do not fill"),
    (lambda x, i: x + tf.cast(i, tf.float32), [1.0, 0.0], [0, 1, 2], "do not broadcast"),
]


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("f, x, i, text", LATE, ids=[f"{n}-{b[3][:20]}" for n, b in enumerate(LATE)])
def test_late_errors(f: Any, x: Any, i: Any, text: str, jit: bool) -> None:
    with tf.Graph().as_default(), tf.Session(jit=jit) as sess:
        px, pi = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.int32, [None])
        y = f(px, pi)
        with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.ShapeError)) as caught:
            sess.run(y, {px: x, pi: i})
        # Compiled: "i holds 2, which is not in [0, 2)"; interpreted: "2 is not in [0, 2)".
        said = str(caught.value).replace(", which is not", " is not")
        assert text in said and "test_ops.py:" in said
