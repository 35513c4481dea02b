"""Places of iterators in checkpoints: what comes after a restore is what would have come, in this process's session and in another graph's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import DataLossError, FailedPreconditionError, GraphError, InvalidArgumentError, NotFoundError, OutOfRangeError

D, E = tf.data.Dataset, tf.data.experimental

DATASETS: list[Callable[[], Any]] = [
    lambda: D.range(30), lambda: D.range(30).shuffle(30), lambda: D.range(30).shuffle(5).repeat().batch(4),
    lambda: D.range(30).shuffle(30, seed=3).repeat(), lambda: D.range(9).flat_map(lambda i: D.range(i).shuffle(4)).batch(3),
    lambda: D.range(30).map(lambda i: {"i": i, "t": tf.as_string(i)}).prefetch(2), lambda: D.range(8).shuffle(8).cache().repeat(),
    lambda: E.sample_from_datasets([D.range(40), D.range(100, 140)], [0.3, 0.7]), lambda: E.RandomDataset(),
    lambda: D.range(30).interleave(lambda i: D.range(i), 3).filter(lambda i: i % 2 > 0),
]


def following(session: tf.Session, element: Any, most: int = 25) -> list[Any]:
    """The next elements, at most so many."""
    found = []
    try:
        for _ in range(most):
            value = session.run(element)
            found.append(value if isinstance(value, dict) else np.asarray(value).tolist())
    except OutOfRangeError:
        found.append("end")
    return found


def built(make: Callable[[], Any], one_shot: bool) -> tuple[Any, Any, Any]:
    iterator = make().make_one_shot_iterator() if one_shot else make().make_initializable_iterator()
    tf.add_to_collection(tf.GraphKeys.SAVEABLE_OBJECTS, E.make_saveable_from_iterator(iterator))
    tf.Variable(0.0)
    return iterator, iterator.get_next(), tf.train.Saver()


@pytest.mark.parametrize("one_shot", [True, False])
@pytest.mark.parametrize("taken", [0, 1, 7, 100])
@pytest.mark.parametrize("make", DATASETS, ids=range(len(DATASETS)))
def test_goes_on_at_its_place(make: Callable[[], Any], taken: int, one_shot: bool, tmp_path: Path) -> None:
    with tf.Graph().as_default():
        iterator, element, saver = built(make, one_shot)
        with tf.Session(jit=False) as session:
            if not one_shot:
                session.run(iterator.initializer)
            following(session, element, taken)
            path = saver.save(session, str(tmp_path / "m"))
            wanted = following(session, element)
            saver.restore(session, path)
            assert following(session, element) == wanted
    with tf.Graph().as_default():
        iterator, element, saver = built(make, one_shot)
        with tf.Session(jit=False) as session:
            saver.restore(session, path)
            assert following(session, element) == wanted


def test_values_that_were_fed(tmp_path: Path) -> None:
    def make() -> tuple[Any, Any, Any, Any]:
        n, words = tf.placeholder(tf.int64, []), tf.placeholder(tf.string, [None])
        iterator = D.zip((D.range(n), D.from_tensor_slices(words))).make_initializable_iterator()
        return (n, words), iterator, iterator.get_next(), tf.train.Saver([E.make_saveable_from_iterator(iterator)])
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        fed, iterator, element, saver = make()
        session.run(iterator.initializer, {fed[0]: 3, fed[1]: ["a", b"\xff", "c", "d"]})
        session.run(element)
        path = saver.save(session, str(tmp_path / "m"))
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        fed, iterator, element, saver = make()
        saver.restore(session, path)
        assert session.run(element) == (1, b"\xff") and session.run(element) == (2, b"c")
        with pytest.raises(OutOfRangeError):
            session.run(element)


def test_one_of_several_datasets(session: tf.Session, tmp_path: Path) -> None:
    iterator = tf.data.Iterator.from_structure(tf.int64, [])
    begin = [iterator.make_initializer(D.range(9)), iterator.make_initializer(D.range(100, 109))]
    element, saver = iterator.get_next(), tf.train.Saver([E.make_saveable_from_iterator(iterator)])
    with pytest.raises(FailedPreconditionError, match="not initialised"):
        saver.save(session, str(tmp_path / "m"))
    session.run(begin[1])
    session.run(element)
    path = saver.save(session, str(tmp_path / "m"))
    session.run(begin[0])
    assert session.run(element) == 0
    saver.restore(session, path)
    assert session.run(element) == 101


def test_checkpoints_that_do_not_fit(session: tf.Session, tmp_path: Path) -> None:
    v = tf.Variable(1.0, name="v")
    plain = tf.train.Saver([v])
    path = plain.save(session, str(tmp_path / "plain"))
    iterator = D.range(5).make_one_shot_iterator()
    place = E.make_saveable_from_iterator(iterator)
    both = tf.train.Saver([v, place])
    with pytest.raises(NotFoundError, match="IteratorV2-state"):
        both.restore(session, path)
    assert both.restore(session, path, partial=True).missing == ["IteratorV2-state"]
    whole = both.save(session, str(tmp_path / "whole"))
    session.run(v.assign(2.0))
    assert plain.restore(session, whole, partial=True).unexpected == ["IteratorV2-state"] and session.run(v) == 1.0
    for state in (b"", b"{}", b"[1]", b'{"format": 2}', b'{"format": 1, "dataset": 7, "taken": 0, "entropy": 0, "needs": []}',
                  b'{"format": 1, "dataset": 0, "taken": -1, "entropy": 0, "needs": []}', b"\xff", b'{"format": 1, "dataset": 0, "taken": 0}'):
        with pytest.raises(DataLossError, match="is no place of this iterator"):
            place.take_state(session.values.resources, np.frombuffer(state, np.uint8))


def test_names_of_iterators() -> None:
    iterators = [D.range(3).make_one_shot_iterator() for _ in range(2)] + [D.range(3).make_initializable_iterator("mine")]
    assert [E.make_saveable_from_iterator(i).name for i in iterators] == ["IteratorV2-state", "IteratorV2_1-state", "mine-state"]


def test_graphs_with_places_are_written(session: tf.Session, tmp_path: Path) -> None:
    tf.Variable(1.0, name="v")
    _, element, saver = built(lambda: D.range(5), True)
    session.run(element)
    path = saver.save(session, str(tmp_path / "m"))
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(f"{path}.meta")
        assert "v" in {n.label for n in graph.nodes}


@pytest.mark.parametrize("value", [3, None])
def test_no_iterator(value: Any) -> None:
    with pytest.raises(GraphError, match="takes an iterator"):
        E.make_saveable_from_iterator(value)
    handle = tf.data.Iterator.from_string_handle(tf.placeholder(tf.string, []), tf.int64, [])
    with pytest.raises(GraphError, match="that has a dataset"):
        E.make_saveable_from_iterator(handle)
    with pytest.raises(GraphError, match="takes an Estimator"):
        E.CheckpointInputPipelineHook(value)


# ---------------------------------------------------------------------- the hook

def model(features: Any, labels: Any, mode: Any) -> Any:
    seen = tf.get_variable("seen", [40], tf.int64, tf.zeros_initializer(), trainable=False)
    step = tf.train.get_or_create_global_step()
    with tf.control_dependencies([tf.scatter_update(seen, tf.cast(step, tf.int32), features)]):
        train = tf.assign_add(step, 1)
    return tf.estimator.EstimatorSpec(mode, loss=tf.constant(0.0), train_op=train)


def trained(folder: Path, steps: list[int], hooked: bool) -> list[int]:
    """What was seen in a training in several parts."""
    for count in steps:
        estimator = tf.estimator.Estimator(model, str(folder), tf.estimator.RunConfig(save_checkpoints_steps=3, tf_random_seed=1))
        hooks = [E.CheckpointInputPipelineHook(estimator)] if hooked else []
        estimator.train(lambda: D.range(10, 40), hooks=hooks, steps=count)
    found: list[int] = estimator.get_variable_value("seen").tolist()[:sum(steps)]
    return found


def test_training_goes_on_at_its_place(tmp_path: Path) -> None:
    assert trained(tmp_path / "on", [4, 3, 2], True) == [*range(10, 19)]
    assert trained(tmp_path / "anew", [4, 3], False) == [10, 11, 12, 13, 10, 11, 12]
    assert (tmp_path / "on" / "checkpoint_input").exists()


def test_a_graph_without_iterators(tmp_path: Path) -> None:
    hook = E.CheckpointInputPipelineHook(tf.estimator.Estimator(model, str(tmp_path)))
    with pytest.raises(GraphError, match="has no iterators"):
        hook.begin()


def test_fewer_elements_than_were_taken(session: tf.Session) -> None:
    n = tf.placeholder(tf.int64, [])
    iterator = D.range(n).make_initializable_iterator()
    place, element = E.make_saveable_from_iterator(iterator), iterator.get_next()
    session.run(iterator.initializer, {n: 2})
    state = b'{"format": 1, "dataset": 0, "taken": 9, "entropy": 5, "needs": [{"shape": [], "dtype": "<i8", "bytes": "AwAAAAAAAAA="}]}'
    place.take_state(session.values.resources, np.frombuffer(state, np.uint8))
    with pytest.raises((OutOfRangeError, InvalidArgumentError)):
        session.run(element)
