"""What operators are measured on: drawn from their declarations, or as a table by name says where what fits together cannot be guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphc import testing
from graphc.ir.operator import Operator
from graphc.testing.samples import accepts

Drawn = tuple[list[Any], dict[str, Any]]
Draw = Callable[[np.random.Generator, int], Drawn]

# Why an operator is not measured here.
ELSEWHERE = "a command of its own measures it: tests.bench.convolutions or tests.bench.products"
DECIDES = "takes a few numbers that decide the size of a result"
RANDOM = "draws random numbers, or candidates of them, one after another"
LEFT_OUT = {
    **dict.fromkeys(("conv", "conv_filter", "conv_input", "pool_best", "pool_index", "pool_mean", "pool_put", "pool_spread", "pool_sum", "pool_take",
                     "max_pool_nd", "overlaid", "matmul", "row_sums"), ELSEWHERE),
    **dict.fromkeys(("below", "checked_place", "contract", "equal_vectors", "fresh_rows", "inner_agree", "iota", "joined_shape", "joined_sizes",
                     "from_tensor", "later", "shape", "sparse_shape", "sparse_strides",
                     "ragged_checked", "row_at", "sparse_weights", "sparse_position", "of_shape"), DECIDES),
    **dict.fromkeys(("boxes_drawn", "distorted_box", "gamma_drawn", "poisson_drawn", "sample_candidates"), RANDOM),
}
# Of the operators that samples cannot be run on.
APART = {"random": "draws random numbers", "source": "is no computation", "host": "takes texts, or runs for its effect", "state": "assigns",
         "control": "orders", "item": "picks", "bodies": "runs bodies: tests.bench.loops measures them", "arrival": "waits for data",
         "departure": "hands data out", "lowered": "runs Python of a program's", "elementwise": "is no computation"}


def square(n: int) -> int:
    """The side of a matrix of about n elements."""
    return max(2, int(n ** 0.5))


def normal(rng: np.random.Generator, *shape: int) -> Any:
    return rng.normal(size=shape).astype(np.float32)


def rows(n: int, width: int = 10) -> int:
    return max(2, n // width)


def places(rng: np.random.Generator, bound: int, *shape: int) -> Any:
    return rng.integers(0, bound, shape).astype(np.int64)


def matrices(rng: np.random.Generator, n: int) -> Any:
    """About n numbers: one matrix of up to 300 rows, or many of 100. Well conditioned."""
    side = min(square(n), 300)
    count = max(1, n // side**2)
    return (normal(rng, count, side, side) / np.float32(side**0.5) + 3.0 * np.eye(side, dtype=np.float32)).squeeze(0 if count == 1 else ())


def definite(rng: np.random.Generator, n: int) -> Any:
    x = matrices(rng, n)
    return x @ x.swapaxes(-1, -2)


def lower(rng: np.random.Generator, n: int) -> Any:
    return np.tril(matrices(rng, n))


def column(x: Any, rng: np.random.Generator) -> Any:
    return normal(rng, *x.shape[:-1], 10)


def solved(make: Callable[[np.random.Generator, int], Any]) -> Draw:
    def draw(rng: np.random.Generator, n: int) -> Drawn:
        x = make(rng, n)
        return [x, column(x, rng)], {}
    return draw


def along(**attrs: Any) -> Draw:
    """A matrix of about n elements."""
    return lambda rng, n: ([normal(rng, square(n), square(n))], attrs)


def vector(kind: str = "float32", **attrs: Any) -> Draw:
    return lambda rng, n: ([normal(rng, n) if kind == "float32" else rng.random(n) < 0.5 if kind == "bool" else places(rng, n, n)], attrs)


def segments(rng: np.random.Generator, n: int) -> Drawn:
    count = rows(n)
    return [normal(rng, count, 10), places(rng, max(1, count // 4), count), np.array(max(1, count // 4))], {}


def complex_rows(of: str) -> Draw:
    return lambda rng, n: ([normal(rng, rows(n, 64), 64) + 1j * normal(rng, rows(n, 64), 64).astype(np.complex64)], {"of": of})


def texts(rng: np.random.Generator, n: int, make: Callable[[int], bytes], **attrs: Any) -> Drawn:
    out = np.empty(max(1, n // 10), object)
    out[:] = [make(i) for i in range(len(out))]
    return [out], attrs


def nested(rng: np.random.Generator, n: int) -> Drawn:
    side = square(n)
    return [normal(rng, side, side), np.array([[1, 2], [0, 3]])], {}


def index_rows(rng: np.random.Generator, n: int) -> Drawn:
    count = rows(n)
    return [normal(rng, count, 10), places(rng, count, count, 1)], {}


DRAWN: dict[str, Draw] = {
    "accidental_hits": lambda rng, n: ([places(rng, n, n, 1), places(rng, n, 100)], {}),
    "all_rows": lambda rng, n: ([normal(rng, rows(n), 10), np.ones(rows(n), bool)], {"of": "rows"}),
    "filled_rows": lambda rng, n: ([normal(rng, rows(n), 10), np.zeros(rows(n), bool), normal(rng, rows(n), 10)], {"of": "rows"}),
    "among": lambda rng, n: ([places(rng, n, n), places(rng, n, max(1, n // 10))], {}),
    "argmax": along(axis=1), "argmin": along(axis=1), "nextafter": lambda rng, n: ([normal(rng, n), normal(rng, n)], {}),
    "best_of_classes": lambda rng, n: ([np.sort(rng.random((1, max(2, n // 1600), 1, 2, 2)), 3).reshape(1, -1, 1, 4).astype("f"),
                                        rng.random((1, max(2, n // 1600), 4)).astype("f")],
                                       {"each": 20, "total": 50, "threshold": 0.5, "least": 0.1, "per_class": False, "clip": True}),
    "best_boxes": lambda rng, n: ([np.sort(rng.random((max(2, n // 400), 2, 2)), 1).reshape(-1, 4).astype("f"),
                                   rng.random(max(2, n // 400)).astype("f"), np.array(20, np.int32)],
                                  {"threshold": 0.5, "least": -np.inf, "sigma": 0.0}),
    "best_by_overlaps": lambda rng, n: ([rng.random((square(n), square(n))).astype("f"), rng.random(square(n)).astype("f"),
                                         np.array(20, np.int32)], {"threshold": 0.5, "least": -np.inf, "sigma": 0.0}),
    "broadcast_to": lambda rng, n: ([normal(rng, square(n), 1), np.array([square(n), square(n)])], {}),
    "cast": vector(dtype="int32"),
    "changed": lambda rng, n: ([normal(rng, rows(n), 10), rng.permutation(rows(n))[:, None], normal(rng, rows(n), 10)], {"how": "add"}),
    "check_index": lambda rng, n: ([places(rng, n, n), np.array(n)], {}),
    "cholesky": lambda rng, n: ([definite(rng, n)], {}),
    "clip_by_value": lambda rng, n: ([normal(rng, n), np.float32(-1).reshape(()), np.float32(1).reshape(())], {}),
    "concat": lambda rng, n: ([normal(rng, square(n), square(n) // 2), normal(rng, square(n), square(n) // 2)], {"axis": 1}),
    "ctc_greedy": lambda rng, n: ([normal(rng, 20, max(1, n // 400), 20), np.full(max(1, n // 400), 20)], {}),
    "ctc_beam": lambda rng, n: ([normal(rng, 20, max(1, n // 400), 20), np.full(max(1, n // 400), 20)], {"width": 8, "paths": 1}),
    "cumprod": along(axis=1), "cumsum": along(axis=1),
    "cut_row": lambda rng, n: ([normal(rng, rows(n), 10), np.array([rows(n) - 1, 10], np.int32)], {}),
    "decode_raw": lambda rng, n: texts(rng, n, lambda i: b"0123456789ab" * 4, out_type=np.dtype("int32")),
    "decode_csv_fields": lambda rng, n: texts(rng, n, lambda i: f"{i},{i / 7:.6f},abc".encode(), delimiter=",", quotes=True, missing="",
        columns=None, kinds=(np.dtype("int32"), np.dtype("float32"), np.dtype("O")), defaults=(None, None, None)),
    "densified": lambda rng, n: ([np.stack([np.arange(square(n)), places(rng, square(n), square(n))], 1), np.array([square(n), square(n)]),
                                  normal(rng, square(n)), np.float32(0).reshape(())], {"validate": True}),
    "distinct": vector("int64"), "unique": vector("int64"), "stable_order": vector("int64"), "ascending": lambda rng, n: ([np.arange(n)], {}),
    "first_rows": lambda rng, n: ([normal(rng, rows(n), 10), np.array(rows(n) // 2, np.int32)], {}),
    "fourier": complex_rows("fft"),
    "real_fourier": lambda rng, n: ([normal(rng, rows(n, 64), 64)], {"of": "rfft"}),
    "inverse_real_fourier": lambda rng, n: ([normal(rng, rows(n, 33), 33).astype(np.complex64), np.array(64)], {"of": "irfft"}),
    "gather": lambda rng, n: ([normal(rng, rows(n), 10), places(rng, rows(n), rows(n))], {"axis": 0}),
    "gather_nd": index_rows,
    "gather_tree": lambda rng, n: ([places(rng, 5, 10, rows(n, 40), 4), places(rng, 4, 10, rows(n, 40), 4), np.full(rows(n, 40), 10),
                                    np.array(4)], {}),
    "in_top_k": lambda rng, n: ([normal(rng, rows(n, 100), 100), places(rng, 100, rows(n, 100))], {"k": 5}),
    "integer_pow": lambda rng, n: ([places(rng, 5, n), np.array(3)], {}),
    "invert_permutation": lambda rng, n: ([rng.permutation(n)], {}),
    "linear_recurrence": lambda rng, n: ([normal(rng, square(n), square(n)) / 4, normal(rng, square(n), square(n))], {"axis": 1}),
    "log_matrix_determinant": lambda rng, n: ([matrices(rng, n)], {}), "matrix_determinant": lambda rng, n: ([matrices(rng, n)], {}),
    "marked_rows": lambda rng, n: ([np.zeros(n, bool), np.array(3, np.int32)], {"of": "rows"}),
    "mask_indices": lambda rng, n: ([rng.random(n) < 0.5, np.array([n])], {}),
    "matrix_inverse": lambda rng, n: ([matrices(rng, n)], {}), "matrix_solve": solved(matrices),
    "matrix_triangular_solve": solved(lower), "matrix_diag_part": lambda rng, n: ([normal(rng, rows(n, 100), 10, 10)], {}),
    "mean_gradient": lambda rng, n: ([normal(rng, square(n), square(n)), normal(rng, square(n))], {"axis": 1}),
    "more_rows": lambda rng, n: ([normal(rng, rows(n), 10), np.array(2 * rows(n), np.int32)], {}),
    "not_negative": lambda rng, n: ([places(rng, n, n)], {}),
    "numbered": lambda rng, n: ([np.sort(places(rng, rows(n), n)), np.array(rows(n))], {}),
    "orthonormal": lambda rng, n: ([matrices(rng, n)], {}), "qr": lambda rng, n: ([matrices(rng, n)], {}),
    "pad": lambda rng, n: ([normal(rng, square(n), square(n)), np.array([[1, 2], [3, 1]])], {}),
    "pick_last": lambda rng, n: ([normal(rng, rows(n), 10), places(rng, 10, rows(n), 3)], {}),
    "pieces": lambda rng, n: ([normal(rng, rows(n), 10), np.array([rows(n) // 2, rows(n) - rows(n) // 2], np.int32)], {"of": "rows"}),
    "put_last": lambda rng, n: ([np.tile([2, 5, 7], (rows(n), 1)), normal(rng, rows(n), 3), normal(rng, rows(n), 10)], {}),
    "put_row": lambda rng, n: ([normal(rng, rows(n), 10), np.array(1, np.int32), normal(rng, 10)], {"of": "rows"}),
    "take_row": lambda rng, n: ([normal(rng, rows(n), 10), np.array(1, np.int32)], {"of": "rows"}),
    "rows_for": lambda rng, n: ([normal(rng, rows(n), 10), np.ones(rows(n), bool), np.array(3, np.int32)], {"of": "rows"}),
    "reduce_mean": along(axis=(1,)),
    "reshape": lambda rng, n: ([normal(rng, rows(n), 10), np.array([-1])], {}),
    "reverse": along(axis=(1,)),
    "rows_sorted": lambda rng, n: ([places(rng, n, n), np.array([n])], {}),
    "scatter_nd": lambda rng, n: ([places(rng, rows(n), rows(n), 1), normal(rng, rows(n), 10), np.array([rows(n), 10])], {}),
    "scatter_sum": lambda rng, n: ([places(rng, rows(n), rows(n)), normal(rng, rows(n), 10), np.array([rows(n), 10])], {"axis": 0}),
    "scatter_slice": lambda rng, n: ([normal(rng, rows(n), 10), np.array([2 * rows(n), 10])], {"index": (("slice", None, None, 2),)}),
    "searchsorted": lambda rng, n: ([np.sort(normal(rng, n)), normal(rng, n)], {}),
    "segment_max_of": segments, "segment_min_of": segments, "segment_prod_of": segments,
    "self_adjoint_eig": lambda rng, n: ([definite(rng, min(n, 10_000))], {}), "svd_parts": lambda rng, n: ([matrices(rng, min(n, 10_000))], {}),
    "slice": lambda rng, n: ([normal(rng, square(n), square(n)), np.array([1, 1]), np.array([-1, square(n) // 2])], {}),
    "sorted_order": vector(axis=0), "sorted_values": vector(axis=0), "sorting_order": vector(),
    "split": lambda rng, n: ([normal(rng, rows(n), 10)], {"parts": 2, "axis": 1}),
    "squeeze": lambda rng, n: ([normal(rng, n, 1)], {}),
    "stack": lambda rng, n: ([normal(rng, square(n), square(n)), normal(rng, square(n), square(n))], {"axis": 1}),
    "strided_slice": lambda rng, n: ([normal(rng, square(n), square(n))], {"index": (("slice", 1, None, 2), ("slice", None, None, -2))}),
    "tile": lambda rng, n: ([normal(rng, square(n), square(n)), np.array([2, 3])], {}),
    "top_k_indices": lambda rng, n: ([normal(rng, rows(n, 100), 100)], {"k": 5}),
    "transpose": along(perm=(1, 0)),
    "unbroadcast_dynamic": lambda rng, n: ([normal(rng, square(n), square(n)), normal(rng, 1, square(n))], {}),
    "united_rows": lambda rng, n: ([places(rng, max(1, rows(n) // 2), rows(n)), normal(rng, rows(n), 10)], {}),
    "unstack": lambda rng, n: ([normal(rng, 4, max(1, n // 4))], {}),
    "where_indices": vector("bool"),
    "windows": lambda rng, n: ([normal(rng, 1, max(4, n // 4), 4)], {"window": (3,), "strides": (1,)}),
    "without_empty_rows": lambda rng, n: ([np.sort(places(rng, rows(n), n)), np.array(rows(n))], {}),
    "zeta_sum": lambda rng, n: ([rng.uniform(1.5, 6.0, n), rng.uniform(0.5, 6.0, n)], {}),
}


def drawn(operator: Operator, size: int) -> Drawn | None:
    """Operands of about so many elements, and attributes; None if neither the declaration nor the table says how."""
    rng = np.random.default_rng(0)
    if operator.name in DRAWN:
        return DRAWN[operator.name](rng, size)
    if operator.family.broadcasts and not operator.samples:
        dtype = next((d for d in ("float32", "int32", "bool") if accepts(operator, d)), None)
        if dtype is None:
            return None
        kinds = [np.dtype(operator.fixed.get(p, dtype)) for p in operator.params]
        return [rng.uniform(*operator.domain, size).astype(d) if d.kind == "f" else rng.integers(0, 2, size).astype(d) for d in kinds], {}
    if operator.family.reduces:
        side = square(size)
        x = rng.uniform(*operator.domain, (side, side)).astype("float32")
        return [x if accepts(operator, "float32") else x > 0.0], {"axis": -1}
    tried = testing.samples(operator, "float32")
    if not tried or operator.by_value or not tried[0].operands or any(x.ndim == 0 for x in tried[0].operands):
        return None
    operands, attrs = tried[0]
    if len({x.shape[0] for x in operands}) > 1 or not operands[0].size:
        return None
    times = max(1, size // operands[0].size)
    return [np.concatenate([x] * times) for x in operands], attrs
