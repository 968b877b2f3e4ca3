import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serviceName } from './service-name.ts';

function name(
  commandLine: string,
  executable: string,
  otelServiceName = '',
  kernelName = basename(executable).slice(0, 15),
): string {
  return serviceName({ otelServiceName, executable, commandLine: commandLine.split(' '), kernelName });
}

describe('the name of a service', () => {
  it.each([
    ['node /srv/shop.mjs --port 80', '/usr/bin/node', 'shop'],
    ['node --import tsx --enable-source-maps src/gateway.ts', '/usr/bin/node', 'gateway'],
    ['node -r ./setup.cjs /app/worker.js', '/usr/bin/node', 'worker'],
    ['node -e 1+1', '/usr/bin/node', 'node'],
    ['node', '/usr/bin/node', 'node'],
    ['deno run --allow-net main.ts', '/usr/bin/deno', 'main'],
    ['python3 -u /srv/stock.py', '/usr/bin/python3.11', 'stock'],
    ['python3 -W ignore -m http.server', '/usr/bin/python3.11', 'http.server'],
    ['python3 -c print()', '/usr/bin/python3.11', 'python3.11'],
    ['/usr/bin/python3 /usr/bin/gunicorn app:app', '/usr/bin/python3.11', 'gunicorn'],
    ['ruby -I lib bin/puma', '/usr/bin/ruby3.1', 'puma'],
    ['php -S 0.0.0.0:80 index.php', '/usr/bin/php8.2', 'index'],
    ['java -Xmx1g -cp /a:/b com.example.shop.Checkout', '/opt/jdk/bin/java', 'Checkout'],
    ['java -jar /srv/orders-1.2.jar --x', '/opt/jdk/bin/java', 'orders-1.2'],
    ['nginx: worker process', '/usr/sbin/nginx', 'nginx'],
    ['redis-server *:6379', '/usr/bin/redis-server', 'redis-server'],
  ])('%s is called %s', (commandLine, executable, expected) => {
    expect(name(commandLine, executable)).toBe(expected);
  });

  it('is the name it was started by where one executable has several', () => {
    expect(name('/usr/bin/redis-server *:6379', '/usr/bin/redis-check-rdb', '', 'redis-server')).toBe('redis-server');
  });

  it('is what OTEL_SERVICE_NAME says, else never empty', () => {
    expect(name('node /srv/shop.mjs', '/usr/bin/node', 'checkout')).toBe('checkout');
    expect(name('', '', '', 'kworker')).toBe('kworker');
    expect(name('node /', '/usr/bin/node')).toBe('node');
  });
});
