"""Names and types of operations are TensorFlow's: rows of calls, recorded from TensorFlow 2.15 (tests/data/tf_golden/README.md)."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import graphc as tf
from tests import ROOT

# Operands, all of them named, so that what a call makes has the first of each default name.
OPERANDS = """
x = tf.constant([[1., 2., 3.], [4., 5., 6.]], name='x'); y = tf.constant([[.5, 2.5, 1.], [1., 3., 2.]], name='y')
w = tf.constant([[1., 2.], [3., 4.], [5., 6.]], name='w'); s = tf.constant([[2., 1.], [1., 3.]], name='s')
i = tf.constant([[1, 2, 3], [4, 5, 6]], name='i'); b = tf.constant([[True, False, True], [False, True, True]], name='b')
c = tf.constant([[1 + 2j, 2 - 1j], [0j, 1j]], tf.complex64, name='c'); x3 = tf.constant([[[1., 2., 3.], [4., 5., 6.]]], name='x3')
p = tf.placeholder(tf.float32, [None, 3], name='p'); q = tf.placeholder(tf.bool, [], name='q')
im = tf.reshape(tf.range(16., name='im_r'), [1, 4, 4, 1], name='im'); f = tf.ones([2, 2, 1, 1], name='f')
rgb = tf.reshape(tf.range(48., name='rgb_r') / tf.constant(48., name='rc'), [4, 4, 3], name='rgb')
sp = tf.SparseTensor(tf.constant([[0, 0]], tf.int64, name='spi'), tf.constant([1.], name='spv'), tf.constant([2, 3], tf.int64, name='sps'))
"""


def recorded() -> list[tuple[str, str, str, str]]:
    """Call, TensorFlow's name and type of the result, and graphc's type where it is another."""
    with open(ROOT / "tests/data/tf_golden/names.tsv", newline="") as file:
        return [tuple(row) for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


ROWS = recorded()


@pytest.mark.parametrize("call, name, op_type, own", ROWS, ids=[row[0] for row in ROWS])
def test_a_call(call, name, op_type, own):
    with tf.Graph().as_default():
        names = {"tf": tf, "np": np}
        exec(OPERANDS, names)
        made = eval(call, names)
        made = made[0] if isinstance(made, list) and len(made) == 1 else made
        op = made if isinstance(made, tf.Operation) else made.op
        assert (made.name, op.type) == (name, own or op_type)
        graph = op.graph
        assert graph.get_operation_by_name(op.name) == op
        if not isinstance(made, tf.Operation):
            assert graph.get_tensor_by_name(made.name) is made and op.outputs[made.value_index] is made
        again = tf.Graph.from_json(graph.to_json()).get_operation_by_name(op.name) if "py_func" not in call and "numpy_f" not in call else op
        assert (again.type, [x.name for x in again.inputs]) == (op.type, [x.name for x in op.inputs])
