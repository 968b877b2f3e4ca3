import type { Exchange, ReadMessage } from '../exchange.ts';
import { fieldIn, messagesOf, type PdmlPacket } from './pdml.ts';
import type { Reference } from './reference.ts';

/** What tshark says about HTTP/1: heads, and which response belongs to which request. */
export class Http1Reference implements Reference {
  readonly exchanges: Exchange[] = [];
  readonly dissector = 'http';
  readonly remarks = new Map<string, number>();
  private readonly waiting = new Map<string, { index: number; frame: number; method: string }[]>();
  private readonly tunnels = new Set<string>();

  take(packet: PdmlPacket, port: number): void {
    for (const { node, frame } of messagesOf(packet, 'http', port)) {
      if (this.tunnels.has(packet.stream)) return;
      const method = fieldIn(node, 'http.request.method')?.show;
      const code = fieldIn(node, 'http.response.code')?.show;
      const queue = this.waiting.get(packet.stream) ?? [];
      this.waiting.set(packet.stream, queue);
      if (method !== undefined) {
        const target = fieldIn(node, 'http.request.uri')?.show ?? '';
        const authority = /^https?:\/\/([^/?]*)/.exec(target)?.[1];
        const uri = target.replace(/^https?:\/\/[^/?]*/, '') || '/';
        const host = fieldIn(node, 'http.host')?.show ?? authority ?? '';
        queue.push({ index: this.exchanges.length, frame: packet.frame, method });
        const request: ReadMessage = { frame, facts: { method, uri, host } };
        this.exchanges.push({ stream: packet.stream, request, response: undefined });
      } else if (code !== undefined && (Number(code) >= 200 || code === '101')) {
        // Interim responses are no answer: the real one follows.
        const open = queue.shift();
        if (open === undefined) continue;
        const exchange = this.exchanges[open.index]!;
        this.exchanges[open.index] = { ...exchange, response: { frame, facts: { code } } };
        const requestIn = fieldIn(node, 'http.request_in')?.show;
        if (requestIn !== undefined && Number(requestIn) !== open.frame) this.remark('http.request_in is not in order');
        if (code === '101' || (open.method === 'CONNECT' && code.startsWith('2'))) this.tunnels.add(packet.stream);
      }
    }
  }

  private remark(text: string): void {
    this.remarks.set(text, (this.remarks.get(text) ?? 0) + 1);
  }
}
