/** Installs what is missing, as root on Debian; elsewhere says in one sentence what to install. */
export function installPackages(
  purposes: readonly ('build' | 'demo' | 'bookinfo' | 'test' | 'long' | 'kafka')[],
): Promise<string>;
