"""New mappings a second, by packets: with few there, and with 58,000 of UDP's
ports taken under 232,000 sessions. A burst of other devices, so that it fits."""
from topology import Failed

UNIT, BETTER = "kflow/s", "higher"
SIDES, GATEWAY = ("empty", "full"), "portcullis"
BEFORE = {"empty": {"ports": 64, "seconds": 0.2},
          "full": {"ports": 290, "hosts": 200, "remotes": 4, "seconds": 7}}


def measure(t):
    t.udp_flood(64, **BEFORE[t.side])
    held, _ = t.sessions()
    if t.side == "full" and held < 225000:
        raise Failed(f"the tables hold {held} sessions only")
    packets, seconds = t.udp_flood(64, ports=175, hosts=40,
                                   home="10.77.0.210", frames=7000)
    return packets / seconds / 1e3
