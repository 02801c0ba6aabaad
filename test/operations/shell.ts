import { readFileSync } from 'node:fs';
import { type Finished, run } from '../support/run.ts';
import { daemonFile } from '../support/server.ts';

export const operations = readFileSync('OPERATIONS.md', 'utf8');

/**
 * Runs a line of a document as a shell would, `snapledger` on a root unless the line names one or the command has none; other
 * words of the line are replaced.
 */
export function runLine(line: string, root: string, words: Readonly<Record<string, string>>): Promise<Finished> {
  const program = `'${process.execPath}' '${daemonFile}' "$@"`;
  const shell = `snapledger() { case "$*" in *--root*|containerd-config*|completion*|man*|fleet*) ${program};; *) ${program} --root '${root}';; esac; }`;
  const replaced = Object.entries(words).reduce((text, [word, by]) => text.replaceAll(word, by), line);
  return run('bash', ['-c', `${shell}; ${replaced}`], { anyStatus: true });
}
