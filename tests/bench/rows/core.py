"""Parse, NAT and rewrite of a packet in memory, without sockets, over 100,000
sessions, against 150 ns."""
UNIT, BETTER, SIDES, GATEWAY = "ns", "lower", ("limit", "core"), "cable"


def measure(t):
    if t.side == "limit":
        return {"out": 150, "in": 150}
    ns = t.core()
    return {way: ns[f"100,000 flows, {way}"] for way in ("out", "in")}
