"""Attention and positions: operations whose mixture of positions comes from the signals."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from neurenorm.graphs.network.layer_pools import PoolOperations

__all__ = ["AttentionOperations"]

SCORES = ("softmax", "linear")


class AttentionOperations(PoolOperations):
    """The part of a layer graph in which positions look at each other."""

    def attend(
        self,
        values: Hashable,
        source: Hashable | None = None,
        scale: Any = 1,
        function: str = "softmax",
        causal: bool = False,
        name: Hashable = None,
    ) -> Hashable:
        """Add Σ_c f(scale × ⟨h_x h_c⟩)_c times the values at c, the scores divided by the width.

        With one matrix for queries and keys the scores h_x·h_c/d are numbers in the wide limit.

        Parameters
        ----------
        values, source : node
            What is mixed, and the signal that scores come from (by default the same).
        scale : number or text
            The product of the scales s_Q s_K of queries and keys.
        function : {"softmax", "linear"}
            What makes the weights of a row out of its scores; linear leaves them as they are.
        causal : bool
            Whether position x sees only the positions up to x, in their order.
        name : hashable, optional
        """
        own = values if source is None else source
        for node in (values, own):
            self._known(node)
        self._positions_agree(values, own)
        self._scores(function)
        return self._put(
            self._new(name),
            "attend",
            (values, own),
            shape=self.shape(values),
            space=self.space(values),
            scale=scale,
            function=function,
            causal=bool(causal),
        )

    def heads(
        self,
        values: Hashable,
        scale: Any = 1,
        sov2: Any = 1,
        function: str = "softmax",
        causal: bool = False,
        heads: Any = "infinity",
        name: Hashable = None,
    ) -> Hashable:
        """Add attention with independent queries and keys and scores over √d, for many heads.

        The scores are Gaussian and differ from head to head: ⟨G_xc G_yd⟩ = scale K_xy K_cd.

        Parameters
        ----------
        values : node
        scale : number or text
            s_Q² s_K².
        sov2 : number or text
            s_O² s_V², the variance of what leaves the heads.
        function : {"softmax", "linear"}
        causal : bool
        heads : "infinity"
            A finite number has a random kernel and is refused.
        name : hashable, optional
        """
        self._known(values)
        self._scores(function)
        if heads not in ("infinity", float("inf")):
            raise ValueError(
                f"with 1/sqrt(d) the kernel of {heads} heads is random: give heads = infinity, or "
                "ask for its distribution"
            )
        if self._is_finite(values):
            raise ValueError("heads act on a wide layer: put a dense layer behind an input")
        return self._put(
            self._new(name),
            "heads",
            (values,),
            shape=self.shape(values),
            space=self.space(values),
            label=None,
            scale=scale,
            sw2=sov2,
            function=function,
            causal=bool(causal),
        )

    def positions_of(
        self,
        like: Hashable,
        sp2: Any = 1,
        overlaps: Sequence[Sequence[Any]] | None = None,
        learnt: bool = True,
        label: Hashable = None,
        name: Hashable = None,
    ) -> Hashable:
        """Add an embedding of positions: Gaussian, with the covariance sp2 R(x, y) of positions.

        Parameters
        ----------
        like : node
            Whose space and grid it has.
        sp2 : number or text
        overlaps : sequence of rows, optional
            R, symmetric; by default different positions are independent.
        learnt : bool
            Whether it is trained, so that it enters the tangent kernel.
        label : hashable, optional
        name : hashable, optional
        """
        self._known(like)
        count = self.positions(like)
        rows = (
            tuple(tuple(int(x == y) for y in range(count)) for x in range(count))
            if overlaps is None
            else tuple(tuple(row) for row in overlaps)
        )
        if len(rows) != count or any(len(row) != count for row in rows):
            raise ValueError(f"the overlaps of {count} positions are {count} rows of as many")
        if any(rows[x][y] != rows[y][x] for x in range(count) for y in range(x)):
            raise ValueError("the overlaps of positions are symmetric")
        return self._put(
            self._new(name),
            "bias",
            (),
            shape=self.shape(like),
            space=self.space(like),
            label=label,
            sb2=sp2,
            mean=0,
            overlaps=rows,
            learnt=bool(learnt),
        )

    def _scores(self, function: str) -> None:
        """Refuse an unknown function of scores."""
        if function not in SCORES:
            raise ValueError(f"the function of scores is softmax or linear, got {function!r}")

    def _positions_agree(self, values: Hashable, source: Hashable) -> None:
        """Refuse scores on another grid than the values."""
        if self.shape(values) != self.shape(source):
            raise ValueError(
                f"values on {self.shape(values)} and scores on {self.shape(source)}: different "
                "grids"
            )
