"""Rows of tables, queues, readers and iterators, of each as TensorFlow's first version has it (a reference) and as the later one (a resource)."""

from __future__ import annotations

from collections.abc import Iterator

from . import forms_outside as forms
from .rows import Row

_SHARED = "-container -shared_name"
_READERS = ("TFRecordReader", "TextLineReader", "WholeFileReader", "IdentityReader", "FixedLengthRecordReader")
_OF_READERS = "-skip_header_lines -compression_type -header_bytes -record_bytes -footer_bytes -hop_bytes -encoding"
_QUEUES = {"FIFOQueue": "", "RandomShuffleQueue": "-min_after_dequeue -seed -seed2", "PaddingFIFOQueue": "", "PriorityQueue": ""}

FILLED = frozenset(f"InitializeTable{how}{version}" for how in ("", "FromTextFile") for version in ("", "V2")) | {"LookupTableImportV2"}
TABLES = frozenset({"HashTable", "HashTableV2"})
ITERATORS = ("IteratorV2", "Iterator", "OneShotIterator", "AnonymousIterator", "AnonymousIteratorV3",
             "IteratorFromStringHandle", "IteratorFromStringHandleV2")


def is_dataset(op: str) -> bool:
    """Whether an operator makes a dataset, or something of one: of these graphc has none, and of what they make only what is fed."""
    return "Dataset" in op


def _rows(v: str, kind: str) -> Iterator[Row]:
    """All of a version, whose handles have the dtype `kind`."""
    yield Row(f"HashTable{v}", forms.made, "", f"key_dtype value_dtype {_SHARED} -use_node_name_sharing", "table_handle")
    yield Row(f"InitializeTable{v}", forms.filled, f"table:{kind} keys:Tkey values:Tval", results="-")
    yield Row(f"InitializeTableFromTextFile{v}", forms.filled, f"table:{kind} filename:string",
              "key_index value_index vocab_size delimiter offset", "-")
    yield Row(f"LookupTableFind{v}", forms.find, f"table:{kind} keys:Tin default_value:Tout", results="values")
    yield Row(f"LookupTableSize{v}", forms.size, f"table:{kind}", results="size")
    yield Row(f"LookupTableExport{v}", forms.export, f"table:{kind}", results="keys values", types="Tkeys Tvalues")
    for name, more in _QUEUES.items():
        yield Row(f"{name}{v}", forms.queue, "", f"component_types shapes -capacity {_SHARED} {more}", "handle")
    yield Row(f"QueueDequeue{v}", forms.dequeue, f"queue:{kind}", "component_types -timeout_ms", "*components")
    yield Row(f"QueueDequeueMany{v}", forms.dequeue_many, f"queue:{kind} n!:int32", "component_types -timeout_ms", "*components")
    yield Row(f"QueueDequeueUpTo{v}", forms.dequeue_up_to, f"queue:{kind} n:int32", "component_types -timeout_ms", "*components")
    for word in ("Enqueue", "EnqueueMany"):
        yield Row(f"Queue{word}{v}", forms.given, f"queue:{kind} **components:Tcomponents", "-timeout_ms", "-")
    yield Row(f"QueueClose{v}", forms.nothing, f"queue:{kind}", "-cancel_pending_enqueues", "-")
    yield Row(f"QueueSize{v}", forms.one("int32"), f"queue:{kind}", results="size")
    for name in _READERS:
        yield Row(f"{name}{v}", forms.handle, "", f"{_SHARED} {_OF_READERS}", "reader_handle")
    yield Row(f"ReaderRead{v}", forms.record, f"reader:{kind} queue:{kind}", results="key value")
    yield Row(f"ReaderReadUpTo{v}", forms.records, f"reader:{kind} queue:{kind} n:int64", results="keys values")
    yield Row(f"ReaderReset{v}", forms.nothing, f"reader:{kind}", results="-")
    for word in ("RecordsProduced", "WorkUnitsCompleted"):
        yield Row(f"ReaderNum{word}{v}", forms.one("int64"), f"reader:{kind}", results="count")


ROWS = [
    *_rows("", "string"), *_rows("V2", "resource"),
    Row("LookupTableImportV2", forms.filled, "table:resource keys:Tin values:Tout", results="-"),
    Row("QueueIsClosed", forms.one("bool"), "queue:string", results="is_closed"),
    Row("QueueIsClosedV2", forms.one("bool"), "queue:resource", results="is_closed"),
    *(Row(type, forms.handle, "handle:string" if "StringHandle" in type else "",
          f"{_SHARED} -output_types -output_shapes -dataset_factory", "handle") for type in ITERATORS),
    Row("IteratorToStringHandle", forms.one("string"), "iterator:resource", results="string_handle"),
    Row("MakeIterator", forms.given, "dataset:variant iterator:resource", results="-"),
    Row("IteratorGetNext", forms.get_next, "iterator:resource", "output_types output_shapes", "*components"),
    Row("IteratorGetNextSync", forms.get_next, "iterator:resource", "output_types output_shapes", "*components"),
]
