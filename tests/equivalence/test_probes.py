"""The plan of probes: what ports of many shapes are tried with, and that the values are what their names say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equivalence import Integers, Layer, Lengths, Mask, Port, Positive, Real, registry
from equivalence import axes as _axes
from equivalence.errors import EquivalenceError, PortError
from equivalence.probes import Setting, draw, plan, roles
from equivalence.probing.parts import letters
from equivalence.probing.sizes import NUMBERS

GATED = {"x": "n t c", "w": "c g", "u": "h g", "b": "g", "h0": "n h", "lengths": Lengths("n", of="t")}


def port(inputs, output=None, *, outputs=None, held=None, training=False, framework="torch", **declared):
    said = {"inputs": inputs, "output": output, "outputs": outputs, "parameters": held or {}, "training": training}
    return Port(original=Layer("torch", len, **said), ported=Layer(framework, len, **said), **declared)


dense = port({"x": "n c", "weight": "c o", "bias": "o"}, "n o")
conv = port({"x": "n c h w", "weight": "o c p q", "bias": "o"}, "n o y z")
volume = port({"x": "n c d h w", "weight": "o c p q r"}, "n o x y z")
lstm = port(GATED, "n t h", sizes={"g": "4*h"})
embedding = port({"table": "v d", "tokens": Integers("n t", low=-1, below="v")}, "n t d")
attention = port({"query": "n h t d", "key": "n h s d", "value": "n h s e", "mask": Mask("n s")}, "n h t e")
loss = port({"x": "n k", "label": Integers("n", below="k")}, "")
likelihood = port({"p": Real("n k", low=0.0, high=1.0)}, "")
broadcast = port({"x": "n c h w", "scale": "c", "shift": "h w"}, "n c h w")
anything = port({"x": "n ...", "slope": ""}, "n ...")
normal = port(
    {"x": "n c h w"},
    outputs={"y": "n c h w", "running_mean": "c"},
    held={"weight": "c", "running_var": Positive("c")},
    training=True,
)
EVERY = {name: value for name, value in list(globals().items()) if isinstance(value, Port)}


def probes(of, operation=None):
    return {setting.name: setting for setting in plan(of, operation).settings}


def sized(setting):
    return [one for size in setting.sizes.values() for one in (size if isinstance(size, tuple) else (size,))]


@pytest.mark.parametrize(
    ("of", "data"),
    [
        (dense, {"x"}),
        (conv, {"x"}),
        (lstm, {"x", "h0", "lengths"}),
        (embedding, {"tokens"}),
        (attention, {"query", "key", "value", "mask"}),
        (loss, {"x", "label"}),
        (broadcast, {"x"}),
        (anything, {"x"}),
        (normal, {"x"}),
        (port({"weight": "c o", "x": "n c"}, "n o"), {"x"}),
        (port({"x": "n c", "scale": "n c"}, "n c"), {"x", "scale"}),
    ],
)
def test_data_have_the_letter_of_the_batch_and_parameters_do_not(of, data):
    found = roles(of)
    assert {name for name, role in found.items() if role == "data"} == data
    assert set(found) == set(of.arguments)


def test_what_one_layer_holds_itself_is_a_parameter_though_the_other_is_given_it():
    given = Layer("torch", len, inputs={"x": "n c", "gate": "n c"}, output="n c")
    holding = Layer("torch", len, inputs={"x": "n c"}, parameters={"kernel": "n c"}, output="n c")
    assert roles(Port(original=given, ported=holding, match={"gate": "kernel"}))["gate"] == "parameter"


@pytest.mark.parametrize(
    ("of", "batch", "spatial", "kernel"),
    [
        (dense, "n", "", ""),
        (conv, "n", "hw", "pq"),
        (volume, "n", "dhw", "pqr"),
        (lstm, "n", "t", ""),
        (embedding, "n", "t", ""),
        (attention, "n", "hste", ""),
        (port({"x": "n c h w"}, "n c y z"), "n", "hw", ""),
        (port({"x": "n c"}, "n c"), "n", "c", ""),
        (port({"x": "n t c", "weight": "c o"}, "t n o"), "n", "t", ""),
        (port({"x": "n t c", "weight": "k c o"}, "n s o"), "n", "t", "k"),
        (port({"x": "n h w c", "weight": "p q c"}, "n y z c"), "n", "hw", "pq"),
    ],
)
def test_letters_play_parts(of, batch, spatial, kernel):
    found = letters(of)
    assert [set(found.batch), set(found.spatial), set(found.kernel)] == [set(batch), set(spatial), set(kernel)]


@pytest.mark.parametrize("name", EVERY)
def test_every_plan_has_sizes_that_differ_sizes_that_are_equal_one_example_and_other_parities(name):
    found = probes(EVERY[name])
    free = letters(EVERY[name])
    named = [letter for letter in free.all if letter in found["distinct sizes"].sizes and letter not in free.variadic]
    named = [letter for letter in named if letter not in EVERY[name].sizes]
    if len(free.all) <= 7:
        sizes = sized(found["distinct sizes"])
        assert len(set(sizes)) == len(sizes)
    assert len({found["equal sizes"].sizes[letter] for letter in named}) == 1
    assert found["n of size 1"].sizes["n"] == 1
    assert found["distinct sizes"].sizes["n"] > 1
    for letter in free.spatial:
        seen = {setting.sizes[letter] % 2 for setting in found.values()}
        assert seen == {0, 1}, letter


@pytest.mark.parametrize("name", EVERY)
def test_plans_are_small_and_every_probe_can_be_drawn_again(name):
    of = EVERY[name]
    found = plan(of).settings
    assert 5 <= len(found) <= 16
    assert len({setting.name for setting in found}) == len(found)
    assert sum(setting.effects for setting in found) == 1
    for setting in found:
        first, second = draw(of, setting, 3), draw(of, setting, 3)
        for argument, kind in of.arguments.items():
            assert np.array_equal(first[argument], second[argument])
            assert first[argument].shape == _axes.shape(kind.axes, setting.sizes)
        assert sum(array.size for array in first.values()) <= (1500 if of is volume else NUMBERS)


def test_places_have_room_for_kernels_and_strides_and_images_are_not_square():
    found = probes(conv)
    for name in ("distinct sizes", "odd and even exchanged", "negative values"):
        sizes = found[name].sizes
        assert min(sizes["h"], sizes["w"]) >= 5
        assert sizes["h"] != sizes["w"]
        assert sizes["p"] <= sizes["h"]
        assert sizes["q"] <= sizes["w"]
    assert {setting.sizes["p"] % 2 for setting in found.values()} == {0, 1}
    assert {setting.sizes["q"] % 2 for setting in found.values()} == {0, 1}


def test_places_cover_a_kernel_that_the_user_fixes():
    of = port({"x": "n c h w", "weight": "o c p q"}, "n o y z", sizes={"p": 7, "q": 7})
    for setting in plan(of).settings:
        assert min(setting.sizes["h"], setting.sizes["w"]) >= 7
    assert {setting.sizes["h"] % 2 for setting in plan(of).settings} == {0, 1}


def test_hard_values_go_to_data_and_parameters_stay_ordinary():
    found = probes(lstm)
    for strategy in ("negative", "large", "small", "tiny", "ties", "constant", "saturation", "offset"):
        (setting,) = [one for one in found.values() if strategy in one.data.values()]
        assert setting.data == {"x": strategy, "h0": strategy}
        drawn = draw(lstm, setting, 0)
        assert 0.3 < np.abs(drawn["u"]).mean() < 2
        assert np.all(drawn["b"] != 0)


def test_the_values_are_what_the_names_of_the_probes_say():
    x = {name: draw(conv, setting, 0)["x"] for name, setting in probes(conv).items()}
    assert x["negative values"].max() < 0
    assert np.abs(x["large values"]).max() > 1e4
    assert 5e-4 < x["small values"].std() < 2e-3
    assert np.abs(x["tiny values"]).max() < 1e-18
    assert len(np.unique(x["ties"])) == 3
    assert abs(x["offset data"].mean() - 2000) < 1
    constant = x["equal values, one example zero"]
    assert not constant[0].any()
    assert [len(np.unique(one)) for one in constant] == [1] * len(constant)
    assert constant[1:].all()


@given(st.integers(0, 2**32))
def test_saturation_lies_on_both_sides_of_every_threshold_even_in_a_small_input(seed):
    of = port({"x": "n c"}, "n c")
    setting = probes(of)["saturation"]
    x = draw(of, setting, seed)["x"]
    assert x.size >= 32
    for low, high in ((88.8, 105), (20, 60), (6, 8.5), (3, 6), (1.5, 3)):
        assert ((low < x) & (x < high)).any(), (low, high)
        assert ((-high < x) & (x < -low)).any(), (low, high)


def test_whole_numbers_reach_both_ends_and_repeat():
    found = probes(embedding)
    ends = found["tokens at the ends of the range"]
    assert set(np.unique(draw(embedding, ends, 0)["tokens"])) == {-1, ends.sizes["v"] - 1}
    assert len(np.unique(draw(embedding, found["tokens all the same"], 0)["tokens"])) == 1
    assert len(np.unique(draw(embedding, found["distinct sizes"], 0)["tokens"])) > 2


def test_masks_are_full_cut_at_each_side_scattered_and_single():
    found = probes(attention)
    masks = {name: draw(attention, setting, 0)["mask"] for name, setting in found.items()}
    assert masks["all of mask true"].all()
    assert (np.diff(masks["mask false at the end"].astype(int)) <= 0).all()
    assert (np.diff(masks["mask false at the start"].astype(int)) >= 0).all()
    for side in ("end", "start"):
        counts = masks[f"mask false at the {side}"].sum(axis=-1)
        assert counts.min() >= 1
        assert counts.min() < counts.max()
        assert not masks[f"mask false at the {side}"].all()
    assert (masks["a single true in mask"].sum(axis=-1) == 1).all()
    assert "none of mask true" not in found
    empty = port({"x": "n t", "mask": Mask("n t", empty=True)}, "n")
    assert not draw(empty, probes(empty)["none of mask true"], 0)["mask"].any()


def test_lengths_are_full_least_and_rising():
    found = probes(lstm)
    lengths = {name: draw(lstm, setting, 0)["lengths"] for name, setting in found.items()}
    assert set(lengths["lengths all full"]) == {found["lengths all full"].sizes["t"]}
    assert set(lengths["lengths all at their least"]) == {1}
    assert list(lengths["lengths rising to the full"]) == [1, found["lengths rising to the full"].sizes["t"]]


def test_bounded_data_reach_their_limits_without_a_gradient_and_stay_inside():
    found = probes(likelihood)
    setting = found["p at the limits"]
    drawn = draw(likelihood, setting, 0)["p"]
    assert {0.0, 1.0} <= set(drawn.ravel())
    assert ((drawn > 0) & (drawn < 1e-7)).any()
    assert not setting.gradient
    assert "large values" not in found
    for one in found.values():
        values = draw(likelihood, one, 0)["p"]
        assert values.min() >= 0
        assert values.max() <= 1
    assert any("between 0.0 and 1.0" in said for said in plan(likelihood).left_out)


def test_a_small_variance_is_tried_and_positive_stays_positive():
    drawn = draw(normal, probes(normal)["small values"], 0)["running_var"]
    assert 0 < drawn.min() < drawn.max() < 0.011
    for setting in plan(normal).settings:
        assert draw(normal, setting, 0)["running_var"].min() > 0


def test_state_is_compared_after_different_batches_with_the_same_parameters():
    (setting,) = [one for one in plan(normal).settings if one.earlier]
    batches = [draw(normal, setting, 0, earlier=k) for k in range(setting.earlier + 1)]
    assert setting.earlier == 2
    assert len({batch["x"].tobytes() for batch in batches}) == 3
    assert len({batch["weight"].tobytes() for batch in batches}) == 1
    assert not any(one.earlier for one in plan(conv).settings)
    alone = port({"x": "n c"}, "n c", training=True)
    assert "n of size 1" not in probes(alone)
    assert "n of size 1 is not tried in training mode." in plan(alone).left_out


def test_lists_of_parameters_and_sizes_are_each_tried_and_single_values_said():
    of = port({"x": "n c h"}, "n c h", parameters={"stride": [1, 2], "mode": "same"}, sizes={"c": [4, 6]})
    found = plan(of)
    seen = {(one.parameters["stride"], one.sizes["c"]) for one in found.settings if "distinct" in one.name}
    assert seen == {(1, 4), (1, 6), (2, 4), (2, 6)}
    assert {one.parameters["mode"] for one in found.settings} == {"same"}
    assert "distinct sizes, c=6, stride=2" in probes(of)
    assert "mode is 'same': other values are not tried." in found.left_out
    assert len(found.settings) <= 20


def test_many_lists_are_thinned_with_every_value_kept_and_that_is_said():
    of = port({"x": "n c"}, "n c", parameters={"a": [1, 2, 3], "b": ["u", "v"], "c": [0.1, 0.2]})
    found = plan(of)
    for name, values in of.parameters.items():
        assert {one.parameters[name] for one in found.settings} == set(values)
    assert "Of the 12 combinations of a, b, c, 3 are tried, with each value once at least." in found.left_out


def test_sizes_the_user_gives_are_kept():
    of = port({"x": "n c", "weight": "c g"}, "n g", sizes={"c": 5, "g": "4*n + c"})
    for setting in plan(of).settings:
        assert setting.sizes["c"] == 5
        assert setting.sizes["g"] == 4 * setting.sizes["n"] + 5
    assert "c is fixed at 5: other sizes are not tried." in plan(of).left_out
    fixed = port({"x": "n c"}, "n c", sizes={"n": 3, "c": 4})
    assert {tuple(one.sizes.values()) for one in plan(fixed).settings} == {(3, 4)}
    assert "the sizes given" in probes(fixed)


def test_groups_divide_the_channels():
    of = port({"x": "n c h w", "weight": "o c/groups p q"}, "n o y z", parameters={"groups": [1, 3]})
    assert {"distinct sizes, groups=3", "odd and even exchanged, groups=3"} <= set(probes(of))
    assert not any("not tried, because" in said for said in plan(of).left_out)
    for setting in plan(of).settings:
        assert setting.sizes["c"] % setting.parameters["groups"] == 0
        weight = draw(of, setting, 0)["weight"]
        assert weight.shape[1] == setting.sizes["c"] // setting.parameters["groups"]


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"c": 0}, "sizes, c: expected a whole number of at least 1"),
        ({"c": []}, "sizes, c: expected a whole number"),
        ({"c": 2.5}, "sizes, c: expected a whole number"),
        ({"c": True}, "sizes, c: expected a whole number"),
        ({"c": [3, "4"]}, "sizes, c: expected a whole number"),
        ({"c": "2*z"}, "whole numbers, . - . / and the names"),
        ({"c": "2*("}, "arithmetic"),
        ({"c": "2*n", "n": "c/2"}, "the names"),
        ({"c": "n - 9", "n": 4}, "c = n - 9 = -5"),
    ],
)
def test_a_size_that_is_none_or_cannot_be_met_is_one_message_with_the_line(sizes, said):
    with pytest.raises(PortError, match=said) as raised:
        plan(port({"x": "n c"}, "n c", sizes=sizes))
    assert "test_probes.py:" in str(raised.value)


def test_an_expression_that_some_sizes_cannot_meet_leaves_only_these_out():
    found = plan(port({"x": "n h", "edge": "p"}, "n", sizes={"p": "h - 4"}))
    assert all(one.sizes["p"] >= 1 for one in found.settings)
    assert any(said.startswith("equal sizes: not tried") for said in found.left_out)


def test_an_empty_list_of_parameters_and_an_empty_range_are_said():
    with pytest.raises(PortError, match="parameters, stride: expected one value at least"):
        plan(port({"x": "n c"}, "n c", parameters={"stride": []}))
    of = port({"x": Integers("n t", low=3, below=2)}, "n t")
    with pytest.raises(PortError, match=r"test_probes.py:\d+: x, Integers"):
        draw(of, plan(of).settings[0], 0)


def test_a_numpy_layers_gradient_is_left_out_where_differences_mislead_or_take_too_long():
    found = plan(port({"x": "n c"}, "n c", framework="numpy"))
    slopes = {one.name: one.gradient for one in found.settings}
    assert slopes["distinct sizes"]
    assert slopes["saturation"]
    assert not slopes["ties"]
    assert probes(port({"x": "n c"}, "n c"))["ties"].gradient
    assert any(said.startswith("ties: no gradient is compared") for said in found.left_out)
    large = plan(port({"x": "n c"}, "n c", framework="numpy", sizes={"c": 5000}))
    assert not any(one.gradient for one in large.settings)


def test_any_number_of_axes_is_tried_as_one_two_and_three():
    of = port({"x": "..."}, "...")
    assert {len(one.sizes["..."]) for one in plan(of).settings} == {1, 2, 3}
    fixed = port({"x": "n ..."}, "n ...", sizes={"...": (4, 5, 6)})
    assert {one.sizes["..."] for one in plan(fixed).settings} == {(4, 5, 6)}
    assert plan(port({"x": ""}, "")).settings


@pytest.fixture(scope="module")
def known():
    return registry.load()


def test_sizes_that_follow_from_the_operation_are_used(known):
    arguments = {"x": "b s f", "weight": "k u f", "recurrent_weight": "k u u'", "bias": "k u"}
    of = port(arguments, outputs={"sequence": "b s u"}, operation="lstm")
    assert {one.sizes["k"] for one in plan(of, known.operation("lstm")).settings} == {4}


def test_the_operations_sizes_and_kinds_of_data_join(known):
    operation = known.operation("max_pool2d")
    of = port({"x": "n c h w"}, "n c y z", operation="max_pool2d", parameters={**operation.defaults})
    names = [one.name for one in plan(of, operation).settings]
    used = {case.data for case in operation.cases if not case.stress} - {"nan", "nonfinite"}
    tried = {strategy for one in plan(of, operation).settings for strategy in one.data.values()} | {"normal"}
    assert used <= tried
    assert len(names) == len(set(names))


def test_the_sizes_of_the_operations_cases_join_in_the_ports_letters(known):
    tried = probes(port({"x": "b f", "weight": "f u", "bias": "u"}, "b u", operation="dense"), known.operation("dense"))
    assert tried["the sizes of dense's case matrix-distinct_sizes"].sizes == {"b": 2, "f": 3, "u": 4}
    assert not any("axes" in name for name in tried)
    several = port({"x": "b ... f", "weight": "f u", "bias": "u"}, "b ... u", operation="dense")
    assert {one.sizes["..."] for one in plan(several, known.operation("dense")).settings} >= {()}


def test_what_the_operation_says_is_positive_is_drawn_so(known):
    of = port({"x": "n c h w", "mean": "c", "variance": "c"}, "n c h w", operation="batch_norm")
    for setting in plan(of, known.operation("batch_norm")).settings:
        assert draw(of, setting, 0)["variance"].min() > 0


def test_every_operation_of_the_catalogue_can_be_planned_as_a_port_and_most_probes_lie_in_its_domain(known):
    inside = outside = 0
    for name, operation in known.operations.items():
        of = port(operation.inputs, outputs=operation.outputs, operation=name, parameters=operation.defaults)
        found = plan(of, operation)
        assert 5 <= len(found.settings) <= 18, name
        for setting in found.settings:
            arrays = draw(of, setting, 0)
            try:
                with np.errstate(all="ignore"):
                    outputs = operation.forward(arrays, setting.parameters)
            except EquivalenceError:
                outside += 1
                continue
            inside += 1
            real = [one for one in outputs.values() if one.dtype.kind == "f" and one.size]
            assert not real or not all(np.isnan(one).all() for one in real), (name, setting.name)
    assert inside > 10 * outside


AXES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4, unique=True).map(" ".join)
KINDS = st.one_of(
    AXES, AXES.map(Mask), AXES.map(Integers), AXES.map(Positive), AXES.map(lambda one: Real(one, low=0.0, high=1.0))
)
PORTS = st.dictionaries(st.sampled_from(["x", "y", "z"]), KINDS, min_size=1)


@settings(max_examples=80, deadline=None)
@given(PORTS, st.integers(0, 9))
def test_any_axes_give_a_plan_that_can_be_drawn(inputs, seed):
    of = port(inputs, "")
    found = plan(of)
    assert found.settings
    assert {setting.name for setting in found.settings} >= {"distinct sizes"}
    assert set(letters(of).all) == set().union(*(_axes.letters(kind.axes) for kind in of.arguments.values()))
    for setting in found.settings:
        assert isinstance(setting, Setting)
        for name, array in draw(of, setting, seed).items():
            assert array.shape == _axes.shape(of.arguments[name].axes, setting.sizes)
            assert array.dtype in (np.float64, np.int64, np.bool_)
            assert np.isfinite(array).all()
