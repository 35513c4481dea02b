"""Plans whose sizes are open: evaluated at other numbers they are what is compiled for those, to the last extent and offset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest

import graphc as tf
from graphc import testing
from graphc.compiler.groups import Group
from graphc.compiler.passes import optimise
from graphc.compiler.plan import Plan
from graphc.cpu.alike import Writer
from graphc.cpu.code import Code, texts
from graphc.cpu.kernel_text import KernelText
from graphc.cpu.program import Program
from graphc.cpu.routines import Product
from graphc.errors import GraphcError
from graphc.ir.node import Node
from graphc.ir.scope import Scope
from graphc.ir.sizes import at_hand
from graphc.ir.types import TensorType
from graphc.runtime import call
from graphc.runtime.variants import NOTHING, Variants
from tests.bench.backends import tf1_ops
from tests.bench.workloads import WORKLOADS
from tests.digest import no_kernels, without_places
from tests.fuzz.generate import recipe
from tests.fuzz.recipe import Leaf, build
from tests.ir.opened import opened


@pytest.fixture(autouse=True)
def for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans for any number of elements: what is better for few is a plan of its own, for those alone."""
    monkeypatch.setattr(call, "PREFERRING", 0)


# Where a size is made a number still, "file:function": what is compiled there serves one size. The list may only shrink.
FIXED_AT = {
    "ops/array_gather.py:_nd_gathered": "of how many numbers a position consists is a number of axes",
    "ops/array_gather.py:_nd_scattered": "the same",
    "ops/updates.py:_changed_type": "the same",
    "ops/conv_lower.py:correlated": "the sides of a filter are numbers, of windows or of products that are written out",
    "ops/conv_lower.py:_by_elements": "the same",
    "ops/conv_lower.py:conv_filter_lower": "the same",
    "ops/conv_lower.py:_by_channel": "the same",
    "ops/conv_lower.py:_turned_round": "the same",
    "ops/ctc_decode.py:_distance_type": "the same",
    "ir/operator.py:known_shape": "how many elements a shape has is a rank",
}

Array = np.ndarray[Any, Any]


class Compiled(NamedTuple):
    """A plan with open sizes: what it consists of besides numbers, the sizes in it, and their scope."""

    structure: list[Any]
    sizes: list[Any]
    scope: Scope


def compiled(session: tf.Session, fetches: Sequence[Node], feeds: Mapping[Node, Array]) -> Compiled | None:
    """The plan of a run; None where a stage of its own comes first."""
    call, given = session.calls.prepare(list(fetches), feeds)
    spec, _ = call._specialised(call.arrays(given), NOTHING, [], False)
    if spec.pending:
        return None
    done = iter(optimise([f for f in spec.fetches if f is not None] + [v for _, v in spec.assigns]))
    wanted = [None if f is None else next(done) for f in spec.fetches]
    plan = Plan(wanted, [spec.feeds.get(f) for f in call.feeds], [(v, next(done)) for v, _ in spec.assigns], spec.effects)
    structure: list[Any] = []
    sizes: list[Any] = []
    write = Writer(plan.schedule.stored, plan.layout)
    for step in plan.schedule.steps:
        for text in texts(step, plan, write, lambda body: Code(body, 1, spec.scope)):
            described(plan, text, structure, sizes)
        nodes = step.members if isinstance(step, Group) else [step.node, *plan.items(step.node)]
        for n in nodes:
            structure.append((n.operator.name, n.label))
            if plan.stored(n) and isinstance(n.type, TensorType):
                stored(plan, n, structure, sizes)
    for f in plan.fetches:
        if f is not None:
            stored(plan, f, structure, sizes)
    return Compiled(structure, sizes, spec.scope)


def described(plan: Plan, text: Any, structure: list[Any], sizes: list[Any]) -> None:
    """Take a step's text apart into what is of no size, and its sizes."""
    if isinstance(text, KernelText):
        structure += [text.source, text.grain, text.chunk, [(s.role, s.dtype) for s in text.slots]]
        structure += [len(text.extents), [c.node.label for c in text.checks]]
        sizes += [*text.extents, text.n, text.work, *(s.size for s in text.slots)]
        for slot in text.slots:
            if slot.node is not None and slot.role in ("in", "out"):
                stored(plan, slot.node, structure, sizes)
    elif isinstance(text, Product):
        structure += [text.source, len(text.extents), len(text.batch)]
        sizes += [*text.extents, *text.numbers()]
        for x in text.operands:
            stored(plan, x, structure, sizes)
    else:
        structure.append(text.operator.name if isinstance(text, Node) else type(text).__name__)


def stored(plan: Plan, node: Node, structure: list[Any], sizes: list[Any]) -> None:
    """Take apart where a value lies."""
    where = plan.layout(node)
    structure += [where.buffer.kind, where.buffer.given, str(where.buffer.dtype), len(where.strides)]
    sizes += [where.buffer.size, where.offset, *where.strides, *node.type.shape]


def numbers(feeds: Mapping[Node, Array]) -> list[int]:
    """The numbers of the free sizes, in the order of the scope."""
    return [n for f, a in feeds.items() for declared, n in zip(f.type.shape or (None,) * a.ndim, a.shape, strict=True) if declared is None]


def resized(feeds: Mapping[Node, Array], step: int) -> dict[Node, Array]:
    """Feeds whose open sizes above 1 are larger, equal ones equally."""
    def array(f: Node, a: Array) -> Array:
        dims = f.type.shape if f.type.shape is not None else (None,) * a.ndim
        return np.resize(a, [n + step * (n > 4) + step if d is None and n > 1 else n for d, n in zip(dims, a.shape, strict=True)])
    return {f: array(f, a) for f, a in feeds.items()}


def same_elsewhere(session: tf.Session, fetches: Sequence[Node], feeds: Mapping[Node, Array], step: int) -> bool:
    """Whether the plan serves other sizes too; then it is that of a compilation for those. AssertionError."""
    here = compiled(session, fetches, feeds)
    other = resized(feeds, step)
    if here is None or not here.scope.holds()(*numbers(other)):
        return False
    there = compiled(session, fetches, other)
    assert there is not None and there.scope.holds()(*numbers(other))
    assert here.structure == there.structure
    assert here.scope.evaluator(here.sizes)(*numbers(other)) == tuple(map(at_hand, there.sizes))
    if step == 1:
        same_program(session, fetches, feeds, other)
    return True


def same_program(session: tf.Session, fetches: Sequence[Node], feeds: Mapping[Node, Array], other: Mapping[Node, Array]) -> None:
    """A program bound to other sizes is, but for places in the arena, what is compiled for those. AssertionError."""
    call, given = session.calls.prepare(list(fetches), feeds)
    others = call.arrays([other[f] for f in call.feeds])
    with no_kernels():
        variants = Variants(partial(call.stage, call.finish))
        variants.at(call.arrays(given))
        moved, made = variants.at(others).program, call.compile(others)
    assert len(variants.variants) == 1 and isinstance(moved, Program) and isinstance(made, Program)
    assert without_places(moved) == without_places(made)


@pytest.mark.parametrize("op", testing.testable(), ids=lambda op: op.name)
def test_operators(op: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compiled at one size and evaluated at another is what is compiled there; and no size is made a number but where it is known."""
    found: set[str] = set()
    fix = Scope.fix
    monkeypatch.setattr(Scope, "fix", lambda scope, size: (fix(scope, size), found.update(scope.fixed))[0])
    with tf.Graph().as_default(), tf.Session() as session:
        for _, results, gradients, feeds in opened(op):
            for fetches in (results, gradients):
                for step in (1, 2, 5):
                    same_elsewhere(session, fetches, feeds, step)
    assert found <= set(FIXED_AT)


def mlp() -> tuple[list[Any], dict[Node, Array]]:
    x, y = tf.placeholder(tf.float32, [None, 30], name="pixels"), tf.placeholder(tf.int64, [None], name="labels")
    w = [tf.Variable(np.zeros(s, np.float32)) for s in ((30, 20), (20, 5))]
    b = [tf.Variable(np.zeros(n, np.float32)) for n in (20, 5)]
    logits = tf.nn.relu(x @ w[0] + b[0]) @ w[1] + b[1]
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    return [loss, tf.train.AdamOptimizer(0.1).minimize(loss)], {x: np.zeros((16, 30), np.float32), y: np.zeros(16, np.int64)}


def lstm() -> tuple[list[Any], dict[Node, Array]]:
    """Unrolled over six steps, the batch open."""
    x, y = tf.placeholder(tf.float32, [6, None, 4], name="words"), tf.placeholder(tf.int64, [None], name="labels")
    wx, wh, wo = (tf.Variable(np.full(s, 0.1, np.float32)) for s in ((4, 12), (3, 12), (3, 5)))
    zs = tf.reshape(tf.matmul(tf.reshape(x, [-1, 4]), wx), [6, -1, 12])
    h = c = tf.zeros([tf.shape(x)[1], 3])
    for t in range(6):
        i, f, g, o = tf.split(zs[t] + tf.matmul(h, wh), 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=tf.matmul(h, wo)))
    return [loss, tf.train.GradientDescentOptimizer(0.1).minimize(loss)], {x: np.zeros((6, 16, 4), np.float32), y: np.zeros(16, np.int64)}


def transformer() -> tuple[list[Any], dict[Node, Array]]:
    """A block of attention with two heads, the batch and the length open."""
    x = tf.placeholder(tf.float32, [None, None, 8], name="tokens")
    b, t = tf.shape(x)[0], tf.shape(x)[1]
    w = [tf.Variable(np.full((8, n), 0.1, np.float32)) for n in (8, 8, 8, 8, 16)]
    back = tf.Variable(np.full((16, 8), 0.1, np.float32))

    def heads(y: Any, weight: Any) -> Any:
        return tf.transpose(tf.reshape(tf.matmul(tf.reshape(y, [-1, 8]), weight), [b, t, 2, 4]), [0, 2, 1, 3])
    scores = tf.matmul(heads(x, w[0]), heads(x, w[1]), transpose_b=True)
    seen = tf.matmul(tf.nn.softmax(scores + tf.matrix_band_part(tf.ones([t, t]), 0, -1)), heads(x, w[2]))
    joined = tf.reshape(tf.transpose(seen, [0, 2, 1, 3]), [-1, 8])
    y = tf.reshape(x, [-1, 8]) + tf.matmul(joined, w[3])
    mean = tf.reduce_mean(y, axis=1, keep_dims=True)
    y = (y - mean) * tf.rsqrt(tf.reduce_mean(tf.square(y - mean), axis=1, keep_dims=True) + 1e-6)
    y = y + tf.matmul(tf.nn.relu(tf.matmul(y, w[4])), back)
    loss = tf.reduce_mean(tf.square(y))
    return [loss, tf.train.AdamOptimizer(0.1).minimize(loss)], {x: np.zeros((6, 9, 8), np.float32)}


def workload(name: str) -> tuple[list[Any], dict[Node, Array]]:
    """A workload of the benchmarks; the leading axis of what is fed is open."""
    w = WORKLOADS[name](True)
    places = {k: tf.placeholder(v.dtype, (None, *v.shape[1:]), name=k) for k, v in w.inputs.items()}
    value = w.forward(tf1_ops(tf), **places, **{k: tf.Variable(v, name=k) for k, v in w.params.items()})
    fetches = [value, *(tf.gradients(value, [places[k] for k in w.wrt]) if w.wrt else ())]
    if w.optimizer:
        fetches.append(tf.train.AdamOptimizer(w.rate).minimize(value))
    return fetches, {places[k]: v for k, v in w.inputs.items()}


# What is decided on them beside that sizes are 2 at least: which are one; and what makes another plan, as columns of many rows do.
DECIDED = {
    "mlp": ["-1*labels.0 + pixels.0 == 0: True", "4096 + -1*pixels.0 < 0: False"],
    "lstm": ["-1*labels.0 + words.1 == 0: True"],
    "transformer": ["16384 + -1*tokens.1 < 0: False"],
    "logreg_step": ["-1*labels.0 + x.0 == 0: True", "4096 + -1*x.0 < 0: False"],
    "mlp_step": ["-1*labels.0 + x.0 == 0: True", "4096 + -1*x.0 < 0: False"],
    "xor_step": ["-1*y.0 + x.0 == 0: True", "4096 + -1*x.0 < 0: False"],
}
BATCHES = ("dispatch", "fused_f32", "fused_grad_f32", "fused_grad_f64", "logreg_step", "mlp_step", "xor_step")
GRAPHS: dict[str, Callable[[], tuple[list[Any], dict[Node, Array]]]] = {
    "mlp": mlp, "lstm": lstm, "transformer": transformer, **{name: partial(workload, name) for name in BATCHES}}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs(name: str) -> None:
    """One plan serves all batch sizes but 0 and 1."""
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feeds = GRAPHS[name]()
        for step in (1, 2, 5, 300):
            assert same_elsewhere(session, fetches, feeds, step)
        here = compiled(session, fetches, feeds)
        assert here is not None and not here.scope.fixed
        assert here.scope.decisions()[len(numbers(feeds)):] == DECIDED.get(name, [])


@pytest.mark.fuzz
def test_random_graphs() -> None:
    """The fuzzer's graphs, all that is fed of open sizes, where they can be declared so: of three other sizes each a third is served."""
    served = 0
    for seed in range(200):
        drawn = recipe(seed)
        steps = tuple(replace(s, open=tuple(range(len(s.shape)))) if isinstance(s, Leaf) and s.kind == "feed" else s for s in drawn.steps)
        try:
            built = build(replace(drawn, steps=steps))
        except (GraphcError, ValueError, IndexError):
            continue                    # an attribute is not known without the sizes
        fetches = [f for f in built.fetches if isinstance(f, Node)]
        with built.graph.as_default(), tf.Session(graph=built.graph) as session:
            for step in (1, 2, 5):
                try:
                    served += bool(fetches and numbers(built.feeds)) and same_elsewhere(session, fetches, built.feeds, step)
                except GraphcError:     # what is a number in the graph does not fit other sizes
                    continue
    assert served >= 200


DATA = np.arange(300, dtype=np.float32).reshape(100, 3)
# What a fed number decides the sizes of: one plan serves (and does not serve) these.
FED: list[tuple[str, Callable[[Any], Any], int, list[int], list[int]]] = [
    ("a window", lambda n: tf.constant(DATA)[n:n + 10] * 2.0, 4, [0, 1, 5, 90], [-1, 91, 100]),
    ("a beginning", lambda n: tf.constant(DATA)[:n] * 2.0, 7, [2, 50], [0, -1, 101]),
    ("a range", lambda n: tf.range(n) * 2, 5, [2, 6, 1000], [0, 1]),
    ("a constant", lambda n: tf.fill([n, 3], 2.0) * tf.constant([1.0, 2.0, 3.0]), 5, [2, 6, 1000], [-1, 1]),
    ("rows", lambda n: tf.reshape(tf.constant(DATA), [n, -1]) + 1.0, 5, [10, 20], [7, 300, -1]),
]


@pytest.mark.parametrize("build, value, served, others", [row[1:] for row in FED], ids=[row[0] for row in FED])
def test_fed_numbers(build: Callable[[Any], Any], value: int, served: list[int], others: list[int]) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        n = tf.placeholder(tf.int32, [], name="n")
        fetches = [build(n)]
        here = compiled(session, fetches, {n: np.array(value, np.int32)})
        assert here is not None
        holds, evaluate = here.scope.holds(), here.scope.evaluator(here.sizes)
        for k in served:
            there = compiled(session, fetches, {n: np.array(k, np.int32)})
            assert there is not None and holds(k) and here.structure == there.structure
            assert evaluate(k) == tuple(map(at_hand, there.sizes))
        assert not any(map(holds, others))


# A shape put together of what only a run finds (how many are positive: half), of constants, and of a fed size that is left open.
PARTLY: list[tuple[str, Callable[[Any, Any], Any], Callable[[Array], Array]]] = [
    ("reshape", lambda x, n: tf.reshape(x, tf.concat([tf.stack([n, 2]), tf.shape(x)[1:]], 0)), lambda x: x.reshape(-1, 2, x.shape[1])),
    ("reshape of products", lambda x, n: tf.reshape(x, tf.stack([n, 2 * tf.shape(x)[1]])), lambda x: x.reshape(-1, 2 * x.shape[1])),
    ("fill", lambda x, n: tf.fill(tf.concat([[3], tf.shape(x)[1:], [n]], 0), x[0, 0]), lambda x: np.full((3, x.shape[1], len(x) // 2), x[0, 0])),
    ("tile", lambda x, n: tf.tile(x, tf.stack([n, 2])), lambda x: np.tile(x, (len(x) // 2, 2))),
    ("slice", lambda x, n: tf.slice(x, [0, 0], tf.stack([n, tf.shape(x)[1] - 1])), lambda x: x[:len(x) // 2, :-1]),
]


@pytest.mark.parametrize("build, expected", [row[1:] for row in PARTLY], ids=[row[0] for row in PARTLY])
def test_partly_known_shapes(build: Callable[[Any, Any], Any], expected: Callable[[Array], Array]) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, None])
        n = tf.size(tf.where(x[:, 0] > 0)) // 2
        total = tf.while_loop(lambda i, total: i < 3, lambda i, total: (i + 1, total + tf.reduce_sum(build(x + tf.cast(i, tf.float32), n))),
                              [0, 0.0])[1]
        for shape in ((6, 3), (6, 5), (2, 4), (10, 2)):
            value = np.ones(shape, np.float32)
            assert session.run(total, {x: value}) == sum(expected(value + i).sum() for i in range(3))
