// A gateway of Node's frameworks and clients. usage: gateway.mjs FRAMEWORK CLIENT   (ports come from the environment)
// FRAMEWORK: express, fastify, cluster (express, three processes), worker_threads (express, three threads).  CLIENT: axios, undici, fetch.
import cluster from 'node:cluster';
import http from 'node:http';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const [framework, client] = isMainThread ? process.argv.slice(2) : workerData;
const { PORT, BACKEND_PORT, POSTGRES_PORT, MARIADB_PORT, REDIS_PORT, POOL } = process.env;
const backend = `http://127.0.0.1:${BACKEND_PORT}`;
const paths = ['/b1', '/b2', '/b3'];
const maxConnections = 256;

const clients = {
  async axios() {
    const { default: axios } = await import('axios');
    const httpAgent = new http.Agent({ keepAlive: true, maxSockets: maxConnections });
    const instance = axios.create({ baseURL: backend, httpAgent, proxy: false });
    return (truth, path) => instance.get(path, { headers: { 'x-truth': truth } });
  },
  async undici() {
    const { Agent, request } = await import('undici');
    const dispatcher = new Agent({ connections: maxConnections });
    return async (truth, path) => {
      const { body } = await request(backend + path, { dispatcher, headers: { 'x-truth': truth } });
      return body.text();
    };
  },
  async fetch() {
    return async (truth, path) => (await fetch(backend + path, { headers: { 'x-truth': truth } })).text();
  },
};

async function connectDatabases() {
  if (POSTGRES_PORT === undefined) return undefined;
  const { default: postgres } = await import('pg');
  const { default: Redis } = await import('ioredis');
  const { createPool } = await import('mysql2/promise');
  const login = { host: '127.0.0.1', user: 'joe', password: 'pass' };
  return {
    redis: new Redis(Number(REDIS_PORT), '127.0.0.1'),
    postgres: new postgres.Pool({ ...login, port: Number(POSTGRES_PORT), database: 'postgres', max: Number(POOL) }),
    mariadb: createPool({ ...login, port: Number(MARIADB_PORT), database: 'shop', connectionLimit: Number(POOL) }),
  };
}

async function createWork() {
  const call = await clients[client]();
  const databases = await connectDatabases();
  return async (truth, path) => {
    if (path === '/one') await call(truth, paths[0]);
    if (path === '/sequence') for (const each of paths) await call(truth, each);
    if (path === '/parallel') await Promise.all(paths.map((each) => call(truth, each)));
    if (path === '/databases') {
      await databases.redis.get(`cart:${truth}`);
      await databases.postgres.query('SELECT $1::text', [truth]);
      await call(truth, paths[0]);
      await databases.mariadb.execute("SELECT concat(?, 'x')", [truth]);
    }
  };
}

/** Hands every request to one of three threads, in turn. */
function startWorkers() {
  const workers = Array.from(
    { length: 3 },
    () => new Worker(new URL(import.meta.url), { workerData: [framework, client] }),
  );
  const waiting = new Map();
  let count = 0;
  for (const worker of workers) {
    worker.on('message', ({ id, error }) => {
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) resolve();
      else reject(new Error(error));
    });
  }
  return (truth, path) =>
    new Promise((resolve, reject) => {
      const id = count++;
      waiting.set(id, { resolve, reject });
      workers[id % workers.length].postMessage({ id, truth, path });
    });
}

async function serveThread() {
  const work = await createWork();
  parentPort.on('message', async ({ id, truth, path }) => {
    try {
      await work(truth, path);
      parentPort.postMessage({ id });
    } catch (error) {
      parentPort.postMessage({ id, error: error.message });
    }
  });
}

const servers = {
  async fastify(work) {
    const { default: fastify } = await import('fastify');
    const server = fastify();
    server.get('/*', async (request) => {
      await work(request.headers['x-truth'], request.url);
      return 'gateway\n';
    });
    await server.listen({ port: Number(PORT), host: '127.0.0.1' });
  },
  async express(work) {
    const { default: express } = await import('express');
    const server = express();
    server.use(async (request, response) => {
      await work(request.headers['x-truth'], request.url);
      response.send('gateway\n');
    });
    server.listen(Number(PORT), '127.0.0.1').keepAliveTimeout = 60_000;
  },
};

if (!isMainThread) await serveThread();
else if (framework === 'cluster' && cluster.isPrimary) for (let count = 0; count < 3; count++) cluster.fork();
else if (framework === 'worker_threads') await servers.express(startWorkers());
else await (servers[framework] ?? servers.express)(await createWork());
