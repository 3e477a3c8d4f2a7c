/** The kernel's locks with their holders and waiters. */
import { processOf } from '../../emulator/runtime/host/scenario-process';
import type { Lock } from '../kernel/lock';
import type { Host } from '../runtime/host/host';
import type { Thread } from '../runtime/code';
import { stateOf, waitsFor } from '../runtime/waiting';
import { group, leaf, type Item } from './item';

/** `vmm (101)`, and the lock that it waits for. */
export function threadName(host: Host, thread: Thread): string {
    const process = processOf(thread);
    const name = process ? `${thread.name} (${process.process.pid})` : thread.name;
    const waiting = waitsFor(host.interpreter.threads, thread);
    return `${name}${waiting === undefined ? '' : `: ${waiting}`}${process?.killed === true ? ', SIGKILL pending' : ''}`;
}

/** The state of a process in a `concurrently`. */
export function stateItems(host: Host, thread: Thread): Item[] {
    if (!host.interpreter.scheduler.active) {
        return [];
    }
    const waiting = waitsFor(host.interpreter.threads, thread);
    return [
        leaf('state', waiting === undefined ? stateOf(thread) : `D, ${waiting}`),
        ...(thread.locks.length > 0 ? [leaf('holds', thread.locks.map((l) => l.name).join(', '))] : []),
    ];
}

/** The held locks, each once. Empty if there are none, or outside a `concurrently`. */
export function lockItems(host: Host): Item[] {
    const held = !host.interpreter.scheduler.active
        ? []
        : [...new Set(host.interpreter.threads.flatMap((t) => t.locks))];
    return held.length > 0 ? [group('locks', `${held.length} held`, () => held.map((lock) => lockItem(lock)))] : [];
}

function lockItem(lock: Lock): Item {
    return group(lock.name, lock.display().slice(lock.name.length + 2), () => [
        ...lock.holders.map(({ task, mode }) => leaf(task.name, mode === 'read' ? 'holds it for reading' : 'holds it')),
        ...lock.queue.map(({ task, mode }, i) =>
            leaf(
                task.name,
                `waits${lock.queue.length > 1 ? `, number ${i + 1}` : ''}${mode === 'read' ? ', for reading' : ''}`,
            ),
        ),
    ]);
}
