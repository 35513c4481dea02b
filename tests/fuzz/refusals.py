"""Random programs that a run may have to refuse: an error is the only right answer where operands do not fit, and it leaves all as it was.

A program assigns to variables of known or open shape, calls a function whose operands must fit each other, perhaps behind a mask whose size
data decides, draws random numbers, sets a variable anew, and is run several times with operands of other shapes or values. What each run
should do is computed here with numpy alone. A run that is refused, whenever that is found, has changed nothing and drawn nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import graphc as tf

Array = np.ndarray[Any, Any]
REFUSED = "refused"
SIZES = (1, 2, 3)
BEYOND = (2**31 - 1, 2**31, 2**31 + 1, 2**32, 2**32 + 3, 2**40)


class Finding(Exception):
    """What a program did that it should not have done."""


class Case(NamedTuple):
    """A function of tensors; operands drawn for it, which may not fit; and what numpy makes of them, or `REFUSED`."""

    name: str
    build: Callable[..., Any]
    draw: Callable[[np.random.Generator], list[Array]]
    wanted: Callable[..., Any]


# ---------------------------------------------------------------------- operands

def real(rng: np.random.Generator, *shape: int) -> Array:
    return rng.normal(size=shape).astype(np.float32)


def size(rng: np.random.Generator) -> int:
    return int(rng.choice(SIZES))


def near(rng: np.random.Generator, shape: Sequence[int]) -> tuple[int, ...]:
    """The shape, or one that is a little wrong: an axis less or more, or of another size, above all 1, which would broadcast."""
    dims = list(shape)
    match int(rng.integers(8)):
        case 0 if dims:
            dims[int(rng.integers(len(dims)))] = 1
        case 1 if dims:
            dims[int(rng.integers(len(dims)))] = size(rng)
        case 2:
            dims.append(1)
        case 3 if dims:
            dims.pop()
    return tuple(dims)


def shaped(rng: np.random.Generator, ranks: Sequence[int]) -> tuple[int, ...]:
    return tuple(size(rng) for _ in range(int(rng.choice(ranks))))


def pair(rng: np.random.Generator) -> list[Array]:
    shape = shaped(rng, (0, 1, 2))
    return [real(rng, *shape), real(rng, *near(rng, shape))]


def same(value: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *operands: value(*operands) if len({np.shape(x) for x in operands}) == 1 else REFUSED


# ---------------------------------------------------------------------- functions whose operands must fit

def _labels(rng: np.random.Generator) -> list[Array]:
    shape = shaped(rng, (2, 3))
    return [rng.integers(0, shape[-1], near(rng, shape[:-1])).astype(np.int32), real(rng, *shape)]


def _cross_entropy(labels: Array, logits: Array) -> Any:
    if labels.shape != logits.shape[:-1]:
        return REFUSED
    wide = logits.astype(np.float64)
    return np.log(np.exp(wide).sum(-1)) - np.take_along_axis(wide, labels[..., None], -1)[..., 0]


def _biased(rng: np.random.Generator) -> list[Array]:
    shape = shaped(rng, (1, 2, 3))
    return [real(rng, *shape), real(rng, *near(rng, shape[-1:]))]


def _with_bias(x: Array, b: Array) -> Any:
    return x + b if x.ndim > 1 and b.ndim == 1 and b.shape[0] == x.shape[-1] else REFUSED


def _diagonals(rng: np.random.Generator) -> list[Array]:
    shape = shaped(rng, (2, 3))
    return [real(rng, *shape), real(rng, *near(rng, (*shape[:-2], min(shape[-2:]))))]


def _set_diagonal(x: Array, d: Array) -> Any:
    if d.shape != (*x.shape[:-2], min(x.shape[-2:])):
        return REFUSED
    out, k = x.copy(), np.arange(d.shape[-1])
    out[..., k, k] = d
    return out


def _segments(rng: np.random.Generator) -> list[Array]:
    shape = shaped(rng, (1, 2))
    return [real(rng, *shape), rng.integers(-1, 3, near(rng, shape[:1])).astype(np.int32)]


def _segment_sums(x: Array, ids: Array) -> Any:
    if ids.shape != x.shape[:ids.ndim]:
        return REFUSED
    out = np.zeros((3, *x.shape[ids.ndim:]), np.float64)
    for at in np.ndindex(ids.shape):
        if ids[at] >= 0:
            out[ids[at]] += x[at]
    return out


def _choice(rng: np.random.Generator) -> list[Array]:
    shape = shaped(rng, (2, 3))
    return [rng.random(near(rng, shape[:1])[:1] or (1,)) < 0.5, real(rng, *shape), real(rng, *shape)]


def _rows(c: Array, x: Array, y: Array) -> Any:
    return np.where(c.reshape(-1, *[1] * (x.ndim - 1)), x, y) if c.shape == x.shape[:1] else REFUSED


def _padded(rng: np.random.Generator) -> list[Array]:
    return [real(rng, size(rng)), rng.integers(0, 4, (1, 2)).astype(np.int32)]


def _mirrored(mode: str) -> Callable[..., Any]:
    def wanted(x: Array, widths: Array) -> Any:
        return np.pad(x, widths.tolist(), mode=mode) if widths.max() <= len(x) - (mode == "reflect") else REFUSED  # type: ignore[call-overload]
    return wanted


def _parts(rng: np.random.Generator) -> list[Array]:
    x = real(rng, size(rng) + 1)
    first = int(rng.integers(0, len(x) + 1))
    return [x, np.array([first, len(x) - first + int(rng.choice([0, 0, -1, 1]))], np.int32)]


def _cut(x: Array, sizes: Array) -> Any:
    return x[sizes[0]:] if sizes.min() >= 0 and sizes.sum() == len(x) else REFUSED


def _product(rng: np.random.Generator) -> list[Array]:
    m, k, n = size(rng), size(rng), size(rng)
    return [real(rng, m, k), real(rng, size(rng) if rng.random() < 0.3 else k, n)]


def _reshaped(rng: np.random.Generator) -> list[Array]:
    return [real(rng, size(rng), size(rng)), np.array([size(rng), int(rng.choice([-1, *SIZES]))], np.int64)]


def _of_shape(x: Array, dims: Array) -> Any:
    rest = x.size // dims[0] if dims[1] == -1 and x.size % dims[0] == 0 else dims[1]
    return x.reshape(dims[0], rest) if dims[0] * rest == x.size else REFUSED


def _flattened(rng: np.random.Generator) -> list[Array]:
    shape = (size(rng), size(rng))
    return [real(rng, *shape), np.array([math.prod(near(rng, shape))], np.int64)]


def _picked(rng: np.random.Generator) -> list[Array]:
    n = size(rng)
    return [real(rng, n), rng.choice([*range(-1, n + 1), 2**31, 2**32, 2**32 + 1], 2).astype(np.int64)]


def _gathered(x: Array, i: Array) -> Any:
    return x[i] if i.min() >= 0 and i.max() < len(x) else REFUSED


def _positive(rng: np.random.Generator) -> list[Array]:
    x = np.abs(real(rng, size(rng))) + np.float32(0.1)
    x[0] *= rng.choice([1, 1, -1, 0])
    return [x]


def _asserted(x: Any) -> Any:
    with tf.control_dependencies([tf.Assert(tf.reduce_all(x > 0.0), [x])]):
        return x * 2.0


def _segments_beyond(rng: np.random.Generator) -> list[Array]:
    n = size(rng)
    return [real(rng, n), rng.integers(0, 4, n).astype(np.int32)]


def _segment_sums_beyond(x: Array, ids: Array) -> Any:
    return np.bincount(ids, x * 1.5, 3) if ids.max() < 3 else REFUSED


def _sigmoids(z: Array, x: Array) -> Any:
    return np.log1p(np.exp(x.astype(np.float64))) - x * z


CASES: list[Case] = [
    Case("add_n", lambda a, b: tf.add_n([a, b]), pair, same(np.add)),
    Case("grad_ys", lambda g, x: tf.gradients(x * 2.0, x, grad_ys=g)[0], pair, same(lambda g, x: 2 * g)),
    Case("sigmoid_cross_entropy", lambda z, x: tf.nn.sigmoid_cross_entropy_with_logits(labels=z, logits=x), pair, same(_sigmoids)),
    Case("sparse_cross_entropy", lambda z, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=z, logits=x), _labels, _cross_entropy),
    Case("bias_add", tf.nn.bias_add, _biased, _with_bias),
    Case("matrix_set_diag", tf.matrix_set_diag, _diagonals, _set_diagonal),
    Case("unsorted_segment_sum", lambda x, i: tf.unsorted_segment_sum(x, i, 3), _segments, _segment_sums),
    Case("where", tf.where, _choice, _rows),
    Case("pad REFLECT", lambda x, w: tf.pad(x, w, "REFLECT"), _padded, _mirrored("reflect")),
    Case("pad SYMMETRIC", lambda x, w: tf.pad(x, w, "SYMMETRIC"), _padded, _mirrored("symmetric")),
    Case("split", lambda x, n: tf.split(x, n, num=2)[1], _parts, _cut),
    Case("tensordot", lambda a, b: tf.tensordot(a, b, 1), _product, lambda a, b: a @ b if a.shape[1] == b.shape[0] else REFUSED),
    Case("einsum", lambda a, b: tf.einsum("ij,jk->ik", a, b), _product, lambda a, b: a @ b if a.shape[1] == b.shape[0] else REFUSED),
    Case("reshape", tf.reshape, _reshaped, _of_shape),
    Case("reshape to a vector", tf.reshape, _flattened, lambda x, dims: x.reshape(-1) if dims[0] == x.size else REFUSED),
    Case("gather", tf.gather, _picked, _gathered),
    Case("check_numerics", lambda x: tf.check_numerics(tf.log(x), "log") + 1.0, _positive, lambda x: np.log(x) + 1 if x.min() > 0 else REFUSED),
    Case("assert", _asserted, _positive, lambda x: x * 2 if x.min() > 0 else REFUSED),
    Case("indices of segments", lambda x, i: tf.unsorted_segment_sum(x * 1.5, i, 3), _segments_beyond, _segment_sums_beyond),
]


# ---------------------------------------------------------------------- programs

def check(seed: int) -> str:
    """Draw the program of this number and run it in both executors; the name of its function. Finding: it did something else than it should."""
    rng = np.random.default_rng(seed)
    case = CASES[seed % len(CASES)]
    sizes_by_declaration(rng)
    held, grows = real(rng, size(rng)), bool(rng.integers(2))
    adds, masked, any_rank, first, resets = (bool(b) for b in rng.integers(2, size=5))
    runs = [(case.draw(rng), real(rng, *(held.shape if rng.random() < 0.7 else near(rng, held.shape)))) for _ in range(4)]
    for jit in (True, False):
        with tf.Graph().as_default(), tf.Session(jit=jit) as session:
            ranks = [{o[0][i].ndim for o in runs} for i in range(len(runs[0][0]))]
            places = [tf.placeholder(x.dtype, None if any_rank or len(r) > 1 else [None] * x.ndim)
                      for x, r in zip(runs[0][0], ranks, strict=True)]
            given = tf.placeholder(tf.float32)
            variable = tf.Variable(held, validate_shape=not grows)
            other, large, anew, noise = tf.Variable(1.0), tf.Variable(np.zeros(5000, np.float32)), tf.Variable(5.0), tf.random_normal([2], seed=1)
            with tf.Session(jit=False) as plain:
                drawn = [plain.run(noise) for _ in runs]
            # What is made first is what runs first, as far as it may.
            change = _changed(variable, given, adds, grows) if first else None
            count_up, moved = tf.assign_add(other, 1.0), tf.assign_add(large, tf.ones([5000]))
            try:
                made = case.build(*places)
            except tf.errors.ShapeError:                    # ranks that no run can mend
                if any(not isinstance(case.wanted(*o), str) for o, _ in runs):
                    raise Finding(f"{case.name}: refused while it is built, and some of {[[x.shape for x in o] for o, _ in runs]} fit") from None
                continue
            if masked:
                made = tf.boolean_mask(tf.reshape(made, [-1]), tf.reshape(made, [-1]) > -np.inf)
            fetches = [made, _changed(variable, given, adds, grows) if change is None else change, noise, count_up, moved,
                       *[anew.initializer] * resets]
            state, count = held, 1.0
            for operands, value in runs:
                wanted = case.wanted(*operands)
                fits = value.shape == state.shape or (grows and not adds)
                refused = isinstance(wanted, str) or not fits
                said = f"{case.name} of {[x.shape for x in operands]}, {'add' if adds else 'assign'} {value.shape} to {state.shape}, jit={jit}"
                session.run(anew.assign(7.0))
                try:
                    got = session.run(fetches, {**dict(zip(places, operands, strict=True)), given: value})
                except tf.errors.InvalidArgumentError as e:
                    if not refused:
                        raise Finding(f"{said}: refused, {str(e)[:200]}") from None
                else:
                    if refused:
                        raise Finding(f"{said}: not refused, the result has shape {np.shape(got[0])}")
                    state, count = state + value if adds else value, count + 1
                    wanted = np.asarray(wanted).reshape(-1) if masked else wanted
                    if np.shape(got[0]) != np.shape(wanted) or not np.allclose(got[0], wanted, 1e-4, 1e-4):
                        raise Finding(f"{said}: {got[0]}, not {wanted}")
                    if not np.allclose(got[2], drawn[int(count) - 2], 1e-4, 1e-6):
                        raise Finding(f"{said}: the numbers drawn are {got[2]}, not the {int(count) - 1}th")
                kept = session.run([variable, other, anew, large])
                if not np.array_equal(kept[0], state) or kept[1] != count or kept[2] != (5.0 if resets and not refused else 7.0) \
                        or not (kept[3] == count - 1).all():
                    raise Finding(f"{said}: the variables are {kept}, not {[state, count]}")
    return case.name


def _changed(variable: Any, given: Any, adds: bool, grows: bool) -> Any:
    return tf.assign_add(variable, given) if adds else tf.assign(variable, given, validate_shape=not grows)


def sizes_by_declaration(rng: np.random.Generator) -> None:
    """Shapes of 2**31 elements and more, which nothing computes: their sizes are what was written."""
    with tf.Graph().as_default():
        n, k = int(rng.choice(BEYOND)), size(rng)
        x = tf.zeros([n, k])
        made = {"zeros": (x, [n, k]), "reshape": (tf.reshape(x, [-1]), [n * k]), "tile": (tf.tile(x, [2, 1]), [2 * n, k]),
                "pad": (tf.pad(x, [[1, 2], [0, 0]]), [n + 3, k]), "concat": (tf.concat([x, x], 0), [2 * n, k]),
                "range": (tf.range(n), [n]), "sum": (tf.reduce_sum(x, 1), [n])}
        for name, (node, wanted) in made.items():
            if node.shape.as_list() != wanted or math.prod(wanted) < n:
                raise Finding(f"{name} of {n} rows has the shape {node.shape}, not {wanted}")


def campaign(n: int, seed: int = 0, name: str | None = None, enough: int = 100) -> list[tuple[int, str]]:
    """The findings in n programs (of one function), by their numbers, or the first of them if they are `enough`."""
    found: list[tuple[int, str]] = []
    numbers = (k for k in itertools.count(seed) if name is None or CASES[k % len(CASES)].name == name)
    for number in itertools.islice(numbers, n):
        if len(found) >= enough:
            break
        try:
            check(number)
        except Finding as e:
            found.append((number, str(e)))
        except tf.errors.GraphcError as e:
            found.append((number, f"{type(e).__name__}: {e}"))
    return found
