"""Attention against PyTorch's own."""

import numpy as np
import pytest
import torch

import velveteen as vt
from tests.layers._check import check_layer
from velveteen import layers
from velveteen.errors import ArgumentError, ShapeError


@pytest.mark.parametrize("options", [{}, {"use_bias": False, "value_dim": 5}])
def test_attention_to_itself(options):
    layer = check_layer(
        lambda: layers.multi_head_attention(2, 3, **options),
        [4, 6],
        output_shape=[4, 6],
        weights=8 if not options else 4,
    )
    name = layer.name
    assert layer.weights[0].name == f"{name}/query/kernel" and layer.weights[0].shape == [6, 2, 3]
    assert layer.weights[-1].name.startswith(f"{name}/attention_output/")


def test_attention_to_another():
    layer = check_layer(lambda: layers.multi_head_attention(2, 3), [4, 6], [5, 7], output_shape=[4, 6], weights=8)
    assert layer.apply([vt.zeros([1, 4, 6]), vt.zeros([1, 5, 7]), vt.zeros([1, 5, 7])]).shape == [1, 4, 6]


@pytest.mark.parametrize("causal", [False, True])
def test_same_as_pytorch(causal):
    torch.manual_seed(0)
    ours, theirs = layers.multi_head_attention(2, 3), torch.nn.MultiheadAttention(6, 2, batch_first=True)
    x = torch.randn(2, 4, 6)
    ours.apply(x)
    packed, bias = theirs.in_proj_weight.detach(), torch.randn(18)
    theirs.in_proj_bias.data = bias
    values = []
    for place in range(3):
        values += [packed[6 * place : 6 * place + 6].T.reshape(6, 2, 3), bias[6 * place : 6 * place + 6].reshape(2, 3)]
    ours.set_weights([*values, theirs.out_proj.weight.detach().T.reshape(2, 3, 6), theirs.out_proj.bias.detach()])
    mask = torch.triu(torch.ones(4, 4, dtype=torch.bool), 1) if causal else None
    expected = theirs(x, x, x, attn_mask=mask)[0].detach().numpy()
    np.testing.assert_allclose(ours.apply(x, use_causal_mask=causal), expected, rtol=1e-4, atol=1e-5)


def test_wrong_calls():
    layer = layers.multi_head_attention(2, 3)
    with pytest.raises(ShapeError, match=r"as many keys as values.* order query, value, key"):
        layer.apply([vt.zeros([1, 4, 6]), vt.zeros([1, 5, 6]), vt.zeros([1, 3, 6])])
    with pytest.raises(ArgumentError, match="query, value and key, but got 4"):
        layer.apply([vt.zeros([1, 4, 6])] * 4)
    with pytest.raises(ArgumentError, match='"dropout" must be'):
        layers.multi_head_attention(2, 3, dropout=1)


def test_through_a_file(tmp_path):
    x = vt.input([4, 6])
    model = vt.model(inputs=x, outputs=layers.multi_head_attention(2, 3).apply(x, use_causal_mask=True))
    model.save(tmp_path)
    data = vt.random_normal([2, 4, 6])
    np.testing.assert_allclose(vt.load_layers_model(tmp_path).predict(data), model.predict(data), rtol=1e-6)
