"""`tf.config.threading`: how many threads the sessions made from now on have."""

from __future__ import annotations

from ..cpu.tape import ask_for_threads, asked_threads
from ..runtime.session import threads_of
from ..tf1_names import namespace as _namespace

__all__ = ["get_inter_op_parallelism_threads", "get_intra_op_parallelism_threads", "set_inter_op_parallelism_threads",
           "set_intra_op_parallelism_threads"]


def get_intra_op_parallelism_threads() -> int:
    """The number of threads that was asked for; 0: as many as there are cores."""
    return asked_threads()


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Have sessions that are made from now on compute by so many threads, where their `config` does not say otherwise; 0: by all cores.

    ArgumentError: no such number.
    """
    ask_for_threads(threads_of(num_threads))


def get_inter_op_parallelism_threads() -> int:
    """1: the kernels of a run come one after another, each on all threads."""
    return 1


def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Nothing: the kernels of a run come one after another, each on all threads."""

_namespace(globals())
