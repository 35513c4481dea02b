"""Lines of LLVM assembly that hand-written functions are full of: words behind a pointer, found, loaded and stored."""

from __future__ import annotations

from collections.abc import Callable


def places(base: str, unit: str = "i64", **offsets: int | str) -> str:
    """Addresses behind a pointer, each named as the keyword says: so many times the unit further on.

    >>> print(places("%pool", busy=0, open=8))
      %busy = getelementptr i64, ptr %pool, i64 0
      %open = getelementptr i64, ptr %pool, i64 8
    """
    return "\n".join(f"  %{name} = getelementptr {unit}, ptr {base}, i64 {offset}" for name, offset in offsets.items())


def loads(base: str, kind: str = "i64", unit: str = "i64", **offsets: int | str) -> str:
    """Values behind a pointer, each named as the keyword says; where it lies, `name` behind `at.`.

    >>> print(loads("%step", "ptr", function=0, extents=2))
      %function = load ptr, ptr %step
      %at.extents = getelementptr i64, ptr %step, i64 2
      %extents = load ptr, ptr %at.extents
    """
    return _each(base, unit, "at", offsets, lambda name, at: f"  %{name} = load {kind}, ptr {at}")


def stores(base: str, kind: str = "i64", **offsets: int | str) -> str:
    """The values of these names, kept behind a pointer; where, the name behind `to.`.

    >>> print(stores("%job", grain=4))
      %to.grain = getelementptr i64, ptr %job, i64 4
      store i64 %grain, ptr %to.grain
    """
    return _each(base, "i64", "to", offsets, lambda name, at: f"  store {kind} %{name}, ptr {at}")


def _each(base: str, unit: str, word: str, offsets: dict[str, int | str], line: Callable[[str, str], str]) -> str:
    """A line for each place; what lies at the pointer itself needs no address."""
    return "\n".join(line(name, base) if offset == 0 else f"{places(base, unit, **{f'{word}.{name}': offset})}\n{line(name, f'%{word}.{name}')}"
                     for name, offset in offsets.items())


def pointers(*names: str) -> str:
    """Words as pointers, named with `.p` behind.

    >>> print(pointers("tape"))
      %tape.p = inttoptr i64 %tape to ptr
    """
    return "\n".join(f"  %{name}.p = inttoptr i64 %{name} to ptr" for name in names)


def counting(i: str, n: str, begin: str, again: str, more: str, inside: str, done: str) -> str:
    """The head of a loop: `i` from 0, after the block `begin`, and `i1`, after `again`; `inside` while there are `more` up to `n`, then `done`.

    >>> print(counting("k", "%count", "entry", "next", "left", "body", "end"))
      %k = phi i64 [ 0, %entry ], [ %k1, %next ]
      %left = icmp slt i64 %k, %count
      br i1 %left, label %body, label %end
    """
    return f"""  %{i} = phi i64 [ 0, %{begin} ], [ %{i}1, %{again} ]
  %{more} = icmp slt i64 %{i}, {n}
  br i1 %{more}, label %{inside}, label %{done}"""
