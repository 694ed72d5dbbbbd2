"""Other people's firewalls beside ours, and what anybody may take away from us
at any time: tables, hooks, programs."""
import contextlib
import hashlib
import json
import random
import re
import subprocess

import pytest

from house import FAR, machine_state
from watch import no_resets
from world import eventually, heard, only_ipv4_from

BYTES = 24 << 20


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    content = random.Random(7).randbytes(BYTES)
    (folder / "file").write_bytes(content)
    return folder, hashlib.sha256(content).hexdigest()


@pytest.fixture
def nfqueue(build, web):
    """A house whose packets go through the kernel."""
    house = build([["h1"]], carrier="nfqueue")
    house.serve_dns()
    house.serve_web(web[0])
    return house


def pings(host, target=FAR):
    return not host.attempt("ping", "-c", "1", "-W", "1", target).returncode


# ---- firewalls that drop what is forwarded

DOCKER = """
table ip filter {
    chain FORWARD {
        type filter hook forward priority filter; policy drop;
        counter jump DOCKER
    }
    chain DOCKER {
    }
}
"""

FW4 = """
table inet fw4 {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state vmap { established : accept, related : accept }
        iifname "br-guest" jump forward_guest
        jump handle_reject
    }
    chain forward_guest {
    }
    chain handle_reject {
        reject with icmpx type port-unreachable
    }
}
"""

UFW = """
table ip filter {
    chain INPUT {
        type filter hook input priority filter; policy accept;
    }
    chain FORWARD {
        type filter hook forward priority filter; policy drop;
        jump ufw-before-forward
    }
    chain ufw-before-forward {
        ct state invalid counter drop
    }
}
table ip6 filter {
    chain FORWARD {
        type filter hook forward priority filter; policy drop;
    }
}
"""

FIREWALLD = """
table inet firewalld {
    chain filter_FORWARD {
        type filter hook forward priority filter + 10; policy accept;
        ct state { established, related } accept
        reject with icmpx admin-prohibited
    }
}
"""

NAT = """
table ip nat {
    chain POSTROUTING {
        type nat hook postrouting priority srcnat; policy accept;
        oifname "gw0" counter masquerade
    }
}
"""


def load(house, rules):
    file = house.folder / "rules.nft"
    file.write_text(rules)
    house.gw.run("nft", "-f", file)


def test_the_legacy_iptables_are_told_of(nfqueue):
    """Nobody can put a rule beside theirs but their own program; what the log
    says to do helps."""
    nfqueue.gw.run("iptables-legacy", "-P", "FORWARD", "DROP")
    nfqueue.start_gateway()
    nfqueue.h1.dhcp()
    assert not pings(nfqueue.h1)
    advice = re.search("iptables-legacy -I FORWARD[^,]*", nfqueue.log())
    assert advice, nfqueue.log()
    nfqueue.gw.sh(advice.group())
    assert pings(nfqueue.h1)


@pytest.mark.parametrize("rules", [DOCKER, FW4, UFW, FIREWALLD, DOCKER + NAT],
                         ids=["docker", "fw4", "ufw", "firewalld", "nat"])
def test_a_firewall_beside_ours(nfqueue, rules):
    """It was there before, keeps what it had, and gets back what it was."""
    load(nfqueue, rules)
    before = machine_state(nfqueue.gw)
    nfqueue.start_gateway()
    nfqueue.h1.dhcp()
    assert pings(nfqueue.h1)
    with nfqueue.far.udp(7000, FAR) as far, nfqueue.h1.udp(41000) as inside:
        inside.sendto(b"out", (FAR, 7000))
        _, outside = far.recvfrom(64)
        assert outside[1] == 41000      # not translated a second time
        with nfqueue.isp.udp(7001) as stranger:
            stranger.sendto(b"in", outside)
            assert inside.recvfrom(64)[0] == b"in"
    assert "a rule of ours in table" in nfqueue.log()
    assert nfqueue.stop_gateway() == 0, nfqueue.log()
    assert eventually(lambda: machine_state(nfqueue.gw) == before) \
        or machine_state(nfqueue.gw) == before


def test_a_firewall_that_comes_later(nfqueue):
    nfqueue.start_gateway()
    nfqueue.h1.dhcp()
    assert pings(nfqueue.h1)
    load(nfqueue, DOCKER)
    assert eventually(lambda: "portcullis" in nfqueue.gw.run(
        "nft", "list", "chain", "ip", "filter", "FORWARD"))
    assert pings(nfqueue.h1)
    # And it is loaded anew, as by a service that restarts.
    load(nfqueue, "delete table ip filter\n" + DOCKER)
    assert eventually(lambda: "portcullis" in nfqueue.gw.run(
        "nft", "list", "chain", "ip", "filter", "FORWARD"))
    assert pings(nfqueue.h1)
    assert nfqueue.stop_gateway() == 0
    rules = nfqueue.gw.run("nft", "list", "ruleset")
    assert "portcullis" not in rules and "chain FORWARD" in rules


def test_iptables_of_today(nfqueue):
    """iptables-nft still reads its own table with our rule in it."""
    for command in ("-P FORWARD DROP", "-A FORWARD -i nowhere0 -j ACCEPT"):
        nfqueue.gw.run("iptables-nft", *command.split())
    before = nfqueue.gw.run("iptables-nft", "-S")
    nfqueue.start_gateway()
    nfqueue.h1.dhcp()
    assert pings(nfqueue.h1)
    listed = nfqueue.gw.attempt("iptables-nft", "-S")
    assert not listed.returncode and "incompatible" not in listed.stderr
    assert "-A FORWARD -i nowhere0 -j ACCEPT" in listed.stdout
    nfqueue.gw.run("iptables-nft", "-A", "FORWARD", "-i", "nowhere1",
                   "-j", "ACCEPT")
    assert pings(nfqueue.h1)
    nfqueue.gw.run("iptables-nft", "-D", "FORWARD", "-i", "nowhere1",
                   "-j", "ACCEPT")
    assert nfqueue.stop_gateway() == 0, nfqueue.log()
    assert nfqueue.gw.run("iptables-nft", "-S") == before


def test_a_firewall_that_keeps_the_lan_out_is_told(nfqueue):
    load(nfqueue, "table inet own {\nchain input {\n"
         "type filter hook input priority 0; policy drop;\n}\n}\n")
    nfqueue.start_gateway()
    assert "table inet own, chain input, drops what comes in" in nfqueue.log()


# ---- what anybody may take away

@contextlib.contextmanager
def nothing_private(house):
    """Nothing with a source at home may be seen on the street meanwhile."""
    with house.isp.frames("street") as wire:
        only_ipv4_from(wire, "10.77.0.0", 24)
        heard(wire)
        yield
        found = heard(wire)
        assert not found, f"{len(found)} frames, the first {found[0].hex()}"


def fetch(host):
    return host.spawn("sh", "-c", "curl -sS --max-time 120 --limit-rate 4M "
                      f"http://{FAR}/file | sha256sum",
                      stdout=subprocess.PIPE, text=True)


def flood(host):
    """Datagrams to the world meanwhile, each from another port."""
    return host.spawn("python3", "-c", f"""
import socket, time
while True:
    for port in range(20000, 24000, 7):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("", port))
            s.sendto(b"x", ("{FAR}", 9))
        time.sleep(0.001)
""")


TAKEN = {
    "flush": "nft flush ruleset",
    "table": "nft delete table inet INSTANCE",
    "rules": "nft flush table inet INSTANCE",
    "clsact": "tc qdisc del dev gw0 clsact; tc qdisc del dev gl0 clsact",
    "filters": "tc filter del dev gw0 egress; tc filter del dev gl0 ingress",
}


def is_whole(house):
    """All that was taken is back."""
    gw, table = house.gw, house.instance
    rules = gw.attempt("nft", "list", "table", "inet", table).stdout
    filters = gw.sh("for d in gw0 gl0; do for h in ingress egress; do "
                    "tc filter show dev $d $h 2>/dev/null; done; done")
    return (all(f"chain {name}" in rules for name in
                ("to_engine", "forward", "output")) and "drop" in rules
            and len(re.findall("direct-action", filters)) == 4)


@pytest.mark.parametrize("what", TAKEN)
def test_what_is_taken_comes_back_and_nothing_leaks(nfqueue, web, what):
    house = nfqueue
    house.start_gateway()
    house.h1.dhcp()
    assert is_whole(house)
    with nothing_private(house), no_resets((house.isp, "street"),
                                           (house.far, "eth0")):
        noise, transfer = flood(house.h1), fetch(house.h1)
        assert eventually(lambda: house.ask("flows"))
        for _ in range(5):
            house.gw.sh(TAKEN[what].replace("INSTANCE", house.instance))
            assert eventually(lambda: is_whole(house), 20)
        assert pings(house.h1)
        said, _ = transfer.communicate(timeout=130)
        house.h1.end(noise)
    assert said.split()[0] == web[1]
    assert "putting it back" in house.log()


def test_nothing_leaks_while_nobody_puts_it_back(nfqueue):
    """A gateway that hangs cannot mend its table: the programs hold."""
    house = nfqueue
    house.start_gateway()
    house.h1.dhcp()
    assert pings(house.h1)
    noise = flood(house.h1)
    house.gateway.send_signal(19)       # SIGSTOP
    try:
        with nothing_private(house):
            house.gw.run("nft", "flush", "ruleset")
            assert not pings(house.h1)
            assert eventually(lambda: dropped(house), 20)
    finally:
        house.gateway.send_signal(18)   # SIGCONT
        house.h1.end(noise)
    assert eventually(lambda: is_whole(house), 20)
    assert eventually(lambda: pings(house.h1), 20)


def dropped(house):
    """What the guard at the way out has dropped, by its map."""
    rows = house.gw.sh("bpftool -j map dump pinned "
                       f"/sys/fs/bpf/{house.instance}/v*/drops")
    return any(cpu["value"]["packets"] for row in json.loads(rows)
               for cpu in row["formatted"]["values"])


def test_a_program_taken_off_xdp_comes_back(build):
    house = build([["h1"]], carrier="xdp")
    house.serve_dns()
    house.start_gateway()
    house.h1.dhcp()
    for dev in "gw0", "gl0":
        index = house.gw.run("cat", f"/sys/class/net/{dev}/ifindex").strip()
        house.gw.sh("bpftool link detach pinned "
                    f"/sys/fs/bpf/{house.instance}/v*/link_{index}")
        assert eventually(lambda: f"{dev}: somebody took our program"
                          in house.log(), 30)
        assert eventually(lambda: pings(house.h1), 20)
