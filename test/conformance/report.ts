/** One case of the Go test: its name below the top test, what became of it, and what it printed. */
export interface Case {
  readonly name: string;
  readonly outcome: 'PASS' | 'FAIL' | 'SKIP';
  readonly output: string;
}

const begun = /^=== (?:RUN|CONT|PAUSE|NAME) +(\S+)$/;
const closed = /^ +--- (PASS|FAIL|SKIP): [^/\s]+\/(\S+) \([\d.]+s\)$/;

/** Reads what a Go test prints with -test.v: every case below the top one, in the order in which they closed. */
export function casesIn(output: string): readonly Case[] {
  const outcomes = new Map<string, Case['outcome']>();
  const said = new Map<string, string>();
  let speaker = '';
  for (const line of output.split('\n')) {
    const closing = closed.exec(line);
    const name = closing?.[2] ?? begun.exec(line)?.[1]?.replace(/^[^/]*\/?/, '');
    if (name !== undefined) speaker = name;
    else said.set(speaker, `${said.get(speaker) ?? ''}${line}\n`);
    if (closing?.[1] !== undefined) outcomes.set(speaker, closing[1] as Case['outcome']);
  }
  return [...outcomes].map(([name, outcome]) => ({ name, outcome, output: said.get(name) ?? '' }));
}
