"""Datasets of what stands in files: lines, records of one size, and TFRecords."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError
from ..files.records import compression_of
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TEXT, TensorType
from . import sources
from .arguments import arguments_of
from .dataset import Dataset
from .structure import Structure

__all__ = ["TextLineDataset", "TFRecordDataset", "FixedLengthRecordDataset"]

_TEXT = Structure(0, (TensorType(TEXT, ()),))


def _names(what: str, filenames: Any) -> Node:
    node = to_node(filenames)
    if node.type.dtype != TEXT:
        raise DTypeError(f"{what}: the names of files are texts, not {describe(node)}{here()}")
    return node


class TextLineDataset(Dataset):
    """The lines of text files, without their ends, as texts.

    `filenames`: one name, a list of them, or a tensor. `compression_type`: "", "GZIP" or "ZLIB". NotFoundError, when run: there is no such file.
    """

    def __init__(self, filenames: Any, compression_type: Any = None, buffer_size: Any = None):
        names, how = _names("TextLineDataset", filenames), compression_of(compression_type)
        super().__init__(_TEXT, lambda run: sources.lines(run.value(names), how), (), [names], silent=False)
        self.compression = how


class TFRecordDataset(Dataset):
    """The records of TFRecord files, as texts.

    `filenames`: one name, a list of them, or a tensor. `compression_type`: "", "GZIP" or "ZLIB". DataLossError, when run: a file is damaged.
    """

    def __init__(self, filenames: Any, compression_type: Any = None, buffer_size: Any = None, num_parallel_reads: Any = None):
        if isinstance(filenames, Dataset):
            made = filenames.flat_map(lambda name: TFRecordDataset(name, compression_type))
            super().__init__(_TEXT, made._begin, [made])
            return
        names, how = _names("TFRecordDataset", filenames), compression_of(compression_type)
        super().__init__(_TEXT, lambda run: sources.records(run.value(names), how), (), [names], silent=False)


class FixedLengthRecordDataset(Dataset):
    """Records of `record_bytes` bytes each, of files with a header and a footer that are left out, as texts.

    `filenames`: one name, a list of them, or a tensor. `compression_type`: "", "GZIP" or "ZLIB". DataLossError, when run: a file ends within one.
    """

    def __init__(self, filenames: Any, record_bytes: Any, header_bytes: Any = None, footer_bytes: Any = None, buffer_size: Any = None,
                 compression_type: Any = None):
        names, how = _names("FixedLengthRecordDataset", filenames), compression_of(compression_type)
        sizes, needs = arguments_of("FixedLengthRecordDataset", (("record_bytes", record_bytes), ("header_bytes", header_bytes or 0),
                                                               ("footer_bytes", footer_bytes or 0)))
        super().__init__(_TEXT, lambda run: sources.fixed(run.value(names), sizes[0](run), sizes[1](run), sizes[2](run), how), (), [names, *needs],
                         silent=False)
