"""`tf.nn`: what neural networks are made of."""

from importlib import import_module as _import

from .ir.arguments import hold as _hold
from .ops import nn as _nn
from .ops.nn import *  # noqa: F403
from .tf1_names import getter as _getter
from .tf1_names import namespace as _namespace

# Imported when they are first named: cells and loops stand above the layers, which need this namespace. A name without a module is one.
_LATER = {"rnn_cell": "rnn.rnn_cell", **dict.fromkeys(["dynamic_rnn", "bidirectional_dynamic_rnn"], "rnn.loops"), "raw_rnn": "rnn.raw",
          **dict.fromkeys(["static_rnn", "static_bidirectional_rnn", "static_state_saving_rnn"], "rnn.unrolled")}

__all__ = [*_nn.__all__, *_LATER]


def _later(name: str) -> object:
    if name not in _LATER:
        _getter(__name__)(name)             # AttributeError, with what to write instead
    module = _import(f"graphc.{_LATER[name]}")
    if _LATER[name].endswith(f".{name}"):
        return module
    _hold(vars(module), module.__all__)
    return getattr(module, name)


_namespace(globals(), _later)
