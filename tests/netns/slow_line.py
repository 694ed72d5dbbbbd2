"""A line that was slow for some minutes, as the gateway remembers it: so that
tests need not wait until it has learned what is usual."""
from habits import array, binary, text, uint

MINUTE_MS = 60_000
USUAL_US, SLOW_US = 20_000, 210_000


def write(state, now_ms):
    """An hour of minutes, slow from ten minutes ago until five, and the event
    of it; what the event says."""
    now = now_ms // MINUTE_MS
    minutes = [array(uint(now - ago), uint(60), uint(0),
                     uint(SLOW_US if 5 < ago <= 10 else USUAL_US))
               for ago in range(60, 0, -1)]
    (state / "evidence.mp").write_bytes(
        array(uint(1), array(*minutes), array()))
    at_ms = (now - 9) * MINUTE_MS
    event = {"kind": "wan-latency", "text": "The line is slow.",
             "link": f"#/line?from={at_ms - 15 * MINUTE_MS}"
                     f"&to={at_ms + MINUTE_MS}"}
    row = array(*map(uint, (at_ms, at_ms, at_ms, 1, 0)), text(event["kind"]),
                binary(bytes(6)), text(""), text(event["text"]),
                text(event["link"]))
    (state / "events.mp").write_bytes(array(uint(1), array(row)))
    return event
