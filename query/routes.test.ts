import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readParameters } from './http/read-parameters.ts';
import { routes } from './routes.ts';

const definitions = routes.map(({ definition }) => definition);

describe('the definitions of all routes', () => {
  it('have a name and a path of their own', () => {
    expect(new Set(definitions.map(({ name }) => name)).size).toBe(definitions.length);
    expect(new Set(definitions.map(({ path }) => path)).size).toBe(definitions.length);
  });

  it('say what each parameter of the path is', () => {
    for (const { path, pathParameters } of definitions)
      expect(Object.keys(pathParameters.shape), path).toEqual([...path.matchAll(/:(\w+)/g)].map(([, name]) => name));
  });

  it('can be written as JSON schemas, in which each parameter is described', () => {
    for (const { path, query, answer } of definitions) {
      const { properties } = z.toJSONSchema(query, { io: 'input' });
      for (const [name, schema] of Object.entries(properties ?? {}))
        expect(schema, `${path} ${name}`).toMatchObject({ description: expect.any(String) as string });
      expect(() => z.toJSONSchema(answer), path).not.toThrow();
    }
  });

  it('refuse what they do not know, and what is wrong, all at once', () => {
    for (const definition of definitions.filter(({ path }) => path.startsWith('/api/'))) {
      const read = readParameters(definition, {}, new URLSearchParams('color=red&from=soon&from='));
      expect(read, definition.path).toMatchObject({ kind: 'problems' });
    }
  });
});
