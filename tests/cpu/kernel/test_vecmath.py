"""The vectorised elementary functions against mpmath: error in ulp (units of the last place), special values, code."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from graphc.cpu.kernel import vecmath

INF, NAN = np.inf, np.nan
F32, F64 = np.float32, np.float64
POINTS = 1200
PRECISION = 140  # bits of the references


@cache
def loop(*names: str) -> Any:
    """A compiled loop that stores the sum of the named functions of each element (or pair of elements)."""
    functions = [vecmath.intrinsics()[name] for name in names]
    arity = ARITY.get(names[0], 1)
    operands = ", ".join(f"{name}[i]" for name in "ab"[:arity])
    total = " + ".join(f"f{k}({operands})" for k in range(len(functions)))
    source = f"def kernel({', '.join('ab'[:arity])}, out):\n    for i in range(out.size):\n        out[i] = {total}\n"
    namespace: dict[str, Any] = {f"f{k}": function for k, function in enumerate(functions)}
    exec(source, namespace)
    return njit(namespace["kernel"], error_model="numpy", fastmath={"contract"})


ARITY = {"pow": 2, "atan2": 2}


def run(name: str, *operands: np.ndarray) -> np.ndarray:
    out = np.full_like(operands[0], 77.0)
    loop(name)(*operands, out)
    return out


def reference_sigmoid(x: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-x))


REFERENCES = {"asin": mpmath.asin, "acos": mpmath.acos, "sigmoid": reference_sigmoid, "pow": mpmath.power}


def ulp_error(result: float, exact: mpmath.mpf, dtype: type) -> float:
    """|result - exact| in units of the last place of `exact`; overflow must give the infinity of its sign."""
    info = np.finfo(dtype)
    if abs(exact) > float(info.max):
        return 0.0 if result == np.sign(float(mpmath.sign(exact))) * INF or abs(result) == info.max else INF
    if not np.isfinite(result):
        return INF
    exponent = max(int(mpmath.floor(mpmath.log(abs(exact), 2))) if exact else info.minexp, info.minexp)
    return float(abs(mpmath.mpf(float(result)) - exact) / mpmath.ldexp(1, exponent - info.nmant))


def worst_error(name: str, dtype: type, *operands: np.ndarray) -> tuple[float, tuple[float, ...]]:
    reference = REFERENCES.get(name) or getattr(mpmath, name)
    results = run(name, *operands)
    with mpmath.workprec(PRECISION):
        points = zip(results.tolist(), *(operand.tolist() for operand in operands), strict=True)
        return max((ulp_error(result, reference(*map(mpmath.mpf, point)), dtype), tuple(point))
                   for result, *point in points)


def sample(low: float, high: float, dtype: type, seed: int, count: int = POINTS) -> np.ndarray:
    """Points between the bounds, geometrically if these have one sign and lie far apart, and the bounds themselves."""
    info, rng = np.finfo(dtype), np.random.default_rng(seed)
    low, high = (float(np.clip(bound, info.min, info.max)) for bound in (low, high))
    if low * high > 0 and max(low / high, high / low) > 1e4:
        points = np.sign(low) * np.exp(rng.uniform(*np.sort(np.log(np.abs([low, high]))), count))
    else:
        points = rng.uniform(low, high, count)
    return np.concatenate([points, [low, high]]).clip(low, high).astype(dtype)


# function, error allowed, ranges of the argument: float32, float64. Denormal results and arguments lie in them.
ACCURACY = [
    ("exp", 1.1, [(-104.5, 89.0), (-1, 1), (1e-30, 1)], [(-746, 710), (-1, 1), (1e-300, 1)]),
    ("log", 1.0, [(2e-45, 3e38), (0.5, 2), (0.99, 1.01)], [(5e-324, 1e308), (0.5, 2), (0.99, 1.01)]),
    ("expm1", 2.2, [(-30, 89), (-1.1, 1.1), (2e-45, 1), (-1, -2e-45)],
     [(-50, 710), (-1.1, 1.1), (5e-324, 1), (-1, -5e-324)]),
    ("log1p", 1.5, [(2e-45, 3e38), (-0.9999, 3), (-0.9, -2e-45)], [(5e-324, 1e308), (-0.9999, 3), (-0.9, -5e-324)]),
    ("tanh", 2.6, [(-10, 10), (-1, 1), (2e-45, 1)], [(-22, 22), (-1, 1), (5e-324, 1)]),
    ("sigmoid", 2.4, [(-105, 105), (-4, 4), (1e-30, 1)], [(-746, 746), (-4, 4), (1e-300, 1)]),
    ("sinh", 2.4, [(-89.5, 89.5), (-1.5, 1.5), (2e-45, 1)], [(-711, 711), (-1.5, 1.5), (5e-324, 1)]),
    ("cosh", 1.6, [(-89.5, 89.5), (-1.5, 1.5), (1e-30, 1)], [(-711, 711), (-1.5, 1.5), (1e-300, 1)]),
    ("erf", 1.5, [(-4.2, 4.2), (0.9, 1.3), (2e-45, 1)], [(-6.2, 6.2), (0.9, 1.3), (5e-324, 1)]),
    ("erfc", 2.4, [(-4.2, 10.3), (0.4, 0.6), (2e-45, 1), (-1, -2e-45), (9, 10.2)],
     [(-6.2, 27.4), (-0.6, 0.6), (5e-324, 1), (-1, -5e-324), (20, 26.5)]),
    ("sin", 2.0, [(-7, 7), (-3e5, 3e5), (2e-45, 1), (1e5, 3e38)], [(-7, 7), (-1e6, 1e6), (5e-324, 1), (1e5, 1.7e308)]),
    ("cos", 2.0, [(-7, 7), (-3e5, 3e5), (1e-30, 1), (-3e38, -1e5)],
     [(-7, 7), (-1e6, 1e6), (1e-300, 1), (-1.7e308, -1e5)]),
    ("tan", 3.5, [(-7, 7), (-3e5, 3e5), (2e-45, 1), (1e5, 3e38)], [(-7, 7), (-1e6, 1e6), (5e-324, 1), (1e5, 1.7e308)]),
    ("asin", 2.6, [(-1, 1), (2e-45, 1), (0.49, 0.52)], [(-1, 1), (5e-324, 1), (0.49, 0.52)]),
    ("acos", 1.5, [(-1, 1), (1e-30, 1), (0.99, 1)], [(-1, 1), (1e-300, 1), (0.99, 1)]),
    ("atan", 2.2, [(-8, 8), (2e-45, 3e38), (0.41, 0.44)], [(-8, 8), (5e-324, 1e308), (0.41, 0.44)]),
]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("name, allowed, ranges32, ranges64", ACCURACY, ids=[row[0] for row in ACCURACY])
def test_error(name: str, allowed: float, ranges32: list, ranges64: list, dtype: type) -> None:
    ranges = ranges32 if dtype is F32 else ranges64
    points = np.concatenate([sample(low, high, dtype, seed) for seed, (low, high) in enumerate(ranges)])
    error, point = worst_error(name, dtype, points)
    assert error <= allowed, (error, point)


def powers(kind: str, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    rng, limit = np.random.default_rng(3), 88.0 if dtype is F32 else 709.0
    if kind == "integers":
        return rng.uniform(-10, 10, POINTS).astype(dtype), rng.integers(-30, 30, POINTS).astype(dtype)
    if kind == "denormals":
        x = rng.uniform(0, 1, POINTS) * float(np.finfo(dtype).smallest_normal)
        return x.astype(dtype), rng.uniform(-1, 1.05, POINTS).astype(dtype)
    low, high = {"all": (-limit, limit), "octave": (-0.7, 0.7), "one": (-1e-3, 1e-3)}[kind]
    x = np.exp(rng.uniform(low, high, POINTS)).astype(dtype)
    return x, (rng.uniform(-1.1, 1.1, POINTS) * limit / np.log(x.astype(F64))).astype(dtype)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("kind", ["all", "octave", "one", "integers", "denormals"])
def test_pow_error(kind: str, dtype: type) -> None:
    error, point = worst_error("pow", dtype, *powers(kind, dtype))
    assert error <= 1.2, (error, point)


@pytest.mark.parametrize("dtype", [F32, F64])
def test_pow_exact_powers_are_exact(dtype: type) -> None:
    x, y = (side.ravel().astype(dtype) for side in np.meshgrid(np.arange(-9.0, 10.0) / 4, np.arange(0.0, 7.0)))
    assert np.array_equal(run("pow", x, y), x ** y)
    random = sample(1e-30, 1e30, dtype, 1)
    assert np.array_equal(run("pow", random, np.ones_like(random)), random)


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("size", [1.0, 1e-300, 1e300, 4e-308], ids=["one", "tiny", "large", "denormal"])
def test_atan2_error(size: float, dtype: type) -> None:
    rng, info = np.random.default_rng(4), np.finfo(dtype)
    scale = {1.0: 4.0, 1e-300: info.smallest_normal * 1e5, 1e300: info.max, 4e-308: info.smallest_normal * 0.5}[size]
    y, x = ((rng.uniform(-1, 1, POINTS) * float(scale)).astype(dtype) for _ in range(2))
    error, point = worst_error("atan2", dtype, y, x)
    assert error <= 2.2, (error, point)


# The arguments nearest to a multiple of pi/2 (J.-M. Muller, Elementary Functions), and neighbours of the limits.
HARD_ANGLES = {
    F32: [16367173 * 2.0**72, 16367173 * 2.0**71, 262143.98, 262144.0, 262144.03, 3.4e38, 11.0, 22.0, 355.0, 710.0,
          52174.0],
    F64: [6381956970095103 * 2.0**797, 6381956970095103 * 2.0**796, 2.0**40, 2.0**40 + 0.5, 1.7976931348623157e308,
          11.0, 22.0, 355.0, 710.0, 1e22, 245850922.0, 411557987.0, 3.14159265358979, 1.5707963267948966],
}


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("name, allowed", [("sin", 2.0), ("cos", 2.0), ("tan", 3.5)])
def test_hard_angles(name: str, allowed: float, dtype: type) -> None:
    angles = np.array(HARD_ANGLES[dtype] * 3, dtype)
    error, point = worst_error(name, dtype, np.concatenate([angles, -angles]))
    assert error <= allowed, (error, point)


@pytest.mark.parametrize("dtype", [F32, F64])
def test_one_huge_lane_leaves_the_others_alone(dtype: type) -> None:
    angles = np.linspace(0, 3, 64).astype(dtype)
    calm = run("sin", angles)
    for lane in (0, 3, 17, 63):
        mixed = angles.copy()
        mixed[lane] = 1e30
        result = run("sin", mixed)
        assert abs(result[lane] - float(mpmath.sin(float(mixed[lane])))) < 1e-6
        assert np.array_equal(np.delete(result, lane), np.delete(calm, lane))


@pytest.mark.parametrize("dtype", [F32, F64])
def test_sine_and_cosine_stay_within_one(dtype: type) -> None:
    angles = (np.arange(-400, 400)[:, None] * np.pi / 2 + np.linspace(-1e-4, 1e-4, 41)).ravel().astype(dtype)
    assert max(np.max(np.abs(run(name, angles))) for name in ("sin", "cos")) == 1.0


@pytest.mark.parametrize("dtype", [F32, F64])
def test_several_in_one_kernel(dtype: type) -> None:
    angles, out = np.array([0.5, 1e7, -1e15, 1e30] * 8, dtype), np.empty(32, dtype)
    loop("sin", "cos", "tan", "sin")(angles, out)
    separate = [run(name, angles).astype(F64) for name in ("sin", "cos", "tan")]
    np.testing.assert_allclose(out, 2 * separate[0] + separate[1] + separate[2], rtol=4e-6 if dtype is F32 else 1e-14)


# function, arguments, exact results (compared with their signs). nan equals nan.
SPECIAL = [
    ("exp", [0, -0.0, INF, -INF, NAN, 1e4, -1e4], [1, 1, INF, 0, NAN, INF, 0]),
    ("expm1", [0, -0.0, INF, -INF, NAN, 1e4, -1e4], [0, -0.0, INF, -1, NAN, INF, -1]),
    ("log", [0, -0.0, INF, -INF, NAN, 1, -1], [-INF, -INF, INF, NAN, NAN, 0, NAN]),
    ("log1p", [0, -0.0, INF, -INF, NAN, -1, -2], [0, -0.0, INF, NAN, NAN, -INF, NAN]),
    ("tanh", [0, -0.0, INF, -INF, NAN, 1e4], [0, -0.0, 1, -1, NAN, 1]),
    ("sigmoid", [0, -0.0, INF, -INF, NAN, 1e4, -1e4], [0.5, 0.5, 1, 0, NAN, 1, 0]),
    ("sinh", [0, -0.0, INF, -INF, NAN, 1e4, -1e4], [0, -0.0, INF, -INF, NAN, INF, -INF]),
    ("cosh", [0, -0.0, INF, -INF, NAN, 1e4, -1e4], [1, 1, INF, INF, NAN, INF, INF]),
    ("erf", [0, -0.0, INF, -INF, NAN, 1e4], [0, -0.0, 1, -1, NAN, 1]),
    ("erfc", [0, -0.0, INF, -INF, NAN, 1e4, -1e4], [1, 1, 0, 2, NAN, 0, 2]),
    ("sin", [0, -0.0, INF, -INF, NAN], [0, -0.0, NAN, NAN, NAN]),
    ("cos", [0, -0.0, INF, -INF, NAN], [1, 1, NAN, NAN, NAN]),
    ("tan", [0, -0.0, INF, -INF, NAN], [0, -0.0, NAN, NAN, NAN]),
    ("asin", [0, -0.0, INF, -INF, NAN, 2, 1, -1], [0, -0.0, NAN, NAN, NAN, NAN, np.pi / 2, -np.pi / 2]),
    ("acos", [1, INF, -INF, NAN, -2, 0, -0.0, -1], [0, NAN, NAN, NAN, NAN, np.pi / 2, np.pi / 2, np.pi]),
    ("atan", [0, -0.0, INF, -INF, NAN, 1], [0, -0.0, np.pi / 2, -np.pi / 2, NAN, np.pi / 4]),
]
SPECIAL_OPERANDS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, INF, -INF, NAN, 2.0**53, 2.0**23 - 0.5,
                    1e-320, -1e-320]


def assert_identical(result: np.ndarray, expected: np.ndarray) -> None:
    assert np.array_equal(result, expected, equal_nan=True), (result, expected)
    ordinary = ~np.isnan(expected)
    assert np.array_equal(np.signbit(result[ordinary]), np.signbit(expected[ordinary])), (result, expected)


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("name, arguments, expected", SPECIAL, ids=[row[0] for row in SPECIAL])
def test_special_values(name: str, arguments: list, expected: list, dtype: type) -> None:
    repeats = 16  # so that the vectorised part of the loop sees them, and its remainder too
    arguments, expected = arguments * repeats + arguments[:3], expected * repeats + expected[:3]
    assert_identical(run(name, np.array(arguments, dtype)), np.array(expected, dtype))


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("name, reference", [("pow", np.power), ("atan2", np.arctan2)])
def test_special_pairs(name: str, reference: Any, dtype: type) -> None:
    a, b = (np.ascontiguousarray(side.ravel()) for side in np.meshgrid(*[np.array(SPECIAL_OPERANDS, dtype)] * 2))
    with np.errstate(all="ignore"):
        expected = reference(a.astype(F64), b.astype(F64)).astype(dtype)
    result = run(name, a, b)
    exact = ~np.isfinite(expected) | (expected == 0)
    assert_identical(result[exact], expected[exact])
    np.testing.assert_allclose(result, expected, rtol=4 * np.finfo(dtype).eps, atol=np.finfo(dtype).smallest_subnormal)
    assert np.array_equal(np.signbit(result), np.signbit(expected)) or np.isnan(expected).any()


@pytest.mark.parametrize("dtype", [F32, F64])
def test_results_have_the_type_of_the_operands(dtype: type) -> None:
    names = sorted(vecmath.FUNCTIONS)
    calls = ", ".join(f"f{k}({', '.join('x' * ARITY.get(name, 1))})" for k, name in enumerate(names))
    namespace: dict[str, Any] = {f"f{k}": vecmath.intrinsics()[name] for k, name in enumerate(names)}
    exec(f"def every(x):\n    return ({calls},)\n", namespace)
    every = njit(namespace["every"], error_model="numpy")
    every(dtype(0.5))
    assert [str(result) for result in every.nopython_signatures[0].return_type] == [np.dtype(dtype).name] * len(names)


@pytest.mark.parametrize("name", sorted(vecmath.FUNCTIONS))
def test_integers_are_refused(name: str) -> None:
    with pytest.raises(TypingError):
        loop(name)(*[np.array([1, 2])] * ARITY.get(name, 1), np.zeros(2))


def packed_instructions(name: str, dtype: type) -> list[str]:
    """The lines of the loop's machine code that compute with whole vector registers."""
    run(name, *[np.full(3, 0.5, dtype)] * ARITY.get(name, 1))
    kernel = loop(name)
    compiled = next(signature for signature in kernel.signatures if signature[0].dtype.name == np.dtype(dtype).name)
    lines = kernel.inspect_asm(compiled).splitlines()
    return [line for line in lines if ("ymm" in line or "zmm" in line) and line.split()[0].endswith(("ps", "pd"))]


def has_avx2() -> bool:
    import llvmlite.binding as llvm

    return bool(llvm.get_host_cpu_features().get("avx2"))


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("name", sorted(vecmath.FUNCTIONS))
def test_loops_are_vectorised(name: str, dtype: type) -> None:
    operands = [np.linspace(0.1, 0.9, 35).astype(dtype)] * ARITY.get(name, 1)
    result = run(name, *operands)
    one_by_one = np.concatenate([run(name, *(operand[k:k + 1] for operand in operands)) for k in range(35)])
    assert np.allclose(result, one_by_one, rtol=4 * np.finfo(dtype).eps)
    if has_avx2():
        working = [line for line in packed_instructions(name, dtype) if "mul" in line or "fm" in line or "fnm" in line]
        assert len(working) >= 4, f"{name} computes with {len(working)} packed multiplications"


def test_import_leaves_numba_alone() -> None:
    code = "import graphc.cpu.kernel.vecmath, sys; assert 'numba' not in sys.modules and 'llvmlite' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
