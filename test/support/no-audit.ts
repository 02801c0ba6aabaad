import type { AuditSource } from '../../src/app/queries/query.ts';

const nothing = (): never => {
  throw new Error('nothing to audit here');
};

/** For servers without queries of a store's history. */
export const noAudit: AuditSource = {
  files: { openLog: nothing, openCheckpoints: nothing, measureLog: nothing },
  layers: nothing,
  mounts: nothing,
};
