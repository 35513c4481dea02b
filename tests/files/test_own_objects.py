"""Queues, datasets and functions of graphs that `export_meta_graph` gives and `import_meta_graph` takes in the same process."""

import numpy as np
import pytest

import graphc as tf
from graphc.errors import FailedPreconditionError


@pytest.mark.parametrize("scope", [None, "again"])
def test_a_queue_goes_on_in_the_other_graph(scope):
    with tf.Graph().as_default():
        taken = tf.train.range_input_producer(5, shuffle=False).dequeue()
        tf.multiply(taken, 2, name="y")
        message = tf.train.export_meta_graph()
    assert message.own is not None
    with tf.Graph().as_default() as graph, tf.Session(jit=False) as sess:
        tf.train.import_meta_graph(message, import_scope=scope)
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess, coord)
        assert threads and graph.get_collection(tf.GraphKeys.QUEUE_RUNNERS)[0].enqueue_ops[0].graph is graph
        assert [sess.run(f"{scope}/y:0" if scope else "y:0") for _ in range(7)] == [0, 2, 4, 6, 8, 0, 2]
        coord.request_stop()
        coord.join(threads)


@pytest.mark.parametrize("make, wanted", [
    (lambda: tf.py_func(lambda a: a + np.float32(1.0), [tf.constant(2.0)], tf.float32, name="y"), 3.0),
    (lambda: tf.identity(tf.data.Dataset.from_tensors(4.0).make_one_shot_iterator().get_next(), name="y"), 4.0)], ids=["function", "dataset"])
def test_what_is_the_programs_own(make, wanted):
    with tf.Graph().as_default():
        make()
        message = tf.train.export_meta_graph()
    copied = tf.MetaGraphDef()
    copied.CopyFrom(message)
    for given in (message, copied):
        with tf.Graph().as_default(), tf.Session(jit=False) as sess:
            tf.train.import_meta_graph(given)
            assert sess.run("y:0") == wanted
    with tf.Graph().as_default(), tf.Session(jit=False) as sess:         # bytes hold nothing of it
        tf.train.import_meta_graph(tf.MetaGraphDef.FromString(message.SerializeToString()))
        with pytest.raises(FailedPreconditionError, match="in a graph that was read from a file"):
            sess.run("y:0")
