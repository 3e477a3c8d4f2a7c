/** Files of this machine, for the emulator, which has no access to files. */
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesOnDisk, pathOf } from '../emulator/disk/source-files';
import type { Host } from './host';

/** The file system. */
export const diskHost: Omit<Host, 'later'> = {
    ...filesOnDisk(),
    toUri: (file) => pathToFileURL(path.resolve(file)).toString(),
    toPath: pathOf,
};
