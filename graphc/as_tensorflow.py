"""`import tensorflow` gives graphc: a finder of modules that stands before all others, in the process that installs it and in no other."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from . import compat
from .tf1_names import advice
from .version import VERSION

NAME = "tensorflow"
_KERAS = "keras"        # the package of its own that Keras was: `tf.keras`, and TensorFlow's modules of it
_PACKAGE = __name__.rpartition(".")[0]
# Modules of TensorFlow that are the package itself, or a namespace of it, under a longer path.
_SAME = ("compat.v1", "_api.v1", "_api.v2.compat.v1")


class MissingModuleError(ModuleNotFoundError):
    """A module of TensorFlow's that graphc does not have; the message says what to write instead."""


class Stand(ModuleType):
    """What `tensorflow` is: every name is graphc's but the version, which is TensorFlow's whose names these are."""

    def __init__(self) -> None:
        super().__init__(NAME, "graphc under TensorFlow's name.")
        self.__version__ = self.VERSION = VERSION
        self.__path__: list[str] = []
        self.__file__ = sys.modules[_PACKAGE].__file__

    def __getattr__(self, name: str) -> Any:
        value = getattr(sys.modules[_PACKAGE], name)
        vars(self)[name] = value            # asked once: names of the package do not change
        return value

    def __dir__(self) -> list[str]:
        return dir(sys.modules[_PACKAGE])


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `tensorflow`, `keras` and the modules below them, whether they are installed or not."""

    def __init__(self) -> None:
        self.stand = Stand()

    def find_spec(self, name: str, path_of: Sequence[str] | None = None,
                  target: ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        """The place of a module of TensorFlow's or Keras'; None for all others. MissingModuleError: graphc has none such."""
        if name.startswith(f"{_PACKAGE}."):
            path = name[len(_PACKAGE) + 1:]
            if advice(path) is not None and importlib.machinery.PathFinder.find_spec(name, path_of) is None:
                raise missing(path)         # `from tensorflow.contrib import x`: else Python says only that it is not there
            return None
        if name == _KERAS or name.startswith(f"{_KERAS}."):
            spec = importlib.machinery.ModuleSpec(name, self, is_package=True)
            spec.loader_state = self._found(f"python.{name}")
            return spec
        if name != NAME and not name.startswith(f"{NAME}."):
            return None
        spec = importlib.machinery.ModuleSpec(name, self, is_package=True)
        spec.loader_state = self.stand if name == NAME else self._found(name[len(NAME) + 1:])
        return spec

    def _found(self, path: str) -> Any:
        for same in _SAME:
            if path == same or f"{same}.".startswith(f"{path}."):
                return self.stand if path == same or path.startswith("_") else compat
            path = path.removeprefix(f"{same}.")
        try:
            return importlib.import_module(f"{_PACKAGE}.{path}")
        except ModuleNotFoundError as e:
            if not (e.name or "").startswith(_PACKAGE):
                raise
        found: Any = sys.modules[_PACKAGE]
        for part in path.split("."):        # a namespace that is no module of its own, a class for one
            found = getattr(found, part, None)
        if found is None:
            raise missing(path)
        return found

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """An empty module, whose place `exec_module` gives to what was found."""
        return ModuleType(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Put what was found where Python looks for the module."""
        assert module.__spec__ is not None
        found = sys.modules[module.__name__] = module.__spec__.loader_state
        if isinstance(found, ModuleType) and not hasattr(found, "__path__"):
            found.__path__ = []             # a package: programs import modules from within, `contrib.rnn.python.ops`


def missing(path: str) -> MissingModuleError:
    """The error of a module that is not here."""
    text = advice(path)
    # Without a name: Python drops an error that names what `from tensorflow import x` looks for, and says less.
    return MissingModuleError(f"{NAME}.{path} is not here" + ("" if text is None else f"; instead: {text}"))


def _forget() -> None:
    """Let modules of these names be looked for anew."""
    for name in [n for n in sys.modules if n.partition(".")[0] in (NAME, _KERAS)]:
        del sys.modules[name]


def install() -> Stand:
    """Have `import tensorflow` give graphc from now on; a TensorFlow that is imported already is set aside. Once is enough."""
    for finder in sys.meta_path:
        if isinstance(finder, Finder):
            return finder.stand
    _forget()
    finder = Finder()
    sys.meta_path.insert(0, finder)
    sys.modules[NAME] = finder.stand
    finder.stand.__spec__ = importlib.machinery.ModuleSpec(NAME, finder, is_package=True)
    compat.v1 = finder.stand
    return finder.stand


def uninstall() -> None:
    """Have `import tensorflow` mean what it meant before; for tests."""
    sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, Finder)]
    _forget()
    compat.v1 = sys.modules[_PACKAGE]
