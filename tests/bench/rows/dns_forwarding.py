"""New packets forwarded while 20,000 questions a second are answered, against
the same with a loop that takes as much of the machine as those answers do."""
import subprocess
import sys
import time

import naming
from topology import cores_busy

UNIT, BETTER = "Mpps", "higher"
SIDES, GATEWAY = ("loop", "answers"), "portcullis"
RATE, SECONDS = 20000, 4
# Of each hundredth of a second on each core so much.
LOOP = """
import sys, time
share = float(sys.argv[1])
while True:
    begun = time.perf_counter()
    while time.perf_counter() - begun < share / 100:
        pass
    time.sleep((1 - share) / 100)
"""


def asking(t, names, seconds):
    return t.home.spawn("dnsperf", "-s", naming.LAN, "-d", names, "-Q", RATE,
                        "-l", seconds, stdout=subprocess.DEVNULL)


def cost(t, names):
    """How many cores the questions and their answers keep busy."""
    def work():
        asking(t, names, 3).wait()

    return max(cores_busy(work) - cores_busy(lambda: time.sleep(1)), 0.01)


def looping(t, cores):
    """On two cores at most, so that no loop has to be a whole one."""
    return [t.home.spawn(sys.executable, "-c", LOOP, min(cores / 2, 0.99))
            for _ in range(2)]


def measure(t):
    naming.ready(t)
    names = naming.write_names(t, naming.HIT_NAMES, "hit")
    naming.dnsperf(t, names, "-n", 2, "-q", 20)
    cores = cost(t, names)
    if t.side == "answers":
        beside = [asking(t, names, SECONDS + 20)]
    else:
        beside = looping(t, cores)
    packets, seconds = t.udp_flood(64, seconds=SECONDS)
    for child in beside:
        t.home.end(child)
    return packets / seconds / 1e6
