import type { SpanRecord } from '../spans/span-record.ts';
import { SortedRecords } from './sorted-records.ts';

/** What one execution context did, in its order. */
interface Timeline {
  readonly requests: SortedRecords;
  readonly responses: SortedRecords;
}

/** What each execution context of a process began and ended, in the order of its events. */
export class ContextTimelines {
  readonly #timelines = new Map<number, Timeline>();

  /** Contexts that spans in state belong to. */
  get count(): number {
    return this.#timelines.size;
  }

  add(record: SpanRecord): void {
    this.#timeline(record.requestContextId).requests.insert(record);
    if (record.responseEventId !== 0) this.#timeline(record.responseContextId).responses.insert(record);
  }

  /** Forgets a record that has been marked as released. */
  remove(record: SpanRecord): void {
    this.#remove(record.requestContextId, 'requests');
    if (record.responseEventId !== 0) this.#remove(record.responseContextId, 'responses');
  }

  #timeline(contextId: number): Timeline {
    let timeline = this.#timelines.get(contextId);
    if (timeline === undefined) {
      timeline = {
        requests: new SortedRecords('request'),
        responses: new SortedRecords('response'),
      };
      this.#timelines.set(contextId, timeline);
    }
    return timeline;
  }

  #remove(contextId: number, part: keyof Timeline): void {
    const timeline = this.#timelines.get(contextId);
    if (timeline === undefined) return;
    timeline[part].noteReleased();
    if (timeline.requests.isEmpty && timeline.responses.isEmpty) this.#timelines.delete(contextId);
  }

  /** Whether the call's context began or ended anything on another connection while the call was under way. */
  isInterleaved(call: SpanRecord): boolean {
    const timeline = this.#timelines.get(call.requestContextId);
    if (timeline === undefined) return false;
    for (const part of ['requests', 'responses'] as const) {
      const { items } = timeline[part];
      for (let index = timeline[part].indexAfter(call.requestEventId); index < items.length; index++) {
        const record = items[index]!;
        if ((part === 'requests' ? record.requestEventId : record.responseEventId) >= call.responseEventId) break;
        if (record !== call && record.tuple !== call.tuple) return true;
      }
    }
    return false;
  }

  /** The last server span whose reply the call's context began to write before the call began. */
  lastReply(call: SpanRecord): SpanRecord | undefined {
    const responses = this.#timelines.get(call.requestContextId)?.responses;
    if (responses === undefined) return undefined;
    for (let index = responses.indexAfter(call.requestEventId) - 1; index >= 0; index--) {
      const record = responses.items[index]!;
      if (record.role === 'server' && !record.released) return record;
    }
    return undefined;
  }

  /** The first server span whose reply the call's context wrote after the call began. */
  nextReply(call: SpanRecord): SpanRecord | undefined {
    const responses = this.#timelines.get(call.requestContextId)?.responses;
    if (responses === undefined) return undefined;
    for (let index = responses.indexAfter(call.requestEventId); index < responses.items.length; index++) {
      const record = responses.items[index]!;
      if (record.role === 'server' && !record.released) return record;
    }
    return undefined;
  }
}
