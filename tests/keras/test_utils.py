"""`keras.utils`: bars that show how far a loop is, batches by number, files that are there already, names of a program's own objects."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import FeedError, NotFoundError

U = tf.keras.utils


# ---------------------------------------------------------------------- bars

def test_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """Means by the units that each value stands for, but for what is stateful; the whole bar, and a line's end, at the target."""
    bar = U.Progbar(4, width=8, interval=0.0, stateful_metrics=["last"], unit_name="batch")
    bar.update(1, [("loss", 4.0), ("last", 1.0)])
    bar.add(3, [("loss", 0.0), ("last", 5.0)])
    first, last = re.split(r"[\r\n]+", capsys.readouterr().out.replace("\b", "").strip())
    assert re.fullmatch(r"1/4 \[=>\.{6}\] - ETA: \d+s - loss: 4\.0000 - last: 1\.0000 *", first)
    assert re.fullmatch(r"4/4 \[={8}\] - \d+s \d+[mu]?s/batch - loss: 1\.0000 - last: 5\.0000 *", last)


@pytest.mark.parametrize("target, verbose, wanted", [
    (3, 0, ""), (3, 2, r"3/3 - \d+s - loss: 2\.0000\n"), (None, 1, r"[\b\r\n]*( +\d/Unknown - \d+s \d+[mu]?s/step - loss: \d\.\d000 *[\b\r\n]*){3}"),
], ids=["silent", "one line", "unknown target"])
def test_what_bars_show(capsys: pytest.CaptureFixture[str], target: int | None, verbose: int, wanted: str) -> None:
    bar = U.Progbar(target, verbose=verbose, interval=0.0)
    for i in (1, 2, 3):
        bar.update(i, [("loss", float(i))])
    assert re.fullmatch(wanted, capsys.readouterr().out)


# ---------------------------------------------------------------------- batches

class Rows(U.Sequence):
    """Three batches, which count the epochs."""

    epochs = 0

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        return index

    def on_epoch_end(self) -> None:
        self.epochs += 1


def test_batches_in_order_epoch_after_epoch() -> None:
    rows = Rows()
    queue = U.OrderedEnqueuer(rows)
    assert list(rows) == [0, 1, 2] and not queue.is_running() and list(queue.get()) == []
    queue.start(workers=2)
    given = queue.get()
    assert [next(given) for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0] and rows.epochs == 2 and queue.is_running()
    queue.stop()
    assert list(given) == [1, 2]


def test_batches_in_another_order() -> None:
    queue = U.OrderedEnqueuer(Rows(), shuffle=True)
    queue.start()
    given = queue.get()
    epochs = [[next(given) for _ in range(3)] for _ in range(20)]
    assert all(sorted(e) == [0, 1, 2] for e in epochs) and len({tuple(e) for e in epochs}) > 1


def test_batches_of_a_generator() -> None:
    queue = U.GeneratorEnqueuer(x * 2 for x in range(3))
    queue.start()
    assert list(queue.get()) == [0, 2, 4]


# ---------------------------------------------------------------------- files and names

@pytest.mark.parametrize("held, options, wanted", [
    ("datasets/a.txt", {}, "datasets/a.txt"), ("own/a.txt", {"cache_subdir": "own"}, "own/a.txt"),
    ("datasets/a/part", {"fname": "a.tar.gz", "untar": True}, "datasets/a"), ("datasets/a/part", {"fname": "a.zip"}, "datasets/a"),
], ids=["file", "folder", "archive", "unpacked"])
def test_files_that_are_there(tmp_path: Path, held: str, options: dict[str, Any], wanted: str) -> None:
    (tmp_path / held).parent.mkdir(parents=True)
    (tmp_path / held).write_text("here")
    assert U.get_file(**{"fname": "a.txt", "origin": "a place", "cache_dir": tmp_path, **options}) == str(tmp_path / wanted)


def test_files_of_the_home_of_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(NotFoundError, match=re.escape(f"{tmp_path / 'datasets' / 'a.txt'} is not there, and nothing is fetched")):
        U.get_file("a.txt", "a place")


def test_names_hold_inside_a_block() -> None:
    def twice(x: Any) -> Any:
        return x * 2
    with U.custom_object_scope({"twice": twice}):
        assert tf.keras.activations.get("twice") is twice and U.get_custom_objects()["twice"] is twice
    assert "twice" not in U.get_custom_objects()


@pytest.mark.parametrize("y, count", [([3], 3), ([-4, 1], 3)], ids=["above", "below"])
def test_classes_that_there_are_not(y: list[int], count: int) -> None:
    with pytest.raises(FeedError, match="is beyond num_classes=3"):
        U.to_categorical(np.array(y), count)
