import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { Answer, RefusalCode } from '../../domain/refusal.ts';
import { asJson, plain } from '../answers.ts';
import { decodeQuery } from '../decode-query.ts';
import type { Route } from '../route.ts';

export interface RestoreSource {
  /** Brings a retained layer back by its name or number; answers what lives again, parents first. */
  restore(name: string): Promise<Answer<readonly Snapshot[]>>;
}

const Query = t.partial({ name: t.string });

const statuses: Readonly<Partial<Record<RefusalCode, number>>> = { 'not-found': 404 };

/** What is refused is answered 404 where nothing of that name is retained, else 409, with the reason. */
export const restore: Route<RestoreSource> = {
  path: '/restore',
  methods: ['POST'],
  parameters: [{ name: 'name', required: true }],
  answer: async ({ query }, sources) => {
    const decoded = decodeQuery(Query, query);
    if (either.isLeft(decoded)) return plain(400, decoded.left);
    const { name = '' } = decoded.right;
    if (name === '') return plain(400, 'name: expected the name or number of a removed layer, found nothing');
    const answer = await sources.restore(name);
    return either.isLeft(answer)
      ? plain(statuses[answer.left.code] ?? 409, answer.left.text)
      : asJson(answer.right.map(({ id, key }) => ({ id, key })));
  },
};
