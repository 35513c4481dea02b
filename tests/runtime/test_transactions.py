"""A run is a transaction: one that fails or is interrupted leaves variables and random numbers as they were, compiled and interpreted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.cpu import memory, program

SIZE = 40


def network(optimizer: Any = None) -> tuple[Any, Any, Any]:
    """An embedding with a layer and dropout: the step that trains it, the loss, and what is looked up."""
    ids = tf.placeholder(tf.int32, [None], name="ids")
    table = tf.Variable(tf.random_normal([10, SIZE]), name="table")
    w = tf.Variable(tf.random_normal([SIZE, SIZE]), name="w")
    b = tf.Variable(np.zeros(SIZE, np.float32), name="b")
    h = tf.nn.dropout(tf.tanh(tf.matmul(tf.nn.embedding_lookup(table, ids), w) + b), 0.5)
    loss = tf.reduce_mean(tf.square(h - 1.0))
    return (optimizer or tf.train.AdamOptimizer(0.01)).minimize(loss), loss, ids


def raising(value: Any) -> Any:
    if np.any(np.asarray(value) < 0):
        raise ValueError("as asked")
    return value


def called(x: Any) -> Any:
    y = tf.py_func(raising, [x], tf.float32)
    y.set_shape(x.shape)
    return y


def after(first: Any, build: Callable[[], Any]) -> Any:
    with tf.control_dependencies([first]):
        return build()


# Each gives fetches, and what is fed for a run that ends well and for one that fails; the names say what fails.
def index_beside_training() -> Any:
    step, loss, ids = network()
    at = tf.placeholder(tf.int32, [None])
    return [step, loss, tf.gather(tf.constant(np.arange(5.0)), at)], {ids: [1, 2], at: [4]}, {ids: [1, 2], at: [5]}


def index_of_the_embedding() -> Any:
    step, loss, ids = network()
    return [step, loss], {ids: [1, 2, 9]}, {ids: [1, 2, 10]}


def index_in_the_kernel_that_stores() -> Any:
    v, w = tf.Variable(np.zeros(50_000, np.float32)), tf.Variable(1.0)
    at = tf.placeholder(tf.int32, [50_000])
    wrong = np.zeros(50_000, np.int32)
    wrong[-1] = 7
    moved = v.assign_add(tf.gather(tf.constant([1.0, 2.0]), at))
    return [w.assign_add(1.0), moved], {at: np.ones(50_000, np.int32)}, {at: wrong}


def sizes_of_a_split() -> Any:
    v, w = tf.Variable(np.ones(6, np.float32)), tf.Variable(np.ones(3, np.float32))
    sizes = tf.placeholder(tf.int32, [2])
    parts = tf.split(v.assign_add(np.ones(6, np.float32)) * 2.0, sizes, num=2)
    return [w.assign_add(np.ones(3, np.float32)), *parts], {sizes: [2, 4]}, {sizes: [2, 3]}


def contract_that_a_run_holds() -> Any:
    x, y = tf.placeholder(tf.float32, None), tf.placeholder(tf.float32, None)
    v = tf.Variable(1.0)
    return [v.assign_add(1.0), tf.add_n([x, y])], {x: [1.0, 2.0], y: [1.0, 2.0]}, {x: [1.0, 2.0], y: [1.0]}


def function_beside_training() -> Any:
    step, loss, ids = network()
    x = tf.placeholder(tf.float32, [2])
    return [step, loss, called(x)], {ids: [1, 2], x: [1, 2]}, {ids: [1, 2], x: [1, -2]}


def function_of_the_new_value() -> Any:
    x = tf.placeholder(tf.float32, [3])
    v, w = tf.Variable([1.0, 2.0, 3.0]), tf.Variable([1.0, 2.0, 3.0])
    new = v.assign_add(x)
    return [new, called(new), w.assign_sub(x)], {x: [1, 1, 1]}, {x: [-9, 0, 0]}


def function_after_the_step() -> Any:
    step, loss, ids = network(tf.train.MomentumOptimizer(0.1, 0.9))
    x = tf.placeholder(tf.float32, [])
    return [step, after(step, lambda: called(x + loss * 0.0))], {ids: [3], x: 1.0}, {ids: [3], x: -1.0}


def numbers_that_are_checked() -> Any:
    step, loss, ids = network(tf.train.RMSPropOptimizer(0.1))
    x = tf.placeholder(tf.float32, [])
    return [step, tf.check_numerics(tf.log(x), "log")], {ids: [3], x: 1.0}, {ids: [3], x: 0.0}


def assertion_on_what_is_assigned() -> Any:
    v, w, x = tf.Variable(0.0), tf.Variable(np.zeros((3, 4), np.float32)), tf.placeholder(tf.float32, [])
    new = v.assign_add(x)
    with tf.control_dependencies([tf.Assert(new < 5.0, [new])]):
        return [w.assign_add(tf.ones([3, 4])), new], {x: 0.5}, {x: 7.0}


def strided_values_and_a_swap() -> Any:
    a, b = tf.Variable(np.arange(12.0).reshape(3, 4)), tf.Variable(np.arange(12.0).reshape(4, 3) * 2)
    at = tf.placeholder(tf.int32, [1])
    return [a.assign(tf.transpose(b)), b.assign(tf.transpose(a)), tf.gather(tf.constant([1.0]), at)], {at: [0]}, {at: [3]}


def value_of_another_shape() -> Any:
    v = tf.Variable([1.0, 2.0], validate_shape=False)
    w, at = tf.Variable(np.zeros(2, np.float32)), tf.placeholder(tf.int32, [1])
    grown = tf.assign(v, tf.concat([v, [3.0]], 0), validate_shape=False)
    return [w.assign_add([1.0, 1.0]), grown, tf.gather(tf.constant([1.0]), at)], {at: [0]}, {at: [3]}


def size_that_data_decides() -> Any:
    step, loss, ids = network()
    x = tf.placeholder(tf.float32, [4])
    v = tf.Variable(0.0)
    kept = tf.boolean_mask(x, x > v.assign_add(1.0) + tf.random_normal([]) * 0.0)
    return [step, kept, called(kept - 50.0)], {ids: [1], x: [90, 80, 70, 0]}, {ids: [1], x: [90, 80, 40, 0]}


def function_of_what_data_decides() -> Any:
    x, v = tf.placeholder(tf.float32, [4]), tf.Variable(0.0)
    kept = tf.boolean_mask(x, called(x) < 3.0)
    return [v.assign_add(tf.reduce_sum(kept)), tf.random_normal([2])], {x: [1, 2, 3, 4]}, {x: [1, 2, 3, -4]}


def values_set_anew() -> Any:
    step, loss, ids = network()
    x = tf.placeholder(tf.float32, [])
    return [tf.global_variables_initializer(), called(x)], {x: 1.0}, {x: -1.0}


def initial_value_that_fails() -> Any:
    x = tf.placeholder(tf.float32, [])
    first, second = tf.Variable(tf.random_normal([3])), tf.Variable(tf.check_numerics(tf.log(x), "log"))
    return [first.initializer, second.initializer], {x: 1.0}, {x: -1.0}


def sum_over_segments() -> Any:
    x, ids = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.int32, [3])
    w = tf.Variable([1.0, 2.0, 3.0])
    loss = tf.reduce_sum(tf.unsorted_segment_sum(w * x, ids, 2) ** 2)
    at = tf.gather(tf.constant([1.0, 2.0]), ids)
    return [tf.train.AdagradOptimizer(0.1).minimize(loss), at], {x: [1, 2, 3], ids: [0, 1, 0]}, {x: [1, 2, 3], ids: [0, 1, 2]}


def rows_of_two_tables() -> Any:
    a, b = tf.Variable(np.zeros((50, 8), np.float32)), tf.Variable(np.zeros((60, 8), np.float32))
    at, other, w = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None]), tf.Variable(np.zeros(300, np.float32))
    fetches = [tf.scatter_add(a, at, tf.ones([2, 8])), tf.scatter_sub(b, other, tf.ones([2, 8])), w.assign_add(tf.ones([300]))]
    return fetches, {at: [3, 3], other: [1, 59]}, {at: [3, 4], other: [0, 60]}


def index_within_a_loop() -> Any:
    at, v = tf.placeholder(tf.int32, [3]), tf.Variable(np.zeros(100, np.float32))
    total = tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s + tf.gather(tf.constant([1.0, 2.0]), at[i]) + tf.random_normal([])),
                          [0, 0.0])[1]
    return [v.assign_add(tf.ones([100])), total, v.assign_add(tf.ones([100])) + total], {at: [0, 1, 0]}, {at: [0, 1, 2]}


def function_within_a_branch() -> Any:
    x, v = tf.placeholder(tf.float32, []), tf.Variable(np.zeros(100, np.float32))
    y = tf.cond(x > 5.0, lambda: tf.constant(1.0), lambda: called(x))
    return [v.assign_add(tf.ones([100])), y], {x: 1.0}, {x: -1.0}


FAILING: list[Callable[[], Any]] = [
    index_beside_training, index_of_the_embedding, index_in_the_kernel_that_stores, sizes_of_a_split, contract_that_a_run_holds,
    function_beside_training, function_of_the_new_value, function_after_the_step, numbers_that_are_checked, assertion_on_what_is_assigned,
    strided_values_and_a_swap, value_of_another_shape, size_that_data_decides, function_of_what_data_decides, values_set_anew,
    initial_value_that_fails, sum_over_segments, rows_of_two_tables, index_within_a_loop, function_within_a_branch]


def state(session: tf.Session) -> tuple[dict[str, Any], Any]:
    """All that a session keeps, bit by bit."""
    kept = session.values.snapshot([v for v in session.graph.nodes if session.values.has(v)])
    return {v.label: (a.shape, a.tobytes()) for v, a in kept.arrays.items()}, kept.drawn


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    with tf.Graph().as_default():
        tf.set_random_seed(5)
        yield


def made(jit: bool, threads: int = 1) -> tf.Session:
    return tf.Session(jit=jit, config=tf.ConfigProto(intra_op_parallelism_threads=threads))


def same(found: Any, wanted: Any) -> bool:
    return all(a is None and b is None or np.array_equal(a, b, equal_nan=True) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("build", FAILING, ids=lambda f: f.__name__)
def test_a_run_that_fails_changes_nothing(build: Callable[[], Any], jit: bool, threads: int) -> None:
    """Nor does it the first time, when variables have no value; the runs after it are those of a session where none failed."""
    fetches, good, bad = build()
    with made(jit, threads) as session, made(jit, threads) as plain:
        for times in (2, 3, 0):
            before = state(session)
            with pytest.raises(Exception) as raised:                                # noqa: PT011  (any error at all)
                session.run(fetches, bad)
            assert not isinstance(raised.value, AssertionError)
            assert state(session) == before
            for _ in range(times):
                assert same(session.run(fetches, good), plain.run(fetches, good))
            assert state(session) == state(plain)


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("build", FAILING, ids=lambda f: f.__name__)
def test_a_run_that_is_interrupted_anywhere_has_changed_nothing_or_all(build: Callable[[], Any], jit: bool) -> None:
    """KeyboardInterrupt at each line of Python that a run passes, as if Control-C had been seen there."""
    fetches, good, _ = build()
    plain = state_by_state(fetches, good, jit)
    with made(jit) as session:
        session.run(fetches, good)
        before = session.values.snapshot([v for v in session.graph.nodes if session.values.has(v)])
        lines = interrupted(lambda: session.run(fetches, good), 0)
        for at in range(1, lines + 1):
            session.values.restore(before)
            assert state(session) == plain[1]
            interrupted(lambda: session.run(fetches, good), at)
            assert state(session) in plain[1:3], f"line {at}"
            assert np.float32(1e-45) * np.float32(1) > 0, f"line {at}: subnormal numbers are zeros outside of runs"
        session.values.restore(before)
        session.run(fetches, good)
        assert lines > 10 and state(session) == plain[2]
        left = [call for call in (*session.calls.known.values(), *session.calls._bodies.values()) if call.running or call.inner is not None]
        assert not left, "an interrupted call is taken to run still"


def state_by_state(fetches: Any, feeds: Any, jit: bool) -> list[Any]:
    """The states before the first run, after it, and after the second."""
    with made(jit) as session:
        found = [state(session)]
        for _ in range(2):
            session.run(fetches, feeds)
            found.append(state(session))
        return found


LOOKED_AT = ("runtime/call.py", "runtime/values.py", "runtime/streams.py", "runtime/forms.py", "runtime/stages.py", "cpu/program.py",
             "cpu/memory.py", "cpu/tape.py")


def interrupted(run: Callable[[], Any], at: int) -> int:
    """How many lines of these files a run passes that is interrupted at the `at`th, if it comes there. Statements that only set a name are not seen
    between: Python looks for signals behind calls and at ends of loops."""
    count = 0

    def trace(frame: Any, event: str, arg: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.endswith(LOOKED_AT):
            return None
        if event == "line" and frame.f_lineno not in SETTLED.get(frame.f_code, ()):
            count += 1
            if count == at:
                raise KeyboardInterrupt
        return trace
    sys.settrace(trace)
    try:
        run()
    except KeyboardInterrupt:
        assert count >= at > 0
    finally:
        sys.settrace(None)
    return count


def _in_finally(code: Any) -> set[int]:
    """The lines of a function that only put flags back, in its last `finally`."""
    import inspect
    lines, first = inspect.getsourcelines(code)
    start = max(i for i, line in enumerate(lines) if line.strip() == "finally:")
    return {first + i for i in range(start, len(lines)) if "=" in lines[i] and "==" not in lines[i]}


from graphc.runtime.call import Call  # noqa: E402
from graphc.runtime.values import Values  # noqa: E402

SETTLED = {f.__code__: _in_finally(f) for f in (Call.__call__, Call._within)} | {
    f.__wrapped__.__code__: _in_finally(f) for f in (Values.transaction, Values.still, Values._within)}


def test_steps_that_may_fail_go_before_those_that_store() -> None:
    """Of a training step none of whose checks depends on what it stores, all variables are written in place."""
    for build in (index_beside_training, index_of_the_embedding, function_beside_training, numbers_that_are_checked):
        with tf.Graph().as_default(), made(True) as session:
            fetches, good, _ = build()
            session.run(fetches, good)
            call = session.calls.prepare(fetches, good)[0]
            bound = call.variants.last
            while bound.variant.following is not None:
                bound = bound.variant.following.last
            plan = bound.program.plan
            assert not [v for v, value in plan.late if np.prod(v.type.shape) > 1], build.__name__
            assert len(plan.inplace) >= 9 - 4 * (build is numbers_that_are_checked)


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
def test_memory_for_results_is_there_before_variables_change(jit: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    v = tf.Variable(np.zeros(100_000, np.float32))
    step = v.assign_add(tf.ones([100_000]))
    both = [step, v * 2.0 + 3.0]
    with made(jit) as session:
        session.run(both)
        before = state(session)

        def none(*args: Any) -> Any:
            raise MemoryError("as asked")
        for module, name in ((program, "uninitialised"), (memory, "uninitialised")) if jit else ((np, "array"),):
            with monkeypatch.context() as patched:
                patched.setattr(module, name, none)
                with pytest.raises(tf.errors.ResourceExhaustedError):
                    session.run(both)
            assert state(session) == before


def test_a_run_inside_another_is_its_own_transaction() -> None:
    """What it changes stays, whatever becomes of the run around it; and that one changes nothing if it fails."""
    for jit in (True, False):
        with tf.Graph().as_default(), made(jit) as session:
            v, w, x = tf.Variable(0.0), tf.Variable(0.0), tf.placeholder(tf.float32, [])
            inner, noise = v.assign_add(1.0), tf.random_normal([], seed=3)

            def inside(value: Any, session: Any = session, inner: Any = inner, noise: Any = noise) -> Any:
                session.run([inner, noise])
                return raising(value)
            outer = [w.initializer, w.assign_add(1.0), noise, tf.py_func(inside, [x], tf.float32)]
            session.run(outer, {x: 1.0})
            assert session.run([v, w]) == [1.0, 1.0]
            session.run(w.assign(5.0))
            with pytest.raises(ValueError, match="as asked"):
                session.run(outer, {x: -1.0})
            assert session.run([v, w]) == [2.0, 5.0]
