"""As cpu, where nfqueue carries and tc is the lane: super-packets are one."""
UNIT, BETTER, LESS = "cores", "lower", "cable"
SIDES = ("kernel", "nfqueue")


def measure(t):
    return t.cores_busy_at("1G", seconds=15)
