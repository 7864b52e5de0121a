"""Every result of the catalogue, and the one of an id."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

from neurenorm.theory.catalogue.papers import PAPERS, keys
from neurenorm.theory.catalogue.result import Result

__all__ = ["result", "results"]


def results(paper: str | None = None) -> tuple[Result, ...]:
    """Return all results, or those of one paper, in the order of the catalogue.

    Parameters
    ----------
    paper : str, optional
        Key of a paper.

    Raises
    ------
    ValueError
        If there is no such key.

    Examples
    --------
    >>> [entry.id for entry in results("lattice")][:2]
    ['lattice/ising-decimation', 'lattice/ising-correlation']
    """
    found: list[Result] = []
    for key in keys(paper):
        found += import_module(f"neurenorm.theory.{key.replace('-', '_')}.results").RESULTS
    return tuple(found)


def result(identifier: str) -> Result:
    """Return the result with this id.

    Raises
    ------
    ValueError
        If there is none; the message names the nearest ids.

    Examples
    --------
    >>> result("lattice/ising-correlation").values
    ('value',)
    """
    paper = identifier.partition("/")[0]
    table = {entry.id: entry for entry in results(paper if paper in PAPERS else None)}
    if identifier not in table:
        table = {entry.id: entry for entry in results()}
        near = get_close_matches(identifier, table, n=3, cutoff=0.4)
        raise ValueError(
            f"unknown id {identifier!r}; "
            + (f"did you mean {' or '.join(near)}?" if near else "neurenorm list shows all")
        )
    return table[identifier]
