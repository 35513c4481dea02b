"""Operators, rewrite rules and passes from outside: the supported way to add them, and the checks that they are right.

An operator is a numpy function with facts beside it. One that acts on each element gives its expression in the kernel language, and so is
fused; its gradient rule is written with tensors. The facts are the fields of `Operator`, described there.

>>> from graphc import extend
>>> @extend.elementwise("{x} / sqrt({T}(1) + {x} * {x})", grad=lambda g, y, x: (g * (1 + x * x) ** -1.5,))
... def squash(x):
...     "x / sqrt(1 + x^2); of integers in float64."
...     x = x * 1.0
...     return x / np.sqrt(1 + x * x)
>>> extend.check_operator(squash)
>>> with tf.Session() as session:
...     print(session.run(squash(tf.constant([-0.75, 0.0, 2.4]))).round(3))
[-0.6    0.     0.923]

A mistake is a DeclarationError when it is made, with the operator and its line:

>>> extend.elementwise("abz({x})", name="other")(squash.reference)
Traceback (most recent call last):
    ...
graphc.errors.DeclarationError: other: the expression 'abz({x})' calls abz, which no kernel knows
  at ...

A reduction names how it goes on from element to element: one of `COMBINES`, or a record of its own.

>>> xor = extend.Combine("xor", neutral="0", step="{T}({total} ^ {x})")
>>> @extend.reduction(xor, samples=[([np.array([[1, 2], [7, 4]])], {"axis": 1})])
... def reduce_xor(input_tensor, *, axis=None, keepdims=False):
...     "Bitwise exclusive or over `axis` (all axes without it)."
...     return np.bitwise_xor.reduce(input_tensor, axis=axis, keepdims=keepdims)
>>> extend.check_operator(reduce_xor)

Any other operator is of one of `FAMILIES`, or of a `Family` of its own; "host" is a call of its reference. Several results have names.

>>> @extend.declare("host", lambda types, values: (types[0], types[0]), results=("fraction", "whole"), batch="aligned",
...                 grad=lambda g, y, x: (g[0],), samples=[([np.array([1.5, -2.25])], {})])
... def modf(x):
...     "Fraction and whole part of x, both of its sign."
...     return np.modf(x)
>>> extend.check_operator(modf)
>>> modf([0.5, 2.5]).whole.shape
TensorShape((2,))

A rule says that two expressions have the same value, bit for bit; the compiler puts the second in the place of the first.

>>> twice = extend.rule("twice", lambda x: x + x, lambda x: x * 2, dtypes=["float32", "float64"])
>>> extend.check_rule(twice)

A pass is a function from fetches to fetches of the same types; `rewrite` visits every node with its new inputs, and None keeps it.

>>> @extend.add_pass(before="share", why="any time: nothing else knows of it")
... def drop_double_reverse(fetches):
...     def visit(node, inputs):
...         twice = node.operator.name == inputs[0].operator.name == "reverse" if inputs else False
...         return inputs[0].inputs[0] if twice and node.attrs == inputs[0].attrs else None
...     return extend.rewrite(fetches, visit)
>>> with tf.Session() as session:
...     made = session.explain(tf.reverse(tf.reverse(tf.placeholder(tf.float32, [3]), [0]), [0]))
>>> [p.name for p in made.passes if p.after < p.before]
['drop_double_reverse']
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .compiler.passes import PIPELINE, add_pass, rewrite
from .compiler.rules import RULES, Rule, by_root, rule
from .errors import DeclarationError
from .ir.families import BATCH_RULES, COMBINES, FAMILIES, Combine, Family, Memory
from .ir.loops import Loop
from .ir.node import OPERATORS
from .ir.operator import Operator, declare, elementwise, reduction, typed_like
from .ir.types import TensorType
from .testing import check_operator, check_rule
from .tf1_names import namespace as _namespace

__all__ = ["BATCH_RULES", "COMBINES", "FAMILIES", "Combine", "DeclarationError", "Family", "Loop", "Memory", "Operator", "Rule", "TensorType",
           "add_pass", "check_operator", "check_rule", "declare", "elementwise", "reduction", "rewrite", "rule", "temporary", "typed_like"]


@contextmanager
def temporary() -> Iterator[None]:
    """What is declared inside, operators, rules and passes, is forgotten at the end; as in tests.

    >>> from graphc import extend
    >>> with extend.temporary():
    ...     _ = extend.rule("minus-self-twice", lambda x: x - x - x, lambda x: -x, dtypes=["int32"])
    """
    operators, rules, passes = dict(OPERATORS), RULES[:], PIPELINE[:]
    try:
        yield
    finally:
        OPERATORS.clear()
        OPERATORS.update(operators)
        RULES[:], PIPELINE[:] = rules, passes
        by_root.cache_clear()


_namespace(globals())
