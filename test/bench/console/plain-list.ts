import type { Browser, Page } from 'playwright-core';

const lines = 2000;
const cells = 6;

const style = `
  body { margin: 16px; font: 14px/1.45 sans-serif }
  #list { height: 480px; overflow: auto; contain: strict }
  .line { display: grid; grid-template-columns: 4fr 2fr 90px 60px 110px 70px; gap: 12px; height: 28px }
  .line div { overflow: hidden; white-space: nowrap; text-overflow: ellipsis }`;

/** A page that only has a list, all lines in the document and no script: what scrolling costs without the console. */
export async function plainList(browser: Browser): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 760 } });
  const line = (at: number) =>
    `<div class="line">${Array.from({ length: cells }, (_, cell) => `<div>default/${at}/sha256:${cell}${'0'.repeat(40)}</div>`).join('')}</div>`;
  await page.setContent(
    `<style>${style}</style><div id="list">${Array.from({ length: lines }, (_, at) => line(at)).join('')}</div>`,
  );
  return page;
}
