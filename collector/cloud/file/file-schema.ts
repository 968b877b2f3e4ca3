/**
 * The zod schema of a file of resources, made from its kinds. Every scalar is text: YAML's guesses (1.10 is a number, no is
 * false) would change labels.
 */
import { z } from 'zod';
import type { Network, ResourceKind, ServicePort } from '../../../schemas/generated/resource.ts';
import { transportSymbols } from '../../../schemas/generated/event-batch.ts';
import { parseAddress, parseMacAddress, parseNetwork } from '../network-text.ts';
import { fileSections, type FactField, type FileKind, type FileSections } from './file-kinds.ts';

/** Names another resource: by its name in the file, or by its uid where another source publishes it. */
export type FileReference = string | { readonly uid: string };

/** An entry as it is after parsing. */
export interface FileEntry {
  readonly uid?: string;
  readonly type?: string;
  readonly valid_since?: bigint;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly addresses?: readonly Uint8Array[];
  readonly networks?: readonly Network[];
  readonly mac_addresses?: readonly Uint8Array[];
  readonly ports?: readonly ServicePort[];
  /** References and sections, by field. */
  readonly [field: string]: unknown;
}

const text = z.string('must be text').min(1, 'must not be empty');
/** `labels:` with nothing behind it is an empty text to YAML. */
const emptyIsNone = (value: unknown): unknown => (value === '' ? {} : value);
const oneIsList = (value: unknown): unknown => (value === '' ? [] : typeof value === 'string' ? [value] : value);

function parsed<Value>(what: string, parse: (text: string) => Value | undefined): z.ZodType<Value> {
  return text.transform((given, context) => {
    const value = parse(given);
    if (value !== undefined) return value;
    context.addIssue(`"${given}" is no ${what}`);
    return z.NEVER;
  });
}

const listOf = (item: z.ZodType): z.ZodType => z.preprocess(oneIsList, z.array(item, 'must be a list'));
const texts = z.preprocess(emptyIsNone, z.record(z.string(), z.string('must be text'), 'must be a map of texts'));

/** RFC 3339, to milliseconds. */
function parseTime(given: string): bigint | undefined {
  const isTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(given);
  const ms = isTime ? Date.parse(given) : NaN;
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n;
}
const time = parsed('time such as 2026-01-31T08:00:00Z', parseTime);

function portNumber(given: string | undefined): number | undefined {
  const port = /^\d{1,5}$/.test(given ?? '') ? Number(given) : 0;
  return port > 0 && port < 65_536 ? port : undefined;
}
const port = parsed('port from 1 to 65535', portNumber);
const transport = z.enum(
  transportSymbols.filter((symbol) => symbol !== 'unknown'),
  { error: ({ input }) => `"${String(input)}" is no transport: tcp or udp` },
);

/** 443, 443/tcp, 443:8443/tcp: the port of the service, the one of what is behind it, the transport. */
function portOfText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const [ports = '', protocol] = value.split('/', 2);
  const [own, target] = ports.split(':', 2);
  return {
    port: own,
    ...(target === undefined ? {} : { target_port: target }),
    ...(protocol === undefined ? {} : { transport: protocol }),
  };
}

const servicePort = z.preprocess(
  portOfText,
  z
    .strictObject({
      port,
      target_port: port.optional(),
      node_port: port.optional(),
      transport: transport.optional(),
    })
    .transform((given): ServicePort => ({
      transport: given.transport ?? 'tcp',
      port: given.port,
      targetPort: given.target_port ?? 0,
      nodePort: given.node_port ?? 0,
    })),
);

const factSchemas: Readonly<Record<FactField, z.ZodType>> = {
  addresses: listOf(parsed('address', parseAddress)),
  networks: listOf(parsed('network such as 10.1.0.0/16', parseNetwork)),
  mac_addresses: listOf(parsed('hardware address such as 0a:1b:2c:3d:4e:5f', parseMacAddress)),
  ports: listOf(servicePort),
};

const reference = z.union([text, z.strictObject({ uid: text })], 'must be a name, or uid: and the uid of a resource');

function sectionShape(sections: FileSections): Record<string, z.ZodType> {
  return Object.fromEntries(
    Object.entries(sections).map(([name, kind]) => {
      const entry: z.ZodType = z.preprocess(emptyIsNone, entrySchema(kind));
      const entryName = z.string().regex(/^[^/]+$/, 'a name must not be empty or have a / in it');
      // A list of names stands for entries of which no more is known.
      const section = z.preprocess(
        namesAreEntries,
        z.record(entryName, entry, 'must be a map of entries, or a list of names'),
      );
      return [name, section.optional()];
    }),
  );
}

function namesAreEntries(value: unknown): unknown {
  if (value === '') return {};
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) return value;
  return Object.fromEntries(value.map((name) => [name, {}]));
}

function entrySchema(kind: FileKind): z.ZodType {
  const optional = (fields: readonly string[], schema: z.ZodType): Record<string, z.ZodType> =>
    Object.fromEntries(fields.map((field) => [field, schema.optional()]));
  return z.strictObject({
    ...optional(['uid', 'type'], text),
    ...optional(['valid_since'], time),
    ...optional(['labels', 'annotations', 'environment'], texts),
    ...Object.fromEntries(kind.facts.map((fact) => [fact, factSchemas[fact].optional()])),
    ...optional(Object.keys(kind.references), reference),
    ...optional([...Object.keys(kind.manyReferences ?? {}), ...Object.keys(kind.members ?? {})], listOf(reference)),
    ...sectionShape(kind.sections ?? {}),
  });
}

/** A whole file. */
export const fileSchema = z.strictObject({ valid_since: time.optional(), ...sectionShape(fileSections) });

/** A file as it is after parsing: sections by their names. */
export interface FileContent {
  /** For all entries that say nothing of their own. */
  readonly valid_since?: bigint;
  readonly [section: string]: unknown;
}

/** Kind that a field of references leads to; undefined for other fields. */
export function referencedKind(kind: FileKind, field: string): ResourceKind | undefined {
  return kind.references[field] ?? kind.manyReferences?.[field] ?? kind.members?.[field];
}
