"""Which checkpoints a manager keeps, what an iterator waits for, and the state of a folder as a message."""

from __future__ import annotations

import os
from typing import Any

import pytest

import graphc as tf
from graphc import errors
from graphc.train import checkpoint_manager


class Clock:
    """A time that goes on when somebody sleeps, or is told to."""

    def __init__(self) -> None:
        self.now, self.at = 1e9, dict[float, Any]()

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for when in [w for w in self.at if w <= self.now]:
            self.at.pop(when)()


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(checkpoint_manager, "time", made)
    return made


def manager(**options: Any) -> Any:
    return tf.train.CheckpointManager(tf.train.Checkpoint(v=tf.get_variable("v", initializer=1.0)), "kept", **{"max_to_keep": 2, **options})


def there() -> list[str]:
    return sorted(n for n in os.listdir("kept") if n.endswith(".index"))


# Options, hours between saves, and what is listed and what is there after five.
KEPT: dict[str, tuple[dict[str, Any], float, list[int], list[int]]] = {
    "the last two": ({}, 0.5, [4, 5], [4, 5]),
    "one": ({"max_to_keep": 1}, 0.5, [5], [5]),
    "all": ({"max_to_keep": None}, 0.5, [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
    "one an hour": ({"max_to_keep": 1, "keep_checkpoint_every_n_hours": 1}, 0.5, [5], [2, 4, 5]),
    "every one": ({"max_to_keep": 1, "keep_checkpoint_every_n_hours": 1}, 1.5, [5], [1, 2, 3, 4, 5]),
}


@pytest.mark.parametrize("what", KEPT)
def test_what_is_kept(folder, clock, what):
    options, hours, listed, left = KEPT[what]
    kept = manager(**options)
    with tf.Session():
        for _ in range(5):
            clock.sleep(3600 * hours)
            path = kept.save()
    assert kept.checkpoints == [f"kept/ckpt-{i}" for i in listed] and kept.latest_checkpoint == path == "kept/ckpt-5"
    assert there() == sorted(f"ckpt-{i}.index" for i in left)
    assert tf.train.get_checkpoint_state("kept").all_model_checkpoint_paths == kept.checkpoints


def test_another_process_goes_on(folder, clock):
    with tf.Session():
        kept = manager()
        for _ in range(3):
            clock.sleep(60)
            kept.save()
    with tf.Graph().as_default(), tf.Session():
        again = manager()
        assert (again.checkpoints, again.latest_checkpoint) == (["kept/ckpt-2", "kept/ckpt-3"], "kept/ckpt-3")
        again._checkpoint.restore(again.latest_checkpoint).initialize_or_restore()
        clock.sleep(60)
        assert again.save() == "kept/ckpt-4"
        assert there() == ["ckpt-3.index", "ckpt-4.index"]


@pytest.mark.parametrize("number", [7, "variable", "tensor"])
def test_numbers(folder, number):
    given = {"variable": lambda: tf.Variable(7), "tensor": lambda: tf.constant(7)}.get(number, lambda: 7)()
    kept = manager(checkpoint_name="model")
    with tf.Session() as session:
        assert kept.save(given) == "kept/model-7"
        assert session.run(kept._checkpoint.save_counter) == 1


REFUSED: dict[str, tuple[Any, str]] = {
    "none kept": (lambda: manager(max_to_keep=0), "max_to_keep is a number of 1 or more, or None, not 0"),
    "no path": (lambda: tf.train.CheckpointManager(tf.train.Checkpoint(), 3, 1), "CheckpointManager: 3 is no path"),
    "no checkpoint": (lambda: tf.train.CheckpointManager(tf.train.Saver, "kept", 1), "is no tf.train.Checkpoint"),
    "no number": (lambda: manager().save("seven"), "'seven' is no whole number"),
    "times": (lambda: tf.train.generate_checkpoint_state_proto("a", "a/x", ["a/w"], [1.0]), "1 times are given for 2 checkpoints"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(folder, what):
    make, told = REFUSED[what]
    with tf.Session(), pytest.raises(errors.GraphcError, match=told):
        make()


# ---------------------------------------------------------------------- waiting

def test_checkpoints_as_they_come(folder, clock):
    kept = manager()
    with tf.Session() as session, session.graph.as_default():
        clock.at = {clock.now + 5: kept.save, clock.now + 20: kept.save}
        asked: list[float] = []

        def over() -> bool:
            asked.append(clock.now)
            return len(asked) == 2
        begun, found = clock.now, []
        for path in tf.train.checkpoints_iterator("kept", min_interval_secs=3, timeout=10, timeout_fn=over):
            found.append((path, clock.now - begun))
    assert found == [("kept/ckpt-1", 5.0), ("kept/ckpt-2", 20.0)]
    assert [when - begun for when in asked] == [18.0, 33.0]


# Folder, latest, others, and the paths that are told, of TensorFlow 2.15's `generate_checkpoint_state_proto`.
STATES: dict[str, tuple[str, str, Any, str, list[str]]] = {
    "relative": ("a", "a/x-2", ["a/x-1", "a/x-2"], "x-2", ["x-1", "x-2"]),
    "the latest is added": ("a", "a/x-2", ["a/x-1"], "x-2", ["x-1", "x-2"]),
    "alone": ("a", "a/x-2", None, "x-2", ["x-2"]),
    "absolute": ("/a", "/a/x-2", ["/a/x-1"], "/a/x-2", ["/a/x-1", "/a/x-2"]),
    "both": ("a", "/a/x-2", ["a/x-1"], "/a/x-2", ["x-1", "/a/x-2"]),
    "elsewhere": ("a/b", "c/x-2", [], "../../c/x-2", ["../../c/x-2"]),
}


@pytest.mark.parametrize("what", STATES)
def test_states(what):
    folder, latest, paths, told, every = STATES[what]
    state = tf.train.generate_checkpoint_state_proto(folder, latest, paths, last_preserved_timestamp=3.0)
    assert (state.model_checkpoint_path, state.all_model_checkpoint_paths, state.last_preserved_timestamp) == (told, every, 3.0)
