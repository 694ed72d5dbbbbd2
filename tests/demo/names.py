"""Who is on the demo's internet: every name, its address and its pace.

All names and addresses are of those set aside for examples (RFC 2606, 5737).
"""
RESOLVER = "198.51.100.53"
ECHO = ("192.0.2.7", "192.0.2.8")       # UDP, port 7
ECHO_PORT = 7

# A site's pace is in bytes a second for each connection.
SITES = {
    "news.example": ("198.51.100.21", 1_500_000),
    "pictures.news.example": ("198.51.100.22", 2_000_000),
    "shop.example": ("198.51.100.31", 1_500_000),
    "weather.example": ("198.51.100.31", 800_000),
    "fonts.example": ("192.0.2.80", 2_500_000),
    "adverts.example": ("192.0.2.81", 600_000),
    "mirror.example": ("198.51.100.90", 2_800_000),
    "backup.example": ("198.51.100.91", 1_000_000),
    "video.example": ("192.0.2.100", 500_000),
    "edge1.video.example": ("192.0.2.101", 4_000_000),
    "edge2.video.example": ("192.0.2.102", 4_000_000),
    "heating.example": ("198.51.100.40", 100_000),
}

RECORDS = {name: [address] for name, (address, _) in SITES.items()}
RECORDS["sensors.heating.example"] = list(ECHO)

ADDRESSES = sorted({RESOLVER, *ECHO, *(a for a, _ in SITES.values())})
