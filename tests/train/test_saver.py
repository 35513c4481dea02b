"""Checkpoints: what is saved comes back bit for bit, training goes on as it would have, and what does not fit or is damaged is named."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import graphc as tf
from graphc.runtime.values import Values
from graphc.train import saver as saver_module
from tests import ROOT
from tests.test_train import OPTIMIZERS
from tests.train.saving import DATA, network, same, values

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
    save_file({"w": np.array([5.0, 6.0], "float32")}, "theirs.safetensors")
    w = tf.Variable([0.0, 0.0], name="w")
    with tf.Session(jit=False) as session:
        tf.train.Saver().restore(session, "theirs.safetensors")
        assert session.run(w).tolist() == [5.0, 6.0]


# ---------------------------------------------------------------------- training goes on


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
from tests.train.saving import DATA, network
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
    with checkpoint.open_checkpoint(path) as found:
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


def test_a_save_that_ends_behind_a_later_one_is_not_the_newest(folder, monkeypatch):
    """While a checkpoint is written another thread trains and saves: what goes on is what was seen last."""
    step = tf.Variable(0, name="step")
    more, savers = step.assign_add(1), [tf.train.Saver(max_to_keep=most) for most in (2, 0)]
    write = saver_module.write
    with tf.Session(jit=False) as session:
        session.run(step.initializer)
        for saver in savers:
            def overtaken(*args: Any, saver: tf.train.Saver = saver) -> None:
                monkeypatch.setattr(saver_module, "write", write)
                session.run(more)
                saver.save(session, "m", step)
                write(*args)
            monkeypatch.setattr(saver_module, "write", overtaken)
            early = saver.save(session, "m", step)
            newest = f"m-{int(early[2:]) + 1}"
            assert tf.train.latest_checkpoint(".") == f"./{newest}" and saver.last_checkpoints in ([early, newest], [])
            session.run(more)


# ---------------------------------------------------------------------- which are kept

BESIDE = ("data-00000-of-00001", "index", "meta", "safetensors")


def files(*numbers: int) -> list[str]:
    """The files of checkpoints, with what stands beside for programs that look for TensorFlow's."""
    return [f"m-{i}.{suffix}" for i in numbers for suffix in BESIDE]


KEPT = [(5, 8, [3, 4, 5, 6, 7]), (1, 3, [2]), (None, 3, [0, 1, 2]), (0, 3, [0, 1, 2]), (2, 2, [0, 1])]


@pytest.mark.parametrize("most, saves, kept", KEPT)
def test_max_to_keep(most, saves, kept, folder):
    tf.Variable([1.0], name="w")
    saver = tf.train.Saver(max_to_keep=most)
    with tf.Session(jit=False) as session:
        for i in range(saves):
            saver.save(session, "d/m", i)
    assert sorted(os.listdir("d")) == ["checkpoint", *files(*kept)]
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
    assert sorted(os.listdir("d")) == ["checkpoint", *files(2, 4, 6, 7)]


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
    assert sorted(os.listdir("d")) == ["checkpoint", *files(1, 2)]
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
    assert sorted(os.listdir("d")) == [*files(1, 2), "other"]
    assert tf.train.latest_checkpoint("d", "other") == "d/m-1" and tf.train.latest_checkpoint("d") is None
    tf.train.update_checkpoint_state("d", "d/m-2", ["d/m-1"])
    assert tf.train.get_checkpoint_state("d").all_model_checkpoint_paths == ["d/m-1", "d/m-2"]
    tf.train.remove_checkpoint("d/m-2")
    assert not tf.train.checkpoint_exists("d/m-2")
    tf.train.remove_checkpoint("d/m-2")


# ---------------------------------------------------------------------- damage


# ---------------------------------------------------------------------- what does not fit


# ---------------------------------------------------------------------- graphs
