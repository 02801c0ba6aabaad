import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { requireCommand, suiteNeeding } from '../../support/requirements.ts';

const test = suiteNeeding('units of the fleet', requireCommand('systemd-analyze'));

for (const name of ['snapledger-fleet', 'snapledger-fleet-serve'])
  test(`unit file ${name}: systemd-analyze finds nothing wrong, and it needs no root`, () => {
    const file = `src/operations/fleet/${name}.service`;
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    assert.equal([status, stdout, stderr], [0, '', '']);
    assert.match(readFileSync(file, 'utf8'), /^DynamicUser=true$/m);
  });

test.run();
