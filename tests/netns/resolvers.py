"""Servers that a resolver meets: a DNS server that does as it is told, by UDP,
TCP and TLS; lists by HTTPS; certificates for both.

The servers run in this process, with sockets that live in a machine.
"""
import http.server
import pathlib
import socket
import ssl
import struct
import subprocess
import threading

from world import eventually

NAME = "dns.example.net"


def make_certificates(folder, *addresses):
    """An authority of its own, and a certificate for NAME and 'addresses'; the
    folder has ca.pem, cert.pem and key.pem."""
    folder = pathlib.Path(folder)
    names = ",".join([f"DNS:{NAME}", *(f"IP:{a}" for a in addresses)])
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
           "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    for command in (
            [*new, "-subj", "/CN=Test authority", "-keyout", "ca.key",
             "-out", "ca.pem"],
            [*new, "-subj", f"/CN={NAME}", "-keyout", "key.pem",
             "-out", "cert.pem", "-CA", "ca.pem", "-CAkey", "ca.key",
             "-addext", f"subjectAltName={names}",
             "-addext", "basicConstraints=critical,CA:FALSE"]):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def tls_context(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def question(message):
    """(name in lower case, type, offset behind the question)"""
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1"))
        at += 1 + message[at]
    kind, = struct.unpack_from("!H", message, at + 1)
    return ".".join(labels).lower(), kind, at + 5


def answer(message, address="192.0.2.1", ttl=60, rcode=0):
    """An A record for what was asked, or nothing but 'rcode'."""
    _, kind, end = question(message)
    records = b""
    if not rcode and kind == 1:
        records = struct.pack("!HHHIH", 0xc00c, 1, 1, ttl, 4) \
            + socket.inet_aton(address)
    return message[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 1,
                                     bool(records), 0, 0) \
        + message[12:end] + records


def cut(reply, size=1232):
    """What fits into a datagram, or TC."""
    if len(reply) <= size:
        return reply
    _, _, end = question(reply)
    return reply[:2] + bytes([reply[2] | 2]) + reply[3:6] + bytes(6) \
        + reply[12:end]


class Resolver:
    """Answers in 'machine'. 'reply(message)' makes the answer, or None for
    silence. What was asked is in 'asked', by way: "udp", "tcp", "tls"."""

    def __init__(self, machine, reply=answer, address="", port=53,
                 tls_folder=None, tls_port=853):
        self.reply, self.asked = reply, {"udp": [], "tcp": [], "tls": []}
        self.connections, self.open = 0, []
        self.lengths = {"udp": set(), "tcp": set(), "tls": set()}
        self.sockets = [machine.udp(port, address, timeout=None),
                        machine.tcp(port, address, timeout=None)]
        self._serve(self._udp, self.sockets[0])
        self._serve(self._listen, self.sockets[1], None, "tcp")
        if tls_folder:
            self.sockets.append(machine.tcp(tls_port, address, timeout=None))
            self._serve(self._listen, self.sockets[2],
                        tls_context(tls_folder), "tls")

    @staticmethod
    def _serve(target, *args):
        threading.Thread(target=target, args=args, daemon=True).start()

    def _answer(self, message, way):
        name, _, _ = question(message)
        self.asked[way].append(name)
        self.lengths[way].add(len(message))
        return self.reply(message)

    def _udp(self, sock):
        while True:
            try:
                message, client = sock.recvfrom(4096)
                if not message:
                    return
                reply = self._answer(message, "udp")
                if reply:
                    sock.sendto(cut(reply), client)
            except OSError:     # closed
                return

    def _listen(self, sock, context, way):
        sock.listen(64)
        while True:
            try:
                connection, _ = sock.accept()
            except OSError:
                return
            self._serve(self._connection, connection, context, way)

    def _connection(self, connection, context, way):
        try:
            if context:
                connection = context.wrap_socket(connection, server_side=True)
                self.connections += 1
            self.open.append(connection)
            with connection, connection.makefile("rb") as stream:
                while head := stream.read(2):
                    message = stream.read(struct.unpack("!H", head)[0])
                    reply = self._answer(message, way)
                    if reply:
                        connection.sendall(struct.pack("!H", len(reply))
                                           + reply)
        except OSError:
            connection.close()

    def close(self):
        for sock in self.sockets + self.open:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()


class Lists:
    """Files by HTTPS in 'machine', with ETags, so that they need not be sent
    twice. 'files' is {path: text}; a text that begins with https:// sends on.
    'seen' has (path, status)."""

    def __init__(self, machine, tls_folder, port=443):
        self.files, self.seen = {}, []
        lists = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                lists.answer(self)

            def log_message(self, *_):
                pass

        with machine.inside():
            self.server = http.server.ThreadingHTTPServer(("", port), Handler)
        self.server.socket = tls_context(tls_folder).wrap_socket(
            self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def answer(self, request):
        text = self.files.get(request.path)
        body, status, headers = b"", 404, {}
        if text is not None and text.startswith("https://"):
            status, headers = 302, {"Location": text}
        elif text is not None:
            tag = f'"{hash(text)}"'
            status, headers = 200, {"ETag": tag}
            if request.headers.get("If-None-Match") == tag:
                status = 304
            else:
                body = text.encode()
        self.seen.append((request.path, status))
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def await_seen(self, path, status, timeout=30):
        assert eventually(lambda: (path, status) in self.seen, timeout), \
            self.seen

    def close(self):
        self.server.shutdown()
        self.server.server_close()
