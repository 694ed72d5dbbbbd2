"""Name servers on the gateway, an upstream in the world, dnsperf at home.

The upstream (unbound) answers every name below ZONE from memory, so that what
is measured is the server in between. Its competitors stand where ours does: on
the gateway's LAN address, behind the same cables.
"""
import resource
import subprocess

from topology import (BUILD, HOME, LAN, PATIENCE_S, WORLD, Failed,
                      busy_seconds)
from world import eventually

ZONE = "bench.example"
HIT_NAMES = 1000
MISS_NAMES = 1_000_000      # more than anybody asks in a run
# One thread of dnsperf alone asks less than the fastest here answer.
ASKERS = ("-T", 2, "-c", 4, "-q", 200)
UNDER_WAY = 200
COMMON = """server:
 interface: {at}
 access-control: 0.0.0.0/0 allow
 chroot: ""
 username: ""
 pidfile: ""
 directory: "{folder}"
 use-syslog: no
 do-daemonize: no
 num-threads: 1
 module-config: "iterator"
 msg-cache-size: 32m
 rrset-cache-size: 32m
 outgoing-range: 8192
 num-queries-per-thread: 4096
 minimal-responses: yes
remote-control:
 control-enable: no
"""


def start(machine, *command):
    """With room for every question under way: nothing else is to be lost."""
    with open(machine.folder / "server.log", "w") as log:
        return machine.spawn("env", f"LD_PRELOAD={BUILD}/bench/rcvbuf.so",
                             *command, stdout=log, stderr=log)


def start_unbound(machine, at, more):
    path = machine.folder / "unbound.conf"
    path.write_text(COMMON.format(at=at, folder=machine.folder) + more)
    start(machine, "unbound", "-d", "-c", path)


def start_upstream(t):
    start_unbound(t.world, WORLD, f"""server:
 local-zone: "{ZONE}." redirect
 local-data: "{ZONE}. 86400 A 192.0.2.1"
""")


def on_unbound(t):
    start_unbound(t.gw, LAN, f"""forward-zone:
 name: "."
 forward-addr: {WORLD}
""")


def on_dnsmasq(t):
    start(t.gw, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
          "--no-resolv", "--no-hosts", "--port=53", "--pid-file=",
          "--user=root", f"--server={WORLD}", f"--listen-address={LAN}",
          "--bind-interfaces", "--cache-size=10000",
          "--dns-forward-max=1000")


def on_portcullis(t):
    """It serves already, but no single client as much as dnsperf asks."""
    t.gw.run(BUILD / "portcullis", "set", "dns.client_rate=1000000",
             "--name", "bench")


SERVERS = {"unbound": on_unbound, "dnsmasq": on_dnsmasq,
           "portcullis": on_portcullis}
# The competitors stand on a gateway that is the kernel's.
GATEWAYS = {"unbound": "kernel", "dnsmasq": "kernel"}


def ready(t):
    """The upstream and the server of this side are up."""
    start_upstream(t)
    SERVERS.get(t.side, on_portcullis)(t)
    if not eventually(lambda: "192.0.2.1" in t.home.attempt(
            "dig", "+short", "+tries=1", "+time=1", f"@{LAN}",
            f"up.{ZONE}").stdout, PATIENCE_S):
        raise Failed(f"{t.side}: no answer")


def write_names(t, count, prefix):
    path = t.folder / f"{prefix}.names"
    path.write_text("".join(f"{prefix}{n}.{ZONE} A\n" for n in range(count)))
    return path


def dnsperf(t, names, *more):
    """What dnsperf says, as {title: value}."""
    said = t.home.run("dnsperf", "-s", LAN, "-d", names, *more)
    fields = (line.split(":", 1) for line in said.splitlines()
              if line.startswith("  ") and ":" in line)
    return {title.strip(): value.split()[0] for title, value in fields}, said


def _children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def flood(t, names, seconds=5):
    """(answers a second, microseconds of the machine for each, less those that
    dnsperf used itself)"""
    mine, busy = _children_seconds(), busy_seconds()
    fields, _ = dnsperf(t, names, "-l", seconds, *ASKERS)
    mine, busy = _children_seconds() - mine, busy_seconds() - busy
    done = int(fields["Queries completed"])
    if not done:
        raise Failed(f"{t.side}: no answer at all")
    return float(fields["Queries per second"]), (busy - mine) / done * 1e6


def hits(t):
    """flood() with names that the server knows."""
    ready(t)
    names = write_names(t, HIT_NAMES, "hit")
    dnsperf(t, names, "-n", 2, "-q", 20)
    return flood(t, names)


def limit(t, seconds=4):
    """Answers a second, known names, asked by asker.c, which has neither a socket
    nor a process in it: the server is what ends it."""
    ready(t)
    mac = t.gw.run("cat", "/sys/class/net/lan/address").strip()
    rate, wrong, _ = map(int, t.home.run(
        BUILD / "bench/asker", "eth0", HOME, LAN, mac, UNDER_WAY,
        seconds).split())
    if wrong or not rate:
        raise Failed(f"{t.side}: {wrong} wrong answers, {rate} good a second")
    return rate


def mirrored(t):
    """flood() of a gateway that sends each question back as it is."""
    child = t.gw.spawn(BUILD / "bench/asker", "mirror", "lan", PATIENCE_S,
                       stdout=subprocess.PIPE)
    if not child.stdout.readline():
        raise Failed("the mirror does not start")
    return flood(t, write_names(t, HIT_NAMES, "hit"))


def misses(t):
    ready(t)
    return flood(t, write_names(t, MISS_NAMES, "miss"))


def latencies(t, rate, seconds=5):
    """Microseconds of each answer at 'rate' questions a second, sorted."""
    ready(t)
    names = write_names(t, HIT_NAMES, "hit")
    dnsperf(t, names, "-n", 2, "-q", 20)
    _, said = dnsperf(t, names, "-v", "-Q", rate, "-l", seconds)
    took = sorted(float(line.split()[-1]) * 1e6 for line in said.splitlines()
                  if line.startswith("> "))
    if not took:
        raise Failed(f"{t.side}: no answer at all")
    return took
