"""Matrix products: the function of a library for floats, cut into parts, and generated loops for small and integer ones."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from . import ladder, native
from .assembly import loads, places

SMALL = 64              # multiply-adds up to which a plain loop beats the call of a library, 0.1 us

# Extents of a product: status, mode, transposes as CBLAS spells them, sizes, leading dimensions, steps along the split, size of a part.
_IR = f"""
define i32 @graphc_gemm_TYPE(ptr %buffers, ptr %extents, i64 %lo, i64 %hi) {{
entry:
{loads("%extents", mode=1, ta64=2, tb64=3, m0=4, n0=5, k=6, lda=7, ldb=8, ldc=9, stepa=10, stepb=11, part=12)}
  %ta = trunc i64 %ta64 to i32
  %tb = trunc i64 %tb64 to i32
{loads("%buffers", "ptr", "ptr", a0=0, b0=1, c0=2, gemm=3, table=4)}
  %rows = icmp eq i64 %mode, 0
  %columns = icmp eq i64 %mode, 1
  %batched = icmp eq i64 %mode, 2
  br i1 %batched, label %loop, label %parts
parts:
  %at = phi i64 [ %lo, %entry ], [ %to, %parts ]
  %end = add i64 %at, %part
  %further = icmp slt i64 %end, %hi
  %to = select i1 %further, i64 %end, i64 %hi
  %span = sub i64 %to, %at
  %m = select i1 %rows, i64 %span, i64 %m0
  %n = select i1 %columns, i64 %span, i64 %n0
  %moved = mul i64 %at, %stepa
  %offa = select i1 %rows, i64 %moved, i64 0
  %movedb = mul i64 %at, %stepb
  %offb = select i1 %columns, i64 %movedb, i64 0
  %movedc = mul i64 %at, %ldc
  %offc0 = select i1 %rows, i64 %movedc, i64 0
  %offc = select i1 %columns, i64 %at, i64 %offc0
  %a = getelementptr TYPE, ptr %a0, i64 %offa
  %b = getelementptr TYPE, ptr %b0, i64 %offb
  %c = getelementptr TYPE, ptr %c0, i64 %offc
  call void %gemm(i32 101, i32 %ta, i32 %tb, i64 %m, i64 %n, i64 %k, TYPE 1.0, ptr %a, i64 %lda, ptr %b, i64 %ldb, TYPE 0.0, ptr %c, i64 %ldc)
  br i1 %further, label %parts, label %done
loop:
  %i = phi i64 [ %lo, %entry ], [ %i1, %body ]
  %more = icmp slt i64 %i, %hi
  br i1 %more, label %body, label %done
body:
  %row = mul i64 %i, 3
{places("%table", offsets="%row")}
{loads("%offsets", oa=0, ob=1, oc=2)}
  %ai = getelementptr TYPE, ptr %a0, i64 %oa
  %bi = getelementptr TYPE, ptr %b0, i64 %ob
  %ci = getelementptr TYPE, ptr %c0, i64 %oc
  call void %gemm(i32 101, i32 %ta, i32 %tb, i64 %m0, i64 %n0, i64 %k, TYPE 1.0, ptr %ai, i64 %lda, ptr %bi, i64 %ldb, TYPE 0.0, ptr %ci, i64 %ldc)
  %i1 = add i64 %i, 1
  br label %loop
done:
  ret i32 0
}}
"""


def text(name: str) -> str:
    """The step that splits a product, for LLVM's `float` or `double`."""
    return _IR.replace("TYPE", name)


def gemm(dtype: np.dtype[Any], sizes: Iterable[Any] = ()) -> tuple[int, int]:
    """Addresses of the step that splits a product of these `sizes`, and of the function, called as CBLAS's gemm is, that it calls."""
    largest = ladder.chosen().largest
    return _gemm(dtype.name, largest < ladder.ANY and any(size > largest for size in sizes))


@cache
def _gemm(dtype: str, too_large: bool) -> tuple[int, int]:
    library, name = ladder.loops() if too_large else ladder.chosen(), ladder.TYPES[dtype].llvm
    return native.compile_ir(text(name), f"graphc_gemm_{name}"), library.gemm(dtype)


def loop_source(name: str) -> str:
    """A product by plain loops, rows of all batch items in one range: for small sizes and for integers."""
    return f"""def kernel(buffers, extents, lo, hi):
    a = pointer(buffers, 0, {name})
    b = pointer(buffers, 1, {name})
    c = pointer(buffers, 2, {name})
    table = pointer(buffers, 3, int64)
    m = extents[1]
    n = extents[2]
    k = extents[3]
    a_row = extents[4]
    a_column = extents[5]
    b_row = extents[6]
    b_column = extents[7]
    c_row = extents[8]
    for row in range(lo, hi):
        item = row // m
        i = row % m
        at = load(table, item * 3) + i * a_row
        bt = load(table, item * 3 + 1)
        ct = load(table, item * 3 + 2) + i * c_row
        if b_column == 1:
            for j in range(n):
                store(c, ct + j, {name}(0))
            for p in range(k):
                x = load(a, at + p * a_column)
                for j in range(n):
                    store(c, ct + j, {name}(load(c, ct + j) + x * load(b, bt + p * b_row + j)))
        else:
            for j in range(n):
                total = {name}(0)
                for p in range(k):
                    total = {name}(accumulate_add(total, {name}(load(a, at + p * a_column) * load(b, bt + p * b_row + j * b_column))))
                store(c, ct + j, total)
    return 0
"""
