"""The units of a block layer: how one output reads its block of spins.

A unit reads b spins, one after the other, into a finite memory, and fires (+1 rather than -1) with
a probability that depends on the memory. A decimation remembers one spin and a majority a sum, so
blocks may be long; a tabulated unit remembers its whole block.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Integer, Symbol

from neurenorm.graphs.arguments import whole_number
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import shown

__all__ = ["BlockUnit", "decimation", "generic_odd_unit", "majority", "noisy", "tabulated"]

Memory = Hashable
LARGEST_TABLE = 16


@dataclass(frozen=True)
class BlockUnit:
    """One unit of a layer: how it reads a block of spins, and the probability with which it then
    fires.

    Parameters
    ----------
    name : str
        For print.
    size : int
        Number b of spins it reads.
    start : hashable
        Its memory before the first spin.
    advance : callable
        Takes the memory, the position 0 ... b - 1 and the spin there, and returns the new memory.
    fire : callable
        Takes the final memory and returns the probability of the output +1: a number, or an
        expression in symbols.
    odd : bool
        Whether it is known that flipping the block flips the output: p(+1|-block) = 1 -
        p(+1|block).

    Examples
    --------
    >>> unit = majority(3)
    >>> unit.probability((1, -1, 1)), unit.probability((-1, -1, 1))
    (1, 0)
    """

    name: str
    size: int
    start: Memory
    advance: Callable[[Any, int, int], Memory]
    fire: Callable[[Any], Any]
    odd: bool = False

    def probability(self, block: Sequence[int]) -> Any:
        """Return the probability of the output +1 for one block of spins."""
        if len(block) != self.size:
            raise ValueError(f"the unit {self.name} reads {self.size} spins, got {len(block)}")
        if any(spin not in (1, -1) for spin in block):
            raise ValueError(f"spins are 1 or -1, got {shown(block)}")
        memory = self.start
        for position, spin in enumerate(block):
            memory = self.advance(memory, position, spin)
        return self.fire(memory)


def checked_size(b: Any, least: int = 1) -> int:
    """Return a block size, or say what is wrong with it."""
    try:
        return whole_number(b, "a block", least)
    except (TypeError, ValueError):
        raise ValueError(
            f"a block has a whole number of at least {least} spins, got b = {shown(b)}"
        ) from None


@exact_arguments
def decimation(b: int, site: int | None = None) -> BlockUnit:
    """Return the unit that copies one spin of its block.

    Parameters
    ----------
    b : int
        Size of the block.
    site : int, optional
        Which spin, counted from 1; by default the last.

    Examples
    --------
    >>> decimation(3, site=1).probability((1, -1, -1))
    1
    """
    size = checked_size(b)
    kept = size if site is None else site
    if isinstance(kept, bool) or not isinstance(kept, int | Integer) or not 1 <= kept <= size:
        raise ValueError(
            f"the kept site of a block of {size} spins is one of 1 … {size}, got site = {site}"
        )
    return BlockUnit(
        f"decimation onto site {kept} of {size}",
        size,
        None,
        lambda memory, position, spin: spin if position + 1 == kept else memory,
        lambda memory: Integer(int(memory == 1)),
        odd=True,
    )


def majority(b: int) -> BlockUnit:
    """Return the unit that takes the sign of the sum of an odd number of spins.

    Raises
    ------
    ValueError
        If the block is even: a tie has no majority.

    Examples
    --------
    >>> majority(5).probability((1, 1, -1, -1, -1))
    0
    """
    size = checked_size(b)
    if size % 2 == 0:
        raise ValueError(
            f"a majority needs an odd block, got b = {size}: a tie of {size // 2} against "
            f"{size // 2} has no sign"
        )
    return BlockUnit(
        f"majority of {size}",
        size,
        0,
        lambda memory, _, spin: memory + spin,
        lambda memory: Integer(int(memory > 0)),
        odd=True,
    )


def noisy(unit: BlockUnit, tau: Any) -> BlockUnit:
    """Return a unit whose output is right with probability (1 + tau)/2.

    Examples
    --------
    >>> from sympy import Rational
    >>> noisy(decimation(2), Rational(9, 10)).probability((-1, 1))
    19/20
    """
    return BlockUnit(
        f"{unit.name}, noisy",
        unit.size,
        unit.start,
        unit.advance,
        lambda memory: (1 + tau * (2 * unit.fire(memory) - 1)) / 2,
        unit.odd,
    )


def tabulated(
    b: int, law: Callable[[tuple[int, ...]], Any], name: str = "tabulated unit"
) -> BlockUnit:
    """Return the unit whose probability of +1 is any given function of the whole block.

    Parameters
    ----------
    b : int
        At most 16: the memory is the block itself, which has 2^b states.
    law : callable
        Takes the tuple of b spins.
    name : str

    Examples
    --------
    >>> from sympy import Rational
    >>> tabulated(2, lambda block: Rational(1 + sum(block), 4) + Rational(1, 4)).probability(
    ...     (1, -1)
    ... )
    1/2
    """
    size = checked_size(b)
    if size > LARGEST_TABLE:
        raise ValueError(
            f"a tabulated unit remembers all 2^{size} blocks; at most b = {LARGEST_TABLE}, "
            "or give a BlockUnit with a smaller memory"
        )
    return BlockUnit(name, size, (), lambda memory, _, spin: (*memory, spin), law)


def generic_odd_unit(b: int) -> BlockUnit:
    """Return the most general odd unit: a free symbol p for every block that begins with +1, and 1
    - p for its mirror image.

    Examples
    --------
    >>> generic_odd_unit(2).probability((1, -1)), generic_odd_unit(2).probability((-1, 1))
    (p_10, 1 - p_10)
    """

    def law(block: tuple[int, ...]) -> Expr:
        """Return the probability of +1 for a block."""
        sign = block[0]
        p = Symbol("p_" + "".join("1" if spin == sign else "0" for spin in block), real=True)
        return p if sign == 1 else 1 - p

    return tabulated(b, law, f"any odd unit of {b}")
