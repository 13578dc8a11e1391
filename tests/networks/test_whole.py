"""The chain of bindings against the same networks as one function in PyTorch, which differentiates them whole."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from equivalence import registry

NETWORKS = registry.graphs(registry.load())


def nin(a):
    x = a["x"]
    for block in (1, 2, 3):
        for layer in (1, 2, 3):
            name = f"{block}_{layer}"
            x = F.conv2d(x, a[f"weight{name}"], a[f"bias{name}"], padding=1 if layer == 1 else 0).relu()
        if block < 3:
            x = F.max_pool2d(x, 2) * a[f"mask{block}"] * 2
    return F.cross_entropy(x.mean((2, 3)), a["labels"])


def value_iteration(a):
    hidden = F.conv2d(a["x"], a["hidden_kernel"], a["hidden_bias"], padding=1)
    reward = F.conv2d(hidden, a["reward_kernel"])
    actions = F.conv2d(reward, a["reward_weight"], padding=1)
    for _ in range(4):
        value = actions.amax(1, keepdim=True)
        actions = F.conv2d(reward, a["reward_weight"], padding=1) + F.conv2d(value, a["value_weight"], padding=1)
    n, _, h, w = actions.shape
    place = a["place"] - h * w * torch.arange(n)
    seen = actions.flatten(2)[torch.arange(n), :, place]
    return F.cross_entropy(seen @ a["policy"].T, a["labels"])


def capsule_layer(a):
    u_hat = torch.einsum("ijkl,nil->nijk", a["weight"], a["u"])
    s = (u_hat * a["coupling"].softmax(1)[..., None]).sum(1)
    length = s.norm(dim=-1, keepdim=True)
    return ((length**2 / (1 + length**2) * s / length - a["target"]) ** 2).mean()


def lenet_lstm(a):
    n, t = a["x"].shape[:2]
    x = F.avg_pool2d(F.conv2d(a["x"].flatten(0, 1), a["kernel1"], a["bias1"]).tanh(), 2)
    x = F.max_pool2d(F.conv2d(x, a["kernel2"], a["bias2"]).tanh(), 2).reshape(n, t, -1)
    units = a["weight"].shape[1]
    h = c = torch.zeros(n, units, dtype=torch.float64)
    for step in range(t):
        gates = torch.einsum("nk,guk->gnu", x[:, step], a["weight"]) + a["gate_bias"][:, None]
        i, f, g, o = gates + torch.einsum("nk,guk->gnu", h, a["recurrent_weight"])
        c = (f + 1).sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
    return F.cross_entropy(h @ a["class_weight"].T + a["class_bias"], a["labels"])


@pytest.mark.parametrize("case", ["distinct_sizes", "equal_sizes"])
@pytest.mark.parametrize("function", [nin, value_iteration, capsule_layer, lenet_lstm], ids=lambda f: f.__name__)
def test_three_steps_of_training_are_those_of_the_whole_network(runner, function, case):
    network = NETWORKS[function.__name__]
    arrays = network.draw(network.case(case), seed=2)
    trained = runner.train(network, arrays, "torch")
    tensors = {name: torch.tensor(array) for name, array in arrays.items()}
    parameters = [tensors[name].requires_grad_() for name in network.parameters]
    settings = dict(network.training.parameters)
    # PyTorch's learning rate stands outside of the velocity, which is the same until the rate changes.
    inside = settings.pop("rate_inside", False)
    optimizer = torch.optim.SGD(parameters, lr=1.0, **settings)
    for rate, loss, after in zip(network.training.rates, trained.losses, trained.parameters, strict=True):
        if inside and rate != network.training.rates[0]:
            break
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        whole = function(tensors)
        whole.backward()
        optimizer.step()
        assert abs(whole.item() - loss) < 1e-12
        for name, parameter in zip(network.parameters, parameters, strict=True):
            np.testing.assert_allclose(after[name], parameter.detach().numpy(), rtol=1e-9, atol=1e-12)
