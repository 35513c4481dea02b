"""`tf.flags` and `tf.app`: what command lines mean, and what a program sees of them."""

from __future__ import annotations

import sys

import pytest

import graphc as tf
from graphc.flags import FlagValues


def declared():
    """Flags of every kind."""
    values = FlagValues()
    tf.flags.DEFINE_string("name", "none", "a text", values)
    tf.flags.DEFINE_integer("steps", 100, "how many", values, lower_bound=0)
    tf.flags.DEFINE_float("rate", 0.5, "how fast", values)
    tf.flags.DEFINE_boolean("train", False, "whether", values)
    tf.flags.DEFINE_bool("noise", True, "whether", values)
    tf.flags.DEFINE_enum("kind", "a", ["a", "b"], "one of them", values)
    tf.flags.DEFINE_list("sizes", "1,2", "several", values)
    tf.flags.DEFINE_spaceseplist("words", "", "several", flag_values=values)
    tf.flags.DEFINE_multi_integer("n", [7], "several", values)
    tf.flags.DEFINE_multi_string("s", "x", "several", values)
    tf.flags.DEFINE_multi_float("f", None, "several", values)
    return values


# A command line, a flag's value after it, and what is left.
LINES = [
    ([], "steps", 100, []), (["--steps=3"], "steps", 3, []), (["--steps", "3"], "steps", 3, []), (["-steps", "3"], "steps", 3, []),
    (["-steps=3"], "steps", 3, []), (["--steps=0x10"], "steps", 16, []), (["--steps=1", "--steps=2"], "steps", 2, []),
    (["--name=a=b"], "name", "a=b", []), (["--name="], "name", "", []), (["--name", "--steps"], "name", "--steps", []),
    (["--rate=1e-3"], "rate", 1e-3, []), (["--rate", "2"], "rate", 2.0, []),
    (["--train"], "train", True, []), (["--train=true"], "train", True, []), (["--train=0"], "train", False, []),
    (["--train=False"], "train", False, []),
    (["--notrain"], "train", False, []), (["--train", "rest"], "train", True, ["rest"]), (["--nonoise"], "noise", False, []),
    (["--noise"], "noise", True, []), (["--kind=b"], "kind", "b", []), ([], "sizes", ["1", "2"], []), (["--sizes=3, 4"], "sizes", ["3", "4"], []),
    (["--sizes="], "sizes", [], []), (["--words=a b"], "words", ["a", "b"], []), ([], "n", [7], []), (["--n=1", "--n=2"], "n", [1, 2], []),
    ([], "s", ["x"], []), ([], "f", None, []), (["--f=1"], "f", [1.0], []),
    (["a", "--steps=3", "b"], "steps", 3, ["a", "b"]), (["--steps=3", "--", "--steps=4"], "steps", 3, ["--steps=4"]), (["-"], "steps", 100, ["-"]),
]


@pytest.mark.parametrize("line, name, value, rest", LINES, ids=[" ".join(row[0]) or row[1] for row in LINES])
def test_command_lines(line, name, value, rest):
    values = declared()
    assert values(["prog", *line]) == ["prog", *rest]
    assert getattr(values, name) == values[name].value == value and type(getattr(values, name)) is type(value)


@pytest.mark.parametrize("line, error, message", [
    (["--stepz=3"], tf.errors.UnrecognizedFlagError, "unknown command line flag 'stepz'. Did you mean steps?"),
    (["--nosteps"], tf.errors.UnrecognizedFlagError, "unknown command line flag 'nosteps'"),
    (["--steps=a"], tf.errors.IllegalFlagValueError, r"flag --steps=a: a whole number is wanted \(declared at test_flags.py:"),
    (["--steps=-1"], tf.errors.IllegalFlagValueError, r"flag --steps=-1: it is not in \[0, inf\]"),
    (["--steps"], tf.errors.IllegalFlagValueError, "flag --steps needs a value"),
    (["--rate=fast"], tf.errors.IllegalFlagValueError, "flag --rate=fast: a number is wanted"),
    (["--train=maybe"], tf.errors.IllegalFlagValueError, "true or false is wanted"),
    (["--kind=c"], tf.errors.IllegalFlagValueError, "one of a, b is wanted"),
])
def test_wrong_command_lines(line, error, message):
    with pytest.raises(error, match=message):
        declared()(["prog", *line])


@pytest.mark.parametrize("declare, error, message", [
    (lambda v: tf.flags.DEFINE_string("steps", "", "", v), tf.errors.DuplicateFlagError, "the flag --steps is declared at test_flags.py:"),
    (lambda v: tf.flags.DEFINE_integer("m", "a", "", v), tf.errors.IllegalFlagValueError, "the default 'a' of the flag --m: a whole number"),
    (lambda v: tf.flags.mark_flag_as_required("m", v), tf.errors.UnrecognizedFlagError, "no line declares a flag 'm'"),
    (lambda v: setattr(v, "m", 1), AttributeError, "no line declares a flag 'm'"),
    (lambda v: (v(["prog"]), v.m), AttributeError, "no line declares a flag 'm'"),
])
def test_wrong_declarations(declare, error, message):
    with pytest.raises(error, match=message):
        declare(declared())


def test_required_and_validated():
    values = declared()
    tf.flags.mark_flags_as_required(["f"], values)
    with pytest.raises(tf.errors.IllegalFlagValueError, match="flag --f must be given"):
        values(["prog"])
    tf.flags.register_validator("steps", lambda n: n % 2 == 0, "must be even", values)
    with pytest.raises(tf.errors.IllegalFlagValueError, match="flag --steps=3: must be even"):
        values(["prog", "--f=1", "--steps=3"])
    assert values(["prog", "--f=1", "--steps=4"]) == ["prog"]


def test_first_reading_parses_the_command_line(monkeypatch):
    values = declared()
    monkeypatch.setattr(sys, "argv", ["prog", "--steps=5"])
    assert not values.is_parsed() and values.steps == 5 and values.is_parsed()
    values.steps = 6
    assert values.steps == 6 and values.flag_values_dict()["steps"] == 6 and "steps" in values and "--steps=6" in values.flags_into_string()
    del values.steps
    assert "steps" not in values


def test_as_older_programs_read_them(monkeypatch):
    """`FLAGS._parse_flags()` and `FLAGS.__flags`, with which they print all flags."""
    values = declared()
    monkeypatch.setattr(sys, "argv", ["prog", "--steps=5", "--unknown"])
    values._parse_flags()
    shown = [f"{name.upper()}={value}" for name, value in sorted(getattr(values, "__flags").items())]
    assert "STEPS=5" in shown and "TRAIN=False" in shown
    assert {name: flag.value for name, flag in values.__dict__["__flags"].items()} == values.flag_values_dict()


@pytest.fixture
def flags(monkeypatch):
    """The program's own flags, none declared before, and as before afterwards."""
    kept = dict(tf.flags.FLAGS.__dict__)
    tf.flags.FLAGS.__dict__.update(__flags={}, _parsed=False)
    yield tf.app.flags
    tf.flags.FLAGS.__dict__.update(kept)


@pytest.mark.parametrize("line, code", [([], 100), (["--steps=3"], 3), (["--steps=3", "--other=1", "rest"], 3), (["--steps=x"], 1), (["--help"], 1)])
def test_app_runs_main_and_exits_with_what_it_gives(flags, monkeypatch, capsys, line, code):
    flags.DEFINE_integer("steps", 100, "how many")
    monkeypatch.setattr(sys, "argv", ["prog", *line])
    seen = []
    with pytest.raises(SystemExit) as left:
        tf.app.run(main=lambda argv: seen.append(argv) or flags.FLAGS.steps)
    assert left.value.code == code
    out, err = capsys.readouterr()
    if code == 3:
        assert seen == [["prog", *line[1:]]]
    if line == ["--steps=x"]:
        assert "FATAL Flags parsing error: flag --steps=x: a whole number is wanted" in err and not seen
    if line == ["--help"]:
        assert "--steps: how many" in out and "(default: 100)" in out


def test_app_finds_the_programs_main(flags, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "main", lambda argv: len(argv), raising=False)
    with pytest.raises(SystemExit) as left:
        tf.app.run(argv=["a", "b", "c"])
    assert left.value.code == 3
