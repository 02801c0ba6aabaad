import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openLog } from './adapters/event-log/file/file-log.ts';
import { run } from './support/run.ts';
import { enveloped, oneOfEach } from './support/sample-events.ts';
import { createSandbox } from './support/sandbox.ts';

const test = suite('the package');
const sandbox = createSandbox('package');
test.after(() => sandbox.close());

/** What an indexer's author writes: types follow from the names of the events. */
const sample = `
import { filesSource, fileCheckpoint, subscribe, type Envelope, type EventOf } from 'snapledger';

const [root = '', checkpoint = ''] = process.argv.slice(2);
const names: string[] = [];
const note = ({ event }: Envelope<EventOf<'SnapshotCommitted'>>) => void names.push(event.data.name);
subscribe({ source: filesSource(root), types: ['SnapshotCommitted'], checkpoint: fileCheckpoint(checkpoint) }).subscribe({
  next: (envelope) => {
    note(envelope);
    const flushed: boolean = envelope.event.data.flushed;
    const position: number = envelope.position;
    // @ts-expect-error: only a committed snapshot comes
    void envelope.event.data.kind;
    void [flushed, position];
  },
  complete: () => console.log(JSON.stringify(names)),
});
subscribe({ source: filesSource(root), types: ['SnapshotRemoved', 'UsageMeasured'] }).subscribe(({ event }) => {
  if (event.type === 'UsageMeasured') void event.data.bytes;
  // @ts-expect-error: no event of another type
  if (event.type === 'StoreClosed') void event;
});
// @ts-expect-error: there is no such event
subscribe({ source: filesSource(root), types: ['SnapshotComitted'] });
`;

/** A project that has the package installed as it would be published, and its dependencies. */
async function project(): Promise<string> {
  const folder = sandbox.folder('project');
  const modules = sandbox.folder('project/node_modules');
  const packed = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', sandbox.path]);
  const tarball = packed.stdout.trim().split('\n').at(-1) ?? '';
  mkdirSync(join(modules, 'snapledger'));
  await run('tar', ['-xzf', join(sandbox.path, tarball), '--strip-components=1', '-C', join(modules, 'snapledger')]);
  for (const name of readdirSync('node_modules').filter((entry) => !entry.startsWith('.')))
    symlinkSync(resolve('node_modules', name), join(modules, name));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'indexer', type: 'module' }));
  const compilerOptions = { target: 'es2023', module: 'nodenext', strict: true, types: ['node'], skipLibCheck: false };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['sample.ts'] }));
  writeFileSync(join(folder, 'sample.ts'), sample);
  return folder;
}

test('is imported by its name, has types by event names, and reads the events of a store', async () => {
  const folder = await project();
  const compiled = await run(resolve('node_modules/.bin/tsc'), ['-p', folder], { anyStatus: true });
  assert.equal([compiled.stdout, compiled.status], ['', 0]);
  const root = sandbox.folder('root');
  const { log } = await openLog(join(root, 'log'));
  const facts = enveloped(oneOfEach);
  await log.append(facts, { flush: 'now' });
  await log.close();
  const arguments_ = [join(folder, 'sample.js'), root, join(sandbox.path, 'checkpoint')];
  const { stdout } = await run(process.execPath, arguments_);
  const names = facts.flatMap(({ event }) => (event.type === 'SnapshotCommitted' ? [event.data.name] : []));
  assert.equal(JSON.parse(stdout), names);
  assert.equal(JSON.parse((await run(process.execPath, arguments_)).stdout), [], 'the checkpoint is kept');
});

test.run();
