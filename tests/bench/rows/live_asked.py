"""How far from their time the live page's ticks come while ten ask for a full day
of history at a time, over and over, each with 10,000 pairs in its answer, against
nobody: a page that listens, and goes before other work of the machine. As
deployed, and with the gateway put before other work, too."""
import statistics
import subprocess

from full_history import FullHistory as TOPOLOGY
from page import Page
from topology import Failed
from watching import first, lateness, put_first, ticks

UNIT, BETTER = "ms", "lower"
SIDES, GATEWAY = ("unasked", "asked"), "portcullis"
LISTEN_S = 30
ASKERS = 10
LEAST_BYTES = 1 << 20
# Who is told to come again later does.
ASK = """
while :; do
	now=$(date +%s)000
	curl -sS -o /dev/null -w '%{http_code} %{time_total} %{size_download}\\n' \\
		--unix-socket /run/portcullis/bench.sock \\
		"http://x/api/v1/history?from=$((now - 86400000))&to=$now&\
step=60000&group=pair&limit=10000"
	sleep 0.05
done
"""


def read(child):
    """Milliseconds that each answer took."""
    took = []
    for line in child.stdout:
        if line.count(" ") < 2 or not line.endswith("\n"):
            continue    # it was ended in the middle of a line
        status, seconds, size = line.split()
        if status == "200" and int(size) >= LEAST_BYTES:
            took.append(1000 * float(seconds))
        elif status != "503":
            raise Failed(f"history: {line}")
    return took


def listen(t, how):
    """While they ask, if they do."""
    askers = [t.gw.spawn("sh", "-c", ASK, stdout=subprocess.PIPE, text=True)
              for _ in range(ASKERS if t.side == "asked" else 0)]
    with Page(t.home) as page, first():
        times = ticks(page, LISTEN_S)
    for asker in askers:
        t.gw.end(asker)
    took = [ms for asker in askers for ms in read(asker)]
    if askers and len(took) < ASKERS:
        raise Failed(f"only {len(took)} questions were answered")
    said = lateness(times) | (
        {"an answer": statistics.median(took)} if took else {})
    return {what + how: ms for what, ms in said.items()}


def measure(t):
    deployed = listen(t, "")
    put_first(t)
    return deployed | listen(t, ", put first")
