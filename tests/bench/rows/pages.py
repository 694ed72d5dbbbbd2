"""What the data path carries with no page open, and with ten that are told of
every packet, read it, and ask as Traffic and the view of a device do. Wanted: no
difference."""
import watching

UNIT, BETTER = "Mpps or Gb/s", "higher"
SIDES, GATEWAY = ("none", "ten"), "portcullis"


def measure(t):
    with watching.pages(t, 10 if t.side == "ten" else 0):
        packets, seconds = t.udp_flood(64)
        return {"udp-64": packets / seconds / 1e6, "tcp": t.iperf() / 1e9}
