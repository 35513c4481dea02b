"""Layers of Keras, one row each: the class, its arguments, the shapes of its inputs. Values of TensorFlow for them are in tests/data."""

from __future__ import annotations

from typing import Any, NamedTuple


class Case(NamedTuple):
    """A layer, what it is made with, and the shapes of its inputs without the batch; inputs of `below` are whole numbers in [0, below)."""

    layer: str
    arguments: dict[str, Any]
    shapes: list[tuple[int, ...]]
    call: dict[str, Any] = {}
    below: int = 0
    inner: tuple[str, dict[str, Any]] | None = None         # the layer within a wrapper; of cells a list
    mask: bool = False                                      # the inputs come through Masking: some steps are 0


ROWS, SHORT, PICTURE, VOLUME = (5, 4), (3, 4), (5, 6, 3), (4, 5, 3, 2)
RNN = {"return_sequences": True, "return_state": True}
CASES = [
    Case("Dense", {"units": 3}, [(4,)]), Case("Dense", {"units": 3, "activation": "tanh", "use_bias": False}, [(5, 4)]),
    Case("Dense", {"units": 2, "activation": "softmax"}, [(4,)]),
    *(Case("Activation", {"activation": name}, [(4,)]) for name in
      ("relu", "elu", "selu", "softplus", "softsign", "tanh", "sigmoid", "hard_sigmoid", "exponential", "linear", "softmax")),
    Case("Dropout", {"rate": 0.5}, [(4,)]), Case("SpatialDropout1D", {"rate": 0.5}, [ROWS]), Case("SpatialDropout2D", {"rate": 0.5}, [PICTURE]),
    Case("SpatialDropout3D", {"rate": 0.5}, [VOLUME]), Case("GaussianNoise", {"stddev": 1.0}, [(4,)]), Case("GaussianDropout", {"rate": 0.5}, [(4,)]),
    Case("AlphaDropout", {"rate": 0.5}, [(4,)]), Case("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, [(4,)]),
    Case("Flatten", {}, [PICTURE]), Case("Flatten", {"data_format": "channels_first"}, [PICTURE]), Case("Flatten", {}, [()]),
    Case("Reshape", {"target_shape": (2, 6)}, [(3, 4)]), Case("Reshape", {"target_shape": (-1, 2)}, [(3, 4)]),
    Case("Permute", {"dims": (2, 1)}, [(3, 4)]), Case("Permute", {"dims": (3, 1, 2)}, [PICTURE]), Case("RepeatVector", {"n": 3}, [(4,)]),
    Case("Masking", {"mask_value": 0.0}, [ROWS]),
    Case("Conv1D", {"filters": 3, "kernel_size": 2}, [ROWS]), Case("Conv1D", {"filters": 3, "kernel_size": 3, "padding": "causal"}, [ROWS]),
    Case("Conv1D", {"filters": 2, "kernel_size": 2, "padding": "causal", "dilation_rate": 2, "activation": "relu"}, [ROWS]),
    Case("Conv1D", {"filters": 2, "kernel_size": 3, "padding": "same", "strides": 2}, [ROWS]),
    Case("Conv2D", {"filters": 4, "kernel_size": 3}, [PICTURE]),
    Case("Conv2D", {"filters": 2, "kernel_size": (2, 3), "strides": 2, "padding": "same", "activation": "relu"}, [PICTURE]),
    Case("Conv2D", {"filters": 2, "kernel_size": 2, "dilation_rate": 2, "use_bias": False}, [PICTURE]),
    Case("Conv3D", {"filters": 2, "kernel_size": 2}, [VOLUME]),
    Case("Conv3D", {"filters": 2, "kernel_size": 2, "padding": "same", "strides": 2}, [VOLUME]),
    Case("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2}, [PICTURE]),
    Case("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, [PICTURE]),
    Case("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1}, [PICTURE]),
    Case("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 0}, [PICTURE]),
    Case("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2, "padding": "same"}, [VOLUME]),
    Case("SeparableConv1D", {"filters": 3, "kernel_size": 2}, [ROWS]),
    Case("SeparableConv1D", {"filters": 3, "kernel_size": 2, "padding": "causal", "depth_multiplier": 2}, [ROWS]),
    Case("SeparableConv2D", {"filters": 4, "kernel_size": 3, "depth_multiplier": 2}, [PICTURE]),
    Case("SeparableConv2D", {"filters": 4, "kernel_size": 3, "padding": "same", "strides": 2, "activation": "relu"}, [PICTURE]),
    Case("DepthwiseConv2D", {"kernel_size": 3}, [PICTURE]),
    Case("DepthwiseConv2D", {"kernel_size": 3, "padding": "same", "strides": 2, "depth_multiplier": 2, "activation": "relu"}, [PICTURE]),
    Case("LocallyConnected1D", {"filters": 3, "kernel_size": 2}, [ROWS]),
    Case("LocallyConnected1D", {"filters": 3, "kernel_size": 2, "strides": 2, "activation": "relu"}, [ROWS]),
    Case("LocallyConnected2D", {"filters": 2, "kernel_size": 2}, [PICTURE]),
    Case("LocallyConnected2D", {"filters": 2, "kernel_size": (2, 3), "strides": (2, 1), "use_bias": False}, [PICTURE]),
    Case("UpSampling1D", {"size": 3}, [ROWS]), Case("UpSampling2D", {"size": (2, 3)}, [PICTURE]), Case("UpSampling3D", {"size": (2, 1, 2)}, [VOLUME]),
    Case("UpSampling2D", {"size": 2, "data_format": "channels_first"}, [PICTURE]),
    Case("ZeroPadding1D", {"padding": (1, 2)}, [ROWS]), Case("ZeroPadding2D", {"padding": ((1, 0), (2, 1))}, [PICTURE]),
    Case("ZeroPadding2D", {"padding": (1, 2), "data_format": "channels_first"}, [PICTURE]), Case("ZeroPadding3D", {"padding": 1}, [VOLUME]),
    Case("Cropping1D", {"cropping": (1, 2)}, [ROWS]), Case("Cropping2D", {"cropping": ((1, 0), (2, 1))}, [PICTURE]),
    Case("Cropping3D", {"cropping": (1, 2, 1)}, [(4, 5, 4, 2)]),
    Case("MaxPooling1D", {}, [ROWS]), Case("MaxPooling1D", {"pool_size": 3, "strides": 1, "padding": "same"}, [ROWS]),
    Case("MaxPooling2D", {}, [PICTURE]), Case("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, [PICTURE]),
    Case("MaxPooling3D", {}, [VOLUME]), Case("AveragePooling1D", {"padding": "same"}, [ROWS]), Case("AveragePooling2D", {}, [PICTURE]),
    Case("AveragePooling2D", {"pool_size": (3, 2), "strides": 1, "padding": "same"}, [PICTURE]), Case("AveragePooling3D", {}, [VOLUME]),
    Case("GlobalAveragePooling1D", {}, [ROWS]), Case("GlobalAveragePooling1D", {}, [ROWS], mask=True),
    Case("GlobalAveragePooling1D", {"data_format": "channels_first"}, [ROWS]), Case("GlobalAveragePooling2D", {}, [PICTURE]),
    Case("GlobalAveragePooling2D", {"data_format": "channels_first"}, [PICTURE]), Case("GlobalAveragePooling3D", {}, [VOLUME]),
    Case("GlobalMaxPooling1D", {}, [ROWS]), Case("GlobalMaxPooling2D", {}, [PICTURE]), Case("GlobalMaxPooling3D", {}, [VOLUME]),
    Case("Embedding", {"input_dim": 7, "output_dim": 3}, [(5,)], below=7),
    Case("Embedding", {"input_dim": 7, "output_dim": 3, "mask_zero": True, "input_length": 5}, [(5,)], below=7),
    Case("BatchNormalization", {}, [(4,)]), Case("BatchNormalization", {}, [PICTURE]),
    Case("BatchNormalization", {"axis": 1, "epsilon": 0.1, "scale": False}, [PICTURE]),
    Case("BatchNormalization", {"momentum": 0.5}, [(4,)], call={"training": True}),
    Case("BatchNormalization", {}, [PICTURE], call={"training": True}),
    Case("BatchNormalization", {"center": False}, [ROWS], call={"training": True}),
    Case("LayerNormalization", {}, [(4,)]), Case("LayerNormalization", {"axis": (1, 2), "epsilon": 0.01}, [PICTURE]),
    Case("LayerNormalization", {"axis": 1, "center": False}, [ROWS]),
    *(Case(name, {}, [(5, 4)] * 3) for name in ("Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")),
    Case("Add", {}, [(5, 4), (4,)]), Case("Multiply", {}, [(5, 4), (1, 4)]), Case("Subtract", {}, [(5, 4)] * 2),
    Case("Concatenate", {"axis": 1}, [(5, 4), (2, 4)]), Case("Dot", {"axes": 1}, [(4,), (4,)]), Case("Dot", {"axes": (2, 1)}, [(5, 4), (4, 3)]),
    Case("Dot", {"axes": 2, "normalize": True}, [(5, 4), (3, 4)]), Case("Dot", {"axes": (1, 2)}, [(4,), (3, 4)]),
    Case("LeakyReLU", {}, [(4,)]), Case("LeakyReLU", {"alpha": 0.1}, [ROWS]), Case("PReLU", {}, [ROWS]),
    Case("PReLU", {"shared_axes": [1, 2]}, [PICTURE]),
    Case("ELU", {"alpha": 0.5}, [(4,)]), Case("ThresholdedReLU", {"theta": 0.5}, [(4,)]), Case("Softmax", {"axis": 1}, [ROWS]),
    Case("ReLU", {}, [(4,)]), Case("ReLU", {"max_value": 0.8, "negative_slope": 0.2, "threshold": 0.1}, [(4,)]),
    Case("ReLU", {"max_value": 6.0}, [(4,)]),
    *(Case(name, arguments, [ROWS], mask=mask) for name in ("SimpleRNN", "GRU", "LSTM") for arguments, mask in (
        ({"units": 3}, False), ({"units": 3, **RNN}, False), ({"units": 3, **RNN}, True), ({"units": 3}, True),
        ({"units": 2, "go_backwards": True, "return_sequences": True}, False), ({"units": 2, "go_backwards": True, **RNN}, True),
        ({"units": 2, "unroll": True, "return_sequences": True, "use_bias": False}, False))),
    Case("GRU", {"units": 3, "reset_after": True, "recurrent_activation": "sigmoid", **RNN}, [ROWS]),
    Case("GRU", {"units": 3, "implementation": 2}, [ROWS]),
    Case("LSTM", {"units": 3, "unit_forget_bias": False, "activation": "relu", "recurrent_activation": "sigmoid", "implementation": 2}, [ROWS]),
    Case("CuDNNLSTM", {"units": 3, **RNN}, [ROWS]), Case("CuDNNGRU", {"units": 3, **RNN}, [ROWS]),
    Case("Bidirectional", {}, [ROWS], inner=("GRU", {"units": 3, "return_sequences": True})),
    Case("Bidirectional", {"merge_mode": "sum"}, [ROWS], inner=("LSTM", {"units": 3})),
    Case("Bidirectional", {"merge_mode": "mul"}, [ROWS], inner=("SimpleRNN", {"units": 3, "return_sequences": True})),
    Case("Bidirectional", {"merge_mode": "ave"}, [ROWS], inner=("LSTM", {"units": 3, "return_sequences": True}), mask=True),
    Case("Bidirectional", {"merge_mode": None}, [ROWS], inner=("GRU", {"units": 2, **RNN})),
    Case("Bidirectional", {}, [ROWS], inner=("LSTM", {"units": 2, **RNN})),
    Case("TimeDistributed", {}, [ROWS], inner=("Dense", {"units": 3})),
    Case("TimeDistributed", {}, [(2, *PICTURE)], inner=("Conv2D", {"filters": 2, "kernel_size": 2})),
    Case("ConvLSTM2D", {"filters": 2, "kernel_size": 2}, [(3, *PICTURE)]),
    Case("ConvLSTM2D", {"filters": 2, "kernel_size": (2, 3), "padding": "same", "return_sequences": True, "recurrent_activation": "sigmoid"},
         [(3, *PICTURE)]),
    Case("ConvLSTM2D", {"filters": 2, "kernel_size": 2, "strides": 2, "use_bias": False, "return_sequences": True, "go_backwards": True},
         [(2, *PICTURE)]),
    Case("Attention", {}, [(5, 4), (3, 4)]), Case("Attention", {"use_scale": True}, [(5, 4), (3, 4), (3, 4)]),
    Case("Attention", {"causal": True}, [(5, 4), (5, 4)]),
    Case("AdditiveAttention", {}, [(5, 4), (3, 4)]), Case("AdditiveAttention", {"use_scale": False}, [(5, 4), (3, 4)]),
]
