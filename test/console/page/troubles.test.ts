import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import * as assert from 'uvu/assert';
import { fillRoot } from '../../support/fill-root.ts';
import { run } from '../../support/run.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { openBrowser, openTab, suiteInBrowser, type Tab } from './browser.ts';
import { startBufferingProxy } from './buffering-proxy.ts';
import { type Console, startConsole } from './console.ts';
import { addSnapshots, growing } from './growing-store.ts';

interface Context {
  sandbox: Sandbox;
  root: string;
  shown: Console;
}

const test = suiteInBrowser<Context>("console's page in trouble");
let all: Sandbox;
let browser: Browser;
/** a filled root that each test copies */
let filled: string;

test.before(async () => {
  all = createSandbox('troubles');
  browser = await openBrowser(all);
  filled = all.folder('store');
  await fillRoot(filled, growing);
});
test.after(() => all.close());
test.before.each(async (context) => {
  context.sandbox = createSandbox('trouble');
  context.root = join(context.sandbox.path, 'store');
  cpSync(filled, context.root, { recursive: true });
  context.shown = await startConsole(context.sandbox, context.root);
});
test.after.each(async ({ sandbox }) => {
  for (const context of browser.contexts()) await context.close();
  await sandbox.close();
});

const portOf = ({ address }: Console) => Number(new URL(address).port);
const tokenOf = ({ address }: Console) => new URL(address).searchParams.get('token') ?? '';
const positionOf = ({ page }: Tab) => page.locator('.connection .number');
const count = (number: number) => number.toLocaleString('en');

test('token: a wrong one and a used one are refused with what to do, a good one opens the view of the address', async ({
  shown,
}) => {
  const enter = async ({ page }: Tab, token: string) => {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  const tab = await openTab(browser, shown.view('#/store'));
  await tab.page.getByLabel('Token').waitFor();
  assert.equal(await tab.findings(), []);
  await enter(tab, 'wrong');
  const refusal = 'the token is not the right one, or it was used already';
  await tab.page.getByRole('alert').getByText(refusal).waitFor();
  assert.equal(await tab.findings(), []);
  await enter(tab, tokenOf(shown));
  await tab.page.getByRole('treegrid').waitFor();
  const other = await openTab(browser, shown.view(''));
  await enter(other, tokenOf(shown));
  await other.page.getByRole('alert').getByText(refusal).waitFor();
});

test('proxy that buffers: the page polls, says so, shows new events, and streams again when it can', async ({
  sandbox,
  root,
  shown,
}) => {
  const proxy = await startBufferingProxy(sandbox, portOf(shown));
  const { page, complaints } = await openTab(browser, shown.address.replace(/:\d+/, `:${proxy.port}`));
  await page.clock.install();
  const asked = page.waitForRequest(/api\/live/);
  await page.reload();
  await asked;
  await page.clock.fastForward(13_000);
  await page.getByText('Live, by polling').waitFor();
  await addSnapshots(root, 'polled', 1);
  await page.getByRole('grid').getByText('polled-0').waitFor();
  proxy.pass();
  await page.clock.fastForward(121_000);
  await page.locator('.connection.live').waitFor();
  assert.equal(complaints(), []);
});

test('store that is replaced: the page says so, and shows the other one after a reload', async ({ root, shown }) => {
  const tab = await openTab(browser, shown.address);
  await tab.page.getByText('Live', { exact: false }).first().waitFor();
  await tab.page.locator('.connection.live').waitFor();
  const other = { snapshots: 10, events: 50, volumes: false } as const;
  await fillRoot(`${root}-other`, other, '4d0b6c1e-0000-4000-8000-3a554c8e9d0a');
  renameSync(root, `${root}-before`);
  renameSync(`${root}-other`, root);
  const alert = tab.page.getByRole('alert');
  await alert.getByText('Another store is at this root now.').waitFor();
  await alert.getByRole('button', { name: 'Reload' }).click();
  await tab.page.goto(shown.view('#/store'));
  await tab.page.getByText('9 layers, 1 active snapshot').waitFor();
});

test('log that was cut: the page says so', async ({ root, shown }) => {
  const end = await addSnapshots(root, 'cut', 10);
  const tab = await openTab(browser, shown.address);
  await tab.page.locator('.connection.live').waitFor();
  await positionOf(tab).getByText(count(end)).waitFor();
  rmSync(join(root, 'log'), { recursive: true });
  cpSync(join(filled, 'log'), join(root, 'log'), { recursive: true });
  await tab.page.getByRole('alert').getByText('The log was cut').waitFor();
});

test('position that is not in the log: the page says so, and what to do', async ({ shown }) => {
  const tab = await openTab(browser, shown.address);
  await tab.page.locator('.connection.live').waitFor();
  await tab.page.goto(shown.view('#/store?at=99999999'));
  await tab.page
    .getByRole('alert')
    .getByText(/99999999|position/)
    .first()
    .waitFor();
  assert.equal(await tab.findings(), []);
});

test('flood: ten thousand events at once are counted, and the page stays usable', async ({ root, shown }) => {
  const tab = await openTab(browser, shown.address);
  const { page } = tab;
  await page.locator('.connection.live').waitFor();
  const flood = addSnapshots(root, 'flood', 10_000);
  await page.keyboard.press('2');
  await page.getByRole('treegrid').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('flood-0');
  const end = await flood;
  await page.getByRole('treegrid').getByText('flood-0').first().waitFor();
  await positionOf(tab)
    .getByText(`position ${count(end)}`, { exact: true })
    .waitFor();
  await page.getByText('10,100 active snapshots').waitFor();
  await page.keyboard.press('Escape');
  await page.goto(shown.view('#/timeline'));
  await page.getByText(`${count(end)} events`, { exact: true }).waitFor();
  await page.getByRole('grid').getByText('flood-9999').first().waitFor();
  assert.ok((await page.locator('.events .line').count()) < 120);
  assert.equal(tab.complaints(), []);
});

test('flood: the list of events has no gap', async ({ root, shown }) => {
  const { page } = await openTab(browser, shown.address);
  await page.locator('.connection.live').waitFor();
  const grid = page.getByRole('grid');
  await grid.locator('.lines .line').first().waitFor();
  await addSnapshots(root, 'flood', 3_000);
  await grid.getByText('flood-2999').waitFor();
  await grid.focus();
  for (let round = 0; round < 4; round++) {
    const texts = await grid.locator('.lines [role=gridcell]:first-child').allTextContents();
    const positions = texts.map(Number).sort((a, b) => b - a);
    assert.equal(
      positions,
      positions.map((_, at) => (positions[0] ?? 0) - at),
    );
    const rows = await grid.getAttribute('aria-rowcount');
    await page.keyboard.press('End');
    await page.locator(`.events:not([aria-rowcount="${rows}"])`).waitFor();
  }
});

test('zoom: by dragging, kept in the address, and the same as the command', async ({ shown }) => {
  const { page } = await openTab(browser, shown.address);
  const total = page.locator('main .summary strong').first();
  await page.getByText(/^20,\d{3} events$/).waitFor();
  const whole = (await total.textContent()) ?? '';
  const box = await page.locator('.chart .u-over').boundingBox();
  if (box === null) throw new Error('no chart');
  const [x, y] = [(share: number) => box.x + box.width * share, box.y + box.height / 2];
  await page.mouse.move(x(0.3), y);
  await page.mouse.down();
  await page.mouse.move(x(0.5), y);
  await page.mouse.move(x(0.7), y);
  await page.mouse.up();
  await page.waitForURL(/since=.*until=/);
  await total.filter({ hasNotText: whole }).waitFor();
  const zoomed = (await total.textContent()) ?? '';
  await page.reload();
  await page.getByText(zoomed, { exact: true }).waitFor();
  const command = (await page.getByRole('region', { name: 'The same on the command line' }).textContent()) ?? '';
  const said = await run('sh', [
    '-c',
    `${command.replace(/^snapledger/, '"$0" "$1"')} --json`,
    process.execPath,
    daemonFile,
  ]);
  assert.is(zoomed, `${count(said.stdout.trimEnd().split('\n').length)} events`);
  await page.goBack();
  await page.getByText(whole, { exact: true }).waitFor();
});

test.run();
