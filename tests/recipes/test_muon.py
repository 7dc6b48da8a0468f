"""The optimizer for hidden layers: against PyTorch's, which takes matrices alone."""

import pytest
import torch

import velveteen as vt
from velveteen.recipes._muon import Muon, orthogonalized
from velveteen.training.optimizers import Adam

RATE = 0.003


@pytest.mark.parametrize("shape", [(16, 24), (40, 16)])
def test_kernels_move_as_with_pytorch(shape):
    torch.manual_seed(1)
    start = torch.randn(shape)
    kernel = torch.nn.Parameter(start[:, :, None, None].clone())
    matrix = torch.nn.Parameter(start.clone())
    ours = Muon(RATE).torch_optimizer([kernel])
    theirs = torch.optim.Muon([matrix], lr=RATE, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    for _ in range(5):
        gradient = torch.randn(shape)
        kernel.grad, matrix.grad = gradient[:, :, None, None].clone(), gradient.clone()
        ours.step()
        theirs.step()
    moved = (matrix - start).abs().max()
    assert (kernel[:, :, 0, 0] - matrix).abs().max() < 0.03 * moved  # theirs computes in bfloat16


def test_the_order_of_memory_does_not_matter():
    torch.manual_seed(2)
    kernels = [torch.nn.Parameter(torch.ones(20, 16, 3, 3)) for _ in range(2)]
    kernels[1].data = kernels[1].data.to(memory_format=torch.channels_last)
    gradient = torch.randn(20, 16, 3, 3)
    for kernel in kernels:
        kernel.grad = gradient.clone().to(memory_format=torch.preserve_format)
        Muon(RATE).torch_optimizer([kernel]).step()
    torch.testing.assert_close(kernels[0], kernels[1])
    assert not torch.equal(kernels[0], torch.ones_like(kernels[0]))


def test_other_weights_move_as_with_adam():
    torch.manual_seed(3)
    starts = [torch.randn(48, 3, 3, 3), torch.randn(8, 48, 1, 1), torch.randn(48), torch.randn(16, 20)]
    results = []
    for kind in (Muon, Adam):
        parameters = [torch.nn.Parameter(start.clone()) for start in starts]
        optimizer = kind(RATE).torch_optimizer(parameters)
        for seed in range(3):
            torch.manual_seed(seed)
            for parameter in parameters:
                parameter.grad = torch.randn(parameter.shape)
            optimizer.step()
        results.append(parameters)
    for ours, adams in zip(*results, strict=True):
        torch.testing.assert_close(ours, adams)


def test_all_directions_are_taken_alike():
    torch.manual_seed(4)
    for shape in ((30, 90), (90, 30)):
        values = torch.linalg.svdvals(orthogonalized(torch.randn(shape)))
        assert values.min() > 0.6 and values.max() < 1.3


def test_a_network_learns_with_it():
    vt.set_random_seed(5)
    network = vt.sequential(
        [
            vt.layers.conv2d(16, kernel_size=3, padding="same", activation="relu", input_shape=(8, 8, 1)),
            vt.layers.conv2d(16, kernel_size=3, padding="same", activation="relu"),
            vt.layers.conv2d(1, kernel_size=1),
        ]
    )
    network.compile(Muon(0.01), loss="mean_squared_error")
    pictures = vt.random_uniform((32, 8, 8, 1))
    losses = network.fit(pictures, vt.square(pictures), epochs=60, verbose=False).history["loss"]
    assert losses[-1] < 0.05 * losses[0]
