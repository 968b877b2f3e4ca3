/** Inputs of ordinary shape, most of them from the recording of the demo: real clients and servers. */
import { fileURLToPath } from 'node:url';
import { RecordingReader } from '../collector/replay/recording-reader.ts';
import { Random } from '../core/testing/random.ts';
import type { Step } from '../enricher/testing/connection.ts';
import { examples } from '../protocols/testing/examples.ts';
import { layOut } from '../protocols/testing/lay-out.ts';
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

/** Connections of every protocol, in the framing of conversation.ts: a few of the recording, and one of each made up. */
export async function conversations(): Promise<readonly Buffer[]> {
  const random = new Random(1);
  const made = examples.map(({ definition: { usualPorts }, exchange }) => {
    const { calls } = layOut(random, exchange, 4, false);
    const steps = calls.slice(0, maxCalls).map(({ sender, bytes }): Step => [sender === 'client' ? 'C' : 'S', bytes]);
    return encodeConversation(usualPorts[0]!, false, steps);
  });
  return [...(await recordedConversations()), ...made.filter((encoded) => encoded.length <= maxInputBytes)];
}

async function recordedConversations(): Promise<readonly Buffer[]> {
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
