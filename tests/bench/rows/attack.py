"""TCP through the gateway in peace, and with 2,000 clients that sit on the
page's port: half ask for live data and read none, half never end their
request."""
UNIT, BETTER = "Gb/s", "higher"
SIDES, GATEWAY = ("calm", "attacked"), "portcullis"
CLIENTS = 2000


def measure(t):
    if t.side == "attacked":
        t.sit_on_the_page(CLIENTS)
    return t.iperf() / 1e9
