"""As cpu, where XDP is beside the ports and tc is the lane."""
UNIT, BETTER, LESS = "cores", "lower", "cable"
SIDES = ("kernel", "pair")


def measure(t):
    return t.cores_busy_at("1G", seconds=15)
