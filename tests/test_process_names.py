"""`tf.gfile`, `tf.nest`, `tf.compat`, `tf.test` and their kin: what programs do with files, structures, texts and tests."""

from __future__ import annotations

import collections
import os
import re
import unittest

import numpy as np
import pytest

import graphc as tf


@pytest.fixture(autouse=True)
def fresh_graph():
    """The global graph: test cases begin a new one."""
    tf.reset_default_graph()


# ---------------------------------------------------------------------- files

@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "b.txt").write_bytes(b"\xff\x00")
    return tmp_path


@pytest.mark.parametrize("call, value", [
    (lambda: tf.gfile.Exists("a.txt"), True), (lambda: tf.gfile.Exists("none"), False), (lambda: tf.gfile.IsDirectory("in"), True),
    (lambda: tf.gfile.ListDirectory("."), ["a.txt", "in"]), (lambda: tf.gfile.Glob("*.txt"), ["a.txt"]),
    (lambda: tf.gfile.Glob(["in/*", "a*"]), ["a.txt", "in/b.txt", "in/deep"]),
    (lambda: [*tf.gfile.Walk(".")], [(".", ["in"], ["a.txt"]), ("./in", ["deep"], ["b.txt"]), ("./in/deep", [], [])]),
    (lambda: tf.gfile.GFile("a.txt").read(), "one\ntwo\n"), (lambda: tf.gfile.GFile("a.txt", "rb").read(3), b"one"),
    (lambda: tf.gfile.FastGFile("in/b.txt", "rb").read(), b"\xff\x00"), (lambda: tf.gfile.Open("a.txt").readlines(), ["one\n", "two\n"]),
    (lambda: [*tf.gfile.GFile("a.txt")], ["one\n", "two\n"]), (lambda: tf.gfile.GFile("a.txt").size(), 8),
    (lambda: (lambda f: (f.readline(), f.tell(), f.seek(0), f.readline()))(tf.gfile.GFile("a.txt")), ("one\n", 4, None, "one\n")),
    (lambda: (lambda f: (f.write("x"), f.close(), f.size()))(tf.gfile.GFile("new", "w")), (None, None, 1)),
    (lambda: (lambda f: (f.write("\xe4"), f.close(), f.size()))(tf.gfile.GFile("new", "wb")), (None, None, 2)),
    (lambda: (tf.gfile.GFile("new", "w").close(), os.path.exists("new")), (None, True)),
    (lambda: (tf.gfile.MakeDirs("x/y/z"), tf.gfile.MakeDirs("x/y/z"), os.path.isdir("x/y/z")), (None, None, True)),
    (lambda: (tf.gfile.MkDir("x"), os.path.isdir("x")), (None, True)), (lambda: (tf.gfile.Remove("a.txt"), os.path.exists("a.txt")), (None, False)),
    (lambda: (tf.gfile.DeleteRecursively("in"), os.path.exists("in")), (None, False)),
    (lambda: (tf.gfile.Copy("a.txt", "c.txt"), open("c.txt").read()), (None, "one\ntwo\n")),
    (lambda: (tf.gfile.Rename("a.txt", "c.txt"), os.listdir(".")), (None, ["in", "c.txt"])),
    (lambda: (tf.gfile.Stat("a.txt").length, tf.gfile.Stat("in").is_directory), (8, True)),
    (lambda: tf.gfile.glob("*.txt"), ["a.txt"]), (lambda: tf.gfile.exists("a.txt"), True),
])
def test_files(folder, call, value):
    found = call()
    assert found == value if not isinstance(found, tuple) or not isinstance(found[-1], list) else sorted(found[-1]) == sorted(value[-1])


@pytest.mark.parametrize("call, error", [
    (lambda: tf.gfile.GFile("none").read(), tf.errors.NotFoundError), (lambda: tf.gfile.Remove("none"), tf.errors.NotFoundError),
    (lambda: tf.gfile.ListDirectory("none"), tf.errors.NotFoundError), (lambda: tf.gfile.MkDir("in"), tf.errors.FailedPreconditionError),
    (lambda: tf.gfile.Copy("a.txt", "in/b.txt"), tf.errors.OpError), (lambda: tf.gfile.GFile("a.txt", "q"), tf.errors.InvalidArgumentError),
    (lambda: tf.gfile.DeleteRecursively("none"), tf.errors.NotFoundError), (lambda: tf.gfile.GFile("in").read(), tf.errors.FailedPreconditionError),
])
def test_wrong_files(folder, call, error):
    with pytest.raises(error, match="at test_process_names.py:"):
        call()


# ---------------------------------------------------------------------- structures

Pair = collections.namedtuple("Pair", "a b")


@pytest.mark.parametrize("structure, flat", [
    (1, [1]), ([], []), ([1, (2, [3])], [1, 2, 3]), ({"b": 1, "a": 2}, [2, 1]), (Pair(1, [2]), [1, 2]), ("ab", ["ab"]),
    (collections.OrderedDict([("b", [1]), ("a", 2)]), [2, 1]),
])
def test_structures(structure, flat):
    assert tf.nest.flatten(structure) == flat
    again = tf.nest.pack_sequence_as(structure, flat)
    assert again == structure and type(again) is type(structure)
    assert tf.nest.flatten(tf.nest.map_structure(lambda x: (x,) * 0 or [x], structure)) == flat
    assert tf.nest.is_nested(structure) == (not isinstance(structure, (int, str)))


def test_arrays_and_tensors_are_no_structures():
    x = tf.constant([1.0, 2.0])
    array = np.ones(3)
    assert tf.nest.flatten([x, array]) == [x, array] or tf.nest.flatten([x, array])[0] is x


@pytest.mark.parametrize("call", [
    lambda: tf.nest.pack_sequence_as([0, 0], [1]), lambda: tf.nest.map_structure(lambda a, b: a, [1], [1, 2]), lambda: tf.nest.map_structure(abs),
    lambda: tf.nest.assert_same_structure([1], (1,)), lambda: tf.nest.assert_same_structure({"a": 1}, {"b": 1}),
    lambda: tf.nest.assert_same_structure([[1]], [1]),
])
def test_structures_of_other_forms(call):
    with pytest.raises(tf.errors.ArgumentError, match="at test_process_names.py:"):
        call()
    tf.nest.assert_same_structure([1], (1,), check_types=False)


# ---------------------------------------------------------------------- texts, paths, versions

@pytest.mark.parametrize("call, value", [
    (lambda: tf.compat.as_bytes("\xe4"), b"\xc3\xa4"), (lambda: tf.compat.as_bytes(b"a"), b"a"), (lambda: tf.compat.as_text(b"\xc3\xa4"), "\xe4"),
    (lambda: tf.compat.as_str("a"), "a"), (lambda: tf.compat.as_str_any(3), "3"), (lambda: tf.compat.as_str_any(b"a"), "a"),
    (lambda: tf.compat.v1, tf), (lambda: tf.compat.path_to_str("a"), "a"), (lambda: tf.compat.path_to_str(None), None),
    (lambda: tf.executing_eagerly(), False), (lambda: tf.disable_v2_behavior(), None), (lambda: tf.compat.v1.disable_eager_execution(), None),
    (lambda: tf.resource_loader.get_data_files_path(), os.path.dirname(__file__)),
    (lambda: tf.resource_loader.get_path_to_datafile("x"), os.path.join(os.path.dirname(__file__), "x")),
    (lambda: tf.resource_loader.load_resource("__init__.py").decode(), open(os.path.join(os.path.dirname(__file__), "__init__.py")).read()),
    (lambda: tf.sysconfig.get_compile_flags(), []), (lambda: os.path.isdir(tf.sysconfig.get_lib()), True),
    (lambda: re.match(r"1\.\d+\.\d+$", tf.VERSION) is not None, True), (lambda: tf.app.flags is tf.flags, True),
    (lambda: [d.device_type for d in tf.python.client.device_lib.list_local_devices()], ["CPU"]),
    (lambda: tf.python.framework.tensor_shape.scalar(), tf.TensorShape([])),
    (lambda: tf.python.framework.test_util.TensorFlowTestCase is tf.test.TestCase, True),
    (lambda: tf.python.framework.tensor_util.constant_value(tf.constant(3)).tolist(), 3),
    (lambda: tf.python.framework.tensor_util.constant_value(np.array([3])).tolist(), [3]),
    (lambda: tf.python.framework.tensor_util.constant_value(tf.shape(tf.placeholder(tf.float32, [None, 2]))), None),
    (lambda: tf.python.layers.utils.smart_cond(True, lambda: 1, lambda: 2), 1),
])
def test_small_names(call, value):
    assert call() == value


@pytest.mark.parametrize("call, error", [(lambda: tf.compat.as_bytes(3), TypeError), (lambda: tf.enable_eager_execution(), tf.errors.OpError),
                                         (lambda: tf.resource_loader.load_resource("none"), tf.errors.NotFoundError)])
def test_small_names_refuse(call, error):
    with pytest.raises(error, match="at test_process_names.py:"):
        call()


# ---------------------------------------------------------------------- test cases

def outcome(assertion):
    """Whether a test whose body this is passes."""
    class Case(tf.test.TestCase):
        def test(self):
            assertion(self)
    result = unittest.TestResult()
    Case("test").run(result)
    assert not result.errors, result.errors
    return not result.failures


def raises(error):
    raise error


ASSERTIONS = [
    (lambda t, a: t.assertAllEqual(a, [1, 2]), [1, 2], [1, 3]), (lambda t, a: t.assertAllEqual(a, [1, 2]), np.array([1, 2]), [[1, 2]]),
    (lambda t, a: t.assertAllEqual(["a"], a), [b"a"], [b"b"]), (lambda t, a: t.assertAllEqual(a, [np.nan]), [np.nan], [1.0]),
    (lambda t, a: t.assertNotAllEqual(a, [1]), [2], [1]), (lambda t, a: t.assertAllClose(a, [1.0]), [1 + 1e-7], [1 + 1e-4]),
    (lambda t, a: t.assertAllClose({"x": a}, {"x": [1.0]}), [1.0], [2.0]),
    (lambda t, a: t.assertAllClose([a, [1.0, 2.0]], [[1.0], [1.0, 2.0]]), [1.0], [2.0]),
    (lambda t, a: t.assertNotAllClose(a, 1.0), 1.1, 1.0), (lambda t, a: t.assertAllCloseAccordingToType(a, 1.0), 1.0, 1.1),
    (lambda t, a: t.assertNear(a, 1.0, 0.1), 1.05, 1.2), (lambda t, a: t.assertArrayNear(a, [1.0], 0.1), [1.05], [1.2]),
    (lambda t, a: t.assertNDArrayNear(a, [1.0, 1.0], 0.1), [1.05, 1.0], [1.2, 1.0]), (lambda t, a: t.assertAllGreater(a, 1), [2], [1]),
    (lambda t, a: t.assertAllGreaterEqual(a, 1), [1], [0]), (lambda t, a: t.assertAllLess(a, 1), [0], [1]),
    (lambda t, a: t.assertAllLessEqual(a, 1), [1], [2]), (lambda t, a: t.assertAllInRange(a, 0, 1, open_upper_bound=True), [0.0], [1.0]),
    (lambda t, a: t.assertAllInSet(a, {1, 2}), [1, 2], [3]), (lambda t, a: t.assertShapeEqual(np.ones(a), tf.zeros([2, 3])), (2, 3), (3, 2)),
    (lambda t, a: t.assertStartsWith(a, "ab"), "abc", "bc"), (lambda t, a: t.assertLen(a, 1), [1], []), (lambda t, a: t.assertEmpty(a), [], [1]),
    (lambda t, a: t.assertNotEmpty(a), [1], []), (lambda t, a: t.assertItemsEqual(a, [1, 2]), [2, 1], [1, 1]),
]


@pytest.mark.parametrize("assertion, right, wrong", ASSERTIONS)
def test_assertions_pass_and_fail(assertion, right, wrong):
    assert outcome(lambda t: assertion(t, right)) and not outcome(lambda t: assertion(t, wrong))


@pytest.mark.parametrize("raised, passes", [(tf.errors.InvalidArgumentError("bad thing"), True), (tf.errors.InvalidArgumentError("good"), False)])
def test_errors_are_held_against_texts(raised, passes):
    def body(t):
        with t.assertRaisesOpError("bad"):
            raise raised
    assert outcome(body) == passes

    def predicate(t):
        with t.assertRaisesWithPredicateMatch(ValueError, lambda e: "bad" in str(e)):
            raise raised
    assert outcome(predicate) == passes


def test_each_test_has_a_graph_and_a_session_of_its_own():
    seen = []

    def body(t):
        v = tf.get_variable("v", [], initializer=tf.zeros_initializer())
        with t.test_session() as one:
            one.run(v.assign(3.0))
        with t.test_session() as two:
            assert two is one and two.run(v) == 3.0 and v.eval() == 3.0 and t.evaluate(v) == 3.0
        with t.session() as other:
            assert other is not one and other.run(v) == 0.0
        t.assertAllEqual(v + [1.0, 2.0], [4.0, 5.0])
        seen.append(tf.Session(jit=False).run(tf.random_normal([2])).tolist())
        assert os.path.isdir(t.get_temp_dir())
    assert outcome(body) and outcome(body) and seen[0] == seen[1]


def test_attributes_are_put_back():
    class Box:
        value = 1
    with tf.test.StubOutForTesting() as stubs:
        stubs.Set(Box, "value", 2)
        assert Box.value == 2
    assert Box.value == 1
    assert tf.test.mock.__name__ == "unittest.mock" and not tf.test.is_gpu_available() and tf.test.gpu_device_name() == ""


GRADIENTS = [
    (lambda x: tf.square(x), (3,), lambda x: np.diag(2 * x)),
    (lambda x: tf.reduce_sum(x, 1), (2, 3), lambda x: np.kron(np.eye(2), np.ones((3, 1)))),
    (lambda x: tf.zeros([2]), (3,), lambda x: np.zeros((3, 2))),
]


@pytest.mark.parametrize("function, shape, jacobian", GRADIENTS)
def test_gradients_against_differences(function, shape, jacobian):
    at = np.linspace(1, 2, int(np.prod(shape))).reshape(shape).astype(np.float32)
    with tf.Session(jit=False):
        x = tf.placeholder(tf.float32, shape)
        y = function(x)
        exact, differences = tf.test.compute_gradient(x, shape, y, y.shape, x_init_value=at, delta=1e-2)
        np.testing.assert_allclose(exact, jacobian(at), atol=1e-6)
        np.testing.assert_allclose(differences, jacobian(at), atol=1e-3)
        assert tf.test.compute_gradient_error(x, shape, y, y.shape, x_init_value=at, delta=1e-2) < 1e-3
        assert tf.test.compute_gradient_error([x], [shape], y, y.shape, x_init_value=[at], delta=1e-2) < 1e-3


def test_wrong_gradient_is_seen():
    with tf.Session(jit=False):
        x = tf.Variable([1.0, 2.0])
        y = tf.stop_gradient(x) * x
        assert tf.test.compute_gradient_error(x, [2], y, [2], x_init_value=[1.0, 2.0]) > 0.5
        assert tf.test.compute_gradient_error(x, [2], tf.reduce_sum(x * x), [1], x_init_value=[1.0, 2.0]) < 1e-2       # [1] for a scalar
        with pytest.raises(tf.errors.ArgumentError, match="x_init_value has shape"):
            tf.test.compute_gradient_error(x, [2], y, [2], x_init_value=[1.0])


def test_graphs_are_compared():
    graphs = [tf.Graph() for _ in range(3)]
    for graph, value in zip(graphs, (1.0, 1.0, 2.0), strict=True):
        with graph.as_default():
            tf.constant(value, name="c") + 1.0  # noqa: B018
    tf.test.assert_equal_graph_def(graphs[0], graphs[1])
    with pytest.raises(AssertionError, match="the graphs differ in c"):
        tf.test.assert_equal_graph_def(graphs[0], graphs[2])
