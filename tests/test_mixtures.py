"""Normal vectors with any covariance, mixtures, relaxed classes, against SciPy, quadrature and TensorFlow's formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

import graphc as tf

DS = tf.contrib.distributions
TRIL = np.array([[1.5, 0.0, 0.0], [0.3, 0.7, 0.0], [-0.4, 0.2, 2.0]])
LOC = np.array([0.5, -1.0, 2.0])
DIAG = np.array([0.5, 1.0, 2.0])
FACTOR = np.array([[1.0], [0.5], [0.25]])
LOW_RANK = np.diag(DIAG) + 2.0 * FACTOR @ FACTOR.T
AT = np.array([[0.1, 0.2, 0.3], [1.0, -1.0, 4.0]])


def run(*fetches, jit=False):
    return tf.Session(jit=jit).run(list(fetches))


# Normal vectors, their mean and covariance.
NORMALS = [
    ("triangle", lambda: DS.MultivariateNormalTriL(LOC, TRIL), LOC, TRIL @ TRIL.T),
    ("no mean", lambda: DS.MultivariateNormalTriL(scale_tril=TRIL), 0 * LOC, TRIL @ TRIL.T),
    ("no triangle", lambda: DS.MultivariateNormalTriL(LOC), LOC, np.eye(3)),
    ("covariance", lambda: DS.MultivariateNormalFullCovariance(LOC, TRIL @ TRIL.T), LOC, TRIL @ TRIL.T),
    ("no covariance", lambda: DS.MultivariateNormalFullCovariance(LOC), LOC, np.eye(3)),
    ("low rank", lambda: DS.MultivariateNormalDiagPlusLowRank(LOC, DIAG, scale_perturb_factor=FACTOR, scale_perturb_diag=np.array([2.0])),
     LOC, LOW_RANK @ LOW_RANK.T),
    ("no rank", lambda: DS.MultivariateNormalDiagPlusLowRank(LOC, DIAG), LOC, np.diag(DIAG**2)),
    ("multiple alone", lambda: DS.MultivariateNormalDiagPlusLowRank(LOC, scale_identity_multiplier=np.float64(2.0)), LOC, 4 * np.eye(3)),
    ("softplus", lambda: DS.MultivariateNormalDiagWithSoftplusScale(LOC, DIAG), LOC, np.diag(np.log1p(np.exp(DIAG)) ** 2)),
]


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name, make, mean, covariance", NORMALS[:1])
def test_normal_vectors_compile(name, make, mean, covariance, jit):
    np.testing.assert_allclose(run(make().log_prob(AT), jit=jit)[0], stats.multivariate_normal(mean, covariance).logpdf(AT), rtol=1e-9)


@pytest.mark.parametrize("name, make, mean, covariance", NORMALS, ids=[r[0] for r in NORMALS])
def test_normal_vectors(name, make, mean, covariance):
    tf.set_random_seed(2)
    d, oracle = make(), stats.multivariate_normal(mean, covariance)
    assert d.batch_shape == [] and d.event_shape == [3] and d.sample([2, 4]).shape == [2, 4, 3]
    found = run(d.log_prob(AT), d.entropy(), d.mean(), d.covariance(), d.variance(), d.mode(), d.stddev(), d.sample(4000))
    wanted = [oracle.logpdf(AT), oracle.entropy(), mean, covariance, np.diag(covariance), mean, np.sqrt(np.diag(covariance))]
    for one, other in zip(found[:-1], wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    # Whitened, the draws are standard normal.
    white = np.linalg.solve(np.linalg.cholesky(covariance), (found[-1] - mean).T)
    assert all(stats.kstest(row, "norm").pvalue > 1e-4 for row in white)
    np.testing.assert_allclose(np.corrcoef(white), np.eye(3), atol=0.08)


def test_batches_of_normal_vectors():
    scales = np.stack([TRIL, 2 * TRIL])
    d = DS.MultivariateNormalTriL(LOC, scales)
    assert d.batch_shape == [2] and d.sample(7).shape == [7, 2, 3]
    oracles = [stats.multivariate_normal(LOC, s @ s.T) for s in scales]
    y = d.sample(7, seed=1)
    drawn, logs, own, covariance = run(y, d.log_prob(y), d.log_prob(AT), d.covariance())
    np.testing.assert_allclose(logs, np.stack([o.logpdf(drawn[:, i]) for i, o in enumerate(oracles)], 1), rtol=1e-9)
    np.testing.assert_allclose(own, [o.logpdf(AT[i]) for i, o in enumerate(oracles)], rtol=1e-9)
    np.testing.assert_allclose(covariance, scales @ scales.transpose(0, 2, 1), rtol=1e-9)
    open_loc = tf.placeholder(tf.float64, [None, 3])
    e = DS.MultivariateNormalTriL(open_loc, TRIL)
    shape, draws = tf.Session(jit=False).run([e.batch_shape_tensor(), e.sample(2)], {open_loc: np.zeros((5, 3))})
    assert shape.tolist() == [5] and draws.shape == (2, 5, 3)


def test_divergences_of_normal_vectors():
    a = [DS.MultivariateNormalTriL(LOC, TRIL), DS.MultivariateNormalDiag(LOC + 1.0, DIAG)]
    covariances, means = [TRIL @ TRIL.T, np.diag(DIAG**2)], [LOC, LOC + 1.0]
    for i in range(2):
        for j in range(2):
            inverse, gap = np.linalg.inv(covariances[j]), means[j] - means[i]
            wanted = 0.5 * (np.trace(inverse @ covariances[i]) + gap @ inverse @ gap - 3 + np.linalg.slogdet(covariances[j])[1]
                            - np.linalg.slogdet(covariances[i])[1])
            np.testing.assert_allclose(run(DS.kl_divergence(a[i], a[j]))[0], wanted, rtol=1e-9, atol=1e-12)


def test_normal_vectors_have_gradients():
    loc, tril = tf.constant(LOC), tf.constant(TRIL)
    d = DS.MultivariateNormalTriL(loc, tril)
    g = run(tf.gradients(d.log_prob(AT[0]), loc)[0])[0]
    np.testing.assert_allclose(g, np.linalg.solve(TRIL @ TRIL.T, AT[0] - LOC), rtol=1e-9)
    np.testing.assert_allclose(run(tf.gradients(tf.reduce_sum(d.sample(5)), loc)[0])[0], [5.0] * 3)


# ---------------------------------------------------------------------- mixtures

P, M, S = np.array([0.2, 0.5, 0.3]), np.array([-2.0, 0.5, 3.0]), np.array([0.5, 1.0, 0.7])


def mixed(x):
    return (P * stats.norm(M, S).pdf(np.asarray(x)[..., None])).sum(-1)


@pytest.mark.parametrize("make", [
    lambda: DS.Mixture(DS.Categorical(probs=P), [DS.Normal(m, s) for m, s in zip(M, S, strict=True)]),
    lambda: DS.MixtureSameFamily(DS.Categorical(probs=P), DS.Normal(M, S)),
])
def test_mixtures_of_numbers(make):
    tf.set_random_seed(5)
    d, x = make(), np.array([-1.0, 0.0, 2.5])
    found = run(d.log_prob(x), d.prob(x), d.cdf(x), d.log_cdf(x), d.mean(), d.variance(), d.stddev(), d.sample(4000))
    mean = (P * M).sum()
    variance = (P * (S**2 + M**2)).sum() - mean**2
    chances = (P * stats.norm(M, S).cdf(x[:, None])).sum(-1)
    for one, other in zip(found, [np.log(mixed(x)), mixed(x), chances, np.log(chances), mean, variance, np.sqrt(variance)], strict=False):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    assert stats.kstest(found[-1], lambda t: (P * stats.norm(M, S).cdf(t[:, None])).sum(-1)).pvalue > 1e-4
    assert d.batch_shape == [] and d.event_shape == [] and d.sample([2, 3]).shape == [2, 3] and d.dtype == tf.float64
    assert run(d.batch_shape_tensor(), d.event_shape_tensor())[0].tolist() == []


@pytest.mark.parametrize("make", [
    lambda: DS.Mixture(DS.Categorical(probs=np.stack([P, P[::-1]])), [DS.MultivariateNormalDiag(np.full((2, 2), m), np.full(2, s))
                                                                      for m, s in zip(M, S, strict=True)]),
    lambda: DS.MixtureSameFamily(DS.Categorical(probs=np.stack([P, P[::-1]])), DS.MultivariateNormalDiag(
        np.broadcast_to(M[None, :, None], (2, 3, 2)), np.broadcast_to(S[None, :, None], (2, 3, 2)))),
])
def test_mixtures_of_vectors(make):
    tf.set_random_seed(5)
    d = make()
    assert d.batch_shape == [2] and d.event_shape == [2] and d.sample(6).shape == [6, 2, 2]
    x = np.array([[0.1, -0.5], [1.0, 2.0]])
    found = run(d.log_prob(x), d.mean(), d.variance(), d.sample(4000), d.event_shape_tensor(), d.batch_shape_tensor())
    wanted = [np.log((p * np.exp(stats.norm(M, S).logpdf(x[i][:, None]).sum(0))).sum()) for i, p in enumerate((P, P[::-1]))]
    means = np.array([[(p * M).sum()] * 2 for p in (P, P[::-1])])
    variances = np.array([[(p * (S**2 + M**2)).sum()] * 2 for p in (P, P[::-1])]) - means**2
    for one, other in zip(found, (wanted, means, variances), strict=False):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    np.testing.assert_allclose(found[3].mean(0), means, atol=0.15)
    np.testing.assert_allclose(found[3].var(0), variances, rtol=0.1)
    assert found[4].tolist() == [2] and found[5].tolist() == [2]
    # Both numbers of a vector come from one component.
    assert np.corrcoef(found[3][:, 0].T)[0, 1] > 0.6


def test_one_choice_for_each_of_a_batch():
    d = DS.MixtureSameFamily(DS.Categorical(probs=[0.5, 0.5]), DS.Normal(np.array([[-10.0, 10.0]] * 2), np.float64(0.1)))
    draws = run(d.sample(400, seed=1))[0]
    assert draws.shape == (400, 2) and 0.3 < (np.sign(draws[:, 0]) == np.sign(draws[:, 1])).mean() < 0.7


def test_entropy_is_not_below():
    d = DS.Mixture(DS.Categorical(probs=P), [DS.Normal(m, s) for m, s in zip(M, S, strict=True)])
    bound = run(d.entropy_lower_bound())[0]
    np.testing.assert_allclose(bound, (P * stats.norm(M, S).entropy()).sum(), rtol=1e-9)
    assert bound < integrate.quad(lambda x: -mixed(x) * np.log(mixed(x)), -12, 12)[0]


# ---------------------------------------------------------------------- logistic and relaxed

def test_logistic():
    tf.set_random_seed(1)
    loc, scale, x = np.array([0.5, -1.0]), np.array([0.7, 2.0]), np.array([0.1, 3.0])
    d, oracle = DS.Logistic(loc, scale), stats.logistic(loc, scale)
    found = run(d.log_prob(x), d.cdf(x), d.log_cdf(x), d.survival_function(x), d.log_survival_function(x), d.quantile([0.2, 0.9]), d.entropy(),
                d.mean(), d.variance(), d.mode())
    wanted = [oracle.logpdf(x), oracle.cdf(x), oracle.logcdf(x), oracle.sf(x), oracle.logsf(x), oracle.ppf([0.2, 0.9]), oracle.entropy(), loc,
              oracle.var(), loc]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    draws = run(d.sample(4000))[0]
    assert all(stats.kstest(draws[:, i], stats.logistic(loc[i], scale[i]).cdf).pvalue > 1e-4 for i in range(2))


def test_classes_as_vectors():
    p = np.array([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]])
    d = DS.OneHotCategorical(probs=p)
    at = np.array([[0, 0, 1], [0, 1, 0]])
    found = run(d.log_prob(at), d.entropy(), d.mode(), d.mean(), d.variance(), d.covariance(), d.sample(2000, seed=3), DS.kl_divergence(
        d, DS.OneHotCategorical(logits=np.zeros((2, 3)))))
    wanted = [np.log([0.5, 1.0]), stats.entropy(p, axis=1), at, p, p * (1 - p), [np.diag(q) - np.outer(q, q) for q in p]]
    for one, other in zip(found, wanted, strict=False):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    assert d.dtype == tf.int32 and found[6].dtype == np.int32 and (found[6].sum(-1) == 1).all() and d.sample(2).shape == [2, 2, 3]
    np.testing.assert_allclose(found[6].mean(0), p, atol=0.04)
    np.testing.assert_allclose(found[7], np.log(3) - stats.entropy(p, axis=1), rtol=1e-9)


def test_relaxed_classes():
    p, t = np.array([0.2, 0.3, 0.5]), 0.7
    d = DS.RelaxedOneHotCategorical(t, probs=p)
    assert d.event_shape == [3] and d.batch_shape == [] and d.reparameterization_type is DS.FULLY_REPARAMETERIZED and d.dtype == tf.float64
    x = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    # Maddison et al. (2017), equation 10.
    wanted = [2 * t**2 * np.prod(p * q ** (-t - 1)) / np.sum(p * q**-t) ** 3 for q in x]
    y = d.sample(4000, seed=2)
    slope = tf.gradients(tf.reduce_sum(y[:, 0]), d.logits)[0]
    in_logs = DS.ExpRelaxedOneHotCategorical(t, probs=p).log_prob(np.log(x))
    density, logs, draws, slopes, temperature = run(d.prob(x), in_logs, y, slope, d.temperature)
    np.testing.assert_allclose(density, wanted, rtol=1e-7)
    np.testing.assert_allclose(logs, np.log(wanted) + np.log(x).sum(-1), rtol=1e-7)
    np.testing.assert_allclose(draws.sum(-1), 1.0)
    np.testing.assert_allclose(np.bincount(draws.argmax(-1)) / 4000, p, atol=0.04)
    assert slopes[0] > 0 and slopes[1] < 0 and temperature == pytest.approx(t) and run(d.probs)[0].tolist() == p.tolist()


def test_relaxed_coins():
    p, t = np.array([0.3, 0.6]), 0.5
    d = DS.RelaxedBernoulli(t, probs=p)
    x = np.array([0.2, 0.7])
    alpha = p / (1 - p)
    wanted = t * alpha * x ** (-t - 1) * (1 - x) ** (-t - 1) / (alpha * x**-t + (1 - x) ** -t) ** 2
    density, draws, logits = run(d.prob(x), d.sample(4000, seed=1), d.logits)
    np.testing.assert_allclose(density, wanted, rtol=1e-6)
    np.testing.assert_allclose((draws > 0.5).mean(0), p, atol=0.04)
    np.testing.assert_allclose(logits, np.log(alpha))
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(DS.RelaxedBernoulli(tf.placeholder_with_default(-1.0, []), probs=[0.5], validate_args=True).sample())


@pytest.mark.parametrize("mistake, error, words", [
    (lambda: DS.MultivariateNormalTriL(), tf.errors.GraphError, "give loc or scale_tril"),
    (lambda: DS.MultivariateNormalDiagPlusLowRank(scale_identity_multiplier=1.0), tf.errors.GraphError, "give loc, scale_diag"),
    (lambda: DS.Mixture(DS.Normal(0.0, 1.0), []), tf.errors.DTypeError, "cat is a Categorical"),
    (lambda: DS.Mixture(DS.Categorical(probs=[1.0]), 3), tf.errors.DTypeError, "components is a list"),
    (lambda: DS.Mixture(DS.Categorical(probs=[1.0]), []), tf.errors.GraphError, "0 components for 1 classes"),
    (lambda: DS.Mixture(DS.Categorical(probs=[0.5, 0.5]), [DS.Normal(0.0, 1.0), DS.Normal(np.float64(0.0), np.float64(1.0))]), tf.errors.DTypeError,
     "float32, float64"),
    (lambda: DS.MixtureSameFamily(DS.Normal(0.0, 1.0), DS.Normal([0.0], 1.0)), tf.errors.GraphError, "of whole numbers"),
    (lambda: DS.MixtureSameFamily(DS.Categorical(probs=[1.0]), DS.Normal(0.0, 1.0)), tf.errors.ShapeError, "is a batch"),
    (lambda: DS.MixtureSameFamily(DS.Categorical(probs=[1.0]), DS.Normal([0.0, 0.0], 1.0)), tf.errors.ShapeError, "do not fit"),
    (lambda: DS.OneHotCategorical(), tf.errors.GraphError, "takes logits or probs"),
    (lambda: DS.RelaxedOneHotCategorical(0.5, logits=0.0), tf.errors.ShapeError, "rank"),
])
def test_mistakes(mistake, error, words):
    with pytest.raises(error, match=words):
        mistake()
