"""The same with the express lane off: every packet asks the engine."""
UNIT, BETTER, GSO = "Gb/s", "higher", True
SIDES = ("kernel", "nfqueue")


def measure(t):
    t.set("express.mode=off")
    return {"up": t.iperf() / 1e9, "down": t.iperf("-R") / 1e9}
