import type { Box } from './layout-map.ts';

export type Direction = 'left' | 'right' | 'up' | 'down';

/** The node that an arrow key leads to: the nearest in this direction, what lies straight ahead before what lies aside. */
export function nearestNode(boxes: ReadonlyMap<string, Box>, from: string, direction: Direction): string | undefined {
  const start = boxes.get(from);
  if (start === undefined) return undefined;
  let nearest: { readonly id: string; readonly distance: number } | undefined;
  for (const [id, { x, y }] of boxes) {
    const [right, down] = [x - start.x, y - start.y];
    const ahead = { left: -right, right, up: -down, down }[direction];
    const aside = Math.abs(direction === 'left' || direction === 'right' ? down : right);
    const distance = ahead + 2 * aside;
    if (id !== from && ahead > 1 && (nearest === undefined || distance < nearest.distance)) nearest = { id, distance };
  }
  return nearest?.id;
}
