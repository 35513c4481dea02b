"""Kernels of models turned around, for weights of Theano, whose convolutions turn the kernel, where these correlate."""

from __future__ import annotations

from typing import Any

from ..backend.values import get_value, set_value

# The layers whose kernels are turned, by the names of their classes as Keras compares them.
_TURNED = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose")


def convert_all_kernels_in_model(model: Any) -> None:
    """Turn the kernels of a model's convolutions around along their window, as Theano had them. GraphError: a kernel has no value yet.

    >>> layer = tf.keras.layers.Conv1D(1, 3, input_shape=(4, 1))
    >>> model = tf.keras.Sequential([layer])
    >>> model.set_weights([np.arange(3.0).reshape(3, 1, 1), np.zeros(1)])
    >>> tf.keras.utils.convert_all_kernels_in_model(model)
    >>> model.get_weights()[0].ravel()
    array([2., 1., 0.], dtype=float32)
    """
    for layer in model.layers:
        if type(layer).__name__ in _TURNED:
            value = get_value(layer.kernel)
            set_value(layer.kernel, value[tuple([slice(None, None, -1)] * (value.ndim - 2))])
