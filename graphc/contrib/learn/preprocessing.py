"""`tf.contrib.learn.preprocessing`: texts as rows of word numbers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...errors import DataLossError, GraphError, NotFoundError
from ...ir.arguments import hold as _hold
from ...ir.node import here
from ...ir.types import Array
from ...tf1_names import namespace as _namespace

__all__ = ["CategoricalVocabulary", "VocabularyProcessor", "tokenizer"]

# Words as TensorFlow finds them: runs of capitals, parts of compounds in mixed case, letters, digits, ' and -.
_WORD = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\'\w\-]+", re.UNICODE)


def tokenizer(iterator: Iterable[str]) -> Iterator[list[str]]:
    """The words of each text.

    >>> list(tf.contrib.learn.preprocessing.tokenizer(["Don't stop, OK?"]))
    [["Don't", 'stop', 'OK']]
    """
    for text in iterator:
        yield _WORD.findall(text)


class CategoricalVocabulary:
    """Numbers of words, from 1 on in the order in which they came; 0 is of all others. Frozen, it takes no more."""

    def __init__(self, unknown_token: str = "<UNK>", support_reverse: bool = True):
        self._unknown, self._frozen, self._reverse = unknown_token, False, support_reverse
        self._mapping: dict[str, int] = {unknown_token: 0}
        self._freq: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._mapping)

    def freeze(self, freeze: bool = True) -> None:
        """Take no more words (or again)."""
        self._frozen = freeze

    def get(self, category: str) -> int:
        """The number of a word; of one that is not there a new one, or 0 if the vocabulary is frozen."""
        if category not in self._mapping:
            if self._frozen:
                return 0
            self._mapping[category] = len(self._mapping)
        return self._mapping[category]

    def add(self, category: str, count: int = 1) -> None:
        """Count a word."""
        if self.get(category) > 0:
            self._freq[category] += count

    def trim(self, min_frequency: int, max_frequency: int = -1) -> None:
        """Keep the words that came more often than `min_frequency`, and less than `max_frequency` (-1: any), the most frequent first."""
        kept = [w for w, n in sorted(sorted(self._freq.items()), key=lambda item: item[1], reverse=True)
                if n > min_frequency and not 0 < max_frequency <= n]
        self._freq = Counter({w: self._freq[w] for w in kept})
        self._mapping = {w: i for i, w in enumerate([self._unknown, *kept])}

    def reverse(self, class_id: int) -> str:
        """The word of a number. GraphError: there is none."""
        words = [*self._mapping]
        if not 0 <= class_id < len(words):
            raise GraphError(f"there is no word {class_id}{here()}")
        return words[class_id]


class VocabularyProcessor:
    """Texts as rows of word numbers, int64[max_document_length]: longer ones are cut, shorter ones filled up with 0.

    >>> words = tf.contrib.learn.preprocessing.VocabularyProcessor(4)
    >>> [row.tolist() for row in words.fit_transform(["a b c", "b d"])], len(words.vocabulary_)
    ([[1, 2, 3, 0], [2, 4, 0, 0]], 5)
    """

    def __init__(self, max_document_length: int, min_frequency: int = 0, vocabulary: CategoricalVocabulary | None = None,
                 tokenizer_fn: Callable[[Iterable[str]], Iterable[list[str]]] | None = None):
        self.max_document_length, self.min_frequency = max_document_length, min_frequency
        self.vocabulary_ = vocabulary if vocabulary is not None else CategoricalVocabulary()
        self._tokenizer = tokenizer_fn or tokenizer

    def fit(self, raw_documents: Iterable[str], unused_y: Any = None) -> VocabularyProcessor:
        """Learn the words of texts; itself."""
        for words in self._tokenizer(raw_documents):
            for word in words:
                self.vocabulary_.add(word)
        if self.min_frequency > 0:
            self.vocabulary_.trim(self.min_frequency)
        self.vocabulary_.freeze()
        return self

    def fit_transform(self, raw_documents: Iterable[str], unused_y: Any = None) -> Iterator[Array]:
        """Learn the words of texts, and give the rows."""
        texts = [*raw_documents]
        self.fit(texts)
        return self.transform(texts)

    def transform(self, raw_documents: Iterable[str]) -> Iterator[Array]:
        """A row for each text."""
        for words in self._tokenizer(raw_documents):
            row = np.zeros(self.max_document_length, np.int64)
            for i, word in enumerate(words[:self.max_document_length]):
                row[i] = self.vocabulary_.get(word)
            yield row

    def reverse(self, documents: Iterable[Iterable[int]]) -> Iterator[str]:
        """The words of rows, with spaces between."""
        for row in documents:
            yield " ".join(self.vocabulary_.reverse(int(i)) for i in row)

    def save(self, filename: str) -> None:
        """Write the vocabulary as JSON, which `restore` reads."""
        vocabulary = self.vocabulary_
        with open(filename, "w", encoding="utf-8") as file:
            json.dump({"length": self.max_document_length, "min_frequency": self.min_frequency, "words": [*vocabulary._mapping],
                       "counts": dict(vocabulary._freq), "frozen": vocabulary._frozen}, file)

    @classmethod
    def restore(cls, filename: str) -> VocabularyProcessor:
        """What `save` wrote; nothing that is read is executed. NotFoundError: no such file. DataLossError: it is none."""
        try:
            with open(filename, encoding="utf-8") as file:
                read = json.load(file)
            made = cls(int(read["length"]), int(read["min_frequency"]))
            made.vocabulary_._mapping = {str(w): i for i, w in enumerate(read["words"])}
            made.vocabulary_._freq = Counter({str(w): int(n) for w, n in read["counts"].items()})
            made.vocabulary_._frozen = bool(read["frozen"])
        except OSError as e:
            raise NotFoundError(f"VocabularyProcessor.restore: {filename!r:.200}: {e.strerror}{here()}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            raise DataLossError(f"VocabularyProcessor.restore: {filename!r:.200} is no vocabulary of graphc's: {e}{here()}") from None
        return made


_hold(globals(), __all__)

_namespace(globals())
