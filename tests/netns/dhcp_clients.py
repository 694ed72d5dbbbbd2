"""Real DHCP clients, and one that is made here, on a LAN host: all start, end
and give back in their own way, and are asked the same questions.

    start()     begins; the address is there when ip_of(host) says so
    release()   gives the address back and ends
"""
import os
import shutil
import signal
import socket
import struct
import threading

from house import HERE
from world import Failed, eventually, wait_for_end

NETWORK = """
[Match]
Name=eth0
[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no
[DHCPv4]
Hostname={name}
SendRelease=yes
"""


def ip_of(host):
    """The address on its port, or None."""
    words = host.run("ip", "-4", "-o", "addr", "show", "dev", "eth0").split()
    return words[3].split("/")[0] if words else None


class Client:
    """One of them, on 'host'."""

    def __init__(self, host):
        self.host, self.child = host, None
        self.log = host.folder / "client.log"

    def _spawn(self, *command, env=None):
        with open(self.log, "a") as log:
            self.child = self.host.spawn(*command, stdout=log, stderr=log,
                                         env=os.environ | (env or {}))

    def start(self):
        raise NotImplementedError

    def release(self):
        raise NotImplementedError

    def await_ip(self, timeout=60):
        if not eventually(lambda: ip_of(self.host), timeout):
            raise Failed(f"{self.host.name}: no address\n"
                         + self.log.read_text())
        return ip_of(self.host)


class Udhcpc(Client):
    def start(self):
        self._spawn("udhcpc", "-f", "-i", "eth0", "-s", HERE / "lease", "-t",
                    "20", "-T", "1", "-A", "1", env=self._env())

    def _env(self):
        return {"LEASE": str(self.host.lease_file),
                "RESOLV": str(self.host.resolv)}

    def release(self):
        self.child.send_signal(signal.SIGUSR2)
        eventually(lambda: not ip_of(self.host), 20)
        self.host.end(self.child)


class Dhclient(Udhcpc):
    def _command(self, *more):
        # Debian's AppArmor profile goes by the path of the program and would
        # keep it out of our folder.
        program = shutil.copy(shutil.which("dhclient"), self.host.folder)
        passed = [word for key, value in self._env().items()
                  for word in ("-e", f"{key}={value}")]
        return [program, "-4", *more, "-lf", self.host.folder / "leases",
                "-pf", self.host.folder / "pid", "-sf", HERE / "lease",
                *passed, "eth0"]

    def start(self):
        conf = self.host.folder / "conf"
        conf.write_text("initial-interval 1; backoff-cutoff 2;\n")
        self._spawn(*self._command("-d", "-cf", conf))

    def release(self):
        self.host.end(self.child)
        self.host.attempt(*self._command("-r"))


class Dhcpcd(Client):
    def start(self):
        conf = self.host.folder / "conf"
        conf.write_text("ipv4only\nnoarp\nnohook resolv.conf, hostname\n")
        self.host.sh("mkdir -p /run/dhcpcd; mount -t tmpfs none "
                     "/var/lib/dhcpcd")
        self._spawn("dhcpcd", "--nobackground", "--config", conf, "eth0")

    def release(self):
        self.host.attempt("dhcpcd", "--release", "eth0")
        wait_for_end(self.child, 20)


class Networkd(Client):
    def start(self):
        """It takes a network whose /sys cannot be written for a container's,
        and then does not wait for udev."""
        self.host.sh("mkdir -p /run/systemd/network; for d in links leases "
                     "lldp; do mkdir -p /run/systemd/netif/$d; done;"
                     "chown -R systemd-network /run/systemd/netif;"
                     "mount -o remount,ro /sys")
        self.host.sh("cat > /run/systemd/network/eth0.network",
                     input=NETWORK.format(name=self.host.name))
        self._spawn("/lib/systemd/systemd-networkd")

    def release(self):
        self.child.send_signal(signal.SIGTERM)
        wait_for_end(self.child, 20)


class Pxe(Client):
    """What the ROM of a network card does, then what a boot program goes on
    with: discovery with PXE's options, request, renewal by unicast at half
    the time, by broadcast at seven eighths."""

    DISCOVER, OFFER, REQUEST, ACK, RELEASE = 1, 2, 3, 5, 7

    def __init__(self, host):
        super().__init__(host)
        self.ended, self.reply = threading.Event(), {}
        self.said = []

    def start(self):
        self.sock = self.host.socket(socket.SOCK_DGRAM, timeout=1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                             b"eth0")
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.sock.bind(("", 68))
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.thread.start()

    def _message(self, kind, ciaddr="0.0.0.0", **options):
        mac = bytes.fromhex(self.host.mac.replace(":", ""))
        head = struct.pack("!BBBBIHH4s12x16s192xI", 1, 1, 6, 0, 0x5045,
                           0, 0x8000, socket.inet_aton(ciaddr),
                           mac, 0x63825363)
        fields = {53: bytes([kind]), 60: b"PXEClient:Arch:00007:UNDI:003016",
                  93: b"\0\7", 94: b"\1\3\x10", 97: bytes(range(17)),
                  55: bytes([1, 3, 6, 43, 54, 60, 66, 67])}
        fields |= {int(code[1:]): value for code, value in options.items()}
        body = b"".join(bytes([code, len(value)]) + value
                        for code, value in fields.items())
        return head + body + b"\xff"

    def _ask(self, to, kind, answer, **more):
        """The options of the answer, by code; None: there was none."""
        self.sock.sendto(self._message(kind, **more), (to, 67))
        while True:
            try:
                data = self.sock.recv(2048)
            except socket.timeout:
                return None
            got, at = {"yiaddr": socket.inet_ntoa(data[16:20]),
                       "siaddr": socket.inet_ntoa(data[20:24]),
                       "file": data[108:236].rstrip(b"\0")}, 240
            while data[at] != 255:
                got[data[at]] = data[at + 2:at + 2 + data[at + 1]]
                at += 2 + data[at + 1]
            if got.get(53) == bytes([answer]):
                return got

    def _boot(self):
        offer = self._ask("255.255.255.255", self.DISCOVER, self.OFFER)
        if not offer:
            return False
        self.reply = self._ask(
            "255.255.255.255", self.REQUEST, self.ACK,
            _50=socket.inet_aton(offer["yiaddr"]), _54=offer[54])
        if not self.reply:
            return False
        self.ip = self.reply["yiaddr"]
        self.server = socket.inet_ntoa(self.reply[54])
        self.host.run("ip", "addr", "add", f"{self.ip}/24", "dev", "eth0")
        return True

    def _live(self):
        while not self.ended.is_set() and not self._boot():
            pass
        while not self.ended.is_set():
            renew, rebind = (struct.unpack("!I", self.reply[code])[0]
                             for code in (58, 59))
            self.ended.wait(renew)
            for state, to, ends in (("renew", self.server, rebind - renew),
                                    ("rebind", "255.255.255.255", 3600)):
                if self._again(to, ends):
                    self.said.append(state)
                    break

    def _again(self, to, seconds):
        for _ in range(int(seconds)):
            if self.ended.is_set():
                return True
            try:
                got = self._ask(to, self.REQUEST, self.ACK, ciaddr=self.ip)
            except OSError:     # a firewall says no
                got = None
            if got:
                return True
            self.ended.wait(1)
        return False

    def release(self):
        self.ended.set()
        self.thread.join(30)
        self.sock.sendto(self._message(self.RELEASE, ciaddr=self.ip,
                                       _54=socket.inet_aton(self.server)),
                         (self.server, 67))
        self.sock.close()


CLIENTS = {"udhcpc": Udhcpc, "dhclient": Dhclient, "dhcpcd": Dhcpcd,
           "networkd": Networkd, "pxe": Pxe}
