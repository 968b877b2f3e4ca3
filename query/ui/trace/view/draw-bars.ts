/**
 * Bars of the rows. Of a call: hatched what is on the network, light while the server waits for calls that it makes, solid what it
 * does itself; only an outline where the server's inside was not seen. Below a bar, a line where the critical path goes through.
 */
import { durationText } from '../../text/duration.ts';
import { callFacts } from '../model/call-facts.ts';
import type { TraceModel } from '../model/trace-model.ts';
import type { VisibleRows } from '../model/visible-rows.ts';
import type { Zoom } from '../use-trace-url.ts';
import { type Colors, hatch, tickMarks } from '../../shell/canvas.ts';

/** Height of a row in pixels. */
export const rowHeight = 26;
/** Space before the time line, and after it for how long the last call took. */
const marginLeft = 8;
const marginRight = 76;
const barHeight = 12;
/** No more children of a call are looked at for one bar: at that many none has a pixel. */
const maxDrawnChildren = 4_000;

/** What is drawn: some rows, in a width. */
export interface BarsView {
  readonly model: TraceModel;
  readonly rows: VisibleRows;
  readonly first: number;
  readonly last: number;
  readonly zoom: Zoom;
  readonly width: number;
  readonly hueOf: (span: number) => number;
  /** By head, 1 for what is drawn plainly; all where nothing is filtered. */
  readonly matches: Uint8Array | undefined;
}

/** Where times are on the screen. */
export function timeScale({ fromNs, toNs }: Zoom, width: number): (ns: number) => number {
  const inner = Math.max(1, width - marginLeft - marginRight);
  return (ns) => marginLeft + ((ns - fromNs) / (toNs - fromNs)) * inner;
}

/** Draws the rows from `first` up to `last`. */
export function drawBars(context: CanvasRenderingContext2D, view: BarsView, colors: Colors): void {
  const { rows, first, last, model, matches } = view;
  drawGrid(context, view, colors);
  const pen = new BarPen(context, view, colors);
  for (let row = first; row < last; row++) {
    const span = rows.span[row]!;
    const top = (row - first) * rowHeight;
    context.globalAlpha = matches === undefined || matches[model.calls.head[span]!] === 1 ? 1 : 0.4;
    if (rows.isHop[row] === 1) pen.hop(span, top);
    else pen.call(span, top);
  }
  context.globalAlpha = 1;
}

function drawGrid(context: CanvasRenderingContext2D, { zoom, width, first, last }: BarsView, { line }: Colors): void {
  const x = timeScale(zoom, width);
  context.fillStyle = line;
  for (const mark of tickMarks(zoom.fromNs, zoom.toNs, width / 130))
    context.fillRect(Math.round(x(mark)), 0, 1, (last - first) * rowHeight);
}

class BarPen {
  readonly #context: CanvasRenderingContext2D;
  readonly #view: BarsView;
  readonly #colors: Colors;
  readonly #x: (ns: number) => number;

  constructor(context: CanvasRenderingContext2D, view: BarsView, colors: Colors) {
    this.#context = context;
    this.#view = view;
    this.#colors = colors;
    this.#x = timeScale(view.zoom, view.width);
    context.font = '11px system-ui, sans-serif';
    context.textBaseline = 'middle';
  }

  call(head: number, top: number): void {
    const { model } = this.#view;
    const { last, isServed, failed } = callFacts(model, head);
    const color = this.#colorOf(last);
    const y = top + (rowHeight - barHeight) / 2 - 1;
    const whole = this.#range(head);
    if (last !== head) this.#box(whole, y, barHeight, hatch(this.#context, color), color);
    if (isServed) this.#served(last, y, color);
    else {
      const inner = this.#range(last);
      this.#context.fillStyle = this.#colors.page;
      this.#context.fillRect(inner.x, y, inner.width, barHeight);
      this.#tinted(inner, y, color, 0.12);
      this.#box(inner, y, barHeight, undefined, color);
    }
    this.#path(head, y + barHeight + 2);
    this.#label(whole, y, durationText(model.columns.durationNs[head]!), failed);
  }

  /** One observation: solid as long as the next one, hatched what is between both. */
  hop(span: number, top: number): void {
    const { model } = this.#view;
    const next = model.times.next[span]!;
    const color = this.#colorOf(span);
    const height = 6;
    const y = top + (rowHeight - height) / 2;
    const whole = this.#range(span);
    if (next !== -1) this.#box(whole, y - 1, height + 2, hatch(this.#context, color), color);
    const inner = this.#range(next === -1 ? span : next);
    this.#context.fillStyle = color;
    this.#context.fillRect(inner.x, y, inner.width, height);
    const between = next === -1 ? 0 : model.columns.durationNs[span]! - model.columns.durationNs[next]!;
    const rest = next === -1 ? '' : `, ${durationText(Math.max(0, between))} to the next`;
    this.#label(whole, y - 3, durationText(model.columns.durationNs[span]!) + rest, model.failed[span] === 1);
  }

  #colorOf(span: number): string {
    return this.#colors.hues[this.#view.hueOf(span)]!;
  }

  #range(span: number): { readonly x: number; readonly width: number } {
    const { startNs, columns } = this.#view.model;
    return this.#between(startNs[span]!, startNs[span]! + columns.durationNs[span]!);
  }

  /** At least a sliver, and never far outside the picture, where a canvas is not exact. */
  #between(fromNs: number, toNs: number): { readonly x: number; readonly width: number } {
    const clip = (x: number): number => Math.min(Math.max(x, -50), this.#view.width + 50);
    const x = clip(this.#x(fromNs));
    return { x, width: Math.max(1.5, clip(this.#x(toNs)) - x) };
  }

  #tinted({ x, width }: { readonly x: number; readonly width: number }, y: number, color: string, alpha: number): void {
    const before = this.#context.globalAlpha;
    this.#context.globalAlpha = before * alpha;
    this.#context.fillStyle = color;
    this.#context.fillRect(x, y, width, barHeight);
    this.#context.globalAlpha = before;
  }

  #box(
    { x, width }: { readonly x: number; readonly width: number },
    y: number,
    height: number,
    fill: CanvasPattern | string | undefined,
    color: string,
  ): void {
    const context = this.#context;
    if (fill !== undefined) {
      context.fillStyle = fill;
      context.fillRect(x, y, width, height);
    }
    context.strokeStyle = color;
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, y + 0.5, Math.max(0.5, width - 1), height - 1);
  }

  /** The server: light all along, solid where it made no call. */
  #served(span: number, y: number, color: string): void {
    const { model } = this.#view;
    const { startNs, columns, tree } = model;
    const whole = this.#range(span);
    this.#context.fillStyle = this.#colors.page;
    this.#context.fillRect(whole.x, y, whole.width, barHeight);
    this.#tinted(whole, y, color, 0.32);
    const begin = tree.children.offsets[span]!;
    const end = Math.min(tree.children.offsets[span + 1]!, begin + maxDrawnChildren);
    const endNs = startNs[span]! + columns.durationNs[span]!;
    let upTo = startNs[span]!;
    this.#context.fillStyle = color;
    const own = (fromNs: number, toNs: number): void => {
      if (toNs <= fromNs) return;
      const { x, width } = this.#between(fromNs, toNs);
      this.#context.fillRect(x, y, width, barHeight);
    };
    for (let at = begin; at < end; at++) {
      const child = tree.children.items[at]!;
      own(upTo, Math.min(startNs[child]!, endNs));
      upTo = Math.max(upTo, startNs[child]! + columns.durationNs[child]!);
    }
    own(upTo, endNs);
    this.#box(whole, y, barHeight, undefined, color);
  }

  #path(head: number, y: number): void {
    const { path, pathOfCall } = this.#view.model;
    this.#context.fillStyle = this.#colors.text;
    for (let at = pathOfCall.offsets[head]!; at < pathOfCall.offsets[head + 1]!; at++) {
      const piece = pathOfCall.items[at]!;
      const { x, width } = this.#between(path.fromNs[piece]!, path.toNs[piece]!);
      this.#context.fillRect(x, y, width, 2);
    }
  }

  /** Behind the bar where there is room, else before it, else in it. */
  #label({ x, width }: { readonly x: number; readonly width: number }, y: number, text: string, failed: boolean): void {
    const context = this.#context;
    const full = failed ? `✕ ${text}` : text;
    const needed = context.measureText(full).width;
    const end = x + width;
    context.fillStyle = failed ? this.#colors.bad : this.#colors.muted;
    let at = end + 6;
    if (at + needed > this.#view.width) at = x - needed - 6;
    if (at < 2) {
      at = Math.max(4, x + 4);
      context.fillStyle = this.#colors.page;
      context.fillRect(at - 3, y - 1, needed + 6, barHeight + 2);
      context.fillStyle = failed ? this.#colors.bad : this.#colors.text;
    }
    context.fillText(full, at, y + barHeight / 2 + 0.5);
  }
}
