"""What is known of values that have elements before they are there: `DatasetSpec`, and what `OptionalSpec` shares with it."""

from __future__ import annotations

from typing import Any

from ..errors import GraphError
from ..ir.node import here
from ..ir.types import TEXT, as_shape, compatible
from ..ops.type_specs import TypeSpec
from .dataset import Dataset
from .structure import Inner, Structure, joined, looser, of_specs, same_form, told

__all__ = ["DatasetSpec"]


class OfElements(TypeSpec):
    """What is known of a value, of the class `value_type`, that has elements of one structure."""

    def __init__(self, element_spec: Any):
        super().__init__((), TEXT)
        self._elements = element_spec if isinstance(element_spec, Structure) else of_specs(type(self).__name__, element_spec)

    @classmethod
    def from_value(cls, value: Any) -> Any:
        """The spec of such a value. GraphError: it is none."""
        given: Any = value
        if not isinstance(value, cls.value_type):
            raise GraphError(f"{cls.__name__}.from_value takes a value of the class {cls.value_type.__name__}, not {value!r:.60}{here()}")
        return cls(given._structure)

    def _found(self, value: Any) -> TypeSpec | None:
        return type(self).from_value(value) if isinstance(value, self.value_type) else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({told(self._elements, 'specs')!r})"

    def _told(self) -> tuple[Any, ...]:
        return (*super()._told(), repr(told(self._elements, "specs")))

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value, or what another spec describes, may be what this one describes."""
        found = spec_or_value if isinstance(spec_or_value, TypeSpec) else self._found(spec_or_value)
        if not isinstance(found, type(self)) or not same_form(self._elements.form, found._elements.form):
            return False
        return all(a.dtype == b.dtype and compatible(a.shape, b.shape) for a, b in zip(self._elements.types, found._elements.types, strict=True))

    def most_specific_compatible_type(self, other: Any) -> Any:
        """What is known of what this one describes, or another one. GraphError: of elements that are not alike."""
        found = other if isinstance(other, TypeSpec) else self._found(other)
        if not isinstance(found, type(self)):
            raise GraphError(f"{type(self).__name__}: {other!r:.80} is another thing{here()}")
        return type(self)(joined(type(self).__name__, self._elements, found._elements, looser))


class DatasetSpec(OfElements):
    """What is known of a dataset: specs of its elements' components, nested as these are. GraphError: no specs.

    >>> spec = tf.data.DatasetSpec(tf.TensorSpec([None], tf.int64))
    >>> spec.is_compatible_with(tf.data.Dataset.range(5).batch(2)), spec.is_compatible_with(tf.data.Dataset.range(5))
    (True, False)
    """

    value_type = Dataset

    def __init__(self, element_spec: Any, dataset_shape: Any = ()):
        if as_shape(dataset_shape) != ():
            raise GraphError(f"DatasetSpec: there is one dataset, and none of shape {dataset_shape!r:.40}{here()}")
        super().__init__(element_spec)


Inner.spec = DatasetSpec
