"""The version of graphc, which pyproject.toml reads from here, and those of TensorFlow that its names and graphs are of: `tf.version`."""

__all__ = ["COMPILER_VERSION", "GIT_VERSION", "GRAPH_DEF_VERSION", "GRAPH_DEF_VERSION_MIN_CONSUMER", "GRAPH_DEF_VERSION_MIN_PRODUCER", "VERSION"]

__version__ = "0.1.0"

# The version of TensorFlow whose names these are: what `tf.VERSION` is, and `tf.__version__` of a program run by `graphc run`.
VERSION = "1.15.0"
GIT_VERSION = f"v{VERSION}-graphc"
COMPILER_VERSION = "numba"
# The version of TensorFlow's graphs as which graphs are written: that of its first release.
GRAPH_DEF_VERSION, GRAPH_DEF_VERSION_MIN_PRODUCER, GRAPH_DEF_VERSION_MIN_CONSUMER = 22, 0, 0


def __dir__() -> list[str]:
    return [*__all__]
