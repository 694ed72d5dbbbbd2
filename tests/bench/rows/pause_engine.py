"""As pause on XDP, with the express lane off, so that nothing passes without the
engine: beside a gateway that has no history, one that has a full day of it to save
and to read."""
from full_history import FullHistory as TOPOLOGY

UNIT, BETTER = "ms", "lower"
SIDES = ("no history", "a full day")
GATEWAY = "portcullis"


def measure(t):
    t.set("express.mode=off")
    return {"restart": t.longest_silence(t.restart),
            "kill -9": t.longest_silence(t.kill_and_start)}
