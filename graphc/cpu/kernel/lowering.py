"""Numba's passes for kernels, with what kernels never need left out: where an object's life ends, exceptions, slots that begin as zeros."""

from __future__ import annotations

from functools import cache, partial
from types import SimpleNamespace
from typing import Any

from .casts import convert
from .ranges import count, counting
from .scalars import floordiv_body, floormod_body

TARGET = "graphc"           # what Numba knows kernels' contexts by


@cache
def compiler_class() -> Any:
    """Numba's front end without what kernels never need: closures, literal unrolling, rewrites, renaming, the lives of variables."""
    from numba.core import compiler, typed_passes, untyped_passes
    from numba.core.compiler_machinery import register_pass

    lowering: Any = typed_passes.BaseNativeLowering

    @register_pass(mutates_CFG=True, analysis_only=False)
    class KernelLowering(lowering):
        _name = "graphc_lowering"

        @property
        def lowering_class(self) -> Any:
            return _lower()

    passes = (
        (untyped_passes.TranslateByteCode, "analyse byte code"),
        (untyped_passes.FixupArgs, "fix up arguments"),
        (typed_passes.NopythonTypeInference, "infer types"),
        (KernelLowering, "lower"),
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
def _lower() -> Any:
    """Numba's lowering, of statements that raise nothing and own nothing."""
    from numba.core import ir, lowering

    class Lower(lowering.Lower):
        """A variable that lives in more than one block has a slot on the stack, which LLVM makes registers of."""

        def lower_block(self, block: Any) -> None:
            """Without a text of each statement, which Numba makes in case that it goes wrong."""
            self._cur_ir_block = block
            for statement in block.body:
                self.loc = statement.loc
                if type(statement) is ir.Assign:
                    name = statement.target.name
                    self.storevar(self.lower_assign(self.typeof(name), statement), name)
                else:
                    self.lower_inst(statement)

        def storevar(self, value: Any, name: str, argidx: Any = None) -> None:
            if name in self._singly_assigned_vars:
                self._blk_local_varmap[name] = value
            else:
                self._alloca_var(name, self.typeof(name))
                self.builder.store(value, self.varmap[name])

        def alloca_lltype(self, name: str, lltype: Any, datamodel: Any = None) -> Any:
            """A slot that is written before it is read, as a variable of a kernel is."""
            with self.builder.goto_entry_block():
                return self.builder.alloca(lltype, name=name)

    return Lower


@cache
def contexts() -> tuple[Any, Any]:
    """What Numba infers types and lowers by, for kernels alone: its own, for whoever else uses Numba in the process, stay as they are.

    They know what kernels may say, so nothing is imported or looked for of what Numba knows of arrays, texts, lists and NumPy's functions.
    """
    from numba.core.target_extension import CPU, dispatcher_registry, target_registry

    counting()
    target_registry[TARGET] = type("KernelTarget", (CPU,), {})
    inference = _inference()()
    context = _context()(inference)
    # Where Numba looks for the context that belongs to a target.
    dispatcher_registry[target_registry[TARGET]] = SimpleNamespace(targetdescr=SimpleNamespace(target_context=context))
    return inference, context


def _inference() -> Any:
    """The class of what Numba infers types by."""
    from numba.core import types, typing
    from numba.core.typing import templates

    class KernelTypes(typing.Context):
        """Types of names and calls; of a function looked up once."""

        def __init__(self) -> None:
            self._types: dict[int, tuple[Any, Any]] = {}        # by a function's address: its type, and the function, kept alive
            super().__init__()

        def load_additional_registries(self) -> None:
            """Functions of Python's modules and of NumPy are no part of kernels."""

        def install_registry(self, registry: Any) -> None:
            """Functions and names: no attributes, and no function that Numba has written in Python and compiles by itself."""
            new = self._registries.setdefault(registry, templates.RegistryLoader(registry)).new_registrations
            for function in new("functions"):
                self.insert_function(function(self))
            for value, kind in new("globals"):
                if isinstance(kind, types.Function) and any(issubclass(t, templates._OverloadFunctionTemplate) for t in kind.templates):
                    continue
                known = self._lookup_global(value)
                if known is None:
                    self.insert_global(value, kind)
                else:
                    self._remove_global(value)
                    self._insert_global(value, known.augment(kind))

        def resolve_value_type(self, val: Any) -> Any:
            if not callable(val):
                return super().resolve_value_type(val)
            if id(val) not in self._types:
                # Numba takes nothing else by the name of a function that Python has.
                self._types[id(val)] = super().resolve_value_type(count if val is range else val), val
            return self._types[id(val)][0]

    return KernelTypes


def _context() -> Any:
    """The class of what Numba lowers by."""
    import operator

    from numba.core import cpu, types

    signs: dict[Any, Any] = {operator.floordiv: floordiv_body, operator.mod: floormod_body}

    class KernelContext(cpu.CPUContext):
        """Integers' `//` and `%` are the kernel language's, which have no branches: Numba's have three, and no loop over them becomes vectors."""

        def __init__(self, inference: Any) -> None:
            self._emitters: dict[Any, Any] = {}                 # by function and signature: what emits a call
            super().__init__(inference, TARGET)

        def init(self) -> None:
            """Without a code generator of Numba's: its translation ends as assembly."""
            self.is32bit = False

        def codegen(self) -> Any:
            return None

        def load_additional_registries(self) -> None:
            """Python's numbers and loops."""
            from numba.cpython import builtins, iterators, numbers  # noqa: F401

        def post_lowering(self, mod: Any, library: Any) -> None:
            """Nothing is counted for which something would have to be linked."""

        def get_function(self, fn: Any, sig: Any, _firstcall: bool = True) -> Any:
            key = fn, sig.return_type, sig.args
            if key not in self._emitters:
                sign = signs.get(getattr(fn, "typing_key", None))
                if sign is None or not all(isinstance(t, types.Integer) for t in (sig.return_type, *sig.args)):
                    found = super().get_function(fn, sig, _firstcall)
                    if hasattr(found, "_imp"):
                        self._emitters[key] = found._imp
                    return found
                self._emitters[key] = partial(_of_integers, sign)
            emit = self._emitters[key]
            return lambda builder, args, loc=None: emit(self, builder, sig, args, loc=loc)

        def pair_first(self, builder: Any, val: Any, ty: Any) -> Any:
            return builder.extract_value(val, 0)

        def pair_second(self, builder: Any, val: Any, ty: Any) -> Any:
            return builder.extract_value(val, 1)

    return KernelContext


def _of_integers(sign: Any, context: Any, builder: Any, sig: Any, args: Any, loc: Any) -> Any:
    """A sign's value for integers, both made what the result is."""
    kind = sig.return_type
    return sign(builder, kind, *(convert(builder, a, t, kind) for a, t in zip(args, sig.args, strict=True)))
