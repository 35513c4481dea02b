"""Kernel source text to optimised LLVM: the part of Numba's front end that kernels need, then LLVM's optimiser, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from .casts import convert
from .language import namespace
from .memory import table_types
from .scalars import floordiv_body, floormod_body

OPTIMISATION_LEVEL = 3


def prepare() -> None:
    """Make the kernel language known to Numba."""
    namespace()
    table_types()
    _pipeline()
    _context()


def optimised_module(source: str, symbol: str, machine: Any, superword: bool = False) -> Any:
    """The LLVM module of a source, exporting `symbol` with the C signature of a kernel.  The caller holds a lock."""
    import llvmlite.binding as llvm

    module = llvm.parse_assembly(_with_c_signature(source, symbol))
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    for definition in (*module.functions, *module.global_variables):
        if not definition.is_declaration and definition.name != symbol and not definition.name.startswith("llvm."):
            definition.linkage = "internal"
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=OPTIMISATION_LEVEL)
    # Whoever writes vectors has unrolled as far as there are registers.
    options.loop_vectorization = True
    options.loop_unrolling = "tile(" not in source
    options.slp_vectorization = superword
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    left = [f.name for f in module.functions if f.is_declaration and f.name.startswith(("_ZN", "NRT_", "numba_", "Py"))]
    if left:
        raise ValueError(f"a kernel calls {left}, which is not in the kernel language")
    return module


def _with_c_signature(source: str, symbol: str) -> str:
    """LLVM assembly of Numba's translation, and around it the function that other code calls."""
    names = dict(namespace())
    exec(compile(source, f"<{symbol}>", "exec"), names)
    text, inner = _translate(names["kernel"])
    # Numba promises LLVM that signed integers do not overflow; numpy's wrap around, and a wrapped divisor may be 0.
    return f"""{text.replace(" nsw ", " ")}
define i32 @"{symbol}"(ptr %buffers, ptr %extents, i64 %lo, i64 %hi) {{
  %result = alloca i32
  %error = alloca ptr
  %status = call i32 @"{inner}"(ptr %result, ptr %error, ptr %buffers, ptr %extents, i64 %lo, i64 %hi)
  %value = load i32, ptr %result
  ret i32 %value
}}
"""


class _Library:
    """The part of Numba's code library that lowering uses: it keeps the assembly text and compiles nothing."""

    def __init__(self, codegen: Any, name: str):
        from numba.misc.llvm_pass_timings import PassTimingsCollection

        self.codegen, self.name, self.text = codegen, name, ""
        self.recorded_timings = PassTimingsCollection(name)
        self._reload_init: set[Any] = set()

    def create_ir_module(self, name: str) -> Any:
        from llvmlite import ir

        return ir.Module(name)

    def add_ir_module(self, module: Any) -> None:
        self.text += str(module)

    def add_linking_library(self, library: Any) -> None:
        """Numba links its reference counting into everything; kernels call none of it, as is asserted at the end."""


@cache
def _pipeline() -> Any:
    """Numba's front end without what kernels never need: closures, literal unrolling, rewrites, renaming."""
    from numba.core import compiler, typed_passes, untyped_passes

    passes = (
        (untyped_passes.TranslateByteCode, "analyse byte code"),
        (untyped_passes.FixupArgs, "fix up arguments"),
        (untyped_passes.IRProcessing, "process IR"),
        (typed_passes.NopythonTypeInference, "infer types"),
        (typed_passes.PreLowerStripPhis, "strip phis"),
        (typed_passes.IRLegalization, "legalise"),
        (typed_passes.NativeLowering, "lower"),
        (typed_passes.NoPythonBackend, "collect"),
    )

    class KernelCompiler(compiler.CompilerBase):
        def define_pipelines(self) -> list[Any]:
            manager = compiler.PassManager("graphc")
            for step, description in passes:
                manager.add_pass(step, description)
            manager.finalize()
            return [manager]

    return KernelCompiler


@cache
def _context() -> Any:
    """What Numba lowers kernels by: its own context, in which `//` and `%` of integers are the kernel language's, which have no branches."""
    import operator
    from copy import copy

    from numba.core import cpu, registry, types

    signs: dict[Any, Any] = {operator.floordiv: floordiv_body, operator.mod: floormod_body}

    class KernelContext(cpu.CPUContext):
        """Numba asks with three branches whether there is a quotient and how it is rounded: no loop over them becomes vectors."""

        def get_function(self, fn: Any, sig: Any, _firstcall: bool = True) -> Any:
            emit = signs.get(getattr(fn, "typing_key", None))
            kind = sig.return_type
            if emit is None or not all(isinstance(t, types.Integer) for t in (kind, *sig.args)):
                return super().get_function(fn, sig, _firstcall)
            return lambda builder, args: emit(builder, kind, *(convert(builder, a, t, kind) for a, t in zip(args, sig.args, strict=True)))

    # Numba's own is left as it is, for whoever else uses Numba in this process; what both know of functions is one.
    context = copy(registry.cpu_target.target_context)
    context.__class__ = KernelContext
    return context


_found: dict[Any, tuple[Any, Any]] = {}          # function of Numba's and types of operands -> the function, kept alive, and the type of the call


@contextmanager
def _types_of_calls() -> Iterator[None]:
    """Numba looks up once what type a call has: it tries one template after another, for each operator of each kernel. Its lock is held."""
    from numba.core.types import functions

    changed: Any = functions.BaseFunction
    find = changed.get_call_type

    def known(self: Any, context: Any, operands: Any, keywords: Any) -> Any:
        key = id(self), operands
        if keywords or key not in _found:
            found = find(self, context, operands, keywords)
            if keywords:
                return found
            _found[key] = self, found
        return _found[key][1]
    changed.get_call_type = known
    try:
        yield
    finally:
        changed.get_call_type = find


def _translate(function: Any) -> tuple[str, str]:
    """LLVM assembly of a Python function, and the name that Numba gave it there."""
    from numba.core import compiler, cpu, registry, types
    from numba.core.compiler_lock import global_compiler_lock

    buffers, extents = table_types()
    flags: Any = compiler.Flags()
    flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    # Every name has one type, so renaming (quadratic in a name's assignments) has nothing to do.
    flags.enable_ssa = False
    flags.error_model = "numpy"
    # No multiplication is fused with an addition: a value that two kernels compute, or two passes over a row, is then the same in both, and
    # whoever asks which element is the largest finds it.
    flags.fastmath = cpu.FastMathOptions(False)
    target = registry.cpu_target
    with global_compiler_lock, _types_of_calls():
        library = _Library(_context().codegen(), function.__name__)
        made = compiler.compile_extra(
            target.typing_context, _context(), function,
            (buffers, extents, types.int64, types.int64), types.int32, flags, {}, library, _pipeline(),
        )  # fmt: skip
    return library.text, made.fndesc.llvm_func_name
