"""A text as a bounded list of words, and the numbers in it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from neurenorm.theory.algebra.reading import read_number, shown

__all__ = ["MOST_LETTERS", "MOST_VERTICES", "Words", "checked_text", "fraction"]

MOST_LETTERS, MOST_VERTICES = 20_000_000, 100_000


def checked_text(text: str, what: str) -> str:
    """Return a text that is short enough to be read.

    Examples
    --------
    >>> checked_text("a", "graph")
    'a'
    """
    if not isinstance(text, str):
        raise TypeError(f"a {what} is read from its text, got a {type(text).__name__}")
    if len(text) > MOST_LETTERS:
        raise ValueError(f"the {what} has {len(text)} letters; at most {MOST_LETTERS} are read")
    return text


def fraction(word: str, what: str) -> Fraction:
    """Return the exact number that a word spells.

    Examples
    --------
    >>> fraction("2.5e-1", "weight")
    Fraction(1, 4)
    """
    value = read_number(word)
    if value is None or not value.is_Rational:
        raise ValueError(f"the {what} {shown(word)} is not a finite number")
    return Fraction(int(value.p), int(value.q))


class Words:
    """The words of a text, one after the other.

    Examples
    --------
    >>> words = Words("2 x", "table")
    >>> words.whole("count", 5)
    2
    """

    def __init__(self, text: str, what: str) -> None:
        self.what = what
        self.all = checked_text(text, what).split()
        self.at = 0

    @property
    def left(self) -> int:
        """How many words are left."""
        return len(self.all) - self.at

    def word(self, what: str) -> str:
        """The next word."""
        if not self.left:
            raise ValueError(f"the {self.what} ends where {what} is expected")
        self.at += 1
        return self.all[self.at - 1]

    def whole(self, what: str, most: int) -> int:
        """The next word as a whole number from 0."""
        word = self.word(what)
        if not (word.isascii() and word.isdecimal() and len(word) < 12):
            raise ValueError(
                f"word {self.at} of the {self.what} must be {what}, a whole number from 0, got "
                f"{shown(word)}"
            )
        if int(word) > most:
            raise ValueError(
                f"word {self.at} of the {self.what} is {what}, at most {most}, got {word}"
            )
        return int(word)

    def many(self, count: int, what: str) -> Iterator[str]:
        """The next words, as many as are said to be there."""
        if count > self.left:
            raise ValueError(
                f"the {self.what} declares {count} of {what} but only {self.left} words are left"
            )
        for _ in range(count):
            yield self.word(what)
