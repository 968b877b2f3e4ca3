import { type Agreement, compare } from './compare.ts';
import { type Mode, modes, readWithEnricher } from './ours.ts';
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
  readonly modes: readonly { readonly mode: Mode; readonly agreement: Agreement; readonly misjudged: ReadonlyMap<string, number> }[];
  readonly remarks: ReadonlyMap<string, number>;
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
  return {
    recording,
    remarks: reference.remarks,
    modes: modes.map((mode) => {
      const { exchanges, seenFrom, misjudged } = readWithEnricher(file, recording, mode, streamOf);
      const isCut = mode.budgetBytes < Infinity || mode.missedShare > 0;
      return { mode, misjudged, agreement: compare(reference.exchanges, exchanges, seenFrom, isCut) };
    }),
  };
}
