"""Matrix products by oneDNN, where it is the faster library: the same numbers, and only there."""

import pytest
import torch
import torch.nn.functional as F

import velveteen as vt
from velveteen.ops import _linear
from velveteen.ops._linear import linear


@pytest.fixture
def taken(monkeypatch):
    """Lets oneDNN compute every product, however small; returns the shapes of those that it computed."""
    if not torch.backends.mkldnn.is_available():
        pytest.skip("PyTorch has no oneDNN here")
    shapes = []
    product = _linear._by_onednn
    monkeypatch.setattr(
        _linear, "_by_onednn", lambda x, kernel, bias: shapes.append(tuple(x.shape)) or product(x, kernel, bias)
    )
    monkeypatch.setattr(_linear, "_FEWEST_PRODUCTS", 1)
    every = frozenset((rows, kernel) for rows in (True, False) for kernel in (True, False))
    monkeypatch.setattr(_linear, "gaining_layouts", lambda: every)
    return shapes


def made(shape, outputs, with_bias, strided=False):
    torch.manual_seed(0)
    x = torch.randn(*reversed(shape)).permute(*reversed(range(len(shape)))) if strided else torch.randn(shape)
    kernel = torch.randn(shape[-1], outputs).t() if strided else torch.randn(outputs, shape[-1])
    parts = [x, kernel, *([torch.randn(outputs)] if with_bias else [])]
    return [part.requires_grad_() for part in parts]


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("strided", [True, False])
@pytest.mark.parametrize(("shape", "outputs"), [((5, 7), 3), ((2, 3, 7), 4), ((1, 6), 1), ((2, 3, 2, 5), 2)])
def test_values_and_gradients_are_those_of_pytorch(taken, shape, outputs, strided, with_bias):
    parts = made(shape, outputs, with_bias, strided)
    y, expected = linear(*parts), F.linear(*parts)
    torch.testing.assert_close(y, expected, rtol=1e-5, atol=1e-5)
    assert taken == [shape]
    weights = torch.randn_like(y)
    gradients = torch.autograd.grad((y * weights).sum(), parts)
    assert len(taken) == 3  # both products of the backward pass too
    for gradient, wanted in zip(gradients, torch.autograd.grad((expected * weights).sum(), parts), strict=True):
        torch.testing.assert_close(gradient, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 7)])
def test_gradients_have_gradients(taken, shape):
    parts = made(shape, 3, with_bias=True)

    def second(function):
        first = torch.autograd.grad(function(*parts).tanh().square().sum(), parts, create_graph=True)
        return torch.autograd.grad(sum(part.square().sum() for part in first), parts)

    found, expected = second(linear), second(F.linear)
    assert len(taken) > 3
    for gradient, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(gradient, wanted, rtol=1e-4, atol=1e-4)


def test_what_needs_no_gradient_gets_none(taken):
    x, kernel, bias = made((4, 3), 2, with_bias=True)
    linear(x.detach(), kernel, bias.detach()).sum().backward()
    assert x.grad is None and bias.grad is None
    torch.testing.assert_close(kernel.grad, x.detach().sum(0).expand(2, 3))
    assert len(taken) == 2
    with torch.no_grad():
        assert not linear(x, kernel, bias).requires_grad


def test_a_model_trains_alike(taken):
    def weights():
        vt.set_random_seed(1)
        model = vt.sequential(
            [
                vt.layers.gru(4, input_shape=[3, 5], activation="relu"),
                vt.layers.dense(6, activation="relu"),
                vt.layers.dense(2, activation="softmax"),
            ]
        )
        model.compile("sgd", "categoricalCrossentropy")
        x = torch.linspace(-1, 1, 8 * 15).reshape(8, 3, 5)
        model.fit(x, torch.eye(2).repeat(4, 1), epochs=3, batch_size=4, shuffle=False, verbose=False)
        return [weight.numpy() for weight in model.get_weights()]

    found = weights()
    assert taken
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_linear, "gaining_layouts", frozenset)
        expected = weights()
    for own, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(torch.from_numpy(own), torch.from_numpy(wanted), rtol=1e-5, atol=1e-5)


def test_other_precisions_and_transforms_are_left_to_pytorch(taken):
    x, kernel = torch.randn(4, 3), torch.randn(2, 3)
    linear(x.double(), kernel.double())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert linear(x, kernel).dtype == torch.bfloat16
    assert linear(x.to("meta"), kernel.to("meta")).shape == (4, 2)
    torch.func.vmap(linear, in_dims=(0, None))(x.unsqueeze(1), kernel)
    linear(x[0], kernel)
    assert taken == []


def test_small_products_and_layouts_that_gain_nothing_are_left_to_pytorch(taken, monkeypatch):
    x, kernel = torch.randn(4, 3), torch.randn(2, 3)
    monkeypatch.setattr(_linear, "gaining_layouts", lambda: frozenset({(True, True)}))
    linear(x, torch.randn(3, 2).t())
    assert taken == []
    monkeypatch.setattr(_linear, "_FEWEST_PRODUCTS", 25)
    linear(x, kernel)
    assert taken == []
    monkeypatch.setattr(_linear, "_FEWEST_PRODUCTS", 24)
    linear(x, kernel)
    assert taken == [(4, 3)]


@pytest.mark.parametrize("vendor", ["GenuineIntel", "", "ARM"])
def test_nothing_is_timed_on_other_processors(monkeypatch, vendor):
    monkeypatch.setattr(_linear, "vendor", lambda: vendor)
    monkeypatch.setattr(_linear, "_is_faster", lambda layout: pytest.fail("it was timed"))
    assert _linear.gaining_layouts.__wrapped__() == frozenset()


@pytest.mark.skipif(not torch.backends.mkl.is_available(), reason="PyTorch has no MKL here")
@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="PyTorch has no oneDNN here")
def test_on_amd_the_faster_library_is_chosen_layout_by_layout(monkeypatch):
    monkeypatch.setattr(_linear, "vendor", lambda: "AuthenticAMD")
    monkeypatch.setattr(_linear, "_is_faster", lambda layout: layout[0])
    assert _linear.gaining_layouts.__wrapped__() == {(True, True), (True, False)}


@pytest.mark.parametrize("layout", _linear._LAYOUTS)
@pytest.mark.parametrize(("seconds", "is_faster"), [(0.7, True), (0.9, False), (1.5, False)])
def test_onednn_must_be_clearly_faster(monkeypatch, layout, seconds, is_faster):
    clock = [0.0]
    seen = set()

    def taking(time):
        def product(rows, kernel, bias):
            seen.add((rows.is_contiguous(), kernel.is_contiguous()))
            clock[0] += time

        return product

    monkeypatch.setattr(_linear.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(_linear, "_by_onednn", taking(seconds))
    monkeypatch.setattr(_linear.F, "linear", taking(1.0))
    assert _linear._is_faster(layout) is is_faster
    assert seen == {layout}


def test_the_processor_says_who_made_it(monkeypatch, tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: x\n")
    monkeypatch.setattr(_linear, "Path", lambda name: info)
    assert _linear.vendor() == "AuthenticAMD"
    info.unlink()
    monkeypatch.setattr(_linear.platform, "processor", lambda: "AMD64 Family 26 Model 68 Stepping 0, AuthenticAMD")
    assert _linear.vendor() == "AuthenticAMD"
    monkeypatch.setattr(_linear.platform, "processor", lambda: "")
    assert _linear.vendor() == ""


def test_timing_draws_no_random_numbers(monkeypatch):
    monkeypatch.setattr(_linear, "vendor", lambda: "AuthenticAMD")
    before = torch.get_rng_state()
    _linear.gaining_layouts.__wrapped__()
    assert torch.equal(torch.get_rng_state(), before)
