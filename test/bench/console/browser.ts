import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { openBrowser, openTab } from '../../console/page/browser.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { describeMachine, memoryOf } from '../machine.ts';
import { thisRevision } from '../revision.ts';
import { percentile } from '../rows/statistics.ts';
import { scrollFrames } from './frames.ts';
import { plainList } from './plain-list.ts';
import { prepareStore, startConsole } from './store.ts';

/**
 * What an operator waits for in the console's page on a large store, in Debian's Chromium with rendering in software: first
 * views, from a move of the slider to the picture, frames while the forest scrolls, beside those of a plain list, and memory.
 * `node build/test/bench/console/browser.js [EVENTS] [SNAPSHOTS]`. BENCH_ROOTS, a folder, keeps the store for the next run.
 */
const [events = 1_000_000, snapshots = 50_000] = process.argv.slice(2).map(Number);

/** In the page: resolves with the time, in milliseconds since the navigation, when a frame with what was looked for has been painted. */
const painted = (found: string) => `new Promise((resolve) => {
  const look = () => {
    if (!(${found})) return requestAnimationFrame(look);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(Math.round(performance.now()));
    port2.postMessage(0);
  };
  requestAnimationFrame(look);
})`;
const paintedAt = (page: Page, found: string) => page.evaluate(painted(found)) as Promise<number>;

const has = (part: string) => `document.querySelector(${JSON.stringify(part)})`;
const timeline = `${has('.events .lines .line')} && ${has('.chart canvas')}`;

/** Milliseconds from a click on a view's link until it is painted. */
async function opened(page: Page, view: string, found: string): Promise<number> {
  const before = (await page.evaluate('performance.now()')) as number;
  await page.getByRole('link', { name: view, exact: true }).click();
  return Math.round((await paintedAt(page, found)) - before);
}

const shownIs = (value: string) => `${has('.slider')}?.dataset.shown === ${value}`;

/** In the page: keeps how long each input of the slider took until it was shown, or until the next input. */
const recordMoves = `
  globalThis.moves = [];
  globalThis.pictures = 0;
  new MutationObserver(() => { pictures++; }).observe(${has('.slider')}, { attributeFilter: ['data-shown'] });
  document.addEventListener('input', ({ target, timeStamp }) => {
    if (target.type !== 'range') return;
    const { value } = target;
    ${painted(`${shownIs('value')} || ${has('.slider input')}.value !== value`)}.then((now) => {
      if (${shownIs('value')}) moves.push(now - timeStamp);
    });
  }, true);`;

interface Moves {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  readonly count: number;
}
const summaryOf = (all: readonly number[]): Moves => ({
  ...{ p50: Math.round(percentile(all, 0.5)), p95: Math.round(percentile(all, 0.95)) },
  ...{ max: Math.round(Math.max(...all)), count: all.length },
});

/** The mouse on the slider: a jump to a part of the log, then small moves from picture to picture, then a drag without stops. */
async function sliderFigures(page: Page, part: number) {
  const box = await page.locator('.slider input').boundingBox();
  if (box === null) throw new Error('no slider');
  const y = box.y + box.height / 2;
  let x = box.x + box.width * part;
  const settled = () => paintedAt(page, shownIs(`${has('.slider input')}.value`));
  await page.mouse.move(x, y);
  await page.mouse.down();
  await settled();
  const taken = async () => (await page.evaluate('moves.splice(0)')) as readonly number[];
  const [jump = 0] = await taken();
  await sleep(1000);
  for (let move = 0; move < 30; move++) {
    x += move < 15 ? 1 : -1;
    await page.mouse.move(x, y);
    await settled();
  }
  const steps = summaryOf(await taken());
  await page.evaluate('pictures = 0');
  const began = performance.now();
  for (let move = 0; move < 100; move++) {
    await page.mouse.move(x + (move < 50 ? move : 100 - move), y);
    await sleep(16);
  }
  const seconds = (performance.now() - began) / 1000;
  const picturesPerSecond = Math.round(((await page.evaluate('pictures')) as number) / seconds);
  await page.mouse.up();
  await settled();
  await taken();
  return { jump: Math.round(jump), steps, picturesPerSecond };
}

/** MiB of objects after a collection, and elements in the document. */
async function memoryIn(page: Page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  const elements = await page.evaluate('document.querySelectorAll("*").length');
  return { heapMiB: Math.round(usedSize / 2 ** 20), elements };
}

closeSandboxesOnSignal();
const sandbox = createSandbox('bench-browser');
try {
  const root = await prepareStore({ snapshots, events }, sandbox);
  const browser = await openBrowser(sandbox);
  const { child, address } = await startConsole(root, sandbox);
  const { page } = await openTab(browser, String(address));
  const first = await paintedAt(page, timeline);
  const firstStore = await opened(page, 'Store', has('.forest .tree'));
  await page.getByText('Timeline').first().click();
  await page.locator('.legend').getByText('uncounted').waitFor({ state: 'detached' });
  await page.reload({ waitUntil: 'commit' });
  const again = await paintedAt(page, timeline);
  const storeAgain = await opened(page, 'Store', has('.forest .tree'));
  await page.evaluate(recordMoves);
  const middle = await sliderFigures(page, 0.5);
  const nearTheEnd = await sliderFigures(page, 0.97);
  await page.getByRole('button', { name: 'Open all' }).click();
  await page.locator('.forest .node').first().waitFor();
  const forest = await scrollFrames(page, '.forest');
  const list = await scrollFrames(await plainList(browser), '#list');
  const memory = { ...(await memoryIn(page)), consoleMiB: memoryOf(child.pid ?? 0).resident };
  const figures = { firstViews: { first, firstStore, again, storeAgain }, slider: { middle, nearTheEnd } };
  const about = { machine: describeMachine(), revision: await thisRevision(), events, snapshots };
  console.log(JSON.stringify({ ...about, ...figures, scrolling: { forest, list }, memory }));
} finally {
  await sandbox.close();
}
