"""Convolutions and pools, forward and gradients, beside PyTorch's in both layouts: `python -m tests.bench.convolutions [--only A,B] [--rounds N]`.

Each library has a process of its own, whose threads sleep while the other's is asked; a figure is the least time of a call: on one thread the
processor's, which others on the machine hardly change. PyTorch's tensors lie channels first and channels last: the better of the two is what a
ratio is to. Without PyTorch there are graphc's times alone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

import graphc as tf

with suppress(ImportError):
    import torch

Call = Callable[[], Any]
PAUSE = 0.02            # seconds in which the threads of the program before stop spinning
TURN = 0.03             # seconds of calls a turn
LINE = 64               # bytes of a line of the cache


class Shape(NamedTuple):
    """A convolution: images, height, width and channels, height and width of the filter, outputs, stride, whether the border is padded."""

    name: str
    images: int
    size: tuple[int, int]
    channels: int
    sides: tuple[int, int]
    outputs: int
    stride: int = 1
    same: bool = True

    @property
    def padding(self) -> tuple[int, int]:
        """What is put around each axis, as PyTorch takes it: the same before and behind."""
        return (self.sides[0] // 2, self.sides[1] // 2) if self.same else (0, 0)


SHAPES = (
    Shape("lenet2", 32, (14, 14), 32, (5, 5), 64), Shape("lenet1", 32, (28, 28), 1, (5, 5), 32),
    Shape("56x64 b1", 1, (56, 56), 64, (3, 3), 64), Shape("56x64 b16", 16, (56, 56), 64, (3, 3), 64),
    Shape("28x128 b1", 1, (28, 28), 128, (3, 3), 128), Shape("28x128 b16", 16, (28, 28), 128, (3, 3), 128),
    Shape("14x256 b1", 1, (14, 14), 256, (3, 3), 256), Shape("14x256 b16", 16, (14, 14), 256, (3, 3), 256),
    Shape("7x512 b1", 1, (7, 7), 512, (3, 3), 512), Shape("7x512 b16", 16, (7, 7), 512, (3, 3), 512),
    Shape("56x64 s2", 16, (56, 56), 64, (3, 3), 128, 2), Shape("28x128 s2 valid", 16, (28, 28), 128, (3, 3), 256, 2, False),
    Shape("1x1 56 64-256", 16, (56, 56), 64, (1, 1), 256), Shape("1x1 14 1024-256", 16, (14, 14), 1024, (1, 1), 256),
    Shape("5x5 28x64", 16, (28, 28), 64, (5, 5), 64), Shape("first 7x7 s2", 8, (112, 112), 3, (7, 7), 64, 2),
    Shape("first 3x3", 16, (32, 32), 3, (3, 3), 32), Shape("text 1x5", 32, (1, 56), 128, (1, 5), 128),
)


class Pool(NamedTuple):
    """A pool: of which kind, images, size of a side, channels, side of the window, stride, padding on each side."""

    name: str
    kind: str
    images: int
    size: int
    channels: int
    window: int
    stride: int
    padding: int = 0


POOLS = (
    Pool("max 2x2 28x32 b32", "max", 32, 28, 32, 2, 2), Pool("max 2x2 56x64 b16", "max", 16, 56, 64, 2, 2),
    Pool("max 3x3 s2 112x64 b16", "max", 16, 112, 64, 3, 2, 1), Pool("max 3x3 s1 28x64 b16", "max", 16, 28, 64, 3, 1, 1),
    Pool("avg 2x2 56x64 b16", "avg", 16, 56, 64, 2, 2), Pool("avg 3x3 s2 56x64 b16", "avg", 16, 56, 64, 3, 2, 1),
    Pool("avg 7x7 7x512 b16", "avg", 16, 7, 512, 7, 1),
)


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def aligned(x: np.ndarray) -> np.ndarray:
    """A copy that begins at a line of the cache, as PyTorch's tensors and whatever a program computes itself do: NumPy's arrays need not."""
    room = np.empty(x.nbytes + LINE, np.uint8)
    begin = -room.ctypes.data % LINE
    found = room[begin:begin + x.nbytes].view(x.dtype).reshape(x.shape)
    found[...] = x
    return found


def ours(threads: int, inputs: Sequence[np.ndarray], build: Callable[..., Any]) -> Call:
    """A call of a compiled graph on arrays that it reads where they lie: as PyTorch's tensors are its own, on copies."""
    inputs = [aligned(x) for x in inputs]
    with tf.Graph().as_default():
        places = [tf.placeholder(x.dtype, x.shape) for x in inputs]
        fetches = build(*places)
        call = tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)).make_callable(fetches, places)
    return lambda: call(*inputs)


def moved(x: np.ndarray, last: bool) -> Any:
    """An array with its channels last as a tensor of PyTorch's, which lies so, or with its channels first."""
    there = torch.from_numpy(x).permute(0, 3, 1, 2)
    return there.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


def convolutions(shape: Shape, threads: int, last: bool | None) -> Iterator[tuple[str, Call]]:
    """Forward, gradient to the input, gradient to the filter. `last`: PyTorch's layout, None for graphc."""
    x, w = drawn(shape.images, *shape.size, shape.channels), drawn(*shape.sides, shape.channels, shape.outputs)
    pairs = [(0, 0), *((p, p) for p in shape.padding), (0, 0)]
    places = [(n + 2 * p - k) // shape.stride + 1 for n, p, k in zip(shape.size, shape.padding, shape.sides, strict=True)]
    g = drawn(shape.images, *places, shape.outputs)
    if last is None:
        how = {"strides": [1, shape.stride, shape.stride, 1], "padding": pairs}
        yield "forward", ours(threads, [x, w], lambda a, b: tf.nn.conv2d(a, b, **how))
        yield "input", ours(threads, [w, g], lambda b, c: tf.nn.conv2d_backprop_input(x.shape, b, c, **how))
        yield "filter", ours(threads, [x, g], lambda a, c: tf.nn.conv2d_backprop_filter(a, w.shape, c, **how))
        return
    a, c = moved(x, last), moved(g, last)
    b = torch.from_numpy(w).permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
    yield "forward", lambda: torch.conv2d(a, b, stride=shape.stride, padding=shape.padding)
    for name, mask in (("input", [True, False, False]), ("filter", [False, True, False])):
        yield name, lambda mask=mask: torch.ops.aten.convolution_backward(
            c, a, b, None, [shape.stride] * 2, shape.padding, [1, 1], False, [0, 0], 1, mask)


def pools(pool: Pool, threads: int, last: bool | None) -> Iterator[tuple[str, Call]]:
    """Forward, and forward with the gradient to the input."""
    x = drawn(pool.images, pool.size, pool.size, pool.channels)
    count = (pool.size + 2 * pool.padding - pool.window) // pool.stride + 1
    g = drawn(pool.images, count, count, pool.channels)
    if last is None:
        pairs = [(0, 0), (pool.padding,) * 2, (pool.padding,) * 2, (0, 0)]
        made = tf.nn.max_pool if pool.kind == "max" else tf.nn.avg_pool

        def both(a: Any, c: Any) -> list[Any]:
            y = made(a, pool.window, pool.stride, pairs)
            return [y, tf.gradients(y, a, c)[0]]
        yield "forward", ours(threads, [x], lambda a: made(a, pool.window, pool.stride, pairs))
        yield "with gradient", ours(threads, [x, g], both)
        return
    a, c = moved(x, last), moved(g, last)
    function = torch.nn.functional.max_pool2d if pool.kind == "max" else torch.nn.functional.avg_pool2d
    extra = {} if pool.kind == "max" else {"count_include_pad": False}
    yield "forward", lambda: function(a, pool.window, pool.stride, pool.padding, **extra)
    b = a.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    yield "with gradient", lambda: torch.autograd.grad(function(b, pool.window, pool.stride, pool.padding, **extra), b, c)


def depthwise(shape: Shape, threads: int, last: bool | None) -> Iterator[tuple[str, Call]]:
    """Forward and both gradients of a convolution of each channel by itself."""
    x, w = drawn(shape.images, *shape.size, shape.channels), drawn(*shape.sides, shape.channels, 1)
    pairs = [(0, 0), *((p, p) for p in shape.padding), (0, 0)]
    places = [(n + 2 * p - k) // shape.stride + 1 for n, p, k in zip(shape.size, shape.padding, shape.sides, strict=True)]
    g = drawn(shape.images, *places, shape.channels)
    if last is None:
        how = {"strides": [1, shape.stride, shape.stride, 1], "padding": pairs}
        yield "forward", ours(threads, [x, w], lambda a, b: tf.nn.depthwise_conv2d(a, b, **how))
        yield "input", ours(threads, [w, g], lambda b, c: tf.nn.depthwise_conv2d_native_backprop_input(x.shape, b, c, **how))
        yield "filter", ours(threads, [x, g], lambda a, c: tf.nn.depthwise_conv2d_native_backprop_filter(a, w.shape, c, **how))
        return
    a, c = moved(x, last), moved(g, last)
    b = torch.from_numpy(w).permute(2, 3, 0, 1).contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
    yield "forward", lambda: torch.conv2d(a, b, stride=shape.stride, padding=shape.padding, groups=shape.channels)
    for name, mask in (("input", [True, False, False]), ("filter", [False, True, False])):
        yield name, lambda mask=mask: torch.ops.aten.convolution_backward(
            c, a, b, None, [shape.stride] * 2, shape.padding, [1, 1], False, [0, 0], shape.channels, mask)


DEPTHWISE = (Shape("depthwise 56x64 b1", 1, (56, 56), 64, (3, 3), 64), Shape("depthwise 28x128 b16", 16, (28, 28), 128, (3, 3), 128),
             Shape("depthwise 28x128 s2", 16, (28, 28), 128, (3, 3), 128, 2))


class Block:
    """Two 3x3 convolutions of 64 channels with batch normalisation, a rectifier after the first and after what is carried past both is added."""

    images, size, channels = 16, 56, 64

    @staticmethod
    def graphc(x: Any, *params: Any) -> Any:
        w1, scale1, shift1, w2, scale2, shift2 = params
        y, _, _ = tf.nn.fused_batch_norm(tf.nn.conv2d(x, w1, 1, "SAME"), scale1, shift1)
        y, _, _ = tf.nn.fused_batch_norm(tf.nn.conv2d(tf.nn.relu(y), w2, 1, "SAME"), scale2, shift2)
        return tf.nn.relu(y + x)

    @staticmethod
    def torch(x: Any, *params: Any) -> Any:
        w1, scale1, shift1, w2, scale2, shift2 = params
        norm, conv = torch.nn.functional.batch_norm, torch.conv2d
        y = torch.relu(norm(conv(x, w1, padding=1), None, None, scale1, shift1, training=True, eps=1e-3))
        return torch.relu(norm(conv(y, w2, padding=1), None, None, scale2, shift2, training=True, eps=1e-3) + x)


def blocks(_: Any, threads: int, last: bool | None) -> Iterator[tuple[str, Call]]:
    """Forward, and forward with the gradients to the input and to all parameters."""
    c = Block.channels
    x = drawn(Block.images, Block.size, Block.size, c)
    filters = [drawn(3, 3, c, c) / 24 for _ in range(2)]
    params = [filters[0], drawn(c), drawn(c), filters[1], drawn(c), drawn(c)]
    if last is None:
        def both(a: Any, g: Any, *p: Any) -> list[Any]:
            y = Block.graphc(a, *p)
            return [y, *tf.gradients(y, [a, *p], g)]
        yield "forward", ours(threads, [x, *params], Block.graphc)
        yield "with gradients", ours(threads, [x, x, *params], both)
        return
    a, g = moved(x, last).requires_grad_(), moved(x, last)
    layout = torch.channels_last if last else torch.contiguous_format
    p = [(torch.from_numpy(v).permute(3, 2, 0, 1).contiguous(memory_format=layout) if v.ndim == 4 else torch.from_numpy(v)).requires_grad_()
         for v in params]

    def forward() -> Any:
        with torch.no_grad():
            return Block.torch(a, *p)
    yield "forward", forward
    yield "with gradients", lambda: torch.autograd.grad(Block.torch(a, *p), [a, *p], g)


GROUPS: dict[str, tuple[Sequence[Any], Callable[..., Iterator[tuple[str, Call]]]]] = {
    "convolutions": (SHAPES, convolutions), "pools": (POOLS, pools), "depthwise": (DEPTHWISE, depthwise),
    "blocks": ((Shape("block 56x64 b16", 16, (56, 56), 64, (3, 3), 64),), blocks),
}


def turn(call: Call, clock: Callable[[], float]) -> float:
    """The least milliseconds of some calls."""
    found, begun = float("inf"), clock()
    while True:
        before = clock()
        call()
        after = clock()
        found = min(found, after - before)
        if after - begun > TURN:
            return 1e3 * found


def serve(pipe: Any, group: str, own: bool, threads: int) -> None:
    """The life of a library's process: told a row's number, it makes its programs; then it takes a turn of each whenever told so."""
    if not own:
        torch.set_num_threads(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    rows, make = GROUPS[group]
    made: list[dict[str, Call]] = []
    for told in iter(pipe.recv, None):
        if told == "turn":
            pipe.send([{what: turn(call, clock) for what, call in programs.items()} for programs in made])
            continue
        made = [dict(make(rows[told], threads, last)) for last in ((None,) if own else (False, True))]
        for call in (call for programs in made for call in programs.values()):
            call()
        pipe.send(None)


def measured(pipes: Sequence[Any], number: int, rounds: int) -> dict[str, list[float]]:
    """The least milliseconds of what a row has, of each library and layout."""
    for pipe in pipes:
        pipe.send(number)
        pipe.recv()
    best: dict[str, list[float]] = {}
    for _ in range(rounds):
        found: list[dict[str, float]] = []
        for pipe in pipes:
            time.sleep(PAUSE)
            pipe.send("turn")
            found += pipe.recv()
        for what in found[0]:
            times = [f[what] for f in found]
            best[what] = [min(pair) for pair in zip(best.get(what, times), times, strict=True)]
    return best


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.convolutions", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--groups", default=",".join(GROUPS), help="default: %(default)s")
    parser.add_argument("--only", default="", help="names, or parts of names, of the rows wanted")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5, help="turns that each program gets")
    args = parser.parse_args()
    ratios: dict[str, list[float]] = {}
    context = multiprocessing.get_context("spawn")
    for group in args.groups.split(","):
        pipes = []
        for own in (True, False)[:2 if "torch" in globals() else 1]:
            mine, theirs = context.Pipe()
            context.Process(target=serve, args=(theirs, group, own, args.threads), daemon=True).start()
            pipes.append(mine)
        for number, row in enumerate(GROUPS[group][0]):
            if any(part in row.name for part in args.only.split(",")):
                for what, times in measured(pipes, number, args.rounds).items():
                    ratio = times[0] / min(times[1:], default=float("nan"))
                    ratios.setdefault(f"{group}, {what}", []).append(ratio)
                    print(f"{row.name:24}{what:16}" + "".join(f"{t:9.3f}" for t in times) + f"{ratio:8.2f}", flush=True)
        for pipe in pipes:
            pipe.send(None)
    for what, found in ratios.items():
        print(f"{what:40} geometric mean {np.exp(np.mean(np.log(found))):.2f}, largest {max(found):.2f}")


if __name__ == "__main__":
    main()
