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
from types import ModuleType

import numpy as np
import pytest

import graphc as tf
from graphc import extend, tf1_names
from tests import ROOT

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
def fresh_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A global graph, a folder, and tables of operators, rules and passes of their own for whatever an example builds, writes and declares.

    Unlike in other tests no graph is entered: examples may reset the global one.
    """
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
    """Examples may take `tf` and `np` as given, as programs do, and `print` is Python's, within `graphc` too, which has its own.

    Those of each docstring begin with an empty graph: their names and numbers do not depend on those before.
    """
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    for examples in doctest.DocTestFinder().find(importlib.import_module(name), extraglobs={"tf": tf, "np": np, "print": print}):
        tf.reset_default_graph()
        runner.run(examples)
    assert runner.summarize().failed == 0


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "docs/reference").glob("*.md"))], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


def table(text: str, column: int = 0) -> list[str]:
    """The code words of one column of all tables of a page."""
    rows = [row.strip("|").split(" | ") for row in re.findall(r"^\|.*\|$", text, re.MULTILINE)]
    return [word for row in rows if len(row) > column for word in re.findall(r"`([^`]+)`", row[column])]


def test_environment_variables_are_listed() -> None:
    read = re.compile(r"environ(?:ment)?\.get\(\s*[\"'](\w+)|\b(GRAPHC_[A-Z_]+)\b")
    source = "\n".join(path.read_text() for path in (ROOT / "graphc").rglob("*.py"))
    assert {a or b for a, b in read.findall(source)} == \
        {word for word in table((ROOT / "docs/configuration.md").read_text()) if word.isupper()}


def test_versions_are_those_of_the_package() -> None:
    """pyproject.toml read by patterns: Python 3.10 has no reader of TOML."""
    project = (ROOT / "pyproject.toml").read_text()
    declared = project[project.index("\ndependencies = ["):project.index("\n# The peers")]
    declared = re.sub(r"^test = \[.*?\]", "", declared, flags=re.MULTILINE | re.DOTALL)
    wanted = {spec for spec in re.findall(r'"([^"\n]+)"', declared) if not spec.startswith("graphc[")}
    wanted |= set(re.findall(r'requires-python = "(.*)"', project))
    limits = (ROOT / "docs/limits.md").read_text()
    assert {word for word in table(limits, 1) if ">=" in word} == wanted
    assert set(re.findall(r"^(\w+) = \[", declared, re.MULTILINE)) - {"dependencies"} <= set(table(limits))


FOLDERS = [path.name for path in (ROOT / "graphc").iterdir() if (path / "__init__.py").exists()]
FILES = {"py", "md", "json", "toml", "html", "js", "svg", "png", "txt", "npz", "pb"}
OBJECTS = {"session": tf.Session, "graph": tf.Graph, "tensor": tf.Tensor, "variable": tf.Variable, "node": tf.Tensor}


def names_nothing(page: Path) -> list[str]:
    """The words of a page's prose that look like a path, or like a name in a module, namespace or class of graphc's, and lead nowhere."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [word for word in re.findall(r"`(?:python )?([\w./]+)(?:\([^`]*\))?`", text)
            if not (path_leads(word) if "/" in word else name_leads(word))]


def path_leads(word: str) -> bool:
    """Whether a path of the repository, or of the package, is there; True of others, too."""
    ours = word.split("/")[0] in ("graphc", "tests", "docs", "examples", *FOLDERS)
    return not ours or any((base / word).exists() for base in (ROOT, ROOT / "graphc"))


def name_leads(word: str) -> bool:
    """Whether a dotted word is a name of graphc's or of TensorFlow 1's; True of what does not begin with one of graphc's."""
    first, *names = word.split(".")
    starts = [importlib.import_module(name) for name in MODULES if name.rpartition(".")[2] == first]
    starts += [OBJECTS[first]] if first in OBJECTS else [tf] if first == "tf" else [getattr(tf, first)] if hasattr(tf, first) else []
    if not names or not starts or names[-1] in FILES or word.removeprefix("tf.") in {*tf1_names.ranked(), *tf1_names.instead()}:
        return True
    return any(has(start, names) for start in starts)


def has(value: object, names: list[str]) -> bool:
    """Whether names lead on from a module or a class."""
    for i, name in enumerate(names):
        if not hasattr(value, name):
            return isinstance(value, ModuleType) and ".".join([value.__name__, *names[i:]]) in MODULES
        value = getattr(value, name)
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_words_name_what_is_there(page: Path) -> None:
    assert not names_nothing(page)


@pytest.mark.parametrize("word", ["`tf.matmull`", "`machine.VECTOR_BITTS`", "`compiler.passes.PIPE`", "`graphc/cpu/nothing.py`", "`cpu/nothing`",
                                  "`Session.runn`", "`tf.nn.rellu(x)`", "`tests/test_nothing.py`"])
def test_wrong_word_is_noticed(word: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(f"See {word}, and `tf.matmul(a, b)`, `machine.VECTOR_BITS`, `np.sin`, `Session.run`, `cpu/native.py`, `x.T`.\n")
    assert names_nothing(tmp_path / "page.md") == [re.sub(r"[`]|\(.*", "", word)]


def unheld(page: str) -> list[str]:
    """The rows of tables of promises that name no test, and the tests named that are not there."""
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| promise", "|---"))]
    cells = [row.rpartition("|")[0].rpartition("|")[2].strip() for row in rows]
    held = re.compile(r"the same|`tests/\S+::\w+`(, `tests/\S+::\w+`)*")
    wrong = [row for row, cell in zip(rows, cells, strict=True) if not held.fullmatch(cell)]
    for path, name in re.findall(r"`(tests/\S+)::(\w+)`", page):
        if not (ROOT / path).exists() or not re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.MULTILINE):
            wrong.append(f"{path}::{name}")
    return wrong


def test_promises_are_held_by_tests() -> None:
    page = (ROOT / "docs/guarantees.md").read_text()
    assert unheld(page) == []
    first = next(line for line in page.splitlines() if "`tests/" in line)
    for change in (("::test_", "::test_no_"), ("`tests/", "`test/"), ("`tests/", "tests/")):
        assert unheld(page.replace(first, first.replace(*change)))


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)
def test_prose_fits_a_screen(page: Path) -> None:
    """Lines of at most 130 characters, but for tables, headings, and what stands in blocks."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert not [line for line in text.splitlines() if len(line) > 130 and not line.startswith(("|", "#", "    "))]
