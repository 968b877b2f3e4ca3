import type { ProtocolDefinition } from '../protocol-definition.ts';
import { dnsDissector, dnsPorts } from './dns.ts';

/** DNS, mDNS and LLMNR. */
export const dns: ProtocolDefinition = {
  name: 'dns',
  dissector: dnsDissector,
  usualPorts: dnsPorts,
  conventions: { group: 'dns' },
};
