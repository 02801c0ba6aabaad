import type { Address } from './address.ts';

const defaultRoot = '/var/lib/snapledger';

/** A word as a POSIX shell reads it, whatever characters it has. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The command that says on a terminal what the page shows. */
export function commandFor({ view, values }: Address, root: string | undefined): string {
  const words = ['snapledger', ...wordsFor(view, values)];
  if (view !== 'fleet' && root !== undefined && root !== defaultRoot) words.push('--root', root);
  return words.map(quoted).join(' ');
}

function wordsFor(view: Address['view'], values: Address['values']): readonly string[] {
  const { key = '', path = '', at = '', from = '', to = '' } = values;
  switch (view) {
    case 'timeline':
      return ['log', ...given(key), ...options(values, ['namespace', 'since', 'until', 'type'])];
    case 'store':
      return ['tree', ...options(values, ['at'])];
    case 'compare':
      return ['diff', from === '' ? '1' : from, ...given(to)];
    case 'snapshot':
      return path === '' ? ['history', key] : ['blame', key, path];
    case 'disk':
      return ['stats', ...(at === '' ? [] : ['--at', at])];
    case 'health':
      return ['verify'];
    case 'fleet':
      return ['fleet', ...fleetWords(values)];
  }
}

const given = (word: string) => (word === '' ? [] : [word]);
const options = (values: Address['values'], names: readonly string[]) =>
  names.flatMap((name) => (values[name] === undefined || values[name] === '' ? [] : [`--${name}`, values[name]]));

function fleetWords({ layer = '', image = '', node = '' }: Address['values']): readonly string[] {
  if (layer !== '') return ['holds', layer];
  if (image !== '') return ['holds', '--image', image];
  return node === '' ? ['nodes'] : ['incidents', '--node', node];
}
