"""Kernel source text to optimised LLVM: the part of Numba's front end that kernels need, then LLVM's optimiser, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .language import namespace
from .lowering import compiler_class, contexts
from .memory import table_types

OPTIMISATION_LEVEL = 3


def prepare() -> None:
    """Make the kernel language known to Numba."""
    namespace()
    table_types()
    compiler_class()
    contexts()


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

    codegen = recorded_timings = None

    def __init__(self, name: str):
        self.name, self.text = name, ""
        self._reload_init: set[Any] = set()

    def create_ir_module(self, name: str) -> Any:
        from llvmlite import ir

        return ir.Module(name)

    def add_ir_module(self, module: Any) -> None:
        self.text += str(module)

    def add_linking_library(self, library: Any) -> None:
        """Numba links its reference counting into everything; kernels call none of it, as is asserted at the end."""


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
    from numba.core import compiler, cpu, types
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
    inference, context = contexts()
    with global_compiler_lock, _types_of_calls():
        library = _Library(function.__name__)
        made = compiler.compile_extra(
            inference, context, function,
            (buffers, extents, types.int64, types.int64), types.int32, flags, {}, library, compiler_class(),
        )  # fmt: skip
    return library.text, made.fndesc.llvm_func_name
