"""Packets a second that the engine carries, the express lane off, with the
flight recorder off and on."""
UNIT, BETTER, SIDES, GATEWAY = "Mpps", "higher", ("off", "on"), "portcullis"


def measure(t):
    t.set("express.mode=off",
          f"capture.max_mib={256 if t.side == 'on' else 0}")
    figures = {}
    for size in 64, 1400:
        packets, seconds = t.udp_flood(size)
        figures[str(size)] = packets / seconds / 1e6
    return figures
