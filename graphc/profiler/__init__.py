"""`tf.profiler`: float operations and numbers of variables of a graph, time and bytes of its traced runs, by scope, operator and line."""

from ..tf1_names import namespace as _namespace
from .model import Profiler, advise, profile, write_op_log
from .options import ProfileOptionBuilder
from .records import AdviceProto, GraphNodeProto, MultiGraphNodeProto, OpLogEntry, OpLogProto

__all__ = ["AdviceProto", "GraphNodeProto", "MultiGraphNodeProto", "OpLogEntry", "OpLogProto", "ProfileOptionBuilder", "Profiler", "advise",
           "profile", "write_op_log"]

_namespace(globals())
