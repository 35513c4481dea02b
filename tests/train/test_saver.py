"""Checkpoints: what is saved comes back bit for bit, training goes on as it would have, and what does not fit or is damaged is named."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from graphc.runtime.values import Values
from graphc.train import saver as saver_module
from tests import ROOT
from tests.test_train import OPTIMIZERS

DATA = np.random.default_rng(1).normal(size=(6, 3)).astype("float32")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def values(session: tf.Session) -> dict[str, np.ndarray]:
    names = session.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
    return dict(zip([v.op.name for v in names], session.run(names), strict=True))


def same(a: Any, b: Any) -> bool:
    return a.keys() == b.keys() and all(a[n].dtype == b[n].dtype and a[n].tobytes() == b[n].tobytes() for n in a)


# ---------------------------------------------------------------------- there and back

def test_every_dtype_comes_back(folder, session):
    made = [tf.Variable(np.array([[0, 1], [1, 0]]).astype(d), name=f"v_{d}") for d in ("float32", "float64", "int8", "int32", "int64", "uint8",
    "bool")]
    made += [tf.Variable(np.array([np.nan, np.inf, -0.0]), name="special"), tf.Variable(7, name="scalar"), tf.Variable(np.zeros([0, 2]), name="none")]
    saver = tf.train.Saver()
    before = values(session)
    path = saver.save(session, "m")
    session.run([v.assign(tf.zeros_like(v)) for v in made])
    saver.restore(session, path)
    assert path == "m" and same(values(session), before)


VARIABLES = [
    ("all", lambda a, b: None, {"a", "b"}), ("a list", lambda a, b: [b], {"b"}), ("a dict", lambda a, b: {"x/y": a, "z": b}, {"x/y", "z"}),
    ("a generator", lambda a, b: (v for v in (a, b)), {"a", "b"}), ("one twice", lambda a, b: [a, a], {"a"}),
]


@pytest.mark.parametrize("var_list, names", [row[1:] for row in VARIABLES], ids=[row[0] for row in VARIABLES])
def test_what_is_saved(var_list, names, folder):
    a, b = tf.Variable([1.0], name="a"), tf.Variable([2.0], name="b")
    with tf.Session(jit=False) as session:
        path = tf.train.Saver(var_list(a, b)).save(session, "m")
    assert {name for name, _ in tf.train.list_variables(path)} == names


PATHS = [
    ("plain", {}, None, "d/m"), ("a number", {}, 5, "d/m-5"), ("numpy's", {}, np.int64(5), "d/m-5"),
    ("padded", {"pad_step_number": True}, 5, "d/m-00000005"),
    ("a variable", {}, lambda: tf.train.get_or_create_global_step(), "d/m-0"), ("a tensor", {}, lambda: tf.constant(3) + 4, "d/m-7"),
]


@pytest.mark.parametrize("options, step, path", [row[1:] for row in PATHS], ids=[row[0] for row in PATHS])
def test_path(options, step, path, folder):
    tf.Variable([1.0], name="a")
    with tf.Session(jit=False) as session:
        assert tf.train.Saver(**options).save(session, Path("d/m"), step() if callable(step) else step) == path
    assert tf.train.checkpoint_exists(path) and tf.train.latest_checkpoint("d") == path and not tf.train.checkpoint_exists("d/n")
    assert tf.train.checkpoint_exists("d/*") and tf.train.get_checkpoint_mtimes([path, "d/n"]) == [os.path.getmtime(f"{path}.safetensors")]


def test_reader(folder):
    tf.Variable(np.array([[1.0, 2.0]]), name="w")
    tf.Variable(3, name="n")
    with tf.Session(jit=False) as session:
        path = tf.train.Saver().save(session, "d/m")
    reader = tf.train.NewCheckpointReader(path)
    assert reader.get_variable_to_shape_map() == {"w": [1, 2], "n": []}
    assert reader.get_variable_to_dtype_map() == {"w": tf.float64, "n": tf.int32}
    assert reader.has_tensor("w") and not reader.has_tensor("x") and reader.debug_string() == b"n: int32[]\nw: float64[1,2]"
    assert tf.train.list_variables("d") == [("n", []), ("w", [1, 2])]
    assert tf.train.load_variable("d", "w").tolist() == [[1.0, 2.0]] and reader.get_tensor("n") == 3


def test_files_of_others_are_restored(folder):
    package = pytest.importorskip("safetensors.numpy")
    package.save_file({"w": np.array([5.0, 6.0], "float32")}, "theirs.safetensors")
    w = tf.Variable([0.0, 0.0], name="w")
    with tf.Session(jit=False) as session:
        tf.train.Saver().restore(session, "theirs.safetensors")
        assert session.run(w).tolist() == [5.0, 6.0]


# ---------------------------------------------------------------------- training goes on

def network(optimizer: Any, seed: int | None = 3) -> SimpleNamespace:
    """Dropout, noise and shuffled rows; the same names and streams each time it is made."""
    if seed is not None:
        tf.set_random_seed(seed)
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w, b = tf.get_variable("w", [3, 4]), tf.get_variable("b", [4], initializer=tf.zeros_initializer())
    h = tf.nn.dropout(tf.tanh(tf.matmul(tf.random_shuffle(x), w) + b), 0.7)
    loss = tf.reduce_mean(tf.square(h - tf.random_normal([4])), name="loss")
    step = tf.train.get_or_create_global_step()
    train = optimizer().minimize(loss, global_step=step, name="train")
    return SimpleNamespace(x=x, loss=loss, step=step, train=train)


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("optimizer", [row[1] for row in OPTIMIZERS], ids=[row[0] for row in OPTIMIZERS])
def test_resumed_training_has_the_same_bits(optimizer, jit, folder):
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        net = network(optimizer)
        saver = tf.train.Saver(max_to_keep=None)
        losses = []
        for _ in range(6):
            losses.append(session.run([net.loss, net.train], {net.x: DATA})[0])
            saver.save(session, "run/m", net.step)
        wanted = values(session)
    for begin in (1, 2, 5):
        with tf.Graph().as_default(), tf.Session(jit=jit) as session:
            net = network(optimizer)
            tf.train.Saver().restore(session, f"run/m-{begin}")
            again = [session.run([net.loss, net.train], {net.x: DATA})[0] for _ in range(begin, 6)]
            assert again == losses[begin:] and same(values(session), wanted)


def test_resumed_without_a_seed_from_the_graph_in_the_checkpoint(folder):
    with tf.Graph().as_default(), tf.Session() as session:
        net = network(tf.train.AdamOptimizer, seed=None)
        for _ in range(2):
            session.run(net.train, {net.x: DATA})
        path = tf.train.Saver().save(session, "m")
        losses = [session.run([net.loss, net.train], {net.x: DATA})[0] for _ in range(3)]
        wanted = values(session)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(f"{path}.meta").restore(session, path)
        assert [session.run(["loss:0", "train"], {"x:0": DATA})[0] for _ in range(3)] == losses
        assert same(values(session), wanted)


RESUMED = """
import sys
import numpy as np, graphc as tf
from tests.train.test_saver import DATA, network
net = network(tf.train.AdamOptimizer)
saver = tf.train.Saver()
with tf.Session() as session:
    state = tf.train.get_checkpoint_state("run")
    if state and state.model_checkpoint_path:
        saver.restore(session, state.model_checkpoint_path)
    for _ in range(3):
        print(repr(session.run([net.loss, net.train], {net.x: DATA})[0].item()))
    saver.save(session, "run/m", global_step=net.step)
"""


@pytest.mark.slow
def test_another_process_goes_on(folder):
    def losses() -> list[str]:
        run = subprocess.run([sys.executable, "-c", RESUMED], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert run.returncode == 0, run.stderr
        return run.stdout.split()
    halves = [*losses(), *losses()]
    with tf.Graph().as_default(), tf.Session() as session:
        net = network(tf.train.AdamOptimizer)
        assert halves == [repr(session.run([net.loss, net.train], {net.x: DATA})[0].item()) for _ in range(6)]


def test_a_part_of_a_checkpoint_leaves_random_numbers_alone(folder):
    w, noise = tf.Variable([1.0], name="w"), tf.random_normal([2], seed=1)
    tf.Variable([1.0], name="other")
    with tf.Session(jit=False) as session:
        drawn = [session.run(noise).tolist() for _ in range(3)]
    with tf.Session(jit=False) as session:
        path = tf.train.Saver().save(session, "m")
        assert session.run(noise).tolist() == drawn[0]
        tf.train.Saver([w]).restore(session, path)
        assert session.run(noise).tolist() == drawn[1]
        tf.train.Saver().restore(session, path)
        assert session.run(noise).tolist() == drawn[0]


def rewritten(path: str, change: Any) -> None:
    """A checkpoint with another state."""
    from graphc.files import checkpoint
    with checkpoint.Checkpoint(path) as found:
        arrays, state = {name: np.array(found.array(name)) for name in found.entries}, dict(found.state)
    change(state)
    checkpoint.write(path, arrays, None, state)


def test_checkpoints_from_before_there_were_streams_go_on_behind_what_was_drawn(folder):
    """They say which run drew last, whatever it drew: the next number of every stream is the one behind it."""
    tf.Variable([1.0], name="w")
    noise, other = tf.random_normal([2], seed=1), tf.random_normal([2], seed=2)
    with tf.Session(jit=False) as session:
        drawn = [[v.tolist() for v in session.run([noise, other])] for _ in range(6)]
        path = tf.train.Saver().save(session, "m")

    def old(state: dict[str, Any]) -> None:
        del state["streams"], state["first"]
        state["drawn"] = "4"
    rewritten(path, old)
    with tf.Session(jit=False) as session:
        session.run(noise)
        tf.train.Saver().restore(session, path)
        assert [[v.tolist() for v in session.run([noise, other])] for _ in range(2)] == drawn[4:]


@pytest.mark.parametrize("streams, first", [([], "1"), ({"x": "1"}, "1"), ({"1": 1}, "1"), ({"1": "-1"}, "1"), ({"1": "9" * 30}, "1"), ({}, None),
                                            ({"1": str(2**63)}, "1"), ({str(2**64): "1"}, "1"), ({}, "²")], ids=str)
def test_courses_of_random_numbers_that_are_none(streams, first, folder):
    tf.Variable([1.0], name="w")
    with tf.Session(jit=False) as session:
        path = tf.train.Saver().save(session, "m")
        rewritten(path, lambda state: state.update(streams=streams, first=first))
        with pytest.raises(tf.errors.DataLossError, match="course"):
            tf.train.Saver().restore(session, path)


# ---------------------------------------------------------------------- other threads

def test_a_save_is_a_snapshot_while_others_train(folder):
    """Two variables that each step changes alike, by a program that is entered in machine code; neither may be a step ahead in a file."""
    size = 300_000
    a, b = (tf.Variable(np.zeros(size, np.float32), name=n) for n in "ab")
    step = tf.group(a.assign_add(tf.ones([size])), b.assign_add(tf.ones([size])))
    saver = tf.train.Saver(max_to_keep=2)
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1)) as session:
        session.run(step)
        stop = threading.Event()

        def train() -> None:
            while not stop.is_set():
                session.run(step)
        thread = threading.Thread(target=train)
        thread.start()
        try:
            for i in range(25):
                path = saver.save(session, "m", i)
                found = [tf.train.load_variable(path, n) for n in "ab"]
                assert found[0].min() == found[0].max() == found[1].min() == found[1].max()
        finally:
            stop.set()
            thread.join()


def test_while_a_snapshot_is_taken_nothing_is_entered(monkeypatch):
    """The way in without Python frames takes no lock: it must see that something is on."""
    v = tf.Variable(np.float32(0))
    step = v.assign_add(1.0)
    with tf.Session() as session:
        for _ in range(3):
            session.run(step)
        ended: list[bool] = []
        threads: list[threading.Thread] = []
        memory = Values.memory

        def watched(self: Values, variable: Any, feeds: Any = None) -> Any:
            if not threads:
                threads.append(threading.Thread(target=lambda: (session.run(step), ended.append(True))))
                threads[0].start()
                threads[0].join(0.3)
            return memory(self, variable, feeds)
        monkeypatch.setattr(Values, "memory", watched)
        found = session.values.snapshot([v]).arrays[v]
        threads[0].join()
        assert found == 3 and session.run(v) == 4


# ---------------------------------------------------------------------- which are kept

KEPT = [(5, 8, [3, 4, 5, 6, 7]), (1, 3, [2]), (None, 3, [0, 1, 2]), (0, 3, [0, 1, 2]), (2, 2, [0, 1])]


@pytest.mark.parametrize("most, saves, kept", KEPT)
def test_max_to_keep(most, saves, kept, folder):
    tf.Variable([1.0], name="w")
    saver = tf.train.Saver(max_to_keep=most)
    with tf.Session(jit=False) as session:
        for i in range(saves):
            saver.save(session, "d/m", i)
    assert sorted(os.listdir("d")) == ["checkpoint", *(f"m-{i}.safetensors" for i in kept)]
    assert saver.last_checkpoints == ([f"d/m-{i}" for i in kept] if most else [])
    state = tf.train.get_checkpoint_state("d")
    assert state.model_checkpoint_path == f"d/m-{saves - 1}"
    assert state.all_model_checkpoint_paths == ([f"d/m-{i}" for i in kept] if most else [f"d/m-{saves - 1}"])
    assert len(state.all_model_checkpoint_timestamps) == len(state.all_model_checkpoint_paths)


def test_one_is_kept_every_some_hours(folder, monkeypatch):
    tf.Variable([1.0], name="w")
    now = [1000.0]
    monkeypatch.setattr(saver_module.time, "time", lambda: now[0])
    saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=2)
    with tf.Session(jit=False) as session:
        for i in range(8):
            now[0] += 3600
            saver.save(session, "d/m", i)
    # Saved at hours 1 to 8; the first after hour 2 stays, then the first after hour 4, and so on.
    assert sorted(os.listdir("d")) == ["checkpoint", *(f"m-{i}.safetensors" for i in (2, 4, 6, 7))]


def test_recovered_checkpoints_are_deleted_in_turn(folder):
    tf.Variable([1.0], name="w")
    with tf.Session(jit=False) as session:
        first = tf.train.Saver(max_to_keep=2)
        for i in range(2):
            first.save(session, "d/m", i)
        second = tf.train.Saver(max_to_keep=2)
        second.recover_last_checkpoints([*tf.train.get_checkpoint_state("d").all_model_checkpoint_paths, "d/gone"])
        assert second.last_checkpoints == ["d/m-0", "d/m-1"]
        second.save(session, "d/m", 2)
    assert sorted(os.listdir("d")) == ["checkpoint", "m-1.safetensors", "m-2.safetensors"]
    second.set_last_checkpoints(["d/m-2"])
    assert second.last_checkpoints == ["d/m-2"]
    second.set_last_checkpoints_with_time([("d/m-1", 5.0)])
    assert second.last_checkpoints == ["d/m-1"]


@pytest.mark.parametrize("where, options, latest", [
    ("d/m", {}, "m"), ("{folder}/d/m", {}, "{folder}/d/m"), ("{folder}/d/m", {"save_relative_paths": True}, "m"),
    ("d/m", {"max_to_keep": None}, "m")])
def test_paths_in_the_index(where, options, latest, folder):
    tf.Variable([1.0], name="w")
    path = where.format(folder=folder)
    with tf.Session(jit=False) as session:
        tf.train.Saver(**options).save(session, path)
    lines = Path("d/checkpoint").read_text().splitlines()
    assert lines[1:3] == [f'{key}: "{latest.format(folder=folder)}"' for key in ("model_checkpoint_path", "all_model_checkpoint_paths")]
    assert os.path.abspath(tf.train.latest_checkpoint(os.path.dirname(path))) == str(folder / "d/m")


def test_other_names_of_the_index_and_none(folder):
    tf.Variable([1.0], name="w")
    with tf.Session(jit=False) as session:
        tf.train.Saver().save(session, "d/m", 1, latest_filename="other")
        tf.train.Saver().save(session, "d/m", 2, write_state=False)
    assert sorted(os.listdir("d")) == ["m-1.safetensors", "m-2.safetensors", "other"]
    assert tf.train.latest_checkpoint("d", "other") == "d/m-1" and tf.train.latest_checkpoint("d") is None
    tf.train.update_checkpoint_state("d", "d/m-2", ["d/m-1"])
    assert tf.train.get_checkpoint_state("d").all_model_checkpoint_paths == ["d/m-1", "d/m-2"]
    tf.train.remove_checkpoint("d/m-2")
    assert not tf.train.checkpoint_exists("d/m-2")
    tf.train.remove_checkpoint("d/m-2")


# ---------------------------------------------------------------------- damage

def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-2] ^= 4
    path.write_bytes(bytes(data))


DAMAGE = [("cut off", _cut, "bytes of data are wanted"), ("a bit", _flip, "another digest"),
("emptied", lambda p: p.write_bytes(b""), "ends after 0"),
          ("gone", lambda p: p.unlink(), "cannot be used"), ("a folder", lambda p: (p.unlink(), p.mkdir()), "cannot be read")]


@pytest.mark.parametrize("most", [5, None], ids=["listed", "not listed"])
@pytest.mark.parametrize("damage, text", [row[1:] for row in DAMAGE], ids=[row[0] for row in DAMAGE])
def test_the_one_before_a_damaged_checkpoint_is_used(damage, text, most, folder):
    w = tf.Variable([1.0], name="w")
    saver = tf.train.Saver(max_to_keep=most)
    with tf.Session(jit=False) as session:
        for i in range(3):
            session.run(w.assign([float(i)]))
            saver.save(session, "d/m", i)
        damage(Path("d/m-2.safetensors"))
        if most is None and text == "cannot be used":
            return              # nothing says that another was there
        with pytest.warns(errors.CheckpointWarning) as caught:
            path = tf.train.latest_checkpoint("d")
        assert path == "d/m-1" and any(text in str(w.message) for w in caught)
        assert all("d/m-2" in str(w.message) for w in caught) and any("d/m-1 is used instead" in str(w.message) for w in caught)
        assert {w.filename for w in caught} == {__file__}
        saver.restore(session, path)
        assert session.run(w) == [1.0]


@pytest.mark.parametrize("damage", [_cut, _flip, lambda p: p.write_bytes(b"\xff" * 40)], ids=["cut off", "a bit", "noise"])
def test_a_damaged_index_is_named_and_the_folder_looked_through(damage, folder):
    tf.Variable([1.0], name="w")
    saver = tf.train.Saver()
    with tf.Session(jit=False) as session:
        for i in (2, 10, 1):
            saver.save(session, "d/m", i)
    damage(Path("d/checkpoint"))
    with pytest.warns(errors.CheckpointWarning, match="d/checkpoint is damaged"):
        assert tf.train.latest_checkpoint("d") == "d/m-1"


def test_all_damaged_is_an_error(folder):
    tf.Variable([1.0], name="w")
    with tf.Session(jit=False) as session:
        tf.train.Saver().save(session, "d/m")
    _flip(Path("d/m.safetensors"))
    with pytest.warns(errors.CheckpointWarning), pytest.raises(errors.DataLossError, match="no checkpoint of d is whole"):
        tf.train.latest_checkpoint("d")


def test_a_damaged_checkpoint_changes_nothing(folder):
    a, b = tf.Variable([1.0], name="a"), tf.Variable([1.0], name="b")
    saver = tf.train.Saver()
    with tf.Session(jit=False) as session:
        path = saver.save(session, "m", write_meta_graph=False)
        _flip(Path("m.safetensors"))
        session.run([a.assign([5.0]), b.assign([5.0])])
        with pytest.raises(errors.DataLossError, match="m.safetensors is damaged"):
            saver.restore(session, path)
        assert session.run([a, b]) == [[5.0], [5.0]]


# ---------------------------------------------------------------------- what does not fit

def _saved(**arrays: Any) -> str:
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        return tf.train.Saver({name: tf.Variable(a) for name, a in arrays.items()}).save(session, "saved")


REPORTS = [
    ("missing", {"v": [1.0]}, {"v": [0.0], "w": [0.0]}, errors.NotFoundError, ["missing: w"], (["v"], ["w"], [], [])),
    ("near", {"dense/kernels": [1.0]}, {"dense/kernel": [0.0]}, errors.NotFoundError, ["missing: dense/kernel; near it: dense/kernels"],
     ([], ["dense/kernel"], [], ["dense/kernels"])),
    ("behind another scope", {"generator/model/h/w": [1.0]}, {"w": [0.0]}, errors.NotFoundError, ["near it: generator/model/h/w"],
     ([], ["w"], [], ["generator/model/h/w"])),
    ("near, of another shape", {"ww": [1.0, 2.0]}, {"w": [0.0]}, errors.NotFoundError, ["missing: w\n", "unexpected: ww"], ([], ["w"], [], ["ww"])),
    ("shape", {"v": [1.0, 2.0]}, {"v": [0.0]}, errors.InvalidArgumentError,
     ["v: float32[2] in the checkpoint, the variable is v: float32[1] (test_saver"], ([], [], ["v"], [])),
    ("dtype", {"v": [1]}, {"v": [0.0]}, errors.InvalidArgumentError, ["int32[1] in the checkpoint"], ([], [], ["v"], [])),
    ("both", {"v": [1]}, {"v": [0.0], "w": [0.0]}, errors.NotFoundError, ["0 restored, 1 missing, 1 of another type, 0 unexpected"],
     ([], ["w"], ["v"], [])),
    ("unexpected", {"v": [1.0], "x": [2.0]}, {"v": [0.0]}, None, [], (["v"], [], [], ["x"])),
]


@pytest.mark.parametrize("saved, wanted, error, texts, report", [row[1:] for row in REPORTS], ids=[row[0] for row in REPORTS])
def test_what_does_not_fit_is_named(saved, wanted, error, texts, report, folder):
    path = _saved(**saved)
    made = {name: tf.Variable(a, name=name) for name, a in wanted.items()}
    saver = tf.train.Saver(made)
    with tf.Session(jit=False) as session:
        if error is not None:
            with pytest.raises(error) as caught:
                saver.restore(session, path)
            assert all(text in str(caught.value) for text in [*texts, "test_saver.py:", "nothing is restored from saved.safetensors"])
            assert all(session.run(v).tolist() == wanted[name] for name, v in made.items())
        found = saver.restore(session, path, partial=True)
        assert (found.restored, found.missing, list(found.misshapen), found.unexpected) == report
        assert all(session.run(made[name]).tolist() == saved[name] for name in found.restored)


def test_reshape(folder):
    path = _saved(v=[1.0, 2.0, 3.0, 4.0])
    v = tf.Variable(np.zeros((2, 2), "float32"), name="v")
    with tf.Session(jit=False) as session:
        with pytest.raises(errors.InvalidArgumentError):
            tf.train.Saver().restore(session, path)
        tf.train.Saver(reshape=True).restore(session, path)
        assert session.run(v).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_a_variable_of_open_shape_takes_any(folder, session):
    path = _saved(v=[1.0, 2.0, 3.0])
    v = tf.Variable([0.0], validate_shape=False, name="v")
    twice = v * 2.0
    assert session.run(twice).tolist() == [0.0]
    tf.train.Saver().restore(session, path)
    assert session.run(twice).tolist() == [2.0, 4.0, 6.0]


def test_a_long_report_is_short():
    many = [f"v{i}" for i in range(1000)]
    report = tf.train.RestoreReport([], many, dict.fromkeys(many, "float32[]"), many, {})
    assert len(str(report).splitlines()) < 80 and "missing: and 980 more" in str(report)


def _other_variable() -> Any:
    with tf.Graph().as_default():
        return tf.Variable(1.0)


def _closed() -> tf.Session:
    session = tf.Session()
    session.close()
    return session


MISTAKES = [
    ("no variables", lambda s, v: tf.train.Saver([]), errors.GraphError, "there are no variables to save"),
    ("no list", lambda s, v: tf.train.Saver(3), errors.DTypeError, "not 3"),
    ("no variable", lambda s, v: tf.train.Saver([v + 1]), errors.DTypeError, "is not a Variable"),
    ("a name twice", lambda s, v: tf.train.Saver([v, _other_variable(), _other_variable()]), errors.GraphError, "both have the name Variable"),
    ("a name that is none", lambda s, v: tf.train.Saver({3: v}), errors.GraphError, "3 cannot be a name"),
    ("our own name", lambda s, v: tf.train.Saver({"__metadata__": v}), errors.GraphError, "cannot be a name"),
    ("another graph", lambda s, v: tf.train.Saver([_other_variable()]).save(s, "m"), errors.GraphError, "of another graph than the session's"),
    ("no session", lambda s, v: tf.train.Saver([v]).save("m", s), errors.DTypeError, "is not a Session"),
    ("closed", lambda s, v: tf.train.Saver([v]).save(_closed(), "m"), errors.SessionClosedError, "closed"),
    ("no path", lambda s, v: tf.train.Saver([v]).save(s, 3), errors.GraphError, "3 is no path"),
    ("a folder", lambda s, v: tf.train.Saver([v]).save(s, "d/"), errors.GraphError, "names no file"),
    ("a step", lambda s, v: tf.train.Saver([v]).save(s, "m", "a"), errors.DTypeError, "'a' is no number"),
    ("a step of two", lambda s, v: tf.train.Saver([v]).save(s, "m", tf.constant([1, 2])), errors.DTypeError, "is no number"),
    ("index elsewhere", lambda s, v: tf.train.Saver([v]).save(s, "m", latest_filename="a/b"), errors.GraphError, "a name without folders"),
    ("a folder that is a file", lambda s, v: tf.train.Saver([v]).save(s, "file/m"), errors.CheckpointError, "file/m.safetensors cannot be written"),
    ("restore nothing", lambda s, v: tf.train.Saver([v]).restore(s, None), errors.GraphError, "the path is None"),
    ("restore missing", lambda s, v: tf.train.Saver([v]).restore(s, "no/m"), errors.NotFoundError, "there is no file no/m.safetensors"),
    ("restore noise", lambda s, v: tf.train.Saver([v]).restore(s, "noise.safetensors"), errors.DataLossError, "noise.safetensors is damaged"),
    ("reader", lambda s, v: tf.train.NewCheckpointReader("m"), errors.NotFoundError, "there is no file"),
    ("reader of no variable", lambda s, v: tf.train.load_variable(tf.train.Saver([v]).save(s, "q"), "x"), errors.NotFoundError, "has no 'x'"),
    ("an empty folder", lambda s, v: tf.train.load_checkpoint("."), errors.NotFoundError, "has no checkpoint"),
    ("no graph", lambda s, v: tf.train.import_meta_graph("nothing.meta"), errors.NotFoundError, "there is no file"),
    ("a graph of noise", lambda s, v: tf.train.import_meta_graph("file"), errors.SerializationError, "not JSON"),
    ("its names are taken", lambda s, v: tf.train.import_meta_graph(tf.train.Saver([v]).save(s, "q")), errors.GraphError, "has v/initial_value"),
    ("saved without", lambda s, v: tf.train.import_meta_graph(tf.train.Saver([v]).save(s, "q", write_meta_graph=False)), errors.NotFoundError,
     "has no graph"),
]


@pytest.mark.parametrize("act, kind, text", [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistakes_are_named(act, kind, text, folder):
    Path("noise.safetensors").write_bytes(b"noise" * 20)
    Path("file").write_bytes(b"noise")
    v = tf.Variable([1.0], name="v")
    with tf.Session(jit=False) as session, pytest.raises(kind) as caught:
        act(session, v)
    assert text in str(caught.value) and ("test_saver.py:" in str(caught.value) or kind is errors.SerializationError)


def test_an_empty_saver_may_be_asked_for(folder):
    saver = tf.train.Saver(allow_empty=True)
    with tf.Session(jit=False) as session:
        path = saver.save(session, "m")
        saver.restore(session, path)
    assert tf.train.list_variables(path) == []


def test_a_deferred_saver_takes_the_variables_that_are_there_then(folder):
    saver = tf.train.Saver(defer_build=True)
    tf.Variable([1.0], name="late")
    with tf.Session(jit=False) as session:
        assert tf.train.list_variables(saver.save(session, "m")) == [("late", [1])]


# ---------------------------------------------------------------------- graphs

SOURCES = [("the path", lambda p: p), ("with .meta", lambda p: p + ".meta"), ("the file", lambda p: p + ".safetensors"), ("a Path", Path)]


@pytest.mark.parametrize("source", [row[1] for row in SOURCES], ids=[row[0] for row in SOURCES])
def test_graph_of_a_checkpoint(source, folder):
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        net = network(tf.train.AdamOptimizer)
        tf.add_to_collection("kept", net.loss)
        session.run(net.train, {net.x: DATA})
        path = tf.train.Saver(max_to_keep=3).save(session, "m.1", 5)
        wanted = values(session)
    with tf.Graph().as_default() as graph, tf.Session(jit=False) as session:
        saver = tf.train.import_meta_graph(source(path))
        saver.restore(session, path)
        assert same(values(session), wanted) and saver.as_saver_def()["max_to_keep"] == 3
        assert tf.get_collection("kept") == [graph.get_tensor_by_name("loss:0")] and len(tf.trainable_variables()) == 2
        assert all(n.graph is graph for n in graph.nodes)
        tf.tanh(tf.constant(1.0), name="loss")
        assert graph.get_tensor_by_name("loss_1:0").operator.name == "tanh"


def test_graph_behind_a_scope(folder):
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        v = tf.get_variable("v", [2], initializer=tf.ones_initializer())
        tf.identity(v * 3.0, name="y")
        path = tf.train.Saver().save(session, "m")
    tf.get_variable("v", [2], initializer=tf.zeros_initializer())
    saver = tf.train.import_meta_graph(path, import_scope="a/b", max_to_keep=1)
    with tf.Session(jit=False) as session:
        saver.restore(session, path)
        assert session.run("a/b/y:0").tolist() == [3.0, 3.0] and session.run("v:0").tolist() == [0.0, 0.0]
        assert saver.as_saver_def()["max_to_keep"] == 1
    with tf.variable_scope("a/b", reuse=True):
        assert tf.get_variable("v", [2]).op.name == "a/b/v"


def test_exported_graph(folder):
    with tf.Graph().as_default() as graph:
        v = tf.Variable([1.0], name="v")
        text = tf.train.Saver().export_meta_graph("d/graph.meta")
        assert text == tf.train.export_meta_graph(graph=graph) == graph.to_json()
    with tf.Graph().as_default():
        assert isinstance(tf.train.import_meta_graph("d/graph.meta"), tf.train.Saver)
    with tf.Graph().as_default():
        tf.train.import_meta_graph(text)
        assert [v.name for v in tf.global_variables()] == ["v:0"]
        again = tf.train.Saver.from_proto(tf.train.Saver({"x": tf.global_variables()[0]}, max_to_keep=9).to_proto())
        assert again.as_saver_def()["variables"] == {"x": "v"} and again.as_saver_def()["max_to_keep"] == 9
    with tf.Graph().as_default() as plain:
        tf.constant(1.0)
        text = plain.to_json()
    with tf.Graph().as_default():
        assert tf.train.import_meta_graph(text) is None
    assert v.op.name == "v"


def test_a_graph_with_a_python_function_is_left_out(folder):
    v = tf.Variable([1.0], name="v")
    tf.py_func(lambda a: a, [v], tf.float32)
    with tf.Session(jit=False) as session:
        with pytest.warns(errors.CheckpointWarning, match="without its graph: .*py_func") as caught:
            path = tf.train.Saver().save(session, "m")
        assert [w.filename for w in caught] == [__file__]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tf.train.Saver().save(session, "m", write_meta_graph=False)
        tf.train.Saver().restore(session, path)


def test_a_graph_that_has_grown_is_written_anew(folder):
    tf.Variable([1.0], name="v")
    saver = tf.train.Saver()
    with tf.Session(jit=False) as session:
        saver.save(session, "m", 1)
        tf.constant(5.0, name="late")
        path = saver.save(session, "m", 2)
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(path)
        assert graph.get_operation_by_name("late").type == "constant"


def test_absorbing_is_all_or_nothing():
    with tf.Graph().as_default() as other:
        tf.constant(1.0, name="a")
        tf.constant(1.0, name="b")
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="b")
    with pytest.raises(errors.GraphError, match="'b' is read, and the graph has b: float32"):
        graph.absorb(other)
    assert (len(graph.nodes), len(other.nodes)) == (1, 2) and other.nodes[0].graph is other
    graph.finalize()
    with pytest.raises(errors.FinalizedError):
        graph.absorb(other, "scope")
