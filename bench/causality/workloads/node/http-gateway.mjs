// A gateway on Node's own server and client, without a framework. usage: http-gateway.mjs [new]   (new: a new connection per call)
// Paths: /one a call; /sequence three, one after the other; /parallel three at once; /timer a call after a timer.
import http from 'node:http';

const { PORT, BACKEND_PORT } = process.env;
const agent = new http.Agent({ keepAlive: process.argv[2] !== 'new', maxSockets: 256 });

const call = (truth, path) =>
  new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port: BACKEND_PORT, path, agent, headers: { 'x-truth': truth } }, (response) => {
        response.resume();
        response.on('end', resolve);
      })
      .on('error', reject);
  });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const server = http.createServer(async (request, response) => {
  const truth = request.headers['x-truth'] ?? 'none';
  try {
    if (request.url === '/one') await call(truth, '/b1');
    if (request.url === '/sequence') for (const path of ['/b1', '/b2', '/b3']) await call(truth, path);
    if (request.url === '/parallel') await Promise.all(['/b1', '/b2', '/b3'].map((path) => call(truth, path)));
    if (request.url === '/timer') {
      await sleep(Math.random() * 10);
      await call(truth, '/b1');
    }
    response.end('gateway\n');
  } catch (error) {
    response.writeHead(502).end(`${error.message}\n`);
  }
});
server.keepAliveTimeout = 60_000;
server.listen(Number(PORT), '127.0.0.1');
