import type { HeatmapAnswer } from '../../api/routes/heatmap.ts';
import type { Box } from './box.ts';

/** One cell, from the earliest and shortest. */
interface Cell {
  readonly column: number;
  readonly row: number;
}

/** Cells of the heatmap, from and to both within. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
  /** Where a drag began. */
  readonly anchor?: Cell;
}

type Grid = Pick<HeatmapAnswer, 'from_ns' | 'to_ns' | 'step_ns' | 'durations_ns'>;

/** The times and durations of these cells. */
export function boxOfArea({ from_ns: from, step_ns: step, durations_ns: bounds }: Grid, area: Area): Box {
  const moment = (column: number): bigint => BigInt(from) + BigInt(Math.round(column * step));
  return {
    fromNs: moment(area.left),
    toNs: moment(area.right + 1),
    minNs: Math.floor(bounds[area.bottom] ?? 0),
    maxNs: Math.ceil(bounds[area.top + 1] ?? bounds.at(-1) ?? 0),
  };
}

/** The cells that a box covers, as far as they are in this heatmap. */
export function areaOfBox(grid: Grid, { fromNs, toNs, minNs, maxNs }: Box): Area {
  const { from_ns: from, step_ns: step, durations_ns: bounds } = grid;
  const { columns, rows } = sizeOf(grid);
  const column = (moment: bigint): number => Number(moment - BigInt(from)) / step;
  const within = (value: number, count: number): number => Math.min(count - 1, Math.max(0, value));
  const rowFrom = bounds.findLastIndex((bound) => Math.floor(bound) <= minNs);
  const rowTo = bounds.findIndex((bound) => Math.ceil(bound) >= maxNs);
  return {
    left: within(Math.round(column(fromNs)), columns),
    right: within(Math.round(column(toNs)) - 1, columns),
    bottom: within(rowFrom, rows),
    top: within((rowTo === -1 ? rows : rowTo) - 1, rows),
  };
}

/** The cell at a place, in shares of the whole from the lower left. */
export function cellAt(grid: Grid, x: number, y: number): Cell {
  const { columns, rows } = sizeOf(grid);
  const within = (share: number, count: number): number => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
  return { column: within(x, columns), row: within(y, rows) };
}

/** The area between two cells. */
export function draggedArea(anchor: Cell, cell: Cell): Area {
  return {
    left: Math.min(anchor.column, cell.column),
    right: Math.max(anchor.column, cell.column),
    bottom: Math.min(anchor.row, cell.row),
    top: Math.max(anchor.row, cell.row),
    anchor,
  };
}

const directions: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** The area after an arrow key: moved, or with Shift larger or smaller at its right and upper side. Without one, the last column. */
export function movedArea(grid: Grid, area: Area | undefined, key: string, resizes: boolean): Area | undefined {
  const direction = directions[key];
  if (direction === undefined) return undefined;
  const { columns, rows } = sizeOf(grid);
  if (area === undefined) return { left: columns - 1, right: columns - 1, bottom: 0, top: rows - 1 };
  const { left, right, bottom, top } = area;
  const [x, y] = direction;
  if (resizes)
    return {
      left,
      bottom,
      right: Math.min(columns - 1, Math.max(left, right + x)),
      top: Math.min(rows - 1, Math.max(bottom, top + y)),
    };
  if (left + x < 0 || right + x >= columns || bottom + y < 0 || top + y >= rows) return area;
  return { left: left + x, right: right + x, bottom: bottom + y, top: top + y };
}

/** How many cells there are. */
export function sizeOf({ from_ns: from, to_ns: to, step_ns: step, durations_ns: bounds }: Grid): {
  readonly columns: number;
  readonly rows: number;
} {
  return {
    columns: Math.max(1, Math.ceil(Number(BigInt(to) - BigInt(from)) / step)),
    rows: Math.max(1, bounds.length - 1),
  };
}
