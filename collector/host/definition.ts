import { defineSource } from '../source.ts';
import { hostConfig } from './config.ts';

/** This host as a resource: its name, its addresses, what machine it is. Always on, since all else refers to it. */
export const hostDefinition = defineSource({
  name: 'host',
  settings: { host: hostConfig },
  writes: ['agent-resources'],
  needsAddon: false,
  isEnabled: () => true,
  async create({ host }, { addon }) {
    const { HostSource } = await import('./host-source.ts');
    return new HostSource({
      // The name that manifests usually give to the downward API's spec.nodeName.
      nodeName: host.nodeName ?? process.env['NODE_NAME'] ?? '',
      intervalMs: host.hostFactsInterval,
      // Without the addon the hardware addresses of other network namespaces stay unknown.
      readMacAddresses: (processId) => addon?.readMacAddresses(processId) ?? Promise.resolve(undefined),
    });
  },
});
