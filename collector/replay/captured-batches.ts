import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { NetworkInterface } from '../../schemas/generated/event-batch.ts';
import type { CaptureFile } from './capture-file.ts';
import { encodeFlowBlock } from './encode-flow-block.ts';
import type { ReplayedBatch } from './replayed-batch.ts';

/** Interfaces are repeated, for readers that start later: so many nanoseconds of the capture. */
const repeatInterfacesNs = 10_000_000_000n;
const noMac = new Uint8Array();

/**
 * The batches that a collector would have sent of the packets of a capture file. The agent follows from the time of the first
 * packet, so a file makes the same batches whenever it is replayed.
 */
export async function* capturedBatches(
  file: CaptureFile,
): AsyncGenerator<ReplayedBatch & { readonly agentId: number }, void, undefined> {
  const hostName = basename(file.input.name);
  let agentId = 0;
  let sequence = 0;
  let sentInterfaces: readonly string[] | undefined;
  let repeatAtNs = 0n;
  for await (const { blocks, firstTimeNs, interfaces } of file.chunks()) {
    if (firstTimeNs === undefined) continue;
    if (agentId === 0) agentId = agentIdOf(firstTimeNs);
    for (const block of blocks) {
      if (block.segmentCount + block.intervalCount === 0) continue;
      const isRepeated = interfaces !== sentInterfaces || block.baseNs >= repeatAtNs;
      if (isRepeated) {
        sentInterfaces = interfaces;
        repeatAtNs = block.baseNs + repeatInterfacesNs;
      }
      const sent = isRepeated ? interfaces.map(interfaceOf) : [];
      const head = { agentId, hostName, sequence: ++sequence, firstTimeNs, interfaces: sent };
      const value = encodeFlowBlock(block, head);
      yield { value, agentId, positionBytes: file.input.positionBytes };
    }
  }
}

/** 53 bits, as every agent id, and not 0. */
function agentIdOf(firstTimeNs: bigint): number {
  const hash = createHash('sha256').update(`capture file of ${firstTimeNs}`).digest();
  return Number(hash.readBigUInt64BE() >> 11n) || 1;
}

/** What a capture file says of an interface: its name, if anything. */
function interfaceOf(name: string, index: number): NetworkInterface {
  const kind = name === 'lo' || name === 'lo0' ? 'loopback' : 'other';
  return { networkNamespace: 0, index, name, kind, macAddress: noMac, addresses: [], peerAddresses: [] };
}
