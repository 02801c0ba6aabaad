import * as t from 'io-ts';
import { encodeEnvelope } from '../../../../events/envelope.ts';
import { knownKey } from '../../../app/audit/history.ts';
import { audited } from '../../audited.ts';
import { Types } from '../../events/query.ts';
import { selected } from '../../selected.ts';
import { type Audit, key, nothing, withLog } from './source.ts';

const choice = t.partial({
  ...key,
  namespace: t.string,
  since: t.string,
  until: t.string,
  type: Types,
  from: t.string,
  lines: t.string,
});

export const log: Audit = audited('/log', nothing, choice, async (query, { files }) =>
  withLog(files, async (opened) => {
    const named = query.key === undefined ? undefined : await knownKey(files, opened, query.key);
    return (await selected(opened, { ...query, key: named })).map(encodeEnvelope);
  }),
);
