/** The kernel's locks for `.lus` code. */
import { Lock } from '../../kernel/lock';
import { giveUpLock, guardLock, takeLock } from '../locks';
import { BOOL, INT, listOf, objectOf, STRING, type NativeFunction } from '../types';
import { asString } from '../values';
import { fn, Members, nothing, param } from './define';

export const lockObject = new Members(Lock, 'lock', 'A lock of the kernel that its holder may sleep with: a mutex, or a read-write semaphore.')
    .field('name', STRING, 'As it is spoken of.', (l) => l.name)
    .field('held', BOOL, 'Somebody has it.', (l) => l.holders.length > 0)
    .field('holders', listOf(STRING), 'The processes that have it.', (l, vm) => vm.list(l.holders.map((h) => h.task.name)))
    .field('waiting', INT, 'How many wait for it.', (l) => l.queue.length)
    .method('lock', [], {}, '`mutex_lock()`: waits where somebody has it.', (l, _a, vm) => nothing(takeLock(vm, l, 'write')))
    .method('unlock', [], {}, '`mutex_unlock()`', (l, _a, vm) => nothing(giveUpLock(vm, l)))
    .method('guard', [], {}, '`guard(mutex)`: takes it until the function or callback that says so ends, in whatever way.', (l, _a, vm) => nothing(guardLock(vm, l, 'write')))
    .method('down_write', [], {}, '`down_write()`: alone.', (l, _a, vm) => nothing(takeLock(vm, l, 'write')))
    .method('up_write', [], {}, '`up_write()`', (l, _a, vm) => nothing(giveUpLock(vm, l)))
    .method('guard_read', [], {}, '`guard(rwsem_read)`: together with other readers, until the function ends. A writer who waits comes before later readers.', (l, _a, vm) => nothing(guardLock(vm, l, 'read')))
    .method('guard_write', [], {}, '`guard(rwsem_write)`: alone, until the function ends.', (l, _a, vm) => nothing(guardLock(vm, l, 'write')));

export const lockFunctions: readonly NativeFunction[] = [
    fn('mutex', [param('name', STRING)], { result: objectOf('lock') }, 'A new mutex, for handlers and files that need one of their own: `rings = mutex("the ring lock")`.',
        (vm, [name]) => new Lock(vm.machine.journal, asString(name, 'the name'))),
];
