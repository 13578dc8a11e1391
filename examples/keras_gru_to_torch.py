"""Keras's GRU, ported to PyTorch.

Keras has the gates in the order update, reset, new content; PyTorch has reset, update, new content. Both apply the
reset gate after the product with the state (Keras since version 2.3, ``reset_after=True``), where the paper, and older
models, apply it before. With ``reset_after`` Keras's bias has two rows, one for the input and one for the state.

- ``blocks_reordered`` exchanges the first two blocks of each matrix: equal.
- ``blocks_as_they_are`` does not: different, ``gate.order``.
- ``reset_before`` follows the paper: different, ``gate.formula``.

Run: equivalence check examples/keras_gru_to_torch.py   (exit status 1: different)
"""

from equivalence import Layer, Port


def keras_gru(sizes):
    """The original."""
    import keras

    return keras.layers.GRU(sizes["h"], return_sequences=True)


def reordered(matrix):
    """The blocks update, reset, new content of the first axis as reset, update, new content."""
    import torch

    update, reset, new = matrix.chunk(3)
    return torch.cat([reset, update, new])


def torch_gru(x, weights):
    """Run PyTorch's cell over the steps with these four arrays."""
    import torch

    state, outputs = x.new_zeros(len(x), weights[1].shape[1]), []
    for step in x.unbind(1):
        state = torch.gru_cell(step, state, *weights)
        outputs.append(state)
    return torch.stack(outputs, dim=1)


def torch_blocks_reordered(x, kernel, recurrent_kernel, bias):
    """Bring Keras's gates into PyTorch's order."""
    return torch_gru(x, [reordered(array) for array in (kernel, recurrent_kernel, bias[0], bias[1])])


def torch_blocks_as_they_are(x, kernel, recurrent_kernel, bias):
    """Take Keras's gates for PyTorch's."""
    return torch_gru(x, [kernel, recurrent_kernel, bias[0], bias[1]])


def torch_reset_before(x, kernel, recurrent_kernel, bias):
    """The paper's formula: reset the state, then multiply."""
    import torch

    units = recurrent_kernel.shape[1]
    state, outputs = x.new_zeros(len(x), units), []
    for step in x.unbind(1):
        given = step @ kernel.T + bias[0] + bias[1]
        known = state @ recurrent_kernel[: 2 * units].T
        update, reset = (given[:, : 2 * units] + known).sigmoid().chunk(2, dim=1)
        new = (given[:, 2 * units :] + (reset * state) @ recurrent_kernel[2 * units :].T).tanh()
        state = update * state + (1 - update) * new
        outputs.append(state)
    return torch.stack(outputs, dim=1)


def port(ported):
    """The port with this layer on PyTorch's side."""
    return Port(
        original=Layer(
            "keras",
            keras_gru,
            inputs={"x": "n t c"},
            parameters={"kernel": "c r", "recurrent_kernel": "h r", "bias": "b r"},
            output="n t h",
        ),
        ported=Layer(
            "torch",
            ported,
            inputs={"x": "n t c", "kernel": "r c", "recurrent_kernel": "r h", "bias": "b r"},
            output="n t h",
        ),
        sizes={"r": "3*h", "b": 2},
    )


blocks_reordered = port(torch_blocks_reordered)
blocks_as_they_are = port(torch_blocks_as_they_are)
reset_before = port(torch_reset_before)
