/** Files of this machine, for the engine that knows none. */
import * as path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { filesOnDisk } from '../emulator/disk/source-files';
import type { Host } from './host';

/** The file system. */
export const diskHost: Omit<Host, 'later'> = {
    ...filesOnDisk(),
    toUri: (file) => pathToFileURL(path.resolve(file)).toString(),
    toPath: (uri) => (uri.startsWith('file:') ? fileURLToPath(uri) : undefined),
};
