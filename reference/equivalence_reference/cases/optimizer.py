"""Cases of optimizers: one step and three, with a learning rate of its own for each."""

from __future__ import annotations

from equivalence.operation import case

_ONE = {"...": (3, 4), "k": 1}
_THREE = {"...": (2, 4), "k": 3}
_EQUAL = {"...": (3, 3), "k": 3}

SGD = [
    case("momentum-distinct_sizes", _THREE, momentum=0.9),
    case("plain-equal_sizes", _EQUAL),
    case("one_step", _ONE, momentum=0.9, nesterov=True),
    case("momentum-rate_inside", _THREE, momentum=0.9, rate_inside=True),
    case("plain-rate_inside", _THREE, rate_inside=True, weight_decay=0.1),
    case("nesterov", _THREE, momentum=0.9, nesterov=True, weight_decay=0.1),
    case("nesterov-rate_inside", _THREE, momentum=0.9, nesterov=True, rate_inside=True, weight_decay=0.1),
]

ADAM = [
    case("three_steps-distinct_sizes", _THREE),
    case("one_step", _ONE, epsilon=0.1),
    case("uncorrected-equal_sizes", _EQUAL, betas=(0.5, 0.75), epsilon=0.1, epsilon_in="uncorrected"),
    case("weight_decay", _THREE, betas=(0.5, 0.75), epsilon=0.1, weight_decay=0.1),
    case("uncorrected-weight_decay", _THREE, betas=(0.5, 0.75), epsilon_in="uncorrected", weight_decay=0.1),
]

ADAMW = [
    case("three_steps-distinct_sizes", _THREE),
    case("one_step", _ONE, epsilon=0.1, weight_decay=0.25),
    case(
        "uncorrected-equal_sizes",
        _EQUAL,
        betas=(0.5, 0.75),
        epsilon=0.1,
        epsilon_in="uncorrected",
        weight_decay=0.25,
    ),
    case("uncorrected-small_epsilon", _THREE, betas=(0.5, 0.75), epsilon_in="uncorrected", weight_decay=0.25),
    case("corrected-three_steps", _THREE, betas=(0.5, 0.75), epsilon=0.1, weight_decay=0.25),
]

RMSPROP = [
    case("three_steps-distinct_sizes", _THREE),
    case("one_step-inside", _ONE, epsilon=0.1, epsilon_in="inside", rate_inside=True),
    case("momentum-initial-equal_sizes", _EQUAL, decay=0.75, epsilon=0.1, momentum=0.5, initial=1.0),
    case(
        "momentum-inside-rate_inside",
        _THREE,
        decay=0.75,
        epsilon=0.1,
        epsilon_in="inside",
        momentum=0.5,
        rate_inside=True,
    ),
    # TensorFlow 1's: its running mean of squares starts at 1.
    case(
        "centered-inside-rate_inside-initial",
        _THREE,
        decay=0.75,
        epsilon=0.1,
        epsilon_in="inside",
        momentum=0.5,
        rate_inside=True,
        centered=True,
        initial=1.0,
    ),
    case("centered", _THREE, decay=0.75, epsilon=0.1, centered=True),
    case(
        "centered-inside-rate_inside-small_epsilon",
        _THREE,
        decay=0.75,
        epsilon_in="inside",
        momentum=0.5,
        rate_inside=True,
        centered=True,
    ),
]

ADAGRAD = [
    case("three_steps-distinct_sizes", _THREE),
    case("one_step-initial", _ONE, epsilon=0.1, initial=0.1),
    case("inside-equal_sizes", _EQUAL, epsilon=0.1, epsilon_in="inside"),
    case("inside-weight_decay", _THREE, epsilon_in="inside", initial=0.1, weight_decay=0.25),
    case("weight_decay", _THREE, epsilon=0.1, weight_decay=0.25),
]

ADADELTA = [
    case("three_steps-distinct_sizes", _THREE),
    case("one_step", _ONE, decay=0.75, epsilon=0.1),
    case("weight_decay-equal_sizes", _EQUAL, decay=0.75, epsilon=0.1, weight_decay=0.1),
]
