import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Place, Stack } from '../stack.ts';
import { sitePackages } from '../toolchains.ts';
import { goals } from './goals.ts';

/** nginx on one event loop. @param location what it does with a request */
function nginx({ ports, folder }: Place, upstream: string, location: string): Command {
  const file = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    file,
    `worker_processes 1; daemon off; user root; pid ${folder}/nginx.pid; error_log stderr;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 10000000;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  ${upstream}
  server { listen 127.0.0.1:${ports.gateway}; location / { ${location} } }
}
`,
  );
  return { program: 'nginx', args: ['-p', folder, '-e', 'stderr', '-c', file] };
}

function proxyingNginx(place: Place): readonly Command[] {
  const upstream = `upstream backend { server 127.0.0.1:${place.ports.backend}; keepalive 128; keepalive_requests 10000000; }`;
  return [nginx(place, upstream, 'proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";')];
}

function haproxy({ ports, folder }: Place): readonly Command[] {
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
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
  return [{ program: 'haproxy', args: ['-db', '-f', file] }];
}

function apache({ ports, folder }: Place): readonly Command[] {
  const file = join(folder, 'httpd.conf');
  const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http'];
  writeFileSync(
    file,
    `ServerRoot ${folder}
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
Listen 127.0.0.1:${ports.gateway}
ServerName localhost
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
User www-data
Group www-data
StartServers 2
ThreadsPerChild 64
MaxRequestWorkers 128
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
ProxyPass / http://127.0.0.1:${ports.backend}/ max=128 keepalive=On
`,
  );
  return [{ program: 'apache2', args: ['-f', file, '-DFOREGROUND'] }];
}

/** Envoy's configuration; JSON is YAML too. */
function envoy(workers: number, requestIds: boolean): Pick<Stack, 'toolchains' | 'programs' | 'commands'> {
  const type = (name: string): string => `type.googleapis.com/envoy.extensions.filters.${name}`;
  const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const route = { match: { prefix: '/' }, route: { cluster: 'backend' } };
  const manager = {
    '@type': type('network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'in',
    generate_request_id: requestIds,
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] },
    http_filters: [{ name: 'router', typed_config: { '@type': type('http.router.v3.Router') } }],
  };
  const filters = [{ name: 'http', typed_config: manager }];
  return {
    toolchains: ['envoy'],
    programs: [],
    commands: (place) => {
      const endpoint = { endpoint: { address: address(place.ports.backend) } };
      const configuration = {
        static_resources: {
          listeners: [{ name: 'gateway', address: address(place.ports.gateway), filter_chains: [{ filters }] }],
          clusters: [
            {
              name: 'backend',
              type: 'STATIC',
              load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [endpoint] }] },
            },
          ],
        },
      };
      const file = join(place.folder, 'envoy.json');
      writeFileSync(file, JSON.stringify(configuration));
      const options = ['-c', file, '--concurrency', String(workers), '--disable-hot-restart', '-l', 'error'];
      return [{ program: join(sitePackages(place.built('envoy')), 'envoy', '_bin', 'envoy'), args: options }];
    },
  };
}

/** Debian's php-fpm has its version in its name. */
const phpFpm = readdirSync('/usr/sbin').find((name) => /^php-fpm[\d.]*$/.test(name)) ?? 'php-fpm';

const fastCgi = {
  REQUEST_METHOD: '$request_method',
  REQUEST_URI: '$request_uri',
  QUERY_STRING: '$query_string',
  CONTENT_TYPE: '$content_type',
  CONTENT_LENGTH: '$content_length',
  SERVER_PROTOCOL: '$server_protocol',
};

/** nginx that hands requests to 16 processes by FastCGI. */
function php(listener: 'tcp' | 'unix'): Pick<Stack, 'toolchains' | 'programs' | 'commands'> {
  return {
    toolchains: ['php'],
    programs: ['nginx', phpFpm],
    commands: (place) => {
      const { ports, folder, built } = place;
      const [listen, pass] =
        listener === 'tcp'
          ? [`127.0.0.1:${ports.inner}`, `127.0.0.1:${ports.inner}`]
          : [`${folder}/fpm.sock`, `unix:${folder}/fpm.sock`];
      const file = join(folder, 'fpm.conf');
      const pool = ['user = root', 'group = root', `listen = ${listen}`, 'pm = static', 'pm.max_children = 16'];
      const all = [
        '[global]',
        'daemonize = no',
        `error_log = ${folder}/fpm.log`,
        '[gateway]',
        ...pool,
        'clear_env = no',
      ];
      writeFileSync(file, `${all.join('\n')}\n`);
      const parameters = Object.entries({ ...fastCgi, SCRIPT_FILENAME: built('php', 'index.php') });
      const location = parameters.map(([name, value]) => `fastcgi_param ${name} ${value};`).join(' ');
      return [{ program: phpFpm, args: ['-y', file, '-R'] }, nginx(place, '', `${location} fastcgi_pass ${pass};`)];
    },
  };
}

const phpCalls = {
  endpoints: ['one', 'sequence', 'parallel', 'databases'],
  databases: ['redis', 'postgres', 'mariadb'],
} as const;

/** Proxies, and PHP, which has one in front of it. */
export const proxyStacks: readonly Stack[] = [
  {
    toolchains: [],
    programs: ['nginx'],
    commands: proxyingNginx,
    name: 'nginx',
    kind: 'event loop of a proxy',
    endpoints: ['one'],
    goal: goals.known,
  },
  {
    toolchains: [],
    programs: ['haproxy'],
    commands: haproxy,
    name: 'HAProxy',
    kind: 'event loop of a proxy',
    endpoints: ['one'],
    crowd: 192,
    goal: goals.known,
  },
  {
    toolchains: [],
    programs: ['apache2'],
    commands: apache,
    name: 'Apache event',
    kind: 'threads of a proxy that wait in one loop',
    endpoints: ['one'],
    goal: goals.known,
  },
  {
    ...envoy(1, false),
    name: 'Envoy, 1 worker',
    kind: 'event loop of a proxy; writes in a later turn',
    endpoints: ['one'],
    goal: goals.proxied,
  },
  {
    ...envoy(2, true),
    name: 'Envoy, 2 workers, x-request-id',
    kind: 'event loops of a proxy that gives requests ids',
    endpoints: ['one'],
    goal: goals.proxied,
  },
  {
    ...php('tcp'),
    ...phpCalls,
    name: 'nginx + php-fpm',
    kind: 'processes that share a listener; FastCGI',
    goal: goals.known,
  },
  {
    ...php('unix'),
    ...phpCalls,
    name: 'nginx + php-fpm, unix socket',
    kind: 'processes that share a listener; FastCGI over a unix socket',
    goal: goals.known,
  },
];
