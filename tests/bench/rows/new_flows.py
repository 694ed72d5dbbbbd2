"""New UDP flows a second: every frame is the first of its flow, half a second
long, from 200 devices; more would fill the tables of both sides."""
UNIT, BETTER = "kflow/s", "higher"


def measure(t):
    packets, seconds = t.udp_flood(64, ports=64, hosts=200, remotes=250,
                                   seconds=0.5)
    return packets / seconds / 1e3
