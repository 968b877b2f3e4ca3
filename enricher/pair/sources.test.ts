import { describe, expect, test } from 'vitest';
import { Counters } from '../../core/stage/accounting.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { anEvent } from '../../schemas/testing/an-event.ts';
import type { Conversation, Dissector, Message, Segment, Sender } from '../../protocols/dissection/dissector.ts';
import { type DropReason, dropReasons, type EnricherRejectReason, rejectReasons } from '../outcomes.ts';
import { SpanIds } from '../span-id.ts';
import { AgentTagger } from '../tag/agent-tagger.ts';
import { ResourceTable } from '../tag/resource-table.ts';
import { newTagCounts } from '../tag/tag-counts.ts';

import { lineDissector } from '../testing/line-protocol.ts';
import { testConfig } from '../testing/run-agent.ts';
import { type BatchClock, EventRef } from './event-ref.ts';
import type { Observer } from './observer.ts';
import { Pairing } from './pairing.ts';
import { SpanBuilder } from './span-builder.ts';

/** Segments of a source that knows no execution contexts, and responses that end later than their head. */

const clientNetwork: Observer = {
  signalSource: 'packet',
  clientPoint: 'c',
  serverPoint: 's',
  interfaceName: 'eth0',
  tunnels: () => [],
};
const clock: BatchClock = { offset: 1, baseTimeNs: 1_700_000_000_000_000_000n, baseMonotonicNs: 0 };

/** `S <id>` begins a response that goes on until `E <id> <code>`; all else is as in the line protocol. */
class StreamingConversation<Origin> implements Conversation<Origin> {
  readonly desynchronized = false;

  read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    const { origin } = segment;
    const [word, id, code] = segment.bytes.toString('latin1').trim().split(' ');
    const requestId = Number(id);
    if (word === 'E') {
      const instead = { status: 'server_error' as const, responseCode: Number(code) };
      report({ kind: 'end', origin, offset: segment.length, requestId, instead });
      return;
    }
    lineDissector.open<Origin>().read(sender, segment, (message) => {
      if (message.kind === 'response') report({ ...message, requestId, declaredBytes: 0, ends: 'apart' });
      else report({ ...message, requestId });
    });
  }

  end(): void {
    // Nothing is kept.
  }
}

const streamingDissector: Dissector = {
  ...lineDissector,
  open: <Origin>() => new StreamingConversation<Origin>(),
};

interface Run {
  readonly spans: Span[];
  readonly counters: Counters<DropReason, EnricherRejectReason>;
  readonly pairing: Pairing;
  readonly send: (direction: 'ingress' | 'egress', text: string) => void;
}

function run(dissector: Dissector, maxOpenRequests = 100): Run {
  const counters = new Counters(dropReasons, rejectReasons);
  const spans: Span[] = [];
  const pairing = new Pairing({
    dissectors: [dissector],
    spanIds: new SpanIds(7),
    spans: new SpanBuilder(7, new AgentTagger(new ResourceTable(testConfig), 10, newTagCounts())),
    counters,
    limits: { maxSockets: 10, maxOpenRequests },
    emit: ({ record, events }) => {
      counters.emit(events);
      spans.push(record);
    },
  });
  let id = 0;
  const send = (direction: 'ingress' | 'egress', text: string): void => {
    const event = anEvent({ id: ++id, direction, text });
    counters.receive(1);
    const socket = pairing.find(1) ?? pairing.open(event, clientNetwork);
    pairing.segment(socket, new EventRef(event, clock, undefined, socket.movedBytes(direction === 'ingress')), event);
  };
  return { spans, counters, pairing, send };
}

describe('a source without execution contexts', () => {
  test('gives spans of its own observation point and signal source, without causes', () => {
    const { spans, send } = run(lineDissector);
    send('egress', 'Q a 1\n');
    send('ingress', 'A 200\n');
    expect(spans).toMatchObject([
      {
        observationPoint: 'c',
        signalSource: 'packet',
        causes: [],
        requestThreadId: 0,
        requestContextId: 0,
        status: 'ok',
      },
    ]);
  });

  test('gives spans of the server side where the local end answers', () => {
    const { spans, send } = run(lineDissector);
    send('ingress', 'Q a 1\n');
    send('egress', 'A 200\n');
    expect(spans).toMatchObject([{ observationPoint: 's', signalSource: 'packet', causes: [] }]);
  });
});

describe('a response that ends later than its head', () => {
  test('makes its span when it ends, with what its trailers say, all its bytes and the whole time', () => {
    const { spans, counters, pairing, send } = run(streamingDissector);
    send('egress', 'Q 1 a\n');
    send('ingress', 'A 1\n');
    send('ingress', 'some of its body');
    expect(spans).toEqual([]);
    expect(pairing.size).toBe(2);
    send('ingress', 'E 1 13');
    expect(spans).toMatchObject([
      { status: 'server_error', responseCode: 13, durationNs: 3000, responseBytes: 4 + 16 + 6, responseEventId: 2 },
    ]);
    expect(pairing.size).toBe(1);
    expect(counters.emitted).toBe(2);
    pairing.drain(1e9);
    expect(counters.buffered).toBe(0);
  });

  test('lets the next requests be answered meanwhile', () => {
    const { spans, send } = run(streamingDissector);
    send('egress', 'Q 1 a\n');
    send('egress', 'Q 2 b\n');
    send('ingress', 'A 1\n');
    send('ingress', 'A 2\n');
    send('ingress', 'E 2 1');
    send('ingress', 'E 1 2');
    expect(spans.map(({ requestResource, responseCode }) => [requestResource, responseCode])).toEqual([
      ['b', 1],
      ['a', 2],
    ]);
  });

  const asItsHeadSays = [{ status: 'ok', responseCode: 1, durationNs: 1000, responseBytes: 4 }];

  test.each<readonly [string, (run: Run) => void]>([
    ['at the time limit', ({ pairing }) => pairing.giveUp(1e11)],
    ['with the input', ({ pairing }) => pairing.drain(5000)],
    ['when too many wait', ({ pairing }) => pairing.shrink(0)],
    [
      'when the same id is answered again',
      ({ send }) => {
        send('egress', 'Q 1 b\n');
        send('ingress', 'A 1\n');
      },
    ],
  ])('is as its head says where no end comes: %s', (_, end) => {
    const all = run(streamingDissector);
    all.send('egress', 'Q 1 a\n');
    all.send('ingress', 'A 1\n');
    end(all);
    expect(all.spans.slice(0, 1)).toMatchObject(asItsHeadSays);
    all.pairing.drain(1e12);
    expect(all.counters.buffered).toBe(0);
  });

  test('is broken by the end of its connection', () => {
    const { spans, pairing, send } = run(streamingDissector);
    send('egress', 'Q 1 a\n');
    send('ingress', 'A 1\n');
    pairing.close(pairing.find(1)!, 5000);
    expect(spans).toMatchObject([{ status: 'closed', responseCode: 1, durationNs: 4000, responseBytes: 4 }]);
  });

  test('is read again by another instance: its events count as revoked', () => {
    const { spans, counters, pairing, send } = run(streamingDissector);
    send('egress', 'Q 1 a\n');
    send('ingress', 'A 1\n');
    expect(pairing.expiring.oldestOffset).toBe(1);
    pairing.revoke();
    expect(spans).toEqual([]);
    expect(counters.buffered).toBe(0);
    expect(pairing.expiring.oldestOffset).toBeUndefined();
  });
});
