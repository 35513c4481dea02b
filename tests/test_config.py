"""`tf.config`: one processor, the threads of sessions to come, switches that are kept; what would need more is told."""

from __future__ import annotations

from typing import Any

import pytest

import graphc as tf


def test_threads_of_sessions_to_come() -> None:
    before = tf.Session().threads
    tf.config.threading.set_intra_op_parallelism_threads(3)
    try:
        assert tf.config.threading.get_intra_op_parallelism_threads() == 3
        assert tf.Session().threads == 3 and tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1)).threads == 1
    finally:
        tf.config.threading.set_intra_op_parallelism_threads(0)
    assert tf.Session().threads == before


def test_devices_and_switches() -> None:
    (processor,) = tf.config.experimental.list_physical_devices()
    assert processor.device_type == "CPU" and tf.config.experimental.list_physical_devices("GPU") == []
    tf.config.experimental.set_visible_devices([], "GPU")
    tf.config.experimental.set_memory_growth(processor, True)
    assert tf.config.experimental.get_visible_devices() == [processor] and len(tf.config.experimental.list_logical_devices("CPU")) == 1
    tf.config.optimizer.set_experimental_options({"layout_optimizer": False})
    assert tf.config.optimizer.get_experimental_options() == {"layout_optimizer": False}


MISTAKES = {
    "no processor": (lambda: tf.config.experimental.set_visible_devices([]), tf.errors.ArgumentError, "nothing to compute on"),
    "no such device": (lambda: tf.config.experimental.set_memory_growth("gpu", True), tf.errors.ArgumentError, "not 'gpu'"),
    "a processor in parts": (lambda: tf.config.experimental.set_virtual_device_configuration(
        tf.config.experimental.list_physical_devices()[0], [tf.config.experimental.VirtualDeviceConfiguration()] * 2),
        tf.errors.ArgumentError, "GRAPHC_NUM_THREADS"),
    "no number of threads": (lambda: tf.config.threading.set_intra_op_parallelism_threads(-1), tf.errors.ArgumentError, "a number from 0"),
    "another machine": (lambda: tf.config.experimental_connect_to_host("far:1"), tf.errors.UnimplementedError, "in this process"),
    "functions at once": (lambda: tf.config.experimental_run_functions_eagerly(True), tf.errors.UnimplementedError, "functions build graphs"),
}


@pytest.mark.parametrize("build, error, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(build: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        build()
