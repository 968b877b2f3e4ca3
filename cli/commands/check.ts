import { existsSync } from 'node:fs';
import { PipelineError } from '../../core/errors.ts';
import { checkKernel } from '../../native/check.ts';
import { addonPath, loadNative } from '../../native/load.ts';
import { paintFor } from '../output/style.ts';
import { loadSettings, type Settings } from '../settings.ts';

/** What each part of the capture of packets needs. */
const packetNeeds = [
  ['capture', 'canCapture', 'takes CAP_NET_RAW'],
  ['other network namespaces', 'canEnterNamespaces', 'takes CAP_SYS_ADMIN'],
  ['filters as text', 'canCompileFilters', 'takes libpcap (Debian: libpcap0.8)'],
] as const;

/** Tries what the capture of packets needs, which works without any kernel program. @returns whether it works at all */
function checkPackets(): boolean {
  if (!existsSync(addonPath)) return false;
  const paint = paintFor(process.stdout, process.env);
  const found = loadNative().checkPacketCapture();
  for (const [what, key, need] of packetNeeds)
    process.stdout.write(
      `packets, ${what}: ${found[key] ? paint('green', 'works') : `${paint('red', 'missing')}, ${need}`}\n`,
    );
  return found.canCapture;
}

/**
 * Tries every kernel program, and what the capture of packets needs, on this machine and prints what became of each.
 * @throws PipelineError ENVIRONMENT_UNSUPPORTED when something does not work that the settings switch on
 */
export function check({ capture, packets }: Pick<Settings, 'capture' | 'packets'> = loadSettings()): void {
  const packetsWork = checkPackets();
  const { programs, missing } = checkKernel();
  const paint = paintFor(process.stdout, process.env);
  const nameWidth = Math.max(0, ...programs.map(({ name }) => name.length));
  let saidLast: string | undefined;
  for (const { name, loaded, attached, error } of programs) {
    const works = loaded && attached;
    const what = works ? 'works' : loaded ? 'loads, does not attach' : 'does not load';
    const line = `${name.padEnd(nameWidth)}  ${paint(works ? 'green' : 'red', what)}`;
    // Without a right, all programs fail with the same long sentence.
    const why = error === undefined ? '' : error === saidLast ? ', as above' : `: ${error}`;
    saidLast = error ?? saidLast;
    process.stdout.write(`${line}${why}\n`);
  }
  if (packets.packetsEnabled && !packetsWork)
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', 'SPANLOOM_COLLECTOR_PACKETS_ENABLED takes CAP_NET_RAW.');
  if (!capture.captureEnabled) {
    process.stdout.write('No kernel program is needed: SPANLOOM_COLLECTOR_CAPTURE_ENABLED is false.\n');
    return;
  }
  if (missing.length > 0) throw new PipelineError('ENVIRONMENT_UNSUPPORTED', missing.join(' '));
  const failed = programs.filter(({ loaded, attached }) => !loaded || !attached).length;
  if (failed > 0)
    throw new PipelineError(
      'ENVIRONMENT_UNSUPPORTED',
      `${failed} of ${programs.length} programs do not work on this kernel.`,
    );
  process.stdout.write(`All ${programs.length} kernel programs work here.\n`);
}
