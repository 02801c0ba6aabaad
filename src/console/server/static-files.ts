import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { type HttpAnswer, plain } from '../../http/route.ts';
import { isErrno } from '../../ports/errno.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

/** No dots but before an ending: nothing outside of the directory can be named. */
const harmless = /^(?:[A-Za-z0-9_-]+\/)*[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/** A file of the built page; the empty path is its start. */
export async function staticFile(directory: string, path: string): Promise<HttpAnswer> {
  const name = path === '' ? 'index.html' : path;
  const type = types[extname(name)];
  if (!harmless.test(name) || type === undefined) return plain(404, 'there is no such file');
  try {
    return { status: 200, type, body: await readFile(join(directory, name)) };
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
    if (path !== '') return plain(404, 'there is no such file');
    return plain(503, 'this build of snapledger has no console page\nhint: install a package, or run `npm run build`');
  }
}
