"""DHCP exchanges of four messages a second, leases on disk before they are
confirmed: completed of 5,000 that are begun, and the most that are completed
with at most 1 of 200 unanswered. Ours asks by ARP before every offer, and
nobody answers."""
from dhcp_room import DhcpRoom

UNIT, BETTER = "1/s", "higher"
SIDES, TOPOLOGY = ("kea", "portcullis"), DhcpRoom
CLIENTS = 20000


def measure(t):
    steady, _ = t.offer(5000, CLIENTS, 4)
    best = 0
    for rate in range(3000, 12001, 1000):
        done, lost = t.offer(rate, CLIENTS, 2)
        if lost > 0.005:
            break
        best = max(best, done)
    return {"of 5000": steady, "limit": best}
