"""The benchmark's own correctness: its references against differences, graphc against its references, its table."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import graphc as tf
from graphc import testing
from graphc.ir.node import OPERATORS
from graphc.testing.samples import Sample, build, type_of
from tests.bench import (
    compiling,
    derivatives,
    lengths,
    loop_rows,
    loops,
    measure,
    named,
    operator_operands,
    operator_peers,
    operators,
    products,
    sizes,
)
from tests.bench.backends import BACKENDS, Step
from tests.bench.report import table
from tests.bench.workloads import WORKLOADS

UNDRAWN = {"ctc_ways", "edit_distances"}        # sparse rows that belong together
OTHERWISE = {"top_k_indices"}           # numpy has no order among the largest
DIFFERENTIATED = [name for name, make in WORKLOADS.items() if make(True).wrt or make(True).optimizer]


@pytest.mark.parametrize("name", DIFFERENTIATED)
def test_reference_gradient_equals_differences(name: str) -> None:
    w = WORKLOADS[name](True)
    arrays = measure.double(w.inputs) | measure.double(w.params)
    _, grads = w.reference(**arrays)
    rng = np.random.default_rng(0)
    for key, g in grads.items():
        direction = rng.normal(size=g.shape)
        up, down = (np.sum(w.reference(**arrays | {key: arrays[key] + h * direction})[0]) for h in (1e-5, -1e-5))
        assert (up - down) / 2e-5 == pytest.approx(np.sum(g * direction), rel=1e-6, abs=1e-9), key


@pytest.mark.parametrize("backend", ["graphc", "graphc_callable", "numpy"])
@pytest.mark.parametrize("name", WORKLOADS)
def test_result_equals_reference(name: str, backend: str) -> None:
    w = WORKLOADS[name](True)
    step = BACKENDS[backend].build(w)
    measure.check(w, step, step.run())


def off(step: Step, factor: float) -> Step:
    """A backend whose results and movements are wrong by a factor."""
    def run() -> list[np.ndarray]:
        value, *rest = step.run()
        return [value * factor, *rest]
    return Step(run, lambda: {k: v * factor for k, v in step.params().items()})


@pytest.mark.parametrize(("name", "message"), [
    ("dispatch", "value of step 0: off by"),
    ("fused_grad_f64", "x of step 0: off by"),
    ("mlp_step", "value of step 0: off by"),
])
def test_wrong_result_is_refused(name: str, message: str) -> None:
    w = WORKLOADS[name](True)
    step = off(BACKENDS["numpy"].build(w), 1.001)
    with pytest.raises(measure.WrongResult, match=message):
        measure.check(w, step, step.run())


def test_wrong_movement_is_refused() -> None:
    w = WORKLOADS["xor_step"](True)
    step = BACKENDS["numpy"].build(w)
    step = step._replace(params=off(step, 1.001).params)
    with pytest.raises(measure.WrongResult, match="w1 moved wrongly"):
        measure.check(w, step, step.run())


def test_what_derivatives_cost() -> None:
    lines = compiling.table(derivatives.rows(calls=2, points=7, size=4)).splitlines()
    assert len(lines) == 7 and "7 points: value and gradient, beside the value alone" in lines[2]
    assert re.search(r"times the gradient times 2 \|$", lines[4]) and lines[6].endswith("gradients |")


def test_updates_on_episodes_of_changing_length(monkeypatch: pytest.MonkeyPatch) -> None:
    (name, figures), = lengths.rows(["graphc"], 3)
    assert name == "graphc" and re.fullmatch(r"[\d,]+ updates a second, [\d,]+ by the median", figures)
    monkeypatch.setitem(lengths.WAYS, "wrong", lambda: lambda x, a, g: 0.0)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        list(lengths.rows(["graphc", "wrong"], 3))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell a process its memory")
def test_what_new_sizes_cost() -> None:
    lines = compiling.table(sizes.rows(small=True)).splitlines()
    assert len(lines) == 9 and lines[6].endswith("; 1 program |")


@pytest.mark.slow
def test_what_compiling_costs(tmp_path: Path) -> None:
    found = compiling.alone("first_result(small=True)", str(tmp_path))
    again = compiling.alone("first_result(small=True)", str(tmp_path))
    assert min(seconds for costs in (found, again) for name, seconds in costs.items() if name != "batch") > 0     # a difference, of noise too
    assert found["peak"] > 20 and len(list(tmp_path.rglob("*.o"))) > 3


@pytest.mark.slow
@pytest.mark.parametrize("name", compiling.LARGE)
def test_what_a_large_graph_costs(name: str, tmp_path: Path) -> None:
    first, again = (compiling.alone(f"large({name!r}, share=0.002)", str(tmp_path)) for _ in range(2))
    assert first["nodes"] > 80 and first["compiled"] > 0 and again["compiled"] == 0 and again["compile"] > 0


@pytest.mark.slow
def test_what_a_long_text_costs(tmp_path: Path) -> None:
    found = compiling.alone("unrolled_text(characters=3)", str(tmp_path))
    assert found["nodes"] > 100 and found["with gradient"] > 2 * found["nodes"] and found["run"] < found["compile"]


def test_table_names_the_fastest_peer_and_what_went_wrong() -> None:
    results = {"mlp_step": {"graphc": {"first_s": 0.5, "median_us": 1234.5, "best_us": 900.0},
                            "numpy": {"first_s": 0.01, "median_us": 2469.0, "best_us": 2000.0},
                            "jax": {"error": "WrongResult: value of step 0"},
                            "torch": {"error": "OSError: no compiler"}}}
    lines = table(results, ["graphc", "numpy", "jax", "torch"]).splitlines()
    assert "| mlp_step | 1,234 (900.0) | 2,469 (2,000) | wrong | failed | 0.50 of numpy |" in lines
    assert "| mlp_step | 0.50 | 0.01 |  |  |" in lines


def test_operators_are_measured_from_their_declarations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three sizes each of an elementwise operator, a reduction, a loop nest and a view, which a peer has to copy."""
    monkeypatch.setattr(operators, "BLOCK", 0.0)
    monkeypatch.setattr(operators, "LONG", 9.0)
    chosen, unseen = [OPERATORS[n] for n in ("exp", "reduce_sum", "cumsum", "identity")], defaultdict(list)
    found = list(operators.figures(chosen, unseen))
    assert [(f.operator.name, f.size) for f in found] == [(op.name, s) for op in chosen for s in operators.SIZES] and not unseen
    assert all(f.own > 0 and min(f.others.values()) > 0 and "numpy" in f.others for f in found)
    assert found[-1].others["numpy"] > 1e-5, "a million numbers are written"
    lines = list(operators.summary(found, {"because": ["that"]}, 1.3))
    assert "Not measured, because: 1: that" in lines and lines[-1].startswith("4 operators, 12 figures, ")


def test_every_operator_is_measured_or_its_reason_is_named() -> None:
    """Operators that tests know are drawn at 100 elements, unless a reason is given for each by name; others are told by what they are."""
    for operator in testing.testable():
        assert (operator_operands.drawn(operator, 100) is None) == (operator.name in UNDRAWN) or operator.name in operator_operands.LEFT_OUT, operator
    names = [n for told in operators.apart().values() for n in told]
    assert sorted(names) == sorted({*OPERATORS} - {op.name for op in testing.testable()})


@pytest.mark.parametrize("name", [*operator_operands.DRAWN])
def test_operators_run_on_what_is_drawn_for_them(name: str) -> None:
    """What the table of operands says fits together, to graphc and to numpy, with the same result."""
    operands, attrs = operator_operands.drawn(OPERATORS[name], 100)
    sample = Sample(tuple(map(np.asarray, operands)), attrs)
    with tf.Graph().as_default(), tf.Session(jit=False) as session, np.errstate(all="ignore"):
        built = build(OPERATORS[name], sample)
        found = session.run(built.results, built.feeds(sample.operands))
        kept = {**OPERATORS[name].attrs, **attrs}
        if OPERATORS[name].prepare is not None:
            kept = OPERATORS[name].prepare([type_of(x) for x in sample.operands], **kept)
        for peer, call in operator_peers.peers(name, OPERATORS[name].reference, list(sample.operands), kept):
            if peer == "numpy" and name not in OTHERWISE:
                wanted = call()
                for one, other in zip(found, wanted if isinstance(wanted, (tuple, list)) else [wanted], strict=False):
                    np.testing.assert_allclose(np.asarray(one, other.dtype), other, rtol=1e-4, atol=1e-4) if other.dtype != object else None


def test_products_are_measured_by_all() -> None:
    (found,) = products.figures(["float32"], 1, [(64, 64, 64)])
    name, rates, ratio = found
    assert name == "float32 64x64x64" and {"graphc", "library", "numpy"} <= {*rates} and min(rates.values()) > 0 and ratio > 0


def test_named_operators_do_what_numpy_does() -> None:
    """What is timed is the same: small cases of each are compared."""
    small = ("inverse of 8", "Cholesky of 8", "determinant of 8", "solve 8", "argmax of (100000", "tile", "lgamma", "digamma")
    cases = [case for case in named.cases() if case.about.startswith(small)]
    assert {beginning for case in cases for beginning in small if case.about.startswith(beginning)} == {*small}
    for case in cases:
        feeds = [tf.placeholder(x.dtype, x.shape) for x in case.operands]
        found = tf.Session().run(case.build(*feeds), dict(zip(feeds, case.operands, strict=True)))
        np.testing.assert_allclose(found, case.plain(*case.operands), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", loop_rows.ROWS)
def test_forms_of_loops_agree(name: str) -> None:
    """What is measured of graphc gives what its other forms give: as a loop and unrolled, the branch taken and alone."""
    row, results = loop_rows.ROWS[name], {}
    for backend, make in row.makers.items():
        if loops.needs(backend) == "graphc":
            with tf.Graph().as_default():
                run = make(True)
                results[backend] = [run() for _ in range(loops.CHECKED)]
    loops.compared(row, results)
    first = next(iter(results))
    if len(results) > 1 and not row.like:
        with pytest.raises(measure.WrongResult):
            loops.compared(row, {**results, first: [[np.asarray(x) * 1.01 + 0.01 for x in step] for step in results[first]]})
