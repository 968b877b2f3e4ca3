import type { Bus, OutgoingMessage } from '../../core/bus/bus.ts';
import { replayedFromHeader, replayOf } from '../../core/dead-letter.ts';
import type { RejectReason } from '../../schemas/generated/dead-letter.ts';
import { type FiledLetter, type LetterCounts, newestLetters, readLetters } from '../dead-letters.ts';
import { printable } from '../output/printable.ts';
import { loadSettings } from '../settings.ts';
import { openStoredLog } from '../bus/stored-log.ts';
import { listWidthOf, paintFor } from '../output/style.ts';
import { type Column, renderTable } from '../output/table.ts';

/** Options of both commands: which letters are meant. Durations in milliseconds. */
export interface DeadLetterOptions {
  readonly stage?: string;
  readonly reason?: RejectReason;
  readonly topic?: string;
  readonly since?: number;
  /** The newest so many. */
  readonly limit?: number;
}

const defaultListLimit = 100;
/** Messages of one send while replaying. */
const replayBatch = { messages: 500, bytes: 4 * 1024 * 1024 };

/** Lists letters, the newest first. */
export async function listDeadLetters(
  options: DeadLetterOptions & { readonly json?: boolean },
  signal: AbortSignal,
): Promise<void> {
  await withLetters(options, signal, async (letters, counts) => {
    const found = [...(await newestLetters(letters, options.limit ?? defaultListLimit))].reverse();
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify({ letters: found.map(toJson), unreadable: counts.unreadable })}\n`);
      return;
    }
    const lines =
      found.length === 0
        ? ['No dead letters match.']
        : renderTable(columns(found), listWidthOf(process.stdout), paintFor(process.stdout, process.env));
    process.stdout.write(`${lines.join('\n')}\n`);
    reportUnreadable(counts);
  });
}

/** Sends the messages of letters to the topics they came from again, oldest first. */
export async function replayDeadLetters(
  options: DeadLetterOptions & { readonly dryRun?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const isDry = options.dryRun === true;
  const byTopic = new Map<string, number>();
  await withLetters(options, signal, async (letters, counts, bus) => {
    const chosen = options.limit === undefined ? letters : await newestLetters(letters, options.limit);
    const producer = isDry ? undefined : await bus.producer();
    let waiting: OutgoingMessage[] = [];
    let bytes = 0;
    const send = async (): Promise<void> => {
      await producer?.send(waiting);
      for (const { topic } of waiting) byTopic.set(topic, (byTopic.get(topic) ?? 0) + 1);
      waiting = [];
      bytes = 0;
    };
    try {
      for await (const { letter, at } of chosen) {
        waiting.push(replayOf(letter, at));
        bytes += letter.value.length;
        if (waiting.length >= replayBatch.messages || bytes >= replayBatch.bytes) await send();
      }
      await send();
    } finally {
      await producer?.close();
      process.stdout.write(`${summaryOf(byTopic, isDry)}\n`);
      reportUnreadable(counts);
    }
  });
}

async function withLetters(
  options: DeadLetterOptions,
  signal: AbortSignal,
  use: (letters: AsyncIterable<FiledLetter>, counts: LetterCounts, bus: Bus) => Promise<void>,
): Promise<void> {
  const settings = loadSettings();
  const { stage, reason, topic, since } = options;
  const filter = {
    ...(stage === undefined ? {} : { stage }),
    ...(reason === undefined ? {} : { reason }),
    ...(topic === undefined ? {} : { topic }),
    ...(since === undefined ? {} : { sinceMs: Date.now() - since }),
  };
  const counts = { unreadable: 0 };
  const bus = await openStoredLog(settings);
  try {
    await use(readLetters(bus, filter, counts, signal), counts, bus);
  } finally {
    await bus.close();
  }
}

function summaryOf(byTopic: ReadonlyMap<string, number>, isDry: boolean): string {
  const total = [...byTopic.values()].reduce((sum, count) => sum + count, 0);
  const parts = [...byTopic].map(([topic, count]) => `${count} to ${topic}`).join(', ');
  const verb = isDry ? 'Would replay' : 'Replayed';
  return `${verb} ${total} dead ${total === 1 ? 'letter' : 'letters'}${parts === '' ? '' : `: ${parts}`}.`;
}

function reportUnreadable({ unreadable }: LetterCounts): void {
  if (unreadable > 0)
    process.stderr.write(`${unreadable} messages on the topic dead-letter could not be read themselves.\n`);
}

function toJson({ letter, at }: FiledLetter): object {
  return {
    partition: at.partition,
    offset: at.offset,
    time: timeText(letter.timeNs),
    stage: letter.stage,
    reason: letter.reason,
    detail: letter.detail,
    origin: { topic: letter.topic, partition: letter.partition, offset: letter.offset },
    key: letter.key,
    headers: letter.headers,
    value_base64: Buffer.from(letter.value).toString('base64'),
  };
}

function columns(found: readonly FiledLetter[]): readonly Column[] {
  const cells = (textOf: (filed: FiledLetter) => string) => () => found.map((filed) => ({ text: textOf(filed) }));
  return [
    { title: 'LETTER', cells: cells(({ at }) => `${at.partition}/${at.offset}`) },
    { title: 'TIME', cells: cells(({ letter }) => timeText(letter.timeNs)), drop: 3 },
    { title: 'STAGE', cells: cells(({ letter }) => printable(letter.stage)) },
    { title: 'REASON', cells: cells(({ letter }) => letter.reason) },
    {
      title: 'FROM',
      cells: cells(({ letter }) => printable(`${letter.topic}/${letter.partition}/${letter.offset}`)),
      minimumWidth: 12,
      shrink: 3,
    },
    { title: 'BYTES', align: 'right', cells: cells(({ letter }) => String(letter.value.length)), drop: 2 },
    {
      title: 'REPLAY OF',
      cells: cells(({ letter }) => printable(letter.headers[replayedFromHeader] ?? '')),
      drop: 1,
    },
    { title: 'DETAIL', cells: cells(({ letter }) => printable(letter.detail)), minimumWidth: 12, shrink: 2 },
  ];
}

function timeText(timeNs: bigint): string {
  return new Date(Number(timeNs / 1_000_000n)).toISOString();
}
