import type { RedactionOptions } from '../../native/capture.ts';
import type { CaptureConfig } from './config.ts';

/** What may not leave the host, by the settings; undefined sends payloads as they are. */
export function redactionOptions(config: CaptureConfig): RedactionOptions | undefined {
  if (!config.redact) return undefined;
  return {
    patterns: config.redactPatterns?.trim().split(/\s+/) ?? [],
    headers: config.redactHeaders,
    parameters: config.redactParameters,
    values: config.redactValues,
    sendUnrecognised: config.sendUnrecognised,
  };
}
