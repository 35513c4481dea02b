"""Convolutions in tiles: against loops over the definition, on any number of threads, with open sizes; and bugs put into the texts are found."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import graphc as tf
from graphc.cpu import conv as steps
from graphc.cpu import conv_text, filter_text, native
from graphc.ops.conv import conv, conv_filter, conv_input
from tests.ops.test_conv import Looped, drawn_movement


def products(x, w, probe, loops, groups):
    """The convolution, and the gradients of sum(y * probe), a window and an element at a time, in float64."""
    x, w, probe = (np.asarray(v, np.float64) for v in (x, w, probe))
    inner, each = w.shape[-2], w.shape[-1] // groups
    y, dx, dw = np.zeros(probe.shape), np.zeros(x.shape), np.zeros(w.shape)
    for window, element, at in loops.places():
        for b, g in itertools.product(range(len(x)), range(groups)):
            mine, its = slice(g * each, (g + 1) * each), slice(g * inner, (g + 1) * inner)
            there = x[(b, *at, its)]
            y[(b, *window, mine)] += there @ w[(*element, slice(None), mine)]
            dx[(b, *at, its)] += w[(*element, slice(None), mine)] @ probe[(b, *window, mine)]
            dw[(*element, slice(None), mine)] += np.outer(there, probe[(b, *window, mine)])
    return y, dx, dw


class Drawn:
    """A convolution of random sizes, many channels and outputs among them, and what its three results are."""

    def __init__(self, seed, few=False, apart=False, outputs=None):
        rng = np.random.default_rng([7, seed])
        sizes, sides, strides, padding, dilations = drawn_movement(rng, [1, 2, 2, 3][seed % 4])
        groups, inner, each = int(rng.choice([1, 1, 2])), int(rng.integers(8, 40)), int(rng.integers(8, 80))
        if few:
            groups, inner, dilations[-1] = 1, int(rng.integers(1, 8)), 1
        if apart:
            groups, inner, each = int(rng.integers(16, 90)), 1, 1
        each = outputs or each
        loops, images, self.dtype = Looped(sizes, sides, strides, padding, dilations), int(rng.integers(1, 4)), ["float32", "float64"][seed // 2 % 2]
        shapes = ((images, *sizes, groups * inner), (*sides, inner, groups * each), (images, *loops.counts, groups * each))
        self.x, self.w, self.probe = (rng.normal(size=shape).astype(self.dtype) for shape in shapes)
        self.how = {"strides": tuple(strides), "padding": padding, "dilations": tuple(dilations)}
        self.wanted = products(self.x, self.w, self.probe, loops, groups)

    def run(self, shape, threads=1):
        config = tf.ConfigProto(intra_op_parallelism_threads=threads)
        a, b = tf.placeholder(self.dtype, shape), tf.placeholder(self.dtype, self.w.shape)
        p = tf.placeholder(self.dtype, [None] * self.probe.ndim if None in shape else self.probe.shape)
        fetches = [conv(a, b, **self.how), conv_input(b, p, tf.shape(a), **self.how), conv_filter(a, p, self.w.shape, **self.how)]
        return tf.Session(config=config).run(fetches, {a: self.x, b: self.w, p: self.probe})

    def near(self, found):
        """Whether the results are as near to the sums as any order of them is: Higham, Accuracy and Stability (2002), equation 3.5."""
        most = 2e-6 if self.dtype == "float32" else 1e-14
        return all(np.allclose(f, right, rtol=0, atol=most * max(1, np.abs(right).max(initial=0)))
                   for f, right in zip(found, self.wanted, strict=True))


@pytest.mark.parametrize("seed", range(16))
def test_tiles_against_loops(seed):
    """Random sizes, strides, dilations, paddings, groups, channels that fill no vector; with known sizes and without, on one thread and two."""
    drawn = Drawn(seed)
    first = drawn.run(drawn.x.shape)
    assert drawn.near(first), drawn.how
    for others in (drawn.run(drawn.x.shape, threads=2), drawn.run([None, *[None] * (drawn.x.ndim - 2), drawn.x.shape[-1]])):
        for f, same in zip(first, others, strict=True):
            np.testing.assert_array_equal(f, same)


@pytest.mark.parametrize("seed", range(16))
def test_rows_of_windows_of_few_channels(seed):
    """A row of a window is taken for channels: a view, in which windows overlap."""
    drawn = Drawn(seed, few=True)
    first = drawn.run(drawn.x.shape)
    assert drawn.near(first), drawn.how
    for others in (drawn.run(drawn.x.shape, threads=2), drawn.run([None, *[None] * (drawn.x.ndim - 2), drawn.x.shape[-1]])):
        for f, same in zip(first[::2], others[::2], strict=True):
            np.testing.assert_array_equal(f, same)
        assert drawn.near(others)


@pytest.mark.parametrize("few", [False, True], ids=["many", "few"])
@pytest.mark.parametrize("outputs", [16, 32, 64, 96, 128, 512])
def test_outputs_that_fill_vectors(outputs, few):
    """A gradient to the filter reads its operand where it lies if outputs fill all vectors of a tile, and are not too many."""
    for seed in (0, 1, 3):
        drawn = Drawn(seed, few=few, outputs=outputs)
        first = drawn.run(drawn.x.shape)
        assert drawn.near(first), drawn.how
        np.testing.assert_array_equal(first[2], drawn.run(drawn.x.shape, threads=2)[2])


@pytest.mark.parametrize("channels, wanted", [(1, (1, 2)), (5, (5, 2)), (9, (9, 2)), (21, (7, 2)), (64, (8, 2))])
def test_few_channels_are_shared_out_evenly(channels, wanted):
    """Tiles of a gradient to the filter: of 9 or 21 channels to 32 outputs no row is in vain."""
    tile = steps.filter_tile_for(channels, 32, np.dtype("float32"), 64)
    assert (tile.rows, tile.vectors) == wanted


@pytest.mark.parametrize("seed", range(16))
def test_channels_by_themselves(seed):
    """As many groups as channels: with known sizes and without, on one thread and two, the same bits."""
    drawn = Drawn(seed, apart=True)
    first = drawn.run(drawn.x.shape)
    assert drawn.near(first), drawn.how
    for others in (drawn.run(drawn.x.shape, threads=2), drawn.run([None, *[None] * (drawn.x.ndim - 2), drawn.x.shape[-1]])):
        for f, same in zip(first, others, strict=True):
            np.testing.assert_array_equal(f, same)


@pytest.mark.parametrize("width", [16, 32, 64])
@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
@pytest.mark.parametrize("seed", [2, 5])         # two axes, of either dtype
def test_vectors_of_any_width(seed, apart, width, monkeypatch):
    """Texts for processors with vectors of so many bytes; LLVM takes apart what is too wide for this one."""
    monkeypatch.setattr(native, "vector_bytes", lambda: width)
    drawn = Drawn(seed, apart=apart)
    assert drawn.near(drawn.run(drawn.x.shape))


def test_the_same_bits_whichever_panel_comes_first(monkeypatch):
    """A filter that fits into the cache is used as a whole for each tile, a larger one panel by panel."""
    drawn = Drawn(1)
    assert drawn.w.shape[-1] > steps.tile_for(drawn.w.shape[-1], drawn.x.dtype, 64).width // 2
    first = drawn.run(drawn.x.shape)
    monkeypatch.setattr(steps, "IN_CACHE", 0)
    for f, same in zip(first, drawn.run(drawn.x.shape), strict=True):
        np.testing.assert_array_equal(f, same)


@pytest.mark.parametrize("images", [0, 1, 5])
@pytest.mark.parametrize("sizes", ["static", "open"])
def test_batches_of_any_size(images, sizes):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(images, 4, 5, 16)), rng.normal(size=(1, 2, 16, 9))
    a = tf.placeholder(tf.float64, x.shape if sizes == "static" else [None, None, None, 16])
    y = conv(a, w, strides=(1, 1), padding="SAME")
    found, dx, dw = tf.Session().run([y, conv_input(w, y, tf.shape(a), strides=(1, 1), padding="SAME"),
                                      conv_filter(a, y, w.shape, strides=(1, 1), padding="SAME")], {a: x})
    right = products(x, w, found, Looped((4, 5), (1, 2), (1, 1), "SAME", (1, 1)), 1)
    for f, wanted in zip((found, dx, dw), right, strict=True):
        np.testing.assert_allclose(f, wanted, rtol=0, atol=1e-12)


# Of each text a fault, none of which leaves the buffers.
FAULTS = [
    ("conv", ">= 0) &", ">= 1) &"), ("conv", "a0 += 1", "a0 += 0"), ("conv", "column = p *", "column = 0 *"), ("conv", "rest = at *", "rest = 1 *"),
    ("conv", "c * ", "0 * "), ("conv", "if i + 1 < left", "if i + 2 < left"),
    ("pack", "zeros_at + c, float32(0)", "zeros_at + c, float32(1)"), ("pack", "column = (part % panels)", "column = (part % 1)"),
    ("pack_turned", "source + j * row + c", "source + j * row"), ("pack_turned", "zeros_at + c, float32(0)", "zeros_at + c, float32(1)"),
    ("pack", "(part * lines + unit)", "(part * 0 + unit)"),
    ("conv_filter", "begin = (image == image0)", "begin = (image >= image0)"), ("conv_filter", "), row1)", "), row1 - 1)"),
    ("conv_filter", "images_each, images)", "images_each, images - 1)"), ("conv_filter", "), column1)", "), column1 - 1)"),
    ("conv_filter", "source + j * y_place", "source + column0 * y_place"),
    ("conv_filter", "add_outer(acc, x, x_at + j * x_place, 1, y, y_at + j", "add_outer(acc, x, x_at + j * x_place, 1, y, y_at + left"),
    ("conv", "store(zeros, i, float32(0))", "store(zeros, i, float32(1))"), ("filter_apart", "range(low, high)", "range(low + 1, high)"),
    ("filter_apart", "lines_each, lines)", "lines_each, lines - 1)"), ("filter_apart", "for j in range(p *", "for j in range(0 *"),
    ("total_apart", "range(1, parts)", "range(2, parts)"),
    ("total", "for part in range(group + groups,", "for part in range(parts,"), ("total", "(c - minimum(", "0 * (c - minimum("),
]


@pytest.mark.parametrize("text, right, wrong", FAULTS, ids=[f"{name} {right}" for name, right, _ in FAULTS])
@pytest.mark.usefixtures("spoilt")
def test_faults_in_the_texts_are_found(text, right, wrong, monkeypatch):
    module = filter_text if hasattr(filter_text, text) else conv_text
    made = getattr(module, text)
    drawn = [Drawn(seed, apart="apart" in text or "store(zeros" in right, outputs=32 if "1, y," in right else None) for seed in (1, 0, 5, 4)]
    assert all(d.near(d.run(d.x.shape)) for d in drawn)
    changed = []

    def mutant(*args):
        source = made(*args)
        changed.append(right in source)
        return source.replace(right, wrong)

    monkeypatch.setattr(module, text, mutant)
    assert any(not d.near(d.run(d.x.shape)) for d in drawn)         # none is compiled behind the first that shows it
    assert any(changed)
