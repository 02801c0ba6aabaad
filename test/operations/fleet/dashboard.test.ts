import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../../support/run.ts';
import { createSandbox } from '../../support/sandbox.ts';

interface Target {
  readonly expr?: string;
  readonly rawSql?: string;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly datasource: { readonly uid: string };
  readonly targets: readonly Target[];
}

const text = readFileSync('src/operations/fleet/grafana-dashboard.json', 'utf8');
const dashboard: { readonly panels: readonly Panel[] } = JSON.parse(text);

const test = suite('dashboard of the fleet');
const sandbox = createSandbox('dashboard');
test.before(() => symlinkSync(resolve('node_modules'), join(sandbox.path, 'node_modules')));
test.after(() => sandbox.close());

/** What the compiler says about a dashboard as a literal of Grafana's own type: it refuses unknown fields too. */
async function typeErrors(json: string): Promise<string> {
  const file = join(sandbox.path, `dashboard-${Date.now()}.ts`);
  writeFileSync(file, `export const dashboard: import('@grafana/schema').Dashboard = ${json};`);
  const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', ''];
  return (await run(resolve('node_modules/.bin/tsc'), [...options, file], { anyStatus: true })).stdout;
}

test("dashboard: is what Grafana's schema demands", async () => {
  assert.is(await typeErrors(text), '');
});

test('dashboard: a field that does not exist or has another type is found', async () => {
  const wrong = (from: string, to: string) => typeErrors(text.replace(from, to));
  assert.match(await wrong('"schemaVersion": 39', '"schemaVersion": "39"'), 'TS2322');
  assert.match(await wrong('"gridPos"', '"gridPosition"'), 'gridPosition');
});

test('dashboard: every panel has an id of its own, a query and a data source that can be chosen', () => {
  const { panels } = dashboard;
  assert.is(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { title, datasource, targets } of panels) {
    assert.is(targets.length, 1, title);
    const [{ expr, rawSql } = {}] = targets;
    assert.is(datasource.uid.slice(2, -1), expr === undefined ? 'database' : 'metrics', title);
    assert.ok(expr !== undefined || rawSql !== undefined, title);
  }
});

test.run();
