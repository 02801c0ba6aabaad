import { SyntaxFault } from '../syntax-fault.ts';
import type { Cursor } from './cursor.ts';

/** i: ignore case; m: ^ and $ at lines; s: a dot takes line ends too; U: without meaning where only "matches?" is asked. */
export interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly U: boolean;
}

/** What an opening parenthesis begins: a group to be read with these flags, or flags for the rest of the group around it. */
export interface Opening {
  readonly type: 'group' | 'flags';
  readonly flags: Flags;
}

/** The cursor is after the parenthesis, and ends before the group's content. Throws SyntaxFault, so for lookaround. */
export function readGroup(cursor: Cursor, flags: Flags): Opening {
  const start = cursor.offset() - 1;
  if (!cursor.sees('?')) return { type: 'group', flags };
  if (cursor.take(/\?P?<[0-9A-Za-z_]+>/y) !== '') return { type: 'group', flags };
  const text = cursor.take(/\?(?:[imsU]+(?:-[imsU]+)?|-[imsU]+|(?=[:)]))[:)]/y);
  if (text === '') {
    const look = cursor.take(/\?<?[=!]/y);
    throw new SyntaxFault(start, look === '' ? 'unknown kind of group' : `lookaround is not supported: (${look}`);
  }
  return { type: text.endsWith(':') ? 'group' : 'flags', flags: changed(flags, text.slice(1, -1)) };
}

function changed(flags: Flags, text: string): Flags {
  const [on = '', off = ''] = text.split('-');
  const pick = (flag: keyof Flags): boolean => !off.includes(flag) && (on.includes(flag) || flags[flag]);
  return { i: pick('i'), m: pick('m'), s: pick('s'), U: pick('U') };
}
