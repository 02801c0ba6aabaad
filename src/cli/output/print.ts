/** Where a command's answer goes. */
export type Print = (lines: readonly string[]) => void;

/** Prints lines on standard output. */
export const print: Print = (lines) => {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
};

/** Whoever reads our output may stop reading, as `head` does: that is no error. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      throw error;
    });
}
