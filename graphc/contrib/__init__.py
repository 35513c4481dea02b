"""`tf.contrib`: the parts of TensorFlow 1's contrib that graphc has."""

from importlib import import_module as _import
from typing import TYPE_CHECKING, Any

from .. import python as _inner  # noqa: F401
from ..tf1_names import getter as _getter
from ..tf1_names import namespace as _namespace

__all__ = ["cluster_resolver", "crf", "cudnn_rnn", "data", "distribute", "distributions", "estimator", "factorization", "feature_column",
           "framework", "gan", "graph_editor", "image", "integrate", "keras", "layers", "learn", "legacy_seq2seq", "lookup", "losses",
           "metrics", "nn", "opt", "predictor", "resampler", "rnn", "seq2seq", "signal", "slim", "sparsemax", "staging", "stateless",
           "summary", "tensorboard", "tfprof", "tpu", "training", "util"]

if TYPE_CHECKING:
    from . import (
        cluster_resolver,
        crf,
        cudnn_rnn,
        data,
        distribute,
        distributions,
        estimator,
        factorization,
        feature_column,
        framework,
        gan,
        graph_editor,
        image,
        integrate,
        keras,
        layers,
        learn,
        legacy_seq2seq,
        lookup,
        losses,
        metrics,
        nn,
        opt,
        predictor,
        resampler,
        rnn,
        seq2seq,
        signal,
        slim,
        sparsemax,
        staging,
        stateless,
        summary,
        tensorboard,
        tfprof,
        tpu,
        training,
        util,
    )


def _later(name: str) -> Any:
    """Imported when they are first named: most programs need none, or few."""
    return _import(f"{__name__}.{name}") if name in __all__ else _getter(__name__)(name)


_namespace(globals(), _later)
