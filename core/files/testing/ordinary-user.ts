const nobody = 65_534;

/** Runs something without the rights of root, which may read and write everything; an ordinary user has none anyway. */
export function asOrdinaryUser(action: () => void): void {
  const { seteuid, geteuid } = process;
  if (seteuid === undefined || geteuid === undefined || geteuid() !== 0) {
    action();
    return;
  }
  seteuid(nobody);
  try {
    action();
  } finally {
    seteuid(0);
  }
}
