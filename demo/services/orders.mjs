// The shop's orders: one event loop, many requests in flight, calls in sequence and in parallel.
// Arguments: own port, port of the pricing service, port of Redis or 0 when there is none.
import http from 'node:http';
import { ask, bodyOf, reply } from './json-http.mjs';
import { endWithParent } from './lifeline.mjs';
import { RedisPool } from './redis-client.mjs';

endWithParent();
const [port, pricingPort, redisPort] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true });
const redis = redisPort === 0 ? withoutRedis() : new RedisPool(redisPort);
let lastOrder = 1000;

/** Without a Redis server the shop remembers by itself. */
function withoutRedis() {
  const values = new Map();
  return {
    async command(name, key, value) {
      if (name === 'SET') values.set(key, value);
      if (name === 'DECR') values.set(key, Number(values.get(key) ?? 0) - 1);
      return values.get(key) ?? null;
    },
  };
}

async function price(sku) {
  const answer = await ask(agent, pricingPort, 'GET', `/prices/${sku}`);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw new Error(`pricing answered ${answer.status}`);
  return JSON.parse(answer.bytes.toString('utf8')).cents;
}

/** One call after the other: each needs what the one before brought. */
async function showOrder(id, response) {
  const stored = await redis.command('GET', `order:${id}`);
  if (stored === null) return reply(response, 404, { error: 'no such order' });
  const order = JSON.parse(stored);
  const cents = await price(order.sku);
  const stock = await redis.command('GET', `stock:${order.sku}`);
  return reply(response, 200, { ...order, cents, stock });
}

/** Two calls at once, then one that needs both. */
async function placeOrder(request, response) {
  const { sku } = JSON.parse((await bodyOf(request)).toString('utf8'));
  const [cents, stock] = await Promise.all([price(sku), redis.command('DECR', `stock:${sku}`)]);
  if (cents === undefined) return reply(response, 422, { error: 'no such product' });
  const order = { id: ++lastOrder, sku, paidCents: cents };
  await redis.command('SET', `order:${order.id}`, JSON.stringify(order));
  return reply(response, 201, { ...order, stock });
}

/** Three calls at once. */
async function showCatalogue(response) {
  const skus = ['SKU-0001', 'SKU-0002', 'SKU-0003'];
  const prices = await Promise.all(skus.map((sku) => price(sku)));
  return reply(response, 200, Object.fromEntries(skus.map((sku, index) => [sku, prices[index]])));
}

/** The slow one: a report that the pricing service makes from several queries, kept for a while in Redis. */
async function showReport(response) {
  const kept = await redis.command('GET', 'report:daily');
  const answer = await ask(agent, pricingPort, 'GET', '/reports/daily');
  await redis.command('SET', 'report:daily', answer.bytes.toString('utf8'));
  return reply(response, answer.status, { report: JSON.parse(answer.bytes.toString('utf8')), before: kept !== null });
}

/** What customers ordered before, and what is in stock. */
async function fillStores() {
  for (let number = 1; number <= 200; number++) {
    const sku = `SKU-${String(number).padStart(4, '0')}`;
    await redis.command('SET', `order:${number}`, JSON.stringify({ id: number, sku, paidCents: number * 10 }));
    await redis.command('SET', `stock:${sku}`, 1_000_000);
  }
}

const server = http.createServer((request, response) => {
  const [, collection, id] = request.url.split('/');
  const handle = () => {
    if (request.method === 'POST' && collection === 'orders') return placeOrder(request, response);
    if (collection === 'orders' && id !== undefined) return showOrder(id, response);
    if (collection === 'catalogue') return showCatalogue(response);
    if (collection === 'reports') return showReport(response);
    return reply(response, 404, { error: 'no such page' });
  };
  Promise.resolve(handle()).catch((error) => reply(response, 500, { error: error.message }));
});
server.keepAliveTimeout = 60_000;
await fillStores();
server.listen(port, '127.0.0.1');
