"""Programs as TensorFlow 1's tutorials have them, run unchanged by `graphc run`: iris by a deep classifier, a census wide and deep."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tests import ROOT

IRIS = '''
import argparse
import csv
import tensorflow as tf

SPECIES = ['Setosa', 'Versicolor', 'Virginica']

def load(path):
    rows = list(csv.DictReader(open(path)))
    keys = [k for k in rows[0] if k != 'Species']
    return {k: [float(r[k]) for r in rows] for k in keys}, [int(r['Species']) for r in rows]

def train_input_fn(features, labels, batch_size):
    dataset = tf.data.Dataset.from_tensor_slices((dict(features), labels))
    dataset = dataset.shuffle(1000).repeat().batch(batch_size)
    return dataset

def eval_input_fn(features, labels, batch_size):
    features = dict(features)
    inputs = features if labels is None else (features, labels)
    dataset = tf.data.Dataset.from_tensor_slices(inputs)
    assert batch_size is not None, "batch_size must not be None"
    return dataset.batch(batch_size)

parser = argparse.ArgumentParser()
parser.add_argument('--batch_size', default=100, type=int, help='batch size')
parser.add_argument('--train_steps', default=1000, type=int, help='number of training steps')

def main(argv):
    args = parser.parse_args(argv[1:])
    train_x, train_y = load('iris_training.csv')
    test_x, test_y = load('iris_test.csv')
    my_feature_columns = []
    for key in train_x.keys():
        my_feature_columns.append(tf.feature_column.numeric_column(key=key))
    classifier = tf.estimator.DNNClassifier(feature_columns=my_feature_columns, hidden_units=[10, 10], n_classes=3,
                                            config=tf.estimator.RunConfig(tf_random_seed=3))
    classifier.train(input_fn=lambda: train_input_fn(train_x, train_y, args.batch_size), steps=args.train_steps)
    eval_result = classifier.evaluate(input_fn=lambda: eval_input_fn(test_x, test_y, args.batch_size))
    print('\\nTest set accuracy: {accuracy:0.3f}\\n'.format(**eval_result))
    predict_x = {'SepalLength': [5.1, 5.9, 6.9], 'SepalWidth': [3.3, 3.0, 3.1], 'PetalLength': [1.7, 4.2, 5.4], 'PetalWidth': [0.5, 1.5, 2.1]}
    predictions = classifier.predict(input_fn=lambda: eval_input_fn(predict_x, labels=None, batch_size=args.batch_size))
    template = ('\\nPrediction is "{}" ({:.1f}%), expected "{}"')
    for pred_dict, expec in zip(predictions, SPECIES):
        class_id = pred_dict['class_ids'][0]
        probability = pred_dict['probabilities'][class_id]
        print(template.format(SPECIES[class_id], 100 * probability, expec))

if __name__ == '__main__':
    tf.logging.set_verbosity(tf.logging.INFO)
    tf.app.run(main)
'''

CENSUS = '''
import sys
import tensorflow as tf

_CSV_COLUMNS = ['age', 'workclass', 'education', 'occupation', 'hours_per_week', 'income_bracket']
_CSV_COLUMN_DEFAULTS = [[0], [''], [''], [''], [0], ['']]

def build_model_columns():
    age = tf.feature_column.numeric_column('age')
    hours_per_week = tf.feature_column.numeric_column('hours_per_week')
    education = tf.feature_column.categorical_column_with_vocabulary_list('education', ['Bachelors', 'HS-grad', 'Masters', 'Doctorate'])
    workclass = tf.feature_column.categorical_column_with_vocabulary_list('workclass', ['Private', 'State-gov', '?'])
    occupation = tf.feature_column.categorical_column_with_hash_bucket('occupation', hash_bucket_size=1000)
    age_buckets = tf.feature_column.bucketized_column(age, boundaries=[18, 25, 30, 35, 40, 45, 50, 55, 60, 65])
    base_columns = [education, workclass, occupation, age_buckets]
    crossed_columns = [
        tf.feature_column.crossed_column(['education', 'occupation'], hash_bucket_size=1000),
        tf.feature_column.crossed_column([age_buckets, 'education', 'occupation'], hash_bucket_size=1000)]
    deep_columns = [age, hours_per_week, tf.feature_column.indicator_column(workclass), tf.feature_column.indicator_column(education),
                    tf.feature_column.embedding_column(occupation, dimension=8)]
    return base_columns + crossed_columns, deep_columns

def build_estimator(model_dir, model_type):
    wide_columns, deep_columns = build_model_columns()
    hidden_units = [100, 75, 50, 25]
    run_config = tf.estimator.RunConfig(tf_random_seed=3).replace(session_config=tf.ConfigProto(device_count={'GPU': 0}))
    if model_type == 'wide':
        return tf.estimator.LinearClassifier(model_dir=model_dir, feature_columns=wide_columns, config=run_config)
    elif model_type == 'deep':
        return tf.estimator.DNNClassifier(model_dir=model_dir, feature_columns=deep_columns, hidden_units=hidden_units, config=run_config)
    else:
        return tf.estimator.DNNLinearCombinedClassifier(
            model_dir=model_dir, linear_feature_columns=wide_columns, dnn_feature_columns=deep_columns, dnn_hidden_units=hidden_units,
            config=run_config)

def input_fn(data_file, num_epochs, shuffle, batch_size):
    assert tf.gfile.Exists(data_file), ('%s not found.' % data_file)

    def parse_csv(value):
        columns = tf.decode_csv(value, record_defaults=_CSV_COLUMN_DEFAULTS)
        features = dict(zip(_CSV_COLUMNS, columns))
        labels = features.pop('income_bracket')
        return features, tf.equal(labels, '>50K')

    dataset = tf.data.TextLineDataset(data_file)
    if shuffle:
        dataset = dataset.shuffle(buffer_size=500)
    dataset = dataset.map(parse_csv, num_parallel_calls=5)
    dataset = dataset.repeat(num_epochs)
    return dataset.batch(batch_size)

model = build_estimator('model', sys.argv[1])
for n in range(3):
    model.train(input_fn=lambda: input_fn('adult.data', 4, True, 40))
    results = model.evaluate(input_fn=lambda: input_fn('adult.test', 1, False, 40))
    for key in sorted(results):
        print('%s: %s' % (key, results[key]))
'''


def run(program: str, folder: str, *arguments: str) -> str:
    path = os.path.join(folder, "program.py")
    with open(path, "w") as file:
        file.write(program)
    done = subprocess.run([sys.executable, "-m", "graphc", "run", path, *arguments], capture_output=True, text=True, cwd=folder,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_iris(tmp_path):
    """Flowers of three kinds, drawn around the means of the real ones."""
    draws = np.random.RandomState(2)
    means = np.array([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0]])
    for name, count in (("iris_training.csv", 120), ("iris_test.csv", 60)):
        kinds = draws.randint(0, 3, count)
        rows = means[kinds] + draws.randn(count, 4) * [0.3, 0.25, 0.2, 0.15]
        lines = [",".join([*(f"{v:.1f}" for v in row), str(k)]) for row, k in zip(rows, kinds, strict=True)]
        (tmp_path / name).write_text("\n".join(["SepalLength,SepalWidth,PetalLength,PetalWidth,Species", *lines]) + "\n")
    said = run(IRIS, str(tmp_path), "--train_steps=400")
    assert float(said.partition("Test set accuracy: ")[2].split()[0]) > 0.85
    assert [line.split('expected "')[1].rstrip('"') for line in said.splitlines() if "expected" in line] == ["Setosa", "Versicolor", "Virginica"]


@pytest.mark.parametrize("kind", ["wide", "deep", "both"])
def test_census(kind, tmp_path):
    """A table in which education and age decide."""
    draws = np.random.RandomState(4)
    for name, count in (("adult.data", 400), ("adult.test", 100)):
        lines = []
        for _ in range(count):
            age, hours = draws.randint(17, 80), draws.randint(10, 60)
            edu, work = draws.choice(["Bachelors", "HS-grad", "Masters", "Doctorate"]), draws.choice(["Private", "State-gov", "?"])
            rich = edu in ("Masters", "Doctorate") and age > 30
            lines.append(f"{age},{work},{edu},job{draws.randint(8)},{hours},{'>50K' if rich else '<=50K'}")
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    said = [line.split(": ") for line in run(CENSUS, str(tmp_path), kind).splitlines() if ": " in line]
    found = {key: float(value) for key, value in said}
    assert found["global_step"] == 120 and found["auc"] > (0.55 if kind == "deep" else 0.9)      # so few steps move the deep one little
