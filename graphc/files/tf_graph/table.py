"""The table of TensorFlow's operators and graphc's, read both ways: TensorFlow's graphs are made graphs by it, and the other way round."""

from __future__ import annotations

from . import rows_array, rows_math, rows_nn, rows_outside, rows_state
from .rows import Table

TABLE = Table([*rows_math.ROWS, *rows_array.ROWS, *rows_nn.ROWS, *rows_state.ROWS, *rows_outside.ROWS])
