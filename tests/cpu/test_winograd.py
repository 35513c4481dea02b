"""Convolutions by Winograd's transform: against loops over the definition, where numbers are not finite or far apart, and planted faults."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.cpu import native, winograd, winograd_text
from graphc.ops.conv import conv, conv_input
from tests.cpu.test_conv import products
from tests.ops.test_conv import Looped

ROUNDING = 2.0**-24         # of a sum or product in float32, relatively


@pytest.fixture(autouse=True)
def squares(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As few squares as there are take the transform, and a plan is made anew: it is not kept by how many there must be."""
    monkeypatch.setattr(winograd, "LEAST_SQUARES", 1)
    monkeypatch.setattr(winograd, "FILLED", 0)
    monkeypatch.setenv("GRAPHC_PLANS", "none")
    yield


class Case:
    """A convolution: images, height and width, channels, outputs, padding, groups; its operands are drawn from a normal distribution."""

    def __init__(self, images: int, size: tuple[int, int], channels: int, outputs: int, padding: Any = "SAME", groups: int = 1):
        rng = np.random.default_rng([images, *size, channels, outputs])
        self.loops = Looped(size, (3, 3), (1, 1), padding, (1, 1))
        self.groups, self.how = groups, {"strides": (1, 1), "padding": padding}
        self.x = rng.normal(size=(images, *size, channels)).astype("f")
        self.w = rng.normal(size=(3, 3, channels // groups, outputs)).astype("f")
        self.probe = rng.normal(size=(images, *self.loops.counts, outputs)).astype("f")

    def run(self, threads: int = 1, shape: Any = None) -> list[Any]:
        """The convolution, and the gradient to its input of the sum of its products with `probe`."""
        x = tf.placeholder(tf.float32, self.x.shape if shape is None else shape)
        probe = tf.placeholder(tf.float32, self.probe.shape if shape is None else [None] * 3 + [self.probe.shape[-1]])
        fetches = [conv(x, self.w, **self.how), conv_input(self.w, probe, tf.shape(x), **self.how)]
        config = tf.ConfigProto(intra_op_parallelism_threads=threads)
        return tf.Session(config=config).run(fetches, {x: self.x, probe: self.probe})

    def wanted(self) -> list[Any]:
        return list(products(self.x, self.w, self.probe, self.loops, self.groups)[:2])

    def bounds(self) -> list[Any]:
        """What the errors are at most: of a window the largest magnitudes in each channel, times those of its filter added up."""
        found = []
        turned = np.swapaxes(self.w[::-1, ::-1].reshape(3, 3, self.w.shape[2], self.groups, -1), 2, 4)
        around = [2 - before for _, _, _, before in self.loops.axes]
        straight, before = self.w.reshape(3, 3, self.w.shape[2], self.groups, -1), [a[-1] for a in self.loops.axes]
        for x, w, firsts, counts in ((self.x, straight, before, self.probe.shape), (self.probe, turned, around, self.x.shape)):
            room = np.zeros((len(x), x.shape[1] + 8, x.shape[2] + 8, x.shape[3]))
            room[:, firsts[0]:firsts[0] + x.shape[1], firsts[1]:firsts[1] + x.shape[2]] = np.abs(x)
            largest = np.max([room[:, i:i + counts[1], j:j + counts[2]] for i in range(3) for j in range(3)], axis=0)
            largest = largest.reshape(*largest.shape[:3], self.groups, largest.shape[3] // self.groups)
            sums = np.einsum("nhwgc,cgo->nhwgo", largest, np.abs(w).sum((0, 1), dtype="d"))
            found.append(16 * (w.shape[2] + 10) * ROUNDING * sums.reshape(counts[:3] + (w.shape[-1] * self.groups,)))
        return found

    def near(self, found: list[Any]) -> bool:
        return all(bool((np.abs(f - right) <= most).all()) for f, right, most in zip(found, self.wanted(), self.bounds(), strict=True))


def direct(case: Case, monkeypatch: pytest.MonkeyPatch, **how: Any) -> list[Any]:
    """What the sums of all products are, in tiles."""
    with monkeypatch.context() as patched:
        patched.setattr(winograd, "MOST_CHANNELS", 0)
        return case.run(**how)


CASES = [
    Case(1, (4, 4), 32, 32), Case(2, (8, 8), 64, 64), Case(1, (7, 5), 40, 33), Case(2, (5, 9), 33, 100, "VALID"), Case(1, (3, 3), 48, 48, "VALID"),
    Case(3, (6, 7), 32, 96, [(1, 2), (0, 1)]), Case(1, (1, 9), 32, 40), Case(1, (6, 1), 36, 32), Case(2, (9, 8), 64, 128, "SAME", 2),
    Case(0, (6, 6), 32, 32), Case(1, (13, 11), 130, 70), Case(1, (5, 6), 32, 64, [(0, 0), (2, 2)]), Case(2, (6, 4), 100, 80, "VALID", 2),
]


def named(case: Case) -> str:
    return f"{'x'.join(map(str, case.x.shape))} to {case.w.shape[-1]}, {case.how['padding']}, {case.groups}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_against_loops(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """On one thread and two, with known sizes and without: the same bits. They are not those of sums in tiles."""
    first = case.run()
    assert case.near(first)
    every = [None, None, None, case.x.shape[-1]]
    for others in (case.run(threads=2), case.run(shape=every), case.run(shape=[None, *case.x.shape[1:]])):
        for f, same in zip(first, others, strict=True):
            np.testing.assert_array_equal(f, same)
    if len(case.x):
        assert not any(np.array_equal(f, other) for f, other in zip(first, direct(case, monkeypatch), strict=True))


def test_open_sizes_take_tiles_where_squares_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """One program of open sizes has both kernels, of which a run takes one."""
    monkeypatch.setattr(winograd, "LEAST_SQUARES", 20)
    monkeypatch.setattr(winograd, "FILLED", 70)
    x, w = tf.placeholder(tf.float32, [None, None, None, 32]), CASES[0].w
    call = tf.Session().make_callable(conv(x, w, strides=(1, 1), padding="SAME"), [x])
    sizes = [(1, 6, 6), (1, 14, 13), (3, 8, 8), (9, 3, 3), (1, 40, 5), (2, 6, 7), (0, 9, 9)]
    pictures = [np.random.default_rng(i).normal(size=(*size, 32)).astype("f") for i, size in enumerate(sizes)]
    found = [call(picture) for picture in pictures]
    for most, here in ((0, (0, 3, 6)), (512, (1, 2, 4, 5, 6))):
        monkeypatch.setattr(winograd, "MOST_CHANNELS", most)
        monkeypatch.setattr(winograd, "LEAST_SQUARES", 1)
        for i in here:
            known = tf.placeholder(tf.float32, pictures[i].shape)
            same = tf.Session().run(conv(known, w, strides=(1, 1), padding="SAME"), {known: pictures[i]})
            np.testing.assert_array_equal(found[i], same)


@pytest.mark.parametrize("width", [16, 32, 64])
@pytest.mark.parametrize("case", [CASES[2], CASES[8]], ids=named)
def test_vectors_of_any_width(case: Case, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "vector_bytes", lambda: width)
    assert case.near(case.run())


# ---------------------------------------------------------------------- numbers that are not finite, too large, or far apart

@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 3e38], ids=str)
@pytest.mark.parametrize("place", [(0, 0), (0, 3), (1, 1), (2, 2), (3, 2), (4, 4), (6, 5), (6, 2)], ids=str)
def test_what_is_not_finite_is_seen_as_sums_of_products_show_it(place: tuple[int, int], value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same infinities and nans; and what has no such window has the bits that it has without."""
    case = Case(1, (7, 6), 40, 33)
    before = case.run()
    case.x[(0, *place, 7)] = value
    case.probe[(0, *place, 9)] = value
    found = case.run()
    high, wide = np.indices((7, 6))
    far = (np.abs(high - place[0]) > 1) | (np.abs(wide - place[1]) > 1)
    for f, old, right in zip(found, before, direct(case, monkeypatch), strict=True):
        np.testing.assert_array_equal(f[0, far], old[0, far])
        np.testing.assert_array_equal(np.isnan(f), np.isnan(right))
        np.testing.assert_array_equal(np.where(np.isinf(f), f, 0), np.where(np.isinf(right), right, 0))
        assert np.isfinite(f[0, ~far]).all() == np.isfinite(right[0, ~far]).all()


def test_an_overflow_of_the_transform_is_none_of_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of which two have no sum in float32 give the sums of products, to the bit, where these are finite."""
    case = Case(1, (6, 6), 32, 32)
    case.x[...], case.probe[...] = 3e38, 3e38
    case.w *= 1e-4
    found, right = case.run(), direct(case, monkeypatch)
    assert all(np.isfinite(r).all() for r in right)
    for f, r in zip(found, right, strict=True):
        np.testing.assert_array_equal(f, r)


def spike(case: Case) -> None:
    case.x[...], case.probe[...] = 1, 1
    case.x[0, 3, 2, 5] = case.probe[0, 3, 2, 5] = 1e20


def mixed(case: Case) -> None:
    for a in (case.x, case.probe):
        a *= (10 ** np.random.default_rng(1).uniform(-6, 6, a.shape)).astype("f")


def channels_apart(case: Case) -> None:
    for a in (case.x, case.probe):
        a *= (10 ** np.random.default_rng(1).uniform(-6, 6, a.shape[-1])).astype("f")


def pixels_apart(case: Case) -> None:
    for a in (case.x, case.probe):
        a *= (10 ** np.random.default_rng(1).uniform(-6, 6, (*a.shape[:-1], 1))).astype("f")


def far_from_zero(case: Case) -> None:
    case.x += 1000
    case.probe -= 1000


def weights_apart(case: Case) -> None:
    case.w *= (10 ** np.random.default_rng(1).uniform(-2, 2, case.w.shape)).astype("f")


def one_sign(case: Case) -> None:
    for a in (case.x, case.w, case.probe):
        np.abs(a, out=a)


HOSTILE = [spike, mixed, channels_apart, pixels_apart, far_from_zero, weights_apart, one_sign]


@pytest.mark.parametrize("changed", HOSTILE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("channels", [32, 130])
def test_errors_are_within_their_bound(channels: int, changed: Any) -> None:
    """docs/differences.md says which: each sum's is relative to what its own window holds."""
    case = Case(1, (8, 7), channels, 40)
    changed(case)
    assert case.near(case.run())


def masked(w: Any) -> None:
    w[2], w[1, 1:] = 0, 0


def carrying(w: Any) -> None:
    w[...] = 0
    w[1, 1] = np.eye(*w.shape[2:])


def far_taps(w: Any) -> None:
    w[0, 0] *= 1e-3


@pytest.mark.parametrize("changed", [masked, carrying, far_taps], ids=lambda f: f.__name__)
def test_filters_with_taps_far_apart_give_sums_of_products(changed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros of a filter hide what lies below them, to the bit."""
    case = Case(1, (7, 6), 48, 40)
    changed(case.w)
    for f, right in zip(case.run(), direct(case, monkeypatch), strict=True):
        np.testing.assert_array_equal(f, right)


def test_an_output_with_taps_far_apart_takes_its_panel_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "vector_bytes", lambda: 64)
    case = Case(1, (7, 6), 48, 96)
    case.w[0, 2, :, 3] = 0
    found, right = case.run()[0], direct(case, monkeypatch)[0]
    same = (found == right).all((0, 1, 2))
    assert same[:32].all() and not same[32:].any()


def test_weights_that_are_no_numbers_spoil_their_own_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(1, (7, 6), 48, 40)
    before = case.run()
    case.w[1, 2, 3, 4] = np.nan
    for f, old, right, own in zip(case.run(), before, direct(case, monkeypatch), (4, 3), strict=True):
        np.testing.assert_array_equal(np.isnan(f), np.isnan(right))
        others = [k for k in range(f.shape[-1]) if k != own]
        np.testing.assert_array_equal(f[..., others], old[..., others])


def test_whole_numbers_are_exact() -> None:
    """The transform of small whole numbers is made of fourths, and of no rounding."""
    case, rng = Case(2, (7, 6), 48, 40), np.random.default_rng(0)
    for a in (case.x, case.w, case.probe):
        a[...] = rng.integers(-9, 10, a.shape)
    for f, right in zip(case.run(), case.wanted(), strict=True):
        np.testing.assert_array_equal(f, right)


# ---------------------------------------------------------------------- statements in the same kernel

def drawn(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng([3, seed]).normal(size=shape).astype("f")


def convolved(x: Any, outputs: int = 36, padding: str = "SAME") -> Any:
    return tf.nn.conv2d(x, drawn(3, 3, 36, outputs) / 16, 1, padding)


def normalised(x: Any) -> Any:
    scale, shift, mean, variance = (drawn(36, seed=seed) for seed in range(4))
    return tf.nn.batch_normalization(convolved(x), mean, variance**2, shift, scale, 1e-3)


EPILOGUES = [
    ("bias and relu", lambda x: tf.nn.relu(tf.nn.bias_add(convolved(x), drawn(36)))),
    ("outputs that fill no vector", lambda x: tf.tanh(convolved(x, 45, "VALID") + drawn(45))),
    ("batch normalisation of known moments", normalised),
    ("residual", lambda x: tf.nn.relu(convolved(x) + x)),
    ("for each image, row and column", lambda x: convolved(x) * drawn(2, 1, 1, 36) + drawn(7, 1, 1) - drawn(6, 1)),
    ("gradient to the input", lambda x: tf.nn.relu(x * tf.nn.conv2d_backprop_input(tf.shape(x), drawn(3, 3, 36, 36) / 16, x * x, 1, "SAME"))),
    ("groups", lambda x: tf.nn.relu(tf.nn.conv2d(tf.concat([x, x], 3), drawn(3, 3, 36, 96) / 16, 1, "SAME") - drawn(96))),
]


@pytest.mark.parametrize("build", [row[1] for row in EPILOGUES], ids=[row[0] for row in EPILOGUES])
def test_epilogues(build: Any) -> None:
    """As the interpreter computes it; the same bits on two threads, and with open sizes."""
    value, results = drawn(2, 7, 6, 36, seed=9), []
    for shape in (value.shape, [None, *value.shape[1:]], [None, None, None, 36]):
        x = tf.placeholder(tf.float32, shape)
        y = build(x)
        for threads in (1, 2):
            with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
                results.append(session.run(y, {x: value}))
                report = session.explain(y, {x: value})
        assert any(s.kind == "convolution" and len(s.nodes) > 1 for s in report.steps)
    wanted = tf.Session(jit=False).run(y, {x: value})
    np.testing.assert_allclose(results[0], wanted, rtol=2e-5, atol=2e-5)
    for others in results[1:]:
        np.testing.assert_array_equal(results[0], others)


# ---------------------------------------------------------------------- bugs put into the texts

FAULTS = [
    ("spread", "turned * 8", "turned * 7"), ("spread", "(1 - 2 * turned)", "1"), ("spread", "beside = unit % 3", "beside = unit % 1"),
    ("sums", "first0 + k", "first0 + 1"), ("sums", "(row < size0)", "(row <= size0 - 2)"), ("sums", "(column >= 0)", "(column >= 1)"),
    ("sums", "depth - 16)", "0)"), ("sums", "wide += 1", "wide += 0"), ("sums", "high == down", "high == 9"),
    ("sums", "column = p *", "column = 0 *"), ("sums", "point * w_point", "0 * w_point"),
    ("sums", "in range(depth):\n", "in range(1, depth):\n"), ("sums", "r // 2\n", "0\n"), ("sums", "+ i * 48 +", "+ 0 * 48 +"),
    ("sums", "(at0 < places0)", "(at0 < places0 - 1)"), ("sums", "good & tile_finite(four)", "True"), ("sums", "turned * (2 - t % 3 * 2)", "0"),
    ("sums", "trusted_at + part", "trusted_at + 0 * part"),
]


@pytest.mark.parametrize("text, right, wrong", FAULTS, ids=[f"{name} {right.strip()}" for name, right, _ in FAULTS])
@pytest.mark.usefixtures("spoilt")
def test_faults_in_the_texts_are_found(text: str, right: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an infinity, by a filter with zeros among its taps, by one whose last panel alone has some; what is not written has an old sign."""
    monkeypatch.setattr(native, "vector_bytes", lambda: 64)
    made, changed = getattr(winograd_text, text), []
    cases = [Case(2, (7, 6), 40, 100), Case(2, (5, 9), 96, 96, "VALID", 2), Case(1, (4, 5), 32, 32)]
    cases[0].w[1, 1, :, 99] = 0
    cases[0].x[1, 3, 3, 39] = cases[0].probe[1, 3, 3, 39] = np.inf
    cases[2].w[0, 1] = 0
    with np.errstate(all="ignore"):
        wanted, bounds = [case.wanted() for case in cases], [case.bounds() for case in cases]
    panel = direct(cases[0], monkeypatch)[0][..., 96:]

    def all_right(sign: int) -> bool:
        found = []
        for case in cases:
            case.x, case.probe = sign * case.x, sign * case.probe
            found.append(case.run())
        right = np.array_equal(found[0][0][..., 96:], sign * panel, equal_nan=True)
        for f, exact, most in zip(chain(*found), chain(*wanted), chain(*bounds), strict=True):
            finite = np.isfinite(exact)
            right &= np.array_equal(f[~finite], sign * exact[~finite], equal_nan=True)
            right &= bool((np.abs(f[finite] - sign * exact[finite]) <= most[finite]).all())
        return right

    def mutant(*args: Any) -> str:
        source = made(*args)
        changed.append(right in source)
        return source.replace(right, wrong)

    assert all_right(1)
    monkeypatch.setattr(winograd_text, text, mutant)
    assert not all_right(-1)
    assert any(changed)
