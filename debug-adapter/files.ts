/** Files of this machine, for the emulator, which has no access to files. */
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { filesOnDisk, pathOf } from '../emulator/disk/source-files';
import { canonicalUri } from '../emulator/language/paths';
import type { Host } from './host';

/** The file system. */
const diskHost: Omit<Host, 'later' | 'now'> = {
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
    write(uri, text) {
        const file = fileURLToPath(uri);
        if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
            mkdirSync(path.dirname(file), { recursive: true });
            writeFileSync(file, text);
        }
    },
};

/** The file system, and the timers of Node. */
export const nodeHost: Host = {
    ...diskHost,
    now: () => performance.now(),
    later(work, ms) {
        if (ms === undefined) {
            setImmediate(work);
        } else {
            setTimeout(work, ms);
        }
    },
};
