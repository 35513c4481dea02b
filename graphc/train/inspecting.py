"""What a checkpoint holds, printed as TensorFlow's tool `inspect_checkpoint` prints it: names, dtypes, shapes and values."""

from __future__ import annotations

import math
from typing import Any

from .checkpoints import NewCheckpointReader

__all__ = ["print_tensors_in_checkpoint_file"]


def print_tensors_in_checkpoint_file(file_name: Any, tensor_name: str | None, all_tensors: bool, all_tensor_names: bool = False,
                                     count_exclude_pattern: str = "") -> None:
    """Print the variable of a name, or with `all_tensors` all of them by name, or their names alone, and how many numbers they are.

    NotFoundError: no such checkpoint. DataLossError: it is damaged.
    """
    reader = NewCheckpointReader(file_name)
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    if all_tensors or all_tensor_names:
        shown = sorted(shapes)
    elif not tensor_name:
        print(reader.debug_string().decode("utf-8", errors="ignore"))
        shown = []
    elif tensor_name not in shapes:
        print(f"Tensor {tensor_name} not found in checkpoint")
        return
    else:
        shown = [tensor_name]
    for name in shown:
        print(f"tensor: {name} ({dtypes[name].name if name in dtypes else 'another dtype'}) {shapes[name]}")
        if (all_tensors or not all_tensor_names) and name in dtypes:
            print(reader.get_tensor(name))
    print(f"# Total number of params: {sum(math.prod(s) for s in shapes.values())}")
