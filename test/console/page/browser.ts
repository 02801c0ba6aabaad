import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page, type Request } from 'playwright-core';
import type { Callback, Test } from 'uvu';
import { type Missing, requireCommand, suiteNeeding } from '../../support/requirements.ts';
import type { Sandbox } from '../../support/sandbox.ts';

/** Debian's, see test/support/install-packages. */
const command = 'chromium';

/** What each open tab shows. */
const open = new Map<Page, () => Promise<string>>();

/** A suite with a browser. A test that fails reports what every tab showed. */
export const suiteInBrowser = <Context = Record<string, never>>(name: string, ...needs: readonly Missing[]) =>
  reporting(suiteNeeding<Context>(name, requireCommand(command), ...needs));

function reporting<Context>(test: Test<Context>): Test<Context> {
  const define = (title: string, body: Callback<Context>) =>
    test(title, async (context) => {
      try {
        await body(context);
      } catch (error) {
        const shown = await Promise.all([...open.values()].map((show) => show()));
        if (error instanceof Error) error.message = [error.message, ...shown].join('\n');
        throw error;
      }
    });
  return Object.assign(define, test);
}

/** A tab, and what it must not do. */
export interface Tab {
  readonly page: Page;
  /** errors and warnings of its console, uncaught errors, and requests to another host than that of its address */
  complaints(): readonly string[];
  /** Accessibility findings of what it shows now, one line each. */
  findings(): Promise<readonly string[]>;
}

/** A browser without a profile, closed at the end of the sandbox. */
export async function openBrowser(sandbox: Sandbox): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: `/usr/bin/${command}`,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    env: { ...process.env, HOME: sandbox.folder('browser') },
  });
  sandbox.atEnd(() => browser.close());
  return browser;
}

/** characters of a page in the report of a failure */
const maxText = 3_000;

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }";

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

export interface TabOptions {
  readonly colours?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** pixels of the screen for one of the style sheet, as a zoom or a phone has them */
  readonly scale?: number;
}

/** A tab of its own with an address, signed in by it. */
export async function openTab(browser: Browser, address: string, options: TabOptions = {}): Promise<Tab> {
  const { colours = 'light', width = 1200, height = 760, scale = 1 } = options;
  const context = await browser.newContext({
    colorScheme: colours,
    viewport: { width, height },
    deviceScaleFactor: scale,
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  // A machine that is only busy must not fail a test.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const { origin } = new URL(address);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.stack ?? error.message}`));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`request to ${request.url()}`);
  });
  const asked = new Set<Request>();
  page.on('request', (request) => asked.add(request));
  for (const end of ['requestfinished', 'requestfailed'] as const)
    page.on(end as 'requestfinished', (request) => asked.delete(request));
  page.on('close', () => open.delete(page));
  open.set(page, async () => {
    const text = await page.locator('body').innerText({ timeout: 5_000 }).catch(String);
    const focused = await page.evaluate('document.activeElement?.outerHTML.slice(0, 120)').catch(String);
    const waiting = [...asked].map((request) => `waits for ${request.url()}`);
    return [`${page.url()} shows:`, text.slice(0, maxText), `focused: ${focused}`, ...waiting, ...complaints].join(
      '\n',
    );
  });
  await page.goto(address);
  return {
    page,
    complaints: () => complaints,
    findings: async () => {
      await page.evaluate(axe);
      const found = (await page.evaluate(
        `axe.run(document, ${rules}).then(({ violations }) => violations)`,
      )) as Violation[];
      return found.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
      );
    },
  };
}
