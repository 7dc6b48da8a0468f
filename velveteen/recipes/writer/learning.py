"""What goes on beside the steps of a training: validation, the best model, checkpoints."""

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import velveteen as vt
from velveteen.errors import DataError, FileFormatError, MissingFileError
from velveteen.io import ModelArtifacts
from velveteen.recipes._learning import AveragedWeights
from velveteen.training.ranks import process_index, writes_files

SEEDS_APART = 2**32
"""How far the seeds of two processes are apart: more than any training has epochs."""


class Examiner(vt.callbacks.Callback):
    """After each epoch measures the averaged weights on the validation text, and keeps the best of them.

    It raises a DataError when the loss is no number any more.

    Args:
        averages: the weights to measure.
        measure: takes the network, returns its nats a character on the validation text.
        keep: takes the network when it is the best so far; it has the averaged weights then.
        after: takes the network after each epoch, with the averaged weights, and the epoch's logs.
    """

    def __init__(
        self,
        averages: AveragedWeights,
        measure: Callable[[Any], float],
        keep: Callable[[Any], None],
        after: Callable[[Any, dict[str, Any]], None],
    ):
        self.averages = averages
        self.measure = measure
        self.keep = keep
        self.after = after
        self.best = math.inf
        self.best_epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any]) -> None:
        if self.model.stateful:
            self.model.reset_states()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        with self.averages.in_place():
            logs["val_loss"] = self.measure(self.model)
            if not math.isfinite(logs["val_loss"]):
                raise DataError("The training got lost: its loss is no number any more. Give a lower --learning-rate.")
            if logs["val_loss"] < self.best:
                self.best, self.best_epoch = logs["val_loss"], epoch + 1
                self.keep(self.model)
            self.after(self.model, logs)


class Checkpoint(vt.callbacks.Callback):
    """After each whole epoch writes all that a training needs to go on: weights, averages, the optimizer's means.

    Args:
        folder: where to.
        averages, examiner: whose state belongs to it.
        about: what else to write, as JSON: the settings.
    """

    def __init__(self, folder: Path, averages: AveragedWeights, examiner: Examiner, about: dict[str, Any]):
        self.folder = folder
        self.averages = averages
        self.examiner = examiner
        self.about = about
        self.history: list[dict[str, float]] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any]) -> None:
        # A seed for each epoch makes a training that goes on later the same as one that never stopped.
        # Of several processes each has its own, so that what dropout leaves out differs.
        vt.set_random_seed(self.about["seed"] + epoch + SEEDS_APART * process_index())

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        self.history.append({name: float(value) for name, value in logs.items()})
        if self.model.stop_training or not writes_files(self.model):
            return  # an epoch that Ctrl-C cut short is begun again; of several processes the first one writes
        weights = vt.io.encode_weights([(name, tensor.detach()) for name, tensor in self._tensors().items()])
        progress = {
            "epoch": epoch + 1,
            "steps": self.averages.steps,
            "best": self.examiner.best,
            "best_epoch": self.examiner.best_epoch,
            "history": self.history,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        vt.io.folder(self.folder).save(
            ModelArtifacts(
                model_topology={},
                weight_specs=weights.specs,
                weight_data=weights.data,
                user_defined_metadata={"progress": progress, "about": self.about},
            )
        )

    def restore(self, network: Any) -> int:
        """Gives the network and this training the state that `folder` holds; returns the number of epochs done."""
        self.model = self.averages.model = network
        artifacts = read_checkpoint(self.folder)
        saved = vt.io.decode_weights(artifacts.weight_data or b"", artifacts.weight_specs or [])
        optimizer = self._optimizer()
        state = optimizer.state_dict()
        for number, parameter in enumerate(self._parameters()):
            state["state"][number] = {
                "step": torch.zeros(()),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
        optimizer.load_state_dict(state)
        wanted = self._tensors()
        wrong = [
            name for name, tensor in wanted.items() if name not in saved or saved[name].shape != list(tensor.shape)
        ]
        if wrong or len(saved) != len(wanted):
            raise FileFormatError(
                f"The checkpoint in {self.folder} is of another network ({', '.join(wrong[:3]) or 'it has more weights'} "
                "differ). Train anew without --resume."
            )
        with torch.no_grad():
            for name, tensor in wanted.items():
                tensor.copy_(saved[name].torch())
        progress = artifacts.user_defined_metadata["progress"]  # type: ignore[index]
        self.averages.steps = progress["steps"]
        self.examiner.best, self.examiner.best_epoch = progress["best"], progress["best_epoch"]
        self.history = progress["history"]
        return progress["epoch"]

    def _parameters(self) -> list[torch.Tensor]:
        return [weight.parameter for weight in self.model.trainable_weights]

    def _optimizer(self) -> torch.optim.Optimizer:
        return self.model.compilation.torch_optimizer(self._parameters())

    def _tensors(self) -> dict[str, torch.Tensor]:
        """Returns the tensors of a checkpoint by name."""
        found: dict[str, torch.Tensor] = {}
        state = self._optimizer().state_dict()["state"]
        averages = self.averages.ready()
        for number, (parameter, average) in enumerate(zip(self._parameters(), averages, strict=True)):
            found |= {f"weight/{number}": parameter, f"average/{number}": average}
            found |= {f"{name}/{number}": value for name, value in state[number].items()}
        return found


def read_checkpoint(folder: Path) -> ModelArtifacts:
    """Returns what a checkpoint's folder holds.

    Raises:
        MissingFileError: there is none.
        FileFormatError: it is damaged, or another program's.
    """
    if not (folder / "model.json").is_file():
        raise MissingFileError(f"There is no training to go on with in {folder.parent}. Train without --resume.")
    artifacts = vt.io.folder(folder).load()
    metadata = artifacts.user_defined_metadata
    if not isinstance(metadata, dict) or not {"progress", "about"} <= metadata.keys():
        raise FileFormatError(f"{folder} holds no checkpoint of a writer. Train anew without --resume.")
    return artifacts


def tell(text: str) -> None:
    """Prints beside the progress bar."""
    print(text, file=sys.stderr)
