// c-ares, as in node:dns.
import { Resolver } from 'node:dns/promises';
const resolver = new Resolver({ timeout: 500, tries: 2 });
resolver.setServers([`127.0.0.1:${process.argv[2]}`]);
const quiet = (promise) => promise.catch(() => {});
await Promise.all(
  ['a', 'alias', 'text', 'nosuch', 'many'].flatMap((name) =>
    ['A', 'AAAA', 'TXT', 'CNAME'].map((type) => quiet(resolver.resolve(`${name}.shop.test`, type))),
  ),
);
await quiet(resolver.resolveMx('shop.test'));
await quiet(resolver.resolveSrv('_http._tcp.shop.test'));
await quiet(resolver.reverse('192.0.2.9'));
await quiet(resolver.resolveTxt('long.shop.test'));
await quiet(resolver.resolveAny('shop.test'));
