"""A lease, a name and a download: what a home notices first; and the express
lane. These run on the oldest kernel too: tests/floor."""
import hashlib
import os

import pytest

from house import EXPRESS, FAR, LAN
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")
SIZE = 8 << 20


def test_a_lease(house):
    for host in house.h1, house.h2, house.h3:
        assert host.lease["router"] == LAN
        host.run("ping", "-c", "1", "-W", "10", FAR)


def test_a_name(house):
    assert house.h1.run("dig", "+short", "example.net").strip() == FAR


@pytest.mark.skipif(EXPRESS == {"mode": "off"}, reason="it is off")
def test_a_lane(house):
    """Whatever this kernel knows of its drivers, heavy flows have one."""
    with house.far.udp(7000, FAR) as far, house.h1.udp() as near:
        def carried():
            for n in range(100):
                near.sendto(b"%d" % n, (FAR, 7000))
                _, outside = far.recvfrom(64)
                far.sendto(b"%d" % n, outside)
                assert near.recv(64) == b"%d" % n
            return [flow["carried_by"] for flow in house.ask("flows")
                    if flow["remote"] == f"{FAR}:7000"
                    and flow["carried_by"] != "engine"]

        assert eventually(carried), house.ask("flows")
        assert house.ask("status")["wan"]["express"] in carried()


def test_a_download(house, tmp_path):
    data = os.urandom(SIZE)
    (tmp_path / "file").write_bytes(data)
    house.serve_web(tmp_path)
    for host in house.h1, house.h2:
        said = host.sh(f"curl -sS --max-time 120 http://{FAR}/file | sha256sum",
                       timeout=130)
        assert said.split()[0] == hashlib.sha256(data).hexdigest()
