"""`tf.contrib.learn.utils.input_fn_utils`: functions that receive what exported models are fed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ....estimator.export import ServingInputReceiver, build_parsing_serving_input_receiver_fn, build_raw_serving_input_receiver_fn
from ....ir.arguments import hold as _hold
from ....tf1_names import namespace as _namespace

__all__ = ["InputFnOps", "build_default_serving_input_fn", "build_parsing_serving_input_fn"]


class InputFnOps(ServingInputReceiver):
    """The features that a model computes with, labels (None), and the tensors that a client feeds. ArgumentError: no tensors by name."""

    def __init__(self, features: Any, labels: Any, default_inputs: Any):
        super().__init__(features, default_inputs)
        self.labels, self.default_inputs = labels, default_inputs


def _of(receiver: Callable[[], Any]) -> Callable[[], Any]:
    def received() -> InputFnOps:
        found = receiver()
        return InputFnOps(found.features, None, found.receiver_tensors)
    return received


def build_parsing_serving_input_fn(feature_spec: Mapping[str, Any], default_batch_size: int | None = None) -> Callable[[], Any]:
    """What receives serialised examples: `tf.estimator.export.build_parsing_serving_input_receiver_fn`.

    ArgumentError, when it is called: no features.
    """
    return _of(build_parsing_serving_input_receiver_fn(feature_spec, default_batch_size))


def build_default_serving_input_fn(features: Mapping[str, Any], default_batch_size: int | None = None) -> Callable[[], Any]:
    """What receives each feature as it is: `tf.estimator.export.build_raw_serving_input_receiver_fn`. ArgumentError: no tensors."""
    return _of(build_raw_serving_input_receiver_fn(features, default_batch_size))


_hold(globals(), __all__)

_namespace(globals())
