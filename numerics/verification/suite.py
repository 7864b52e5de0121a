"""The verification suite: gather claims, run them under one false-alarm budget, tell what was
found.
"""

from __future__ import annotations

import ast
import math
import runpy
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from traceback import extract_tb
from typing import Any

import numpy as np
from tqdm import tqdm

from neurenorm.numerics import claims as claims_package
from neurenorm.numerics.verification.claim import Claim, Effort, Report
from neurenorm.numerics.verification.compare import Comparison, Verdict, share
from neurenorm.numerics.verification.index import claim_ids, claims_of_result, indexed

__all__ = [
    "claims_by_module",
    "claims_in_file",
    "claims_on",
    "gather_claims",
    "papers",
    "run_claims",
]


def gather_claims(paper: str | None = None) -> tuple[Claim, ...]:
    """Return the claims of one paper, the one claim of an id, or all.

    Each module of `neurenorm.numerics.claims` names its claims in ``CLAIMS``.

    Examples
    --------
    >>> {claim.paper for claim in gather_claims("lattice")}
    {'lattice'}
    """
    chosen = _listed(name for name in claim_ids() if paper in (None, name.partition("/")[0], name))
    if not chosen:
        raise ValueError(
            f"there are no claims for {paper!r}; there are some for {', '.join(papers())}, and "
            "each has an id of its own"
        )
    return chosen


def claims_on(result: str) -> tuple[Claim, ...]:
    """Return the claims that hold a result of the catalogue to account, through its evaluation.

    Examples
    --------
    >>> [claim.id for claim in claims_on("active-paths/planted")]
    ['active-paths/planted']
    """
    return _listed(claims_of_result(result))


def papers() -> tuple[str, ...]:
    """Return the keys of what there are claims for.

    Examples
    --------
    >>> "lattice" in papers()
    True
    """
    return tuple(sorted({name.partition("/")[0] for name in claim_ids()}))


def claims_by_module() -> dict[str, tuple[Claim, ...]]:
    """Return every claim that ships, by the name of its module within the package of claims."""
    modules = walk_packages(claims_package.__path__, f"{claims_package.__name__}.")
    names = sorted(module.name for module in modules if not module.ispkg)
    return {name.removeprefix(f"{claims_package.__name__}."): _claims_of(name) for name in names}


def _listed(ids: Iterable[str]) -> tuple[Claim, ...]:
    """Return the claims with these ids, from the modules that state them alone."""
    wanted = set(ids)
    modules = sorted({indexed()[name]["module"] for name in wanted})
    return tuple(
        claim
        for module in modules
        for claim in _claims_of(f"{claims_package.__name__}.{module}")
        if claim.id in wanted
    )


def _claims_of(name: str) -> tuple[Claim, ...]:
    """Return the claims of one module of the claims package."""
    return tuple(import_module(name).CLAIMS)


def claims_in_file(path: str | Path) -> tuple[Claim, ...]:
    """Run a user's Python file, and return the claims that it defines at its top level, alone or in
    lists and tuples.

    Raises
    ------
    ValueError
        If the file does not exist, does not end in .py, has no claim in its source (refused before
        it runs), fails to run, or defines no claim.
    """
    file = Path(path)
    _check_defines_claims(file)
    sys.path.insert(
        0, str(file.resolve().parent)
    )  # a claim file imports its neighbours, as a script does
    try:
        names = runpy.run_path(str(file))
    except (Exception, SystemExit) as error:
        raise ValueError(f"{file} fails to run: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    found = tuple(
        dict.fromkeys(claim for value in names.values() for claim in _claims_among(value))
    )
    if not found:
        raise ValueError(f"{file} defines no Claim at its top level")
    return found


def _check_defines_claims(file: Path) -> None:
    """Refuse, before it runs, a file that is no Python source or neither makes a claim nor imports
    one.
    """
    if file.suffix != ".py":
        raise ValueError(
            f"{file} does not end in .py; name a Python file of your own that defines claims: it "
            "is run"
        )
    if not file.is_file():
        raise ValueError(f"{file} is not a file")
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError, OSError) as error:
        raise ValueError(f"{file} is no Python source: {error}") from error
    if not any(_may_make_claims(node) for node in tree.body):
        raise ValueError(
            f"{file} defines no Claim at its top level, so it is not run; write NAME = Claim(...), "
            "or import claims by name"
        )


def _may_make_claims(statement: ast.stmt) -> bool:
    """Whether a statement at the top level names Claim, or imports something by name from a module
    of one's own.
    """
    names = (getattr(node, "id", "") or getattr(node, "attr", "") for node in ast.walk(statement))
    if isinstance(statement, ast.ImportFrom):
        origin = (statement.module or "").split(".")[0]
        return origin not in {
            *sys.stdlib_module_names,
            "graphs",
            "theory",
            "numerics",
            "neurenorm",
            "sympy",
            "numpy",
            "scipy",
            "networkx",
        }
    return any(name == "Claim" or name == "CLAIMS" for name in names)


def _claims_among(value: Any) -> Iterator[Claim]:
    """Yield the claims in a top-level value."""
    if isinstance(value, Claim):
        yield value
    elif isinstance(value, list | tuple):
        yield from (item for item in value if isinstance(item, Claim))


def run_claims(
    claims: Iterable[Claim],
    effort: Effort = Effort.default,
    *,
    seed: int = 0,
    progress: bool | None = None,
) -> Iterator[Report]:
    """Check claims one after the other, and yield each report as it is found.

    The budget of false alarms is shared equally over all claims that ship, so that a verdict, and
    whether a check has power, do not depend on which others run; the comparisons of mutants need
    none: a mutant that is refuted by chance does no harm.

    Parameters
    ----------
    claims : iterable of Claim
        Those above the asked effort are left out.
    effort : Effort
    seed : int
    progress : bool, optional
        Whether to show a progress bar; by default only on a terminal.
    """
    chosen = [claim for claim in claims if claim.effort.value <= effort.value]
    false_alarm = share(max(len(chosen), len(claim_ids())))
    for claim in tqdm(
        chosen,
        desc="verify",
        unit="claim",
        disable=None if progress is None else not progress,
        leave=False,
    ):
        yield checked(claim, effort, seed, false_alarm)


def checked(
    claim: Claim,
    effort: Effort,
    seed: int,
    false_alarm: float,
    rng: np.random.Generator | None = None,
) -> Report:
    """Check one claim; one that cannot be carried out is undecided and says why and where, so that
    the others still run.
    """
    try:
        return claim.check(rng, effort, seed=seed, false_alarm=false_alarm)
    except Exception as error:
        last = extract_tb(error.__traceback__)[-1]
        reason = (
            f"the check could not be carried out: {type(error).__name__}: {error} "
            f"({Path(last.filename).name}, line {last.lineno})"
        )
        return Report(
            claim,
            Comparison(Verdict.undecided, math.inf, "sigma", 0.0, math.inf, reason),
            (),
            0.0,
            (seed,),
            effort,
        )
