/** The warnings of this process while something runs: Node emits them with the next turn of its event loop. */
export async function warningsDuring(work: () => Promise<void>): Promise<readonly string[]> {
  const warnings: string[] = [];
  const note = (warning: Error) => void warnings.push(String(warning));
  process.on('warning', note);
  try {
    await work();
    await new Promise(setImmediate);
    return warnings;
  } finally {
    process.off('warning', note);
  }
}
