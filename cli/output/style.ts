/** Colours that a line may use. */
export type Color = 'red' | 'yellow' | 'green' | 'blue' | 'magenta' | 'cyan' | 'dim' | 'bold';

/** Puts a colour around text, or not. */
export type Paint = (color: Color | undefined, text: string) => string;

const codes: Readonly<Record<Color, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
};

/** ANSI colours. */
export const inColor: Paint = (color, text) =>
  color === undefined || text === '' ? text : `\x1b[${codes[color]}m${text}\x1b[0m`;

/** No colours. */
export const withoutColor: Paint = (_color, text) => text;

/** Colours only where a person looks at a terminal that shows them: see no-color.org. */
export function paintFor(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Paint {
  const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return stream.isTTY === true && !refused ? inColor : withoutColor;
}

const widthWithoutTerminal = 120;

/** Columns that a line may have. */
export function widthOf(stream: { readonly isTTY?: boolean; readonly columns?: number }): number {
  return stream.isTTY === true && stream.columns !== undefined && stream.columns > 0
    ? stream.columns
    : widthWithoutTerminal;
}

/** Columns that a line of a list may have: where no terminal is, a program reads it, and needs what is in it whole. */
export function listWidthOf(stream: { readonly isTTY?: boolean; readonly columns?: number }): number {
  return stream.isTTY === true ? widthOf(stream) : Number.POSITIVE_INFINITY;
}
