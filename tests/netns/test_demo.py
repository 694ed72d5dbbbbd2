"""The demo shows a house at work, and leaves nothing behind."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.request

import pytest

from house import BINARY, TOP, bpf_alive, bpf_ids
from world import eventually

pytestmark = pytest.mark.alone     # sees every namespace there is

HOSTNAMES = {"annas-phone", "bens-laptop", "living-room-tv",
             "hall-thermostat"}
HOME = os.stat("/proc/self/ns/net").st_ino


def namespaces():
    """Of all processes: {network namespace: pids}, but for our own."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            inode = os.stat(process / "ns/net").st_ino
            if inode != HOME:
                found.setdefault(inode, set()).add(int(process.name))
    return found


def descendants(pid):
    found = {pid}
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                found |= descendants(int(child))
    return found


def traces():
    """What a demo might leave on the machine itself."""
    run = pathlib.Path("/run/portcullis")
    pins = pathlib.Path("/sys/fs/bpf/demo")
    links = json.loads(subprocess.check_output(["ip", "-j", "addr"]))
    routes = subprocess.check_output(["ip", "route"], text=True)
    return ([(link["ifname"], [a["local"] for a in link["addr_info"]])
             for link in links if link["link_type"] in ("ether", "loopback")],
            routes, sorted(run.rglob("demo*")), pins.exists())


def folders():
    return set(pathlib.Path(tempfile.gettempdir()).glob("portcullis-demo-*"))


class Demo:
    """One run of scripts/demo, as a shell would start it."""

    def __init__(self, seconds):
        self.before, self.folders_before = traces(), folders()
        self.process = subprocess.Popen(
            [TOP / "scripts/demo"], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.STDOUT, process_group=0,
            env=os.environ | {"DEMO_BUILT": "1", "DEMO_SECONDS": str(seconds),
                              "PORTCULLIS": str(BINARY)})
        self.said = ""

    def await_invitation(self):
        """Reads until it says how to end it; the address of the page."""
        for line in self.process.stdout:
            self.said += line
            if "To end it" in line:
                break
        address = re.search(r"http://127\.0\.0\.1:\d+/", self.said)
        assert address, self.said
        self.look()
        assert len(self.worlds) == 7 and self.held
        return address[0]

    def look(self):
        """Remembers its namespaces and its BPF objects."""
        family = descendants(self.process.pid)
        self.worlds = [inode for inode, pids in namespaces().items()
                       if pids & family]
        self.held = set()
        for pid in family:
            with contextlib.suppress(OSError):
                self.held |= bpf_ids(pid)

    def command(self):
        """What it says to type for the gateway's status."""
        return re.search(r"sudo (nsenter .*)", self.said)[1].split()

    def end(self, number=signal.SIGINT):
        """As a terminal does it: the signal goes to all in the group."""
        os.killpg(self.process.pid, number)
        return self.process.wait(60)

    def remains(self):
        """Processes and programs that are still there."""
        alive = namespaces()
        return ([alive[inode] for inode in self.worlds if inode in alive],
                bpf_alive(self.held))

    def close(self):
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        self.process.stdout.close()


@pytest.fixture
def start():
    with contextlib.ExitStack() as stack:
        yield lambda *args: stack.enter_context(
            contextlib.closing(Demo(*args)))


def fetch(address):
    with urllib.request.urlopen(address, timeout=20) as reply:
        return reply.read()


def assert_nothing_is_left(demo):
    assert eventually(lambda: demo.remains() == ([], set())), demo.remains()
    assert traces() == demo.before
    assert folders() <= demo.folders_before


def test_four_devices_show_and_all_goes_with_ctrl_c(start):
    demo = start(60)
    address = demo.await_invitation()
    assert b"<title>Portcullis</title>" in fetch(address)

    def all_at_work():
        clients = json.loads(fetch(address + "api/v1/clients"))
        return {c["hostname"] for c in clients
                if c["vendor"] and c["rx_bytes"] and c["tx_bytes"]} \
            == HOSTNAMES
    assert eventually(all_at_work, 60, 0.5), fetch(address + "api/v1/clients")
    assert "Internet" in subprocess.check_output(demo.command(), text=True)
    assert demo.end() == 0
    assert_nothing_is_left(demo)


def test_it_ends_by_itself(start):
    demo = start(2)
    demo.await_invitation()
    began = time.monotonic()
    assert demo.process.wait(60) == 0
    assert time.monotonic() - began > 1
    assert_nothing_is_left(demo)


def test_a_busy_port_is_left_to_its_owner(start):
    first, second = start(60), start(60)
    assert first.await_invitation() != second.await_invitation()
    assert second.end(signal.SIGTERM) == 0
    assert first.end(signal.SIGTERM) == 0
    assert_nothing_is_left(first)


def test_a_killed_one_is_cleaned_up_by_the_next(start):
    killed = start(60)
    killed.await_invitation()
    killed.end(signal.SIGKILL)
    assert eventually(lambda: killed.remains() == ([], set()))
    assert folders() > killed.folders_before
    following = start(0.1)
    following.await_invitation()
    assert following.process.wait(60) == 0
    assert_nothing_is_left(following)
    assert folders() <= killed.folders_before


@pytest.mark.parametrize("after_s", [0.3, 0.8, 1.5])
def test_ctrl_c_while_it_is_being_built(start, after_s):
    demo = start(60)
    time.sleep(after_s)
    demo.look()
    demo.end()
    assert_nothing_is_left(demo)
