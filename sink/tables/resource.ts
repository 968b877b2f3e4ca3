/** Table `resource`: one row a version of a resource. */
import type { RowColumn } from '../../core/clickhouse/clickhouse.ts';
import { transportIndex } from '../../schemas/generated/event-batch.ts';
import { type Resource, resourceKindIndex } from '../../schemas/generated/resource.ts';
import type { RowBinaryWriter } from '../row-binary-writer.ts';
import type { Table } from './table.ts';

/** Columns of a resource row, in the order of {@link writeResourceRow}. */
const columns: readonly RowColumn[] = [
  { name: 'kind', type: 'Int8' },
  { name: 'id', type: 'Int32' },
  { name: 'uid', type: 'String' },
  { name: 'name', type: 'String' },
  { name: 'type', type: 'String' },
  { name: 'parents', type: 'Array(Tuple(Int8, Int32))' },
  { name: 'parent_uids', type: 'Array(String)' },
  { name: 'addresses', type: 'Array(IPv6)' },
  { name: 'networks', type: 'Array(Tuple(IPv6, Int32))' },
  { name: 'ports', type: 'Array(Tuple(Int8, Int32, Int32, Int32))' },
  { name: 'mac_addresses', type: 'Array(String)' },
  { name: 'labels', type: 'Map(String, String)' },
  { name: 'annotations', type: 'Map(String, String)' },
  { name: 'environment', type: 'Map(String, String)' },
  { name: 'valid_from', type: "DateTime64(9, 'UTC')" },
  { name: 'valid_to', type: "DateTime64(9, 'UTC')" },
  { name: 'version', type: 'Int64' },
];

/** Bits in front of an IPv4 address that is written as IPv6. */
const mappedBits = 96;

function writeTextMap(writer: RowBinaryWriter, map: Readonly<Record<string, string>>): void {
  const entries = Object.entries(map);
  writer.writeLength(entries.length);
  for (const [key, value] of entries) {
    writer.writeString(key);
    writer.writeString(value);
  }
}

/** Writes one version of a resource. @param version when the bus took it, in milliseconds: the latest one wins */
export function writeResourceRow(writer: RowBinaryWriter, resource: Resource, version: number): void {
  writer.writeInt8(resourceKindIndex[resource.kind]);
  writer.writeInt32(resource.id);
  writer.writeString(resource.uid);
  writer.writeString(resource.name);
  writer.writeString(resource.type);
  writer.writeLength(resource.parents.length);
  for (const parent of resource.parents) {
    writer.writeInt8(resourceKindIndex[parent.kind]);
    writer.writeInt32(parent.id);
  }
  writer.writeLength(resource.parents.length);
  for (const parent of resource.parents) writer.writeString(parent.uid);
  writer.writeLength(resource.addresses.length);
  for (const address of resource.addresses) writer.writeAddress(address);
  writer.writeLength(resource.networks.length);
  for (const { address, prefixLength } of resource.networks) {
    writer.writeAddress(address);
    writer.writeInt32(address.length === 4 ? prefixLength + mappedBits : prefixLength);
  }
  writer.writeLength(resource.ports.length);
  for (const { transport, port, targetPort, nodePort } of resource.ports) {
    writer.writeInt8(transportIndex[transport]);
    writer.writeInt32(port);
    writer.writeInt32(targetPort);
    writer.writeInt32(nodePort);
  }
  writer.writeLength(resource.macAddresses.length);
  for (const address of resource.macAddresses)
    writer.writeString(
      Buffer.from(address)
        .toString('hex')
        .replaceAll(/..(?!$)/g, '$&:'),
    );
  writeTextMap(writer, resource.labels);
  writeTextMap(writer, resource.annotations);
  writeTextMap(writer, resource.environment);
  writer.writeBigInt64(resource.validFromNs);
  writer.writeBigInt64(resource.validToNs);
  writer.writeInt64(version);
}

/** One row a version of a resource. */
export const resourceTable: Table = {
  name: 'resource',
  columns,
  // Values first: a reader that knows a set must find what is in it.
  dictionaries: ['resource_value', 'resource_at', 'resource_now'],
};
