/**
 * Environment variables of a process that become tags: those that the settings choose, by name or by prefix (APP_*). Names
 * that sound like a secret must be written out; a prefix that happens to cover one does not choose it.
 */

/** Chooses from all variables of a process. */
export type ChooseEnvironment = (variables: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;

const secretName = /PASSW|PASSPHRASE|PWD|TOKEN|SECRET|KEY|CREDENTIAL|AUTH|COOKIE|SESSION|PRIVATE|DSN/i;
/** scheme://user:password@host */
const passwordInAddress = /(\/\/[^\s:/?#@]*:)[^\s/?#]*(?=@)/g;
const maxVariables = 64;
const maxValueCharacters = 1024;

/** Makes a choice of names and prefixes, which end with a star. */
export function environmentChoice(names: readonly string[]): ChooseEnvironment {
  const exact = new Set(names.filter((name) => !name.endsWith('*')));
  const prefixes = names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  if (names.length === 0) return () => ({});
  return (variables) => {
    const chosen = Object.entries(variables)
      .filter(
        ([name]) => exact.has(name) || (!secretName.test(name) && prefixes.some((prefix) => name.startsWith(prefix))),
      )
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .slice(0, maxVariables)
      .map(([name, value]) => [name, value.slice(0, maxValueCharacters).replaceAll(passwordInAddress, '$1***')]);
    return Object.fromEntries(chosen) as Readonly<Record<string, string>>;
  };
}

/** Uid of the pod that a process says it belongs to: SPANLOOM_POD_UID, or POD_UID as the downward API is often given. */
export function podUidOf(variables: Readonly<Record<string, string>>): string {
  const uid = variables['SPANLOOM_POD_UID'] ?? variables['POD_UID'] ?? '';
  return /^[\w.:/-]{1,253}$/.test(uid) ? uid : '';
}
