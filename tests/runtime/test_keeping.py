"""A plan that was kept is the plan that would be made: same bits, nothing compiled, nothing of a damaged file believed, another key for all else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import extend
from graphc.cpu import cache, kept, native, packing
from graphc.cpu.program import Program
from graphc.runtime import call as calls
from graphc.runtime import keeping
from tests import ROOT
from tests.cpu.test_bind import GRAPHS
from tests.digest import plan_digest
from tests.runtime.kept_programs import PROGRAMS, Built, of

MUTATIONS = 10_000


PROGRAMS.update({name: of(name) for name in GRAPHS})


def results(session: tf.Session, fetches: Any, feeds: Sequence[Mapping[Any, Any]]) -> list[list[Any]]:
    """What run after run gives, and the variables at the end."""
    found = [[np.array(v) for v in session.run(fetches, f) if v is not None] for f in feeds]
    return [*found, [np.array(session.run(v)) for v in tf.global_variables()]]


def same(found: Sequence[Sequence[Any]], wanted: Sequence[Sequence[Any]]) -> bool:
    return all(len(a) == len(b) and all(x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))
               for a, b in zip(found, wanted, strict=True))


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.plan"))


def refused(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("a plan is kept, and another one is made")


# ---------------------------------------------------------------------- what serves

@pytest.mark.parametrize("name", PROGRAMS)
def test_a_kept_plan_gives_what_the_first_one_gave(name: str, plans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetches, feeds = PROGRAMS[name]()
    with tf.Session() as session:
        wanted = results(session, fetches, feeds)
        made = session.compile_stats()
    assert entries(plans) and made["plans_loaded"] < made["programs"]       # variables of one shape are read by one plan
    monkeypatch.setattr(calls, "Plan", refused)
    monkeypatch.setattr(calls, "specialise", refused)
    monkeypatch.setattr(calls, "ordered", refused)
    with tf.Session() as session:
        assert same(results(session, fetches, feeds), wanted)
        stats = session.compile_stats()
    assert stats["plans_loaded"] == stats["programs"] == made["programs"] and not stats["kernels_compiled"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_kept_plan_is_the_one_that_would_be_made(name: str, plans: Path) -> None:
    """Steps, pointers, buffers, offsets, numbers: all that a program is but for the addresses of this process."""
    fetches, feeds = PROGRAMS[name]()
    found = []
    for _ in range(2):
        with tf.Session() as session:
            results(session, fetches, feeds)
            call, _ = session.calls.prepare(fetches, feeds[0])
            programs = [b.program for b in call.variants.bound.values()]
            assert programs and all(isinstance(p, Program) and (type(p.code) is kept.KeptCode) == bool(found) for p in programs)
            found.append([plan_digest(p) for p in programs if isinstance(p, Program)])
    assert found[0] == found[1]


def test_plans_of_the_functions_of_datasets_are_kept(plans: Path) -> None:
    found = []
    for _ in range(2):
        elements = tf.data.Dataset.from_tensor_slices(np.arange(12.0).reshape(6, 2)).map(lambda row: tf.tanh(row) * 2.0).batch(6)
        element = elements.make_one_shot_iterator().get_next()
        with tf.Session() as session:
            found.append(session.run(element).tolist())
            found += [kept.call.stats["plans_loaded"] for kept in session.values.resources._kept.values() if hasattr(kept, "call")]
    assert found[1::2] == [0, 1] and found[0] == found[2] and entries(plans)


SECOND = """
import json, sys
import numpy as np
import graphc as tf
from tests.runtime.test_keeping import PROGRAMS, results
fetches, feeds = PROGRAMS[sys.argv[1]]()
with tf.Session() as session:
    found = results(session, fetches, feeds)
    stats = session.compile_stats()
print(json.dumps([[[v.tobytes().hex() for v in run] for run in found], stats["plans_loaded"], stats["kernels_compiled"], "networkx" in sys.modules]))
"""


@pytest.mark.parametrize("name", ["training", "fixed_shapes"])
def test_a_second_process_gives_the_same_bits_and_does_not_import_networkx(name: str, plans: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "GRAPHC_PLANS"} | {"GRAPHC_CACHE_DIR": str(plans)}
    first, second = (json.loads(subprocess.run([sys.executable, "-c", SECOND, name], env=environment, cwd=ROOT, check=True, text=True,
                                               stdout=subprocess.PIPE).stdout) for _ in range(2))
    assert second[0] == first[0] and second[1] > first[1] and second[2] == 0 and (first[3], second[3]) == (True, False)


def test_errors_traces_and_explanations_of_a_kept_plan(plans: Path) -> None:
    """They name the user's operators and lines: those who ask get the plan, made anew; a run with a good value never does."""
    x, k = tf.placeholder(tf.float32, [None, 3, 3]), tf.placeholder(tf.int32, [None])
    fetches = [tf.gather(x, k), tf.cholesky(x + 1.0)]
    good, bad = np.stack([np.eye(3, dtype=np.float32)] * 5), np.stack([-9 * np.eye(3, dtype=np.float32)] * 5)
    said = []
    for _ in range(2):
        with tf.Session() as session:
            session.run(fetches, {x: good, k: [1, 2]})
            told = []
            for feeds in ({x: good, k: [1, 7]}, {x: bad, k: [1, 2]}):
                with pytest.raises(tf.errors.InvalidArgumentError) as caught:
                    session.run(fetches, feeds)
                told.append(str(caught.value))
            metadata = tf.RunMetadata()
            session.run(fetches, {x: good, k: [1, 2]}, tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), metadata)
            told += [(e.name, e.kind, e.lines) for e in metadata.events]
            explained = str(session.explain(fetches, {x: good, k: [1, 2]}))
            said.append([*told, re.sub(r"[-\s]+", " ", re.sub(r"[\d.]+ [mu]?s\b", "", explained))])       # but for seconds, and room for them
    assert session.compile_stats()["plans_loaded"] > 0
    assert said[0] == said[1] and "7 is not in [0, 5)" in said[0][0] and "test_keeping.py" in said[0][0] and "test_keeping.py" in said[0][1]


def test_errors_and_traces_of_kept_bodies(plans: Path) -> None:
    """A step in a branch in a loop: the error names it, its line and its iteration; the trace has the steps of bodies."""
    x, k = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.int32, [None])
    y = tf.foldl(lambda h, i: tf.cond(i > 0, lambda: tf.tanh(h + tf.gather(x, i)), lambda: h * 0.5), k, initializer=tf.zeros([3]))
    said = []
    for _ in range(2):
        with tf.Session() as session:
            first = session.run(y, {x: np.ones((5, 3)), k: [1, 0, 2]})
            loaded = session.compile_stats()["plans_loaded"]
            with pytest.raises(tf.errors.InvalidArgumentError) as caught:
                session.run(y, {x: np.ones((5, 3)), k: [1, 0, 7]})
            metadata = tf.RunMetadata()
            again = session.run(y, {x: np.ones((5, 3)), k: [1, 0, 2]}, tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), metadata)
            said.append((str(caught.value), sorted((e.name, e.kind, e.lines, e.inside, e.iteration) for e in metadata.events)))
            assert first.tobytes() == again.tobytes()
    assert loaded == 1 and said[0] == said[1]
    assert all(part in said[0][0] for part in ("7 is not in [0, 5)", "test_keeping.py", "in the branch for true", "in iteration 2"))
    assert any(inside for *_, inside, _ in said[0][1])


# ---------------------------------------------------------------------- what does not

def simple(factor: float = 2.0, shape: Any = (None, 4), dtype: Any = tf.float32, name: str | None = None, control: bool = False) -> Built:
    x = tf.placeholder(dtype, shape, name)
    with tf.control_dependencies([tf.no_op()] if control else []):
        y = tf.reduce_sum(tf.nn.softmax(x * tf.constant(factor, dtype)), axis=0)
    return [y, tf.reduce_sum(x)], [{x: np.ones([3 if d is None else d for d in shape])}]


def key_of(built: Built, session: tf.Session | None = None) -> str:
    fetches, feeds = built
    with session or tf.Session() as session:
        call, fed = session.calls.prepare(fetches, feeds[0])
        arrays = call.arrays(fed)
        where = keeping.kept(call, call.needed(), call._held(arrays), call._free())
        assert where is not None
        return where.key(arrays, [], 0)


SAME: dict[str, Callable[[], Built]] = {
    "again": simple,
    "other names": lambda: simple(name="pixels"),
    "another batch": lambda: (lambda fetches, feeds: (fetches, [{x: np.ones((9, 4)) for x in feeds[0]}]))(*simple()),
}
OTHER: dict[str, Callable[[], Built]] = {
    "a bit of a constant": lambda: simple(np.nextafter(np.float32(2.0), np.float32(3.0))),
    "the sign of a zero": lambda: simple(-0.0),
    "a zero": lambda: simple(0.0),
    "a shape": lambda: simple(shape=(3, 4)),
    "a rank": lambda: simple(shape=(None, 4, 1)),
    "a dtype": lambda: simple(dtype=tf.float64),
    "a control": lambda: simple(control=True),
    "a fetch less": lambda: (lambda fetches, feeds: (fetches[:1], feeds))(*simple()),
    "fetches in another order": lambda: (lambda fetches, feeds: (fetches[::-1], feeds))(*simple()),
    "an operation for a tensor": lambda: (lambda fetches, feeds: ([fetches[0], fetches[1].op], feeds))(*simple()),
    "an operand": lambda: (lambda fetches, feeds: ([fetches[0], fetches[0] - fetches[1]], feeds))(*simple()),
    "operands in another order": lambda: (lambda fetches, feeds: ([fetches[0], fetches[1] - fetches[0]], feeds))(*simple()),
    "an attribute": lambda: (lambda fetches, feeds: ([fetches[0], tf.reduce_sum(*feeds[0], axis=0)], feeds))(*simple()),
    "another attribute": lambda: (lambda fetches, feeds: ([fetches[0], tf.reduce_sum(*feeds[0], axis=1)], feeds))(*simple()),
}


def test_names_lines_and_open_sizes_are_no_part_of_a_key(plans: Path) -> None:
    assert len({key_of(build()) for build in SAME.values()}) == 1


def test_all_else_is(plans: Path) -> None:
    keys = {name: key_of(build()) for name, build in {**OTHER, "as it is": simple}.items()}
    assert len(set(keys.values())) == len(keys), sorted(keys, key=keys.__getitem__)


def test_a_variable_of_another_shape_is_another_plan(plans: Path) -> None:
    def built(rows: int) -> Built:
        return [tf.reduce_sum(tf.Variable(tf.zeros([rows, 2]), validate_shape=False))], [{}]
    assert key_of(built(3)) != key_of(built(4))


@pytest.mark.parametrize("change", ["files", "python", "numpy", "networkx", "machine", "sizes"])
def test_versions_and_options_are_part_of_a_key(change: str, plans: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    before = key_of(simple())
    keeping.versions.cache_clear()
    request.addfinalizer(keeping.versions.cache_clear)
    assert key_of(simple()) == before
    keeping.versions.cache_clear()
    if change == "files":
        read = Path.read_bytes
        monkeypatch.setattr(Path, "read_bytes", lambda self: read(self) + b"#" * (self.name == "sink.py"))
    elif change == "python":
        monkeypatch.setattr(sys, "version", "3.99")
    elif change == "numpy":
        monkeypatch.setattr(np, "__version__", "9.9")
    elif change == "networkx":
        monkeypatch.setattr(keeping, "version", lambda package: f"{package} 9.9")
    elif change == "machine":
        monkeypatch.setattr(native, "maker", lambda: "another processor")
    else:
        monkeypatch.setenv("GRAPHC_SIZES", "fixed")
    assert key_of(simple()) != before


def test_what_a_program_adds_to_graphc_is_not_kept(plans: Path) -> None:
    """Nothing tells its operators, rules and passes from others of the same names."""
    def run(fetch: Any, feeds: Any) -> int:
        with tf.Session() as session:
            session.run(fetch, feeds)
        return len(entries(plans))
    x = tf.placeholder(tf.float32, [3])
    with extend.temporary():
        @extend.elementwise("{x} + {x}", name="twice_over")
        def twice_over(x: Any) -> Any:
            "x twice."
            return x + x
        assert run(twice_over(x), {x: [1, 2, 3]}) == 0
        assert run(x + 1.0, {x: [1, 2, 3]}) == 1
        extend.rule("times-two", lambda x: x + x, lambda x: x * 2, dtypes=["float32"])
        assert run(x + 2.0, {x: [1, 2, 3]}) == 1
    assert run(tf.py_func(lambda a: a * 2, [x], tf.float32), {x: [1, 2, 3]}) == 1
    middle = x * 3.0
    assert run(middle + 1.0, {middle: [1, 2, 3]}) == 1


def test_nothing_may_be_fetched(plans: Path) -> None:
    with tf.Session() as session:
        assert session.run([]) == [] and session.run({"a": ()}) == {"a": ()}


def test_plans_can_be_turned_off(plans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetches, feeds = simple()
    monkeypatch.setenv("GRAPHC_PLANS", "none")
    with tf.Session() as session:
        session.run(fetches, feeds[0])
    assert not entries(plans)
    monkeypatch.setenv("GRAPHC_PLANS", "all")
    with pytest.raises(tf.errors.InvalidArgumentError, match="GRAPHC_PLANS='all' is neither empty nor none"), tf.Session() as session:
        session.run(fetches, feeds[0])


def test_the_caches_rules_are_those_of_plans(plans: Path) -> None:
    """Listed, counted, and gone when they have to."""
    fetches, feeds = simple()
    with tf.Session() as session:
        session.run(fetches, feeds[0])
    (path,) = entries(plans)
    (entry,) = [e for e in cache.entries(plans) if e.path == path]
    assert "test_keeping.py" in entry.about and "nodes" in entry.about and entry.size == path.stat().st_size
    assert cache.prune(plans, 0)[0] >= 1 and not entries(plans)


# ---------------------------------------------------------------------- damage

def written(plans: Path, name: str) -> tuple[Built, list[list[Any]]]:
    fetches, feeds = PROGRAMS[name]()
    with tf.Session() as session:
        return (fetches, feeds), results(session, fetches, feeds)


def mutated(rng: np.random.Generator, data: bytes) -> bytes:
    """One of the ways in which bytes are damaged."""
    way, at = int(rng.integers(6)), int(rng.integers(len(data)))
    if way == 0:
        return data[:at]
    if way == 1:
        return data[:at] + data[at + int(rng.integers(1, 40)):]
    if way == 2:
        return data[:at] + bytes(rng.integers(0, 256, int(rng.integers(1, 40)), dtype=np.uint8)) + data[at:]
    changed = bytearray(data)
    if way == 3:
        changed[at] ^= 1 << int(rng.integers(8))
    elif way == 4:
        changed[at:at + 8] = int(rng.choice([0, 1, -1, 1 << 31, 1 << 62, -(1 << 63)])).to_bytes(8, "little", signed=True)
    else:
        digits = [i for i in range(at, min(at + 4000, len(data))) if 48 <= data[i] < 58]
        changed[digits[0] if digits else at] = int(rng.integers(48, 58))
    return bytes(changed)


def test_damaged_files_are_not_read(plans: Path) -> None:
    """Whatever of the file is damaged: its digest tells."""
    written(plans, "training")
    rng = np.random.default_rng(3)
    path = max(entries(plans), key=lambda p: p.stat().st_size)
    data, key = path.read_bytes(), path.stem
    assert cache.read(plans, key, "plan") is not None
    with pytest.warns(tf.errors.CacheWarning):
        for _ in range(MUTATIONS):
            other = mutated(rng, data)
            path.write_bytes(other)
            assert other == data or cache.read(plans, key, "plan") is None
    path.write_bytes(data)


@pytest.mark.parametrize("damage", ["truncated", "of another name", "by another version"])
def test_a_plan_that_is_damaged_is_made_anew_and_kept(damage: str, plans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fetches, feeds), wanted = written(plans, "fixed_shapes")
    whole = {p: p.read_bytes() for p in entries(plans)}
    first, *others = whole
    if damage == "truncated":
        first.write_bytes(whole[first][:-9])
    elif damage == "of another name":
        first.write_bytes(whole[others[0]])
    else:
        cache.write(plans, first.stem, "plan", "of another form", packing.joined({"free": [], "guards": []}, {}, []))
    monkeypatch.setattr(cache, "warned", {str(plans)})
    for _ in range(2):
        with tf.Session() as session:
            assert same(results(session, fetches, feeds), wanted)
    assert session.compile_stats()["plans_loaded"] == session.compile_stats()["programs"]
    assert sorted(whole) == entries(plans)


@pytest.mark.parametrize("name", PROGRAMS)
def test_contents_that_no_plan_has_are_refused(name: str, plans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beneath the digest: whatever the bytes are, they are refused as damaged, or read as data; nothing else is raised, nothing is compiled."""
    (fetches, feeds), _ = written(plans, name)
    rng = np.random.default_rng(5)
    monkeypatch.setattr(native, "compile_kernels", refused)
    contents = [c for p in entries(plans) if (c := cache.read(plans, p.stem, "plan")) is not None]
    with tf.Session() as session:
        call, _ = session.calls.prepare(fetches, feeds[0])
        site, taken = kept.Site.of(call.needed()), 0
        for k in range(MUTATIONS // len(PROGRAMS)):
            data = contents[k % len(contents)]
            try:
                head, columns, blobs = packing.parted(mutated(rng, data))
                packing.SizeReader(head).scope.holds()
                code = kept.restored(head, columns, blobs, site, 1, refused)
                taken += code.count > 0
            except packing.Damaged:
                pass
    assert 0 < taken < MUTATIONS // len(PROGRAMS)


HOSTILE: list[Any] = [
    b"", b"7\n{}", b"9999999\n{}", b"3\n[1]", b"2\n{}" + bytes(8), b'60\n{"columns":{"a":99},"blobs":[]}',
    {"free": "x"}, {"free": [-(1 << 70)]}, {"free": [], "atoms": [["__import__('os')", 1, 2]]},
    {"free": [2], "atoms": [["//", [[1, 0]], [[1, k]]] for k in range(100)]},           # deeper and deeper
    {"free": [2], "atoms": [["max", [[1, k, k]], [[1, k, k]]] for k in range(30)]},     # a text of 4 ** 30 names
    {"free": [2], "guards": [["is", [[1, 0]], True]]}, {"free": [2], "guards": [["==", [[1, 0, 5]], True]]},
    {"free": [2], "guards": [["==", [["1); import os", 0]], True]]}, {"free": [2], "limits": [[[1.5, 0]]]},
]


@pytest.mark.parametrize("content", HOSTILE, ids=lambda c: str(c)[:40])
def test_contents_that_are_made_up_are_refused(content: Any) -> None:
    with pytest.raises(packing.Damaged):
        head, columns, blobs = packing.parted(content if isinstance(content, bytes) else packing.joined(content, {}, []))
        packing.SizeReader({"atoms": [], "guards": [], "limits": [], **head}).scope.holds()
        kept.restored(head, columns, blobs, kept.Site.of([]), 1, refused)
