import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startShop } from './shop.ts';

describe('the demo', () => {
  it('answers through all of its services and leaves no process behind', async () => {
    const shop = await startShop();
    const processIds: number[] = [];
    try {
      const url = `http://127.0.0.1:${shop.gatewayPort}`;
      const order = await fetch(`${url}/orders/7`);
      expect(order.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      if (shop.missing.length === 0) {
        expect(await order.json()).toMatchObject({ id: 7, sku: 'SKU-0007', cents: 70 });
        const placed = await fetch(`${url}/orders`, { method: 'POST', body: JSON.stringify({ sku: 'SKU-0003' }) });
        expect(await placed.json()).toMatchObject({ sku: 'SKU-0003', paidCents: 30 });
        expect(await (await fetch(`${url}/reports/daily`)).json()).toMatchObject({
          report: { total: [['200', '201000']] },
        });
      }
      const load = await shop.sendRequests({ requests: 20, perSecond: 200 });
      processIds.push(load.processId);
      expect(await load.ended).toBe(0);
    } finally {
      await shop.stop();
    }
    for (const processId of processIds) expect(existsSync(`/proc/${processId}`)).toBe(false);
    expect(descendants()).toEqual([]);
  });
});

/** Command lines of what this process started and that is still there. */
function descendants(): readonly string[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
}
