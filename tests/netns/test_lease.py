"""Real clients get, renew and keep what they need; names follow leases."""
import pytest

from house import FAR, LAN
from world import eventually


@pytest.mark.parametrize("client", ["udhcpc", "dhclient"])
def test_clients_get_address_router_resolver_and_domain(house, client):
    h1 = house.h1
    h1.end(h1.client)
    lease = h1.dhcp(client)
    assert lease["ip"].startswith("10.77.0.") and lease["ip"] != LAN
    assert lease["mask"] == "255.255.255.0"
    assert lease["router"] == LAN
    assert lease["dns"] == LAN
    assert lease["domain"] == "lan"
    assert int(lease["seconds"]) == 86400


@pytest.mark.parametrize("client", ["udhcpc", "dhclient"])
def test_the_same_client_gets_the_same_address_again(house, client):
    h1 = house.h1
    h1.end(h1.client)
    first = h1.dhcp(client)["ip"]
    h1.end(h1.client)
    assert h1.dhcp(client)["ip"] == first


def test_every_host_has_an_address_of_its_own(house):
    assert len({house.h1.ip, house.h2.ip, house.h3.ip}) == 3


def test_a_renewal_is_granted(house):
    h2 = house.h2
    h2.lease_file.unlink()
    h2.run("kill", "-USR1", h2.client.pid)
    assert eventually(h2.lease_file.exists), house.log()
    assert h2.lease["reason"] in ("renew", "bound")


def test_names_of_others_resolve(house):
    assert house.h1.run("dig", "+short", "example.net").strip() == FAR
    assert FAR in house.h1.run("getent", "ahostsv4", "example.net")


def test_names_of_the_house_resolve(house):
    h1, h2 = house.h1, house.h2
    assert h1.run("dig", "+short", "h2.lan").strip() == h2.ip
    assert h1.run("dig", "+short", "-x", h2.ip).strip() == "h2.lan."
    assert h2.ip in h1.run("getent", "ahostsv4", "h2.lan")


def test_what_nobody_knows_is_said_to_be_unknown(house):
    assert "NXDOMAIN" in house.h1.run("dig", "nobody.lan")
    assert "NXDOMAIN" in house.h1.run("dig", "nobody.example.net")


def test_the_resolver_answers_over_tcp(house):
    answer = house.h1.run("dig", "+short", "+tcp", f"@{LAN}", "example.net")
    assert answer.strip() == FAR


def test_leases_outlive_the_gateway(build):
    house = build([["h1"]])
    house.start_gateway()
    before = house.h1.dhcp()["ip"]
    house.h1.end(house.h1.client)
    house.stop_gateway(9)
    house.start_gateway()
    assert [row["ip"] for row in house.ask("leases")] == [before]
    assert house.h1.dhcp()["ip"] == before
