/**
 * One bound for the memory of `spanloom up`, made into bounds of its parts. What programs, libraries and a busy engine take
 * anyway comes first; the rest is shared out. A setting of a part that is smaller already stays as it is.
 */
import type { Settings } from '../settings.ts';

const mebibyte = 1024 ** 2;

/** Always resident: Node and the engine with their libraries, 310 MiB, and what both need to work and to catch up. */
const fixedBytes = 608 * mebibyte;
/** Shares of what is left. */
const shares = { correlator: 0.45, enricher: 0.2, sink: 0.02 } as const;

/** Memory of a record with its indexes, in bytes; measured, and rounded up. */
const recordBytes = {
  span: 1_536,
  socket: 1_024,
  request: 512,
  context: 1_024,
  process: 1_024,
  resource: 1_024,
} as const;
/** Parts of the enricher's share. */
const enricherParts = {
  socket: 0.35,
  request: 0.1,
  context: 0.15,
  process: 0.15,
  resource: 0.15,
  waiting: 0.1,
} as const;

/** Bounds of the parts that follow from a bound of the whole. */
export interface MemoryShares {
  /** Of one partition of each of the topics events, spans and traces. */
  readonly consumedBytes: number;
  readonly enricher: Pick<
    Settings['enricher'],
    | 'memoryBytes'
    | 'maxSockets'
    | 'maxOpenRequests'
    | 'maxContexts'
    | 'maxProcesses'
    | 'maxEndedResources'
    | 'maxTagWaiting'
    | 'maxEntries'
  >;
  readonly correlator: Pick<Settings['correlator'], 'maxSpans' | 'maxBytes'>;
  readonly sink: Pick<Settings['sink'], 'batchRows' | 'batchBytes'>;
  readonly clickHouse: Pick<Settings['clickHouse'], 'maxMemory'>;
  readonly query: Pick<Settings['query'], 'statementMemory'>;
}

/** Shares out a bound. @param partitions of each topic */
export function memoryShares(memoryBytes: number, partitions: number): MemoryShares {
  const shared = memoryBytes - fixedBytes;
  const records = (bytes: number, size: number): number => Math.floor(bytes / size);
  const enricher = (part: keyof typeof enricherParts, size: number): number =>
    records(shared * shares.enricher * enricherParts[part], size);
  const maxSpans = records(shared * shares.correlator, recordBytes.span);
  const maxSockets = enricher('socket', recordBytes.socket);
  const maxOpenRequests = enricher('request', recordBytes.request);
  const maxContexts = enricher('context', recordBytes.context);
  const maxProcesses = enricher('process', recordBytes.process);
  const maxTagWaiting = enricher('waiting', recordBytes.span);
  const batchBytes = Math.floor(shared * shares.sink);
  const maxMemory = Math.max(256 * mebibyte, Math.floor(memoryBytes / 4));
  return {
    consumedBytes: Math.floor(memoryBytes / 24 / partitions),
    enricher: {
      // What state is made of again after a restart has to be in the log.
      memoryBytes: Math.floor(memoryBytes / 16 / partitions),
      maxSockets,
      maxOpenRequests,
      maxContexts,
      maxProcesses,
      maxEndedResources: enricher('resource', recordBytes.resource),
      maxTagWaiting,
      // All agents together have what one may have.
      maxEntries: maxSockets + maxOpenRequests + maxContexts + maxProcesses + maxTagWaiting,
    },
    correlator: { maxSpans, maxBytes: maxSpans * 512 },
    sink: { batchRows: records(batchBytes, 512), batchBytes },
    clickHouse: { maxMemory },
    // Two run at a time: what they leave is for storing.
    query: { statementMemory: Math.floor(0.4 * maxMemory) },
  };
}

/** The same settings, with no bound of a part above its share. */
export function boundedSettings(settings: Settings): Settings {
  const { enricher, correlator, sink, clickHouse, query } = memoryShares(settings.up.memory, settings.bus.partitions);
  return {
    ...settings,
    enricher: lowered(settings.enricher, enricher),
    correlator: lowered(settings.correlator, correlator),
    sink: lowered(settings.sink, sink),
    clickHouse: lowered(settings.clickHouse, clickHouse),
    query: lowered(settings.query, query),
  };
}

function lowered<Values extends Readonly<Record<string, unknown>>>(
  values: Values,
  bounds: Readonly<Record<string, number>>,
): Values {
  const changed = Object.entries(bounds).map(([name, bound]) => [name, Math.min(values[name] as number, bound)]);
  return { ...values, ...(Object.fromEntries(changed) as Partial<Values>) };
}
