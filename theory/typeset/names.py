"""Names and texts in LaTeX: what a stranger called a node, a symbol or a claim is shown, never obeyed.

A name that SymPy's printer typesets by itself (letters, digits, indices in braces) stays as it is;
anything else is set as text, with the characters that LaTeX reads as commands escaped.
"""

from __future__ import annotations

import re

__all__ = ["escaped", "is_plain", "name_latex", "value_latex"]

ESCAPES = {"\\": r"\textbackslash{}"}
ESCAPES |= {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}
ESCAPES |= {
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "^": r"\^{}",
    "~": r"\~{}",
    "{": r"\{",
    "}": r"\}",
}
UNICODE = {
    "⟨": r"\ensuremath{\langle}",
    "⟩": r"\ensuremath{\rangle}",
    "′": "'",
    "→": r"\ensuremath{\to}",
    "α": r"\ensuremath{\alpha}",
}
UNICODE |= {"κ": r"\ensuremath{\kappa}"}
UNICODE |= {
    "σ": r"\ensuremath{\sigma}",
    "χ": r"\ensuremath{\chi}",
    "φ": r"\ensuremath{\varphi}",
    "ξ": r"\ensuremath{\xi}",
    "β": r"\ensuremath{\beta}",
}
UNICODE |= {
    "Σ": r"\ensuremath{\sum}",
    "Π": r"\ensuremath{\prod}",
    "≥": r"\ensuremath{\ge}",
    "≤": r"\ensuremath{\le}",
    "±": r"\ensuremath{\pm}",
    "−": "-",
}
UNICODE |= {
    "·": r"\ensuremath{\cdot}",
    "²": r"\ensuremath{^2}",
    "∞": r"\ensuremath{\infty}",
    "–": r"\textendash{}",
}
UNICODE |= {
    "…": r"\dots{}",
    "λ": r"\ensuremath{\lambda}",
    "δ": r"\ensuremath{\delta}",
    "×": r"\ensuremath{\times}",
    "√": r"\ensuremath{\surd}",
}
PLAIN = re.compile(r"[A-Za-z0-9_'.,:;()\[\]<>=+*/!?@ -]*", re.ASCII)
INDEXED = re.compile(r"[A-Za-z0-9]+([_^](\{[A-Za-z0-9+*/,. -]+\}|[A-Za-z0-9]+))*'?", re.ASCII)


def escaped(text: str) -> str:
    """Return plain text with the characters that LaTeX reads as commands escaped, and those that
    pdflatex does not know written as their code points.

    Examples
    --------
    >>> print(escaped("50 % of s_1"))
    50 \\% of s\\_1
    >>> print(escaped("{x}" + chr(10)))
    \\{x\\}U+000A
    """
    return "".join(map(_letter, text)).replace("--", "-{}-")


def _letter(letter: str) -> str:
    """One letter that LaTeX prints as it is."""
    if letter in ESCAPES or letter in UNICODE:
        return ESCAPES.get(letter) or UNICODE[letter]
    printed = letter.isprintable() and (letter.isascii() or letter in _ACCENTED)
    return letter if printed else f"U+{ord(letter):04X}"


_ACCENTED = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŁłŚśŠšŽžŐőŰű„“”‘’")


def name_latex(name: object) -> str:
    """Return a name, such as that of a vertex, for an index in a formula.

    Examples
    --------
    >>> print(name_latex((0, 1)), name_latex("}x"))
    (0, 1) \\text{\\}x}
    """
    text = str(name)
    return text if is_plain(text) else rf"\text{{{escaped(text)}}}"


def is_plain(text: str) -> bool:
    """Return whether a name can be handed to SymPy's printer: it holds no command of LaTeX, and
    braces at most around an index.

    Examples
    --------
    >>> is_plain("K_{1}"), is_plain("}x")
    (True, False)
    """
    return bool(PLAIN.fullmatch(text) or INDEXED.fullmatch(text))


_VALUES = {
    "bits": r"\langle H\rangle",
    "chi_par": r"\chi_\parallel",
    "chi_perp": r"\chi_\perp",
    "correlation": "C",
    "effective_dimension": r"D_{\mathrm{eff}}",
    "energy": "e",
    "entropy": "s",
    "fraction": r"D_{\mathrm{eff}}/n",
    "joint": "H_{12}",
    "kl": r"D_{\mathrm{KL}}",
    "log_constant": r"\ln A",
    "loss": r"\mathcal{L}",
    "mass": "m",
    "participation": r"D_{\mathrm{pr}}/n",
    "participation_ratio": r"D_{\mathrm{pr}}",
    "product": r"\langle W_1 \cdots W_M\rangle",
    "single": r"\langle W_l\rangle",
    "total_correlation": "T_{12}",
    "weight": "w",
}
_LETTERS = "alpha beta gamma delta eta theta kappa lambda mu nu xi rho sigma tau phi chi"
_GREEK = tuple(_LETTERS.split())


def value_latex(name: str) -> str:
    """Return the symbol of a value of a result: the usual letter of a word, a Greek letter for its
    name, a letter with its index, or else the name in upright letters.

    Examples
    --------
    >>> print(value_latex("energy"), value_latex("xi_lattice"), value_latex("c_d"))
    e \\xi_{\\mathrm{lattice}} c_{d}
    >>> print(value_latex("my_value"))
    \\text{my\\_value}
    """
    if name in _VALUES:
        return _VALUES[name]
    found = re.fullmatch(rf"({'|'.join(_GREEK)}|[A-Za-z])(?:_([A-Za-z0-9]+))?", name, re.ASCII)
    if found is None:
        return rf"\text{{{escaped(name)}}}"
    letter = ("\\" if found[1] in _GREEK else "") + found[1]
    index = found[2] or ""
    upright = rf"_{{\mathrm{{{index}}}}}"
    return letter + ("" if not index else upright if len(index) > 2 else f"_{{{index}}}")
