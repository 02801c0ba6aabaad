import { Fault } from '../../../ports/fault.ts';

/**
 * The host's id for id 0 of a container, out of a mapping as containerd's labels carry it: `container:host:count`,
 * several of them joined by commas.
 */
export function mappedRoot(mapping: string): number {
  for (const range of mapping.split(',')) {
    const [, inside, outside, count] = /^(\d+):(\d+):(\d+)$/.exec(range) ?? [];
    if (Number(inside) === 0 && Number(count) > 0) return Number(outside);
  }
  throw new Fault('misuse', `id mapping ${JSON.stringify(mapping)}: does not say what id 0 is`, {
    hint: 'the labels uidmapping and gidmapping look like 0:100000:65536',
  });
}
