/** Files of this machine, for the emulator, which has no access to files. */
import { realpathSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { filesOnDisk, pathOf } from '../emulator/disk/source-files';
import { canonicalUri } from '../emulator/language/paths';
import type { Host } from './host';

/** The file system. */
export const diskHost: Omit<Host, 'later' | 'now'> = {
    ...filesOnDisk(),
    toUri: (file) => canonicalUri(pathToFileURL(path.resolve(file)).href),
    real(uri) {
        try {
            return realpathSync(fileURLToPath(uri)).normalize();
        } catch {
            return undefined;
        }
    },
    toPath: pathOf,
};
