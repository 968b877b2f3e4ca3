// ioredis: pipelines, transactions, binary values, subscriptions, scripts, streams.
import { Redis } from 'ioredis';
const [port, username, password] = process.argv.slice(2);
const redis = new Redis({
  port: Number(port),
  host: '127.0.0.1',
  lazyConnect: true,
  ...(password ? { username, password } : {}),
});
redis.on('error', () => {});
await redis.connect();
await redis.set('bytes', Buffer.from(Array.from({ length: 3000 }, (_, index) => index & 0xff)));
await redis.getBuffer('bytes');
await redis.set('crlf', '*1\r\n$4\r\nPING\r\n-ERR no error\r\n+OK\r\n');
await redis.get('crlf');
await redis.lpush('crlf', 'x').catch(() => {});
for (let round = 0; round < 5; round++) {
  const pipeline = redis.pipeline();
  for (let n = 0; n < 20; n++) {
    if (n % 5 === 0) pipeline.set(`k:${n}`, 'v'.repeat(n * 40));
    else if (n % 5 === 1) pipeline.get(`k:${n - 1}`);
    else if (n % 5 === 2) pipeline.lpush('bytes', 'wrong type');
    else if (n % 5 === 3) pipeline.mget('k:0', 'k:5', 'none', 'k:15');
    else pipeline.incr('counter');
  }
  await pipeline.exec();
}
await redis.multi().set('t', '1').incr('t').lpush('t', 'x').get('t').exec();
await redis.multi({ pipeline: false });
await redis.set('t', 'within');
await redis.call('nosuch').catch(() => {});
await redis.exec().catch(() => {});
await redis.watch('t');
await redis.unwatch();
await redis.multi().get('t').discard();
await redis.mset(Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`many:${n}`, 'v'.repeat(n % 70)])));
await redis.mget(Array.from({ length: 300 }, (_, n) => `many:${n}`));
await redis.keys('many:1*');
await redis.scan(0, 'MATCH', 'many:*', 'COUNT', 50);
await redis.xadd('stream', '*', 'field', 'x'.repeat(600));
await redis.xread('COUNT', 2, 'STREAMS', 'stream', '0');
await redis.blpop('empty', 0.05);
await redis.eval('return redis.call("get", KEYS[1])', 1, 'crlf');
await redis.evalsha('0'.repeat(40), 0).catch(() => {});
await redis.config('GET', 'max*');
await redis.info();
await redis.select(1);
await redis.set('other', 'database');
await redis.select(99).catch(() => {});
await redis.object('ENCODING', 'other');
await redis.echo('');
await redis.getrange('other', 5, 2);
const subscriber = redis.duplicate();
await subscriber.subscribe('news', 'more');
await subscriber.psubscribe('n*');
for (let n = 0; n < 3; n++) await redis.publish('news', 'z'.repeat(n * 300));
await new Promise((done) => setTimeout(done, 50));
await subscriber.unsubscribe('news');
await subscriber.punsubscribe('n*');
await subscriber.quit();
await redis.quit();
