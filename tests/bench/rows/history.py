"""A simulated day of 200 devices with 2,000 remotes each (history.c): its memory,
and each question until its answer is a text, against what they may take. What is
beyond ends it."""
UNIT, BETTER = "ms or MiB", "lower"
SIDES, GATEWAY = ("limit", "history"), "cable"
day = {}


def measure(t):
    """Of one run for both sides."""
    if t.side == "limit":
        day.clear()
        day.update({row["figure"]: row for row in t.figures("history")
                    if "limit" in row})
        return {what: row["limit"] for what, row in day.items()}
    return {what: row["value"] for what, row in day.items()}
