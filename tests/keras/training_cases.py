"""What models are trained with, one row each: losses, metrics, optimizers and the like of Keras, with arguments. Values are in tests/data."""

from __future__ import annotations

from typing import Any

# Operands by name: labels and predictions.
OPERANDS = ("numbers", "probabilities", "classes", "sparse", "signs", "counts")
# name, operands, arguments
LOSSES: list[tuple[str, str, dict[str, Any]]] = [
    ("mean_squared_error", "numbers", {}), ("mean_absolute_error", "numbers", {}), ("mean_absolute_percentage_error", "numbers", {}),
    ("mean_squared_logarithmic_error", "counts", {}), ("logcosh", "numbers", {}), ("hinge", "signs", {}), ("hinge", "probabilities", {}),
    ("squared_hinge", "signs", {}), ("categorical_hinge", "classes", {}), ("poisson", "counts", {}), ("kullback_leibler_divergence", "classes", {}),
    ("cosine_similarity", "numbers", {}), ("cosine_proximity", "numbers", {}), ("binary_crossentropy", "probabilities", {}),
    ("binary_crossentropy", "probabilities", {"label_smoothing": 0.2}), ("binary_crossentropy", "numbers", {"from_logits": True}),
    ("categorical_crossentropy", "classes", {}), ("categorical_crossentropy", "classes", {"label_smoothing": 0.1}),
    ("categorical_crossentropy", "classes", {"from_logits": True}), ("sparse_categorical_crossentropy", "sparse", {}),
    ("sparse_categorical_crossentropy", "sparse", {"from_logits": True}),
]
LOSS_CLASSES: list[tuple[str, str, dict[str, Any]]] = [
    ("MeanSquaredError", "numbers", {}), ("MeanAbsoluteError", "numbers", {"reduction": "sum"}), ("MeanAbsolutePercentageError", "numbers", {}),
    ("MeanSquaredLogarithmicError", "counts", {}), ("BinaryCrossentropy", "probabilities", {"label_smoothing": 0.1}),
    ("BinaryCrossentropy", "numbers", {"from_logits": True}), ("CategoricalCrossentropy", "classes", {}),
    ("SparseCategoricalCrossentropy", "sparse", {}), ("SparseCategoricalCrossentropy", "sparse", {"from_logits": True, "reduction": "none"}),
    ("CosineSimilarity", "numbers", {}), ("Hinge", "signs", {}), ("SquaredHinge", "signs", {}), ("CategoricalHinge", "classes", {}),
    ("Poisson", "counts", {}), ("LogCosh", "numbers", {}), ("KLDivergence", "classes", {}), ("Huber", "numbers", {"delta": 0.5}),
    ("Huber", "numbers", {}),
]
METRIC_FUNCTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("binary_accuracy", "probabilities", {}), ("binary_accuracy", "probabilities", {"threshold": 0.3}), ("categorical_accuracy", "classes", {}),
    ("sparse_categorical_accuracy", "sparse", {}), ("top_k_categorical_accuracy", "classes", {"k": 2}),
    ("sparse_top_k_categorical_accuracy", "sparse", {"k": 2}),
]
# Each takes in two batches, the second with weights.
METRICS: list[tuple[str, str, dict[str, Any]]] = [
    ("Accuracy", "counts", {}), ("BinaryAccuracy", "probabilities", {}), ("BinaryAccuracy", "probabilities", {"threshold": 0.3}),
    ("CategoricalAccuracy", "classes", {}), ("SparseCategoricalAccuracy", "sparse", {}), ("TopKCategoricalAccuracy", "classes", {"k": 2}),
    ("SparseTopKCategoricalAccuracy", "sparse", {"k": 2}), ("MeanSquaredError", "numbers", {}), ("MeanAbsoluteError", "numbers", {}),
    ("MeanAbsolutePercentageError", "numbers", {}), ("MeanSquaredLogarithmicError", "counts", {}), ("RootMeanSquaredError", "numbers", {}),
    ("CosineSimilarity", "numbers", {}), ("Hinge", "signs", {}), ("SquaredHinge", "signs", {}), ("CategoricalHinge", "classes", {}),
    ("LogCoshError", "numbers", {}), ("Poisson", "counts", {}), ("KLDivergence", "classes", {}), ("BinaryCrossentropy", "probabilities", {}),
    ("CategoricalCrossentropy", "classes", {}), ("SparseCategoricalCrossentropy", "sparse", {}), ("AUC", "probabilities", {}),
    ("AUC", "probabilities", {"curve": "PR"}), ("AUC", "probabilities", {"num_thresholds": 5, "summation_method": "majoring"}),
    ("AUC", "probabilities", {"num_thresholds": 7, "curve": "PR", "summation_method": "minoring"}),
    ("AUC", "probabilities", {"thresholds": [0.2, 0.7]}),
    ("Precision", "probabilities", {}), ("Precision", "probabilities", {"thresholds": [0.2, 0.8]}), ("Precision", "classes", {"top_k": 2}),
    ("Precision", "classes", {"class_id": 1}), ("Recall", "probabilities", {}), ("Recall", "classes", {"top_k": 1, "class_id": 2}),
    ("TruePositives", "probabilities", {}), ("TrueNegatives", "probabilities", {"thresholds": 0.3}), ("FalsePositives", "probabilities", {}),
    ("FalseNegatives", "probabilities", {"thresholds": [0.3, 0.6]}),
]
# name, arguments; 5 steps of a matrix and a vector
OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}), ("SGD", {"learning_rate": 0.1, "momentum": 0.9}), ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.1, "decay": 0.5}), ("SGD", {"learning_rate": 0.1, "clipnorm": 0.5}), ("SGD", {"learning_rate": 0.1, "clipvalue": 0.1}),
    ("RMSprop", {}), ("RMSprop", {"learning_rate": 0.01, "rho": 0.8, "momentum": 0.5}), ("RMSprop", {"centered": True, "epsilon": 0.01}),
    ("RMSprop", {"centered": True, "momentum": 0.3}), ("Adagrad", {"learning_rate": 0.1}),
    ("Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.5, "epsilon": 0.1}), ("Adadelta", {"learning_rate": 1.0}),
    ("Adadelta", {"learning_rate": 0.5, "rho": 0.8, "epsilon": 0.01}), ("Adam", {}), ("Adam", {"learning_rate": 0.1, "beta_1": 0.8, "decay": 0.1}),
    ("Adam", {"learning_rate": 0.1, "amsgrad": True, "epsilon": 0.01}), ("Adamax", {"learning_rate": 0.05}), ("Nadam", {"learning_rate": 0.05}),
    ("Nadam", {"learning_rate": 0.05, "beta_1": 0.8, "epsilon": 0.01}), ("Ftrl", {"learning_rate": 0.1}),
    ("Ftrl", {"learning_rate": 0.1, "l1_regularization_strength": 0.05, "l2_regularization_strength": 0.1, "learning_rate_power": -0.3}),
]
# namespace, name, arguments: functions of a matrix
SHAPERS: list[tuple[str, str, dict[str, Any]]] = [
    ("regularizers", "l1", {}), ("regularizers", "l2", {"l": 0.1}), ("regularizers", "l1_l2", {"l1": 0.1, "l2": 0.2}),
    ("constraints", "MaxNorm", {"max_value": 1.0}), ("constraints", "MaxNorm", {"max_value": 1.0, "axis": [0, 1]}), ("constraints", "NonNeg", {}),
    ("constraints", "UnitNorm", {"axis": 1}), ("constraints", "MinMaxNorm", {"min_value": 0.5, "max_value": 1.0, "rate": 0.7}),
]
ACTIVATIONS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in ("elu", "exponential", "hard_sigmoid", "linear", "relu", "selu", "sigmoid", "softmax", "softplus", "softsign", "tanh")),
    ("elu", {"alpha": 0.3}), ("relu", {"alpha": 0.2}), ("relu", {"max_value": 0.5}), ("relu", {"threshold": 0.3, "alpha": 0.1, "max_value": 6}),
    ("relu", {"max_value": 6}), ("softmax", {"axis": 0}),
]


def named(*parts: Any) -> str:
    """The name of a row in the file of values."""
    return " ".join(str(p) for p in parts)
