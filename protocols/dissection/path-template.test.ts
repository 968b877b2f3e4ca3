import { expect, test } from 'vitest';
import { pathTemplate } from './path-template.ts';

function template(path: string): string {
  return pathTemplate(Buffer.from(path), 0, Buffer.byteLength(path), path);
}

test.each([
  ['/', '/'],
  ['/users', '/users'],
  ['/users/42', '/users/{id}'],
  ['/users/42/orders/7?x=1', '/users/{id}/orders/{id}'],
  ['/v1/items/0af7651916cd43dd8448eb211c80319c/', '/v1/items/{id}/'],
  ['/o/9f8b2c1d-0000-4000-8000-1234567890ab', '/o/{id}'],
  ['/api/v2/oauth2/s3', '/api/v2/oauth2/s3'],
  ['/files/20240131.csv', '/files/{id}'],
  ['/img/7.png', '/img/{id}'],
  ['/user/joe@example.org/mail', '/user/{id}/mail'],
  [`/t/${'x'.repeat(60)}`, '/t/{id}'],
  ['/a/b/c/d/e/f/g/h/i/j', '/a/b/c/d/e/f/g/h/*'],
  ['/cart;jsessionid=AB12CD34', '/cart'],
  ['/defaced/feedback', '/defaced/feedback'],
])('%s is %s', (path, expected) => {
  expect(template(path)).toBe(expected);
});
