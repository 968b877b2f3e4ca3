import { beginsAsCaptureFile, CaptureFile, flowOptions } from '../../collector/replay/capture-file.ts';
import { openInputBytes, standardInput } from '../../collector/replay/input-bytes.ts';
import { PipelineError } from '../../core/errors.ts';
import { protocols } from '../../protocols/protocols.ts';
import { spanToJson } from '../../schemas/trace-json.ts';
import { intervalsOf } from '../dissect/block-records.ts';
import { dissectMessages } from '../dissect/capture-messages.ts';
import { dissectSpans } from '../dissect/capture-spans.ts';
import { FlowTotals } from '../dissect/flow-totals.ts';
import { messageTable } from '../dissect/message-table.ts';
import { messageToJson, recordToJson } from '../dissect/to-json.ts';
import { startProgress } from '../output/progress.ts';
import { ReadProgress } from '../output/read-progress.ts';
import { UsageError } from '../process/exit-codes.ts';
import { loadSettings } from '../settings.ts';

/** Options of `spanloom dissect`. */
export interface DissectOptions {
  /** What is shown of spans and flows is JSON without it, too. */
  readonly json?: boolean;
  readonly spans?: boolean;
  readonly flows?: boolean;
}

const nothingFound =
  `There is no message of a protocol that spanloom reads: ${protocols.map(({ name }) => name).join(', ')}. ` +
  '--flows shows the connections.';

/** Where lines go; resolves when more may follow. */
export type WriteLine = (line: string) => Promise<void>;

/**
 * Shows what is in a capture file: its messages as a table, or as JSON a line each; or its spans, or its flows.
 *
 * @throws PipelineError FILE_CORRUPT behind everything that was readable
 */
export async function dissect(path: string, options: DissectOptions, write: WriteLine = writeOut): Promise<void> {
  if (options.spans === true && options.flows === true) throw new UsageError('--spans and --flows exclude each other.');
  const settings = loadSettings();
  const input = await openInputBytes(path);
  const progress = startProgress(`dissecting ${path === standardInput ? 'standard input' : path}`);
  const read = new ReadProgress();
  const report = (): void => progress.update(read.text(input.positionBytes, input.sizeBytes));
  try {
    if (input.magic.length === 0) throw new PipelineError('FILE_CORRUPT', `${input.name} is empty.`);
    if (!beginsAsCaptureFile(input.magic))
      throw new PipelineError('FILE_CORRUPT', `${input.name} is no capture file (pcap or pcapng).`);
    const file = new CaptureFile(input, flowOptions(settings.capture));
    if (options.spans === true)
      await dissectSpans(file, settings.enricher, (span) => {
        report();
        return write(JSON.stringify(spanToJson(span)));
      });
    else if (options.flows === true) await writeFlows(file, write, report);
    else await writeMessages(file, options.json === true, write, report);
  } finally {
    progress.end();
    input.close();
  }
}

async function writeMessages(file: CaptureFile, isJson: boolean, write: WriteLine, report: () => void): Promise<void> {
  const table = messageTable();
  let shown = 0;
  await dissectMessages(file, async (messages) => {
    report();
    for (const message of messages) {
      if (shown++ === 0 && !isJson) await write(table.title);
      await write(isJson ? JSON.stringify(messageToJson(message)) : table.line(message));
    }
  });
  if (shown === 0) process.stderr.write(`${nothingFound}\n`);
}

async function writeFlows(file: CaptureFile, write: WriteLine, report: () => void): Promise<void> {
  const lines: string[] = [];
  const totals = new FlowTotals((flow) => lines.push(JSON.stringify(recordToJson(flow))));
  const flush = async (): Promise<void> => {
    for (const line of lines.splice(0)) await write(line);
  };
  try {
    for await (const { blocks } of file.chunks()) {
      for (const block of blocks) for (const interval of intervalsOf(block)) totals.add(interval, block.baseNs);
      report();
      await flush();
    }
  } finally {
    totals.end();
    await flush();
  }
}

/** A slow reader of standard output slows the dissection, and not this process's memory. */
async function writeOut(line: string): Promise<void> {
  if (process.stdout.write(`${line}\n`)) return;
  await new Promise<void>((resolve) => process.stdout.once('drain', () => resolve()));
}
