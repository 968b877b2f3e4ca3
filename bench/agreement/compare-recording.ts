import { type Agreement, compare } from './compare.ts';
import { type Mode, modes, payloadsByStream, readWithEnricher } from './ours.ts';
import { DnsReference } from './reference/dns.ts';
import { Http1Reference } from './reference/http1.ts';
import { MysqlReference } from './reference/mysql.ts';
import { readWithTshark } from './reference/pdml.ts';
import { PostgresqlReference } from './reference/postgresql.ts';
import { RedisReference } from './reference/redis.ts';
import type { Reference } from './reference/reference.ts';
import type { Recording } from './record.ts';

/** How both readers agree about one capture, in each mode. */
export interface Comparison {
  readonly recording: Recording;
  readonly modes: readonly ComparedMode[];
  readonly remarks: ReadonlyMap<string, number>;
  readonly marks: ReadonlyMap<string, string>;
}

interface ComparedMode {
  readonly mode: Mode;
  readonly agreement: Agreement;
  readonly misjudged: ReadonlyMap<string, number>;
}

const references: Readonly<Record<Recording['protocol'], () => Reference>> = {
  http1: () => new Http1Reference(),
  dns: () => new DnsReference(),
  redis: () => new RedisReference(),
  mysql: () => new MysqlReference(),
  postgresql: () => new PostgresqlReference(),
};

/** Reads a capture with both and compares. */
export async function compareRecording(recording: Recording): Promise<Comparison> {
  const { protocol, port, file } = recording;
  const reference = references[protocol]();
  const streamOf = new Map<number, string>();
  await readWithTshark(file, port, reference.dissector, (packet) => {
    streamOf.set(packet.frame, packet.stream);
    reference.take(packet, port);
  });
  reference.finish?.();
  const streams = payloadsByStream(file, streamOf);
  return {
    recording,
    remarks: reference.remarks,
    marks: reference.marks ?? new Map<string, string>(),
    modes: modes.map((mode) => compareMode(recording, mode, reference, streams)),
  };
}

function compareMode(
  recording: Recording,
  mode: Mode,
  reference: Reference,
  streams: ReturnType<typeof payloadsByStream>,
): ComparedMode {
  const misjudged = new Map<string, number>();
  const agreements = mode.missedShares.map((share) => {
    const reading = readWithEnricher(recording, mode, share, streams);
    for (const [name, count] of reading.misjudged) misjudged.set(name, (misjudged.get(name) ?? 0) + count);
    const isCut = mode.budgetBytes < Infinity || share > 0;
    return compare(reference.exchanges, reading.exchanges, reading.seenFrom, isCut);
  });
  const sum = (of: (agreement: Agreement) => number): number => agreements.reduce((total, one) => total + of(one), 0);
  const agreement = {
    tshark: sum((one) => one.tshark),
    ours: sum((one) => one.ours),
    agree: sum((one) => one.agree),
    differences: agreements.flatMap((one) => one.differences),
  };
  return { mode, misjudged, agreement };
}
