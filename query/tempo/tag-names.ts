import { searchableAttributes } from '../opentelemetry/searchable-attributes.ts';

/** What every span has. */
const intrinsics = ['duration', 'kind', 'name', 'status', 'traceDuration'];

/** Names of attributes by scope. @param scope one of them, or all without it */
export function tagScopes(scope?: string): { name: string; tags: string[] }[] {
  const named = (of: 'resource' | 'span'): string[] =>
    searchableAttributes
      .filter((attribute) => attribute.scope === of && attribute.isFormer !== true)
      .map(({ name }) => name)
      .sort();
  const scopes = [
    { name: 'resource', tags: named('resource') },
    { name: 'span', tags: named('span') },
    { name: 'intrinsic', tags: [...intrinsics] },
  ];
  return scopes.filter(({ name }) => scope === undefined || scope === 'none' || scope === name);
}

/** The same without scopes. */
export function attributeNames(scope?: string): readonly string[] {
  return [...new Set(tagScopes(scope).flatMap(({ tags }) => tags))].sort();
}
