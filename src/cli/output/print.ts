/** Receives the lines of a command's answer. */
export type Print = (lines: readonly string[]) => void;

/** Prints lines on standard output. */
export const print: Print = (lines) => {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
};

/** The reader of the output may stop reading, as `head` does: that is no error. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      throw error;
    });
}

/** Puts a text into a colour, or leaves it as it is. */
export type Paint = (text: string, colour: Colour) => string;
export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'dim' | 'bold';

const codes: Readonly<Record<Colour, string>> = {
  red: '31',
  green: '32',
  yellow: '33',
  blue: '34',
  dim: '2',
  bold: '1',
};

const coloured: Paint = (text, colour) => (text.trim() === '' ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`);

/** No colours: for files, pipes and pagers. */
export const colourless: Paint = (text) => text;

/** Colours on a terminal, unless NO_COLOR is set (no-color.org) or the terminal has none. */
export function createPaint(
  { isTTY }: { readonly isTTY?: boolean } = process.stdout,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Paint {
  const wanted = isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return wanted ? coloured : colourless;
}
