import { expect, it } from 'vitest';
import { listWidthOf, withoutColor } from './style.ts';
import { renderTable } from './table.ts';

it('a list that goes to a program has its texts whole, however long they are', () => {
  const id = '85d77c54210ea899904636200b6642f9';
  const request = `GET /${'x'.repeat(200)}`;
  const columns = [id, request].map((text, index) => ({
    title: 'X',
    cells: () => [{ text }],
    minimumWidth: 8,
    shrink: index,
  }));
  expect(renderTable(columns, listWidthOf({}), withoutColor)[1]).toBe(`${id}  ${request}`);
  expect(renderTable(columns, listWidthOf({ isTTY: true, columns: 40 }), withoutColor)[1]).toHaveLength(40);
});
