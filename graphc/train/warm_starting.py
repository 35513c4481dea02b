"""Variables that begin with the values of an earlier model: `warm_start`, by names, or by the words of vocabularies that have changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, DTypeError, GraphError, InvalidArgumentError, NotFoundError, ShapeError
from ..files.checkpoint import open_checkpoint
from ..files.safetensors import open_file
from ..initializers import zeros_initializer
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TensorType
from ..ops.array import concat, gather, reshape
from ..ops.state import Variable
from .checkpoints import NewCheckpointReader, latest_checkpoint, path_of
from .initial_values import checkpoint_value, init_from_checkpoint
from .object_graph import KEY, names_of, objects_of

__all__ = ["VocabInfo", "warm_start"]


class VocabInfo(NamedTuple):
    """Which words an axis of a variable stands for, now and in the checkpoint: files of words, one a line.

    `new_vocab_size`: how many of the new ones count; behind these come `num_oov_buckets` that stand for no word. `old_vocab_size`: how many of the
    old ones count, -1 for all. `backup_initializer`: what is new begins with, zeros by default. `axis`: 0, or 1 as of weights that lead to classes.
    """

    new_vocab: Any
    new_vocab_size: int
    num_oov_buckets: int
    old_vocab: Any
    old_vocab_size: int = -1
    backup_initializer: Any = None
    axis: int = 0


def warm_start(ckpt_to_initialize_from: Any, vars_to_warm_start: Any = ".*", var_name_to_vocab_info: Mapping[str, VocabInfo] | None = None,
               var_name_to_prev_var_name: Mapping[str, str] | None = None) -> None:
    """Let variables of the default graph begin with what a checkpoint, or the latest one of a folder, holds: their initial values are replaced.

    `vars_to_warm_start`: a pattern for the names of trained variables, a list of patterns for all variables, a list of variables, or None for
    those alone whose vocabularies are given. `var_name_to_prev_var_name`: names in the checkpoint. Of a `tf.train.Checkpoint` the names are
    those that variables had. GraphError: a name that no chosen variable has, or no such pattern. NotFoundError: there is no checkpoint, or it
    lacks a variable. ShapeError, DTypeError: a variable is of another type there. InvalidArgumentError: a vocabulary that is too short, or has
    a word twice. ArgumentError: an axis other than 0 and 1.

    >>> with tf.Graph().as_default(), tf.Session(jit=False) as sess:
    ...     path = tf.train.Saver([tf.Variable([[1.0], [2.0]], name="w")]).save(sess, "warm/old")
    >>> for name, words in ("old", "ant bee"), ("new", "bee cat ant"):
    ...     _ = open(f"warm/{name}.txt", "w").write(words.replace(" ", "\\n"))
    >>> w = tf.get_variable("w", [3, 1])
    >>> tf.train.warm_start("warm", var_name_to_vocab_info={"w": tf.train.VocabInfo("warm/new.txt", 3, 0, "warm/old.txt")})
    >>> tf.Session(jit=False).run(w).ravel()
    array([2., 0., 1.], dtype=float32)
    """
    path = path_of(ckpt_to_initialize_from, "warm_start")
    path = latest_checkpoint(path) or path
    chosen = {v.op.name: v for v in _chosen(vars_to_warm_start)}
    words, other = dict(var_name_to_vocab_info or {}), dict(var_name_to_prev_var_name or {})
    for what, given in ("var_name_to_vocab_info", words), ("var_name_to_prev_var_name", other):
        unused = [name for name in given if name not in chosen]
        if unused:
            raise GraphError(f"warm_start: {what} names {unused[:5]}, which is not chosen; there are {list(chosen)[:20]}{here()}")
    kinds = NewCheckpointReader(path).types()
    other = other or _renamed(path, [name for name in chosen if vars_to_warm_start is not None or name in words])
    made = {v: _by_words(v, words[name], path, kinds, other.get(name, name)) for name, v in chosen.items() if name in words}
    if vars_to_warm_start is not None:
        by_name = [(other.get(name, name), v) for name, v in chosen.items() if name not in words]
        if by_name:
            init_from_checkpoint(path, by_name)
    for v, initial in made.items():
        v.initial_value = initial


def _chosen(wanted: Any) -> list[Variable]:
    graph = get_default_graph()
    if wanted is None or isinstance(wanted, str):
        return graph.get_collection(GraphKeys.TRAINABLE_VARIABLES, wanted)
    given: list[Any] = list(wanted) if isinstance(wanted, (list, tuple)) else [None]
    if all(isinstance(x, str) for x in given):
        return list(dict.fromkeys(v for pattern in given for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES, pattern)))
    if not all(isinstance(x, Variable) for x in given):
        raise GraphError(f"warm_start: vars_to_warm_start is a pattern, or a list of patterns or of variables, not {wanted!r:.80}{here()}")
    return given


def _renamed(path: str, names: list[str]) -> dict[str, str]:
    """What variables are called in a checkpoint of objects; nothing of another. NotFoundError: it lacks one."""
    with open_checkpoint(path) as found:
        if KEY not in found.entries:
            return {}
        known = names_of(objects_of(found))
    missing = [name for name in names if name not in known]
    if missing:
        raise NotFoundError(f"warm_start: {path} has no values for {missing[:10]}{here()}")
    return {name: known[name] for name in names}


# ---------------------------------------------------------------------- by words

def _by_words(v: Variable, info: VocabInfo, path: str, kinds: Mapping[str, TensorType], tensor: str) -> Node:
    """The initial value of a variable one axis of which stands for words."""
    if info.axis not in (0, 1):
        raise ArgumentError(f"VocabInfo: axis is 0 or 1, not {info.axis!r:.40}{here()}")
    if tensor not in kinds:
        raise NotFoundError(f"warm_start: {path} has no {tensor!r:.200} for {describe(v)}{here()}")
    kind = kinds[tensor]
    shape: tuple[Any, ...] = (v.type.shape or ()) if v.type.known else ()
    there: tuple[Any, ...] = kind.shape or ()
    if len(shape) != len(there) or not info.axis < len(shape) <= 2 or \
            any(n != m for i, (n, m) in enumerate(zip(shape, there, strict=True)) if i != info.axis):
        raise ShapeError(f"warm_start: {tensor} is {kind} in the checkpoint, the variable is {describe(v)}{here()}")
    if kind.dtype != v.type.dtype or kind.dtype.kind != "f":
        raise DTypeError(f"warm_start: {tensor} is {kind} in the checkpoint, the variable is {describe(v)}{here()}")
    count = min(shape[info.axis], info.new_vocab_size)
    if shape[info.axis] - count > info.num_oov_buckets or info.axis == 1 and shape[1] != info.new_vocab_size + info.num_oov_buckets:
        raise ShapeError(f"warm_start: {describe(v)} has not {info.new_vocab_size} + {info.num_oov_buckets} places along axis {info.axis}{here()}")
    places = _places(info, count, there[info.axis])
    with v.graph.as_default(), v.graph.control_dependencies(None), v.graph.name_scope(f"{v.label}/warm_start"):
        old = checkpoint_value.build(v.graph, (), {"path": path, "tensor": tensor, "part": None, "type": kind})
        return _joined(old, places, shape, info)


def _places(info: VocabInfo, count: int, rows: int) -> list[int]:
    """Where in the old variable each of the first new words stands, -1 for none. InvalidArgumentError, ShapeError."""
    new, old = _words(info.new_vocab), _words(info.old_vocab)
    for what, words, needed in ("new_vocab", new, count), ("old_vocab", old, info.old_vocab_size):
        if len(words) < needed:
            raise InvalidArgumentError(f"warm_start: {what} has {len(words)} words, not {needed}{here()}")
        if len(set(words)) < len(words):
            twice = next(w for i, w in enumerate(words) if w in words[:i])
            raise InvalidArgumentError(f"warm_start: {what} has the word {twice!r:.60} twice{here()}")
    first = old if info.old_vocab_size < 0 or info.axis else old[:info.old_vocab_size]
    at = {word: i for i, word in enumerate(first)}
    places = [at.get(word, -1) for word in new[:count]]
    if max(places, default=-1) >= rows:
        raise ShapeError(f"warm_start: a word has the place {max(places)} in old_vocab, and the variable in the checkpoint {rows} places{here()}")
    return places


def _words(path: Any) -> list[bytes]:
    with open_file(path_of(path, "VocabInfo")) as file:
        data: bytes = file.read()
    return data.split(b"\n")[:-1] if data.endswith(b"\n") else data.split(b"\n")


def _joined(old: Node, places: list[int], shape: tuple[int, ...], info: VocabInfo) -> Node:
    """The old values at their new places, and initial values for all else: first for words without a place, then behind the words."""
    start: Callable[..., Any] = info.backup_initializer or zeros_initializer()
    axis, missing = info.axis, places.count(-1)
    beside = int(np.prod(shape, dtype=np.int64)) // shape[axis] if shape[axis] else 0

    def sized(n: int) -> list[int]:
        return [n if i == axis else size for i, size in enumerate(shape)]
    parts = [old]
    if missing:
        parts.append(reshape(to_node(start([missing * beside, 1])), sized(missing)))
    whole = concat(parts, axis) if missing else old
    kept = (old.type.shape or ())[axis] or 0
    behind = iter(range(kept, kept + missing))
    found = gather(whole, np.array([next(behind) if p < 0 else p for p in places], np.int64), axis=axis)
    rest = shape[axis] - len(places)
    return concat([found, to_node(start(sized(rest)))], axis) if rest else found
