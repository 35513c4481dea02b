"""Code is bound to other numbers without looking at the graph again: what a program is then, and gives, is what compiling anew makes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.cpu.bind import bind
from graphc.cpu.memory import Arena
from graphc.cpu.program import Program
from graphc.ir.node import OPERATORS
from graphc.runtime.call import Call
from tests.digest import without_places

Array = np.ndarray[Any, Any]
GRAPHS: dict[str, Callable[[Any], list[Any]]] = {}      # of a placeholder x: float32[?, 24]; what to fetch
SIZES = (37, 53)                                        # of the open axis: no other sizes of these graphs
LARGE = (1531, 1103)                                    # where long sums are cut into chunks, and steps shared out


def graph(build: Callable[[Any], list[Any]]) -> Callable[[Any], list[Any]]:
    GRAPHS[build.__name__] = build
    return build


def weights(*shape: int) -> Any:
    return tf.Variable(np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32) * 0.3)


@graph
def training(x: Any) -> list[Any]:
    """Products of all three kinds of transposition, rows, columns, variables updated in place."""
    hidden = tf.tanh(x @ weights(24, 30) + weights(30))
    loss = tf.reduce_mean(tf.reduce_logsumexp(hidden @ weights(30, 10), axis=1))
    return [loss, tf.train.AdamOptimizer(0.01).minimize(loss), hidden]


@graph
def attention(x: Any) -> list[Any]:
    """Batched products, of operands that are views, and rows between them."""
    heads = tf.transpose(tf.reshape(x @ weights(24, 48), [-1, 4, 12]), [1, 0, 2])
    return [tf.matmul(tf.nn.softmax(tf.matmul(heads, heads, transpose_b=True)), heads), tf.gradients(tf.reduce_sum(heads * heads), x)[0]]


@graph
def pieces(x: Any) -> list[Any]:
    """Slices, parts of a concatenation, and rows that are picked and scattered back."""
    picked = tf.gather(x, [3, 1, 30, 3])
    both = tf.concat([x[1:], picked * 2.0, x[:, ::-1]], 0)
    return [both, tf.gradients(tf.reduce_sum(tf.square(picked)), x)[0], tf.split(both, 2, axis=1)[1]]


@graph
def host_steps(x: Any) -> list[Any]:
    """References between two tapes; a view of a feed, and a value that is fetched twice."""
    last = tf.cumsum(tf.exp(x * 0.1), axis=0)
    square = tf.matmul(x, x, transpose_a=True) + 30.0 * tf.eye(24)
    return [last, last, tf.transpose(x), tf.matrix_inverse(square) + tf.reduce_sum(last)]


@graph
def late_values(x: Any) -> list[Any]:
    """Variables set at the end: to a row of a feed, and to what is fetched."""
    kept, total = tf.Variable(np.zeros(24, np.float32)), tf.Variable(np.zeros((), np.float32))
    column = tf.reduce_sum(x, axis=0)
    return [column, tf.assign(kept, column), tf.assign_add(total, tf.reduce_sum(kept))]


def compiled(call: Call, size: int) -> tuple[Program, list[Array]]:
    arrays = call.arrays([np.random.default_rng(size).normal(size=(size, 24)).astype(np.float32)])
    made = call.compile(arrays)
    assert isinstance(made, Program)
    return made, arrays


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("sizes", [SIZES, SIZES[::-1], LARGE], ids=str)
@pytest.mark.parametrize("name", GRAPHS)
def test_code_bound_to_other_sizes(name: str, sizes: tuple[int, int], threads: int) -> None:
    """The numbers of one compilation in the columns of another, whose arena both programs share."""
    x = tf.placeholder(tf.float32, [None, 24])
    fetches = GRAPHS[name](x)
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
        call, _ = session.calls.prepare(fetches, {x: None})
        here, arrays = compiled(call, sizes[0])
        there, others = compiled(call, sizes[1])
        assert here.code.scope.holds()(sizes[1]) and len(here.memory.numbers) == len(there.memory.numbers)
        moved = bind(here.code, [sizes[1]], session.values, here.memory.arena)
        assert here.ranges.extents.tolist() != moved.ranges.extents.tolist()
        assert without_places(moved) == without_places(there)
        variables = sorted(call.variables, key=lambda v: v.index)
        for program, given in ((there, others), (moved, others), (here, arrays), (there, others), (moved, others)):
            session.values.initialise(variables)
            found = [*program.run(given), *(session.values.memory(v).copy() for v in variables)]
            if program is there:
                wanted = found
            elif program is moved:
                assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(found, wanted, strict=True) if b is not None)


def test_an_arena_serves_all_programs_of_a_call() -> None:
    """It is as large as the largest needs, and what each gives does not depend on which ran before."""
    x = tf.placeholder(tf.float32, [None, 24])
    y = tf.reduce_sum(tf.exp(tf.matmul(tf.tanh(x @ weights(24, 50)), weights(50, 50))), axis=1)
    with tf.Session() as session, tf.Session(jit=False) as plain:
        call, _ = session.calls.prepare(y, {x: None})
        for size in (5, 400, 3, 401, 6, 400, 5, 800, 401):
            given = np.random.default_rng(size).normal(size=(size, 24)).astype(np.float32)
            for v in call.variables:
                plain.values.load(v, session.values.memory(v))
            np.testing.assert_allclose(session.run(y, {x: given}), plain.run(y, {x: given}), rtol=2e-5)
        needs = [b.program.memory.need for b in call.variants.bound.values() if isinstance(b.program, Program)]
        assert len(needs) == 6 and max(needs) <= call.arena.block.nbytes < 1.2 * max(needs) < sum(needs)


def test_an_arena_that_grows_gives_the_old_block_back() -> None:
    told = []

    class User:
        def let_go(self) -> None:
            told.append(self)

    arena, first, second = Arena(), User(), User()
    block = arena.hold(first, 1000)
    assert arena.hold(second, 500) is block and not told
    assert arena.hold(second, 2000) is not block and set(told) == {first, second} and arena.block.nbytes >= 2000
    assert arena.hold(first, 2000).nbytes == arena.block.nbytes and len(told) == 2


@pytest.mark.parametrize("bound, named", [(3, "[0, 3)"), (np.array([3, 2]), "[0, its bound)")], ids=["one", "one each"])
def test_an_index_that_is_wrong_is_told_with_its_bound(bound: Any, named: str) -> None:
    """A bound that is one size follows it; an array of bounds is told in words."""
    x = tf.placeholder(tf.int64, [2])
    checked = OPERATORS["check_index"](x, tf.constant(bound, tf.int64)) + 1
    with tf.Session() as session:
        assert session.run(checked, {x: [2, 1]}).tolist() == [3, 2]
        with pytest.raises(tf.errors.InvalidArgumentError, match=re.escape(f"7 is not in {named}")):
            session.run(checked, {x: [2, 7]})
