"""Sizes are ints in all that is computed and decided with them, and what is decided holds wherever the guards do."""

from __future__ import annotations

import itertools
import operator
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphc import errors
from graphc.ir.scope import Scope
from graphc.ir.sizes import Size, alike, all_at_hand, at_hand, fixed, maximum, minimum, number, outgrows

# name -> what it does to two operands; of a divisor 0 nothing is asked
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv, "%": operator.mod,
    "max": lambda a, b: maximum(a, b), "min": lambda a, b: minimum(a, b), "exact": lambda a, b: a * b // b,
}
ASKED: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}


class Course:
    """A program of random operations and questions, which can be run on sizes and on ints."""

    def __init__(self, seed: int):
        draw = random.Random(seed)
        self.free = draw.randint(1, 4)
        self.steps: list[tuple[str, int, int]] = []
        have = self.free + 4                    # the free ones and the numbers below
        for _ in range(draw.randint(3, 12)):
            if draw.random() < 0.4:
                self.steps.append((draw.choice([*ASKED, "=="]), draw.randrange(have), draw.randrange(have)))
            else:
                self.steps.append((draw.choice([*ARITHMETIC]), draw.randrange(have), draw.randrange(have)))
                have += 1
        self.values = [draw.choice([0, 1, 2, 2, 3, 4, 4, 5, 6, 7, 12, 100]) for _ in range(self.free)]
        self.draw = draw

    def run(self, given: list[Any]) -> tuple[list[Any], list[bool]]:
        """All that is computed, and what is decided on the way: each answer with the steps that it lets happen."""
        have, said = [*given, 0, 1, 3, -2], list[bool]()
        for name, i, j in self.steps:
            a, b = have[i], have[j]
            if name in ASKED:
                said.append(ASKED[name](a, b))
            elif name in ("//", "%", "exact") and (said.append(b == 0) or said[-1]):
                have.append(a)
            else:
                have.append(ARITHMETIC[name](a, b))
        return have, said


def test_functions_of_numbers_hold_sizes_within_sizes_to_any_depth() -> None:
    """As a statement each: Python takes no expression of two hundred parentheses, as layer behind layer makes them."""
    def through(n: Any) -> Any:
        for k in range(120):
            n = (n + k) // 2
        return n

    scope = Scope()
    deep = through(scope.size("n", 1000))
    assert deep != 7
    holds, evaluate = scope.holds(), scope.evaluator([deep, deep + 1])
    assert all((evaluate(n), holds(n)) == ((through(n), through(n) + 1), through(n) != 7) for n in (2, 1000, 10**40))


@pytest.mark.parametrize("seeds", [range(k, k + 250) for k in range(0, 3000, 250)], ids=lambda r: f"{r[0]}")
def test_random_courses(seeds: range) -> None:
    """Equal to ints at hand; where the guards hold, the same answers as ints give, and `evaluator` gives what ints are."""
    elsewhere = 0
    for seed in seeds:
        course = Course(seed)
        scope = Scope()
        sizes = [scope.size(f"n{i}", v) for i, v in enumerate(course.values)]
        made, said = course.run(sizes)
        plain, wanted = course.run(course.values)
        assert [at_hand(x) for x in made] == plain and said == wanted, seed
        holds, evaluate = scope.holds(), scope.evaluator(made)
        assert holds(*course.values) and evaluate(*course.values) == tuple(plain), seed
        assert not scope.fixed
        for _ in range(12):
            other = [course.draw.choice([v, v + 1, 2 * v, course.draw.randint(0, 9)]) for v in course.values]
            if holds(*other):
                elsewhere += other != course.values
                have, answers = course.run(other)
                assert answers == said and evaluate(*other) == tuple(have), (seed, other)
                for x, n in zip(made, have, strict=True):
                    low, high = scope.bounds(x.terms) if isinstance(x, Size) else (n, n)
                    assert (low is None or low <= n) and (high is None or n <= high), (seed, other, x)
    assert elsewhere > 100


def scope_of(**values: int) -> tuple[Any, ...]:
    scope = Scope()
    return (scope, *(scope.size(name, v) for name, v in values.items()))


# What is known of sizes without a guard: (what is asked of B=8, T=5, D=3, the answer).
KNOWN = [
    ("B*T*D == D*T*B", True), ("(B*T*D) // T == B*D", True), ("(B*T + B) // (T + 1) == B", True), ("(B*784) % 784 == 0", True),
    ("(2*B + 1) // 2 == B", True), ("-(-B // 8192) != 0", True), ("B == 1", False), ("B*T < B", False), ("B*T - B > 0", True),
    ("B*T >= 4", True), ("(B + 8191) // 8192 > 0", True), ("2*B == 2*T + 1", False), ("B % 4 < 4", True), ("B - B == 0", True),
    ("0 in (B, T)", False),
    ("(B, T).count(-1) == 0", True), ("maximum(B*T, T) == B*T", True), ("minimum(B, 1) == 1", True), ("B + T == 3", False), ("bool(B)", True),
]


@pytest.mark.parametrize("text, answer", KNOWN, ids=[t for t, _ in KNOWN])
def test_known_without_a_guard(text: str, answer: bool) -> None:
    scope, b, t, d = scope_of(B=8, T=5, D=3)
    before = dict(scope.guards)
    assert eval(text, {"B": b, "T": t, "D": d, "maximum": maximum, "minimum": minimum}) is answer
    assert scope.guards == before and len(before) == 3


def test_equal_sizes_become_one() -> None:
    """Also those made before; the guard stays, and asks both."""
    scope, b, c = scope_of(B=6, C=6)
    area = c * 4
    assert b == c and alike(area, b * 4) and hash(area) == hash(b * 4) and repr(area) == "4*B" and alike(b - c + 3, 3)
    holds = scope.holds()
    assert holds(7, 7) and not holds(7, 6)


def test_a_size_that_is_a_number() -> None:
    scope, b = scope_of(B=6)
    row = b + 1
    assert not fixed(row) and b == 6 and fixed(row) and number(row) == 7 and hash(row) == hash(7) and {7: "x"}[row] == "x" and alike(row, 7)
    assert not scope.fixed and not scope.holds()(7)


def test_factors_are_left_out() -> None:
    """What is decided of T is decided of 2*B*T*T - 8*B*T."""
    scope, b, t = scope_of(B=6, T=9)
    assert not 2 * b * t * t < 8 * b * t
    asked = len(scope.guards)
    assert scope.decisions()[2:] == ["-4 + T < 0: False"] and asked == 3 and not t < 4 and not t * b == 3 * b and len(scope.guards) == asked


def test_bounds_are_learnt() -> None:
    scope, b = scope_of(B=60)
    assert not b < 5
    asked = len(scope.guards)
    assert b > 4 and b - 5 >= 0 and b != 3 and len(scope.guards) == asked and not scope.holds()(4)


@pytest.mark.parametrize("text, answer", [("B > 5", True), ("100 > B", False), ("B*T > 1000*B + 5000", True), ("B > T", False), ("T > 2*B", False),
                                          ("B*T - B*T > 0", False), ("3*B*T > B*T", True), ("7 > 5", True), ("5 > 7", False)])
def test_what_outgrows_what_is_no_guard(text: str, answer: bool) -> None:
    scope, b, t = scope_of(B=3, T=4)
    before = dict(scope.guards)
    left, right = (eval(side, {"B": b, "T": t}) for side in text.split(" > "))
    assert outgrows(left, right) is answer and scope.guards == before


def test_other_numbers_are_taken() -> None:
    """Messages have the new numbers, also of what was computed before; nothing is decided of them."""
    scope, b, t = scope_of(B=6, T=4)
    made = [b * t + 1, maximum(b, 5 * t) // 3, (b + 1) % t]
    assert all_at_hand(made) == (25, 6, 3) and not b < 5
    before = dict(scope.guards)
    scope.take([9, 5])
    assert all_at_hand(made) == (46, 8, 0) and f"{b}, {made[0]}" == "9, 46" and scope.at_hand() == [9, 5]
    assert b > t and not b == 7 and int(b) == 9 and len(range(t)) == 5 and scope.guards == before and not scope.fixed


@pytest.mark.parametrize("use", [range, lambda b: np.zeros(b), lambda b: np.array([b], np.int64), lambda b: [0] * b, float, int],
                         ids=["range", "zeros", "array", "list", "float", "int"])
def test_what_needs_a_number_fixes_the_size(use: Callable[[Any], Any]) -> None:
    scope, b = scope_of(B=6)
    use(b)
    assert scope.fixed and scope.holds()(6) and not scope.holds()(7)


def test_arrays_of_sizes() -> None:
    """numpy's functions do the arithmetic of shapes on them."""
    scope, b, t = scope_of(B=6, T=4)
    dims = np.array([b, t, 3], object)
    assert np.prod(dims) is not None and alike(np.prod(dims), 3 * b * t) and alike((dims + np.int64(1)).tolist(), [b + 1, t + 1, 4])
    assert alike(np.concatenate([dims[:1], [7]]).tolist(), [b, 7]) and alike(np.maximum(dims, 0).tolist(), dims.tolist())
    assert not (dims != dims).any() and all_at_hand(dims) == (6, 4, 3) and alike(np.int64(3) * b, 3 * b) and not scope.fixed


@pytest.mark.parametrize("value", [0, 1])
def test_zero_and_one_are_numbers(value: int) -> None:
    scope, b = scope_of(B=value)
    assert b.__class__ is int and [n for n in range(5) if scope.holds()(n)] == [value]


def test_two_compilations_do_not_mix() -> None:
    (_, a), (_, b) = scope_of(B=6), scope_of(B=6)
    with pytest.raises(errors.InternalError, match="two compilations"):
        a + b
    assert a == 6 and a == 6 * 1 and repr(a * b) == "6*B" and b == 6 and a == b


def test_shown_as_the_number() -> None:
    _, b = scope_of(B=6)
    assert f"{b * 2 + 1} {b:>3}" == "13   6" and repr(b * 2 + b // 4 + 1) == "1 + (B // 4) + 2*B"


@pytest.mark.parametrize("a, b", list(itertools.product([-7, 0, 5], [-3, 4])))
def test_division_is_that_of_ints(a: int, b: int) -> None:
    _, n = scope_of(B=6)
    whole, rest = divmod(n * 0 + (n + a), b)
    assert (at_hand(whole), at_hand(rest)) == divmod(6 + a, b)
