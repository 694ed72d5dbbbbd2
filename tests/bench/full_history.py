"""A topology whose gateway starts with a full day of history: 64 MiB, of 200
devices that talk to 2,000 remotes each (history.c makes it)."""
import functools
import pathlib
import shutil
import subprocess
import tempfile

from topology import BUILD, Failed, Topology

# pylint: disable=wrong-import-order
from world import eventually

HISTORY = BUILD / "bench/history"
LOAD_S = 30
FULL = 55 << 20     # bytes; the file is a little smaller than the memory


class FullHistory(Topology):
    """The side that is called so has none."""
    EMPTY = "no history"

    def _start_portcullis(self, *more):
        if self.side == self.EMPTY:
            super()._start_portcullis(*more)
            return
        shutil.copy(day()[1], self.folder / "history.bin")
        super()._start_portcullis(*more)
        if not eventually(lambda: self.history_bytes() > FULL, LOAD_S):
            raise Failed("the history was not loaded")

    def history_bytes(self):
        return self.ask("status")["history"]["bytes"]

    def saved_at(self):
        """When the file was last replaced."""
        return (self.folder / "history.bin").stat().st_mtime


@functools.cache
def day():
    """The file, made once; it goes with this process."""
    folder = tempfile.TemporaryDirectory(prefix="portcullis-day-")
    path = pathlib.Path(folder.name) / "history.bin"
    subprocess.run([HISTORY, path], check=True, stdout=subprocess.DEVNULL)
    return folder, path
