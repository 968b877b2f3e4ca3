// Generated from schemas/avro/resource-id-claim.avsc by `npm run generate`. Do not edit.
import type { AvroReader } from '../avro-reader.ts';
import type { AvroWriter } from '../avro-writer.ts';
import { resourceKindIndex, resourceKindSymbols, type ResourceKind } from './resource.ts';

/** Takes the next integer ids of a kind for one publisher. Topic resource-ids, one partition, kept for ever, key: kind. Whose claim stands where in the topic decides: the ids of a claim follow those of all claims of its kind before it, the first is 1. */
export interface ResourceIdClaim {
  /** Unique; what is there twice counts once. */
  readonly claim: string;
  /** Kind of the resources. */
  readonly kind: ResourceKind;
  /** How many ids are taken; at least 1. */
  readonly count: number;
}

/** Reads one ResourceIdClaim; throws AvroDecodeError on bytes that are none. */
export function readResourceIdClaim(reader: AvroReader): ResourceIdClaim {
  const claim = reader.readString();
  const kind = reader.readEnum(resourceKindSymbols);
  const count = reader.readInt();
  return { claim, kind, count };
}

/** Writes one ResourceIdClaim. */
export function writeResourceIdClaim(writer: AvroWriter, value: ResourceIdClaim): void {
  writer.writeString(value.claim);
  writer.writeEnum(value.kind, resourceKindIndex);
  writer.writeLong(value.count);
}
