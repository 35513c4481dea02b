"""What Numba's passes make of kernels when they leave out what kernels never need: loops are Python's, and nothing is imported for others."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest

from graphc.cpu import native
from tests import ROOT
from tests.cpu.kernels import call

MOST = 2**63 - 1
# what is within the brackets, of b, e and s; and these numbers
RANGES = [("e", (0, n, 1)) for n in (-1, 0, 1, 5)]
RANGES += [("b, e", (*ends, 1)) for ends in ((0, 3), (3, 3), (5, 2), (-4, 4), (MOST - 3, MOST), (-MOST - 1, -MOST + 2))]
RANGES += [("b, e, s", numbers) for numbers in ((0, 9, 3), (0, 10, 3), (2, 3, 7), (3, 3, 2), (5, 2, 2), (9, 0, -3), (10, 0, -3), (0, 9, -3),
                                                (3, -1, -1), (MOST - 5, MOST, 3))]
RANGES += [("b, e, 8", (0, n, 8)) for n in (0, 1, 16, 17)]


@pytest.mark.parametrize("inside, numbers", RANGES)
def test_ranges_are_pythons(inside: str, numbers: Any) -> None:
    """What a loop goes through, counted by the kernel language's own range."""
    text = textwrap.dedent(f"""\
        def kernel(buffers, extents, lo, hi):
            p0 = pointer(buffers, 0, int64)
            b = extents[0]
            e = extents[1]
            s = extents[2]
            k = extents[3]
            for i in range({inside}):
                store(p0, k, i)
                k = k + 1
            return 0
        """)
    expected, found = [*range(*numbers)], np.full(16, 77)
    assert call(native.compile_kernels([text])[0], [found], 1, np.array([*numbers, 0], np.int64)) == 0
    np.testing.assert_array_equal(found, [*expected, *[77] * (16 - len(expected))])


# What Numba imports to compile functions of its own users: arrays, texts, lists, dictionaries, counted references.
FOR_OTHERS = ["numba.np.linalg", "numba.np.arrayobj", "numba.cpython.unicode", "numba.cpython.setobj", "numba.typed.typeddict"]


def test_a_worker_imports_nothing_for_others() -> None:
    program = f"""
import sys, types
import numba
before = set(sys.modules)
from graphc.cpu.kernel.worker import get_ready
get_ready()
print(sorted(set({FOR_OTHERS}) & (set(sys.modules) - before)), "graphc.cpu.kernel.lowering" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout.strip() == "[] True"
