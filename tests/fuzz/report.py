"""A finding as a Python program that shows it, of graphc's public names and numpy."""

from __future__ import annotations

from .derivatives import widened
from .recipe import HEAD, Recipe, graph_text

_RUNS = """

def results(jit=True, threads=1, feeds=feeds):
    config = tf.ConfigProto(intra_op_parallelism_threads=threads, flush_denormals=False)
    found = []
    with tf.Session(jit=jit, config=config) as session:
        for run in range(3):
            values = [*session.run(fetches, feeds), *(session.run(variables) if variables else [])]
            found.append([np.array(v) for v in values])
            for v in values:
                if isinstance(v, np.ndarray):
                    v.fill(1)                                   # a result is the caller's
    return found


"""
# What a program prints for an oracle, by the beginning of its name.
_SHOWN = {
    "two threads": 'bind.PARALLEL, routines.PARALLEL_FLOPS = 4, 1     # share out all loops\nprint(results())\nprint(results(threads=2))\n',
    "second run": 'for run in results():\n    print(run)\n',
    "fresh memory": '''for pattern in (0xFF, 0x41):
    def uninitialised(size, dtype):
        array = np.empty(size, dtype)
        array.view(np.uint8).fill(pattern)
        return array
    memory.uninitialised = uninitialised
    print(results())
''',
    "feeds in Fortran": 'print(results())\nprint(results(feeds={f: np.array(a, order="F") for f, a in feeds.items()}))\n',
    "feeds with negative": 'print(results())\nback = {f: (slice(None, None, -1),) * a.ndim for f, a in feeds.items()}\n'
                           'print(results(feeds={f: np.ascontiguousarray(a[back[f]])[back[f]] if a.ndim else a for f, a in feeds.items()}))\n',
    "feeds read-only": 'print(results())\nfor a in feeds.values():\n    a.flags.writeable = False\nprint(results())\n',
    "feeds as lists": 'print(results())\nprint(results(feeds={f: a.tolist() for f, a in feeds.items()}))\n',
    "feeds unaligned": 'print(results())\nfor f, a in feeds.items():\n    raw = np.empty(a.nbytes + 1, np.uint8)\n'
                       '    feeds[f] = raw[1:].view(a.dtype).reshape(a.shape)\n    feeds[f][...] = a\nprint(results())\n',
    "bound anew": '''for step in (1, 5):
    others = {f: np.resize(a, [n + step if d.value is None and n > 1 else n for d, n in zip(f.shape, a.shape)]) for f, a in feeds.items()}
    with tf.Session() as session:
        session.run(fetches, others)
        print(session.run(fetches, feeds), results()[0])
''',
    "gradients": '''ys = [f for f in fetches if f.op.outputs and f.dtype.is_floating]
xs = [f for f in feeds if f.dtype.is_floating]
for x, g in zip(xs, tf.gradients(ys, xs, unconnected_gradients="zero")):
    with tf.Session() as session:
        value = session.run(g, feeds)
    for at in np.ndindex(feeds[x].shape):
        ends = []
        for h in (1e-4, -1e-4):
            moved = {**feeds, x: feeds[x].copy()}
            moved[x][at] += h
            with tf.Session(jit=False) as session:
                ends.append(sum(y.sum() for y in session.run(ys, moved)))
        print(x.name, at, value[at], (ends[0] - ends[1]) / 2e-4)
''',
    "jvp": '''ys = [f for f in fetches if f.op.outputs and f.dtype.is_floating]
xs = [f for f in feeds if f.dtype.is_floating]
tangents = [np.full(feeds[x].shape, 0.5) for x in xs]
with tf.Session() as session:
    weights = [np.full_like(y, 0.5) for y in session.run(ys, feeds)]
    forward = session.run(tf.jvp(ys, xs, tangents, unconnected_gradients="zero"), feeds)
    backward = session.run(tf.vjp(ys, xs, weights, unconnected_gradients="zero"), feeds)
print(sum(np.sum(a * b) for a, b in zip(weights, forward)), sum(np.sum(a * b) for a, b in zip(tangents, backward)))
''',
    "feeds are left": 'before = {f: a.copy() for f, a in feeds.items()}\nresults()\nprint(before, feeds)\n',
    "reloaded": '''print(results())
graph = tf.Graph.from_json(tf.get_default_graph().to_json())
with tf.Session(graph=graph) as session:
    print([session.run([f.name for f in fetches], {f.name: a for f, a in feeds.items()}) for run in range(3)])
''',
    "one fetch": 'print(results())\nwith tf.Session() as session:\n    print([session.run(f, feeds) for f in fetches])\n',
    "without": '''print(results(jit=False))
passes.PIPELINE[:] = [p for p in passes.PIPELINE if {left!r} not in (p[0], "all passes")]
print(results(jit=False))
''',
    "refused alike": '''for how in ({"jit": False}, {}, {"threads": 2}):
    try:
        print(results(**how))
    except tf.errors.InvalidArgumentError as e:
        print(e)
''',
    "build": "",
    "hang": "print(results())\n",
}
_NAMED = ("compiler.passes", "cpu.bind", "cpu.memory", "cpu.routines")      # modules that what is shown may name
_COMPARED = "print(results(jit=False))\nprint(results())\n"


def script(recipe: Recipe, oracle: str, message: str) -> str:
    """The program: its first comment says what is wrong."""
    if oracle in ("gradients", "jvp = vjp"):
        recipe = widened(recipe)
    shown = next((text for name, text in _SHOWN.items() if oracle.startswith(name)), _COMPARED)
    shown = shown.replace("{left!r}", repr(oracle.removeprefix("without ")))
    modules = {name.rpartition(".")[0] for name in recipe.limits} | {m for m in _NAMED if f"{m.rpartition('.')[2]}." in shown}
    lines = [f"# graph {recipe.seed}, {oracle}: {message.splitlines()[0][:300]}", HEAD.rstrip()]
    lines += [f"from graphc.{folder} import {module}" for folder, _, module in (m.rpartition(".") for m in sorted(modules))]
    lines += [f"{'.'.join(name.split('.')[-2:])} = {value}" for name, value in recipe.limits.items()]
    return "\n".join([*lines, "", graph_text(recipe).rstrip()]) + (_RUNS + shown if shown else "\n")
