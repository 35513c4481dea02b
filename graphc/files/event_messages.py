"""TensorFlow's messages of event files, field by field as its public `.proto` files number them: events, summaries and what they hold."""

from __future__ import annotations

from typing import Any, ClassVar

from ..errors import InvalidArgumentError, SerializationError
from ..ir.node import here
from .tf_graph.message import Message
from .tf_graph.messages import TensorProto


class HistogramProto(Message, min="1 double", max="2 double", num="3 double", sum="4 double", sum_squares="5 double", bucket_limit="6 *double",
                     bucket="7 *double"):
    """How many values lie below each limit and not below the one before.

    >>> made = tf.HistogramProto(min=0.0, max=2.0, num=3.0)
    >>> made.bucket_limit.append(2.5)
    >>> tf.HistogramProto.FromString(made.SerializeToString()).bucket_limit
    [2.5]
    """


class PluginData(Message, plugin_name="1 string", content="2 bytes"):
    """Which of TensorBoard's plugins shows a value, and what it is told."""


class SummaryMetadata(Message, plugin_data=("1 ", lambda: PluginData), display_name="2 string", summary_description="3 string"):
    """What is said of a value beside it.

    >>> tf.SummaryMetadata(display_name="loss").display_name
    'loss'
    """

    PluginData = PluginData


class SummaryDescription(Message, type_hint="1 string"):
    """What kind of value a summary has.

    >>> tf.summary.SummaryDescription(type_hint="scalar").type_hint
    'scalar'
    """


class _Image(Message, height="1 int", width="2 int", colorspace="3 int", encoded_image_string="4 bytes"):
    """A picture in a file's bytes."""


class _Audio(Message, sample_rate="1 float", num_channels="2 int", length_frames="3 int", encoded_audio_string="4 bytes", content_type="5 string"):
    """Sound in a file's bytes."""


class _Value(Message, node_name="7 string", tag="1 string", metadata=("9 ", lambda: SummaryMetadata), simple_value="2 float",
             obsolete_old_style_histogram="3 bytes", image=("4 ", lambda: _Image), histo=("5 ", lambda: HistogramProto),
             audio=("6 ", lambda: _Audio), tensor=("8 ", lambda: TensorProto)):
    """A tag with a number, a picture, a histogram, sound or a tensor."""

    ONEOFS: ClassVar[dict[str, tuple[str, ...]]] = {
        "value": ("simple_value", "obsolete_old_style_histogram", "image", "histo", "audio", "tensor")}


class Summary(Message, value=("1 *", lambda: _Value)):
    """A message of values with tags, as `FileWriter.add_summary` takes it; what running summaries gives is one in bytes.

    >>> summary = tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=0.5)])
    >>> _ = summary.value.add(tag="accuracy", simple_value=1.0)
    >>> [v.tag for v in tf.Summary.FromString(summary.SerializeToString()).value]
    ['loss', 'accuracy']
    """

    Image, Audio, Value = _Image, _Audio, _Value

    def ParseFromString(self, serialized: Any) -> int:
        """Take what some bytes hold; returns how many they are. InvalidArgumentError: they hold no Summary."""
        try:
            return super().ParseFromString(serialized)
        except SerializationError as e:
            raise InvalidArgumentError(f"Summary: {e}") from None


class LogMessage(Message, level="1 int", message="2 string"):
    """A line of a log, and how much it matters.

    >>> tf.LogMessage(level=tf.LogMessage.WARN, message="slow").level
    30
    """

    UNKNOWN, DEBUGGING, INFO, WARN, ERROR, FATAL = 0, 10, 20, 30, 40, 50


class SessionLog(Message, status="1 int", checkpoint_path="2 string", msg="3 string"):
    """What a session has begun, saved or ended, as `FileWriter.add_session_log` takes it.

    >>> tf.SessionLog(status=tf.SessionLog.START).status
    1
    """

    STATUS_UNSPECIFIED, START, STOP, CHECKPOINT = 0, 1, 2, 3


class TaggedRunMetadata(Message, tag="1 string", run_metadata="2 bytes"):
    """The times of a run's steps in bytes, and their tag.

    >>> tf.summary.TaggedRunMetadata(tag="step 1").tag
    'step 1'
    """


class Event(Message, wall_time="1 double", step="2 int", file_version="3 string", graph_def="4 bytes", summary=("5 ", lambda: Summary),
            log_message=("6 ", lambda: LogMessage), session_log=("7 ", lambda: SessionLog),
            tagged_run_metadata=("8 ", lambda: TaggedRunMetadata), meta_graph_def="9 bytes"):
    """What stands in a record of an event file: a time, a step, and one of a summary, a graph, a message.

    >>> event = tf.Event(step=3, summary=tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=0.5)]))
    >>> event.WhichOneof("what"), tf.Event.FromString(event.SerializeToString()).summary.value[0].tag
    ('summary', 'loss')
    """

    ONEOFS: ClassVar[dict[str, tuple[str, ...]]] = {
        "what": ("file_version", "graph_def", "summary", "log_message", "session_log", "tagged_run_metadata", "meta_graph_def")}


def read_event(data: bytes, path: str) -> Event:
    """The event of a record. SerializationError: it holds none."""
    try:
        return Event.FromString(data)
    except SerializationError:
        raise SerializationError(f"{path}: a record holds no Event{here()}") from None
