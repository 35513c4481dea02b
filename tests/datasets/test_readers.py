"""Readers of lines, records and files through queues of names."""

from __future__ import annotations

import graphc as tf
from tests.datasets.feeding import fed_by_threads, plain


def named(tmp_path, **files):
    names = []
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        names.append(str(tmp_path / name))
    return tf.train.string_input_producer(names, num_epochs=1, shuffle=False), [n.encode() for n in names]


def test_lines(tmp_path, session):
    queue, (a, b) = named(tmp_path, a=b"h\n1,2\n3,4\n", b=b"h\n5,6")
    reader = tf.TextLineReader(skip_header_lines=1)
    key, value = reader.read(queue)
    x, y = tf.decode_csv(value, [[0], [0.0]])
    found = fed_by_threads(session, [key, x, y])
    assert found == [[a + b":2", 1, 2.0], [a + b":3", 3, 4.0], [b + b":2", 5, 6.0]]
    assert session.run([reader.num_records_produced(), reader.num_work_units_completed()]) == [3, 2]


def test_several_lines(tmp_path, session):
    queue, (a, b) = named(tmp_path, a=b"1\n2\n3\n", b=b"4")
    found = fed_by_threads(session, tf.TextLineReader().read_up_to(queue, 2))
    assert [plain(v) for _, v in found] == [[b"1", b"2"], [b"3"], [b"4"]]


def test_other_readers(tmp_path, session):
    with tf.python_io.TFRecordWriter(str(tmp_path / "r")) as writer:
        writer.write(b"one")
        writer.write(b"three")
    records = (tmp_path / "r").read_bytes()
    for reader, data, expected in (
            (tf.WholeFileReader(), b"whole", [(b"", b"whole")]),
            (tf.IdentityReader(), b"", [(b"", None)]),
            (tf.FixedLengthRecordReader(2, header_bytes=1), b"Habcd", [(b":0", b"ab"), (b":1", b"cd")]),
            (tf.TFRecordReader(), records, [(b":0", b"one"), (b":19", b"three")])):
        queue, (a,) = named(tmp_path, f=data)
        assert [*map(tuple, fed_by_threads(session, reader.read(queue)))] == [(a + k, a if v is None else v) for k, v in expected]


def test_pictures_and_examples_through_queues(tmp_path, session):
    """The input of a program: records of features, parsed, decoded, batched by a thread."""
    path = str(tmp_path / "f")
    with tf.python_io.TFRecordWriter(path) as writer:
        for i in range(10):
            features = {"image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[bytes([i] * 6)])),
                        "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[i]))}
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    queue = tf.train.string_input_producer([path], num_epochs=2)
    _, record = tf.TFRecordReader().read(queue)
    parsed = tf.parse_single_example(record, features={"image": tf.FixedLenFeature([], tf.string), "label": tf.FixedLenFeature([], tf.int64)})
    image = tf.reshape(tf.cast(tf.decode_raw(parsed["image"], tf.uint8), tf.float32), [3, 2])
    images, labels = tf.train.shuffle_batch([image, parsed["label"]], batch_size=4, capacity=30, min_after_dequeue=8, num_threads=2, seed=1)
    assert images.shape.as_list() == [4, 3, 2]
    found = fed_by_threads(session, [images, labels, tf.reduce_sum(images, [1, 2])])
    assert sorted(i for _, b, _ in found for i in b) == sorted([*range(10)] * 2)
    for pictures, numbers, sums in found:
        assert (pictures == numbers.reshape(4, 1, 1)).all() and (sums == numbers * 6).all()


def test_matched_once(tmp_path, session):
    (tmp_path / "a.txt").write_text("x")
    names = tf.train.match_filenames_once(str(tmp_path / "*.txt"))
    session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    assert plain(session.run(names)) == [str(tmp_path / "a.txt").encode()]
    (tmp_path / "b.txt").write_text("y")
    assert len(session.run(names)) == 1
    queue = tf.train.string_input_producer(names, num_epochs=1)
    assert fed_by_threads(session, tf.WholeFileReader().read(queue)) == [(str(tmp_path / "a.txt").encode(), b"x")]
    with tf.Session(jit=False) as other:
        assert len(other.run(names)) == 2
