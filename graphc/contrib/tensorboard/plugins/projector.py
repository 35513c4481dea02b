"""What TensorBoard's projector shows: embeddings with their labels and pictures, told in a file of its folder."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import numpy as np

from ....errors import GraphError, InvalidArgumentError
from ....files.whole import write_whole
from ....ir.graph import get_default_session
from ....ir.node import here
from ....tf1_names import namespace as _namespace

__all__ = ["EmbeddingInfo", "ProjectorConfig", "SpriteMetadata", "visualize_embeddings"]


class SpriteMetadata:
    """A picture that is made of one for each row, side by side: where it is, and how wide and high each is."""

    def __init__(self) -> None:
        self.image_path = ""
        self.single_image_dim: list[int] = []


class EmbeddingInfo:
    """One embedding: the name of its tensor, and where its rows' labels, pictures, bookmarks and values stand."""

    def __init__(self, tensor_name: str = "", metadata_path: str = "", bookmarks_path: str = "", tensor_path: str = ""):
        self.tensor_name, self.metadata_path, self.bookmarks_path, self.tensor_path = tensor_name, metadata_path, bookmarks_path, tensor_path
        self.tensor_shape: list[int] = []
        self.sprite = SpriteMetadata()

    def text(self) -> list[str]:
        """The lines of the message as text."""
        lines = [f"  {word}: {json.dumps(value)}" for word in ("tensor_name", "metadata_path", "bookmarks_path") if (value := getattr(self, word))]
        lines += [f"  tensor_shape: {int(n)}" for n in self.tensor_shape]
        if self.sprite.image_path:
            sizes = " ".join(f"single_image_dim: {int(n)}" for n in self.sprite.single_image_dim)
            lines.append(f"  sprite {{ image_path: {json.dumps(self.sprite.image_path)} {sizes} }}")
        lines += [f"  tensor_path: {json.dumps(self.tensor_path)}"] if self.tensor_path else []
        return ["embeddings {", *lines, "}"]


class _Embeddings(list[EmbeddingInfo]):
    def add(self, **members: Any) -> EmbeddingInfo:
        """A new embedding, at the end."""
        self.append(EmbeddingInfo(**members))
        return self[-1]


class ProjectorConfig:
    """What the projector shows.

    >>> from graphc.contrib.tensorboard.plugins import projector
    >>> config = projector.ProjectorConfig()
    >>> config.embeddings.add(tensor_name="words", metadata_path="words.tsv").tensor_name
    'words'
    """

    def __init__(self) -> None:
        self.embeddings = _Embeddings()
        self.model_checkpoint_path = ""

    def text(self) -> str:
        """The message as text."""
        head = [f"model_checkpoint_path: {json.dumps(self.model_checkpoint_path)}"] if self.model_checkpoint_path else []
        return "\n".join([*head, *(line for e in self.embeddings for line in e.text()), ""])


def visualize_embeddings(summary_writer: Any, config: ProjectorConfig, session: Any = None) -> None:
    """Write what the projector reads into a writer's folder; in a session (the default one) the values of the tensors too, now, as a table.

    TensorBoard reads no checkpoints of graphc's: an embedding without a `tensor_path` and without a session stays empty. GraphError: no such
    tensor, no config, or no writer. InvalidArgumentError: a tensor that is no matrix.
    """
    folder = summary_writer.get_logdir() if hasattr(summary_writer, "get_logdir") else None
    if folder is None or not isinstance(config, ProjectorConfig):
        raise GraphError(f"visualize_embeddings takes a FileWriter and a ProjectorConfig, not {summary_writer!r:.40} and {config!r:.40}{here()}")
    session = session or get_default_session()
    for info in config.embeddings:
        if session is None or info.tensor_path or not info.tensor_name:
            continue
        values = np.asarray(session.run(info.tensor_name if ":" in info.tensor_name else f"{info.tensor_name}:0"))
        if values.ndim != 2 or values.dtype.kind not in "fiu":
            raise InvalidArgumentError(f"visualize_embeddings: {info.tensor_name} is no matrix of numbers, but "
                                       f"{values.dtype}{list(values.shape)}{here()}")
        info.tensor_path = re.sub(r"[^A-Za-z0-9_.-]", "_", info.tensor_name.partition(":")[0]) + ".values.tsv"
        rows = "".join("\t".join(f"{v:.7g}" for v in row) + "\n" for row in values)
        write_whole(os.path.join(folder, info.tensor_path), [rows.encode()])
    write_whole(os.path.join(folder, "projector_config.pbtxt"), [config.text().encode()])


_namespace(globals())
