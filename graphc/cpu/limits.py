"""What this machine can do at most, measured: bytes that memory gives and takes, floating-point operations, vectors' width."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..ir.types import Array
from . import native
from .assembly import loads
from .kernel.machine import machine
from .tape import Tape, default_threads

STREAM_BYTES = 128 << 20     # several times a last-level cache
ACCUMULATORS = 10            # independent sums: two fused multiply-adds a cycle with a latency of four need eight
REPEATS, DURATION = 5, 0.1   # runs and seconds, both at least: the best run counts, as other programs can only slow one down


class Limits(NamedTuple):
    """What the threads of one session can reach together, measured: bytes and floating-point operations a second.

    Memory takes writes while it gives reads, so `bandwidth_bytes_per_s`, both counted, is up to twice `read_bytes_per_s`.
    """

    bandwidth_bytes_per_s: float
    flops_per_s_f32: float
    flops_per_s_f64: float
    read_bytes_per_s: float


# Four sums at once, that no addition waits for the one before.
_PHIS = "\n".join(f"  %a{k} = phi <16 x float> [ zeroinitializer, %entry ], [ %s{k}, %loop ]" for k in range(4))
_SUMS = "\n".join(f"""  %j{k} = add i64 %i, {k}
  %at{k} = getelementptr <16 x float>, ptr %source, i64 %j{k}
  %x{k} = load <16 x float>, ptr %at{k}
  %s{k} = fadd <16 x float> %a{k}, %x{k}""" for k in range(4))
# Reads n vectors of 64 bytes; with a second buffer in the table, also writes them there, doubled.
_STREAM_IR = f"""
declare float @llvm.vector.reduce.fadd.v16f32(float, <16 x float>)

define i32 @graphc_read(ptr %buffers, ptr %extents, i64 %lo, i64 %hi) {{
entry:
{loads("%buffers", "ptr", "ptr", source=0)}
  br label %loop
loop:
  %i = phi i64 [ %lo, %entry ], [ %i1, %loop ]
{_PHIS}
{_SUMS}
  %i1 = add i64 %i, 4
  %more = icmp slt i64 %i1, %hi
  br i1 %more, label %loop, label %done
done:
  %s01 = fadd <16 x float> %s0, %s1
  %s23 = fadd <16 x float> %s2, %s3
  %s = fadd <16 x float> %s01, %s23
  %total = call reassoc float @llvm.vector.reduce.fadd.v16f32(float 0.0, <16 x float> %s)
  %bad = fcmp uno float %total, %total
  %status = zext i1 %bad to i32
  ret i32 %status
}}

define i32 @graphc_scale(ptr %buffers, ptr %extents, i64 %lo, i64 %hi) {{
entry:
{loads("%buffers", "ptr", "ptr", source=0, to=1)}
  br label %loop
loop:
  %i = phi i64 [ %lo, %entry ], [ %i1, %loop ]
  %at = getelementptr <16 x float>, ptr %source, i64 %i
  %x = load <16 x float>, ptr %at
  %y = fadd <16 x float> %x, %x
  %there = getelementptr <16 x float>, ptr %to, i64 %i
  store <16 x float> %y, ptr %there
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %hi
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}}
"""


def _multiply_add_ir(name: str, lanes: int) -> str:
    """Assembly of a loop that only multiplies and adds, in registers: x = x / 2 + 1, which stays at 2."""
    vector, suffix = f"<{lanes} x {name}>", f"v{lanes}{'f32' if name == 'float' else 'f64'}"
    every = range(ACCUMULATORS)
    phis = "\n".join(f"  %a{k} = phi {vector} [ zeroinitializer, %entry ], [ %b{k}, %loop ]" for k in every)
    steps = "\n".join(f"  %b{k} = call {vector} @llvm.fmuladd.{suffix}({vector} %a{k}, {vector} %half, {vector} %one)" for k in every)
    sums = "\n".join(f"  %t{k + 1} = fadd {vector} %{'t' if k else 'b'}{k}, %b{k + 1}" for k in range(ACCUMULATORS - 1))
    spread = f"{vector} poison, <{lanes} x i32> zeroinitializer"
    return f"""
declare {vector} @llvm.fmuladd.{suffix}({vector}, {vector}, {vector})
declare {name} @llvm.vector.reduce.fadd.{suffix}({name}, {vector})

define i32 @graphc_multiply_add_{name}(ptr %buffers, ptr %extents, i64 %lo, i64 %hi) {{
entry:
  %h = insertelement {vector} poison, {name} 0.5, i64 0
  %half = shufflevector {vector} %h, {spread}
  %o = insertelement {vector} poison, {name} 1.0, i64 0
  %one = shufflevector {vector} %o, {spread}
  br label %loop
loop:
  %i = phi i64 [ %lo, %entry ], [ %i1, %loop ]
{phis}
{steps}
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %hi
  br i1 %more, label %loop, label %done
done:
{sums}
  %total = call reassoc {name} @llvm.vector.reduce.fadd.{suffix}({name} 0.0, {vector} %t{ACCUMULATORS - 1})
  %bad = fcmp uno {name} %total, %total
  %status = zext i1 %bad to i32
  ret i32 %status
}}
"""


def vector_bits() -> int:
    """The width of this processor's vector registers, as far as generated code uses them."""
    features = machine().features.split(",")
    return 512 if "+avx512f" in features else 256 if "+avx" in features else 128


def seconds(run: Callable[[], Any]) -> float:
    """The shortest of several runs after one that does not count."""
    run()
    taken: list[float] = []
    while len(taken) < REPEATS or sum(taken) < DURATION:
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def _shared(address: int, buffers: list[Array], n: int, threads: int) -> float:
    """Seconds of a kernel whose range is shared out among the threads."""
    table = np.array([b.ctypes.data for b in buffers] or [0], np.uintp)
    grain = -(-n // (4 * threads))
    grain += -grain % 4
    tape = Tape.of([(address, table, np.zeros(1, np.int64), n, grain)], threads)
    return seconds(tape.run)


@cache
def limits() -> Limits:
    """Measure this machine, once a process, in less than 1.5 s: streams through memory, and multiply-adds in registers."""
    threads = default_threads()
    memory = np.empty(STREAM_BYTES // 4 + 16, np.float32)    # numpy asks for huge pages, which np.zeros does not
    memory.fill(1.0)                                 # pages that nobody has written all show the same zeros
    memory = memory[-memory.ctypes.data % 64 // 4:][:STREAM_BYTES // 4]
    vectors, half = STREAM_BYTES // 64, memory[STREAM_BYTES // 8:]
    reading, scaling = (native.compile_ir(_STREAM_IR, symbol) for symbol in ("graphc_read", "graphc_scale"))
    read = STREAM_BYTES / _shared(reading, [memory], vectors, threads)
    copied = STREAM_BYTES / _shared(scaling, [memory, half], vectors // 2, threads)
    updated = STREAM_BYTES / _shared(scaling, [half, half], vectors // 2, threads)
    flops = []
    for name, bits in (("float", 32), ("double", 64)):
        lanes = vector_bits() // bits
        address = native.compile_ir(_multiply_add_ir(name, lanes), f"graphc_multiply_add_{name}")
        n = 1_000_000 * threads
        flops.append(2.0 * ACCUMULATORS * lanes * n / _shared(address, [], n, threads))
    return Limits(max(read, copied, updated), flops[0], flops[1], read)
