"""The machine code that walks a tape of native steps and shares long ones out to worker threads: LLVM assembly, written by hand."""

from __future__ import annotations

import platform
import time
from functools import cache

from . import mode_code, native
from .assembly import counting, loads, places, stores
from .control_code import control_text

# A tape: HEADER words, then STEP words a step. All are int64.
N_STEPS, POOL, FAILED, TRACE, CREW, RESUME, LIMIT, FLUSH, HEADER = range(9)   # CREW: threads that may work at a step; the last three: below
STEP = 7                # function, buffer table, extents, end of the range, size of a chunk, begin of the range, whether it is time for the clock
# RESUME: 0, or the step before which a tape that may pause has paused; N_STEPS + 1 while it runs and behind its end. LIMIT: after how long.
# FLUSH: whether subnormal numbers are zeros, by the mode of the processor, which is put back.
PAUSED = -1             # the status of a tape that has worked for so long that Python should see to its signals, and goes on at the next call
PATIENCE = 20_000_000   # nanoseconds until then
# A pool: words a cache line apart where threads meet.
BUSY, OPEN, GENERATION, NEXT, ACTIVE, STATUS, SLEEPERS, WORKERS, NAMED, TRACED, FLUSHED = 0, 8, 16, 24, 32, 40, 48, 56, 57, 58, 59
FRONT, BACK = 25, 104   # the chunks that the caller, and every second worker, take next from the begin of a range, and the others from its end
JOB, CALLS, MUTEX, COND, POOL_WORDS = 64, 72, 80, 88, 112   # job: function, buffers, extents, n, grain, chunks, step, crew
# A trace: how many events came, how many fit, then EVENT words an event: step, thread (0: the caller's), range from, to, start, end (ns).
EVENT = 6
CLOCK = getattr(time, "CLOCK_MONOTONIC", 1)
SPIN = 3000             # looks at the generation before a worker sleeps: about 0.1 ms, longer than the serial gaps of a tape

_SHARED = f"""
define internal i64 @graphc_now(ptr %pool) {{
{loads("%pool", "ptr", clock=CALLS + 4)}
  %time = alloca [2 x i64]
  %r = call i32 %clock(i32 {CLOCK}, ptr %time)
{loads("%time", seconds=0, rest=1)}
  %whole = mul i64 %seconds, 1000000000
  %sum = add i64 %whole, %rest
  ret i64 %sum
}}

define internal i32 @graphc_timed(ptr %trace, ptr %pool, i64 %step, i64 %who, ptr %fn, ptr %buffers, ptr %extents, i64 %lo, i64 %hi) noinline {{
entry:
  %start = call i64 @graphc_now(ptr %pool)
  %r = call i32 %fn(ptr %buffers, ptr %extents, i64 %lo, i64 %hi)
  %end = call i64 @graphc_now(ptr %pool)
  %i = atomicrmw add ptr %trace, i64 1 seq_cst
{loads("%trace", room=1)}
  %fits = icmp slt i64 %i, %room
  br i1 %fits, label %keep, label %done
keep:
  %offset = mul i64 %i, {EVENT}
  %behind = add i64 %offset, 2
{places("%trace", event="%behind")}
{stores("%event", step=0, who=1, lo=2, hi=3, start=4, end=5)}
  br label %done
done:
  ret i32 %r
}}

define internal void @graphc_chunks(ptr %pool, i64 %who) {{
entry:
{loads("%pool", "ptr", trace=TRACED)}
  %traced = icmp ne ptr %trace, null
{places("%pool", job=JOB, next=NEXT, status=STATUS, front=FRONT, back=BACK)}
{loads("%job", "ptr", fn=0, buffers=1, extents=2)}
{loads("%job", n=3, grain=4, count=5, step=6)}
  %odd = and i64 %who, 1
  %forward = icmp eq i64 %odd, 0
  %mine = select i1 %forward, ptr %front, ptr %back
  %further = select i1 %forward, i64 1, i64 -1
  br label %claim
claim:
  %claimed = atomicrmw add ptr %next, i64 1 seq_cst
  %more = icmp slt i64 %claimed, %count
  br i1 %more, label %work, label %done
work:
  %c = atomicrmw add ptr %mine, i64 %further seq_cst
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

define i32 @graphc_commit(ptr %buffers, ptr %extents, i64 %lo, i64 %hi) {{
entry:
{loads("%extents", copies=1, counters=2)}
{loads("%buffers", "ptr", move=0)}
{places("%extents", sizes=3)}
  %pairs = mul i64 %copies, 2
  br label %copying
copying:
{counting("i", "%copies", "entry", "copy", "more", "copy", "counting")}
copy:
  %i2 = mul i64 %i, 2
{places("%buffers", pair="%i2")}
{loads("%pair", "ptr", to=1, source=2)}
{loads("%sizes", bytes="%i")}
  %moved = call ptr %move(ptr %to, ptr %source, i64 %bytes)
  %i1 = add i64 %i, 1
  br label %copying
counting:
{counting("j", "%counters", "copying", "count", "left", "count", "done")}
count:
  %behind = add i64 %pairs, 1
  %place = add i64 %behind, %j
{loads("%buffers", "ptr", counter="%place")}
{loads("%counter", next=1)}
  %after = add i64 %next, 1
{stores("%counter", next=0, after=1)}
  %j1 = add i64 %j, 1
  br label %counting
done:
  ret i32 0
}}

define i32 @graphc_nothing(ptr %buffers, ptr %extents, i64 %lo, i64 %hi) {{
  ret i32 0
}}

define void @graphc_worker(ptr %pool) {{
entry:
{places("%pool", named=NAMED)}
  %others = atomicrmw add ptr %named, i64 1 seq_cst
  %who = add i64 %others, 1
{places("%pool", generation=GENERATION, open=OPEN, active=ACTIVE, sleepers=SLEEPERS, mutex=MUTEX, cond=COND, calls=CALLS)}
{loads("%calls", "ptr", lock=0, unlock=1, wait=2)}
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
{loads("%pool", crew=JOB + 7)}
  %wanted = icmp slt i64 %who, %crew
  br i1 %wanted, label %help, label %left
help:
{loads("%pool", flush=FLUSHED)}
  %before = call i64 @graphc_float_mode(i64 %flush)
  call void @graphc_chunks(ptr %pool, i64 %who)
  br label %left
left:
  %a1 = atomicrmw sub ptr %active, i64 1 seq_cst
  br label %idle
}}
"""


# A step that runs bodies may pause as well: the tape goes on with it.
_PAUSED_STEP = f"""
  %rests = icmp eq i64 %result, {PAUSED}
  br i1 %rests, label %rest, label %stopped
rest:
  store i64 %k, ptr %resume
  ret i64 %result
stopped:"""


def _in_mode(name: str) -> str:
    """The function that the world calls: the walk, in the mode of the processor that the tape asks for."""
    return f"""define i64 @{name}(ptr %tape) align 64 {{
entry:
{loads("%tape", flush=FLUSH)}
  %flushing = icmp ne i64 %flush, 0
  br i1 %flushing, label %in.mode, label %as.is
as.is:
  %plain = call i64 @{name}_on(ptr %tape)
  ret i64 %plain
in.mode:
  %before = call i64 @graphc_float_mode(i64 1)
  %flushed = call i64 @{name}_on(ptr %tape)
  call void @graphc_float_mode_back(i64 %before)
  ret i64 %flushed
}}"""


def _shared_out(post: str, joined: str) -> str:
    """A step in chunks, from the block `post` on, which workers help with, up to the last of them, and what is done before and after."""
    return f"""post:
{places("%pool", flushed=FLUSHED)}
  %mode = call i64 @graphc_flushes()
  store i64 %mode, ptr %flushed
{post}
{stores("%job", k=6)}
{stores("%job", "ptr", fn=0, buffers=1, extents=2)}
{stores("%job", n=3, grain=4)}
  %up = add i64 %n, %grain
  %up1 = sub i64 %up, 1
  %pieces = sdiv i64 %up1, %grain
{stores("%job", pieces=5)}
  %crew = load i64, ptr %crewed
{stores("%job", crew=7)}
  %chunk0 = sdiv i64 %lo, %grain
  %last = sub i64 %pieces, 1
{places("%pool", front=FRONT, back=BACK)}
  store atomic i64 %chunk0, ptr %front monotonic, align 8
  store atomic i64 %last, ptr %back monotonic, align 8
  store atomic i64 %chunk0, ptr %next seq_cst, align 8
  store atomic i64 0, ptr %status seq_cst, align 8
  store atomic i64 1, ptr %open seq_cst, align 8
  %g = atomicrmw add ptr %generation, i64 1 seq_cst
  %asleep = load atomic i64, ptr %sleepers seq_cst, align 8
  %any = icmp sgt i64 %asleep, 0
  br i1 %any, label %rouse, label %share
rouse:
{places("%pool", calls=CALLS, mutex=MUTEX, cond=COND)}
{loads("%calls", "ptr", lock=0, unlock=1, broadcast=3)}
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
  br label %judge"""


def _walk(name: str, call: str, begin: str = "", post: str = "", joined: str = "", first: str = "0", behind: str = "", stopped: str = "") -> str:
    """A function that runs the steps of a tape: how it calls one, and what it does besides at the beginning, before and after workers help.

    `first`: the step it begins with; `behind`: what it does between two steps, at whose end it goes to %step from %ahead; `stopped`: what it
    does where a step has not gone well.
    """
    return f"""
{_in_mode(name)}

define internal i64 @{name}_on(ptr %tape) align 64 {{
entry:
{loads("%tape", count=N_STEPS)}
{loads("%tape", "ptr", pool=POOL)}
{places("%tape", failed=FAILED, crewed=CREW, first=HEADER)}
{places("%pool", busy=BUSY, open=OPEN, generation=GENERATION, next=NEXT, active=ACTIVE, status=STATUS, sleepers=SLEEPERS, workers=WORKERS,
        job=JOB)}
{begin}
  %empty = icmp sle i64 %count, 0
  br i1 %empty, label %success, label %step
step:
  %k = phi i64 [ {first}, %entry ], [ %k1, %{"ahead" if behind else "advance"} ]
  %offset = mul i64 %k, {STEP}
{places("%first", at="%offset")}
{loads("%at", "ptr", fn=0, buffers=1, extents=2)}
{loads("%at", n=3, grain=4, lo=5)}
  %left0 = sub i64 %n, %lo
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
{_shared_out(post, joined)}
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
{stopped}
  store i64 %k, ptr %failed
  ret i64 %result
success:
  ret i64 0
}}
"""


# Two of them, so that a step costs nothing more for the chance to be timed.
_PLAIN = _walk("graphc_run_tape", "call i32 %fn(ptr %buffers, ptr %extents, i64 %lo, i64 %n)")
_TIMED = _walk("graphc_time_tape",
               "call i32 @graphc_timed(ptr %trace, ptr %pool, i64 %k, i64 0, ptr %fn, ptr %buffers, ptr %extents, i64 %lo, i64 %n)", f"""
{loads("%tape", "ptr", trace=TRACE)}
{places("%pool", traced=TRACED)}""", "  store ptr %trace, ptr %traced", "  store ptr null, ptr %traced")

# One for tapes that may take long: it returns now and then, so that Python sees to its signals.
_PAUSING = _walk("graphc_pause_tape", "call i32 %fn(ptr %buffers, ptr %extents, i64 %lo, i64 %n)", f"""
{places("%tape", resume=RESUME)}
{loads("%tape", limit=LIMIT)}
  %k0 = load i64, ptr %resume
  %ended = add i64 %count, 1
  store i64 %ended, ptr %resume
  %begun = call i64 @graphc_now(ptr %pool)""", first="%k0", behind=f"""
between:
{loads("%at", look=6)}
  %looks = icmp ne i64 %look, 0
  br i1 %looks, label %clock, label %ahead
clock:
  %time = call i64 @graphc_now(ptr %pool)
  %spent = sub i64 %time, %begun
  %late = icmp sgt i64 %spent, %limit
  br i1 %late, label %pause, label %ahead
pause:
  store i64 %k1, ptr %resume
  ret i64 {PAUSED}
ahead:
  br label %step""", stopped=_PAUSED_STEP)

# And one for the tapes of bodies, which go on where they have paused.
_RESUMED = _walk("graphc_resume_tape", "call i32 %fn(ptr %buffers, ptr %extents, i64 %lo, i64 %n)", f"""
{places("%tape", resume=RESUME)}
  %k0 = load i64, ptr %resume
  store i64 0, ptr %resume""", first="%k0", stopped=_PAUSED_STEP)

_TIMED_BODY = _walk("graphc_time_body",
                    "call i32 @graphc_timed(ptr %trace, ptr %pool, i64 %k, i64 0, ptr %fn, ptr %buffers, ptr %extents, i64 %lo, i64 %n)", f"""
{loads("%tape", "ptr", trace=TRACE)}
{places("%pool", traced=TRACED)}
{places("%tape", resume=RESUME)}
  %k0 = load i64, ptr %resume
  store i64 0, ptr %resume""", "  store ptr %trace, ptr %traced", "  store ptr null, ptr %traced", first="%k0", stopped=_PAUSED_STEP)


def text(processor: str) -> str:
    """The functions above for a processor, as `platform.machine` calls it."""
    modes, pause = mode_code.for_processor(processor)
    return modes + "".join((_SHARED, _PLAIN, _TIMED, _PAUSING, _RESUMED, _TIMED_BODY, control_text())).replace("PAUSE", pause)


@cache
def code_address(symbol: str) -> int:
    """The address of one of the functions above."""
    return native.compile_ir(text(platform.machine()), symbol)


def walker(timed: bool = False) -> int:
    """The address of the function that runs a tape: int64 walk(void* tape); `timed`: that writes each call of a step to the tape's trace."""
    return code_address("graphc_time_tape" if timed else "graphc_run_tape")


def pausing_walker() -> int:
    """The address of the function that runs a tape from step RESUME on, and may return PAUSED."""
    return code_address("graphc_pause_tape")
