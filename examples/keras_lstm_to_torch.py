"""Keras's LSTM, ported to PyTorch, with the weights of a trained layer.

Both have the four gates in one matrix, in the order input, forget, new content, output. Keras has one bias,
``torch.nn.LSTM`` has two that are added.

- ``torch_layer`` is ``torch.nn.LSTM`` with its second bias at zero: equal.
- ``written_by_hand`` splits the matrix as input, forget, output, new content: different, ``gate.order``.

Run: equivalence check examples/keras_lstm_to_torch.py   (exit status 1: different)
"""

from equivalence import Layer, Port


def keras_lstm(sizes):
    """The original."""
    import keras

    return keras.layers.LSTM(sizes["h"], return_sequences=True)


def torch_lstm(sizes):
    """PyTorch's layer, without what Keras's does not have and does not return."""
    import torch

    class Outputs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(sizes["c"], sizes["h"], batch_first=True)
            torch.nn.init.zeros_(self.lstm.bias_hh_l0)

        def forward(self, x):
            return self.lstm(x)[0]

    return Outputs()


def torch_lstm_by_hand(sizes):
    """A cell of one's own, which names the parts of the matrix in another order."""
    import torch

    class Recurrent(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.from_input = torch.nn.Linear(sizes["c"], 4 * sizes["h"])
            self.from_state = torch.nn.Linear(sizes["h"], 4 * sizes["h"], bias=False)

        def forward(self, x):
            state = cell = x.new_zeros(len(x), sizes["h"])
            outputs = []
            for step in self.from_input(x).unbind(1):
                fill, keep, show, new = (step + self.from_state(state)).chunk(4, dim=1)
                cell = keep.sigmoid() * cell + fill.sigmoid() * new.tanh()
                state = show.sigmoid() * cell.tanh()
                outputs.append(state)
            return torch.stack(outputs, dim=1)

    return Recurrent()


original = Layer(
    "keras",
    keras_lstm,
    inputs={"x": "n t c"},
    parameters={"kernel": "c r", "recurrent_kernel": "h r", "bias": "r"},
    output="n t h",
)

torch_layer = Port(
    original=original,
    ported=Layer(
        "torch",
        torch_lstm,
        inputs={"x": "n t c"},
        parameters={"lstm.weight_ih_l0": "r c", "lstm.weight_hh_l0": "r h", "lstm.bias_ih_l0": "r"},
        output="n t h",
    ),
    match={"kernel": "lstm.weight_ih_l0", "recurrent_kernel": "lstm.weight_hh_l0", "bias": "lstm.bias_ih_l0"},
    sizes={"r": "4*h"},
)

written_by_hand = Port(
    original=original,
    ported=Layer(
        "torch",
        torch_lstm_by_hand,
        inputs={"x": "n t c"},
        parameters={"from_input.weight": "r c", "from_state.weight": "r h", "from_input.bias": "r"},
        output="n t h",
    ),
    match={"kernel": "from_input.weight", "recurrent_kernel": "from_state.weight", "bias": "from_input.bias"},
    sizes={"r": "4*h"},
)
