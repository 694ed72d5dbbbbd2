"""New sessions a second, by packets, under mappings that stand: with one
session each, and with sessions 95 % full. A short burst, so that it fits."""
from topology import Failed

UNIT, BETTER = "kflow/s", "higher"
SIDES, GATEWAY = ("empty", "full"), "portcullis"
DEVICES = {"ports": 64, "hosts": 205}
REMOTES = {"empty": 1, "full": 19}
SECONDS = {"empty": 0.5, "full": 4}     # all of them get through once
ELSEWHERE = "203.0.113.100"


def measure(t):
    t.udp_flood(64, **DEVICES, remotes=REMOTES[t.side],
                seconds=SECONDS[t.side])
    held, most = t.sessions()
    if t.side == "full" and held < 0.94 * most:
        raise Failed(f"the tables hold {held} of {most} only")
    packets, seconds = t.udp_flood(64, **DEVICES, far=ELSEWHERE, frames=12800)
    return packets / seconds / 1e3
