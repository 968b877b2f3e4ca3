/** Prints the events of a recording and the processor time of its replay through all stages. usage: replay-cost.ts RECORDING */
import { RecordingReader } from '../../collector/replay/recording-reader.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readEventBatch } from '../../schemas/generated/event-batch.ts';
import { replayOnce } from '../replay/replay-once.ts';

const file = process.argv[2]!;
let events = 0;
const reader = await RecordingReader.open(file);
for await (const { value } of reader.batches()) events += readEventBatch(new AvroReader(value)).events.length;
await reader.close();
const { cpuSeconds } = await replayOnce(file);
process.stdout.write(`${JSON.stringify({ events, cpuSeconds })}\n`, () => process.exit());
