"""`tf.sysconfig`: what programs ask for that compile operators of their own in C++, of which graphc has none."""

from __future__ import annotations

import os

from .tf1_names import namespace as _namespace

__all__ = ["CXX11_ABI_FLAG", "MONOLITHIC_BUILD", "get_compile_flags", "get_include", "get_lib", "get_link_flags"]


CXX11_ABI_FLAG, MONOLITHIC_BUILD = 0, 0     # those of TensorFlow's own packages


def get_include() -> str:
    """The folder of the package: it has no headers."""
    return get_lib()


def get_lib() -> str:
    """The folder of the package."""
    return os.path.dirname(os.path.abspath(__file__))


def get_compile_flags() -> list[str]:
    """None: nothing of graphc is compiled by a C++ compiler."""
    return []


def get_link_flags() -> list[str]:
    """None: there is no library to link with."""
    return []


_namespace(globals())
