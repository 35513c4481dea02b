"""Layers of Keras against values of TensorFlow, by a table of one row each: results, shapes, weights, slopes, configurations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from tests import ROOT
from tests.keras.layer_cases import CASES, Case

L = tf.keras.layers
GOLDEN = np.load(ROOT / "tests" / "data" / "keras_golden" / "layers.npz")
KEYS = [f"{i:03d}_{case.layer}" for i, case in enumerate(CASES)]
ROWS = list(zip(KEYS, CASES, strict=True))
NO_SLOPE = {"Embedding"}                    # inputs are whole numbers
# The first row of each layer, and all that are two layers, are compiled as well: what their options choose between are operators.
COMPILED = {next(key for key, case in ROWS if case.layer == layer) for layer in {case.layer for case in CASES}} | {k for k, c in ROWS if c.inner}


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def parts(key: str, what: str) -> list[Any]:
    count = sum(name.startswith(f"{key}/{what}/") for name in GOLDEN.files)
    return [GOLDEN[f"{key}/{what}/{i}"] for i in range(count)]


def made(case: Case) -> Any:
    inner = [getattr(L, case.inner[0])(**case.inner[1])] if case.inner else []
    return getattr(L, case.layer)(*inner, **case.arguments)


def called(case: Case, layer: Any, xs: list[Any]) -> list[Any]:
    given = L.Masking()(xs[0]) if case.mask else xs if len(xs) > 1 else xs[0]
    out = layer(given, **case.call)
    return list(out) if isinstance(out, (list, tuple)) else [out]


def recorded(key: str) -> list[Any]:
    """The weights as they were recorded; those of CuDNN's layers by the ones of the same arithmetic, whose biases stand otherwise."""
    weights = parts(key, "weight")
    if "CuDNN" in key:
        bias = weights[-1]
        weights[-1] = np.concatenate([0.25 * bias, 0.75 * bias]) if key.endswith("LSTM") else bias.ravel()
    return weights


def with_weights(layer: Any, weights: list[Any]) -> None:
    assert [v.type.shape for v in layer.weights] == [w.shape for w in weights]
    layer.set_weights(weights)


@pytest.mark.parametrize("key, case", ROWS, ids=KEYS)
@pytest.mark.parametrize("rows", [2, None], ids=["closed", "open"])
def test_values(key: str, case: Case, rows: int | None) -> None:
    xs, wanted = parts(key, "input"), parts(key, "result")
    layer = made(case)
    given = [tf.placeholder(x.dtype, [rows, *x.shape[1:]]) for x in xs]
    outputs = called(case, layer, given)
    assert len(outputs) == len(wanted)
    with tf.Session(jit=rows is None and key in COMPILED) as session:
        with_weights(layer, recorded(key))
        found = session.run(outputs, dict(zip(given, xs, strict=True)))
        moved = parts(key, "moved")
        if moved:
            session.run(layer.updates, dict(zip(given, xs, strict=True)))
            for value, one in zip(session.run(layer.non_trainable_weights), moved, strict=True):
                np.testing.assert_allclose(value, one, rtol=1e-5, atol=1e-6)
    for value, one in zip(found, wanted, strict=True):
        assert value.shape == one.shape
        np.testing.assert_allclose(value, one, rtol=2e-5, atol=2e-5)         # float32 sums in another order


@pytest.mark.parametrize("key, case", ROWS, ids=KEYS)
def test_shapes(key: str, case: Case) -> None:
    xs = parts(key, "input")
    for rows in (2, None):
        layer = made(case)
        given = [tf.placeholder(x.dtype, [rows, *x.shape[1:]]) for x in xs]
        outputs = called(case, layer, given)
        said = layer.compute_output_shape([x.shape for x in given] if len(given) > 1 else given[0].shape)
        said = said if isinstance(said, list) else [said]
        assert [s.as_list() for s in said] == [o.shape.as_list() for o in outputs]
        assert [s.as_list() for s in said] == [[rows, *r.shape[1:]] for r in parts(key, "result")]


@pytest.mark.parametrize("key, case", ROWS, ids=KEYS)
def test_configurations(key: str, case: Case) -> None:
    layer = made(case)
    again = L.deserialize(L.serialize(layer))
    assert type(again) is type(layer) and again.get_config() == layer.get_config() and again.name == layer.name
    xs = [tf.constant(x) for x in parts(key, "input")]
    called(case, layer, xs)
    outputs, before = called(case, again, xs), parts(key, "result")
    with tf.Session(jit=False) as session:
        with_weights(again, recorded(key))
        for value, one in zip(session.run(outputs), before, strict=True):
            np.testing.assert_allclose(value, one, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("key, case", [(k, c) for k, c in ROWS if c.layer not in NO_SLOPE], ids=[k for k, c in ROWS if c.layer not in NO_SLOPE])
def test_slopes(key: str, case: Case) -> None:
    """Gradients to the inputs and the weights, in float64, against differences along a direction."""
    rng = np.random.default_rng(3)
    case = case._replace(arguments={**case.arguments, "dtype": "float64"})
    if case.inner:
        case = case._replace(inner=(case.inner[0], {**case.inner[1], "dtype": "float64"}))
    values = [x.astype(np.float64) for x in parts(key, "input")]
    layer, given = made(case), [tf.placeholder(tf.float64, x.shape) for x in values]
    outputs = called(case, layer, given)
    probes = [rng.normal(size=o.shape.as_list()) for o in outputs]
    loss = tf.add_n([tf.reduce_sum(o * p) for o, p in zip(outputs, probes, strict=True)])
    weights = recorded(key)
    trained = layer.trainable_weights
    slopes = tf.gradients(loss, [*given, *trained])
    with tf.Session(jit=False) as session:
        with_weights(layer, weights)
        ways = [rng.normal(size=x.shape) for x in values]
        at = dict(zip(given, values, strict=True))
        wanted = sum(float(np.sum(g * w)) for g, w in zip(session.run([s for s in slopes[:len(given)] if s is not None], at),
                                                          [w for w, s in zip(ways, slopes, strict=False) if s is not None], strict=True))
        step = 1e-6
        ends = [session.run(loss, {p: x + sign * step * w * (x != 0) for p, x, w in zip(given, values, ways, strict=True)}) for sign in (1, -1)]
        masked = sum(float(np.sum(g * w * (x == 0))) for g, w, x in zip(session.run([s if s is not None else tf.zeros_like(p)
                     for s, p in zip(slopes, given, strict=False)], at), ways, values, strict=True))
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(wanted - masked, rel=1e-4, abs=1e-5)
        for variable, slope in zip(trained, slopes[len(given):], strict=True):
            way, value = rng.normal(size=variable.type.shape), session.run(variable)
            found = float(np.sum(session.run(slope, at) * way))
            pair = []
            for sign in (1, -1):
                session.load(variable, value + sign * step * way)
                pair.append(session.run(loss, at))
            session.load(variable, value)
            assert (pair[0] - pair[1]) / (2 * step) == pytest.approx(found, rel=1e-4, abs=1e-5), variable.name


@pytest.mark.parametrize("key, case", ROWS, ids=KEYS)
def test_names(key: str, case: Case) -> None:
    layer = made(case)
    called(case, layer, [tf.constant(x) for x in parts(key, "input")])
    assert [v.name for v in layer.weights] == GOLDEN[f"{key}/names"].tolist()


def test_every_layer_has_a_row() -> None:
    others = {"Input", "InputLayer", "Layer", "Wrapper", "RNN", "StackedRNNCells", "SimpleRNNCell", "GRUCell", "LSTMCell", "Lambda",
              "AbstractRNNCell", "DenseFeatures"}
    assert set(kind.__name__ for kind in L.members().values()) - others == {case.layer for case in CASES}
