"""Layers and models of a framework's own beside the same written differently."""

from equivalence import Layer, Mask, Port, Positive, Real


def keras_rnn(sizes):
    import keras

    return keras.layers.SimpleRNN(sizes["h"], return_sequences=True)


def torch_rnn_unrolled(x, kernel, recurrent_kernel, bias):
    import torch

    joined = torch.cat([kernel, recurrent_kernel])
    state, outputs = x.new_zeros(len(x), len(recurrent_kernel)), []
    for step in x.unbind(1):
        state = torch.addmm(bias, torch.cat([step, state], dim=1), joined).tanh()
        outputs.append(state)
    return torch.stack(outputs, dim=1)


rnn_unrolled_with_joined_weights = Port(
    original=Layer(
        "keras",
        keras_rnn,
        inputs={"x": "n t c"},
        parameters={"kernel": "c h", "recurrent_kernel": "h h'", "bias": "h"},
        output="n t h",
    ),
    ported=Layer(
        "torch",
        torch_rnn_unrolled,
        inputs={"x": "n t c", "kernel": "c h", "recurrent_kernel": "h h'", "bias": "h"},
        output="n t h",
    ),
)


def torch_two_way_lstm(sizes):
    import torch

    class Outputs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(sizes["c"], sizes["h"], batch_first=True, bidirectional=True, bias=False)

        def forward(self, x):
            return self.lstm(x)[0]

    return Outputs()


def tf_two_way_lstm(x, kernel, recurrent_kernel, kernel_back, recurrent_kernel_back):
    import tensorflow as tf

    def walk(steps, kernel, recurrent_kernel):
        state = cell = tf.zeros([x.shape[0], recurrent_kernel.shape[0]], x.dtype)
        outputs = []
        for step in steps:
            fill, keep, new, show = tf.split(step @ kernel + state @ recurrent_kernel, 4, axis=1)
            cell = tf.sigmoid(keep) * cell + tf.sigmoid(fill) * tf.tanh(new)
            state = tf.sigmoid(show) * tf.tanh(cell)
            outputs.append(state)
        return outputs

    steps = tf.unstack(x, axis=1)
    forth = walk(steps, kernel, recurrent_kernel)
    back = walk(steps[::-1], kernel_back, recurrent_kernel_back)[::-1]
    return tf.stack([tf.concat(both, axis=1) for both in zip(forth, back, strict=True)], axis=1)


two_way_lstm_by_two_walks = Port(
    original=Layer(
        "torch",
        torch_two_way_lstm,
        inputs={"x": "n t c"},
        parameters={
            "lstm.weight_ih_l0": "r c",
            "lstm.weight_hh_l0": "r h",
            "lstm.weight_ih_l0_reverse": "r c",
            "lstm.weight_hh_l0_reverse": "r h",
        },
        output="n t d",
    ),
    ported=Layer(
        "tensorflow",
        tf_two_way_lstm,
        inputs={
            "x": "n t c",
            "kernel": "c r",
            "recurrent_kernel": "h r",
            "kernel_back": "c r",
            "recurrent_kernel_back": "h r",
        },
        output="n t d",
    ),
    match={
        "lstm.weight_ih_l0": "kernel",
        "lstm.weight_hh_l0": "recurrent_kernel",
        "lstm.weight_ih_l0_reverse": "kernel_back",
        "lstm.weight_hh_l0_reverse": "recurrent_kernel_back",
    },
    sizes={"r": "4*h"},
)


def torch_attention(sizes):
    import torch

    class Attended(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = torch.nn.MultiheadAttention(sizes["c"], num_heads=2, batch_first=True)

        def forward(self, x, mask):
            return self.attention(x, x, x, key_padding_mask=~mask, need_weights=False)[0]

    return Attended()


def tf_attention(x, mask, weight, bias, output_weight, output_bias):
    import tensorflow as tf

    batch, steps, features = x.shape
    packed = tf.reshape(x @ weight + bias, [batch, steps, 3, 2, features // 2])
    query, key, value = tf.unstack(tf.transpose(packed, [2, 0, 3, 1, 4]))
    query *= (features // 2) ** -0.5
    scores = tf.where(mask[:, None, None], tf.matmul(query, key, transpose_b=True), float("-inf"))
    seen = tf.transpose(tf.nn.softmax(scores) @ value, [0, 2, 1, 3])
    return tf.reshape(seen, x.shape) @ output_weight + output_bias


attention_of_packed_weights = Port(
    original=Layer(
        "torch",
        torch_attention,
        inputs={"x": "n t c", "mask": Mask("n t")},
        parameters={
            "attention.in_proj_weight": "r c",
            "attention.in_proj_bias": "r",
            "attention.out_proj.weight": "c c'",
            "attention.out_proj.bias": "c",
        },
        output="n t c",
    ),
    ported=Layer(
        "tensorflow",
        tf_attention,
        inputs={
            "x": "n t c",
            "mask": Mask("n t"),
            "weight": "c r",
            "bias": "r",
            "output_weight": "c' c",
            "output_bias": "c",
        },
        output="n t c",
    ),
    match={
        "attention.in_proj_weight": "weight",
        "attention.in_proj_bias": "bias",
        "attention.out_proj.weight": "output_weight",
        "attention.out_proj.bias": "output_bias",
    },
    sizes={"c": [4, 6], "r": "3*c"},
)


def keras_separable_conv(sizes):
    import keras

    return keras.layers.SeparableConv2D(sizes["o"], (sizes["p"], sizes["q"]))


def torch_two_convs(sizes):
    import torch

    channels = sizes["c"]
    return torch.nn.Sequential(
        torch.nn.Conv2d(channels, channels, (sizes["p"], sizes["q"]), groups=channels, bias=False),
        torch.nn.Conv2d(channels, sizes["o"], 1),
    )


separable_as_two_convolutions = Port(
    original=Layer(
        "keras",
        keras_separable_conv,
        inputs={"x": "n h w c"},
        parameters={"depthwise_kernel": "p q c m", "pointwise_kernel": "a b c o", "bias": "o"},
        output="n i j o",
    ),
    ported=Layer(
        "torch",
        torch_two_convs,
        inputs={"input": "n c h w"},
        parameters={"0.weight": "c m p q", "1.weight": "o c a b", "1.bias": "o"},
        output="n o i j",
    ),
    match={"x": "input", "depthwise_kernel": "0.weight", "pointwise_kernel": "1.weight", "bias": "1.bias"},
    sizes={"h": 6, "w": 5, "p": 3, "q": 2, "m": 1, "a": 1, "b": 1},
)


def keras_model(sizes):
    import keras

    return keras.Sequential(
        [
            keras.layers.Conv2D(sizes["o"], (sizes["p"], sizes["q"]), use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
        ]
    )


def torch_folded_model(x, kernel, gamma, beta, moving_mean, moving_variance):
    import torch.nn.functional as F

    gain = gamma / (moving_variance + 1e-3).sqrt()
    return F.relu(F.conv2d(x, kernel * gain[:, None, None, None], beta - moving_mean * gain))


FOLDED = {
    "gamma": "o",
    "beta": "o",
    "moving_mean": Real("o", gradient=False),
    "moving_variance": Positive("o", gradient=False),
}

model_folded_into_one_convolution = Port(
    original=Layer(
        "keras",
        keras_model,
        inputs={"x": "n h w c"},
        parameters={"kernel": "p q c o", **FOLDED},
        output="n i j o",
    ),
    ported=Layer(
        "torch",
        torch_folded_model,
        inputs={"x": "n c h w", "kernel": "o c p q", **FOLDED},
        output="n o i j",
    ),
    sizes={"h": 6, "w": 5, "p": 3, "q": 2},
)
