"""What `Session.explain` and GRAPHC_DUMP say, against counts made here from shapes and against runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import graphc as tf

ROOT = Path(__file__).parent.parent


def mlp(batch=32):
    """A small network and its training step: (placeholders, loss, step)."""
    rng = np.random.default_rng(0)
    x, labels = tf.placeholder(tf.float32, [batch, 20], name="x"), tf.placeholder(tf.int64, [batch], name="labels")
    w1 = tf.Variable(rng.normal(size=(20, 16)).astype(np.float32), name="w1")
    h = tf.nn.relu(tf.matmul(x, w1, name="first") + tf.Variable(tf.zeros([16]), name="b1"))
    logits = tf.matmul(h, tf.Variable(rng.normal(size=(16, 4)).astype(np.float32), name="w2"), name="second")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    return (x, labels), loss, tf.train.GradientDescentOptimizer(0.1).minimize(loss)


@pytest.fixture(scope="module")
def explained():
    with tf.Graph().as_default(), tf.Session() as session:
        _, loss, step = mlp()
        return session.explain([loss, step])


def test_every_kernel_and_step_is_named(explained):
    assert [s.kind for s in explained.steps if "first" in s.nodes] == ["library"]
    fused = next(s for s in explained.steps if "relu" in s.nodes)
    assert fused.kind == "map" and "add" in fused.nodes and "maximum" in explained.kernels[fused.kernel].source
    assert all(s.kernel is None or 0 <= s.kernel < len(explained.kernels) for s in explained.steps)
    assert all(line.startswith("test_explain.py:") for s in explained.steps for line in s.lines)
    assert sum(k.calls for k in explained.kernels if k.source) == sum(s.kernel is not None and s.kind != "library" for s in explained.steps)
    text = str(explained)
    for part in ("The graph", "Passes", "The plan", "Not fused", "Kernels", "Memory", "def kernel(", "first", "remove_identities"):
        assert part in text


# What a step must move and do, counted from the shapes: (a node of the step, bytes read, bytes written, operations)
COUNTS = [("first", 4 * (32 * 20 + 20 * 16), 4 * 32 * 16, 2 * 32 * 20 * 16),
          ("relu", 4 * (32 * 16 + 16), 4 * 32 * 16, 2 * 32 * 16),
          ("second", 4 * (32 * 16 + 16 * 4), 4 * 32 * 4, 2 * 32 * 16 * 4),
          ("GradientDescent/subtract", 4 * (2 * 20 * 16 + 1), 4 * 20 * 16, 2 * 20 * 16)]


@pytest.mark.parametrize("node, read, written, operations", COUNTS, ids=[c[0] for c in COUNTS])
def test_counts(explained, node, read, written, operations):
    step = next(s for s in explained.steps if node in s.nodes)
    assert (step.bytes_read, step.bytes_written, step.operations) == (read, written, operations)


def test_memory_that_is_shared_is_never_needed_at_the_same_time(explained):
    arena = [b for b in explained.buffers if b.kind == "arena"]
    assert max(b.offset + b.bytes for b in arena) <= explained.arena_bytes < explained.unshared_bytes == sum(b.bytes for b in arena)
    shared = 0
    for i, a in enumerate(arena):
        for b in arena[:i]:
            if a.offset < b.offset + b.bytes and b.offset < a.offset + a.bytes:
                assert a.last < b.first or b.last < a.first, (a, b)
                assert b.name in a.shares_with and a.name in b.shares_with
                shared += 1
    assert shared and set(explained.updated_in_place) == {"w1", "b1", "w2"}
    assert {b.name for b in explained.buffers if b.kind == "feed"} == {"x", "labels"}


def test_passes_tell_what_they_changed(explained):
    by_name = {p.name: p for p in explained.passes}
    identities = by_name["remove_identities"]
    assert identities.before > identities.after and "stop_gradient" in identities.diff and identities.diff.startswith("-")
    assert all(a.after == b.before for a, b in zip(explained.passes, explained.passes[1:], strict=False))
    assert all(bool(p.diff) or p.before == p.after for p in explained.passes)


def test_forms(explained):
    assert json.loads(json.dumps(explained.to_dict()))["steps"][0]["kind"] == "library"
    page = explained._repr_html_()
    assert page.startswith("<div>") and "-&gt;" in page and page.count("<details") == 6


# (what is built of x: float32[8,8], the producer, the user, why they are apart)
REASONS = [
    (lambda x: tf.gather(tf.exp(x, name="p"), [1, 0], name="u"), "an order of its own"),
    (lambda x: tf.matmul(tf.exp(x, name="p"), x, name="u"), "a library's routine"),
    (lambda x: tf.cumsum(tf.exp(x, name="p"), name="u"), "host call"),
    (lambda x: tf.exp(tf.reduce_sum(tf.tile(x, [20, 1]) + 1.0, 0, name="p"), name="u"), "finished column reduction"),
    (lambda x: tf.add(tf.transpose(tf.exp(x, name="e"), name="p"), x, name="u"), "must be in memory first"),
    (lambda x: tf.add(tf.expand_dims(tf.exp(x[:, 0], name="p"), 1), x, name="u"), "do not fit its shape [8, 8]"),
]


@pytest.mark.parametrize("build, reason", REASONS, ids=[r for _, r in REASONS])
def test_why_two_nodes_are_not_fused(build, reason):
    with tf.Graph().as_default(), tf.Session() as session:
        found = session.explain(build(tf.placeholder(tf.float32, [8, 8]))).separations
    assert any(reason in s.reason for s in found), found


def test_a_kernel_has_a_limit():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [8])
        for i in range(60):
            x = x + float(i + 3)
        e = session.explain(x)
    assert len(e.kernels) == 2 and any("as many as a kernel may" in s.reason or "more than" in s.reason for s in e.separations)


@pytest.mark.parametrize("size, vectorised", [(1000, True), (None, False)])
def test_whether_a_kernel_is_vectorised_is_read_off_its_machine_code(size, vectorised):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [] if size is None else [size])
        (kernel,) = session.explain(tf.tanh(x) + 1.0).kernels
    assert kernel.vectorised is vectorised and "ret" in kernel.machine_code


def test_the_session_is_left_as_it_was():
    def draws(explain):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(4)
            v = tf.Variable(tf.zeros([2]))
            r, step = tf.random_normal([2]), tf.assign_add(v, [1.0, 2.0])
            session.run(tf.global_variables_initializer())
            if explain:
                session.explain([r, step])
            return session.run([r, v])
    assert all(np.array_equal(a, b) for a, b in zip(draws(True), draws(False), strict=True))


def test_data_that_decides_shapes_is_evaluated():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None])
        kept = tf.boolean_mask(x, x > 0.0)
        e = session.explain(tf.exp(kept), {x: [1.0, -1.0, 2.0]})
    assert any("float32[2]" in text for text in e.final)


def test_errors():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None], name="open_one")
        with pytest.raises(tf.errors.FeedError, match=r"open_one.*no fixed shape.*\n  at test_explain.py"):
            session.explain(x + 1.0)
        with pytest.raises(tf.errors.FeedError):
            session.explain(x + 1.0, {x: "text"})
        assert session.explain(x + 1.0, {x: [1.0]}).steps
        with tf.Graph().as_default():
            other = tf.constant(1.0)
        with pytest.raises(tf.errors.FetchError):
            session.explain(other)
        session.close()
        with pytest.raises(tf.errors.SessionClosedError):
            session.explain(x)


def test_sessions_without_kernels_explain_their_passes():
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        e = session.explain(tf.identity(tf.placeholder(tf.float32, [3])) + 1.0)
        assert e.passes and not e.kernels and "nothing to compute" in str(e)
        v = tf.Variable(1.0)
        assert not session.explain(tf.global_variables_initializer()).steps and v is not None


# ---------------------------------------------------------------------- GRAPHC_DUMP

def dumped(monkeypatch, folder):
    monkeypatch.setenv("GRAPHC_DUMP", str(folder))
    with tf.Graph().as_default(), tf.Session() as session:
        (x, labels), loss, step = mlp(None)
        session.run(tf.global_variables_initializer())
        for n in (4, 5):
            session.run([loss, step], {x: np.ones((n, 20)), labels: np.zeros(n)})


def test_dump_writes_every_program(monkeypatch, tmp_path):
    dumped(monkeypatch, tmp_path / "made")
    folders = sorted((tmp_path / "made").iterdir())
    assert len(folders) == 2
    for place in folders:
        names = sorted(p.name for p in place.iterdir())
        assert names[0] == "00_graph.txt" and names[1] == "01_specialised.txt" and [n[:2] for n in names] == [f"{i:02}" for i in range(len(names))]
        assert "float32[?,20]" in (place / names[0]).read_text()
        assert json.loads((place / names[-1]).read_text())["kernels"]
    (kernels,) = folders[0].glob("*_kernels.py")
    done = subprocess.run([sys.executable, str(kernels)], capture_output=True, text=True, timeout=120, cwd=tmp_path,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "GRAPHC_DUMP": ""})
    assert done.returncode == 0, done.stderr
    assert "kernel_0: status 0" in done.stdout and "begins" in done.stdout


def test_dump_to_nowhere_warns_and_goes_on(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.warns(tf.errors.CacheWarning, match="nothing is written"):
        dumped(monkeypatch, tmp_path / "file" / "below")


def test_user_names_reach_no_path_and_no_code(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHC_DUMP", str(tmp_path))
    with tf.Graph().as_default(), tf.Session() as session, warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("..", "a" * 5000, "x/../../y", ".hidden-_.>"):
            try:
                y = tf.exp(tf.placeholder(tf.float32, [2]), name=name)
            except tf.errors.GraphError:
                continue
            session.run(y, {y.op.inputs[0]: [1.0, 2.0]})
    assert list(tmp_path.iterdir())
    for place in tmp_path.iterdir():
        assert place.resolve().parent == tmp_path.resolve() and len(place.name) < 60
        for kernels in place.glob("*.py"):
            compile(kernels.read_text(), "kernels", "exec")
            assert "aaaa" not in kernels.read_text()
