"""The papers whose models are worked out, by the key that begins the ids of their results."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PAPERS", "Paper", "keys"]


@dataclass(frozen=True)
class Paper:
    """A paper whose model is worked out here.

    Only abstracts and opening pages were at hand, so results are derived here from the model of the
    paper; they reproduce no numbered equation or figure.
    """

    key: str
    authors: str
    year: int
    topic: str
    arxiv: str | None
    background: str = "statistical mechanics of lattices"

    @staticmethod
    def of(identifier: str) -> Paper:
        """Return the paper whose model the result with this id belongs to.

        Examples
        --------
        >>> Paper.of("lattice/ising-correlation").topic
        'lattices and their decimation'
        """
        key = identifier.partition("/")[0]
        return PAPERS.get(key, Paper(key, "a user", 0, f"results of {key}", None))

    @property
    def provenance(self) -> str:
        """One sentence on where the results come from."""
        if self.key not in PAPERS:
            return "derived by the user of the workbench"
        if self.arxiv is None:
            return f"derived here; standard {self.background}"
        return f"derived here from the model of {self.authors} ({self.year}), arXiv:{self.arxiv}"


PAPERS: dict[str, Paper] = {
    paper.key: paper
    for paper in (
        Paper("lattice", "standard", 0, "lattices and their decimation", None),
        Paper(
            "dynamic-neurons",
            "Lee, Lee, Yi",
            2024,
            "neurons as degrees of freedom beside the weights",
            "2410.00396",
        ),
        Paper(
            "ising-correspondence",
            "Gong, Xia",
            2022,
            "fully connected networks and the renormalization of the Ising chain",
            "2212.00005",
        ),
        Paper(
            "active-paths",
            "Huang, Goudarzi",
            2018,
            "random active paths of binary weights as a glass",
            "1705.00850",
        ),
        Paper(
            "field-theory",
            "Schoenholz, Pennington, Sohl-Dickstein",
            2017,
            "random networks as lattice models and field theories",
            "1710.06570",
        ),
        Paper(
            "complexity",
            "Janik, Witaszczyk",
            2020,
            "entropy of on and off states and effective dimension",
            "2006.04791",
        ),
        Paper(
            "architectures",
            "standard",
            0,
            "networks of any architecture in the wide limit",
            None,
            "theory of infinitely wide networks",
        ),
    )
}


def keys(paper: str | None = None) -> tuple[str, ...]:
    """Return the keys of all papers, or the one that is given if there is such a paper.

    Raises
    ------
    ValueError
        If there is no such key.

    Examples
    --------
    >>> keys("lattice")
    ('lattice',)
    """
    if paper is not None and paper not in PAPERS:
        raise ValueError(f"unknown paper {paper!r}; the keys are {', '.join(PAPERS)}")
    return tuple(PAPERS) if paper is None else (paper,)
