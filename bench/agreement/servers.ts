import { readFileSync, writeFileSync } from 'node:fs';
import { startHttpServer } from '../../protocols/testing/http-server.ts';
import {
  type RunningServer,
  startMariadb,
  startPostgres,
  startRedis,
  startServer,
} from '../../protocols/testing/real-servers.ts';

/** The servers that clients work against, each on a free port of the loopback. */

/** A server by the name that the report has. */
export interface ServerKind {
  readonly name: string;
  readonly protocol: 'redis' | 'mysql' | 'postgresql' | 'http1' | 'dns';
  readonly programs: readonly string[];
  readonly start: () => Promise<RunningServer>;
}

const redisUsers = ['--requirepass', 'pass', '--user', 'bob', 'on', '>other', '~*', '&*', '+@all'];

const mariadbSetup = ['joe', 'kim'].flatMap((user) => [
  `create user ${user}@'%' identified via mysql_native_password using password('${user === 'joe' ? 'pass' : 'other'}')`,
  `grant all on *.* to ${user}@'%'`,
]);

const postgresSetup = [
  "set password_encryption = 'md5'",
  "create role hashed login superuser password 'pass'",
  "set password_encryption = 'scram-sha-256'",
  "create role scram login superuser password 'pass'",
  "create role clear login superuser password 'pass'",
];
const postgresAccess = [
  'host all clear 127.0.0.1/32 password',
  'host all hashed 127.0.0.1/32 md5',
  'host all scram 127.0.0.1/32 scram-sha-256',
];

function nginxConfiguration(port: number, folder: string): string {
  return `
daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1; user root;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s; keepalive_requests 1000;
  server {
    listen 127.0.0.1:${port}; root ${folder}; large_client_header_buffers 8 16k;
    location = / { return 200 "hello\\n"; }
    location = /items/42 { add_header X-Request-ID $request_id; return 200 '{"id":42}'; }
    location = /moved { return 302 /items/42; }
    location = /private { return 401; }
    location = /failing { return 500; }
    location = /unavailable { return 503; }
    location = /empty { return 204; }
    location = /upload { client_max_body_size 10m; return 201 "stored\\n"; }
    location = /limited { client_max_body_size 1k; return 200; }
    location = /slow { limit_rate 200k; alias ${folder}/large; }
  }
}
`;
}

const dnsmasqOptions = [
  '--no-daemon',
  '--no-resolv',
  '--no-hosts',
  '--bind-interfaces',
  '--listen-address=127.0.0.1',
  '--user=root',
  '--local=/shop.test/',
  '--local=/in-addr.arpa/',
  '--address=/a.shop.test/192.0.2.9',
  '--address=/a.shop.test/2001:db8::9',
  '--ptr-record=9.2.0.192.in-addr.arpa,a.shop.test',
  '--cname=alias.shop.test,target.shop.test',
  '--host-record=target.shop.test,192.0.2.10,2001:db8::10',
  '--txt-record=text.shop.test,hello world',
  `--txt-record=long.shop.test,${Array.from({ length: 12 }, (_, index) => `${index}-${'x'.repeat(200)}`).join(',')}`,
  '--mx-host=shop.test,mail.shop.test,10',
  '--srv-host=_http._tcp.shop.test,target.shop.test,8080',
  ...Array.from({ length: 30 }, (_, index) => `--host-record=many.shop.test,192.0.2.${index + 100}`),
];

/** All of them. */
export const serverKinds: readonly ServerKind[] = [
  { name: 'redis-server', protocol: 'redis', programs: ['redis-server'], start: async () => startRedis() },
  {
    name: 'redis-server, users',
    protocol: 'redis',
    programs: ['redis-server'],
    start: async () => startRedis(redisUsers),
  },
  {
    name: 'valkey-server',
    protocol: 'redis',
    programs: ['valkey-server'],
    start: async () => startRedis([], 'valkey-server'),
  },
  {
    name: 'mariadbd',
    protocol: 'mysql',
    programs: ['mariadbd', 'mariadb-install-db'],
    start: async () =>
      startMariadb(['create database shop', "create user nobody@'%' identified by ''", ...mariadbSetup]),
  },
  {
    name: 'postgres',
    protocol: 'postgresql',
    programs: ['postgres', 'initdb', 'psql'],
    start: async () => startPostgres(postgresSetup, postgresAccess),
  },
  { name: 'node http', protocol: 'http1', programs: [], start: startHttpServer },
  {
    name: 'nginx',
    protocol: 'http1',
    programs: ['nginx'],
    start: async () =>
      startServer('nginx', (_port, folder) => ['-p', folder, '-c', `${folder}/nginx.conf`], {
        stopSignal: 'SIGQUIT',
        prepare: async (folder, port) => {
          writeFileSync(`${folder}/nginx.conf`, nginxConfiguration(port, folder));
          writeFileSync(`${folder}/large`, 'x'.repeat(100_000));
          writeFileSync(`${folder}/binary`, readFileSync(process.execPath).subarray(0, 30_000));
          await Promise.resolve();
        },
      }),
  },
  {
    name: 'dnsmasq',
    protocol: 'dns',
    programs: ['dnsmasq'],
    start: async () => startServer('dnsmasq', (port) => [...dnsmasqOptions, `--port=${port}`]),
  },
];
