"""What to write for what Python, NumPy and eager libraries do with values, and no tensor can: it has none while the graph is built."""

from __future__ import annotations


def _table(text: str) -> dict[str, str]:
    return {name: write for line in text.strip().splitlines() for names, _, write in [line.partition(" | ")] for name in names.split()}


# What a tensor says that is asked for its value.
RUN = "it has no value while the graph is built; session.run(x) gives it"

# Attributes | what to write for them, where x is the tensor.
ATTRIBUTES = _table("""
numpy item tolist data value detach cpu | session.run(x)
mean | tf.reduce_mean(x, axis)
sum | tf.reduce_sum(x, axis)
max amax | tf.reduce_max(x, axis)
min amin | tf.reduce_min(x, axis)
prod | tf.reduce_prod(x, axis)
any | tf.reduce_any(x, axis)
all | tf.reduce_all(x, axis)
std | tf.reduce_std(x, axis)
var | tf.reduce_variance(x, axis)
argmax | tf.argmax(x, axis)
argmin | tf.argmin(x, axis)
cumsum | tf.cumsum(x, axis)
cumprod | tf.cumprod(x, axis)
clip clamp | tf.clip_by_value(x, low, high)
round | tf.round(x)
exp | tf.exp(x)
log | tf.log(x)
sqrt | tf.sqrt(x)
abs | tf.abs(x)
pow | x ** y
sigmoid | tf.sigmoid(x)
tanh | tf.tanh(x)
relu | tf.nn.relu(x)
softmax | tf.nn.softmax(x)
dot mm matmul | tf.matmul(x, y), or tf.reduce_sum(x * y) for two vectors
norm | tf.norm(x)
T t mT | tf.transpose(x)
transpose permute | tf.transpose(x, perm)
reshape view | tf.reshape(x, shape)
flatten ravel | tf.reshape(x, [-1])
squeeze | tf.squeeze(x, axis)
unsqueeze | tf.expand_dims(x, axis)
expand | tf.broadcast_to(x, shape)
repeat tile | tf.tile(x, multiples)
take | tf.gather(x, indices)
astype to cast | tf.cast(x, dtype)
float | tf.cast(x, tf.float32)
double | tf.cast(x, tf.float64)
int | tf.cast(x, tf.int32)
long | tf.cast(x, tf.int64)
ndim dim | x.shape.ndims, or tf.rank(x) when the graph runs
size numel | tf.size(x)
copy clone | tf.identity(x); tensors do not change, so that none is needed
fill zero_ fill_ copy_ add_ mul_ | nothing changes a tensor; tf.assign changes a tf.Variable
assign assign_add assign_sub load | only a tf.Variable is assigned to
grad backward | tf.gradients(y, [x])
requires_grad requires_grad_ | nothing: tf.gradients(y, [x]) differentiates by any tensor
initializer | only a tf.Variable has an initializer
""")

# Methods of Python's that convert or change: what is done | what to write.
METHODS = {
    "__float__": ("float() of", RUN),
    "__int__": ("int() of", RUN),
    "__complex__": ("complex() of", RUN),
    "__index__": ("an index or a count from", f"{RUN}; tf.range, tf.gather and x[i] take tensors"),
    "__round__": ("round() of", "tf.round(x) rounds"),
    "__setitem__": ("assignment to a part of", "tensors do not change: tf.where(mask, value, x) makes another; tf.assign changes a tf.Variable"),
    "__delitem__": ("deletion of a part of", "tensors do not change: x[a:b], tf.gather and tf.boolean_mask choose parts"),
}

# What operations without a result refuse: the operators of Python between tensors.
_PAIRED = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
OPERATION = "it has no result; session.run(op) runs it, and tf.control_dependencies([op]) orders it before others"
ARITHMETIC = (*(f"__{r}{n}__" for n in _PAIRED for r in ("", "r")), "__lt__", "__le__", "__gt__", "__ge__", "__neg__", "__abs__", "__invert__",
              "__getitem__", "__setitem__", "__float__", "__int__")

# What an array does with a tensor on its right is the tensor's reflected method; by the name of NumPy's function.
REFLECTED = {
    "add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__", "divide": "__rtruediv__", "true_divide": "__rtruediv__",
    "floor_divide": "__rfloordiv__", "remainder": "__rmod__", "power": "__rpow__", "matmul": "__rmatmul__",
    "bitwise_and": "__rand__", "bitwise_or": "__ror__", "bitwise_xor": "__rxor__",
    "less": "__gt__", "less_equal": "__ge__", "greater": "__lt__", "greater_equal": "__le__",
}

# NumPy's functions of other names than TensorFlow's.
RENAMED = _table("""
arccos | acos
arccosh | acosh
arcsin | asin
arcsinh | asinh
arctan | atan
arctan2 | atan2
arctanh | atanh
absolute fabs | abs
power float_power | pow
divide true_divide | truediv
nextafter | math.nextafter
floor_divide | floordiv
remainder | floormod
conjugate positive | identity
bitwise_and | logical_and
bitwise_or | logical_or
bitwise_xor | logical_xor
invert | logical_not
left_shift bitwise_left_shift | bitwise.left_shift
right_shift bitwise_right_shift | bitwise.right_shift
isnan | is_nan
isinf | is_inf
isfinite | is_finite
""")
