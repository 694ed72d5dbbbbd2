"""How far from their time the live page's ticks come while a full day of history
is saved every minute, against not at all: a page that listens for a minute. Both
go before other work of the machine, for that would be all that is seen."""
import os
import pathlib
import statistics
import threading
import time

from full_history import FullHistory as TOPOLOGY
from page import Page, frame, unpack

UNIT, BETTER = "ms", "lower"
SIDES = ("unsaved", "saved")
GATEWAYS = {"unsaved": "portcullis", "saved": "portcullis"}
LISTEN_S = 66
TICK_MS = 250
PING, PONG = 9, 10


def watch_saves(t, saves, over):
    before = t.saved_at()
    while not over.wait(0.005):
        now = t.saved_at()
        if now != before:
            saves.append(time.monotonic())
        before = now


def listen(page, times):
    """When each tick came."""
    end = time.monotonic() + LISTEN_S
    while time.monotonic() < end:
        opcode, payload = page.frame()
        if opcode == PING:
            page.sock.sendall(frame(PONG, payload))
        elif any(m["type"] == "tick" for m in unpack(payload)[0]):
            times.append(time.monotonic())


def measure(t):
    t.set(f"history.save_minutes={1 if t.side == 'saved' else 1440}")
    saves, over, times = [], threading.Event(), []
    watcher = threading.Thread(target=watch_saves, args=(t, saves, over))
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    for task in pathlib.Path(f"/proc/{t.child.pid}/task").iterdir():
        os.setpriority(os.PRIO_PROCESS, int(task.name), -20)
    watcher.start()
    try:
        with Page(t.home) as page:
            listen(page, times)
    finally:
        over.set()
        watcher.join()
    assert len(saves) >= (t.side == "saved"), "nothing was saved"
    late = [1000 * (b - a) - TICK_MS for a, b in zip(times, times[1:])]
    off = sorted(map(abs, late))
    return {"p99": off[int(0.99 * len(off))],
            "longest": off[-1],
            "median": statistics.median(off),
            **beside(saves, times)}


def beside(saves, times):
    """The worst within a second of a save."""
    near = [abs(1000 * (b - a) - TICK_MS) for a, b in zip(times, times[1:])
            if any(save - 1 < b < save + 0.5 for save in saves)]
    return {"longest beside a save": max(near)} if near else {}
