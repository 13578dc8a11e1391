"""Which layers two models have, and which of them correspond."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from equivalence import axes as _axes
from equivalence.errors import PortError
from equivalence.inputs import as_input
from equivalence.model import ModelPort
from equivalence.modelling.stretches import Cut, Pair, Stretch, canonical
from equivalence.sides import SIDES

Rows = Sequence[Mapping[str, Any]]

_FRESH = "fdeabgs"
"""Letters for axes that no input has."""


@dataclass(frozen=True)
class Anchor:
    """The layers of a stretch that hold its parameters, and what lies before and behind them.

    Attributes:
        takes: what they are given.
        gives: what they give.
        held: of each side, the shapes of its parameters by its own names.
        chain: of each side, whether nothing happens between layers.
    """

    stretch: Stretch
    takes: Cut
    gives: Cut
    held: tuple[Mapping[str, Sequence[int]], Mapping[str, Sequence[int]]]
    chain: tuple[bool, bool]

    @property
    def alone(self) -> Stretch:
        """They alone."""
        original, ported = self.takes.layers
        return Stretch(self.takes, self.gives, ((original,), (ported,)), only=True)

    @property
    def before(self) -> Stretch | None:
        """From where the stretch begins up to them; none if there is nothing between."""
        names = self._names(before=True)
        return Stretch(self.stretch.before, self.takes, names, into=True) if any(names) or not all(self.chain) else None

    @property
    def behind(self) -> Stretch | None:
        """From them to where the stretch ends; none if there is nothing between."""
        names = self._names(before=False)
        return Stretch(self.gives, self.stretch.after, names) if any(names) or not all(self.chain) else None

    def _names(self, *, before: bool) -> tuple[Sequence[str], Sequence[str]]:
        found = []
        for names, own in zip(self.stretch.names, self.takes.layers, strict=True):
            place = list(names).index(own)
            found.append(tuple(names[:place] if before else names[place + 1 :]))
        return found[0], found[1]


@dataclass(frozen=True)
class Anatomy:
    """What the workers told of both models.

    Attributes:
        rows: of each side, :class:`equivalence.driver.Row`.
        chain: of each side, whether each layer takes what the one before it gave and nothing else.
        raised: of each side, what it raised, if it did.
    """

    port: ModelPort
    rows: tuple[Rows, Rows]
    chain: tuple[bool, bool]
    raised: Pair

    def stretches(self) -> list[Stretch]:
        """The stretches between the layers that correspond, in order; together they are the whole models.

        Raises:
            PortError: if a layer is missing on one side.
        """
        pairs = self._declared() if self.port.layers is not None else self._found()
        if unknown := set(self.port.axes) - {original for original, _ in pairs}:
            raise PortError(
                self.port.say("axes"),
                expected=f"layers of the original that have a partner: {', '.join(one for one, _ in pairs)}",
                got=", ".join(sorted(unknown)),
            )
        cuts = [cut for pair in pairs if (cut := self._cut(pair)) is not None]
        last = [self._names(place)[-1:] for place in range(len(SIDES))]
        if cuts and all(self._place(side, cuts[-1].layers[side]) == len(self.rows[side]) - 1 for side in (0, 1)):
            cuts[-1] = replace(cuts[-1], layers=("", ""))
        else:
            end = self._cut((last[0][0], last[1][0]), required=False) if all(last) else None
            cuts.append(replace(end, layers=("", "")) if end else Cut(("", ""), ("...", "...")))
        return self._between(cuts)

    def _between(self, cuts: Sequence[Cut]) -> list[Stretch]:
        found: list[Stretch] = []
        before, start = None, [0, 0]
        for cut in cuts:
            stop = [
                self._place(side, name) + 1 if (name := cut.layers[side]) else len(self.rows[side]) for side in (0, 1)
            ]
            names = tuple(self._names(side)[start[side] : stop[side]] for side in (0, 1))
            found.append(Stretch(before, cut, names))  # type: ignore[arg-type]
            before, start = cut, stop
        return found

    def anchor(self, stretch: Stretch) -> Anchor | None:
        """The only layer of a stretch that holds parameters, on each side; none if there is no such, or they differ."""
        found = []
        for side in (0, 1):
            rows = [row for row in self.rows[side] if row["name"] in stretch.names[side]]
            rows = [row for row in rows if row["parameters"]] or rows[-1:]
            if len(rows) != 1 or not rows[0]["takes"] or not rows[0]["gives"]:
                return None
            found.append(rows[0])
        name = (found[0]["name"], found[1]["name"])
        cuts = []
        for what in ("takes", "gives"):
            shapes = [row[what] for row in found]
            axes = self._axes("", len(shapes[0]), len(shapes[1]))
            if axes is None or canonical(axes, shapes[1])[1:] != tuple(shapes[0])[1:]:
                return None
            cuts.append(Cut(name, axes, shapes[0]))
        return Anchor(stretch, cuts[0], cuts[1], (found[0]["parameters"], found[1]["parameters"]), self.chain)

    def _declared(self) -> list[Pair]:
        pairs = [(original, ported) for original, ported in self.port.layers or ()]
        for side in (0, 1):
            known = [row["name"] for row in self.rows[side]]
            wanted = [pair[side] for pair in pairs]
            for name in wanted:
                if name not in known:
                    raise self._missing(side, name, known)
                if self._row(side, name)["calls"] != 1:
                    raise PortError(
                        self.port.say(f"layers, {name}"), expected="a layer that is called once", got="one called again"
                    )
            places = [self._place(side, name) for name in wanted]
            if places != sorted(set(places)):
                ordered = [name for _, name in sorted(zip(places, wanted, strict=True))]
                raise PortError(
                    self.port.say("layers"),
                    expected=f"the {SIDES[side]} model's layers in the order of their calls, each once: "
                    + ", ".join(ordered),
                    got=", ".join(wanted),
                )
        return pairs

    def _missing(self, side: int, name: str, known: Sequence[str]) -> PortError:
        close = difflib.get_close_matches(name, known, n=1)
        raised = f" It raised {self.raised[side]}." if self.raised[side] else ""
        return PortError(
            self.port.say(f"layers, the {SIDES[side]} model"),
            expected=f"a layer {name!r}",
            got=f"layers {', '.join(known) or 'none'}",
            fix=(f"Did you mean {close[0]}?" if close else "Name layers that it calls.") + raised,
        )

    def _found(self) -> list[Pair]:
        """The layers that hold parameters, paired, each with those behind it that neither hold any nor reshape."""
        once = tuple([row for row in rows if row["calls"] == 1] for rows in self.rows)
        held = tuple([row["name"] for row in rows if row["parameters"]] for rows in once)
        named = tuple([row["name"] for row in rows] for rows in once)
        if all(held):
            paired = self._paired(held[0], held[1], "that hold parameters")
            return [self._end(self._behind(0, held[0][k]), self._behind(1, held[1][j])) for k, j in paired]
        if any(held):
            # A list of functions does not say which of them hold parameters: names do.
            side = 0 if held[0] else 1
            if set(held[side]) <= set(named[1 - side]):
                return [(name, name) for name in held[side]]
        return [(named[0][k], named[1][j]) for k, j in self._paired(named[0], named[1], "")]

    def _paired(self, original: Sequence[str], ported: Sequence[str], what: str) -> list[tuple[int, int]]:
        if len(original) == len(ported):
            return [(k, k) for k in range(len(original))]
        common = [name for name in original if name in ported]
        alone = [[name for name in names if name not in common] for names in (original, ported)]
        if common and bool(alone[0]) != bool(alone[1]):
            side = 0 if alone[0] else 1
            missing = ", ".join(alone[side])
            raise PortError(
                self.port.say("layers"),
                expected=f"the same layers on both sides, among them {missing}",
                got=f"none of that name in the {SIDES[1 - side]} model: {', '.join((original, ported)[1 - side])}",
                fix=_HOW,
            )
        kind = f"layers {what}".strip()
        raise PortError(
            self.port.say("layers"),
            expected=f"as many {kind} on both sides; the original has {len(original)}: {', '.join(original)}",
            got=f"{len(ported)} in the ported model: {', '.join(ported) or 'none'}",
            fix=_HOW,
        )

    def _behind(self, side: int, name: str) -> list[Mapping[str, Any]]:
        """A layer, and those behind it that belong to it: they hold no parameters and keep the number of axes."""
        rows = [row for row in self.rows[side] if row["calls"] == 1]
        place = next(k for k, row in enumerate(rows) if row["name"] == name)
        found = [rows[place]]
        for row in rows[place + 1 :]:
            if row["parameters"] or not _keeps(row):
                break
            found.append(row)
        return found

    def _end(self, original: Rows, ported: Rows) -> Pair:
        """The last of them that give the same shape; if none do, the last that keep the first one's.

        Where layers are left on both sides behind these, they have to do with each other, and give the wrong shape.
        """
        both = [(one, other) for one in original for other in ported if self._same_shape(one, other)]
        if not both:
            one, other = ([row for row in rows if row["gives"] == rows[0]["gives"]][-1] for rows in (original, ported))
            return one["name"], other["name"]
        last = max(both, key=lambda pair: original.index(pair[0]) + ported.index(pair[1]))
        if last[0] is not original[-1] and last[1] is not ported[-1]:
            last = original[-1], ported[-1]
        return last[0]["name"], last[1]["name"]

    def _same_shape(self, original: Mapping[str, Any], ported: Mapping[str, Any]) -> bool:
        if not original["gives"] or not ported["gives"]:
            return False
        axes = self._axes(original["name"], len(original["gives"]), len(ported["gives"]))
        if axes is None:
            return False
        pairs = zip(original["gives"], canonical(axes, ported["gives"]), strict=True)
        return all(one == other or min(one, other) < 0 for one, other in list(pairs)[1:])

    def _cut(self, pair: Pair, *, required: bool = True) -> Cut | None:
        """The cut behind two layers; none if what they give has another number of axes, and nobody asked for it."""
        shapes = [self._row(side, pair[side])["gives"] for side in (0, 1)]
        ranks = [len(shape) for shape in shapes if shape is not None]
        if not ranks:
            return None
        axes = self._axes(pair[0], ranks[0], ranks[-1])
        if axes is None and required and self.port.layers is not None:
            raise PortError(
                self.port.say(f"layers, {pair[0]} and {pair[1]}"),
                expected="outputs with the same number of axes",
                got=f"shape {shapes[0]} in the original, {shapes[1]} in the ported model",
                fix="Pair layers after which both models hold the same.",
            )
        return None if axes is None else Cut(pair, axes, _own(axes, shapes[0]))

    def _axes(self, layer: str, original: int, ported: int) -> Pair | None:
        if layer in self.port.axes:
            found = self.port.axes[layer]
            for axes, rank in zip(found, (original, ported), strict=True):
                if len(_axes.names(axes)) != rank:
                    raise PortError(self.port.say(f"axes, {layer}"), expected=f"{rank} axes", got=repr(axes))
            return found[0], found[1]
        if original != ported:
            return None
        inputs = [
            [as_input(kind).axes for kind in model.inputs.values()] for model in (self.port.original, self.port.ported)
        ]
        for one, other in zip(*inputs, strict=True):
            if len(_axes.names(one)) == original:
                return one, other
        batch = _axes.names(inputs[0][0])[0]
        taken = set().union(*(_axes.letters(axes) for axes in inputs[0]))
        fresh = [letter for letter in _FRESH if letter not in taken]
        same = " ".join([batch, *fresh[: original - 1]]) if original else ""
        return same, same

    def _names(self, side: int) -> tuple[str, ...]:
        return tuple(row["name"] for row in self.rows[side])

    def _row(self, side: int, name: str) -> Mapping[str, Any]:
        return next(row for row in self.rows[side] if row["name"] == name)

    def _place(self, side: int, name: str) -> int:
        """The place of the last layer of that name, or in the container of that name."""
        names = self._names(side)
        return max(k for k, own in enumerate(names) if own == name or own.startswith(f"{name}."))


_HOW = "Pair them: ModelPort(layers=[(the original's, the ported model's), ...])."


def _keeps(row: Mapping[str, Any]) -> bool:
    """Whether a layer's output has as many axes as its input."""
    return bool(row["takes"] and row["gives"] and len(row["takes"]) == len(row["gives"]))


def _own(axes: Pair, shape: Sequence[int] | None) -> Sequence[int] | None:
    return shape if shape is not None and len(_axes.names(axes[0])) == len(shape) else None
