/** The scope *Process*: the descriptors and variables of a frame's process. */
import type { OpenFile } from '../kernel/fs/file';
import { EventCounter } from '../kernel/fs/eventfd';
import type { Mapping } from '../kernel/fs/mapping';
import { Pipe } from '../kernel/fs/pipe';
import { SocketEnd } from '../kernel/fs/socket';
import { mountRefOf, pathOfFile } from '../kernel/fs/tmpfs';
import { ShmemInode } from '../kernel/fs/shmem';
import { LuoSession } from '../kernel/luo/state';
import type { Host } from '../runtime/host/host';
import type { ScenarioProcess } from '../runtime/host/scenario-process';
import { sizeText } from '../text/text';
import { leaf, type Children, type Item } from './item';
import { sessionItem } from './live-update';
import { stateItems } from './locks';
import { itemOf, objectFields, processVars } from './values';

/** Descriptors are numbered items, so a process may have many. */
export function processScope(host: Host, user: ScenarioProcess | null): Children {
    if (!user) {
        return { named: () => [leaf('process', 'none: this code does not run in a process')] };
    }
    const files = [...user.process.fds.entries()];
    const mappings = user.process.mappings.items;
    return {
        named: () => [
            leaf('pid', String(user.process.pid)),
            leaf('name', user.name),
            ...stateItems(host, user.thread),
            ...(user.process.frozen ? [leaf('frozen', 'yes: its cgroup is frozen')] : []),
            {
                name: 'variables',
                value: String(user.vars.size),
                children: { named: () => processVars(host, user, `${user.name}.`) },
                kind: 'virtual',
            },
            ...(mappings.length === 0 ? [] : [mappingsItem(host, mappings)]),
        ],
        indexed: {
            count: files.length,
            item: (i) => {
                const [fd, file] = files[i] ?? [];
                return fd === undefined || !file ? leaf('none', '') : descriptorItem(host, fd, file);
            },
        },
    };
}

/** The files that are mapped into the memory of the process. */
function mappingsItem(host: Host, mappings: readonly Mapping[]): Item {
    return {
        name: 'mappings',
        value: String(mappings.length),
        children: {
            indexed: {
                count: mappings.length,
                item: (i) => itemOf(host, String(i), { value: mappings[i], type: { k: 'object', name: 'mapping' } }),
            },
        },
        kind: 'virtual',
    };
}

function descriptorItem(host: Host, fd: number, file: OpenFile): Item {
    return { ...openFileItem(host, String(fd), file), type: 'fd' };
}

/** The file of a descriptor: kind, name, position, size; a session expands to its files. */
function openFileItem(host: Host, name: string, file: OpenFile): Item {
    const ref = mountRefOf(file);
    const details = [file.kind, ref ? pathOfFile(file, ref) : file.name];
    if (file.inode instanceof ShmemInode) {
        details.push(sizeText(file.inode.size), `position ${file.pos}`);
    }
    const { priv } = file;
    if (ref && file.kind === 'directory') {
        details.push(ref.mount.display());
    }
    if (priv instanceof Pipe || priv instanceof EventCounter || priv instanceof SocketEnd) {
        details.push(priv.display());
    }
    const session = priv instanceof LuoSession ? priv : undefined;
    return {
        name,
        value: details.join(', '),
        children: {
            named: () =>
                [
                    ...(session ? [{ ...sessionItem(host, session), name: 'session' }] : []),
                    ...objectFields(host, file, undefined).filter((i) => i.name !== 'session'),
                    ...(file.inode instanceof ShmemInode
                        ? [itemOf(host, 'inode', { value: file.inode, type: { k: 'object', name: 'inode' } })]
                        : []),
                ].filter((item, i, all) => all.findIndex((o) => o.name === item.name) === i),
        },
    };
}
