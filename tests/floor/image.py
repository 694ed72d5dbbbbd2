"""What the virtual machine boots: Debian 12's own kernel, and an initial
filesystem made of this machine's userland and our tests.

Nothing is installed: the kernel package is downloaded and unpacked into
build/floor, and stays there."""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sysconfig

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
CACHE = TOP / os.environ.get("BUILD", "build") / "floor"
META = "linux-image-cloud-amd64"

COMMANDS = """
sh cat mv rm mkdir uname mount umount unshare nsenter setpriv ip sysctl ethtool
ss dnsmasq dig curl sha256sum udhcpc busybox modprobe ping python3
""".split()
MODULES = ["net", "lib", "crypto", "drivers/net/veth.ko", "drivers/net/tun.ko"]
PACKAGES = ["pytest", "_pytest", "py.py", "pluggy", "iniconfig", "packaging",
            "attr", "xdist", "execnet", "exceptiongroup"]
LIBRARIES = ["libwslay.so.1"]       # which is loaded by name

INIT = """#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/net
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t bpf bpf /sys/fs/bpf
modprobe tun
ip link set lo up
cd /portcullis
export PYTHONDONTWRITEBYTECODE=1 PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
export CARRIERS="@CARRIERS@"
uname -sr
/usr/bin/python3 -m pytest -rA --tb=short --color=no -p no:cacheprovider \\
	--rootdir . tests/netns/test_essentials.py
busybox poweroff -f
"""


class Missing(Exception):
    """Something without which there is nothing to boot."""


def kernel():
    """The folder with the unpacked kernel package."""
    try:
        name = _kernel_package()
        unpacked = CACHE / name
        if not unpacked.exists():
            _download(name, unpacked)
    except subprocess.CalledProcessError as failure:
        raise Missing(f"Debian 12's kernel ({META}) cannot be had: "
                      f"{failure.stderr.strip()}") from None
    return unpacked


def _say(*command, **options):
    return subprocess.run(command, check=True, text=True, capture_output=True,
                          **options).stdout


def _kernel_package():
    """The newest that was unpacked, or the one that Debian has today."""
    here = sorted(CACHE.glob("linux-image-*-cloud-amd64"))
    if here:
        return here[-1].name
    for refresh in False, True:
        if refresh:
            _say("apt-get", "-qq", "update")
        found = re.search(r"Depends: (linux-image-6\.1\.\S+)",
                          _say("apt-cache", "depends", META))
        if found:
            return found[1]
    raise Missing(f"{META} is not among the packages of this machine: "
                  "Debian 12's package sources are needed")


def _download(name, unpacked):
    part = CACHE / "part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _say("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", name,
         cwd=part)
    package, = part.glob("*.deb")
    _say("dpkg", "-x", package, part)
    release, = os.listdir(part / "lib/modules")
    for module in (part / "lib/modules" / release / "kernel").rglob("*.ko"):
        path = str(module.relative_to(part / "lib/modules" / release /
                                      "kernel"))
        if not any(path == m or path.startswith(m + "/") for m in MODULES):
            module.unlink()
    _say("depmod", "-b", part, release)
    package.unlink()
    part.rename(unpacked)


class Archive:
    """An initial filesystem in the kernel's "newc" format of cpio."""

    def __init__(self, file):
        self.file, self.names = file, set()

    def _entry(self, name, mode, data=b""):
        if name in self.names:
            return
        self.names.add(name)
        if "/" in name:
            self._entry(name.rsplit("/", 1)[0], stat.S_IFDIR | 0o755)
        word = name.encode() + b"\0"
        fields = [len(self.names), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                  len(word), 0]
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + word
        self.file.write(head + bytes(-len(head) % 4))
        self.file.write(data + bytes(-len(data) % 4))

    def link(self, name, target):
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def text(self, name, data, mode=0o755):
        self._entry(name, stat.S_IFREG | mode, data.encode())

    def folder(self, name):
        self._entry(name, stat.S_IFDIR | 0o755)

    def add(self, path, name=None):
        """A file, or all below a folder, at its own place or at 'name'."""
        path = pathlib.Path(path)
        name = name or _place(path)
        if path.is_dir():
            for child in path.iterdir():
                if child.name not in ("test", "idlelib", "node_modules"):
                    self.add(child, f"{name}/{child.name}")
        elif path.is_file():
            mode = stat.S_IFREG | (path.stat().st_mode & 0o777)
            self._entry(name, mode, path.read_bytes())

    def close(self):
        self._entry("TRAILER!!!", 0)


def _place(path):
    """Where a file is when /bin and /lib are links into /usr."""
    return f"{path.parent.resolve()}/{path.name}".lstrip("/")


def _needs(*programs):
    """The shared libraries of programs, and the loader."""
    said = subprocess.run(["ldd", *map(str, programs)], text=True,
                          capture_output=True).stdout
    return set(re.findall(r"(/\S+\.so\S*) \(0x", said))


def build(unpacked, binary, carriers):
    """Writes the image; its path."""
    path = CACHE / "initrd"
    with open(path, "wb") as file:
        archive = Archive(file)
        for name in "bin", "sbin", "lib", "lib64":
            archive.link(name, f"usr/{name}")
        for name in "proc", "sys", "dev", "run", "tmp", "var/lib", "root":
            archive.folder(name)
        archive.text("init", INIT.replace("@CARRIERS@", carriers))
        archive.text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n", 0o644)
        archive.text("etc/group", "root:x:0:\n", 0o644)
        archive.text("etc/resolv.conf", "", 0o644)
        _add_userland(archive, binary)
        archive.add(unpacked / "lib/modules", "usr/lib/modules")
        archive.add(binary, "portcullis/build/portcullis")
        archive.add(TOP / "tests/netns", "portcullis/tests/netns")
        archive.close()
    return path


def _add_userland(archive, binary):
    programs = []
    for command in COMMANDS:
        found = shutil.which(command, path="/usr/bin:/usr/sbin:/bin:/sbin")
        if not found:
            raise Missing(f"{command} is not there: scripts/deps --test")
        programs.append(pathlib.Path(found))
    library = pathlib.Path("/usr/lib") / sysconfig.get_config_var("MULTIARCH")
    python = pathlib.Path("/usr/lib") / "python3.11"
    programs += (python / "lib-dynload").glob("*.so")
    programs += [library / name for name in LIBRARIES]
    for path in {*programs, *_needs(*programs, binary)}:
        archive.add(path)
    archive.add(python)
    for package in PACKAGES:
        archive.add(pathlib.Path("/usr/lib/python3/dist-packages") / package)
