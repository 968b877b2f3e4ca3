// fetch, undici with pipelining, and node:http with a keep-alive agent.
import http from 'node:http';
import { Client, request } from 'undici';
const port = Number(process.argv[2]);
const origin = `http://127.0.0.1:${port}`;
const paths = [
  '/',
  '/items/42',
  '/chunked',
  '/large',
  '/empty',
  '/cached',
  '/private',
  '/failing',
  '/nosuch',
  '/binary',
  '/unavailable',
  '/early-hints',
  '/trailers',
];
for (const path of paths) await (await fetch(origin + path, { redirect: 'manual' })).arrayBuffer();
await (await fetch(`${origin}/moved`)).arrayBuffer();
await (await fetch(`${origin}/upload?x=1&y=%20`, { method: 'POST', body: 'z'.repeat(3000) })).text();
await (
  await fetch(`${origin}/upload`, { method: 'PUT', body: new Blob(['a'.repeat(2000)]).stream(), duplex: 'half' })
).text();
await (await fetch(`${origin}/cached`, { headers: { 'if-none-match': '"v1"' } })).text();
await (await fetch(`${origin}/items/42`, { method: 'DELETE' })).text();
const pipelined = new Client(origin, { pipelining: 8 });
await Promise.all(
  Array.from({ length: 24 }, async (_, n) => {
    const path = paths[n % 11];
    const { body } = await pipelined.request({ path: `${path}?n=${n}`, method: n % 5 === 1 ? 'HEAD' : 'GET' });
    await body.dump();
  }),
);
await pipelined.close();
await (
  await request(`${origin}/`, {
    headers: { 'x-fill': 'f'.repeat(1500), traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  })
).body.dump();
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const ask = (options, body) =>
  new Promise((done) => {
    const sent = http.request({ host: '127.0.0.1', port, agent, ...options }, (response) =>
      response.resume().on('end', done),
    );
    sent.on('error', done);
    sent.on('upgrade', (_response, socket) => done(socket.destroy()));
    sent.end(body);
  });
await ask({ path: '/', method: 'OPTIONS' });
await ask({ path: '/large', method: 'HEAD' });
await ask({ path: '/upload', method: 'POST', headers: { expect: '100-continue', 'content-length': 5 } }, 'hello');
await ask({ path: '/upload', method: 'PATCH', headers: { 'transfer-encoding': 'chunked' } }, 'hello');
await ask({ path: '/until-close' });
await ask({ path: '/x', method: 'GET', headers: { connection: 'upgrade', upgrade: 'echo' } });
agent.destroy();
await new Promise((done) =>
  http
    .request({ host: '127.0.0.1', port, method: 'CONNECT', path: `127.0.0.1:${port}` })
    .on('connect', (_response, socket) => {
      socket.on('data', () => {}).on('end', done);
      socket.end('GET /items/42 HTTP/1.1\r\nHost: inner\r\nConnection: close\r\n\r\n');
    })
    .end(),
);
process.exit(0);
