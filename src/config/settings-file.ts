import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { isErrno } from '../ports/errno.ts';
import { Fault } from '../ports/fault.ts';

const largest = 1024 * 1024;

interface SettingsFile {
  /** the tables as plain values */
  readonly values: unknown;
  /** permissions: the lower 12 bits */
  readonly mode: number;
}

/** A settings file in TOML. Throws a Fault (`misuse`) that names the file, and for bad TOML line and column. */
export function readSettingsFile(file: string): SettingsFile {
  const { text, mode } = readText(file);
  try {
    return { values: parse(text), mode };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column, message } = error;
    const [what = message] = message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new Fault('misuse', `${file}:${line}:${column}: ${what}`, {
      hint: 'correct the line: strings stand in quotes, tables in [brackets] (https://toml.io)',
    });
  }
}

/** Whether a connection string has a password, in whatever characters; one that is none may be taken for one. */
export const hasPassword = (url: string | undefined): boolean => /^[^/]*:\/\/[^@]*:[^@]*@/.test(url ?? '');

function readText(file: string): { readonly text: string; readonly mode: number } {
  const fd = open(file);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw misuse(file, 'is not a file', 'name the settings file itself');
    if (stat.size > largest) throw misuse(file, `is ${stat.size} bytes long, more than 1 MiB`, 'name a settings file');
    return { text: readFileSync(fd, 'utf8'), mode: stat.mode & 0o7777 };
  } finally {
    closeSync(fd);
  }
}

/** Does not block if the path is a pipe. */
function open(file: string): number {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { message } = error as Error;
    const missing = isErrno(error, 'ENOENT', 'ENOTDIR');
    const hint = missing
      ? 'create it, or leave --config out to run with the defaults'
      : 'make it readable for this user';
    throw new Fault('misuse', `${file}: ${missing ? 'there is no such file' : message}`, { hint });
  }
}

const misuse = (file: string, what: string, hint: string) => new Fault('misuse', `${file}: ${what}`, { hint });
