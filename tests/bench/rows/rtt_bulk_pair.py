"""As rtt-bulk, where XDP is beside the ports and tc is the lane."""
UNIT, BETTER = "us", "lower"
SIDES = ("kernel", "pair")


def measure(t):
    return t.trips_beside_bulk()
