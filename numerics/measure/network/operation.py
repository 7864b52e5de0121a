"""Operation: one step of a network, and the error that names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ACTIVATIONS", "HIDDEN", "ModelError", "Operation"]

ACTIVATIONS = (
    *("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Gelu", "Erf", "Tanh", "Sigmoid"),
    *("HardSigmoid", "HardSwish", "Softplus", "Clip", "Mish", "Softsign", "Swish"),
)
"""Operations whose input is the pre-activation of a unit; a unit is on where that is positive."""

HIDDEN = ("LSTM", "GRU", "RNN")
"""Operators with activations inside, which nothing outside can record."""


class ModelError(ValueError):
    """A model that cannot be read or run: what is wrong, and what would be right."""


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation.

    Parameters
    ----------
    name : str
        Unique name, for messages and tables.
    kind : str
        An operator, by the names of ONNX.
    inputs, outputs : tuple of str
        Names of arrays; an empty name is one that is left out.
    attributes : mapping
    domain : str
        Of the operator; empty for the standard.
    captured : tuple of str
        Arrays that the bodies of control flow read from outside.

    Examples
    --------
    >>> Operation("clip", "Clip", ("x", "", "top"), ("y",)).reads
    ('x', 'top')
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    domain: str = ""
    captured: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """The arrays that the operation needs, each once."""
        return tuple(dict.fromkeys(name for name in (*self.inputs, *self.captured) if name))
