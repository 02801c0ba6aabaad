import type { Missing } from '../requirements.ts';
import { containerdVersion, isContainerd, requireTools } from './tools.ts';

/** Who fetches and unpacks: `ctr` itself, or containerd's transfer service, which came with 1.7 and is the default of 2.x. */
export const pullers = ['client', 'transfer service'] as const;
export type Puller = (typeof pullers)[number];

export const defaultPuller = (): Puller => (isContainerd(2) ? 'transfer service' : 'client');

/** Why this containerd can't pull in that way from a registry without TLS. */
export function requirePuller(puller: Puller): Missing {
  const missing = requireTools('containerd');
  if (missing !== undefined || puller === 'client' || isContainerd(2)) return missing;
  return isContainerd(1, 7)
    ? `the transfer service of containerd ${containerdVersion()} needs a registry with TLS`
    : `containerd ${containerdVersion()} has no transfer service`;
}

/** The flags of `ctr images pull` for a registry without TLS. */
export function pullFlags(puller: Puller): readonly string[] {
  return isContainerd(2) && puller === 'client' ? ['--plain-http', '--local'] : ['--plain-http'];
}
