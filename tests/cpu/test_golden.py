"""Generated kernels are those that were read and kept in tests/golden, on any machine and for any number of threads."""

from __future__ import annotations

import pytest

from tests import golden


@pytest.mark.parametrize("name", golden.GRAPHS)
def test_kernels_are_those_kept(name: str) -> None:
    assert golden.text_of(name) == golden.file(name).read_text(), "read what changed; if it should, `python -m tests golden` keeps it"


def test_every_file_has_a_graph() -> None:
    assert sorted(path.stem for path in golden.FOLDER.glob("*.txt")) == sorted(golden.GRAPHS)


def test_text_does_not_depend_on_threads() -> None:
    assert {golden.text_of("full", threads) for threads in (1, 2, 64)} == {golden.file("full").read_text()}
