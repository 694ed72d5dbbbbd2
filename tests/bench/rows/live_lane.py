"""As `live`, of packets that the express lane carries, of which a page is told a
row per flow and round: of 64 flows, and of 400, which are more than are looked
at in a turn. Wanted: 100 at most."""
import watching
from topology import Failed

UNIT, BETTER = "ms", "lower"
SIDES, GATEWAY = ("64", "400"), "portcullis"
COUNT = 2000


def measure(t):
    took = watching.lane_delays(t, int(t.side), COUNT)
    if len(took) < COUNT * 0.9:
        raise Failed(f"{len(took)} of {COUNT} packets are told")
    return {"p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100]}
