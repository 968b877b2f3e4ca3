"""The shop's prices: a thread per connection, a database connection per thread.

Arguments: own port, kind of database (mysql, postgresql or none), its port.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mysql_client
import postgresql_client

port, database, database_port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
local = threading.local()

SLOW = {"mysql": "SELECT SLEEP(0.04)", "postgresql": "SELECT pg_sleep(0.04)"}


class Memory:
    """Stands in where there is no database server."""

    def query(self, statement):
        return [["SKU-0001", "100"]]


def connection():
    if not hasattr(local, "connection"):
        if database == "mysql":
            local.connection = mysql_client.Connection(database_port, "pricing", "not-a-secret", "shop")
        elif database == "postgresql":
            local.connection = postgresql_client.Connection(database_port, "pricing", "shop")
        else:
            local.connection = Memory()
    return local.connection


def price(sku):
    rows = connection().query(f"SELECT sku, cents FROM price WHERE sku = '{sku}'")
    return {"sku": sku, "cents": int(rows[0][1])} if rows else None


def daily_report():
    total = connection().query("SELECT COUNT(*), SUM(cents) FROM price")
    connection().query(SLOW.get(database, ""))
    dearest = connection().query("SELECT sku, cents FROM price ORDER BY cents DESC LIMIT 3")
    return {"total": total, "dearest": dearest}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Head and body leave in one write.
    wbufsize = -1

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        if parts[0] == "prices" and len(parts) == 2 and parts[1].replace("-", "").isalnum():
            found = price(parts[1])
            self.answer(200 if found else 404, found or {"error": "no such product"})
        elif parts[0] == "reports":
            self.answer(200, daily_report())
        else:
            self.answer(404, {"error": "no such page"})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def end_with_parent():
    """The parent holds the other end of standard input, which the kernel closes however the parent ends."""
    os.read(0, 1)
    os._exit(0)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


threading.Thread(target=end_with_parent, daemon=True).start()
Server(("127.0.0.1", port), Handler).serve_forever()
