"""clients ── server: two namespaces and a cable, for rows about DHCP.

The server is Portcullis or Kea with its leases in a file that is written
before it answers; perfdhcp, or the bench's dora, plays the clients, as a relay
of the LAN. Use with 'with', as Topology.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from topology import BUILD, PATIENCE_S
from world import Failed, Machine, cable, eventually

SERVER, CLIENTS = "10.64.0.1", "10.64.0.2"
PRELOAD = BUILD / "bench/rcvbuf.so"
KEA = {"Dhcp4": {
    "interfaces-config": {"interfaces": ["lan"], "dhcp-socket-type": "raw"},
    "lease-database": {"type": "memfile", "persist": True},
    "valid-lifetime": 86400,
    "calculate-tee-times": True,
    "option-data": [{"name": name, "data": data} for name, data in (
        ("routers", SERVER), ("domain-name-servers", SERVER),
        ("domain-name", "lan"), ("broadcast-address", "10.64.255.255"))],
    "subnet4": [{"subnet": "10.64.0.0/16",
                 "pools": [{"pool": "10.64.1.0 - 10.64.255.250"}]}],
    "loggers": [{"name": "kea-dhcp4", "severity": "WARN",
                 "output_options": [{"output": "stderr"}]}]}}


class DhcpRoom:
    """'side': portcullis or kea."""

    def __init__(self, _, side, __=False):
        self.side = side
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-b-"))
        self.machines = []

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for machine in self.machines:
            machine.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _build(self):
        self.clients = self._machine("clients")
        self.server = self._machine("server")
        cable(self.clients, "eth0", self.server, "lan")
        cable(self.server, "wan", self.clients, "street")
        self.clients.sh(f"ip addr add {CLIENTS}/16 dev eth0;"
                        "ip link set eth0 up; ip link set street up")
        self.server.sh("ip addr add 198.51.100.2/24 dev wan; ip link set wan "
                       "up; ip link set lan up")
        getattr(self, f"_start_{self.side}")()

    def _machine(self, name):
        self.machines.append(Machine(name, self.folder))
        return self.machines[-1]

    def _start(self, ready, *command, env=None):
        said = self.folder / "log"
        with open(said, "w") as log:
            child = self.server.spawn(*command, stdout=log, stderr=log,
                                      env=env)
        self.child = child
        if not eventually(lambda: ready(said.read_text())
                          or child.poll() is not None, PATIENCE_S) \
                or child.poll() is not None:
            raise Failed(f"{self.side} does not start:\n" + said.read_text())

    def _start_portcullis(self):
        self._start(lambda said: "ready" in said.split("\n"),
                    BUILD / "portcullis", "run", "--wan", "wan", "--lan",
                    "lan", "--lan-net", f"{SERVER}/16", "--dns",
                    "198.51.100.1", "--name", "bench", "--state", self.folder)

    def _start_kea(self):
        self.server.sh(f"ip addr add {SERVER}/16 dev lan")
        config = self.folder / "kea.json"
        KEA["Dhcp4"]["lease-database"]["name"] = str(self.folder / "leases")
        config.write_text(json.dumps(KEA))
        self._start(lambda _: self.server.run("ss", "-Hlun",
                                              "sport = :67"),
                    "env", f"LD_PRELOAD={PRELOAD}",
                    f"KEA_PIDFILE_DIR={self.folder}",
                    f"KEA_LOCKFILE_DIR={self.folder}",
                    "kea-dhcp4", "-c", config)

    def used(self):
        """Seconds of the processor that the server took so far."""
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text()
        fields = fields.rsplit(")")[1].split()
        return (int(fields[11]) + int(fields[12])) \
            / os.sysconf("SC_CLK_TCK")

    def offer(self, rate, clients, seconds):
        """(exchanges completed a second, share of the messages unanswered)
        when 'rate' exchanges a second are begun."""
        said = self.clients.attempt(
            "env", f"LD_PRELOAD={PRELOAD}", "perfdhcp", "-4", "-l", "eth0",
            "-r", rate, "-R", clients, "-p", seconds, "-W", 2000000, SERVER,
            timeout=seconds + 30).stdout
        sent, received = ([int(n) for n in re.findall(
            rf"{what} packets: (\d+)", said)] for what in ("sent", "received"))
        if len(sent) != 2 or len(received) != 2:
            raise Failed("perfdhcp said:\n" + said)
        return received[1] / seconds, 1 - received[1] / sent[0]

    def press(self, rate, clients, seconds):
        """Likewise by the bench's own clients, which cost a fraction of
        perfdhcp's."""
        said = self.clients.attempt(
            BUILD / "bench/dora", CLIENTS, SERVER, rate, clients, seconds,
            timeout=seconds + 30).stdout.split()
        if len(said) != 3:
            raise Failed("dora did not end well")
        begun, _, done = map(int, said)
        return done / seconds, 1 - done / begun
