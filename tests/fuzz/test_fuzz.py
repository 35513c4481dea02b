"""The fuzzer finds nothing in graphc, finds what is planted there, and survives what a graph may do to a process."""

from __future__ import annotations

import ast
import inspect
import os
import re
import signal
import subprocess
import sys
import time
from copy import copy

import numpy as np
import pytest

import graphc as tf
from graphc.compiler import passes, plan, specialise
from graphc.cpu import bind, emit, memory, routines
from graphc.ir import known
from graphc.ir.node import OPERATORS
from graphc.ops import array, array_gather, array_move, contract
from graphc.runtime import forms, values
from tests import ROOT
from tests.fuzz import oracles, refusals, runner
from tests.fuzz.direct import difference, settle, unequal
from tests.fuzz.generate import recipe
from tests.fuzz.loops import Repeat
from tests.fuzz.oracles import Case, Finding, Rejected, check, refusal
from tests.fuzz.plants import PLANTS, graphs, kernels
from tests.fuzz.recipe import Apply, Assign, Gradient, Leaf, Recipe, Ref, build, graph_text
from tests.fuzz.report import _SHOWN, script
from tests.fuzz.runner import Task, outcomes
from tests.fuzz.shrink import shrink

pytestmark = pytest.mark.fuzz
QUICK = ["clip-without-upper-bound", "contributions-not-added", "live-buffer-reused", "last-partial-result-lost"]


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory):
    """Runs the fuzzer with a folder of compiled kernels that later runs find again: the graphs are the same ones."""
    environment = {**os.environ, "GRAPHC_CACHE_DIR": str(tmp_path_factory.mktemp("kernels"))}

    def run(*args):
        return subprocess.run([sys.executable, "-m", "tests.fuzz", *args], capture_output=True, text=True, cwd=ROOT, env=environment)
    return run


def test_two_hundred_graphs(fuzz):
    done = fuzz("--n", "200", "--seed", "0")
    assert done.returncode == 0 and " 0 findings" in done.stdout, done.stdout + done.stderr


def test_planted_bugs_are_found(fuzz):
    done = fuzz("--n", "400", "--plants", *QUICK)
    assert done.returncode == 0 and f"{len(QUICK)} of {len(QUICK)} planted" in done.stdout, done.stdout + done.stderr


def test_an_operator_is_favoured(fuzz):
    by_chance, favoured = ([step.operator for seed in range(20) for step in recipe(seed, name).steps if isinstance(step, Apply)]
                           for name in ("", "divisor"))
    assert favoured.count("divisor") > max(10, 3 * by_chance.count("divisor"))
    done = fuzz("--n", "3", "--operator", "divisr")
    assert done.returncode == 2 and "no operator divisr to draw; is divisor meant?" in done.stdout


def test_there_are_thirty_bugs_to_plant():
    assert len(PLANTS) >= 30 and all(p.says.endswith(".") for p in PLANTS.values())


@pytest.mark.parametrize("module", [graphs, kernels])
def test_plants_replace_what_is_there(module):
    assigned = [t for n in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(n, ast.Assign) for t in n.targets]
    replaced = [t for t in assigned if isinstance(t, ast.Attribute)]
    known = [t for t in map(ast.unparse, replaced) if t.split(".")[0].split("[")[0] in vars(module)]
    assert len(known) > 10 and all(eval(t, vars(module)) is not None for t in known)


def replaced(put):
    """The objects of graphc, and the names of theirs, that a plant sets anew."""
    names, nodes = vars(sys.modules[put.__module__]), list(ast.walk(ast.parse(inspect.getsource(put))))
    pairs = [(t.value, t.attr) for n in nodes if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Attribute)]
    pairs += [(n.args[0], n.args[1].value) for n in nodes if isinstance(n, ast.Call) and ast.unparse(n.func) == "object.__setattr__"]
    return [(eval(text, names), name) for text, name in ((ast.unparse(owner), name) for owner, name in pairs) if re.split(r"\W", text)[0] in names]


# Bugs that are planted by setting functions and fields; others change what stands in a table.
SET = {name: replaced(inspect.unwrap(plant.put)) for name, plant in PLANTS.items() if replaced(inspect.unwrap(plant.put))}


@pytest.mark.parametrize("name", SET)
def test_what_is_planted_is_called_as_what_it_replaces(name):
    """Else it is an error of the call that is found, not the bug."""
    before = [(owner, attribute, getattr(owner, attribute)) for owner, attribute in SET[name]]
    try:
        inspect.unwrap(PLANTS[name].put)()
        for was, planted in [(was, getattr(owner, attribute)) for owner, attribute, was in before if inspect.isroutine(was)]:
            asked = [p for p in inspect.signature(was).parameters.values() if p.default is p.empty]
            assert planted is not was
            inspect.signature(planted).bind(*[None for p in asked if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)],
                                            **{p.name: None for p in asked if p.kind is p.KEYWORD_ONLY})
    finally:
        for owner, attribute, was in before:
            (type if isinstance(owner, type) else object).__setattr__(owner, attribute, was)


def test_a_seed_is_a_graph():
    once, again = ([graph_text(recipe(s)) for s in range(5)] for _ in range(2))         # a nan is not equal to itself
    assert once == again and len(set(once)) == 5


# ---------------------------------------------------------------------- what it has found

def feed(dtype, shape, *values):
    return Leaf("feed", dtype, shape, values)


def graph(*steps, fetches=None):
    return Recipe(steps, (Ref(len(steps) - 1),) if fetches is None else tuple(map(Ref, fetches)))


FOUND = {
    "operands of two passes over a row, of two dtypes": graph(
        feed("float64", (2, 2, 1), 0.5, -1.0, 2.0), Apply("reduce_max", (Ref(0),), {"axis": 1}), feed("bool", (1, 2, 2), True, False, False),
        Apply("where", (Ref(2), Ref(1), Ref(1)))),
    "two fetches that are one value": graph(
        feed("float64", (33, 63), -1.5, 2.5), Apply("ceil", (Ref(0),)), Apply("ceil", (Ref(0),)), fetches=(1, 2)),
    "a clip between bounds that are its operand": graph(
        feed("float64", (3,), -1.0, 0.0, 2.0), feed("float64", (), 1.0), Apply("clip_by_value", (Ref(0), Ref(1), Ref(0)))),
    "costly values that only the last of three passes over a row needs": Recipe(
        (feed("float32", (1, 2), -2.0, 2.0), Apply("swish", (Ref(0),)), Apply("softplus", (Ref(1),)),
         Apply("reduce_max", (Ref(2),), {"axis": (0, 1), "keepdims": True}), Gradient((Ref(3),), (Ref(0),))), (Ref(4, 0),)),
    "one value for two variables": graph(
        Leaf("variable", "float32", (2,), (1.0, 2.0)), Leaf("variable", "float32", (2,), (5.0, 7.0)), Assign("assign_sub", Ref(0), Ref(1)),
        Assign("assign", Ref(1), Ref(2))),
    "an old value read after the new one is known": graph(
        feed("int8", (2,), 1), Apply("multiply", (Ref(0), Ref(0))), Leaf("variable", "int8", (2,), (6,)), Assign("assign_add", Ref(2), Ref(1)),
        Assign("assign", Ref(2), Ref(1), (Ref(3),)), fetches=(3, 4)),
    "an old value read in a later pass over a row": graph(
        feed("float32", (4, 5), 1.0, 2.0, 4.0), Leaf("variable", "float32", (4, 5), (100.0, 50.0)),
        Apply("reduce_sum", (Ref(0),), {"axis": 1, "keepdims": True}), Apply("add", (Ref(1), Ref(2))), Apply("square", (Ref(0),)),
        Apply("add", (Ref(4), Ref(2))), Assign("assign", Ref(1), Ref(4)), fetches=(3, 5, 6)),
    "a truth value on the way from a fraction to an integer": graph(
        Leaf("constant", "float32", (2,), (0.5, 1e30)), Apply("cast", (Ref(0),), {"dtype": "bool"}), Apply("cast", (Ref(1),), {"dtype": "int32"}),
        Apply("cast", (Ref(0),), {"dtype": "uint8"}), fetches=(2, 3)),
    "a sum of empty joins": graph(
        feed("float64", (0,), 0.0), Apply("concat", (Ref(0), Ref(0)), {"axis": 0}), Apply("add", (Ref(1), Ref(1)))),
    "a row's value over one of the axes that the row is reduced by": graph(
        feed("int64", (3, 0), 0), Apply("reduce_prod", (Ref(0),), {"axis": (0, 1), "keepdims": True}), feed("int64", (3,), 1, 1, 0),
        Apply("multiply", (Ref(2), Ref(1))), Apply("reduce_max", (Ref(3),), {"axis": (1,)}), fetches=(3, 4)),
    "a product whose parts are small": graph(
        feed("float32", (40, 256), *np.linspace(-1, 2, 61)), feed("float32", (40, 256), *np.linspace(-2, 1, 59)),
        Apply("matmul", (Ref(0), Ref(1)), {"transpose_a": False, "transpose_b": True})),
    "an index with a bound of more axes": graph(
        feed("float32", (), 0.0), feed("float32", (1, 1, 2), 1.0, 2.0), Apply("check_index", (Ref(0), Ref(1)))),
    "the gradient of an angle from a truth value": Recipe(
        (feed("float64", (2,), 0.5, -1.5), feed("bool", (2,), True, False), Apply("atan2", (Ref(0), Ref(1))), Gradient((Ref(2),), (Ref(0),))),
        (Ref(3, 0),)),
    "a path that ends in truth values": Recipe(
        (feed("float64", (2,), 0.5, -1.5), Apply("is_nan", (Ref(0),)), Apply("atan", (Ref(1),)), Apply("where", (Ref(1), Ref(2), Ref(0))),
         Gradient((Ref(3),), (Ref(0),))), (Ref(4, 0),)),
    "floats that no integer holds": graph(feed("float32", (4,), np.inf, -np.inf, np.nan, 1e19), Apply("cast", (Ref(0),), {"dtype": "int64"})),
}


@pytest.mark.parametrize("jit", [True, False])
def test_nan_is_no_index(jit):
    """Found as a run that failed compiled and not interpreted."""
    with tf.Graph().as_default(), tf.Session(jit=jit) as session, pytest.raises(tf.errors.InvalidArgumentError, match="not in"):
        session.run(OPERATORS["check_index"](tf.constant([np.nan]), 3.0))


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_stays_right(name):
    check(FOUND[name])


# Rows that a loop collects, of which it is not known how many, and more targets than there are.
UNFIT = graph(feed("float64", (1,), 2.0), Repeat("array", 1, Ref(0), Ref(0), Ref(0), (("tf.sin({0})", 0, 1),)), feed("int64", (2,), 0),
              Apply("in_top_k", (Ref(1), Ref(2)), {"k": 2}))


def test_what_a_loop_hid_is_refused_by_all_runs_alike(monkeypatch):
    with pytest.raises(Rejected, match="there are 1 rows of predictions, and targets of shape"):
        check(UNFIT)
    said = refusal(Case(UNFIT, drawn=True), jit=True, threads=1)
    for other in ("", "something else"):
        monkeypatch.setattr(oracles, "refusal", lambda case, jit, threads, other=other: other if jit else said)
        with pytest.raises(Finding, match="refused alike"):
            check(UNFIT)


# A divisor that wraps around to zero, with the operators that divide integers.
@pytest.mark.parametrize("operator", ["truncatediv", "floordiv", "truncatemod", "floormod"])
def test_what_numpy_refuses_is_refused_by_all_runs_alike(operator):
    wrapped = graph(feed("int64", (1,), 2282521714753536), Apply("square", (Ref(0),)), Apply(operator, (Ref(1), Ref(1))))
    with pytest.raises(Rejected, match="an integer is divided by 0"):
        check(wrapped)
    built, said = build(wrapped), set()
    for jit, threads in ((False, 1), (True, 1), (True, 2)):
        config = tf.ConfigProto(intra_op_parallelism_threads=threads)
        with tf.Session(graph=built.graph, jit=jit, config=config) as session, pytest.raises(tf.errors.InvalidArgumentError) as caught:
            session.run(list(built.fetches), built.feeds)
        said.add(str(caught.value))
    assert len(said) == 1 and "divided by 0" in said.pop()


# ---------------------------------------------------------------------- what a graph may do to its process

def busy():
    time.sleep(60)


def greedy():
    return np.ones(64 << 30, np.uint8)


@pytest.mark.parametrize("misdeed, oracle, said", [
    (lambda: os.kill(os.getpid(), signal.SIGSEGV), "crash", "SIGSEGV"), (os.abort, "crash", "SIGABRT"), (lambda: os._exit(3), "crash", "status 3"),
    (busy, "hang", "not done after 5 s, at test_fuzz.py, line"), (greedy, "memory", "GiB"), (lambda: 1 / 0, "fuzzer", "ZeroDivisionError"),
], ids=["segfault", "abort", "exit", "hang", "memory", "error"])
def test_misdeeds_are_findings(misdeed, oracle, said, monkeypatch):
    monkeypatch.setattr(runner, "SECONDS", 5.0 if misdeed is busy else 120.0)
    (outcome,) = outcomes([Task(1, prepare=misdeed)], 1)
    assert outcome.oracle == oracle and said in outcome.message and outcome.recipe == recipe(1)


# ---------------------------------------------------------------------- what counts as different

WIDE, NARROW = np.array([1.0, -2.0, np.inf, np.nan]), np.array([1.0, -2.0, np.inf, np.nan], np.float32)


@pytest.mark.parametrize("value, found, same", [
    (WIDE, WIDE, True), (WIDE, WIDE * (1 + 2e-16), True), (WIDE, WIDE * (1 + 2e-15), False), (WIDE, NARROW, False), (WIDE, WIDE[:3], False),
    (NARROW, NARROW * np.float32(1 + 2e-7), True), (NARROW, NARROW * np.float32(1 + 2e-6), False),
    (WIDE, np.array([1.0, -2.0, np.nan, np.nan]), False), (WIDE, np.array([1.0, -2.0, -np.inf, np.nan]), False),
    (WIDE, np.array([1.0, -2.0, np.inf, 0.0]), False), (np.array([1, 2]), np.array([1, 3]), False), (np.array([True]), np.array([True]), True),
])
def test_differences_are_seen(value, found, same):
    assert (difference(found, settle(value, [value, value])) == "") is same


@pytest.mark.parametrize("one, other, same", [(0.0, -0.0, False), (np.nan, -np.nan, True), (1.0, np.nextafter(1.0, 2.0), False), (2, 2, True)])
def test_bits_are_seen(one, other, same):
    assert (unequal(one, other) == "") is same


def test_what_a_rounding_decides_is_left_open():
    jumps = settle(np.array([3.0, 4.0]), [np.array([3.0, 5.0]), np.array([3.0, 4.0])])
    assert difference(np.array([3.0, 5.0]), jumps) == "" and difference(np.array([2.0, 4.0]), jumps) != ""
    branches = settle(np.array([1, 2]), [np.array([1, 7])])
    assert difference(np.array([1, 9]), branches) == "" and difference(np.array([0, 2]), branches) != ""


# ---------------------------------------------------------------------- reports

def test_findings_become_small():
    plain = (r for r in map(recipe, range(1000)) if len(r.steps) > 8 and all(isinstance(s, (Leaf, Apply)) for s in r.steps))
    big = next(r for r in plain if any(isinstance(s, Apply) and s.operator == "exp" for s in r.steps))
    small = shrink(big, lambda r: any(isinstance(s, Apply) and s.operator == "exp" for s in r.steps))
    assert len(small.steps) == 2 and small.limits == {} and all(len(s.values) == 1 for s in small.steps if isinstance(s, Leaf))


@pytest.mark.parametrize("oracle", ["compiled", "build", *(f"{name} x" for name in _SHOWN if name not in ("build", "without")),
                                    "without share", "without all passes"])
def test_scripts_run(oracle, monkeypatch):
    """Every oracle's script is a program."""
    for module, name in ((passes, "PIPELINE"), (memory, "uninitialised"), (bind, "PARALLEL"), (routines, "PARALLEL_FLOPS"), (emit, "CHUNK")):
        monkeypatch.setattr(module, name, copy(getattr(module, name)))          # scripts leave them changed
    x = Leaf("feed", "float64", (2, 3), (0.5, -1.0))
    v = Leaf("variable", "float64", (2, 3), (2.0,))
    graph = Recipe((x, v, Apply("multiply", (Ref(0), Ref(1)))), (Ref(2),), {"cpu.emit.CHUNK": 16})
    names = {}
    exec(compile(script(graph, oracle, "message"), "script.py", "exec"), names)
    assert "fetches" in names


# ---------------------------------------------------------------------- programs that a run may have to refuse

def test_programs_that_may_have_to_be_refused():
    assert refusals.campaign(120) == []


def _unchecked(rule):
    return lambda patch: patch.setitem(contract.RULES, rule, lambda shapes, place: shapes[0])


def _wrapped(value, rank=None):
    dims = known.known_shape(value, rank)
    return None if dims is None else tuple(None if d is None or d < 0 else d % 2**32 for d in dims)


def _drawn(fail):
    def failed(self):
        fail(self)
        for stream, counter in self.streams.counters.items():
            counter += np.uint64(stream is not None)
    return failed


def _kept(reset):
    def kept(self, variables, feeds):
        reset(self, variables, feeds)
        self.journal = None
    return kept


def _committed(self, arrays, trace=None, run=forms.Interpreted.run):
    try:
        return run(self, arrays, trace)
    except tf.errors.InvalidArgumentError:          # all that is assigned a constant is assigned before the rest is looked at
        self.values.commit([(v.attrs["variable"], self.values.memory(v.attrs["variable"]) + 1) for v, _ in self.assigns])
        raise


def _unordered(patch):
    patch.setattr(plan, "commit_last", lambda steps, inplace: inplace)


# A bug of each kind, what plants it, and a function whose programs find it.
REFUSAL_PLANTS = {
    "shapes that are to be the same are not looked at": ("add_n", _unchecked("same")),
    "labels broadcast": ("sparse_cross_entropy", _unchecked("rows")),
    "a bias broadcasts": ("bias_add", _unchecked("channels")),
    "a condition broadcasts": ("where", _unchecked("each row")),
    "a diagonal is stretched": ("matrix_set_diag", _unchecked("diagonal")),
    "segments broadcast": ("unsorted_segment_sum", _unchecked("leading")),
    "a shape that is fed is not looked at": ("reshape to a vector", lambda patch: patch.setattr(specialise, "_decided", lambda node: True)),
    "what is assigned is not looked at": ("add_n", lambda patch: patch.setattr(specialise, "_check_assigned", lambda node, present, value: None)),
    "an assignment happens twice": ("add_n", lambda patch: patch.setattr(specialise._State, "assign", _twice(specialise._State.assign))),
    "mirrors wider than what they show": ("pad SYMMETRIC", lambda patch: patch.setattr(array, "check_index", lambda x, bound: x)),
    "parts that leave some": ("split", lambda patch: patch.setitem(OPERATORS, "check_index", lambda x, bound: x * 0)),
    "sizes that wrap around": ("add_n", lambda patch: patch.setattr(array_move, "known_shape", _wrapped)),
    "steps that may fail come after those that store": ("check_numerics", _unordered),
    "an index is found to be wrong after others have stored": ("gather", _unordered),
    "a run that fails has drawn": ("assert", lambda patch: patch.setattr(values.Values, "fail", _drawn(values.Values.fail))),
    "what a run that fails has set anew stays so": ("assert", lambda patch: patch.setattr(values.Values, "reset", _kept(values.Values.reset))),
    "a run that fails has committed": ("check_numerics", lambda patch: patch.setattr(forms.Interpreted, "run", _committed)),
    "indices that wrap around": ("gather", lambda patch: patch.setattr(array_gather, "_gather", _in_range(array_gather._gather))),
}


def _twice(assign):
    def again(self, node, new, scratch):
        value = assign(self, node, new, scratch)
        return assign(self, node, new, scratch) if node.operator.name == "assign_add" else value
    return again


def _in_range(gather):
    return lambda params, indices, **options: gather(params, tf.cast(indices, tf.int32) % tf.shape(params)[0], **options)


@pytest.mark.parametrize("name", REFUSAL_PLANTS)
def test_planted_refusals_are_found(name, monkeypatch):
    function, put = REFUSAL_PLANTS[name]
    assert refusals.campaign(6, name=function) == []
    put(monkeypatch)
    assert refusals.campaign(100, name=function, enough=1)
