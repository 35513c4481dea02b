# Made from the declarations by `python -m tests.stubs`; a test holds it current.
"""`tf.nn`: what neural networks are made of."""

from typing import Any

from .ir.tensor import Tensor
from .ops.blocks import batch_to_space as batch_to_space
from .ops.blocks import depth_to_space as depth_to_space
from .ops.blocks import space_to_batch as space_to_batch
from .ops.blocks import space_to_depth as space_to_depth
from .ops.candidates import all_candidate_sampler as all_candidate_sampler
from .ops.candidates import compute_accidental_hits as compute_accidental_hits
from .ops.candidates import fixed_unigram_candidate_sampler as fixed_unigram_candidate_sampler
from .ops.candidates import log_uniform_candidate_sampler as log_uniform_candidate_sampler
from .ops.candidates import uniform_candidate_sampler as uniform_candidate_sampler
from .ops.ctc import ctc_loss as ctc_loss
from .ops.ctc_decode import ctc_beam_search_decoder as ctc_beam_search_decoder
from .ops.ctc_decode import ctc_greedy_decoder as ctc_greedy_decoder
from .ops.nn import batch_normalization as batch_normalization
from .ops.nn import bias_add as bias_add
from .ops.nn import crelu as crelu
from .ops.nn import depthwise_conv2d_backprop_filter as depthwise_conv2d_backprop_filter
from .ops.nn import depthwise_conv2d_backprop_input as depthwise_conv2d_backprop_input
from .ops.nn import dropout as dropout
from .ops.nn import embedding_lookup as embedding_lookup
from .ops.nn import l2_normalize as l2_normalize
from .ops.nn import moments as moments
from .ops.nn import normalize_moments as normalize_moments
from .ops.nn import relu_layer as relu_layer
from .ops.nn import sufficient_statistics as sufficient_statistics
from .ops.nn import weighted_moments as weighted_moments
from .ops.nn import xw_plus_b as xw_plus_b
from .ops.nn import zero_fraction as zero_fraction
from .ops.nn_activations import elu as elu
from .ops.nn_activations import gelu as gelu
from .ops.nn_activations import log_sigmoid as log_sigmoid
from .ops.nn_activations import silu as silu
from .ops.nn_activations import swish as swish
from .ops.nn_conv import atrous_conv2d as atrous_conv2d
from .ops.nn_conv import atrous_conv2d_transpose as atrous_conv2d_transpose
from .ops.nn_conv import conv1d as conv1d
from .ops.nn_conv import conv1d_transpose as conv1d_transpose
from .ops.nn_conv import conv2d as conv2d
from .ops.nn_conv import conv2d_backprop_filter as conv2d_backprop_filter
from .ops.nn_conv import conv2d_backprop_input as conv2d_backprop_input
from .ops.nn_conv import conv2d_transpose as conv2d_transpose
from .ops.nn_conv import conv3d as conv3d
from .ops.nn_conv import conv3d_backprop_filter as conv3d_backprop_filter
from .ops.nn_conv import conv3d_backprop_filter_v2 as conv3d_backprop_filter_v2
from .ops.nn_conv import conv3d_transpose as conv3d_transpose
from .ops.nn_conv import convolution as convolution
from .ops.nn_conv import depthwise_conv2d as depthwise_conv2d
from .ops.nn_conv import depthwise_conv2d_native as depthwise_conv2d_native
from .ops.nn_conv import depthwise_conv2d_native_backprop_filter as depthwise_conv2d_native_backprop_filter
from .ops.nn_conv import depthwise_conv2d_native_backprop_input as depthwise_conv2d_native_backprop_input
from .ops.nn_conv import separable_conv2d as separable_conv2d
from .ops.nn_fractional import fractional_avg_pool as fractional_avg_pool
from .ops.nn_fractional import fractional_max_pool as fractional_max_pool
from .ops.nn_later import avg_pool_v2 as avg_pool_v2
from .ops.nn_later import collapse_repeated as collapse_repeated
from .ops.nn_later import compute_average_loss as compute_average_loss
from .ops.nn_later import conv_transpose as conv_transpose
from .ops.nn_later import ctc_beam_search_decoder_v2 as ctc_beam_search_decoder_v2
from .ops.nn_later import ctc_loss_v2 as ctc_loss_v2
from .ops.nn_later import ctc_unique_labels as ctc_unique_labels
from .ops.nn_later import max_pool_v2 as max_pool_v2
from .ops.nn_later import scale_regularization_loss as scale_regularization_loss
from .ops.nn_later import with_space_to_batch as with_space_to_batch
from .ops.nn_losses import l2_loss as l2_loss
from .ops.nn_losses import log_poisson_loss as log_poisson_loss
from .ops.nn_losses import log_softmax as log_softmax
from .ops.nn_losses import sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits
from .ops.nn_losses import softmax as softmax
from .ops.nn_losses import softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits
from .ops.nn_losses import softmax_cross_entropy_with_logits_v2 as softmax_cross_entropy_with_logits_v2
from .ops.nn_losses import sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits
from .ops.nn_losses import weighted_cross_entropy_with_logits as weighted_cross_entropy_with_logits
from .ops.nn_norms import batch_norm_with_global_normalization as batch_norm_with_global_normalization
from .ops.nn_norms import dilation2d as dilation2d
from .ops.nn_norms import erosion2d as erosion2d
from .ops.nn_norms import fused_batch_norm as fused_batch_norm
from .ops.nn_norms import local_response_normalization as local_response_normalization
from .ops.nn_norms import lrn as lrn
from .ops.nn_pool import avg_pool as avg_pool
from .ops.nn_pool import avg_pool1d as avg_pool1d
from .ops.nn_pool import avg_pool2d as avg_pool2d
from .ops.nn_pool import avg_pool3d as avg_pool3d
from .ops.nn_pool import max_pool as max_pool
from .ops.nn_pool import max_pool1d as max_pool1d
from .ops.nn_pool import max_pool2d as max_pool2d
from .ops.nn_pool import max_pool3d as max_pool3d
from .ops.nn_pool import max_pool_with_argmax as max_pool_with_argmax
from .ops.nn_pool import pool as pool
from .ops.nn_sampled import nce_loss as nce_loss
from .ops.nn_sampled import sampled_softmax_loss as sampled_softmax_loss
from .ops.nn_top import top_k as top_k
from .ops.sparse_rows import embedding_lookup_sparse as embedding_lookup_sparse
from .ops.sparse_rows import safe_embedding_lookup_sparse as safe_embedding_lookup_sparse
from .rnn import rnn_cell as rnn_cell
from .rnn.loops import bidirectional_dynamic_rnn as bidirectional_dynamic_rnn
from .rnn.loops import dynamic_rnn as dynamic_rnn
from .rnn.raw import raw_rnn as raw_rnn
from .rnn.unrolled import static_bidirectional_rnn as static_bidirectional_rnn
from .rnn.unrolled import static_rnn as static_rnn
from .rnn.unrolled import static_state_saving_rnn as static_state_saving_rnn

def in_top_k(predictions: Any, targets: Any, k: Any = 1, name: str | None = None) -> Tensor:
    """Whether each row's target is among its k largest predictions; ties count as among them. Of a row that is not all finite: no."""
def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """x where x > 0, alpha x elsewhere; whole numbers are float32."""
def relu(features: Any, name: str | None = None) -> Tensor:
    """max(x, 0).  Its derivative at 0 is 0."""
def relu6(features: Any, name: str | None = None) -> Tensor:
    """min(max(x, 0), 6)."""
def selu(features: Any, name: str | None = None) -> Tensor:
    """scale * (x where x > 0, alpha (exp(x) - 1) elsewhere) (Klambauer, Unterthiner, Mayr and Hochreiter 2017)."""
def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """1 / (1 + exp(-x)).  d/dx = y (1 - y)."""
def softplus(features: Any, name: str | None = None) -> Tensor:
    """log(1 + exp(x)), which neither overflows nor loses small values.  d/dx = sigmoid(x)."""
def softsign(features: Any, name: str | None = None) -> Tensor:
    """x / (1 + |x|).  d/dx = 1 / (1 + |x|)**2."""
def tanh(x: Any, name: str | None = None) -> Tensor:
    """Hyperbolic tangent.  d tanh(x)/dx = 1 - tanh(x)**2."""

__all__ = ["relu", "relu6", "leaky_relu", "elu", "selu", "softplus", "softsign", "swish", "silu", "gelu", "log_sigmoid", "sigmoid", "tanh",
           "softmax", "log_softmax", "softmax_cross_entropy_with_logits", "softmax_cross_entropy_with_logits_v2",
           "sparse_softmax_cross_entropy_with_logits", "sigmoid_cross_entropy_with_logits", "weighted_cross_entropy_with_logits", "l2_loss",
           "log_poisson_loss", "convolution", "conv1d", "conv2d", "conv3d", "atrous_conv2d", "conv1d_transpose", "conv2d_transpose",
           "conv3d_transpose", "atrous_conv2d_transpose", "conv2d_backprop_input", "conv2d_backprop_filter", "conv3d_backprop_filter",
           "conv3d_backprop_filter_v2", "depthwise_conv2d", "depthwise_conv2d_native", "depthwise_conv2d_native_backprop_input",
           "depthwise_conv2d_native_backprop_filter", "separable_conv2d", "avg_pool_v2", "collapse_repeated", "compute_average_loss",
           "conv_transpose", "ctc_beam_search_decoder_v2", "ctc_loss_v2", "ctc_unique_labels", "depthwise_conv2d_backprop_filter",
           "depthwise_conv2d_backprop_input", "max_pool_v2", "scale_regularization_loss", "with_space_to_batch", "fractional_avg_pool",
           "fractional_max_pool", "max_pool", "avg_pool", "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "pool",
           "max_pool_with_argmax", "fused_batch_norm", "batch_norm_with_global_normalization", "local_response_normalization", "lrn", "dilation2d",
           "erosion2d", "all_candidate_sampler", "compute_accidental_hits", "fixed_unigram_candidate_sampler", "log_uniform_candidate_sampler",
           "uniform_candidate_sampler", "nce_loss", "sampled_softmax_loss", "ctc_loss", "ctc_beam_search_decoder", "ctc_greedy_decoder", "crelu",
           "moments", "weighted_moments", "sufficient_statistics", "normalize_moments", "batch_normalization", "l2_normalize", "space_to_depth",
           "depth_to_space", "space_to_batch", "batch_to_space", "bias_add", "xw_plus_b", "relu_layer", "dropout", "embedding_lookup",
           "embedding_lookup_sparse", "safe_embedding_lookup_sparse", "zero_fraction", "in_top_k", "top_k", "rnn_cell", "dynamic_rnn",
           "bidirectional_dynamic_rnn", "raw_rnn", "static_rnn", "static_bidirectional_rnn", "static_state_saving_rnn"]
