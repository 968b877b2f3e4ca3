/**
 * Whether a process passes requests on as they are, as a sidecar or a load balancer does: every call with an X-Request-ID that one
 * server span alone carries asks for the same as that one. A sidecar has two requests of one id open, that of the caller and
 * that of its own application, so the id does not tell whose call it is; what is asked for does. A program that makes other
 * calls than it serves shows that with the first of them. A sidecar seems to do so when a span comes late, which is rare.
 * State: two numbers.
 */
import type { SpanRecord } from '../spans/span-record.ts';

/** Calls that were passed on, for each that was not. */
const passedOnPerChange = 100;

/** What the calls of one process have shown. */
export class PassThrough {
  #passedOn = 0;
  #changed = 0;

  /** Learns from a call. @param servers the open server spans with its id */
  note(call: SpanRecord, servers: readonly SpanRecord[]): void {
    if (servers.length !== 1) return;
    if (requestOf(call) === requestOf(servers[0]!)) this.#passedOn++;
    else this.#changed++;
  }

  /** Of several server spans with the id of a call, the only one whose request it passes on; undefined if that is not known. */
  origin(call: SpanRecord, servers: readonly SpanRecord[]): SpanRecord | undefined {
    if (this.#passedOn === 0 || this.#passedOn < this.#changed * passedOnPerChange) return undefined;
    const request = requestOf(call);
    const same = servers.filter((server) => requestOf(server) === request);
    return same.length === 1 ? same[0] : undefined;
  }
}

/** Protocol, type and endpoint of a request, without the port: it differs on both sides of a proxy. */
const requestOf = ({ requestKind }: SpanRecord): string => requestKind.replace(/ \d+/, '');
