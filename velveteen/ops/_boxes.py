"""Non-maximum suppression: the best boxes without those that overlap a better one."""

import heapq
import math

import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.tensors import Shape


def suppress(
    boxes: torch.Tensor,
    scores: torch.Tensor,
    max_output_size: int,
    iou_threshold: float | None,
    score_threshold: float | None,
    soft_nms_sigma: float | None = 0.0,
) -> tuple[list[int], list[float]]:
    """Returns the chosen boxes, the best first, and their scores.

    Boxes of equal scores come in their own order. With `soft_nms_sigma`, the score of an overlapping box is lowered, and
    the box waits for its new turn (Bodla et al. 2017, "Soft-NMS").
    """
    iou_threshold = 0.5 if iou_threshold is None else iou_threshold
    score_threshold = -math.inf if score_threshold is None else score_threshold
    sigma = soft_nms_sigma or 0.0
    if boxes.dim() != 2 or boxes.shape[1] != 4 or tuple(scores.shape) != (boxes.shape[0],):
        raise ShapeError(
            f"Expected boxes of shape [boxes, 4] and scores of [boxes], got {Shape(boxes.shape)} and {Shape(scores.shape)}."
        )
    if not 0 <= iou_threshold <= 1 or not 0 <= sigma <= 1:
        raise ArgumentError(f"Expected iou_threshold and soft_nms_sigma from 0 to 1, got {iou_threshold} and {sigma}.")
    corners = boxes.tolist()
    # A candidate knows how many of the chosen boxes have lowered its score already: none does so twice.
    waiting = [(-score, box, 0) for box, score in enumerate(scores.tolist()) if score > score_threshold]
    heapq.heapify(waiting)
    chosen: list[int] = []
    kept: list[float] = []
    while waiting and len(chosen) < max_output_size:
        negative, box, seen = heapq.heappop(waiting)
        score = _lowered(-negative, corners, box, chosen[seen:], iou_threshold, score_threshold, sigma)
        if score == -negative:
            chosen.append(box)
            kept.append(score)
        elif score > score_threshold:
            heapq.heappush(waiting, (-score, box, len(chosen)))
    return chosen, kept


def _lowered(
    score: float,
    corners: list[list[float]],
    box: int,
    better: list[int],
    iou_threshold: float,
    score_threshold: float,
    sigma: float,
) -> float:
    """Returns the score after the overlaps with better boxes; minus infinity where one is too large."""
    for other in reversed(better):
        overlap = _intersection_over_union(corners[box], corners[other])
        if overlap >= iou_threshold:
            return -math.inf
        if sigma:
            score *= math.exp(-0.5 / sigma * overlap * overlap)
        if score <= score_threshold:
            break
    return score


def _intersection_over_union(a: list[float], b: list[float]) -> float:
    (top_a, bottom_a), (left_a, right_a) = sorted((a[0], a[2])), sorted((a[1], a[3]))
    (top_b, bottom_b), (left_b, right_b) = sorted((b[0], b[2])), sorted((b[1], b[3]))
    area_a = (bottom_a - top_a) * (right_a - left_a)
    area_b = (bottom_b - top_b) * (right_b - left_b)
    if area_a <= 0 or area_b <= 0:
        return 0.0
    height = max(min(bottom_a, bottom_b) - max(top_a, top_b), 0.0)
    width = max(min(right_a, right_b) - max(left_a, left_b), 0.0)
    return height * width / (area_a + area_b - height * width)
