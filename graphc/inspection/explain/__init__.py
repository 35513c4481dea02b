"""What the compiler made of a run: passes, fusion, kernels, memory, as objects that print themselves and hold all the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...compiler.specialise import Specialised, needed
from ...cpu.program import Program
from ...errors import FeedError, GraphcError
from ...ir.node import Node, describe, here
from ...ir.types import TensorType
from ...runtime.call import Call
from ...runtime.calls import Calls
from ...runtime.forms import Interpreted, Runnable, WithReset
from ...runtime.stages import Staged
from .collect import Recorder, explanation
from .records import BufferRecord, Explanation, KernelRecord, PassRecord, Separation, StepRecord

__all__ = ["BufferRecord", "Explanation", "KernelRecord", "PassRecord", "Recorder", "Separation", "StepRecord", "explain", "explanation"]


def explain(calls: Calls, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Explanation:
    """See `Session.explain`."""
    with calls.undisturbed():
        call, values = calls.prepare(fetches, feed_dict or {})
        added = made_up(call)
        if added:
            feeds = {**dict(zip(call.feeds, values, strict=True)), **added}
            call, values = calls.prepare(fetches, feeds)
        arrays, recorder = call.arrays(values), Recorder()

        def make(spec: Specialised, feeds: Sequence[Node]) -> Runnable:
            if not spec.pending:
                return call.finish(spec, feeds, recorder)
            deciding = set(needed([x for p in spec.pending for x in p.inputs], {}))
            _require([n for n in added if n in deciding])
            return Interpreted(calls.values, spec.fetches, [spec.feeds.get(f) for f in feeds], [], [])      # values, and nothing happens
        try:
            program = call.compile(arrays, make)
        except GraphcError:
            _require([call.feeds[i] for i in call.by_value if call.feeds[i] in added])      # the error comes of what was made up
            raise
        _require([call.feeds[i] for i in call.by_value if call.feeds[i] in added])
        program = program.program if isinstance(program, WithReset) else program
        if isinstance(program, Staged):                 # data decides shapes: explain what runs once it is there
            calls.values.run_number[0] += program.draws
            program = program.last(arrays)[0].program
        return explanation([n.name for n in call.fetches], call.needed(), recorder, program if isinstance(program, Program) else None)


def made_up(call: Call) -> dict[Node, Any]:
    """Zeros for the placeholders that need a value and have none. FeedError if the shape of one is open."""
    fed = set(call.feeds)
    missing = [n for n in call.needed() if n.operator.name == "placeholder" and n not in fed]
    for n in missing:
        if not n.type.known:
            raise FeedError(f"explain: {describe(n)} has no fixed shape; give a value for it in feed_dict{here()}")
    return {n: zeros(n.type) for n in missing}


def zeros(kind: TensorType, unknown: int = 0) -> Any:
    """An array of a type, of zeros or empty texts; `unknown`: the size of its open dimensions."""
    return np.full([unknown if d is None else d for d in kind.shape or ()], b"" if kind.dtype.hasobject else 0, kind.dtype)


def _require(deciding: Sequence[Node]) -> None:
    if deciding:
        raise FeedError(f"explain: the value of {describe(deciding[0])} decides shapes; give one for it in feed_dict{here()}")
