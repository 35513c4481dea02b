"""Writes operators.txt: TensorFlow's own declarations of the operators that graphc's table names, one a line.

    python -c "from graphc.files.tf_graph.table import TABLE; print(*sorted(TABLE.by_type))" | python operators.py      # with TensorFlow 2.15
"""

import sys
from pathlib import Path

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session as session

wanted = sys.stdin.read().split()
known = op_def_pb2.OpList()
known.ParseFromString(session.TF_GetBuffer(session.TF_GetAllOpList()))
by_name = {op.name: op for op in known.op}


def argument(a):
    """`*N values:T`: a list of N tensors; `**data:T`: one of any dtypes; `ref:T`."""
    dtype = a.type_attr or a.type_list_attr or tf.dtypes.DType(a.type).name
    return f"{'**' if a.type_list_attr else f'*{a.number_attr}@' if a.number_attr else ''}{a.name}:{dtype}"


def line(op):
    inputs, outputs = (" ".join(map(argument, args)) for args in (op.input_arg, op.output_arg))
    return f"{op.name} ({inputs}) -> ({outputs}) {' '.join(f'{a.name}:{a.type}' for a in op.attr)}".rstrip()


lines = [line(by_name[name]) for name in wanted if name in by_name]
print("not there:", [name for name in wanted if name not in by_name])
Path(__file__).with_name("operators.txt").write_text(f"# TensorFlow {tf.__version__}, Apache License 2.0\n" + "\n".join(lines) + "\n")
