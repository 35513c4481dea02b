"""TensorFlow 1's names: the ones that programs use most, what differs here, and what to write for those that are not here.

A line of the two tables is `name, name | sentence`; a line for a namespace speaks for all that lies in it. Names stand without `tf.`.
The reference (docs/reference) prints both; an AttributeError of `tf.<name>` prints the second.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

# By the number of programs that use them, counted over 514 programs in 30 public repositories.
_RANKED = """
Session placeholder float32 global_variables_initializer reduce_mean Variable matmul train.AdamOptimizer random_normal nn.relu square reduce_sum
argmax variable_scope cast set_random_seed int32 equal train.GradientDescentOptimizer reshape zeros add constant layers.dense summary.FileWriter
train.Saver log nn.softmax get_variable python.framework.ops.reset_default_graph nn.sigmoid gradients name_scope squeeze get_collection
nn.softmax_cross_entropy_with_logits sqrt assign concat shape multiply random_uniform transpose expand_dims train.RMSPropOptimizer exp
reset_default_graph subtract InteractiveSession truncated_normal nn.conv2d nn.tanh summary.merge_all summary.scalar nn.dynamic_rnn one_hot
ConfigProto sigmoid GraphKeys.GLOBAL_VARIABLES nn.embedding_lookup clip_by_value nn.sigmoid_cross_entropy_with_logits GraphKeys.TRAINABLE_VARIABLES
nn.max_pool abs random_normal_initializer trainable_variables nn.dropout initialize_all_variables nn.softmax_cross_entropy_with_logits_v2
constant_initializer nn.sparse_softmax_cross_entropy_with_logits tanh device group train.Coordinator train.get_checkpoint_state get_default_graph
summary.histogram stop_gradient contrib.layers.xavier_initializer int64 Graph stack layers.conv2d ones ones_like __version__ maximum
losses.mean_squared_error squared_difference nn.softplus gather zeros_like bool global_variables app.run contrib.rnn.BasicLSTMCell range pow
reduce_max nn.bias_add contrib.layers.flatten to_float get_default_session layers.max_pooling2d nn.nce_loss add_n minimum
contrib.layers.fully_connected negative slice zeros_initializer contrib.opt.ScipyOptimizerInterface train.latest_checkpoint placeholder_with_default
div get_variable_scope nn.relu6 split layers.dropout clip_by_global_norm argmin tile app.flags.FLAGS train.start_queue_runners uint8
control_dependencies app.flags.DEFINE_string contrib.rnn.MultiRNNCell data.Dataset.from_tensor_slices nn.elu string truncated_normal_initializer
errors.OutOfRangeError greater train.string_input_producer cond multinomial round where flags.DEFINE_string flags.FLAGS nn.rnn_cell.BasicRNNCell
contrib.rnn.BasicRNNCell train.MomentumOptimizer contrib.seq2seq.sequence_loss sub GraphDef flags.DEFINE_boolean import_graph_def
nn.rnn_cell.LSTMCell nn.rnn_cell.MultiRNNCell nn.rnn_cell.DropoutWrapper unstack diag float64 AUTO_REUSE contrib.framework.get_global_step
GraphKeys.UPDATE_OPS layers.batch_normalization sin app.flags.DEFINE_float app.flags.DEFINE_integer gfile.FastGFile nn.rnn_cell.BasicLSTMCell
summary.image app.flags.DEFINE_boolean flags.DEFINE_integer image.resize_images contrib.distributions.Normal
contrib.learn.preprocessing.VocabularyProcessor gather_nd image.rgb_to_grayscale keras.datasets.mnist.load_data local_variables_initializer mul sign
train.checkpoint_exists truediv unsorted_segment_sum distributions.Normal TextLineReader image.random_flip_left_right sparse_placeholder
train.ClusterSpec train.Server clip_by_norm contrib.rnn.LSTMCell image.decode_jpeg linspace random_uniform_initializer summary.merge
train.import_meta_graph fill nn.bidirectional_dynamic_rnn nn.lrn variables_initializer contrib.slim.fully_connected neg nn.in_top_k nn.log_softmax
nn.top_k test.TestCase test.main FIFOQueue cos decode_csv identity nn.l2_loss reduce_min train.AdagradOptimizer train.QueueRunner
train.SummaryWriter train.exponential_decay train.replica_device_setter Summary WholeFileReader contrib.legacy_seq2seq.rnn_decoder
contrib.legacy_seq2seq.sequence_loss_by_example contrib.rnn.GRUCell contrib.rnn.static_rnn convert_to_tensor data.Dataset.from_generator
flags.DEFINE_float layers.conv2d_transpose less losses.softmax_cross_entropy matrix_determinant matrix_inverse mod nn.rnn_cell.GRUCell pack
contrib.slim.flatten image.ResizeMethod.NEAREST_NEIGHBOR image.crop_to_bounding_box metrics.accuracy contrib.layers.l2_regularizer
contrib.learn.preprocessing.VocabularyProcessor.restore data.TextLineDataset decode_raw floordiv gfile.Exists gfile.MakeDirs global_norm
image.random_brightness image.random_contrast image.resize_bilinear image.resize_image_with_crop_or_pad nn.seq2seq.embedding_attention_seq2seq
nn.seq2seq.model_with_buckets nn.xw_plus_b ones_initializer python.framework.tensor_shape.scalar random_crop read_file scalar_summary tensordot
train.BytesList train.Example train.ExponentialMovingAverage train.Feature train.Features train.Int64List train.MonitoredTrainingSession
train.StopAtStepHook train.batch train.get_or_create_global_step train.shuffle_batch GraphKeys.REGULARIZATION_LOSSES Tensor TensorShape batch_matmul
case cholesky contrib.layers.conv2d contrib.layers.variance_scaling_initializer contrib.learn.python.learn.datasets.base.maybe_download
contrib.slim.conv2d data.Iterator.from_structure edit_distance estimator.DNNClassifier estimator.inputs.numpy_input_fn feature_column.numeric_column
image.resize keras.__version__ layers.flatten logging.INFO logging.set_verbosity nn.conv2d_transpose nn.sampled_softmax_loss
python.keras.callbacks.ModelCheckpoint python.keras.callbacks.TensorBoard python.keras.layers.Dense python.keras.layers.Embedding
python.keras.layers.GRU python.keras.layers.Input python.keras.models.Model python.keras.optimizers.RMSprop
python.keras.preprocessing.sequence.pad_sequences python.keras.preprocessing.text.Tokenizer python.ops.rnn.dynamic_rnn
python.ops.rnn_cell.BasicLSTMCell size train.match_filenames_once unique variance_scaling_initializer FixedLenFeature FixedLengthRecordReader
GraphKeys.SUMMARIES NodeDef RandomShuffleQueue SparseTensor SparseTensorValue TFRecordReader add_to_collection arg_min assign_add boolean_mask
compat.as_bytes compat.as_str contrib.factorization.KMeans contrib.framework.arg_scope contrib.layers.apply_regularization contrib.layers.batch_norm
contrib.layers.convolution2d contrib.layers.dropout contrib.layers.embed_sequence contrib.layers.l1_regularizer contrib.layers.layer_norm
contrib.layers.summarize_activation contrib.learn.ModeKeys.EVAL contrib.learn.ModeKeys.INFER contrib.learn.ModeKeys.TRAIN
contrib.legacy_seq2seq.embedding_attention_seq2seq contrib.legacy_seq2seq.embedding_rnn_seq2seq contrib.legacy_seq2seq.model_with_buckets
contrib.rnn.DropoutWrapper contrib.rnn.LSTMStateTuple contrib.rnn.NASCell contrib.rnn.OutputProjectionWrapper contrib.rnn.RNNCell
contrib.rnn.static_bidirectional_rnn contrib.seq2seq.BasicDecoder contrib.seq2seq.GreedyEmbeddingHelper contrib.seq2seq.TrainingHelper
contrib.seq2seq.dynamic_decode contrib.slim.convolution2d contrib.slim.dropout contrib.slim.one_hot_encoding contrib.staging.StagingArea
contrib.tensor_forest.python.tensor_forest.ForestHParams contrib.tensor_forest.python.tensor_forest.RandomForestGraphs
contrib.tensorboard.plugins.projector.ProjectorConfig contrib.tensorboard.plugins.projector.visualize_embeddings contrib.training.HParams cross
data.TFRecordDataset data.experimental.CsvDataset distributions.kl_divergence divide errors.DeadlineExceededError estimator.RunConfig
flags.DEFINE_bool floor_div gfile.DeleteRecursively gfile.GFile graph_util.convert_variables_to_constants greater_equal image.adjust_brightness
image.adjust_contrast image.adjust_hue image.adjust_saturation image.decode_image image.decode_png image.per_image_standardization image.random_hue
image.random_saturation image.sample_distorted_bounding_box image_summary int16 io.FixedLenFeature io.TFRecordWriter io.decode_csv
io.parse_single_example io.read_file keras.backend.clear_session keras.datasets.mnist keras.layers.Dense keras.layers.SimpleRNNCell
keras.models.Sequential layers.average_pooling2d logging.fatal logical_or losses.log_loss losses.sparse_softmax_cross_entropy map_fn
matrix_diag_part matrix_solve merge_all_summaries merge_summary nn.avg_pool nn.rnn_cell.RNNCell nn.selu nn.softsign nn.static_rnn
nn.weighted_cross_entropy_with_logits nn.zero_fraction no_op parse_single_example python.client.device_lib.list_local_devices
python.framework.graph_util.convert_variables_to_constants python.framework.ops.convert_to_tensor python.framework.ops.name_scope
python.framework.tensor_util.constant_value python.keras.applications.VGG16 python.keras.backend.int_shape python.keras.callbacks.EarlyStopping
python.layers.core.Dense python.layers.utils.smart_cond python.ops.array_ops.identity python.ops.array_ops.shape
python.ops.lookup_ops.index_to_string_table_from_file python.ops.math_ops.floor python.ops.math_ops.less python.ops.random_ops.random_uniform
python.ops.resources.initialize_resources python.ops.resources.shared_resources python.platform.gfile.Exists python.platform.gfile.FastGFile
python.platform.gfile.Glob python.platform.gfile.Walk python.util.compat.as_bytes python_io.TFRecordWriter random.uniform
saved_model.builder.SavedModelBuilder saved_model.signature_constants.CLASSIFY_INPUTS saved_model.signature_constants.CLASSIFY_METHOD_NAME
saved_model.signature_constants.CLASSIFY_OUTPUT_CLASSES saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
saved_model.signature_constants.PREDICT_METHOD_NAME saved_model.signature_def_utils.build_signature_def saved_model.tag_constants.SERVING
saved_model.utils.build_tensor_info scatter_nd self_adjoint_eig sequence_mask sparse_tensor_to_dense tables_initializer tan test.is_built_with_cuda
train.FloatList train.Server.create_local_server train.global_step train.slice_input_producer train.write_graph truncatediv while_loop
"""

# Names that are here, and behave otherwise than in TensorFlow 1.
_DIFFERS = """
Session | `jit=False` evaluates by NumPy; of `config` only `intra_op_parallelism_threads` has an effect; `target` is of this process
global_variables_initializer | not needed: a variable initialises itself on first use; run, it sets all of them again
initialize_all_variables | as global_variables_initializer
local_variables_initializer, variables_initializer | not needed
Variable | initialises itself on first use; a read sees the value from before the run unless a control dependency says otherwise
get_variable | initialises itself on first use; partitioner and caching_device have no effect
random_normal, random_uniform, truncated_normal, multinomial | draws other numbers than TensorFlow: a counter-based stream of the seeds and the name
nn.max_pool | nan where a window holds one; TensorFlow passes over it
nn.conv2d, nn.conv2d_transpose, nn.convolution | operands of different dtypes are promoted; every order of derivatives, dilated ones too
image.resize_bilinear, image.resize_images | float64 stays float64
image.decode_png, image.decode_jpeg, image.decode_image | needs Pillow: `pip install 'graphc[images]'`
random_crop | draws other places than TensorFlow
contrib.image.transform, contrib.image.rotate, contrib.image.translate | exact derivatives; TensorFlow's are pictures under the inverse transform
data.experimental.rejection_resample | draws from one pass over the dataset; TensorFlow from two
image.random_flip_left_right, image.random_brightness, image.random_contrast, image.random_hue | draws other numbers than TensorFlow
image.random_saturation | draws other numbers than TensorFlow
nn.rnn_cell.DropoutWrapper, contrib.rnn.DropoutWrapper | draws other numbers than TensorFlow
nn.dropout | draws other numbers than TensorFlow; fused, it costs no pass over memory
set_random_seed | seeds repeat a program here; they do not give TensorFlow's numbers
matmul, add, subtract, multiply, pow, maximum, minimum, equal, greater, less, greater_equal | operands of different dtypes are promoted
squared_difference, truediv, divide, mod, floordiv | operands of different dtypes are promoted
gradients | differentiates every order; `aggregation_method`, `gate_gradients` and `colocate_gradients_with_ops` have no effect
train.AdamOptimizer, train.GradientDescentOptimizer | a variable asked for without a path to the loss is told of; `use_locking` has no effect
train.RMSPropOptimizer, train.MomentumOptimizer | a variable asked for without a path to the loss is told of; `use_locking` has no effect
train.AdagradOptimizer | a variable asked for without a path to the loss is told of; `use_locking` has no effect
train.Saver | one file, PATH.safetensors, in which the graph is too; `restore` reads TensorFlow's own; `sharded` has no effect
train.get_checkpoint_state, train.latest_checkpoint | a damaged checkpoint is named in a warning, and the one before it given
train.import_meta_graph | reads the graph of a checkpoint, PATH or PATH.meta; a name that is taken is an error
layers.dense, layers.batch_normalization, layers.dropout | as in TensorFlow, but for `renorm`, `virtual_batch_size` and `adjustment`
losses.mean_squared_error, losses.log_loss | computed in the floating dtype of the predictions, in TensorFlow in float32
losses.softmax_cross_entropy, losses.sparse_softmax_cross_entropy | computed in the floating dtype of the logits
metrics.accuracy | its variables need no initializer; a run of the value alone sees the batches of the runs before
contrib.layers.batch_norm | `batch_weights`, `zero_debias_moving_mean`, `renorm` and `adjustment` are not offered
train.ClusterSpec, train.Server, train.Server.create_local_server | one task, in this process; a cluster of more is an error
train.replica_device_setter | names devices; all is computed here
keras.datasets.mnist.load_data | reads files that are there; nothing is fetched
python.keras.applications.VGG16 | weights are read from files that are there; nothing is fetched
device | accepted, has no effect: everything runs on the processor
ConfigProto | `intra_op_parallelism_threads` sets the threads; the rest is accepted and has no effect
control_dependencies | the only thing that orders a read after an assignment
assign, assign_add | takes effect once a run; reads see the value from before it unless a control dependency orders them behind
contrib.opt.ScipyOptimizerInterface | needs SciPy: `pip install 'graphc[scipy]'`; also tf.train.ScipyOptimizerInterface
__version__ | graphc's own version; in a program that `graphc run` runs, 1.15.0, as tf.VERSION is everywhere
string | operators on texts are host steps between kernels; variables hold none
errors.DeadlineExceededError | no operator of graphc raises it
saved_model.builder.SavedModelBuilder | a folder of graphc's own files, which saved_model.loader.load reads, as it does TensorFlow's own
GraphDef, import_graph_def | what it writes is graphc's JSON; TensorFlow's own bytes are read, too
Tensor | the class of all nodes of the graph but variables
"""

# Names that are not here: what to write instead.
_INSTEAD = """
nn.seq2seq | tf.contrib.legacy_seq2seq
autograph.to_graph, autograph.to_code | tf.cond, tf.case and tf.while_loop: functions are not translated
autograph.set_verbosity, autograph.experimental.set_loop_options | nothing: functions are not translated
keras.mixed_precision.experimental.Policy, keras.mixed_precision.experimental.set_policy | layers compute in the dtype that they are given
saved_model.save, saved_model.SaveOptions, saved_model.Asset, saved_model.experimental | tf.saved_model.Builder
saved_model.load_v2 | tf.saved_model.load
get_session_handle, get_session_tensor, delete_session_tensor | a tf.Variable keeps a value between runs
CriticalSection | runs of a session come one after the other; within one tf.control_dependencies orders
raw_ops, user_ops | the operator's public name
wrap_function, nondifferentiable_batch_function | tf.function builds where it is called
train.sdca_optimizer, train.sdca_fprint, train.sdca_shrink_l1 | tf.train.FtrlOptimizer
train.ClusterDef, train.JobDef, train.ServerDef | tf.train.ClusterSpec
lookup.experimental | tf.lookup.StaticHashTable
random.experimental | tf.random.stateless_uniform and its kin, by seeds
experimental, test.create_local_cluster | nothing: one process computes
estimator.BoostedTreesClassifier, estimator.BoostedTreesRegressor | trees are not offered; tf.estimator.DNNClassifier learns, too
contrib.tensor_forest, contrib.boosted_trees | trees are not offered; tf.estimator.DNNClassifier learns, too
strings.unicode_script | tf.py_func of a table of Unicode's Scripts.txt, which Python's unicodedata lacks
linalg.logm | of symmetric matrices tf.linalg.eigh and tf.log of its values; else tf.py_func of scipy.linalg.logm
LMDBReader | tf.data.Dataset.from_generator over the lmdb package's cursor
data.experimental.to_variant, data.experimental.from_variant | datasets are no tensors: zip, window and functions take them as they are
data.experimental.StatsAggregator, data.experimental.latency_stats, data.experimental.bytes_produced_stats | tf.RunOptions(trace_level=3) times runs
data.experimental.TensorArrayStructure | tf.TensorSpec of the array's stack()
keras.experimental.export_saved_model, keras.experimental.load_from_saved_model | model.save and tf.keras.models.load_model
keras.models.model_from_yaml | tf.keras.models.model_from_json, of model.to_json()
layers.experimental | tf.keras.layers, whose layers keep their own variables
nn.learned_unigram_candidate_sampler, random.learned_unigram_candidate_sampler | tf.nn.log_uniform_candidate_sampler
estimator.experimental.LinearSDCA | tf.train.FtrlOptimizer, which tf.estimator.LinearClassifier takes
contrib.rnn.GridLSTMCell, contrib.rnn.BidirectionalGridLSTMCell, contrib.rnn.TimeFreqLSTMCell | tf.contrib.rnn.ConvLSTMCell, or GLSTMCell
contrib.opt.ShampooOptimizer, contrib.opt.GGTOptimizer | tf.train.AdamOptimizer, or another of dir(tf.contrib.opt)
contrib.learn.SVM | tf.contrib.learn.LinearClassifier
contrib.factorization.GMM, contrib.factorization.WALSModel | tf.contrib.factorization.KMeans
contrib | what TensorFlow moved out of contrib stands under tf; of the rest there is what dir(tf.contrib) lists
python | the public name under tf; of TensorFlow's internal modules there are those whose names have one
"""


def ranked() -> list[str]:
    """The names that programs use, most used first."""
    return _RANKED.split()


@cache
def differs() -> dict[str, str]:
    """What is otherwise about names that are here."""
    return _table(_DIFFERS)


@cache
def instead() -> dict[str, str]:
    """What to write for a name, or a namespace, that is not here."""
    return _table(_INSTEAD)


def _table(text: str) -> dict[str, str]:
    found = {}
    for line in text.strip().splitlines():
        names, _, note = line.partition(" | ")
        found.update(dict.fromkeys(names.split(", "), note))
    return found


def advice(name: str) -> str | None:
    """What to write for a missing name, or for the namespace it lies in; None for what no line speaks of.

    >>> advice("fill_triangular"), advice("nn.seq2seq")
    (None, 'tf.contrib.legacy_seq2seq')
    >>> advice("feature_column.numeric_column") == advice("feature_column"), advice("reduce_man")
    (True, None)
    """
    while name:
        if name in instead():
            return instead()[name]
        name = name.rpartition(".")[0]
    return None


def getter(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a namespace: AttributeError, which says what to write for a name that TensorFlow 1 has.

    >>> getter("graphc.nn")("seq2seq")
    Traceback (most recent call last):
    AttributeError: tf.nn.seq2seq is not here; instead: tf.contrib.legacy_seq2seq
    """
    def missing(name: str) -> Any:
        inner = sys.modules.get(f"{module}.{name}")
        if inner is not None:           # one of TensorFlow's inner modules (`python`), which no import statement has brought
            return inner
        path = f"{module}.{name}".partition(".")[2]
        text = None if name.startswith("__") else advice(path)
        if text is not None:
            message = f"tf.{path} is not here; instead: {text}"
        else:
            message = f"module {module!r} has no attribute {name!r}"
        # The module, so that Python can add a name that is spelt alike; none where the message knows better.
        raise AttributeError(message, name=name, obj=sys.modules.get(module) if text is None else None)
    return missing


def namespace(names: dict[str, Any], later: Callable[[str], Any] | None = None) -> None:
    """Make of a module, by its globals, a namespace: completion shows what is public, and who asks for more is told what to write instead.

    `later` gives the names that are not imported yet, and turns to `getter` for all others. Checkers of types see nothing of it: where a module
    has `__getattr__`, every misspelt name exists to them.
    """
    names["__getattr__"] = getter(names["__name__"]) if later is None else later
    names["__dir__"] = lambda: [*names["__all__"]]
