"""Texts as sequences of numbers: words split off, counted, and numbered by how often they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...errors import FeedError
from ...ir.node import here
from ...tf1_names import namespace as _namespace

__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]

_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(text: str, filters: str = _FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """The words of a text: what stands between `split`, which takes the place of each of the `filters`.

    >>> tf.keras.preprocessing.text.text_to_word_sequence("Well, well!")
    ['well', 'well']
    """
    plain = text.lower() if lower else text
    taken: dict[str, str | int | None] = dict.fromkeys(filters, split)
    words = plain.translate(str.maketrans(taken)).split(split)
    return [w for w in words if w]


def hashing_trick(text: str, n: int, hash_function: Any = None, filters: str = _FILTERS, lower: bool = True, split: str = " ") -> list[int]:
    """The words of a text as numbers from 1 to n - 1, by a hash: Python's own by default, "md5", or a function of a text.

    Two words may have one number; Python's own hash differs from process to process.
    """
    find: Callable[[str], int] = hash if hash_function is None else hash_function
    if hash_function == "md5":
        find = lambda word: int(hashlib.md5(word.encode()).hexdigest(), 16)  # noqa: E731
    return [find(word) % (n - 1) + 1 for word in text_to_word_sequence(text, filters, lower, split)]


def one_hot(text: str, n: int, filters: str = _FILTERS, lower: bool = True, split: str = " ") -> list[int]:
    """The words of a text as numbers from 1 to n - 1, by Python's own hash: `hashing_trick`."""
    return hashing_trick(text, n, None, filters, lower, split)


class Tokenizer:
    """Numbers words by how often they are in texts, 1 the most frequent, and gives texts as sequences of these, or as rows of a matrix.

    `num_words`: only words of smaller numbers are kept; `oov_token`: the word that stands, with the number 1, for those that are not known;
    `char_level`: characters instead of words; `analyzer`: a function of a text that gives its words.

    >>> tokens = tf.keras.preprocessing.text.Tokenizer()
    >>> tokens.fit_on_texts(["the cat", "the dog"])
    >>> tokens.texts_to_sequences(["the dog"])
    [[1, 3]]
    """

    def __init__(self, num_words: int | None = None, filters: str = _FILTERS, lower: bool = True, split: str = " ", char_level: bool = False,
                 oov_token: str | None = None, document_count: int = 0, analyzer: Callable[[str], Iterable[str]] | None = None, **kwargs: Any):
        if set(kwargs) - {"nb_words"}:
            raise FeedError(f"Tokenizer has no argument {min(kwargs)!r:.60}{here()}")
        self.num_words = kwargs.get("nb_words", num_words)
        self.filters, self.lower, self.split, self.char_level, self.oov_token, self.analyzer = filters, lower, split, char_level, oov_token, analyzer
        self.document_count = document_count
        self.word_counts: dict[str, int] = {}
        self.word_docs: dict[str, int] = {}
        self.index_docs: dict[int, int] = {}
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: Any) -> list[str]:
        if self.char_level or isinstance(text, list):
            return [w.lower() for w in text] if self.lower else list(text)
        return list(self.analyzer(text)) if self.analyzer is not None else text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count the words of texts, or of lists of words, and number them anew."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for w in words:
                self.word_counts[w] = self.word_counts.get(w, 0) + 1
            for w in set(words):
                self.word_docs[w] = self.word_docs.get(w, 0) + 1
        ranked = sorted(self.word_counts, key=lambda w: -self.word_counts[w])
        known = [*([self.oov_token] if self.oov_token is not None else []), *ranked]
        self.word_index = {w: i for i, w in enumerate(known, 1)}
        self.index_word = {i: w for w, i in self.word_index.items()}
        self.index_docs = {self.word_index[w]: count for w, count in self.word_docs.items()}

    def fit_on_sequences(self, sequences: Iterable[Any]) -> None:
        """Count in how many sequences each number is."""
        for sequence in sequences:
            self.document_count += 1
            for i in set(sequence):
                self.index_docs[i] = self.index_docs.get(i, 0) + 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """The numbers of the words of each text."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """The numbers of the words of each text, one text after the other."""
        unknown = self.word_index.get(self.oov_token) if self.oov_token is not None else None
        for text in texts:
            found = (self.word_index.get(w) for w in self._words(text))
            kept = (unknown if i is None or self.num_words and i >= self.num_words else i for i in found)
            yield [i for i in kept if i is not None]

    def sequences_to_texts(self, sequences: Iterable[Any]) -> list[str]:
        """The words of each sequence of numbers, with spaces between them."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Any]) -> Iterator[str]:
        """The words of each sequence of numbers, one sequence after the other."""
        for sequence in sequences:
            found = (self.oov_token if i not in self.index_word or self.num_words and i >= self.num_words else self.index_word[i] for i in sequence)
            yield " ".join(w for w in found if w is not None)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> Any:
        """A row for each text, with a column for each number: `sequences_to_matrix` of its words."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Any, mode: str = "binary") -> Any:
        """A row for each sequence, with a column for each number: whether it is there, its "count", its share ("freq"), or "tfidf".

        FeedError: another mode, or neither `num_words` nor counted texts.
        """
        if mode not in ("binary", "count", "freq", "tfidf"):
            raise FeedError(f"sequences_to_matrix: the mode is 'binary', 'count', 'freq' or 'tfidf', not {mode!r:.40}{here()}")
        if not self.num_words and not self.word_index:
            raise FeedError(f"sequences_to_matrix: specify a dimension (num_words), or fit on some text data first{here()}")
        if mode == "tfidf" and not self.document_count:
            raise FeedError(f"sequences_to_matrix: fit the Tokenizer on some data before using tfidf mode{here()}")
        made = np.zeros((len(sequences), self.num_words or len(self.word_index) + 1))
        for row, sequence in zip(made, sequences, strict=True):
            counts: dict[int, int] = {}
            for i in sequence:
                if i < len(row):
                    counts[i] = counts.get(i, 0) + 1
            for i, count in counts.items():
                if mode == "tfidf":
                    row[i] = (1 + np.log(count)) * np.log(1 + self.document_count / (1 + self.index_docs.get(i, 0)))
                else:
                    row[i] = 1 if mode == "binary" else count if mode == "count" else count / len(sequence)
        return made

    def get_config(self) -> dict[str, Any]:
        """What it was made with, and what it has counted, as plain data."""
        return {"num_words": self.num_words, "filters": self.filters, "lower": self.lower, "split": self.split, "char_level": self.char_level,
                "oov_token": self.oov_token, "document_count": self.document_count,
                **{name: json.dumps(getattr(self, name)) for name in ("word_counts", "word_docs", "index_docs", "index_word", "word_index")}}

    def to_json(self, **kwargs: Any) -> str:
        """Its configuration as JSON, for `tokenizer_from_json`; `kwargs`: of `json.dumps`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The Tokenizer that `to_json` described. FeedError: the text describes none."""
    try:
        config = dict(json.loads(json_string)["config"])
        held = {name: json.loads(config.pop(name)) for name in ("word_counts", "word_docs", "index_docs", "index_word", "word_index")}
    except (KeyError, TypeError, ValueError):
        raise FeedError(f"tokenizer_from_json: {json_string!r:.60} describes no Tokenizer{here()}") from None
    made = Tokenizer(**config)
    made.word_counts, made.word_docs, made.word_index = held["word_counts"], held["word_docs"], held["word_index"]
    made.index_docs, made.index_word = ({int(k): v for k, v in held[name].items()} for name in ("index_docs", "index_word"))
    return made


_namespace(globals())
