import type { EventRef } from './event-ref.ts';
import { Expiring } from './expiry-list.ts';
import type { OpenRequest } from './open-request.ts';
import type { SpanEnd } from './span-builder.ts';

/** A request whose response began and whose end is reported apart: it becomes a span when that comes, or at the time limit. */
export class Responding extends Expiring {
  readonly open: OpenRequest;
  /** How the request ends, by what is known of the response. */
  end: SpanEnd;
  private readonly all: Map<number, Responding>;

  /** @param all those of its socket, by request id */
  constructor(open: OpenRequest, end: SpanEnd, headTimeNs: number, all: Map<number, Responding>) {
    super(headTimeNs + open.timeoutMs * 1e6, open.offset);
    this.open = open;
    this.end = end;
    this.all = all;
  }

  get origin(): EventRef {
    return this.open.origin;
  }

  /** Takes it out of those of its socket. */
  leave(): void {
    const { requestId } = this.open.message;
    if (this.all.get(requestId) === this) this.all.delete(requestId);
  }
}
