"""`tf.test`: test cases that compare tensors and arrays, and gradients against differences, under TensorFlow's names."""

from __future__ import annotations

import os
import random
import re
import shutil
import tempfile
import unittest
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn
from unittest import mock as mock

import numpy as np

from .errors import OpError
from .ir.default_graph import set_random_seed
from .ir.graph import Graph, get_default_graph, get_default_session, reset_default_graph
from .ir.node import Node
from .ir.types import Array, TensorShape
from .runtime.options import RewriterConfig
from .runtime.session import ConfigProto, Session
from .testing.jacobians import compute_gradient, compute_gradient_error
from .tf1_names import namespace as _namespace

__all__ = ["Benchmark", "StubOutForTesting", "TestCase", "assert_equal_graph_def", "compute_gradient", "compute_gradient_error",
           "benchmark_config", "get_temp_dir", "gpu_device_name", "is_built_with_cuda", "is_built_with_gpu_support", "is_built_with_rocm",
           "is_gpu_available", "main", "test_src_dir_path"]

_SEED = 87654321        # what TensorFlow's test cases begin with
_folders: dict[int, str] = {}


class TestCase(unittest.TestCase):
    """A test case whose every test begins with a new graph and the same seeds; what its assertions take may be arrays, lists, tensors.

    Tensors are evaluated in the session of `self.test_session()`.
    """

    _session: Any = None

    def setUp(self) -> None:
        self._clear()
        random.seed(_SEED)
        np.random.seed(_SEED)
        reset_default_graph()
        set_random_seed(_SEED)

    def tearDown(self) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    # ------------------------------------------------------------------ sessions

    @contextmanager
    def session(self, graph: Graph | None = None, config: ConfigProto | None = None, use_gpu: bool = False,
                force_gpu: bool = False) -> Iterator[Session]:
        """A new session, the default one inside the block, of the default graph or another."""
        with Session(graph=graph, config=config) as made:
            yield made

    @contextmanager
    def cached_session(self, graph: Graph | None = None, config: ConfigProto | None = None, use_gpu: bool = False,
                       force_gpu: bool = False) -> Iterator[Session]:
        """The session of this test, which keeps its variables from block to block."""
        wanted = graph if graph is not None else get_default_graph()
        if self._session is None or self._session.graph is not wanted:
            self._clear()
            self._session = Session(graph=wanted, config=config)
        with wanted.as_default(), self._session.as_default():
            yield self._session

    def test_session(self, graph: Graph | None = None, config: ConfigProto | None = None, use_gpu: bool = False,
                     force_gpu: bool = False) -> AbstractContextManager[Session]:
        """`cached_session`."""
        return self.cached_session(graph, config)
    test_session.__test__ = False  # type: ignore[attr-defined]

    def evaluate(self, tensors: Any) -> Any:
        """The values of tensors, in the default session or the test's own."""
        session = get_default_session()
        if session is not None:
            return session.run(tensors)
        with self.cached_session() as session:
            return session.run(tensors)

    def _array(self, value: Any) -> Array:
        if isinstance(value, Node) or (isinstance(value, (list, tuple)) and any(isinstance(v, Node) for v in value)):
            value = self.evaluate(value)
        return np.asarray(value)

    def _pair(self, a: Any, b: Any) -> tuple[Array, Array]:
        return self._array(a), self._array(b)

    # ------------------------------------------------------------------ values

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Fail unless both have one shape and the same elements."""
        x, y = self._pair(a, b)
        x, y = (v.astype("S") if v.dtype.kind in "OU" else v for v in (x, y))
        self.assertEqual(x.shape, y.shape, self._says(msg, "shapes differ"))
        same = x == y
        if x.dtype.kind in "fc" and y.dtype.kind in "fc":
            same = same | (np.isnan(x) & np.isnan(y))
        if not np.all(same):
            at = np.argwhere(~np.atleast_1d(same))
            self.fail(self._says(msg, f"{len(at)} of {x.size} elements differ; the first at {tuple(at[0].tolist())}: "
                                      f"{np.atleast_1d(x)[tuple(at[0])]} and {np.atleast_1d(y)[tuple(at[0])]}"))

    def assertNotAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Fail if both have one shape and the same elements."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        self.fail(self._says(msg, "both are equal in all elements"))

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Fail unless |a - b| <= atol + rtol |b| for all elements; dicts, lists and tuples go by their members."""
        if isinstance(a, Mapping):
            self.assertCountEqual(a.keys(), b.keys(), msg)
            for key in a:
                self.assertAllClose(a[key], b[key], rtol, atol, self._says(msg, f"at {key!r}"))
            return
        try:
            x, y = self._pair(a, b)
        except ValueError:          # lists of arrays of several shapes
            self.assertEqual(len(a), len(b), msg)
            for i, (v, w) in enumerate(zip(a, b, strict=True)):
                self.assertAllClose(v, w, rtol, atol, self._says(msg, f"at {i}"))
            return
        self.assertEqual(x.shape, y.shape, self._says(msg, "shapes differ"))
        np.testing.assert_allclose(x, y, rtol, atol, equal_nan=True, err_msg=msg or "")

    def assertNotAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Fail if |a - b| <= atol + rtol |b| for all elements."""
        try:
            self.assertAllClose(a, b, rtol, atol)
        except AssertionError:
            return
        self.fail(self._says(msg, "both are close in all elements"))

    def assertAllCloseAccordingToType(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, float_rtol: float = 1e-6,
                                      float_atol: float = 1e-6, half_rtol: float = 1e-3, half_atol: float = 1e-3, bfloat16_rtol: float = 1e-2,
                                      bfloat16_atol: float = 1e-2, msg: str | None = None) -> None:
        """`assertAllClose`, with the wider tolerances of float32 if one of the two is."""
        x, y = self._pair(a, b)
        if np.float32 in (x.dtype, y.dtype):
            rtol, atol = max(rtol, float_rtol), max(atol, float_atol)
        self.assertAllClose(x, y, rtol, atol, msg)

    def assertNear(self, f1: float, f2: float, err: float, msg: str | None = None) -> None:
        """Fail unless two numbers differ by at most `err`."""
        self.assertTrue(f1 == f2 or abs(f1 - f2) <= err, self._says(msg, f"{f1} and {f2} differ by more than {err}"))

    def assertArrayNear(self, farray1: Any, farray2: Any, err: float, msg: str | None = None) -> None:
        """Fail unless the elements differ by at most `err`."""
        self.assertEqual(len(farray1), len(farray2), msg)
        for one, other in zip(farray1, farray2, strict=True):
            self.assertNear(float(one), float(other), err, msg)

    def assertNDArrayNear(self, ndarray1: Any, ndarray2: Any, err: float, msg: str | None = None) -> None:
        """Fail unless the norm of the difference is at most `err`."""
        x, y = self._pair(ndarray1, ndarray2)
        self.assertTrue(np.linalg.norm(x - y) < err, self._says(msg, f"{x} and {y} are further apart than {err}"))

    def _holds(self, a: Any, holds: Callable[[Array], Any], says: str, msg: str | None = None) -> None:
        x = self._array(a)
        if not np.all(holds(x)):
            self.fail(self._says(msg, f"not all elements are {says}: {x}"))

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Fail unless all elements are greater than a number."""
        self._holds(a, lambda x: x > comparison_target, f"greater than {comparison_target}")

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        """Fail unless all elements are at least a number."""
        self._holds(a, lambda x: x >= comparison_target, f"at least {comparison_target}")

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Fail unless all elements are less than a number."""
        self._holds(a, lambda x: x < comparison_target, f"less than {comparison_target}")

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        """Fail unless all elements are at most a number."""
        self._holds(a, lambda x: x <= comparison_target, f"at most {comparison_target}")

    def assertAllInRange(self, target: Any, lower_bound: Any, upper_bound: Any, open_lower_bound: bool = False,
                         open_upper_bound: bool = False) -> None:
        """Fail unless all elements lie between two numbers."""
        def inside(x: Array) -> Any:
            return (x > lower_bound if open_lower_bound else x >= lower_bound) & (x < upper_bound if open_upper_bound else x <= upper_bound)
        self._holds(target, inside, f"between {lower_bound} and {upper_bound}")

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        """Fail unless all elements are among some."""
        self._holds(target, lambda x: np.isin(x, [*expected_set]), f"among {expected_set}")

    def assertShapeEqual(self, np_array: Any, tf_tensor: Node, msg: str | None = None) -> None:
        """Fail unless an array has a tensor's static shape."""
        self.assertEqual(TensorShape(np.shape(np_array)), tf_tensor.get_shape(), msg)

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: str | None = None) -> None:
        """Nothing: there is one device."""

    # ------------------------------------------------------------------ errors and texts

    @contextmanager
    def assertRaisesWithPredicateMatch(self, exception_type: Any, expected_err_re_or_predicate: Any) -> Iterator[None]:
        """Fail unless the block raises an error of that class whose text a pattern finds, or of which a function is true."""
        test = expected_err_re_or_predicate
        try:
            yield
        except exception_type as e:
            if not (test(e) if callable(test) else re.search(test, str(e))):
                self.fail(f"{type(e).__name__} is raised, and is not what is wanted: {e}")
            return
        self.fail(f"{getattr(exception_type, '__name__', exception_type)} is not raised")

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> AbstractContextManager[None]:
        """`assertRaisesWithPredicateMatch` of `tf.errors.OpError`."""
        return self.assertRaisesWithPredicateMatch(OpError, expected_err_re_or_predicate)

    def assertStartsWith(self, actual: str, expected_start: str, msg: str | None = None) -> None:
        """Fail unless a text begins with another."""
        self.assertTrue(actual.startswith(expected_start), self._says(msg, f"{actual!r} does not begin with {expected_start!r}"))

    def assertEmpty(self, container: Any, msg: str | None = None) -> None:
        """Fail unless it holds nothing."""
        self.assertEqual(len(container), 0, msg)

    def assertNotEmpty(self, container: Any, msg: str | None = None) -> None:
        """Fail if it holds nothing."""
        self.assertNotEqual(len(container), 0, msg)

    def assertLen(self, container: Any, expected_len: int, msg: str | None = None) -> None:
        """Fail unless it holds so many."""
        self.assertEqual(len(container), expected_len, msg)

    def assertItemsEqual(self, expected_seq: Any, actual_seq: Any, msg: str | None = None) -> None:
        """Fail unless both hold the same, in any order."""
        self.assertCountEqual(expected_seq, actual_seq, msg)

    def _says(self, msg: str | None, text: str) -> str:
        return f"{msg}: {text}" if msg else text

    def get_temp_dir(self) -> str:
        """A folder for the files of this process's tests, which goes with it."""
        return get_temp_dir()


class Benchmark:
    """A class of programs that measure; nothing runs it."""


def benchmark_config() -> ConfigProto:
    """The options of a session that measures, as TensorFlow has them: order that data need not is kept.

    >>> tf.test.benchmark_config().graph_options.rewrite_options.dependency_optimization
    2
    """
    config = ConfigProto()
    config.graph_options.rewrite_options.dependency_optimization = RewriterConfig.OFF
    return config


class StubOutForTesting:
    """Puts other objects in the place of attributes, and back at the end of the block or by `UnsetAll`."""

    def __init__(self) -> None:
        self._kept: list[tuple[Any, str, Any]] = []

    def Set(self, parent: Any, child_name: str, new_child: Any) -> None:
        """Put another object in the place of an attribute."""
        self._kept.append((parent, child_name, getattr(parent, child_name)))
        setattr(parent, child_name, new_child)

    SmartSet = Set

    def UnsetAll(self) -> None:
        """Put everything back."""
        while self._kept:
            setattr(*self._kept.pop())

    SmartUnsetAll = UnsetAll
    CleanUp = UnsetAll

    def __enter__(self) -> StubOutForTesting:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.UnsetAll()


# ---------------------------------------------------------------------- the process

def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the tests of the program and exit, as `unittest.main`."""
    unittest.main(argv=None if argv is None else [*argv])
    raise SystemExit(0)


def get_temp_dir() -> str:
    """A folder for the files of this process's tests, which goes with it."""
    pid = os.getpid()
    if pid not in _folders:
        import atexit
        _folders[pid] = tempfile.mkdtemp(prefix="graphc-test-")
        atexit.register(shutil.rmtree, _folders[pid], ignore_errors=True)
    return _folders[pid]


def test_src_dir_path(relative_path: str) -> str:
    """A path below the folder that the program runs in."""
    return os.path.join(os.getcwd(), relative_path)


test_src_dir_path.__test__ = False  # type: ignore[attr-defined]


def is_built_with_cuda() -> bool:
    """False: there is no GPU code."""
    return False


is_built_with_gpu_support = is_built_with_rocm = is_built_with_cuda


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """False: everything runs on the processor."""
    return False


def gpu_device_name() -> str:
    """Nothing: there is no GPU."""
    return ""


def assert_equal_graph_def(actual: Any, expected: Any, checkpoint_v2: bool = False) -> None:
    """AssertionError, unless two graphs have the same operations, whatever the lines are that made them."""
    one, other = (_operations(g) for g in (actual, expected))
    if one != other:
        names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
        raise AssertionError(f"the graphs differ in {', '.join(names[:8])}")


def _operations(graph: Any) -> dict[str, Any]:
    return {op.name: (op.type, [x.name for x in op.inputs], repr({k: v for k, v in op.node.attrs.items()}))
            for op in graph.get_operations()}


_namespace(globals())
