# dnspython: many types over UDP and TCP, EDNS with and without DO, truncation, several questions on one TCP connection.
import socket, struct, sys
import dns.message, dns.query, dns.flags, dns.rdatatype

port = int(sys.argv[1])
names = [("a.shop.test", "A"), ("a.shop.test", "AAAA"), ("alias.shop.test", "CNAME"), ("alias.shop.test", "A"), ("text.shop.test", "TXT"), ("long.shop.test", "TXT"), ("shop.test", "MX"), ("_http._tcp.shop.test", "SRV"), ("nosuch.shop.test", "A"), ("9.2.0.192.in-addr.arpa", "PTR"), ("many.shop.test", "A"), ("A.sHoP.TeSt", "A"), ("refused.example", "A"), ("shop.test", "SOA"), ("shop.test", "ANY"), ("xn--bcher-kva.shop.test", "A")]
for name, kind in names:
    for how in (dns.query.udp, dns.query.tcp):
        for options in ({}, {"use_edns": 0, "payload": 4096}, {"use_edns": 0, "want_dnssec": True}):
            try:
                how(dns.message.make_query(name, kind, **options), "127.0.0.1", port=port, timeout=1)
            except Exception:
                pass
connection = socket.create_connection(("127.0.0.1", port))
connection.settimeout(0.5)
queries = [dns.message.make_query(name, kind).to_wire() for name, kind in names[:8]]
framed = [struct.pack("!H", len(query)) + query for query in queries]
try:
    connection.sendall(b"".join(framed[:4]))
    for query in framed[4:]:
        connection.sendall(query[:1])
        connection.sendall(query[1:9])
        connection.sendall(query[9:])
    while connection.recv(65536):
        pass
except OSError:
    pass
connection.close()
odd = dns.message.make_query("a.shop.test", "A")
odd.flags |= dns.flags.CD
dns.query.udp(odd, "127.0.0.1", port=port, timeout=1)
chaos = dns.message.make_query("version.bind", "TXT", "CH")
try:
    dns.query.udp(chaos, "127.0.0.1", port=port, timeout=1)
except Exception:
    pass
# One socket, several questions at once.
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.settimeout(0.3)
sender.connect(("127.0.0.1", port))
for query in queries:
    sender.send(query)
try:
    while True:
        sender.recv(65536)
except OSError:
    pass
