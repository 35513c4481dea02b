"""`keras.preprocessing`: texts, sequences and images against values of TensorFlow, by a table of one row each; folders, flows, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import FeedError, NotFoundError
from tests import ROOT
from tests.keras.backend_cases import PREPROCESSING, TEXTS, arrays, prepared

P = tf.keras.preprocessing
GOLDEN = np.load(ROOT / "tests" / "data" / "keras_golden" / "backend.npz")


@pytest.mark.parametrize("text", PREPROCESSING)
def test_functions(text: str) -> None:
    found = arrays(prepared(tf.keras, text))
    assert len(found) == sum(key.rpartition("/")[0] == text for key in GOLDEN.files)
    for i, mine in enumerate(found):
        wanted = GOLDEN[f"{text}/{i}"]
        assert (mine.shape, mine.dtype) == (wanted.shape, wanted.dtype)
        if mine.dtype.kind == "U":
            assert mine == wanted
        else:
            np.testing.assert_allclose(mine, wanted, rtol=1e-5, atol=1e-6)


def test_a_tokenizer_comes_back_from_its_text() -> None:
    made = P.text.Tokenizer(num_words=5, oov_token="?")
    made.fit_on_texts(TEXTS)
    again = P.text.tokenizer_from_json(made.to_json())
    assert again.get_config() == made.get_config() and (again.texts_to_matrix(TEXTS, "tfidf") == made.texts_to_matrix(TEXTS, "tfidf")).all()


# ---------------------------------------------------------------------- images

PHOTOS = np.random.RandomState(0).randint(0, 256, (6, 4, 5, 3)).astype("float32")


@pytest.mark.parametrize("change", [
    lambda: P.image.random_rotation(PHOTOS[0], 30, 0, 1, 2), lambda: P.image.random_shift(PHOTOS[0], 0.2, 0.3, 0, 1, 2),
    lambda: P.image.random_zoom(PHOTOS[0], (0.5, 0.9), 0, 1, 2),
    lambda: P.image.ImageDataGenerator(rotation_range=20, width_shift_range=0.2, height_shift_range=2, zoom_range=0.3, shear_range=10,
                                       horizontal_flip=True, vertical_flip=True).random_transform(PHOTOS[0]),
], ids=["rotation", "shift", "zoom", "all"])
def test_changes_at_random(change: Any) -> None:
    """Another image each time, of mixtures of the same pixels."""
    made = [change() for _ in range(8)]
    assert len({m.tobytes() for m in made}) > 1 and all(m.shape == PHOTOS[0].shape for m in made)
    assert all(PHOTOS[0].min() <= m.min() <= m.max() <= PHOTOS[0].max() for m in made)


def test_the_same_seed_is_the_same_change() -> None:
    made = P.image.ImageDataGenerator(rotation_range=20, channel_shift_range=30.0, brightness_range=(0.5, 1.5))
    first, again, other = (made.random_transform(PHOTOS[0], seed) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any() and 0 <= first.min() <= first.max() <= 255


def test_whitened_images_have_no_correlations() -> None:
    x = np.random.RandomState(1).randn(200, 2, 2, 1) @ np.ones((1, 2)) + np.random.RandomState(2).randn(200, 2, 2, 2)
    made = P.image.ImageDataGenerator(zca_whitening=True)
    made.fit(x)
    flat = np.stack([made.standardize(a.astype("float32")) for a in x]).reshape(200, -1)
    np.testing.assert_allclose(flat.T @ flat / 200, np.eye(8), atol=1e-3)


def test_flows_of_arrays() -> None:
    y, weights = np.arange(6), np.arange(6) / 2
    flow = P.image.ImageDataGenerator(rescale=1 / 255).flow(PHOTOS, y, batch_size=4, shuffle=False, sample_weight=weights)
    batches = [next(flow) for _ in range(3)]
    assert len(flow) == 2 and [len(b[0]) for b in batches] == [4, 2, 4] and [list(b[1]) for b in batches] == [[0, 1, 2, 3], [4, 5], [0, 1, 2, 3]]
    np.testing.assert_allclose(batches[1][0], PHOTOS[4:] / 255, rtol=1e-6)
    assert list(batches[1][2]) == [2.0, 2.5] and (flow[1][0] == batches[1][0]).all()
    shuffled = P.image.ImageDataGenerator().flow(PHOTOS, y, batch_size=6, seed=1)
    assert sorted(next(shuffled)[1]) == list(range(6))
    parts = [P.image.ImageDataGenerator(validation_split=0.34).flow(PHOTOS, y, shuffle=False, subset=s) for s in ("training", "validation")]
    assert [list(next(p)[1]) for p in parts] == [[2, 3, 4, 5], [0, 1]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two classes, of three images each; and a file that is none."""
    for i, image in enumerate(PHOTOS):
        (tmp_path / "in" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        P.image.save_img(tmp_path / "in" / "ab"[i % 2] / f"{i}.png", image, scale=False)
    (tmp_path / "in" / "a" / "notes.txt").write_text("none")
    return tmp_path / "in"


MODES: list[tuple[str | None, Any]] = [
    ("categorical", [[1, 0]] * 3 + [[0, 1]] * 3), ("binary", [0, 0, 0, 1, 1, 1]), ("sparse", [0, 0, 0, 1, 1, 1]), ("input", None), (None, None)]


@pytest.mark.parametrize("mode, labels", MODES, ids=[str(row[0]) for row in MODES])
def test_flows_of_folders(folder: Path, capsys: pytest.CaptureFixture[str], mode: str | None, labels: Any) -> None:
    flow = P.image.ImageDataGenerator().flow_from_directory(folder, (4, 5), class_mode=mode, shuffle=False)
    assert capsys.readouterr().out == "Found 6 images belonging to 2 classes.\n" and flow.class_indices == {"a": 0, "b": 1}
    batch = next(flow)
    images = batch if mode is None else batch[0]
    np.testing.assert_array_equal(images, PHOTOS[[0, 2, 4, 1, 3, 5]])
    if mode is not None:
        np.testing.assert_array_equal(batch[1], images if labels is None else labels)
    assert [Path(p).name for p in flow.filepaths] == ["0.png", "2.png", "4.png", "1.png", "3.png", "5.png"]


def test_flows_are_written_to_a_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    next(P.image.ImageDataGenerator().flow(PHOTOS, batch_size=2, shuffle=False, save_to_dir=tmp_path / "out", save_prefix="seen"))
    assert sorted(p.name.split("_")[1] for p in (tmp_path / "out").iterdir()) == ["0", "1"]
    assert all(p.name.startswith("seen_") and p.suffix == ".png" for p in (tmp_path / "out").iterdir())


def test_images_of_files(folder: Path) -> None:
    path = folder / "a" / "0.png"
    for mode, channels in (("rgb", 3), ("rgba", 4), ("grayscale", 1)):
        assert P.image.img_to_array(P.image.load_img(path, color_mode=mode)).shape == (4, 5, channels)
    assert P.image.load_img(path, target_size=(8, 2), interpolation="bilinear").size == (2, 8)
    np.testing.assert_array_equal(P.image.img_to_array(P.image.load_img(path), "channels_first"), PHOTOS[0].transpose(2, 0, 1))


# ---------------------------------------------------------------------- what is refused

REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda: P.sequence.pad_sequences([[1]], padding="left"), FeedError, "padding is 'pre' or 'post', not 'left'"),
    (lambda: P.sequence.pad_sequences([1, 2]), FeedError, "must be a list of iterables"),
    (lambda: P.sequence.pad_sequences([[1]], value="x"), FeedError, "dtype=object takes texts"),
    (lambda: P.sequence.pad_sequences([[[1, 2]], [[3]]]), FeedError, r"sequence 1 have shape \(1,\)"),
    (lambda: P.sequence.TimeseriesGenerator([1, 2], [1], 1), FeedError, "2 rows of data and 1 targets"),
    (lambda: P.sequence.TimeseriesGenerator([1, 2], [1, 2], 3), FeedError, "no window of 3 rows"),
    (lambda: P.text.Tokenizer(words=3), FeedError, "no argument 'words'"),
    (lambda: P.text.Tokenizer().sequences_to_matrix([[1]]), FeedError, "specify a dimension"),
    (lambda: P.text.Tokenizer(3).sequences_to_matrix([[1]], "tfidf"), FeedError, "fit the Tokenizer"),
    (lambda: P.text.Tokenizer(3).sequences_to_matrix([[1]], "most"), FeedError, "not 'most'"),
    (lambda: P.text.tokenizer_from_json("{}"), FeedError, "describes no Tokenizer"),
    (lambda: P.image.load_img("nothing.png"), NotFoundError, "no file nothing.png"),
    (lambda: P.image.load_img(__file__), FeedError, "is no image"), (lambda: P.image.load_img("a.png", color_mode="bw"), FeedError, "not 'bw'"),
    (lambda: P.image.img_to_array(np.ones(3)), FeedError, r"not the shape \(3,\)"),
    (lambda: P.image.array_to_img(np.ones((2, 2, 2))), FeedError, "not 2"), (lambda: P.image.array_to_img(np.ones((2, 2))), FeedError, "three axes"),
    (lambda: P.image.apply_affine_transform(PHOTOS[0], fill_mode="edge"), FeedError, "not 'edge'"),
    (lambda: P.image.apply_affine_transform(PHOTOS[0], order=3), FeedError, "order is 0 or 1, not 3"),
    (lambda: P.image.ImageDataGenerator(zoom_range=(1, 2, 3)), FeedError, "zoom_range"),
    (lambda: P.image.ImageDataGenerator(validation_split=1.0), FeedError, "between 0 and 1"),
    (lambda: P.image.ImageDataGenerator().flow(PHOTOS[0]), FeedError, "four axes"),
    (lambda: P.image.ImageDataGenerator().flow(PHOTOS, [1]), FeedError, "same length. Found 6 and 1"),
    (lambda: P.image.ImageDataGenerator().fit(PHOTOS[0]), FeedError, "four axes"),
    (lambda: P.image.ImageDataGenerator().flow_from_directory("nowhere"), NotFoundError, "no folder nowhere"),
    (lambda: P.image.ImageDataGenerator().flow_from_directory(".", class_mode="all"), FeedError, "not 'all'"),
]


@pytest.mark.parametrize("call, kind, said", REFUSED, ids=[row[2] for row in REFUSED])
def test_refused(call: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        call()
