"""How long nothing passes when the gateway comes again: by the longest silence
of a stream with a datagram each millisecond."""
UNIT, BETTER = "ms", "lower"
SIDES = ("xdp", "nfqueue")
GATEWAYS = {"xdp": "portcullis", "nfqueue": "nfqueue"}


def measure(t):
    return {"restart": t.longest_silence(t.restart),
            "kill -9": t.longest_silence(t.kill_and_start)}
