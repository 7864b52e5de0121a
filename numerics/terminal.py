"""What reaches a terminal: names and messages from elsewhere are shown, never obeyed."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from neurenorm.theory.typeset.text import ascii_text

__all__ = ["named_texts", "one_line", "printable", "say"]

LONGEST = 1_500


def printable(text: str) -> str:
    """Return a text whose control characters, ANSI escapes, direction marks and broken letters are
    written as escapes.

    Line ends and tabs stay.

    Examples
    --------
    >>> print(printable("red \\x1b[31m and \\u202e turned"))
    red \\x1b[31m and \\u202e turned
    """
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter.isprintable() or letter in "\n\t"
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


def one_line(text: str) -> str:
    """Return a message as one printable line, cut in its middle where it is very long.

    Examples
    --------
    >>> one_line("two\\nlines")
    'two lines'
    """
    line = printable(" ".join(text.split()))
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}"


def say(text: str, *, error: bool = False, flush: bool = False) -> None:
    """Print a text on standard output, or as one line on standard error.

    Examples
    --------
    >>> say("a\\x07b")
    a\\x07b
    """
    stream = sys.stderr if error else sys.stdout
    shown = one_line(text) if error else printable(text)
    try:
        print(shown, file=stream, flush=flush)
    except UnicodeEncodeError:  # LANG=C, or a code page without Greek letters
        print(ascii_text(shown), file=stream, flush=flush)


def named_texts(words: Iterable[str]) -> dict[str, str]:
    """Return the texts of words of the form ``name=text``, each name once.

    Raises
    ------
    ValueError
        For a word of another form, or a name given twice.

    Examples
    --------
    >>> named_texts(["K=1", "b=2"])
    {'K': '1', 'b': '2'}
    """
    texts: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise ValueError(f"{one_line(repr(word))[:80]} is not of the form name=value")
        if name in texts:
            raise ValueError(f"{name} is given twice")
        texts[name] = text
    return texts
