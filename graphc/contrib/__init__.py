"""`tf.contrib`: the parts of TensorFlow 1's contrib that graphc has."""

from typing import TYPE_CHECKING, Any

from .. import python as _inner  # noqa: F401

__all__ = ["cluster_resolver", "crf", "data", "distributions", "factorization", "feature_column", "framework", "graph_editor", "image", "layers",
           "learn", "legacy_seq2seq", "lookup", "losses", "metrics", "opt", "rnn", "seq2seq", "signal", "slim", "staging", "summary",
           "tensorboard", "tpu", "training", "util"]

if TYPE_CHECKING:
    from . import (
        cluster_resolver,
        crf,
        data,
        distributions,
        factorization,
        feature_column,
        framework,
        graph_editor,
        image,
        layers,
        learn,
        legacy_seq2seq,
        lookup,
        losses,
        metrics,
        opt,
        rnn,
        seq2seq,
        signal,
        slim,
        staging,
        summary,
        tensorboard,
        tpu,
        training,
        util,
    )
else:
    def __getattr__(name: str) -> Any:
        if name not in __all__:
            from ..tf1_names import getter
            getter(__name__)(name)             # AttributeError, with what to write instead
        from importlib import import_module  # each when it is first named: most programs need none, or few
        return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return [*__all__]
