"""As tcp-gso, where XDP is beside the ports: senders keep their super-packets."""
UNIT, BETTER, GSO = "Gb/s", "higher", True
SIDES = ("kernel", "pair")


def measure(t):
    return t.iperf() / 1e9
