/** Prepares a canvas for drawing in CSS pixels on whatever screen. @returns undefined where there is nothing to draw on */
export function openCanvas(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | undefined {
  const context = canvas.getContext('2d');
  if (context === null || width <= 0 || height <= 0) return undefined;
  const ratio = devicePixelRatio;
  const [pixels, lines] = [Math.round(width * ratio), Math.round(height * ratio)];
  // Another size takes other memory, which would be for each frame while a person scrolls.
  if (canvas.width !== pixels || canvas.height !== lines) {
    canvas.width = pixels;
    canvas.height = lines;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.globalAlpha = 1;
  context.clearRect(0, 0, width, height);
  return context;
}

/** Colors of shell.css, resolved for the theme that is shown. */
export interface Colors {
  readonly text: string;
  readonly muted: string;
  readonly page: string;
  readonly line: string;
  readonly accent: string;
  readonly bad: string;
  readonly hues: readonly string[];
}

const known = new Map<string, Colors>();

/**
 * Colors of the theme that is shown. They are read once: reading makes the browser compute all styles, which would be for each frame while
 * a person scrolls. @param theme what shownColors of theme.ts says
 */
export function colorsOf(theme: string): Colors {
  let colors = known.get(theme);
  if (colors === undefined) known.set(theme, (colors = readColors()));
  return colors;
}

function readColors(): Colors {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name);
  return {
    text: color('--text'),
    muted: color('--muted'),
    page: color('--page'),
    line: color('--line'),
    accent: color('--accent'),
    bad: color('--bad'),
    hues: Array.from({ length: 8 }, (_, hue) => color(`--hue-${hue}`)),
  };
}

const hatches = new Map<string, CanvasPattern>();

/** Diagonal lines: what is hatched is on the network. */
export function hatch(context: CanvasRenderingContext2D, color: string): CanvasPattern | string {
  const known = hatches.get(color);
  if (known !== undefined) return known;
  const size = 5;
  const tile = new OffscreenCanvas(size, size);
  const drawing = tile.getContext('2d')!;
  drawing.strokeStyle = color;
  drawing.lineWidth = 1.1;
  drawing.beginPath();
  for (const shift of [-size, 0, size]) {
    drawing.moveTo(shift, size);
    drawing.lineTo(shift + size, 0);
  }
  drawing.stroke();
  const pattern = context.createPattern(tile, 'repeat') ?? color;
  if (typeof pattern !== 'string') hatches.set(color, pattern);
  return pattern;
}

/** Round numbers for about `count` marks from `from` to `to`. */
export function tickMarks(from: number, to: number, count: number): readonly number[] {
  const rough = (to - from) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  const marks: number[] = [];
  for (let mark = Math.ceil(from / step) * step; mark <= to && marks.length < 100; mark += step) marks.push(mark);
  return marks;
}
