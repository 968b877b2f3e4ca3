/** Runs one step of the setup and prints one line for it. */
export function step(name: string, work: () => Promise<string>): Promise<void>;
