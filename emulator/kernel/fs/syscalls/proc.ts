/** readlink(2) of what /proc says about the descriptors of processes (fs/proc/fd.c). */
import { Err, err } from '../../release/errno';
import type { OpenFile } from '../file';
import type { Process, ProcessEnv } from '../process';
import { isMemDevice } from '../mem-devices';
import { mountRefOf, pathOfFile } from '../tmpfs';

const EINVAL = err('EINVAL');
const ENOENT = err('ENOENT');

const FD_LINK = /^\/proc\/(self|thread-self|[1-9]\d*)\/fd\/(0|[1-9]\d*)$/;

/**
 * The target of `/proc/self/fd/N` or `/proc/PID/fd/N`: the path of an open file, or the name of its class. A zombie has
 * no descriptors any more. ENOENT: there is no such process, descriptor or file; EINVAL: the path is that of a file.
 */
export function sysReadlink(k: ProcessEnv, p: Process, path: string): string | Err {
    const [, whose, fd] = FD_LINK.exec(path) ?? [];
    if (whose === undefined) {
        const found = isMemDevice(path) ? undefined : k.mounts.lookup(path);
        return found instanceof Err ? found : isMemDevice(path) || found?.inode ? EINVAL : ENOENT;
    }
    const own = whose === 'self' || whose === 'thread-self';
    const owner = own ? p : k.processes.items.find((other) => other.pid === Number(whose));
    const file = owner?.fds.get(Number(fd));
    return file ? linkOf(file) : ENOENT;
}

/** d_path(): the path of a file whose last name is gone ends with a mark. */
function linkOf(file: OpenFile): string {
    const ref = mountRefOf(file);
    return ref ? pathOfFile(file, ref) : file.name;
}
