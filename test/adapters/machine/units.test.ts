import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readUnit, runtimeDirectories } from '../../../src/adapters/machine/units.ts';
import { unit } from '../../../src/app/doctor/check-units.ts';
import { withUnits } from '../../app/doctor/healthy.ts';
import { createSandbox } from '../../support/sandbox.ts';

const test = suite('units');
const sandbox = createSandbox('units');
test.after(() => sandbox.close());

const directories = [sandbox.folder('etc'), sandbox.folder('lib')];

function write(name: string, text: string): void {
  mkdirSync(dirname(join(sandbox.path, name)), { recursive: true });
  writeFileSync(join(sandbox.path, name), text);
}

write(
  'lib/a.service',
  '# comment\n[Unit]\nAfter=b.service c.service\n[Service]\nPrivateTmp = yes\nExecStart=/bin/a \\\n  --x\nLimitNOFILE=10\n',
);
write('lib/a.service.d/20-x.conf', '[Unit]\nAfter=d.service\n');
write('etc/a.service.d/10-x.conf', '[Service]\nLimitNOFILE=\nLimitNOFILE=20\nExecStart=\n');
write('etc/a.service.d/20-x.conf', '[Unit]\nAfter=e.service\n');
write('etc/b.service', '[Service]\nRuntimeDirectory=b b/c\n');
write('lib/b.service', '[Service]\nRuntimeDirectory=old\n');
write('lib/c.service', '[Service]\nRuntimeDirectory=c\nRuntimeDirectoryPreserve=yes\n');
mkdirSync(join(sandbox.path, 'etc/multi-user.target.wants'));
symlinkSync('/nowhere', join(sandbox.path, 'etc/multi-user.target.wants/b.service'));
symlinkSync('/nowhere', join(sandbox.path, 'etc/dead.service'));

test('unit with drop-ins: values in order, cleared by an empty one, a drop-in hides another of its name', () => {
  const unit = readUnit('a.service', directories);
  assert.equal(unit?.values, {
    'Unit.After': ['b.service c.service', 'e.service'],
    'Service.PrivateTmp': ['yes'],
    'Service.ExecStart': [],
    'Service.LimitNOFILE': ['20'],
  });
  assert.equal(
    unit?.files.map((file) => file.slice(sandbox.path.length)),
    ['/lib/a.service', '/etc/a.service.d/10-x.conf', '/etc/a.service.d/20-x.conf'],
  );
});

test('drop-in that can not be read: is named, and the rest of the unit is read', () => {
  write('etc/d.service', '[Service]\nUser=d\n');
  mkdirSync(join(sandbox.path, 'etc/d.service.d'));
  const dropIn = join(sandbox.path, 'etc/d.service.d/x.conf');
  symlinkSync('/nowhere', dropIn);
  const found = readUnit('d.service', directories);
  assert.equal([found?.unreadable, found?.values['Service.User']], [[dropIn], ['d']]);
  const result = unit.run(withUnits({ snapledger: found }));
  assert.match('inspected' in result ? result.inspected : '', `${dropIn} (not readable)`);
});

test('enabled unit: a target wants it', () => {
  assert.is(readUnit('a.service', directories)?.enabled, false);
  assert.is(readUnit('b.service', directories)?.enabled, true);
  assert.is(readUnit('none.service', directories), undefined);
});

test('runtime directories: those that a stop deletes, of the unit that counts', () => {
  assert.equal(runtimeDirectories(directories), [
    { path: '/run/b', unit: 'b.service' },
    { path: '/run/b/c', unit: 'b.service' },
  ]);
});

test('unit file of the package: doctor finds nothing in it', () => {
  const read = readUnit('snapledger.service', [resolve('src/operations')]);
  assert.ok(read);
  const result = unit.run(withUnits({ snapledger: { ...read, enabled: true } }));
  assert.equal('findings' in result && result.findings, []);
});

test.run();
