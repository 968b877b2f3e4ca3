/** What the global set-up of a test project gives to all of its test files. */

/** The addresses of a server that serves the whole run, or why there is none. */
export type ProvidedServer = { readonly addresses: readonly string[] } | { readonly missing: string };

declare module 'vitest' {
  interface ProvidedContext {
    readonly kafka: ProvidedServer;
    readonly redis: ProvidedServer;
  }
}
