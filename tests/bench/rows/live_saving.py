"""How far from their time the live page's ticks come while a full day of history
is saved every minute, against not at all: a page that listens for a minute, and
goes before other work of the machine, for that would be all that is seen. As
deployed, and with the gateway put before other work, too: what is left then is
its own."""
import threading
import time

from full_history import FullHistory as TOPOLOGY
from page import Page
from watching import TICK_MS, first, lateness, put_first, ticks

UNIT, BETTER = "ms", "lower"
SIDES = ("unsaved", "saved")
GATEWAYS = {"unsaved": "portcullis", "saved": "portcullis"}
LISTEN_S = 66


def watch_saves(t, saves, over):
    before = t.saved_at()
    while not over.wait(0.005):
        now = t.saved_at()
        if now != before:
            saves.append(time.monotonic())
        before = now


def listen(t):
    """When ticks came, when was saved."""
    saves, over = [], threading.Event()
    watcher = threading.Thread(target=watch_saves, args=(t, saves, over))
    watcher.start()
    try:
        with Page(t.home) as page, first():
            times = ticks(page, LISTEN_S)
    finally:
        over.set()
        watcher.join()
    assert len(saves) >= (t.side == "saved"), "nothing was saved"
    return times, saves


def measure(t):
    t.set(f"history.save_minutes={1 if t.side == 'saved' else 1440}")
    deployed = listen(t)
    put_first(t)
    return figures("", *deployed) | figures(", put first", *listen(t))


def figures(how, times, saves):
    """'beside a save': the worst within a second of one."""
    said = {what + how: ms for what, ms in lateness(times).items()}
    near = [abs(1000 * (b - a) - TICK_MS) for a, b in zip(times, times[1:])
            if any(save - 1 < b < save + 0.5 for save in saves)]
    # The side that saves nothing is held against, at its worst.
    said["beside a save" + how] = max(near) if near else said["longest" + how]
    return said
