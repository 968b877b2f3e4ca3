import { PipelineError } from '../../core/errors.ts';
import { capturePrograms } from '../../native/load.ts';
import { environmentChoice } from '../processes/environment-tags.ts';
import type { SourceOptions } from '../source.ts';
import { BpfSource } from './bpf-source.ts';
import type { CaptureConfig } from './config.ts';
import { redactionOptions } from './redaction-options.ts';

/** The configured capture. @throws PipelineError CONFIG_INVALID */
export function captureSource(config: CaptureConfig, { addon, excluded }: SourceOptions): BpfSource {
  if (addon === undefined) throw new Error('the capture needs the native addon');
  // The collector itself, and those of the settings, beside those that the caller has added.
  for (const processId of [process.pid, ...config.excludeProcesses.map(processIdOf)]) excluded.add(processId);
  return new BpfSource({
    native: addon,
    capture: {
      objectPath: capturePrograms,
      payloadBytes: config.payloadBytes,
      continuationBytes: config.continuationBytes,
      ringBytes: 2 ** Math.ceil(Math.log2(config.ringBytes)),
      maxSockets: config.maxSockets,
      pollIntervalMs: Math.round(config.pollInterval),
      batchIntervalMs: Math.round(config.batchInterval),
      maxUnacknowledgedBlocks: config.maxUnacknowledgedBlocks,
      readGoroutines: config.readGoroutines,
      readWaiters: config.readGoroutines && config.readWaiters,
      readPython: config.readPython,
      probePython: config.readPython && config.probePython,
      traceUnix: config.unixSockets,
      readVirtualThreads: config.readVirtualThreads,
      readWakes: config.readWakes,
      redaction: redactionOptions(config),
    },
    excluded,
    excludedCgroups: config.excludeCgroups,
    maxProcesses: config.maxProcesses,
    processFactsIntervalMs: config.processFactsInterval,
    loopProbeIntervalMs: config.loopProbeInterval,
    chooseEnvironment: environmentChoice(config.environmentTags),
  });
}

function processIdOf(text: string): number {
  const processId = Number(text);
  if (/^\d+$/.test(text) && processId > 0 && processId < 2 ** 31) return processId;
  throw new PipelineError('CONFIG_INVALID', `SPANLOOM_COLLECTOR_EXCLUDE_PROCESSES: '${text}' is no process id.`);
}
