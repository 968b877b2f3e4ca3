/** Something that happens once, for others to wait for. */
export interface Milestone {
  readonly reached: Promise<void>;
  readonly reach: () => void;
}

/** A milestone that has not been reached yet. */
export function milestone(): Milestone {
  let settle: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => (settle = resolve));
  return { reached, reach: () => settle() };
}
