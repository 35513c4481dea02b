"""The machine code that makes subnormal numbers zeros, by the mode of a processor, and asks and puts back that mode: LLVM assembly, by hand."""

from __future__ import annotations

# How subnormal numbers are taken and made zeros: the bits of a word of the processor's. `graphc_float_mode` sets them and gives the word
# that there was, `graphc_float_mode_back` takes that, `graphc_flushes` says whether they are set. x86: flush to zero and denormals are
# zero, in MXCSR; ARM: flush to zero, in FPCR.
_X86 = """
declare void @llvm.x86.sse2.pause()
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)

define i64 @graphc_flushes() {
  %at = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %at)
  %word = load i32, ptr %at
  %bits = and i32 %word, 32832
  %found = zext i32 %bits to i64
  ret i64 %found
}

define i64 @graphc_float_mode(i64 %flush) {
  %at = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %at)
  %old = load i32, ptr %at
  %others = and i32 %old, -32833
  %wanted = icmp ne i64 %flush, 0
  %bits = select i1 %wanted, i32 32832, i32 0
  %new = or i32 %others, %bits
  store i32 %new, ptr %at
  call void @llvm.x86.sse.ldmxcsr(ptr %at)
  %word = zext i32 %old to i64
  ret i64 %word
}

define void @graphc_float_mode_back(i64 %word) {
  %at = alloca i32
  %old = trunc i64 %word to i32
  store i32 %old, ptr %at
  call void @llvm.x86.sse.ldmxcsr(ptr %at)
  ret void
}
"""
_ARM = """
define i64 @graphc_flushes() {
  %word = call i64 @llvm.aarch64.get.fpcr()
  %bits = and i64 %word, 16777216
  ret i64 %bits
}
declare i64 @llvm.aarch64.get.fpcr()
declare void @llvm.aarch64.set.fpcr(i64)

define i64 @graphc_float_mode(i64 %flush) {
  %old = call i64 @llvm.aarch64.get.fpcr()
  %others = and i64 %old, -16777217
  %wanted = icmp ne i64 %flush, 0
  %bits = select i1 %wanted, i64 16777216, i64 0
  %new = or i64 %others, %bits
  call void @llvm.aarch64.set.fpcr(i64 %new)
  ret i64 %old
}

define void @graphc_float_mode_back(i64 %word) {
  call void @llvm.aarch64.set.fpcr(i64 %word)
  ret void
}
"""
_OTHER = """
define i64 @graphc_flushes() {
  ret i64 0
}
define i64 @graphc_float_mode(i64 %flush) {
  ret i64 0
}

define void @graphc_float_mode_back(i64 %word) {
  ret void
}
"""
# By processor: what sets its mode, and what a thread that looks again and again does between two looks.
PROCESSORS = {"x86_64": (_X86, "call void @llvm.x86.sse2.pause()"), "amd64": (_X86, "call void @llvm.x86.sse2.pause()"),
               "aarch64": (_ARM, "fence seq_cst"), "arm64": (_ARM, "fence seq_cst")}


def for_processor(name: str) -> tuple[str, str]:
    """The functions for a processor, as `platform.machine` calls it, and what a thread that looks again and again does between two looks."""
    return PROCESSORS.get(name.lower(), (_OTHER, "fence seq_cst"))
