"""A training of which one process is killed in its second epoch. Run by torchrun, with a folder to write to."""

import json
import os
import signal
import sys
from pathlib import Path

import velveteen as vt
from tests.training.distributed_cases import X, Y, dense, result

folder = Path(sys.argv[1])
marker = folder / "killed"


class Kill(vt.callbacks.Callback):
    """Kills the second process once, and remembers the batches that the process saw."""

    def __init__(self):
        self.epoch = 0
        self.batches = []

    def on_epoch_begin(self, epoch, logs):
        self.epoch = epoch

    def on_batch_begin(self, batch, logs):
        if self.epoch == 1 and batch == 2 and not marker.exists() and os.environ["RANK"] == "1":
            marker.write_text(f"epoch {self.epoch}, batch {batch}")
            os.kill(os.getpid(), signal.SIGKILL)
        self.batches.append(batch)


kill = Kill()
model = dense()
backup = vt.callbacks.BackupAndRestore(folder / "backup", every_batches=2)
history = model.fit(X, Y, batch_size=6, epochs=3, callbacks=[kill, backup], verbose=False)
if os.environ["RANK"] == "0":
    (folder / "result.json").write_text(json.dumps({"batches": kill.batches, "result": result(model, history)}))
