/**
 * What a version says apart from its id and its validity, as bytes that are equal when nothing changed: maps and
 * addresses in order, parents by uid, also those that are published by id.
 */
import { encodeValue } from '../../core/codec.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import {
  readResource,
  type Resource,
  type ResourceKind,
  type ResourceReference,
  writeResource,
} from '../../schemas/generated/resource.ts';
import type { ResourceState } from './resource-state.ts';

/** Bytes of a value, or of a name, above which it is cut. */
const maxTextBytes = 1024;
/** Bytes of all labels, annotations or variables together above which the last ones are left out. */
const maxMapBytes = 16 * 1024;
const maxList = 1024;
const cutMark = '…';

/** The bytes, and how many texts were cut or left out for their size. */
export interface Content {
  readonly bytes: Buffer;
  readonly cut: number;
}

/** The content of a source's report, within bounds and sorted. */
export function contentOf(state: ResourceState): Content {
  let cut = 0;
  const text = (value: string): string => {
    // No character takes more than 3 bytes of UTF-8 for each unit.
    if (value.length * 3 <= maxTextBytes || Buffer.byteLength(value) <= maxTextBytes) return value;
    cut++;
    const kept = Buffer.from(value)
      .subarray(0, maxTextBytes - 3)
      .toString();
    return `${kept.replace(/\uFFFD$/, '')}${cutMark}`;
  };
  const map = (values: Readonly<Record<string, string>>): Record<string, string> => {
    const bounded: Record<string, string> = {};
    let bytes = 0;
    for (const name of Object.keys(values).sort()) {
      const value = text(values[name]!);
      bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
      if (bytes > maxMapBytes) cut++;
      else bounded[name] = value;
    }
    return bounded;
  };
  const list = <Item>(items: readonly Item[]): readonly Item[] => {
    if (items.length <= maxList) return items;
    cut += items.length - maxList;
    return items.slice(0, maxList);
  };
  const bytes = encodeValue<Resource>(
    {
      kind: state.kind,
      id: 0,
      uid: state.uid,
      name: text(state.name),
      parents: list(state.parents).map(({ kind, uid }) => ({ kind, id: 0, uid })),
      addresses: list(ordered(state.addresses)),
      labels: map(state.labels),
      annotations: map(state.annotations),
      environment: map(state.environment),
      validFromNs: 0n,
      validToNs: 0n,
      type: text(state.type),
      networks: list(state.networks),
      ports: list(state.ports),
      macAddresses: list(ordered(state.macAddresses)),
    },
    writeResource,
  );
  return { bytes, cut };
}

/** Content of a version that was read. @param uidOf the uid of a parent that is named by its id; undefined if unknown */
export function contentOfVersion(version: Resource, uidOf: (parent: ResourceReference) => string | undefined): Buffer {
  const parents = version.parents.map((parent) => ({
    kind: parent.kind,
    id: 0,
    uid: parent.uid === '' ? (uidOf(parent) ?? '') : parent.uid,
  }));
  return contentOf({ ...version, parents, sinceNs: undefined }).bytes;
}

/** Identity and validity that a version has beyond its content. */
export interface VersionFacts {
  readonly id: number;
  readonly validFromNs: bigint;
  readonly validToNs: bigint;
  /** The id by which a parent is published; 0 where its uid has to do. */
  readonly idOf: (kind: ResourceKind, uid: string) => number;
}

/** A version of this content. */
export function versionOf(content: Buffer, { id, validFromNs, validToNs, idOf }: VersionFacts): Resource {
  const read = readResource(new AvroReader(content));
  const parents = read.parents.map(({ kind, uid }): ResourceReference => {
    const parentId = idOf(kind, uid);
    return parentId === 0 ? { kind, id: 0, uid } : { kind, id: parentId, uid: '' };
  });
  return { ...read, id, parents, validFromNs, validToNs };
}

function ordered(addresses: readonly Uint8Array[]): readonly Uint8Array[] {
  return addresses.length < 2
    ? addresses
    : [...addresses].sort((left, right) => left.length - right.length || Buffer.compare(left, right));
}
