import type * as t from 'io-ts';
import { type ConsoleQuery, consoleQueries } from '../../app/console/queries.ts';
import { Health, LiveMessage, Session as SessionRow, Verified } from '../../app/console/rows.ts';
import type { ConsoleSource } from '../../app/console/source.ts';
import { Position, Switch, Text } from '../../app/queries/parameters.ts';
import { type AnyQuery, queries } from '../../app/queries/queries.ts';
import { ActionRow, RestoredRow } from '../../app/queries/query.ts';
import {
  asJson,
  failure,
  type HttpAnswer,
  jsonOf,
  misuse,
  plain,
  type Route,
  reading,
  textOf,
} from '../../http/route.ts';
import { openApi } from '../../http/routes/openapi.ts';
import { routeOf } from '../../http/routes/queries.ts';
import { type FleetAccess, fleetRoutes } from './fleet-routes.ts';
import type { Session } from './sessions.ts';
import { streamMessages } from './stream-messages.ts';

/** What the console needs besides what it keeps of the store's files. */
export interface ConsoleActions {
  /** the store and what this process is, without the session's own fields */
  about(): Promise<Omit<t.TypeOf<typeof SessionRow>, 'csrf' | 'readOnly' | 'fleet'>>;
  health(): Promise<Health>;
  /** Ends when nobody waits for it any more. */
  verify(deep: boolean, gone?: AbortSignal): Promise<Verified>;
  /** Rows as `POST /restore` answers them. */
  restore(name: string): Promise<readonly unknown[]>;
  /** Rows as `POST /reconcile` answers them. */
  reconcile(dryRun: boolean): Promise<readonly unknown[]>;
}

/** What the routes need. */
export interface ConsoleSources extends ConsoleSource, FleetAccess {
  readonly actions: ConsoleActions;
  readonly readOnly: boolean;
  /** of the browser that asks */
  readonly session: Session;
}

const session: Route<ConsoleSources> = {
  path: '/session',
  methods: reading,
  summary: 'which store this is, and what may be done',
  parameters: {},
  answers: { 200: jsonOf(SessionRow), default: failure },
  answer: async (_request, { actions, fleet, readOnly, session: { csrf } }) =>
    asJson(SessionRow.encode({ ...(await actions.about()), fleet: fleet !== undefined, readOnly, csrf })),
};

const after = { after: { codec: Position, help: 'the last position that the page has; default: the newest' } } as const;

const live: Route<ConsoleSources, typeof after> = {
  path: '/live',
  methods: reading,
  summary: 'messages about new events and the state of the daemon, as an event stream',
  parameters: after,
  answers: {
    200: { type: 'text/event-stream', text: 'messages as /poll answers them' },
    400: misuse,
    default: failure,
  },
  answer: async ({ headers, values }, { live: { messages } }) => {
    const last = headers['last-event-id'];
    const seen = typeof last === 'string' && /^\d{1,15}$/.test(last) ? Number(last) : values.after;
    return {
      status: 200,
      type: 'text/event-stream',
      body: streamMessages((signal) => messages(seen, signal)),
    };
  },
};

const poll: Route<ConsoleSources, typeof after> = {
  path: '/poll',
  methods: reading,
  summary: 'the same messages at once, for browsers that can not stream',
  parameters: after,
  answers: { 200: jsonOf(LiveMessage, true), 400: misuse, default: failure },
  answer: async ({ values }, sources) => asJson((await sources.live.poll(values.after)).map(LiveMessage.encode)),
};

const health: Route<ConsoleSources> = {
  path: '/health',
  methods: reading,
  summary: 'the daemon, its pipelines, the log and checkpoints',
  parameters: {},
  answers: { 200: jsonOf(Health), default: failure },
  answer: async (_request, { actions }) => asJson(Health.encode(await actions.health())),
};

const deep = { deep: { codec: Switch, help: '1: compare every layer with what was measured of it' } } as const;

const verify: Route<ConsoleSources, typeof deep> = {
  path: '/verify',
  methods: reading,
  summary: 'check log, projections, parents and disk',
  parameters: deep,
  answers: { 200: jsonOf(Verified), default: failure },
  answer: async ({ values, gone }, { actions }) =>
    asJson(Verified.encode(await actions.verify(values.deep ?? false, gone))),
};

const restored = {
  name: { codec: Text, required: true, help: 'id of a retained layer' },
  confirm: { codec: Text, help: 'the same again: an operator was asked' },
} as const;

const restore: Route<ConsoleSources, typeof restored> = {
  path: '/restore',
  methods: ['POST'],
  summary: 'restore a removed layer with its parents',
  parameters: restored,
  answers: { 200: jsonOf(RestoredRow, true), 403: textOf('why it is not allowed'), 428: misuse, default: failure },
  answer: async ({ values: { name, confirm } }, { readOnly, actions }) =>
    confirmed({ readOnly, confirm, expected: name }, () => actions.restore(name)),
};

const reconciled = {
  'dry-run': { codec: Switch, help: '1: return the plan only' },
  confirm: { codec: Text, help: '`reconcile`: an operator was asked' },
} as const;

const reconcile: Route<ConsoleSources, typeof reconciled> = {
  path: '/reconcile',
  methods: ['POST'],
  summary: 'make the disk match the log',
  parameters: reconciled,
  answers: { 200: jsonOf(ActionRow, true), 403: textOf('why it is not allowed'), 428: misuse, default: failure },
  answer: async ({ values: { confirm, 'dry-run': dryRun = false } }, { readOnly, actions }) =>
    confirmed({ readOnly, confirm, expected: dryRun ? confirm : 'reconcile' }, () => actions.reconcile(dryRun)),
};

interface Confirmation {
  readonly readOnly: boolean;
  readonly confirm: string | undefined;
  readonly expected: string | undefined;
}

/** The rows of a change that is allowed here and was confirmed by an operator. */
async function confirmed(
  { readOnly, confirm, expected }: Confirmation,
  change: () => Promise<readonly unknown[]>,
): Promise<HttpAnswer> {
  if (readOnly) return plain(403, 'this console only reads\nhint: use the command, or a console without --read-only');
  if (confirm !== expected) return plain(428, `confirm: expected ${expected}, after an operator was asked`);
  return asJson(await change());
}

const described: readonly Route<ConsoleSources>[] = [
  ...[session, live, poll, health, verify, restore, reconcile],
  ...Object.values<AnyQuery>(queries).map(routeOf),
  ...Object.values<ConsoleQuery>(consoleQueries).map(routeOf),
  ...fleetRoutes,
];

const description =
  "The console's own API, for its page: with the cookie of a token only. Queries are those of the node's HTTP API, and some more " +
  'whose answers are kept in memory.';

/** Every path below `/console/api`. */
export const consoleRoutes: readonly Route<ConsoleSources>[] = [...described, openApi(described, description)];
