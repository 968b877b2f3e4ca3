/**
 * Makes demo/recording.avro: `npm run record-demo`, as root. The host is recorded as `spanloom record` does it, except
 * that only what the demo's own processes did goes into the file, and that nothing in it names this machine.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { RecordingWriter } from '../collector/record/recording-writer.ts';
import { collectInto } from '../collector/run.ts';
import { withTemporaryFolder } from '../cli/process/temporary-folder.ts';
import { loadSettings } from '../cli/settings.ts';
import { processTelemetry } from '../cli/process/telemetry.ts';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import { encodeValue, outgoingMessage } from '../core/codec.ts';
import { projectFile } from '../core/project-files.ts';
import type { Topic } from '../core/topics.ts';
import { withDescendants } from '../demo/own-processes.ts';
import { startShop } from '../demo/shop.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readEventBatch, writeEventBatch } from '../schemas/generated/event-batch.ts';

const requests = 300;
const perSecond = 30;
/** Traces are complete when the agent's time has gone on for a while. */
const afterMs = 5_000;

process.env['PATH'] = '/usr/sbin:/usr/bin:/sbin:/bin';
const path = projectFile('demo', 'recording.avro');
const settings = loadSettings({});
const shop = await startShop();
const own = new Set(withDescendants(process.pid));
const writer = await RecordingWriter.create(path, { codec: 'deflate' });
const over = new AbortController();

/** The same message with what the demo did, and no more. */
function onlyDemo(message: OutgoingMessage): OutgoingMessage | undefined {
  if (message.topic !== ('events' satisfies Topic)) return undefined;
  const batch = readEventBatch(new AvroReader(Buffer.from(message.value)));
  const kept = {
    ...batch,
    hostName: 'demo',
    losses: [],
    processes: batch.processes.filter(({ processId }) => own.has(processId)),
    events: batch.events.filter(({ processId }) => own.has(processId)),
  };
  return outgoingMessage(message.topic, message.key, 'EventBatch', encodeValue(kept, writeEventBatch));
}

try {
  await withTemporaryFolder(async (dataDirectory) => {
    const captured = collectInto(
      {
        settings,
        dataDirectory,
        telemetry: processTelemetry('spanloom-record', 'warn'),
        signal: over.signal,
      },
      { send: (messages) => writer.send(messages.map(onlyDemo).filter((message) => message !== undefined)) },
    );
    await sleep(2_000);
    const load = await shop.sendRequests({ requests, perSecond });
    await load.ended;
    await sleep(afterMs);
    over.abort();
    await captured;
  });
  await writer.close();
  console.log(`${writer.batches} batches, ${(writer.bytes / 1e6).toFixed(2)} MB in ${path}`);
} finally {
  await shop.stop();
}
