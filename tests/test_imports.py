"""What programs import from `tensorflow` and from within it, by whichever path, is graphc's; what is missing says what to write instead."""

from __future__ import annotations

import importlib
import os
import re

import pytest

import graphc as tf
from graphc.python import contrib_paths
from graphc.python import paths as inner_paths
from tests.run import python

IMPORTS = [
    ("import tensorflow as tf", "tf.matmul", "matmul"),
    ("import tensorflow", "tensorflow.matmul", "matmul"),
    ("import tensorflow.compat.v1 as tf", "tf.matmul", "matmul"),
    ("import tensorflow as tf; tf = tf.compat.v1", "tf.matmul", "matmul"),
    ("from tensorflow.compat import v1 as tf", "tf.matmul", "matmul"),
    ("from tensorflow import matmul", "matmul", "matmul"),
    ("from tensorflow.nn import relu", "relu", "nn.relu"),
    ("import tensorflow.contrib.layers as layers", "layers.fully_connected", "contrib.layers.fully_connected"),
    ("from tensorflow.contrib import layers", "layers.fully_connected", "contrib.layers.fully_connected"),
    ("from tensorflow.contrib.layers import fully_connected", "fully_connected", "contrib.layers.fully_connected"),
    ("import tensorflow.contrib.layers", "tensorflow.contrib.layers.flatten", "contrib.layers.flatten"),
    ("from tensorflow.python.framework import ops", "ops.reset_default_graph", "reset_default_graph"),
    ("from tensorflow.python.framework.ops import convert_to_tensor", "convert_to_tensor", "convert_to_tensor"),
    ("import tensorflow as tf", "tf.python.framework.ops.get_default_graph", "get_default_graph"),
    ("from tensorflow.python.ops import array_ops, math_ops", "math_ops.matmul", "matmul"),
    ("from tensorflow.python.ops import constant_op", "constant_op.constant", "constant"),
    ("from tensorflow.python import pywrap_tensorflow", "pywrap_tensorflow.NewCheckpointReader", "train.NewCheckpointReader"),
    ("from tensorflow.python.ops import gradient_checker", "gradient_checker.compute_gradient_error", "test.compute_gradient_error"),
    ("from tensorflow.python.ops import gen_nn_ops", "gen_nn_ops.relu", "nn.relu"),
    ("from tensorflow.python.ops.distributions import normal", "normal.Normal", "distributions.Normal"),
    ("from tensorflow.python.data.util import nest", "nest.flatten", "nest.flatten"),
    ("from tensorflow.contrib.losses.python.losses import loss_ops", "loss_ops.get_losses", "contrib.losses.get_losses"),
    ("from tensorflow.python.training import moving_averages", "moving_averages.ExponentialMovingAverage", "train.ExponentialMovingAverage"),
    ("from tensorflow.python.platform import gfile", "gfile.Exists", "gfile.Exists"),
    ("from tensorflow.contrib.learn.python.learn.datasets.mnist import read_data_sets", "read_data_sets",
     "contrib.learn.datasets.mnist.read_data_sets"),
    ("from tensorflow.contrib.rnn.python.ops import core_rnn_cell", "core_rnn_cell.LSTMCell", "contrib.rnn.LSTMCell"),
    ("from tensorflow.contrib.layers.python.layers import layers, utils", "layers.batch_norm", "contrib.layers.batch_norm"),
    ("from tensorflow.contrib.framework.python.ops import arg_scope", "arg_scope", "contrib.framework.arg_scope"),
    ("import tensorflow as tf", "tf.contrib.learn.python.learn.datasets.base.maybe_download", "contrib.learn.datasets.base.maybe_download"),
    ("from tensorflow.python.saved_model import signature_def_utils", "signature_def_utils.is_valid_signature", "saved_model.is_valid_signature"),
    ("from tensorflow.python.layers.core import Dense", "Dense", "layers.Dense"),
    ("from tensorflow.examples.tutorials.mnist import input_data", "input_data.read_data_sets", "examples.tutorials.mnist.input_data.read_data_sets"),
    ("import tensorflow.examples.tutorials.mnist.input_data as d", "d.DataSet", "examples.tutorials.mnist.input_data.DataSet"),
    ("from tensorflow.examples.tutorials.mnist import mnist", "mnist.inference", "examples.tutorials.mnist.mnist.inference"),
    ("from tensorflow.python.framework import tensor_shape", "tensor_shape.TensorShape", "TensorShape"),
    ("from tensorflow.keras.datasets import mnist", "mnist.load_data", "keras.datasets.mnist.load_data"),
    ("import tensorflow as tf", "tf.keras.datasets.cifar10.load_data", "keras.datasets.cifar10.load_data"),
    ("from tensorflow.python.ops.init_ops import zeros_initializer", "zeros_initializer", "zeros_initializer"),
    ("from tensorflow.python.ops.init_ops import Zeros", "Zeros", "keras.initializers.Zeros"),
    ("from tensorflow.python.ops.init_ops_v2 import glorot_normal", "glorot_normal", "keras.initializers.glorot_normal"),
    ("from tensorflow.python.estimator.canned.dnn import DNNClassifier", "DNNClassifier", "estimator.DNNClassifier"),
    ("from tensorflow.python.estimator.export import export_output", "export_output.PredictOutput", "estimator.export.PredictOutput"),
    ("from tensorflow.python.training import evaluation", "evaluation._get_or_create_eval_step", "contrib.training.get_or_create_eval_step"),
    ("from tensorflow.contrib.slim.python.slim.data import dataset", "dataset.Dataset", "contrib.slim.dataset.Dataset"),
    ("from tensorflow.contrib.slim.python.slim import queues", "queues.QueueRunners", "contrib.slim.queues.QueueRunners"),
    ("from tensorflow.contrib.training.python.training import bucket_ops", "bucket_ops.bucket", "contrib.training.bucket"),
    ("from tensorflow.contrib.distributions.python.ops import bernoulli", "bernoulli.Bernoulli", "contrib.distributions.Bernoulli"),
    ("from tensorflow.contrib.tpu.python.tpu import tpu_config", "tpu_config.TPUConfig", "contrib.tpu.TPUConfig"),
    ("from tensorflow.keras.layers import Dense", "Dense", "keras.layers.Dense"),
    ("from tensorflow.python.keras.applications.vgg19 import VGG19", "VGG19", "keras.applications.VGG19"),
    ("from keras.applications.vgg16 import VGG16", "VGG16", "keras.applications.VGG16"),
    ("import tensorflow.keras.backend as K", "K.dot", "keras.backend.dot"),
    ("from tensorflow.python.keras.models import Model", "Model", "keras.models.Model"),
    ("from tensorflow.python.keras.engine.base_layer import Layer", "Layer", "keras.layers.Layer"),
    ("from tensorflow.python.keras.utils.np_utils import to_categorical", "to_categorical", "keras.utils.to_categorical"),
    ("from tensorflow.contrib.keras import layers", "layers.LSTM", "keras.layers.LSTM"),
    ("from tensorflow.contrib.keras.layers import LSTM", "LSTM", "keras.layers.LSTM"),
    ("from tensorflow.python.ops.rnn import rnn_cell_impl", "rnn_cell_impl.LSTMCell", "nn.rnn_cell.LSTMCell"),
    ("from tensorflow.python.ops import rnn", "rnn.bidirectional_rnn", "nn.static_bidirectional_rnn"),
    ("from tensorflow.python.ops import rnn", "rnn.rnn", "nn.static_rnn"),
    ("from tensorflow.contrib.layers import safe_embedding_lookup_sparse", "safe_embedding_lookup_sparse", "nn.safe_embedding_lookup_sparse"),
    ("from tensorflow.contrib.opt.python.training import addsign", "addsign.AddSignOptimizer", "contrib.opt.AddSignOptimizer"),
    ("from tensorflow.contrib.opt.python.training import sign_decay", "sign_decay.get_linear_decay_fn", "contrib.opt.get_linear_decay_fn"),
    ("from tensorflow.python.ops.nn_ops import ops", "ops.convert_to_tensor", "convert_to_tensor"),
    ("from keras.datasets.mnist import load_data", "load_data", "keras.datasets.mnist.load_data"),
    ("import keras.layers.noise as noise", "noise.GaussianNoise", "keras.layers.GaussianNoise"),
    ("from tensorflow.contrib.keras.datasets import cifar10", "cifar10.load_data", "keras.datasets.cifar10.load_data"),
    ("from tensorflow.contrib.keras.metrics import AUC", "AUC", "keras.metrics.AUC"),
    ("from tensorflow.contrib.keras.python.keras.layers.core import Dense", "Dense", "keras.layers.Dense"),
    ("from tensorflow.contrib.keras.api.keras.models import Model", "Model", "keras.models.Model"),
    ("from keras.models import Sequential", "Sequential", "keras.models.Sequential"), ("import keras", "keras.Input", "keras.Input"),
    ("from keras import objectives", "objectives.mse", "keras.losses.mse"),
    ("from keras.layers.core import Dropout", "Dropout", "keras.layers.Dropout"),
    ("from keras.preprocessing.image import ImageDataGenerator", "ImageDataGenerator", "keras.preprocessing.image.ImageDataGenerator"),
]


PLACES = """            # each in a process that has named nothing else
import os, sys, graphc.python as inner
for place in sys.argv[1:]:
    if not os.fork():
        inner._place(place)
        os._exit(0)
    os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_inner_modules_have_names_of_namespaces(tmp_path):
    lines = [line.split(" | ") for line in f"{inner_paths.MODULES}\n{contrib_paths.CONTRIB}".split("\n") if line]
    places = {place for _, places in lines for place in places.split()} - {"-", "nn.seq2seq", "graph_util", "tf"}
    assert python(tmp_path, "-c", PLACES, *sorted(places)) == (0, "", "")


@pytest.mark.parametrize("path", sorted({line.partition(".")[0].partition(" | ")[0] for line in contrib_paths.CONTRIB.split("\n")} - {""}))
def test_what_has_inner_modules_is_a_package(path):
    assert importlib.import_module(f"graphc.contrib.{path}").__path__ is not None        # whatever name it stands under in `sys.modules`


@pytest.mark.parametrize("statement, expression, name", IMPORTS, ids=[s for s, _, _ in IMPORTS])
def test_imports_give_graphc(statement, expression, name, standing):
    names: dict[str, object] = {}
    exec(statement, names)
    found: object = tf
    for part in name.split("."):
        found = getattr(found, part)
    assert eval(expression, names) is found


@pytest.mark.parametrize("statement, message", [
    ("import tensorflow.layers.experimental", "tensorflow.layers.experimental is not here; instead: tf.keras.layers"),
    ("from tensorflow.layers import experimental", "tensorflow.layers.experimental is not here; instead: tf.keras.layers"),
    ("from tensorflow.layers.experimental import keras_style_scope", "tensorflow.layers.experimental is not here; instead: tf.keras.layers"),
    ("from tensorflow.contrib import quantize", "tensorflow.contrib.quantize is not here; instead: "),
    ("import tensorflow.nonsense", "tensorflow.nonsense is not here"),
])
def test_missing_modules_say_what_to_write(statement, message, standing):
    with pytest.raises(ModuleNotFoundError, match="^" + re.escape(message)):
        exec(statement, {})


def test_version_is_tensorflows(standing):
    import tensorflow
    assert tensorflow.__version__ == tensorflow.VERSION == tf.VERSION == "1.15.0" != tf.__version__
    assert set(dir(tf)) <= set(dir(tensorflow))
