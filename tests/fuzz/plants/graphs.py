"""Bugs in what becomes of a graph before there are kernels: gradients, passes, state, and graphs written to files."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as tf
from graphc.autodiff import gradients
from graphc.compiler import passes, rules, specialise
from graphc.files import graph_json
from graphc.ir.families import Memory
from graphc.ir.graph import OPERATORS
from graphc.ops import conv_lower, pool_loops, windows

from .registry import plant, plant_in

# ---------------------------------------------------------------------- gradients

@plant
def broadcast_undone_along_wrong_axis() -> None:
    """Undoing a broadcast sums over the last axes where it is the first that were added."""
    made = gradients.unbroadcast

    def undone(g: Any, x: Any) -> Any:
        lead = len(g.type.shape or ()) - len(x.type.shape or ())
        if not lead or not g.type.known or not x.type.known or g.type.shape[:len(x.type.shape)] != x.type.shape:
            return made(g, x)
        return tf.reduce_sum(g, axis=tuple(range(-lead, 0)))
    gradients.unbroadcast = undone


@plant
def contributions_not_added() -> None:
    """Of what reaches a tensor over several paths, the last part is its gradient."""
    made = gradients._total
    gradients._total = lambda node, contributions: made(node, contributions[-1:])


@plant_in("truediv")
def quotient_by_its_divisor() -> None:
    """The derivative of a quotient by its divisor is not divided by it."""
    OPERATORS["truediv"].grad = lambda g, out, x, y: (g / y, -(g * out))


@plant
def odd_padding_in_front() -> None:
    """With "SAME" the odd element of padding goes before the others, not behind."""
    made = windows.widths
    conv_lower.widths = windows.widths = lambda *args: [(after, before) for before, after in made(*args)]     # type: ignore[attr-defined]


@plant_in("conv")
def filter_not_turned_round() -> None:
    """The gradient of a convolution to its input is one by the filter as it stands."""
    conv_lower.reverse = lambda x, axis: x                # type: ignore[attr-defined]


@plant_in("max_pool_nd")
def last_of_equal_maxima() -> None:
    """The place of a maximum in a window is that of the last of equal ones."""
    pool_loops._last_first = lambda count: range(count)


@plant_in("max_pool_nd")
def padding_is_zero_in_maxima() -> None:
    """What pads a picture counts as 0 in the maximum of a window."""
    pool_loops.least_text = lambda dtype: "0"


@plant
def dilation_forgotten_in_reach() -> None:
    """Elements of a dilated window are taken for neighbours when windows are added up."""
    made = windows.reach
    conv_lower.reach = windows.reach = lambda window, stride, dilation: made(window, stride, 1)        # type: ignore[attr-defined]


@plant_in("relu")
def relu_passes_all() -> None:
    """The derivative of relu is 1 everywhere."""
    OPERATORS["relu"].grad = lambda g, y, x: (g,)


@plant_in("multiply")
def product_has_no_second_derivative() -> None:
    """The gradient of a product takes the factors for constants."""
    OPERATORS["multiply"].grad = lambda g, out, x, y: (g * tf.stop_gradient(y), g * tf.stop_gradient(x))


@plant_in("concat")
def parts_get_each_others_gradients() -> None:
    """Parts of a concatenation get their gradients in the opposite order, if they have one shape."""
    made = OPERATORS["concat"].grad

    def swapped(g: Any, y: Any, *xs: Any, **attrs: Any) -> Any:
        found = made(g, y, *xs, **attrs)
        return found[::-1] if len({x.type.shape for x in xs}) == 1 else found
    OPERATORS["concat"].grad = swapped


@plant_in("cumsum")
def running_sum_goes_on_forward() -> None:
    """The gradient of a running sum runs in the same direction."""
    OPERATORS["cumsum"].grad = lambda g, y, x, axis, exclusive, reverse: (tf.cumsum(g, axis, exclusive, reverse),)


@plant
def forward_mode_moves_one_operand() -> None:
    """Forward mode forgets that the second operand moves too."""
    made = gradients._push_elementwise

    def pushed(node: Any, along: Any) -> Any:
        first = next(i for i, t in enumerate(along) if t is not None)
        return made(node, [t if i == first else None for i, t in enumerate(along)])
    gradients._push_elementwise = pushed


# ---------------------------------------------------------------------- passes

@plant
def folding_in_single_precision() -> None:
    """A constant made by folding has been a float32."""
    made = passes.constant_node

    def rounded(graph: Any, array: Any) -> Any:
        with np.errstate(all="ignore"):
            return made(graph, array.astype(np.float32).astype(array.dtype) if array.dtype == np.float64 else array)
    passes.constant_node = rounded


@plant
def rule_turned_round() -> None:
    """a + (-b) is rewritten as b - a."""
    place = next(i for i, r in enumerate(rules.RULES) if r.name == "plus-neg")
    rules.RULES[place] = rules.Rule("plus-neg", lambda a, b: a + (-b), lambda a, b: b - a)
    rules.by_root.cache_clear()


@plant
def sharing_ignores_attributes() -> None:
    """Nodes that differ in their attributes only are shared."""
    made = passes._attrs_key
    passes._attrs_key = lambda node: made(node) if node.operator.family.memory is Memory.OUTSIDE or not node.inputs else ()


@plant
def transposes_are_identities() -> None:
    """A view of the type of its operand is taken for the operand."""
    def visit(node: Any, inputs: Any) -> Any:
        return inputs[0] if node.operator.family.memory is Memory.VIEW and node.type == inputs[0].type else None
    _replace_pass("remove_identities", lambda fetches: passes.rewrite(fetches, visit))


def _replace_pass(name: str, function: Any) -> None:
    place = next(i for i, p in enumerate(passes.PIPELINE) if p[0] == name)
    passes.PIPELINE[place] = (name, function, passes.PIPELINE[place][2])


@plant
def small_products_forget_a_transpose() -> None:
    """A small product that is written out takes its first matrix as it lies, if it is square."""
    made = passes._swapped
    passes._swapped = lambda matrix: matrix if len(set(matrix.type.shape[-2:])) == 1 else made(matrix)


@plant
def padding_is_always_zero() -> None:
    """Sums of padded tensors take whatever pads them for zeros."""
    def zeros(x: Any) -> bool:
        scalar = x.inputs[0] if x.operator.name == "broadcast_to" else x
        return scalar.operator.name == "constant" and scalar.type.shape == ()
    passes._is_zeros = zeros


# ---------------------------------------------------------------------- state

@plant
def reads_ignore_control_dependencies() -> None:
    """A read gives the value before the run, whatever it comes after."""
    specialise._State.read = lambda self, node, new: new[node.inputs[0]]


@plant
def additions_start_from_the_first_value() -> None:
    """assign_add and assign_sub start from the value before the run, not from the one assigned since."""
    def assign(self: Any, node: Any, new: Any, scratch: Any) -> Any:
        variable, value = node.inputs[0], new[node.inputs[1]]
        if node.operator.name != "assign":
            value = OPERATORS["add" if node.operator.name == "assign_add" else "subtract"](new[variable], value)
            value = specialise._built(value, value.inputs, scratch)
        self.assigned[variable] = value
        return value
    specialise._State.assign = assign


@plant
def first_assignment_stays() -> None:
    """Of several assignments to a variable the first one is kept."""
    made = specialise._State.assign

    def assign(self: Any, node: Any, new: Any, scratch: Any) -> Any:
        before = dict(self.assigned)
        value = made(self, node, new, scratch)
        self.assigned.update(before)
        return value
    specialise._State.assign = assign


# ---------------------------------------------------------------------- saving

@plant
def constants_saved_in_single_precision() -> None:
    """A saved constant has been a float32."""
    made = graph_json.write_array

    def write(a: Any) -> Any:
        with np.errstate(all="ignore"):
            return made(a.astype(np.float32).astype(a.dtype) if a.dtype == np.float64 else a)
    graph_json.write_array = write


@plant
def control_inputs_not_saved() -> None:
    """A saved node forgets what it runs after."""
    made = graph_json._Writer.node

    def node(self: Any, n: Any) -> Any:
        record = made(self, n)
        record.pop("control", None)
        return record
    graph_json._Writer.node = node


@plant
def switches_saved_as_off() -> None:
    """A saved attribute that is True is False."""
    made = graph_json._Writer.value
    graph_json._Writer.value = lambda self, v, what: False if v is True else made(self, v, what)
