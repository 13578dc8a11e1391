"""Recurrent layers written in other ways."""

from __future__ import annotations

from equivalence.expressions import Equivalence, Expression
from equivalence.graph import Arrange, Step
from equivalence.operation import case

_OWN = {"weight": "weight", "recurrent_weight": "recurrent_weight", "bias": "bias", "recurrent_bias": "recurrent_bias"}
_BACKWARD = {name: f"backward_{name}" for name in _OWN}
_AXES = {"weight": "g h c", "recurrent_weight": "g h h'", "bias": "g h", "recurrent_bias": "g h"}

bidirectional_in_two_passes = Equivalence(
    name="bidirectional_in_two_passes",
    title="bidirectional = one pass forwards, one over the reversed sequence",
    why="the second pass reads the sequence from its end, and its steps are turned around again before they are joined",
    inputs={"x": "n t c", "h0": "n h", "backward_h0": "n h"},
    parameters={**_AXES, **{_BACKWARD[name]: axes for name, axes in _AXES.items()}},
    expressions={
        "bidirectional": Expression(
            steps=[
                Step(
                    "both",
                    "bidirectional_gru",
                    {
                        "x": "x",
                        **_OWN,
                        **{_BACKWARD[name]: _BACKWARD[name] for name in _OWN},
                        "h0": "h0",
                        "backward_h0": "backward_h0",
                    },
                )
            ],
            outputs={"sequence": "both.sequence", "last": "both.last", "backward_last": "both.backward_last"},
        ),
        "two passes": Expression(
            steps=[
                Step("forwards", "gru", {"x": "x", **_OWN, "h0": "h0"}),
                Arrange("reversed", "x", "n t c -> n t c", flip="t"),
                Step("backwards", "gru", {"x": "reversed", **_BACKWARD, "h0": "backward_h0"}),
                Arrange("first", "forwards.sequence", "n t h -> n h t"),
                Arrange("second", "backwards.sequence", "n t h -> n h t", flip="t"),
                Step("joined", "concatenate", {"x": "first", "y": "second"}),
                Arrange("sequence", "joined", "n k t -> n t k"),
            ],
            outputs={"sequence": "sequence", "last": "forwards.last", "backward_last": "backwards.last"},
        ),
    },
    # Sizes of the operations' own cases: frameworks that compile a graph for each length have these.
    cases=[case("distinct_sizes", {"n": 5, "t": 2, "c": 4, "h": 6, "g": 3})],
)
