"""Nodes on pictures, and those whose outputs' sizes depend on values: non-maximum suppression, places, differences."""

from typing import Any

import torch

from velveteen import ops
from velveteen.graph_models.kinds._reading import integers, one
from velveteen.graph_models.registry import Call, Function, kind
from velveteen.ops import image


@kind("ResizeBilinear", "ResizeNearestNeighbor", numbers=(1,))
def resize(call: Call) -> Function:
    resized = image.resize_bilinear if call.op == "ResizeBilinear" else image.resize_nearest_neighbor
    align, half = call.attributes.boolean("align_corners"), call.attributes.boolean("half_pixel_centers")
    return lambda x, size: resized(x, integers(size)[:2], align, half)


@kind("CropAndResize", numbers=(3,))
def crop_and_resize(call: Call) -> Function:
    method = call.attributes.text("method", "bilinear").lower()
    outside = call.attributes.number("extrapolation_value", 0)
    return lambda x, boxes, of, size: image.crop_and_resize(x, boxes, of, integers(size), method, outside)


@kind("ImageProjectiveTransformV3", numbers=(2, 3))
def transform(call: Call) -> Function:
    interpolation = call.attributes.text("interpolation", "nearest").lower()
    mode = call.attributes.text("fill_mode", "constant").lower()
    return lambda x, transforms, shape, fill=0: image.transform(
        x, transforms, interpolation, mode, one(fill), integers(shape)
    )


@kind("NonMaxSuppressionV2", "NonMaxSuppressionV3", numbers=(2, 3, 4))
def non_max_suppression(call: Call) -> Function:
    return lambda boxes, scores, count, overlap, least=None: image.non_max_suppression(
        boxes, scores, int(one(count)), one(overlap), one(least)
    )


@kind("NonMaxSuppressionV4", numbers=(2, 3, 4), outputs=("selected_indices", "valid_outputs"), many=True)
def non_max_suppression_padded(call: Call) -> Function:
    pad = call.attributes.boolean("pad_to_max_output_size")

    def compute(boxes: Any, scores: Any, count: Any, overlap: Any, least: Any) -> list[Any]:
        found = image.non_max_suppression_padded(boxes, scores, int(one(count)), one(overlap), one(least), pad)
        return list(found.values() if isinstance(found, dict) else found)

    return compute


_WITH_SCORES = ("selected_indices", "selected_scores", "valid_outputs")


@kind("NonMaxSuppressionV5", numbers=(2, 3, 4, 5), outputs=_WITH_SCORES, many=True)
def non_max_suppression_with_scores(call: Call) -> Function:
    def compute(boxes: Any, scores: Any, count: Any, overlap: Any, least: Any, sigma: Any) -> list[Any]:
        found = image.non_max_suppression_with_score(
            boxes, scores, int(one(count)), one(overlap), one(least), one(sigma)
        )
        indices, chosen = found.values() if isinstance(found, dict) else found
        return [indices, chosen, torch.tensor(len(indices), dtype=torch.int32, device=boxes.device)]

    return compute


@kind("Where")
def where(call: Call) -> Function:
    return lambda condition: ops.where(condition != 0)


@kind("ListDiff", outputs=("out", "idx"), many=True)
def list_diff(call: Call) -> Function:
    return lambda x, y: list(ops.setdiff1d(x, y))
