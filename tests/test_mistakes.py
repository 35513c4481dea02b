"""What beginners get wrong, and what is wrong with arguments: an error of graphc's that names the function and the user's line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors


def x(*shape: int | None) -> tf.Tensor:
    return tf.placeholder(tf.float32, list(shape), name="x")


def step() -> tf.Operation:
    v = tf.Variable(1.0, name="v")
    return tf.train.AdamOptimizer(0.1, name="step").minimize(v * v)


def applied(pairs: Any) -> Any:
    return tf.train.AdamOptimizer().apply_gradients(pairs)


# What is done in a session, the error, and what its text says.
MISTAKES: list[tuple[str, Any, type[Exception], str]] = [
    # words that there are not, and words that are missing
    ("a misspelt keyword of a class", lambda s: tf.train.AdamOptimizer(learn_rate=0.1), errors.ArgumentError,
     "AdamOptimizer has no argument 'learn_rate' (is it learning_rate?); it takes learning_rate, beta1,"),
    ("a class without its argument", lambda s: tf.train.GradientDescentOptimizer(), errors.ArgumentError,
     "GradientDescentOptimizer needs learning_rate"),
    ("a class of any keywords without its argument", lambda s: tf.train.Optimizer("Own", learning_rate=0.1), errors.ArgumentError,
     "Optimizer needs name"),
    ("a misspelt keyword of a method", lambda s: tf.train.AdamOptimizer().minimize(x(), vars=[]), errors.ArgumentError,
     "Optimizer.minimize has no argument 'vars'"),
    ("a misspelt keyword of a session", lambda s: tf.Session(grap=None), errors.ArgumentError, "Session has no argument 'grap' (is it graph?)"),
    ("too many arguments", lambda s: tf.Session("", None, None, True, 1), errors.ArgumentError, "Session takes at most 4 arguments"),
    ("another argument, of a function that takes tensors for some", lambda s: tf.split([1.0, 2.0], number=2), errors.ArgumentError,
     "split has no argument 'number'"),
    ("an argument twice", lambda s: tf.split([1.0, 2.0], 2, num_or_size_splits=2), errors.ArgumentError,
     "split: 'num_or_size_splits' is given twice"),
    ("a function without its argument", lambda s: tf.placeholder(), errors.ArgumentError, "placeholder needs dtype"),
    ("a misspelt keyword of a function", lambda s: tf.get_variable("w", [1], initialiser=1), errors.ArgumentError, "(is it initializer?)"),
    ("a misspelt keyword of a scope", lambda s: tf.name_scope(nam="a").__enter__(), errors.ArgumentError, "name_scope has no argument 'nam'"),
    ("a misspelt keyword of an operator", lambda s: tf.matmul(x(2, 2), x(2, 2), transpose=True), errors.ArgumentError, "matmul has no argument"),
    ("a variable's method without its argument", lambda s: tf.Variable(1.0).assign(), errors.ArgumentError, "Variable.assign needs value"),
    ("a nn function without its argument", lambda s: tf.nn.bias_add(x(2, 2)), errors.ArgumentError, "bias_add needs bias"),
    ("a misspelt keyword of a layer", lambda s: tf.layers.dense(x(2, 2), 3, activatoin=None), errors.ArgumentError, "(is it activation?)"),
    ("a misspelt keyword of a loss", lambda s: tf.losses.mean_squared_error(x(2), x(2), weight=1), errors.ArgumentError, "(is it weights?)"),
    ("a scope of a number", lambda s: tf.variable_scope(3).__enter__(), errors.GraphError, "variable_scope: a name is a text, or a scope, not 3"),
    ("a scope without a name", lambda s: tf.variable_scope(None).__enter__(), errors.GraphError, "variable_scope needs a name"),
    ("a name that is a number", lambda s: tf.constant(1.0, name=3), errors.GraphError, ""),  # type: ignore[arg-type]
    # lists
    ("a number for a list of gradients", lambda s: tf.clip_by_global_norm(3.0, 1.0), errors.ArgumentError,
     "clip_by_global_norm takes a list, not 3.0"),
    ("a tensor for a list", lambda s: tf.global_norm(x(2)), errors.ArgumentError, "global_norm takes a list, not x: float32[2]"),
    ("a number for pairs", lambda s: applied(3), errors.ArgumentError, "apply_gradients takes a list, not 3"),
    ("numbers for pairs", lambda s: applied([3]), errors.ArgumentError, "pairs of a gradient and a Variable, not 3"),
    ("pairs without a variable", lambda s: applied([(1.0, 2.0)]), errors.ArgumentError, "pairs of a gradient and a Variable, not (1.0, 2.0)"),
    ("no pairs", lambda s: applied([]), errors.GradientError, "no gradients are given"),
    ("concat of a number", lambda s: tf.concat(3, 0), errors.ArgumentError, "concat takes a list, not 3"),
    ("stack of a number", lambda s: tf.stack(3), errors.ArgumentError, "stack takes a list, not 3"),
    ("add_n of a number", lambda s: tf.add_n(3), errors.ArgumentError, "add_n takes a list, not 3"),
    ("py_func of no list", lambda s: tf.py_func(abs, 3, tf.float32), errors.ArgumentError, "py_func takes a list, not 3"),
    ("a dependency that is no list", lambda s: tf.control_dependencies(step()).__enter__(), errors.GraphError,
     "takes a list of tensors and operations"),
    # seeds, dtypes, numbers, texts
    ("a text as seed", lambda s: tf.set_random_seed("a"), errors.DTypeError, "set_random_seed: a seed is a whole number, not 'a'"),
    ("a fraction as seed", lambda s: tf.random_normal([2], seed=1.5), errors.DTypeError, "a seed is a whole number, not 1.5"),
    ("no dtype", lambda s: tf.cast(1.0), errors.DTypeError, "None is not a dtype"),
    ("a date", lambda s: tf.constant(np.datetime64("2020-01-01")), errors.DTypeError, "64('2020-01-01') is not a tensor of a supported dtype"),
    ("a dtype of dates", lambda s: tf.placeholder("M8[D]"), errors.DTypeError, "graphc has float32, float64, float16, int8"),
    ("a rate that is a text", lambda s: tf.train.AdamOptimizer("0.1").minimize(tf.Variable(1.0) * 1.0), errors.DTypeError, "'0.1' is no number"),
    ("a rate that is None", lambda s: tf.train.AdamOptimizer(None).minimize(tf.Variable(1.0) * 1.0), errors.DTypeError, "None is no number"),
    ("a rate that is a vector", lambda s: tf.train.AdamOptimizer([0.1]).minimize(tf.Variable(1.0) * 1.0), errors.DTypeError, "[0.1] is no number"),
    ("a rate that is a tensor of two", lambda s: tf.train.AdamOptimizer(tf.zeros([2])).minimize(tf.Variable(1.0) * 1.0), errors.ShapeError,
     "is no scalar"),
    ("half a character", lambda s: tf.constant("\ud800"), errors.DTypeError, "half of a surrogate pair"),
    ("half a character, fed", lambda s: s.run("p:0", {tf.placeholder(tf.string, [], name="p"): "\ud800"}), errors.FeedError, "surrogate pair"),
    # sessions
    ("a graph that is none", lambda s: tf.Session(graph="x"), errors.ArgumentError, "Session: graph is a Graph, not 'x'"),
    ("a config that is none", lambda s: tf.Session(config={}), errors.ArgumentError, "Session: config is a ConfigProto, not {}"),
    ("threads that are a text", lambda s: tf.ConfigProto(intra_op_parallelism_threads="2"), errors.ArgumentError, "not '2'"),
    ("threads below 0", lambda s: tf.ConfigProto(intra_op_parallelism_threads=-5), errors.ArgumentError, "from 0 (all cores) to 4096, not -5"),
    ("threads beyond all bounds", lambda s: tf.ConfigProto(intra_op_parallelism_threads=100000), errors.ArgumentError, "not 100000"),
    ("feeds that are a list", lambda s: s.run(x() * 2, [1.0]), errors.FeedError, ""),
    ("nothing to run", lambda s: s.run(None), errors.FetchError, "cannot fetch None"),
    # derivatives
    ("a derivative by a name", lambda s: tf.gradients(x() * 2, "x"), errors.GraphError, "'x' is not a tensor to differentiate by"),
    ("a derivative by a number", lambda s: tf.gradients(x() * 2, [3.0]), errors.GraphError, "3.0 is not a tensor to differentiate by"),
    ("a derivative by nothing", lambda s: tf.gradients(x() * 2, None), errors.GraphError, "None is not a tensor"),
    # operations without a result
    ("an operation in a sum", lambda s: step() + 1, errors.DTypeError, "is an operation and no tensor: it has no result; session.run(op) runs it"),
    ("an operation on the right", lambda s: 1.0 * step(), errors.DTypeError, "is an operation and no tensor"),
    ("an operation beside a tensor", lambda s: x() - step(), errors.DTypeError, "operation without a result"),
    ("minus an operation", lambda s: -step(), errors.DTypeError, "is an operation and no tensor"),
    ("a part of an operation", lambda s: step()[0], errors.DTypeError, "is an operation and no tensor"),
    ("an operation compared", lambda s: step() < 1, errors.DTypeError, "is an operation and no tensor"),
    ("the number of an operation", lambda s: float(step()), errors.DTypeError, "is an operation and no tensor"),
    # tensors taken for arrays
    ("np.sin", lambda s: np.sin(x()), errors.DTypeError, "instead: tf.sin"),
    ("float()", lambda s: float(x()), errors.DTypeError, "session.run(x) gives it"),
    ("assignment to a part", lambda s: x(2).__setitem__(0, 1), errors.DTypeError, "tensors do not change"),
    ("a size that is open", lambda s: tf.zeros([x(None, 2).shape[0], 2]), errors.DTypeError, "tf.shape(x)[i]"),
    ("a shape for a dtype", lambda s: tf.placeholder([None, 3]), errors.DTypeError, "is not a dtype"),
    # numbers that are fed
    ("300 for uint8", lambda s: s.run("u:0", {tf.placeholder(tf.uint8, name="u"): 300}), errors.FeedError, "300 is not of dtype uint8"),
    ("-1 for uint8", lambda s: s.run("u:0", {tf.placeholder(tf.uint8, name="u"): [1, -1]}), errors.FeedError, "-1 is not of dtype uint8"),
    ("2**32 for int32", lambda s: s.run("i:0", {tf.placeholder(tf.int32, name="i"): np.array([2**32])}), errors.FeedError, "4294967296 is not of"),
    ("2**70 for int64", lambda s: s.run("i:0", {tf.placeholder(tf.int64, name="i"): 2**70}), errors.FeedError, "is not of dtype int64"),
    ("1e20 for int32", lambda s: s.run("i:0", {tf.placeholder(tf.int32, name="i"): 1e20}), errors.FeedError, "1e+20 is not of dtype int32"),
    ("nan for int32", lambda s: s.run("i:0", {tf.placeholder(tf.int32, name="i"): np.nan}), errors.FeedError, "nan is not of dtype int32"),
    ("2**40 loaded into int32", lambda s: tf.Variable(1).load(2**40, s), errors.FeedError, "1099511627776 is not of dtype int32"),
    ("a fraction for an int32 variable", lambda s: tf.assign(tf.Variable(1), 1.7), errors.DTypeError, "it has fractions"),
    ("2**40 for an int32 variable", lambda s: tf.assign_add(tf.Variable(1), 2**40), errors.DTypeError, "1099511627776 is not of dtype int32"),
    # memory
    ("a tensor of 4 TiB", lambda s: s.run(tf.zeros([2**20, 2**20]) + 1.0), errors.ResourceExhaustedError, ""),
    ("a variable of 4 TiB", lambda s: s.run(tf.Variable(tf.zeros([2**20, 2**20]), name="huge").initializer), errors.ResourceExhaustedError, "huge"),
    ("random numbers of 4 TiB", lambda s: s.run(tf.random_normal([2**20, 2**20])), errors.ResourceExhaustedError, ""),
    ("a running sum of 4 TiB", lambda s: s.run(tf.cumsum(tf.zeros([2**40]))), errors.ResourceExhaustedError, ""),
    ("a host step of 4 TiB", lambda s: s.run(tf.sort(tf.zeros([2**40]))), errors.ResourceExhaustedError, ""),
]


@pytest.mark.parametrize("act, error, text", [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_mistakes_are_named(session: tf.Session, act: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        act(session)
    assert type(caught.value) is error and text in str(caught.value) and "test_mistakes.py:" in str(caught.value)
    a = tf.placeholder(tf.float32, [2])
    assert session.run(a * 2.0, {a: [1.0, 2.0]}).tolist() == [2.0, 4.0]         # the session goes on


# Negative sizes that only a run knows.
SIZED: dict[str, Any] = {
    "random_normal": lambda n: tf.random_normal([n]), "random_uniform": lambda n: tf.random_uniform([2, n]),
    "truncated_normal": lambda n: tf.truncated_normal([n]), "zeros": lambda n: tf.zeros([n]), "fill": lambda n: tf.fill([2, n], 1),
    "one_hot": lambda n: tf.one_hot([0], n), "eye": lambda n: tf.eye(n), "linspace": lambda n: tf.linspace(0.0, 1.0, n),
    "broadcast_to": lambda n: tf.broadcast_to(1.0, [n]), "tile": lambda n: tf.tile([1.0], [n]),
    "multinomial": lambda n: tf.multinomial([[1.0, 2.0]], n),
    "unsorted_segment_sum": lambda n: tf.unsorted_segment_sum([1.0], [0], n), "scatter_nd": lambda n: tf.scatter_nd([[0]], [1.0], [n]),
    "sequence_mask": lambda n: tf.sequence_mask([1], n), "slice": lambda n: tf.slice([1.0, 2.0], [0], [n]),
    "reshape": lambda n: tf.reshape([1.0], [n]),
    "pad": lambda n: tf.pad([1.0], [[n, 0]]), "pad REFLECT": lambda n: tf.pad([1.0, 2.0], [[n, 0]], "REFLECT"),
}


@pytest.mark.parametrize("name", SIZED)
def test_negative_sizes_that_a_run_finds(session: tf.Session, name: str) -> None:
    n = tf.placeholder(tf.int32, [])
    y = SIZED[name](n)
    with pytest.raises(errors.InvalidArgumentError, match=r"\n  at test_mistakes.py:"):
        session.run(y, {n: -3})


@pytest.mark.parametrize("name", SIZED)
def test_negative_sizes_that_are_written(name: str) -> None:
    with pytest.raises(errors.ShapeError, match=r"\n  at test_mistakes.py:"):
        SIZED[name](-3)


def test_numpy_may_be_told_to_raise(session: tf.Session) -> None:
    """Infinities and nan are values: what a program says to numpy of its own arithmetic changes nothing here."""
    a, v = x(None), tf.Variable(tf.constant(3e38))
    with np.errstate(all="raise"):
        made = [1 / tf.constant([0.0]), tf.constant([7.0]) // 0, tf.constant(1e300, tf.float32), a * 1e300, v * 10.0]
        assert session.run(made, {a: [1e300]})[0] == np.inf
        assert session.run(tf.exp(a) / 0.0, {a: [100.0]}) == np.inf


def test_a_session_says_what_it_is(session: tf.Session) -> None:
    kind = "compiled" if session.jit else "interpreted"
    assert repr(session) == f"<Session of <Graph of 0 nodes>: {kind}, {session.threads} threads>"
    session.close()
    assert repr(session) == "<Session of <Graph of 0 nodes>: closed>"


@pytest.mark.parametrize("text", ["²", "0", "-1", "x", "1.5", "99999999"])
def test_a_wrong_number_of_threads_in_the_environment(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHC_NUM_THREADS", text)
    with pytest.raises(errors.InvalidArgumentError, match="GRAPHC_NUM_THREADS="):
        tf.Session()


def test_errors_within_a_function_stay_what_they_are() -> None:
    """A TypeError of the user's own is no wrong argument of the function that called it."""
    def initial() -> Any:
        return len(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="has no len") as caught:
        tf.Variable(initial)
    assert not isinstance(caught.value, errors.GraphcError)


def test_a_misspelt_keyword_of_a_run_is_python_s_own_error_at_the_program_s_line() -> None:
    """`Session.run` alone leaves such words to Python: to take them in would cost each run 6 % of a small program's time."""
    with tf.Session() as session, pytest.raises(TypeError, match=r"Session\.run\(\) got an unexpected keyword argument 'feed'") as caught:
        session.run(x(), feed={})  # type: ignore[call-arg]
    assert [entry.path.name for entry in caught.traceback] == ["test_mistakes.py"]
