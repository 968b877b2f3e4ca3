// Generated from schemas/avro/resource.avsc by `npm run generate`. Do not edit.
import type { AvroReader } from '../avro-reader.ts';
import type { AvroWriter } from '../avro-writer.ts';
import { readArray, readMap, writeArray, writeMap } from '../avro-blocks.ts';

/** Symbols of ResourceKind, by their position in the encoding. */
export const resourceKindSymbols = ['unknown', 'region', 'zone', 'vpc', 'subnet', 'host', 'instance', 'cluster', 'node', 'namespace', 'workload', 'pod', 'service', 'process', 'internet', 'address'] as const;
export type ResourceKind = (typeof resourceKindSymbols)[number];
/** Position of each symbol of ResourceKind in the encoding. */
export const resourceKindIndex: Readonly<Record<ResourceKind, number>> = { unknown: 0, region: 1, zone: 2, vpc: 3, subnet: 4, host: 5, instance: 6, cluster: 7, node: 8, namespace: 9, workload: 10, pod: 11, service: 12, process: 13, internet: 14, address: 15 };

/** Another resource. */
export interface ResourceReference {
  /** Its kind. */
  readonly kind: ResourceKind;
  /** Its id. */
  readonly id: number;
}

/** Reads one ResourceReference; throws AvroDecodeError on bytes that are none. */
export function readResourceReference(reader: AvroReader): ResourceReference {
  const kind = reader.readEnum(resourceKindSymbols);
  const id = reader.readInt();
  return { kind, id };
}

/** Writes one ResourceReference. */
export function writeResourceReference(writer: AvroWriter, value: ResourceReference): void {
  writer.writeEnum(value.kind, resourceKindIndex);
  writer.writeLong(value.id);
}

/** One thing that spans are tagged with. Topic resources, compacted, key: kind:uid. */
export interface Resource {
  /** What it is. */
  readonly kind: ResourceKind;
  /** Integer id, unique within its kind, never reused. */
  readonly id: number;
  /** Identity at its source. */
  readonly uid: string;
  /** Name for people. */
  readonly name: string;
  /** What it belongs to, nearest first. */
  readonly parents: readonly ResourceReference[];
  /** Addresses it is reached at, 4 or 16 bytes each. */
  readonly addresses: readonly Uint8Array[];
  /** Labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** Annotations. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Chosen environment variables, and facts such as the executable. */
  readonly environment: Readonly<Record<string, string>>;
  /** Unix time in nanoseconds from which this version holds. */
  readonly validFromNs: bigint;
  /** Unix time in nanoseconds at which it ended; 0 while it lives. */
  readonly validToNs: bigint;
}

/** Reads one Resource; throws AvroDecodeError on bytes that are none. */
export function readResource(reader: AvroReader): Resource {
  const kind = reader.readEnum(resourceKindSymbols);
  const id = reader.readInt();
  const uid = reader.readString();
  const name = reader.readString();
  const parents = readArray(reader, (reader) => readResourceReference(reader));
  const addresses = readArray(reader, (reader) => reader.readBytes());
  const labels = readMap(reader, (reader) => reader.readString());
  const annotations = readMap(reader, (reader) => reader.readString());
  const environment = readMap(reader, (reader) => reader.readString());
  const validFromNs = reader.readBigLong();
  const validToNs = reader.readBigLong();
  return { kind, id, uid, name, parents, addresses, labels, annotations, environment, validFromNs, validToNs };
}

/** Writes one Resource. */
export function writeResource(writer: AvroWriter, value: Resource): void {
  writer.writeEnum(value.kind, resourceKindIndex);
  writer.writeLong(value.id);
  writer.writeString(value.uid);
  writer.writeString(value.name);
  writeArray(writer, value.parents, (writer, item) => writeResourceReference(writer, item));
  writeArray(writer, value.addresses, (writer, item) => writer.writeBytes(item));
  writeMap(writer, value.labels, (writer, item) => writer.writeString(item));
  writeMap(writer, value.annotations, (writer, item) => writer.writeString(item));
  writeMap(writer, value.environment, (writer, item) => writer.writeString(item));
  writer.writeBigLong(value.validFromNs);
  writer.writeBigLong(value.validToNs);
}
