"""Every example in the documentation runs: the Python blocks of the Markdown files, and the doctests of the modules."""

from __future__ import annotations

import doctest
import importlib
import io
import pkgutil
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

import graphc as tf
from graphc import extend

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MODULES = ["graphc", *sorted(m.name for m in pkgutil.walk_packages(tf.__path__, "graphc.") if "__main__" not in m.name)]
BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\n+^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run_session(source: str, names: dict[str, object], page: str, line: int) -> None:
    """A block with >>> prompts: its output must be what the page shows."""
    test = doctest.DocTestParser().get_doctest(source, {}, page, page, line)
    test.globs = names
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    failures: list[str] = []
    runner.run(test, out=failures.append, clear_globs=False)
    assert runner.summarize(verbose=False).failed == 0, "".join(failures)


def run_page(text: str, page: str) -> int:
    """Runs a page's blocks in order, in one namespace; tracebacks name the page's own lines.

    A text block right below a Python block is what that one prints, `...` standing for anything.
    """
    names: dict[str, object] = {"__name__": "__main__"}
    blocks = list(BLOCK.finditer(text))
    for block in blocks:
        line = text.count("\n", 0, block.start(1))
        if ">>> " in block[1]:
            run_session(block[1], names, page, line)
            continue
        with redirect_stdout(io.StringIO()) as printed:
            exec(compile("\n" * line + block[1], page, "exec"), names)
        if block[2] is not None:
            assert doctest.OutputChecker().check_output(block[2], printed.getvalue(), OPTIONS), printed.getvalue()
    return len(blocks)


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A graph, a folder, and tables of operators, rules and passes of their own for whatever an example builds, writes and declares."""
    monkeypatch.chdir(tmp_path)
    tf.reset_default_graph()
    with extend.temporary():
        yield


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_runs(page: Path) -> None:
    text = page.read_text()
    assert run_page(text, str(page)) == text.count("```python")


def test_readme_has_examples() -> None:
    assert len(BLOCK.findall((ROOT / "README.md").read_text())) >= 2


@pytest.mark.parametrize("blocks", [
    "```python\nassert 1 == 2\n```",
    "```python\n>>> 1 + 1\n3\n```",
    "```python\nprint(1 + 1)\n```\n\n```text\n3\n```",
])
def test_wrong_example_is_noticed(blocks: str) -> None:
    with pytest.raises(AssertionError):
        run_page(f"# Page\n\n{blocks}\n", "page.md")


@pytest.mark.parametrize("name", MODULES)
def test_doctests_of_module(name: str) -> None:
    """Examples may take `tf` and `np` as given, as programs do."""
    result = doctest.testmod(importlib.import_module(name), extraglobs={"tf": tf, "np": np}, optionflags=OPTIONS)
    assert result.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing
