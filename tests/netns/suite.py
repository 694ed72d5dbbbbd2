"""How the tests are run: which of them side by side, and what is written down
of the outcome for scripts/run-netns."""
import os
import pathlib
import re

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

CARRIER = re.compile(r"\[(?:[^\]]*-)?(xdp|nfqueue|pair)[-\]]")

MARKERS = [
    "alone: measures time or memory, or looks at the whole machine",
    "long: a module of half a minute and more, which therefore begins first",
    "carriers(*names): runs on each of these carriers",
]


def pytest_configure(config):
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: not item.get_closest_marker("long"))


class Houses(LoadScopeScheduling):
    """One worker has all tests of a module that share a house: those of one
    carrier. Who has a browser waits for nobody: there is one at a time."""

    def _split_scope(self, nodeid):
        module = nodeid.split("::")[0]
        if pathlib.PurePath(module).name.startswith("test_page"):
            return "browser"
        if "/floor/" in module:     # one machine for all of them
            return module
        carrier = CARRIER.search(nodeid)
        return f"{module}::{carrier[1]}" if carrier else module


@pytest.hookimpl(optionalhook=True)    # nobody asks where xdist is not used
def pytest_xdist_make_scheduler(config, log):
    return Houses(config, log)


def pytest_terminal_summary(terminalreporter):
    """In the folder OUTCOME: who passed, who did not, and how many."""
    if "OUTCOME" not in os.environ:
        return
    folder = pathlib.Path(os.environ["OUTCOME"])
    names = {kind: {report.nodeid
                    for report in terminalreporter.stats.get(kind, ())}
             for kind in ("passed", "failed", "error")}
    failed = names["failed"] | names["error"]
    passed = names["passed"] - failed
    (folder / "count").write_text(f"{len(passed)} {len(failed)}\n")
    (folder / "passed").write_text("".join(f"{n}\n" for n in sorted(passed)))
    (folder / "failed").write_text("".join(f"{n}\n" for n in sorted(failed)))
