"""Five DHCP clients at once: each gets an address, renews it after the gateway
was restarted and killed, rebinds it when the gateway does not answer it alone,
and gives it back; it is the same address all the time.

They live by their own clocks: a lease of a minute is renewed after 30 seconds
and rebound after 52."""
import time

import pytest

from dhcp_clients import CLIENTS, ip_of
from world import eventually

pytestmark = pytest.mark.long

LEASE_S = 60
PATIENCE_S = 3 * LEASE_S
ALONE = """
table ip alone {
	chain out {
		type filter hook output priority 0
		udp dport 67 ip daddr != 255.255.255.255 drop
	}
}
"""


@pytest.fixture(scope="module")
def house(build_shared):
    house = build_shared([["h1"], ["h2", "h3", "h4", "h5"]])
    house.start_gateway()
    house.cli("set", f"dhcp.lease_s={LEASE_S}", "dhcp.boot.file=ipxe.efi")
    return house


@pytest.fixture(scope="module")
def clients(house):
    """By name, each with its address."""
    made = {name: kind(getattr(house, f"h{n + 1}"))
            for n, (name, kind) in enumerate(CLIENTS.items())}
    for client in made.values():
        client.start()
    yield {name: (client, client.await_ip())
           for name, client in made.items()}


def ends(house):
    """When the lease of each address ends, by what the gateway says."""
    now = time.time()
    return {row["ip"]: now + row["expires_s"] for row in house.ask("leases")}


def await_renewals(house, clients):
    """Every lease that stands now is prolonged; nobody changes its address."""
    before = ends(house)
    assert set(before) >= {ip for _, ip in clients.values()}

    def missing():
        now = ends(house)
        return [name for name, (_, ip) in clients.items()
                if now.get(ip, 0) < before[ip] + 10]

    assert eventually(lambda: not missing(), PATIENCE_S), missing()
    for client, ip in clients.values():
        assert ip_of(client.host) == ip


def test_each_client_has_an_address_of_its_own(house, clients):
    addresses = {ip for _, ip in clients.values()}
    assert len(addresses) == len(CLIENTS)
    assert addresses == {row["ip"] for row in house.ask("leases")}


def test_who_boots_over_the_network_is_told_the_file(clients):
    reply = clients["pxe"][0].reply
    assert reply[60] == b"PXEClient" and reply[67] == b"ipxe.efi"
    assert reply["file"] == b"ipxe.efi" and reply["siaddr"] == "10.77.0.1"
    assert reply[43] == b"\6\1\10\xff"


def test_all_renew_after_a_restart_and_a_crash(house, clients):
    house.stop_gateway(9)
    house.start_gateway()
    house.cli("restart")
    assert eventually(lambda: house.log().count("ready") == 3, 20)
    await_renewals(house, clients)


def test_all_rebind_when_they_are_not_answered_alone(house, clients):
    for client, _ in clients.values():
        client.host.run("nft", "-f", "-", input=ALONE)
    await_renewals(house, clients)
    assert "rebind" in clients["pxe"][0].said
    for client, _ in clients.values():
        client.host.run("nft", "delete", "table", "ip", "alone")


def test_all_give_their_address_back(house, clients):
    for client, _ in clients.values():
        client.release()
    assert eventually(lambda: not house.ask("leases"), 30), \
        house.ask("leases")
