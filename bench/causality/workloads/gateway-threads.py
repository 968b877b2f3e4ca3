"""A gateway with a thread per connection. usage: gateway-threads.py PORT BACKEND_PORT"""
import http.client
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, backend_port = int(sys.argv[1]), int(sys.argv[2])
local = threading.local()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        connection = getattr(local, "connection", None)
        if connection is None:
            connection = local.connection = http.client.HTTPConnection("127.0.0.1", backend_port)
        connection.request("GET", "/b1", headers={"x-truth": self.headers.get("x-truth", "none")})
        connection.getresponse().read()
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"gateway\n")

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


server = Server(("127.0.0.1", port), Handler)
print("ready", flush=True)
server.serve_forever()
