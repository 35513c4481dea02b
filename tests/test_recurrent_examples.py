"""The examples with loops: they reach what they promise, compute what a formula says, have right gradients, and refuse bad input."""

from __future__ import annotations

import re
from pathlib import Path

import char_rnn
import hopfield
import kalman
import neural_turing_machine
import numpy as np
import pytest
import rbm
from scipy.stats import multivariate_normal

import graphc as tf
from tests.test_examples import run

pytestmark = pytest.mark.example


def drawn(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG")


# ---------------------------------------------------------------------- programs

def test_char_rnn_learns_and_writes(tmp_path: Path) -> None:
    done = run("char_rnn.py", "--epochs", "30", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    nats = re.search(r"^([\d.]+) nats a letter, [\d.]+ bits, of 84 lines$", done.stdout, re.MULTILINE)
    assert nats is not None and float(nats[1]) < 1.6, done.stdout
    assert len(re.findall(r"^\| \S", done.stdout, re.MULTILINE)) == 8 and len(re.findall("^epoch ", done.stdout, re.MULTILINE)) == 10


def test_hopfield_recalls(tmp_path: Path) -> None:
    done = run("hopfield.py", "--out", "hopfield.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "10 of 10 digits stay as they are" in done.stdout and "never rises: True" in done.stdout
    found = re.search(r"^(\d+) of 10 are recalled with 15% of the pixels turned over, after (\d+) sweeps$", done.stdout, re.MULTILINE)
    assert found is not None and int(found[1]) >= 9 and 1 < int(found[2]) < 10
    assert drawn(tmp_path / "hopfield.png")


def test_rbm_dreams(tmp_path: Path) -> None:
    done = run("rbm.py", "--epochs", "8", "--out", "rbm.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = re.search(r"^mean squared error ([\d.]+); held-out digits have a free energy of (\S+), their pixels in another order (\S+)$",
                      done.stdout, re.MULTILINE)
    assert found is not None and float(found[1]) < 0.035 and float(found[2]) < float(found[3]) - 20, done.stdout
    assert drawn(tmp_path / "rbm.png")


def test_turing_machine_copies(tmp_path: Path) -> None:
    done = run("neural_turing_machine.py", "--steps", "700", "--out", "heads.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    parts = dict(re.findall(r"^sequences of (\d+): ([\d.]+)% of the bits are right", done.stdout, re.MULTILINE))
    assert parts.keys() == {"6", "12", "18"} and float(parts["6"]) > 97 and float(parts["12"]) > 85, done.stdout
    assert drawn(tmp_path / "heads.png")


def test_kalman_finds_the_noise(tmp_path: Path) -> None:
    done = run("kalman.py", "--out", "path.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    noise = re.search(r"with q = ([\d.]+) \(3.00\) and r = ([\d.]+) \(0.500\)$", done.stdout, re.MULTILINE)
    assert noise is not None and 2 < float(noise[1]) < 4 and 0.45 < float(noise[2]) < 0.55, done.stdout
    errors = re.search(r"^distance from the path: ([\d.]+) as seen, ([\d.]+) filtered$", done.stdout, re.MULTILINE)
    assert errors is not None and float(errors[2]) < 0.7 * float(errors[1])
    assert drawn(tmp_path / "path.png")


@pytest.mark.parametrize(("name", "args", "message"), [
    ("char_rnn.py", ["--epochs", "0"], "--epochs must be at least 1, not 0"), ("char_rnn.py", ["--text", "none.txt"], "there is no file none.txt"),
    ("char_rnn.py", ["--temperature", "0"], "--temperature must be above 0, not 0.0"),
    ("hopfield.py", ["--patterns", "11"], "--patterns must be between 1 and 10, not 11"),
    ("hopfield.py", ["--noise", "nan"], "--noise must be between 0 and 0.5, not nan"),
    ("rbm.py", ["--hidden", "0"], "--hidden must be at least 1, not 0"), ("rbm.py", ["--out", "x.txt"], "--out must end in one of "),
    ("neural_turing_machine.py", ["--longest", "13"], "--longest must be between 1 and 12, not 13"),
    ("kalman.py", ["--steps", "1"], "--steps must be at least 2, not 1"),
    ("kalman.py", ["--out", "no/x.png"], "there is no folder no to write x.png"),
])
def test_refuses(name: str, args: list[str], message: str, tmp_path: Path) -> None:
    done = run(name, *args, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr


def test_text_without_letters_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n \n")
    done = run("char_rnn.py", "--text", "empty.txt", cwd=tmp_path)
    assert done.returncode == 2 and "there are no letters in empty.txt" in done.stderr


# ---------------------------------------------------------------------- against formulas

def test_likelihood_is_that_of_all_observations_together(session: tf.Session) -> None:
    """The filter's sum over the steps against one Gaussian of all that is seen, whose covariance is written down."""
    steps, q, r = 6, 0.7, 0.4
    _, y = kalman.simulated(steps, q, r, 3)
    power = [np.linalg.matrix_power(kalman.A, k) for k in range(steps)]
    covariance = np.zeros((steps, steps, 2, 2))
    for a in range(steps):
        for b in range(steps):
            inner = power[a] @ kalman.FIRST @ power[b].T
            inner = inner + sum((q**2 * power[a - k] @ kalman.Q @ power[b - k].T for k in range(1, min(a, b) + 1)), np.zeros((4, 4)))
            covariance[a, b] = kalman.C @ inner @ kalman.C.T + (r**2 * np.eye(2) if a == b else 0)
    whole = covariance.transpose(0, 2, 1, 3).reshape(2 * steps, 2 * steps)
    likelihood, means = kalman.filtered(tf.constant(y), tf.constant(q, tf.float64), tf.constant(r, tf.float64))
    found, path = session.run([likelihood, means])
    assert found == pytest.approx(multivariate_normal(cov=whole).logpdf(y.ravel()), rel=1e-12)
    last = [power[-1] @ kalman.FIRST @ power[b].T + sum((q**2 * power[steps - 1 - k] @ kalman.Q @ power[b - k].T for k in range(1, b + 1)),
                                                        np.zeros((4, 4))) for b in range(steps)]
    cross = np.concatenate([x @ kalman.C.T for x in last], 1)
    np.testing.assert_allclose(path[-1], cross @ np.linalg.solve(whole, y.ravel()), rtol=1e-9)


def test_sweep_is_a_loop_over_the_units(session: tf.Session) -> None:
    stored = hopfield.patterns(4)
    w = hopfield.weights(stored)
    s = np.random.default_rng(1).choice([-1, 1], (3, 64)).astype(np.float32)
    found = session.run(hopfield.sweep(tf.constant(s), tf.constant(w)))
    for i in range(64):
        s[:, i] = np.where(s @ w[i] >= 0, 1, -1)
    np.testing.assert_array_equal(found, s)


def test_free_energy_sums_over_all_hidden_units(session: tf.Session) -> None:
    machine = rbm.Machine(3)
    v = np.random.default_rng(2).integers(0, 2, (2, 64)).astype(np.float32)
    found, w, b, c = session.run([machine.free_energy(tf.constant(v)), machine.w, machine.b, machine.c])
    hidden = np.array([[k >> i & 1 for i in range(3)] for k in range(8)])
    wanted = [-np.log(np.exp(row @ w @ hidden.T + row @ b + hidden @ c).sum()) for row in v]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


# ---------------------------------------------------------------------- gradients

def test_gradient_of_the_likelihood() -> None:
    _, y = kalman.simulated(5, 1.0, 0.5, 1)
    tf.testing.check_grads(lambda logs: kalman.filtered(tf.constant(y), tf.exp(logs[0]), tf.exp(logs[1]))[0], (np.log([0.8, 0.6]),), order=2)


def test_gradient_of_the_turing_machine() -> None:
    inputs, bits = neural_turing_machine.task(2, 2, np.random.default_rng(0))

    def loss(x: tf.Tensor) -> tf.Tensor:
        with tf.variable_scope("m", dtype=tf.float64, initializer=tf.random_uniform_initializer(-0.7, 0.7, seed=2), reuse=tf.AUTO_REUSE):
            return neural_turing_machine.network(x, tf.constant(np.float64(bits)), 4)[0]
    tf.testing.check_grads(loss, (np.float64(inputs),), order=1)


def test_gradient_of_the_text_model() -> None:
    def loss(table: tf.Tensor) -> tf.Tensor:
        with tf.variable_scope("m", dtype=tf.float64, initializer=tf.random_uniform_initializer(-0.7, 0.7, seed=2), reuse=tf.AUTO_REUSE):
            model = char_rnn.Model(6, 3, tf.float64)
            model.table = table
            return model.loss(tf.constant([[0, 2, 3], [0, 4, 0]]), tf.constant([[2, 3, 1], [4, 1, 1]]), tf.constant([3, 2]))
    tf.testing.check_grads(loss, (np.random.default_rng(0).normal(size=(6, 32)),), order=1)
