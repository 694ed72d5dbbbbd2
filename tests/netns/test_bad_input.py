"""What cannot work is refused in one sentence, and nothing was touched.

Exit 2: the command line makes no sense. Exit 1: the machine does not allow it;
the sentence says what is wrong and what to do."""
import os

import pytest

from house import FAR, WAN, machine_state

FOREIGN = """
__attribute__((section("xdp"), used)) int foreign(void *context)
{
	return 2; /* XDP_PASS */
}
char _license[] __attribute__((section("license"), used)) = "GPL";
"""


@pytest.fixture(scope="module")
def house(build_shared):
    """Nothing started: what is asked for here never does."""
    return build_shared([["h1"], ["h2"]])


def refused(house, code, *words, command=None, under=()):
    """Runs it, expects one sentence with 'words' and an untouched machine."""
    before = machine_state(house.gw)
    done = house.gw.attempt(*under, *(command or house.command()), timeout=60)
    assert machine_state(house.gw) == before
    assert done.returncode == code, done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr
    return done.stderr


def command(house, wan="gw0", lan="gl0", *more):
    return [house.binary, "run", "--wan", wan, "--lan", lan,
            "--path", house.carrier, "--dns", FAR, "--state", house.state, "--name", house.instance,
            *more]


@pytest.mark.parametrize("words", [
    ["--no-such-option"], ["--lan-net", "10.77.0.1"], ["--lan-net", "house"],
    ["--lan-net", "10.77.0.1/33"], ["--path", "carrier-pigeon"],
    ["--ui", "10.77.0.1:port"], ["--dns", "example.net"], ["--dns", ""],
    ["--name", "../../etc"], ["--name", ""], ["--wan"], ["extra"],
], ids=" ".join)
def test_words_that_make_no_sense(house, words):
    refused(house, 2, command=[house.binary, "run", *words])


def test_an_unknown_interface(house):
    refused(house, 1, "gw9", command=command(house, wan="gw9"))
    refused(house, 1, "gl9", command=command(house, lan="gl0,gl9"))


def test_wan_and_lan_the_same(house):
    refused(house, 1, "gw0", command=command(house, lan="gw0"))
    refused(house, 1, "gl0", command=command(house, lan="gl0,gl0"))


def test_no_second_port(house):
    """Virtual ports count only when they are named."""
    refused(house, 1, "--lan", command=[
        house.binary, "run", "--wan", "gw0", "--state", house.state,
        "--name", house.instance])


def test_an_address_in_use(house):
    refused(house, 1, "203.0.113",
            command=command(house, "gw0", "gl0", "--lan-net",
                            "203.0.113.77/24"))


@pytest.mark.parametrize("kind, port", [("udp", 53), ("tcp", 53),
                                        ("udp", 67), ("tcp", 80)])
def test_a_busy_port_and_who_holds_it(house, kind, port):
    with getattr(house.gw, kind)(port) as holder:
        if kind == "tcp":
            holder.listen()
        refused(house, 1, str(port), f"pid {os.getpid()}")


@pytest.mark.parametrize("missing", ["net_admin", "bpf,-sys_admin", "net_raw"])
def test_a_missing_privilege(house, missing):
    refused(house, 1, "CAP_" + missing.split(",")[0].upper(), under=[
        "setpriv", f"--bounding-set=-{missing}", f"--inh-caps=-{missing}"])


@pytest.mark.parametrize("text", ["{", "[]", '{"wan": {"open": 7}}',
                                  '{"wan": {"open": ["udp:0"]}}',
                                  '{"no": {"such": 1}}', "\0"])
def test_unreadable_settings(house, text):
    settings = house.state / "settings.json"
    settings.write_text(text)
    refused(house, 1, str(settings))
    assert settings.read_text() == text
    settings.unlink()


def test_a_state_folder_that_is_none(house):
    refused(house, 1, "/dev/null", command=[
        *command(house), "--state", "/dev/null/state"])


@pytest.mark.parametrize("port", ["gw0", "gl0"])
def test_a_foreign_xdp_program(house, port, tmp_path):
    source, program = tmp_path / "foreign.c", tmp_path / "foreign.o"
    source.write_text(FOREIGN)
    house.gw.run("clang", "-target", "bpf", "-O2", "-c", "-o", program, source)
    house.gw.run("ip", "link", "set", port, "xdp", "obj", program,
                 "sec", "xdp")
    refused(house, 1, port, "foreign",
            command=[*house.command(), "--path", "xdp"])
    house.gw.run("ip", "link", "set", port, "xdp", "off")


def test_a_jumbo_mtu(house):
    house.h1.run("ip", "link", "set", "eth0", "mtu", "9000")
    house.gw.run("ip", "link", "set", "gl0", "mtu", "9000")
    refused(house, 1, "gl0", "mtu")
    house.gw.run("ip", "link", "set", "gl0", "mtu", "1500")
    house.h1.run("ip", "link", "set", "eth0", "mtu", "1500")


def test_a_second_instance_of_the_same_name(house):
    house.start_gateway()
    before = machine_state(house.gw)
    done = house.gw.attempt(*house.command(), timeout=60)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert house.instance in done.stderr
    assert machine_state(house.gw) == before
    assert house.ask("status")["wan"]["address"].startswith(WAN)
