"""Established connections while 20 devices of 64 ports each open 100,000
sessions a second, to remotes drawn at random, for a minute: more than there is
room for, so that the oldest go."""
UNIT, BETTER = "Gb/s", "higher"
SIDES, GATEWAY = ("calm", "churned"), "portcullis"


def measure(t):
    if t.side == "calm":
        return t.established(seconds=10)
    with t.churn(ports=64, hosts=20, rate=100000):
        return t.established(seconds=60)
