"""What the gateway costs at 1 Gbit/s of plain TCP frames: busy cores, less what
a cable in its place leaves to the endpoints."""
UNIT, BETTER, LESS = "cores", "lower", "cable"


def measure(t):
    t.merge_at_the_ends()
    return t.cores_busy_at("1G")
