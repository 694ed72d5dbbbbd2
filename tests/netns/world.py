"""A world of network namespaces: machines, cables, and what one may do there.

A machine is a network and a mount namespace, held open by a process that waits
on a pipe from this one. When this process ends, however it ends, the holders
see the pipe close and every namespace, link and mount is gone.
"""
import contextlib
import ctypes
import os
import pathlib
import socket
import struct
import subprocess
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3

# Duplicate address detection would keep addresses in waiting for a second.
SETUP = """
mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs tmpfs /run
mount --bind "$1" /etc/resolv.conf
sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
ip link set lo up
echo
exec cat
"""


class Failed(AssertionError):
    """A command in a machine ended badly."""


class Machine:
    """One box with its own network, /sys, BPF filesystem and resolver."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.resolv = self.folder / "resolv.conf"
        self.resolv.write_text("")
        self.children = []
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private",
             "sh", "-c", SETUP, "sh", str(self.resolv)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True)     # Ctrl-C is for us, not for it
        if self.holder.stdout.readline() != b"\n":
            raise Failed(f"{name}: namespaces cannot be made; root?")

    # ---- commands

    def _enter(self, command):
        pid = self.holder.pid
        return ["setpriv", "--pdeathsig", "KILL", "nsenter",
                f"--net=/proc/{pid}/ns/net", f"--mount=/proc/{pid}/ns/mnt",
                f"--wd={os.getcwd()}", *map(str, command)]

    def attempt(self, *command, timeout=120, **options):
        """Runs to the end; the CompletedProcess, whatever came of it."""
        return subprocess.run(self._enter(command), text=True,
                              capture_output=True, timeout=timeout, **options)

    def run(self, *command, **options):
        """Runs to a good end; what it printed."""
        done = self.attempt(*command, **options)
        if done.returncode:
            raise Failed(f"{self.name}: {' '.join(map(str, command))}: exit "
                         f"{done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def sh(self, script, **options):
        return self.run("sh", "-ec", script, **options)

    def spawn(self, *command, **options):
        """Starts and goes on; ended with the machine at the latest."""
        child = subprocess.Popen(self._enter(command), **options)
        self.children.append(child)
        return child

    # ---- sockets of this process that live in the machine

    @contextlib.contextmanager
    def inside(self):
        """This thread is in the machine's network meanwhile."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/proc/{self.holder.pid}/ns/net", os.O_RDONLY)
        try:
            _setns(there)
            yield
        finally:
            _setns(home)
            os.close(there)
            os.close(home)

    def socket(self, kind, timeout=20, addr=""):
        """IPv6 where 'addr' is."""
        family = socket.AF_INET6 if ":" in addr else socket.AF_INET
        with self.inside():
            made = socket.socket(family, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.settimeout(timeout)
        return made

    def udp(self, port=0, addr="", timeout=20):
        made = self.socket(socket.SOCK_DGRAM, timeout, addr)
        made.bind((addr, port))
        return made

    def tcp(self, port=0, addr="", timeout=20):
        """Bound, neither listening nor connected."""
        made = self.socket(socket.SOCK_STREAM, timeout, addr)
        made.bind((addr, port))
        return made

    def frames(self, dev, timeout=1):
        """Raw frames of 'dev', both ways."""
        with self.inside():
            made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                 socket.htons(ETH_P_ALL))
            made.bind((dev, 0))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        made.settimeout(timeout)
        return made

    # ---- the end

    def end(self, child):
        if child.poll() is None:
            child.kill()
        child.wait()

    def close(self):
        for child in self.children:
            self.end(child)
        self.holder.stdin.close()
        self.holder.stdout.close()
        self.holder.wait()


def _setns(descriptor):
    if LIBC.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def cable(one, one_dev, other, other_dev, queues=1):
    """A cable between two machines, down at both ends."""
    count = ["numrxqueues", str(queues), "numtxqueues", str(queues)]
    one.run("ip", "link", "add", one_dev, *count, "type", "veth",
            "peer", "name", other_dev, *count, "netns", other.holder.pid)


def finish_checksums(machine, dev):
    """veth leaves them unfinished, which XDP would forward as they are."""
    machine.run("ethtool", "-K", dev, "tx", "off")


def eventually(question, timeout=30, pause=0.05):
    """Asks until the answer is true; the last answer. The deadline is for
    what never comes: a busy machine may take its time."""
    deadline = time.monotonic() + timeout
    while True:
        answer = question()
        if answer or time.monotonic() > deadline:
            return answer
        time.sleep(pause)


def wait_for_end(child, timeout):
    """The exit status; a child that does not end is a failure."""
    try:
        return child.wait(timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        raise Failed(f"{child.args[-1]}: still running after {timeout} s"
                     ) from None


def only_ipv4_from(sock, net, bits):
    """From now on 'sock' hears nothing but IPv4 from this network; filtering
    in the kernel, so that it misses nothing under load."""
    mask = 0xffffffff << (32 - bits) & 0xffffffff
    wanted, = struct.unpack("!I", socket.inet_aton(net))
    program = [(0x28, 0, 0, 12), (0x15, 0, 4, 0x0800),  # EtherType IPv4
               (0x20, 0, 0, 26), (0x54, 0, 0, mask),    # source & mask
               (0x15, 0, 1, wanted & mask),
               (0x06, 0, 0, 0xffff), (0x06, 0, 0, 0)]
    code = ctypes.create_string_buffer(
        b"".join(struct.pack("HBBI", *step) for step in program))
    SO_ATTACH_FILTER = 26
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack("HL", len(program), ctypes.addressof(code)))


def heard(sock):
    """What waits in a raw socket, as a list of frames."""
    frames = []
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            frames.append(sock.recv(65535))
    return frames
