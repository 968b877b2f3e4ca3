import { SignatureChecker, unsignedAccepted } from '../../core/agents/agent-signature.ts';
import { readAgentResource } from '../../core/agents/read-agent-resource.ts';
import { decodeValue } from '../../core/codec.ts';
import { readResource, type Resource } from '../../schemas/generated/resource.ts';
import { newTimeBounds } from '../event-range.ts';
import { RowBinaryWriter } from '../row-binary-writer.ts';
import { resourceTable, writeResourceRow } from '../tables/resource.ts';
import type { Input, SinkAcceptance } from './input.ts';

/** Versions of resources to one row each; those that agents send only with a valid signature. */
export function resourceInput({ signatures = unsignedAccepted }: SinkAcceptance): Input {
  const checker = new SignatureChecker(signatures);
  const writer = new RowBinaryWriter(64 * 1024);
  return {
    topics: ['resources', 'agent-resources'],
    read(message) {
      // A compacted topic says "deleted" by an empty value. The name of the resource stays true of old spans.
      if (message.value.length === 0) return { kind: 'nothing' };
      const decoded =
        message.topic === 'agent-resources'
          ? readAgentResource(message, checker)
          : decodeValue<Resource>('Resource', message, readResource);
      if (decoded.kind !== 'ok')
        return { kind: 'rejected', reason: decoded.reason, detail: decoded.detail, records: 1 };
      writeResourceRow(writer, decoded.value, message.timestampMs);
      const tables = [{ table: resourceTable, rows: writer.take(), count: 1 }];
      return { kind: 'rows', tables, records: 1, ...newTimeBounds() };
    },
  };
}
