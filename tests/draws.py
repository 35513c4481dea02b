"""Random numbers that are a test's own: those it draws depend on no test before it, so not on how a run is spread over processes."""

from __future__ import annotations

import os
from typing import Any, cast
from zlib import crc32

import numpy as np

_ALL: list[_Draws] = []


def _test() -> str:
    """The test that runs, as pytest names it; empty while modules are imported."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]


class _Draws:
    """NumPy's generator, begun anew where a test draws its first number from it."""

    def __init__(self, seed: int) -> None:
        self.seed, self.test = seed, ""
        self.generator = np.random.default_rng(seed)
        _ALL.append(self)

    def seeds(self) -> list[int]:
        return [self.seed, crc32(self.test.encode())]

    def __getattr__(self, name: str) -> Any:
        if (test := _test()) != self.test:
            self.test = test
            self.generator = np.random.default_rng(self.seeds())
        return getattr(self.generator, name)


def draws(seed: int) -> np.random.Generator:
    """What a module draws from, in its tables as in its tests: each test has the numbers of `default_rng([seed, CRC-32 of its name])`."""
    return cast(np.random.Generator, _Draws(seed))


# Keys of random numbers that have no seed, which are the system's elsewhere: what learns from them does so in each run of a test, or in none.
_KEYS = draws(0)


def key() -> int:
    """64 bits in place of those of `graphc.ops.random.fresh`."""
    return int.from_bytes(_KEYS.bytes(8), "little")


def told(test: str) -> str:
    """How the generators that this test has drawn from are had again; empty where it drew nothing."""
    return "\n".join(f"np.random.default_rng({each.seeds()})" for each in _ALL if each.test == test)
