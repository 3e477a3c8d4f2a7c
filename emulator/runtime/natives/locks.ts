/** The kernel's locks for `.lus` code. */
import { Inode } from '../../kernel/fs/inode';
import { Lock } from '../../kernel/lock';
import { BOOL, INT, listOf, objectOf, STRING, type Value } from '../../language/types';
import { asString } from '../../language/values';
import type { Host } from '../host/host';
import { giveUpLock, guardLock, takeLock, tryGuardLock } from '../locks';
import { fn, Members, nothing, param } from './define';
import type { NativeContext, NativeFunction } from './native';

export const lockObject = new Members(Lock, 'lock', 'A sleeping lock of the kernel: a mutex or a read-write semaphore.')
    .field('name', STRING, 'Its name in messages.', (lock) => lock.name)
    .field('held', BOOL, 'Whether it is held.', (lock) => lock.holders.length > 0)
    .field('holders', listOf(STRING), 'The names of the processes that hold it.', (lock, context) =>
        context.list(lock.holders.map((h) => h.task.name)),
    )
    .field('waiting', INT, 'The number of waiters.', (lock) => lock.queue.length)
    .method('lock', [], {}, '`mutex_lock()`: waits until the lock is free.', (lock, _args, host: Host) =>
        nothing(takeLock(host.interpreter, lock, 'write')),
    )
    .method('unlock', [], {}, '`mutex_unlock()`', (lock, _args, host: Host) =>
        nothing(giveUpLock(host.interpreter, lock)),
    )
    .method(
        'guard',
        [],
        {},
        '`guard(mutex)`: holds the lock until the calling function or callback ends.',
        (lock, _args, host: Host) => nothing(guardLock(host.interpreter, lock, 'write')),
    )
    .method(
        'try_guard',
        [],
        { result: BOOL },
        '`mutex_trylock()`: takes the lock until the calling function or callback ends, and returns true, if it is free; otherwise returns false without waiting.',
        (lock, _args, host: Host) => tryGuardLock(host.interpreter, lock),
    )
    .method('down_write', [], {}, '`down_write()`: alone.', (lock, _args, host: Host) =>
        nothing(takeLock(host.interpreter, lock, 'write')),
    )
    .method('up_write', [], {}, '`up_write()`', (lock, _args, host: Host) =>
        nothing(giveUpLock(host.interpreter, lock)),
    )
    .method(
        'guard_read',
        [],
        {},
        '`guard(rwsem_read)`: holds the lock for reading until the calling function ends. A waiting writer takes precedence over later readers.',
        (lock, _args, host: Host) => nothing(guardLock(host.interpreter, lock, 'read')),
    )
    .method(
        'guard_write',
        [],
        {},
        '`guard(rwsem_write)`: holds the lock for writing until the calling function ends.',
        (lock, _args, host: Host) => nothing(guardLock(host.interpreter, lock, 'write')),
    );

/** The lock of an inode, for kernel code. */
export const inodeLocking = new Members(Inode, 'inode', '')
    .method('lock', [], {}, '`inode_lock()`: waits until the lock is free.', (inode, _args, host: Host) =>
        nothing(takeLock(host.interpreter, inode.lock, 'write')),
    )
    .method('unlock', [], {}, '`inode_unlock()`.', (inode, _args, host: Host) =>
        nothing(giveUpLock(host.interpreter, inode.lock)),
    );

/**
 * The lock of a descriptor's inode. System calls that change a file in memory hold it (mm/shmem.c, mm/memfd.c,
 * fs/open.c); reads do not.
 */
export function inodeLock({ process }: NativeContext, [fd]: readonly Value[]): Lock | undefined {
    const file = typeof fd === 'number' ? process.fds.get(fd) : undefined;
    return file?.inode.isRegular === true ? file.inode.lock : undefined;
}

export const lockFunctions: readonly NativeFunction[] = [
    fn(
        'mutex',
        [param('name', STRING)],
        { result: objectOf('lock') },
        'Creates a mutex for a handler or a file: `rings = mutex("the ring lock")`.',
        ({ machine }, [name]) => new Lock(machine.journal, asString(name, 'the name')),
    ),
];
