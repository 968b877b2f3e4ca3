/** Redaction on sessions of real clients with real servers: without a login it changes nothing, with one just the secret. */
import { beforeAll, describe, expect, it } from 'vitest';
import { describeWhere } from '../requirement.ts';
import { type RecordedSessions, recordSessions } from '../sessions/record-sessions.ts';
import { callsSeenBy, type Session } from '../sessions/session.ts';
import { dissectPayloads } from './dissect-redacted.ts';
import {
  addonMissing,
  type CaptureBudget,
  type ConnectionFacts,
  defaultBudget,
  factsAt,
  redactCalls,
  wholePayload,
} from './redact-calls.ts';

let recorded: RecordedSessions = { sessions: [], secrets: [], missing: [] };

beforeAll(async () => {
  if (addonMissing() !== undefined) return;
  recorded = await recordSessions();
  if (recorded.missing.length === 0) return;
  if (process.env['TEST_REQUIRE_ALL'] === '1') throw new Error(recorded.missing.join('; '));
  console.log(`skipped: ${recorded.missing.join('; ')}`);
}, 120_000);

const views: readonly { readonly end: 'client' | 'server'; readonly isKnown: boolean }[] = [
  { end: 'client', isKnown: true },
  { end: 'server', isKnown: true },
  { end: 'client', isKnown: false },
  { end: 'server', isKnown: false },
];

const nameOf = ({ protocol, client, scenario }: Session): string => `${protocol}, ${client}: ${scenario}`;
const httpHead = /(?:HTTP\/1\.[01] \d{3}|[A-Z]+ [^\r\n ]+ HTTP\/1\.[01])[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n/g;

/** For each byte of one direction: may redaction change it? */
function changeable(session: Session, text: string): boolean[] {
  const may = Array.from<boolean>({ length: text.length }).fill(session.protocol === 'http1');
  if (session.protocol === 'http1') {
    // Bodies are left out. Of a head, the values of those fields in which a secret is, or which are credentials by name.
    for (const head of text.matchAll(httpHead)) {
      const secrets = session.secrets.map(({ bytes }) => bytes.toString('latin1'));
      let at = head.index;
      for (const line of head[0].split(/(?<=\n)/)) {
        const isSecret =
          secrets.some((secret) => line.includes(secret)) || /^(set-)?cookie2?:|^(proxy-)?authorization:/i.test(line);
        const from = isSecret ? Math.max(0, line.indexOf(':') + 1) : line.length;
        for (let index = 0; index < line.length; index++) may[at + index] = index >= from;
        at += line.length;
      }
    }
  }
  for (const { bytes } of session.secrets) {
    const secret = bytes.toString('latin1');
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
      may.fill(true, at, at + secret.length);
      // The zero that ends a password.
      if (text[at + secret.length] === '\0') may[at + secret.length] = true;
    }
  }
  return may;
}

/** Bytes that were changed or held back though they are no secret, as texts. */
function destroyed(session: Session, end: 'client' | 'server', facts: ConnectionFacts): string[] {
  const payloads = redactCalls(callsSeenBy(session, end), facts, wholePayload);
  return (['ingress', 'egress'] as const).flatMap((direction) => {
    const mine = payloads.filter((payload) => payload.direction === direction);
    const text = mine.map(({ captured }) => captured.toString('latin1')).join('');
    const may = changeable(session, text);
    const found: string[] = [];
    let base = 0;
    for (const { captured, redacted } of mine) {
      for (let index = 0; index < redacted.length; index += 2) {
        const from = base + redacted[index]!;
        const to = from + redacted[index + 1]!;
        for (let at = from; at < to; at++) {
          if (may[at] === true) continue;
          found.push(text.slice(at, Math.min(to, at + 60)));
          break;
        }
      }
      base += captured.length;
    }
    return found;
  });
}

describeWhere(addonMissing(), 'sessions of real servers', () => {
  it('are many, with and without secrets', () => {
    const withSecrets = recorded.sessions.filter(({ secrets }) => secrets.length > 0).length;
    const least = recorded.missing.length > 0 ? 0 : 12;
    expect(recorded.sessions.length - withSecrets).toBeGreaterThanOrEqual(least);
    expect(withSecrets).toBeGreaterThanOrEqual(least * 5);
  });

  describe.each(views)('seen by the $end, connection seen from its beginning: $isKnown', ({ end, isKnown }) => {
    it.each([
      { name: 'whole payloads', budget: wholePayload },
      { name: 'the default budget', budget: defaultBudget },
      { name: 'a budget of 64 bytes', budget: { payloadBytes: 64, continuationBytes: 32 } },
    ] satisfies { name: string; budget: CaptureBudget }[])('send no secret: $name', ({ budget }) => {
      for (const session of recorded.sessions) {
        const facts = factsAt(end, session.serverPort, isKnown);
        const sent = redactCalls(callsSeenBy(session, end), facts, budget).map(({ payload }) =>
          payload.toString('latin1'),
        );
        const secrets = session.secrets.map(({ bytes }) => bytes.toString('latin1'));
        const leaked = secrets.filter((secret) => sent.some((text) => text.includes(secret)));
        expect({ session: nameOf(session), leaked }).toEqual({ session: nameOf(session), leaked: [] });
      }
    });

    it('lose nothing else', () => {
      for (const session of recorded.sessions) {
        // Only on its usual port is a typed command believed; elsewhere nothing of it is sent.
        if (session.scenario.startsWith('inline')) continue;
        // What is compressed is withheld, whatever it says.
        if (session.scenario.startsWith('compression')) continue;
        const name = nameOf(session);
        const lost = destroyed(session, end, factsAt(end, session.serverPort, isKnown));
        expect({ session: name, lost }).toEqual({ session: name, lost: [] });
      }
    });

    it.each([
      { name: 'whole payloads', budget: wholePayload },
      { name: 'the default budget', budget: defaultBudget },
    ])('give the same messages as without redaction: $name', ({ budget }) => {
      for (const session of recorded.sessions) {
        const facts = factsAt(end, session.serverPort, isKnown);
        const payloads = redactCalls(callsSeenBy(session, end), facts, budget);
        const plain = dissectPayloads(payloads, facts, 'captured');
        const redacted = dissectPayloads(payloads, facts, 'payload');
        expect({ session: nameOf(session), messages: redacted }).toEqual({
          session: nameOf(session),
          messages: plain,
        });
      }
    });
  });
});
