import * as t from 'io-ts';
import { Decimal } from '../../../events/codecs.ts';
import { Fault } from '../../ports/fault.ts';

/** The manifest of an export. */
export interface Contents {
  readonly store: string;
  readonly driver: string;
  /** of the last event */
  readonly position: number;
  /** the layers are in it, not only the log */
  readonly volumes: boolean;
}

/** A file in an export. */
const Member = t.readonly(
  t.type(
    {
      name: t.string,
      /** offset of its first byte */
      at: Decimal,
      bytes: Decimal,
      sha256: t.string,
      /** of a layer: paths of the sockets in it, which no archive holds; left out if there are none */
      sockets: t.union([t.readonlyArray(t.string), t.undefined]),
    },
    'ExportMember',
  ),
);
export type Member = t.TypeOf<typeof Member>;

export const Manifest = t.readonlyArray(Member, 'ExportManifest');
export const manifestName = 'manifest.json';

export const format = 'snapledger.export.v1';

/** The last line of an export, after the tar archive, which tar itself ignores. */
export const Trailer = t.type(
  {
    format: t.literal(format),
    store: t.string,
    driver: t.string,
    position: Decimal,
    volumes: t.boolean,
    /** offset of the manifest's first byte */
    manifest: Decimal,
    /** length and digest of everything before the line */
    bytes: Decimal,
    sha256: t.string,
  },
  'ExportTrailer',
);

/** The member that holds the layer of a snapshot: a tar file of its own. */
export const volumeMember = (id: number): string => `volumes/${id}.tar`;

/** A socket that an export left out: it is useless without the process that created it. */
export interface LeftOut {
  readonly snapshot: number;
  /** relative to the snapshot's layer */
  readonly path: string;
}

/** The sockets that an export left out, as listed by its members. */
export function leftOutOf(members: readonly Member[]): readonly LeftOut[] {
  return members.flatMap(({ name, sockets = [] }) => {
    const snapshot = Number(/^volumes\/(\d+)\.tar$/.exec(name)?.[1]);
    return sockets.map((path) => ({ snapshot, path }));
  });
}

export const damaged = (file: string, why: string): Fault =>
  new Fault('corrupt', `export ${file}: ${why}`, { hint: 'take another copy of it; nothing was imported' });
