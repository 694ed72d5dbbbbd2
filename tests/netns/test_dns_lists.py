"""Blocklists from files and URLs, for some devices and not for others; what
was asked and why it was answered so."""
import csv
import io

import pytest

from house import FAR, LAN, WAN
from resolvers import NAME, Lists, Resolver, answer, make_certificates, question
from world import eventually


def reply(message):
    if question(message)[0] == NAME:
        return answer(message, FAR)
    return answer(message, "192.0.2.1")


@pytest.fixture(scope="module")
def home(build_shared):
    """A house whose lists come from far, by a certificate that it trusts."""
    house = build_shared([["h1", "h2"]])
    house.certificates = make_certificates(house.folder)
    house.env["SSL_CERT_FILE"] = str(house.certificates / "ca.pem")
    house.resolver = Resolver(house.far, reply)
    house.lists = Lists(house.far, house.certificates)
    house.start_gateway()
    house.hand_out_leases()
    yield house
    house.resolver.close()
    house.lists.close()


def ask(host, name, kind="A"):
    return host.run("dig", "+short", "+tries=1", "+time=10", f"@{LAN}", name,
                    kind).split()


def becomes(host, name, wanted, timeout=30):
    return eventually(lambda: ask(host, name) == wanted, timeout)


def listed(house):
    return {row["name"]: row for row in house.ask("dns")["lists"]}


def test_no_list_is_on_at_first_and_known_ones_are_offered(home):
    dns = home.ask("dns")
    assert dns["lists"] == []
    assert {"stevenblack", "oisd-small"} <= {
        row["name"] for row in dns["known_lists"]}
    assert ask(home.h1, "use-application-dns.net") == ["192.0.2.1"]


def test_a_file_is_read_and_read_again_when_it_changes(home):
    path = home.folder / "hosts"
    path.write_text("0.0.0.0 ads.example\n")
    home.cli("set", f"dns.lists={path}")
    assert becomes(home.h1, "ads.example", ["0.0.0.0"])
    assert ask(home.h1, "ads.example", "AAAA") == ["::"]
    assert ask(home.h1, "good.example") == ["192.0.2.1"]
    assert listed(home)[str(path)]["names"] == 1
    assert "NXDOMAIN" in home.h1.run("dig", f"@{LAN}",
                                     "use-application-dns.net")
    path.write_text("0.0.0.0 ads.example more.example\n")
    assert becomes(home.h1, "more.example", ["0.0.0.0"], 60)


def test_a_url_is_fetched_over_tls_and_kept(home):
    home.lists.files |= {"/hosts": f"https://{NAME}/list",
                         "/list": "||tracker.example^\n@@||fine.example^\n"}
    url = f"https://{NAME}/hosts"
    home.cli("set", f"dns.lists={url}")
    assert becomes(home.h1, "x.tracker.example", ["0.0.0.0"])
    assert listed(home)[url]["problem"] is None
    kept = list((home.state / "lists").glob("*.list"))
    assert any("tracker" in path.read_text() for path in kept)


def test_what_is_kept_holds_from_the_start_and_is_asked_for_by_its_tag(home):
    """What is older than a day is asked for again, and not sent again."""
    home.stop_gateway()
    for path in (home.state / "lists").glob("*.meta"):
        lines = path.read_text().split("\n")
        path.write_text("\n".join(["1"] + lines[1:]))
    home.lists.seen.clear()
    home.start_gateway()
    home.lists.await_seen("/list", 304)
    assert becomes(home.h1, "x.tracker.example", ["0.0.0.0"])


def test_a_server_that_is_not_trusted_gives_no_list(home):
    """By its address: the certificate is for a name alone."""
    url = f"https://{FAR}/list"
    home.cli("set", f"dns.lists={url}")
    assert eventually(lambda: listed(home)[url]["problem"], 30)
    assert "certificate" in listed(home)[url]["problem"]
    assert "dns: list" in home.log()


def test_no_server_sends_us_into_the_home(home):
    """Neither by address nor by name; but the owner may name what he likes."""
    home.lists.files |= {"/by-address": f"https://{LAN}/list",
                         "/by-name": "https://portcullis.lan/list",
                         "/ours": f"https://{WAN}/list"}
    for path in "/by-address", "/by-name", "/ours":
        url = f"https://{NAME}{path}"
        home.cli("set", f"dns.lists={url}")
        assert eventually(lambda: listed(home)[url]["problem"], 30)
        assert "into the home" in listed(home)[url]["problem"]
    url = f"https://{LAN}/list"
    home.cli("set", f"dns.lists={url}")
    assert eventually(lambda: listed(home)[url]["problem"], 30)
    assert "into the home" not in listed(home)[url]["problem"]


def test_unknown_names_of_lists_are_refused(home):
    done = home.gw.attempt(home.binary, "set", "dns.lists=nonesuch",
                           "--name", home.instance)
    assert done.returncode == 1 and "nonesuch" in done.stderr


def test_own_words_hold_at_once_and_for_names_below(home):
    home.cli("set", "dns.lists=", "dns.block=bad.example",
             "dns.allow=ok.bad.example")
    assert ask(home.h1, "x.bad.example") == ["0.0.0.0"]
    assert ask(home.h1, "ok.bad.example") == ["192.0.2.1"]
    home.cli("set", "dns.blocked_answer=nxdomain")
    assert "NXDOMAIN" in home.h1.run("dig", f"@{LAN}", "x.bad.example")
    home.cli("set", "dns.blocked_answer=", "dns.allow=")


def test_a_device_can_be_left_out(home):
    home.cli("set", "dns.block=bad.example", f"dns.unfiltered={home.h2.mac}")
    assert becomes(home.h2, "bad.example", ["192.0.2.1"])
    assert ask(home.h1, "bad.example") == ["0.0.0.0"]
    home.cli("set", "dns.unfiltered=")
    assert ask(home.h2, "bad.example") == ["0.0.0.0"]


def test_queries_say_who_asked_and_why_it_was_answered_so(home):
    home.cli("set", "dns.block=bad.example")
    for name in "once.example", "once.example", "bad.example", "h1.lan":
        ask(home.h1, name)
    rows = {(row["name"], row["why"]): row for row in home.ask("queries")
            if row["device"] == home.h1.ip}
    assert {("once.example", "upstream"), ("once.example", "cache"),
            ("bad.example", "blocked"), ("h1.lan", "local")} <= set(rows)
    asked = rows["once.example", "upstream"]
    assert asked["hostname"] == "h1" and asked["answer"] == "192.0.2.1"
    assert asked["rcode"] == "NOERROR" and asked["type"] == "A"
    assert rows["bad.example", "blocked"]["list"] == "dns.block"
    text = home.gw.run(
        "curl", "-s", "--unix-socket", f"/run/portcullis/{home.instance}.sock",
        "http://x/api/v1/dns/log?format=csv&why=blocked&name=bad.example")
    found = list(csv.DictReader(io.StringIO(text)))
    assert found and {row["list"] for row in found} == {"dns.block"}


def test_the_log_is_not_shown_to_the_lan_and_can_be_off(home):
    status = home.h1.run("curl", "-s", "-o", "/dev/null", "-w",
                         "%{http_code}", f"http://{LAN}/api/v1/dns/log")
    assert status == "401"
    home.cli("set", "dns.log=off")
    ask(home.h1, "once.example")
    assert home.ask("queries") == []
    home.cli("set", "dns.log=")
