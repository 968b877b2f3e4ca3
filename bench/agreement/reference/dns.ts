import type { Exchange } from '../exchange.ts';
import { fieldIn, messagesOf, type PdmlPacket } from './pdml.ts';
import type { Reference } from './reference.ts';

/** What tshark says about DNS, over UDP and TCP. */
export class DnsReference implements Reference {
  readonly exchanges: Exchange[] = [];
  readonly dissector = 'dns';
  readonly remarks = new Map<string, number>();
  /** Open questions by stream and id. */
  private readonly open = new Map<string, number[]>();

  take(packet: PdmlPacket, port: number): void {
    for (const { node, frame } of messagesOf(packet, 'dns', port)) {
      const { stream } = packet;
      const id = String(Number(fieldIn(node, 'dns.id')?.show));
      const key = `${stream} ${id}`;
      const waiting = this.open.get(key) ?? [];
      this.open.set(key, waiting);
      if (fieldIn(node, 'dns.flags.response')?.show === '1') {
        const index = waiting.shift();
        if (index === undefined) continue;
        const rcode = fieldIn(node, 'dns.flags.rcode')?.show ?? '';
        const exchange = this.exchanges[index]!;
        this.exchanges[index] = { ...exchange, response: { frame, facts: { id, rcode: String(Number(rcode)) } } };
        const requestIn = fieldIn(node, 'dns.response_to')?.show;
        if (requestIn !== undefined && Number(requestIn) < exchange.request.frame) {
          this.remarks.set('dns.response_to is another', (this.remarks.get('dns.response_to is another') ?? 0) + 1);
        }
        continue;
      }
      const name = fieldIn(node, 'dns.qry.name')?.show ?? '';
      // "Type: A (Host Address) (1)"
      const type = /^Type: (\S+)/.exec(fieldIn(node, 'dns.qry.type')?.showname ?? '')?.[1] ?? '';
      waiting.push(this.exchanges.length);
      const facts = { id, name: name === '<Root>' ? '' : name, type: type === '*' ? 'ANY' : type };
      this.exchanges.push({ stream, request: { frame, facts }, response: undefined });
    }
  }
}
