"""What tools see: every operator's arguments, their order and defaults; `help`, `repr`, and the names of the namespaces."""

from __future__ import annotations

import inspect
import pydoc
from collections.abc import Iterator
from functools import reduce
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import GraphError
from graphc.ir.binding import SPELLINGS
from graphc.ir.node import OPERATORS
from graphc.ir.operator import Operator, publish
from graphc.ir.signature import _operand, _result
from graphc.testing.samples import Sample, reference
from graphc.testing.samples import testable as tried

NAMESPACES = ["graphc", *(f"graphc.{name}" for name in """
app audio autograph autograph.experimental bitwise compat config config.experimental config.optimizer config.threading contrib
contrib.cluster_resolver contrib.crf contrib.cudnn_rnn contrib.data contrib.distribute contrib.distributions contrib.distributions.bijectors
contrib.estimator contrib.factorization contrib.feature_column contrib.framework contrib.gan contrib.gan.estimator contrib.gan.losses
contrib.gan.losses.wargs contrib.graph_editor contrib.image contrib.integrate contrib.layers contrib.learn contrib.learn.datasets
contrib.learn.datasets.base contrib.learn.learn_runner contrib.learn.monitors contrib.learn.preprocessing contrib.learn.utils
contrib.learn.utils.input_fn_utils contrib.legacy_seq2seq contrib.lookup contrib.losses contrib.losses.metric_learning contrib.metrics contrib.nn
contrib.opt contrib.predictor contrib.resampler contrib.rnn contrib.seq2seq contrib.signal contrib.slim contrib.slim.data_decoder
contrib.slim.data_provider contrib.slim.dataset contrib.slim.dataset_data_provider contrib.slim.evaluation contrib.slim.learning
contrib.slim.model_analyzer contrib.slim.nets contrib.slim.nets.alexnet contrib.slim.nets.inception contrib.slim.nets.overfeat
contrib.slim.nets.resnet_utils contrib.slim.nets.resnet_v1 contrib.slim.nets.resnet_v2 contrib.slim.nets.vgg contrib.slim.parallel_reader
contrib.slim.prefetch_queue contrib.slim.queues contrib.slim.summaries contrib.slim.tfexample_decoder contrib.slim.utils contrib.sparsemax
contrib.staging contrib.stateless contrib.summary contrib.tensorboard contrib.tensorboard.plugins contrib.tensorboard.plugins.projector
contrib.tfprof contrib.tfprof.model_analyzer contrib.tpu contrib.training contrib.util data data.experimental debugging distribute
distribute.cluster_resolver distribute.experimental distributions dtypes errors estimator estimator.experimental estimator.export estimator.inputs
estimator.tpu examples examples.tutorials examples.tutorials.mnist examples.tutorials.mnist.input_data examples.tutorials.mnist.mnist extend
feature_column flags gfile graph_util image initializers io keras keras.activations keras.applications keras.applications.densenet
keras.applications.imagenet_utils keras.applications.inception_resnet_v2 keras.applications.inception_v3 keras.applications.mobilenet
keras.applications.mobilenet_v2 keras.applications.nasnet keras.applications.resnet keras.applications.resnet50 keras.applications.resnet_v2
keras.applications.vgg16 keras.applications.vgg19 keras.applications.xception keras.backend keras.callbacks keras.constraints keras.datasets
keras.datasets.boston_housing keras.datasets.cifar10 keras.datasets.cifar100 keras.datasets.fashion_mnist keras.datasets.imdb keras.datasets.mnist
keras.datasets.reuters keras.estimator keras.experimental keras.initializers keras.layers keras.losses keras.metrics keras.mixed_precision
keras.mixed_precision.experimental keras.models keras.optimizers keras.optimizers.schedules keras.preprocessing keras.preprocessing.image
keras.preprocessing.sequence keras.preprocessing.text keras.regularizers keras.utils keras.wrappers keras.wrappers.scikit_learn layers linalg
logging lookup losses manip math metrics nest nn nn.rnn_cell numeric optimize profiler python python_io quantization queue ragged random
resource_loader saved_model saved_model.builder saved_model.constants saved_model.loader saved_model.main_op saved_model.signature_constants
saved_model.signature_def_utils saved_model.tag_constants saved_model.utils sets signal sparse spectral strings summary sysconfig test testing tpu
train train.experimental version xla xla.experimental
""".split())]


def namespace(name: str) -> ModuleType:
    return reduce(getattr, name.split(".")[1:], tf)


def callables() -> Iterator[tuple[str, Any]]:
    """Every public callable by its path: functions, operators, classes, and what the classes define of themselves."""
    for space in NAMESPACES:
        for name in dir(namespace(space)):
            value = getattr(namespace(space), name)
            if name.startswith("__") or isinstance(value, ModuleType) or not callable(value):
                continue
            yield f"{space}.{name}", value
            if isinstance(value, type):
                yield from ((f"{space}.{name}.{n}", m) for n, m in vars(value).items()
                            if not n.startswith("_") and callable(m) and not isinstance(m, type))


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    known = dict(OPERATORS)
    yield
    for name in OPERATORS.keys() - known.keys():
        del OPERATORS[name]


# ---------------------------------------------------------------------- operators

@pytest.mark.parametrize("operator, call", [
    (tf.tanh, "tanh(x, name=None)"),
    (tf.add, "add(x, y, name=None)"),
    (tf.matmul, "matmul(a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False, a_is_sparse=False, b_is_sparse=False, "
                "name=None)"),
    (tf.reduce_sum, "reduce_sum(input_tensor, axis=None, keepdims=False, name=None)"),
    (tf.argmax, "argmax(input, axis=0, name=None, output_type=graphc.int64)"),
    (tf.shape, "shape(input, name=None, out_type=graphc.int32)"),
    (tf.cast, "cast(x, dtype, name=None)"),
    (tf.stack, "stack(values, axis=0, name=None)"),
    (tf.reshape, "reshape(tensor, shape, name=None)"),
    (tf.transpose, "transpose(a, perm=None, name=None, conjugate=False)"),
    (tf.nn.leaky_relu, "leaky_relu(features, alpha=0.2, name=None)"),
])
def test_call_in_one_line(operator, call):
    assert repr(operator) == f"<operator {call}>"
    _, _, shown = pydoc.plain(pydoc.render_doc(operator)).partition("\n\n")
    assert "".join(shown.split()).startswith("".join(call.split()))      # newer Pythons break long lines


@pytest.mark.parametrize("operator", [v for v in OPERATORS.values() if isinstance(v, Operator)], ids=lambda op: op.name)
def test_signature_is_the_declaration(operator):
    signature = inspect.signature(operator)
    kinds = {p.kind for p in signature.parameters.values()}
    assert kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert {*signature.parameters} == {*operator.params, *operator.attrs, "name"} and len(signature.parameters) == len(operator.order)
    for name, parameter in signature.parameters.items():
        if name in operator.attrs and parameter.default is not parameter.empty:
            assert parameter.default is operator.attrs[name]
    assert operator.__name__ == operator.__qualname__ == operator.name
    assert operator.__doc__.startswith(inspect.cleandoc(operator.reference.__doc__).partition("\n\n>>> ")[0])
    assert "Gradient rule: " in operator.__doc__ and "Raises: " in operator.__doc__


@pytest.mark.parametrize("build, name", [
    (lambda x: tf.tanh(x, "t"), "t:0"), (lambda x: tf.tanh(x, name="t"), "t:0"), (lambda x: tf.add(x, x, "t"), "t:0"),
    (lambda x: tf.reduce_sum(x, 0, True, "t"), "t:0"), (lambda x: tf.argmax(x, 0, "t"), "t:0"), (lambda x: tf.argmax(x, 0, "t", tf.int32), "t:0"),
    (lambda x: tf.shape(x, "t"), "t:0"), (lambda x: tf.cast(x, tf.int32, "t"), "t:0"), (lambda x: tf.matmul(x, x, True, name="t"), "t:0"),
    (lambda x: tf.stack([x, x], 0, "t"), "t:0"), (lambda x: tf.tanh(x, None), "Tanh:0"),
])
def test_arguments_go_by_position_as_in_tensorflow(build, name):
    assert build(tf.constant(np.eye(2, dtype=np.float32), name="x")).name == name


@pytest.mark.parametrize("build, message", [
    (lambda x: tf.tanh(x, "t", name="u"), "tanh: 'name' is given twice"),
    (lambda x: tf.tanh(x, "t", 1), "tanh takes at most 2 arguments (x, name), 3 given"),
    (lambda x: tf.matmul(x, x, transpose=True), "matmul has no argument 'transpose'; it takes a, b, transpose_a,"),
    (lambda x: tf.matmul(x), "matmul needs b"),
])
def test_wrong_arguments_are_named(build, message):
    with pytest.raises(GraphError, match="^" + message.replace("(", r"\(").replace(")", r"\)")):
        build(tf.constant(np.eye(2, dtype=np.float32)))


@pytest.mark.parametrize("old, new", SPELLINGS.items(), ids=lambda word: word)
def test_older_spellings_are_taken(old, new):
    value = {"keepdims": True, "axis": 1}[new]
    x = tf.constant(np.ones((2, 1)))
    operator = tf.reduce_sum if new == "keepdims" else tf.squeeze
    assert operator(x, **{old: value}).attrs == operator(x, **{new: value}).attrs
    assert old in operator.__doc__


@pytest.mark.parametrize("operator, fact", [
    (tf.tanh, "Operands: x: bool, int, float or complex. Result: float16 -> float16; bool, uint8, uint16, int8, int16, float32 -> float32; "
              "uint32, uint64, int32, int64, float64 -> float64; "
              "complex64 -> complex64; complex128 -> complex128."),
    (tf.abs, "Operands: x: int, float or complex. Result: uint8 -> uint8; uint16 -> uint16; uint32 -> uint32; uint64 -> uint64; "
             "int8 -> int8; int16 -> int16; int32 -> int32; int64 -> int64; float16 -> float16; "
             "float32, complex64 -> float32; float64, complex128 -> float64."),
    (tf.greater, "Operands: x, y: bool, int or float; shapes broadcast. Result: bool."),
    (tf.logical_and, "Operands: x: bool; y: bool; shapes broadcast. Result: bool."),
    (tf.cast, "Operands: x: bool, int, float or complex. Result: `dtype`."),
    (tf.is_nan, "Operands: x: float. Result: bool."),
    (tf.reshape, "Operands: tensor: bool, int, float or complex; shape: int32. Result: the same dtype."),
    (tf.matmul, "Operands: a, b: int, float or complex. Result: their common dtype."),
    (tf.tanh, "Gradient rule: yes."), (tf.greater, "Gradient rule: none."),
    (tf.reduce_sum, "ShapeError, an axis that is not there"),
])
def test_facts_come_from_the_declaration(operator, fact):
    assert fact in operator.__doc__


@pytest.mark.parametrize("operator", [op for op in tried() if op.samples and not op.check], ids=lambda op: op.name)
def test_dtypes_that_help_names_are_those_of_the_reference(operator):
    for sample_dtype in ("bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64"):
        taken = _result(operator, np.dtype(sample_dtype))
        if taken is None:
            continue
        specs, attrs = operator.samples[0]
        if operator.family.broadcasts:
            specs = [(2, 3)] * len(operator.params)
        operands = [_operand(operator, i, spec, np.dtype(sample_dtype)) for i, spec in enumerate(specs)]
        with np.errstate(all="ignore"):
            made = reference(operator, Sample(tuple(operands), attrs))
        assert made[0].dtype == taken, sample_dtype


def test_operator_is_no_method_of_a_class_that_keeps_it():
    class Layer:
        activation = tf.nn.relu

    assert Layer().activation is tf.nn.relu is Layer.activation


def test_class_of_operators_keeps_its_own_docstring():
    assert Operator.__doc__.startswith("One operator.") and "reference" in inspect.signature(Operator).parameters


@pytest.mark.parametrize("space, name, operator", [("graphc", "tanh", tf.tanh), ("graphc", "matmul", tf.matmul), ("graphc.nn", "relu", tf.nn.relu)])
def test_module_of_an_operator_is_where_users_find_it(space, name, operator):
    assert operator.__module__ == space and getattr(namespace(space), name) is operator
    publish(space, {name: operator})
    assert inspect.getmodule(operator) is namespace(space)


# ---------------------------------------------------------------------- everything public

def test_every_public_callable_shows_its_arguments():
    def hidden(value: Any) -> bool:
        try:
            return "(*args, **kwargs)" in str(inspect.signature(value))
        except ValueError:
            return True
    assert [path for path, value in callables() if hidden(value)] == []


# What completion shows of each namespace beside its classes and functions, and what it showed of the machine.
_VALUES = {"graphc": {"AUTO_REUSE", "COMPILER_VERSION", "GIT_VERSION", "GRAPH_DEF_VERSION", "GRAPH_DEF_VERSION_MIN_CONSUMER",
                      "GRAPH_DEF_VERSION_MIN_PRODUCER", "VERSION", "newaxis", "bool", "complex64", "complex128", "float32", "float64",
                      "int8", "int16", "int32", "int64", "string", "uint8", "uint16", "uint32", "uint64", "float16", "half", "double"},
           "graphc.sysconfig": {"CXX11_ABI_FLAG", "MONOLITHIC_BUILD"}, "graphc.numeric": {"METHODS"},
           "graphc.testing": {"CHECKS"}, "graphc.extend": {"BATCH_RULES", "COMBINES", "FAMILIES"},
           "graphc.contrib.layers": {"OPTIMIZER_CLS_NAMES"}, "graphc.errors": {n for n in tf.errors.__all__ if n.isupper()},
           "graphc.contrib.factorization": {"COSINE_DISTANCE", "KMEANS_PLUS_PLUS_INIT", "RANDOM_INIT", "SQUARED_EUCLIDEAN_DISTANCE"},
           "graphc.examples.tutorials.mnist.mnist": {"IMAGE_PIXELS", "IMAGE_SIZE", "NUM_CLASSES"},
           **{f"graphc.saved_model.{n}": {*vars(tf.saved_model)[n].__all__} for n in ("constants", "signature_constants", "tag_constants")},
           "graphc.saved_model": {n for n in tf.saved_model.__all__ if n.isupper()}, "graphc.version": {*tf.version.__all__},
           "graphc.compat": {f"{n}_types" for n in ("bytes_or_text", "complex", "integral", "real")},
           **dict.fromkeys(("graphc.distributions", "graphc.contrib.distributions"), {"FULLY_REPARAMETERIZED", "NOT_REPARAMETERIZED"}),
           "graphc.dtypes": {"bool", "complex64", "complex128", "double", "half", "string",
                             *(f"float{n}" for n in (16, 32, 64)), *(f"int{n}" for n in (8, 16, 32, 64)),
                             *(f"uint{n}" for n in (8, 16, 32, 64))},
           "graphc.contrib.tfprof.model_analyzer": {n for n in tf.contrib.tfprof.model_analyzer.__all__ if n.isupper()},
           **dict.fromkeys(("graphc.contrib.data", "graphc.data.experimental"), {"AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY"}),
           "graphc.logging": {"DEBUG", "ERROR", "FATAL", "INFO", "WARN"}}
_SPACES: dict[str, set[str]] = {}
for _path in NAMESPACES[1:]:
    _SPACES.setdefault(_path.rpartition(".")[0], set()).add(_path.rpartition(".")[2])
_SPACES["graphc.app"] = {"flags"}
_SPACES["graphc.io"] = {"gfile"}
_SPACES["graphc"] |= {"core"}
_SPACES["graphc.contrib"] |= {"keras"}
_SPACES["graphc.contrib.slim"] |= {"losses", "metrics"}
_SPACES["graphc.contrib.learn.datasets"] = {"base", "mnist"}
_BUILTINS = {"abs", "bool", "complex", "pow", "print", "range", "round", "slice", "tuple", "math", "random"}


@pytest.mark.parametrize("name", NAMESPACES)
def test_namespace_lists_its_own_names_only(name):
    space = namespace(name)
    listed = {n for n in dir(space) if not n.startswith("__")}
    kept_for_python = _BUILTINS if name == "graphc" else set()
    assert listed == {*space.__all__, *kept_for_python} and not kept_for_python & {*space.__all__}
    values = {n for n in listed if not callable(getattr(space, n)) and not isinstance(getattr(space, n), ModuleType)}
    assert values == _VALUES.get(name, set())
    assert {n for n in listed if isinstance(getattr(space, n), ModuleType)} == _SPACES.get(name, set())
    assert all(not n.startswith("_") and getattr(getattr(space, n), "__module__", "graphc").startswith("graphc") for n in listed)


def test_star_import_gives_the_public_names_and_leaves_pythons_alone():
    names: dict[str, Any] = {}
    exec("from graphc import *", names)
    assert names.keys() - {"__builtins__"} == {*tf.__all__} == {*dir(tf)} - _BUILTINS - {"__version__"}


@pytest.mark.parametrize("path", ["ir.node", "ops.math", "cpu.tape", "compiler.passes", "runtime.session", "variables", "version"])
def test_internals_are_imported_by_path(path):
    assert namespace(f"graphc.{path}").__name__ == f"graphc.{path}"
