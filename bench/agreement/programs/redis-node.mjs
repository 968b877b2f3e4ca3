// node redis: RESP3, automatic pipelining, transactions, subscriptions.
import { createClient } from 'redis';
const [port, username, password] = process.argv.slice(2);
for (const RESP of [2, 3]) {
  const client = createClient({ socket: { host: '127.0.0.1', port: Number(port) }, RESP, username, password });
  client.on('error', () => {});
  await client.connect();
  await client.set('node:a', 'x'.repeat(900));
  await client.get('node:a');
  await client.get('node:none');
  await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 4 ? client.incr('node:n') : client.get(`node:${n}`))));
  await client.lPush('node:a', 'x').catch(() => {});
  await client.hSet('node:h', { one: '1', two: '2' });
  await client.hGetAll('node:h');
  await client.multi().set('node:m', '1').incr('node:m').get('node:m').exec();
  await client
    .multi()
    .set('node:m', 'x')
    .incr('node:m')
    .exec()
    .catch(() => {});
  await client.zAdd('node:z', [
    { score: 1.5, value: 'a' },
    { score: 2, value: 'b' },
  ]);
  await client.zRangeWithScores('node:z', 0, -1);
  await client.eval('return {1, {2, "three"}, redis.status_reply("FOUR")}', { keys: [], arguments: [] });
  await client.eval('return redis.error_reply("MY own error")', { keys: [], arguments: [] }).catch(() => {});
  await client.sendCommand(['NOSUCH', 'x']).catch(() => {});
  await client.sendCommand(['SISMEMBER', 'node:s', 'x']);
  const subscriber = client.duplicate();
  subscriber.on('error', () => {});
  await subscriber.connect();
  await subscriber.subscribe('news', () => {});
  await subscriber.subscribe(['one', 'two'], () => {});
  await subscriber.pSubscribe('n*', () => {});
  for (let n = 0; n < 5; n++) await client.publish('news', `message ${n} ${'y'.repeat(n * 200)}`);
  await new Promise((done) => setTimeout(done, 50));
  await subscriber.unsubscribe('one');
  await subscriber.pUnsubscribe();
  await subscriber.unsubscribe();
  await subscriber.ping();
  await subscriber.close();
  await client.close();
}
