/** Headers of a request with this token. */
export function tokenHeaders(token: string): Readonly<Record<string, string>> {
  return token === '' ? {} : { authorization: `Bearer ${token}` };
}
