// Generated from schemas/avro/resource.avsc by `npm run generate`. Do not edit.
import type { AvroReader } from '../avro-reader.ts';
import type { AvroWriter } from '../avro-writer.ts';
import { readArray, readMap, writeArray, writeMap } from '../avro-blocks.ts';
import { transportIndex, transportSymbols, type Transport } from './event-batch.ts';

/** Symbols of ResourceKind, by their position in the encoding. */
export const resourceKindSymbols = ['unknown', 'region', 'zone', 'vpc', 'subnet', 'host', 'instance', 'cluster', 'node', 'namespace', 'workload', 'pod', 'service', 'process', 'internet', 'address', 'network_interface', 'nat_gateway', 'load_balancer', 'database', 'ingress'] as const;
export type ResourceKind = (typeof resourceKindSymbols)[number];
/** Position of each symbol of ResourceKind in the encoding. */
export const resourceKindIndex: Readonly<Record<ResourceKind, number>> = { unknown: 0, region: 1, zone: 2, vpc: 3, subnet: 4, host: 5, instance: 6, cluster: 7, node: 8, namespace: 9, workload: 10, pod: 11, service: 12, process: 13, internet: 14, address: 15, network_interface: 16, nat_gateway: 17, load_balancer: 18, database: 19, ingress: 20 };

/** Another resource. */
export interface ResourceReference {
  /** Its kind. */
  readonly kind: ResourceKind;
  /** Its id; 0 where only its uid is known. */
  readonly id: number;
  /** Its uid where another source publishes it and its id is not known; else empty. */
  readonly uid: string;
}

/** Reads one ResourceReference; throws AvroDecodeError on bytes that are none. */
export function readResourceReference(reader: AvroReader): ResourceReference {
  const kind = reader.readEnum(resourceKindSymbols);
  const id = reader.readInt();
  const uid = reader.readString();
  return { kind, id, uid };
}

/** Writes one ResourceReference. */
export function writeResourceReference(writer: AvroWriter, value: ResourceReference): void {
  writer.writeEnum(value.kind, resourceKindIndex);
  writer.writeLong(value.id);
  writer.writeString(value.uid);
}

/** A CIDR. */
export interface Network {
  /** First address, 4 or 16 bytes in network order. */
  readonly address: Uint8Array;
  /** Bits that are the same in all its addresses. */
  readonly prefixLength: number;
}

/** Reads one Network; throws AvroDecodeError on bytes that are none. */
export function readNetwork(reader: AvroReader): Network {
  const address = reader.readBytes();
  const prefixLength = reader.readInt();
  return { address, prefixLength };
}

/** Writes one Network. */
export function writeNetwork(writer: AvroWriter, value: Network): void {
  writer.writeBytes(value.address);
  writer.writeLong(value.prefixLength);
}

/** A port of a service. */
export interface ServicePort {
  /** Transport protocol. */
  readonly transport: Transport;
  /** Port at the addresses of the service. */
  readonly port: number;
  /** Port of the pods behind it; 0 where it is not known. */
  readonly targetPort: number;
  /** Port at the addresses of every node; 0 for none. */
  readonly nodePort: number;
}

/** Reads one ServicePort; throws AvroDecodeError on bytes that are none. */
export function readServicePort(reader: AvroReader): ServicePort {
  const transport = reader.readEnum(transportSymbols);
  const port = reader.readInt();
  const targetPort = reader.readInt();
  const nodePort = reader.readInt();
  return { transport, port, targetPort, nodePort };
}

/** Writes one ServicePort. */
export function writeServicePort(writer: AvroWriter, value: ServicePort): void {
  writer.writeEnum(value.transport, transportIndex);
  writer.writeLong(value.port);
  writer.writeLong(value.targetPort);
  writer.writeLong(value.nodePort);
}

/** One version of one thing that spans are tagged with: it holds from valid_from_ns until valid_to_ns. Topic resources, and for hosts and processes that collectors publish agent-resources. Both are compacted. Key: kind:uid@valid_from_ns, on agent-resources followed by # and a secret. */
export interface Resource {
  /** What it is. */
  readonly kind: ResourceKind;
  /** Integer id. On the topic resources it is unique within its kind and never reused. On agent-resources it is a 31-bit hash of the uid, for a process the next one that is free on its host. So two hosts or two processes may have the same id, at once or one after the other; the uid distinguishes them. */
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
  /** Unix time in nanoseconds at which this version ended; 0 while it lives. */
  readonly validToNs: bigint;
  /** What it is at its source, more exactly than kind: Deployment, StatefulSet, HeadlessService, aws_rds. Empty where kind says all. */
  readonly type: string;
  /** Networks that are its own: CIDRs of a subnet, a VPC or of a node's pods. */
  readonly networks: readonly Network[];
  /** Where a service listens; empty for all ports. */
  readonly ports: readonly ServicePort[];
  /** Hardware addresses of its interfaces, 6 bytes each. */
  readonly macAddresses: readonly Uint8Array[];
}

/** Reads one Resource; throws AvroDecodeError on bytes that are none. */
export function readResource(reader: AvroReader): Resource {
  const kind = reader.readEnum(resourceKindSymbols);
  const id = reader.readInt();
  const uid = reader.readString();
  const name = reader.readString();
  const parents = readArray(reader, (reader) => readResourceReference(reader), 3);
  const addresses = readArray(reader, (reader) => reader.readBytes());
  const labels = readMap(reader, (reader) => reader.readString());
  const annotations = readMap(reader, (reader) => reader.readString());
  const environment = readMap(reader, (reader) => reader.readString());
  const validFromNs = reader.readBigLong();
  const validToNs = reader.readBigLong();
  const type = reader.readString();
  const networks = readArray(reader, (reader) => readNetwork(reader), 2);
  const ports = readArray(reader, (reader) => readServicePort(reader), 4);
  const macAddresses = readArray(reader, (reader) => reader.readBytes());
  return { kind, id, uid, name, parents, addresses, labels, annotations, environment, validFromNs, validToNs, type, networks, ports, macAddresses };
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
  writer.writeString(value.type);
  writeArray(writer, value.networks, (writer, item) => writeNetwork(writer, item));
  writeArray(writer, value.ports, (writer, item) => writeServicePort(writer, item));
  writeArray(writer, value.macAddresses, (writer, item) => writer.writeBytes(item));
}
