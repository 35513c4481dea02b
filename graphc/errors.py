"""Every error graphc raises: one class a kind of mistake, each also the built-in or TensorFlow class a program would catch."""

from __future__ import annotations

from typing import Any

from .tf1_names import namespace as _namespace

__all__ = ["AbortedError", "AlreadyExistsError", "ArgumentError", "CacheWarning", "CancelledError", "CheckpointError",
           "CheckpointWarning", "DTypeError", "DataLossError", "DeadlineExceededError", "DeclarationError", "DuplicateFlagError",
           "FailedPreconditionError", "FeedError", "FetchError", "FinalizedError", "FlagError", "GradientCheckError",
           "GradientError", "GradientWarning", "GraphError", "GraphGrowthWarning", "GraphcError", "IllegalFlagValueError",
           "InternalError", "InvalidArgumentError", "MissingPackageError", "NotFoundError", "NumericsError", "OpError",
           "OutOfRangeError", "PermissionDeniedError", "ResourceExhaustedError", "SerializationError", "SessionClosedError", "ShapeError",
           "UnauthenticatedError", "UnavailableError", "UnimplementedError", "UnknownError", "UnmatchedError", "UnrecognizedFlagError",
           "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
           "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
           "UNAUTHENTICATED", "error_code_from_exception_type", "exception_type_from_error_code"]


class GraphcError(Exception):
    """Base of every error that graphc raises on purpose."""

    def __init__(self, message: str = ""):
        super().__init__(message)
        self.reason: str | None = None      # of one that speaks of an operator's call: what is wrong, without the call and the user's line


class ShapeError(GraphcError, ValueError):
    """Operands, axes or shapes that do not fit each other."""


class DTypeError(GraphcError, TypeError):
    """An operand of a dtype that the operator does not take."""


class GraphError(GraphcError, ValueError):
    """A graph put together wrongly: duplicate or unknown names, nodes of another graph, bad arguments."""


class DeclarationError(GraphcError, ValueError):
    """An operator, a rewrite rule or a pass that is declared wrongly; the message names it and where it is declared."""


class ArgumentError(GraphError, TypeError):
    """A call with arguments that a function does not have, or without some that it needs."""


class FinalizedError(GraphcError, RuntimeError):
    """A graph changed after `finalize`."""


class SerializationError(GraphcError, ValueError):
    """A graph that cannot be saved, or a file that is not one: malformed, or at odds with the operators it names."""


class CheckpointError(GraphcError, OSError):
    """A checkpoint that could not be written; what was there before is there still."""


class GradientError(GraphcError, LookupError, ValueError):
    """A derivative that does not exist: no gradient rule, or no path to a variable."""


class UnmatchedError(GraphcError, AssertionError):
    """Objects without values in a checkpoint, or values in it without an object, where a program asserts that there are none."""


class GradientCheckError(GraphcError, AssertionError):
    """A derivative that `testing.check_grads` found to be wrong; the message says where, and how."""


class FetchError(GraphcError, ValueError, TypeError):
    """Something that cannot be fetched: not a node, or a node of another graph."""


class FeedError(GraphcError, ValueError, TypeError):
    """A feed that does not fit: wrong key, dtype or shape."""


class SessionClosedError(GraphcError, RuntimeError):
    """A session used after `close`."""


class FlagError(GraphcError, ValueError):
    """A flag of the command line that is declared or given wrongly."""


class DuplicateFlagError(FlagError):
    """A flag that is declared twice."""


class IllegalFlagValueError(FlagError):
    """A value that a flag does not take."""


class UnrecognizedFlagError(FlagError, AttributeError):
    """A flag that no line has declared."""


class MissingPackageError(GraphcError, ImportError):
    """A package that an optional part needs is not installed; the message says how to install it."""


class InternalError(GraphcError, RuntimeError):
    """A mistake of graphc's own, found before it could make wrong numbers: please report it."""


class CacheWarning(UserWarning):
    """The folder of compiled kernels cannot be used; compilation goes on without it."""

    def __init__(self, message: str = ""):
        super().__init__(message)


class CheckpointWarning(UserWarning):
    """A damaged checkpoint is passed over, or one is written without its graph; the message says which, and why."""

    def __init__(self, message: str = ""):
        super().__init__(message)


class GradientWarning(UserWarning):
    """Some of the variables that are to be trained have no path to the loss, and stay as they are; the message names them."""

    def __init__(self, message: str = ""):
        super().__init__(message)


class GraphGrowthWarning(UserWarning):
    """The graph grows between runs, so that every run compiles anew."""

    def __init__(self, message: str = ""):
        super().__init__(message)


def _told(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """What an error is given: `message, op` here, `node_def, op, message, error_code` by programs."""
    names = ("message", "op") if args[:1] and isinstance(args[0], str) else ("node_def", "op", "message", "error_code")
    return {"message": "", "op": None, "node_def": None, **dict(zip(names, args, strict=False)), **kwargs}


class OpError(GraphcError):
    """A step that failed while a graph ran (TensorFlow's `errors.OpError`).

    A program that raises one gives what TensorFlow's takes: the description of the node, the operation, the message; both may be None.
    """

    error_code = 2              # TensorFlow's number of the kind: UNKNOWN

    def __init__(self, *args: Any, **kwargs: Any):
        told = _told(*args, **kwargs)
        super().__init__(told["message"])
        self.message, self.op, self.node_def = told["message"], told["op"], told["node_def"]


class InvalidArgumentError(OpError, ValueError):
    """A value that an operator cannot take: an index out of range, a missing feed, a failed check."""


class NumericsError(InvalidArgumentError):
    """An operation made a nan or an infinity from finite numbers."""


class FailedPreconditionError(OpError, RuntimeError):
    """State that is not there: a variable without a value."""


class NotFoundError(OpError, LookupError, ValueError):
    """A file or a name that does not exist."""


class OutOfRangeError(OpError):
    """Input that has run out."""


class CancelledError(OpError):
    """A step that was waiting for what will not come: its queue is closed, its threads are to stop."""


class AbortedError(OpError):
    """A step that was given up; it may be tried again."""


class UnavailableError(OpError):
    """What a step needs is not there at present."""


class AlreadyExistsError(OpError):
    """Something that is to be made, and is there."""


class UnimplementedError(OpError, NotImplementedError):
    """A step that graphc does not have in this form."""


class ResourceExhaustedError(OpError, MemoryError):
    """Memory that a step needs and that is not to be had. Variables are as they were, and the session can be used."""


class PermissionDeniedError(OpError):
    """What a step may not do."""


class UnauthenticatedError(OpError):
    """What a step may not do as the one that it is."""


class UnknownError(OpError):
    """A step that failed, nobody knows why."""


class DataLossError(OpError):
    """A file that is damaged: what it holds is not what was written."""


class DeadlineExceededError(OpError):
    """A time limit that has passed."""


# TensorFlow's numbers of what a step may end with, in their order, and the classes that stand for them.
(OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED,
 FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED) = range(17)
_BY_CODE = {CANCELLED: CancelledError, UNKNOWN: UnknownError, INVALID_ARGUMENT: InvalidArgumentError, DEADLINE_EXCEEDED: DeadlineExceededError,
            NOT_FOUND: NotFoundError, ALREADY_EXISTS: AlreadyExistsError, PERMISSION_DENIED: PermissionDeniedError,
            RESOURCE_EXHAUSTED: ResourceExhaustedError, FAILED_PRECONDITION: FailedPreconditionError, ABORTED: AbortedError,
            OUT_OF_RANGE: OutOfRangeError, UNIMPLEMENTED: UnimplementedError, UNAVAILABLE: UnavailableError, DATA_LOSS: DataLossError,
            UNAUTHENTICATED: UnauthenticatedError}
for _code, _kind in _BY_CODE.items():
    _kind.error_code = _code


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """The class that stands for one of TensorFlow's numbers. ArgumentError: none does.

    >>> tf.errors.exception_type_from_error_code(tf.errors.NOT_FOUND).__name__
    'NotFoundError'
    """
    if error_code not in _BY_CODE:
        raise ArgumentError(f"no error has the number {error_code!r:.40}; there are {', '.join(map(str, _BY_CODE))}")
    return _BY_CODE[error_code]


def error_code_from_exception_type(cls: type[OpError]) -> int:
    """TensorFlow's number of a class of errors; UNKNOWN of any other."""
    return cls.error_code if isinstance(cls, type) and issubclass(cls, OpError) else UNKNOWN

_namespace(globals())
