"""What operands must be to each other: held when the shapes are known at once, and when only a run knows them, in both executors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.ir.node import OPERATORS

RNG = np.random.default_rng(11)
SQUARE, WIDE, STACK = (RNG.normal(size=s).astype(np.float32) for s in ((3, 3), (2, 3), (2, 3, 4)))
ROWS, CLASSES = np.zeros((3, 4), np.float32), np.array([0, 1, 3], np.int32)
THREE = np.arange(3, dtype=np.float32)

# How much of an operand's shape is known while the graph is built.
KNOWN = {"known": lambda a: a.shape, "open": lambda a: [None] * a.ndim, "any rank": lambda a: None}


def fed(arrays: list[Any], known: str) -> tuple[list[tf.Tensor], dict[Any, Any]]:
    """Placeholders for arrays of which so much is known, and what they are fed."""
    arrays = [np.asarray(a) for a in arrays]
    tensors = [tf.placeholder(a.dtype, KNOWN[known](a)) for a in arrays]
    return tensors, dict(zip(tensors, arrays, strict=True))


def cross_entropy(labels: Any, logits: Any) -> Any:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def sigmoids(labels: Any, logits: Any) -> Any:
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)


def pulled_back(g: Any, x: Any) -> Any:
    return tf.gradients(x * 2.0, x, grad_ys=g)[0]


# name, function, operands that do not fit, whom the message names, and what it says
REFUSED: list[tuple[str, Any, list[Any], str, str]] = [
    ("labels of a column", cross_entropy, [CLASSES[:, None], ROWS], "sparse_softmax_cross_entropy_with_logits(", "an element for each row"),
    ("one label for all", cross_entropy, [CLASSES[:1], ROWS], "sparse_softmax_cross_entropy_with_logits(", "an element for each row"),
    ("too many labels", cross_entropy, [CLASSES, ROWS[:1]], "sparse_softmax_cross_entropy_with_logits(", "an element for each row"),
    ("logits that are a scalar", cross_entropy, [np.int32(0), np.float32(1)], "sparse_softmax_cross_entropy_with_logits(", "is a scalar"),
    ("add_n", lambda a, b: tf.add_n([a, b]), [THREE, THREE[:1]], "add_n(", "one shape"),
    ("add_n of three", lambda a, b, c: tf.add_n([a, b, c]), [THREE, THREE, THREE[:1]], "add_n(", "one shape"),
    ("a bias for one of three channels", tf.nn.bias_add, [SQUARE, THREE[:1]], "bias_add(", "3 channels, and 1 values"),
    ("three biases for one channel", tf.nn.bias_add, [SQUARE[:, :1], THREE], "bias_add(", "1 channels, and 3 values"),
    ("a bias that is a matrix", tf.nn.bias_add, [SQUARE, SQUARE], "bias_add(", "is a vector"),
    ("a bias for a vector", tf.nn.bias_add, [THREE, THREE], "bias_add(", "has no channels"),
    ("a bias of the second axis", lambda x, b: tf.nn.bias_add(x, b, "NCHW"), [STACK[..., None], THREE[:2]], "bias_add(", "3 channels, and 2"),
    ("xw_plus_b", tf.nn.xw_plus_b, [WIDE, SQUARE, THREE[:1]], "bias_add(", "3 channels, and 1"),
    ("a diagonal that is short", tf.matrix_set_diag, [SQUARE, THREE[:1]], "matrix_set_diag(", "have shape [3], not [1]"),
    ("a diagonal for a batch", tf.matrix_set_diag, [STACK, np.ones((1, 3), np.float32)], "matrix_set_diag(", "have shape [2,3], not [1,3]"),
    ("a batch of diagonals", tf.matrix_set_diag, [SQUARE, np.ones((2, 3), np.float32)], "matrix_set_diag(", "have shape [3], not [2,3]"),
    ("sigmoids of a column", sigmoids, [np.zeros(4, np.float32), np.zeros((4, 1), np.float32)], "sigmoid_cross_entropy_with_logits(", "one shape"),
    ("weighted", lambda z, x: tf.nn.weighted_cross_entropy_with_logits(z, x, 2.0), [np.zeros(4, np.float32), np.zeros((4, 1), np.float32)],
     "weighted_cross_entropy_with_logits(", "one shape"),
    ("a mean's gradient", lambda x, g: OPERATORS["mean_gradient"](x, g, axis=(0,), keepdims=True), [SQUARE, SQUARE], "mean_gradient(",
     "has not the shape [3,3]"),
    ("grad_ys", pulled_back, [THREE[:1], THREE], "gradients", ""),
    ("a cotangent", lambda u, x: tf.vjp(x * 2.0, x, u), [THREE[:1], THREE], "vjp", ""),
    ("a tangent", lambda t, x: tf.jvp(x * 2.0, x, t), [THREE[:1], THREE], "jvp", ""),
    ("REFLECT", lambda x: tf.pad(x, [[3, 0]], "REFLECT"), [THREE], "", ""),
    ("SYMMETRIC", lambda x: tf.pad(x, [[4, 0]], "SYMMETRIC"), [THREE], "", ""),
    ("negative paddings", lambda x: tf.pad(x, [[-1, 0]], "SYMMETRIC"), [THREE], "", ""),
    ("parts that leave some", lambda x: tf.split(x, [1, 1]), [THREE], "split", "do not add up"),
    ("parts that are not equal", lambda x: tf.split(x, 2), [THREE], "split", "does not split"),
    ("rows by one", tf.where, [np.array([True]), WIDE, WIDE], "where(", "an element for each row"),
    ("rows of two shapes", tf.where, [np.array([True, False]), WIDE, WIDE[:, :2]], "where", ""),
    ("targets", lambda p, t: tf.nn.in_top_k(p, t, 1), [ROWS, CLASSES[:1]], "in_top_k(", "3 rows"),
    ("segments", lambda x, i: tf.unsorted_segment_sum(x, i, 4), [THREE[:1], CLASSES], "unsorted_segment_sum(", "the first 1 sizes"),
    ("sorted segments", tf.segment_sum, [THREE, np.array([0])], "segment_sum(", "the first 1 sizes"),
    ("einsum, letter by letter", lambda a, b: tf.einsum("ij,ij->ij", a, b), [SQUARE, SQUARE[:1]], "einsum(", "the first 2 sizes"),
    ("einsum, a sum", lambda a, b: tf.einsum("ij,jk->ik", a, b), [SQUARE, SQUARE[:1]], "", "inner dimensions differ"),
    ("tensordot", lambda a, b: tf.tensordot(a, b, [[1], [0]]), [SQUARE, WIDE], "", ""),
    ("squeeze", lambda x: tf.squeeze(x, 1), [WIDE], "squeeze(", "only size 1"),
    ("top_k", lambda x: tf.nn.top_k(x, 4).values, [THREE], "top_k", "fewer than 4"),
    ("numbers of parts", lambda x, n: tf.dynamic_partition(x, n, 2)[0], [WIDE, np.array([0, 1, 0])], "dynamic_partition(", "does not begin with"),
    ("numbers of turned parts", lambda x, n: tf.dynamic_partition(x, n, 2)[0], [WIDE, np.zeros((3, 2), np.int32)], "dynamic_partition(",
     "does not begin with"),
    ("places of parts", lambda x, n: tf.dynamic_stitch([n], [x]), [WIDE, np.zeros((3, 2), np.int32)], "dynamic_stitch(", "does not begin with"),
    ("weights of counts", lambda x, w: tf.bincount(x, w), [np.zeros((2, 3), np.int32), WIDE.T], "bincount(", "one shape"),
]


@pytest.mark.parametrize("known", KNOWN)
@pytest.mark.parametrize("function, operands, name, text", [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_does_not_fit_is_refused(session: tf.Session, known: str, function: Any, operands: list[Any], name: str, text: str) -> None:
    """A ShapeError where it is built, if the shapes (or the ranks) tell; otherwise TensorFlow's InvalidArgumentError where it runs."""
    tensors, feeds = fed(operands, known)
    errors = {"known": (tf.errors.ShapeError,), "any rank": (tf.errors.InvalidArgumentError,)}
    with pytest.raises(errors.get(known, (tf.errors.ShapeError, tf.errors.InvalidArgumentError))) as caught:
        session.run(function(*tensors), feeds)
    said = str(caught.value)
    assert "test_contracts.py:" in said.rpartition("\n  at ")[2] and (known != "any rank" or (name in said and text in said))


@pytest.mark.parametrize("fits", [[2, 1], [0, 3]])
def test_parts_of_fed_sizes_are_all_of_it(session: tf.Session, fits: list[int]) -> None:
    x, sizes = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.int32, [2])
    parts = tf.split(x, sizes)
    for got, wanted in zip(session.run(parts, {x: THREE, sizes: fits}), np.split(THREE, fits[:1]), strict=True):
        np.testing.assert_array_equal(got, wanted)
    with pytest.raises(tf.errors.InvalidArgumentError, match="is not in"):
        session.run(parts, {x: THREE, sizes: [1, 1]})


def test_a_shape_that_is_fed_is_held_against_the_elements(session: tf.Session) -> None:
    """The one size that follows from the others is not taken for the one that is asked for."""
    x, dims = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.int64, [1])
    y = tf.reshape(x, dims)
    assert y.shape.as_list() == [3] and session.run(y, {x: THREE, dims: [3]}).shape == (3,)
    for wrong in ([7], [2**32 + 3]):
        with pytest.raises(tf.errors.InvalidArgumentError, match="do not fill"):
            session.run(y, {x: THREE, dims: wrong})


# ---------------------------------------------------------------------- what is legal, of any rank

EMPTY = np.zeros((0, 4, 5), np.float32)
AT = np.array([[1], [0], [1]])
MASK = np.array([True, False])

# name, function, operands, and what numpy makes of them
LEGAL: list[tuple[str, Any, list[Any], Any]] = [
    ("where, rows", tf.where, [MASK, WIDE, -WIDE], np.where(MASK[:, None], WIDE, -WIDE)),
    ("where, rows of a square", tf.where, [MASK, SQUARE[:2, :2], -SQUARE[:2, :2]], np.where(MASK[:, None], SQUARE[:2, :2], -SQUARE[:2, :2])),
    ("where, rows of matrices", tf.where, [MASK, STACK, -STACK], np.where(MASK[:, None, None], STACK, -STACK)),
    ("where, one choice", tf.where, [np.array(True), WIDE, -WIDE], WIDE),
    ("where, all", tf.where, [WIDE > 0, WIDE, -WIDE], np.abs(WIDE)),
    ("bias", tf.nn.bias_add, [WIDE, THREE], WIDE + THREE),
    ("bias NCHW", lambda x, b: tf.nn.bias_add(x, b, "NCHW"), [STACK, THREE], STACK + THREE[:, None]),
    ("xw_plus_b", tf.nn.xw_plus_b, [WIDE, SQUARE, THREE], WIDE @ SQUARE + THREE),
    ("add_n", lambda a, b: tf.add_n([a, b]), [WIDE, WIDE], 2 * WIDE),
    ("set_diag", tf.matrix_set_diag, [SQUARE, THREE], SQUARE - np.diag(np.diag(SQUARE)) + np.diag(THREE)),
    ("diag_part", tf.diag_part, [SQUARE], np.diag(SQUARE)),
    ("pad", lambda x: tf.pad(x, [[1, 2], [0, 1]]), [WIDE], np.pad(WIDE, [[1, 2], [0, 1]])),
    ("pad REFLECT", lambda x: tf.pad(x, [[1, 0], [2, 2]], "REFLECT"), [WIDE], np.pad(WIDE, [[1, 0], [2, 2]], mode="reflect")),
    ("pad SYMMETRIC", lambda x: tf.pad(x, [[2, 0], [3, 3]], "SYMMETRIC"), [WIDE], np.pad(WIDE, [[2, 0], [3, 3]], mode="symmetric")),
    ("split", lambda x: tf.split(x, [1, 2], -1)[1], [WIDE], WIDE[:, 1:]),
    ("split equally", lambda x: tf.split(x, 3, 1)[2], [WIDE], WIDE[:, 2:]),
    ("tensordot", lambda a, b: tf.tensordot(a, b, 1), [WIDE, SQUARE], WIDE @ SQUARE),
    ("tensordot of axes", lambda a, b: tf.tensordot(a, b, [[0, 1], [1, 0]]), [WIDE, WIDE.T], np.tensordot(WIDE, WIDE.T, [[0, 1], [1, 0]])),
    ("einsum", lambda a, b: tf.einsum("ij,kj->ki", a, b), [WIDE, SQUARE], np.einsum("ij,kj->ki", WIDE, SQUARE)),
    ("einsum of one", lambda a: tf.einsum("ij->j", a), [WIDE], WIDE.sum(0)),
    ("segment_sum", tf.segment_sum, [THREE, np.array([0, 0, 1])], np.array([1.0, 2.0], np.float32)),
    ("unsorted_segment_sum", lambda x, i: tf.unsorted_segment_sum(x, i, 3), [WIDE, np.array([2, 0])], np.stack([WIDE[1], 0 * WIDE[0], WIDE[0]])),
    ("segments left out", lambda x, i: tf.unsorted_segment_sum(x, i, 2), [THREE, np.array([1, -1, -7])], np.array([0.0, 0.0], np.float32)),
    ("one_hot in front", lambda i: tf.one_hot(i, 3, axis=0), [np.array([2, 0])], np.eye(3, dtype=np.float32)[:, [2, 0]]),
    ("one_hot of values", lambda i: tf.one_hot(i, 2, on_value=5.0, off_value=-1.0, axis=0), [np.array([1, 0])],
     np.array([[-1, 5], [5, -1]], np.float32)),
    ("matrix_transpose", tf.matrix_transpose, [STACK], np.swapaxes(STACK, 1, 2)),
    ("flattening an empty batch", lambda x: tf.reshape(x, [tf.shape(x)[0], -1]), [EMPTY], EMPTY.reshape(0, 20)),
    ("no elements along an axis", lambda x: tf.reshape(x, [-1, 0]), [np.zeros((5, 0), np.float32)], np.zeros((5, 0), np.float32)),
    ("no elements in more axes", lambda x: tf.reshape(x, [2, -1, 0]), [np.zeros((4, 0), np.float32)], np.zeros((2, 2, 0), np.float32)),
    ("gather_nd by no numbers", tf.gather_nd, [THREE, np.zeros((2, 0), np.int32)], np.stack([THREE, THREE])),
    ("scatter_nd by no numbers", lambda i, u: tf.scatter_nd(i, u, [3]), [np.zeros((2, 0), np.int32), WIDE], WIDE.sum(0)),
    ("squeeze an axis twice", lambda x: tf.squeeze(x, [1, 1]), [WIDE[:, :1]], WIDE[:, 0]),
    ("relu6 of integers", tf.nn.relu6, [np.array([-1, 3, 9])], np.array([0, 3, 6])),
    ("parts by numbers", lambda x, n: tf.dynamic_partition(x, n, 2)[1], [WIDE, np.array([[0, 1, 1], [1, 0, 0]])],
     np.array([WIDE[0, 1], WIDE[0, 2], WIDE[1, 0]])),
    ("rows by numbers", lambda x, n: tf.dynamic_partition(x, n, 2)[1], [WIDE, np.array([0, 1])], WIDE[1:]),
    ("a tensor by its number", lambda x, n: tf.dynamic_partition(x, n, 2)[1], [WIDE, np.array(1)], WIDE[None]),
    ("parts of no elements", lambda x, n: tf.dynamic_partition(x, n, 2)[1], [np.zeros((3, 0), np.float32), np.array([0, 1, 1])],
     np.zeros((2, 0), np.float32)),
    ("parts in their places", lambda x, n: tf.dynamic_stitch([n], [x]), [WIDE, np.array([2, 0])], np.stack([WIDE[1], 0 * WIDE[0], WIDE[0]])),
    ("norm of matrices, columns", lambda x: tf.norm(x, 1, [0, 1]), [WIDE], np.linalg.norm(WIDE, 1)),
    ("norm of matrices, rows", lambda x: tf.norm(x, np.inf, [0, 1]), [WIDE], np.linalg.norm(WIDE, np.inf)),
    ("norm of matrices, singular values", lambda x: tf.norm(x, 2, [0, 1]), [WIDE], np.linalg.norm(WIDE, 2)),
    ("norm of turned matrices", lambda x: tf.norm(x, 1, [1, 0]), [WIDE], np.linalg.norm(WIDE.T, 1)),
    ("norm of a batch", lambda x: tf.norm(x, 1, [-2, -1], keepdims=True), [STACK], np.linalg.norm(STACK, 1, (1, 2), keepdims=True)),
]


@pytest.mark.parametrize("known", KNOWN)
@pytest.mark.parametrize("function, operands, wanted", [r[1:] for r in LEGAL], ids=[r[0] for r in LEGAL])
def test_what_fits_is_computed(session: tf.Session, known: str, function: Any, operands: list[Any], wanted: Any) -> None:
    tensors, feeds = fed(operands, known)
    made = function(*tensors)
    got = session.run(made, feeds)
    np.testing.assert_allclose(got, wanted, rtol=2e-6, atol=1e-6)
    assert np.shape(got) == np.shape(wanted) and made.shape.is_compatible_with(got.shape)
    assert got.dtype == np.asarray(wanted).dtype


# name, function, operands: differentiated by the first
SLOPES: list[tuple[str, Any, list[Any]]] = [
    ("tile", lambda x: tf.tile(x, [2, 3]), [WIDE]), ("band", lambda x: tf.matrix_band_part(x, 0, 1), [SQUARE]),
    ("cumsum", lambda x: tf.cumsum(x, 1), [WIDE]), ("cumprod", lambda x: tf.cumprod(x, 1), [WIDE]),
    ("split", lambda x: tf.split(x, [1, 2], 1)[1], [WIDE]), ("stack", lambda x: tf.stack([x, 2.0 * x], 1), [WIDE]),
    ("prod", lambda x: tf.reduce_prod(x, 1), [WIDE]), ("prod of two", lambda x: tf.reduce_prod(x, [0, 2]), [STACK]),
    ("set_diag", tf.matrix_set_diag, [SQUARE, THREE]), ("diagonal", lambda d, x: tf.matrix_set_diag(x, d), [THREE, SQUARE]),
    ("diag_part", tf.matrix_diag_part, [WIDE]), ("where", lambda x, c: tf.where(c, x, -x), [WIDE, MASK]),
    ("tensordot", lambda a, b: tf.tensordot(a, b, 1), [WIDE, SQUARE]), ("tensordot with itself", lambda a: tf.tensordot(a, a, [[1], [1]]), [WIDE]),
    ("einsum", lambda a, b: tf.einsum("ij,jk->k", a, b), [WIDE, SQUARE]), ("pad", lambda x: tf.pad(x, [[1, 1], [2, 0]], "REFLECT"), [WIDE]),
    ("bias", lambda b, x: tf.nn.bias_add(x, b, "NCHW"), [THREE, STACK]), ("transpose", tf.matrix_transpose, [STACK]),
    ("segments", lambda x, i: tf.unsorted_segment_sum(x, i, 3), [WIDE, np.array([1, -1])]),
]


@pytest.mark.parametrize("known", ["open", "any rank"])
@pytest.mark.parametrize("function, operands", [r[1:] for r in SLOPES], ids=[r[0] for r in SLOPES])
def test_derivatives_of_open_shapes(session: tf.Session, known: str, function: Any, operands: list[Any]) -> None:
    """The first and the second derivative of a sum of squares, by differences of the function itself in numpy's arithmetic."""
    operands = [a.astype(np.float64) if np.asarray(a).dtype.kind == "f" else a for a in operands]
    tensors, feeds = fed(operands, known)
    loss = tf.reduce_sum(tf.square(function(*tensors)))
    slope = tf.gradients(loss, tensors[0])[0]
    curve = tf.gradients(tf.reduce_sum(slope * tf.cos(slope)), tensors[0])[0]
    got, second = session.run([slope, curve], feeds)
    x, step = operands[0], 1e-6
    with tf.Session(jit=False) as other:
        for fetch, found in ((loss, got), (tf.reduce_sum(slope * tf.cos(slope)), second)):
            for at in ((0,) * x.ndim, tuple(d - 1 for d in x.shape)):
                moved = [x + s * step * (np.indices(x.shape).transpose(*range(1, x.ndim + 1), 0) == at).all(-1) for s in (1, -1)]
                up, down = (other.run(fetch, {**feeds, tensors[0]: m}) for m in moved)
                assert found[at] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-5)


def test_paddings_that_data_decides(session: tf.Session) -> None:
    """Within a function of any rank too: what decides sizes is evaluated first."""
    x, widths = tf.placeholder(tf.float32), tf.placeholder(tf.float32, [1, 2])
    y = tf.pad(x, tf.cast(widths * 2.0, tf.int32), "REFLECT")
    slope = tf.gradients(tf.reduce_sum(y * y), x)[0]
    for ends in ([0.5, 1.0], [1.0, 0.0]):
        got, g = session.run([y, slope], {x: THREE, widths: [ends]})
        wanted = np.pad(THREE, [[int(2 * e) for e in ends]], mode="reflect")
        np.testing.assert_array_equal(got, wanted)
        np.testing.assert_array_equal(g, [2 * v * (wanted == v).sum() for v in THREE])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"^pad\(.*: REFLECT can add at most 2"):
        session.run(y, {x: THREE, widths: [[2.0, 0.0]]})


# ---------------------------------------------------------------------- what stays known

STATIC: list[tuple[str, Any, list[Any], list[int | None]]] = [
    ("cross entropy, by the logits", cross_entropy, [("int32", None), ("float32", [7, 3])], [7]),
    ("cross entropy, by the labels", cross_entropy, [("int32", [7]), ("float32", [None, 3])], [7]),
    ("add_n", lambda a, b: tf.add_n([a, b]), [("float32", None), ("float32", [2, None])], [2, None]),
    ("add_n, the last unknown", lambda a, b: tf.add_n([a, b]), [("float32", [2, None]), ("float32", None)], [2, None]),
    ("a stitch at known places", lambda a: tf.dynamic_stitch([[3], [1, 0]], [a[:1], a[1:]]), [("float32", [3, 2])], [4, 2]),
    ("a stitch at places that are fed", lambda i, a: tf.dynamic_stitch([i], [a]), [("int32", [3]), ("float32", [3, 2])], [None, 2]),
    ("a gradient of a part", lambda x: tf.gradients(tf.slice(x, [0, 0], [tf.shape(x)[1], -1]), x)[0], [("float32", [4, None])], [4, None]),
    ("a gradient of a wide part", lambda x, n: tf.gradients(tf.slice(x, [0, 0], [n, -1]), x)[0], [("float32", [4, 3]), ("int32", [])], [4, 3]),
    ("bias", tf.nn.bias_add, [("float32", [5, 3]), ("float32", None)], [5, 3]),
    ("bias, by the bias", tf.nn.bias_add, [("float32", [None, None]), ("float32", [3])], [None, 3]),
    ("set_diag", tf.matrix_set_diag, [("float32", [2, 3]), ("float32", None)], [2, 3]),
    ("where rows", tf.where, [("bool", [4]), ("float32", [4, 2]), ("float32", [None, 2])], [4, 2]),
    ("where rows of a condition", tf.where, [("bool", [None]), ("float32", [4, 2]), ("float32", [4, 2])], [4, 2]),
    ("a reversed shape", lambda x: tf.reshape(x, tf.reverse(tf.shape(x), [0])), [("float32", [2, 3])], [3, 2]),
    ("segments", tf.segment_sum, [("float32", [5, 3]), ("int32", [5])], [None, 3]),
    ("a size among others", lambda n: tf.zeros([n, 3]), [("int32", [])], [None, 3]),
    ("einsum", lambda a, b: tf.einsum("ij,jk->ik", a, b), [("float32", None), ("float32", None)], [None, None]),
]


@pytest.mark.parametrize("function, types, wanted", [r[1:] for r in STATIC], ids=[r[0] for r in STATIC])
def test_static_shapes(function: Any, types: list[Any], wanted: list[int | None]) -> None:
    assert function(*(tf.placeholder(*t) for t in types)).shape.as_list() == wanted


# ---------------------------------------------------------------------- the two operators themselves

def test_contracts_are_gone_from_what_runs(session: tf.Session) -> None:
    """Of known shapes none is made, and of open ones none is left: the program is the one of the formula alone."""
    labels, logits = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 3])
    held = sigmoids(labels, logits)
    assert "contract" in {op.type for op in tf.get_default_graph().get_operations()}
    feeds = {labels: np.zeros((2, 3)), logits: np.ones((2, 3))}
    told = session.explain(held, feeds)
    assert "= contract(" in str(told).partition("Passes")[0] and "= contract(" not in str(told).partition("Passes")[2]
    with tf.Graph().as_default() as known:
        sigmoids(tf.placeholder(tf.float32, [2, 3]), tf.placeholder(tf.float32, [2, 3]))
        assert "contract" not in {op.type for op in known.get_operations()}


def test_graphs_with_contracts_are_files() -> None:
    x, b = tf.placeholder(tf.float32, None, name="x"), tf.placeholder(tf.float32, None, name="b")
    tf.identity(tf.tensordot(tf.nn.bias_add(x, b), tf.nn.bias_add(x, b, "NCHW"), axes=[[0], [0]]), name="y")
    text = tf.get_default_graph().to_json()
    for again in (tf.Graph.from_json(text), tf.Graph.from_json(tf.Graph.from_json(text).to_json())):
        with tf.Session(graph=again) as session:
            got = session.run("y:0", {"x:0": np.ones((3, 3)), "b:0": THREE})
            np.testing.assert_allclose(got, 3 * np.outer(1 + THREE, 1 + THREE))
            with pytest.raises(tf.errors.InvalidArgumentError, match="3 channels, and 1"):
                session.run("y:0", {"x:0": np.ones((3, 3)), "b:0": [1.0]})


def test_functions_of_other_numbers_of_tensors_are_refused() -> None:
    x = tf.placeholder(tf.float32)
    tf.matrix_transpose(tf.matrix_set_diag(x, x))
    text = tf.get_default_graph().to_json()
    for old, new in (('"inputs": [0, 0]', '"inputs": [0]'), ('"inputs": [0, 0]', '"inputs": [0, 0, 0]'), ('"inputs": [1]', '"inputs": [0, 1]')):
        assert old in text
        with pytest.raises(tf.errors.SerializationError, match=r"takes \d to \d tensors"):
            tf.Graph.from_json(text.replace(old, new))


@pytest.mark.parametrize("rule, shapes, place", [("channels", [(2, 3), (3,), (3,)], -1), ("rows", [(2,), (2, 3), (2, 3)], 0), ("same", [(2,)], 0),
                                                 ("channels", [(2, 3), (3,)], 2), ("channels", [(2, 3), (3,)], -3)])
def test_contracts_of_other_operands_are_refused(rule: str, shapes: list[Any], place: int) -> None:
    with pytest.raises((tf.errors.GraphError, tf.errors.ShapeError), match="at test_contracts.py"):
        OPERATORS["contract"]([tf.zeros(s) for s in shapes], of="a function", rule=rule, place=place)


@pytest.mark.parametrize("old, new", [
    ('"rule": "channels"', '"rule": "none"'), ('"rule": "channels"', '"rule": []'), ('"lead": 0', '"lead": -1'),
    ('"place": -1', '"place": "x"'), ('"of": "tensordot"', '"of": "exec"'),
    ('["axes", [[0], [0]]]', '["axes", "x"]'), ('["axes", [[0], [0]]]', '["code", 1]'), ('"by": []', '"by": [0, 0, 0]'), ('"by": []', '"by": ["x"]'),
])
def test_files_with_other_contracts_are_refused(old: str, new: str) -> None:
    x, b = tf.placeholder(tf.float32, None), tf.placeholder(tf.float32, None)
    tf.tensordot(tf.nn.bias_add(x, b), x, axes=[[0], [0]])
    text = tf.get_default_graph().to_json()
    assert old in text
    with pytest.raises(tf.errors.SerializationError):
        tf.Graph.from_json(text.replace(old, new))
