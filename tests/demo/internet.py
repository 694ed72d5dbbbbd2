#!/usr/bin/python3
"""The demo's internet: web sites, DNS for their names, and an echo of UDP on
two addresses.

A site is chosen by the Host header and sends as many bytes as the path says
(GET /50000), at its own pace; what is posted is read and thrown away. Runs in
the internet's namespace until it is ended.
"""
import asyncio
import contextlib
import os

from authority import Authority
from names import ECHO, ECHO_PORT, RECORDS, RESOLVER, SITES

STEP_S = 0.02           # a pace is kept in steps of this
NOISE = os.urandom(1 << 20)


async def send_at(pace, size, writer):
    """'size' bytes, 'pace' of them a second."""
    step = int(pace * STEP_S)
    clock = asyncio.get_running_loop().time
    due = clock()
    for at in range(0, size, step):
        writer.write(NOISE[:min(step, size - at)])
        await writer.drain()
        due += STEP_S
        await asyncio.sleep(max(0, due - clock()))


async def read_request(reader):
    """(method, path, headers) of one request; its body is read."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    headers = {key.lower(): value.strip() for key, _, value in
               (line.partition(":") for line in lines)}
    left = int(headers.get("content-length", 0))
    while left > 0:
        left -= len(await reader.readexactly(min(left, 1 << 16)))
    return method, path, headers


async def answer(reader, writer):
    """One connection: a request, and what was asked for."""
    with contextlib.closing(writer), contextlib.suppress(
            OSError, ValueError, EOFError, asyncio.LimitOverrunError):
        method, path, headers = await read_request(reader)
        _, pace = SITES.get(headers.get("host"), (None, None))
        size = int(path.strip("/") or 0) if method == "GET" else 0
        status = "200 OK" if pace else "404 Not Found"
        writer.write(f"HTTP/1.1 {status}\r\nConnection: close\r\n"
                     f"Content-Length: {size if pace else 0}\r\n\r\n".encode())
        if pace:
            await send_at(pace, size, writer)


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)


async def main():
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: Authority(RECORDS),
                                        (RESOLVER, 53))
    for address in ECHO:
        await loop.create_datagram_endpoint(Echo, (address, ECHO_PORT))
    addresses = sorted({address for address, _ in SITES.values()})
    server = await asyncio.start_server(answer, addresses, 80)
    print("open", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
