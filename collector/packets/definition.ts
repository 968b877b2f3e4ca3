import { captureConfig } from '../capture/config.ts';
import { defineSource } from '../source.ts';
import { packetsConfig } from './config.ts';

/** What passes over network interfaces. Redaction and bounds of batches are those of the capture of sockets. */
export const packetsDefinition = defineSource({
  name: 'packets',
  settings: { packets: packetsConfig, capture: captureConfig },
  writes: ['events'],
  needsAddon: true,
  isEnabled: ({ packets }) => packets.packetsEnabled,
  async create({ packets, capture }, options) {
    const { configuredPackets } = await import('./configured-packets.ts');
    return configuredPackets(packets, capture, options);
  },
});
