"""How tests look at datasets and queues: all that is left, plain values, what threads feed, and which threads there are."""

from __future__ import annotations

import gc
import threading

import graphc as tf
from tests.waiting import PATIENCE


def ours():
    """The threads of datasets, but for those of datasets that are garbage."""
    gc.collect()
    return [t for t in threading.enumerate() if t.name == "graphc dataset"]


def rest(session, fetch):
    found = []
    try:
        while True:
            found.append(session.run(fetch))
    except tf.errors.OutOfRangeError:
        return found


def plain(value):
    return value.tolist() if hasattr(value, "tolist") else [*map(plain, value)] if isinstance(value, (list, tuple)) else value


def fed_by_threads(session, fetch, count=None):
    """What a fetch gives to the end, or `count` times, with runners and a coordinator, as programs write it."""
    session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(sess=session, coord=coord)
    assert threads and all(t.daemon for t in threads)
    found = []
    try:
        while not coord.should_stop() and (count is None or len(found) < count):
            found.append(session.run(fetch))
    except tf.errors.OutOfRangeError:
        assert count is None
    finally:
        coord.request_stop()
    coord.join(threads, stop_grace_period_secs=PATIENCE)
    assert not any(t.is_alive() for t in threads)
    return found
