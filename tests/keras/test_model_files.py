"""What is called while models of Keras are trained, and models in files and as data: what is written, and what comes back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import graphc as tf
from graphc.errors import GraphError, MissingPackageError, ShapeError
from tests.keras.test_models import K, L, X, Y, constant, small


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


# ---------------------------------------------------------------------- callbacks

class Seen(tf.keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []


for _event in ("train_begin", "train_end", "epoch_begin", "epoch_end", "train_batch_begin", "train_batch_end", "test_begin", "test_batch_end",
               "test_end"):
    setattr(Seen, f"on_{_event}", lambda self, *args, event=_event: self.events.append(event))


def test_events_come_in_order() -> None:
    seen = Seen()
    constant().fit(X, Y, batch_size=10, validation_data=(X, Y), callbacks=[seen], verbose=0)
    batch = ["train_batch_begin", "train_batch_end"]
    assert seen.events == ["train_begin", "epoch_begin", *batch, *batch, "test_begin", "test_batch_end", "test_batch_end", "test_end", "epoch_end",
                           "train_end"]


def test_early_stopping_restores_the_best() -> None:
    model = small(optimizer=tf.keras.optimizers.SGD(-0.1))          # uphill
    before = model.get_weights()
    stop = tf.keras.callbacks.EarlyStopping(monitor="loss", patience=2, restore_best_weights=True)
    first = tf.keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: model.set_weights(before) if epoch == 0 else None)
    history = model.fit(X, Y, epochs=9, callbacks=[first, stop], verbose=0, shuffle=False)
    assert 3 <= len(history.epoch) < 9 and model.stop_training
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_rates_change_between_epochs() -> None:
    model = small()
    rates: list[float] = []
    note = tf.keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: rates.append(round(float(K.get_value(model.optimizer.lr)), 6)))
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[tf.keras.callbacks.LearningRateScheduler(lambda epoch: 0.5 / (epoch + 1)), note])
    assert rates == [0.5, 0.25, 0.166667]
    model = small(optimizer=tf.keras.optimizers.SGD(0.0))
    plateau = tf.keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1)
    K.set_value(model.optimizer.lr, 1e-30)
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[plateau], shuffle=False).history
    np.testing.assert_allclose(history["lr"], [1e-30, 1e-30, 0.5e-30], rtol=1e-5)


def test_a_nan_ends_training(capsys: Any) -> None:
    history = constant().fit(X * np.nan, Y, epochs=3, verbose=0, callbacks=[tf.keras.callbacks.TerminateOnNaN()])
    assert len(history.epoch) == 1 and "Batch 0: Invalid loss" in capsys.readouterr().out


def test_callbacks_write_files(tmp_path: Path) -> None:
    model = small(metrics=["mae"])
    log, folder = tmp_path / "log.csv", tmp_path / "board"
    model.fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[
        tf.keras.callbacks.CSVLogger(log), tf.keras.callbacks.TensorBoard(folder, histogram_freq=1),
        tf.keras.callbacks.ModelCheckpoint(tmp_path / "w-{epoch:02d}", save_weights_only=True),
        tf.keras.callbacks.ModelCheckpoint(tmp_path / "best", save_best_only=True)])
    assert log.read_text().splitlines()[0] == "epoch,loss,mean_absolute_error,val_loss,val_mean_absolute_error"
    assert len(log.read_text().splitlines()) == 3 and (tmp_path / "w-01").exists() and (tmp_path / "w-02").exists()
    tags = EventAccumulator(str(folder)).Reload().Tags()
    assert {"epoch_loss", "epoch_val_loss"} <= {*tags["scalars"]} and any("inner/kernel" in tag for tag in tags["histograms"])
    after = model.get_weights()
    model.load_weights(tmp_path / "w-01")
    assert (model.get_weights()[0] != after[0]).any()
    model.load_weights(tmp_path / "w-02")
    np.testing.assert_array_equal(model.get_weights()[0], after[0])


# ---------------------------------------------------------------------- files and configurations

def with_everything(k: Any) -> Any:
    """A model with two inputs, a shared layer, a nested model, and an argument beside the inputs."""
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    layer, inner = L.Dense(3, activation="relu", kernel_regularizer="l2"), k.Sequential([L.Dense(3, input_shape=(3,)), L.BatchNormalization()])
    y = L.concatenate([inner(layer(a)), layer(b)])
    return k.Model([a, b], [L.Dense(1, name="size")(y), L.Dropout(0.5)(y, training=False)])


@pytest.mark.parametrize("ending", ["", ".h5"])
def test_model_comes_back_from_a_file(ending: str, tmp_path: Path) -> None:
    model, path = with_everything(tf.keras), tmp_path / f"model{ending}"
    model.compile("adam", ["mse", "mae"], loss_weights=[1.0, 0.5], metrics=["mae"])
    model.fit([X, X], [Y, np.zeros((20, 6))], verbose=0)
    model.save(path)
    found = tf.keras.models.load_model(path)
    for mine, theirs in zip(found.predict([X, X]), model.predict([X, X]), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert len(found.losses) == 1
    # The optimizer goes on where it was: one more step gives both the same weights.
    for m in (model, found):
        m.train_on_batch([X, X], [Y, np.zeros((20, 6))])
    for mine, theirs in zip(found.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-7)


def test_h5_without_h5py_is_another_file_or_an_error(monkeypatch: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is written by its ending alone is safetensors, and read again; a file of HDF5, or one that is asked for, needs the package."""
    model, path = small(), tmp_path / "model.h5"
    model.save(tmp_path / "theirs.h5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    model.save(path)
    assert "written as safetensors" in caplog.text and str(path) in caplog.text
    np.testing.assert_array_equal(tf.keras.models.load_model(path).get_weights()[0], model.get_weights()[0])
    for what in (lambda: model.save(path, save_format="h5"), lambda: tf.keras.models.load_model(tmp_path / "theirs.h5")):
        with pytest.raises(MissingPackageError, match=r"needs h5py: pip install 'graphc\[keras\]'\n  at test_model_files.py"):
            what()


def test_weights_by_name_and_in_order(tmp_path: Path) -> None:
    first = small()
    first.save_weights(tmp_path / "weights")
    K.clear_session()
    other = tf.keras.Sequential([L.Dense(3, input_shape=(4,), name="first"), L.Dense(1, name="outer")])
    other.load_weights(tmp_path / "weights", by_name=True)
    mine, theirs = other.get_weights(), first.get_weights()
    assert (mine[0] != theirs[0]).any() and (mine[2] == theirs[2]).all()
    other.load_weights(tmp_path / "weights")
    assert all((a == b).all() for a, b in zip(other.get_weights(), theirs, strict=True))
    K.clear_session()
    with pytest.raises(ShapeError, match="containing 2 layers into a model with 1"):
        tf.keras.Sequential([L.Dense(3, input_shape=(4,))]).load_weights(tmp_path / "weights")


def test_configurations_make_models_anew() -> None:
    model = with_everything(tf.keras)
    from_data = (tf.keras.models.model_from_json(model.to_json()), tf.keras.Model.from_config(model.get_config()))
    for made in (*from_data, tf.keras.models.clone_model(model)):
        assert [layer.name for layer in made.layers] == [layer.name for layer in model.layers]
        made.set_weights(model.get_weights())
        np.testing.assert_array_equal(made.predict([X, X])[0], model.predict([X, X])[0])


class Twice(L.Layer):
    def call(self, inputs: Any) -> Any:
        return 2.0 * inputs


def test_layers_of_a_program_are_given_by_name() -> None:
    text = tf.keras.Sequential([L.InputLayer((4,)), Twice(name="twice")]).to_json()
    with pytest.raises(GraphError, match="'Twice'; what a program defines is given by custom_objects"):
        tf.keras.models.model_from_json(text)
    np.testing.assert_array_equal(tf.keras.models.model_from_json(text, {"Twice": Twice}).predict(X), 2 * X)
    with tf.keras.utils.CustomObjectScope({"Twice": Twice}):
        assert tf.keras.models.model_from_json(text).layers[0].name == "twice"


def test_picture_of_a_model(tmp_path: Path) -> None:
    text = Path(tf.keras.utils.plot_model(small(), tmp_path / "model.dot", show_shapes=True)).read_text()
    assert "inner: Dense\\ninput: (None, 4)\\noutput: (None, 3)" in text and "n1 -> n2" in text
