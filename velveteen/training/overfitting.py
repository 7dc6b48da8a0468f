"""When a model learns its examples by heart, and what to do about it: the one rule, for the terminal and the studio."""

EPOCHS = 3
"""So often in a row must the validation loss climb while the training loss falls."""


class Overfitting:
    """Looks at the losses of one epoch after the other."""

    def __init__(self) -> None:
        self._before: tuple[float, float] | None = None
        self._climbed = 0
        self.epoch: int | None = None
        """The epoch, counted from 1, from which on the validation loss climbed; None as long as all is well."""

    def hear(self, epoch: int, loss: float, validation: float) -> str | None:
        """Takes the losses of an epoch, counted from 1; returns the advice when it is time to give it, once."""
        if self._before is not None:
            overfits = loss < self._before[0] and validation > self._before[1]
            self._climbed = self._climbed + 1 if overfits else 0
        self._before = loss, validation
        if self._climbed < EPOCHS or self.epoch is not None:
            return None
        self.epoch = epoch - EPOCHS + 1
        return (
            f"From epoch {self.epoch} on the validation loss has climbed, {EPOCHS} epochs in a row, while the training loss "
            "fell: the model is learning its examples by heart (overfitting). What helps: more or augmented data, "
            "layers.dropout (Dropout), layers.batch_normalization (BatchNormalization), a smaller network, or stopping "
            "earlier with callbacks.early_stopping(restore_best_weights=True)."
        )
