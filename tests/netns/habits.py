"""What a device usually does, written as the gateway writes it: so that tests
need not wait for weeks."""
import struct
import time

DAY_S = 86400


def uint(n):
    return b"\xcf" + struct.pack("!Q", n)


def binary(data):
    return b"\xc4" + bytes([len(data)]) + data


def text(words):
    data = words.encode()
    return b"\xd9" + bytes([len(data)]) + data


def array(*items):
    return b"\xdc" + struct.pack("!H", len(items)) + b"".join(items)


def local_hour():
    return time.localtime().tm_hour


def write(path, mac, hours, countries=()):
    """For four weeks 'mac' was active in these hours and spoke with these
    countries."""
    now = time.time()
    today = int(now + time.localtime().tm_gmtoff) // DAY_S
    days = (1 << 28) - 2        # all but today
    known = bytearray(85)
    for iso in countries:
        bit = (ord(iso[0]) - 65) * 26 + ord(iso[1]) - 65
        known[bit // 8] |= 1 << bit % 8
    month_ago = int((now - 30 * DAY_S) * 1000)
    row = array(binary(bytes.fromhex(mac.replace(":", ""))), uint(month_ago),
                 uint(int(now * 1000)), uint(today), uint(days),
                 array(*[uint(days if hour in hours else 0)
                          for hour in range(24)]),
                 binary(bytes(known)), uint(0))
    path.write_bytes(array(uint(1), array(row)))
