import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { requireCommand, requireRoot, suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox } from '../support/sandbox.ts';

const test = suiteNeeding('install-packages', requireRoot(), requireCommand('flock'));

/** Commands in place of apt: they record start and end, and later queries find what they installed. */
function standIns(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const write = (name: string, script: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  write('dpkg-query', `[ -e ${folder}/installed ] && printf 'install ok installed'`);
  write(
    'apt-get',
    `echo "begin $1" >>${folder}/log; sleep 0.3; [ "$1" != install ] || : >${folder}/installed; echo "end $1" >>${folder}/log`,
  );
  write('systemctl', `echo "systemctl $*" >>${folder}/log; exit 1`);
  return bin;
}

const policy = () => (existsSync('/usr/sbin/policy-rc.d') ? readFileSync('/usr/sbin/policy-rc.d', 'utf8') : '');

test('installs once for two concurrent runs, and disables the services that came with it: the other waits', async () => {
  const sandbox = createSandbox('install');
  const before = policy();
  try {
    const env = { PATH: `${standIns(sandbox.path)}:${process.env.PATH}` };
    const runs = [1, 2].map(() => run('bash', ['test/support/install-packages'], { env }));
    const said = (await Promise.all(runs)).map(({ stdout }) => stdout).sort();
    const log = readFileSync(join(sandbox.path, 'log'), 'utf8');
    assert.is(
      log,
      [
        ...['begin update', 'end update', 'begin install', 'end install'],
        ...['docker-registry', 'nginx', 'prometheus'].map((service) => `systemctl disable ${service}.service`),
        '',
      ].join('\n'),
    );
    assert.match(said.join(''), 'installing');
    assert.match(said.join(''), 'waiting for another run to install packages');
    assert.is(policy(), before);
  } finally {
    await sandbox.close();
  }
});

test.run();
