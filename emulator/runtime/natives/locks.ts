/** The kernel's locks for `.lus` code. */
import { Inode } from '../../kernel/fs/inode';
import { Lock } from '../../kernel/lock';
import type { Host } from '../host/host';
import type { NativeHost } from './native-host';
import { giveUpLock, guardLock, takeLock, tryGuardLock } from '../locks';
import { yieldToOthers } from '../scheduler';
import { BOOL, INT, listOf, objectOf, STRING, type Value } from '../../language/types';
import type { NativeFunction } from './native';
import { asString } from '../../language/values';
import { expect, fn, Members, nothing, param } from './define';

export const lockObject = new Members(
    Lock,
    'lock',
    'A lock of the kernel that its holder may sleep with: a mutex, or a read-write semaphore.',
)
    .field('name', STRING, 'As it is spoken of.', (l) => l.name)
    .field('held', BOOL, 'Somebody has it.', (l) => l.holders.length > 0)
    .field('holders', listOf(STRING), 'The processes that have it.', (l, vm) =>
        vm.list(l.holders.map((h) => h.task.name)),
    )
    .field('waiting', INT, 'How many wait for it.', (l) => l.queue.length)
    .method('lock', [], {}, '`mutex_lock()`: waits where somebody has it.', (l, _a, host: Host) =>
        nothing(takeLock(host.interpreter, l, 'write')),
    )
    .method('unlock', [], {}, '`mutex_unlock()`', (l, _a, host: Host) => nothing(giveUpLock(host.interpreter, l)))
    .method(
        'guard',
        [],
        {},
        '`guard(mutex)`: takes it until the function or callback that says so ends, in whatever way.',
        (l, _a, host: Host) => nothing(guardLock(host.interpreter, l, 'write')),
    )
    .method(
        'try_guard',
        [],
        { result: BOOL },
        '`mutex_trylock()`, until the function or callback ends: whether nobody has it. Where somebody does it does not wait.',
        (l, _a, host: Host) => tryGuardLock(host.interpreter, l),
    )
    .method('down_write', [], {}, '`down_write()`: alone.', (l, _a, host: Host) =>
        nothing(takeLock(host.interpreter, l, 'write')),
    )
    .method('up_write', [], {}, '`up_write()`', (l, _a, host: Host) => nothing(giveUpLock(host.interpreter, l)))
    .method(
        'guard_read',
        [],
        {},
        '`guard(rwsem_read)`: together with other readers, until the function ends. A writer who waits comes before later readers.',
        (l, _a, host: Host) => nothing(guardLock(host.interpreter, l, 'read')),
    )
    .method('guard_write', [], {}, '`guard(rwsem_write)`: alone, until the function ends.', (l, _a, host: Host) =>
        nothing(guardLock(host.interpreter, l, 'write')),
    );

/** What kernel code does with the lock of an inode. */
export const inodeLocking: readonly NativeFunction[] = [
    fn('lock', [], {}, '`inode_lock()`: waits where somebody has it.', (host: Host, [inode]) =>
        nothing(takeLock(host.interpreter, expect(Inode, inode, 'an inode').lock, 'write')),
    ),
    fn('unlock', [], {}, '`inode_unlock()`.', (host: Host, [inode]) =>
        nothing(giveUpLock(host.interpreter, expect(Inode, inode, 'an inode').lock)),
    ),
];

/** System calls on files in memory that take the lock of the inode (mm/shmem.c, mm/memfd.c, fs/open.c). Reading does not. */
const UNDER_INODE_LOCK = new Set(['write', 'pwrite', 'truncate', 'fallocate', 'punch', 'add_seals']);

function inodeLock(host: NativeHost, [fd]: readonly Value[]): Lock | undefined {
    const file = typeof fd === 'number' ? host.process.fds.get(fd) : undefined;
    return file?.inode.isRegular === true ? file.inode.lock : undefined;
}

/** The same methods, with the locks that they take. */
export function withLocks(methods: readonly NativeFunction[]): NativeFunction[] {
    return methods.map((m) => (UNDER_INODE_LOCK.has(m.name) ? { ...m, takes: inodeLock } : m));
}

/** The same function; it takes so long that other processes get on meanwhile. */
export function takingLong(native: NativeFunction): NativeFunction {
    const { call } = native;
    return call === undefined
        ? native
        : {
              ...native,
              call: (host, args) => {
                  const result = call(host, args);
                  yieldToOthers(host.interpreter);
                  return result;
              },
          };
}

export const lockFunctions: readonly NativeFunction[] = [
    fn(
        'mutex',
        [param('name', STRING)],
        { result: objectOf('lock') },
        'A new mutex, for handlers and files that need one of their own: `rings = mutex("the ring lock")`.',
        (vm, [name]) => new Lock(vm.machine.journal, asString(name, 'the name')),
    ),
];
