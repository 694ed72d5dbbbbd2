"""The house under test, and the street outside.

    far ── isp ──(street)── gw0 [gateway] gl0 ── h1
                                          gl1 ── h2, or a switch with more

 far      198.51.100.10   web, DNS; a router's hop away
 isp      203.0.113.1     the gateway's neighbour and default route
 gateway  203.0.113.2     on gw0; the LAN is what it makes of itself

The isp has no route to any LAN: what leaves untranslated gets no answer, and
is seen on the street.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from world import (Failed, Machine, cable, eventually, finish_checksums,
                   wait_for_end)

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
BINARY = pathlib.Path(os.environ.get("PORTCULLIS", TOP / "build/portcullis"))
ASAN = TOP / "build/portcullis-asan"

ISP, WAN, FAR = "203.0.113.1", "203.0.113.2", "198.51.100.10"
LAN = "10.77.0.1"       # what the gateway takes when it is free
READY_S = 60            # starting is quick; this machine may be busy
# What may carry packets: tests marked 'carriers' run on each of them. "pair" is
# XDP, which sits beside each port (xdp.at).
CARRIERS = os.environ.get("CARRIERS", "xdp nfqueue").split()


def _express():
    """EXPRESS=1 promotes every flow after one packet, EXPRESS=off none."""
    word = os.environ.get("EXPRESS")
    if not word:
        return None
    return {"mode": "off"} if word == "off" else {"after_packets": int(word)}


EXPRESS = _express()    # of all houses that do not say themselves


class Host(Machine):
    """A LAN device: one port, called eth0."""

    def __init__(self, name, folder, mac):
        super().__init__(name, folder)
        self.mac = mac
        self.lease_file = self.folder / "lease"
        self.client = None

    def dhcp(self, client="udhcpc"):
        """Starts a DHCP client and waits for what it got, as a dict."""
        self.ask_for_lease(client)
        return self.await_lease()

    def ask_for_lease(self, client="udhcpc"):
        self.lease_file.unlink(missing_ok=True)
        settings = {"LEASE": str(self.lease_file), "RESOLV": str(self.resolv)}
        command = getattr(self, "_" + client)(settings)
        with open(self.folder / "dhcp.log", "w") as log:
            self.client = self.spawn(*command, env=os.environ | settings,
                                     stdout=log, stderr=log)

    def await_lease(self, timeout=60):
        if not eventually(self.lease_file.exists, timeout):
            raise Failed(f"{self.name}: no lease\n"
                         + (self.folder / "dhcp.log").read_text())
        return self.lease

    def _udhcpc(self, _):
        return ["udhcpc", "-f", "-i", "eth0", "-s", HERE / "lease",
                "-x", f"hostname:{self.name}", "-t", "10", "-T", "1",
                "-A", "1"]

    def _dhclient(self, settings):
        conf = self.folder / "dhclient.conf"
        conf.write_text(f'send host-name "{self.name}";\n'
                        "request subnet-mask, routers, domain-name-servers, "
                        "domain-name, interface-mtu;\n"
                        "initial-interval 1; backoff-cutoff 2;\n")
        passed = [word for key, value in settings.items()
                  for word in ("-e", f"{key}={value}")]
        # Debian's AppArmor profile goes by the path of the program and would
        # keep it out of our folder.
        program = shutil.copy(shutil.which("dhclient"), self.folder)
        return [program, "-4", "-d", "-1", "-cf", conf,
                "-lf", self.folder / "dhclient.leases",
                "-pf", self.folder / "dhclient.pid",
                "-sf", HERE / "lease", *passed, "eth0"]

    @property
    def lease(self):
        lines = self.lease_file.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def ip(self):
        return self.lease["ip"]


class House:
    """Builds the whole; close() takes it down. 'lans' says who lives behind
    each LAN port: ["h1"] is a cable to h1, ["h1", "h2"] a switch. 'express' is
    what the owner chose: {"mode": "tc", "after_packets": 1}, say."""

    def __init__(self, lans=(("h1",),), queues=1, binary=BINARY,
                 carrier=CARRIERS[0], express=EXPRESS):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-"))
        self.instance = "t" + re.sub("[^a-z0-9]", "", self.folder.name)[-8:]
        self.state = self.folder / "state"
        self.state.mkdir()
        self.binary = pathlib.Path(binary)
        self.carrier = carrier
        self.express = express
        self._choose({"express": express} if express else {})
        self.gateway = None
        self.wan = "gw0"            # None: it shall find out
        self.env = dict(os.environ)
        self.log_file = self.folder / "gateway.log"
        self.machines = {}
        self.lan_ports = [f"gl{n}" for n in range(len(lans))]
        try:
            self._build_street(queues)
            for port, names in zip(self.lan_ports, lans):
                self._build_lan(port, names, queues)
            eventually(self._carried)
        except BaseException:
            self.close()
            raise

    def __getattr__(self, name):
        with contextlib.suppress(KeyError):
            return self.__dict__["machines"][name]
        raise AttributeError(name)

    def _machine(self, name, kind=Machine, *more):
        self.machines[name] = kind(name, self.folder, *more)
        return self.machines[name]

    def _choose(self, settings):
        if self.carrier == "pair":
            settings["xdp"] = {"at": "pair"}
        if settings:
            (self.state / "settings.json").write_text(json.dumps(settings))

    # ---- building

    def _build_street(self, queues):
        gw, isp, far = map(self._machine, ("gw", "isp", "far"))
        cable(isp, "street", gw, "gw0", queues)
        cable(isp, "uplink", far, "eth0")
        isp.sh("ip addr add 203.0.113.1/24 dev street; ip link set street up;"
               "ip addr add 198.51.100.1/24 dev uplink; ip link set uplink up;"
               "sysctl -qw net.ipv4.ip_forward=1")
        far.sh("ip addr add 198.51.100.10/24 dev eth0; ip link set eth0 up;"
               "ip route add default via 198.51.100.1")
        gw.sh("ip addr add 203.0.113.2/24 dev gw0; ip link set gw0 up;"
              "ip route add default via 203.0.113.1")
        for machine, dev in (isp, "street"), (isp, "uplink"), (far, "eth0"):
            self._finish_checksums(machine, dev)
        gw.resolv.write_text(f"nameserver {FAR}\n")

    def _build_lan(self, port, names, queues):
        """One LAN port and who lives behind it; down, as a new port is, when
        it is a cable, and up with a switch behind it."""
        if len(names) == 1:
            self._build_host(names[0], self.gw, port, queues)
            return
        switch = self.machines.get("switch") or self._machine("switch")
        bridge = f"br-{port}"
        cable(switch, f"to-{port}", self.gw, port, queues)
        switch.sh(f"ip link add {bridge} type bridge; ip link set {bridge} up;"
                  f"ip link set to-{port} master {bridge} up")
        self._finish_checksums(switch, f"to-{port}")
        self.gw.run("ip", "link", "set", port, "up")
        for name in names:
            self._build_host(name, switch, f"p-{name}", 1)
            self.plug(name, port)

    def _build_host(self, name, other, other_dev, queues):
        """The makers of Raspberries made all our hosts."""
        mac = f"b8:27:eb:00:00:{int(name[1:]):02x}"
        host = self._machine(name, Host, mac)
        cable(host, "eth0", other, other_dev, queues)
        host.run("ip", "link", "set", "eth0", "address", mac, "up")
        self._finish_checksums(host, "eth0")

    def _finish_checksums(self, machine, dev):
        """Only XDP forwards unfinished ones as they are; the other carriers
        have to cope with them, and with the super-packets of GSO."""
        if self.carrier == "xdp":
            finish_checksums(machine, dev)
        # A veth end transmits what XDP redirects only to a peer with GRO.
        if self.express:
            machine.run("ethtool", "-K", dev, "gro", "on")

    def _carried(self):
        """The kernel has noticed every carrier of the gateway's."""
        return "NO-CARRIER" not in self.gw.run("ip", "link")

    def plug(self, name, port):
        """Puts a switched host behind LAN port 'port', wherever it was."""
        self.switch.run("ip", "link", "set", f"p-{name}",
                        "master", f"br-{port}", "up")

    # ---- the gateway

    def command(self, *more):
        path = "xdp" if self.carrier == "pair" else self.carrier
        return [self.binary, "run", *(["--wan", self.wan] if self.wan else []),
                "--lan", ",".join(self.lan_ports), "--path", path,
                "--dns", FAR, "--state", self.state,
                "--name", self.instance, *more]

    def start_gateway(self, *more):
        """Starts it and waits until it says that it is ready."""
        with open(self.log_file, "a") as log:
            begin = log.tell()
            self.gateway = self.gw.spawn(*self.command(*more), env=self.env,
                                         stdout=log, stderr=log)

        def answered():
            said = self.log()[begin:].splitlines()
            return "ready" in said or self.gateway.poll() is not None

        if not eventually(answered, READY_S) \
                or self.gateway.poll() is not None:
            raise Failed("the gateway is not ready:\n" + self.log())

    def stop_gateway(self, how=signal.SIGTERM, timeout=60):
        """Ends it; its exit status."""
        self.gateway.send_signal(how)
        return wait_for_end(self.gateway, timeout)

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            return self.log_file.read_bytes().decode(errors="replace")
        return ""

    def cli(self, *words):
        """A client subcommand; what it printed."""
        return self.gw.run(self.binary, *words, "--name", self.instance)

    def ask(self, *words):
        """A client subcommand with --json; what the API returned."""
        return json.loads(self.cli(*words, "--json"))

    def hand_out_leases(self):
        """Every host takes one."""
        hosts = [m for m in self.machines.values() if isinstance(m, Host)]
        for host in hosts:
            host.ask_for_lease()
        for host in hosts:
            host.await_lease()

    # ---- who is out there

    def serve_dns(self):
        """far answers for example.net and nothing else."""
        self.far.spawn(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
            "--no-resolv", "--no-hosts", "--port=53", "--pid-file=",
            "--user=root", f"--host-record=example.net,{FAR}",
            "--local=/example.net/", stderr=subprocess.DEVNULL)

    def serve_web(self, folder):
        self.far.spawn(sys.executable, "-m", "http.server", "80",
                       "--directory", folder, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        if not eventually(lambda: "LISTEN" in self.far.run("ss", "-Hltn",
                                                           "sport = :80")):
            raise Failed("far: no web server")

    # ---- the end

    def close(self):
        for machine in self.machines.values():
            machine.close()
        shutil.rmtree(self.folder, ignore_errors=True)


# ---- what a gateway may change on its machine, as text

SNAPSHOT = """
ip -d link; ip -d addr; ip route show table all; ip -6 route show table all
ip rule; ip -6 rule
sysctl -a --ignore -r '^net[.]' 2>/dev/null
nft list ruleset
tc -d qdisc
for dev in /sys/class/net/*; do
	tc filter show dev ${dev##*/} ingress 2>/dev/null
	ethtool -k ${dev##*/}
done
bpftool net
find /sys/fs/bpf
find /run -type f -o -type s
"""

# The kernel counts these by itself.
VOLATILE = re.compile(r"nf_conntrack_count|file-nr|gc_timer")


def machine_state(machine):
    """Equal texts: an equal machine."""
    lines = machine.sh(SNAPSHOT).splitlines()
    return "\n".join(l for l in lines if not VOLATILE.search(l))


def bpf_ids(pid):
    """The BPF objects that a process holds: {("prog", 12), …}."""
    held = set()
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):
            held |= {(kind, int(number)) for kind, number in re.findall(
                r"^(prog|map|link)_id:\s*(\d+)", info.read_text(), re.M)}
    return held


def bpf_alive(ids):
    """Those of them that the kernel still has."""
    return {(kind, number) for kind, number in ids if not subprocess.run(
        ["bpftool", kind, "show", "id", str(number)],
        capture_output=True).returncode}
