"""Milliseconds from a packet's sending until a page has heard of it: median and
99th percentile, in a calm house and beside a TCP stream that takes all it
can. Wanted: 100 at most, always."""
import contextlib

import watching
from topology import Failed

UNIT, BETTER = "ms", "lower"
SIDES, GATEWAY = ("calm", "bulk"), "portcullis"
COUNT = 2000


def measure(t):
    with t.bulk() if t.side == "bulk" else contextlib.nullcontext():
        took = watching.delays(t, COUNT)
    if len(took) < COUNT * 0.9:
        raise Failed(f"{len(took)} of {COUNT} packets are told")
    return {"p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100]}
