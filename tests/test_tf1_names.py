"""The table of TensorFlow 1's names: it is true of graphc, and an AttributeError says what it has to say."""

from __future__ import annotations

import ast
import re

import pytest

import graphc as tf
from graphc import tf1_names
from tests import ROOT
from tests.reference import exists


@pytest.mark.parametrize("name", tf1_names.differs())
def test_name_that_differs_is_here(name):
    assert exists(name)


@pytest.mark.parametrize("name", [name for name in tf1_names.instead() if name not in ("contrib", "python")])      # here in part
def test_name_with_a_substitute_is_not_here(name):
    assert not exists(name)


@pytest.mark.parametrize("note", sorted({*tf1_names.instead().values(), *tf1_names.differs().values()}))
def test_what_to_write_is_here(note):
    for name in re.findall(r"\btf\.([\w.]*\w)", re.sub(r"tf\.(contrib|compat)\b", "", note)):
        assert exists(name), f"tf.{name} is no name of graphc's"


def _messages(path):
    """The texts of a file that errors say: constants, and the constant parts of f-strings, within `raise`."""
    for statement in ast.walk(ast.parse(path.read_text())):
        if isinstance(statement, ast.Raise):
            yield from (part.value for part in ast.walk(statement) if isinstance(part, ast.Constant) and isinstance(part.value, str))


@pytest.mark.parametrize("path", sorted((ROOT / "graphc").rglob("*.py")), ids=lambda path: path.relative_to(ROOT / "graphc").as_posix())
def test_what_an_error_says_to_write_is_here(path):
    for message in _messages(path):
        for name in re.findall(r"\btf\.([a-zA-Z][\w.]*\w)", message):
            assert exists(name), f"tf.{name} is no name of graphc's: {message}"


@pytest.mark.parametrize("name", [name for name in tf1_names.ranked() if not exists(name)])
def test_what_programs_use_is_here_or_has_a_substitute(name):
    assert tf1_names.advice(name)


def test_names_that_three_programs_use_are_here():
    ranked = tf1_names.ranked()
    often = ranked[:ranked.index("contrib.layers.l2_regularizer")]          # the first that two use
    assert {name for name in often if not exists(name)} == set()


def test_ranked_names_are_names_once():
    ranked = tf1_names.ranked()
    assert len(ranked) == len(set(ranked)) == 458
    assert ranked[:3] == ["Session", "placeholder", "float32"]


@pytest.mark.parametrize("path, message", [
    ("keras.models.model_from_yaml", "tf.keras.models.model_from_yaml is not here; instead: tf.keras.models.model_from_json"),
    ("nn.seq2seq", "tf.nn.seq2seq is not here; instead: tf.contrib.legacy_seq2seq"),
    ("contrib.nccl", "tf.contrib.nccl is not here; instead: what TensorFlow moved out"),
    ("estimator.python", "module 'graphc.estimator' has no"),
    ("reduce_man", "module 'graphc' has no attribute 'reduce_man'"),
    ("nn.rellu", "module 'graphc.nn' has no attribute 'rellu'"),
    ("train.__wrapped__", "module 'graphc.train' has no attribute '__wrapped__'"),
])
def test_missing_name_says_what_to_write(path, message):
    *spaces, name = path.split(".")
    module = tf
    for space in spaces:
        module = getattr(module, space)
    with pytest.raises(AttributeError, match=re.escape(message)) as caught:
        getattr(module, name)
    # From the module Python finds names that are spelt alike: not where they would follow what to write.
    assert (caught.value.name, caught.value.obj) == (name, None if "instead" in message else module)
    assert not hasattr(module, name)
