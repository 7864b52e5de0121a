"""Which claims hold which result to account, and which modules hold which claims: a list that is
read without importing a single one.

Written by ``python -m neurenorm.numerics.verification.index``; a test compares it with the claims.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

__all__ = ["claim_ids", "claims_of_result", "indexed", "written"]

FILE = Path(__file__).with_name("index.json")


@cache
def indexed() -> dict[str, dict[str, str]]:
    """Return, for every claim by its id, the result that it holds to account (empty where it is
    none) and the module that states it.

    Examples
    --------
    >>> indexed()["lattice/ring-free-energy"]["result"]
    'lattice/ring-free-energy'
    """
    table: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return table


def claim_ids(paper: str | None = None) -> tuple[str, ...]:
    """Return the ids of all claims, or of those of one paper.

    Examples
    --------
    >>> "lattice/ring-free-energy" in claim_ids("lattice")
    True
    """
    return tuple(name for name in indexed() if paper in (None, name.partition("/")[0]))


def claims_of_result(result: str) -> tuple[str, ...]:
    """Return the ids of the claims that hold a result to account.

    Examples
    --------
    >>> claims_of_result("lattice/ring-free-energy")
    ('lattice/ring-free-energy',)
    """
    return tuple(name for name, row in indexed().items() if row["result"] == result)


def written() -> str:
    """Return the index of the claims that ship, as text; this imports every module of claims."""
    from neurenorm.numerics.verification.suite import claims_by_module

    table = {
        claim.id: {"result": claim.result, "module": module}
        for module, claims in claims_by_module().items()
        for claim in claims
    }
    return json.dumps(dict(sorted(table.items())), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
