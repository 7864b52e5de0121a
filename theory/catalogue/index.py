"""What the catalogue holds, without deriving it: ids and statements as they stand in the source.

The files ``results.py`` of the subjects are read, not run, so that a list of all results needs no
computer algebra.  An entry therefore begins with its id and its statement as plain strings.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from neurenorm.theory.catalogue.papers import Paper, keys

__all__ = ["Listed", "listed"]

THEORY = Path(__file__).parent.parent


@dataclass(frozen=True)
class Listed:
    """A result as a list shows it: its id and its statement in words."""

    id: str
    statement: str

    @property
    def paper(self) -> Paper:
        """The paper whose model this belongs to."""
        return Paper.of(self.id)


def listed(paper: str | None = None) -> tuple[Listed, ...]:
    """Return ids and statements of all results, or of those of one paper, in their order.

    Raises
    ------
    ValueError
        If there is no such key.

    Examples
    --------
    >>> listed("lattice")[1].statement
    'Spin correlation of the infinite Ising chain at distance r'
    """
    return tuple(entry for key in keys(paper) for entry in _entries(key))


def _entries(key: str) -> Iterator[Listed]:
    """Yield the entries that the file of one paper writes."""
    text = (THEORY / key.replace("-", "_") / "results.py").read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text[text.index("\nRESULTS") :])):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Result":
            yield Listed(*(ast.literal_eval(argument) for argument in node.args[:2]))
