"""What the gateway costs at 1 Gbit/s of plain TCP frames: busy cores, less what
a cable in its place leaves to the endpoints."""
UNIT, BETTER, LESS = "cores", "lower", "cable"


def measure(t):
    return t.cores_busy_at("1G", seconds=15)
