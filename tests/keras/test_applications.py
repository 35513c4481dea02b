"""The nets of `tf.keras.applications` have the layers of TensorFlow 1.15's, and its files of weights load: held against keras_applications 1.0.8."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import GraphError, ShapeError

APPS = tf.keras.applications
SMALL: dict[str, Any] = {"weights": None, "alpha": 0.25, "input_shape": (32, 33, 3), "classes": 3}


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def told(model: Any) -> str:
    """What a file of weights must fit: names, kinds and shapes of weights of all layers in their order."""
    lines = [f"{layer.name} {type(layer).__name__} {[tuple(w.shape.as_list()) for w in layer.weights]}" for layer in model.layers]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def long(*row: Any) -> Any:
    return pytest.param(*row, marks=pytest.mark.slow)


# Net | its model's name, how many layers and numbers it has, and their digest as keras_applications 1.0.8 on TensorFlow 2.15 makes them.
NETS = [
    long("DenseNet121", "densenet121", 429, 8062504, "65f8a0ec798b4e11"),
    long("DenseNet169", "densenet169", 597, 14307880, "10382f8b42fd6986"),
    long("DenseNet201", "densenet201", 709, 20242984, "ad4b4126cd2f469a"),
    long("InceptionResNetV2", "inception_resnet_v2", 782, 55873736, "6040f314a979e008"),
    long("InceptionV3", "inception_v3", 313, 23851784, "4e305baf6fb186df"),
    ("MobileNet", "mobilenet_1.00_224", 93, 4253864, "e9ea98258a37afc7"),
    ("MobileNetV2", "mobilenetv2_1.00_224", 157, 3538984, "f9ebd47ed0b8cf8a"),
    long("NASNetLarge", "NASNet", 1041, 88949818, "6e7c3be2249c59d3"),
    long("NASNetMobile", "NASNet", 771, 5326716, "def099502c26aad7"),
    long("ResNet101", "resnet101", 347, 44707176, "1050cf05ea7e65ce"),
    long("ResNet101V2", "resnet101v2", 379, 44675560, "34d4f01f92fe8890"),
    long("ResNet152", "resnet152", 517, 60419944, "723da87991c8c4bd"),
    long("ResNet152V2", "resnet152v2", 566, 60380648, "422181b8265220ca"),
    ("ResNet50", "resnet50", 177, 25636712, "5ad6ee9473f5854c"),
    ("ResNet50V2", "resnet50v2", 192, 25613800, "1c98a861d62010ac"),
    ("VGG16", "vgg16", 23, 138357544, "d0bba6318b6f364c"),
    ("VGG19", "vgg19", 26, 143667240, "9bf0a3f2ea2ba4a3"),
    long("Xception", "xception", 134, 22910480, "c3c5e4bd77c08519"),
]


@pytest.mark.parametrize("net, name, layers, numbers, digest", NETS)
def test_layers_are_those_of_keras(net, name, layers, numbers, digest):
    model = getattr(APPS, net)(weights=None)
    assert (model.name, len(model.layers), model.count_params(), told(model)) == (name, layers, numbers, digest)
    assert model.output_shape == (None, 1000)


def test_a_net_ends_without_classes_as_told():
    for options, name, shape in [({}, "conv_pw_13_relu", (None, 1, 1, 256)), ({"pooling": "avg"}, "global_average_pooling2d", (None, 256)),
                                 ({"pooling": "max"}, "global_max_pooling2d", (None, 256))]:
        tf.reset_default_graph()
        model = APPS.MobileNet(include_top=False, **{**SMALL, **options})
        assert (model.layers[-1].name, model.output_shape, model.name) == (name, shape, "mobilenet_0.25_32")
    assert APPS.VGG16(weights=None, include_top=False).input_shape == (None, None, None, 3)


def test_channels_first_turns_shapes():
    tf.keras.backend.set_image_data_format("channels_first")
    try:
        assert APPS.VGG16(weights=None, include_top=False, input_shape=(3, 32, 64)).output_shape == (None, 512, 1, 2)
        with pytest.raises(GraphError, match="NASNetMobile: the net is there for channels_last alone"):
            APPS.NASNetMobile(weights=None)
    finally:
        tf.keras.backend.set_image_data_format("channels_last")


def filled(model: Any) -> list[Any]:
    """Waves for weights, about 1 for what stands in roots and factors."""
    found = []
    for i, variable in enumerate(model.weights):
        shape = variable.shape.as_list()
        wave = np.sin(np.arange(np.prod(shape)) * 0.7 + i).reshape(shape)
        near_one = "gamma" in variable.name or "variance" in variable.name
        found.append(1 + 0.3 * wave if near_one else wave * (2 / np.prod(shape[:-1])) ** 0.5 if len(shape) > 1 else 0.1 * wave)
    return found


# What keras_applications 1.0.8 on TensorFlow 2.15 gives with these weights.
@pytest.mark.parametrize("net, alpha, expected", [
    ("MobileNet", 0.25, [0.3217085301876068, 0.32781174778938293, 0.35047972202301025]),
    ("MobileNetV2", 0.35, [0.33830517530441284, 0.33822453022003174, 0.3234703540802002]),
])
def test_outputs_are_those_of_keras(net, alpha, expected):
    tf.keras.backend.set_session(tf.Session(jit=False))
    model = getattr(APPS, net)(**{**SMALL, "alpha": alpha})
    model.set_weights(filled(model))
    x = np.sin(np.arange(32 * 33 * 3)).reshape(1, 32, 33, 3).astype("f4")
    np.testing.assert_allclose(model.predict(x), [expected], rtol=2e-5)


def test_weights_come_from_a_file(tmp_path, monkeypatch):
    model = APPS.MobileNet(**SMALL)
    path = str(tmp_path / "weights.h5")
    model.save_weights(path)
    again = APPS.MobileNet(**{**SMALL, "weights": path})
    np.testing.assert_array_equal(again.get_weights()[-2], model.get_weights()[-2])
    with pytest.raises(ShapeError, match="weight"):
        APPS.MobileNet(**{**SMALL, "weights": path, "alpha": 0.5})
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    bare = APPS.MobileNet(include_top=False, **{**SMALL, "alpha": 0.25, "input_shape": (128, 128, 3)})
    bare.save_weights(str(tmp_path / "models" / "mobilenet_2_5_128_tf_no_top.h5"))
    found = APPS.MobileNet(include_top=False, alpha=0.25, input_shape=(128, 128, 3))
    np.testing.assert_array_equal(found.get_weights()[0], bare.get_weights()[0])


def test_a_net_stands_on_a_tensor_of_a_layer_or_of_none():
    x = tf.keras.Input((32, 32, 3))
    doubled = tf.keras.layers.Lambda(lambda v: v * 2.0)(x)
    model = APPS.MobileNet(**{**SMALL, "input_shape": None}, input_tensor=doubled, include_top=False)
    assert model.inputs == [x] and model.layers[1].name == "lambda"
    given = tf.zeros([2, 32, 32, 3])
    assert APPS.VGG16(weights=None, include_top=False, input_tensor=given).output.shape.as_list() == [2, 1, 1, 512]


@pytest.mark.parametrize("build, error, message", [
    (lambda: APPS.VGG16(), tf.errors.NotFoundError, "VGG16: weights='imagenet': there is neither .*models/vgg16_weights_tf_dim_ordering_tf_kernels.h5"
     ".*fetches nothing.*weights=PATH"),
    (lambda: APPS.ResNet50(include_top=False), tf.errors.NotFoundError, "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    (lambda: APPS.MobileNetV2(alpha=1.4), tf.errors.NotFoundError, "tf_kernels_1.4_224.h5"),
    (lambda: APPS.VGG16(weights="nowhere.h5"), tf.errors.NotFoundError, "'imagenet' or the path of a file; there is no 'nowhere.h5'"),
    (lambda: APPS.VGG16(classes=3), GraphError, "the classes of 'imagenet' are 1000, not 3"),
    (lambda: APPS.VGG16(weights=None, pooling="mean"), GraphError, "pooling is None, 'avg' or 'max', not 'mean'"),
    (lambda: APPS.VGG16(weights=None, input_shape=(31, 32, 3)), ShapeError, "pictures are 32 x 32 at the least, not 31 x 32"),
    (lambda: APPS.VGG16(weights=None, input_shape=(None, 32, 3)), ShapeError, "with classes input_shape has no open sizes"),
    (lambda: APPS.VGG16(weights=None, input_shape=(32, 32)), ShapeError, "input_shape is height, width and channels"),
    (lambda: APPS.VGG16(input_shape=(64, 64, 3)), ShapeError, "the classes of 'imagenet' are for pictures of 224 x 224, not 64 x 64"),
    (lambda: APPS.ResNet50(include_top=False, input_shape=(64, 64, 1)), ShapeError, "are for 3 channels, not 1"),
    (lambda: APPS.MobileNet(alpha=0.3), GraphError, "an alpha of 0.25, 0.5, 0.75, 1.0, not 1 and 0.3"),
    (lambda: APPS.MobileNetV2(weights=None, input_tensor=tf.keras.Input((32, 32, 3)), input_shape=(64, 64, 3)), GraphError, "is not that of"),
])
def test_refusals(build, error, message, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(error, match=message):
        build()


# ---------------------------------------------------------------------- pictures and classes

TENS = np.arange(0, 240, 10)
# Mode | the first two pixels of a row of four, and with channels first the pixel of row 0, column 1: of keras_applications 1.0.8.
MODES = [
    ("caffe", [-83.939003, -106.778999, -123.68, -53.939003, -76.778999, -93.68], [66.060997, -26.778999, -113.68]),
    ("tf", [-1.0, -0.92156863, -0.84313726, -0.7647059, -0.68627453, -0.60784316], [-0.92156863, -0.29411763, 0.33333334]),
    ("torch", [-2.11790395, -1.86064422, -1.45586061, -1.60416138, -1.33543408, -0.93298471], [-1.94665647, -0.46008399, 1.15851867]),
]


@pytest.mark.parametrize("mode, last, first", MODES)
def test_pictures_as_nets_take_them(mode, last, first):
    prepare = APPS.imagenet_utils.preprocess_input
    session = tf.Session(jit=False)
    for dtype in ("float32", "int32"):
        x, y = TENS.astype(dtype).reshape(1, 2, 4, 3), TENS.astype(dtype).reshape(1, 3, 2, 4)
        for made in (prepare(x.copy(), mode=mode), session.run(prepare(tf.constant(x), mode=mode)), prepare(x[0].copy(), mode=mode)[None]):
            assert made.dtype == np.float32 and made.shape == x.shape
            np.testing.assert_allclose(made.ravel()[:6], last, rtol=1e-6, atol=2e-6)
        for made in (prepare(y.copy(), "channels_first", mode), session.run(prepare(tf.constant(y), "channels_first", mode))):
            np.testing.assert_allclose(made[0, :, 0, 1], first, rtol=1e-6, atol=2e-6)


def test_arrays_of_floats_are_written_over():
    x = TENS.astype("float32").reshape(2, 4, 3)
    made = APPS.vgg16.preprocess_input(x)
    assert np.shares_memory(made, x)


@pytest.mark.parametrize("module, mode", [
    ("vgg16", "caffe"), ("vgg19", "caffe"), ("resnet", "caffe"), ("resnet50", "caffe"), ("resnet_v2", "tf"), ("inception_v3", "tf"),
    ("inception_resnet_v2", "tf"), ("xception", "tf"), ("mobilenet", "tf"), ("mobilenet_v2", "tf"), ("nasnet", "tf"), ("densenet", "torch")])
def test_each_net_has_its_mode(module, mode):
    found = getattr(APPS, module).preprocess_input(TENS.reshape(2, 4, 3))
    np.testing.assert_array_equal(found, APPS.imagenet_utils.preprocess_input(TENS.reshape(2, 4, 3), mode=mode))


def test_classes_are_named_from_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    preds = np.zeros((1, 1000), "f4")
    preds[0, [7, 3]] = 0.7, 0.2
    decode = APPS.vgg16.decode_predictions
    with pytest.raises(tf.errors.NotFoundError, match="models/imagenet_class_index.json.*fetches nothing.*path=PATH"):
        decode(preds)
    (tmp_path / "models").mkdir()
    path = tmp_path / "models" / "imagenet_class_index.json"
    path.write_text(json.dumps({str(i): [f"n{i}", f"thing {i}"] for i in range(1000)}))
    assert decode(preds, top=2) == [[("n7", "thing 7", np.float32(0.7)), ("n3", "thing 3", np.float32(0.2))]]
    assert decode(preds, 1, str(path)) == [[("n7", "thing 7", np.float32(0.7))]]
    for text in ("[]", "{", '{"0": [1]}'):
        Path(tmp_path / "other.json").write_text(text)
        APPS.imagenet_utils._classes.cache_clear()
        with pytest.raises(tf.errors.DataLossError, match="is no table of 1000 classes"):
            decode(preds, path=str(tmp_path / "other.json"))
    with pytest.raises(ShapeError, match="rows of 1000 numbers"):
        decode(preds[0])


@pytest.mark.parametrize("arguments, error, message", [
    ((np.zeros((2, 2, 3)), None, "coffee"), GraphError, "mode is one of caffe, tf, torch, not 'coffee'"),
    ((np.zeros((2, 2, 3)), "last"), GraphError, "data_format is channels_first or channels_last, not 'last'"),
    ((np.zeros(3),), ShapeError, "one picture has 3 axes and a batch 4, not 1"),
])
def test_pictures_that_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        APPS.imagenet_utils.preprocess_input(*arguments)
