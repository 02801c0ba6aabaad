import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { giveBack } from '../../../src/maintenance/takeover/giveback.ts';
import { type SwitchOptions, takeOver } from '../../../src/maintenance/takeover/takeover.ts';
import { noFailpoints } from '../../../src/ports/failpoints.ts';
import { databasePath } from '../../support/containerd-root.ts';

type Options = Partial<SwitchOptions>;

const optionsFor = (root: string, options: Options): SwitchOptions => ({
  ...{ database: databasePath(root), snapshotter: 'overlayfs', dryRun: false, failpoint: noFailpoints },
  ...options,
});

/** The two commands in this process, with the defaults of the command line. */
export const commands = {
  takeover: (root: string, options: Options = {}) => takeOver(root, optionsFor(root, options)),
  giveback: (root: string, options: Options = {}) => giveBack(root, optionsFor(root, options)),
};

/** Everything in containerd's root: what each entry is, and the digest of each file. The text of snapledger's lock names its last holder. */
export function contentOfNode(root: string): Readonly<Record<string, string>> {
  const node = dirname(root);
  const entries = readdirSync(node, { recursive: true, encoding: 'utf8' }).sort();
  const compared = entries.filter((name) => name !== join(basename(root), 'lock'));
  return Object.fromEntries(
    compared.map((name) => {
      const { mode, uid, gid, size, mtimeMs, ino } = lstatSync(join(node, name));
      const isFile = (mode & 0o170000) === 0o100000;
      const content = isFile
        ? createHash('sha256')
            .update(readFileSync(join(node, name)))
            .digest('hex')
        : '';
      return [name, [mode.toString(8), uid, gid, size, mtimeMs, ino, content].join(' ')];
    }),
  );
}

/** Fails unless an action leaves everything in containerd's root byte for byte as it was. */
export async function unchanged<T>(root: string, action: () => Promise<T>): Promise<T> {
  const before = contentOfNode(root);
  const result = await action();
  assert.equal(contentOfNode(root), before);
  return result;
}
