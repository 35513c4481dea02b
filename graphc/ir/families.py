"""The families of operators and the combines of reductions: one record each, of all that the rest of graphc asks of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum

from ..errors import DeclarationError
from .expressions import mistake
from .node import loc_str


def _made_at() -> str:
    """Where a record is made: above its `__post_init__` and the `__init__` that dataclasses write."""
    frame = sys._getframe(3)
    return f"\n  at {loc_str((frame.f_code.co_filename, frame.f_lineno))}"


class Memory(Enum):
    """Where the result of an operator lies."""

    OWN = "in memory of its own"
    VIEW = "in the memory of its first input"
    PART = "among the results of its input"
    OUTSIDE = "where it lay before the run"
    NONE = "nowhere: there is no value, or none by the time that memory is laid out"


# The rules of `autodiff.batch_rules` by name, "size": the result describes the axes of one element, whatever
# the batch, and "unrolled": built once for each element, as where a rule does not hold.
BATCH_RULES = ("aligned", "leading", "gathered", "scattered", "trailing", "squeezed", "stretched", "unbroadcast", "product", "convolved",
               "size", "unrolled")


@dataclass(frozen=True, eq=False)
class Family:
    """What a kind of operator is to the compiler. The first fields are for all to read; each of the others is asked by name in a few places."""

    name: str
    about: str                              # one true sentence
    memory: Memory = Memory.OWN
    fuses: bool = False                     # its nodes are statements of fused kernels; else each is a step by itself, or none
    batch: str = ""                         # its rule of batching (BATCH_RULES); "": built once for each element
    colour: str = "#ffffff"                 # in pictures
    apart: str = "is a host call"           # after the operator's name: why it is not fused
    needs: tuple[str, ...] = ()             # facts without which an operator of it cannot be declared
    takes: tuple[str, ...] = ()             # facts that it may have, and an operator of another family may not
    exact: bool = False                     # each element comes of one element of each operand: no error adds up
    sampled: bool = True                    # tensors are all that its operators take: tests can run them by themselves
    repeatable: bool = True                 # the same inputs give the same result at every run
    complex: bool = False                   # its operators take complex numbers, unless they say otherwise
    broadcasts: bool = False                # computed element by element, operands of other shapes repeated
    reduces: bool = False                   # combines elements along the attribute `axis`
    draws: bool = False                     # numbers made from the element's index, the run and a key
    gathers: bool = False                   # reads its first input where its second says, along the attribute `axis`
    scatters: bool = False                  # adds its second input where its first says, along the attribute `axis`
    multiplies: bool = False                # a product of matrices, by a library
    convolves: bool = False                 # sums of products over windows, by a routine of its own
    overwrites: bool = False                # a routine whose result begins as its first operand, and may lie in its memory
    routine: bool = False                   # computed by the loop nest of its declaration, of contiguous operands
    joins: bool = False                     # its inputs are written where they lie within the result
    reshapes: bool = False                  # the elements of its input, in the same order
    cuts: bool = False                      # several results, each a view of its input
    counts: bool = False                    # the value of an element is its index: needs no memory inside a kernel
    picks: bool = False                     # takes an operator of several results, and gives one of them
    assigns: bool = False                   # changes a variable
    orders: bool = False                    # has no result, and is there for what must run before it
    arrives: bool = False                   # brought from outside before a run
    departs: bool = False                   # its operands are handed to the outside after a run

    def __post_init__(self) -> None:
        if self.fuses and (self.memory is not Memory.OWN or self.broadcasts + self.reduces + self.draws + self.gathers != 1):
            raise DeclarationError(f"family {self.name}: what fuses has memory of its own, and broadcasts, reduces, draws or gathers{_made_at()}")
        if self.batch and self.batch not in BATCH_RULES:
            raise DeclarationError(f"family {self.name}: there is no rule of batching {self.batch!r:.60}; "
                                   f"there are {', '.join(BATCH_RULES)}{_made_at()}")

    @property
    def calls(self) -> bool:
        """Whether its reference is what runs, and takes all inputs, those that only set shapes too."""
        return self.memory is Memory.OWN and not (self.fuses or self.multiplies or self.scatters or self.convolves or self.routine or self.joins)


def _table(*families: Family) -> dict[str, Family]:
    return {f.name: f for f in families}


FAMILIES = _table(
    Family("source", "A value that is there before the run: a constant, a feed, a variable.", Memory.OUTSIDE, colour="#fff2cc", sampled=False,
           complex=True),
    Family("elementwise", "Each element of the result is a scalar expression of one element of each operand.", fuses=True, batch="aligned",
           colour="#d5e8d4", needs=("expr",), takes=("expr", "check"), exact=True, broadcasts=True),
    Family("reduction", "Elements along axes are combined by an associative operation.", fuses=True, batch="leading", colour="#e1d5e7",
           needs=("combine",), takes=("combine",), reduces=True),
    Family("random", "Each element is a function of its index, the number of the run and a key.", fuses=True, colour="#ffe6cc",
           needs=("expr",), takes=("expr",), repeatable=False, draws=True),
    Family("generator", "Each element is its own index along an axis.", Memory.NONE, exact=True, counts=True),
    Family("gather", "Slices of one operand along an axis, at the places that the other one holds.", fuses=True, batch="gathered",
           apart="reads elements in an order of its own", exact=True, complex=True, gathers=True),
    Family("scatter", "Slices added up along an axis, at the places that an operand holds.", batch="scattered",
           apart="adds rows in an order of its own", complex=True, scatters=True),
    Family("routine", "Computed by a loop nest of its own, which stands in its declaration.", apart="is a loop nest of its own", colour="#dae8fc",
           needs=("loop",), takes=("loop", "factor"), routine=True),
    Family("overwriting", "Its first operand, some elements of which a loop nest of its own changes.", apart="is a loop nest of its own",
           colour="#dae8fc", needs=("loop",), takes=("loop",), routine=True, overwrites=True),
    Family("contraction", "A product of matrices, or of each pair of two stacks of them.", batch="product", colour="#dae8fc",
           apart="is a routine of its own", multiplies=True),
    Family("convolution", "Sums of products over windows, in tiles that a kernel of its own keeps in registers, or by other operators.",
           colour="#dae8fc", apart="is a routine of its own", needs=("lower",), convolves=True),
    Family("concat", "The operands side by side along an axis; whoever makes one writes it there.", batch="leading",
           apart="only joins what others write", exact=True, complex=True, joins=True),
    Family("alias", "The elements of its first input in the same order, under the same or another shape.", Memory.VIEW, batch="leading",
           exact=True, complex=True, reshapes=True),
    Family("view", "Some elements of its first input, each where a stride for every axis finds it.", Memory.VIEW, batch="leading",
           needs=("view",), takes=("view",), exact=True, complex=True),
    Family("views", "Several results, each some elements of the input, where a stride for every axis finds them.", Memory.NONE,
           batch="leading", needs=("view",), takes=("view",), exact=True, complex=True, cuts=True),
    Family("item", "One of the results of an operator that has several.", Memory.PART, batch="aligned", sampled=False, complex=True, picks=True),
    Family("lowered", "Other operators in its place, once all sizes are known.", Memory.NONE, batch="leading", needs=("lower",), exact=True),
    Family("average", "Other operators in its place, once all sizes are known, which add up elements.", Memory.NONE, batch="leading",
           needs=("lower",)),
    Family("windowed", "Sums over the windows of an operand, or of what overlaps, by other operators once all sizes are known.", Memory.NONE,
           colour="#dae8fc", needs=("lower",)),
    Family("bodies", "Runs bodies, which are parts of a graph: again and again, or one of several.", colour="#ffe6cc", needs=("drive",),
           takes=("drive",), apart="runs its bodies", sampled=False, complex=True),
    Family("host", "Its numpy reference, called between kernels.", colour="#ffe6cc", takes=("factor",)),
    Family("state", "A variable's new value.", Memory.NONE, colour="#f8cecc", sampled=False, repeatable=False, complex=True, assigns=True),
    Family("control", "No value: a place in the order in which a run does things.", Memory.NONE, colour="#eeeeee", sampled=False,
           repeatable=False, complex=True, orders=True),
    Family("arrival", "A value that is brought from outside before a run: the next element of a dataset or a queue.", Memory.OUTSIDE,
           colour="#fff2cc", sampled=False, repeatable=False, complex=True, arrives=True),
    Family("departure", "No value: what a run hands to the outside when it is done, as an element to a queue.", Memory.NONE, colour="#eeeeee",
           sampled=False, repeatable=False, complex=True, orders=True, departs=True),
)


def family(given: str | Family) -> Family:
    """The family of that name; a record stands for itself. DeclarationError: there is none."""
    if isinstance(given, Family):
        return given
    if not isinstance(given, str) or given not in FAMILIES:
        raise DeclarationError(f"there is no family {given!r:.60} of operators; there are {', '.join(FAMILIES)}")
    return FAMILIES[given]


@dataclass(frozen=True, eq=False)
class Combine:
    """How a reduction goes on, in the words of the kernel language; both are written for a dtype `{T}`.

    `neutral` is what it starts with, which may be the dtype's `{least}` or `{greatest}` value (an infinity of floats). `step` puts one more
    value `{x}` to the `{total}`; with an operator that Numba widens, as `^`, it is `{T}({total} ^ {x})`. The order of the steps is the
    compiler's choice; only `accumulate_add` and `accumulate_mul` of floats tell LLVM so. `apart` is how a loop goes on that keeps a total of
    float32 in a variable, if in another form than that of the result: what it starts with, made of the `{total}`, a step, and the result of it.
    """

    name: str
    neutral: str
    step: str
    rounds: bool = False                    # in floats the result depends on the order of the steps
    apart: tuple[str, str, str] | None = None

    def __post_init__(self) -> None:
        apart = [(text, ("total", "x")) for text in self.apart or ()]
        for text, names in ((self.neutral, ("least", "greatest")), (self.step, ("total", "x")), *apart):
            wrong = mistake(text, names)
            if wrong is not None:
                raise DeclarationError(f"combine {self.name}: {wrong}{_made_at()}")


_BY_BITS = "extremes({total})", "accumulate_extremes({total}, {x})"

COMBINES = {c.name: c for c in (
    Combine("add", "0", "accumulate_add({total}, {x})", rounds=True),
    Combine("mul", "1", "accumulate_mul({total}, {x})", rounds=True),
    Combine("max", "{least}", "accumulate_max({total}, {x})", apart=(*_BY_BITS, "largest({total})")),
    Combine("min", "{greatest}", "accumulate_min({total}, {x})", apart=(*_BY_BITS, "smallest({total})")),
    Combine("any", "0", "{total} | {x}"),
    Combine("all", "1", "{total} & {x}"),
)}


def combine(given: str | Combine) -> Combine:
    """The combine of that name; a record stands for itself. DeclarationError: there is none."""
    if isinstance(given, Combine):
        return given
    if not isinstance(given, str) or given not in COMBINES:
        raise DeclarationError(f"there is no combine {given!r:.60} of reductions; there are {', '.join(COMBINES)}")
    return COMBINES[given]
