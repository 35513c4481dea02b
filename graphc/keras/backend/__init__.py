"""`tf.keras.backend`: the functions that Keras has for tensors, and what it keeps: session, learning phase, default dtype."""

from importlib import import_module as _import
from typing import TYPE_CHECKING
from typing import Any as _Any

from ...tf1_names import getter as _getter

if TYPE_CHECKING:
    from .labels import *  # noqa: F403
    from .local import *  # noqa: F403
    from .maths import *  # noqa: F403
    from .nets import *  # noqa: F403
    from .shapes import *  # noqa: F403
    from .state import *  # noqa: F403
    from .values import *  # noqa: F403

# Imported when a name of theirs is first asked for: layers stand on the first alone.
_PARTS = ("state", "values", "maths", "shapes", "nets", "local", "labels")


def _found(name: str) -> _Any:
    if name == "__all__":
        return __dir__()
    for part in () if name.startswith("_") else _PARTS:
        module = _import(f".{part}", __name__)
        if name in module.__all__:
            value = globals()[name] = getattr(module, name)
            return value
    return _getter(__name__)(name)


if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _found


def __dir__() -> list[str]:
    return sorted(name for part in _PARTS for name in _import(f".{part}", __name__).__all__)
