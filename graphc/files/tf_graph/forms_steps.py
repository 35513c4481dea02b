"""The steps of TensorFlow's optimizers, operator by operator: how a variable and what is kept beside it move, as its kernels compute them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import UnimplementedError
from ...ir.graph import get_default_graph
from ...ir.node import Node
from ...ops import math, state, updates
from ...ops.array import gather
from .forms_state import variable_of

sqrt, square = math.sqrt, math.square


@dataclass(frozen=True)
class Step:
    """One way to move variables: TensorFlow's operators `Apply{name}` and `SparseApply{name}`.

    `variables`: the parameters that are variables, the moved one first; `operands` and `sparse`: the others, in TensorFlow's order, of a dense
    and of a sparse gradient; `attrs`: the attributes; `moved`: of values by name, the new values of the variables; `resource`: TensorFlow has
    it for resource variables alone.
    """

    name: str
    variables: tuple[str, ...]
    operands: str
    moved: Callable[..., Sequence[Any]]
    sparse: str = ""
    attrs: str = ""
    resource: bool = False

    def whole(self, **given: Any) -> Node:
        """The step of whole variables: the moved one's new value, after what is kept beside it has moved."""
        kept = [variable_of(given[name]) for name in self.variables]
        new = self.moved(**{**given, **dict(zip(self.variables, kept, strict=True))})
        return _after([state.assign(v, x) for v, x in zip(kept[1:], new[1:], strict=True)], lambda: state.assign(kept[0], new[0]))

    def by_rows(self, indices: Node, **given: Any) -> Node:
        """The step of the rows that `indices` name, each once."""
        kept = [variable_of(given[name]) for name in self.variables]
        rows = {name: gather(v, indices) for name, v in zip(self.variables, kept, strict=True)}
        new = self.moved(**{**given, **rows})
        return _after([updates.scatter_update(v, indices, x) for v, x in zip(kept[1:], new[1:], strict=True)],
                      lambda: updates.scatter_update(kept[0], indices, new[0]))


def _after(before: Sequence[Node], build: Callable[[], Node]) -> Node:
    with get_default_graph().control_dependencies(list(before)):
        return build()


# ---------------------------------------------------------------------- one function a step: values -> the new values of the variables

def _descent(var: Any, alpha: Any, delta: Any) -> Sequence[Any]:
    return (var - alpha * delta,)


def _proximal(v: Any, rate: Any, l1: Any, l2: Any) -> Any:
    """The proximal operator of l1 |v| + l2/2 v^2 at a rate."""
    return math.sign(v) * math.maximum(math.abs(v) - rate * l1, 0) / (rate * l2 + 1)


def _proximal_descent(var: Any, alpha: Any, l1: Any, l2: Any, delta: Any) -> Sequence[Any]:
    return (_proximal(var - alpha * delta, alpha, l1, l2),)



def _momentum(var: Any, accum: Any, lr: Any, grad: Any, momentum: Any, use_nesterov: bool = False) -> Sequence[Any]:
    a = accum * momentum + grad
    return var - (grad * lr + a * momentum * lr if use_nesterov else a * lr), a


def _keras_momentum(var: Any, accum: Any, lr: Any, grad: Any, momentum: Any, use_nesterov: bool = False) -> Sequence[Any]:
    a = accum * momentum - grad * lr
    return var + (a * momentum - grad * lr if use_nesterov else a), a


def _adam(var: Any, m: Any, v: Any, beta1_power: Any, beta2_power: Any, lr: Any, beta1: Any, beta2: Any, epsilon: Any, grad: Any,
          use_nesterov: bool = False) -> Sequence[Any]:
    rate = lr * sqrt(1 - beta2_power) / (1 - beta1_power)
    first, second = m + (grad - m) * (1 - beta1), v + (square(grad) - v) * (1 - beta2)
    step = grad * (1 - beta1) + beta1 * first if use_nesterov else first
    return var - step * rate / (sqrt(second) + epsilon), first, second


def _amsgrad(var: Any, m: Any, v: Any, vhat: Any, beta1_power: Any, beta2_power: Any, lr: Any, beta1: Any, beta2: Any, epsilon: Any,
             grad: Any) -> Sequence[Any]:
    rate = lr * sqrt(1 - beta2_power) / (1 - beta1_power)
    first, second = m + (grad - m) * (1 - beta1), v + (square(grad) - v) * (1 - beta2)
    greatest = math.maximum(vhat, second)
    return var - first * rate / (sqrt(greatest) + epsilon), first, second, greatest


def _adamax(var: Any, m: Any, v: Any, beta1_power: Any, lr: Any, beta1: Any, beta2: Any, epsilon: Any, grad: Any) -> Sequence[Any]:
    first, second = m + (grad - m) * (1 - beta1), math.maximum(beta2 * v, math.abs(grad))
    return var - lr / (1 - beta1_power) * (first / (second + epsilon)), first, second


def _adagrad(var: Any, accum: Any, lr: Any, grad: Any, update_slots: bool = True) -> Sequence[Any]:
    a = accum + square(grad) if update_slots else accum
    return var - lr * grad * math.rsqrt(a), a


def _adagrad_with_epsilon(var: Any, accum: Any, lr: Any, epsilon: Any, grad: Any, update_slots: bool = True) -> Sequence[Any]:
    a = accum + square(grad) if update_slots else accum
    return var - lr * grad / (sqrt(a) + epsilon), a


def _proximal_adagrad(var: Any, accum: Any, lr: Any, l1: Any, l2: Any, grad: Any) -> Sequence[Any]:
    a = accum + square(grad)
    rate = lr * math.rsqrt(a)
    return _proximal(var - grad * rate, rate, l1, l2), a


def _adadelta(var: Any, accum: Any, accum_update: Any, lr: Any, rho: Any, epsilon: Any, grad: Any) -> Sequence[Any]:
    a = accum * rho + square(grad) * (1 - rho)
    step = sqrt(accum_update + epsilon) * math.rsqrt(a + epsilon) * grad
    return var - step * lr, a, accum_update * rho + square(step) * (1 - rho)


def _rmsprop(var: Any, ms: Any, mom: Any, lr: Any, rho: Any, momentum: Any, epsilon: Any, grad: Any) -> Sequence[Any]:
    mean = ms + (square(grad) - ms) * (1 - rho)
    step = mom * momentum + lr * grad * math.rsqrt(mean + epsilon)
    return var - step, mean, step


def _centered_rmsprop(var: Any, mg: Any, ms: Any, mom: Any, lr: Any, rho: Any, momentum: Any, epsilon: Any, grad: Any) -> Sequence[Any]:
    mean, own = ms + (square(grad) - ms) * (1 - rho), mg + (grad - mg) * (1 - rho)
    step = mom * momentum + lr * grad * math.rsqrt(mean - square(own) + epsilon)
    return var - step, own, mean, step


def _ftrl(var: Any, accum: Any, linear: Any, grad: Any, lr: Any, l1: Any, l2: Any, lr_power: Any, l2_shrinkage: Any = None,
          multiply_linear_by_lr: bool = False) -> Sequence[Any]:
    """McMahan et al. 2013."""
    if multiply_linear_by_lr:
        raise UnimplementedError("graphc has FTRL without multiply_linear_by_lr")
    a = accum + square(grad)
    root, before = math.pow(a, -lr_power), math.pow(accum, -lr_power)
    shrunk = grad if l2_shrinkage is None else grad + 2 * l2_shrinkage * var
    z = linear + shrunk - (root - before) / lr * var
    moved = (l1 * math.sign(z) - z) / (root / lr + 2 * l2)
    return math.choose(math.greater(math.abs(z), l1), moved, 0), a, z


def _adagrad_da(var: Any, gradient_accumulator: Any, gradient_squared_accumulator: Any, grad: Any, lr: Any, l1: Any, l2: Any,
                global_step: Any) -> Sequence[Any]:
    """Duchi, Hazan and Singer 2011, by dual averaging."""
    total, squares, step = gradient_accumulator + grad, gradient_squared_accumulator + square(grad), math.cast(global_step, grad.dtype)
    kept = math.sign(total) * math.maximum(math.abs(total) - l1 * step, 0)
    return -lr * kept / (l2 * step * lr + sqrt(squares)), total, squares


def _power_sign(var: Any, m: Any, lr: Any, logbase: Any, sign_decay: Any, beta: Any, grad: Any) -> Sequence[Any]:
    mean = m * beta + grad * (1 - beta)
    return var - lr * math.exp(logbase * sign_decay * math.sign(grad) * math.sign(mean)) * grad, mean


def _add_sign(var: Any, m: Any, lr: Any, alpha: Any, sign_decay: Any, beta: Any, grad: Any) -> Sequence[Any]:
    mean = m * beta + grad * (1 - beta)
    return var - lr * (alpha + sign_decay * math.sign(grad) * math.sign(mean)) * grad, mean


_AT = "indices:Tindices"
_RMS, _FTRL, _FTRL2 = "lr rho momentum epsilon grad", "lr l1 l2 lr_power", "lr l1 l2 l2_shrinkage lr_power"
_DA = ("var", "gradient_accumulator", "gradient_squared_accumulator")

STEPS = (
    Step("GradientDescent", ("var",), "alpha delta", _descent),
    Step("ProximalGradientDescent", ("var",), "alpha l1 l2 delta", _proximal_descent),
    Step("Momentum", ("var", "accum"), "lr grad momentum", _momentum, f"lr grad {_AT} momentum", "use_nesterov"),
    Step("KerasMomentum", ("var", "accum"), "lr grad momentum", _keras_momentum, f"lr grad {_AT} momentum", "use_nesterov", True),
    Step("Adam", ("var", "m", "v"), "beta1_power beta2_power lr beta1 beta2 epsilon grad", _adam, attrs="use_nesterov"),
    Step("AdamWithAmsgrad", ("var", "m", "v", "vhat"), "beta1_power beta2_power lr beta1 beta2 epsilon grad", _amsgrad, resource=True),
    Step("AdaMax", ("var", "m", "v"), "beta1_power lr beta1 beta2 epsilon grad", _adamax),
    Step("Adagrad", ("var", "accum"), "lr grad", _adagrad, f"lr grad {_AT}", "update_slots"),
    Step("AdagradV2", ("var", "accum"), "lr epsilon grad", _adagrad_with_epsilon, f"lr epsilon grad {_AT}", "update_slots"),
    Step("ProximalAdagrad", ("var", "accum"), "lr l1 l2 grad", _proximal_adagrad, f"lr l1 l2 grad {_AT}"),
    Step("Adadelta", ("var", "accum", "accum_update"), "lr rho epsilon grad", _adadelta, f"lr rho epsilon grad {_AT}"),
    Step("RMSProp", ("var", "ms", "mom"), _RMS, _rmsprop, f"{_RMS} {_AT}"),
    Step("CenteredRMSProp", ("var", "mg", "ms", "mom"), _RMS, _centered_rmsprop, f"{_RMS} {_AT}"),
    Step("Ftrl", ("var", "accum", "linear"), f"grad {_FTRL}", _ftrl, f"grad {_AT} {_FTRL}", "multiply_linear_by_lr"),
    Step("FtrlV2", ("var", "accum", "linear"), f"grad {_FTRL2}", _ftrl, f"grad {_AT} {_FTRL2}", "multiply_linear_by_lr"),
    Step("AdagradDA", _DA, "grad lr l1 l2 global_step:int64", _adagrad_da, f"grad {_AT} lr l1 l2 global_step:int64"),
    Step("PowerSign", ("var", "m"), "lr logbase sign_decay beta grad", _power_sign),
    Step("AddSign", ("var", "m"), "lr alpha sign_decay beta grad", _add_sign),
)
