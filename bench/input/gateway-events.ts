import { Kernel } from '../../enricher/causality/testing/simulate-kernel.ts';
import type { SocketEvent } from '../../schemas/generated/event-batch.ts';

const thread = 1000;

function request(index: number): string {
  return (
    `GET /api/users/${index}/orders?limit=20&page=${index % 7} HTTP/1.1\r\nHost: shop.example\r\n` +
    `User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: application/json\r\n` +
    `X-Request-ID: 7d1f${String(index).padStart(8, '0')}\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n`
  );
}

/** What a Node gateway under 64 connections looks like to capture: an HTTP request, two Redis commands, the reply. */
export function gatewayEvents(count: number): readonly SocketEvent[] {
  const kernel = new Kernel();
  const clients = Array.from({ length: 64 }, () => kernel.accepted(thread));
  const stores = Array.from({ length: 64 }, () => kernel.connected(thread));
  for (let index = 0; kernel.events.length < count; index += 64) {
    const each = (act: (slot: number) => void): void => {
      for (let slot = 0; slot < 64; slot++) {
        if (slot % 4 === 0) kernel.wait(thread);
        kernel.nowNs += 5000;
        act(slot);
      }
    };
    each((slot) => {
      const text = request(index + slot);
      kernel.read(thread, clients[slot]!, text, text.length);
      const key = `session:${index + slot}`;
      kernel.write(thread, stores[slot]!, `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`);
    });
    each((slot) => {
      kernel.read(thread, stores[slot]!, '$12\r\n{"user":"42"}\r\n', 19);
      const key = `orders:${index + slot}`;
      kernel.write(thread, stores[slot]!, `*4\r\n$6\r\nLRANGE\r\n$${key.length}\r\n${key}\r\n$1\r\n0\r\n$2\r\n20\r\n`);
    });
    each((slot) => {
      kernel.read(thread, stores[slot]!, '*2\r\n$5\r\nfirst\r\n$6\r\nsecond\r\n', 27);
      const body = '{"orders":["first","second"]}';
      kernel.write(
        thread,
        clients[slot]!,
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
  }
  return kernel.events;
}
