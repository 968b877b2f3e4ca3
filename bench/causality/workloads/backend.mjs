// Answers every request after a random 0 to 20 ms, on one event loop. usage: backend.mjs PORT
import http from 'node:http';

const server = http.createServer((request, response) => {
  request.resume();
  setTimeout(() => response.end('backend\n'), Math.random() * 20);
});
// Longer than any load: a gateway that reuses a connection at the moment it is closed would fail.
server.keepAliveTimeout = 300_000;
server.listen(Number(process.argv[2]), '127.0.0.1', 1024);
