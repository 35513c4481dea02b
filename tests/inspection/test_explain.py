"""What `Session.explain` and GRAPHC_DUMP say, against counts made here from shapes and against runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import graphc as tf
from graphc.inspection.explain.collect import difference
from graphc.inspection.explain.records import kernel_text, packed_instructions
from graphc.ir.families import Memory
from tests import ROOT
from tests.waiting import PATIENCE

RELU = next(i for i, line in enumerate(Path(__file__).read_text().splitlines(), 1) if line.startswith("    h = "))


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
    fused = next(s for s in explained.steps if "Relu" in s.nodes)
    assert fused.kind == "map" and "add" in fused.nodes and "maximum" in explained.kernels[fused.kernel].source
    assert all(s.kernel is None or 0 <= s.kernel < len(explained.kernels) for s in explained.steps)
    assert all(line.startswith("test_explain.py:") for s in explained.steps for line in s.lines)
    for i, kernel in enumerate(explained.kernels):
        users = [s for s in explained.steps if s.kernel == i]
        assert kernel.calls == len(users) > 0 and bool(kernel.source) == all(s.kind != "library" for s in users)
        assert kernel.bytes_moved == sum(s.bytes_read + s.bytes_written for s in users)
    text = str(explained)
    for part in ("The graph", "Passes", "The plan", "Not fused", "Kernels", "Memory", "def kernel(", "first", "remove_identities"):
        assert part in text


def test_every_value_is_made_by_one_step(explained):
    """But sources and views, of which there is nothing to compute unless a kernel has them pass through; and what is computed once more."""
    free = (Memory.OUTSIDE, Memory.VIEW, Memory.PART, Memory.NONE)
    plan = explained.program.plan.schedule
    for n in explained.program.plan.order:
        made = [s.index for s in explained.steps if n.label in s.nodes]
        assert len(made) == max(1, len(plan.computing(n))) or (not made and n.operator.family.memory in free), (n, made)
        assert [n in plan.left_by(step) for step in plan.steps].count(True) == (n in plan.stored and n in plan.home)


def test_a_kernel_is_printed_with_the_lines_it_comes_from(explained):
    kernel = next(k for k in explained.kernels if "Relu" in k.nodes)
    text = kernel_text(kernel)
    assert text.startswith("add, Relu   (1 step, 4.1 KiB, 2 operations an element; ")
    for statement, origin in (("v0 = x0j + x1j", "add"), ("v1 = maximum(v0, float32(0))", "Relu"), ("store(p2, row * s2r + j, v1)", "Relu")):
        (line,) = [x for x in text.splitlines() if x.strip().startswith(statement)]
        assert line.split("  # ")[1].split() == [origin, f"test_explain.py:{RELU}"]
    assert [line.split("  # ")[0].rstrip() for line in text.rstrip().splitlines()[1:]] == kernel.source.splitlines()


# What a step must move and do, counted from the shapes: (a node of the step, bytes read, bytes written, operations)
COUNTS = [("first", 4 * (32 * 20 + 20 * 16), 4 * 32 * 16, 2 * 32 * 20 * 16),
          ("Relu", 4 * (32 * 16 + 16), 4 * 32 * 16, 2 * 32 * 16),
          ("second", 4 * (32 * 16 + 16 * 4), 4 * 32 * 4, 2 * 32 * 16 * 4),
          ("GradientDescent/update_w1/sub", 4 * (2 * 20 * 16 + 1), 4 * 20 * 16, 2 * 20 * 16)]


@pytest.mark.parametrize("node, read, written, operations", COUNTS, ids=[c[0] for c in COUNTS])
def test_counts(explained, node, read, written, operations):
    step = next(s for s in explained.steps if node in s.nodes)
    assert (step.bytes_read, step.bytes_written, step.operations) == (read, written, operations)


def test_memory_that_is_shared_is_never_needed_at_the_same_time(explained):
    arena = [b for b in explained.buffers if b.kind == "arena"]
    assert max(b.offset + b.bytes for b in arena) <= explained.arena_bytes == explained.program.memory.arena_bytes
    assert explained.arena_bytes < explained.unshared_bytes == sum(b.bytes for b in arena)
    for i, a in enumerate(arena):
        for b in arena[:i]:
            if a.offset < b.offset + b.bytes and b.offset < a.offset + a.bytes:
                assert a.last < b.first or b.last < a.first, (a, b)
    assert set(explained.updated_in_place) == {"w1", "b1", "w2"}
    assert {b.name for b in explained.buffers if b.kind == "feed"} == {"x", "labels"}


def test_reused_memory_and_the_most_that_is_alive(explained):
    """Against a picture of the arena, byte by byte, in the order of the steps."""
    owner, alive, reused = np.full(explained.arena_bytes, -1), np.zeros(len(explained.steps) + 1, int), 0
    arena = [b for b in explained.buffers if b.kind == "arena"]
    for i, b in enumerate(arena):
        place = owner[b.offset:b.offset + b.bytes]
        assert sorted(b.reuses) == sorted({arena[j].name for j in place if j >= 0})
        reused += len(b.reuses)
        place[:] = i
        alive[b.first:b.last + 1] += b.bytes
    assert reused and explained.live_bytes == alive.max()


def test_passes_tell_what_they_changed(explained):
    by_name = {p.name: p for p in explained.passes}
    identities = by_name["remove_identities"]
    assert identities.before - identities.after == len(identities.removed) - len(identities.added) > 0
    assert any("= stop_gradient(" in line for line in identities.removed) and identities.diff.startswith("-")
    assert all(a.after == b.before for a, b in zip(explained.passes, explained.passes[1:], strict=False))
    assert all(bool(p.diff) or p.before == p.after for p in explained.passes)


# (lines before, lines after, the diff)
DIFFS = [({"a": "a1"}, {"a": "a1"}, ""),
         ({"a": "a1", "b": "b1", "c": "c1"}, {"b": "b1", "c": "c2"}, "-a1 -c1 +c2"),
         ({"b": "b1"}, {"a": "a1", "b": "b1", "c": "c1"}, "+a1 +c1"),
         ({"a": "a1", "b": "b1"}, {"b": "b1", "a": "a1"}, ""),
         ({"a": "a1", "b": "b1"}, {}, "-a1 -b1")]


@pytest.mark.parametrize("old, new, wanted", DIFFS)
def test_difference(old, new, wanted):
    removed, added, replaced, diff = difference(old, new)
    assert diff.split() == wanted.split() and len(new) == len(old) - len(removed) + len(added)
    assert sorted(f"-{x}" for x in (*removed, *(r[0] for r in replaced))) == sorted(x for x in wanted.split() if x[0] == "-")
    assert sorted(f"+{x}" for x in (*added, *(r[1] for r in replaced))) == sorted(x for x in wanted.split() if x[0] == "+")


def test_forms(explained):
    held = explained.to_dict()
    assert json.loads(json.dumps(held)) == held and held["steps"][0]["kind"] == "library"
    assert {type(k["vectorised"]) for k in held["kernels"] if k["source"]} == {bool}
    page = explained._repr_html_()
    assert page.startswith("<div>") and "-&gt;" in page and page.count("<details") == 6


def chain(x, count, last=None):
    """`count` operations on x, one after the other; the last node has a name."""
    for i in range(count):
        x = tf.sin(x, name=last if i == count - 1 else None)
    return x


def total(x, count, last):
    """x and `count` variables added up; the last node has a name."""
    for i in range(count):
        x = tf.add(x, tf.Variable(tf.zeros([8, 8])), name=last if i == count - 1 else None)
    return x


def stored_twice(x):
    p = tf.exp(x, name="p")
    return [p @ x, tf.square(p, name="u")]


def waits(x):
    e = tf.exp(x)
    p = tf.divide(e, tf.reduce_sum(e, 1, keepdims=True), name="p")
    return tf.add(p, p @ x, name="u")


def other_axes(x):
    p = tf.exp(x, name="p")
    return [tf.reduce_sum(p, 1), tf.reduce_sum(p, 0, name="u")]


# (what is built of x: float32[8,8], why its nodes p and u are apart)
REASONS = [
    (lambda x: tf.matmul(tf.exp(x, name="p"), x, name="u"), "matmul is a routine of its own"),
    (lambda x: tf.self_adjoint_eig(tf.exp(x, name="p"), name="u")[0], "self_adjoint_eig is a host call"),
    (lambda x: tf.cumsum(tf.exp(x, name="p"), name="u"), "cumsum is a loop nest of its own"),
    (lambda x: tf.unsorted_segment_sum(tf.exp(x, name="p"), [0, 1] * 4, 2, name="u"), "adds rows in an order of its own"),
    (lambda x: tf.gather(tf.exp(x, name="p"), [1, 0], name="u"), "a gather reads elements in an order of its own"),
    (lambda x: tf.add(tf.transpose(tf.exp(x, name="p"), name="t"), x, name="u"), "the view t stands between them: the value must be in memory first"),
    (lambda x: tf.add(tf.transpose(p := tf.exp(x, name="p")), p, name="u"), "a view stands between them: the value must be in memory first"),
    (lambda x: tf.exp(tf.reduce_sum(tf.tile(x, [20, 1]) + 1.0, 0, name="p"), name="u"), "needs the finished column reduction"),
    (lambda x: tf.exp(tf.reduce_sum(x + 1.0, name="p"), name="u"), "needs the finished full reduction"),
    (lambda x: tf.add(tf.expand_dims(tf.exp(x[:, 0]), 1, name="p"), x, name="u"), "the loops over [8] do not fit its shape [8, 8]"),
    (lambda x: tf.add(tf.exp(x[0], name="p"), tf.exp(x), name="u"), "come from loops over [8] and [8, 8], which are not one nest"),
    (lambda x: tf.tanh(chain(x, 48, "p"), name="u"), "the group has 48 nodes, as many as a kernel may"),
    (lambda x: tf.add(chain(x, 30, "p"), chain(tf.exp(x), 30), name="u"), "together they would have more than 48 nodes"),
    (lambda x: tf.add(total(x, 38, "p"), tf.Variable(tf.zeros([8, 8])), name="u"), "together they would read more than 40 tensors"),
    (stored_twice, "the value is stored for another step already"),
    (other_axes, "the group reduces other axes"),
    (waits, "another step that it waits for runs between them"),
]


@pytest.mark.parametrize("build, reason", REASONS, ids=[r for _, r in REASONS])
def test_why_two_nodes_are_not_fused(build, reason):
    with tf.Graph().as_default(), tf.Session() as session:
        e = session.explain(build(tf.placeholder(tf.float32, [8, 8])))
    apart = [s.reason for s in e.separations if s.producer.startswith("p") and s.user == "u"]
    assert any(reason in text for text in apart), e.separations
    assert not any({"p", "u"} <= set(s.nodes) for s in e.steps)


def test_neighbours_in_one_kernel_are_not_called_apart():
    with tf.Graph().as_default(), tf.Session() as session:
        e = session.explain(tf.nn.softmax(tf.placeholder(tf.float32, [8, 8]) * 2.0))
    assert len(e.steps) == 1 and not e.separations and "nothing that could be" in str(e)


@pytest.mark.parametrize("size, vectorised", [(1000, True), (None, False)])
def test_whether_a_kernel_is_vectorised_is_read_off_its_machine_code(size, vectorised):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [] if size is None else [size])
        (kernel,) = session.explain(tf.tanh(x) + 1.0).kernels
    assert kernel.vectorised is vectorised and "ret" in kernel.machine_code


# (a line of assembly, how many instructions on whole vector registers it is)
ASSEMBLY = [("\tvaddps\t%zmm1, %zmm0, %zmm0", 1), ("\tvmovdqu\t(%rax), %ymm3", 1), ("\tvaddss\t%xmm1, %xmm0, %xmm0", 0),
            ("\tvaddps\t%xmm1, %xmm0, %xmm0", 0), ("\tvzeroupper", 0), ("\tfadd\tv0.4s, v0.4s, v1.4s", 1), ("\tfadd\ts0, s0, s1", 0)]


@pytest.mark.parametrize("line, count", ASSEMBLY)
def test_packed_instructions(line, count):
    assert packed_instructions(f"kernel:\n{line}\n\tret\n") == count


def drawn_and_assigned():
    v = tf.Variable(tf.zeros([2]))
    return [tf.random_normal([2]), tf.assign_add(v, [1.0, 2.0])], [v]


def drawn_initial_value():
    return [tf.Variable(tf.random_normal([3])) + 1.0], []


def assigned_before_shapes_are_known():
    v = tf.Variable([1.0, -1.0])
    return [tf.boolean_mask(tf.assign_add(v, [1.0, 1.0]), tf.random_uniform([2]) > 0.5)], [v]


@pytest.mark.parametrize("initialised", [True, False])
@pytest.mark.parametrize("build", [drawn_and_assigned, drawn_initial_value, assigned_before_shapes_are_known])
def test_the_session_is_left_as_it_was(build, initialised):
    def values(explain):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(4)
            fetches, variables = build()
            if initialised:
                session.run(tf.global_variables_initializer())
            for _ in range(2):
                if explain:
                    session.explain(fetches)
                session.run(tf.random_normal([1]))
            found = session.run(fetches)
            if explain:
                session.explain(fetches)
            return [*found, *session.run(variables + fetches)]
    assert all(np.array_equal(a, b) for a, b in zip(values(True), values(False), strict=True))


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
        mask, shape = tf.placeholder(tf.bool, [4], name="mask"), tf.placeholder(tf.int32, [2], name="given_shape")
        for fetch, deciding in ((tf.boolean_mask(tf.ones([4]), mask), "mask"), (tf.reshape(tf.ones([4]), shape), "given_shape"),
                                (tf.ones(shape), "given_shape")):
            with pytest.raises(tf.errors.FeedError, match=rf"the value of {deciding}: .* decides shapes.*\n  at test_explain.py"):
                session.explain(fetch + 1.0)
        with tf.Graph().as_default():
            other = tf.constant(1.0)
        with pytest.raises(tf.errors.FetchError):
            session.explain(other)
        session.close()
        with pytest.raises(tf.errors.SessionClosedError):
            session.explain(x)


# Of x float32[x.0], m bool[?], size int32[1] and a fed constant: what is fetched, the sizes that it ran with (fed, and then another time), and a type
# that the explanation without a feed must name.
RAN = {
    "sizes": (lambda g: tf.exp(g.x), [{"x": 3}, {"x": 5}], "float32[5] = exp"),
    "the same sizes again": (lambda g: tf.exp(g.x), [{"x": 5}, {"x": 3}, {"x": 3}, {"x": 3}], "float32[3] = exp"),
    "in a list": (lambda g: [tf.exp(g.x), g.x], [{"x": 5}], "float32[5] = exp"),
    "fed or not": (lambda g: tf.exp(g.given), [{"given": 4}], "float32[4] = exp"),
    "fed a tensor beside": (lambda g: tf.exp(g.x + g.given), [{"x": 2}, {"x": 4, "given": 4}], "float32[4] = exp"),
    "values that decide": (lambda g: tf.exp(tf.reshape(g.x, [g.size[0], 2])), [{"x": 4, "size": [2]}, {"x": 6, "size": [3]}], "float32[3,2] = exp"),
    "data that decides": (lambda g: tf.exp(tf.boolean_mask(g.x, g.m)), [{"x": 4, "m": [1, 0, 1, 0]}, {"x": 3, "m": [1, 1, 1]}], "float32[3] = exp"),
    "data that decides, again": (lambda g: tf.exp(tf.boolean_mask(g.x, g.m)), [{"x": 3, "m": [1, 1, 1]}, {"x": 3, "m": [1, 1, 0]},
                                                                              {"x": 3, "m": [1, 1, 1]}], "float32[3] = exp"),
    "data and values that decide": (lambda g: tf.exp(tf.reshape(tf.boolean_mask(g.x, g.m), [-1, g.size[0]])),
                                    [{"x": 4, "m": [1, 1, 1, 1], "size": [4]}, {"x": 4, "m": [1, 1, 1, 1], "size": [2]}], "float32[2,2] = exp"),
    "data that decides twice": (lambda g: tf.exp(tf.unique(tf.boolean_mask(g.x, g.m)).y), [{"x": 4, "m": [1, 1, 0, 1]}], "float32[1] = exp"),
    "data that decides, and initial values": (lambda g: [tf.exp(tf.boolean_mask(g.x, g.m)), tf.global_variables_initializer()],
                                              [{"x": 3, "m": [0, 1, 1]}], "float32[2] = exp"),
}


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("name", RAN)
def test_without_a_feed_sizes_are_those_of_the_last_run(name, jit, tmp_path):
    build, runs, wanted = RAN[name]
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        g = SimpleNamespace(x=tf.placeholder(tf.float32, [None]), m=tf.placeholder(tf.bool, [None]), size=tf.placeholder(tf.int32, [1]),
                            given=tf.placeholder_with_default(tf.zeros([1]), [None]), v=tf.Variable(1.0))
        fetches = build(g)
        for sizes in runs:
            session.run(fetches, {getattr(g, k): np.ones(n) if isinstance(n, int) else n for k, n in sizes.items()})
        before = session.run(g.v)
        for _ in range(2):
            explained = session.explain(fetches)
            assert any(wanted in line for line in explained.final) and bool(explained.steps) == jit
        assert session.run(g.v) == before
        tf.report(session, fetches, tmp_path / "page.html", runs=1)
        session.run(fetches, {getattr(g, k): np.ones(n) if isinstance(n, int) else n for k, n in runs[-1].items()})


def test_sessions_without_kernels_explain_their_passes():
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        e = session.explain(tf.identity(tf.placeholder(tf.float32, [3])) + 1.0)
        assert e.passes and not e.kernels and "nothing to compute" in str(e)
        v = tf.Variable(1.0)
        assert not session.explain(tf.global_variables_initializer()).steps and v is not None


def test_texts_of_a_fixed_shape_need_no_value():
    with tf.Graph().as_default(), tf.Session() as session:
        assert session.explain(tf.Print(1.0, [tf.placeholder(tf.string, [2])])).steps


# ---------------------------------------------------------------------- GRAPHC_DUMP

def dumped(monkeypatch, folder):
    monkeypatch.setenv("GRAPHC_DUMP", str(folder))
    with tf.Graph().as_default(), tf.Session() as session:
        (x, labels), loss, step = mlp(None)
        session.run(tf.global_variables_initializer())
        for n in (4, 1):                    # 1 is a program of its own
            session.run([loss, step], {x: np.ones((n, 20)), labels: np.zeros(n)})


def run_alone(kernels, cwd):
    done = subprocess.run([sys.executable, str(kernels)], capture_output=True, text=True, timeout=PATIENCE, cwd=cwd,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "GRAPHC_DUMP": ""})
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_dump_writes_every_program(monkeypatch, tmp_path):
    dumped(monkeypatch, base := tmp_path / "made")
    assert sorted(p.name for p in base.iterdir()) == ["000_Mean_0", "001_Mean_0"]
    for place in base.iterdir():
        names = sorted(p.name for p in place.iterdir())
        assert names[:2] == ["00_graph.txt", "01_specialised.txt"] and [n[:2] for n in names] == [f"{i:02}" for i in range(len(names))]
        assert names[-3:] == [f"{len(names) - 3:02}_plan.txt", f"{len(names) - 2:02}_kernels.py", f"{len(names) - 1:02}_explanation.json"]
        assert "float32[x.0,20]" in (place / names[0]).read_text() and "Not fused" in (place / names[-3]).read_text()
    held = json.loads(next((base / "000_Mean_0").glob("*.json")).read_text())
    own = [i for i, k in enumerate(held["kernels"]) if k["source"]]
    (kernels,) = (base / "000_Mean_0").glob("*_kernels.py")
    said = run_alone(kernels, tmp_path)
    assert [line.split(":")[0] for line in said] == [f"kernel_{s['kernel']}" for s in held["steps"] if s["kernel"] in own]
    assert all(": status 0, " in line for line in said)
    rng = np.random.default_rng(0)
    wanted = rng.uniform(0.5, 1.5, 64).astype(np.float32)[:4] + rng.uniform(0.5, 1.5, 16).astype(np.float32)[:4]
    assert f"buffer 2 begins {wanted.tolist()}" in said[0]


def test_kernels_of_products_and_indices_run_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHC_DUMP", str(tmp_path))
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.int32, [50, 8, 8])
        session.run(tf.gather(tf.matmul(x, x), tf.floordiv(x[0, 0], 3)), {x: np.ones((50, 8, 8))})
    assert all(": status 0, " in line for line in run_alone(next(tmp_path.glob("*/*_kernels.py")), tmp_path))


def test_dump_keeps_what_is_there(monkeypatch, tmp_path):
    (tmp_path / "041_other").mkdir()
    (tmp_path / "mine").write_text("kept")
    dumped(monkeypatch, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["041_other", "042_Mean_0", "043_Mean_0", "mine"]


def test_dump_to_nowhere_warns_once_and_goes_on(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        dumped(monkeypatch, tmp_path / "file" / "below")
    assert [(w.category, w.filename) for w in told] == [(tf.errors.CacheWarning, __file__)] and "nothing more is written" in str(told[0].message)


def test_user_names_reach_no_path_and_no_code(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHC_DUMP", str(tmp_path))
    file = 'evil<script>\n"""\nimport os\n.py'
    build = compile("def build(x, name): return tf.exp(x, name=name)", file, "exec")
    scope = {"tf": tf}
    exec(build, scope)
    made = 0
    with tf.Graph().as_default(), tf.Session() as session, warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("..", "aaaa" * 1000, "x/../../y", "aaaa-_.>", "1/\\"):
            x = tf.placeholder(tf.float32, [2])
            try:
                y = scope["build"](x, name)
            except tf.errors.GraphError:
                continue
            session.run(y, {x: [1.0, 2.0]})
            made += 1
        e = session.explain(y, {x: [1.0, 2.0]})
    assert made >= 2 and len(list(tmp_path.iterdir())) == made
    assert "\nimport os" not in str(e) and "evil<script>" in str(e) and "<script>" not in e._repr_html_()
    for place in tmp_path.iterdir():
        assert place.resolve().parent == tmp_path.resolve() and len(place.name) < 60
        assert all("\nimport os" not in p.read_text() for p in place.iterdir())
        (kernels,) = place.glob("*.py")
        compile(kernels.read_text(), "kernels", "exec")
        assert "aaaa" not in kernels.read_text() and "evil" not in kernels.read_text()
