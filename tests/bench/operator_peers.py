"""What numpy, scipy, PyTorch and JAX call an operator: tables by name, for those that have it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import scipy.linalg
from scipy import special

Function = Callable[..., Any]

# In place of the reference, where that calls Python for each element, or is slower than what numpy's users would write.
NUMPY: dict[str, Function] = {
    "lgamma": special.gammaln, "digamma": special.digamma, "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv,
    "erfcinv": special.erfcinv, "ndtri": special.ndtri, "polygamma": lambda x, order: special.polygamma(order, x),
    "zeta_sum": special.zeta, "bessel_i0": special.i0, "bessel_i0e": special.i0e, "bessel_i1": special.i1, "bessel_i1e": special.i1e,
    "gamma_part": lambda a, x, upper: special.gammaincc(a, x) if upper else special.gammainc(a, x), "beta_part": special.betainc,
    "xlogy": special.xlogy, "xlog1py": special.xlog1py, "sigmoid": special.expit,
    "tile": np.tile, "transpose": lambda x, perm: x.transpose(perm).copy(), "cast": lambda x, dtype: x.astype(dtype),
    "top_k_indices": lambda x, k: np.argpartition(-x, k)[:, :k], "in_top_k": lambda x, at, k: (
        (x > np.take_along_axis(x, at[:, None], 1)).sum(1) < k),
    "matrix_triangular_solve": lambda a, b, lower, adjoint: scipy.linalg.solve_triangular(a, b, lower=lower, check_finite=False)
    if a.ndim == 2 else np.linalg.solve(a, b),
    "sorted_values": lambda x, axis, **_: np.sort(x, axis), "sorted_order": lambda x, axis, **_: np.argsort(x, axis, kind="stable"),
}

# Names that both have in common with operators; and where they differ.
COMMON = ("abs acos acosh add angle argmax argmin asin asinh atan atan2 atanh bitwise_and bitwise_or bitwise_xor ceil conj cos cosh cumprod cumsum "
          "expm1 exp floor greater greater_equal imag isfinite less less_equal log log1p logical_and logical_not logical_or logical_xor maximum "
          "minimum multiply negative not_equal pow real reciprocal sign sin sinh sqrt square subtract tan tanh trunc where sort").split()
_RENAMED = {"is_finite": "isfinite", "is_inf": "isinf", "is_nan": "isnan", "floormod": "remainder", "rint": "round", "truediv": "true_divide"}
_SPECIAL = {"digamma": "digamma", "erf": "erf", "erfc": "erfc", "erfinv": "erfinv", "lgamma": "gammaln", "bessel_i0": "i0", "bessel_i0e": "i0e",
            "bessel_i1": "i1", "bessel_i1e": "i1e", "xlogy": "xlogy", "xlog1py": "xlog1py", "ndtri": "ndtri", "zeta_sum": "zeta"}
_ACTIVATIONS = {"elu": "elu", "relu": "relu", "relu6": "relu6", "selu": "selu", "softplus": "softplus", "softsign": "softsign", "sigmoid": "sigmoid",
                "swish": "silu", "leaky_relu": "leaky_relu"}

TORCH: dict[str, str | Function] = {
    **{n: n for n in COMMON}, **_RENAMED, **{n: f"special.{t}" for n, t in _SPECIAL.items()},
    **{n: f"nn.functional.{t}" for n, t in _ACTIVATIONS.items()},
    "equal": "eq", "invert": "bitwise_not", "left_shift": "bitwise_left_shift", "right_shift": "bitwise_right_shift", "rsqrt": "rsqrt",
    "floordiv": "floor_divide", "truncatemod": "fmod", "squared_difference": lambda torch, x, y: (x - y).square(),
    "argmax": lambda torch, x, axis, **_: torch.argmax(x, axis), "argmin": lambda torch, x, axis, **_: torch.argmin(x, axis),
    "cumsum": lambda torch, x, axis, **_: torch.cumsum(x, axis), "cumprod": lambda torch, x, axis, **_: torch.cumprod(x, axis),
    "polygamma": lambda torch, x, order: torch.polygamma(order, x), "cast": lambda torch, x, dtype: x.to(getattr(torch, np.dtype(dtype).name)),
    "cholesky": "linalg.cholesky", "matrix_inverse": "linalg.inv", "matrix_determinant": "linalg.det", "matrix_solve": "linalg.solve",
    "matrix_triangular_solve": lambda torch, a, b, lower, **_: torch.linalg.solve_triangular(a, b, upper=not lower), "qr": "linalg.qr",
    "self_adjoint_eig": "linalg.eigh", "svd_parts": lambda torch, x, **_: torch.linalg.svd(x, full_matrices=False),
    "log_matrix_determinant": "linalg.slogdet",
    "reduce_sum": lambda torch, x, axis, keepdims: x.sum(axis), "reduce_mean": lambda torch, x, axis, keepdims: x.mean(axis),
    "reduce_max": lambda torch, x, axis, keepdims: x.amax(axis), "reduce_min": lambda torch, x, axis, keepdims: x.amin(axis),
    "reduce_prod": lambda torch, x, axis, keepdims: x.prod(axis[0]), "reduce_any": lambda torch, x, axis, keepdims: x.any(axis),
    "reduce_all": lambda torch, x, axis, keepdims: x.all(axis),
    "gather": lambda torch, x, i, **_: x[i], "gather_nd": lambda torch, x, i: x[i[..., 0]],
    "scatter_sum": lambda torch, i, x, shape, axis: torch.zeros(*shape.tolist()).index_add_(axis, i, x),
    "scatter_nd": lambda torch, i, x, shape: torch.zeros(*shape.tolist()).index_add_(0, i[..., 0], x),
    "sorted_values": lambda torch, x, axis, **_: torch.sort(x, axis)[0],
    "sorted_order": lambda torch, x, axis, **_: torch.sort(x, axis, stable=True)[1],
    "sorting_order": lambda torch, x: torch.argsort(x, stable=True), "stable_order": lambda torch, x: torch.argsort(x, stable=True),
    "top_k_indices": lambda torch, x, k: torch.topk(x, k)[1], "searchsorted": lambda torch, a, v, **_: torch.searchsorted(a, v),
    "unique": lambda torch, x: torch.unique(x, return_inverse=True), "where_indices": "nonzero",
    "transpose": lambda torch, x, perm: x.permute(perm).contiguous(), "reverse": lambda torch, x, axis: x.flip(axis),
    "tile": lambda torch, x, times: torch.tile(x, times.tolist()), "stack": lambda torch, *x, axis: torch.stack(x, axis),
    "concat": lambda torch, *x, axis: torch.cat(x, axis), "pad": lambda torch, x, p, **_: torch.nn.functional.pad(x, p.flip(0).reshape(-1).tolist()),
    "clip_by_value": "clamp", "fourier": lambda torch, x, of: torch.fft.fft(x), "real_fourier": lambda torch, x, of: torch.fft.rfft(x),
    "inverse_real_fourier": lambda torch, x, n, of: torch.fft.irfft(x, int(n)),
    "gamma_part": lambda torch, a, x, upper: (torch.special.gammaincc if upper else torch.special.gammainc)(a, x),
}
# Of jax: what is compiled, of operands alone. Attributes that decide the result are written out as they are drawn.
JAX: dict[str, str] = {
    **{n: f"numpy.{n}" for n in COMMON}, **{n: f"numpy.{t}" for n, t in _RENAMED.items()}, **{n: f"scipy.special.{t}" for n, t in _SPECIAL.items()},
    **{n: f"nn.{'silu' if n == 'swish' else 'soft_sign' if n == 'softsign' else t}" for n, t in _ACTIVATIONS.items()},
    "equal": "numpy.equal", "rsqrt": "lax.rsqrt", "cholesky": "numpy.linalg.cholesky", "matrix_inverse": "numpy.linalg.inv",
    "floordiv": "numpy.floor_divide", "matrix_determinant": "numpy.linalg.det", "matrix_solve": "numpy.linalg.solve", "qr": "numpy.linalg.qr",
    "beta_part": "scipy.special.betainc", "sorted_values": "numpy.sort", "sorting_order": "numpy.argsort", "fourier": "numpy.fft.fft",
    "real_fourier": "numpy.fft.rfft",
}
for _taken in ("argmax", "argmin", "cumsum", "cumprod"):        # which go by an axis
    JAX.pop(_taken)


def found(module: Any, path: str) -> Function:
    """What a path of names leads to."""
    for part in path.split("."):
        module = getattr(module, part)
    function: Function = module
    return function


def of_numpy(name: str, reference: Function, operands: list[Any], attrs: Mapping[str, Any]) -> Callable[[], Any]:
    """A call of numpy's that writes the result anew, also where it would be a view of an operand."""
    function = NUMPY.get(name, reference)
    result = function(*operands, **attrs)
    results = result if isinstance(result, (tuple, list)) else (result,)
    if any(0 in r.strides or any(np.may_share_memory(r, x) for x in operands) for r in results if isinstance(r, np.ndarray)):
        if isinstance(result, (tuple, list)):
            return lambda: [np.array(r) for r in function(*operands, **attrs)]
        return lambda: np.array(function(*operands, **attrs))
    return lambda: function(*operands, **attrs)


def of_torch(name: str, operands: list[Any], attrs: Mapping[str, Any]) -> Callable[[], Any] | None:
    """The same of PyTorch, if it is installed and has it."""
    if name not in TORCH or not importlib.util.find_spec("torch"):
        return None
    import torch

    tensors, function = [torch.from_numpy(np.asarray(x)) for x in operands], TORCH[name]
    call = found(torch, function) if isinstance(function, str) else lambda *xs: function(torch, *xs, **attrs)
    result = call(*tensors)
    if isinstance(result, torch.Tensor) and any(result.untyped_storage().data_ptr() == t.untyped_storage().data_ptr() for t in tensors):
        return lambda: call(*tensors).clone()
    return lambda: call(*tensors)


def of_jax(name: str, operands: list[Any], attrs: Mapping[str, Any]) -> Callable[[], Any] | None:
    """The same of JAX, compiled, if it is installed and has it."""
    if name not in JAX or not importlib.util.find_spec("jax") or any(np.asarray(x).dtype.itemsize == 8 for x in operands):
        return None
    import jax

    call = jax.jit(found(jax, JAX[name]))
    arrays = [jax.device_put(x) for x in operands]
    return lambda: jax.block_until_ready(call(*arrays))


def peers(name: str, reference: Function, operands: list[Any], attrs: Mapping[str, Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The peers that have an operator: their names, and a call of each. What a peer does not take it does not have."""
    yield "numpy", of_numpy(name, reference, operands, attrs)
    for peer, make in (("torch", of_torch), ("jax", of_jax)):
        try:
            call = make(name, operands, attrs)
            if call is not None:
                call()
                yield peer, call
        except (RuntimeError, TypeError, ValueError, AttributeError):
            continue
