"""The command line tells the truth, in the shapes that others build on."""
import json

import pytest

from house import FAR, ISP, LAN, WAN
from world import eventually

HEADERS = 28    # IPv4 and UDP: bytes are counted as IP length


def row(rows, **wanted):
    """The one row with these values."""
    found = [r for r in rows if wanted.items() <= r.items()]
    assert len(found) == 1, (wanted, rows)
    return found[0]


@pytest.fixture(scope="module")
def exchange(house):
    """Ten datagrams of 100 bytes out, seven of 200 in; before and after."""
    before = row(house.ask("clients"), mac=house.h1.mac)
    with house.far.udp(7000, FAR) as far, house.h1.udp(41000) as inside:
        for _ in range(10):
            inside.sendto(bytes(100), (FAR, 7000))
            _, outside = far.recvfrom(2048)
        for _ in range(7):
            far.sendto(bytes(200), outside)
            inside.recvfrom(2048)
    return before


@pytest.mark.parametrize("word, says", [
    ("dhcp.static=b8:27:eb:00:00:09=192.168.9.9", "10.77.0.1/24"),
    (f"dhcp.static=b8:27:eb:00:00:09={LAN}", "dhcp.static"),
    (f"dns.upstream={LAN}", "the gateway itself"),
])
def test_a_setting_that_does_not_fit_the_house(house, word, says):
    before = house.ask("get")
    done = house.gw.attempt(house.binary, "set", word, "--name",
                            house.instance)
    assert done.returncode == 1
    assert says in done.stderr
    assert house.ask("get") == before


def test_status(house):
    status = house.ask("status")
    version, = (house.gw.run(house.binary, "--version").split()[-1:])
    assert status["version"] == version
    assert 0 <= status["uptime_s"] < 600
    wan = status["wan"]
    assert wan["ifname"] == "gw0"
    assert wan["address"].split("/")[0] == WAN
    assert wan["gateway"] == ISP
    assert wan["up"] is True
    carrier = {"xdp": "xdp-copy"}.get(house.carrier, house.carrier)
    assert wan["carrier"] == carrier
    # The cables' other ends have no GRO: nothing that XDP sends would arrive.
    assert wan["express"] == "tc"
    lan, = status["lan"]
    assert lan["name"] == "lan"
    assert lan["address"] == LAN
    assert [port["ifname"] for port in lan["ports"]] == house.lan_ports
    for port in lan["ports"]:
        assert port["carrier"] == carrier
        assert port["express"] == "tc"
    assert status["nat"]["mappings_max"] in (65536, 3 * 65536)
    assert status["nat"]["sessions_max"] == 262144
    assert {"rx_bps", "tx_bps"} <= status["rates"].keys()


def test_clients(house, exchange):
    client = row(house.ask("clients"), mac=house.h1.mac)
    assert client["ip"] == house.h1.ip
    assert client["hostname"] == "h1"
    assert client["name"] == "h1"
    assert client["vendor"] == "Raspberry Pi Foundation"
    assert client["tx_bytes"] - exchange["tx_bytes"] == 10 * (100 + HEADERS)
    assert client["rx_bytes"] - exchange["rx_bytes"] == 7 * (200 + HEADERS)
    assert {"last_seen_ms", "rx_bps", "tx_bps"} <= client.keys()
    assert {c["mac"] for c in house.ask("clients")} == {
        h.mac for h in (house.h1, house.h2, house.h3)}


def test_flows(house, exchange):
    flow = row(house.ask("flows"), remote=f"{FAR}:7000")
    assert flow["proto"] == "udp"
    assert flow["inside"] == f"{house.h1.ip}:41000"
    assert flow["outside"] == f"{WAN}:41000"
    assert flow["carried_by"] == "engine"
    assert (flow["tx_packets"], flow["tx_bytes"]) == (10, 10 * (100 + HEADERS))
    assert (flow["rx_packets"], flow["rx_bytes"]) == (7, 7 * (200 + HEADERS))
    assert 0 <= flow["idle_ms"] <= flow["age_ms"] < 60000
    assert {"state", "name"} <= flow.keys()


def test_mappings(house, exchange):
    mapping = row(house.ask("mappings"), inside=f"{house.h1.ip}:41000")
    assert mapping["proto"] == "udp"
    assert mapping["outside"] == f"{WAN}:41000"
    assert mapping["static"] is False
    assert 0 <= mapping["idle_ms"] < 60000


def test_counts_of_status(house, exchange):
    nat = house.ask("status")["nat"]
    assert nat["sessions"] == len(house.ask("flows"))
    assert nat["mappings"] == len(house.ask("mappings"))


def test_leases(house):
    for host in house.h1, house.h2, house.h3:
        lease = row(house.ask("leases"), mac=host.mac)
        assert lease["ip"] == host.ip
        assert lease["hostname"] == host.name
        assert 86000 < lease["expires_s"] <= 86400
        assert lease["static"] is False


def test_rates_follow_traffic(house):
    with house.h1.udp() as inside:
        def busy():
            for _ in range(50):
                inside.sendto(bytes(1000), (FAR, 7009))
            status = house.ask("status")
            client = row(house.ask("clients"), mac=house.h1.mac)
            return status["rates"]["tx_bps"] > 0 and client["tx_bps"] > 0
        assert eventually(busy)


def drops(house, reason):
    found = [d for d in house.ask("drops") if d["reason"] == reason]
    return found[0]["packets"] if found else 0


def test_drops_are_counted_by_reason(house):
    closed, spoofed = drops(house, "wan_closed"), drops(house, "spoofed")
    with house.isp.udp() as stranger:
        for _ in range(5):
            stranger.sendto(b"knock", (WAN, 9))
    house.h1.run("ip", "addr", "add", "192.0.2.66/32", "dev", "lo")
    with house.h1.udp(addr="192.0.2.66") as liar:
        for _ in range(5):
            liar.sendto(b"not me", (FAR, 9))
    assert eventually(lambda: drops(house, "wan_closed") >= closed + 5)
    assert eventually(lambda: drops(house, "spoofed") >= spoofed + 5)
    for drop in house.ask("drops"):
        assert drop["bytes"] >= drop["packets"] > 0 \
            or drop["packets"] == drop["bytes"] == 0


@pytest.mark.parametrize("what", ["status", "clients", "flows", "mappings",
                                  "leases", "drops"])
def test_people_get_text(house, what):
    text = house.cli(what)
    assert text.strip()
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_settings_are_set_and_read(house):
    house.cli("set", "wan.open=udp:7777,tcp:2222")
    said = house.cli("get", "wan.open")
    assert "udp:7777" in said and "tcp:2222" in said
    assert "wan" in house.ask("get")
    house.cli("set", "wan.open=")
    assert "7777" not in house.cli("get", "wan.open")


@pytest.mark.parametrize("words, code", [
    (["set", "wan.open=udp:70000"], 1),
    (["set", "no.such=1"], 1),
    (["get", "no.such"], 1),
    (["set", "wan.open"], 2),
    (["status", "--no-such"], 2),
    (["no-such"], 2),
    ([], 2),
])
def test_refusals_are_one_sentence(house, words, code):
    name = ["--name", house.instance] if words else []
    done = house.gw.attempt(house.binary, *words, *name)
    assert done.returncode == code, done
    assert not done.stdout
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_an_instance_that_does_not_run_is_named(house):
    done = house.gw.attempt(house.binary, "status", "--name", "nobody")
    assert done.returncode == 1
    assert "nobody" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_and_version(house):
    assert "run" in house.gw.run(house.binary, "--help")
    assert house.gw.run(house.binary, "--version").strip()


def test_every_map_is_readable_with_field_names(house):
    pins = house.gw.sh(f"find /sys/fs/bpf/{house.instance} -type f").split()
    maps = {}
    for pin in pins:
        done = house.gw.attempt("bpftool", "-j", "map", "show", "pinned", pin)
        if not done.returncode:
            maps[pin.rsplit("/", 1)[1]] = json.loads(done.stdout)
            dump = house.gw.attempt("bpftool", "map", "dump", "pinned", pin)
            assert dump.stdout, pin
    for name in "claimed", "local_open", "kernel_nets", "port_info", "drops":
        assert maps[name].get("btf_id"), name
    where, = (p for p in pins if p.endswith("/port_info"))
    ports = json.loads(house.gw.run("bpftool", "-j", "map", "dump",
                                    "pinned", where))
    assert len(ports) == 3
    assert all("role" in p["formatted"]["value"] for p in ports)
