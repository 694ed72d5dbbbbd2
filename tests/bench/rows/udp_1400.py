"""1400-byte UDP frames, 64 flows, from live frames to an XDP sink."""
UNIT, BETTER = "Mpps", "higher"


def measure(t):
    packets, seconds = t.udp_flood(1400)
    return packets / seconds / 1e6
