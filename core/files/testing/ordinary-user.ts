const nobody = 65_534;

/** Runs something without the rights of root, which may read and write everything; an ordinary user has none anyway. */
export async function asOrdinaryUser(action: () => Promise<void> | void): Promise<void> {
  const { seteuid, geteuid } = process;
  const isRoot = seteuid !== undefined && geteuid?.() === 0;
  if (isRoot) seteuid(nobody);
  try {
    await action();
  } finally {
    if (isRoot) seteuid(0);
  }
}
