import { expect, it } from 'vitest';
import { querySummary } from './query-summary.ts';

it.each([
  ['SELECT * FROM item WHERE order_id = ?', 'SELECT item'],
  ['SELECT o.id, i.name FROM orders o JOIN items i ON i.order_id = o.id', 'SELECT orders items'],
  ['INSERT INTO shipping_details (a, b) SELECT a, b FROM orders', 'INSERT shipping_details SELECT orders'],
  ['UPDATE `shop`.`item` SET price = ? WHERE id = ?', 'UPDATE shop.item'],
  ['DELETE FROM "cart" WHERE id IN (?)', 'DELETE cart'],
  ['CREATE TABLE IF NOT EXISTS users (id int)', 'CREATE users'],
  ['REPLACE INTO sessions VALUES (?)', 'REPLACE sessions'],
  ['EXECUTE SELECT price FROM prices WHERE sku = ?', 'SELECT prices'],
  ['SELECT * FROM (SELECT id FROM orders) t', 'SELECT SELECT orders'],
  ['SELECT ?', 'SELECT'],
  ['COMMIT', ''],
  ['', ''],
])('%s is summed up as %s', (shape, summary) => {
  expect(querySummary(shape)).toBe(summary);
});

it('a table whose name may have been cut is left out', () => {
  const shape = `SELECT ${'column_name, '.repeat(30)}`.slice(0, 240);
  expect(querySummary(`${shape} FROM ${'orders'.padEnd(256 - shape.length - 6, '_')}`)).toBe('SELECT');
});
