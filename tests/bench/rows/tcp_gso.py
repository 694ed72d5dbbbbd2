"""TCP with the senders' offloads on where the path allows them: under XDP veth
senders must finish checksums themselves, which costs them GSO as well."""
UNIT, BETTER, GSO = "Gb/s", "higher", True


def measure(t):
    return t.iperf() / 1e9
