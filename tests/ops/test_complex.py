"""Complex numbers as a whole: values and gradients of TensorFlow's, transforms, what holds them, what refuses them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import DTypeError, FeedError, GraphError, InvalidArgumentError, SerializationError, ShapeError

Z = np.array([[1 + 2j, -0.5 + 0.25j, 3j], [0.25 - 1j, 2, -1 - 1j]])
X = np.array([[1.0, -2.0, 0.5, 3.0], [0.25, 1.0, -1.5, 2.0]])
W = np.array([0.5 - 1j, 2 + 0.5j, -1.25 + 1j])

# Of TensorFlow 2.15 (`tf.compat.v1`), recorded: an expression | dtype and shape of its value | the sum of the values by their number, from 1 on,
# as real and imaginary part | so of its gradients by z, x and w, where the gradient of the value is 1 | of the gradients of these, "-" for none.
# That of a crop has no gradient there; the second gradients of a product are not the derivatives there.
VALUES = """
z * w | complex128 2,3 | 21.25 -7.25 | 5.25 -7.5 | - | 1.25 -7.5 | 21 0 | - | 12 0
z / w | complex128 2,3 | 10.79167862 0.8545193687 | 0.9038737446 0.3357245337 | - |
    3.103143746 -0.5365712039 | 0.1757431419 5.851445321 | - | 0.6852018821 2.627600612
exp(z) | complex128 2,3 | 37.98709304 -2.984036912 | 37.98709304 2.984036912 | - | - | 37.98709304 2.984036912 | - | -
log(z) | complex128 2,3 | 8.603831701 -8.265009808 | -2.558823529 -3.764705882 | - | - | -1.314867359 3.731626298 | - | -
sqrt(z) | complex128 2,3 | 18.29239235 -3.175614134 | 5.489951779 -1.453108588 | - | - | 1.645189303 1.273907 | - | -
rsqrt(z) | complex128 2,3 | 10.97990356 2.906217176 | 3.290378606 2.547814 | - | - | 5.359420922 3.706103968 | - | -
sin(z) | complex128 2,3 | 0.459605631 24.09215053 | 42.94809524 7.580068729 | - | - | -0.459605631 24.09215053 | - | -
cos(z) | complex128 2,3 | 42.94809524 -7.580068729 | -0.459605631 24.09215053 | - | - | -42.94809524 -7.580068729 | - | -
tan(z) | complex128 2,3 | -13.11758578 -5.00549393 | 32.17907945 -2.326696724 | - | - | -120.9425129 1.152295448 | - | -
sinh(z) | complex128 2,3 | 13.37161893 -8.877924745 | 24.61547411 -5.893887833 | - | - | 13.37161893 8.877924745 | - | -
tanh(z) | complex128 2,3 | 1.442004561 -7.017654803 | 12.50084591 -4.906404653 | - | - | -29.36092469 -1.615372026 | - | -
sigmoid(z) | complex128 2,3 | 11.30604891 19.39111757 | 153.5576817 0.9027834034 | - | - | -0.06820666964 2112.577174 | - | -
expm1(z) | complex128 2,3 | 16.98709304 -2.984036912 | 37.98709304 2.984036912 | - | - | 37.98709304 2.984036912 | - | -
log1p(z) | complex128 2,3 | 10.70547573 -6.663911031 | 7.367886179 -4.81097561 | - | - | 1.501791262 -3.902096966 | - | -
pow(z, w) | complex128 2,3 | -16.4033986 -1.43721983 | 3.961057779 -54.7340337 | - |
    -3.82511236 -52.56966885 | 219.9744424 -88.4544286 | - | 178.2971744 -72.54198321
reciprocal(z) | complex128 2,3 | -2.558823529 3.764705882 | -1.314867359 3.731626298 | - | - | -4.920025646 24.69286998 | - | -
square(z) | complex128 2,3 | -13.375 13.5 | 10 -3 | - | - | 42 0 | - | -
abs(z) | float64 2,3 | 34.96248897 0 | 0.3858610265 -3.334356306 | - | - | 7.84693415 0.04395301809 | - | -
angle(z) | float64 2,3 | -8.265009808 0 | 3.764705882 -2.558823529 | - | - | -3.731626298 -1.314867359 | - | -
real(z) | float64 2,3 | 5 0 | 21 0 | - | - | - | - | -
imag(z * z) | float64 2,3 | 13.5 0 | 3 10 | - | - | 0 42 | - | -
conj(z) * z | complex128 2,3 | 68.875 0 | 10 3 | - | - | 42 0 | - | -
complex(x, x * x) | complex128 2,4 | 23.25 99.8125 | - | 36 0 | - | - | 0 0 | -
cast(z, float64) | float64 2,3 | 5 0 | 21 0 | - | - | - | - | -
cast(x, complex128) | complex128 2,4 | 23.25 0 | - | 36 0 | - | - | - | -
reduce_sum(z * z, 1) | complex128 2 | -5.6875 6.75 | 10 -3 | - | - | 42 0 | - | -
reduce_mean(z * z) | complex128  | -1.458333333 0.875 | 1.666666667 -0.5 | - | - | 7 0 | - | -
reduce_prod(z, 1) | complex128 2 | -2.75 0 | -27 14 | - | - | - | - | -
cumsum(z * z, 1) | complex128 2,3 | -14.125 27.25 | 36 4 | - | - | 76 0 | - | -
matmul(z, z, adjoint_b=True) | complex128 2,2 | 13.8125 1 | 15.5 49.5 | - | - | 84 0 | - | -
matmul(z, z, transpose_a=True) | complex128 3,3 | -178 -7.75 | 43.5 -3 | - | - | 126 0 | - | -
matmul(z, z, adjoint_a=True) | complex128 3,3 | 179.625 -6.5 | 43.5 3 | - | - | 126 0 | - | -
transpose(z * z, conjugate=True) | complex128 3,2 | -33.3125 -14.25 | 10 -3 | - | - | 42 0 | - | -
linalg.adjoint(z * z) | complex128 3,2 | -33.3125 -14.25 | 10 -3 | - | - | 42 0 | - | -
fft(z * z) | complex128 2,3 | -22.89519284 25.29571001 | 12 12 | - | - | 30 0 | - | -
ifft(z * z) | complex128 2,3 | -8.930769053 0.8180966625 | 4 4 | - | - | 10 0 | - | -
fft2d(z * z) | complex128 2,3 | -27.6919873 105.1632168 | 12 -24 | - | - | 12 0 | - | -
ifft2d(z * z) | complex128 2,3 | -4.759668784 12.2227972 | 2 -4 | - | - | 2 0 | - | -
rfft(x * x) | complex128 2,3 | -17.3125 25 | - | -4.5 0 | - | - | 56 0 | -
rfft(x * x, [3]) | complex128 2,2 | 6.6875 -2.165063509
rfft(x * x, [7]) | complex128 2,4 | 19.18755663 -73.03507527 | - | 39 0 | - | - | 78 0 | -
rfft2d(x * x) | complex128 2,3 | -36.5625 26 | - | 18 0 | - | - | 24 0 | -
irfft(z * z) | float64 2,4 | -13.53125 0 | 4 4 | - | - | 10 0 | - | -
irfft(z * z, [5]) | float64 2,5 | -11.38175609 0 | 4 4 | - | - | 10 0 | - | -
irfft(z * z, [8]) | float64 2,8 | -19.00980339 0 | 4 4 | - | - | 10 0 | - | -
irfft2d(z * z) | float64 2,4 | -7.5625 0 | 2 -4 | - | - | 2 0 | - | -
abs(fft(z)) | float64 2,3 | 58.43696688 0 | 7.554770231 -6.452720841 | - | - | 17.10286954 8.253125888 | - | -
norm(z, axis=1) | complex128 2 | 9.098259394 0 | 1.881441737 -0.7231179114 | - | - | 6.897291314 0.5598043916 | - | -
norm(z, ord=1) | float64  | 10.24007494 0 | 0.3858610265 -3.334356306 | - | - | 7.84693415 0.04395301809 | - | -
nn.l2_normalize(z, 1) | complex128 2,3 | 1.881441737 -0.7231179114 | 6.897291314 0.5598043916 | - | - | -2.731184089 0.6187394783 | - | -
squared_difference(z, w) | complex128 2,3 | 64.4375 0 | -0.5 -12 | - | 0.5 -3 | 0 0 | - | 0 0
sign(z) | complex128 2,3 | 0.3858610265 -3.334356306 | 7.84693415 0.04395301809 | - | - | 3.823823454 5.549263575 | - | -
unsorted_segment_sum(z * z, [1, 1], 3) | complex128 3,3 | -48.8125 24.75 | 10 -3 | - | - | 42 0 | - | -
gather(z * z, [1, 0, 1], axis=1) | complex128 2,3 | 30.0625 4.5 | 40 2 | - | - | 38 0 | - | -
einsum('ij,kj->ik', z, z) | complex128 2,2 | 21.6875 -5.25 | 15.5 -49.5 | - | - | 84 0 | - | -
"""


def _rows() -> list[tuple[str, list[str]]]:
    text = VALUES.strip().replace("|\n    ", "| ")
    return [(line.partition(" | ")[0], line.split(" | ")[1:]) for line in text.splitlines()]


def _written(expression: str, **tensors: Any) -> Any:
    names = {**{n: getattr(tf, n) for n in tf.__all__}, **{n: getattr(tf.spectral, n) for n in tf.spectral.__all__}, "linalg": tf.linalg,
             "complex": tf.complex, "nn": tf.nn, "abs": tf.abs, "pow": tf.pow, **tensors}
    return eval(expression, names)


def _counted(value: Any) -> list[float]:
    value = np.asarray(value)
    total = complex(np.sum(value * np.arange(1, value.size + 1).reshape(value.shape)))
    return [total.real, total.imag]


@pytest.mark.parametrize("expression, wanted", _rows(), ids=[name for name, _ in _rows()])
@pytest.mark.parametrize("open_sizes", [False, True], ids=["static", "open"])
def test_values_and_gradients_are_tensorflows(expression: str, wanted: list[str], open_sizes: bool) -> None:
    feeds = {name: tf.placeholder(v.dtype, [None] * v.ndim if open_sizes else v.shape) for name, v in (("z", Z), ("x", X), ("w", W))}
    y = _written(expression, **feeds)

    def slopes(ys: list[Any]) -> list[Any]:
        return tf.gradients(ys, [*feeds.values()], grad_ys=[tf.ones_like(v) for v in ys])

    found = [y]
    if len(wanted) > 2:
        found += slopes([y])
        found += slopes([g for g in found[1:] if g is not None])
    dtype, _, shape = wanted[0].partition(" ")
    assert y.dtype.name == dtype
    numbers = [None if text.strip() == "-" else list(map(float, text.split())) for text in wanted[1:]]
    pairs = [(f, n) for f, n in zip(found, numbers, strict=True) if n is not None]
    assert not any(f is None for f, _ in pairs)
    values = tf.Session(jit=False).run([f for f, _ in pairs], dict(zip(feeds.values(), (Z, X, W), strict=True)))
    assert list(np.shape(values[0])) == [int(d) for d in shape.split(",") if d]
    for value, (_, n) in zip(values, pairs, strict=True):
        np.testing.assert_allclose(_counted(value), n, rtol=1e-9, atol=1e-9)


# ---------------------------------------------------------------------- both executors, single precision, what is empty

BOTH = [
    "exp(z) * conj(w) + abs(z)",
    "matmul(z, z, adjoint_b=True)",
    "real(fft(z)) + imag(ifft(z))",
    "irfft(rfft(x), [4]) - x",
    "reduce_sum(z * w) / reduce_prod(w)",
    "where(real(z) > 0.0, z, -z)",
    "stack([z, 2 * z])[:, ::-1, 1:]",
    "gather(z, [1, 0, 1], axis=1)",
    "tf_scan(w)",
    "fft(z[:0])",
    "fft(z[:, :0])",
    "irfft(z[:, :1])",
    "rfft(x[:0])",
    "reduce_sum(z[:0], 0)",
    "matmul(z[:, :0], z[:0])",
    "matmul(z[:, :0], z[:, :0], transpose_b=True)",
]


def _cumulated(w: Any) -> Any:
    """w_0, w_0 w_1, ... by a loop."""
    return tf.scan(lambda total, v: total * v, w)


@pytest.mark.parametrize("dtype", [tf.complex64, tf.complex128], ids=["single", "double"])
def test_both_executors_agree(dtype: Any) -> None:
    part = dtype.real_dtype
    z, w, x = (tf.constant(v, d) for v, d in ((Z, dtype), (W, dtype), (X, part)))
    fetches = [_written(text, z=z, w=w, x=x, tf_scan=_cumulated) for text in BOTH]
    interpreted, compiled = tf.Session(jit=False).run(fetches), tf.Session().run(fetches)
    eps = np.finfo(part.as_numpy_dtype).eps
    for text, a, b in zip(BOTH, interpreted, compiled, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.dtype == b.dtype and a.shape == b.shape and a.dtype in (dtype.as_numpy_dtype, part.as_numpy_dtype), text
        assert np.all(np.abs(a - b) <= 64 * eps * np.max(np.abs(a), initial=1.0)), text


def test_sums_of_many_are_accurate() -> None:
    """A sum of a million single numbers is that of double ones, rounded: along all axes, rows, and columns."""
    rng = np.random.default_rng(0)
    values = (rng.uniform(size=(1000, 1000)) + 1j * rng.uniform(size=(1000, 1000))).astype(np.complex64)
    x = tf.placeholder(tf.complex64, [None, None])
    for axis in (None, 0, 1):
        found = tf.Session().run(tf.reduce_sum(x, axis), {x: values})
        np.testing.assert_allclose(found, np.sum(values, axis, np.complex128), rtol=1e-6)


# ---------------------------------------------------------------------- special values, that are exact

INF = np.inf
SPECIAL = [
    ("exp", complex(-INF, 1), 0), ("exp", complex(0.5, 0.0), np.exp(0.5)), ("log", 0, complex(-INF, 0)), ("log", complex(-1, 0.0), complex(0, np.pi)),
    ("log", complex(-1, -0.0), complex(0, -np.pi)), ("log", complex(INF, 1), complex(INF, 0)), ("sqrt", complex(-4, 0.0), 2j),
    ("sqrt", complex(-4, -0.0), -2j), ("sqrt", 0, 0), ("sqrt", complex(1e300, 1e300), np.sqrt(complex(1e300, 1e300))),
    ("abs", complex(3e200, 4e200), 5e200), ("abs", complex(3e-200, 4e-200), 5e-200), ("abs", complex(-INF, np.nan), INF),
    ("reciprocal", complex(1e300, 1e300), complex(5e-301, -5e-301)), ("sign", 0, 0), ("sign", complex(0, -3e300), -1j),
    ("angle", complex(-1, -0.0), -np.pi),
    ("tanh", complex(1000, 1), 1), ("tanh", complex(-1000, 1), -1), ("sigmoid", complex(1000, 1), 1), ("sigmoid", complex(-1000, 1), 0),
    ("log1p", complex(1e-20, 1e-20), complex(1e-20, 1e-20)), ("expm1", complex(1e-20, 1e-20), complex(1e-20, 1e-20)),
    ("exp", complex(709.9, 1.5), complex(np.exp(709.0) * (np.exp(0.9) * np.cos(1.5)), np.inf)),
]


def test_special_values() -> None:
    names = [name for name, *_ in SPECIAL]
    z = tf.placeholder(tf.complex128, [len(SPECIAL)])
    made = {name: getattr(tf, name)(z) for name in names}
    found = tf.Session().run(made, {z: [value for _, value, _ in SPECIAL]})
    for k, (name, value, wanted) in enumerate(SPECIAL):
        got = complex(found[name][k])
        for a, b in ((got.real, complex(wanted).real), (got.imag, complex(wanted).imag)):
            assert a == b or abs(a - b) <= 1e-14 * max(abs(complex(wanted)), 1e-300) or (np.isinf(a) and np.isinf(b) and a == b), (name, value, got)


# ---------------------------------------------------------------------- what holds complex numbers

def test_training_finds_a_filter() -> None:
    """Gradient descent on the modulus of a difference goes where the difference is 0: the gradient is the direction of ascent."""
    z = tf.Variable(np.zeros(3, np.complex64), name="z")
    target = np.array([1 + 2j, -1j, 0.5], np.complex64)
    loss = tf.reduce_sum(tf.square(tf.abs(z - target)))
    train = tf.train.GradientDescentOptimizer(0.25).minimize(loss)
    session = tf.Session()
    for _ in range(60):
        session.run(train)
    np.testing.assert_allclose(session.run(z), target, atol=1e-5)


def test_momentum_takes_complex_steps() -> None:
    z = tf.Variable(np.array([1 + 1j, -2j]))
    train = tf.train.MomentumOptimizer(0.05, 0.5).minimize(tf.reduce_sum(tf.real(z * tf.conj(z))))
    session = tf.Session()
    for _ in range(100):
        session.run(train)
    assert np.abs(session.run(z)).max() < 1e-3


def test_checkpoint_keeps_complex_variables(tmp_path: Any) -> None:
    a = tf.Variable(np.array([1 + 2j, np.nan - 1j], np.complex64), name="a")
    b = tf.Variable(np.zeros((0, 3), np.complex128), name="b")
    c = tf.Variable(3.0, name="c")
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    path = tf.train.Saver().save(session, str(tmp_path / "kept"))
    again = tf.Session()
    tf.train.Saver().restore(again, path)
    for v in (a, b, c):
        np.testing.assert_array_equal(again.run(v), session.run(v))
        assert again.run(v).dtype == session.run(v).dtype
    reader = tf.train.NewCheckpointReader(path)
    assert reader.get_variable_to_shape_map()["a"] == [2] and reader.get_tensor("a").dtype == np.complex64


def test_graph_is_saved_and_read() -> None:
    z = tf.placeholder(tf.complex64, [None, 4], name="z")
    y = tf.identity(tf.spectral.irfft(tf.conj(z) * tf.constant([1j, 2, 3 - 1j, np.inf], tf.complex64), [6]), name="y")
    value = np.arange(8).reshape(2, 4) * (1 - 1j)
    wanted = tf.Session(jit=False).run(y, {z: value})
    again = tf.Graph.from_json(tf.get_default_graph().to_json())
    found = tf.Session(graph=again, jit=False).run("y:0", {"z:0": value})
    np.testing.assert_array_equal(found, wanted)


def test_bad_complex_numbers_in_a_file_are_refused() -> None:
    tf.constant([1j, 2], tf.complex64)
    text = tf.get_default_graph().to_json()
    data = json.loads(text)
    place = next(n for n in data["nodes"] if "complex64" in json.dumps(n))
    spoilt = json.dumps(place)
    assert "base64" in spoilt
    for value in ([1, 2], ["1j"], [True]):
        changed = json.loads(spoilt, object_hook=lambda d, v=value: {k: x for k, x in d.items() if k != "base64"} | {"values": v}
                             if "base64" in d else d)
        bad = text.replace(json.dumps(place), json.dumps(changed)) if json.dumps(place) in text else json.dumps(
            {**data, "nodes": [changed if n is place else n for n in data["nodes"]]})
        with pytest.raises(SerializationError, match="complex64"):
            tf.Graph.from_json(bad)


def test_feeds_fetches_and_weak_numbers() -> None:
    z, x = tf.placeholder(tf.complex64, [2]), tf.placeholder(tf.float32, [2])
    session = tf.Session()
    assert session.run(z, {z: [1, 2.5]}).dtype == np.complex64
    assert (z * 2.0).dtype == (z * 1j).dtype == (x * 1j).dtype == (x * z).dtype == tf.complex64
    assert tf.constant(1j).dtype == tf.complex128 and (tf.constant([1j], tf.complex64) + np.ones(1)).dtype == tf.complex64
    np.testing.assert_array_equal(session.run(x * z, {x: [1, 2], z: [1j, 2]}), [1j, 4])
    assert session.run(tf.zeros([2], tf.complex64)).dtype == np.complex64 and session.run(tf.ones_like(z), {z: [0, 0]}).tolist() == [1, 1]
    assert session.run(tf.cond(tf.constant(True), lambda: z * 2, lambda: z), {z: [1j, 1]}).tolist() == [2j, 2]


def test_first_infinity_is_found() -> None:
    z = tf.constant([0j], tf.complex64)
    with pytest.raises(tf.errors.NumericsError, match="log"):
        tf.Session().run(tf.exp(tf.log(z) * 0.0), check_numerics=True)


# ---------------------------------------------------------------------- what refuses them

def _z() -> Any:
    return tf.placeholder(tf.complex64, [2, 3], name="z")


def _x() -> Any:
    return tf.placeholder(tf.float32, [2, 4], name="x")


BAD = [
    (lambda: _z() > 0, DTypeError, "greater(z: complex64[2,3]"), (lambda: _z() > 0, DTypeError, "not defined for complex64"),
    (lambda: tf.maximum(_z(), 1.0), DTypeError, "maximum(z: complex64[2,3]"), (lambda: tf.nn.relu(_z()), DTypeError, "not defined for complex64"),
    (lambda: tf.reduce_max(_z()), DTypeError, "reduce_max(z: complex64[2,3]"), (lambda: tf.argmax(_z(), 1), DTypeError, "argmax"),
    (lambda: tf.floor(_z()), DTypeError, "not defined for complex64"), (lambda: tf.nn.softmax(_z()), DTypeError, "complex64"),
    (lambda: tf.qr(tf.zeros([2, 2], tf.complex64)), DTypeError, "complex64"), (lambda: tf.sort(_z()), DTypeError, "complex64"),
    (lambda: tf.complex(_z(), 1.0), DTypeError, "complex64"), (lambda: tf.complex(tf.constant([1]), 1.0), DTypeError, "not defined for int32"),
    (lambda: tf.fft(_x()), DTypeError, "fft takes complex numbers, which tf.cast and tf.complex make, not float32"),
    (lambda: tf.spectral.rfft(_z()), DTypeError, "rfft takes floating numbers, not complex64"),
    (lambda: tf.fft2d(tf.zeros([3], tf.complex64)), ShapeError, "fft2d is over the last 2 axes"),
    (lambda: tf.spectral.irfft(_z(), [5, 5]), ShapeError, "fft_length is 1 whole number, not"),
    (lambda: tf.spectral.rfft2d(_x(), [2.5, 2]), ShapeError, "fft_length is 2 whole numbers, not"),
    (lambda: tf.spectral.rfft(_x(), [-1]), ShapeError, "is negative"),
    (lambda: tf.constant([1j], tf.float32), DTypeError, "is complex, and not of dtype float32"),
    (lambda: tf.constant([1j], tf.int32), DTypeError, "is complex, and not of dtype int32"),
    (lambda: tf.gradients(_z() * 2, _z()), DTypeError, "is complex: grad_ys says what its parts count"),
    (lambda: (lambda z: tf.jacobian(z * z, z))(_z()), DTypeError, "is complex; matrices of derivatives are of and by real numbers"),
    (lambda: tf.saturate_cast(_z(), tf.float32), DTypeError, "complex64"), (lambda: tf.complex64.max, DTypeError, "complex64 has no least"),
    (lambda: tf.summary.scalar("s", tf.reduce_sum(_z())), DTypeError, "not of numbers"),
    (lambda: tf.random_normal([2], dtype=tf.complex64), (DTypeError, GraphError), "complex64"),
    (lambda: tf.range(tf.constant(1j)), DTypeError, "complex"),
    (lambda: (lambda x: tf.Session().run(x, {x: [[1j] * 4] * 2}))(_x()), FeedError, "is complex, and not of dtype float32"),
    (lambda: (lambda z: tf.Session().run(z, {z: [["a"] * 3] * 2}))(_z()), FeedError, "not an array of numbers"),
]


@pytest.mark.parametrize("make, error, said", BAD, ids=[f"{i} {said}" for i, (*_, said) in enumerate(BAD)])
def test_bad(make: Any, error: Any, said: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert said in str(caught.value) and "test_complex.py" in str(caught.value) or error is DTypeError and "has no least" in said


def test_length_that_does_not_go_with_a_spectrum_fails_the_run() -> None:
    from graphc.ops.fft import inverse_real_fourier
    z, n = tf.placeholder(tf.complex64, [None]), tf.placeholder(tf.int32, [])
    with pytest.raises(InvalidArgumentError, match="a signal of 9 numbers has 5 frequencies, not 3"):
        tf.Session(jit=False).run(inverse_real_fourier(z, n, of="irfft"), {z: [1, 2, 3], n: 9})


@pytest.mark.parametrize("of", ["fft4d", "rfft", "", 3])
def test_name_of_no_transform_is_refused(of: Any) -> None:
    from graphc.ops.fft import fourier
    with pytest.raises((GraphError, AttributeError)):
        fourier(_z(), of=of)
