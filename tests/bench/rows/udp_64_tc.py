"""As udp_64, through the face that the lane has where nfqueue carries."""
UNIT, BETTER, SIDES = "Mpps", "higher", ("kernel", "nfqueue")


def measure(t):
    packets, seconds = t.udp_flood(64)
    return packets / seconds / 1e6
