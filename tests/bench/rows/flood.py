"""Everybody else while one device sends from all its ports to all the world,
100,000 datagrams a second, each a session."""
UNIT, BETTER = "Gb/s", "higher"
SIDES, GATEWAY = ("calm", "flooded"), "portcullis"


def measure(t):
    if t.side == "calm":
        return t.established(seconds=10)
    with t.churn(ports=50000, hosts=1, rate=100000):
        return t.established(seconds=20)
