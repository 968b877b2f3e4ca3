/**
 * Spans as they are stored. A span is stored some seconds after it began, and the database does not say when; so each look
 * is at everything of a sliding window, and what was seen in it before is remembered. Bounded: at most so many are looked
 * at, remembered and given at a time, the newest.
 */
import type { SpanSummaryJson } from '../api/span-summary-json.ts';
import { withKnownKeys } from './known-keys.ts';
import { latestSpanNs, spansAt } from './read-spans.ts';
import type { Reader } from './read-limits.ts';
import { recentSpanIdsSql, type SpanListFilter } from './span-list-sql.ts';

/** How long after its beginning a span may be stored to be seen here. */
const windowNs = 90_000_000_000n;
/** So far a clock may be ahead of this one. */
const aheadNs = 60_000_000_000n;
/** Spans that one look is at. */
const maxLooked = 5_000;
/** Spans that are known to have been seen: those of the last look, and as many again. */
const maxRemembered = 2 * maxLooked;
/** Spans of the first look, and of any other. */
const maxFirst = 100;
const maxGiven = 200;

/** What a look has found. */
export interface TailLook {
  /** Newest first. */
  readonly spans: readonly SpanSummaryJson[];
  /** Further ones that were stored since the last look. */
  readonly skipped: number;
}

/** Looks at the spans of a filter, again and again. */
export class SpanTail {
  readonly #filter: SpanListFilter;
  /** The one that was looked at longest ago comes first. */
  readonly #seen = new Set<string>();
  #isFirst = true;

  constructor(filter: Omit<SpanListFilter, 'limit' | 'fromNs' | 'toNs' | 'after'>) {
    this.#filter = { ...filter, limit: maxLooked };
  }

  /** Spans that were stored since the last look; the first time some of the newest. @param nowNs Unix time */
  async look(reader: Reader, nowNs: bigint): Promise<TailLook> {
    const latestNs = await latestSpanNs(reader);
    const fromNs = (latestNs < nowNs ? latestNs : nowNs) - windowNs;
    const rows = await reader.select<{ id: string; start_time_ns: string }>(
      recentSpanIdsSql({ ...(await withKnownKeys(reader, this.#filter)), fromNs, toNs: nowNs + aheadNs }),
    );
    const unseen = rows.filter(({ id }) => !this.#seen.has(id));
    this.#remember(rows.map(({ id }) => id));
    const given = unseen.slice(0, this.#isFirst ? maxFirst : maxGiven);
    const skipped = this.#isFirst ? 0 : unseen.length - given.length;
    this.#isFirst = false;
    const positions = given.map(({ id, start_time_ns: start }) => ({ key: BigInt(start), id }));
    return { spans: await spansAt(reader, positions), skipped };
  }

  #remember(ids: readonly string[]): void {
    for (const id of ids) {
      this.#seen.delete(id);
      this.#seen.add(id);
    }
    for (const id of this.#seen) {
      if (this.#seen.size <= maxRemembered) break;
      this.#seen.delete(id);
    }
  }
}
