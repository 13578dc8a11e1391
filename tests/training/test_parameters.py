"""Parameters in files, and back: what comes back is what went, under the names it had."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from equivalence import parameters, registry, tensorfiles
from equivalence.errors import EquivalenceError, UsageError
from equivalence.recipe import Recipe

NIN = registry.find("equivalence.recipes", Recipe)["nin"]
every_format = pytest.mark.parametrize("ending", [".npz", ".safetensors"])


@pytest.fixture
def own():
    """The network's parameters, with as many equal shapes as there can be, no two with the same numbers."""
    same = replace(NIN, sizes=dict.fromkeys("abdefgij", 10) | {"p": 3, "q": 3, "u": 1, "v": 1})
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(a.shape) for name, a in same.start(same.all_sizes(2, (1, 8, 8), 10), 0).items()}


@every_format
def test_the_round_trip_is_the_identity(ending, own, tmp_path):
    parameters.save(tmp_path / f"nin{ending}", own)
    back = parameters.load(tmp_path / f"nin{ending}", {name: np.zeros(a.shape) for name, a in own.items()})
    assert list(back) == list(own)
    for name, array in own.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == np.float64


@every_format
def test_no_layer_gets_the_parameters_of_another(ending, own, tmp_path):
    """A published network's own function for this gives two of its layers those of the layer before."""
    parameters.save(tmp_path / f"nin{ending}", own)
    back = parameters.load(tmp_path / f"nin{ending}", own)
    alike = [pair for pair in combinations(own, 2) if own[pair[0]].shape == own[pair[1]].shape]
    assert ("weight2_2", "weight2_3") in alike
    assert ("weight3_2", "weight3_3") in alike
    for left, right in alike:
        assert not np.array_equal(back[left], back[right]), (left, right)


@every_format
def test_special_values_and_order_survive(ending, tmp_path):
    own = {"z": np.array([np.nan, -0.0, 5e-324, -np.inf]), "a": np.array(3.5), "m": np.zeros((2, 0))}
    parameters.save(tmp_path / f"p{ending}", own)
    back = parameters.load(tmp_path / f"p{ending}", own)
    assert list(back) == ["z", "a", "m"]
    for name, array in own.items():
        assert back[name].tobytes() == array.tobytes()
        assert back[name].shape == array.shape


@every_format
def test_everything_that_is_wrong_is_one_message(ending, own, tmp_path):
    wrong = {name: array for name, array in own.items() if name != "bias2_1"}
    wrong |= {"weight1_1": wrong["weight1_1"].transpose(0, 1, 3, 2)[:, :, :2], "mlp9": np.zeros(2)}
    wrong |= {"weight3_3": wrong["weight3_3"].astype(np.complex128)} if ending == ".npz" else {}
    path = tmp_path / f"p{ending}"
    tensorfiles.write(path, wrong)
    with pytest.raises(EquivalenceError) as caught:
        parameters.load(path, own)
    said = str(caught.value)
    assert said.startswith(f"{path} does not hold the parameters of this network")
    assert "bias2_1 is missing" in said
    assert "mlp9 is none of its parameters" in said
    assert "weight1_1 has the shape (10, 1, 2, 3) in place of (10, 1, 3, 3)" in said
    assert ("weight3_3 is complex128, which float64 cannot hold" in said) == (ending == ".npz")


@every_format
def test_float32_becomes_float64_without_loss_and_float64_does_not_become_float32(ending, tmp_path):
    path = tmp_path / f"p{ending}"
    narrow, wide = np.float32([0.1, 2.5]), np.array([0.1, 2.5])
    parameters.save(path, {"w": narrow})
    back = parameters.load(path, {"w": wide})["w"]
    assert back.dtype == np.float64
    np.testing.assert_array_equal(back, narrow.astype(np.float64))
    parameters.save(path, {"w": wide})
    with pytest.raises(EquivalenceError, match="w is float64, which float32 cannot hold"):
        parameters.load(path, {"w": narrow})


def test_files_that_are_none(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        parameters.load(tmp_path / "none.npz", {})
    with pytest.raises(UsageError, match=r"ends in \.npz or \.safetensors"):
        parameters.save(tmp_path / "nin.pkl", {"w": np.zeros(1)})
    path = tmp_path / "cut.safetensors"
    parameters.save(path, {"w": np.zeros(100)})
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(EquivalenceError, match="cut off, damaged"):
        parameters.load(path, {"w": np.zeros(100)})
