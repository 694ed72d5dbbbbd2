#!/usr/bin/python3
"""What the demo's devices do all day, each in its own manner.

usage: devices.py phone|laptop|television|thermostat

Runs in the namespace of one device, which has its lease, until it is ended.
"""
import asyncio
import contextlib
import random
import socket
import sys

from names import ECHO_PORT

STEP_S = 0.05


async def fetch(name, size):
    """Gets 'size' bytes from the site and throws them away."""
    reader, writer = await asyncio.open_connection(name, 80)
    with contextlib.closing(writer):
        writer.write(f"GET /{size} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        while await reader.read(1 << 16):
            pass


async def send(name, size, pace):
    """Posts 'size' bytes to the site, 'pace' of them a second."""
    reader, writer = await asyncio.open_connection(name, 80)
    with contextlib.closing(writer):
        writer.write(f"POST / HTTP/1.1\r\nHost: {name}\r\n"
                     f"Content-Length: {size}\r\n\r\n".encode())
        step = int(pace * STEP_S)
        for at in range(0, size, step):
            writer.write(random.randbytes(min(step, size - at)))
            await writer.drain()
            await asyncio.sleep(STEP_S)
        await reader.read()


async def repeat(act):
    """An act again and again; a device that finds nobody tries later."""
    while True:
        try:
            await act()
        except OSError:
            await asyncio.sleep(1)


# ---- the phone browses: pages of many small pieces, and reading between them

PAGES = ("news.example", "shop.example", "weather.example")
PIECES = ("pictures.news.example", "fonts.example", "adverts.example")
AT_ONCE = 6


async def read_a_page():
    site = random.choice(PAGES)
    await fetch(site, random.randint(20_000, 80_000))
    lanes = asyncio.Semaphore(AT_ONCE)

    async def piece():
        async with lanes:
            await fetch(random.choice((site, *PIECES)),
                        random.randint(2_000, 140_000))

    await asyncio.gather(*(piece() for _ in range(random.randint(8, 24))))
    await asyncio.sleep(random.uniform(2, 7))


# ---- the laptop downloads, and saves what it has made

async def download():
    await fetch("mirror.example", random.randint(20_000_000, 60_000_000))
    await asyncio.sleep(random.uniform(2, 5))


async def back_up():
    await asyncio.sleep(random.uniform(3, 8))
    await send("backup.example", random.randint(2_000_000, 6_000_000), 600_000)


# ---- the television streams: a piece of film every few seconds

CHUNK_S = 4
CHUNK_BYTES = 3_200_000


async def play():
    begun = asyncio.get_running_loop().time()
    edge = random.choice(("edge1.video.example", "edge2.video.example"))
    await fetch(edge, int(CHUNK_BYTES * random.uniform(0.8, 1.2)))
    taken = asyncio.get_running_loop().time() - begun
    await asyncio.sleep(max(0, CHUNK_S - taken))


async def choose_a_film():
    await fetch("video.example", random.randint(50_000, 200_000))
    await asyncio.sleep(30)


# ---- the thermostat whispers

async def whisper():
    """From one socket to both collectors, which say it back."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo("sensors.heating.example", ECHO_PORT,
                                   family=socket.AF_INET,
                                   type=socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        for _ in range(20):
            for *_, address in found:
                reading = f"hall {random.gauss(20.5, 0.2):.2f} C".encode()
                await loop.sock_sendto(sock, reading, address)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(loop.sock_recv(sock, 100), 1)
            await asyncio.sleep(3)


async def ask_for_the_plan():
    await fetch("heating.example", 600)
    await asyncio.sleep(20)


MANNERS = {
    "phone": (read_a_page,),
    "laptop": (download, back_up),
    "television": (play, choose_a_film),
    "thermostat": (whisper, ask_for_the_plan),
}


async def main():
    await asyncio.gather(*map(repeat, MANNERS[sys.argv[1]]))


if __name__ == "__main__":
    asyncio.run(main())
