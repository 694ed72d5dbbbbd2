"""The oldest kernel that is promised, Debian 12's own 6.1, under qemu: a lease,
a name, a download and the express lane on each carrier, in namespaces inside
the machine.

Without KVM the machine is slow, and it may be started beside other tests: the
deadline is far from the minute that it takes."""
import re
import subprocess

import pytest

import image
from house import BINARY, CARRIERS

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
DEADLINE_S = 900
QEMU = ["qemu-system-x86_64", "-nodefaults", "-no-reboot", "-display", "none",
        "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
        "-m", "1536", "-serial", "stdio"]


@pytest.fixture(scope="module")
def console():
    """What the machine says from power on to power off."""
    try:
        unpacked = image.kernel()
        initrd = image.build(unpacked, BINARY, " ".join(CARRIERS))
    except image.Missing as missing:
        pytest.fail(str(missing), pytrace=False)
    bzimage, = (unpacked / "boot").glob("vmlinuz-*")
    command = [*QEMU, "-kernel", bzimage, "-initrd", initrd, "-append",
               "console=ttyS0 quiet panic=-1"]
    try:
        done = subprocess.run(command, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              errors="replace", timeout=DEADLINE_S)
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"still running after {DEADLINE_S} s:\n"
                    + late.stdout.decode(errors="replace")[-8000:],
                    pytrace=False)
    return done.stdout


def test_it_is_the_floor(console):
    assert re.search(r"^Linux 6\.1\.", console, re.M), console[-8000:]


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("what", ["lease", "name", "download", "lane"])
def test_on_the_floor(console, what, carrier):
    wanted = rf"^PASSED \S*::test_a_{what}\[{carrier}\]"
    assert re.search(wanted, console, re.M), console[-8000:]
