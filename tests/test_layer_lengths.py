"""What stands under `tensorflow.python.layers.utils` and `rnn_cell_impl`: lengths as TensorFlow 2.15's own functions give them, arguments, states."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc.python import lengths

# A function, arguments, and what TensorFlow gives.
CALLS = [
    ("conv_output_length", (10, 3, "same", 2), 5),
    ("conv_output_length", (10, 3, "valid", 2), 4),
    ("conv_output_length", (11, 4, "full", 3), 5),
    ("conv_input_length", (10, 3, "same", 2), 19),
    ("conv_input_length", (10, 3, "valid", 2), 21),
    ("conv_input_length", (11, 4, "full", 3), 28),
    ("deconv_output_length", (10, 3, "same", 2), 20),
    ("deconv_output_length", (10, 3, "valid", 2), 21),
    ("deconv_output_length", (11, 4, "full", 3), 28),
    ("conv_output_length", (10, 3, "valid", 2, 2), 3),
    ("conv_output_length", (None, 3, "same", 1), None),
    ("convert_data_format", ("channels_last", 4), "NHWC"),
    ("convert_data_format", ("channels_first", 5), "NCDHW"),
    ("convert_data_format", ("channels_first", 3), "NCW"),
    ("normalize_tuple", (2, 3, "strides"), (2, 2, 2)),
    ("normalize_tuple", ([1, 2], 2, "strides"), (1, 2)),
    ("normalize_data_format", ("Channels_Last",), "channels_last"),
    ("normalize_padding", ("SAME",), "same"),
]


@pytest.mark.parametrize("name, arguments, wanted", CALLS)
def test_calls(name, arguments, wanted):
    assert getattr(tf.python.layers.utils, name)(*arguments) == wanted


@pytest.mark.parametrize("name, arguments", [
    ("conv_output_length", (5, 3, "other", 1)), ("convert_data_format", ("channels_last", 6)), ("convert_data_format", ("last", 4)),
    ("normalize_tuple", ([1], 2, "strides")), ("normalize_tuple", (None, 2, "strides")), ("normalize_tuple", (["a", "b"], 2, "strides")),
    ("normalize_padding", ("full",)), ("normalize_data_format", (3,)),
])
def test_mistakes(name, arguments):
    with pytest.raises(ValueError, match="must be|axes"):
        getattr(lengths, name)(*arguments)


def test_states_of_zeros():
    states = tf.python.ops.rnn_cell_impl._zero_state_tensors((3, [2, 4]), 5, tf.float32)
    one, (other, third) = tf.Session(jit=False).run(states)
    assert one.shape == (5, 3) and other.shape == (5, 2) and third.shape == (5, 4) and not one.any() and one.dtype == np.float32
