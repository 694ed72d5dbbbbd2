"""TCP with the senders' offloads on through the carrier that keeps them, both
ways: super-packets with unfinished checksums."""
UNIT, BETTER, GSO = "Gb/s", "higher", True
SIDES = ("kernel", "nfqueue")


def measure(t):
    return {"up": t.iperf() / 1e9, "down": t.iperf("-R") / 1e9}
