"""DHCP exchanges of four messages a second, leases on disk before they are
confirmed: completed of 5,000 that perfdhcp begins, when ours asks by ARP before
every offer and nobody answers; and the most that stand, at most 1 of 200
unanswered, of clients that cost less than perfdhcp."""
from dhcp_room import DhcpRoom

UNIT, BETTER = "1/s", "higher"
SIDES, TOPOLOGY = ("kea", "portcullis"), DhcpRoom
CLIENTS, LOST = 20000, 0.005
FIRST, STEP, LAST, NARROW = 4000, 1.25, 80000, 3


def stands(t, rate):
    """What is completed at this rate; None if it is too much, twice."""
    for _ in range(2):
        done, lost = t.press(round(rate), CLIENTS, 2)
        if lost <= LOST:
            return done
    return None


def limit(t):
    best, low, high = 0, 0, FIRST
    while high < LAST and (done := stands(t, high)):
        best, low, high = done, high, high * STEP
    for _ in range(NARROW if best else 0):
        done = stands(t, rate := (low + high) / 2)
        best, low, high = (done, rate, high) if done else (best, low, rate)
    return best


def measure(t):
    steady, _ = t.offer(5000, CLIENTS, 4)
    t.press(FIRST, CLIENTS, CLIENTS // FIRST)  # newcomers are known then
    return {"of 5000": steady, "limit": limit(t)}
