"""Result and Parameter: one entry of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Symbol
from sympy.sets import Set

from neurenorm.graphs.rendering import Tabulated
from neurenorm.theory.catalogue.papers import Paper
from neurenorm.theory.symbols import Subject
from neurenorm.theory.typeset.derivation import Derivation
from neurenorm.theory.typeset.display import tex

__all__ = ["REQUIRED", "Parameter", "Result"]

REQUIRED = object()


@dataclass(frozen=True)
class Parameter(Tabulated):
    """One parameter of a result.

    Parameters
    ----------
    name : str
        Name on the command line and in Python.
    meaning : str
        In words.
    domain : sympy Set or tuple of str or None
        Numbers it may take, or the words it may be, or None where ``check`` decides.
    default : optional
        Its value when it is not given; `REQUIRED` (the default) if it must be, None if it may be
        absent.
    structural : bool
        Whether it shapes the derivation (a number of bonds, an activation) rather than being put
        into the derived formula.
    infinite : bool
        Whether ``inf`` is allowed.
    convert : callable, optional
        Turns the given value into the one the derivation takes, raising ValueError with one clear
        sentence.

    Examples
    --------
    >>> from sympy import Reals
    >>> Parameter("K", "coupling", Reals).required
    True
    """

    name: str
    meaning: str
    domain: Set | tuple[str, ...] | None = None
    default: Any = REQUIRED
    structural: bool = False
    infinite: bool = False
    convert: Callable[[Any], Any] | None = None

    @property
    def required(self) -> bool:
        """Whether the parameter must be given."""
        return self.default is REQUIRED


@dataclass(frozen=True)
class Result:
    """A derived result: what it states, what it takes, what it gives, and how it is derived.

    Parameters
    ----------
    id : str
        Stable identifier, ``paper/name``.
    statement : str
        One line in words.
    subject : Subject
        Whose symbols the formulas use.
    parameters : tuple of Parameter
    values : tuple of str
        Names of the values: evaluation returns exactly these, None where one does not apply.
    derive : callable
        Takes the structural parameters by name and returns the derived object: an expression, a
        Recursion, a field, or a stated problem.
    conventions : tuple of str
        Sentences printed with every export.
    example : mapping
        Structural parameters for display.
    units : mapping of str to str, or str
        Unit of each value that has one, or the unit of all; the others are pure numbers.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import result
    >>> result("lattice/ising-correlation").paper.key
    'lattice'
    """

    id: str
    statement: str
    subject: Subject
    parameters: tuple[Parameter, ...]
    values: tuple[str, ...]
    derive: Callable[..., Any]
    conventions: tuple[str, ...] = ()
    example: Mapping[str, Any] | None = None
    units: Mapping[str, str] | str = ""

    @property
    def declared(self) -> dict[str, str]:
        """The values that evaluation returns, each with its unit; ``"1"`` for a pure number.

        Examples
        --------
        >>> from neurenorm.theory.catalogue import result
        >>> result("lattice/ising-decimation").declared
        {'K': '1', 'h': '1', 'log_constant': 'nats'}
        """
        if isinstance(self.units, str):
            return dict.fromkeys(self.values, self.units or "1")
        return {name: self.units.get(name, "1") for name in self.values}

    @property
    def paper(self) -> Paper:
        """The paper whose model this belongs to."""
        return Paper.of(self.id)

    @property
    def provenance(self) -> str:
        """One sentence on where the result comes from."""
        return self.paper.provenance

    def shown(self) -> Any:
        """Return the derived object for the parameters of the example."""
        return self.derive(**(self.example or {}))

    def to_latex(self) -> str:
        """Return the formula of the example in LaTeX."""
        return object_latex(self.shown(), self.subject)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"


def object_latex(derived: Any, subject: Subject | None = None) -> str:
    """Return the LaTeX of any derived object: it may know its own (``to_latex``), or be an
    expression.
    """
    names: Mapping[Symbol, str] = {} if subject is None else subject.latex_names()
    if hasattr(derived, "to_latex"):
        return str(derived.to_latex() if subject is None else derived.to_latex(names))
    if isinstance(derived, Expr):
        return str(tex(derived, dict(names)))
    raise TypeError(
        f"a {type(derived).__name__} has no LaTeX: give its class a method to_latex(names)"
    )


def object_derivation(derived: Any) -> Derivation | None:
    """Return the derivation of a derived object, where it has one."""
    derivation: Derivation | None = getattr(derived, "derivation", None)
    return derivation if derivation is not None and derivation.steps else None
