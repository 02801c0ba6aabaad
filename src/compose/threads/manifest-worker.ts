import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { makeManifest } from '../../adapters/volume-driver/shared/layers/manifest.ts';
import { layerAccess } from '../drivers.ts';
import type { ManifestJob } from './manifest-thread.ts';

/** The thread's program: makes one manifest, with what processor time the daemon leaves, and says that it did. What it throws is the thread's error. */
const { root, driver, layer } = workerData as ManifestJob;
setPriority(Number(basename(readlinkSync('/proc/thread-self'))), constants.priority.PRIORITY_BELOW_NORMAL);
await makeManifest(layerAccess(root, driver), layer);
parentPort?.postMessage('made');
