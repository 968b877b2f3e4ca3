/** Inputs of ordinary shape, made of the recording of the demo: real clients and servers of every protocol. */
import { fileURLToPath } from 'node:url';
import { RecordingReader } from '../collector/replay/recording-reader.ts';
import type { Step } from '../enricher/testing/connection.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { type EventBatch, readEventBatch, type SocketEvent } from '../schemas/generated/event-batch.ts';
import { encodeConversation } from './conversation.ts';
import { maxInputBytes } from './target.ts';

/** The recording that comes with the project. */
export const recordingPath = fileURLToPath(new URL('../demo/recording.avro', import.meta.url));

/** Its batches. */
export async function recordedBatches(): Promise<readonly EventBatch[]> {
  const reader = await RecordingReader.open(recordingPath);
  const batches: EventBatch[] = [];
  for await (const { value } of reader.batches()) batches.push(readEventBatch(new AvroReader(value)));
  await reader.close();
  return batches;
}

/** Longest conversation taken, in calls, and how many of each port. */
const maxCalls = 24;
const maxOfPort = 12;

/** Its connections, a few of each protocol, in the framing of conversation.ts. */
export async function recordedConversations(): Promise<readonly Buffer[]> {
  const bySocket = new Map<number, SocketEvent[]>();
  for (const { events } of await recordedBatches())
    for (const event of events) {
      if (event.kind !== 'data') continue;
      const known = bySocket.get(event.socketId);
      if (known === undefined) bySocket.set(event.socketId, [event]);
      else known.push(event);
    }
  const byPort = new Map<number, Buffer[]>();
  for (const events of bySocket.values()) {
    const { role, localPort, remotePort, transport } = events[0]!;
    const isServer = role === 'server' || (role === 'unknown' && localPort < remotePort);
    const port = isServer ? localPort : remotePort;
    const steps = events
      .slice(0, maxCalls)
      .map(({ direction, payload }): Step => [
        (direction === 'ingress') === isServer ? 'C' : 'S',
        Buffer.from(payload),
      ]);
    const encoded = encodeConversation(port, transport === 'udp', steps);
    const others = byPort.get(port) ?? [];
    if (others.length < maxOfPort && encoded.length <= maxInputBytes) byPort.set(port, [...others, encoded]);
  }
  return [...byPort.values()].flat();
}
