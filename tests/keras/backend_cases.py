"""Functions of `keras.backend` and of `keras.preprocessing`, one row each, as texts that graphc and TensorFlow run. Values are in tests/data."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

_random = np.random.RandomState(7)
# What a row may name. Numbers are no neighbours: an argmax, a rounding and a comparison have one answer.
OPERANDS: dict[str, Any] = {
    "x": _random.permutation(12).reshape(3, 4).astype("float32") / 4 - 1.3, "y": _random.permutation(12).reshape(3, 4).astype("float32") / 5 - 1,
    "m": _random.randn(4, 2).astype("float32"), "v": _random.randn(4).astype("float32"), "flags": np.array([[True, False], [True, True]]),
    "cube": _random.randn(3, 2, 4).astype("float32"), "wall": _random.randn(3, 4, 5).astype("float32"),
    "p": _random.dirichlet([1.0, 1.0, 1.0, 1.0], 3).astype("float32"), "z": np.eye(4, dtype="float32")[[2, 0, 3]],
    "c": np.array([2, 0, 3], "int32"), "picture": _random.randn(2, 5, 6, 3).astype("float32"),
    "volume": _random.randn(1, 4, 5, 4, 2).astype("float32"), "rows": _random.randn(2, 7, 3).astype("float32"),
    "k1": _random.randn(3, 3, 2).astype("float32"), "k2": _random.randn(2, 3, 3, 4).astype("float32"),
    "k3": _random.randn(2, 2, 2, 2, 3).astype("float32"), "back": _random.randn(2, 3, 4, 3).astype("float32"),
    "depth": _random.randn(2, 2, 3, 2).astype("float32"), "point": _random.randn(1, 1, 6, 4).astype("float32"),
    "three": np.array([0.5, -1.0, 2.0], "float32"), "positive": np.array([0.5, 1.5, 3.0], "float32"),
    "mask": np.array([[1, 1, 1, 1, 0, 0, 0], [1, 0, 1, 1, 1, 1, 0]], bool), "spoken": _random.dirichlet([1.0] * 4, (2, 6)).astype("float32"),
    "said": np.array([[0, 1, 0], [2, 0, 0]], "int32"), "heard": np.array([[6], [5]], "int32"), "long": np.array([[3], [1]], "int32"),
    "own1": _random.randn(3, 9, 2).astype("float32"), "own2": _random.randn(8, 18, 2).astype("float32"),
}
MATHS = (
    "mean(x)", "mean(x, 1)", "mean(flags, 0)", "sum(x, [0, 1])", "sum(x, -1, keepdims=True)", "prod(x, 0)", "max(x, 1)", "min(x, 0, True)",
    "var(x, 1)", "var(x)", "std(x, 0, keepdims=True)", "any(flags, 0)", "all(flags, 1)", "all(flags)", "argmax(x)", "argmin(x, 0)",
    "cumsum(x, 1)", "cumprod(x)", "abs(x)", "sign(x)", "round(x)", "square(x)", "sqrt(x)", "exp(x)", "log(p)", "sin(x)", "cos(x)", "pow(p, 3)",
    "clip(x, -0.5, 0.5)", "clip(x, 1.0, -1.0)", "maximum(x, y)", "minimum(x, y)", "equal(c, c)", "not_equal(x, y)", "greater(x, y)",
    "greater_equal(x, y)", "less(x, y)", "less_equal(x, y)", "cast(x, 'int32')", "cast(flags, 'float32')", "l2_normalize(x, 1)", "l2_normalize(x)",
    "dot(x, m)", "dot(cube, m)", "dot(x, wall)", "batch_dot(cube, wall)", "batch_dot(cube, wall, axes=(2, 1))", "batch_dot(x, y, axes=1)",
    "batch_dot(x, wall, axes=(1, 1))", "batch_dot(cube, x, axes=(2, 1))",
)
SHAPES = (
    "expand_dims(x)", "expand_dims(x, 0)", "squeeze(K.expand_dims(x, 1), 1)", "flatten(x)", "batch_flatten(cube)", "reshape(x, (2, -1))",
    "permute_dimensions(cube, (2, 0, 1))", "transpose(cube)", "concatenate([x, y])", "concatenate([x, y], 0)", "stack([x, y], 1)", "tile(v, 2)",
    "tile(x, [1, 3])", "repeat(x, 2)", "repeat_elements(cube, 3, 1)", "reverse(cube, (0, 2))", "reverse(cube, 1)", "gather(x, [2, 0])",
    "one_hot(c, 5)", "arange(4)", "arange(1, 9, 3, dtype='float32')", "temporal_padding(rows, (2, 0))", "spatial_2d_padding(picture)",
    "spatial_2d_padding(picture, ((1, 0), (0, 2)), 'channels_first')", "spatial_3d_padding(volume, ((1, 0), (0, 1), (2, 2)))",
    "zeros_like(x)", "ones_like(x, 'int32')", "eye(3)", "zeros((2, 3))", "ones((2,), 'int32')", "map_fn(lambda r: r * 2.0, x)",
    "foldl(lambda a, r: 0.5 * a + r, x)", "foldr(lambda a, r: 0.5 * a + r, x)", "shape(cube)", "constant([1, 2], shape=(2, 1))",
)
NETS = (
    "switch(x > y, x, y)", "in_train_phase(x, y, training=1)", "in_train_phase(x, y)", "in_test_phase(x, lambda: y)",
    "relu(x)", "relu(x, alpha=0.1)", "relu(x, max_value=0.5, threshold=0.1)", "elu(x, 0.5)", "softmax(x)", "softmax(x, 0)", "hard_sigmoid(x)",
    "sigmoid(x)", "tanh(x)", "softplus(x)", "softsign(x)", "binary_crossentropy(z, p)", "binary_crossentropy(z, x, from_logits=True)",
    "categorical_crossentropy(z, p)", "categorical_crossentropy(z, x, from_logits=True)", "sparse_categorical_crossentropy(c, p)",
    "sparse_categorical_crossentropy(c, x, from_logits=True)", "in_top_k(x, c, 2)", "ctc_batch_cost(said, spoken, heard, long)",
    "conv1d(rows, k1)", "conv1d(rows, k1, padding='causal', dilation_rate=2)", "conv1d(rows, k1, 2, 'same')", "conv2d(picture, k2)",
    "conv2d(picture, k2, (2, 1), 'same')", "conv2d(picture, k2, dilation_rate=(2, 1))", "conv3d(volume, k3)", "conv3d(volume, k3, (2, 2, 1), 'same')",
    "conv2d_transpose(picture, back, (2, 10, 12, 4), (2, 2), 'same')", "depthwise_conv2d(picture, depth)",
    "depthwise_conv2d(picture, depth, (2, 2), 'same')", "separable_conv2d(picture, depth, point, padding='same')", "pool2d(picture, (2, 2))",
    "pool2d(picture, (2, 3), (2, 1), 'same', pool_mode='avg')", "pool3d(volume, (2, 2, 2), (1, 2, 1), 'same')",
    "pool3d(volume, (2, 2, 2), pool_mode='avg')", "bias_add(picture, three)",
    "bias_add(K.permute_dimensions(picture, (0, 3, 1, 2)), three, 'channels_first')",
    "batch_normalization(picture, three, positive, three, positive)", "normalize_batch_in_training(picture, positive, three, [0, 1, 2])",
    "resize_images(picture, 2, 3, 'channels_last')", "rnn(step, rows, [start])", "rnn(step, rows, [start], go_backwards=True)",
    "rnn(step, rows, [start], mask=mask)", "rnn(step, rows, [start], mask=mask, zero_output_for_mask=True)",
    "rnn(step, rows, [start], mask=mask, unroll=True)", "moving_average_update(K.variable(x), y, 0.75)", "update_add(K.variable(x), y)",
    "local_conv1d(rows, own1, (3,), (2,))", "local_conv1d(K.permute_dimensions(rows, (0, 2, 1)), own1, (3,), (2,), 'channels_first')",
    "local_conv2d(picture, own2, (2, 3), (2, 1), (2, 4))",
    "local_conv2d(K.permute_dimensions(picture, (0, 3, 1, 2)), own2, (2, 3), (2, 1), (2, 4), 'channels_first')",
    "resize_volumes(volume, 2, 1, 3, 'channels_last')", "resize_volumes(volume, 1, 2, 2, 'channels_first')",
    # TensorFlow 2.15 has a column for each step, 1.15 as many as the longest row has labels.
    "ctc_decode(spoken, K.squeeze(heard, 1))[0][0][:, :4]", "ctc_decode(spoken, K.squeeze(heard, 1))[1]",
    *(f"ctc_decode(spoken, K.squeeze(heard, 1), greedy=False, beam_width=6, top_paths=2)[{part}]" for part in ("0][1][:, :2", "1")),
    "to_dense(K.ctc_label_dense_to_sparse(said, K.squeeze(long, 1)))", "to_dense(x)",
    "update_sub(K.variable(x), y)", "update(K.variable(x), y)", "gradients(K.sum(x * x * y), [x, y])", "stop_gradient(x)", "print_tensor(x, 'x: ')",
)
# Texts and sequences: functions of `keras.preprocessing`, of no graph.
PREPROCESSING = (
    "sequence.pad_sequences([[1, 2, 3], [4], []])", "sequence.pad_sequences([[1, 2, 3], [4]], 2, padding='post')",
    "sequence.pad_sequences([[1, 2, 3], [4]], 2, truncating='post', value=-1)",
    "sequence.pad_sequences([[[1, 2]], [[3, 4], [5, 6]]], dtype='float32')",
    "sequence.make_sampling_table(6)", "sequence.skipgrams([1, 2, 0, 3], 5, 1, negative_samples=0.0, shuffle=False)",
    "sequence.skipgrams([1, 2, 0, 3], 5, 2, negative_samples=0.0, seed=3, categorical=True)",
    "sequence.TimeseriesGenerator(series, series * 2, 4, sampling_rate=2, stride=3, batch_size=2)[0]",
    "sequence.TimeseriesGenerator(series, series, 3, start_index=2, end_index=9, reverse=True, batch_size=4)[1]",
    "text.text_to_word_sequence('Some, words:  and More!')", "text.text_to_word_sequence('a;B', filters=';', lower=False, split=' ')",
    "text.hashing_trick('one two, one', 7, 'md5')", "tokens().texts_to_sequences(['the cat is a new dog'])",
    "tokens(num_words=3).texts_to_sequences(['the cat is a new dog'])", "tokens(oov_token='?').texts_to_sequences(['the cat is a new dog'])",
    "tokens(num_words=4, oov_token='?').sequences_to_texts([[1, 2, 9, 5, 3]])", "tokens().sequences_to_texts([[1, 2, 9, 5, 3]])",
    "tokens(char_level=True).texts_to_sequences(['tea'])", "list(tokens().word_index.items())", "sorted(tokens().word_docs.items())",
    *(f"tokens().texts_to_matrix(['the cat the', 'a mouse'], {mode!r})" for mode in ("binary", "count", "freq", "tfidf")),
    *(f"image.apply_affine_transform(photo[:4], {a}, row_axis=0, col_axis=1, channel_axis=2)" for a in (
        "tx=1, ty=-2", "tx=2, fill_mode='constant', cval=7.0", "ty=2, fill_mode='reflect'", "tx=-3, fill_mode='wrap'", "zx=0.5, zy=2.0",
        *(f"theta=17, shear=8, tx=0.6, zx=1.3, order={order}, fill_mode={mode!r}"
          for order in (0, 1) for mode in ("nearest", "constant", "reflect", "wrap")))),
    "image.apply_affine_transform(photo.transpose(2, 0, 1), theta=30, row_axis=1, col_axis=2, channel_axis=0)",
    *(f"seeded(lambda: image.random_{a}, 0, 1, 2))" for a in (
        "rotation(photo, 30", "shift(photo, 0.2, 0.3", "shear(photo, 20", "zoom(photo, (0.5, 0.9)")),
    "seeded(lambda: image.random_channel_shift(photo, 5.0, 2))", "seeded(lambda: image.random_brightness(photo, (0.5, 1.5)))",
    "image.apply_channel_shift(photo, 3.0, 2)", *(f"image.apply_brightness_shift(photo, {b})" for b in (0.0, 0.4, 1.0, 1.7)),
    "image.apply_brightness_shift(np.dstack([photo, photo[..., 0]]), 0.5)", "image.apply_brightness_shift(photo[..., :1] * 0, 0.5)",
    *(f"flowed({a})" for a in (
        "", "rotation_range=30", "width_shift_range=0.2, height_shift_range=0.3", "width_shift_range=3",
        "width_shift_range=2.5, fill_mode='constant'", "width_shift_range=[1, 2], height_shift_range=[0.1, 0.2]",
        "shear_range=20, zoom_range=0.3, fill_mode='reflect'",
        "zoom_range=[0.5, 1.5], fill_mode='wrap'", "horizontal_flip=True", "vertical_flip=True, channel_shift_range=5.0",
        "brightness_range=(0.5, 1.5), rescale=0.1", "rescale=0.5, featurewise_center=True, featurewise_std_normalization=True",
        "rotation_range=20, featurewise_center=True", "validation_split=0.3, subset='training'", "validation_split=0.3, subset='validation'",
        "seed=5, rotation_range=20, shuffle=False")),
    "image.img_to_array(photo[:, :, 0], 'channels_first')", "image.img_to_array(image.array_to_img(photo))",
    "standardized(samplewise_center=True, samplewise_std_normalization=True)", "standardized(rescale=0.5)",
    "standardized(featurewise_center=True, featurewise_std_normalization=True)",
    "standardized(featurewise_center=True, featurewise_std_normalization=True, rescale=0.5)",
    "utils.to_categorical([[1], [0], [3]])", "utils.to_categorical([1, 2], 4, 'int32')", "utils.normalize(series.reshape(4, 3))",
    "utils.normalize(series.reshape(4, 3), 0, 1)",
)
TEXTS = ["The cat sat on the mat.", "The dog, the cat: a dog day!"]


def found(keras: Any, text: str, operands: dict[str, Any]) -> list[Any]:
    """What the text of a row makes of the operands, tensors: a list of tensors."""
    k = keras.backend
    names = {**operands, "K": k, "start": k.zeros_like(operands["rows"][:, 0]), "step": lambda x, s: (x + 0.5 * s[0], [k.tanh(x - s[0])])}
    value = eval(f"K.{text}", names)                                                                        # noqa: S307
    parts = list(value) if isinstance(value, (list, tuple)) else [value]
    return [p for part in parts for p in (part if isinstance(part, (list, tuple)) else [part])]


def prepared(keras: Any, text: str) -> Any:
    """What the text of a row of PREPROCESSING comes to."""
    photo, series = np.arange(75, dtype="float32").reshape(5, 5, 3) % 17, np.arange(12.0) ** 2
    p = keras.preprocessing

    def tokens(**options: Any) -> Any:
        made = p.text.Tokenizer(**options)
        made.fit_on_texts(TEXTS)
        return made

    def standardized(**options: Any) -> Any:
        made = p.image.ImageDataGenerator(**options)
        if made.featurewise_center:
            made.fit(np.stack([photo, photo * 2 + 1]))
        return made.standardize(photo)

    def seeded(call: Any) -> Any:
        np.random.seed(4)
        return call()

    def flowed(subset: Any = None, seed: Any = None, shuffle: bool = True, **options: Any) -> Any:
        """Two passes over a few images, changed as the seed has it, and the next number that it has."""
        made = p.image.ImageDataGenerator(**options)
        x = np.stack([np.roll(photo, i, 1)[:4] for i in range(10)])
        np.random.seed(4)
        if made.featurewise_center:
            made.fit(x, augment=True, rounds=2, seed=1)
        flow = made.flow(x, np.arange(10) % 2, batch_size=4, subset=subset, seed=seed, shuffle=shuffle)
        return (*(part for _ in range(2 * len(flow)) for part in next(flow)), np.random.rand(1))
    return eval(text, {"sequence": p.sequence, "text": p.text, "image": p.image, "utils": keras.utils, "photo": photo, "series": series,  # noqa: S307
                       "tokens": tokens, "standardized": standardized, "seeded": seeded, "flowed": flowed, "np": np})


def arrays(value: Any) -> list[Any]:
    """A result as arrays; lists of different lengths by their text."""
    parts = value if isinstance(value, tuple) else (value,)
    return [p if isinstance(p, np.ndarray) else np.array(repr(p)) for p in parts]


def write(path: str) -> None:
    """Write what TensorFlow makes of all rows; of images Keras-Preprocessing 1.1.2, which TensorFlow 1.15 takes."""
    import keras_preprocessing.image
    import tensorflow.compat.v1 as tf
    tf.disable_v2_behavior()
    kept: dict[str, Any] = {}
    for text in (*MATHS, *SHAPES, *NETS):
        tf.keras.backend.clear_session()
        with tf.Graph().as_default(), tf.Session() as session:
            made = found(tf.keras, text, {n: tf.constant(a) for n, a in OPERANDS.items()})
            session.run(tf.global_variables_initializer())
            kept.update({f"{text}/{i}": a for i, a in enumerate(session.run(made))})
    tf.keras.preprocessing.image = keras_preprocessing.image
    for text in PREPROCESSING:
        kept.update({f"{text}/{i}": a for i, a in enumerate(arrays(prepared(tf.keras, text)))})
    np.savez_compressed(path, **kept)


if __name__ == "__main__":
    write(sys.argv[1])
