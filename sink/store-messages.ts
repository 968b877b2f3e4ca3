/**
 * Stores the rows of many messages at once, and finds those that the database will never take. What it refuses is
 * halved until single messages are left, which costs about two inserts for each halving on the way to each of them. What no halving
 * would heal (no table, no rights) is thrown, as is what passes: then all of it is sent again.
 */
import type { ClickHouse, RowColumn } from '../core/clickhouse/clickhouse.ts';
import { PipelineError } from '../core/errors.ts';
import { joinAdjacent } from './pieces.ts';

/** Most days in one insert: each makes a part, with open files and memory of its own. */
const daysAtOnce = 50;
/** Refused inserts of one batch and table; above it, the rest is not halved further and refused in larger pieces. */
const refusalsAtMost = 2_000;

const nsPerDay = 86_400e9;

/** Types of errors that are about the table or the user, not about the rows (names as in ClickHouse's ErrorCodes.cpp). */
const tableTypes =
  /\((?:UNKNOWN_(?:TABLE|DATABASE|IDENTIFIER|TYPE|SETTING|USER|FUNCTION)|NO_SUCH_COLUMN_IN_TABLE|NOT_FOUND_COLUMN_IN_BLOCK|ACCESS_DENIED|AUTHENTICATION_FAILED|REQUIRED_PASSWORD|WRONG_PASSWORD|READONLY|QUERY_NOT_ALLOWED|SUPPORT_IS_DISABLED|SYNTAX_ERROR|QUOTA_EXCEEDED|DATABASE_ACCESS_DENIED|CORRUPTED_DATA|CHECKSUM_DOESNT_MATCH)\)/;

/** The rows of one message for one table. */
export interface StoredRows {
  readonly rows: Buffer;
  /** Of the spans among them; Infinity and -Infinity for none. */
  readonly earliestNs: number;
  readonly latestNs: number;
}

/** A table and its columns. */
export interface Target {
  readonly clickHouse: ClickHouse;
  readonly table: string;
  readonly columns: readonly RowColumn[];
}

/** Whether the same rows would be refused again, and others perhaps not. */
function isOfRows(error: unknown): error is PipelineError {
  return error instanceof PipelineError && error.code === 'DESTINATION_REFUSED' && !tableTypes.test(error.message);
}

const daysOf = ({ earliestNs, latestNs }: StoredRows): readonly [number, number] => [
  Math.floor(earliestNs / nsPerDay),
  Math.floor(latestNs / nsPerDay),
];

/** Messages in pieces of few days each: one piece nearly always. */
export function byDays<Message extends StoredRows>(messages: readonly Message[]): readonly (readonly Message[])[] {
  let [first, last] = [Infinity, -Infinity];
  for (const { earliestNs, latestNs } of messages) {
    if (earliestNs < first) first = earliestNs;
    if (latestNs > last) last = latestNs;
  }
  if (!(last - first > daysAtOnce * nsPerDay)) return [messages];
  const sorted = [...messages].sort((left, right) => left.earliestNs - right.earliestNs);
  const pieces: Message[][] = [];
  let days = new Set<number>();
  let piece: Message[] = [];
  for (const message of sorted) {
    const [from, to] = daysOf(message);
    const more = from <= to ? new Set([...days, from, to]) : days;
    if (more.size > daysAtOnce && piece.length > 0) {
      pieces.push(piece);
      piece = [];
      days = from <= to ? new Set([from, to]) : new Set();
    } else days = more;
    piece.push(message);
  }
  pieces.push(piece);
  return pieces;
}

/**
 * Inserts the rows of messages.
 *
 * @param refused called with each message that the database refuses, and why
 * @throws PipelineError of what passes, and of what is not about the rows
 */
export async function storeMessages<Message extends StoredRows>(
  target: Target,
  messages: readonly Message[],
  refused: (message: Message, error: PipelineError) => void,
): Promise<void> {
  let refusals = 0;
  const pending = [...byDays(messages)].reverse();
  for (let piece = pending.pop(); piece !== undefined; piece = pending.pop()) {
    const rows = joinAdjacent(piece.map((message) => message.rows));
    if (rows.length === 0) continue;
    try {
      await target.clickHouse.insert({ table: target.table, columns: target.columns, rows });
    } catch (error) {
      if (!isOfRows(error)) throw error;
      if (piece.length === 1 || ++refusals > refusalsAtMost) {
        for (const message of piece) refused(message, error);
        continue;
      }
      const half = piece.length >> 1;
      pending.push(piece.slice(half), piece.slice(0, half));
    }
  }
}
