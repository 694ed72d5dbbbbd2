"""As pause, with the express lane off and a full day of history to be saved: how
long what the engine itself carries has to wait."""
from full_history import FullHistory as TOPOLOGY

UNIT, BETTER = "ms", "lower"
SIDES = ("xdp", "nfqueue")
GATEWAYS = {"xdp": "portcullis", "nfqueue": "nfqueue"}


def measure(t):
    t.set("express.mode=off")
    return {"restart": t.longest_silence(t.restart),
            "kill -9": t.longest_silence(t.kill_and_start)}
