"""How long the engine is away from its packets while it ends what is over: the
longest call, of 250,000 sessions that end at once, against a millisecond."""
UNIT, BETTER, SIDES, GATEWAY = "us", "lower", ("limit", "longest"), "cable"


def measure(t):
    return 1000 if t.side == "limit" else t.core()["worst call of nat_expire"]
