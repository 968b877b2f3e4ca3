/** One variant of bench/storage.ts, in a process of its own so that its memory is its own. Prints its figures as JSON. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../../core/clickhouse/embedded.ts';
import { migrate } from '../../core/clickhouse/migrate.ts';
import { nameLiteral } from '../../core/clickhouse/sql-literal.ts';
import type { ResourceKind } from '../../schemas/generated/resource.ts';
import { resourceTable, writeResourceRow } from '../../sink/tables/resource.ts';
import { RowBinaryWriter } from '../../sink/row-binary-writer.ts';
import { gatewayResource } from '../../sink/testing/traces.ts';
import { epochNs } from '../../schemas/testing/a-span.ts';
import { labelTags, mix, podCount, podsOfSpan, sideTags, type Tag } from './world.ts';

/** How tags are stored. */
export const variants = {
  /** As spanloom does: integers, and custom labels nowhere but in the resource they are of. */
  smart: { type: 'Int32', codec: 'CODEC(T64, LZ4)', hasLabels: false, isText: false },
  integer: { type: 'Int32', codec: 'CODEC(T64, LZ4)', hasLabels: true, isText: false },
  'integer-lz4': { type: 'Int32', codec: '', hasLabels: true, isText: false },
  'integer-zstd': { type: 'Int32', codec: 'CODEC(ZSTD(1))', hasLabels: true, isText: false },
  'integer-t64-zstd': { type: 'Int32', codec: 'CODEC(T64, ZSTD(1))', hasLabels: true, isText: false },
  'low-cardinality': { type: 'LowCardinality(String)', codec: '', hasLabels: true, isText: true },
  string: { type: 'String', codec: '', hasLabels: true, isText: true },
} as const;
export type Variant = keyof typeof variants;

/** What was measured. */
export interface StorageFigures {
  readonly variant: string;
  readonly rows: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakMegabytes: number;
  readonly rowBytes: number;
  readonly diskMegabytes: number;
  readonly optimizedMegabytes: number;
  readonly optimizeCpuSeconds: number;
  readonly groupMs: number;
  readonly groupCpuMs: number;
  readonly labelMs: number;
  readonly labelCpuMs: number;
}

const batchRows = 50_000;

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
/** Of this thread alone, exact: so that making rows does not count as storing them. */
const threadSeconds = (): number =>
  Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
const statusMegabytes = (name: string): number =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;

/** The bytes of these tags for each pod, ready to be copied into rows. */
function templates(tags: readonly Tag[], isText: boolean): readonly Buffer[] {
  const writer = new RowBinaryWriter();
  return Array.from({ length: podCount }, (_, pod) => {
    for (const tag of tags) {
      if (isText) writer.writeString(tag.textOf(pod));
      else writer.writeInt32(tag.idOf(pod));
    }
    return Buffer.from(writer.take());
  });
}

/** How long one query takes, and how much processor time. */
interface QueryCost {
  readonly ms: number;
  readonly cpuMs: number;
}

/** A database with one table of spans, with tags as a variant stores them. */
class VariantDatabase {
  readonly #clickHouse: ClickHouse;
  readonly #variant: (typeof variants)[Variant];
  readonly #labels: readonly Tag[];

  constructor(clickHouse: ClickHouse, variant: Variant) {
    this.#clickHouse = clickHouse;
    this.#variant = variants[variant];
    this.#labels = this.#variant.hasLabels ? labelTags : [];
  }

  get #tagNames(): readonly string[] {
    return [
      ...['client', 'server'].flatMap((side) => sideTags.map(({ name }) => `${side}_${name}`)),
      ...this.#labels.map(({ name }) => `label_${name}`),
    ];
  }

  async prepare(): Promise<void> {
    const { type, codec } = this.#variant;
    await migrate(this.#clickHouse);
    await this.#clickHouse.execute(
      `CREATE TABLE tagged (start_time DateTime64(9, 'UTC') CODEC(Delta, LZ4), duration_ns Int64 CODEC(T64, LZ4),
        ${this.#tagNames.map((name) => `${nameLiteral(name)} ${type} ${codec}`).join(', ')})
      ENGINE = MergeTree ORDER BY start_time SETTINGS min_bytes_for_wide_part = 268435456`,
    );
    await this.#storeResources();
  }

  /** Stores the rows; the bytes of all, and the seconds that were spent making them. */
  async fill(rows: number): Promise<{ readonly bytes: number; readonly secondsMaking: number }> {
    const { isText } = this.#variant;
    const client = templates(sideTags, isText);
    const server = templates([...sideTags, ...this.#labels], isText);
    const columns = [
      { name: 'start_time', type: "DateTime64(9, 'UTC')" },
      { name: 'duration_ns', type: 'Int64' },
      ...this.#tagNames.map((name) => ({ name, type: isText ? 'String' : 'Int32' })),
    ];
    const writer = new RowBinaryWriter(4 * 1024 * 1024);
    let [bytes, secondsMaking] = [0, 0];
    for (let first = 0; first < rows; first += batchRows) {
      const makingSince = threadSeconds();
      const pieces: Buffer[] = [];
      for (let number = first; number < Math.min(rows, first + batchRows); number++) {
        const [clientPod, serverPod] = podsOfSpan(number);
        writer.writeBigInt64(epochNs + BigInt(number) * 5_000n);
        writer.writeInt64(100_000 + (mix(number, 9) % 50_000_000));
        for (const piece of [client[clientPod]!, server[serverPod]!]) {
          const position = writer.claim(piece.length);
          piece.copy(writer.buffer, position);
        }
        if (writer.length > 3 * 1024 * 1024) pieces.push(writer.take());
      }
      pieces.push(writer.take());
      bytes += pieces.reduce((sum, piece) => sum + piece.length, 0);
      secondsMaking += threadSeconds() - makingSince;
      await this.#clickHouse.insert({ table: 'tagged', columns, rows: pieces });
    }
    return { bytes, secondsMaking };
  }

  /** Merges everything into one part. */
  async optimize(): Promise<void> {
    await this.#clickHouse.execute('OPTIMIZE TABLE tagged FINAL');
  }

  async diskMegabytes(): Promise<number> {
    const [row] = await this.#clickHouse.select<{ bytes: number }>(
      `SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND table = 'tagged'`,
    );
    return row!.bytes / 1e6;
  }

  /** The pairs of workloads with the most calls, by name. */
  async groupByWorkload(): Promise<QueryCost> {
    const nameOf = (id: string): string => (this.#variant.isText ? id : `resource_name(10, ${id}, now())`);
    return this.#timed(
      `SELECT ${nameOf('client')} AS client_name, ${nameOf('server')} AS server_name, calls, mean FROM (
        SELECT client_workload AS client, server_workload AS server, count() AS calls, avg(duration_ns) AS mean
        FROM tagged GROUP BY client, server ORDER BY calls DESC, client, server LIMIT 20)`,
    );
  }

  /** The calls of servers that have a label. */
  async filterByLabel(): Promise<QueryCost> {
    const team = labelTags.find((tag) => tag.name === 'team')!.textOf(7);
    const labelled = this.#variant.isText
      ? `label_team = '${team}'`
      : `server_pod IN (SELECT id FROM resource WHERE kind = 'pod' AND labels['team'] = '${team}')`;
    return this.#timed(`SELECT count() AS calls, avg(duration_ns) AS mean FROM tagged WHERE ${labelled}`);
  }

  /** The third of five runs, by processor time. */
  async #timed(sql: string): Promise<QueryCost> {
    const runs: QueryCost[] = [];
    for (let round = 0; round < 5; round++) {
      const [startedAtMs, cpuBefore] = [performance.now(), cpuSeconds()];
      await this.#clickHouse.select(sql);
      runs.push({ ms: performance.now() - startedAtMs, cpuMs: (cpuSeconds() - cpuBefore) * 1000 });
    }
    return runs.toSorted((left, right) => left.cpuMs - right.cpuMs)[2]!;
  }

  async #storeResources(): Promise<void> {
    const writer = new RowBinaryWriter();
    const pieces: Buffer[] = [];
    const seen = new Set<string>();
    for (let pod = 0; pod < podCount; pod++) {
      for (const kind of ['workload', 'pod'] as const satisfies readonly ResourceKind[]) {
        const tag = sideTags.find(({ name }) => name === kind)!;
        const [id, name] = [tag.idOf(pod), tag.textOf(pod)];
        if (seen.has(`${kind}${id}`)) continue;
        seen.add(`${kind}${id}`);
        const labels =
          kind === 'pod' ? Object.fromEntries(labelTags.map((label) => [label.name, label.textOf(pod)])) : {};
        writeResourceRow(writer, gatewayResource({ kind, id, uid: name, name, labels, environment: {} }), pod);
        pieces.push(writer.take());
      }
    }
    await this.#clickHouse.insert({ table: 'resource', columns: resourceTable.columns, rows: pieces });
    for (const name of ['resource_value', 'resource_at', 'resource_now'])
      await this.#clickHouse.execute(`SYSTEM RELOAD DICTIONARY ${name}`);
  }
}

async function measure(variant: Variant, rows: number): Promise<StorageFigures> {
  const directory = await mkdtemp(join(tmpdir(), 'spanloom-storage-'));
  const clickHouse = openEmbeddedClickHouse({
    directory: join(directory, 'clickhouse'),
    maxMemoryBytes: 8 * 1024 ** 3,
  });
  try {
    const database = new VariantDatabase(clickHouse, variant);
    await database.prepare();
    await writeFile('/proc/self/clear_refs', '5');
    const beforeMegabytes = statusMegabytes('VmRSS');
    const [startedAtMs, cpuBefore] = [performance.now(), cpuSeconds()];
    const { bytes, secondsMaking } = await database.fill(rows);
    const spent = cpuSeconds() - cpuBefore - secondsMaking;
    const wallSeconds = (performance.now() - startedAtMs) / 1000 - secondsMaking;
    const peakMegabytes = statusMegabytes('VmHWM') - beforeMegabytes;
    const diskMegabytes = await database.diskMegabytes();
    const optimizeBefore = cpuSeconds();
    await database.optimize();
    const optimizeCpuSeconds = cpuSeconds() - optimizeBefore;
    const group = await database.groupByWorkload();
    const label = await database.filterByLabel();
    return {
      variant,
      rows,
      cpuSeconds: spent,
      wallSeconds,
      peakMegabytes,
      rowBytes: bytes / rows,
      diskMegabytes,
      optimizedMegabytes: await database.diskMegabytes(),
      optimizeCpuSeconds,
      groupMs: group.ms,
      groupCpuMs: group.cpuMs,
      labelMs: label.ms,
      labelCpuMs: label.cpuMs,
    };
  } finally {
    await clickHouse.close();
    await rm(directory, { recursive: true, force: true });
  }
}

const [variant, rows] = process.argv.slice(2);
if (variant !== undefined && variant in variants && rows !== undefined)
  console.log(JSON.stringify(await measure(variant as Variant, Number(rows))));
