"""Distributions against SciPy and quadrature: densities, distribution functions, moments, samples, divergences, shapes, gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

import graphc as tf

D = tf.distributions
A, B = np.array([0.5, 2.0, 3.5]), np.array([1.5, 0.7, 4.0])
# A family, its parameters (batches), SciPy's distribution of the same, and values to look at.
FAMILIES = [
    ("Normal", lambda: D.Normal(A - 2.0, B), stats.norm(A - 2.0, B), [-1.0, 0.3, 5.0]),
    ("Laplace", lambda: D.Laplace(A - 2.0, B), stats.laplace(A - 2.0, B), [-1.0, 0.3, 5.0]),
    ("Uniform", lambda: D.Uniform(A, A + B), stats.uniform(A, B), [0.6, 2.5, 9.0]),
    ("Exponential", lambda: D.Exponential(A), stats.expon(scale=1 / A), [0.1, 1.0, 3.0]),
    ("Gamma", lambda: D.Gamma(A, B), stats.gamma(A, scale=1 / B), [0.1, 1.0, 3.0]),
    ("Beta", lambda: D.Beta(A, B), stats.beta(A, B), [0.1, 0.5, 0.9]),
    ("StudentT", lambda: D.StudentT(A + 2.0, A, B), stats.t(A + 2.0, A, B), [-1.0, 0.3, 5.0]),
    ("Poisson", lambda: D.Poisson(A), stats.poisson(A), [0.0, 2.0, 7.0]),
    ("Bernoulli", lambda: D.Bernoulli(probs=A / 5), stats.bernoulli(A / 5), [0, 1, 1]),
]
IDS = [row[0] for row in FAMILIES]
JIT = pytest.mark.parametrize("jit", [True, False])


def run(*fetches, jit=False):
    return tf.Session(jit=jit).run(list(fetches))


@JIT
@pytest.mark.parametrize("name, make, oracle, at", FAMILIES, ids=IDS)
def test_densities_and_moments(name, make, oracle, at, jit):
    d = make()
    assert d.batch_shape == [3] and d.event_shape == [] and d.name == name and d.is_scalar_event()
    log_density = oracle.logpmf if name in ("Poisson", "Bernoulli") else oracle.logpdf
    found = run(d.log_prob(np.array(at)), d.prob(np.array(at)), d.mean(), d.variance(), d.stddev(), d.batch_shape_tensor(), jit=jit)
    wanted = [log_density(at), np.exp(log_density(at)), oracle.mean(), oracle.var(), oracle.std(), [3]]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)
    if name != "Poisson":
        np.testing.assert_allclose(run(d.entropy(), jit=jit)[0], oracle.entropy(), rtol=1e-9)


@pytest.mark.parametrize("name, make, oracle, at", FAMILIES[:4], ids=IDS[:4])
def test_distribution_functions(name, make, oracle, at):
    d = make()
    found = run(d.cdf(np.array(at)), d.log_cdf(np.array(at)), d.survival_function(np.array(at)), d.log_survival_function(np.array(at)))
    with np.errstate(divide="ignore"):
        for one, other in zip(found, (oracle.cdf(at), oracle.logcdf(at), oracle.sf(at), oracle.logsf(at)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name, make, oracle, at", FAMILIES, ids=IDS)
def test_samples_follow_their_distribution(name, make, oracle, at):
    tf.set_random_seed(3)
    d = make()
    draws, one = run(d.sample(4000), d.sample())
    assert draws.shape == (4000, 3) and one.shape == (3,) and d.sample([2, 5]).shape == [2, 5, 3] and d._sample_n(7).shape == [7, 3]
    for i in range(3):
        if name in ("Poisson", "Bernoulli"):
            p = np.diff(oracle.cdf(np.arange(-1, 6)[:, None])[:, i])
            seen = np.array([(draws[:, i] == k).sum() for k in range(6)])[p > 1e-3]
            p = p[p > 1e-3]
            assert ((seen - 4000 * p) ** 2 / (4000 * p)).sum() < 35
        else:
            assert stats.kstest(draws[:, i], lambda x, i=i: oracle.cdf(x[:, None])[:, i]).pvalue > 1e-4


def test_modes():
    found = run(D.Normal(A, B).mode(), D.Beta(A + 1.0, B + 1.0).mode(), D.Gamma(A + 1.0, B).mode(), D.Exponential(A).mode(),
                D.Bernoulli(probs=A / 5).mode(), D.Beta(0.5, 2.0).mode(), D.Laplace(A, B).mode(), D.StudentT(A, A, B).mode(), D.Poisson(A).mode())
    wanted = [A, A / (A + B), A / B, np.zeros(3), [0, 0, 1], np.nan, A, A, np.floor(A)]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_students_t_without_moments():
    found = run(D.StudentT([0.5, 1.5, 3.0], 0.0, 1.0).mean(), D.StudentT([0.5, 1.5, 3.0], 0.0, 1.0).variance())
    np.testing.assert_allclose(found[0], [np.nan, 0, 0])
    np.testing.assert_allclose(found[1], [np.nan, np.inf, 3.0])


# ---------------------------------------------------------------------- counts

TOTAL = np.array([4, 7])
COUNTS = np.array([[1.0, 1.0, 2.0], [2.0, 0.0, 5.0]])
CHANCES = np.array([[0.2, 0.3, 0.5], [0.1, 0.0, 0.9]])
CONCENTRATION = np.array([1.0, 2.0, 3.5])


def log_dirichlet_multinomial(n, x, a):
    """By Mosimann's formula (1962), a product of rising factorials."""
    rising = [np.prod(a[i] + np.arange(int(k))) for i, k in enumerate(x)]
    return np.log(math.factorial(n) * np.prod(rising) / np.prod([math.factorial(int(k)) for k in x]) / np.prod(a.sum() + np.arange(n)))


def dirichlet_covariance(n, a):
    p = a / a.sum()
    return n * (np.diag(p) - np.outer(p, p)) * (n + a.sum()) / (1 + a.sum())


# A distribution of counts, the log of the probability of COUNTS, its mean and covariance.
OF_COUNTS = [
    ("Multinomial", lambda: D.Multinomial(TOTAL * 1.0, probs=CHANCES), [stats.multinomial(TOTAL[i], CHANCES[i]).logpmf(COUNTS[i]) for i in range(2)],
     TOTAL[:, None] * CHANCES, [stats.multinomial(TOTAL[i], CHANCES[i]).cov() for i in range(2)]),
    ("Multinomial", lambda: D.Multinomial(TOTAL * 1.0, logits=np.log(CHANCES[0]) + 5.0),
     [stats.multinomial(TOTAL[i], CHANCES[0]).logpmf(COUNTS[i]) for i in range(2)],
     TOTAL[:, None] * CHANCES[0], [stats.multinomial(n, CHANCES[0]).cov() for n in TOTAL]),
    ("DirichletMultinomial", lambda: D.DirichletMultinomial(TOTAL * 1.0, CONCENTRATION),
     [log_dirichlet_multinomial(TOTAL[i], COUNTS[i], CONCENTRATION) for i in range(2)], TOTAL[:, None] * CONCENTRATION / CONCENTRATION.sum(),
     [dirichlet_covariance(n, CONCENTRATION) for n in TOTAL]),
]


@JIT
@pytest.mark.parametrize("name, make, log_prob, mean, covariance", OF_COUNTS)
def test_counts(name, make, log_prob, mean, covariance, jit):
    tf.set_random_seed(4)
    d = make()
    assert d.batch_shape == [2] and d.event_shape == [3] and d.name == name and d.reparameterization_type is D.NOT_REPARAMETERIZED
    found = run(d.log_prob(COUNTS), d.prob(COUNTS), d.mean(), d.covariance(), d.variance(), d.batch_shape_tensor(), d.event_shape_tensor(), jit=jit)
    wanted = [log_prob, np.exp(log_prob), mean, covariance, np.diagonal(covariance, axis1=1, axis2=2), [2], [3]]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    draws, single = run(d.sample([2, 1000]), d.sample(), jit=jit)
    assert draws.shape == (2, 1000, 2, 3) and single.shape == (2, 3) and (draws.sum(-1) == TOTAL).all() and (draws >= 0).all()
    flat = draws.reshape(-1, 2, 3)
    np.testing.assert_allclose(flat.mean(0), mean, atol=0.2)
    np.testing.assert_allclose([np.cov(flat[:, i].T) for i in range(2)], covariance, atol=0.45)


def test_counts_of_one():
    d = D.Multinomial(3.0, probs=[0.5, 0.5])
    assert d.batch_shape == [] and d.copy(total_count=2.0).sample(5).shape == [5, 2]
    assert (run(d.copy(total_count=2.0).sample(5))[0].sum(1) == 2).all()
    assert run(D.DirichletMultinomial(0.0, [1.0, 1.0]).sample(2))[0].tolist() == [[0, 0], [0, 0]]
    with pytest.raises(tf.errors.GraphError, match="Multinomial takes logits or probs"):
        D.Multinomial(1.0)


def test_covariances():
    p, total = CONCENTRATION / CONCENTRATION.sum(), CONCENTRATION.sum()
    found = run(D.Dirichlet(CONCENTRATION).covariance(), D.MultivariateNormalDiag([0.0, 1.0], np.array([0.5, 2.0])).covariance())
    np.testing.assert_allclose(found[0], (np.diag(p) - np.outer(p, p)) / (1 + total), rtol=1e-9)
    np.testing.assert_allclose(found[1], np.diag([0.25, 4.0]), rtol=1e-9)
    with pytest.raises(tf.errors.GraphError, match="Normal has no covariance"):
        D.Normal(0.0, 1.0).covariance()


# ---------------------------------------------------------------------- vectors and classes

@JIT
def test_normal_vectors(jit):
    loc, scale = np.array([[0.0, 1.0], [2.0, -1.0]]), np.array([0.5, 2.0])
    d = D.MultivariateNormalDiag(loc, scale)
    at = np.array([0.3, 0.4])
    oracle = [stats.multivariate_normal(m, np.diag(scale**2)) for m in loc]
    found = run(d.log_prob(at), d.entropy(), d.mean(), d.stddev(), jit=jit)
    for one, other in zip(found, ([o.logpdf(at) for o in oracle], [o.entropy() for o in oracle], loc, np.broadcast_to(scale, (2, 2))), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    assert d.batch_shape == [2] and d.event_shape == [2] and d.sample(5).shape == [5, 2, 2]
    tf.set_random_seed(0)
    draws = run(d.sample(4000))[0]
    np.testing.assert_allclose(draws.mean(0), loc, atol=0.15)
    np.testing.assert_allclose(draws.std(0), np.broadcast_to(scale, (2, 2)), rtol=0.06)
    small = D.MultivariateNormalDiag(loc=[1.0, 2.0], scale_identity_multiplier=0.5)
    np.testing.assert_allclose(run(small.stddev())[0], [0.5, 0.5])


def test_dirichlet():
    a = np.array([0.5, 2.0, 3.5])
    d, oracle, at = D.Dirichlet(a), stats.dirichlet(a), np.array([0.2, 0.3, 0.5])
    found = run(d.log_prob(at), d.entropy(), d.mean(), d.variance())
    for one, other in zip(found, (oracle.logpdf(at), oracle.entropy(), oracle.mean(), oracle.var()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    assert d.event_shape == [3] and d.batch_shape == []
    np.testing.assert_allclose(run(D.Dirichlet(a + 1.0).mode())[0], a / a.sum())
    tf.set_random_seed(0)
    draws = run(d.sample([4000]))[0]
    np.testing.assert_allclose(draws.sum(1), 1.0)
    np.testing.assert_allclose(draws.mean(0), oracle.mean(), atol=0.015)
    for i in range(3):              # each element is Beta with the rest of the concentration
        assert stats.kstest(draws[:, i], stats.beta(a[i], a.sum() - a[i]).cdf).pvalue > 1e-4


@JIT
def test_classes(jit):
    logits = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0 + 1e-300]]))
    p = np.exp(logits)
    d = D.Categorical(logits=logits)
    found = run(d.log_prob([2, 0]), d.entropy(), d.mode(), D.Categorical(probs=p).prob([[0, 1], [1, 0]]), jit=jit)
    wanted = [np.log([0.7, 0.5]), stats.entropy(p, axis=1), [2, 0], [[0.1, 0.5], [0.2, 0.5]]]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    tf.set_random_seed(0)
    draws = tf.Session(jit=jit).run(d.sample([50, 40]))
    assert draws.shape == (50, 40, 2) and draws.dtype == np.int32 and d.batch_shape == [2] and d.event_shape == []
    counts = np.bincount(draws[..., 0].ravel(), minlength=3)
    assert ((counts - 2000 * p[0]) ** 2 / (2000 * p[0])).sum() < 20
    one = D.Categorical(probs=[0.0, 1.0])
    assert run(one.sample(), one.sample(3), one.entropy(), one.log_prob(0))[0] == 1 and run(one.log_prob(0))[0] == -np.inf


def test_bernoulli_by_logits_is_sure_in_its_tails():
    d = D.Bernoulli(logits=[-1000.0, 0.0, 1000.0])
    np.testing.assert_allclose(run(d.log_prob([1, 1, 1]))[0], [-1000.0, np.log(0.5), 0.0])


# ---------------------------------------------------------------------- divergences

def quadrature(p, q, low, high):
    """E_p[log p - log q], integrated."""
    return integrate.quad(lambda x: np.exp(p.logpdf(x)) * (p.logpdf(x) - q.logpdf(x)), low, high, limit=200)[0]


DIVERGENCES = [
    (lambda: (D.Normal(0.5, 1.5), D.Normal(-1.0, 0.7)), lambda: quadrature(stats.norm(0.5, 1.5), stats.norm(-1, 0.7), -20, 20)),
    (lambda: (D.Laplace(0.5, 1.5), D.Laplace(-1.0, 0.7)), lambda: sum(quadrature(stats.laplace(0.5, 1.5), stats.laplace(-1, 0.7), *r)
                                                                    for r in ((-40, -1), (-1, 0.5), (0.5, 40)))),
    (lambda: (D.Gamma(2.0, 1.5), D.Gamma(3.0, 0.7)), lambda: quadrature(stats.gamma(2, scale=1 / 1.5), stats.gamma(3, scale=1 / 0.7), 1e-9, 60)),
    (lambda: (D.Exponential(2.0), D.Exponential(0.7)), lambda: quadrature(stats.expon(scale=0.5), stats.expon(scale=1 / 0.7), 0, 40)),
    (lambda: (D.Beta(2.0, 1.5), D.Beta(3.0, 1.2)), lambda: quadrature(stats.beta(2, 1.5), stats.beta(3, 1.2), 1e-9, 1 - 1e-9)),
    (lambda: (D.Uniform(0.0, 1.0), D.Uniform(-1.0, 3.0)), lambda: np.log(4)), (lambda: (D.Uniform(0.0, 1.0), D.Uniform(0.5, 3.0)), lambda: np.inf),
    (lambda: (D.Dirichlet([2.0, 1.5]), D.Dirichlet([3.0, 1.2])), lambda: quadrature(stats.beta(2, 1.5), stats.beta(3, 1.2), 1e-9, 1 - 1e-9)),
    (lambda: (D.Bernoulli(probs=0.3), D.Bernoulli(probs=0.6)), lambda: stats.entropy([0.3, 0.7], [0.6, 0.4])),
    (lambda: (D.Categorical(probs=[0.2, 0.8, 0.0]), D.Categorical(probs=[0.5, 0.25, 0.25])), lambda: stats.entropy([0.2, 0.8, 0], [0.5, 0.25, 0.25])),
    (lambda: (D.Poisson(2.0), D.Poisson(3.5)), lambda: stats.entropy(stats.poisson(2).pmf(np.arange(60)), stats.poisson(3.5).pmf(np.arange(60)))),
    (lambda: (D.MultivariateNormalDiag([0.5, 0.0], [1.5, 1.0]), D.MultivariateNormalDiag([-1.0, 0.0], [0.7, 1.0])),
     lambda: quadrature(stats.norm(0.5, 1.5), stats.norm(-1, 0.7), -20, 20)),
]


@pytest.mark.parametrize("make, wanted", DIVERGENCES)
def test_divergences(make, wanted):
    a, b = make()
    found = run(tf.distributions.kl_divergence(a, b), a.kl_divergence(b), a.kl_divergence(a))
    np.testing.assert_allclose(found, [wanted(), wanted(), 0], rtol=2e-5, atol=1e-6)


def test_divergences_of_ones_own():
    class Mine(D.Normal):
        pass

    class Other(D.Normal):
        pass
    assert run(tf.distributions.kl_divergence(Mine(0.0, 1.0), D.Normal(1.0, 1.0)))[0] == 0.5
    tf.distributions.RegisterKL(Mine, Other)(lambda a, b: tf.constant(7.0))
    assert run(tf.distributions.kl_divergence(Mine(0.0, 1.0), Other(1.0, 1.0)))[0] == 7.0
    with pytest.raises(tf.errors.GraphError, match="there is one for Mine and Other"):
        tf.distributions.RegisterKL(Mine, Other)(lambda a, b: tf.constant(7.0))


# ---------------------------------------------------------------------- as programs use them

def test_gradients_go_through_samples_and_densities():
    loc, scale = tf.Variable(0.5), tf.Variable(2.0)
    d = D.Normal(loc, scale)
    x = d.sample(seed=1)
    value, by_loc, by_scale = run(x, *tf.gradients(x, [loc, scale]))
    assert by_loc == 1.0 and abs(by_scale - (value - 0.5) / 2.0) < 1e-6
    found = run(*tf.gradients(d.log_prob(tf.stop_gradient(tf.constant(1.5))), [loc, scale]))
    np.testing.assert_allclose(found, [1.0 / 4.0, -1 / 2.0 + 1.0 / 8.0], rtol=1e-6)


def test_parameters_of_unknown_shape():
    mu = tf.placeholder(tf.float32, [None, 2])
    d = D.Normal(mu, tf.nn.softplus(mu) + 0.1)
    x, p = tf.Session(jit=True).run([d.sample(3), d.log_prob(0.0)], {mu: np.zeros((4, 2))})
    assert x.shape == (3, 4, 2) and p.shape == (4, 2) and d.sample(3).shape.as_list() == [3, None, 2]
    n = tf.placeholder(tf.int32)
    assert tf.Session(jit=False).run(d.sample(n), {mu: np.zeros((4, 2)), n: 6}).shape == (6, 4, 2)
    assert tf.Session(jit=False).run(tf.squeeze(d.sample(1), axis=0), {mu: np.zeros((4, 2))}).shape == (4, 2)


def test_copies_and_names():
    d = D.Normal(loc=1.0, scale=2.0, name="pi")
    assert run(d.copy(loc=3.0).mean(), d.mean()) == [3.0, 1.0] and d.name == "pi" and tf.contrib.distributions.Normal is D.Normal
    assert repr(d) == "<Normal 'pi' batch_shape=() event_shape=() dtype=float32>"
    assert d.reparameterization_type == D.FULLY_REPARAMETERIZED != D.Bernoulli(probs=0.5).reparameterization_type


@pytest.mark.parametrize("call, error", [
    (lambda: D.Bernoulli(), tf.errors.GraphError), (lambda: D.Bernoulli(0.5, probs=0.5), tf.errors.GraphError),
    (lambda: D.Normal(tf.constant(1), 1.0), tf.errors.DTypeError), (lambda: D.Gamma(1.0, 1.0).cdf(1.0), tf.errors.GraphError),
    (lambda: tf.distributions.kl_divergence(D.Normal(0.0, 1.0), D.Gamma(1.0, 1.0)), tf.errors.GraphError),
    (lambda: D.MultivariateNormalDiag(), tf.errors.GraphError), (lambda: D.Categorical(0.5), tf.errors.ShapeError),
    (lambda: D.Normal([0.0, 1.0], [1.0, 2.0, 3.0]), tf.errors.ShapeError), (lambda: D.Normal(0.0, 1.0).sample([-1]), tf.errors.ShapeError),
])
def test_what_is_refused(call, error):
    with pytest.raises(error):
        call()
