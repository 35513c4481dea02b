"""Data of files for slim, loops of training and evaluation of `contrib`: records through readers, decoders, queues and batches of a length."""

import io

import numpy as np
import pytest

import graphc as tf
from graphc.errors import ArgumentError, DTypeError, GraphError, NotFoundError, ShapeError

slim, training, decoder = tf.contrib.slim, tf.contrib.training, tf.contrib.slim.tfexample_decoder


def feature(*values):
    """A feature with numbers, or texts."""
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def record(**features):
    """A serialized Example."""
    return tf.train.Example(features=tf.train.Features(feature={k: feature(*v) for k, v in features.items()})).SerializeToString()


def picture(elements):
    """A PNG file of elements, uint8[height, width]."""
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image.fromarray(elements).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session(jit=False) as sess:
        yield sess


# A name | the features of the record, by name | how they are parsed | the handler | the item, by hand
ITEMS = {
    "boxes": ({"ymin": [0.5, 1.5], "xmin": [2.5, 3.5], "ymax": [4.5, 5.5], "xmax": [6.5, 7.5]},
              {k: tf.VarLenFeature(tf.float32) for k in ("ymin", "xmin", "ymax", "xmax")}, lambda: decoder.BoundingBox(),
              [[0.5, 2.5, 4.5, 6.5], [1.5, 3.5, 5.5, 7.5]]),
    "dense": ({"a": [1, 2, 3, 4]}, {"a": tf.FixedLenFeature([4], tf.int64)}, lambda: decoder.Tensor("a", shape=[2, 2]), [[1, 2], [3, 4]]),
    "sparse": ({"a": [5, 6]}, {"a": tf.VarLenFeature(tf.int64)}, lambda: decoder.Tensor("a"), [5, 6]),
    "sizes read": ({"a": [1, 2, 3, 4, 5, 6], "h": [2], "w": [3]},
                   {"a": tf.VarLenFeature(tf.int64), "h": tf.FixedLenFeature([1], tf.int64), "w": tf.FixedLenFeature([1], tf.int64)},
                   lambda: decoder.Tensor("a", shape_keys=["h", "w"]), [[1, 2, 3], [4, 5, 6]]),
    "size read sparse": ({"a": [1, 2, 3, 4], "s": [4, 1]}, {"a": tf.FixedLenFeature([4], tf.int64), "s": tf.VarLenFeature(tf.int64)},
                         lambda: decoder.Tensor("a", shape_keys="s"), [[1], [2], [3], [4]]),
    "callback": ({"a": [1, 2]}, {"a": tf.FixedLenFeature([2], tf.int64)}, lambda: decoder.ItemHandlerCallback("a", lambda t: t["a"] * 10), [10, 20]),
    "backup": ({"b": [7]}, {"a": tf.VarLenFeature(tf.int64), "b": tf.VarLenFeature(tf.int64)},
               lambda: decoder.BackupHandler(decoder.Tensor("a"), decoder.Tensor("b")), [7]),
    "no backup": ({"a": [3], "b": [7]}, {"a": tf.VarLenFeature(tf.int64), "b": tf.VarLenFeature(tf.int64)},
                  lambda: decoder.BackupHandler(decoder.Tensor("a"), decoder.Tensor("b")), [3]),
    "places": ({"indices": [1, 3], "values": [0.5, 2.5]}, {"indices": tf.VarLenFeature(tf.int64), "values": tf.VarLenFeature(tf.float32)},
               lambda: decoder.SparseTensor(shape=[5], densify=True), [0, 0.5, 0, 2.5, 0]),
    "looked up": ({"a": [b"y", b"z"]}, {"a": tf.VarLenFeature(tf.string)},
                  lambda: decoder.LookupTensor("a", tf.contrib.lookup.index_table_from_tensor(["x", "y"])), [1, -1]),
    "default of several": ({"b": [1]}, {"a": tf.FixedLenFeature([2], tf.int64, default_value=[0, 0]), "b": tf.FixedLenFeature([], tf.int64)},
                           lambda: decoder.Tensor("a"), [0, 0]),
}


@pytest.mark.parametrize("name", ITEMS)
def test_items(session, name):
    given, parsed, handler, wanted = ITEMS[name]
    [item] = decoder.TFExampleDecoder(parsed, {"item": handler()}).decode(tf.constant(record(**given)))
    session.run(tf.tables_initializer())
    np.testing.assert_array_equal(session.run(item), wanted)


@pytest.mark.parametrize("keys, items, told", [("n", ["x"], "no item 'x'; there are 'item'"), ("m", None, "no feature 'm'; there are 'n'")])
def test_names_that_are_none(keys, items, told):
    reader = decoder.TFExampleDecoder({"n": tf.FixedLenFeature([], tf.int64)}, {"item": decoder.Tensor(keys)})
    with pytest.raises(GraphError, match=told):
        reader.decode(tf.constant(record(n=[1])), items)


def test_a_default_may_be_a_tensor(session):
    found = tf.parse_single_example(tf.constant(record(b=[1])), {"a": tf.FixedLenFeature([1], tf.int64, default_value=tf.zeros([1], tf.int64))})
    np.testing.assert_array_equal(session.run(found["a"]), [0])
    with pytest.raises(DTypeError, match="it has no value while the graph is built"):
        tf.parse_single_example(tf.constant(b""), {"a": tf.FixedLenFeature([], tf.int64, default_value=tf.placeholder(tf.int64, []))})


def test_sequences(session):
    example = tf.train.SequenceExample(
        context=tf.train.Features(feature={"n": feature(2)}),
        feature_lists=tf.train.FeatureLists(feature_list={"s": tf.train.FeatureList(feature=[feature(3), feature(4)])}))
    reader = decoder.TFSequenceExampleDecoder({"n": tf.FixedLenFeature([], tf.int64)}, {"s": tf.FixedLenSequenceFeature([], tf.int64)},
                                              {"count": decoder.Tensor("n"), "steps": decoder.Tensor("s")})
    assert reader.list_items() == ["count", "steps"]
    steps, count = session.run(reader.decode(tf.constant(example.SerializeToString()), ["steps", "count"]))
    assert steps.tolist() == [3, 4] and count == 2


PIXELS = np.arange(12, dtype=np.uint8).reshape(3, 4)


@pytest.mark.parametrize("kind, options, wanted", [
    ("png", {"channels": 1}, PIXELS[..., None]), ("png", {"channels": 3}, np.repeat(PIXELS[..., None], 3, 2)),
    ("raw", {"shape": [3, 4, 1], "channels": 1}, PIXELS[..., None]), ("RAW", {"shape": [4, 3, 1], "channels": 1}, PIXELS.reshape(4, 3, 1))])
def test_pictures(session, kind, options, wanted):
    text = PIXELS.tobytes() if kind.lower() == "raw" else picture(PIXELS)
    features = {"image/encoded": tf.FixedLenFeature([], tf.string), "image/format": tf.FixedLenFeature([], tf.string)}
    reader = decoder.TFExampleDecoder(features, {"image": decoder.Image(**options)})
    [item] = reader.decode(tf.constant(record(**{"image/encoded": [text], "image/format": [kind.encode()]})))
    np.testing.assert_array_equal(session.run(item), wanted)


def test_several_pictures(session):
    features = {"image/encoded": tf.FixedLenFeature([2], tf.string), "image/format": tf.FixedLenFeature([], tf.string)}
    reader = decoder.TFExampleDecoder(features, {"image": decoder.Image(shape=[3, 4, 1], channels=1, repeated=True)})
    [item] = reader.decode(tf.constant(record(**{"image/encoded": [picture(PIXELS), picture(PIXELS + 1)], "image/format": [b"png"]})))
    np.testing.assert_array_equal(session.run(item), [PIXELS[..., None], PIXELS[..., None] + 1])


def numbers(folder, count, files=1):
    """A slim Dataset of records with `n` from 0 and `twice`, in several files."""
    for part in range(files):
        with tf.python_io.TFRecordWriter(str(folder / f"numbers-{part}")) as writer:
            for n in range(part, count, files):
                writer.write(record(n=[n], twice=[2.0 * n]))
    features = {"n": tf.FixedLenFeature([], tf.int64), "twice": tf.FixedLenFeature([], tf.float32)}
    items = {"n": decoder.Tensor("n"), "twice": decoder.Tensor("twice")}
    return slim.dataset.Dataset(str(folder / "numbers-*"), tf.TFRecordReader, decoder.TFExampleDecoder(features, items), count,
                                {"n": "a number"}, num_classes=2)


@pytest.mark.parametrize("shuffle, readers", [(False, 1), (True, 1), (True, 3)])
def test_a_provider_gives_each_example(session, tmp_path, shuffle, readers):
    data = numbers(tmp_path, 20, 3)
    provider = slim.dataset_data_provider.DatasetDataProvider(data, num_readers=readers, shuffle=shuffle, num_epochs=2, common_queue_capacity=8,
                                                              common_queue_min=2)
    assert provider.list_items() == ["n", "twice", "record_key"] and provider.num_samples() == 20 and data.num_classes == 2
    wanted = provider.get(["twice", "n", "record_key"])
    session.run(tf.local_variables_initializer())
    found = []
    with slim.queues.QueueRunners(session), pytest.raises(tf.errors.OutOfRangeError):
        while True:
            found.append(session.run(wanted))
    assert sorted(n for _, n, _ in found) == sorted([*range(20)] * 2)
    assert all(twice == 2 * n and b"numbers-" in key for twice, n, key in found)


def test_queue_runners_run_once(session, tmp_path):
    slim.dataset_data_provider.DatasetDataProvider(numbers(tmp_path, 3))
    with slim.queues.QueueRunners(session), pytest.raises(slim.queues.NestedQueueRunnerError), slim.queues.QueueRunners(session):
        pass
    with tf.Graph().as_default(), tf.Session() as other, slim.queues.QueueRunners(other):         # a graph without queues
        pass


def test_one_pass_and_a_queue_ahead(session, tmp_path):
    data = numbers(tmp_path, 5)
    key, text = slim.parallel_reader.single_pass_read(data.data_sources, tf.TFRecordReader)
    [n] = data.decoder.decode(text, ["n"])
    ahead = slim.prefetch_queue.prefetch_queue({"n": n, "key": key}, capacity=2).dequeue()
    session.run(tf.local_variables_initializer())
    found = []
    with slim.queues.QueueRunners(session), pytest.raises(tf.errors.OutOfRangeError):
        while True:
            found.append(int(session.run(ahead["n"])))
    assert found == [0, 1, 2, 3, 4]


def test_readers_count(session, tmp_path):
    numbers(tmp_path, 6, 2)
    names = tf.train.string_input_producer([str(tmp_path / "numbers-0"), str(tmp_path / "numbers-1")], num_epochs=1)
    reader = slim.parallel_reader.ParallelReader(tf.TFRecordReader, tf.FIFOQueue(10, [tf.string, tf.string], [[], []]), num_readers=2)
    read = reader.read_up_to(names, 3)
    session.run(tf.local_variables_initializer())
    seen = 0
    with slim.queues.QueueRunners(session), pytest.raises(tf.errors.OutOfRangeError):
        while True:
            seen += len(session.run(read[0]))
    assert seen == session.run(reader.num_records_produced()) == 6 and reader.common_queue.dtypes == [tf.string, tf.string]


# What | the error | its text | a program
REFUSED = [
    ("keys", GraphError, "BoundingBox: four keys, not 2", lambda: decoder.BoundingBox(["a", "b"])),
    ("two shapes", GraphError, "Tensor: shape_keys or shape", lambda: decoder.Tensor("a", shape_keys="b", shape=[1])),
    ("backup", GraphError, "BackupHandler takes two handlers, not 3", lambda: decoder.BackupHandler(decoder.Tensor("a"), 3)),
    ("item", GraphError, "there is no 'b'; there are a", lambda: slim.data_provider.DataProvider({"a": 1}, 1).get(["b"])),
    ("files", NotFoundError, "there are no files", lambda: slim.parallel_reader.get_data_files("no/such/*")),
    ("readers", ArgumentError, "num_readers is 1 or more, not 0",
     lambda: slim.parallel_reader.ParallelReader(tf.TFRecordReader, tf.FIFOQueue(1, [tf.string] * 2), 0)),
    ("key", GraphError, "'n' is an item of the dataset", lambda: slim.dataset_data_provider.DatasetDataProvider(
        slim.dataset.Dataset("a", tf.TFRecordReader, decoder.TFExampleDecoder({}, {"n": decoder.Tensor("n")}), 1, {}), record_key="n")),
    ("decode", NotImplementedError, "DataDecoder has no decode", lambda: slim.data_decoder.DataDecoder().decode(b"")),
    ("handler", NotImplementedError, "ItemHandler has no tensors_to_item", lambda: decoder.ItemHandler("a").tensors_to_item({})),
    ("one bucket", ArgumentError, "num_buckets is 2 or more, not 1", lambda: training.bucket([tf.zeros([2])], 0, 3, 1)),
    ("sizes", ArgumentError, "3 sizes of batches for 2 buckets", lambda: training.bucket([tf.zeros([2])], 0, [3, 3, 3], 2)),
    ("open size", ShapeError, "is to be known", lambda: training.bucket([tf.placeholder(tf.float32, [None])], 0, 3, 2)),
    ("boundaries", ArgumentError, "are numbers that rise", lambda: training.bucket_by_sequence_length(3, [tf.zeros([2])], 3, [5, 5])),
    ("length", DTypeError, "a length is a whole number", lambda: training.bucket_by_sequence_length(3.0, [tf.zeros([2])], 3, [5])),
    ("nothing ends it", GraphError, "nothing ends the training",
     lambda: training.train(tf.constant(1.0), None, save_checkpoint_secs=None, save_summaries_steps=None)),
    ("no folder", GraphError, "without logdir nothing is written", lambda: training.train(tf.constant(1.0), None)),
    ("nowhere", GraphError, "log_dir or summary_writer", lambda: training.SummaryAtEndHook()),
]


@pytest.mark.parametrize("error, text, program", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(session, error, text, program):
    with pytest.raises(error, match=text):
        program()


# ---------------------------------------------------------------------- batches of a length

@pytest.mark.parametrize("kind", [lambda t: t, lambda t: [t], lambda t: {"t": t}], ids=["one", "list", "dict"])
@pytest.mark.parametrize("fewer", [False, True])
def test_batches_of_a_length(session, kind, fewer):
    length = tf.train.range_input_producer(12, num_epochs=3, shuffle=False).dequeue()
    given = tf.range(length)
    lengths, found = training.bucket_by_sequence_length(length, kind(given), 4, [3, 6], dynamic_pad=True, allow_smaller_final_batch=fewer)
    [rows] = found.values() if isinstance(found, dict) else found if isinstance(found, list) else [found]
    assert rows.get_shape().as_list() == [None if fewer else 4, None]
    session.run(tf.local_variables_initializer())
    seen = []
    with slim.queues.QueueRunners(session), pytest.raises(tf.errors.OutOfRangeError):
        while True:
            some, texts = session.run([lengths, rows])
            edges = {int(np.searchsorted([3, 6], n, side="right")) for n in some}
            assert len(edges) == 1 and texts.shape == (len(some), max(some))
            for n, row in zip(some, texts, strict=True):
                np.testing.assert_array_equal(row, [*range(n), *[0] * (len(row) - n)])
            seen += [*some]
    # 9 elements of the first two buckets, 18 of the last: by fours one is left over of each of the first, two of the last
    assert len(seen) == (36 if fewer else 32)


def test_buckets_keep_what_is_asked_for(session):
    n = tf.train.range_input_producer(10, num_epochs=1, shuffle=False).dequeue()
    which, found = training.bucket([n], tf.mod(n, 2), [2, 3], 2, keep_input=tf.less(n, 7), bucket_capacities=[4, 4])
    session.run(tf.local_variables_initializer())
    seen = {}
    with slim.queues.QueueRunners(session), pytest.raises(tf.errors.OutOfRangeError):
        while True:
            at, some = session.run([which, found[0]])
            seen.setdefault(int(at), []).extend(some.tolist())
    assert seen == {0: [0, 2, 4, 6], 1: [1, 3, 5]}


# ---------------------------------------------------------------------- loops

def line(folder, count=6):
    """A loss of examples read by threads, and the step that lowers it."""
    provider = slim.dataset_data_provider.DatasetDataProvider(numbers(folder, count), shuffle=False)
    n, twice = tf.train.batch(provider.get(["n", "twice"]), 3)
    w = tf.get_variable("w", [], initializer=tf.zeros_initializer())
    return w, tf.reduce_mean(tf.square(tf.cast(n, tf.float32) * w - twice))


def test_slim_trains_on_what_threads_read(tmp_path):
    with tf.Graph().as_default():
        w, loss = line(tmp_path)
        step = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.05))
        tf.summary.scalar("loss", loss)
        last = slim.learning.train(step, str(tmp_path / "out"), number_of_steps=60, log_every_n_steps=0)
        assert last < 1e-6
        assert slim.evaluation.evaluate_once("", tf.train.latest_checkpoint(str(tmp_path / "out")), final_op=w) == pytest.approx(2.0, abs=1e-3)
    assert any(file.name.startswith("events") for file in (tmp_path / "out").iterdir())


def test_slim_ends_where_the_input_ends(tmp_path):
    with tf.Graph().as_default():
        n = tf.train.range_input_producer(5, num_epochs=1, shuffle=False).dequeue()
        w = tf.get_variable("w", [], initializer=tf.zeros_initializer())
        step = slim.learning.create_train_op(tf.square(w - tf.cast(n, tf.float32)), tf.train.GradientDescentOptimizer(0.5))
        assert slim.learning.train(step, None) == 1.0           # 4 was fed, and w was 3


def test_a_step_of_a_program_stops_the_training():
    with tf.Graph().as_default():
        w = tf.get_variable("w", [], initializer=tf.ones_initializer())
        step = slim.learning.create_train_op(tf.square(w), tf.train.GradientDescentOptimizer(0.25))
        told = []

        def own(sess, train_op, global_step, options):
            loss, stop = slim.learning.train_step(sess, train_op, global_step, options)
            told.append((float(loss), stop, bool(sess.run(options["should_log"]))))
            return loss, stop

        slim.learning.train(step, None, train_step_fn=own, number_of_steps=3, log_every_n_steps=2)
        assert told == [(1.0, False, False), (0.25, False, True), (0.0625, True, False)]


def trained(folder):
    """A checkpoint with w = 3 after 4 steps."""
    with tf.Graph().as_default(), tf.Session(jit=False) as sess:
        w, step = tf.get_variable("w", [], initializer=tf.constant_initializer(3.0)), tf.train.get_or_create_global_step()
        sess.run([w, step.assign(4)])
        return tf.train.Saver().save(sess, str(folder / "model.ckpt"), global_step=4)


def test_evaluation_of_new_checkpoints(tmp_path):
    path = trained(tmp_path)
    with tf.Graph().as_default():
        w = tf.get_variable("w", [])
        tf.train.get_or_create_global_step()
        count = tf.get_local_variable("count", [], initializer=tf.zeros_initializer())
        tf.summary.scalar("shown", w)
        hooks = [training.StopAfterNEvalsHook(5), training.SummaryAtEndHook(str(tmp_path / "log"))]
        found = training.evaluate_repeatedly(str(tmp_path), eval_ops=tf.assign_add(count, w), final_ops=[count, training.get_or_create_eval_step()],
                                             hooks=hooks, max_number_of_evaluations=1)
        assert found == [15.0, 5]
    [events] = (tmp_path / "log").iterdir()
    shown = [(e.step, v.tag, v.simple_value) for e in tf.train.summary_iterator(str(events)) for v in e.summary.value]
    assert shown == [(4, "shown", 3.0)]
    assert training.wait_for_new_checkpoint(str(tmp_path), path, timeout=0) is None and training.wait_for_new_checkpoint(str(tmp_path)) == path
    assert list(training.checkpoints_iterator(str(tmp_path), timeout=0)) == [path]


def test_slim_evaluates_each_new_checkpoint(tmp_path):
    trained(tmp_path)
    with tf.Graph().as_default():
        count = tf.get_local_variable("count", [], initializer=tf.zeros_initializer())
        w = tf.get_variable("w", [])
        tf.get_variable("beside", [], initializer=tf.zeros_initializer())       # not in the checkpoint
        found = slim.evaluation.evaluation_loop("", str(tmp_path), str(tmp_path / "log"), num_evals=4, eval_op=tf.assign_add(count, w),
                                                final_op=count, variables_to_restore=[w], max_number_of_evaluations=1, initial_op=tf.no_op())
        assert found == 12.0


def test_training_until_a_hook_ends_it(tmp_path):
    with tf.Graph().as_default():
        w = tf.get_variable("w", [], initializer=tf.ones_initializer())
        step = training.create_train_op(4 * w, tf.train.GradientDescentOptimizer(0.5), transform_grads_fn=training.clip_gradient_norms_fn(1.0))
        assert training.train(step, str(tmp_path), hooks=[tf.train.StopAtStepHook(3)]) == 0.0       # w was 1, 0.5, 0
    assert tf.train.latest_checkpoint(str(tmp_path)).endswith("-3")


def test_summaries_of_slim(session):
    x = tf.constant([0.0, 1.0, 0.0, 2.0], name="x")
    made = [slim.summaries.add_zero_fraction_summary(x, prefix="p"), slim.summaries.add_scalar_summary(tf.constant(0.5), "half"),
            *slim.summaries.add_histogram_summaries([x]), slim.summaries.add_image_summary(tf.zeros([1, 2, 2, 1]), "im")]
    values = [tf.Summary.FromString(session.run(s)).value[0] for s in made]
    assert [v.tag for v in values] == ["p/x", "half", "x_1", "im/image/0"] and values[0].simple_value == 0.5


@pytest.mark.parametrize("name, options", [("categorical", {}), ("stateless_categorical", {"seed": [1, 2]})])
def test_categories_of_a_dtype(session, name, options):
    draw = getattr(tf.random, name)
    found = draw([[0.0, 200.0], [200.0, 0.0]], 3, dtype=tf.int32, **options)
    assert found.dtype == tf.int32 and session.run(found).tolist() == [[1, 1, 1], [0, 0, 0]]
    assert draw([[0.0]], 1, **options).dtype == tf.int64
