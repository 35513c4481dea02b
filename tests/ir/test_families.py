"""Families, combines and the checks of declarations: tables against what they stand for, and a row for every mistake."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors, extend, numeric, testing
from graphc.autodiff.batch_rules import BATCHERS
from graphc.compiler.passes import PIPELINE, optimise
from graphc.compiler.rules import RULES
from graphc.cpu.kernel.language import namespace
from graphc.cpu.kernel.memory import memory
from graphc.cpu.kernel.tile_parts import parts
from graphc.cpu.kernel.tiles import tiles
from graphc.cpu.kernel.winograd import transforms
from graphc.ir.expressions import CONSTANTS, FUNCTIONS, mistake
from graphc.ir.families import BATCH_RULES, COMBINES, FAMILIES, Combine, Family, Memory
from graphc.ir.node import OPERATORS
from graphc.ir.operator import Operator, declare, elementwise, reduction, typed_like
from graphc.ir.types import TensorType
from tests import ROOT

DECLARED = [op for op in OPERATORS.values() if isinstance(op, Operator)]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """A graph, and tables of operators, rules and passes of their own."""
    with tf.Graph().as_default(), extend.temporary():
        yield


# ---------------------------------------------------------------------- tables

def test_kernel_language_has_the_names_that_declarations_may_use() -> None:
    functions = {k: v for k, v in namespace().items() if k not in {**memory(), **tiles(), **parts(), **transforms()} and k not in CONSTANTS}
    assert {k: len(inspect.signature(v._defn).parameters) - 1 for k, v in functions.items()} == FUNCTIONS


def test_batching_has_the_rules_that_declarations_may_name() -> None:
    assert {*BATCHERS, "size", "unrolled"} == {*BATCH_RULES}
    used = {op.batch or op.family.batch for op in DECLARED}
    assert used - {""} == {*BATCH_RULES}


def test_every_family_has_operators_and_says_what_it_is() -> None:
    assert {op.family for op in DECLARED} == {*FAMILIES.values()}
    for name, family in FAMILIES.items():
        assert name == family.name and re.fullmatch(r"[A-Z].*[.]", family.about) and re.fullmatch("#[0-9a-f]{6}", family.colour)
        assert set(family.needs) <= {*family.takes, "lower"}
        assert not (family.fuses and family.memory is not Memory.OWN)


def compared(source: str) -> list[int]:
    """The lines that compare something called family or combine, or its name, with texts."""
    found = []
    for n in ast.walk(ast.parse(source)):
        if isinstance(n, ast.Compare) and re.search(r"\b(family|combine)(\.name)?$", ast.unparse(n.left)):
            others = [c for d in n.comparators for c in (d, *getattr(d, "elts", ()))]
            found += [n.lineno] * any(isinstance(c, ast.Constant) and isinstance(c.value, str) for c in others)
    return found


def test_records_are_asked_and_not_compared_by_name() -> None:
    files = [p for folder in ("graphc", "tests") for p in (ROOT / folder).rglob("*.py")]
    assert len(files) > 100 and compared("n.operator.family == 'host'") == compared("x = combine.name in ('add', 'mul')") == [1]
    assert {str(p): lines for p in files if (lines := compared(p.read_text()))} == {}


# ---------------------------------------------------------------------- combines

PARITY = Combine("xor", "0", "{T}({total} ^ {x})")
GAPS = {                # shape, axis: each form that a reduction's kernel has
    "row": ((7, 40), 1), "column": ((40, 70), 0), "full": ((50, 60), None), "small": ((4, 5), None), "middle": ((3, 50, 4), 1), "empty": ((0, 3), 0),
}


def parity(name: str = "reduce_xor") -> Operator:
    @reduction(PARITY, name=name, samples=(([np.array([[1, 2], [7, 4]])], {"axis": 1}),))
    def reduce_xor(input_tensor: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
        """Bitwise exclusive or over `axis`."""
        return np.bitwise_xor.reduce(input_tensor, axis=axis, keepdims=keepdims)
    return reduce_xor


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "bool"])
@pytest.mark.parametrize("form", GAPS)
def test_a_combine_is_one_record(form: str, dtype: str) -> None:
    shape, axis = GAPS[form]
    x = np.random.default_rng(3).integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)
    fed = tf.placeholder(dtype, shape)
    with tf.Session() as session:
        found = session.run(parity()(fed, axis=axis), {fed: x})
    wanted = np.bitwise_xor.reduce(x, axis=axis)
    assert found.dtype == wanted.dtype and np.array_equal(found, wanted)


def _reducing(name: str) -> Any:
    return next(op for op in OPERATORS.values() if getattr(op, "combine", None) is COMBINES[name])


def _takes(name: str, dtype: str) -> bool:
    try:
        _reducing(name).dtypes((np.dtype(dtype),), {"axis": (0,), "keepdims": False})
    except errors.DTypeError:
        return False
    return True


COMBINED = [(name, dtype) for name in COMBINES for dtype in ("float32", "int8", "uint8", "bool") if _takes(name, dtype)]


def test_every_combine_is_tried() -> None:
    assert {name for name, _ in COMBINED} == {*COMBINES} and len(COMBINED) >= 14


@pytest.mark.parametrize("name, dtype", COMBINED)
def test_neutral_elements_are_neutral(name: str, dtype: str) -> None:
    """What a reduction of one element, or of none, starts with: one step leaves any value as it is."""
    from graphc.cpu.kernel_text import initial
    names = {k: (np.bool_ if k == "boolean" else getattr(np, k)) for k in ("float32", "int8", "uint8", "boolean")} | {"inf": np.inf}
    neutral = eval(initial(COMBINES[name], np.dtype(dtype)), names)
    operator = _reducing(name)
    values = np.array([0, 1], dtype) if dtype == "bool" else np.array([0, 1, 3, 100], dtype)
    found = [operator.reference(np.array([neutral, value], dtype), axis=0, keepdims=False) for value in values]
    assert np.array_equal(found, values)


def test_a_family_is_one_record() -> None:
    """Of its own colour and words, with a rule of batching that any operator of it has."""
    transforms = Family("transform", "A transform along the last axis, by numpy.", batch="aligned", colour="#123456", apart="is a transform")

    @declare(transforms, typed_like(), samples=(([(3, 4)], {}),))
    def mirrored(x: Any) -> Any:
        """The last axis from end to start, twice as large."""
        return x[..., ::-1] * x.dtype.type(2)
    testing.check_operator(mirrored)
    x = tf.placeholder(tf.float32, [4])
    y = tf.exp(mirrored(tf.exp(x)))
    with tf.Session() as session:
        assert {s.reason for s in session.explain(y).separations} == {"mirrored is a transform"}
    assert "#123456" in tf.show(y, format="dot")


def test_an_operator_of_a_family_of_its_own_gets_the_inputs_that_set_shapes() -> None:
    rows = Family("rows", "Rows by a host call.")

    @declare(rows, lambda types, values: TensorType(types[0].dtype, (None if values[1] is None else int(values[1]), *types[0].shape)),
             by_value=(1,), fixed={"count": "int32"}, samples=(([(3,), np.array(2)], {}),))
    def repeated(x: Any, count: Any) -> Any:
        """x, `count` times."""
        return np.broadcast_to(x, (int(count), *x.shape)).copy()
    testing.check_values(repeated)


def test_a_reference_that_is_not_analytic_says_so() -> None:
    def shrunk(x: Any) -> Any:
        """x / (1 + |x|)."""
        x = x * 1.0
        return x / (1 + np.abs(x))

    def declared(name: str, **facts: Any) -> Operator:
        return elementwise("{x} / ({T}(1) + abs({x}))", name=name, grad=lambda g, y, x: (g * tf.square(1 - tf.abs(y)),), **facts)(shrunk)
    with pytest.raises(AssertionError, match="declare analytic=False"):
        testing.check_operator(declared("first"))
    right = declared("second", analytic=False)
    testing.check_operator(right)
    x = tf.constant([1.0, 2.0], tf.float64)
    with tf.Session() as session, pytest.raises(errors.DTypeError, match="second.* is not analytic in numpy"):
        numeric.jacobian(right(x), x, "complex", session=session)


# ---------------------------------------------------------------------- several results

def test_an_operator_with_two_results_is_one_declaration() -> None:
    @declare("host", lambda types, values: (types[0], types[0]), results=("fraction", "whole"), batch="aligned",
             grad=lambda g, y, x: (g[0],), samples=(([np.array([1.5, -2.25])], {}),))
    def modf(x: Any) -> Any:
        """Fraction and whole part, both of x's sign."""
        return np.modf(x)
    x = tf.placeholder(tf.float64, [2])
    fraction, whole = made = modf(x)
    assert made.whole is whole and type(made).__name__ == "modf"
    with tf.Session() as session:
        found = session.run(made, {x: [1.5, -2.25]})
    assert found.fraction.tolist() == [0.5, -0.25] and found.whole.tolist() == [1, -2]
    for check in (testing.check_types, testing.check_values):
        check(modf)


def test_results_are_as_many_as_the_types() -> None:
    @declare("host", lambda types, values: (types[0],) * 3, results=("a", "b"))
    def three(x: Any) -> Any:
        """Thrice."""
        return x, x, x
    with pytest.raises(errors.DeclarationError, match=r"three: it has the results a, b, and its type rule gives 3 types\n  at test_families.py:\d+"):
        three(tf.zeros([2]))


@pytest.mark.parametrize(("made", "names"), [
    (lambda: tf.unique(tf.constant([3, 1])), ("y", "idx")), (lambda: tf.self_adjoint_eig(tf.eye(2)), ("e", "v")),
    (lambda: tf.unstack(tf.eye(2)), None), (lambda: tf.split(tf.eye(2), 2), None),
    (lambda: tf.unstack([[tf.constant(1.0), 2.0], [3.0, 4.0]]), None)])
def test_results_by_name_or_as_a_list(made: Callable[[], Any], names: Any) -> None:
    parts = made()
    assert getattr(parts, "_fields", None) == names and isinstance(parts, tuple if names else list) and len(parts) == 2
    assert all(isinstance(p.type, TensorType) for p in parts)


# ---------------------------------------------------------------------- mistakes

def thing(x: Any) -> Any:
    """A thing."""
    return x


def pair(x: Any, y: Any, *, k: Any = 1, word: Any = "a") -> Any:
    """Two things."""
    return x


def listed(*values: Any) -> Any:
    """Things."""
    return values[0]


def reduced(x: Any, *, axis: Any = None, keepdims: Any = False) -> Any:
    """Things together."""
    return x


def bare(x: Any) -> Any:
    return x


def one(given: Any, function: Callable[..., Any] = thing, **facts: Any) -> Callable[[], Any]:
    return lambda: declare(given, typed_like(), **facts)(function)


def scalar(expr: Any, function: Callable[..., Any] = thing, **facts: Any) -> Callable[[], Any]:
    return lambda: elementwise(expr, **facts)(function)


MISTAKES: list[tuple[str, Callable[[], Any], str]] = [
    ("family", one("elementwize", expr="{x}"), "there is no family 'elementwize' of operators; there are source, elementwise"),
    ("family that is no text", one(3), "there is no family 3"),
    ("combine", lambda: reduction("xor")(reduced), "there is no combine 'xor' of reductions; there are add, mul, max"),
    ("fact", one("host", grda=None), "there is no fact 'grda'; there are ahead, analytic, batch"),
    ("twice", lambda: one("host", name="tanh")(), "tanh: an operator of this name is declared already"),
    ("name", one("host", name="a b"), "'a b' is no name"),
    ("docstring", one("host", bare), "bare: the reference has no docstring"),
    ("no expression", one("elementwise"), "an operator of the family elementwise needs expr="),
    ("no combine", one("reduction", reduced), "needs combine="),
    ("no view", one("view"), "needs view="),
    ("no lower", one("lowered"), "needs lower="),
    ("expression elsewhere", one("host", expr="{x}"), "an operator of the family host has no expr="),
    ("check elsewhere", one("host", check="{x} > 0"), "has no check="),
    ("combine elsewhere", one("host", combine="add"), "has no combine="),
    ("view elsewhere", one("elementwise", expr="{x}", view=lambda *a: a), "has no view="),
    ("syntax", scalar("{x} + "), "thing: the expression '{x} + ' does not parse: invalid syntax"),
    ("open brace", scalar("{x + 1"), "expected '}'"),
    ("empty braces", scalar("{} + 1"), "names {}, which is no operand"),
    ("format", scalar("{x:3}"), "names {x}, which is no operand"),
    ("conversion", scalar("{x!r}"), "names {x}, which is no operand"),
    ("no text", scalar(3), "3 is no text"),
    ("unknown call", scalar("nosuch({x})"), "thing: the expression 'nosuch({x})' calls nosuch, which no kernel knows"),
    ("memory", scalar("load({x}, 0)"), "calls load, which no kernel knows"),
    ("operand called", scalar("{x}(3)"), "calls x, which no kernel knows"),
    ("method", scalar("{x}.bit_count()"), "calls what is no name, which no kernel knows"),
    ("too few operands", scalar("select({x}, {x})"), "gives select other operands than 3 by their places: select(x, x)"),
    ("keyword", scalar("exp(x={x})"), "gives exp other operands than 1 by their places"),
    ("dtype of two", scalar("{T}({x}, {x})"), "gives T other operands than 1"),
    ("dtype as value", scalar("{x} + {T}"), "uses T, which is no value"),
    ("bare name", scalar("x + 1"), "uses x, which is no value"),
    ("function as value", scalar("exp + {x}"), "uses exp, which is no value"),
    ("comprehension", scalar("[{x} for _ in {x}]"), "has a part that no kernel takes: ["),
    ("product of matrices", scalar("{x} @ {x}"), "has a part that no kernel takes: x @ x"),
    ("membership", scalar("{x} in ({x}, 1)"), "has a part that no kernel takes: x in (x, 1)"),
    ("text in it", scalar("{x} == 'a'"), "has a part that no kernel takes: 'a'"),
    ("braces", scalar("{x} + {z}"), "names {z}, which is no operand, number among the attributes, or {T}"),
    ("attribute that is no number", scalar("{x} + {word}", pair), "names {word}, which is no operand"),
    ("check's braces", scalar("{x}", check="{z} > 0"), "names {z}"),
    ("check's syntax", scalar("{x}", check="{x} >"), "does not parse"),
    ("check's call", scalar("{x}", check="positive({x})"), "calls positive"),
    ("any number of operands", scalar("{x}", listed), "takes a fixed number of operands"),
    ("reduction without axis", lambda: reduction("add")(thing), "takes the keywords axis and keepdims"),
    ("one operand in either order", scalar("{x}", commutative=True), "what is commutative takes two operands"),
    ("batch rule", one("host", batch="aligend"), "there is no rule of batching 'aligend'; there are aligned, leading"),
    ("gradient of too few", one("host", grad=lambda g, y: (g,)), r"thing: its gradient rule is called with (g, y, x): too many positional"),
    ("gradient of too many", one("host", grad=lambda g, y, x, z: (g,)), "is called with (g, y, x): missing a required argument: 'z'"),
    ("gradient without an attribute", one("host", pair, grad=lambda g, out, x, y, word: (g, g)), "got an unexpected keyword argument 'k'"),
    ("gradient of a list", one("host", listed, grad=lambda g, y, x: (g,)), "is called with (g, y, values0, values1, values2)"),
    ("sample's operands", one("host", samples=(([(2,), (2,)], {}),)), "a sample has 2 operands, not 1"),
    ("sample's attributes", one("host", samples=(([(2,)], {"axis": 1}),)), "a sample names 'axis', which is no attribute"),
    ("sample's form", one("host", samples=((2,), (3,))), "a sample is a list of operands and a dict of attributes, not (2,)"),
    ("sample's shape", one("host", samples=(([(2.5,)], {}),)), "a sample's operand is a shape or an array"),
    ("fixed operand", scalar("{x}", fixed={"z": "bool"}), "fixed names 'z', which is no operand"),
    ("fixed dtype", scalar("{x}", fixed={"x": "bol"}), "fixed: "),
    ("by_value", one("host", by_value=(1,)), "by_value are numbers of operands, below 1, not (1,)"),
    ("domain", scalar("{x}", domain=(1.0, 1.0)), "the domain (1.0, 1.0) is empty"),
    ("one result", one("host", results=("y",)), "results are two names or more"),
    ("results alike", one("host", results=("y", "y")), "results are two names or more"),
    ("results of a kernel", scalar("{x}", results=("y", "z")), "an operator of the family elementwise has one result, not y, z"),
    ("combine's step", lambda: Combine("xor", "0", "{acc} ^ {x}"), "combine xor: the expression '{acc} ^ {x}' names {acc}"),
    ("combine's neutral element", lambda: Combine("xor", "none", "{total} ^ {x}"), "combine xor: the expression 'none' uses none"),
    ("what fuses by nothing", lambda: Family("fft", "A transform.", fuses=True), "family fft: what fuses has memory of its own, and"),
    ("what fuses as a view", lambda: Family("fft", "A transform.", Memory.VIEW, fuses=True, broadcasts=True), "family fft: what fuses has memory"),
    ("random numbers by a text", one("random", expr="{x}"), "thing: its expr is a function of the attributes"),
    ("random numbers by nothing", one("random"), "an operator of the family random needs expr="),
    ("family's batch rule", lambda: Family("fft", "A transform.", batch="first"), "family fft: there is no rule of batching 'first'"),
]


@pytest.mark.parametrize(("what", "act", "text"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_mistakes_are_named_when_they_are_made(what: str, act: Callable[[], Any], text: str) -> None:
    """With the operator and the line of its reference, and nothing is declared."""
    known = dict(OPERATORS)
    with pytest.raises(errors.DeclarationError) as caught:
        act()
    assert text in str(caught.value) and re.search(r"\n  at test_families.py:\d+$", str(caught.value)), caught.value
    assert known == OPERATORS


def test_a_mistake_names_the_line_of_the_reference() -> None:
    with pytest.raises(errors.DeclarationError) as caught:
        scalar("nosuch({x})")()
    assert str(caught.value).endswith(f"\n  at test_families.py:{thing.__code__.co_firstlineno}")


@pytest.mark.parametrize("text", ["{x}", "-{x} * {T}(2)", "select(({x} > {k}) & ({x} != {x}), inf, {T}(1e-3))", "{x} if {x} > {k} else -{x}"])
def test_expressions_without_mistakes(text: str) -> None:
    assert mistake(text, {"x", "k"}) is None


# ---------------------------------------------------------------------- rules and passes from outside

def added(name: str, before: str = "share", change: Callable[[Any], Any] = lambda fetches: fetches) -> Callable[[], Any]:
    def function(fetches: Any) -> Any:
        return change(fetches)
    function.__name__ = name
    return lambda: extend.add_pass(before=before, why="for a test")(function)


def compiled(change: Callable[[Any], Any]) -> Callable[[], Any]:
    def act() -> Any:
        added("changing", change=change)()
        with tf.Session() as session:
            session.run(tf.constant([1.0]) + tf.constant([2.0, 3.0]))
    return act


FROM_OUTSIDE: list[tuple[str, Callable[[], Any], str]] = [
    ("rule's name", lambda: extend.rule("neg-neg", lambda x: x + x, lambda x: x * 2), "rule neg-neg: there is a rule of this name"),
    ("sides' arity", lambda: extend.rule("r", lambda x: x + x, lambda x, y: x), "its sides take 1 and 2 tensors"),
    ("no operands", lambda: extend.rule("r", lambda: tf.constant(1), lambda: tf.constant(1)), "its sides take 0 and 0 tensors"),
    ("rule's dtype", lambda: extend.rule("r", lambda x: x + x, lambda x: x * 2, ["float16"]), "not 'float16'"),
    ("no dtype", lambda: extend.rule("r", lambda x: x + x, lambda x: x * 2, []), "not for none"),
    ("no expression", lambda: extend.rule("r", lambda x: tf.nosuch(x), lambda x: x), "of float32 a side cannot be built: AttributeError"),
    ("nothing to match", lambda: extend.rule("r", lambda x: x, lambda x: x + 0), "left side must be elementwise, not placeholder"),
    ("a reduction", lambda: extend.rule("r", lambda x: tf.reduce_sum(x), lambda x: x), "left side must be elementwise, not reduce_sum"),
    ("types", lambda: extend.rule("r", lambda x: x + x, lambda x: x > 0), "of float32 the left side is float32[], the right side bool[]"),
    ("no tensor", lambda: extend.rule("r", lambda x: x + x, lambda x: 2), "the right side 2"),
    ("pass's place", added("mine", before="shared"), "pass mine: there is no pass 'shared' to go before; there are remove_identities"),
    ("pass's name", added("share"), "pass share: there is a pass of this name"),
    ("a type changed", compiled(lambda fetches: [tf.cast(f, tf.float64) for f in fetches]),
     "pass changing: the fetches float32[2] become float64[2]"),
    ("a fetch lost", compiled(lambda fetches: []), "pass changing: the fetches float32[2] become none"),
]


@pytest.mark.parametrize(("what", "act", "text"), FROM_OUTSIDE, ids=[m[0] for m in FROM_OUTSIDE])
def test_mistakes_in_rules_and_passes(what: str, act: Callable[[], Any], text: str) -> None:
    before = len(RULES), [name for name, *_ in PIPELINE]
    with pytest.raises(errors.DeclarationError) as caught:
        act()
    assert text in str(caught.value) and re.search(r"\n  at test_families.py:\d+$", str(caught.value)), caught.value
    assert before[0] == len(RULES) and [n for n, *_ in PIPELINE if n != "changing"] == before[1]


def test_a_rule_from_outside_is_applied() -> None:
    x = tf.placeholder(tf.float32, [3])
    doubled = x + x
    plain = optimise([doubled])[0]
    made = extend.rule("twice", lambda x: x + x, lambda x: x * 2, ("float32", "float64"))
    testing.check_rule(made)
    assert (plain.operator.name, optimise([doubled])[0].operator.name) == ("add", "multiply")


@pytest.mark.parametrize(("lhs", "rhs", "text"), [
    (lambda x: x + x, lambda x: x * 3, "rule wrong, float32: of (1.0) the left side gives 2.0, the right side 3.0"),
    (lambda x: x - x, lambda x: x * 0, "rule wrong, float32: of (-0.0) the left side gives 0.0, the right side -0.0"),
])
def test_a_wrong_rule_from_outside_is_found(lhs: Any, rhs: Any, text: str) -> None:
    made = extend.rule("wrong", lhs, rhs, ("float32",))
    with pytest.raises(AssertionError, match=re.escape(text)):
        extend.check_rule(made)


def test_a_pass_from_outside_is_explained() -> None:
    x = tf.placeholder(tf.float32, [3])
    added("mine")()
    with tf.Session() as session:
        names = [(p.name, p.reason) for p in session.explain(tf.exp(x)).passes]
    assert names[names.index(("mine", "for a test")) + 1] == ("share", "after what makes nodes equal")


def test_temporary_forgets_what_is_declared_inside() -> None:
    tables: list[Any] = [OPERATORS, RULES, PIPELINE]
    before = [list(t) for t in tables]
    with extend.temporary():
        parity("again")
        extend.rule("twice", lambda x: x + x, lambda x: x * 2)
        added("mine")()
        assert [len(list(t)) for t in tables] == [len(b) + 1 for b in before]
    assert [list(t) for t in tables] == before
