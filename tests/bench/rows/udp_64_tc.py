"""64-byte UDP frames, 64 flows, where tc carries what is heavy."""
UNIT, BETTER, SIDES = "Mpps", "higher", ("kernel", "nfqueue")


def measure(t):
    packets, seconds = t.udp_flood(64)
    return packets / seconds / 1e6
