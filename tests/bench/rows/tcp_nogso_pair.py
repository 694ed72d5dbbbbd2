"""As tcp-nogso, where XDP is beside the ports and tc is the lane: GRO merges."""
UNIT, BETTER = "Gb/s", "higher"
SIDES = ("kernel", "pair")


def measure(t):
    return t.iperf() / 1e9
