"""The operation that is run when a saved model has been loaded: variables of a process and tables are made ready."""

from ..ir.node import Operation
from ..ops.state import group
from ..ops.tables import tables_initializer
from ..tf1_names import namespace as _namespace
from ..variables import local_variables_initializer

__all__ = ["main_op", "main_op_with_restore"]


def main_op() -> Operation:
    """The operation that initialises local variables and tables."""
    return group(local_variables_initializer(), tables_initializer(), name="init_all_tables_and_variables")


def main_op_with_restore(restore_op_name: str) -> Operation:
    """The same: variables are restored before it runs, whatever the name of an operation that would do so."""
    return main_op()


_namespace(globals())
