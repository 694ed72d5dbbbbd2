"""New sessions a second, of the engine's core by itself: with tables that are
empty and with sessions 95 % full."""
UNIT, BETTER, SIDES, GATEWAY = "Mflow/s", "higher", ("empty", "full"), "cable"
WHEN = {"empty": "empty", "full": "95 % full"}


def measure(t):
    ns = t.core()
    return {name: 1e3 / ns[f"{figure}, {WHEN[t.side]}"]
            for name, figure in (("session", "new session"),
                                 ("mapping", "new session with mapping"))}
