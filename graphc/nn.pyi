# Made from the declarations by `python -m tests.stubs`; a test holds it current.
"""`tf.nn`: what neural networks are made of."""

from typing import Any

from .ir.node import Tensor
from .ops.nn import batch_normalization as batch_normalization
from .ops.nn import bias_add as bias_add
from .ops.nn import crelu as crelu
from .ops.nn import dropout as dropout
from .ops.nn import embedding_lookup as embedding_lookup
from .ops.nn import l2_normalize as l2_normalize
from .ops.nn import moments as moments
from .ops.nn import top_k as top_k
from .ops.nn import xw_plus_b as xw_plus_b
from .ops.nn import zero_fraction as zero_fraction
from .ops.nn_activations import gelu as gelu
from .ops.nn_activations import log_sigmoid as log_sigmoid
from .ops.nn_losses import l2_loss as l2_loss
from .ops.nn_losses import log_softmax as log_softmax
from .ops.nn_losses import sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits
from .ops.nn_losses import softmax as softmax
from .ops.nn_losses import softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits
from .ops.nn_losses import softmax_cross_entropy_with_logits_v2 as softmax_cross_entropy_with_logits_v2
from .ops.nn_losses import sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits
from .ops.nn_losses import weighted_cross_entropy_with_logits as weighted_cross_entropy_with_logits

def elu(features: Any, name: str | None = None) -> Tensor:
    """x where x > 0, exp(x) - 1 elsewhere (Clevert, Unterthiner and Hochreiter 2015)."""
def in_top_k(predictions: Any, targets: Any, k: Any = 1, name: str | None = None) -> Tensor:
    """Whether each row's target is among its k largest predictions; ties count as among them. Of a row that is not all finite: no."""
def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """x where x > 0, alpha x elsewhere."""
def relu(features: Any, name: str | None = None) -> Tensor:
    """max(x, 0).  Its derivative at 0 is 0."""
def relu6(features: Any, name: str | None = None) -> Tensor:
    """min(max(x, 0), 6)."""
def selu(features: Any, name: str | None = None) -> Tensor:
    """scale * (x where x > 0, alpha (exp(x) - 1) elsewhere) (Klambauer, Unterthiner, Mayr and Hochreiter 2017)."""
def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """1 / (1 + exp(-x)).  d/dx = y (1 - y)."""
def silu(features: Any, name: str | None = None) -> Tensor:
    """x sigmoid(x) (Ramachandran, Zoph and Le 2017)."""
def softplus(features: Any, name: str | None = None) -> Tensor:
    """log(1 + exp(x)), which neither overflows nor loses small values.  d/dx = sigmoid(x)."""
def softsign(features: Any, name: str | None = None) -> Tensor:
    """x / (1 + |x|).  d/dx = 1 / (1 + |x|)**2."""
def swish(features: Any, name: str | None = None) -> Tensor:
    """x sigmoid(x) (Ramachandran, Zoph and Le 2017)."""
def tanh(x: Any, name: str | None = None) -> Tensor:
    """Hyperbolic tangent.  d tanh(x)/dx = 1 - tanh(x)**2."""

__all__ = ["relu", "relu6", "leaky_relu", "elu", "selu", "softplus", "softsign", "swish", "silu", "gelu", "log_sigmoid", "sigmoid", "tanh",
           "softmax", "log_softmax", "softmax_cross_entropy_with_logits", "softmax_cross_entropy_with_logits_v2",
           "sparse_softmax_cross_entropy_with_logits", "sigmoid_cross_entropy_with_logits", "weighted_cross_entropy_with_logits", "l2_loss", "crelu",
           "moments", "batch_normalization", "l2_normalize", "bias_add", "xw_plus_b", "dropout", "embedding_lookup", "zero_fraction", "in_top_k",
           "top_k"]
