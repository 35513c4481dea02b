"""`graphc run`: `import tensorflow` gives graphc, and all else is as Python does it; `--check` says what is lacking; the files of MNIST."""

from __future__ import annotations

import gzip
import os
import re
import signal

import numpy as np
import pytest

import graphc as tf
from graphc import __main__ as cli
from graphc.examples.tutorials.mnist import input_data
from graphc.files.idx import read_idx
from graphc.inspection.lacking import lacking
from tests.run import python, ran


def test_a_tensorflow_that_is_installed_is_not_touched(tmp_path):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text("name = 'the real one'")
    assert ran(tmp_path, "import tensorflow as tf; print(tf.matmul.name)") == (0, "matmul\n", "")
    assert python(tmp_path, "-c", "import graphc, tensorflow; print(tensorflow.name)") == (0, "the real one\n", "")


# ---------------------------------------------------------------------- as Python runs it

# A program, its arguments, and what it prints. Each is run by Python and by graphc: nothing is to differ.
PROGRAMS = [
    ("import sys; print(sys.argv, __name__, __file__, sys.modules['__main__'].__file__)", ["a", "--report", "b", "-h"]),
    ("import sys; print(sys.path[0] == __import__('os').getcwd())", []),
    ("from __future__ import annotations\ndef f(x: nothing): pass\nprint(f.__annotations__)", []),
    ("def f(x: int): pass\nprint(f.__annotations__)", []),
    ("import sys; sys.exit(3)", []), ("import sys; sys.exit('no')", []), ("raise SystemExit", []), ("import os; os._exit(4)", []),
    ("def f():\n    return 1 / 0\n\nf()\n", []),
    ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('wrong') from e\n", []),
    ("import sys\nsys.excepthook = lambda kind, error, at: print(kind, at.tb_lineno, at.tb_frame.f_code.co_filename)\n\n1 / 0\n", []),
    ("x = = 1\n", []), ("raise KeyboardInterrupt", []),
    ("# -*- coding: latin-1 -*-\nprint(ascii('\xe4'))\n", []),
    ("import atexit; atexit.register(print, 'end'); print('begin')", []),
    ("import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A, __spec__, __package__)", []),
    ("import threading; t = threading.Thread(target=lambda: print('in')); t.start(); t.join()", []),
]


@pytest.mark.slow
@pytest.mark.parametrize("text, arguments", PROGRAMS, ids=[t[:60] for t, _ in PROGRAMS])
def test_programs_run_as_by_python(tmp_path, text, arguments):
    (tmp_path / "script.py").write_bytes(text.encode("latin-1"))
    wanted = python(tmp_path, "script.py", *arguments)
    found = python(tmp_path, "-m", "graphc", "run", "script.py", *arguments)
    assert found == wanted


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_control_c_ends_a_program_as_python_does(tmp_path):
    code, _, err = ran(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGINT); import time; time.sleep(9)")
    assert code == -signal.SIGINT and err.splitlines()[-1] == "KeyboardInterrupt" and "graphc" not in err


def test_errors_lead_to_the_line(tmp_path):
    code, out, err = ran(tmp_path, """
        import tensorflow as tf
        x = tf.placeholder(tf.float32, [2, 3], name="x")
        tf.matmul(x, x)
        """)
    assert code == 1 and out == "" and "  at script.py:4" in err and 'script.py", line 4, in <module>' in err and "graphc/inspection" not in err


def test_report_shows_the_hottest_graph(tmp_path):
    code, out, err = ran(tmp_path, """
        import tensorflow as tf
        a, b = tf.Variable(1.0, name="often"), tf.Variable(2.0, name="once")
        with tf.Session() as sess:
            sess.run(b + 1.0)
            for _ in range(200):
                sess.run(a * 2.0 if _ < 0 else doubled) if "doubled" in globals() else globals().update(doubled=tf.multiply(a, 2.0, name="hot"))
        raise SystemExit(5)
        """, before=["--report", "page.html"])
    assert code == 5 and "page.html shows what took most of the time: 199 runs" in err
    assert "hot:0" in (tmp_path / "page.html").read_text().partition("</title>")[0]


def test_report_without_a_graph(tmp_path):
    code, out, err = ran(tmp_path, "print(1)", before=["--report", "page.html"])
    assert code == 0 and out == "1\n" and "no graph was run" in err and not (tmp_path / "page.html").exists()


def test_script_that_is_not_there(tmp_path, capsys):
    assert cli.main(["run", str(tmp_path / "none.py")]) == 2
    assert "none.py' cannot be read: No such file or directory\n" in capsys.readouterr().err


# ---------------------------------------------------------------------- names that are lacking

CHECKED = [
    ("import tensorflow as tf\nx = tf.matmul\ny = tf.nn.relu", []),
    ("import tensorflow as tf\n\ntf.layers.experimental.keras_style_scope()", ["3: tf.layers.experimental.keras_style_scope is not here; instead"]),
    ("import tensorflow.compat.v1 as tf\ntf.nosuch", ["2: tf.nosuch is not here"]),
    ("from tensorflow.contrib import quantize", ["1: tf.contrib.quantize is not here; instead: "]),
    ("import tensorflow.keras as keras\nkeras.Model\nkeras.Modle", ["3: tf.keras.Modle is not here"]),
    ("from tensorflow.python.framework import ops\nops.reset_default_graph()\nops.nosuch()", ["3: tf.python.framework.ops.nosuch is not here"]),
    ("import tensorflow as tf\nlayers = tf.layers\nlayers.dense\nlayers.denser", ["4: tf.layers.denser is not here"]),
    ("import tensorflow as tf\ntf = tf.compat.v1\ntf.nosuch", ["3: tf.compat.v1.nosuch is not here"]),
    ("import tensorflow as tf\ntf.train.AdamOptimizer(learn_rate=1)", ["2: tf.train.AdamOptimizer has no argument 'learn_rate'"]),
    ("import tensorflow as tf\ntf.reduce_sum(1, keep_dims=True, reduction_indices=0)", []),
    ("import tensorflow as tf\ntf.GraphKeys.LOSSES, tf.GraphKeys.NONE", ["2: tf.GraphKeys.NONE is not here"]),
    ("import tensorflow as tf\nF = tf.app.flags.FLAGS\nF.anything", []),
    ("import numpy as tf\ntf.nosuch", []),
    ("print 'a'", ["1: Python cannot read it: Missing parentheses", ]),
    ("import beside", ["beside.py:2: tf.nosuch is not here"]),
]


@pytest.mark.parametrize("text, wanted", CHECKED, ids=[t[:50] for t, _ in CHECKED])
def test_check_lists_what_is_lacking(tmp_path, text, wanted):
    (tmp_path / "beside.py").write_text("import tensorflow as tf\ntf.nosuch\n")
    (tmp_path / "script.py").write_text(text)
    found = [str(lack) for lack in lacking(str(tmp_path / "script.py"))]
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert other in one and one.startswith(str(tmp_path))


def test_check_runs_nothing(tmp_path, capsys):
    (tmp_path / "script.py").write_text("import tensorflow as tf\nprint('run')\ntf.nosuch\n")
    assert cli.main(["run", "--check", str(tmp_path / "script.py")]) == 1
    assert capsys.readouterr().out == f"{tmp_path / 'script.py'}:3: tf.nosuch is not here\n"
    (tmp_path / "script.py").write_text("import tensorflow as tf\nprint('run')\n")
    assert cli.main(["run", "--check", str(tmp_path / "script.py")]) == 0
    assert capsys.readouterr().out.endswith("script.py: no name is lacking\n")
    assert cli.main(["run", "--check", str(tmp_path / "none.py")]) == 1


# ---------------------------------------------------------------------- MNIST

def idx(array):
    """The idx format, written here from its description."""
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.astype(np.uint8).tobytes()


@pytest.fixture
def digits(tmp_path):
    """A folder with four such files, two of them gzipped: 30 pictures of 4 by 4, 20 to test with."""
    rng = np.random.default_rng(0)
    arrays = dict(zip(input_data.FILES, (rng.integers(0, 256, (30, 4, 4)), np.arange(30) % 10, rng.integers(0, 256, (20, 4, 4)), np.arange(20) % 10),
                      strict=True))
    for name, array in arrays.items():
        if "images" in name:
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (tmp_path / name).write_bytes(idx(array))
    return tmp_path, arrays


def test_mnist_is_read(digits):
    folder, arrays = digits
    images, labels = arrays[input_data.FILES[0]], arrays[input_data.FILES[1]]
    sets = input_data.read_data_sets(str(folder), validation_size=10)
    assert [s.num_examples for s in sets] == [20, 10, 20]
    np.testing.assert_allclose(sets.train.images, images[10:].reshape(20, 16) / 255, rtol=1e-6)
    np.testing.assert_array_equal(sets.validation.labels, labels[:10])
    assert sets.train.images.dtype == np.float32 and sets.train.labels.dtype == np.uint8
    hot = input_data.read_data_sets(str(folder), one_hot=True, reshape=False, dtype=tf.uint8, validation_size=0)
    assert hot.train.images.shape == (30, 4, 4, 1) and hot.train.images.dtype == np.uint8
    np.testing.assert_array_equal(hot.test.labels.argmax(1), arrays[input_data.FILES[3]])


def test_batches_go_through_epochs(digits):
    train = input_data.read_data_sets(str(digits[0]), validation_size=0, seed=3).train
    batches = [train.next_batch(12)[0] for _ in range(5)]
    assert all(b.shape == (12, 16) for b in batches) and train.epochs_completed == 1
    first = np.concatenate(batches)[:30]
    assert len({row.tobytes() for row in first}) == 30           # each picture once, before any comes again
    still = input_data.read_data_sets(str(digits[0]), validation_size=0).test
    np.testing.assert_array_equal(still.next_batch(5, shuffle=False)[1], np.arange(5))


LABELS = input_data.FILES[1]


@pytest.mark.parametrize("change, error, message", [
    (lambda folder: (folder / LABELS).unlink(), tf.errors.NotFoundError, "lacks train-labels-idx1-ubyte.gz (gzipped or not). graphc fetches"),
    (lambda folder: (folder / LABELS).write_bytes(b"<html>"), tf.errors.DataLossError, "not a file of unsigned bytes in the idx format"),
    (lambda folder: (folder / LABELS).write_bytes(idx(np.zeros((2, 2)))), tf.errors.DataLossError, "an array of rank 2"),
    (lambda folder: (folder / LABELS).write_bytes(idx(np.zeros(30))[:-1]), tf.errors.DataLossError, "29 elements"),
    (lambda folder: (folder / LABELS).write_bytes(idx(np.zeros(29))), tf.errors.DataLossError, "do not belong together"),
    (lambda folder: (folder / LABELS).write_bytes(idx(np.full(30, 10))), tf.errors.DataLossError, "are not of digits"),
    (lambda folder: (folder / f"{LABELS}.gz").write_bytes(gzip.compress(idx(np.zeros(30)))[:-9]), tf.errors.DataLossError, "cannot be read"),
    (lambda folder: (folder / f"{LABELS}.gz").write_bytes(b"\x1f\x8bno"), tf.errors.DataLossError, "cannot be read"),
    (lambda folder: (folder / LABELS).write_bytes(bytes([0, 0, 8, 255])), tf.errors.DataLossError, "an array of rank 255"),
])
def test_what_is_no_mnist_is_said(digits, change, error, message):
    change(digits[0])
    with pytest.raises(error, match=re.escape(message)) as caught:
        input_data.read_data_sets(str(digits[0]), validation_size=0)
    assert "at test_run.py:" in str(caught.value)


@pytest.mark.parametrize("call, message", [
    (lambda folder: input_data.read_data_sets(folder, fake_data=True), "nothing is made up"),
    (lambda folder: input_data.read_data_sets(folder), "validation_size is between 0 and 30, not 5000"),
    (lambda folder: input_data.read_data_sets(folder, dtype=tf.int32, validation_size=0), "uint8 or float32"),
    (lambda folder: input_data.read_data_sets(folder, validation_size=0).train.next_batch(31), "a batch of 31 of 30"),
])
def test_what_is_asked_of_mnist_is_held(digits, call, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        call(str(digits[0]))


def test_mutated_files_raise_typed_errors(digits):
    """2000 files with a few bytes changed, cut or doubled: an array, or an error that says what is wrong."""
    rng, raw = np.random.default_rng(1), idx(np.arange(60).reshape(5, 4, 3))
    path = digits[0] / "mutated"
    errors = 0
    for _ in range(2000):
        data = bytearray(raw)
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(0, min(20, len(data)) if rng.random() < 0.7 else len(data)))
            data[at:at + 1] = [bytes([int(rng.integers(0, 256))]), b"", data[at:at + 1] * 2][rng.integers(0, 3)]
        path.write_bytes(data)
        try:
            assert read_idx(str(path), 3).size + 16 == len(data)
        except tf.errors.DataLossError:
            errors += 1
    assert errors > 500


def test_the_network_of_the_tutorial(standing):
    from tensorflow.examples.tutorials.mnist import mnist
    images, labels = tf.placeholder(tf.float32, [None, mnist.IMAGE_PIXELS]), tf.placeholder(tf.int32, [None])
    logits = mnist.inference(images, 16, 8)
    loss, right = mnist.loss(logits, labels), mnist.evaluation(logits, labels)
    step = mnist.training(loss, 0.1)
    scopes = ("hidden1", "hidden2", "softmax_linear")
    assert [v.op.name for v in tf.trainable_variables()] == [f"{s}/{n}" for s in scopes for n in ("weights", "biases")]
    random = np.random.default_rng(0)
    feed = {images: random.normal(size=(20, 784)), labels: random.integers(0, 10, 20)}
    with tf.Session(jit=False) as session:
        first = session.run(loss, feed)
        for _ in range(60):
            session.run(step, feed)
        assert session.run(loss, feed) < 0.2 * first and session.run(right, feed) >= 18 and session.run("global_step:0") == 60


def test_a_debugger_that_is_not_here(standing):
    from tensorflow.python import debug
    with tf.Session(jit=False) as session, pytest.warns(UserWarning, match="there is no such debugger here"):
        assert debug.LocalCLIDebugWrapperSession(session) is session
