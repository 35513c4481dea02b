"""The machine code that walks a tape of native steps and shares long ones out to worker threads: LLVM assembly, written by hand."""

from __future__ import annotations

import platform
import time
from functools import cache

from . import native

# A tape: HEADER words, then STEP words a step. All are int64.
N_STEPS, POOL, FAILED, TRACE, CREW, RESUME, HEADER = 0, 1, 2, 3, 4, 5, 6      # CREW: threads that may work at a step; RESUME: below
STEP = 7                # function, buffer table, extents, end of the range, size of a chunk, begin of the range, whether it is time for the clock
# RESUME: 0, or the step before which a tape that may pause has paused; N_STEPS + 1 while it runs and behind its end.
PAUSED = -1             # the status of a tape that has worked for so long that Python should see to its signals, and goes on at the next call
PATIENCE = 20_000_000   # nanoseconds until then
# A pool: words a cache line apart where threads meet.
BUSY, OPEN, GENERATION, NEXT, ACTIVE, STATUS, SLEEPERS, WORKERS, NAMED, TRACED = 0, 8, 16, 24, 32, 40, 48, 56, 57, 58
JOB, CALLS, MUTEX, COND, POOL_WORDS = 64, 72, 80, 88, 104   # job: function, buffers, extents, n, grain, chunks, step, crew
# A trace: how many events came, how many fit, then EVENT words an event: step, thread (0: the caller's), range from, to, start, end (ns).
EVENT = 6
CLOCK = getattr(time, "CLOCK_MONOTONIC", 1)
SPIN = 3000             # looks at the generation before a worker sleeps: about 0.1 ms, longer than the serial gaps of a tape

_SHARED = f"""
declare void @llvm.x86.sse2.pause()

define internal i64 @graphc_now(ptr %pool) {{
  %at = getelementptr i64, ptr %pool, i64 {CALLS + 4}
  %clock = load ptr, ptr %at
  %time = alloca [2 x i64]
  %r = call i32 %clock(i32 {CLOCK}, ptr %time)
  %s = load i64, ptr %time
  %n1 = getelementptr i64, ptr %time, i64 1
  %n = load i64, ptr %n1
  %whole = mul i64 %s, 1000000000
  %sum = add i64 %whole, %n
  ret i64 %sum
}}

define internal i32 @graphc_timed(ptr %trace, ptr %pool, i64 %step, i64 %who, ptr %fn, ptr %buffers, ptr %extents, i64 %lo, i64 %hi) noinline {{
entry:
  %start = call i64 @graphc_now(ptr %pool)
  %r = call i32 %fn(ptr %buffers, ptr %extents, i64 %lo, i64 %hi)
  %end = call i64 @graphc_now(ptr %pool)
  %i = atomicrmw add ptr %trace, i64 1 seq_cst
  %room1 = getelementptr i64, ptr %trace, i64 1
  %room = load i64, ptr %room1
  %fits = icmp slt i64 %i, %room
  br i1 %fits, label %keep, label %done
keep:
  %offset = mul i64 %i, {EVENT}
  %behind = add i64 %offset, 2
  %e0 = getelementptr i64, ptr %trace, i64 %behind
  store i64 %step, ptr %e0
  %e1 = getelementptr i64, ptr %e0, i64 1
  store i64 %who, ptr %e1
  %e2 = getelementptr i64, ptr %e0, i64 2
  store i64 %lo, ptr %e2
  %e3 = getelementptr i64, ptr %e0, i64 3
  store i64 %hi, ptr %e3
  %e4 = getelementptr i64, ptr %e0, i64 4
  store i64 %start, ptr %e4
  %e5 = getelementptr i64, ptr %e0, i64 5
  store i64 %end, ptr %e5
  br label %done
done:
  ret i32 %r
}}

define internal void @graphc_chunks(ptr %pool, i64 %who) {{
entry:
  %tracep = getelementptr i64, ptr %pool, i64 {TRACED}
  %trace = load ptr, ptr %tracep
  %traced = icmp ne ptr %trace, null
  %job = getelementptr i64, ptr %pool, i64 {JOB}
  %fn = load ptr, ptr %job
  %p1 = getelementptr i64, ptr %job, i64 1
  %buffers = load ptr, ptr %p1
  %p2 = getelementptr i64, ptr %job, i64 2
  %extents = load ptr, ptr %p2
  %p3 = getelementptr i64, ptr %job, i64 3
  %n = load i64, ptr %p3
  %p4 = getelementptr i64, ptr %job, i64 4
  %grain = load i64, ptr %p4
  %p5 = getelementptr i64, ptr %job, i64 5
  %count = load i64, ptr %p5
  %p6 = getelementptr i64, ptr %job, i64 6
  %step = load i64, ptr %p6
  %next = getelementptr i64, ptr %pool, i64 {NEXT}
  %status = getelementptr i64, ptr %pool, i64 {STATUS}
  br label %claim
claim:
  %c = atomicrmw add ptr %next, i64 1 seq_cst
  %more = icmp slt i64 %c, %count
  br i1 %more, label %work, label %done
work:
  %lo = mul i64 %c, %grain
  %end = add i64 %lo, %grain
  %over = icmp sgt i64 %end, %n
  %hi = select i1 %over, i64 %n, i64 %end
  br i1 %traced, label %timed, label %plain
timed:
  %rt = call i32 @graphc_timed(ptr %trace, ptr %pool, i64 %step, i64 %who, ptr %fn, ptr %buffers, ptr %extents, i64 %lo, i64 %hi)
  br label %judge
plain:
  %rp = call i32 %fn(ptr %buffers, ptr %extents, i64 %lo, i64 %hi)
  br label %judge
judge:
  %r = phi i32 [ %rt, %timed ], [ %rp, %plain ]
  %bad = icmp ne i32 %r, 0
  br i1 %bad, label %fail, label %claim
fail:
  %r64 = sext i32 %r to i64
  store atomic i64 %r64, ptr %status seq_cst, align 8
  br label %claim
done:
  ret void
}}

define i32 @graphc_nothing(ptr %buffers, ptr %extents, i64 %lo, i64 %hi) {{
  ret i32 0
}}

define void @graphc_worker(ptr %pool) {{
entry:
  %named = getelementptr i64, ptr %pool, i64 {NAMED}
  %before = atomicrmw add ptr %named, i64 1 seq_cst
  %who = add i64 %before, 1
  %generation = getelementptr i64, ptr %pool, i64 {GENERATION}
  %open = getelementptr i64, ptr %pool, i64 {OPEN}
  %active = getelementptr i64, ptr %pool, i64 {ACTIVE}
  %sleepers = getelementptr i64, ptr %pool, i64 {SLEEPERS}
  %mutex = getelementptr i64, ptr %pool, i64 {MUTEX}
  %cond = getelementptr i64, ptr %pool, i64 {COND}
  %calls = getelementptr i64, ptr %pool, i64 {CALLS}
  %lock = load ptr, ptr %calls
  %c1 = getelementptr i64, ptr %calls, i64 1
  %unlock = load ptr, ptr %c1
  %c2 = getelementptr i64, ptr %calls, i64 2
  %wait = load ptr, ptr %c2
  br label %idle
idle:
  %seen = phi i64 [ 0, %entry ], [ %g, %left ]
  br label %spin
spin:
  %i = phi i64 [ 0, %idle ], [ %i1, %again ]
  %now = load atomic i64, ptr %generation seq_cst, align 8
  %moved = icmp ne i64 %now, %seen
  br i1 %moved, label %wake, label %again
again:
  PAUSE
  %i1 = add i64 %i, 1
  %tired = icmp sgt i64 %i1, {SPIN}
  br i1 %tired, label %sleep, label %spin
sleep:
  %l = call i32 %lock(ptr %mutex)
  %s0 = atomicrmw add ptr %sleepers, i64 1 seq_cst
  br label %check
check:
  %g1 = load atomic i64, ptr %generation seq_cst, align 8
  %still = icmp eq i64 %g1, %seen
  br i1 %still, label %block, label %rise
block:
  %w = call i32 %wait(ptr %cond, ptr %mutex)
  br label %check
rise:
  %s1 = atomicrmw sub ptr %sleepers, i64 1 seq_cst
  %u = call i32 %unlock(ptr %mutex)
  br label %wake
wake:
  %g = load atomic i64, ptr %generation seq_cst, align 8
  %a0 = atomicrmw add ptr %active, i64 1 seq_cst
  %o = load atomic i64, ptr %open seq_cst, align 8
  %join = icmp ne i64 %o, 0
  br i1 %join, label %ask, label %left
ask:
  %crewp = getelementptr i64, ptr %pool, i64 {JOB + 7}
  %crew = load i64, ptr %crewp
  %wanted = icmp slt i64 %who, %crew
  br i1 %wanted, label %help, label %left
help:
  call void @graphc_chunks(ptr %pool, i64 %who)
  br label %left
left:
  %a1 = atomicrmw sub ptr %active, i64 1 seq_cst
  br label %idle
}}
"""



def _walk(name: str, call: str, begin: str = "", post: str = "", joined: str = "", first: str = "0", behind: str = "") -> str:
    """A function that runs the steps of a tape: how it calls one, and what it does besides at the beginning, before and after workers help.

    `first`: the step it begins with; `behind`: what it does between two steps, at whose end it goes to %step from %ahead.
    """
    return f"""
define i64 @{name}(ptr %tape) align 64 {{
entry:
{begin}
  %count = load i64, ptr %tape
  %poolp = getelementptr i64, ptr %tape, i64 {POOL}
  %pool = load ptr, ptr %poolp
  %failed = getelementptr i64, ptr %tape, i64 {FAILED}
  %busy = getelementptr i64, ptr %pool, i64 {BUSY}
  %open = getelementptr i64, ptr %pool, i64 {OPEN}
  %generation = getelementptr i64, ptr %pool, i64 {GENERATION}
  %next = getelementptr i64, ptr %pool, i64 {NEXT}
  %active = getelementptr i64, ptr %pool, i64 {ACTIVE}
  %status = getelementptr i64, ptr %pool, i64 {STATUS}
  %sleepers = getelementptr i64, ptr %pool, i64 {SLEEPERS}
  %workers = getelementptr i64, ptr %pool, i64 {WORKERS}
  %job = getelementptr i64, ptr %pool, i64 {JOB}
  %crewp = getelementptr i64, ptr %tape, i64 {CREW}
  %first = getelementptr i64, ptr %tape, i64 {HEADER}
  %empty = icmp sle i64 %count, 0
  br i1 %empty, label %success, label %step
step:
  %k = phi i64 [ {first}, %entry ], [ %k1, %{"ahead" if behind else "advance"} ]
  %offset = mul i64 %k, {STEP}
  %at = getelementptr i64, ptr %first, i64 %offset
  %fn = load ptr, ptr %at
  %p1 = getelementptr i64, ptr %at, i64 1
  %buffers = load ptr, ptr %p1
  %p2 = getelementptr i64, ptr %at, i64 2
  %extents = load ptr, ptr %p2
  %p3 = getelementptr i64, ptr %at, i64 3
  %n = load i64, ptr %p3
  %p4 = getelementptr i64, ptr %at, i64 4
  %grain = load i64, ptr %p4
  %p5 = getelementptr i64, ptr %at, i64 5
  %from = load i64, ptr %p5
  %left0 = sub i64 %n, %from
  %split = icmp sgt i64 %left0, %grain
  br i1 %split, label %try, label %serial
try:
  %staff = load i64, ptr %workers
  %alone = icmp sle i64 %staff, 0
  br i1 %alone, label %serial, label %grab
grab:
  %got = cmpxchg ptr %busy, i64 0, i64 1 seq_cst seq_cst
  %mine = extractvalue {{ i64, i1 }} %got, 1
  br i1 %mine, label %post, label %serial
serial:
  %r = {call}
  %r64 = sext i32 %r to i64
  br label %judge
post:
{post}
  %j6 = getelementptr i64, ptr %job, i64 6
  store i64 %k, ptr %j6
  store ptr %fn, ptr %job
  %j1 = getelementptr i64, ptr %job, i64 1
  store ptr %buffers, ptr %j1
  %j2 = getelementptr i64, ptr %job, i64 2
  store ptr %extents, ptr %j2
  %j3 = getelementptr i64, ptr %job, i64 3
  store i64 %n, ptr %j3
  %j4 = getelementptr i64, ptr %job, i64 4
  store i64 %grain, ptr %j4
  %up = add i64 %n, %grain
  %up1 = sub i64 %up, 1
  %pieces = sdiv i64 %up1, %grain
  %j5 = getelementptr i64, ptr %job, i64 5
  store i64 %pieces, ptr %j5
  %crew = load i64, ptr %crewp
  %j7 = getelementptr i64, ptr %job, i64 7
  store i64 %crew, ptr %j7
  %chunk0 = sdiv i64 %from, %grain
  store atomic i64 %chunk0, ptr %next seq_cst, align 8
  store atomic i64 0, ptr %status seq_cst, align 8
  store atomic i64 1, ptr %open seq_cst, align 8
  %g = atomicrmw add ptr %generation, i64 1 seq_cst
  %asleep = load atomic i64, ptr %sleepers seq_cst, align 8
  %any = icmp sgt i64 %asleep, 0
  br i1 %any, label %rouse, label %share
rouse:
  %calls = getelementptr i64, ptr %pool, i64 {CALLS}
  %lock = load ptr, ptr %calls
  %c1 = getelementptr i64, ptr %calls, i64 1
  %unlock = load ptr, ptr %c1
  %c3 = getelementptr i64, ptr %calls, i64 3
  %broadcast = load ptr, ptr %c3
  %mutex = getelementptr i64, ptr %pool, i64 {MUTEX}
  %cond = getelementptr i64, ptr %pool, i64 {COND}
  %q0 = call i32 %lock(ptr %mutex)
  %q1 = call i32 %broadcast(ptr %cond)
  %q2 = call i32 %unlock(ptr %mutex)
  br label %share
share:
  call void @graphc_chunks(ptr %pool, i64 0)
  store atomic i64 0, ptr %open seq_cst, align 8
  br label %join
join:
  %left = load atomic i64, ptr %active seq_cst, align 8
  %busyyet = icmp ne i64 %left, 0
  br i1 %busyyet, label %linger, label %joined
linger:
  PAUSE
  br label %join
joined:
{joined}
  %st = load atomic i64, ptr %status seq_cst, align 8
  store atomic i64 0, ptr %busy seq_cst, align 8
  br label %judge
judge:
  %result = phi i64 [ %r64, %serial ], [ %st, %joined ]
  %wrong = icmp ne i64 %result, 0
  br i1 %wrong, label %failure, label %advance
advance:
  %k1 = add i64 %k, 1
  %over = icmp sge i64 %k1, %count
  br i1 %over, label %success, label %{"between" if behind else "step"}
{behind}
failure:
  store i64 %k, ptr %failed
  ret i64 %result
success:
  ret i64 0
}}
"""


# Two of them, so that a step costs nothing more for the chance to be timed.
_PLAIN = _walk("graphc_run_tape", "call i32 %fn(ptr %buffers, ptr %extents, i64 %from, i64 %n)")
_TIMED = _walk("graphc_time_tape",
               "call i32 @graphc_timed(ptr %trace, ptr %pool, i64 %k, i64 0, ptr %fn, ptr %buffers, ptr %extents, i64 %from, i64 %n)", f"""
  %tracep = getelementptr i64, ptr %tape, i64 {TRACE}
  %trace = load ptr, ptr %tracep
  %tracedp = getelementptr i64, ptr %pool, i64 {TRACED}""", "  store ptr %trace, ptr %tracedp", "  store ptr null, ptr %tracedp")

# One for tapes that may take long: it returns now and then, so that Python sees to its signals.
_PAUSING = _walk("graphc_pause_tape", "call i32 %fn(ptr %buffers, ptr %extents, i64 %from, i64 %n)", f"""
  %resumep = getelementptr i64, ptr %tape, i64 {RESUME}
  %k0 = load i64, ptr %resumep
  %whole = load i64, ptr %tape
  %ended = add i64 %whole, 1
  store i64 %ended, ptr %resumep
  %poolq = getelementptr i64, ptr %tape, i64 {POOL}
  %poolr = load ptr, ptr %poolq
  %begun = call i64 @graphc_now(ptr %poolr)""", first="%k0", behind=f"""
between:
  %p6 = getelementptr i64, ptr %at, i64 6
  %look = load i64, ptr %p6
  %looks = icmp ne i64 %look, 0
  br i1 %looks, label %clock, label %ahead
clock:
  %time = call i64 @graphc_now(ptr %pool)
  %spent = sub i64 %time, %begun
  %late = icmp sgt i64 %spent, {PATIENCE}
  br i1 %late, label %pause, label %ahead
pause:
  store i64 %k1, ptr %resumep
  ret i64 {PAUSED}
ahead:
  br label %step""")


@cache
def code_address(symbol: str) -> int:
    """The address of one of the functions above."""
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    text = _SHARED + _PLAIN + _TIMED + _PAUSING
    if not x86:
        text = text.replace("declare void @llvm.x86.sse2.pause()", "")
    return native.compile_ir(text.replace("PAUSE", "call void @llvm.x86.sse2.pause()" if x86 else "fence seq_cst"), symbol)


def walker(timed: bool = False) -> int:
    """The address of the function that runs a tape: int64 walk(void* tape); `timed`: that writes each call of a step to the tape's trace."""
    return code_address("graphc_time_tape" if timed else "graphc_run_tape")


def pausing_walker() -> int:
    """The address of the function that runs a tape from step RESUME on, and may return PAUSED."""
    return code_address("graphc_pause_tape")
