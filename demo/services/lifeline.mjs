/**
 * Ends this process when its parent is gone: the parent holds the other end of standard input, which the kernel closes
 * however the parent ends.
 */
export function endWithParent() {
  process.stdin.resume();
  process.stdin.once('end', () => process.exit(0));
  process.stdin.once('error', () => process.exit(0));
}
