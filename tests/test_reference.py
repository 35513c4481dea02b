"""docs/reference says what the docstrings say, of every public name, and of each name in the table of TensorFlow 1's."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

import graphc as tf
from graphc import tf1_names
from tests import reference

WANTED = reference.pages()
HINT = "python -m tests.reference writes it anew"
# Written down here, so that a namespace that the generator does not see is missed.
SPACES = {"tf": tf, "tf.nn": tf.nn, "tf.train": tf.train, "tf.summary": tf.summary, "tf.testing": tf.testing, "tf.optimize": tf.optimize,
          "tf.numeric": tf.numeric, "tf.extend": tf.extend, "tf.logging": tf.logging,
          "tf.layers": tf.layers, "tf.losses": tf.losses, "tf.metrics": tf.metrics, "tf.contrib.layers": tf.contrib.layers,
          "tf.contrib.opt": tf.contrib.opt, "tf.initializers": tf.initializers, "tf.errors": tf.errors, "tf.image": tf.image}


@pytest.mark.parametrize("name", WANTED)
def test_page_is_current(name):
    assert (reference.FOLDER / name).read_text() == WANTED[name], HINT


def test_no_page_of_what_is_gone():
    assert {path.name for path in reference.FOLDER.glob("*.md")} == set(WANTED), HINT


@pytest.mark.parametrize("space", SPACES)
def test_every_public_name_has_its_part(space):
    module = SPACES[space]
    names = {n for n in dir(module) if not n.startswith("_")} if space == "tf" else set(getattr(module, "__all__", vars(tf.errors)))
    ours = {n for n in names if not n.startswith("_") and not isinstance(getattr(module, n), ModuleType)} - {"TYPE_CHECKING", "annotations"}
    heads = set(re.findall(rf"^### `{re.escape(space)}\.(\w+)", (reference.FOLDER / f"{space}.md").read_text(), re.MULTILINE))
    assert heads == ours, HINT


def test_every_namespace_has_a_page():
    assert {f"{space}.md" for space in SPACES} <= set(WANTED)


@pytest.mark.parametrize("name", tf1_names.ranked())
def test_name_of_tensorflow_is_in_the_table(name):
    row = re.search(rf"^\| `tf\.{re.escape(name)}` \| (yes|no) \| (.*) \|$", WANTED["tensorflow1.md"], re.MULTILINE)
    assert row is not None and (row[1] == "yes") == reference.exists(name)
    assert bool(row[2]) or name not in {*tf1_names.differs(), *tf1_names.instead()}


def test_changed_docstring_is_noticed(monkeypatch):
    monkeypatch.setattr(tf.gradients, "__doc__", "Something else.")
    assert reference.pages()["tf.md"] != WANTED["tf.md"]
