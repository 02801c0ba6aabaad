import { buildGo } from '../../support/build-go.ts';

/** The programs in Go, as paths. */
export interface Tools {
  /** containerd's own drivers behind a socket */
  readonly peer: string;
  /** the client that puts a load on servers */
  readonly load: string;
  /** the client that unpacks an image */
  readonly unpacker: string;
}

/** Builds the programs, as far as they are not built yet. */
export const buildTools = async (): Promise<Tools> => ({
  peer: await build('peer', 'test/bench/servers/peer'),
  load: await build('load', 'test/bench/load'),
  unpacker: await build('unpacker', 'test/bench/end-to-end/unpacker'),
});

const build = (name: string, folder: string) => buildGo({ name: `bench-${name}`, folder, command: ['build'] });
