import { describe, expect, it } from 'vitest';
import { inColor, paintFor, withoutColor } from './style.ts';
import { bar, renderWaterfall, type WaterfallSpan, type WaterfallTrace } from './waterfall.ts';

const startTimeNs = 1_700_000_000_000_000_000n;

function span(spanId: string, parentSpanId: string, offsetMs: number, durationMs: number): WaterfallSpan {
  return {
    spanId,
    parentSpanId,
    service: `service-${spanId}`,
    workload: '',
    pod: '',
    observationPoint: 's-p',
    protocol: 'http1',
    endpoint: 'GET /orders/{id}',
    status: 'ok',
    responseCode: 200,
    startTimeNs: startTimeNs + BigInt(offsetMs * 1e6),
    durationNs: durationMs * 1e6,
    reason: parentSpanId === '' ? 'root' : 'last_read',
    confidence: parentSpanId === '' ? 0 : 0.98,
    isLikely: false,
  };
}

function trace(...spans: readonly WaterfallSpan[]): WaterfallTrace {
  return { traceId: 'a'.repeat(32), startTimeNs, durationNs: 100e6, spans };
}

const plain = { width: 140, paint: withoutColor };

describe('the waterfall', () => {
  it('shows each span under its parent with its part of the time', () => {
    const spans = [span('d', 'b', 30, 10), span('a', '', 0, 100), span('c', 'a', 60, 40), span('b', 'a', 10, 45)];
    expect(renderWaterfall(trace(...spans), plain)).toMatchInlineSnapshot(`
      [
        "Trace aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa · 100 ms · 4 spans · 4 services · 2023-11-14T22:13:20.000Z",
        "SERVICE        POINT  PROTOCOL  ENDPOINT          STATUS  DURATION  TIMELINE                                  REASON",
        "service-a      s-p    http1     GET /orders/{id}  ok 200    100 ms  ████████████████████████████████████████  root",
        "├ service-b    s-p    http1     GET /orders/{id}  ok 200   45.0 ms      ██████████████████                    last_read 98.0%",
        "│ └ service-d  s-p    http1     GET /orders/{id}  ok 200   10.0 ms              ████                          last_read 98.0%",
        "└ service-c    s-p    http1     GET /orders/{id}  ok 200   40.0 ms                          ████████████████  last_read 98.0%",
      ]
    `);
  });

  it('never writes a line wider than the terminal, and always names service and endpoint', () => {
    const deep = Array.from({ length: 12 }, (_, index) =>
      span(`s${index}`, index === 0 ? '' : `s${index - 1}`, index, 50),
    );
    for (let width = 40; width <= 200; width++) {
      const lines = renderWaterfall(trace(...deep), { width, paint: withoutColor });
      expect(Math.max(...lines.map((line) => Array.from(line).length))).toBeLessThanOrEqual(width);
      expect(lines[1]).toMatch(/SERVICE.*ENDPOINT/);
    }
    expect(renderWaterfall(trace(...deep), { width: 1, paint: withoutColor })).toHaveLength(14);
  });

  it('indents only where a deep tree branches', () => {
    const chain = Array.from({ length: 12 }, (_, index) =>
      span(`${index + 1}`, `${index === 0 ? '' : index}`, index, 50),
    );
    const branches = [span('left', '12', 20, 5), span('leaf', 'left', 21, 3), span('right', '12', 30, 5)];
    const lines = renderWaterfall(trace(...chain, ...branches), plain).slice(2);
    expect(lines.map((line) => line.slice(0, 18).trimEnd())).toEqual([
      'service-1',
      '└ service-2',
      ...Array.from({ length: 10 }, (_, index) => `  service-${index + 3}`),
      '  ├ service-left',
      '  │ service-leaf',
      '  └ service-right',
    ]);
  });

  it('shows workloads and pods where spans are in any, and leaves them out first', () => {
    const gateway = { ...span('a', '', 0, 100), service: 'gateway', workload: 'gateway', pod: 'gateway-6c9d-x2v4q' };
    const one = trace(gateway, span('b', 'a', 10, 45));
    const at = (width: number): string => renderWaterfall(one, { width, paint: withoutColor })[1]!;
    expect(at(180)).toMatch(/^SERVICE +WORKLOAD +POD +POINT +PROTOCOL/);
    expect(renderWaterfall(one, { width: 180, paint: withoutColor })[2]).toMatch(
      /^gateway +gateway +gateway-6c9d-x2v4q +s-p/,
    );
    for (let width = 180; width > 60; width--) {
      if (at(width).includes('WORKLOAD')) expect(at(width)).toContain('POD');
      if (at(width).includes('POD')) expect(at(width)).toContain('PROTOCOL');
    }
    expect(at(90)).toMatch(/^SERVICE +POINT +PROTOCOL/);
  });

  it('shows notes below their span, in as few lines as hold them, none wider than the terminal', () => {
    const noted = { ...span('a', '', 0, 100), note: ['client: 12 packets', 'server: 14 packets', 'finished\n'] };
    const leaf = { ...span('b', 'a', 10, 45), note: ['open'] };
    const notesAt = (width: number): readonly string[] =>
      renderWaterfall(trace(noted, leaf), { width, paint: withoutColor })
        .slice(2)
        .filter((line) => !line.includes('service-'));
    expect(notesAt(140)).toEqual(['│   client: 12 packets · server: 14 packets · finished·', '    open']);
    expect(notesAt(41)).toEqual(['│   client: 12 packets', '│   server: 14 packets · finished·', '    open']);
    expect(notesAt(12)).toEqual(['│   client:…', '│   server:…', '│   finishe…', '    open']);
  });

  it('shows every span once, also when parents are missing or go in a circle', () => {
    const lines = renderWaterfall(trace(span('a', 'gone', 0, 1), span('b', 'c', 1, 1), span('c', 'b', 2, 1)), plain);
    expect(lines).toHaveLength(5);
    expect(lines[0]).toContain('2 roots');
  });

  it('does not let captured bytes control the terminal', () => {
    const hostile = { ...span('a', '', 0, 1), endpoint: 'GET /\x1b[2J\n\u202e\u0007', service: 'x\x9b31m' };
    const text = renderWaterfall(trace(hostile), plain).join('');
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('draws a sliver for the shortest span and stays within the line for the longest', () => {
    expect(bar(0, 0, 100, 10)).toBe('▏');
    expect(bar(100, 0, 100, 10)).toBe(`${' '.repeat(9)}█`);
    expect(bar(50, 500, 100, 10)).toBe(`${' '.repeat(5)}█████`);
    expect(bar(0, 100, 0, 10)).toBe('▏');
  });
});

describe('colours', () => {
  it('appear on a terminal only, and not where NO_COLOR or TERM=dumb refuse them', () => {
    expect(paintFor({ isTTY: true }, {})).toBe(inColor);
    expect(paintFor({}, {})).toBe(withoutColor);
    expect(paintFor({ isTTY: true }, { NO_COLOR: '1' })).toBe(withoutColor);
    expect(paintFor({ isTTY: true }, { NO_COLOR: '' })).toBe(inColor);
    expect(paintFor({ isTTY: true }, { TERM: 'dumb' })).toBe(withoutColor);
  });

  it('do not change what is written', () => {
    const one = trace(span('a', '', 0, 100), span('b', 'a', 10, 45));
    const colored = renderWaterfall(one, { width: 100, paint: inColor });
    const stripped = colored.map((line) => line.replace(/\x1b\[\d+m/g, '').trimEnd());
    expect(stripped).toEqual(renderWaterfall(one, { width: 100, paint: withoutColor }));
  });
});
