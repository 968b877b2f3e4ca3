import type { Point } from './layout-map.ts';

const middle = (left: Point, right: Point): Point => ({ x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 });
const text = ({ x, y }: Point): string => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;

/** A smooth line through points, as `d` of a path: they pull at it, and it ends in the first and the last one. */
export function edgePath(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const last = rest.pop();
  if (first === undefined || last === undefined) return '';
  let path = `M${text(first)}`;
  for (const [at, point] of rest.entries()) {
    const next = rest[at + 1];
    path += `Q${text(point)} ${text(next === undefined ? last : middle(point, next))}`;
  }
  return rest.length === 0 ? `${path}L${text(last)}` : path;
}

/** The head of an arrow at the end of a line. */
export function arrowPath(points: readonly Point[], size: number): string {
  const tip = points.at(-1);
  const before = points.findLast((point) => tip !== undefined && (point.x !== tip.x || point.y !== tip.y));
  if (tip === undefined || before === undefined) return '';
  const length = Math.hypot(tip.x - before.x, tip.y - before.y);
  const [x, y] = [((tip.x - before.x) / length) * size, ((tip.y - before.y) / length) * size];
  const left = { x: tip.x - x - y / 2, y: tip.y - y + x / 2 };
  const right = { x: tip.x - x + y / 2, y: tip.y - y - x / 2 };
  return `M${text(tip)}L${text(left)}L${text(right)}Z`;
}
