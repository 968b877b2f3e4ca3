/**
 * Runs tasks side by side until all have ended. If one fails, it signals the others to stop, and throws the first failure once
 * they have.
 */
export async function runTogether(
  signal: AbortSignal,
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const failures: unknown[] = [];
  await Promise.all(
    tasks.map(async (task) => {
      try {
        await task(either);
      } catch (error) {
        failures.push(error);
        failed.abort();
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
}
