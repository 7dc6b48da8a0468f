"""The table that `model.summary()` prints."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from velveteen.layers import Layer
from velveteen.tensors import Shape

if TYPE_CHECKING:
    from velveteen.models.container import _Container


def print_summary(model: "_Container", line_length: int | None, print_fn: Callable[[str], None] | None) -> None:
    """Prints the layers with input and output shapes and parameters: a table in a terminal, plain text elsewhere."""
    from rich import box  # a tenth of the time that importing velveteen takes, so it is imported when needed
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(width=line_length, soft_wrap=False)
    if not console.is_terminal and line_length is None:
        console = Console(width=100, soft_wrap=False)
    plain = print_fn is not None or not console.is_terminal
    table = Table(box=box.ASCII2 if plain else box.ROUNDED, header_style="bold")
    table.add_column("Layer (type)", overflow="fold")
    table.add_column("Input shape", overflow="fold")
    table.add_column("Output shape", overflow="fold")
    table.add_column("Param #", justify="right")
    for layer in model.sublayers():
        cells = (f"{layer.name} ({layer.class_name})", *_shapes(layer), _count(layer))
        table.add_row(*map(escape, cells))
    with console.capture() as capture:
        console.print(f'Model "{model.name}" ({model.class_name})', markup=False, highlight=False)
        console.print(table)
        console.print(_totals(model), highlight=False)
    text = capture.get().rstrip("\n")
    for line in text.split("\n"):
        (print_fn or print)(line)


def parameter_counts(model: "_Container") -> dict[str, int]:
    """Returns how many numbers the weights hold: "total", "trainable", "non_trainable", and the "bytes" they take."""
    trainable = sum(weight.parameter.numel() for weight in model.trainable_weights)
    frozen = sum(weight.parameter.numel() for weight in model.non_trainable_weights)
    size = sum(weight.parameter.numel() * weight.parameter.element_size() for weight in model.weights)
    return {"total": trainable + frozen, "trainable": trainable, "non_trainable": frozen, "bytes": size}


def describe(model: "_Container") -> dict[str, Any]:
    """Returns what `print_summary` shows as plain values, which JSON can hold."""
    return {
        "name": model.name,
        "class": model.class_name,
        "inputs": [{"name": t.name, "shape": list(t.shape), "dtype": t.dtype} for t in model.inputs],
        "outputs": [{"name": t.name, "shape": list(t.shape), "dtype": t.dtype} for t in model.outputs],
        "layers": [
            {
                "name": layer.name,
                "class": layer.class_name,
                "output_shape": layer.output_shape,
                "params": layer.count_params(),
            }
            for layer in model.sublayers()
        ],
        "params": parameter_counts(model),
        "metadata": model.user_defined_metadata,
    }


def _totals(model: "_Container") -> str:
    counts = parameter_counts(model)
    return (
        f"Total params: {counts['total']:,} ({_readable(counts['bytes'])})\n"
        f"Trainable params: {counts['trainable']:,}\n"
        f"Non-trainable params: {counts['non_trainable']:,}"
    )


def _shapes(layer: Layer) -> tuple[str, str]:
    if not layer.inbound_nodes:
        return "?", "?"
    node = layer.inbound_nodes[-1]
    inputs = [tensor.shape for tensor in node.inputs] or [tensor.shape for tensor in node.outputs]
    return _listed(inputs), _listed([tensor.shape for tensor in node.outputs])


def _listed(shapes: list[Shape]) -> str:
    return ", ".join(map(str, shapes))


def _count(layer: Layer) -> str:
    return f"{layer.count_params():,}" if layer.built else "not built"


def _readable(size: float) -> str:
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} GB"
