import type { CDPSession, Page } from 'playwright-core';
import { percentile } from '../rows/statistics.ts';

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  /** microseconds */
  readonly ts: number;
  /** processor time of the thread, microseconds */
  readonly tdur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly args: {
    readonly frame_reporter?: {
      readonly state: string;
      readonly scroll_state: string;
      readonly frame_sequence: number;
      readonly has_missing_content: boolean;
    };
  };
}

/** processor time of the page's main thread for a frame, milliseconds */
type Work = Readonly<Record<string, number>>;

export interface Frames {
  /** while it scrolled */
  readonly scrolled: number;
  /** of these: without a picture in time */
  readonly dropped: number;
  /** of these: a picture with lines that are not painted yet */
  readonly unpainted: number;
  /** of the page's main thread, milliseconds between two frames */
  readonly between: { readonly p50: number; readonly p95: number; readonly over20: number; readonly count: number };
  readonly work: Work;
}

const categories = 'cc,benchmark,devtools.timeline,disabled-by-default-devtools.timeline';
const steps = [
  'EventDispatch',
  'FireAnimationFrame',
  'UpdateLayoutTree',
  'Layout',
  'PrePaint',
  'Paint',
  'Layerize',
  'Commit',
];

async function traced(page: Page, action: (session: CDPSession) => Promise<unknown>): Promise<readonly TraceEvent[]> {
  const session = await page.context().newCDPSession(page);
  const found: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => found.push(...(value as never as TraceEvent[])));
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: categories.split(',') },
  });
  await action(session);
  await session.send('Tracing.end');
  await complete;
  await session.detach();
  return found;
}

/** Frames while a wheel scrolls a part of a page, as Chromium's own trace counts them. */
export async function scrollFrames(page: Page, part: string): Promise<Frames> {
  const box = await page.locator(part).first().boundingBox();
  if (box === null) throw new Error(`${part} is not shown`);
  const [x, y] = [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
  const between = page.evaluate(frameTimes) as Promise<readonly number[]>;
  const events = await traced(page, (session) =>
    session.send('Input.synthesizeScrollGesture', {
      ...{ x, y, yDistance: -12_000, speed: 4000, gestureSourceType: 'mouse', preventFling: true },
    }),
  );
  const times = await between;
  return {
    ...framesIn(events),
    between: {
      ...{ p50: percentile(times, 0.5), p95: percentile(times, 0.95), over20: times.filter((one) => one > 20).length },
      count: times.length,
    },
    work: workIn(events, times.length),
  };
}

/** A frame can have two reports: of the scroll by the compositor, and of what the main thread added later. */
function framesIn(events: readonly TraceEvent[]): Pick<Frames, 'scrolled' | 'dropped' | 'unpainted'> {
  const shown = new Map<string, { inTime: boolean; complete: boolean }>();
  for (const { pid, args } of events) {
    const { state = '', scroll_state = '', frame_sequence, has_missing_content = false } = args.frame_reporter ?? {};
    if (
      !/^STATE_(PRESENTED|DROPPED)/.test(state) ||
      !scroll_state.startsWith('SCROLL_') ||
      scroll_state === 'SCROLL_NONE'
    )
      continue;
    const key = `${pid} ${frame_sequence}`;
    const { inTime, complete } = shown.get(key) ?? { inTime: false, complete: true };
    shown.set(key, { inTime: inTime || state !== 'STATE_DROPPED', complete: complete && !has_missing_content });
  }
  const frames = [...shown.values()];
  return {
    scrolled: frames.length,
    dropped: frames.filter(({ inTime }) => !inTime).length,
    unpainted: frames.filter(({ complete }) => !complete).length,
  };
}

/** Milliseconds between frames for three seconds. */
const frameTimes = `new Promise((resolve) => {
  const times = [];
  let last = performance.now();
  const begin = last;
  const next = (now) => {
    times.push(now - last);
    last = now;
    if (now - begin < 3000) requestAnimationFrame(next);
    else resolve(times.slice(1));
  };
  requestAnimationFrame(next);
})`;

function workIn(events: readonly TraceEvent[], frames: number): Work {
  const total = (name: string) =>
    events.reduce((sum, one) => (one.name === name && one.ph === 'X' ? sum + (one.tdur ?? 0) : sum), 0);
  return Object.fromEntries(steps.map((name) => [name, Math.round(total(name) / frames / 10) / 100]));
}
