import { writeFileSync } from 'node:fs';
import { Fault } from '../../../../ports/fault.ts';
import { nameList } from '../paths.ts';

/** Runs a command; its output has a byte in each character. */
export type RunBytes = (
  file: string,
  args: readonly string[],
) => Promise<{ readonly status: number; readonly output: string; readonly errors: string }>;

/** Tools for extended attributes: Node has no call for them, and the commands take names of any bytes only from a file. */
export interface AttributeTools {
  readonly run: RunBytes;
  /** a directory for lists of names */
  readonly scratch: string;
}

/** Names and values by path, for those that have any. */
export type Attributes = ReadonlyMap<string, ReadonlyMap<string, string>>;

const reading = ['-h', '--absolute-names', '-d', '-m'];

/** The extended attributes of everything below a directory that match a pattern. */
export async function attributesBelow(
  { run }: AttributeTools,
  directory: string,
  pattern: string,
): Promise<Attributes> {
  return parsed(await output(run, 'getfattr', ['-R', '-P', ...reading, pattern, directory]));
}

/** The same of these paths. */
export async function attributesOf(
  tools: AttributeTools,
  paths: readonly string[],
  pattern: string,
): Promise<Attributes> {
  if (paths.length === 0) return new Map();
  return parsed(await forEach(tools, paths, ['getfattr', ...reading, pattern]));
}

/** `command` may begin with options for xargs. */
function forEach({ run, scratch }: AttributeTools, paths: readonly string[], command: readonly string[]) {
  const list = `${scratch}/names`;
  writeFileSync(list, nameList(paths));
  return output(run, 'xargs', ['--null', `--arg-file=${list}`, ...command]);
}

async function output(run: RunBytes, file: string, args: readonly string[]): Promise<string> {
  const { status, output, errors } = await run(file, args);
  if (status === 0) return output;
  throw new Fault('io', `attributes of a layer: ${file}: ${errors.trim()}`, { hint: 'run as root; check the disk' });
}

/** Source: getfattr(1). Paths and names contain line feeds, carriage returns and backslashes as octal numbers, names also =. */
function parsed(dump: string): Attributes {
  const found = new Map<string, ReadonlyMap<string, string>>();
  for (const entry of dump.split('\n\n')) {
    const [first = '', ...lines] = entry.split('\n');
    if (!first.startsWith('# file: ')) continue;
    const path = unquoted(first.slice('# file: '.length));
    const pairs = lines.filter((line) => line !== '').map((line) => pairOf(line));
    found.set(path, new Map(pairs));
  }
  return found;
}

function pairOf(line: string): readonly [string, string] {
  const cut = line.indexOf('=');
  return cut === -1 ? [unquoted(line), ''] : [unquoted(line.slice(0, cut)), line.slice(cut + 1)];
}

const unquoted = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
