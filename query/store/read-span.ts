/** One span with all of its fields, and what is known of the resources that its sides are tagged with: as of then, and now. */
import {
  bytesLiteral,
  integerLiteral,
  plainBytesLiteral,
  stringLiteral,
  timeLiteral,
} from '../../core/clickhouse/sql-literal.ts';
import type { Side } from '../../schemas/generated/span.ts';
import { tags } from '../../schemas/tags.ts';
import type { TaggedResourceJson } from '../api/tagged-resource-json.ts';
import { readPage } from './open-spans.ts';
import type { Reader } from './read-limits.ts';
import type { TraceRow } from './trace-sql.ts';
import type { NamedSpan } from './trace-store.ts';

/** A span by its id. */
export interface FoundSpan extends NamedSpan {
  readonly clientResources: readonly TaggedResourceJson[];
  readonly serverResources: readonly TaggedResourceJson[];
}

/** Labels of a resource that are read, by the alphabet, and characters of one. */
const maxLabels = 100;
const maxLabelLength = 300;

/** The present version of a span of this trace. @throws TraceChangedError when it was replaced meanwhile */
export async function readSpan(reader: Reader, trace: TraceRow, spanId: string): Promise<FoundSpan | undefined> {
  const startNs = BigInt(trace.start_time_ns);
  const [version] = await reader.select<{ readonly start_ns: string; readonly revision: number }>(
    `SELECT toString(toUnixTimestamp64Nano(start_time)) AS start_ns, revision FROM spans FINAL
     WHERE start_time >= ${timeLiteral(startNs)} AND start_time <= ${timeLiteral(startNs + BigInt(trace.duration_ns))}
       AND trace_id = ${bytesLiteral(trace.trace_id)} AND span_id = ${plainBytesLiteral(spanId)}`,
  );
  if (version === undefined) return undefined;
  const { start_ns: start, revision } = version;
  const [found] = await readPage(reader, trace, [{ spanId, startTimeNs: BigInt(start), revision }]);
  const [client, server] = [tagsOf(found!.span.client), tagsOf(found!.span.server)];
  const known = await readResources(reader, [...client, ...server], BigInt(start));
  const resources = (tagged: readonly TagId[]): readonly TaggedResourceJson[] =>
    tagged.flatMap(({ kind, id }) => known.get(`${kind}:${id}`) ?? []);
  return { ...found!, clientResources: resources(client), serverResources: resources(server) };
}

interface TagId {
  readonly kind: string;
  readonly id: number;
}

function tagsOf(side: Side): readonly TagId[] {
  return tags.map(({ kind, id }) => ({ kind, id: side[id] })).filter(({ id }) => id !== 0);
}

interface ResourceRow extends TagId {
  readonly then: readonly [string, Readonly<Record<string, string>>];
  readonly latest: readonly [string, Readonly<Record<string, string>>];
  readonly has_then: number;
  readonly removed_ns: string;
}

/** By kind and id. Where no version held at that time, the latest one counts. */
async function readResources(
  reader: Reader,
  ids: readonly TagId[],
  timeNs: bigint,
): Promise<ReadonlyMap<string, TaggedResourceJson>> {
  if (ids.length === 0) return new Map();
  const keys = new Set(ids.map(({ kind, id }) => `(${stringLiteral(kind)}, ${integerLiteral(id)})`));
  const held = `valid_from <= ${timeLiteral(timeNs)}`;
  const rows = await reader.select<ResourceRow>(
    `SELECT kind_name AS kind, id, argMaxIf(facts, valid_from, ${held}) AS then, toUInt8(countIf(${held}) > 0) AS has_then,
       argMax(facts, valid_from) AS latest, toString(argMax(toUnixTimestamp64Nano(valid_to), valid_from)) AS removed_ns
     FROM (
       SELECT toString(kind) AS kind_name, id, valid_from, valid_to,
         (name, mapApply((key, value) -> (key, substringUTF8(value, 1, ${maxLabelLength})),
           mapFromArrays(arraySlice(mapKeys(labels), 1, ${maxLabels}), arraySlice(mapValues(labels), 1, ${maxLabels})))) AS facts
       FROM resource FINAL WHERE (kind, id) IN (${[...keys].join(', ')}))
     GROUP BY kind_name, id`,
  );
  return new Map(
    rows.map(({ kind, id, then, latest, has_then: hasThen, removed_ns: removedNs }) => {
      const [name, labels] = hasThen === 1 ? then : latest;
      const resource = { kind, id, name, labels, name_now: latest[0], labels_now: latest[1] };
      return [`${kind}:${id}`, { ...resource, removed_ns: removedNs === '0' ? '' : removedNs }];
    }),
  );
}
