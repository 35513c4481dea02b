"""`tf.contrib.layers`: layers with variables `weights` and `biases`, their penalties and initial values, and training in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import nn, summary, train
from ..errors import GraphError, ShapeError
from ..initializers import constant_initializer, ones_initializer, zeros_initializer
from ..ir.arguments import hold as _hold
from ..ir.axes import normal_axis
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph, name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..layers import BatchNormalization
from ..layers import dropout as drop
from ..layers import flatten as flattened
from ..ops.array import concat, identity, one_hot, reshape
from ..ops.array import shape as shape_of
from ..ops.linalg import matmul, tensordot
from ..ops.math import add, cast
from ..ops.random import truncated_normal
from ..ops.reduce import reduce_max
from ..ops.sparse_rows import safe_embedding_lookup_sparse
from ..tf1_names import namespace as _namespace
from ..train.optimizer import Optimizer
from ..variables import get_variable, variable_scope
from . import columns, compositions, convolutions, keypoints, norms, penalties
from .base import ended, floats, sizes_of, variable_of
from .columns import *  # noqa: F403
from .compositions import *  # noqa: F403
from .convolutions import *  # noqa: F403
from .initial import variance_scaling_initializer, xavier_initializer, xavier_initializer_conv2d
from .keypoints import *  # noqa: F403
from .norms import *  # noqa: F403
from .penalties import *  # noqa: F403
from .scopes import add_arg_scope

__all__ = [*columns.__all__, *convolutions.__all__, *penalties.__all__, *compositions.__all__, *norms.__all__, *keypoints.__all__,
           "OPTIMIZER_CLS_NAMES",
           "batch_norm", "dropout", "elu", "embed_sequence",
           "flatten", "fully_connected", "layer_norm", "linear", "maxout", "one_hot_encoding", "optimize_loss", "relu", "relu6",
           "safe_embedding_lookup_sparse", "variance_scaling_initializer", "xavier_initializer", "xavier_initializer_conv2d"]
__path__: list[str] = []           # a package: programs import modules from within, `contrib.layers.python`


# ---------------------------------------------------------------------- layers

def fully_connected(inputs: Any, num_outputs: int, activation_fn: Any = nn.relu, normalizer_fn: Any = None, normalizer_params: Any = None,
                    weights_initializer: Any = None, weights_regularizer: Any = None, biases_initializer: Any = zeros_initializer,
                    biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
                    trainable: bool = True, scope: Any = None) -> Node:
    """activation_fn(inputs @ weights + biases) along the last axis; with `normalizer_fn` that takes the place of the biases.

    float[..., n] -> float[..., num_outputs]. The weights are Glorot's uniform ones by default; `biases_initializer=None`: no biases. ShapeError:
    the last size is not known. DTypeError: inputs that are not floating. GraphError: as `tf.get_variable`.

    >>> y = tf.contrib.layers.fully_connected(tf.constant([[1.0, 2.0]]), 2, weights_initializer=tf.ones_initializer())
    >>> tf.Session(jit=False).run(y), [v.op.name for v in tf.model_variables("fully_connected")]
    (array([[3., 3.]], dtype=float32), ['fully_connected/weights', 'fully_connected/biases'])
    """
    x = floats("fully_connected", inputs, 2)
    if isinstance(num_outputs, bool) or not hasattr(num_outputs, "__index__") or isinstance(num_outputs, Node):
        raise GraphError(f"fully_connected: num_outputs is a number, not {num_outputs!r:.60}{here()}")
    with variable_scope(scope, "fully_connected", reuse=reuse):
        w = variable_of("weights", [*sizes_of("fully_connected", x, -1), int(num_outputs)], x.dtype, weights_initializer or xavier_initializer(),
                      weights_regularizer, trainable, variables_collections)
        rank = x.type.rank
        assert rank is not None
        out = matmul(x, w) if rank == 2 else tensordot(x, w, [[rank - 1], [0]])
        out.set_shape([*(x.type.shape or ())[:-1], int(num_outputs)])
        if normalizer_fn is not None:
            out = normalizer_fn(out, **(normalizer_params or {}))
        elif biases_initializer is not None:
            b = variable_of("biases", [int(num_outputs)], x.dtype, biases_initializer, biases_regularizer, trainable, variables_collections)
            out = nn.bias_add(out, b, name="BiasAdd")
        return ended(out, activation_fn, outputs_collections)


def linear(inputs: Any, num_outputs: int, **options: Any) -> Node:
    """`fully_connected` without activation. Errors (ShapeError, DTypeError, GraphError) as of that."""
    return fully_connected(inputs, num_outputs, **{"activation_fn": None, **options})


def relu(inputs: Any, num_outputs: int, **options: Any) -> Node:
    """`fully_connected` with `tf.nn.relu`. Errors (ShapeError, DTypeError, GraphError) as of that."""
    return fully_connected(inputs, num_outputs, **options)


def relu6(inputs: Any, num_outputs: int, **options: Any) -> Node:
    """`fully_connected` with `tf.nn.relu6`. Errors (ShapeError, DTypeError, GraphError) as of that."""
    return fully_connected(inputs, num_outputs, **{"activation_fn": nn.relu6, **options})


def elu(inputs: Any, num_outputs: int, **options: Any) -> Node:
    """`fully_connected` with `tf.nn.elu`. Errors (ShapeError, DTypeError, GraphError) as of that."""
    return fully_connected(inputs, num_outputs, **{"activation_fn": nn.elu, **options})


def flatten(inputs: Any, outputs_collections: Any = None, scope: str | None = None) -> Node:
    """Each row as a vector: any[n, ...] -> any[n, k]. ShapeError: a scalar.

    >>> tf.contrib.layers.flatten(tf.placeholder(tf.float32, [None, 3, 4])).shape
    TensorShape((None, 12))
    """
    with name_scope(scope, "Flatten"):
        return ended(flattened(inputs), None, outputs_collections)


def dropout(inputs: Any, keep_prob: Any = 0.5, noise_shape: Any = None, is_training: Any = True, outputs_collections: Any = None,
            scope: str | None = None, seed: int | None = None) -> Node:
    """With `is_training` each element is kept with probability keep_prob, and divided by it; otherwise the inputs. See `tf.layers.dropout`.

    float[...] -> the same type. GraphError: a probability outside (0, 1]. DTypeError: inputs that are not floating.
    """
    with name_scope(scope, "Dropout"):
        return ended(drop(inputs, 1.0 - keep_prob, noise_shape, seed, is_training), None, outputs_collections)


def layer_norm(inputs: Any, center: bool = True, scale: bool = True, activation_fn: Any = None, reuse: Any = None,
               variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, begin_norm_axis: int = 1,
               begin_params_axis: int = -1, scope: Any = None) -> Node:
    """gamma * (inputs - mean) / sqrt(variance) + beta, both over the axes from begin_norm_axis on (Ba, Kiros and Hinton 2016).

    float[...] -> the same type. beta (`center`) and gamma (`scale`) have the sizes from begin_params_axis on. ShapeError: unknown sizes, or no
    such axes. DTypeError: inputs that are not floating. GraphError: as `tf.get_variable`.

    >>> y = tf.contrib.layers.layer_norm(tf.constant([[1.0, 3.0]]))
    >>> tf.Session(jit=False).run(y).round(3)
    array([[-1.,  1.]], dtype=float32)
    """
    x = floats("layer_norm", inputs, 1)
    rank = x.type.rank
    assert rank is not None
    first, start = (axis + rank if axis < 0 else axis for axis in (begin_norm_axis, begin_params_axis))
    if not (0 <= first < rank and 0 <= start < rank):
        raise ShapeError(f"layer_norm: {describe(x)} has no axes {begin_norm_axis} and {begin_params_axis}{here()}")
    with variable_scope(scope, "LayerNorm", reuse=reuse):
        sizes = sizes_of("layer_norm", x, start)
        beta = variable_of("beta", sizes, x.dtype, zeros_initializer(), None, trainable, variables_collections) if center else None
        gamma = variable_of("gamma", sizes, x.dtype, ones_initializer(), None, trainable, variables_collections) if scale else None
        mean, variance = nn.moments(x, list(range(first, rank)), keep_dims=True)
        out = nn.batch_normalization(x, mean, variance, beta, gamma, 1e-12)
        out.set_shape(x.shape)
        return ended(out, activation_fn, outputs_collections)


def batch_norm(inputs: Any, decay: Any = 0.999, center: bool = True, scale: bool = False, epsilon: float = 0.001, activation_fn: Any = None,
               param_initializers: Any = None, param_regularizers: Any = None, updates_collections: Any = GraphKeys.UPDATE_OPS,
               is_training: Any = True, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
               trainable: bool = True, batch_weights: Any = None, fused: bool | None = None, data_format: str = "NHWC",
               zero_debias_moving_mean: bool = False, scope: Any = None, renorm: bool = False, renorm_clipping: Any = None,
               renorm_decay: float = 0.99, adjustment: Any = None) -> Node:
    """Batch normalization as of `tf.layers.batch_normalization`, with variables behind `BatchNorm`.

    float[...] -> the same type. `updates_collections`: where the operations that move the averages are put; None: the result waits for them.
    GraphError: an argument that is not right or not offered. ShapeError, DTypeError: inputs that do not fit.
    """
    if data_format not in ("NHWC", "NCHW"):
        raise GraphError(f"batch_norm: data_format is 'NHWC' or 'NCHW', not {data_format!r:.40}{here()}")
    for what, given in (("batch_weights", batch_weights is not None), ("zero_debias_moving_mean", zero_debias_moving_mean), ("renorm", renorm),
                        ("adjustment", adjustment is not None)):
        if given:
            raise GraphError(f"batch_norm: {what} is not offered{here()}")
    graph, initial, penalties = get_default_graph(), param_initializers or {}, param_regularizers or {}
    with variable_scope(scope, "BatchNorm", reuse=reuse) as inner:
        layer = BatchNormalization(
            axis=-1 if data_format == "NHWC" else 1, momentum=decay, epsilon=epsilon, center=center, scale=scale,
            beta_initializer=initial.get("beta", "zeros"), gamma_initializer=initial.get("gamma", "ones"),
            moving_mean_initializer=initial.get("moving_mean", "zeros"), moving_variance_initializer=initial.get("moving_variance", "ones"),
            beta_regularizer=penalties.get("beta"), gamma_regularizer=penalties.get("gamma"), fused=fused, trainable=trainable, _scope=inner,
            _reuse=reuse)
        before = len(graph.get_collection(GraphKeys.UPDATE_OPS))
        out = layer(inputs, training=is_training)
        updates = graph.get_collection_ref(GraphKeys.UPDATE_OPS)
        del updates[before:]
        for v in layer.weights:
            extra = variables_collections.get(v.op.name.rpartition("/")[2], []) if isinstance(variables_collections, dict) else variables_collections
            for name in [GraphKeys.MODEL_VARIABLES, *([extra] if isinstance(extra, str) else extra or [])]:
                if v not in graph.get_collection(name):
                    graph.add_to_collection(name, v)
        if updates_collections is None:
            with graph.control_dependencies(layer.updates):
                out = identity(out)
        else:
            for update in layer.updates:
                graph.add_to_collections([updates_collections] if isinstance(updates_collections, str) else updates_collections, update)
        return ended(out, activation_fn, outputs_collections)


def maxout(inputs: Any, num_units: int, axis: int = -1, scope: str | None = None) -> Node:
    """The largest of each group of features along `axis`, of which `num_units` are left (Goodfellow et al. 2013).

    number[..., k num_units] -> number[..., num_units]. ShapeError: unknown sizes, or a number of features that is no multiple.

    >>> tf.Session(jit=False).run(tf.contrib.layers.maxout(tf.constant([[1.0, 5.0, 3.0, 2.0]]), 2))
    array([[5., 3.]], dtype=float32)
    """
    x = to_node(inputs)
    if x.type.rank is None:
        raise ShapeError(f"maxout: the rank of {describe(x)} is not known{here()}")
    at = normal_axis(axis, x.type.rank)
    features = (x.type.shape or ())[at]
    if features is None or not num_units > 0 or features % num_units:
        raise ShapeError(f"maxout: the {features} features of {describe(x)} do not make {num_units} groups{here()}")
    with name_scope(scope, "MaxOut"):
        sizes = shape_of(x)
        grouped = reshape(x, concat([sizes[:at], [num_units, features // num_units], sizes[at + 1:]], 0))
        return reduce_max(grouped, at + 1)


def one_hot_encoding(labels: Any, num_classes: int, on_value: Any = 1.0, off_value: Any = 0.0, outputs_collections: Any = None,
                     scope: str | None = None) -> Node:
    """`on_value` at the place of each label among num_classes, `off_value` elsewhere: int[...] -> float32[..., num_classes].

    DTypeError: labels that are no integers. ShapeError: no such size.

    >>> tf.Session(jit=False).run(tf.contrib.layers.one_hot_encoding([1], 3))
    array([[0., 1., 0.]], dtype=float32)
    """
    with name_scope(scope, "OneHotEncoding"):
        return ended(one_hot(labels, num_classes, on_value=on_value, off_value=off_value), None, outputs_collections)


def embed_sequence(ids: Any, vocab_size: int | None = None, embed_dim: int | None = None, unique: bool = False, initializer: Any = None,
                   regularizer: Any = None, trainable: bool = True, scope: Any = None, reuse: Any = None) -> Node:
    """Rows of a table of its own, the variable `embeddings`, one for each id: int[n, length] -> float32[n, length, embed_dim].

    GraphError: no sizes and nothing to reuse. DTypeError: ids that are no integers. InvalidArgumentError, when run: no such row.

    >>> y = tf.contrib.layers.embed_sequence([[0, 2]], 3, 4)
    >>> y.shape, [v.op.name for v in tf.model_variables("EmbedSequence")]
    (TensorShape((1, 2, 4)), ['EmbedSequence/embeddings'])
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise GraphError(f"embed_sequence: vocab_size and embed_dim are not given{here()}")
    with variable_scope(scope, "EmbedSequence", reuse=reuse):
        shape: Any = [vocab_size, embed_dim] if vocab_size and embed_dim else None
        table = variable_of("embeddings", shape, "float32", initializer, regularizer, trainable, None)
        return nn.embedding_lookup(table, ids)


# ---------------------------------------------------------------------- training in one call

OPTIMIZER_CLS_NAMES: dict[str, Callable[..., Optimizer]] = {
    "Adagrad": train.AdagradOptimizer, "Adam": train.AdamOptimizer, "Ftrl": train.FtrlOptimizer,
    "Momentum": lambda learning_rate: train.MomentumOptimizer(learning_rate, momentum=0.9), "RMSProp": train.RMSPropOptimizer,
    "SGD": train.GradientDescentOptimizer,
}
_SUMMARIES = ("learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm")


def optimize_loss(loss: Any, global_step: Any, learning_rate: Any, optimizer: Any, gradient_noise_scale: float | None = None,
                  gradient_multipliers: Any = None, clip_gradients: Any = None, learning_rate_decay_fn: Any = None, update_ops: Any = None,
                  variables: Any = None, name: str | None = None, summaries: Any = None, colocate_gradients_with_ops: bool = False,
                  increment_global_step: bool = True) -> Node:
    """A training step whose value is the loss before it.

    `optimizer`: a name ("Adagrad", "Adam", "Ftrl", "Momentum", "RMSProp", "SGD"), a class, an object, or a function of the rate.
    `learning_rate`: a number or tensor; None with an optimizer that has its own. `learning_rate_decay_fn(rate, step)`; `clip_gradients`: a global
    norm, or a function of pairs (gradient, variable); `gradient_multipliers`: a dict by variable or name; `gradient_noise_scale`: of noise that
    is added to gradients. `update_ops`: what the loss waits for, default the collection UPDATE_OPS. `summaries`: some of "learning_rate",
    "loss", "gradients", "gradient_norm", "global_gradient_norm". GraphError, DTypeError: an argument that is not right. GradientError: no path
    leads to a variable.

    >>> w = tf.Variable(2.0)
    >>> step = tf.contrib.layers.optimize_loss(w * w, None, 0.25, "SGD", summaries=[])
    >>> sess = tf.Session(jit=False)
    >>> sess.run(step), sess.run(w)
    (np.float32(4.0), np.float32(1.0))
    """
    x = to_node(loss)
    wanted = list(summaries) if summaries is not None else ["loss", "learning_rate", "global_gradient_norm"]
    for word in wanted:
        if word not in _SUMMARIES:
            raise GraphError(f"optimize_loss: {word!r:.40} is no summary; there are {', '.join(_SUMMARIES)}{here()}")
    graph = get_default_graph()
    step = global_step if global_step is not None else train.get_global_step()
    with variable_scope(name, "OptimizeLoss"):
        waits = graph.get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else list(update_ops)
        if waits:
            with graph.control_dependencies(waits):
                x = identity(x)
        rate = _rate(learning_rate)
        if learning_rate_decay_fn is not None:
            if rate is None or step is None:
                raise GraphError(f"optimize_loss: learning_rate_decay_fn needs a learning_rate and a global_step{here()}")
            rate = learning_rate_decay_fn(rate, step)
        chosen = _optimizer(optimizer, rate)
        pairs = chosen.compute_gradients(x, list(variables) if variables is not None else None)
        pairs = _changed(pairs, gradient_noise_scale, gradient_multipliers)
        summed: list[tuple[str, Any]] = []
        if "global_gradient_norm" in wanted:
            summed.append(("global_norm/gradient_norm", train.global_norm([g for g, _ in pairs])))
        if isinstance(clip_gradients, (int, float)):
            clipped, _ = train.clip_by_global_norm([g for g, _ in pairs], float(clip_gradients))
            pairs = list(zip(clipped, [v for _, v in pairs], strict=True))
        elif callable(clip_gradients):
            pairs = clip_gradients(pairs)
        elif clip_gradients is not None:
            raise GraphError(f"optimize_loss: clip_gradients is a number or a function, not {clip_gradients!r:.60}{here()}")
        summed += [("loss", x)] if "loss" in wanted else []
        summed += [("learning_rate", rate)] if "learning_rate" in wanted and rate is not None else []
        for word, value in summed:
            summary.scalar(word, value)
        for g, v in pairs:
            if g is not None and "gradients" in wanted:
                summary.histogram(f"gradients/{v.op.name}", g)
            if g is not None and "gradient_norm" in wanted:
                summary.scalar(f"gradient_norm/{v.op.name}", train.global_norm([g]))
        update = chosen.apply_gradients(pairs, step if increment_global_step else None, name="train")
        with graph.control_dependencies([update]):
            return identity(x)


def _rate(learning_rate: Any) -> Any:
    """The rate as a tensor, of a number as a variable that programs may change; None stays."""
    if learning_rate is None or isinstance(learning_rate, Node):
        if learning_rate is not None and learning_rate.type.shape not in (None, ()):
            raise GraphError(f"optimize_loss: the learning_rate {describe(learning_rate)} is not one number{here()}")
        return learning_rate
    if isinstance(learning_rate, bool) or not isinstance(learning_rate, (int, float)) or learning_rate < 0:
        raise GraphError(f"optimize_loss: the learning_rate is a number of 0 or more, or a tensor, not {learning_rate!r:.40}{here()}")
    return get_variable("learning_rate", [], trainable=False, initializer=constant_initializer(float(learning_rate)))


def _optimizer(given: Any, rate: Any) -> Optimizer:
    if isinstance(given, str):
        if given not in OPTIMIZER_CLS_NAMES:
            raise GraphError(f"optimize_loss: {given!r:.40} is no optimizer; there are {', '.join(OPTIMIZER_CLS_NAMES)}{here()}")
        given = OPTIMIZER_CLS_NAMES[given]
    if isinstance(given, Optimizer):
        return given
    if not callable(given) or (rate is None and isinstance(given, type)):
        raise GraphError(f"optimize_loss: {given!r:.60} is no optimizer, or needs a learning_rate{here()}")
    made = given(rate) if rate is not None else given()
    if not isinstance(made, Optimizer):
        raise GraphError(f"optimize_loss: {given!r:.60} gives no optimizer, but {made!r:.60}{here()}")
    return made


def _changed(pairs: Any, noise: float | None, multipliers: Any) -> list[Any]:
    """Gradients with noise and multiplied, where that is asked for."""
    changed = []
    for g, v in pairs:
        if g is not None and noise is not None:
            g = add(g, truncated_normal(shape_of(g), dtype=g.dtype) * noise)
        if g is not None and multipliers:
            factor = multipliers.get(v, multipliers.get(v.op.name))
            g = g if factor is None else g * (cast(factor, g.dtype) if isinstance(factor, Node) else factor)
        changed.append((g, v))
    return changed


_hold(globals(), __all__)
# What makes variables, or is one of a network's layers, takes arguments from scopes.
_SCOPED = ("avg_pool2d", "avg_pool3d", "batch_norm", "bias_add", "conv2d", "conv2d_transpose", "conv3d", "dropout", "flatten", "fully_connected",
           "group_norm", "instance_norm", "layer_norm", "max_pool2d", "max_pool3d", "maxout",
           "one_hot_encoding", "separable_conv2d", "softmax", "unit_norm")
globals().update({name: add_arg_scope(globals()[name]) for name in _SCOPED})
convolution2d, convolution2d_transpose, convolution3d = (globals()[name] for name in ("conv2d", "conv2d_transpose", "conv3d"))
separable_convolution2d = globals()["separable_conv2d"]

_namespace(globals())
