import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { fillRoot, livingIds, nameOf } from '../../support/fill-root.ts';
import { logAndRethrow } from '../../support/log-and-rethrow.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { openBrowser, openTab, suiteInBrowser, type Tab } from './browser.ts';
import { startConsole } from './console.ts';

const test = suiteInBrowser("console's page on a stopped store");
const amount = { snapshots: 50_000, events: 140_000, volumes: false } as const;
const { last } = livingIds(amount);
let sandbox: Sandbox;
let root: string;
let tab: Tab;

test.before(() =>
  logAndRethrow(async () => {
    sandbox = createSandbox('many');
    root = sandbox.folder('store');
    await fillRoot(root, amount);
    const { address } = await startConsole(sandbox, root);
    tab = await openTab(await openBrowser(sandbox), address);
  }),
);
test.after(() => sandbox.close());

const view = (fragment: string) => tab.page.evaluate(`location.hash = ${JSON.stringify(fragment)}`);

test('50,000 snapshots: all can be reached, and only visible lines exist', async () => {
  await view('#/store');
  await tab.page.getByText('5,000 trees: 45,000 layers, 5,000 active snapshots').waitFor();
  await tab.page.getByRole('button', { name: 'Open all' }).click();
  const forest = tab.page.getByRole('treegrid');
  await tab.page.locator('.forest[aria-rowcount="55001"]').waitFor();
  await forest.focus();
  await tab.page.keyboard.press('End');
  await tab.page.locator(`.forest .active.node [role=gridcell]:last-child`).first().waitFor();
  assert.ok((await tab.page.locator('.forest .line').count()) < 120);
  await tab.page.getByRole('searchbox').fill(nameOf(last - 1).slice(-20));
  await tab.page
    .getByRole('treegrid')
    .getByText(String(last - 1), { exact: true })
    .first()
    .waitFor();
  assert.equal(tab.complaints(), []);
});

test('stopped store: the page says that no daemon runs, and moves through the history all the same', async () => {
  await tab.page.getByText('daemon stopped').waitFor();
  await view('#/store?at=1000');
  await tab.page.getByText('Position 1,000', { exact: true }).waitFor();
  await tab.page.getByText(/^\d+ trees: /).waitFor();
  assert.equal(tab.complaints(), []);
});

test('damaged log: the page says what is damaged and what to do', async () => {
  const damaged = join(sandbox.path, 'damaged');
  cpSync(root, damaged, { recursive: true });
  const [segment = ''] = readdirSync(join(damaged, 'log')).filter((name) => /\d/.test(name));
  const path = join(damaged, 'log', segment);
  const bytes = readFileSync(path);
  bytes.write('damage', 5000);
  writeFileSync(path, bytes);
  const { address } = await startConsole(sandbox, damaged);
  const other = await openTab(tab.page.context().browser() as never, address);
  await other.page
    .getByRole('alert')
    .getByText(/snapledger (verify|repair)/)
    .first()
    .waitFor();
  assert.equal(await other.findings(), []);
  await other.page.context().close();
});

test.run();
