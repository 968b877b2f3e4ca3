import type { Call } from './call-list.ts';

/** Who one side of a call is: its service, else its address. */
export function partyText(call: Call, side: 'client' | 'server'): string {
  const name = side === 'client' ? call.client_service_name : call.server_service_name;
  return name === '' ? addressText(call, side) : name;
}

/** Address and port of a side; an address with colons in brackets. */
export function addressText(call: Call, side: 'client' | 'server'): string {
  const [address, port] =
    side === 'client' ? [call.client_address, call.client_port] : [call.server_address, call.server_port];
  if (address === '') return port === 0 ? 'unknown' : `port ${port}`;
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Whether something failed. */
export function isFailed({ status }: Call): boolean {
  return status !== 'ok' && status !== 'unknown';
}
