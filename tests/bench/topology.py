"""home, gateway, world: three namespaces and two veth cables.

    home 10.77.0.10 ── lan [gw] wan ── 198.51.100.1 world

The gateway is the kernel's (nft masquerade) or Portcullis; or it is none: a
"cable" from home to world, to know what the endpoints themselves cost. GRO is
on at every end of every cable, as cards have it, and without it veth neither
transmits what XDP redirects nor takes what the generator sends; the other
offloads are as veth sets them. Namespaces are held by processes of this one
(tests/netns/world.py) and go with it.
"""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/netns"))

# pylint: disable=wrong-import-position
from world import Failed, Machine, cable, eventually

BUILD = pathlib.Path(os.environ.get("BUILD") or ROOT / "build").resolve()
LOAD, CHURN = BUILD / "bench/load", BUILD / "bench/churn"
HOME, LAN = "10.77.0.10", "10.77.0.1"
WORLD, WAN = "198.51.100.1", "198.51.100.2"
FAR = "203.0.113.1"     # remote addresses are counted up from here
PAGE = (LAN, 80)
CROWD = "10.77.0.100"     # and those after it: devices that churn
PATIENCE_S = 30
MASQUERADE = """
table ip bench {
  chain post {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade
  }
}
"""


class Topology:
    """Use with 'with'. 'gateway': kernel, portcullis, nfqueue (Portcullis with
    that carrier), pair (with XDP beside its ports) or cable; 'side': what the row calls this run; with 'gso',
    senders keep their offloads wherever the gateway allows it."""

    def __init__(self, gateway, side, gso=False):
        self.gateway, self.side, self.gso = gateway, side, gso
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-b-"))
        self.home = self.gw = self.world = None
        self.kept = []

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for sock in self.kept:
            sock.close()
        for machine in self.home, self.gw, self.world:
            if machine:
                machine.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- building

    def _build(self):
        self.home = Machine("home", self.folder)
        self.gw = Machine("gw", self.folder)
        self.world = Machine("world", self.folder)
        if self.gateway == "cable":
            cable(self.home, "eth0", self.world, "eth0")
        else:
            cable(self.home, "eth0", self.gw, "lan")
            cable(self.gw, "wan", self.world, "eth0")
        self._configure_ends()
        getattr(self, f"_start_{self.gateway}")()
        self.home.run("ping", "-c", 1, "-W", 2, WORLD)

    def _configure_ends(self):
        for end in self.home, self.world:
            end.run("ethtool", "-K", "eth0", "gro", "on")
        self.home.sh(f"ip addr add {HOME}/24 dev eth0; ip link set eth0 up")
        self.world.sh(f"ip addr add {WORLD}/24 dev eth0; ip link set eth0 up")
        if self.gateway == "portcullis" or not self.gso:
            for end in self.home, self.world:
                end.run("ethtool", "-K", "eth0", "tx", "off", "tso", "off",
                        "gso", "off")

    def _configure_wan(self):
        self.gw.sh(f"ip addr add {WAN}/24 dev wan; ip link set wan up;"
                   f"ip link set lan up; ip route add default via {WORLD};"
                   "ethtool -K lan gro on; ethtool -K wan gro on")
        self.home.run("ip", "route", "add", "default", "via", LAN)

    def _start_cable(self):
        self.home.run("ip", "route", "add", WORLD, "dev", "eth0")
        self.world.run("ip", "route", "add", HOME, "dev", "eth0")

    def _start_kernel(self):
        self._configure_wan()
        self.gw.sh(f"ip addr add {LAN}/24 dev lan;"
                   "sysctl -qw net.ipv4.ip_forward=1")
        self.gw.run("nft", "-f", "-", input=MASQUERADE)

    def _start_nfqueue(self):
        self._start_portcullis("--path", "nfqueue")

    def _start_pair(self):
        (self.folder / "settings.json").write_text('{"xdp": {"at": "pair"}}')
        self._start_portcullis("--path", "xdp")

    def _start_portcullis(self, *more):
        self._configure_wan()
        self.more = more
        self.start_anew()

    def start_anew(self):
        said = self.folder / "log"
        with open(said, "w") as log:
            self.child = self.gw.spawn(
                BUILD / "portcullis", "run", "--wan", "wan", "--lan", "lan",
                "--lan-net", f"{LAN}/24", "--dns", WORLD, "--name", "bench",
                "--state", self.folder, *self.more, stdout=log, stderr=log)
        self._await_ready()

    def _await_ready(self, times=1):
        said = self.folder / "log"
        eventually(lambda: said.read_text().split("\n").count("ready") >= times
                   or self.child.poll() is not None, PATIENCE_S)
        if said.read_text().split("\n").count("ready") < times:
            raise Failed("portcullis does not start:\n" + said.read_text())

    # ---- what rows use

    def _serve_iperf(self):
        server = self.world.spawn("iperf3", "-s", "-1", "-B", WORLD,
                                  stdout=subprocess.DEVNULL)
        eventually(lambda: self.world.run("ss", "-Hltn", "sport = :5201"))
        return server

    def iperf(self, *more, seconds=5):
        """TCP from home to world; the receiver's bits a second."""
        server = self._serve_iperf()
        said = self.home.run("iperf3", "-c", WORLD, "-t", seconds, "-J",
                             *more, timeout=seconds + 60)
        server.wait(PATIENCE_S)
        return json.loads(said)["end"]["sum_received"]["bits_per_second"]

    def udp_flood(self, size, ports=64, hosts=1, remotes=1, seconds=4,
                  far=FAR, frames=None, home=HOME):
        """Live frames through the gateway, each of the next flow, as many as
        the generator makes, or so many 'frames' at once; (packets, seconds) at
        the sink."""
        sink = self._spawn_ready(self.world, "sink", "eth0", seconds + 20)
        mac = self.gw.run("cat", "/sys/class/net/lan/address").strip()
        self.home.run(LOAD, *(["burst"] if frames else ["generate"]), "eth0",
                      home, far, mac, size, ports, hosts, remotes,
                      frames or seconds)
        time.sleep(0.2)     # what is still under way
        sink.terminate()
        packets, _, ns = map(int, sink.stdout.read().split())
        if not packets:
            raise Failed("not one packet came through")
        return packets, ns / 1e9

    def add_devices(self, count):
        """So many addresses at home from HOME on, each answering for itself:
        who does not exist is sent nothing, and carried by no lane."""
        first = int(HOME.rsplit(".", 1)[1])
        self.home.sh("".join(f"ip addr add 10.77.0.{first + n}/24 dev eth0;"
                             for n in range(1, count)))

    def established(self, seconds):
        """What connections that stand get through from home, Gb/s: TCP as
        much as it can, and a small stream of UDP."""
        with concurrent.futures.ThreadPoolExecutor(1) as other:
            tcp = other.submit(self.iperf, seconds=seconds)
            server = self.world.spawn("iperf3", "-s", "-1", "-B", WORLD,
                                      "-p", "5202", stdout=subprocess.DEVNULL)
            eventually(lambda: self.world.run("ss", "-Hltn", "sport = :5202"))
            said = self.home.run(
                "iperf3", "-c", WORLD, "-p", "5202", "-u", "-b", "8M", "-l",
                "1000", "-t", seconds, "-J", timeout=seconds + 60)
            server.wait(PATIENCE_S)
            udp = json.loads(said)["end"]["sum"]
            arrived = 1 - udp["lost_percent"] / 100
            return {"TCP": tcp.result() / 1e9,
                    "UDP": udp["bits_per_second"] * arrived / 1e9}

    @contextlib.contextmanager
    def churn(self, ports, hosts, rate, after=2, most=120):
        """Devices that open sessions meanwhile, from a moment on when what is
        established stands."""
        mac = self.gw.run("cat", "/sys/class/net/lan/address").strip()
        child = self.home.spawn(
            "sh", "-c", f"sleep {after}; exec \"$@\"", "sh", CHURN, "eth0",
            CROWD, mac, ports, hosts, rate, most, stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            if child.poll() is not None:
                raise Failed("the churn ended before the measurement")
            self.home.end(child)

    def set(self, *assignments):
        """Settings of Portcullis; the kernel has none."""
        if self.gateway not in ("kernel", "cable"):
            self.gw.run(BUILD / "portcullis", "set", *assignments,
                        "--name", "bench")

    def ask(self, *words):
        """What Portcullis' API says."""
        return json.loads(self.gw.run(BUILD / "portcullis", *words, "--json",
                                      "--name", "bench"))

    def sessions(self):
        """How many the gateway holds, and can hold."""
        nat = self.ask("status")["nat"]
        return nat["sessions"], nat["sessions_max"]

    def figures(self, program):
        """What it prints, a line of JSON each."""
        said = self.home.run(BUILD / "bench" / program, timeout=500)
        return [json.loads(line) for line in said.splitlines()]

    def core(self):
        """What core.c prints: {figure: value}."""
        return {row["figure"]: row["value"] for row in self.figures("core")}

    def round_trips(self, proto, count=5000):
        """Microseconds of each request and response, sorted. The cores are
        kept awake: to wake one up takes a virtual machine longer than all the
        rest, and whether one sleeps is chance."""
        awake = self.home.spawn(LOAD, "soak", 60, stdout=subprocess.DEVNULL)
        self._spawn_ready(self.world, "echo", proto, WORLD, 7, 60)
        said = self.home.run(LOAD, "ask", proto, WORLD, 7, count)
        self.home.end(awake)
        return sorted(map(float, said.split()))

    @contextlib.contextmanager
    def bulk(self, most=120):
        """TCP from home to world meanwhile, as much as it can."""
        server = self._serve_iperf()
        client = self.home.spawn("iperf3", "-c", WORLD, "-t", most,
                                 stdout=subprocess.DEVNULL)
        time.sleep(1.5)
        try:
            yield
            if client.poll() is not None:
                raise Failed("the bulk flow ended before the measurement")
        finally:
            self.home.end(client)
            self.world.end(server)

    def pings(self, count=1000, apart=0.002):
        """Microseconds of each ICMP echo, 'apart' seconds, sorted."""
        said = self.home.run("ping", "-n", "-i", apart, "-c", count, WORLD)
        return sorted(1000 * float(line.split("time=")[1].split()[0])
                      for line in said.splitlines() if "time=" in line)

    def trips_beside_bulk(self):
        """Median and 99th percentile of a promoted UDP flow, and of ICMP echo,
        beside a TCP stream that takes all it can: {what: microseconds}."""
        figures = {}
        with self.bulk():
            for what, trips in (("UDP", self.round_trips("udp", 4000)),
                                ("ICMP", self.pings())):
                figures[f"{what} p50"] = trips[len(trips) // 2]
                figures[f"{what} p99"] = trips[len(trips) * 99 // 100]
        return figures

    def cores_busy_at(self, rate, seconds=5):
        """How many cores are busy while iperf3 sends at 'rate': what a loop of
        the lowest priority on every core gets less than without."""
        def left(seconds):
            return int(self.home.run(LOAD, "soak", seconds)) / seconds / 1e9

        free = left(2)
        with concurrent.futures.ThreadPoolExecutor(1) as other:
            traffic = other.submit(self.iperf, "-b", rate,
                                   seconds=seconds + 2)
            time.sleep(1)
            busy = left(seconds)
            traffic.result()
        return free - busy

    def restart(self):
        self.child.send_signal(signal.SIGUSR2)
        self._await_ready(2)

    def kill_and_start(self):
        self.child.kill()
        self.child.wait()
        self.start_anew()

    def longest_silence(self, act):
        """Milliseconds, of a stream with a datagram each millisecond from
        world to home, while 'act' is done and for half a second after."""
        times, over = [], threading.Event()
        with self.home.udp(timeout=0.1) as home, self.world.udp() as world:
            home.sendto(b"open", (WORLD, world.getsockname()[1]))
            _, outside = world.recvfrom(64)

            def send():
                while not over.is_set():
                    world.sendto(b"tick", outside)
                    time.sleep(0.001)

            def hear():
                while not over.is_set():
                    with contextlib.suppress(TimeoutError):
                        home.recv(64)
                        times.append(time.monotonic())

            threads = [threading.Thread(target=run) for run in (send, hear)]
            for thread in threads:
                thread.start()
            time.sleep(0.2)
            act()
            time.sleep(0.5)
            over.set()
            for thread in threads:
                thread.join()
        return 1000 * max(b - a for a, b in zip(times, times[1:]))

    def sit_on_the_page(self, clients, addresses=40):
        """Clients of the page's port, from many addresses, that ask for live
        data and read nothing, or never finish asking."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        mine = [f"10.77.0.{100 + n}" for n in range(addresses)]
        self.home.sh("".join(f"ip addr add {a}/24 dev eth0;" for a in mine))
        for n in range(clients):
            sock = self.home.tcp(addr=mine[n % addresses])
            self.kept.append(sock)
            with contextlib.suppress(OSError):  # the gateway may refuse
                sock.connect(PAGE)
                sock.sendall(UPGRADE if n // addresses % 2 else UPGRADE[:-2])
        there = self.home.run("ss", "-Htn", "state", "established",
                              f"dst {LAN}").splitlines()
        if len(there) < addresses:
            raise Failed(f"only {len(there)} of {clients} clients are let in")

    def _spawn_ready(self, machine, *act):
        """An act of load.c that says with a line that it has begun."""
        child = machine.spawn(LOAD, *act, stdout=subprocess.PIPE, text=True)
        if not child.stdout.readline():
            raise Failed(f"load {act[0]} does not start")
        return child


UPGRADE = (f"GET /api/v1/live HTTP/1.1\r\nHost: {LAN}\r\n"
           "Connection: Upgrade\r\nUpgrade: websocket\r\n"
           f"Origin: http://{LAN}\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode()


def cores_busy(work):
    """How many cores all of the machine kept busy during 'work'; roughly,
    by the clock's tick."""
    began, before = time.monotonic(), busy_seconds()
    work()
    return (busy_seconds() - before) / (time.monotonic() - began)


def busy_seconds():
    """All cores together, since boot; stolen time is not ours."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n")[0].split()
    user, nice, system, _, _, irq, softirq = map(int, fields[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
