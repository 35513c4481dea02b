"""Programs that import TensorFlow, run by graphc as Python would run them; and the report on the graph that took their time."""

from __future__ import annotations

import atexit
import importlib.machinery
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, TracebackType

from .. import as_tensorflow
from ..errors import NotFoundError


def run(script: str, arguments: Sequence[str], report_to: str | None = None) -> int:
    """Run a program with `import tensorflow` giving graphc; its exit code. SystemExit: the program's own.

    It is `__main__`, with its arguments and its folder first on the path of modules; an error that it does not catch is printed with its own
    lines alone, as Python prints it. `report_to`: where the page on its hottest graph is written when it ends.
    NotFoundError: no such file.
    """
    try:
        source = Path(script).read_bytes()
    except OSError as e:
        raise NotFoundError(f"{script!r:.200} cannot be read: {e.strerror}") from None
    as_tensorflow.install()
    module = _main(script, arguments)
    if report_to is not None:
        from .hottest import Watch
        watch = Watch(report_to)
        watch.begin()
        atexit.register(watch.end)          # however the program ends
    try:
        # Nothing of this module's, its annotations that are texts, is the program's.
        exec(compile(source, os.path.abspath(script), "exec", dont_inherit=True), module.__dict__)
    except SystemExit:
        raise
    except BaseException as e:
        _uncaught(e)
        if isinstance(e, KeyboardInterrupt):
            _interrupted()
        return 1
    return 0


def _main(script: str, arguments: Sequence[str]) -> ModuleType:
    """The module that the program is, in the place of the command's own."""
    module = ModuleType("__main__")
    module.__file__ = file = os.path.abspath(script)
    module.__loader__ = importlib.machinery.SourceFileLoader("__main__", file)
    module.__dict__["__builtins__"] = __builtins__
    module.__dict__["__cached__"] = None
    sys.modules["__main__"] = module
    sys.argv[:] = [script, *arguments]
    if not getattr(sys.flags, "safe_path", False):
        # In the place of the command's own folder, unless graphc is found there.
        package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        kept = sys.path[:1] if os.path.abspath(sys.path[0] or ".") == package else []
        sys.path[:1] = [os.path.dirname(file), *kept]
    return module


def _uncaught(error: BaseException) -> None:
    """Print an error as Python prints one that nothing has caught, without the frames that lead to the program."""
    at: TracebackType | None = error.__traceback__
    while at is not None and at.tb_frame.f_code.co_filename == __file__:
        at = at.tb_next
    error.__traceback__ = at
    sys.excepthook(type(error), error, at)


def _interrupted() -> None:
    """End as a program ends that Control-C has ended, so that shells stop, too."""
    if os.name == "posix":
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGINT)
