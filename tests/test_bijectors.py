"""Bijectors against their own numeric derivatives: round trips, volume changes, shapes; and the densities that are made of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import graphc as tf

DS = tf.contrib.distributions
B = DS.bijectors
TRIL = np.array([[1.5, 0.0, 0.0], [0.3, 0.7, 0.0], [-0.4, 0.2, 2.0]])
FACTOR = np.array([[1.0], [0.5], [0.25]])
X = np.array([0.3, -0.7, 1.2])
POSITIVE = np.array([0.3, 0.7, 1.9])
CHANCES = np.array([0.1, 0.35, 0.8])
# A bijector, a point, and of what rank the events are before and behind it.
ROWS = [
    ("identity", lambda: B.Identity(), X, 1, 1),
    ("exp", lambda: B.Exp(), X, 1, 1),
    ("affine scalar", lambda: B.AffineScalar(shift=np.float64(2.0), scale=np.array([-0.5, 3.0, 1.5])), X, 1, 1),
    ("shift alone", lambda: B.AffineScalar(shift=np.float64(2.0)), X, 1, 1),
    ("power", lambda: B.PowerTransform(0.5), X, 1, 1),
    ("power of 0", lambda: B.PowerTransform(), X, 1, 1),
    ("sigmoid", lambda: B.Sigmoid(), X, 1, 1),
    ("softplus", lambda: B.Softplus(), X, 1, 1),
    ("hard softplus", lambda: B.Softplus(np.float64(0.3)), X, 1, 1),
    ("softsign", lambda: B.Softsign(), X, 1, 1),
    ("square", lambda: B.Square(), POSITIVE, 1, 1),
    ("sinh arcsinh", lambda: B.SinhArcsinh(np.float64(0.4), np.float64(1.3)), X, 1, 1),
    ("gumbel", lambda: B.Gumbel(np.float64(0.2), np.float64(1.5)), X, 1, 1),
    ("weibull", lambda: B.Weibull(np.float64(1.5), np.float64(0.8)), POSITIVE, 1, 1),
    ("kumaraswamy", lambda: B.Kumaraswamy(np.float64(1.5), np.float64(0.8)), CHANCES, 1, 1),
    ("inline", lambda: B.Inline(tf.sinh, tf.asinh, forward_log_det_jacobian_fn=lambda x: tf.log(tf.cosh(x)), forward_min_event_ndims=0), X, 1, 1),
    ("turned round", lambda: B.Invert(B.Softplus()), POSITIVE, 1, 1),
    ("softmax", lambda: B.SoftmaxCentered(), X, 1, 1),
    ("ordered", lambda: B.Ordered(), np.sort(X), 1, 1),
    ("permute", lambda: B.Permute([2, 0, 1]), X, 1, 1),
    ("reshape", lambda: B.Reshape([3, 1]), X, 1, 2),
    ("multiple", lambda: B.Affine(scale_identity_multiplier=np.float64(-1.5)), X, 1, 1),
    ("shifted", lambda: B.Affine(shift=X + 1.0), X, 1, 1),
    ("diagonal", lambda: B.Affine(X, scale_diag=POSITIVE, scale_identity_multiplier=np.float64(0.5)), X, 1, 1),
    ("triangle", lambda: B.Affine(X, scale_tril=TRIL), X, 1, 1),
    ("triangle and more", lambda: B.Affine(X, np.float64(0.5), POSITIVE, TRIL), X, 1, 1),
    ("low rank", lambda: B.Affine(X, scale_diag=POSITIVE, scale_perturb_factor=FACTOR, scale_perturb_diag=np.array([2.0])), X, 1, 1),
    ("low rank alone", lambda: B.Affine(scale_perturb_factor=FACTOR), X, 1, 1),
    ("low rank of a multiple", lambda: B.Affine(scale_identity_multiplier=np.float64(2.0), scale_perturb_factor=FACTOR), X, 1, 1),
    ("operator", lambda: B.AffineLinearOperator(X, tf.linalg.LinearOperatorLowerTriangular(TRIL)), X, 1, 1),
    ("no operator", lambda: B.AffineLinearOperator(X), X, 1, 1),
    ("fill triangular", lambda: B.FillTriangular(), np.arange(6.0), 1, 2),
    ("fill upper", lambda: B.FillTriangular(upper=True), np.arange(6.0), 1, 2),
    ("scale", lambda: B.ScaleTriL(diag_shift=np.float64(0.1)), np.arange(6.0) / 3, 1, 2),
    ("scale by exp", lambda: B.ScaleTriL(B.Exp(), None), np.arange(6.0) / 3, 1, 2),
    ("diagonal part", lambda: B.TransformDiagonal(B.Exp()), TRIL + 0.2, 2, 2),
    ("chain", lambda: B.Chain([B.Exp(), B.AffineScalar(np.float64(1.0), np.float64(2.0)), B.Softsign()]), X, 1, 1),
    ("chain of ranks", lambda: B.Chain([B.FillTriangular(), B.Affine(scale_tril=TRIL), B.Exp()]), X, 1, 2),
    ("chain to the simplex", lambda: B.Chain([B.SoftmaxCentered(), B.Softplus()]), X, 1, 1),
    ("empty chain", lambda: B.Chain(), X, 1, 1),
    ("coupling", lambda: B.RealNVP(1, lambda x, n: (tf.tile(x, [1, n]), tf.tile(tf.sin(x), [1, n]))), X[None], 1, 1),
    ("shifted coupling", lambda: B.RealNVP(2, lambda x, n: (x[:, :n], None)), X[None], 1, 1),
    ("autoregressive", lambda: B.MaskedAutoregressiveFlow(autoregression), X, 1, 1),
    ("autoregressive unrolled", lambda: B.MaskedAutoregressiveFlow(autoregression, unroll_loop=True), X, 1, 1),
]
IDS = [row[0] for row in ROWS]


def autoregression(y):
    """A shift and a log scale for each number, of the sums of those before it."""
    before = tf.cumsum(y, axis=-1, exclusive=True)
    return tf.sin(before), 0.5 * tf.cos(before) * tf.constant([1.0, 0.5, -1.0], tf.float64)


def run(*fetches, jit=False):
    return tf.Session(jit=jit).run(list(fetches))


def log_volume(function, x):
    """log |det| of a function's derivative by central differences; of more images than numbers, the first ones that are free."""
    steps = 1e-6 * np.eye(x.size).reshape(x.size, *x.shape)
    columns = [(function(x + h) - function(x - h)).ravel() / 2e-6 for h in steps]
    matrix = np.array(columns).T
    free = [i for i in range(len(matrix)) if np.abs(matrix[i]).max() > 0][:x.size]
    return np.linalg.slogdet(matrix[free])[1]


# One of each kind shows that they compile.
COMPILED = ("softplus", "triangle", "chain of ranks", "autoregressive")


@pytest.mark.parametrize("name, make, at, before, behind, jit", [(*row, False) for row in ROWS] + [(*r, True) for r in ROWS if r[0] in COMPILED],
                         ids=IDS + [f"{name} compiled" for name in IDS if name in COMPILED])
def test_round_trips_and_volumes(name, make, at, before, behind, jit):
    b, x = make(), tf.placeholder(tf.float64, at.shape)
    y = b.forward(x)
    change = b.forward_log_det_jacobian(x, event_ndims=before)
    again = tf.placeholder(tf.float64, y.shape)
    session = tf.Session(jit=jit)
    image, volume = session.run([y, change], {x: at})
    point, back = session.run([make().inverse(again), make().inverse_log_det_jacobian(again, event_ndims=behind)], {again: image})
    np.testing.assert_allclose(point, at, rtol=1e-9, atol=1e-12)
    wanted = log_volume(lambda t: session.run(y, {x: t}), at)
    np.testing.assert_allclose(np.ravel(volume)[0], wanted, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(np.ravel(back)[0], -wanted, rtol=1e-6, atol=1e-7)
    assert list(image.shape) == y.shape.as_list() and b.inverse(y) is x and b.forward(x) is y
    events = at.shape[at.ndim - before:]
    assert b.forward_event_shape(events) == image.shape[image.ndim - behind:] and b.inverse_event_shape(image.shape[image.ndim - behind:]) == events
    assert session.run(b.forward_event_shape_tensor(list(events))).tolist() == list(image.shape[image.ndim - behind:])
    assert session.run(b.inverse_event_shape_tensor(list(image.shape[image.ndim - behind:]))).tolist() == list(events)


def matrix_volume(function, x):
    """log |det| of a function of lower triangular matrices, by central differences of the numbers that are free."""
    rows, columns = np.tril_indices(len(x))
    def of(numbers):
        full = np.zeros_like(x)
        full[rows, columns] = numbers
        return function(full)[rows, columns]
    numbers = x[rows, columns]
    return np.linalg.slogdet(np.array([(of(numbers + h) - of(numbers - h)) / 2e-6 for h in 1e-6 * np.eye(len(numbers))]).T)[1]


@pytest.mark.parametrize("make", [B.CholeskyOuterProduct, B.MatrixInverseTriL])
def test_matrices(make):
    x = tf.placeholder(tf.float64, [3, 3])
    b = make(validate_args=True)
    y, change = b.forward(x), b.forward_log_det_jacobian(x, event_ndims=2)
    session = tf.Session(jit=False)
    image, volume = session.run([y, change], {x: TRIL})
    wanted = TRIL @ TRIL.T if make is B.CholeskyOuterProduct else np.linalg.inv(TRIL)
    np.testing.assert_allclose(image, wanted, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(session.run(make().inverse(image)), TRIL, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(volume, matrix_volume(lambda t: session.run(y, {x: t}), TRIL), rtol=1e-6)
    np.testing.assert_allclose(session.run(make().inverse_log_det_jacobian(image, 2)), -volume, rtol=1e-9)
    np.testing.assert_allclose(session.run(make().forward(np.stack([TRIL, 2 * TRIL])))[0], wanted, rtol=1e-12, atol=1e-12)


def test_ranks_of_events():
    x = tf.constant(np.arange(1.0, 7.0).reshape(2, 3))
    found = run(*(B.Exp().forward_log_det_jacobian(x, n) for n in range(3)), *(B.AffineScalar(scale=np.float64(2.0)).forward_log_det_jacobian(x, n)
                                                                           for n in range(3)))
    for one, other in zip(found, [np.arange(1.0, 7.0).reshape(2, 3), [6.0, 15.0], 21.0, np.log(2.0), 3 * np.log(2), 6 * np.log(2)], strict=True):
        np.testing.assert_allclose(one, other)
    open_rank = tf.placeholder(tf.float64)
    change = B.Exp().forward_log_det_jacobian(open_rank, event_ndims=1)
    np.testing.assert_allclose(tf.Session(jit=False).run(change, {open_rank: np.ones((4, 2))}), [2.0] * 4)


def test_several_points_with_one_image():
    b = B.AbsoluteValue()
    y = tf.constant([0.5, 2.0])
    found = run(*b.inverse(y), *b.inverse_log_det_jacobian(y, 0), b.forward([-1.0, 1.0]))
    assert [f.tolist() for f in found] == [[-0.5, -2.0], [0.5, 2.0], [0, 0], [0, 0], [1, 1]]
    half = DS.TransformedDistribution(tf.distributions.Normal(0.0, 1.0), b)
    np.testing.assert_allclose(run(half.prob([0.5, 2.0]))[0], stats.halfnorm.pdf([0.5, 2.0]), rtol=1e-6)
    with pytest.raises(NotImplementedError, match="AbsoluteValue has no forward_log_det_jacobian: it takes several points to one"):
        b.forward_log_det_jacobian(y, 0)
    with pytest.raises(NotImplementedError, match="Invert: absolute_value takes several points to one"):
        B.Invert(b)


class Shift(B.ConditionalBijector):
    """y = x + by, which is given at each call."""

    def __init__(self):
        super().__init__(forward_min_event_ndims=0, is_constant_jacobian=True, name="shift")

    def _forward(self, x, by):
        return x + by

    def _inverse(self, y, by):
        return y - by

    def _forward_log_det_jacobian(self, x, by):
        return tf.zeros([], x.dtype)


def test_conditions():
    b = Shift()
    assert run(b.forward([1.0], by=2.0), b.forward([1.0], by=3.0), b.inverse([1.0], by=2.0)) == [[3.0], [4.0], [-1.0]]
    by_name = {"shift": {"by": tf.constant(2.0)}}
    chain = B.Chain([B.Exp(), b])
    assert run(chain._call_forward([-2.0], "forward", **by_name), chain._call_forward_log_det_jacobian([1.0], 0, "f", **by_name)) == [[1.0], [3.0]]
    d = DS.ConditionalTransformedDistribution(tf.distributions.Normal(0.0, 1.0), b)
    at = d.log_prob(5.0, bijector_kwargs={"by": 5.0})
    drawn = d.sample(3, seed=1, bijector_kwargs={"by": tf.constant(100.0)})
    found = run(at, drawn, d.cdf(5.0, bijector_kwargs={"by": 5.0}))
    assert found[0] == pytest.approx(stats.norm.logpdf(0.0)) and found[1].shape == (3,) and (found[1] > 90).all() and found[2] == pytest.approx(0.5)


# A mistake, the error it is and what it says.
MISTAKES = [
    (lambda: B.Bijector(), tf.errors.GraphError, "give forward_min_event_ndims or inverse_min_event_ndims"),
    (lambda: B.Bijector(forward_min_event_ndims=-1), tf.errors.GraphError, "not negative"),
    (lambda: B.Bijector(forward_min_event_ndims=0.5), TypeError, "a whole number"),
    (lambda: B.Bijector([1.0], forward_min_event_ndims=0), tf.errors.GraphError, "1.0 of graph_parents is no tensor"),
    (lambda: B.Bijector(forward_min_event_ndims=0).forward(1.0), NotImplementedError, "Bijector has no forward"),
    (lambda: B.Inline(forward_min_event_ndims=0).inverse_log_det_jacobian(1.0, 0), NotImplementedError, "no inverse_log_det_jacobian"),
    (lambda: B.Bijector(dtype="float64", forward_min_event_ndims=0).forward(tf.constant(1.0)), TypeError, "is of float64, not so"),
    (lambda: B.SoftmaxCentered().forward_log_det_jacobian([1.0], 0), tf.errors.ShapeError, "event_ndims is a number of 1 or more, not 0"),
    (lambda: B.Exp().forward_log_det_jacobian([1.0], 0.5), TypeError, "event_ndims is a whole number"),
    (lambda: B.SoftmaxCentered().inverse_event_shape([1]), tf.errors.ShapeError, "too few numbers"),
    (lambda: B.PowerTransform(-1.0), tf.errors.GraphError, "a constant that is not negative"),
    (lambda: B.Permute([0, 2]), tf.errors.ShapeError, "a permutation has each of"),
    (lambda: B.Permute([0.5]), TypeError, "of whole numbers"),
    (lambda: B.Reshape([-1, -1]), tf.errors.ShapeError, "-1 at most once"),
    (lambda: B.Reshape([2, 2], [4]).forward(tf.zeros([3])), tf.errors.ShapeError, "does not end in the events' shape"),
    (lambda: B.Reshape([2, -1]).forward_event_shape([3]), tf.errors.ShapeError, "do not fit"),
    (lambda: B.Affine(scale_perturb_diag=[1.0]), tf.errors.GraphError, "without scale_perturb_factor"),
    (lambda: B.Affine(tf.zeros([2]), scale_diag=tf.ones([2], tf.float64)), TypeError, "the shift is"),
    (lambda: B.AffineLinearOperator(scale=2.0), tf.errors.GraphError, "the scale is a LinearOperator"),
    (lambda: B.Chain([B.Inline(forward_min_event_ndims=0), B.AbsoluteValue()]), NotImplementedError, "takes several points to one"),
    (lambda: B.Chain([3]), tf.errors.GraphError, "^Chain: 3 is no bijector"),
    (lambda: B.Invert(tf.tanh), tf.errors.GraphError, "^Invert: .* is no bijector"),
    (lambda: DS.TransformedDistribution(tf.distributions.Normal(0.0, 1.0), 3), tf.errors.GraphError, "^TransformedDistribution: 3 is no bijector"),
    (lambda: DS.TransformedDistribution(3, B.Exp()), tf.errors.GraphError, "^TransformedDistribution: 3 is no distribution"),
    (lambda: B.RealNVP(0, None), tf.errors.GraphError, "num_masked is a number above 0"),
    (lambda: B.RealNVP(3, None).forward(tf.zeros([1, 3])), tf.errors.ShapeError, "no others are left"),
    (lambda: B.BatchNormalization(3), tf.errors.GraphError, "is no tf.layers.BatchNormalization"),
    (lambda: B.masked_dense(tf.zeros([1, 3]), 3), tf.errors.GraphError, "num_blocks is a number above 0"),
    (lambda: B.FillTriangular().forward(tf.zeros([4])), tf.errors.ShapeError, "no triangle has 4 numbers"),
    (lambda: DS.TransformedDistribution(tf.distributions.Normal([0.0], 1.0), batch_shape=[2]), tf.errors.GraphError, "batch_shape is for"),
    (lambda: DS.TransformedDistribution(tf.distributions.Normal(0.0, 1.0), event_shape=[0]), tf.errors.ShapeError, "sizes above 0"),
    (lambda: DS.TransformedDistribution(tf.distributions.Normal(0.0, 1.0), B.Exp()).entropy(), NotImplementedError, "has no entropy"),
    (lambda: DS.TransformedDistribution(tf.distributions.Normal(0.0, 1.0), event_shape=[2]).cdf([0.0, 0.0]), NotImplementedError, "has no cdf"),
    (lambda: DS.Independent(tf.distributions.Normal(0.0, 1.0), 1), tf.errors.GraphError, "the batch has 0 axes"),
]


@pytest.mark.parametrize("mistake, error, words", MISTAKES)
def test_mistakes(mistake, error, words):
    with pytest.raises(error, match=words):
        mistake()


# Arguments that `validate_args` tells of when it runs.
INVALID = [
    lambda: B.PowerTransform(0.5, validate_args=True).forward([-3.0]),
    lambda: B.Exp(validate_args=True).inverse([-1.0]),
    lambda: B.Softplus(tf.placeholder_with_default(0.0, []), validate_args=True).forward([1.0]),
    lambda: B.AffineScalar(scale=tf.placeholder_with_default(0.0, []), validate_args=True).forward([1.0]),
    lambda: B.Affine(scale_identity_multiplier=tf.placeholder_with_default(0.0, []), validate_args=True).forward([1.0]),
    lambda: B.Softsign(validate_args=True).inverse([1.5]),
    lambda: B.Square(validate_args=True).forward([-1.0]),
    lambda: B.AbsoluteValue(validate_args=True).inverse([-1.0])[0],
    lambda: B.Weibull(validate_args=True).forward([-1.0]),
    lambda: B.Gumbel(validate_args=True).inverse([1.5]),
    lambda: B.Kumaraswamy(tf.placeholder_with_default(-1.0, []), validate_args=True).inverse([0.5]),
    lambda: B.SinhArcsinh(tailweight=tf.placeholder_with_default(-1.0, []), validate_args=True).forward([0.5]),
    lambda: B.Ordered(validate_args=True).forward([1.0, 0.5]),
    lambda: B.Permute(tf.placeholder_with_default([0, 0], [2]), validate_args=True).forward([1.0, 0.5]),
    lambda: B.MatrixInverseTriL(validate_args=True).forward([[1.0, 2.0], [0.0, 1.0]]),
    lambda: B.CholeskyOuterProduct(validate_args=True).forward_log_det_jacobian([[-1.0, 0.0], [0.0, 1.0]], 2),
]


@pytest.mark.parametrize("make", INVALID)
def test_invalid_values(make):
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(tf.identity(tf.placeholder_with_default(1.0, [])) * make())


# ---------------------------------------------------------------------- flows

@pytest.mark.parametrize("shift_only", [False, True])
def test_masked_layers_see_what_is_before(shift_only):
    tf.set_random_seed(2)
    template = B.masked_autoregressive_default_template([8, 8], shift_only, activation=tf.tanh)
    x = tf.placeholder(tf.float32, [1, 4])
    flow = B.MaskedAutoregressiveFlow(template)
    shift, log_scale = template(x)
    assert [v.op.name for v in tf.trainable_variables()] == [f"masked_autoregressive_default_template/dense{n}/{v}"
                                                              for n in ("", "_1", "_2") for v in ("kernel", "bias")]
    assert (log_scale is None) == shift_only
    for output in [shift] if shift_only else [shift, log_scale]:
        slopes = run_at(tf.stack([tf.gradients(output[0, i], x)[0][0] for i in range(4)]), {x: [[0.1, 0.2, 0.3, 0.4]]})
        assert (np.triu(slopes) == 0).all() and (np.abs(slopes[np.tril_indices(4, -1)]) > 0).any()
    y = flow.forward(x)
    again = B.MaskedAutoregressiveFlow(template).inverse(tf.identity(y))
    np.testing.assert_allclose(run_at(again, {x: [[0.1, 0.2, 0.3, 0.4]]}), [[0.1, 0.2, 0.3, 0.4]], rtol=1e-4)
    assert len(tf.trainable_variables()) == 6


def run_at(fetch, feeds):
    return tf.Session(jit=False).run(fetch, feeds)


def test_flow_is_trained():
    tf.set_random_seed(1)
    flow = DS.TransformedDistribution(tf.distributions.Normal(0.0, 1.0), B.MaskedAutoregressiveFlow(
        B.masked_autoregressive_default_template([8], kernel_initializer=tf.zeros_initializer())), event_shape=[2])
    data = np.random.default_rng(0).normal([1.0, -2.0], [0.5, 2.0], [256, 2]).astype(np.float32)
    loss = -tf.reduce_mean(flow.log_prob(data))
    step = tf.train.AdamOptimizer(0.05).minimize(loss)
    session = tf.Session(jit=False)
    before = session.run(loss)
    for _ in range(150):
        session.run(step)
    least = np.log(np.std(data, 0)).sum() + 1 + np.log(2 * np.pi)
    assert session.run(loss) < least + 0.05 < before
    draws = session.run(flow.sample(500, seed=3))
    assert draws.shape == (500, 2) and abs(draws[:, 0].mean() - 1.0) < 0.15 and abs(draws[:, 1].mean() + 2.0) < 0.5


def test_coupling_by_template():
    tf.set_random_seed(1)
    template = B.real_nvp_default_template([4], activation=tf.tanh)
    flow = DS.TransformedDistribution(DS.MultivariateNormalDiag([0.0, 0.0, 0.0]), B.RealNVP(1, template))
    y = flow.sample(5, seed=1)
    one, other = tf.identity(y), flow.log_prob(y)
    found = run(other, flow.log_prob(one), y)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)
    assert found[2].shape == (5, 3) and len(tf.trainable_variables()) == 4
    assert template.variable_scope.name == "real_nvp_default_template"


def test_normalized_batches():
    b = B.BatchNormalization()
    y = np.random.default_rng(1).normal(3.0, 2.0, [50, 2]).astype(np.float32)
    x, change = b.inverse(y), b.inverse_log_det_jacobian(y, event_ndims=1)
    found = run(x, change, B.BatchNormalization(training=False).forward(tf.constant(y)))
    np.testing.assert_allclose(found[0], (y - y.mean(0)) / np.sqrt(y.var(0) + 1e-3), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[1], -0.5 * np.log(y.var(0) + 1e-3).sum(), rtol=1e-4)
    np.testing.assert_allclose(found[2], y * np.sqrt(1.001), rtol=1e-5)


# ---------------------------------------------------------------------- distributions of images

A = np.array([0.5, 2.0, 3.5])


def test_images_of_draws():
    d = DS.TransformedDistribution(tf.distributions.Normal(A, 1.5), B.Exp())
    oracle = stats.lognorm(1.5, scale=np.exp(A))
    at = np.array([0.3, 1.0, 9.0])
    assert d.name == "expNormal" and d.batch_shape == [3] and d.event_shape == [] and d.dtype == tf.float64
    assert d.distribution.name == "Normal" and d.bijector.name == "exp" and d.reparameterization_type is DS.FULLY_REPARAMETERIZED
    found = run(d.log_prob(at), d.prob(at), d.cdf(at), d.log_cdf(at), d.survival_function(at), d.log_survival_function(at), d.batch_shape_tensor(),
                d.event_shape_tensor())
    wanted = [oracle.logpdf(at), oracle.pdf(at), oracle.cdf(at), oracle.logcdf(at), oracle.sf(at), oracle.logsf(at), [3], []]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7)
    tf.set_random_seed(1)
    draws = run(d.sample(4000))[0]
    for i in range(3):
        assert stats.kstest(draws[:, i], lambda x, i=i: oracle.cdf(x[:, None])[:, i]).pvalue > 1e-4
    y = d.sample([2, 5])
    assert y.shape == [2, 5, 3] and d.bijector.inverse(y) is d.bijector.inverse(y)


@pytest.mark.parametrize("batch, event, own, shape", [
    ([2], None, None, [4, 2]), (None, [3], None, [4, 3]), ([2], [3], None, [4, 2, 3]), (None, [3], [2], [4, 2, 3]), (None, [3, 1], [2], [4, 2, 3, 1]),
])
def test_shapes_for_numbers(batch, event, own, shape):
    loc = 1.0 if own is None else np.array([1.0, -1.0])
    for bijector in (B.AffineScalar(np.float64(0.5), np.float64(2.0)), None):
        d = DS.TransformedDistribution(tf.distributions.Normal(np.asarray(loc, np.float64), np.float64(1.5)), bijector, batch, event)
        y = d.sample(4, seed=1)
        assert y.shape == shape and d.batch_shape == (batch or own or []) and d.event_shape == (event or [])
        by, scale = (0.5, 3.0) if bijector is not None else (0.0, 1.5)
        center = np.reshape(loc, [-1] + [1] * len(event or [])) if own else loc
        drawn, logs, entropy = run(y, d.log_prob(y), d.entropy())
        each = stats.norm.logpdf(drawn, (2 * center if bijector is not None else center) + by, scale)
        axes = tuple(range(-len(event or []), 0))
        np.testing.assert_allclose(logs, each.sum(axes) if axes else each, rtol=1e-9)
        np.testing.assert_allclose(entropy, np.full(batch or own or [], stats.norm(0, scale).entropy() * np.prod(event or [1])), rtol=1e-9)
        assert logs.shape == (4, *(batch or own or []))
        assert abs(run(d.sample(4000, seed=2))[0].std(0).mean() - scale) < 0.15


def test_batches_as_events():
    p, q = (DS.Independent(tf.distributions.Normal(np.ones((4, 3)) * m, s), reinterpreted_batch_ndims=1) for m, s in ((0.0, A), (1.0, A + 1.0)))
    assert p.batch_shape == [4] and p.event_shape == [3] and p.sample(2).shape == [2, 4, 3] and p.name == "IndependentNormal"
    at = np.array([0.1, 0.2, 0.3])
    found = run(p.log_prob(at), p.entropy(), p.mean(), p.variance(), p.mode(), p.batch_shape_tensor(), p.event_shape_tensor(), DS.kl_divergence(p, q))
    normal = stats.multivariate_normal(np.zeros(3), np.diag(A**2))
    divergence = (np.log((A + 1) / A) + (A**2 + 1) / (2 * (A + 1) ** 2) - 0.5).sum()
    wanted = [[normal.logpdf(at)] * 4, [normal.entropy()] * 4, np.zeros((4, 3)), np.tile(A**2, (4, 1)), np.zeros((4, 3)), [4], [3], [divergence] * 4]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    assert DS.Independent(tf.distributions.Normal(np.zeros((4, 3, 2)), 1.0)).batch_shape == [4]


def test_softplus_inverse_everywhere():
    x = np.array([1e-30, 1e-8, 0.5, 3.0, 40.0, 700.0])
    np.testing.assert_allclose(run(DS.softplus_inverse(x))[0], x + np.log(-np.expm1(-x)), rtol=1e-12)
    t = tf.constant(x)
    np.testing.assert_allclose(run(tf.gradients(DS.softplus_inverse(t), t)[0])[0], 1 / -np.expm1(-x), rtol=1e-6)
