import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { actionRow, type Described } from '../../app/reconcile/action.ts';
import { asJson, plain } from '../answers.ts';
import { decodeQuery, Switch } from '../decode-query.ts';
import type { Route } from '../route.ts';

export interface ReconcileSource {
  /** Brings the disk to what the log says and answers what was done; with `dryRun` only what would be. */
  reconcile(options: { readonly dryRun: boolean }): Promise<readonly Described[]>;
}

const Query = t.partial({ 'dry-run': Switch });

/** A misspelt `dry-run` must not reconcile in earnest: what is not understood is refused. */
export const reconcile: Route<ReconcileSource> = {
  path: '/reconcile',
  methods: ['POST'],
  parameters: [{ name: 'dry-run', required: false }],
  answer: async ({ query }, sources) => {
    const decoded = decodeQuery(Query, query);
    if (either.isLeft(decoded)) return plain(400, decoded.left);
    const actions = await sources.reconcile({ dryRun: decoded.right['dry-run'] ?? false });
    return asJson(actions.map(actionRow));
  },
};
