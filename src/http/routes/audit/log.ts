import * as t from 'io-ts';
import { encodeEnvelope } from '../../../../events/envelope.ts';
import { audited } from '../../audited.ts';
import { selected } from '../../selected.ts';
import { type Audit, key, nothing, withLog } from './source.ts';

const choice = t.partial({
  ...key,
  namespace: t.string,
  since: t.string,
  until: t.string,
  type: t.string,
  from: t.string,
  lines: t.string,
});

export const log: Audit = audited('/log', nothing, choice, async (query, { files }) =>
  (await withLog(files, (opened) => selected(opened, query))).map(encodeEnvelope),
);
