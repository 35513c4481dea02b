"""`tf.contrib.integrate`: ordinary differential equations, by steps of Runge and Kutta whose size the error decides, or that are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ArgumentError, DTypeError, ShapeError
from ..ir.arguments import hold as _hold
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.array import concat, expand_dims, identity
from ..ops.control_flow import while_loop
from ..ops.control_loops import scan
from ..ops.debug import assert_less
from ..ops.math import abs, add_n, cast, ceil, clip_by_value, less, less_equal, maximum, minimum, square, where
from ..ops.reduce import reduce_mean
from ..tf1_names import namespace as _namespace

__all__ = ["odeint", "odeint_fixed"]

# Dormand and Prince (1980), "A family of embedded Runge-Kutta formulae", table 2: places, weights of the stages, of the result, of its error.
_PLACES = (1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0)
_STAGES = ((1 / 5,), (3 / 40, 9 / 40), (44 / 45, -56 / 15, 32 / 9), (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
           (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656), (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84))
_ERROR = (35 / 384 - 1951 / 21600, 0.0, 500 / 1113 - 22642 / 50085, 125 / 192 - 451 / 720, -2187 / 6784 + 12231 / 42400, 11 / 84 - 649 / 6300,
          -1 / 60)
_OPTIONS = {"first_step": None, "safety": 0.9, "ifactor": 10.0, "dfactor": 0.2, "max_num_steps": 1000}

Slope = Callable[[Node, Node], Any]


def _given(what: str, func: Any, y0: Any, t: Any) -> tuple[Slope, Node, Node]:
    """The slope as a tensor like y, y, and the times, rising."""
    if not callable(func):
        raise ArgumentError(f"{what}: the slope is a function of y and t, not {func!r:.60}{here()}")
    y, times = to_node(y0), to_node(t) if isinstance(t, Node) else to_node(t, None if hasattr(t, "dtype") else "float64")
    for x in (y, times):
        if x.type.dtype.kind != "f":
            raise DTypeError(f"{what}: {describe(x)} is not of a floating dtype{here()}")
    if times.type.rank != 1:
        raise ShapeError(f"{what}: {describe(times)} is no vector of times{here()}")
    rising = assert_less(times[:-1], times[1:], message=f"{what}: the times do not rise")
    with times.graph.control_dependencies([rising]):
        times = identity(times)
    return lambda a, b: to_node(func(a, b)), y, times


def odeint(func: Slope, y0: Any, t: Any, rtol: float = 1e-6, atol: float = 1e-12, method: str | None = None,
           options: Mapping[str, Any] | None = None, full_output: bool = False, name: str | None = None) -> Any:
    """The solution y of dy/dt = func(y, t) at the times `t`, by steps of order 5 whose size keeps their error small (Dormand and Prince 1980).

    y0: float[...], at t[0]; t: float[n], rising -> float[n, ...]. An error beyond atol + rtol |y|, as the root of the mean of its squares, makes
    a step smaller. `options`: first_step, safety, ifactor, dfactor (the most and the least factor by which a step changes), max_num_steps from
    one time to the next. With `full_output` also a dict: num_func_evals, how often the slope was computed. Every order of derivatives.
    ArgumentError: no function, method or option. DTypeError, ShapeError: operands that are none. InvalidArgumentError, when run: times that do
    not rise, or too many steps.

    >>> y = tf.contrib.integrate.odeint(lambda y, t: -y, tf.constant(1.0, tf.float64), [0.0, 1.0, 2.0])
    >>> tf.Session(jit=False).run(y)
    array([1.        , 0.36787..., 0.13533...])
    """
    if method not in (None, "dopri5"):
        raise ArgumentError(f"odeint: there is the method 'dopri5', not {method!r:.60}{here()}")
    wrong = [word for word in options or {} if word not in _OPTIONS]
    if wrong:
        raise ArgumentError(f"odeint: there are the options {', '.join(_OPTIONS)}, not {wrong[0]!r:.60}{here()}")
    how = {**_OPTIONS, **(options or {})}
    with name_scope(name, "odeint"):
        slope, y, times = _given("odeint", func, y0, t)

        def reached(state: Any, until: Node) -> Any:
            y, at, dt, count = state
            _, _, y, at, dt, steps = while_loop(
                lambda n, until, y, at, dt, steps: less(at, until),
                lambda n, until, y, at, dt, steps: (n + 1, until, *_step(slope, y, at, dt, until, rtol, atol, how), steps + 1),
                (0, until, y, at, dt, 0), maximum_iterations=how["max_num_steps"])
            done = assert_less(until, at + abs(at) * 1e-3 + 1e-30, message=f"odeint: {how['max_num_steps']} steps do not lead to the next time")
            with y.graph.control_dependencies([done]):
                return identity(y), until, dt, count + steps
        first = times[1] - times[0] if how["first_step"] is None else cast(how["first_step"], times.type.dtype)
        ys, _, _, counts = scan(reached, times[1:], (y, times[0], first, 0))
        found = concat([expand_dims(y, 0), ys], axis=0)
        return (found, {"num_func_evals": 7 * counts[-1]}) if full_output else found


def _step(slope: Slope, y: Node, at: Node, dt: Node, until: Node, rtol: float, atol: float, how: Mapping[str, Any]) -> tuple[Node, Node, Node]:
    """y, the time and the size of the next step, after one that is taken if its error is small."""
    kind = y.type.dtype
    ends = less_equal(until - at, dt)
    size = minimum(dt, until - at)
    h, stages = cast(size, kind), [slope(y, at)]
    for place, weights in zip(_PLACES, _STAGES, strict=True):
        moved = y + h * add_n([w * k for w, k in zip(weights, stages, strict=True) if w])
        stages.append(slope(moved, at + place * size))
    error = h * add_n([w * k for w, k in zip(_ERROR, stages, strict=True) if w])
    ratio = reduce_mean(square(error / (atol + rtol * maximum(abs(y), abs(moved))))) ** 0.5
    taken = less_equal(ratio, 1.0)
    factor = clip_by_value(how["safety"] * maximum(ratio, 1e-12) ** -0.2, where(taken, 1.0, how["dfactor"]), how["ifactor"])
    after = where(ends, until, at + size)
    return where(taken, moved, y), where(taken, after, at), cast(factor, dt.type.dtype) * size


_FIXED: dict[str, Callable[[Slope, Node, Node, Node, Node], Node]] = {
    "midpoint": lambda f, y, t, dt, h: h * f(y + 0.5 * h * f(y, t), t + 0.5 * dt),
    "rk4": lambda f, y, t, dt, h: _fourth(f, y, t, dt, h),
}


def _fourth(f: Slope, y: Node, t: Node, dt: Node, h: Node) -> Node:
    a = f(y, t)
    b = f(y + 0.5 * h * a, t + 0.5 * dt)
    c = f(y + 0.5 * h * b, t + 0.5 * dt)
    d = f(y + h * c, t + dt)
    return h * (a + 2.0 * b + 2.0 * c + d) / 6.0


def odeint_fixed(func: Slope, y0: Any, t: Any, dt: Any = None, method: str = "rk4", name: str | None = None) -> Node:
    """The solution y of dy/dt = func(y, t) at the times `t`, by steps from one to the next, or of `dt` at most in between.

    y0: float[...], at t[0]; t: float[n], rising -> float[n, ...]. `method`: "rk4" (Kutta 1901) or "midpoint". Every order of derivatives.
    ArgumentError: no function or method. DTypeError, ShapeError: operands that are none. InvalidArgumentError, when run: times that do not rise.

    >>> y = tf.contrib.integrate.odeint_fixed(lambda y, t: -y, tf.constant(1.0, tf.float64), [0.0, 1.0], dt=0.1)
    >>> tf.Session(jit=False).run(y)
    array([1.        , 0.36787...])
    """
    if method not in _FIXED:
        raise ArgumentError(f"odeint_fixed: there are the methods {', '.join(_FIXED)}, not {method!r:.60}{here()}")
    with name_scope(name, "odeint_fixed"):
        slope, y, times = _given("odeint_fixed", func, y0, t)

        def reached(state: Any, until: Node) -> Any:
            y, at = state
            count = ceil((until - at) / cast(dt, times.type.dtype)) if dt is not None else cast(1.0, times.type.dtype)
            size = (until - at) / count

            def stepped(i: Node, y: Node) -> Any:
                return i + 1.0, y + _FIXED[method](slope, y, at + i * size, size, cast(size, y.type.dtype))
            return while_loop(lambda i, y: less(i, count), stepped, (cast(0.0, times.type.dtype), y))[1], until
        ys, _ = scan(reached, times[1:], (y, times[0]))
        return concat([expand_dims(y, 0), ys], axis=0)


_hold(globals(), __all__)
_namespace(globals())
