"""64-byte UDP frames of 20,000 flows, from live frames to an XDP sink."""
UNIT, BETTER = "Mpps", "higher"


def measure(t):
    packets, seconds = t.udp_flood(64, ports=100, hosts=200, seconds=8)
    return packets / seconds / 1e6
