"""A hypothesis: what the ported layer would give if one thing about it, and nothing else, were wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from equivalence.errors import EquivalenceError
from equivalence.inputs import Array

if TYPE_CHECKING:
    from equivalence.sides import Inputs

Arrays = Mapping[str, Array]
Before = Callable[["Inputs"], "Inputs | None"]
After = Callable[[Arrays, "Inputs"], "Arrays | None"]
Base = Callable[["Inputs"], "Arrays | None"]
Gradient = Callable[["Inputs", Arrays, Arrays], "Arrays | None"]


@dataclass(frozen=True)
class Hypothesis:
    """One way in which a ported layer may differ from its original.

    The prediction of the ported layer's outputs is ``after(base(before(inputs)))``; each part is optional and may give
    None where it does not apply, such as an axis that these sizes do not let be exchanged.

    Attributes:
        code: of :data:`equivalence.codes.CODES`.
        message: one sentence that a person can act on.
        fix: what to change in the ported layer, in its framework's own terms.
        prior: from 0 to 1, how far an explanation that fits is to be believed.
        before: the arguments the original would have to be given.
        base: outputs by the original's names and axes; the original layer unless given.
        after: what becomes of the outputs.
        gradient: for a difference in the gradients alone: from inputs, cotangents and the original's gradients, the
            ported layer's.
        common: whether it is frequent enough to be tried together with another.
        quantity: what it speaks of.
    """

    code: str
    message: str
    fix: str = ""
    prior: float = 0.9
    before: Before | None = None
    base: Base | None = None
    after: After | None = None
    gradient: Gradient | None = None
    common: bool = False
    quantity: Literal["forward", "gradient"] = "forward"

    def predict(self, original: Base, inputs: Inputs) -> Arrays | None:
        """The outputs the ported layer would give; none where the hypothesis does not apply, or cannot be computed."""
        try:
            changed = self.before(inputs) if self.before else inputs
            outputs = None if changed is None else (self.base or original)(changed)
            if outputs is None or self.after is None:
                return outputs
            with np.errstate(all="ignore"):
                return self.after(outputs, inputs)
        except (EquivalenceError, ArithmeticError, LookupError, TypeError, ValueError):
            return None


def together(first: Hypothesis, second: Hypothesis) -> Hypothesis | None:
    """Both at once, the more believable one's code first; none if both replace the original."""
    if (first.base and second.base) or "gradient" in (first.quantity, second.quantity):
        return None

    def before(inputs: Inputs) -> Inputs | None:
        changed: Inputs | None = inputs
        for part in (first, second):
            if part.before is not None and changed is not None:
                changed = part.before(changed)
        return changed

    def after(outputs: Arrays, inputs: Inputs) -> Arrays | None:
        changed: Arrays | None = outputs
        for part in (second, first):
            if part.after is not None and changed is not None:
                changed = part.after(changed, inputs)
        return changed

    return replace(
        first,
        message=f"{first.message} And: {second.message}",
        fix=" Then: ".join(text for text in (first.fix, second.fix) if text),
        prior=0.9 * min(first.prior, second.prior),
        before=before,
        base=first.base or second.base,
        after=after,
    )
