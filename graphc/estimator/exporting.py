"""Estimators' models written for those who use them: folders by time, signatures from what a model offers, and exporters that decide when."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ArgumentError, CheckpointError, GraphError
from ..ir.collecting import GraphKeys
from ..ir.graph import Graph
from ..ir.node import here
from ..runtime.session import Session
from ..saved_model.builder import SavedModelBuilder
from ..saved_model.signature import SignatureDef
from ..saved_model.signature_constants import DEFAULT_SERVING_SIGNATURE_DEF_KEY
from ..saved_model.tag_constants import SERVING
from ..train.monitored import Scaffold
from .export import ClassificationOutput, ExportOutput, PredictOutput, RegressionOutput, ServingInputReceiver
from .spec import EstimatorSpec

__all__ = ["BestExporter", "Exporter", "FinalExporter", "LatestExporter"]


def exported(graph: Graph, spec: EstimatorSpec, scaffold: Scaffold, receiver: ServingInputReceiver, checkpoint: str, base: Any,
             extra: Mapping[str, str] | None, config: Any) -> bytes:
    """Write the graph of a model and its variables from a checkpoint to a new folder; the folder's path."""
    signatures = signatures_of(spec, receiver)
    folder = fresh_folder(os.fspath(base))
    with Session(graph=graph, config=config) as sess:
        if scaffold.saver is not None:
            scaffold.saver.restore(sess, checkpoint)
        builder = SavedModelBuilder(folder)
        builder.add_meta_graph_and_variables(sess, [SERVING], signatures, graph.get_collection(GraphKeys.ASSET_FILEPATHS),
                                             main_op=scaffold.local_init_op)
        builder.save()
    for name, source in (extra or {}).items():
        target = os.path.join(folder, "assets.extra", name)
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target)
        except OSError as e:
            raise CheckpointError(f"the file {source!r:.200} cannot be copied: {e.strerror or e}{here()}") from e
    return os.fsencode(folder)


def received(function: Callable[[], Any]) -> ServingInputReceiver:
    """What a function receives for a model. GraphError: it is no `ServingInputReceiver`."""
    receiver = function()
    if not isinstance(receiver, ServingInputReceiver):
        raise GraphError(f"export_savedmodel: serving_input_receiver_fn returned {receiver!r:.80}, which is no ServingInputReceiver{here()}")
    return receiver


def fresh_folder(base: str) -> str:
    """A folder that is not there, of the time in seconds, or the next."""
    stamp = int(time.time())
    while os.path.exists(os.path.join(base, str(stamp))):
        stamp += 1
    return os.path.join(base, str(stamp))


def signatures_of(spec: EstimatorSpec, receiver: ServingInputReceiver) -> dict[str, SignatureDef]:
    """The signatures of all that a model offers. GraphError: it offers nothing, or several things of which none is the default."""
    offered: dict[str, ExportOutput] = dict(spec.export_outputs or {DEFAULT_SERVING_SIGNATURE_DEF_KEY: PredictOutput(spec.predictions)})
    for key, output in offered.items():
        if not isinstance(output, ExportOutput):
            raise GraphError(f"export_outputs[{key!r:.60}] is {output!r:.80}, which is none of tf.estimator.export{here()}")
    if DEFAULT_SERVING_SIGNATURE_DEF_KEY not in offered:
        if len(offered) > 1:
            raise GraphError(f"export_outputs: of {', '.join(offered)} one is to have the key {DEFAULT_SERVING_SIGNATURE_DEF_KEY!r}{here()}")
        offered[DEFAULT_SERVING_SIGNATURE_DEF_KEY] = next(iter(offered.values()))
    fed = {"": receiver.receiver_tensors, **receiver.receiver_tensors_alternatives}
    found = {}
    for name, tensors in fed.items():
        texts = len(tensors) == 1 and all(t.dtype.name == "string" for t in tensors.values())
        for key, output in offered.items():
            # A classification or a regression of serving is of serialised examples; of what else is fed it is a prediction.
            whole = output if texts or not isinstance(output, (ClassificationOutput, RegressionOutput)) else PredictOutput(output.tensors())
            inputs = {"inputs": next(iter(tensors.values()))} if whole is output and not isinstance(output, PredictOutput) else tensors
            found[f"{name}:{key}" if name else key] = whole.as_signature_def(inputs)
    return found


# ---------------------------------------------------------------------- exporters

class Exporter:
    """What `train_and_evaluate` calls after each evaluation. `export` gives the path of what it wrote, or None."""

    def __init__(self, name: str):
        if not isinstance(name, str) or not name:
            raise ArgumentError(f"{type(self).__name__}: a name is a text, not {name!r:.60}{here()}")
        self._name = name

    @property
    def name(self) -> str:
        """The name of its folder, below `export` in the model's."""
        return self._name

    def export(self, estimator: Any, export_path: Any, checkpoint_path: Any, eval_result: Mapping[str, Any], is_the_final_export: bool) -> Any:
        """Write the model, or not."""
        raise NotImplementedError


class LatestExporter(Exporter):
    """Writes the model after each evaluation, and keeps the newest `exports_to_keep`, None: all. ArgumentError: a number below 1."""

    def __init__(self, name: str, serving_input_receiver_fn: Callable[[], Any], assets_extra: Mapping[str, str] | None = None,
                 as_text: bool = False, exports_to_keep: int | None = 5):
        super().__init__(name)
        if exports_to_keep is not None and exports_to_keep < 1:
            raise ArgumentError(f"{type(self).__name__}: exports_to_keep is 1 or more, or None, not {exports_to_keep}{here()}")
        self._receiver, self._extra, self._keep = serving_input_receiver_fn, assets_extra, exports_to_keep

    def export(self, estimator: Any, export_path: Any, checkpoint_path: Any, eval_result: Mapping[str, Any], is_the_final_export: bool) -> Any:
        """Write the model; its path."""
        made = estimator.export_savedmodel(export_path, self._receiver, self._extra, checkpoint_path=checkpoint_path)
        if self._keep is not None:
            there = sorted(int(n) for n in os.listdir(export_path) if n.isdigit())
            for stamp in there[:-self._keep]:
                shutil.rmtree(os.path.join(export_path, str(stamp)), ignore_errors=True)
        return made


class FinalExporter(LatestExporter):
    """Writes the model once, after the last evaluation."""

    def __init__(self, name: str, serving_input_receiver_fn: Callable[[], Any], assets_extra: Mapping[str, str] | None = None,
                 as_text: bool = False):
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, None)

    def export(self, estimator: Any, export_path: Any, checkpoint_path: Any, eval_result: Mapping[str, Any], is_the_final_export: bool) -> Any:
        """Write the model if it is the last time; its path, or None."""
        if not is_the_final_export:
            return None
        return super().export(estimator, export_path, checkpoint_path, eval_result, is_the_final_export)


def _less_loss(best_eval_result: Mapping[str, Any], current_eval_result: Mapping[str, Any]) -> bool:
    return bool(best_eval_result["loss"] > current_eval_result["loss"])


class BestExporter(LatestExporter):
    """Writes the model whenever an evaluation is better than all before, by default one of less loss. ArgumentError: no function, or number."""

    def __init__(self, name: str = "best_exporter", serving_input_receiver_fn: Callable[[], Any] | None = None,
                 event_file_pattern: str = "eval/*.tfevents.*", compare_fn: Callable[..., bool] = _less_loss,
                 assets_extra: Mapping[str, str] | None = None, as_text: bool = False, exports_to_keep: int | None = 5):
        if serving_input_receiver_fn is None or not callable(compare_fn):
            raise ArgumentError(f"BestExporter takes serving_input_receiver_fn and compare_fn, two functions{here()}")
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, exports_to_keep)
        self._compare = compare_fn
        self._best: Mapping[str, Any] | None = None

    def export(self, estimator: Any, export_path: Any, checkpoint_path: Any, eval_result: Mapping[str, Any], is_the_final_export: bool) -> Any:
        """Write the model if it is the best; its path, or None."""
        if self._best is not None and not self._compare(best_eval_result=self._best, current_eval_result=eval_result):
            return None
        self._best = dict(eval_result)
        return super().export(estimator, export_path, checkpoint_path, eval_result, is_the_final_export)
