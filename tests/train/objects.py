"""A program whose objects hold each other in all ways that checkpoints follow; TensorFlow wrote `tests/data/tf_objects` by the same."""

from __future__ import annotations

from typing import Any


def objects(tf: Any, module: Any) -> tuple[Any, Any]:
    """A checkpoint of all objects, and a step that trains some of their variables."""
    class Parts(module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.alone = tf.get_variable("alone", [2])
            self.many = [tf.get_variable("first", []), 3, (tf.get_variable("second", [2]),)]
            self.named = {"k": tf.get_variable("k", []), "a/b.c": tf.get_variable("other", [])}
            self.sizes, self.note = [1, 2], "none"

    class Net(tf.keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.d, self.ls = tf.keras.layers.Dense(2), [tf.keras.layers.Dense(1)]

        def call(self, x: Any) -> Any:
            return self.ls[0](self.d(x))
    parts, net = Parts(), Net()
    net(tf.ones([1, 2]))
    model = tf.keras.Sequential([tf.keras.layers.Dense(2, input_shape=(3,)), tf.keras.layers.ReLU(), tf.keras.layers.BatchNormalization()])
    cells = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.GRUCell(2), tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.LSTMCell(2, num_proj=1), 1.0)])
    cells(tf.ones([1, 3]), cells.zero_state(1, tf.float32))
    dense = tf.layers.Dense(1)
    dense(tf.ones([1, 2]))
    adam, momentum = tf.train.AdamOptimizer(0.1), tf.train.MomentumOptimizer(0.1, 0.5)
    count = tf.train.get_or_create_global_step()
    step = tf.group(adam.minimize(tf.reduce_sum(tf.square(parts.alone)), count),
                    momentum.minimize(tf.reduce_sum(dense.kernel), var_list=[dense.kernel]))
    inner = tf.train.Checkpoint(x=tf.get_variable("x", [3], tf.int32, initializer=tf.zeros_initializer()))
    return tf.train.Checkpoint(parts=parts, net=net, model=model, cells=cells, dense=dense, adam=adam, momentum=momentum, count=count,
                               inner=inner), step
