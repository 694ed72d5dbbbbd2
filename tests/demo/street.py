"""The demo's world: an internet, a gateway, four devices.

                         lan0 ── access point ── annas-phone
    internet ── wan [gateway]              └──── hall-thermostat
                         lan1 ── bens-laptop
                         lan2 ── living-room-tv

The gateway is the real one. The internet is one machine with many addresses
and no route to any LAN.
"""
import os
import pathlib
import signal
import subprocess
import sys
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "netns"))

# pylint: disable=wrong-import-position
from house import BINARY, READY_S, Host
from world import (Failed, Machine, cable, eventually, finish_checksums,
                   wait_for_end)

from names import ADDRESSES, RECORDS, RESOLVER

ISP, WAN = "203.0.113.1", "203.0.113.2"
LAN = "10.77.0.1"
NAME = "demo"           # of the gateway's instance
LAN_PORTS = ("lan0", "lan1", "lan2")
PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Device:
    name: str           # it tells this to the DHCP server
    mac: str            # the first half is its maker's
    manner: str         # devices.py
    client: str         # DHCP client
    port: str


DEVICES = (
    Device("annas-phone", "84:cf:bf:3a:51:c7", "phone", "dhclient", "lan0"),
    Device("bens-laptop", "10:c5:95:0e:77:42", "laptop", "dhclient", "lan1"),
    Device("living-room-tv", "20:17:42:9b:04:e8", "television", "udhcpc",
           "lan2"),
    Device("hall-thermostat", "ec:e5:12:61:d3:0f", "thermostat", "udhcpc",
           "lan0"),
)


class Street:
    """Everything; close() takes it down, also when it is half built."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.log_file = self.folder / "gateway.log"
        self.machines = []
        self.gateway = None

    def build(self):
        self.internet = self._machine("internet")
        self.gw = self._machine("gateway")
        self.ap = self._machine("access-point")
        self._build_wan()
        self._build_ap()
        self.hosts = {device: self._build_device(device) for device in DEVICES}
        eventually(lambda: "NO-CARRIER" not in self.gw.run("ip", "link"))

    def open_for_business(self):
        """The internet serves, the gateway gates, the devices live."""
        self._serve()
        self._start_gateway()
        for device, host in self.hosts.items():
            host.ask_for_lease(device.client)
        for device, host in self.hosts.items():
            host.await_lease()
            self._spawn(host, PYTHON, HERE / "devices.py", device.manner)

    def burden(self, rate, seconds):
        """The laptop takes so much besides, "500M" a second, say."""
        server = RECORDS["mirror.example"][0]
        laptop, = (host for device, host in self.hosts.items()
                   if device.manner == "laptop")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._spawn(self.internet, "iperf3", "-s", "-B", server, **quiet)
        eventually(lambda: ":5201" in self.internet.run("ss", "-Hltn"))
        self._spawn(laptop, "iperf3", "-c", server, "-R", "-b", rate,
                    "-t", int(seconds), **quiet)

    # ---- building

    def _machine(self, name, kind=Machine, *more):
        machine = kind(name, self.folder, *more)
        self.machines.append(machine)
        return machine

    def _build_wan(self):
        cable(self.internet, "street", self.gw, "wan")
        self.internet.sh(
            f"ip addr add {ISP}/24 dev street; ip link set street up;"
            + "".join(f"ip addr add {a}/32 dev lo;" for a in ADDRESSES))
        self.gw.sh(f"ip addr add {WAN}/24 dev wan; ip link set wan up;"
                   f"ip route add default via {ISP}")
        finish_checksums(self.internet, "street")

    def _build_ap(self):
        cable(self.ap, "uplink", self.gw, "lan0")
        self.ap.sh("ip link add air type bridge; ip link set air up;"
                   "ip link set uplink master air up")
        finish_checksums(self.ap, "uplink")
        self.gw.run("ip", "link", "set", "lan0", "up")

    def _build_device(self, device):
        host = self._machine(device.name, Host, device.mac)
        if device.port == "lan0":
            cable(host, "eth0", self.ap, device.manner)
            self.ap.run("ip", "link", "set", device.manner, "master", "air",
                        "up")
        else:
            cable(host, "eth0", self.gw, device.port)
        host.run("ip", "link", "set", "eth0", "address", device.mac, "up")
        finish_checksums(host, "eth0")
        return host

    # ---- running

    def _spawn(self, machine, *command, **options):
        """Out of the reach of the terminal's Ctrl-C, which is for us."""
        return machine.spawn(*command, start_new_session=True, **options)

    def _serve(self):
        services = self._spawn(self.internet, PYTHON, HERE / "internet.py",
                               stdout=subprocess.PIPE)
        if services.stdout.readline() != b"open\n":
            raise Failed("the internet's services do not start")

    def _start_gateway(self):
        state = self.folder / "state"
        state.mkdir()
        with open(self.log_file, "w") as log:
            self.gateway = self._spawn(
                self.gw, BINARY, "run", "--wan", "wan",
                "--lan", ",".join(LAN_PORTS), "--lan-net", f"{LAN}/24",
                "--dns", RESOLVER, "--state", state, "--name", NAME,
                stdout=log, stderr=log)
        eventually(lambda: "ready" in self.log().split("\n")
                   or not self.alive(), READY_S)
        if "ready" not in self.log().split("\n"):
            raise Failed("the gateway does not start:\n" + self.log())

    def alive(self):
        return self.gateway.poll() is None

    def log(self):
        return self.log_file.read_text(errors="replace")

    # ---- the end

    def close(self):
        if self.gateway and self.alive():
            self.gateway.send_signal(signal.SIGTERM)
            wait_for_end(self.gateway, 10)
        for machine in reversed(self.machines):
            machine.close()
