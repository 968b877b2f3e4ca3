/** Redaction on captures of real traffic: of what is sent no byte is changed but the answers of logins, and no message is lost. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { PlayedCall } from '../../protocols/testing/marked.ts';
import { readPcapPayloads } from '../../protocols/testing/pcap-file.ts';
import { captureNames, capturesDirectory, capturesMissing } from '../../protocols/testing/shared-captures.ts';
import { describeWhere } from '../requirement.ts';
import { dissectPayloads } from './dissect-redacted.ts';
import { addonMissing, type ConnectionFacts, defaultBudget, redactCalls, wholePayload } from './redact-calls.ts';

/** Captures with a login, and how many bytes of it are the answer to the server's challenge. */
const logins: Readonly<Record<string, number>> = {
  'mysql/mysql-error.pcap': 20,
  'mysql/mysql-login-error.pcap': 20,
  'mysql/mysql-table-select.pcap': 20,
  'mysql/mysql.pcap': 20,
};

interface Connection {
  /** The end that sent first: the host that looks on is taken to be there. */
  readonly local: string;
  readonly facts: ConnectionFacts;
  readonly calls: PlayedCall[];
}

function connectionsOf(path: string): Connection[] {
  const connections = new Map<string, Connection>();
  for (const payload of readPcapPayloads(path)) {
    const source = `${payload.source}:${payload.sourcePort}`;
    const destination = `${payload.destination}:${payload.destinationPort}`;
    const key = [payload.transport, ...[source, destination].sort()].join(' ');
    const facts = {
      localPort: payload.sourcePort,
      remotePort: payload.destinationPort,
      transport: payload.transport,
    };
    const connection: Connection = connections.get(key) ?? { local: source, facts, calls: [] };
    connections.set(key, connection);
    const direction = source === connection.local ? 'egress' : 'ingress';
    connection.calls.push({ direction, bytes: payload.bytes, length: payload.length });
  }
  return [...connections.values()];
}

describeWhere(addonMissing() ?? capturesMissing(), 'captures', () => {
  const names = captureNames(/\.pcap$/);

  it('are many', () => expect(names.length).toBeGreaterThan(30));

  it.each(names)('%s', (name) => {
    let covered = 0;
    for (const { facts, calls } of connectionsOf(join(capturesDirectory, name))) {
      for (const budget of [wholePayload, defaultBudget]) {
        const payloads = redactCalls(calls, facts, budget);
        expect(dissectPayloads(payloads, facts, 'payload')).toEqual(dissectPayloads(payloads, facts, 'captured'));
        if (budget !== defaultBudget || name.startsWith('http/')) continue;
        for (const { payload, redacted } of payloads)
          for (let index = 0; index < redacted.length; index += 2)
            if (redacted[index]! < payload.length) covered += redacted[index + 1]!;
      }
    }
    expect(covered).toBe(logins[name] ?? 0);
  });
});
