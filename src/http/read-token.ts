import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { isErrno } from '../ports/errno.ts';
import { Fault, faultOf } from '../ports/fault.ts';

const token = /^[A-Za-z0-9._~+/-]{16,4096}=*$/;
const makeOne = (file: string) => `make one: (umask 077; head -c 32 /dev/urandom | base64 > ${file})`;

/** The bearer token in a file that its owner alone may read. Throws a Fault (`misuse`) that says how to make one. */
export function readToken(file: string): string {
  const fd = opened(file);
  try {
    const { mode, size } = fstatSync(fd);
    if ((mode & 0o170000) !== 0o100000) throw misuse(file, 'is not a file', makeOne(file));
    if ((mode & 0o077) !== 0)
      throw misuse(file, `others than its owner may read it (mode ${(mode & 0o777).toString(8)})`, `chmod 600 ${file}`);
    const text = size > 8192 ? '' : readFileSync(fd, 'utf8').trim();
    if (!token.test(text)) throw misuse(file, 'holds no token of 16 letters and digits or more', makeOne(file));
    return text;
  } finally {
    closeSync(fd);
  }
}

/** Without blocking where somebody named a pipe. */
function opened(file: string): number {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw misuse(file, 'there is no such file', makeOne(file));
    throw faultOf(error, `http.token_file ${file}`, 'make it readable for the user that runs the daemon');
  }
}

const misuse = (file: string, what: string, hint: string) =>
  new Fault('misuse', `http.token_file ${file}: ${what}`, { hint });
