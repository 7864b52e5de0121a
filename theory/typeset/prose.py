"""Sentences with formulas in them: what a sentence writes in ASCII or Unicode is set as mathematics.

A formula is recognised by its letters and signs: single letters (with an index, a power or a
prime), Greek names, functions with their arguments, and whatever operators join.  Everything else
is text, in which the characters that LaTeX reads as commands are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sympy import Symbol

from neurenorm.theory.typeset.names import escaped
from neurenorm.theory.typeset.text import GREEK

__all__ = ["prose_latex", "prose_parts"]

_GREEK = GREEK.keys() - {"varphi", "ell"}
_LETTERS = {GREEK[name]: name for name in _GREEK} | {"Σ": "sum"}
_FUNCTIONS = {"exp", "ln", "log", "cosh", "sinh", "tanh", "cos", "sin", "tan", "artanh", "sqrt"}
_OPERATORS = {
    "+": "+", "-": "-", "−": "-", "=": "=", "/": "/", "*": r"\,", "·": r"\cdot ", "×": r"\times ",
    "~": r"\sim ", "<": "<", ">": ">", "<=": r"\le ", ">=": r"\ge ", "<<": r"\ll ", ">>": r"\gg ",
    "≤": r"\le ", "≥": r"\ge ",
}  # fmt: skip
_SIGNED = {"+": "+", "-": "-", "−": "-", "±": r"\pm "}
_PAIRS = {"(": ")", "[": "]", "<": ">", "⟨": "⟩", "|": "|"}
_SUPERS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))
_KNOWN = {"sw2": r"\sigma_w^2", "sb2": r"\sigma_b^2", "inf": r"\infty"}
_KNOWN |= {"chi_par": r"\chi_\parallel", "chi_perp": r"\chi_\perp"}
_ARTICLES = {"a", "A", "I"}
_TOKEN = re.compile(
    r"neurenorm(?:\.\w+)+|[A-Za-zα-ωΑ-Ω]+\d*(?:[_^](?:\{[\w+*,. -]*\}|[A-Za-z0-9]+)|[⁰¹²³⁴⁵⁶⁷⁸⁹])*['′]*"
    r"|\d+(?:\.\d+)?|<=|>=|<<|>>|\s+|."
)
_MODULE = re.compile(r"neurenorm(?:\.(?:\w|\\_)+)+")
_SCRIPT = re.compile(r"([_^])(\{[^}]*\}|[A-Za-z0-9]+)|([⁰¹²³⁴⁵⁶⁷⁸⁹])")


def prose_latex(sentence: str, names: Mapping[Symbol, str] | None = None) -> str:
    """Return a sentence in LaTeX, with its formulas in mathematics.

    Parameters
    ----------
    sentence : str
    names : mapping of Symbol to str, optional
        LaTeX of the symbols of the subject.

    Examples
    --------
    >>> print(
    ...     prose_latex("Ising weight exp(K s s' + h/2) per bond; 50 % of W_ij ~ N(0, sw2/N_in).")
    ... )
    Ising weight $\\exp(K\\,s\\,s' + h/2)$ per bond; 50 \\% of $W_{ij}\\sim N(0, \\sigma_w^2/N_\\mathrm{in})$.
    """
    return "".join(
        f"${text}$" if is_formula else _MODULE.sub(_breakable, escaped(text))
        for text, is_formula in prose_parts(sentence, names)
    )


def _breakable(name: re.Match[str]) -> str:
    """Return the name of a module, which may be broken behind its points."""
    return r"\texttt{" + name.group().replace(".", r".\allowbreak ") + "}"


def prose_parts(sentence: str, names: Mapping[Symbol, str] | None = None) -> list[tuple[str, bool]]:
    """Return the pieces of a sentence, each with whether it is a formula: these are LaTeX, the
    others text as it stands.

    Examples
    --------
    >>> prose_parts("layers of width N")
    [('layers of width ', False), ('N', True)]
    """
    known = {symbol.name: latex for symbol, latex in (names or {}).items()}
    reader = _Sentence(sentence, _KNOWN | {k: v for k, v in known.items() if _is_letter(k)})
    parts: list[tuple[str, bool]] = []
    while reader.place < len(reader.tokens):
        formula = reader.formula()
        if formula is not None:
            parts.append((formula, True))
            continue
        token = reader.tokens[reader.place]
        reader.place += 1
        if _OPERATORS.get(token, "").startswith("\\") and token not in "*·×":
            parts.append((_OPERATORS[token].strip(), True))
            continue
        if parts and not parts[-1][1]:
            token = parts.pop()[0] + token
        parts.append((token, False))
    return parts


def _is_letter(token: str) -> bool:
    """Whether a word can only be a symbol: one letter or a Greek name, with what hangs on it."""
    base = re.match(r"[A-Za-z]+|[α-ωΑ-Ω]", token)
    if base is None or token.startswith("neurenorm"):
        return False
    word = base.group()
    differential = re.fullmatch(r"d[A-Z]'?", token) is not None
    return len(word) == 1 or word in _GREEK or token.rstrip("'") in _KNOWN or differential


class _Sentence:
    """Reads the tokens of a sentence."""

    def __init__(self, sentence: str, known: Mapping[str, str]) -> None:
        self.tokens = _TOKEN.findall(sentence)
        self.known = known
        self.place = 0

    def _at(self, place: int) -> str:
        """Return the token at a place, or nothing."""
        return self.tokens[place] if 0 <= place < len(self.tokens) else ""

    def formula(self) -> str | None:
        """Return the longest formula that begins here and step over it; None if there is none."""
        start = self.place
        before = self._at(start - 1)
        if before and not before.isspace() and before not in "([":
            return None
        found = self._expression()
        end = self._at(self.place)
        joined = end == "-" and len(self._at(self.place + 1)) > 1  # such as q-state
        whole = not end or end.isspace() or end in ".,;:)]!?" or joined
        if found is None or not whole or not self._is_worth(start, self.place):
            self.place = start
            return None
        return found

    def _is_worth(self, start: int, end: int) -> bool:
        """Whether tokens are a formula for certain: no number alone, and no article."""
        tokens = [token for token in self.tokens[start:end] if not token.isspace()]
        if len(tokens) > 1:
            return any(
                _is_letter(t) or t in _FUNCTIONS or t in _OPERATORS or t == "±" for t in tokens
            )
        if tokens[0] not in _ARTICLES:
            return _is_letter(tokens[0])
        after = self._at(end + 1) if self._at(end).isspace() else ""
        return tokens[0] == "a" and (not after or after in ("and", "or"))

    def _expression(self, close: str = "") -> str | None:
        """Return operands joined by operators, commas (in brackets) or by standing side by side."""
        text = self._operand()
        while text is not None:
            here = self.place
            space = self._at(here).isspace()
            sign = self._at(here + space)
            if sign and close == sign:
                break
            joint = _OPERATORS.get(sign) or (", " if sign in ",;" and sign and close else None)
            if sign == "." and not space and _is_letter(self._at(here + 1)):
                joint = r"\cdot "
            if sign == "x" and space and self._at(here - 1).isdecimal():
                joint = r"\times "
            if joint is not None:
                self.place = here + space + 1
                after = self._at(self.place).isspace()
                self.place += after
                wide = joint in "+-=<>" and space
                joint = f" {joint} " if wide else joint
            else:
                self.place = here + space
                joint = r"\," if space else ""
            more = self._operand()
            if more is None:
                self.place = here
                break
            text += joint + more
        return text

    def _operand(self) -> str | None:
        """Return one operand: a signed number, a symbol, a function or a group, with its power."""
        start, token = self.place, self._at(self.place)
        found = None
        if token in _SIGNED and not self._at(start + 1).isspace():
            self.place += 1
            inner = self._operand()
            found = None if inner is None else _SIGNED[token] + inner
        elif token in _FUNCTIONS:
            found = self._function(token)
        elif token in _PAIRS:
            found = self._bracket()
        elif token.replace(".", "", 1).isdecimal():
            self.place += 1
            found = token
        elif token in ("sum", "Σ"):
            self.place += 1
            self.place += self._at(self.place).isspace()
            inner = self._operand()
            found = None if inner is None else r"\sum " + inner
        elif _is_letter(token) or token in self.known:
            self.place += 1
            found = self._symbol(token)
            if self._at(self.place) in ("(", "["):
                group = self._bracket()
                found = None if group is None else found + group
        if found is None:
            self.place = start
            return None
        while self._is_power(self._at(self.place), self._at(self.place + 1)):
            found += self._power()
        return found

    @staticmethod
    def _is_power(sign: str, script: str) -> bool:
        """Whether an index, a power or a prime follows."""
        return sign in ("'", "²") or (sign in ("^", "_") and script.isalnum() and script.isascii())

    def _power(self) -> str:
        """Return a power behind a bracket."""
        token = self._at(self.place)
        self.place += 1
        if token in "^_":
            self.place += 1
            return _script(token, self._at(self.place - 1))
        return "^2" if token == "²" else token

    def _function(self, name: str) -> str | None:
        """Return a function with its argument."""
        self.place += 1
        space = self._at(self.place).isspace()
        self.place += space
        inner = self._operand()
        if inner is None:
            return None
        if name == "sqrt":
            return rf"\sqrt{{{inner[1:-1] if inner.startswith('(') else inner}}}"
        command = r"\operatorname{artanh}" if name == "artanh" else rf"\{name}"
        return f"{command} {inner}" if space or inner[0].isalnum() else command + inner

    def _bracket(self) -> str | None:
        """Return a group in brackets whose content is a formula."""
        start = self.place
        opened, closed = self._at(start), _PAIRS[self._at(start)]
        self.place += 1
        inner = None if self._at(self.place).isspace() else self._expression(closed)
        if inner is None or self._at(self.place) != closed:
            self.place = start
            return None
        self.place += 1
        signs = {"<": r"\langle ", "⟨": r"\langle ", ">": r"\rangle", "⟩": r"\rangle"}
        return signs.get(opened, opened) + inner + signs.get(closed, closed)

    def _symbol(self, token: str) -> str:
        """Return a symbol with its indices, powers and primes."""
        if token in self.known:
            return self.known[token]
        primes = "'" * (len(token) - len(token.rstrip("'′")))
        base = re.match(r"([A-Za-z]+|[α-ωΑ-Ω])(\d*)", token)
        assert base is not None  # a symbol begins with a letter
        word = _LETTERS.get(base.group(1), base.group(1))
        text = rf"\{word}" if word in _GREEK or word == "sum" else word
        text += f"_{{{base.group(2)}}}" if base.group(2) else ""
        for sign, script, raised in _SCRIPT.findall(token[base.end() :]):
            text += f"^{_SUPERS[raised]}" if raised else _script(sign, script.strip("{}"))
        return text + primes


def _script(sign: str, script: str) -> str:
    """Return an index or a power: words upright, letters and numbers as they are."""
    if script.isalpha() and (script in ("in", "out") or len(script) > 2):
        return rf"{sign}\mathrm{{{script}}}"
    return f"{sign}{script}" if len(script) == 1 else f"{sign}{{{script}}}"
