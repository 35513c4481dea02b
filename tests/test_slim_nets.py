"""`slim.nets`: sizes that their papers and TensorFlow's own tests give, names of TensorFlow's, and small ones that are run."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.contrib import slim
from graphc.contrib.slim.nets import alexnet, inception, overfeat, resnet_utils, resnet_v1, resnet_v2, vgg

# A net, what gives the arguments of its layers, and the trained numbers it has: torchvision's models have as many (alexnet but for its
# windows' edges); of the inception nets without their last layers TensorFlow's own tests of slim.
SIZES = {
    "alexnet_v2": (lambda x: alexnet.alexnet_v2(x), alexnet.alexnet_v2_arg_scope, 224, 50_303_912),
    "overfeat": (lambda x: overfeat.overfeat(x), overfeat.overfeat_arg_scope, 231, 145_704_424),
    "vgg_a": (lambda x: vgg.vgg_a(x), vgg.vgg_arg_scope, 224, 132_863_336),
    "vgg_16": (lambda x: vgg.vgg_16(x), vgg.vgg_arg_scope, 224, 138_357_544),
    "vgg_19": (lambda x: vgg.vgg_19(x), vgg.vgg_arg_scope, 224, 143_667_240),
    "resnet_v1_50": (lambda x: resnet_v1.resnet_v1_50(x, 1000), resnet_v1.resnet_arg_scope, 224, 25_557_032),
    "resnet_v1_101": (lambda x: resnet_v1.resnet_v1_101(x, 1000), resnet_v1.resnet_arg_scope, 224, 44_549_160),
    "resnet_v2_50": (lambda x: resnet_v2.resnet_v2_50(x, 1000), resnet_v2.resnet_arg_scope, 224, 25_568_360),
    "inception_v1_base": (lambda x: inception.inception_v1_base(x), inception.inception_v1_arg_scope, 224, 5_607_184),
    "inception_v3_base": (lambda x: inception.inception_v3_base(x), inception.inception_v3_arg_scope, 299, 21_802_784),
}


@pytest.mark.parametrize("name", SIZES)
def test_nets_have_their_numbers(name: str) -> None:
    """All that belongs to the model: of batch normalisation also the averages where TensorFlow's test counts them."""
    build, scope, size, count = SIZES[name]
    with tf.Graph().as_default():
        with slim.arg_scope(scope()):
            build(tf.placeholder(tf.float32, [None, size, size, 3]))
        counted = slim.get_model_variables() if name.startswith("inception") else tf.trainable_variables()
        assert sum(int(np.prod(v.shape.as_list())) for v in counted) == count


NAMES = {
    "InceptionV3/Mixed_5c/Branch_1/Conv_1_0c_5x5/weights": lambda x: inception.inception_v3_base(x, "Mixed_5c"),
    "InceptionV1/Mixed_5b/Branch_2/Conv2d_0a_3x3/BatchNorm/beta": lambda x: inception.inception_v1_base(x, "Mixed_5b"),
    "resnet_v1_50/block4/unit_3/bottleneck_v1/conv3/BatchNorm/moving_mean": lambda x: resnet_v1.resnet_v1_50(x, 10),
    "resnet_v2_50/postnorm/gamma": lambda x: resnet_v2.resnet_v2_50(x, 10), "vgg_16/conv5/conv5_3/biases": lambda x: vgg.vgg_16(x),
    "vgg_a/fc8/weights": lambda x: vgg.vgg_a(x),
}
SCOPES = {"Inc": inception.inception_v1_arg_scope, "res": resnet_utils.resnet_arg_scope, "vgg": vgg.vgg_arg_scope}


@pytest.mark.parametrize("name", NAMES)
def test_variables_have_tensorflows_names(name: str) -> None:
    with tf.Graph().as_default():
        with slim.arg_scope(SCOPES[name[:3]]()):
            _, ends = NAMES[name](tf.zeros([1, 224, 224, 3]))
        assert name in [v.op.name for v in tf.global_variables()]
        assert all(isinstance(n, str) and x.shape.ndims in (2, 4) for n, x in ends.items())


def tiny(module: Any, x: Any, **given: Any) -> Any:
    """A residual net of two blocks of a few channels, and its results by their scopes."""
    block = module.resnet_v1_block if module is resnet_v1 else module.resnet_v2_block
    build = module.resnet_v1 if module is resnet_v1 else module.resnet_v2
    with slim.arg_scope(module.resnet_arg_scope()):
        return build(x, [block("block1", 1, 2, 2), block("block2", 2, 2, 2)], 3, scope="tiny", **given)


@pytest.mark.parametrize("module", [resnet_v1, resnet_v2], ids=["v1", "v2"])
def test_dense_results_are_those_of_strides_between_them(module: Any) -> None:
    """Of every second place of the net whose windows grew, what the net with strides gives (a picture of a size above a multiple of 8)."""
    rng = np.random.default_rng(3)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2, 33, 17, 3])
        plain, ends = tiny(module, x, is_training=False, global_pool=False)
        dense, _ = tiny(module, x, is_training=False, global_pool=False, output_stride=8, reuse=True)
        session.run(tf.global_variables_initializer())
        found, wanted = session.run([dense, plain], {x: rng.normal(size=(2, 33, 17, 3))})
    assert found.shape == (2, 5, 3, 3) and wanted.shape == (2, 3, 2, 3)
    np.testing.assert_allclose(found[:, ::2, ::2], wanted, rtol=1e-4, atol=1e-5)
    assert [n for n in ends if "block1/unit_1" in n] == [f"tiny/block1/unit_1/bottleneck_v{1 + (module is resnet_v2)}/{part}"
                                                         for part in ("shortcut", "conv1", "conv2", "conv3")] + ["tiny/block1/unit_1/bottleneck_v"
                                                                                                                f"{1 + (module is resnet_v2)}"]


def test_a_small_net_is_trained() -> None:
    """A residual net learns to tell dark pictures from bright ones; averages of batch normalisation move."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 24)
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.placeholder(tf.float32, [None, 16, 16, 3]), tf.placeholder(tf.int64, [None])
        tf.set_random_seed(1)
        logits, _ = tiny(resnet_v1, x)
        loss = tf.losses.sparse_softmax_cross_entropy(y, tf.squeeze(logits, [1, 2]))
        step = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.05))
        session.run(tf.global_variables_initializer())
        fed = {x: rng.normal(size=(24, 16, 16, 3)) * 0.1 + labels[:, None, None, None], y: labels}
        losses = [session.run(step, fed) for _ in range(15)]
        moved = session.run([v for v in tf.global_variables() if v.op.name.endswith("conv1/BatchNorm/moving_mean")][0])
    assert losses[-1] < 0.5 * losses[0] and np.abs(moved).max() > 0


def test_a_thin_net_on_a_small_picture() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        with slim.arg_scope(inception.inception_v3_arg_scope()):
            logits, ends = inception.inception_v3(tf.ones([1, 107, 107, 3]), 5, is_training=False, depth_multiplier=0.1, min_depth=4)
        session.run(tf.global_variables_initializer())
        found, probabilities, aside = session.run([logits, ends["Predictions"], ends["AuxLogits"]])
    assert found.shape == aside.shape == (1, 5) and probabilities.sum() == pytest.approx(1, abs=1e-5)


MISTAKES = {
    "a stride that is no multiple of 4": (lambda: tiny(resnet_v1, tf.zeros([1, 33, 33, 3]), output_stride=6),
                                          "output_stride is a multiple of 4, not 6"),
    "a stride that is not reached": (lambda: tiny(resnet_v2, tf.zeros([1, 33, 33, 3]), output_stride=64), "do not multiply to output_stride=16"),
    "no end of the net": (lambda: inception.inception_v1_base(tf.zeros([1, 64, 64, 3]), "Mixed_9a"),
                          "'Mixed_9a' is no end of this net: Conv2d_1a_7x7"),
    "no channels": (lambda: inception.inception_v3_base(tf.zeros([1, 299, 299, 3]), depth_multiplier=0), "depth_multiplier is above 0, not 0"),
}


@pytest.mark.parametrize("build, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(build: Any, message: str) -> None:
    with tf.Graph().as_default(), pytest.raises(tf.errors.ArgumentError, match=message):
        build()


@pytest.mark.parametrize("path", ["contrib.slim.python.slim.nets", "contrib.slim.nets"])
def test_paths(path: str) -> None:
    from graphc import as_tensorflow
    as_tensorflow.install()
    try:
        assert importlib.import_module(f"tensorflow.{path}.resnet_v1").resnet_v1_50 is resnet_v1.resnet_v1_50
    finally:
        as_tensorflow.uninstall()
