import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One gateway under one load. */
export interface Scenario {
  readonly name: string;
  /** Command of the gateway. */
  readonly command: (
    ports: { readonly gateway: number; readonly backend: number },
    directory: string,
  ) => readonly string[];
  readonly path: string;
  readonly inFlight: number;
  readonly requests: number;
  /** Smallest share of right parents and largest share of wrong ones; undefined: the figures are only reported. */
  readonly aim?: { readonly right: number; readonly wrong: number };
}

/** Path of a program under workloads/. */
export const workload = (name: string): string => fileURLToPath(new URL(`workloads/${name}`, import.meta.url));

const aim = { right: 0.999, wrong: 1 / 10_000 };
const neverWrong = { right: 0, wrong: 1 / 10_000 };

const node =
  (...mode: string[]): Scenario['command'] =>
  (ports) => [process.execPath, workload('gateway-node.mjs'), String(ports.gateway), String(ports.backend), ...mode];

const python =
  (file: string): Scenario['command'] =>
  (ports) => ['/usr/bin/python3', workload(file), String(ports.gateway), String(ports.backend)];

const nginx: Scenario['command'] = (ports, directory) => {
  writeFileSync(
    `${directory}/nginx.conf`,
    `worker_processes 1; daemon off; pid ${directory}/nginx.pid; error_log ${directory}/nginx.log;
events { worker_connections 4096; }
http { access_log off; upstream backend { server 127.0.0.1:${ports.backend}; keepalive 128; } keepalive_requests 10000000;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  server { listen 127.0.0.1:${ports.gateway}; location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; } } }
`,
  );
  return ['/usr/sbin/nginx', '-p', directory, '-c', `${directory}/nginx.conf`];
};

const haproxy: Scenario['command'] = (ports, directory) => {
  writeFileSync(
    `${directory}/haproxy.cfg`,
    `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend gateway
  bind 127.0.0.1:${ports.gateway}
  default_backend backend
backend backend
  server backend 127.0.0.1:${ports.backend}
`,
  );
  return ['/usr/sbin/haproxy', '-db', '-f', `${directory}/haproxy.cfg`];
};

/** All scenarios, in the order they are run. */
export const scenarios: readonly Scenario[] = [
  { name: 'Node, one call', command: node(), path: '/one', inFlight: 64, requests: 11_000, aim },
  { name: 'Node, three in sequence', command: node(), path: '/sequence', inFlight: 64, requests: 4_000, aim },
  { name: 'Node, three in parallel', command: node(), path: '/parallel', inFlight: 64, requests: 4_000, aim },
  { name: 'Node, new connection per call', command: node('new'), path: '/one', inFlight: 64, requests: 11_000, aim },
  { name: 'Node, call from a timer', command: node(), path: '/timer', inFlight: 64, requests: 11_000, aim: neverWrong },
  { name: 'nginx', command: nginx, path: '/one', inFlight: 64, requests: 11_000, aim },
  { name: 'HAProxy', command: haproxy, path: '/one', inFlight: 64, requests: 11_000, aim },
  {
    name: 'Python, a thread per connection',
    command: python('gateway-threads.py'),
    path: '/one',
    inFlight: 64,
    requests: 11_000,
    aim,
  },
  {
    name: 'Python asyncio, one call',
    command: python('gateway-asyncio.py'),
    path: '/one',
    inFlight: 64,
    requests: 11_000,
    aim,
  },
  {
    name: 'Python asyncio, three in parallel',
    command: python('gateway-asyncio.py'),
    path: '/parallel',
    inFlight: 64,
    requests: 4_000,
  },
  { name: 'HAProxy, three at once per client', command: haproxy, path: '/one', inFlight: 192, requests: 11_000 },
];
