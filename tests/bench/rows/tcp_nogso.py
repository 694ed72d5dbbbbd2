"""TCP from home to world, senders without GSO: a stream of plain frames."""
UNIT, BETTER = "Gb/s", "higher"


def measure(t):
    return t.iperf() / 1e9
