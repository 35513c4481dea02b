"""Bugs in kernels and in what feeds them: operators' expressions, loops, the schedule, the layout of memory, and runs."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from graphc.compiler import layout, schedule
from graphc.cpu import alike, code, emit, kernel_text, panels_text, program, routines, statements
from graphc.cpu.kernel import casts, scalars
from graphc.ir.families import COMBINES
from graphc.ir.graph import OPERATORS

from .registry import language, plant, plant_in

# ---------------------------------------------------------------------- values of operators

@plant_in("maximum")
def min_for_max() -> None:
    """maximum gives the smaller one."""
    OPERATORS["maximum"].expr = "minimum({x}, {y})"


@plant_in("clip_by_value")
def clip_without_upper_bound() -> None:
    """clip_by_value forgets its upper bound."""
    OPERATORS["clip_by_value"].expr = "maximum({t}, {clip_value_min})"


@plant_in("floordiv")
def floordiv_truncates() -> None:
    """floordiv rounds towards zero."""
    OPERATORS["floordiv"].expr = OPERATORS["truncatediv"].expr


@plant_in("exp")
def exp_in_single_precision() -> None:
    """exp of a double is computed in single precision."""
    OPERATORS["exp"].expr = "{T}(exp(float32({x})))"


@plant_in("less_equal")
def nan_is_not_less() -> None:
    """less_equal is the opposite of greater, which it is not for nan."""
    OPERATORS["less_equal"].expr = "({x} > {y}) ^ boolean(1)"


@language
def bytes_have_signs() -> None:
    """An unsigned byte is widened as if it had a sign."""
    made = casts.convert

    def convert(builder: Any, value: Any, source: Any, target: Any) -> Any:
        from numba.core import types
        return made(builder, value, types.int8 if source is types.uint8 and target is not types.boolean else source, target)
    casts.convert = scalars.convert = convert


@language
def extremes_drop_nan() -> None:
    """The larger of a number and nan is the number."""
    made = scalars._extreme

    def extreme(builder: Any, kind: Any, x: Any, y: Any, largest: bool) -> Any:
        if not hasattr(kind, "bitwidth") or str(kind)[:5] != "float":
            return made(builder, kind, x, y, largest)
        return scalars._overloaded(builder, "maxnum" if largest else "minnum", x, y)
    scalars._extreme = extreme


# ---------------------------------------------------------------------- kernels

def in_kernels(pattern: str, replacement: str) -> None:
    """Change the text of all kernels of fused groups."""
    made = alike.emit

    def changed(*args: Any) -> Any:
        texts = made(*args)
        for text in texts:
            text.source = re.sub(pattern, replacement, text.source)
        return texts
    alike.emit = changed


@plant
def maximum_begins_at_zero() -> None:
    """A largest element is never below 0."""
    made = emit.initial
    emit.initial = lambda combine, dtype: made(COMBINES["add"] if combine is COMBINES["max"] else combine, dtype)


@plant
def last_partial_result_lost() -> None:
    """The last part of a long sum is not added."""
    made = emit.combine_text

    def combine(*args: Any) -> Any:
        text = made(*args)
        text.source = text.source.replace("range(n)", "range(n - 1)")
        return text
    emit.combine_text = combine


@plant
def columns_begin_with_anything() -> None:
    """The sums of columns are added to what their memory holds."""
    in_kernels(r"store\(p\d+, [^,\n]*, (?:u?int|float)\d+\(0\)\)\n", "pass\n")


@plant
def last_rows_of_products_lost() -> None:
    """Where rows do not fill the last tile of a product by panels, the last of them is not stored."""
    made = panels_text.multiply
    panels_text.multiply = lambda *args: made(*args).replace("c_row, acc, left, wide)", "c_row, acc, left - 1, wide)")


@plant
def scatter_begins_with_anything() -> None:
    """Updates are scattered onto what the memory holds."""
    _scatter(r"store\(p\d, a \* rows \* inner \+ i, \w+\(0\)\)", "pass")


@plant
def equal_indices_overwrite() -> None:
    """Of updates with equal indices the last one counts, as the gradient of a gather must not do."""
    _scatter(r"load\(p\d, i\) \+ ", "")


def _scatter(pattern: str, replacement: str) -> None:
    made = code.scatter_texts

    def changed(*args: Any) -> Any:
        texts = made(*args)
        for text in texts:
            text.source = re.sub(pattern, replacement, text.source)
        return texts
    code.scatter_texts = changed


@plant
def odometer_wraps_late() -> None:
    """The index of an outer loop runs one too far."""
    in_kernels(r"if (i\d+) == (n\d+):", r"if \1 > \2:")


@plant
def end_of_long_loops_lost() -> None:
    """What lies behind the last whole block of 64 is not computed."""
    made = alike.emit

    def cut(*args: Any) -> Any:
        texts = made(*args)
        for text in texts:
            text.n -= text.n % 64 if text.n > 64 else 0
        return texts
    alike.emit = cut


@plant
def literals_are_whole() -> None:
    """A constant in a kernel's text loses its fraction."""
    kernel_text.number = statements.number = lambda value: repr(int(value))


@plant
def loops_merged_against_strides() -> None:
    """Two loops become one whatever the strides of the operands are."""
    def loops(self: Any, dims: Any) -> Any:
        size = int(np.prod([self.group.dims[d] for d in dims], dtype=np.int64))
        return [statements.Loop(size, {k: s[dims[-1]] if dims else 0 for k, (_, s) in self.access.items()})]
    statements.Statements.loops = loops


@plant
def broadcast_operands_advance() -> None:
    """An operand's axis of size 1 is walked along as if it were long."""
    def aligned(self: Any, member: Any, x: Any) -> Any:
        axes = self.group.over.get(member, self.group.axes[member])
        return axes[len(axes) - len(x.type.shape):] if len(x.type.shape) else ()
    statements.Statements.aligned = aligned


# ---------------------------------------------------------------------- schedule and layout

@plant
def runs_before_its_operand() -> None:
    """A node joins a group that runs before another operand of it is made."""
    made = schedule._Scheduler.position
    schedule._Scheduler.position = lambda self, node, groups: max(g.pos for g in groups) if made(self, node, groups) is None else made(
        self, node, groups)


@plant
def reductions_over_other_axes_join() -> None:
    """Reductions over different axes share a loop nest."""
    schedule.reducible = lambda node, axes, target: True


@plant
def live_buffer_reused() -> None:
    """A buffer is free again one step before it is last read."""
    made = code.Placement

    def early(first: Any, last: Any, nbytes: Any) -> Any:
        return made(first, [b - (b > a) for a, b in zip(first, last, strict=True)], nbytes)
    code.Placement = early


@plant
def strided_reshape_without_copy() -> None:
    """A strided view is reshaped as if its elements lay one after the other."""
    made = layout.reshaped
    layout.reshaped = lambda shape, strides, new: made(shape, strides, new) or layout.contiguous(new)


@plant
def view_offset_dropped() -> None:
    """A slice begins where what it is a slice of begins."""
    made = layout.view_of
    layout.view_of = lambda node, inner: (*made(node, inner)[:2], inner[2])


@plant
def parts_of_concat_overlap() -> None:
    """A part of a concatenation lies behind as many of its own size as there are parts before."""
    made = layout.Layout._base

    def base(self: Any, node: Any) -> Any:
        if node not in self._part_of:
            return made(self, node)
        whole, i = self._part_of[node]
        where, axis = self(whole), whole.attrs["axis"]
        before = min(i * node.type.shape[axis], whole.type.shape[axis] - node.type.shape[axis])
        return layout.Storage(where.buffer, where.offset + before * where.strides[axis], where.strides)
    layout.Layout._base = base


@plant
def blas_gets_any_matrix() -> None:
    """A matrix that BLAS cannot read is not copied for it."""
    layout.blas_ready = lambda where: True


@plant
def batches_of_one_advance() -> None:
    """A batch axis of size 1 is walked along in a product as if it were long."""
    def strides(node: Any, strides: Any, batch: Any) -> Any:
        return [0] * (len(batch) - len(strides)) + list(strides)
    routines.batch_strides = strides


@plant
def updated_while_still_read() -> None:
    """A variable is overwritten in place though its old value is still needed."""
    layout._read_before = lambda *args: True


# ---------------------------------------------------------------------- running

@plant
def results_are_not_copied() -> None:
    """A session gives its own memory away as a result."""
    def take(self: Any, f: Any) -> Any:
        if f is None:
            return lambda: None
        return lambda: self.memory.array(f.value)[... if f.value.rank else ()]
    program.Program._take = take


@plant
def strided_feeds_used_as_they_lie() -> None:
    """A large feed is read as if it were contiguous."""
    program._usable = lambda array: True


@plant
def numbers_of_other_sizes() -> None:
    """What a program is bound to are the sizes that its code was compiled for."""
    code.Numbers.at = lambda self, ints: self.at_hand.copy()


@plant
def last_chunk_left_to_nobody() -> None:
    """Of a step that threads share, what lies behind the last whole chunk is not computed."""
    class Tape(program.Tape):
        def __init__(self, rows: Any, threads: int, *others: Any):
            n, grain = rows[:, 3], rows[:, 4]
            whole = np.where((threads > 1) & (n > grain), n - n % np.maximum(grain, 1), n)
            super().__init__(np.column_stack([rows[:, :3], whole, grain]), threads, *others)
    program.Tape = Tape


@plant
def new_value_written_before_it_is_whole() -> None:
    """A variable's new value is brought into its memory before the run that computes it."""
    made = program.Program._bring

    def bring(self: Any, arrays: Any) -> None:
        for late in self.code.late:
            view = self.memory.array(late.value)
            if view.size and view.shape == self.memory.shape(late.memory):
                self.memory.array(late.memory)[...] = view
        made(self, arrays)
    program.Program._bring = bring
