"""Loops and branches in recipes: a body of a few operators, applied again and again, and the same written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# What a body is made of: expressions of two values of one shape and dtype, which have that shape and dtype too, and do not grow much.
PIECES = (
    "tf.sin({0})", "tf.tanh({0}) * 0.75", "{0} * tf.cos({1})", "tf.maximum({0}, {1})", "{0} - tf.tanh({1})", "tf.sigmoid({0} + {1})",
    "tf.where({0} > 0.25, {1}, tf.sin({0}))", "tf.abs({0}) * 0.5", "tf.reverse({0}, [0])", "tf.stop_gradient(tf.sin({0})) + {1} * 0.5",
    "tf.reduce_mean({0}, axis=0, keepdims=True) + {1} * 0.5", "tf.reduce_max({0}) * 0.25 + tf.zeros_like({1})",
    "tf.cond(tf.reduce_sum({0}) > 0.125, lambda: tf.sin({1}), lambda: tf.cos({0}))", "tf.cumsum({0}, axis=0) * 0.125",
    "tf.while_loop(lambda k, c: k < 2, lambda k, c: (k + 1, tf.sin(c) + {1} * 0.25), [0, {0}])[1]",
    "tf.tanh(tf.tensordot({0}, tf.ones_like({1}), [[-1], [-1]])[..., :1] * 0.125 + {1})", "{0} * tf.cast(i, {0}.dtype) * 0.125",
)
OF_MATRICES = ("tf.matmul({0}, tf.matmul({0}, {1}, transpose_a=True)) * 0.125", "tf.matmul({1} * 0.25, tf.matmul({1}, {0}, transpose_a=True))")
OF_SCALARS = tuple(piece for piece in PIECES if not any(word in piece for word in ("axis", "reverse", "tensordot")))
FORMS = ("while", "until", "fold", "scan", "back", "array", "cond", "map")


@dataclass(frozen=True)
class Repeat:
    """A body applied to `state`, of the shape and dtype of `other`: `times` times, or for each row of `rows`, which has their shape as rows.

    `pieces`: expressions, each with which two of state, row or other, and the values before it take their places.
    """

    form: str
    times: int
    state: Any
    other: Any
    rows: Any
    pieces: tuple[tuple[str, int, int], ...]


def body_text(number: int, pieces: Sequence[tuple[str, int, int]]) -> str:
    """The body of step `number`, a function of state, other value and iteration."""
    lines, names = [f"def body{number}(a, b, i):"], ["a", "b"]
    for k, (piece, x, y) in enumerate(pieces):
        lines.append(f"    c{k} = {piece.format(names[x], names[y])}")
        names.append(f"c{k}")
    return "\n".join([*lines, f"    return {names[-1]}"])


def repeat_text(number: int, step: Repeat, text: Any, straight: bool = False) -> str:
    """The lines that make `v<number>`; `straight`: without a loop."""
    state, other, rows, n = text(step.state), text(step.other), text(step.rows), step.times
    made = (STRAIGHT if straight else LOOPED)[step.form].format(v=f"v{number}", f=f"body{number}", s=state, b=other, r=rows, n=n)
    return f"{body_text(number, step.pieces)}\n{made}"


LOOPED = {
    "while": "{v} = tf.while_loop(lambda i, a: i < {n}, lambda i, a: (i + 1, {f}(a, {b}, i)), [0, {s}])[1]",
    "until": "{v} = tf.while_loop(lambda a, i: tf.less(i * 2, 2 * {n}), lambda a, i: ({f}(a, {b}, i), i + 1), [{s}, 0])[0]",
    "fold": "{v} = tf.foldl(lambda a, r: {f}(a, r, 1), {r}, {s})",
    "scan": "{v} = tf.scan(lambda a, r: {f}(a, r, 1), {r}, {s})",
    "back": "{v} = tf.scan(lambda a, r: {f}(a, r, 1), {r}, {s}, reverse=True)",
    "array": "{v} = tf.while_loop(lambda i, a, t: i < {n}, lambda i, a, t: (i + 1, {f}(a, {b}, i), t.write(i, a)), "
             "[0, {s}, tf.TensorArray({s}.dtype, size={n})])[2].stack()",
    "cond": "{v} = tf.cond(tf.reduce_sum({b}) > 0.125, lambda: {f}({s}, {b}, 1), lambda: {f}({b}, {s}, 2))",
    "map": "{v} = tf.map_fn(lambda r: {f}({s}, r, 1), {r})",
}
STRAIGHT = {
    "while": "{v} = {s}\nfor i in range({n}):\n    {v} = {f}({v}, {b}, tf.constant(i))",
    "until": "{v} = {s}\nfor i in range({n}):\n    {v} = {f}({v}, {b}, tf.constant(i))",
    "fold": "{v} = {s}\nfor r in tf.unstack({r}):\n    {v} = {f}({v}, r, 1)",
    "scan": "{v} = [{s}]\nfor r in tf.unstack({r}):\n    {v}.append({f}({v}[-1], r, 1))\n{v} = tf.stack({v}[1:])",
    "back": "{v} = [{s}]\nfor r in tf.unstack({r})[::-1]:\n    {v}.append({f}({v}[-1], r, 1))\n{v} = tf.stack({v}[:0:-1])",
    "array": "{v} = [{s}]\nfor i in range({n}):\n    {v}.append({f}({v}[-1], {b}, tf.constant(i)))\n{v} = tf.stack({v}[:-1])",
    "cond": LOOPED["cond"],
    "map": "{v} = tf.stack([{f}({s}, r, 1) for r in tf.unstack({r})])",
}


def draw(rng: np.random.Generator, pool: Sequence[Any]) -> tuple[Repeat, Any] | None:
    """A loop or a branch on values of the pool, and the rows it goes over, a leaf that is yet to be added, or None; None: nothing fits."""
    from .recipe import Leaf, Ref

    def one(things: Sequence[Any]) -> Any:
        return things[int(rng.integers(len(things)))]
    floats = [k for k in pool if k.value.dtype.kind == "f" and 0 < k.value.size <= 2_000 and k.value.ndim < 4]
    scalars = [k for k in floats if not k.value.ndim]
    if scalars and rng.random() < 0.5:              # a loop of scalars is a kernel of its own
        floats = scalars
    if not floats:
        return None
    state, times, form = one(floats), int(rng.integers(0, 6)), one(FORMS)
    shape = state.value.shape
    like = [k.ref for k in floats if k.value.dtype == state.value.dtype and k.value.shape == shape]
    pieces = []
    for k in range(int(rng.integers(1, 5))):
        choice = PIECES + (OF_MATRICES if len(shape) == 2 else ()) if shape else OF_SCALARS
        pieces.append((str(one(choice)), k + 1 if rng.random() < 0.7 and k else int(rng.integers(0, k + 2)), int(rng.integers(0, k + 2))))
    rows = None
    if form in ("fold", "scan", "back", "map"):
        open_ = (0,) if rng.random() < 0.3 and form != "map" else ()
        rows = Leaf("feed", state.value.dtype.name, (max(times, 1), *shape), tuple(round(float(x), 3) for x in rng.uniform(-1, 1, 7)), open_)
    return Repeat(str(form), max(times, 1) if form == "array" else times, state.ref, Ref(*one(like)), state.ref, tuple(pieces)), rows
