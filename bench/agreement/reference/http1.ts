import type { Exchange, ReadMessage } from '../exchange.ts';
import { groupBy } from '../group-by.ts';
import { fieldIn, messagesOf, type PdmlNode, type PdmlPacket } from './pdml.ts';
import type { Reference } from './reference.ts';

/**
 * What tshark says about HTTP/1. It shows a message when its body is complete, so a server that answers early is shown
 * before the request: messages are put into the order in which they began. Responses come in the order of requests;
 * whether tshark's own `http.request_in` says so too is counted.
 */

interface Head {
  readonly stream: string;
  /** Where it began. */
  readonly frame: number;
  /** Where tshark shows it. */
  readonly shownIn: number;
  readonly node: PdmlNode;
}

/** Reads HTTP/1 connections; see the top of the file. */
export class Http1Reference implements Reference {
  readonly exchanges: Exchange[] = [];
  readonly dissector = 'http';
  readonly remarks = new Map<string, number>();
  readonly marks = new Map<string, string>();
  private readonly heads: Head[] = [];

  take(packet: PdmlPacket, port: number): void {
    const text = packet.sourcePort === port ? '' : Buffer.from(packet.payload, 'hex').toString('latin1');
    if (/^(?:\r?\n)+[A-Z]+ \S+ HTTP\/1/.test(text)) this.marks.set(packet.stream, 'blank line');
    for (const { node, frame } of messagesOf(packet, 'http', port)) {
      this.heads.push({ stream: packet.stream, frame, shownIn: packet.frame, node });
    }
  }

  finish(): void {
    for (const heads of groupBy(this.heads, ({ stream }) => stream).values()) {
      this.pair([...heads].sort((one, other) => one.frame - other.frame));
    }
  }

  private pair(heads: readonly Head[]): void {
    const waiting: { readonly index: number; readonly shownIn: number }[] = [];
    for (const { stream, frame, shownIn, node } of heads) {
      const request = requestOf(node, frame);
      const code = fieldIn(node, 'http.response.code')?.show;
      if (request !== undefined) {
        if (request.facts['method'] === 'CONNECT') this.marks.set(stream, 'tunnel');
        if (request.facts['method'] === 'HEAD' && heads.filter((head) => head.frame === frame).length > 1) {
          this.marks.set(stream, 'pipelined HEAD');
        }
        waiting.push({ index: this.exchanges.length, shownIn });
        this.exchanges.push({ stream, request, response: undefined });
      } else if (code !== undefined && (Number(code) >= 200 || code === '101')) {
        // Interim responses are no answer: the real one follows.
        const open = waiting.shift();
        if (open === undefined) continue;
        this.exchanges[open.index] = { ...this.exchanges[open.index]!, response: { frame, facts: { code } } };
        const requestIn = fieldIn(node, 'http.request_in')?.show;
        if (requestIn !== undefined && Number(requestIn) !== open.shownIn)
          this.remark('http.request_in is another request');
        // What follows is another protocol.
        if (code === '101') return;
      }
    }
  }

  private remark(text: string): void {
    this.remarks.set(text, (this.remarks.get(text) ?? 0) + 1);
  }
}

function requestOf(node: PdmlNode, frame: number): ReadMessage | undefined {
  const method = fieldIn(node, 'http.request.method')?.show;
  if (method === undefined) return undefined;
  const target = fieldIn(node, 'http.request.uri')?.show ?? '';
  const authority = /^https?:\/\/([^/?]*)/.exec(target)?.[1];
  const uri = target.replace(/^https?:\/\/[^/?]*/, '') || '/';
  // RFC 9112, 3.2.2: with an absolute target the field Host counts for nothing.
  const host = authority ?? fieldIn(node, 'http.host')?.show ?? '';
  return { frame, facts: { method, uri, host } };
}
