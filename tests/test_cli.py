"""The command line: what it prints, its exit codes, and one sentence for whatever goes wrong."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import graphc as tf
from graphc import __main__ as cli
from graphc.cpu import cache as files
from graphc.cpu import ladder, limits, native
from graphc.cpu.tape import Tape
from graphc.inspection import doctor
from graphc.ir.graph import Graph
from tests import ROOT


@pytest.fixture
def file(tmp_path):
    """A saved graph: y = tanh(a x) and z = y + 1, in a scope."""
    with Graph().as_default() as graph, tf.name_scope("f"):
        x = tf.constant([1.0, 2.0], name="x")
        y = tf.tanh(x * tf.Variable(2.0, name="a"), name="y")
        tf.add(y, 1.0, name="z")
    path = tmp_path / "graph.json"
    path.write_text(graph.to_json())
    return str(path)


def run(capsys, *arguments):
    """Exit code, what was printed, and what was complained of."""
    try:
        code = cli.main([str(a) for a in arguments])
    except SystemExit as e:                # argparse
        code = e.code
    out, err = capsys.readouterr()
    return code, out, err


# ---------------------------------------------------------------------- show

def test_show(capsys, file):
    graph = Graph.from_json(Path(file).read_text())
    for format in ("text", "dot", "json", "svg"):
        assert run(capsys, "show", file, "--format", format) == (0, tf.show(graph, format), "")


def test_show_what_fetches_need(capsys, file):
    code, out, _ = run(capsys, "show", file, "--fetch", "f/y:0", "--fetch", "f/x")
    assert code == 0 and "tanh" in out and "add" not in out
    assert run(capsys, "show", file, "--collapse", "0")[1].startswith("f/: ")
    assert run(capsys, "show", file, "--collapse", "f/a")[1].count("\n") == run(capsys, "show", file)[1].count("\n") - 1
    assert run(capsys, "show", file, "--max-nodes", "1")[1].startswith("f/: ")


def test_show_into_a_file_and_from_standard_input(capsys, file, tmp_path, monkeypatch):
    assert run(capsys, "show", file, "-f", "mermaid", "-o", tmp_path / "out.md") == (0, "", "")
    assert (tmp_path / "out.md").read_text().startswith("flowchart TD\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(Path(file).read_text()))
    assert run(capsys, "show", "-")[1] == run(capsys, "show", file)[1]


@pytest.mark.slow
def test_report(capsys, tmp_path):
    """A page about what nothing else uses, or about what is named; zeros are fed where sizes are open."""
    with Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        tf.reduce_sum(tf.tanh(x @ tf.Variable(tf.ones([3, 2]), name="w"), name="y"), name="z")
    (tmp_path / "graph.json").write_text(graph.to_json())
    for more, title, shape in (((), "graphc: z:0", "float32[32,2]"), (("--fetch", "y", "--size", "5"), "graphc: y:0", "float32[5,2]")):
        assert run(capsys, "report", tmp_path / "graph.json", "-o", tmp_path / "page.html", *more) == (0, "", "")
        page = (tmp_path / "page.html").read_text()
        assert f"<title>{title}</title>" in page and shape in page


# ---------------------------------------------------------------------- cache

DAY = 86400
# the name of an entry, its days since it was made and used last, its bytes, what it is for
HELD = [("ab", 3, 2, 1000, "2 float32: exp"), ("cd", 2, 2 / 24, 5000, "the runtime's graphc_now")]


@pytest.fixture
def cache(empty_cache, monkeypatch):
    """A cache folder with two kernels, and one of another version."""
    files.folder()
    for name, made, used, size, about in HELD:
        with monkeypatch.context() as then:
            then.setattr(time, "time", lambda made=made: time.time_ns() / 1e9 - made * DAY - 30)
            files.write(empty_cache, name * 32, "o", about, bytes(size))
        os.utime(empty_cache / f"{name * 32}.o", (time.time() - used * DAY - 30,) * 2)
    (empty_cache / f"{'ef' * 32}.o").write_bytes(b"graphc object 1")
    os.utime(empty_cache / f"{'ef' * 32}.o", (time.time() - DAY / 24 - 30,) * 2)
    return empty_cache


def test_cache(capsys, cache):
    assert run(capsys, "cache", "path") == (0, f"{cache}\n", "")
    old, new = (f"{size / 1000 + 0.1:7.1f} kB" for _, _, _, size, _ in HELD)
    assert run(capsys, "cache", "list") == (0, f"""\
efefefefefef      0.0 kB  used    1 h ago  made by another version  machine code
cdcdcdcdcdcd  {new}  used    2 h ago  made    2 d ago  machine code: the runtime's graphc_now
abababababab  {old}  used    2 d ago  made    3 d ago  machine code: 2 float32: exp
3 entries, 0.0 MB of 1073.7 MB, in {cache}
""", "")
    assert run(capsys, "cache", "prune") == (0, f"0 entries, 0.0 MB, removed from {cache}\n", "")
    assert run(capsys, "cache", "prune", "--unused", "1.5") == (0, f"1 entry, 0.0 MB, removed from {cache}\n", "")
    assert run(capsys, "cache", "prune", "--size", "5 kB")[1].startswith("1 entry")
    assert run(capsys, "cache", "clear") == (0, f"1 entry removed from {cache}\n", "")
    assert list(cache.iterdir()) == [] and run(capsys, "cache", "list")[1] == f"0 entries, 0.0 MB of 1073.7 MB, in {cache}\n"


def test_a_cache_that_cannot_be_used(capsys, cache):
    cache.chmod(0o777)
    code, out, err = run(capsys, "cache", "clear")
    assert (code, out) == (1, "") and err == f"graphc: compiled kernels are not kept in {cache}: others may write to it\n"


# ---------------------------------------------------------------------- doctor

def test_doctor(capsys, cache, monkeypatch):
    """The self-check measures what it says; its figures are those of this machine."""
    monkeypatch.setattr(limits, "STREAM_BYTES", 1 << 20)
    monkeypatch.setattr(limits, "DURATION", 0.0)
    limits.limits.cache_clear()
    try:
        code, out, err = run(capsys, "doctor")
    finally:
        limits.limits.cache_clear()
    assert (code, err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert lines["graphc"].startswith(f"{tf.__version__}, Python {sys.version.split()[0]}") and lines["numpy"] == np.__version__
    assert re.search(r"^BLAS: scipy-openblas64 +is used: OpenBLAS", out, re.MULTILINE) and out.count("BLAS: ") == len(ladder.RUNGS)
    assert str(cache) in out and re.search(r"\d+ entries, .* MB of 1073.7 MB", out)
    assert out.count("right, to ") == len(doctor.VALUES) and out.count(" % of the limit") == 4 and "us a run" in out


def test_quick_doctor_finds_what_is_missing(capsys, cache, monkeypatch):
    def missing():
        raise ladder.Absent("the package scipy-openblas64 is not installed")
    monkeypatch.setattr(ladder, "RUNGS", {"first": missing, "second": ladder.openblas, "third": missing})
    monkeypatch.setattr(ladder, "fault", lambda library: "its product is wrong")
    monkeypatch.setattr(doctor, "_version", lambda name: None if name in ("numba", "scipy", "matplotlib") else "1.0")
    cache.chmod(0o777)
    code, out, err = run(capsys, "doctor", "--quick")
    unsound = [line.split()[0] for line in out.splitlines() if line.endswith("<- not sound")]
    assert code == 1 and unsound == ["numba", "BLAS:", "BLAS", "kernel"] and "limit" not in out
    lines = [re.sub("  +", " | ", line) for line in out.splitlines()]
    assert "BLAS: first | not used: the package scipy-openblas64 is not installed" in lines
    assert any(line.startswith("BLAS: second | its product is wrong: OpenBLAS") for line in lines)
    assert "scipy (optional) | missing: ScipyOptimizerInterface, NelderMead" in lines and "tensorboard (optional) | 1.0" in lines


def test_doctor_notices_wrong_values(monkeypatch):
    """Each value that is computed otherwise than NumPy does."""
    wrong = [value._replace(reference=lambda x, value=value: value.reference(x) * 1.001) for value in doctor.VALUES]
    monkeypatch.setattr(doctor, "VALUES", wrong)
    found = [*doctor._values()]
    assert len(found) == len(wrong) and all(not f.sound and f.result.startswith("wrong, to ") for f in found)


def test_optional_packages_are_those_of_the_project():
    """What the extras ask for, and nothing else."""
    declared = (ROOT / "pyproject.toml").read_text()
    extras = declared[declared.index("[project.optional-dependencies]"):declared.index("\ntest = [")]
    names = {name for spec in re.findall(r'"([^"]+)"', extras) if not spec.startswith("graphc[")
             for name in [re.match(r"[\w-]+", spec)[0], *re.findall(r"\[(\w+)\]", spec)]}
    assert names == {*doctor.OPTIONAL}


def test_limits():
    found = limits.limits()
    assert found is limits.limits()
    assert min(found.bandwidth_bytes_per_s, found.read_bytes_per_s) > 1e8
    assert min(found.flops_per_s_f32, found.flops_per_s_f64) > 1e8
    assert limits.vector_bits() in (128, 256, 512)


@pytest.mark.parametrize("at", [0, 15, 16, 63, 1000, 1023])
def test_the_streams_of_the_limits_touch_all_memory(at):
    """Reading notices a nan anywhere; scaling doubles every number."""
    memory = np.zeros(1024 + 16, np.float32)
    memory = memory[-memory.ctypes.data % 64 // 4:][:1024]
    memory[at] = 3.0
    table, extents = np.array([memory.ctypes.data] * 2, np.uintp), np.zeros(1, np.int64)
    read, scale = (Tape.of([(native.compile_ir(limits._STREAM_IR, f"graphc_{name}"), table, extents, 64, 16)], 2) for name in ("read", "scale"))
    assert read.run() == scale.run() == 0
    np.testing.assert_array_equal(memory, np.where(np.arange(1024) == at, 6, 0))
    memory[at] = np.nan
    assert read.run() == 1


# ---------------------------------------------------------------------- mistakes

BAD = [
    ("no file", ["show", "nothing.json"], 1, "graphc: 'nothing.json' cannot be read: No such file or directory"),
    ("a folder", ["show", "{folder}"], 1, "cannot be read: Is a directory"),
    ("not JSON", ["show", "{text}"], 1, "not JSON: Expecting value"),
    ("not UTF-8", ["show", "{binary}"], 1, "cannot be read"),
    ("not a graph", ["show", "{json}"], 1, "format: None is not 'graphc graph'"),
    ("no such tensor", ["show", "{file}", "--fetch", "q"], 1, "the graph has nothing named 'q'"),
    ("no such scope", ["show", "{file}", "--collapse", "q"], 1, "there is no name scope 'q'"),
    ("no such scope, a digit", ["show", "{file}", "--collapse", "²"], 1, "there is no name scope '²'"),
    ("no nodes", ["show", "{file}", "--max-nodes", "0"], 1, "max_nodes is 0"),
    ("unwritable", ["show", "{file}", "-o", "{folder}"], 1, "cannot be written: Is a directory"),
    ("report of nothing", ["report", "nothing.json", "-o", "x"], 1, "cannot be read"),
    ("report of any rank", ["report", "{open}", "-o", "x"], 1, "has no fixed shape; give a value for it in feed_dict, or run"),
    ("report where none can be", ["report", "{file}", "-o", "{folder}"], 1, "the report cannot be written"),
    ("format", ["show", "{file}", "--format", "png"], 2, "invalid choice: 'png'"),
    ("number", ["show", "{file}", "--max-nodes", "many"], 2, "invalid int value"),
    ("no command", [], 2, "required: command"),
    ("unknown command", ["compile"], 2, "invalid choice: 'compile'"),
    ("cache of what", ["cache", "burn"], 2, "invalid choice: 'burn'"),
    ("cache of how much", ["cache", "prune", "--size", "much"], 1, "graphc: --size 'much' is not a size, such as 500 MB or 1 GiB"),
    ("cache of how long", ["cache", "prune", "--unused", "-1"], 2, "'-1' is not a number of days"),
    ("cache of nan", ["cache", "prune", "--unused", "nan"], 2, "'nan' is not a number of days"),
    ("report where to", ["report", "{file}"], 2, "required: --output"),
    ("report of what size", ["report", "{file}", "-o", "x", "--size", "-1"], 2, "'-1' is not a number of elements"),
    ("report of a digit", ["report", "{file}", "-o", "x", "--size", "²"], 2, "'²' is not a number of elements"),
]


@pytest.mark.parametrize("arguments, wanted, message", [r[1:] for r in BAD], ids=[r[0] for r in BAD])
def test_mistakes(capsys, file, tmp_path, arguments, wanted, message):
    (tmp_path / "text").write_text("what?")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "json").write_text(json.dumps({"a": 1}))
    with Graph().as_default() as graph:
        tf.placeholder(tf.float32, None) * 2.0
    (tmp_path / "open").write_text(graph.to_json())
    places = {"file": file, "folder": tmp_path, **{name: tmp_path / name for name in ("open", "text", "binary", "json")}}
    code, out, err = run(capsys, *(a.format(**places) for a in arguments))
    assert (code, out) == (wanted, "") and message in err and "Traceback" not in err
    assert code == 2 or err.count("\n") == 1


HELP = [[], ["show"], ["report"], ["cache"], ["doctor"]]


@pytest.mark.parametrize("command", HELP, ids=lambda c: " ".join(c) or "graphc")
def test_help(capsys, command):
    code, out, err = run(capsys, *command, "--help")
    assert (code, err) == (0, "") and out.startswith("usage: graphc")
    assert all(name in out for name in ("show", "report", "cache", "doctor")) or command


@pytest.mark.slow
def test_as_a_program(file):
    """`python -m graphc` in an ASCII terminal whose reader leaves early, and with a name that no terminal can print."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    with Graph().as_default() as graph:
        for _ in range(3000):
            tf.constant(1.0, name="ünï/")
    Path(file).write_text(graph.to_json())
    command = f"{sys.executable} -m graphc show {file}"
    done = subprocess.run([*command.split()], capture_output=True, env=environment)
    assert done.returncode == 0 and rb"\xfcn\xef: float32[] = constant(value=1.)" in done.stdout and done.stderr == b""
    done = subprocess.run(f"{command} | head -n 1", shell=True, capture_output=True, env=environment)
    assert done.stdout.count(b"\n") == 1 and done.stderr == b""
    done = subprocess.run([sys.executable, "-m", "graphc", "--version"], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, f"graphc {tf.__version__}\n")
