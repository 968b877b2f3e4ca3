import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { PipelineError } from '../../core/errors.ts';
import type { ExcludedEnd } from '../../native/packets/packet-capture.ts';

/**
 * Addresses of ends that are given as `host:port`, `[v6]:port` or `:port`. Names are looked up once.
 * @throws PipelineError CONFIG_INVALID for what is none of these, or a name that has no address
 */
export async function excludedEnds(texts: readonly string[]): Promise<readonly ExcludedEnd[]> {
  const ends: ExcludedEnd[] = [];
  for (const text of texts) {
    const [, host = '', portText = ''] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
    const port = Number(portText);
    if (portText === '' || port < 1 || port > 65_535) throw invalid(`'${text}' is not host:port`);
    for (const address of await addressesOf(host.replace(/^\[(.*)\]$/, '$1'), text)) ends.push({ address, port });
  }
  return ends;
}

/** Addresses of servers as {@link excludedEnds} finds them; those that have none now are left out. */
export async function knownEnds(servers: readonly string[]): Promise<readonly ExcludedEnd[]> {
  const found = await Promise.allSettled(servers.map((server) => excludedEnds([server])));
  return found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
}

async function addressesOf(host: string, text: string): Promise<readonly string[]> {
  if (host === '' || isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw invalid(`'${text}' has no address: ${(error as Error).message}`);
  }
}

const invalid = (problem: string): PipelineError =>
  new PipelineError('CONFIG_INVALID', `SPANLOOM_COLLECTOR_PACKET_EXCLUDE: ${problem}.`);
