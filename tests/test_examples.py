"""The examples run as programs, reach what they promise, and refuse bad input with a sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import autograd.numpy as anp
import deconvolution
import digits
import numpy as np
import pytest
from autograd import grad
from scipy.special import multigammaln

import graphc as tf
from tests import ROOT
from tests.waiting import PATIENCE

EXAMPLES = ROOT / "examples"
pytestmark = pytest.mark.example


def run(name: str, *args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(EXAMPLES.parent)}
    return subprocess.run([sys.executable, str(EXAMPLES / name), *args], cwd=cwd, env=environment, text=True,
                          capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)


def test_digits_reaches_97_percent_and_draws_its_loss(tmp_path: Path) -> None:
    done = run("digits.py", "--out", "curve.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    accuracy = re.search(r"^held-out accuracy: ([\d.]+)% of 360 digits$", done.stdout, re.MULTILINE)
    assert accuracy is not None and float(accuracy[1]) >= 97, done.stdout
    assert re.search(r"^\d+ kernels compiled in [\d.]+ s, \d+ loaded from the cache$", done.stdout, re.MULTILINE)
    assert re.search(r"^a training step of 64 digits: \d+ us", done.stdout, re.MULTILINE)
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_text_classifier_tells_books_apart(tmp_path: Path) -> None:
    done = run("text_classifier.py", "--logdir", "curves", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    accuracy = re.search(r"^held-out accuracy: ([\d.]+)% of 200 verses, the best of 4 epochs$", done.stdout, re.MULTILINE)
    assert accuracy is not None and float(accuracy[1]) >= 85, done.stdout
    assert len(re.findall(r"^epoch +\d+: loss ", done.stdout, re.MULTILINE)) == 4
    assert [line.split()[0] for line in done.stdout.splitlines()[-2:]] == ["psalms", "acts"]
    assert [p.name.startswith("events.out.tfevents.") for p in (tmp_path / "curves").iterdir()] == [True]
    assert done.stdout == run("text_classifier.py", cwd=tmp_path).stdout            # the same seed, the same numbers


def test_deconvolution_sharpens_what_it_has_not_seen(tmp_path: Path) -> None:
    done = run("deconvolution.py", "--out", "sharp.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    errors = re.search(r"^error of pixels that it has not seen: ([\d.]+) blurred, ([\d.]+) sharpened$", done.stdout, re.MULTILINE)
    assert errors is not None and float(errors[2]) < 0.5 * float(errors[1]), done.stdout
    assert (tmp_path / "sharp.png").read_bytes().startswith(b"\x89PNG")


def test_deconvolution_learns_wieners_filter() -> None:
    """The regression of sharp spectra on blurred ones has a formula: sum conj(B) S / sum |B|^2."""
    training, *_ = digits.load()
    wanted = deconvolution.sharp(training[:200])
    seen = deconvolution.blurred(wanted, 3, 0.1, 0)
    strength = np.sqrt(np.square(np.abs(np.fft.rfft2(seen))).mean(0))
    x, y = (tf.placeholder(tf.float32, [None, 16, 16]) for _ in range(2))
    loss, _, found = deconvolution.model(x, y, strength)
    train = tf.train.GradientDescentOptimizer(deconvolution.RATE * deconvolution.SIDE**4 / 2).minimize(loss)
    session = tf.Session()
    for _ in range(60):
        session.run(train, {x: seen, y: wanted})
    b, s = np.fft.rfft2(seen), np.fft.rfft2(wanted)
    np.testing.assert_allclose(session.run(found), (b.conj() * s).sum(0) / np.square(np.abs(b)).sum(0), atol=2e-4)


@pytest.mark.parametrize(("args", "message"), [
    (["--length", "9"], "--length must be between 1 and 8, not 9"), (["--noise", "nan"], "--noise must be between 0 and 1, not nan"),
    (["--steps", "0"], "--steps must be at least 1, not 0"), (["--out", "x.txt"], "--out must end in one of "),
])
def test_deconvolution_refuses(args: list[str], message: str, tmp_path: Path) -> None:
    done = run("deconvolution.py", *args, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("args", "message"), [
    (["--epochs", "0"], "--epochs must be between 1 and 1000, not 0"),
    (["--batch", "many"], "--batch must be between 1 and 1000, not many"),
    (["--seed", "-1"], "--seed must be between 0 and 4294967296, not -1"),
])
def test_text_classifier_refuses(args: list[str], message: str, tmp_path: Path) -> None:
    done = run("text_classifier.py", *args, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr


def test_cnn_digits_reaches_98_5_percent_and_draws_its_filters(tmp_path: Path) -> None:
    done = run("cnn_digits.py", "--out", "maps.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    accuracy = re.search(r"^held-out accuracy: ([\d.]+)% of 360 digits$", done.stdout, re.MULTILINE)
    assert accuracy is not None and float(accuracy[1]) >= 98.5, done.stdout
    assert len(re.findall(r"^epoch +\d+: loss ", done.stdout, re.MULTILINE)) == 10        # of the bar, where there is no terminal
    assert (tmp_path / "maps.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["graph_convolution.py", "graph_attention.py", "message_passing.py"])
def test_graph_network_tells_the_factions_and_checks_its_gradients(name: str, tmp_path: Path) -> None:
    done = run(name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "gradients: as differences have them" in done.stdout
    told = re.search(r"^told rightly: (\d+) of the 32 others$", done.stdout, re.MULTILINE)
    assert told is not None and int(told[1]) >= 28, done.stdout
    refused = run(name, "--units", "0", cwd=tmp_path)
    assert refused.returncode == 2 and "--units must be between 1 and 1024, not 0" in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.parametrize(("args", "message"), [
    (["--epochs", "0"], "--epochs must be between 1 and 10000, not 0"),
    (["--batch", "1"], "--batch must be between 2 and 1437, not 1"),
    (["--seed", "-1"], "--seed must be between 0 and 4294967296, not -1"),
    (["--out", "nowhere/maps.png"], "there is no folder nowhere to write maps.png into"),
])
def test_cnn_digits_refuses(args: list[str], message: str, tmp_path: Path) -> None:
    done = run("cnn_digits.py", *args, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr


def test_autoencoder_takes_noise_off(tmp_path: Path) -> None:
    done = run("autoencoder_digits.py", "--epochs", "12", "--out", "cleaned.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    errors = re.search(r"^held-out digits: the mean squared error goes from ([\d.]+) to ([\d.]+)$", done.stdout, re.MULTILINE)
    assert errors is not None and 0.15 < float(errors[1]) < 0.17 and float(errors[2]) < 0.035, done.stdout
    assert (tmp_path / "cleaned.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("args", "message"), [
    (["--epochs", "0"], "--epochs must be at least 1, not 0"), (["--seed", "-1"], "--seed must be at least 0, not -1"),
    (["--out", "cleaned.txt"], "--out must end in one of "),
])
def test_autoencoder_refuses(args: list[str], message: str, tmp_path: Path) -> None:
    done = run("autoencoder_digits.py", *args, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr


def test_digits_data_is_the_uci_set() -> None:
    x, labels, held_out, held_out_labels = digits.load()
    assert x.shape == (1437, 64) and held_out.shape == (360, 64) and x.dtype == np.float32
    every = np.concatenate([labels, held_out_labels])
    assert np.bincount(every).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert x.min() == 0 and x.max() == 1


@pytest.mark.parametrize(("args", "message"), [
    (["--epochs", "0"], "--epochs must be at least 1, not 0"),
    (["--batch", "5000"], "--batch must be between 1 and 1437, not 5000"),
    (["--dropout", "1"], "--dropout must be at least 0 and less than 1, not 1.0"),
    (["--seed", "-1"], "--seed must not be negative: -1"),
    (["--out", "nowhere/loss.png"], "there is no folder nowhere to write loss.png into"),
    (["--out", "loss.txt"], "--out must end in one of "),
])
def test_digits_refuses(args: list[str], message: str, tmp_path: Path) -> None:
    done = run("digits.py", *args, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "lines"), [
    ("linear_regression.py", ["step 100: y = 2.993 x + 1.993, mean squared error 0.0094",
                              "in closed form: y = 2.993 x + 1.993"]),
    ("xor.py", ["0 xor 0 = 0 ", "0 xor 1 = 1 ", "1 xor 0 = 1 ", "1 xor 1 = 0 "]),
])
def test_small_example_prints(name: str, lines: list[str], tmp_path: Path) -> None:
    done = run(name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for line in lines:
        assert line in done.stdout


def test_optimizers_compares_and_draws(tmp_path: Path) -> None:
    done = run("optimizers.py", "--out", "paths.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    tables = re.split(r"^(\S.*), from \(.*\)$", done.stdout, flags=re.MULTILINE)[1:]
    assert tables[::2] == ["Rosenbrock", "Beale", "Himmelblau", "quadratic, condition 1000"]
    for table in tables[1::2]:
        rows = re.findall(r"^(\D+?) +(\d+) +(\d+) +(\d+) +(\d+) +(\S+) +(\S+) +(\S+)(  not converged)?$", table, re.MULTILINE)
        assert len(rows) == 12
        for i, (method, _, losses, first, second, _, distance, _, not_converged) in enumerate(rows):
            order = 0 if i < 4 else 1 if i < 10 else 2
            assert int(losses) > 0 and (int(first) > 0) == (order > 0) and (int(second) > 0) == (order > 1), method
            if i in (3, 7, 8, 9, 10, 11):
                assert not not_converged and float(distance) < 1e-4, (method, distance)
    assert (tmp_path / "paths.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("args", "message"), [
    (["--seed", "-1"], "--seed must not be negative: -1"),
    (["--out", "nowhere/paths.png"], "there is no folder nowhere to write paths.png into"),
    (["--out", "paths.txt"], "--out must end in one of "),
])
def test_optimizers_refuses(args: list[str], message: str, tmp_path: Path) -> None:
    done = run("optimizers.py", *args, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr


def test_vanishing_gradients_tells_the_networks_apart(tmp_path: Path) -> None:
    done = run("vanishing_gradients.py", "--out", "norms.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sigmoid, relu = done.stdout.split("--- relu")
    assert "gradients vanish: the first layer's is " in sigmoid and "nothing wrong is seen" in relu
    assert (tmp_path / "norms.png").read_bytes().startswith(b"\x89PNG")


def posterior(alpha: np.ndarray, means: np.ndarray, icf: np.ndarray, x: np.ndarray, gamma: float, m: int) -> float:
    """ADBench's formula term by term, for autograd: no matrix is shared with the example."""
    (n, d), k = x.shape, len(alpha)
    terms = []
    for j in range(k):
        q, column, rows = icf[j, :d], d, []
        for c in range(d):
            rows.append(anp.concatenate([np.zeros(c), anp.exp(q[c:c + 1]), icf[j, column:column + d - c - 1]]))
            column += d - c - 1
        y = anp.dot(x - means[j], anp.stack(rows))        # rows of `rows` are columns of Q
        terms.append(alpha[j] + anp.sum(q) - 0.5 * anp.sum(y * y, axis=1))
    total = anp.sum(anp.log(anp.sum(anp.exp(anp.stack(terms)), axis=0))) - n * anp.log(anp.sum(anp.exp(alpha)))
    prior = 0.5 * gamma**2 * (anp.sum(anp.exp(2 * icf[:, :d])) + anp.sum(icf[:, d:] ** 2)) - m * anp.sum(icf[:, :d])
    degrees = d + m + 1
    constant = degrees * d * (np.log(gamma) - np.log(2) / 2) - multigammaln(degrees / 2, d)
    return total - n * d / 2 * np.log(2 * np.pi) + prior - k * constant


@pytest.mark.parametrize(("d", "k", "n", "gamma", "m"), [(1, 1, 1, 1.0, 0), (2, 3, 5, 1.0, 0), (4, 2, 7, 0.7, 3)])
def test_gmm_equals_formula(d: int, k: int, n: int, gamma: float, m: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(d)
    shapes = [(k,), (k, d), (k, d * (d + 1) // 2), (n, d)]
    parts = [rng.normal(size=shape) for shape in shapes]
    lines = [(d, k, n), *(part.ravel().tolist() for part in parts), (gamma, m)]
    (tmp_path / "mixture.txt").write_text("\n".join(" ".join(map(repr, line)) for line in lines) + "\n")
    done = run("gmm.py", "mixture.txt", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    gradient = grad(posterior, argnum=(0, 1, 2))(*parts, gamma, m)
    norm = np.sqrt(sum(np.sum(g * g) for g in gradient))
    printed = dict(re.findall(r"^(objective|gradient norm) +(\S+)", done.stdout, re.MULTILINE))
    assert float(printed["objective"]) == pytest.approx(posterior(*parts, gamma, m), rel=1e-10)
    assert float(printed["gradient norm"]) == pytest.approx(norm, rel=1e-10)


@pytest.mark.parametrize(("text", "message"), [
    (None, "No such file or directory"),
    ("", "expected the integers D, K, N and then numbers only"),
    ("2 x 1\n", "expected the integers D, K, N and then numbers only"),
    ("1 1 1\n0.0 zero 0.0 0.0 1.0 0\n", "could not convert string to float: 'zero'"),
    ("0 1 1\n", "D, K and N must be at least 1, not 0, 1, 1"),
    ("1 1 1\n0.0 0.0 0.0 1.0 -1.0 0\n", "gamma must be positive and m a whole number from 0 on, not -1 and 0"),
    ("2 3 1\n0.5 0.5\n", "22 numbers must follow D, K, N = 2, 3, 1; there are 2"),
])
def test_gmm_refuses(text: str | None, message: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "mixture.txt").write_text(text)
    done = run("gmm.py", "mixture.txt", cwd=tmp_path)
    assert done.returncode == 1 and message in done.stderr
    assert "Traceback" not in done.stderr
