"""Formulas as lines of text: the LaTeX that every object knows, set for a terminal, in Unicode or in
plain ASCII.

A fraction is a quotient with brackets where it needs them, an exponent of digits a raised digit,
and a product a row of factors with spaces between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import wrap

__all__ = ["ascii_text", "text_rows"]

WIDTH = 100
_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi chi "
    "psi omega Gamma Delta Theta Lambda Pi Sigma Phi Psi Omega varphi ell"
)
GREEK = dict(zip(_NAMES.split(), "αβγδεζηθκλμνξπρστφχψωΓΔΘΛΠΣΦΨΩϕℓ", strict=True))
"""Letters by their names in LaTeX."""
_SIGNS = {
    "langle": "⟨",
    "rangle": "⟩",
    "infty": "∞",
    "partial": "∂",
    "nabla": "∇",
    "cdot": "·",
    "times": "×",
    "to": "→",
    "le": "≤",
    "leq": "≤",
    "ge": "≥",
    "geq": "≥",
    "neq": "≠",
    "equiv": "≡",
    "approx": "≈",
    "sim": "~",
    "in": "∈",
    "pm": "±",
    "sum": "Σ",
    "prod": "Π",
    "int": "∫",
    "parallel": "∥",
    "perp": "⊥",
    "setminus": "∖",
    "boxplus": "⊞",
    "otimes": "⊗",
    "oplus": "⊕",
    "wedge": "∧",
    "vee": "∨",
    "dots": "…",
    "ldots": "…",
    "cdots": "…",
    "mid": "|",
    "lfloor": "⌊",
    "rfloor": "⌋",
    "lceil": "⌈",
    "rceil": "⌉",
    "quad": "  ",
    "qquad": "    ",
    "lbrace": "{",
    "rbrace": "}",
    "backslash": "\\",
    "surd": "√",
    "hbar": "ℏ",
    "dagger": "†",
    "prime": "′",
    "lVert": "‖",
    "rVert": "‖",
    "lvert": "|",
    "rvert": "|",
}
_SPACED = set("≤≥≠≡≈~∈→±×⊞⊗⊕∧∨∖∥⊥")
_SILENT = {
    "left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "displaystyle", "textstyle",
    "limits", "nolimits", "mathrm", "mathcal", "mathsf", "mathbf", "operatorname", "text", "texttt",
    "ensuremath", "boldsymbol", "substack",
}  # fmt: skip
_BARE = {"left", "right", "langle", "lfloor", "lceil", "surd", "partial", ""}
_UPRIGHT = {"text", "texttt"}
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "vec": "\u20d7"}
_RAISED = dict(zip("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", strict=True))
_LOWERED = dict(zip("0123456789", "₀₁₂₃₄₅₆₇₈₉", strict=True))
_ASCII = (
    {letter: name for name, letter in GREEK.items()}
    | {"ϕ": "phi", "⟨": "<", "⟩": ">", "∞": "inf", "∂": "d", "∇": "grad ", "·": "*", "×": "x"}
    | {"→": "->", "≤": "<=", "≥": ">=", "≠": "!=", "≡": "==", "≈": "~", "∈": "in", "±": "+-"}
    | {"Σ": "sum", "Π": "prod", "∫": "int ", "∥": "par", "⊥": "perp", "∖": "\\", "⊞": "[+]"}
    | {"⊗": "(x)", "⊕": "(+)", "∧": "and", "∨": "or", "…": "...", "⌊": "floor(", "⌋": ")"}
    | {"⌈": "ceil(", "⌉": ")", "ℏ": "hbar", "†": "^+", "′": "'", "‖": "||", "−": "-", "–": "-"}
    | {"≪": "<<", "≫": ">>", "√": "sqrt", "✓": "+", "✗": "x", "“": '"', "”": '"', "’": "'"}
    | {"½": "1/2", "⌀": "0", "φ": "phi", "σ": "sigma", "—": "-", "\xa0": " "}
    | dict.fromkeys(_ACCENTS.values(), "^")
)
_KEPT = "\xa0"
_TOKEN = re.compile(r"\\([A-Za-z]+|.)\s*|\s+|(.)", re.DOTALL)


def text_rows(source: str, *, width: int = WIDTH) -> list[str]:
    """Return a display in LaTeX as lines of Unicode text.

    Parameters
    ----------
    source : str
        One formula, or the rows of an aligned display.
    width : int
        Characters to a line; what is longer goes on, indented.

    Returns
    -------
    list of str

    Examples
    --------
    >>> text_rows(r"K' &= \\frac{1}{2} \\ln{\\left(\\cosh{\\left(2 K \\right)} \\right)}")
    ["K' = (1/2) ln(cosh(2 K))"]
    >>> text_rows(r"t' = \\frac{2 t^{2}}{t^{4} + 1}")
    ["t' = 2 t²/(t⁴ + 1)"]
    """
    inner = re.sub(r"\\(begin|end){(aligned|gathered|align\*)}", "", source)
    whole: list[str] = []
    for row in map(str.strip, _rows(inner)):
        if row.startswith(r"&\quad") and whole:  # the row before goes on
            whole[-1] += row.removeprefix(r"&\quad")
        elif row:
            whole.append(row)
    lines = ("  " * row.startswith("&=") + _Reader(row.replace("&", " ")).line() for row in whole)
    return [part for line in lines for part in _broken(line, width)]


def ascii_text(text: str) -> str:
    """Return a text in ASCII: letters by their names, raised and lowered digits behind ^ and _.

    Examples
    --------
    >>> print(ascii_text("χ₁ = σ_w² ⟨φ′²⟩ ≥ 1/√2"))
    chi_1 = sigma_w^2 <phi'^2> >= 1/sqrt(2)
    """
    if text.isascii():
        return text
    text = re.sub(r"√(\w+)", r"sqrt(\1)", text)
    for table, sign in ((_RAISED, "^"), (_LOWERED, "_")):
        small = "".join(table.values())
        plain = str.maketrans(small, "".join(table))
        text = re.sub(f"([{small}]+)", rf"{sign}\1", text).translate(plain)
    text = re.sub(r"(?<=[^\W\d_])(?=[α-ωΑ-Ωϕℓ])|(?<=[α-ωΑ-Ωϕℓ])(?=[^\W\d_])", " ", text)
    return "".join(
        _ASCII.get(letter, letter).encode("ascii", "backslashreplace").decode() for letter in text
    )


def _broken(line: str, width: int) -> list[str]:
    """Break a line that is too long, between its terms where that is enough."""
    depth, kept, signs = 0, list(line), "+-"
    for place, letter in enumerate(line):
        depth += (letter in "(⟨{[") - (letter in ")⟩}]")
        if letter == " " and place and (depth or line[place + 1] not in signs):
            kept[place] = _KEPT
        signs = "+-=" if letter == "=" else signs
    joined = "".join(kept) if len(line) > width else line
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    pieces: list[str] = []
    for piece in _wrapped(joined, width, indent):
        whole = piece.replace(_KEPT, " ")
        pieces += [whole] if len(whole) <= width else _wrapped(whole, width, indent)
    return pieces


def _wrapped(line: str, width: int, indent: str) -> list[str]:
    """Break a line at its spaces."""
    return wrap(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _rows(source: str) -> Iterable[str]:
    """Yield the rows of a display, which do not break inside an environment of their own."""
    depth, start = 0, 0
    for found in re.finditer(r"\\begin\b|\\end\b|\\\\|[{}]", source):
        token = found.group()
        depth += {"\\begin": 1, "{": 1, "\\end": -1, "}": -1}.get(token, 0)
        if token == r"\\" and depth == 0:
            yield source[start : found.start()]
            start = found.end()
    yield source[start:]


class _Reader:
    """Reads one formula from left to right."""

    def __init__(self, source: str) -> None:
        self.tokens = [found.group() for found in _TOKEN.finditer(source)]
        self.place = 0

    def line(self) -> str:
        """Return everything that is left as one line."""
        parts: list[str] = []
        while self.place < len(self.tokens):
            parts.append(self._item())
        return _tidy("".join(parts))

    def _next(self) -> str:
        """Return the next token and step over it."""
        if self.place >= len(self.tokens):
            return ""
        self.place += 1
        return self.tokens[self.place - 1]

    def _group(self) -> list[str]:
        """Return the tokens of the group, or the single token, that comes next."""
        while self.place < len(self.tokens) and self.tokens[self.place].isspace():
            self.place += 1
        first = self._next()
        if first != "{":
            return [first]
        start, depth = self.place, 1
        while depth and self.place < len(self.tokens):
            depth += {"{": 1, "}": -1}.get(self._next(), 0)
        return self.tokens[start : self.place - 1]

    def _argument(self) -> str:
        """Return the next group as text."""
        inner = _Reader("")
        inner.tokens = self._group()
        return inner.line()

    def _item(self) -> str:
        """Return the next item as text."""
        token = self._next()
        if token == "{":
            self.place -= 1
            return self._argument()
        if token in "^_":
            return _script(self._argument(), token)
        if token.startswith("\\") and len(token) > 1:
            name = token[1:].strip()
            return self._command(name) + (" " if token[-1].isspace() and name not in _BARE else "")
        return " " if token.isspace() else token

    def _command(self, name: str) -> str:
        """Return a command, with what it takes, as text."""
        if name in ("frac", "tfrac", "dfrac"):
            return self._fraction()
        if name == "sqrt":
            return self._root()
        if name in ("overset", "stackrel"):
            self._group()
            return self._argument()
        if name == "binom":
            return f"binomial({self._argument()}, {self._argument()})"
        if name in _ACCENTS:
            return self._argument() + _ACCENTS[name]
        if name == "begin":
            return self._environment()
        if name in _UPRIGHT:
            return "".join(token[-1:] if token[0] == "\\" else token for token in self._group())
        if name in _SILENT:
            return self._delimiter() if name in ("left", "right") else ""
        if name in GREEK or name in _SIGNS:
            sign = GREEK.get(name) or _SIGNS[name]
            return f" {sign} " if sign in _SPACED and len(self.tokens) > 1 else sign
        if name.isalpha():  # a function: its argument may follow without a bracket
            after = "".join(self.tokens[self.place : self.place + 1])
            return name + " " * bool(re.match(r"\w|\\(?!left|right|big|Big)[A-Za-z]", after))
        return {",": " ", ":": " ", ";": " ", " ": " ", "!": "", "|": "‖", "\\": "; "}.get(
            name, name
        )

    def _delimiter(self) -> str:
        """Return what follows \\left or \\right: nothing for a point."""
        if self.tokens[self.place : self.place + 1] == ["."]:
            self.place += 1
            if self.tokens[self.place : self.place + 1] == [" "]:
                self.place += 1
        return ""

    def _fraction(self) -> str:
        """Return a fraction as a quotient, in brackets where a factor follows."""
        above, below = self._argument(), self._argument()
        above = f"({above})" if re.search(r"(?<=.)[ ][-+=±][ ]", _outside(above)) else above
        below = below if _is_atom(below) else f"({below})"
        rest = "".join(self.tokens[self.place :]).lstrip()
        alone = not rest or re.match(r"[-+=,;)&|'}]|\\(right|rangle|quad|qquad|le|ge|\\)", rest)
        return f"{above}/{below}" if alone else f"({above}/{below})"

    def _root(self) -> str:
        """Return a root."""
        order = ""
        if self.tokens[self.place : self.place + 1] == ["["]:
            end = self.tokens.index("]", self.place)
            order = "".join(self.tokens[self.place + 1 : end])
            self.place = end + 1
        inner = self._argument()
        if order:
            return f"({inner})^(1/{order})"
        return f"√{inner} " if re.fullmatch(r"\d+|[^\W\d_]", inner) else f"√({inner})"

    def _environment(self) -> str:
        """Return the cells of an array, cases or matrix between braces."""
        name = "".join(self._group())
        if name == "array":
            self._group()
        start, depth = self.place, 1
        while depth and self.place < len(self.tokens):
            word = self._next().strip()
            depth += {"\\begin": 1, "\\end": -1}.get(word, 0)
        inner = "".join(self.tokens[start : self.place - 1])
        self._group()
        rows = [_Reader(row.replace("&", " , ")).line() for row in _rows(inner)]
        text = "; ".join(row.replace(" , ", ", ") for row in rows if row)
        return f"{{{text}}}" if name == "cases" else text


def _script(text: str, sign: str) -> str:
    """Return an exponent or an index behind what it belongs to."""
    table = _RAISED if sign == "^" else _LOWERED
    if text and all(letter in table for letter in text):
        return "".join(table[letter] for letter in text)
    if text in ("'", "′", "''", "†", "*"):
        return text
    plain = re.fullmatch(r"[^\W⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ]+|[∞∥⊥]", text)
    return f"{sign}{text}" if plain or _is_bracketed(text) else f"{sign}({text})"


def _is_bracketed(text: str) -> bool:
    """Whether one pair of brackets holds the whole text."""
    return text.startswith("(") and re.fullmatch(r"x", _outside(text)) is not None


def _is_atom(text: str) -> bool:
    """Whether a text is one symbol, number, or function of something in brackets."""
    return re.fullmatch(r"[\w'′√^]*(\(x\))?", re.sub(r"\(.*\)$", "(x)", text)) is not None and (
        "(" not in text or _outside(text).count("x") <= 1 + text.partition("(")[0].count("x")
    )


def _outside(text: str) -> str:
    """Return a text without what stands in brackets."""
    while (shorter := re.sub(r"\([^()]*\)|⟨[^⟨⟩]*⟩", "x", text)) != text:
        text = shorter
    return text


def _tidy(text: str) -> str:
    """Return a text with single spaces, and none inside brackets or before signs of their own."""
    text = re.sub(r"\s*([=<>])\s*", r" \1 ", text)
    text = re.sub(r"[ \n]+", " ", text)
    text = re.sub(r"(^ ?|[(=,;:{⟨|^\[] ?)- ", r"\1-", text)
    text = re.sub(
        r"([(⟨\[{]) | (?=[)⟩\],;}'′^_⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ₀₁₂₃₄₅₆₇₈₉\u0302-\u0307/])|(/) ", r"\1\2", text
    )
    return text.strip()
