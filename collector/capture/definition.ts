import { defineSource } from '../source.ts';
import { captureConfig } from './config.ts';

/** What the kernel sees on sockets, with facts of the processes that use them. */
export const captureDefinition = defineSource({
  name: 'capture',
  settings: { capture: captureConfig },
  writes: ['events', 'agent-resources'],
  needsAddon: true,
  isEnabled: ({ capture }) => capture.captureEnabled,
  async create({ capture }, options) {
    const { captureSource } = await import('./capture-source.ts');
    return captureSource(capture, options);
  },
});
