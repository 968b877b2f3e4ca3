/**
 * Lays out a table in a given width. Columns take their natural width where there is room; else they shrink in the order
 * of `shrink`, first to where they are comfortable, then to their minimum; and when that is not enough, columns are left
 * out in the order of `drop`.
 */
import { fitted } from './printable.ts';
import type { Color, Paint } from './style.ts';

/** One cell. */
export interface Cell {
  readonly text: string;
  readonly color?: Color | undefined;
}

/** One column. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Given the final width: so that a drawing can fill it. */
  readonly cells: (width: number) => readonly Cell[];
  /** Width it would like to have; undefined: the widest cell. */
  readonly preferredWidth?: number;
  readonly comfortableWidth?: number;
  readonly minimumWidth?: number;
  /** Columns with a lower number shrink first; without one a column keeps its width. */
  readonly shrink?: number;
  /** Columns with a lower number are left out first; without one a column always stays. */
  readonly drop?: number;
}

const gap = 2;

function preferredWidth(column: Column): number {
  if (column.preferredWidth !== undefined) return column.preferredWidth;
  const widths = column.cells(Number.POSITIVE_INFINITY).map((cell) => Array.from(cell.text).length);
  return Math.max(column.title.length, ...widths);
}

/** Widths of the columns that fit, by column. */
function widthsOf(columns: readonly Column[], width: number): ReadonlyMap<Column, number> {
  const widths = new Map(columns.map((column) => [column, preferredWidth(column)]));
  const excess = (): number => [...widths.values()].reduce((sum, each) => sum + each + gap, -gap) - width;
  const shrinking = columns.filter((column) => column.shrink !== undefined);
  const shrinkTo = (boundOf: (column: Column) => number): void => {
    for (const column of shrinking.toSorted((left, right) => left.shrink! - right.shrink!)) {
      const now = widths.get(column)!;
      if (excess() > 0) widths.set(column, Math.min(now, Math.max(boundOf(column), now - excess())));
    }
  };
  shrinkTo((column) => column.comfortableWidth ?? column.minimumWidth ?? 4);
  shrinkTo((column) => column.minimumWidth ?? 4);
  const droppable = columns.filter((column) => column.drop !== undefined);
  for (const column of droppable.toSorted((left, right) => left.drop! - right.drop!)) {
    if (excess() > 0) widths.delete(column);
  }
  // What leaving a column out has freed goes back to those that shrank, the most important first.
  for (const column of shrinking.toSorted((left, right) => right.shrink! - left.shrink!)) {
    const now = widths.get(column);
    if (now !== undefined && excess() < 0) widths.set(column, Math.min(preferredWidth(column), now - excess()));
  }
  return widths;
}

/** The table, one line a row, the titles first. No line is wider than `width` while the columns that always stay fit. */
export function renderTable(columns: readonly Column[], width: number, paint: Paint): readonly string[] {
  const widths = widthsOf(columns, width);
  const shown = [...widths].map(([column, columnWidth]) => ({ column, columnWidth, cells: column.cells(columnWidth) }));
  const rowCount = Math.max(0, ...shown.map(({ cells }) => cells.length));
  const line = (cellOf: (index: number) => Cell): string =>
    shown
      .map(({ column, columnWidth }, index) => {
        const cell = cellOf(index);
        return paint(cell.color, fitted(cell.text, columnWidth, column.align));
      })
      .join(' '.repeat(gap))
      .trimEnd();
  const title = line((index) => ({ text: shown[index]!.column.title, color: 'dim' }));
  const rows = Array.from({ length: rowCount }, (_, row) => line((index) => shown[index]!.cells[row] ?? { text: '' }));
  return [title, ...rows];
}
