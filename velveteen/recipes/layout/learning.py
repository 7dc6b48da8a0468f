"""The loss: broken pixels are rare, and many are easy."""

import torch

_PIXELS = 5.0
"""What the cross entropy counts, beside the Dice of 0 to 1."""
_FOCUS = 2.0
"""How much less a pixel counts that is right already."""


def rare_pixels(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns focal cross entropy plus soft Dice for each picture: [batch].

    The first teaches each pixel, easy ones little (Lin et al., "Focal Loss for Dense Object Detection", 2017, equation 4);
    the second one measures the shapes, each kind alike however small its places are (Milletari, Navab and Ahmadi, "V-Net",
    2016, over the whole batch, for the kinds in it).

    Args:
        y_true: [batch, height, width, kinds]: 1 where a kind is, 0 where not, below 0 what does not count.
        y_pred: probabilities of the same shape.
    """
    counts = (y_true >= 0).to(y_pred.dtype)
    truth = y_true.clamp(min=0)
    sure = y_pred.clamp(1e-6, 1 - 1e-6)
    right = torch.where(truth > 0.5, sure, 1 - sure)
    focal = -((1 - right) ** _FOCUS) * right.log() * counts
    # A share of the crop's pixels, not of the broken ones: else a crop with one broken letter would count as one with many.
    pixels = focal.sum(dim=(1, 2, 3)) / counts[..., 0].sum(dim=(1, 2)).clamp(min=1)
    places = (0, 1, 2)
    both, either = (truth * sure * counts).sum(dim=places), ((truth + sure) * counts).sum(dim=places)
    is_there = truth.sum(dim=places) > 0
    dice = (1 - (2 * both + 1) / (either + 1))[is_there]
    return _PIXELS * pixels + (dice.mean() if dice.numel() else dice.sum())
