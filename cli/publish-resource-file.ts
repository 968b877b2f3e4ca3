import { FileSource } from '../collector/cloud/file/file-source.ts';
import { requireResourceFile } from '../collector/cloud/file/require-resource-file.ts';
import { publishOnce } from '../collector/resources/publish-once.ts';
import { resourcesStageName } from '../collector/resources/stage-name.ts';
import type { Bus } from '../core/bus/bus.ts';
import { stageEvents } from '../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { Settings } from './settings.ts';

/** Where and how a file of resources is published. */
export interface PublishResourceFileOptions {
  readonly settings: Settings;
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
}

/** Publishes what a file of resources states, once. @throws as {@link requireResourceFile} */
export async function publishResourceFile(path: string, options: PublishResourceFileOptions): Promise<void> {
  const { settings, telemetry, ...others } = options;
  requireResourceFile(path);
  const file = new FileSource({ path, intervalMs: 1_000, telemetry: stageEvents(telemetry, resourcesStageName) });
  await publishOnce({ ...others, config: settings.resources, sources: [file], telemetry });
}
