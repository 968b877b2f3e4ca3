/** What is covered of conversations that carry secrets, byte by byte: the secrets, all of them and nothing else. */
import { describe, expect, it } from 'vitest';
import { examples } from '../../protocols/testing/examples.ts';
import { describeWhere } from '../requirement.ts';
import { client, cutAt, fromOtherEnd, type MarkedCall, server } from '../../protocols/testing/marked.ts';
import {
  addonMissing,
  type CaptureBudget,
  type ConnectionFacts,
  defaultBudget,
  factsAt,
  redactCalls,
  wholePayload,
} from './redact-calls.ts';

const ok = 'HTTP/1.1 204 No Content\r\n\r\n';

const conversations = examples.flatMap(({ definition: { usualPorts }, secrets }) =>
  Object.entries(secrets).map(([name, calls]) => ({ name, port: usualPorts[0]!, calls })),
);

/** The text with what was overwritten marked, as the conversations above have it; what is held back as `…`. */
function remarked(calls: readonly MarkedCall[], connection: ConnectionFacts): string[] {
  return redactCalls(calls, connection).map(({ captured, payload, redacted }) => {
    let text = '';
    let at = 0;
    for (let index = 0; index < redacted.length; index += 2) {
      const [offset, length] = [redacted[index]!, redacted[index + 1]!];
      text += captured.toString('latin1', at, offset);
      text += offset >= payload.length ? '…' : `«${captured.toString('latin1', offset, offset + length)}»`;
      at = offset + length;
    }
    return text + captured.toString('latin1', at);
  });
}

function marked(calls: readonly MarkedCall[]): string[] {
  return calls.map(({ bytes, secret }) =>
    Array.from(bytes, (byte, index) => {
      const before = secret[index] === true && secret[index - 1] !== true ? '«' : '';
      const after = secret[index] === true && secret[index + 1] !== true ? '»' : '';
      return `${before}${String.fromCharCode(byte)}${after}`;
    }).join(''),
  );
}

/** Secrets that were sent as they are, each as a text. */
function leaks(calls: readonly MarkedCall[], connection: ConnectionFacts, budget: CaptureBudget): string[] {
  return redactCalls(calls, connection, budget).flatMap(({ payload, captured, redacted }, index) => {
    const covered = (at: number): boolean => {
      for (let pair = 0; pair < redacted.length; pair += 2)
        if (at >= redacted[pair]! && at < redacted[pair]! + redacted[pair + 1]!) return true;
      return false;
    };
    const { secret } = calls[index]!;
    // A quote at the end of a call may be the first of two, or the last.
    const sent = Array.from(payload, (_, at) => at).filter(
      (at) => secret[at] === true && captured[at] !== 0x27 && !covered(at),
    );
    return sent.map((at) => captured.toString('latin1', Math.max(0, at - 20), at + 1));
  });
}

describeWhere(addonMissing(), 'secrets', () => {
  describe.each([
    { end: 'client' as const, isKnown: true },
    { end: 'server' as const, isKnown: true },
    { end: 'client' as const, isKnown: false },
  ])('seen by the $end, connection seen from its beginning: $isKnown', ({ end, isKnown }) => {
    it.each(conversations)('$name (port $port): exactly the secrets are covered', ({ port, calls }) => {
      const seen = end === 'client' ? [...calls] : fromOtherEnd(calls);
      const connection = factsAt(end, port, isKnown);
      if (calls[0]!.bytes[3] === 3 && port === 3306) expect(remarked(seen, connection)[0]).toBe('…');
      else expect(remarked(seen, connection)).toEqual(marked(seen));
    });
  });

  it.each(['hunter2', 'my hunter2', 'GETsecret', 'secret /a'])('"%s" behind a message of HTTP is not sent', (text) => {
    const request = 'POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n';
    const connection = factsAt('client', 80, true);
    for (const calls of [
      [client(request, `«${text}»`)],
      [client(request), client(`«${text}»`)],
      [client(request), server(ok), client(`«${text}»`)],
    ])
      expect(leaks(calls, connection, wholePayload)).toEqual([]);
  });

  it('a body behind an interim response is not sent, also when it looks like a request', () => {
    const body = 'POST /secret HTTP/1.1\r\nX-Secret-Of: me\r\n\r\n';
    const head = `POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`;
    const calls = [client(head), server('HTTP/1.1 100 Continue\r\n\r\n'), client(`«${body}»`), server(ok)];
    expect(leaks(calls, factsAt('client', 80, true), wholePayload)).toEqual([]);
    expect(leaks(fromOtherEnd(calls), factsAt('server', 80, true), wholePayload)).toEqual([]);
  });

  // Parameters are judged by their statement, where that was seen.
  const cuttable = conversations.filter(({ name }) => !name.startsWith('parameters of a statement'));

  it.each(cuttable)('$name (port $port): nothing leaks wherever calls are cut', ({ port, calls }) => {
    const connection = factsAt('client', port, true);
    const longest = Math.max(...calls.map(({ bytes }) => bytes.length));
    for (let place = 1; place < longest; place++) {
      const cut = cutAt(calls, [place]);
      expect({ place, leaks: leaks(cut, connection, wholePayload) }).toEqual({ place, leaks: [] });
      const budget = { payloadBytes: Math.max(64, place), continuationBytes: 32 };
      expect({ place, leaks: leaks(cut, connection, budget) }).toEqual({ place, leaks: [] });
    }
    const single = cutAt(
      calls,
      Array.from({ length: longest }, (_, index) => index),
    );
    expect(leaks(single, connection, wholePayload)).toEqual([]);
    expect(leaks(single, connection, defaultBudget)).toEqual([]);
  });
});
