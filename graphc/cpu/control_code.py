"""The machine code that runs bodies, tapes of their own, as one step of a tape: LLVM assembly, written by hand."""

from __future__ import annotations

from typing import Any

from .assembly import counting, loads, places, stores

# The extents of such a step: how often a loop runs (negative: its first operand says it), and which entry of the table of pointers shows the
# descriptor.
TRIPS, LAST = 1, 2
# The descriptor of a loop. PHASE: 0, or where it has paused. Lists are a number and an address of records.
BODY, TEST, PRED, INDEX, REVERSE, DONE, PHASE, POOL_OF, PATIENCE_OF, MASK, COUNT_SLOT, NOTES = range(12)
ONCE, INIT, ROWS, SWAPS, FINALS = range(12, 22, 2)
LOOP_WORDS = 24
IN_TEST, IN_BODY, BETWEEN = 1, 2, 3
# That of a branch: then, orelse; each a tape and a list of records.
TAKEN = 0
NOTED = 8
BRANCH = 4
BRANCH_WORDS = 12
# Records: an entry of a table of pointers that is to show an operand (slot), so many bytes behind its beginning;
# memory that an operand is copied to (from the beginning on so many bytes); an entry that is to show a row; an entry that shows two blocks
# in turn; an operand that one of two blocks is copied to.
# NOTES, of a traced run: how many notes came, how many fit, then two words a note: the number of an iteration that is over (-1: none; the loop
# begins), and when. Of a branch it is any number but 0.
WIDTHS = {"once": 3, "init": 3, "rows": 4, "swaps": 3, "finals": 4}


def _each(name: str, before: str, after: str, body: str) -> str:
    """A loop over the records of a list %name.n, %name.p; `body` uses the record's address %r.<name>. Goes from `before` to `after`."""
    return f"""
{name}.head:
{counting(f"{name}.k", f"%{name}.n", before, f"{name}.body", f"{name}.more", f"{name}.body", after)}
{name}.body:
  %{name}.o = mul i64 %{name}.k, {WIDTHS[name.split('_')[0]]}
  %{name}.r = getelementptr i64, ptr %{name}.p, i64 %{name}.o
{body}
  %{name}.k1 = add i64 %{name}.k, 1
  br label %{name}.head"""


def _load(base: str, kind: str, name: str, offset: int | str, unit: str = "i64") -> str:
    """`loads` of one value, whose name has a dot."""
    where: dict[str, Any] = {name: offset}
    return loads(base, kind, unit, **where)


def _list(name: str, base: str, offset: int) -> str:
    """A list of a descriptor: %name.n, how many records, and %name.p, where they are."""
    return f"{_load(base, 'i64', f'{name}.n', offset)}\n{_load(base, 'ptr', f'{name}.p', offset + 1)}"


def _fields(name: str, *words: str) -> str:
    """The words of a record, as %name.word; those named `p...` are pointers."""
    return "\n".join(_load(f"%{name}.r", "ptr" if word.startswith("p") else "i64", f"{name}.{word}", i) for i, word in enumerate(words))


def _operand(name: str, slot: str) -> str:
    """The memory that an entry of the table of pointers shows, as %name.b."""
    return _load("%buffers", "ptr", f"{name}.b", slot, "ptr")


_SHOW = "\n".join((_fields("NAME", "pentry", "slot", "offset"), _operand("NAME", "%NAME.slot"),
                   "  %NAME.v = getelementptr i8, ptr %NAME.b, i64 %NAME.offset\n  store ptr %NAME.v, ptr %NAME.pentry"))

_LOOP = f"""
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define internal void @graphc_note(ptr %notes, i64 %number, i64 %time) noinline {{
entry:
  %n = load i64, ptr %notes
  %n1 = add i64 %n, 1
  store i64 %n1, ptr %notes
{loads("%notes", room=1)}
  %fits = icmp slt i64 %n, %room
  br i1 %fits, label %keep, label %done
keep:
  %pairs = mul i64 %n1, 2
{places("%notes", pair="%pairs")}
{stores("%pair", number=0, time=1)}
  br label %done
done:
  ret void
}}

define i32 @graphc_loop(ptr %buffers, ptr %extents, i64 %lo, i64 %hi) {{
entry:
{loads("%extents", said=TRIPS, last=LAST)}
{_operand("d", "%last")}
{loads("%d.b", "ptr", body=BODY, test=TEST, pred=PRED, index=INDEX, pool=POOL_OF)}
{loads("%d.b", "ptr", notes=NOTES)}
  %tracing = icmp ne ptr %notes, null
  %walk = select i1 %tracing, ptr @graphc_time_body, ptr @graphc_resume_tape
{loads("%d.b", reverse=REVERSE, phase=PHASE, patience=PATIENCE_OF, mask=MASK, counted=COUNT_SLOT)}
{places("%d.b", done=DONE, phased=PHASE)}
{_list("once", "%d.b", ONCE)}
{_list("init", "%d.b", INIT)}
{_list("rows", "%d.b", ROWS)}
{_list("swaps", "%d.b", SWAPS)}
{_list("finals", "%d.b", FINALS)}
  %begun = call i64 @graphc_now(ptr %pool)
  %first = load ptr, ptr %buffers
  %asks = icmp slt i64 %said, 0
  br i1 %asks, label %ask, label %told
ask:
  %most = load i32, ptr %first
  %wide = sext i32 %most to i64
  br label %told
told:
  %trips = phi i64 [ %said, %entry ], [ %wide, %ask ]
  %endless = icmp slt i64 %trips, 0
  %tests = icmp ne ptr %test, null
  switch i64 %phase, label %begin [ i64 {IN_TEST}, label %testing
                                    i64 {IN_BODY}, label %running
                                    i64 {BETWEEN}, label %head ]
begin:
  store i64 0, ptr %done
  br i1 %tracing, label %note.first, label %begin.on
note.first:
  call void @graphc_note(ptr %notes, i64 -1, i64 %begun)
  br label %begin.on
begin.on:
  br label %once.head
{_each("once", "begin.on", "started", _SHOW.replace("NAME", "once"))}
started:
  br label %init.head
{_each("init", "started", "head", _fields("init", "pto", "slot", "size") + chr(10) + _operand("init", "%init.slot") +
       chr(10) + "  call void @llvm.memcpy.p0.p0.i64(ptr %init.pto, ptr %init.b, i64 %init.size, i1 false)")}
head:
  %i = load i64, ptr %done
  %over0 = icmp sge i64 %i, %trips
  %finite = xor i1 %endless, true
  %over = and i1 %over0, %finite
  br i1 %over, label %finish, label %prepare
prepare:
  %down0 = sub i64 %trips, %i
  %down = sub i64 %down0, 1
  %back = icmp ne i64 %reverse, 0
  %at = select i1 %back, i64 %down, i64 %i
  %at32 = trunc i64 %at to i32
  store i32 %at32, ptr %index
  %bit = and i64 %i, 1
  %odd = icmp ne i64 %bit, 0
  br label %swaps.head
{_each("swaps", "prepare", "swapped", _fields("swaps", "pentry", "even", "odd") + '''
  %swaps.v = select i1 %odd, i64 %swaps.odd, i64 %swaps.even
  store i64 %swaps.v, ptr %swaps.pentry''')}
swapped:
  br label %rows.head
{_each("rows", "swapped", "set", _fields("rows", "pentry", "slot", "offset", "stride") + chr(10) + _operand("rows", "%rows.slot") + '''
  %rows.m = mul i64 %rows.stride, %at
  %rows.a = add i64 %rows.m, %rows.offset
  %rows.v = getelementptr i8, ptr %rows.b, i64 %rows.a
  store ptr %rows.v, ptr %rows.pentry''')}
set:
  br i1 %tests, label %testing, label %running
testing:
  store i64 {IN_TEST}, ptr %phased
  %ts = call i64 %walk(ptr %test)
  %tbad = icmp ne i64 %ts, 0
  br i1 %tbad, label %failed, label %judge
judge:
  %p = load i8, ptr %pred
  %ends = icmp eq i8 %p, 0
  br i1 %ends, label %finish, label %running
running:
  store i64 {IN_BODY}, ptr %phased
  %bs = call i64 %walk(ptr %body)
  %bbad = icmp ne i64 %bs, 0
  br i1 %bbad, label %failed, label %count
count:
  %was = load i64, ptr %done
  %now1 = add i64 %was, 1
  store i64 %now1, ptr %done
  br i1 %tracing, label %note, label %noted
note:
  %over.at = call i64 @graphc_now(ptr %pool)
  call void @graphc_note(ptr %notes, i64 %was, i64 %over.at)
  br label %noted
noted:
  %masked = and i64 %now1, %mask
  %look = icmp eq i64 %masked, 0
  br i1 %look, label %clock, label %head
clock:
  %time = call i64 @graphc_now(ptr %pool)
  %spent = sub i64 %time, %begun
  %late = icmp sgt i64 %spent, %patience
  br i1 %late, label %pause, label %head
pause:
  store i64 {BETWEEN}, ptr %phased
  ret i32 -1
failed:
  %s = phi i64 [ %ts, %testing ], [ %bs, %running ]
  %s32 = trunc i64 %s to i32
  ret i32 %s32
finish:
  store i64 0, ptr %phased
  %n = load i64, ptr %done
  %nbit = and i64 %n, 1
  %nodd = icmp ne i64 %nbit, 0
  %counts = icmp sge i64 %counted, 0
  br i1 %counts, label %tell, label %ended
tell:
{_operand("c", "%counted")}
  %n32 = trunc i64 %n to i32
  store i32 %n32, ptr %c.b
  br label %ended
ended:
  br label %finals.head
{_each("finals", "ended", "leave", _fields("finals", "slot", "peven", "podd", "size") + chr(10) + _operand("finals", "%finals.slot") + '''
  %finals.v = select i1 %nodd, ptr %finals.podd, ptr %finals.peven
  call void @llvm.memcpy.p0.p0.i64(ptr %finals.b, ptr %finals.v, i64 %finals.size, i1 false)''')}
leave:
  ret i32 0
}}

define i32 @graphc_branch(ptr %buffers, ptr %extents, i64 %lo, i64 %hi) {{
entry:
{loads("%extents", last=LAST)}
{_operand("d", "%last")}
  %first = load ptr, ptr %buffers
  %p = load i8, ptr %first
  %no = icmp eq i8 %p, 0
  %where = select i1 %no, i64 {TAKEN + BRANCH}, i64 {TAKEN}
  %mine = getelementptr i64, ptr %d.b, i64 %where
  %tape = load ptr, ptr %mine
{loads("%d.b", noted=NOTED)}
  %tracing = icmp ne i64 %noted, 0
  %walk = select i1 %tracing, ptr @graphc_time_body, ptr @graphc_resume_tape
{_list("once", "%mine", 1)}
  br label %once.head
{_each("once", "entry", "run", _SHOW.replace("NAME", "once"))}
run:
  %s = call i64 %walk(ptr %tape)
  %s32 = trunc i64 %s to i32
  ret i32 %s32
}}
"""


def control_text() -> str:
    """The functions `graphc_loop` and `graphc_branch`, of the calling convention of kernels."""
    return _LOOP
