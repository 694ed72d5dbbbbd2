"""A zone with every common kind of record, and questions about it: more than
ten thousand, the same at every run."""

ZONE = "corpus.example"
HOSTS = 1500
HEAD = f"""$ORIGIN {ZONE}.
$TTL 3600
@ SOA ns hostmaster 1 7200 900 604800 300
@ NS ns
@ MX 10 mail
@ TXT "the apex"
@ CAA 0 issue "ca.example"
ns A 192.0.2.53
mail A 192.0.2.25
web A 198.51.100.10
shop CNAME c.web
c.web CNAME web
*.wild A 192.0.2.66
*.wild TXT "anything below"
*.cwild CNAME h1
under.empty.terminal A 192.0.2.67
d DNAME h0sub
www.h0sub A 192.0.2.68
a.b.h0sub AAAA 2001:db8::68
dangling CNAME nobody
outside CNAME www.other-corpus.example.
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
naptr NAPTR 100 50 "s" "SIP+D2U" "" _sip._udp
uri URI 10 1 "https://corpus.example/"
hinfo HINFO "CPU" "OS"
rp RP hostmaster txt
ptr PTR h1
long TXT ( "{'x' * 255}" "{'y' * 255}" "{'z' * 255}" "{'w' * 255}" "{'v' * 255}" "{'u' * 255}" )
"""
KINDS = "A", "AAAA", "MX", "TXT", "SRV", "HTTPS"


def zone():
    """Text of the zone's file."""
    lines = [HEAD]
    for n in range(HOSTS):
        host = f"h{n}"
        lines.append(f"{host} A 192.0.2.{n % 250 + 1}")
        if n % 2:
            lines.append(f"{host} AAAA 2001:db8::{n:x}")
        if n % 3 == 0:
            lines.append(f"{host} TXT \"v={n}\" \"second string\"")
        if n % 5 == 0:
            lines.append(f"{host} MX {n % 7} h{(n + 1) % HOSTS}")
        if n % 7 == 0:
            lines.append(f"_sip._tcp.{host} SRV 1 2 5060 h{(n + 2) % HOSTS}")
        if n % 11 == 0:
            lines.append(f"{host} HTTPS 1 . alpn=\"h2,h3\" port=8443 "
                         f"ipv4hint=192.0.2.{n % 250 + 1}")
        if n % 13 == 0:
            lines.append(f"{host} SSHFP 4 2 {n:064x}")
            lines.append(f"_443._tcp.{host} TLSA 3 1 1 {n:064x}")
        lines.append(f"c{n} CNAME " + (f"c{n - 1}" if n % 6 else host))
        if n % 50 == 0:     # more than a datagram holds
            lines += [f"big{n} A 198.51.{m // 250}.{m % 250 + 1}"
                      for m in range(120)]
    return "\n".join(lines) + "\n"


def questions():
    """[(name, type), …]"""
    asked = [(ZONE, kind) for kind in
             ("SOA", "NS", "MX", "TXT", "CAA", "A", "DNSKEY")]
    asked += [(f"{name}.{ZONE}", kind) for name, kind in (
        ("loc", "LOC"), ("naptr", "NAPTR"), ("uri", "URI"),
        ("hinfo", "HINFO"), ("rp", "RP"), ("ptr", "PTR"), ("long", "TXT"),
        ("dangling", "A"), ("dangling", "CNAME"), ("outside", "A"),
        ("empty.terminal", "A"), ("terminal", "A"),
        ("www.d", "A"), ("a.b.d", "AAAA"), ("nobody.d", "A"), ("d", "DNAME"),
        ("wild", "A"))]
    for n in range(HOSTS):
        asked += [(f"h{n}.{ZONE}", KINDS[n % len(KINDS)]),
                  (f"h{n}.{ZONE}", "A"), (f"h{n}.{ZONE}", "AAAA"),
                  (f"c{n}.{ZONE}", KINDS[n % 3]),
                  (f"n{n}.wild.{ZONE}", ("A", "TXT", "AAAA")[n % 3]),
                  (f"nobody{n}.{ZONE}", "A")]
        if n % 2:
            asked.append((f"n{n}.m.cwild.{ZONE}", "A"))
        if n % 7 == 0:
            asked.append((f"_sip._tcp.h{n}.{ZONE}", "SRV"))
        if n % 13 == 0:
            asked += [(f"h{n}.{ZONE}", "SSHFP"),
                      (f"_443._tcp.h{n}.{ZONE}", "TLSA")]
        if n % 50 == 0:
            asked.append((f"big{n}.{ZONE}", "A"))
    return asked
