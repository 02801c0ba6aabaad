import * as either from 'fp-ts/lib/Either.js';
import type { Snapshot } from '../../../projections/snapshot.ts';
import { Switch, Text } from '../../app/queries/parameters.ts';
import { ActionRow, RestoredRow } from '../../app/queries/query.ts';
import { actionRow, type Described } from '../../app/reconcile/action.ts';
import type { Answer } from '../../domain/commands.ts';
import { asJson, failure, jsonOf, misuse, plain, type Route, textOf } from '../route.ts';

export interface ChangeSource {
  /** Makes the disk match the log and answers what was done; with `dryRun` only what would be. */
  reconcile(options: { readonly dryRun: boolean }): Promise<readonly Described[]>;
  /** Restores a retained layer by its name or id; answers what was restored, parents first. */
  restore(name: string): Promise<Answer<readonly Snapshot[]>>;
}

const dryRun = { 'dry-run': { codec: Switch, help: '1: return the plan only' } } as const;

export const reconcile: Route<ChangeSource, typeof dryRun> = {
  path: '/reconcile',
  methods: ['POST'],
  summary: 'make the disk match the log',
  parameters: dryRun,
  answers: { 200: jsonOf(ActionRow, true), 400: misuse, default: failure },
  answer: async ({ values }, sources) => {
    const actions = await sources.reconcile({ dryRun: values['dry-run'] ?? false });
    return asJson(actions.map(actionRow));
  },
};

const name = {
  name: { codec: Text, required: true, help: 'name or id of a retained layer, as for `restore`' },
} as const;

export const restore: Route<ChangeSource, typeof name> = {
  path: '/restore',
  methods: ['POST'],
  summary: 'restore a removed layer with its parents',
  parameters: name,
  answers: {
    200: jsonOf(RestoredRow, true),
    400: misuse,
    404: textOf('no retained layer has that name'),
    409: textOf("why it can't be restored"),
    default: failure,
  },
  answer: async ({ values }, sources) => {
    const answer = await sources.restore(values.name);
    if (either.isLeft(answer)) return plain(answer.left.code === 'not-found' ? 404 : 409, answer.left.text);
    return asJson(answer.right.map(({ id, key }) => ({ id, key })));
  },
};
