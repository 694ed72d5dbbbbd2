"""64-byte UDP frames of 20,000 flows, from live frames to an XDP sink: 1,000
ports of each of 20 devices."""
UNIT, BETTER = "Mpps", "higher"


def measure(t):
    t.add_devices(20)
    packets, seconds = t.udp_flood(64, ports=1000, hosts=20, seconds=8)
    return packets / seconds / 1e6
