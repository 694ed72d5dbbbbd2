"""What a DHCP exchange of four messages costs the server: its own processor
time at 2,000 exchanges a second, leases on disk before they are confirmed."""
from dhcp_room import DhcpRoom

UNIT, BETTER = "us", "lower"
SIDES, TOPOLOGY = ("kea", "portcullis"), DhcpRoom
RATE, CLIENTS, SECONDS = 2000, 20000, 5


def measure(t):
    before = t.used()
    done, _ = t.offer(RATE, CLIENTS, SECONDS)
    return (t.used() - before) / (done * SECONDS) * 1e6
